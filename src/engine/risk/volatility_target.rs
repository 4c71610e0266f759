//! `SteadyRisk`: the share of full size under which risk stays about the same, whatever the market does.
//!
//! Invariant: the share lies between 0 and the cap, falls as soon as the fast forecast rises, and is moved only when the move
//! is larger than the band.
//! Absent on purpose: direction, and the forecast itself (`performance::VolatilityForecast`).
//! Source: Moreira and Muir 2017 (Journal of Finance 72).

use crate::domain::{Digest, StateHash, Time};
use crate::performance::VolatilityForecast;
use crate::performance::baselines::VolatilityTarget;

/// One symbol's share of full size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SteadyRisk {
    target: VolatilityTarget,
    forecast: VolatilityForecast,
    /// What is held to until the band is left.
    share: Option<f64>,
}

impl SteadyRisk {
    pub fn new(target: VolatilityTarget) -> SteadyRisk {
        SteadyRisk { target, forecast: VolatilityForecast::new(target.slow, target.fast), share: None }
    }

    /// Takes a close and gives the share from now on; `None` until the fast forecast stands.
    pub fn observe(&mut self, time: Time, close: f64) -> Option<f64> {
        self.forecast.observe(time, close);
        let wanted = self.target.scaler(self.forecast.annual()?).max(0.0);
        let share = match self.share {
            Some(held) if !self.target.is_worth_trading(held, wanted) => held,
            Some(_) | None => wanted,
        };
        self.share = Some(share);
        self.share
    }

    pub fn share(&self) -> Option<f64> {
        self.share
    }

    pub fn forecast(&self) -> &VolatilityForecast {
        &self.forecast
    }
}

impl StateHash for SteadyRisk {
    fn state_hash(&self, digest: &mut Digest) {
        for part in [self.target.annual, self.target.cap, self.target.band] {
            digest.f64(part);
        }
        digest.add(&self.forecast);
        digest.bool(self.share.is_some());
        digest.f64(self.share.unwrap_or(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;
    use proptest::prelude::*;

    fn shares(steps: &[f64]) -> Vec<Option<f64>> {
        let mut risk = SteadyRisk::new(VolatilityTarget::default());
        let mut price = 100.0;
        let mut observe = |(minute, step): (i64, &f64)| {
            price *= step.exp();
            risk.observe(Time(minute * Span::MINUTE.0), price)
        };
        (0..).zip(steps).map(&mut observe).collect()
    }

    fn zigzag(count: usize, step: f64) -> Vec<f64> {
        (0..count).map(|at| if at % 2 == 0 { step } else { -step }).collect()
    }

    #[test]
    fn risk_falls_within_minutes_and_rises_again_over_hours() {
        // 0.05 % a minute is 36 % a year: full size. Ten times that is 362 %.
        let steps = [zigzag(600, 0.000_5), zigzag(10, 0.005), zigzag(600, 0.000_5)].concat();
        let shares = shares(&steps);
        assert_eq!((shares[59], shares[60]), (None, Some(1.0)));
        assert_eq!(shares[599], Some(1.0));
        let low = shares[609].expect("known");
        assert!(low < 0.4, "ten wild minutes: {low}");
        let hour_later = shares[669].expect("known");
        assert!(low <= hour_later && hour_later < 0.6, "{hour_later}");
        assert!(shares[1_209].expect("known") > hour_later);
        let moves = shares.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(moves < 30, "the band holds still: {moves}");
    }

    proptest! {
        #[test]
        fn the_share_stays_within_its_bounds(steps in prop::collection::vec(-0.05f64..0.05, 61..300)) {
            prop_assert!(shares(&steps).into_iter().flatten().all(|share| (0.0..=1.0).contains(&share)));
        }
    }
}
