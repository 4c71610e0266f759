//! Holding at a steady risk: more while the market is calm, less while it is wild.
//!
//! Invariant: a size decided at one close takes effect at the next; the size lies between 0 and the cap.
//! Absent on purpose: any view on direction.
//! Source: RiskMetrics 1996 for the exponentially weighted variance; Moreira and Muir 2017 (Journal of Finance 72).

use serde::{Deserialize, Serialize};

use super::{Baseline, Close, Terms, walk};
use crate::domain::Span;
use crate::performance::VolatilityForecast;
use crate::performance::figure::Hidden;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VolatilityTarget {
    /// Yearly volatility that is held, as a fraction.
    pub annual: f64,
    /// The largest share of equity that is invested.
    pub cap: f64,
    /// A change of size below this share of the larger of the two sizes is not traded.
    pub band: f64,
    /// Half-lives of the two forecasts; the larger forecast counts, so risk falls fast and rises slowly.
    pub slow: Span,
    pub fast: Span,
}

impl Default for VolatilityTarget {
    fn default() -> Self {
        VolatilityTarget { annual: 0.40, cap: 1.0, band: 0.15, slow: Span::DAY, fast: Span(60 * Span::MINUTE.0) }
    }
}

impl VolatilityTarget {
    /// The share of equity that is invested under this forecast of yearly volatility: min(cap, target / forecast).
    pub fn scaler(&self, forecast: f64) -> f64 {
        if forecast > 0.0 { (self.annual / forecast).min(self.cap) } else { self.cap }
    }

    /// True when the change is worth its cost: it is larger than the band around the larger of the two sizes.
    pub fn is_worth_trading(&self, held: f64, wanted: f64) -> bool {
        (wanted - held).abs() > self.band * held.max(wanted)
    }
}

/// Invested from the first forecast on, which stands after one fast half-life.
pub fn run(closes: &[Close], terms: &Terms) -> Result<Baseline, Hidden> {
    let mut sizers: Vec<Sizer> = Vec::new();
    walk(closes, terms, |at, close, leg| {
        if sizers.len() <= at {
            sizers.resize(at + 1, Sizer::default());
        }
        let sizer = &mut sizers[at];
        if let Some(wanted) = sizer.decided {
            let equity = leg.equity();
            let (held, wanted_value) = (leg.quantity * leg.price, wanted * equity);
            if terms.target.is_worth_trading(held, wanted_value) {
                leg.spend(wanted_value - held, &terms.rates);
                leg.sell((held - wanted_value) / leg.price, &terms.rates);
            }
        }
        sizer.observe(close, &terms.target);
    })
}

/// The forecast of one symbol and the size that follows from it.
#[derive(Debug, Clone, Copy, Default)]
struct Sizer {
    forecast: Option<VolatilityForecast>,
    decided: Option<f64>,
}

impl Sizer {
    fn observe(&mut self, close: &Close, target: &VolatilityTarget) {
        let forecast = self.forecast.get_or_insert_with(|| VolatilityForecast::new(target.slow, target.fast));
        forecast.observe(close.time, close.price);
        self.decided = forecast.annual().map(|forecast| target.scaler(forecast));
    }
}

#[cfg(test)]
mod tests {
    use super::super::market::{minutes, random_walk, terms};
    use super::super::{hold, symbols};
    use super::*;
    use proptest::prelude::*;

    const MINUTES_A_YEAR: f64 = 525_600.0;
    const YEAR_STEP: f64 = 0.001;

    fn volatility(closes: &[Close], target: f64, rate: f64) -> Baseline {
        let mut terms = terms(rate);
        terms.target.annual = target;
        run(closes, &terms).expect("a market")
    }

    #[test]
    fn the_held_risk_is_the_target_whatever_the_market_does() {
        // 0.1 % a minute is 72.5 % a year, 0.05 % half of it.
        let closes = [random_walk(1, 20 * 1_440, YEAR_STEP), random_walk(2, 20 * 1_440, YEAR_STEP / 2.0)];
        for closes in closes {
            let baseline = volatility(&closes, 0.2, 0.0);
            let mut last = 1_000.0;
            let points: Vec<f64> = baseline.equity.curve.points().skip(60).map(|point| point.last).collect();
            let mut squares = 0.0;
            for equity in &points {
                squares += (equity / last - 1.0_f64).powi(2);
                last = *equity;
            }
            let minutes_a_point = 20.0 * 1_440.0 / baseline.equity.curve.points().len() as f64;
            let annual = (squares / points.len() as f64 / minutes_a_point * MINUTES_A_YEAR).sqrt();
            assert!((0.17..0.23).contains(&annual), "{annual}");
        }
    }

    #[test]
    fn a_calm_market_is_held_at_the_cap_like_buy_and_hold_after_the_first_hour() {
        let closes = random_walk(3, 3_000, 0.000_01);
        let baseline = volatility(&closes, 0.4, 0.001);
        let later = hold::buy_and_hold(&closes[61..], &terms(0.001)).expect("a market");
        assert!((baseline.equity.end - later.equity.end).abs() < 1e-6, "{} {}", baseline.equity.end, later.equity.end);
    }

    #[test]
    fn a_constant_price_is_held_at_the_cap_and_never_traded_again() {
        let baseline = volatility(&minutes(0, std::iter::repeat_n(5.0, 500)), 0.4, 0.0);
        assert_eq!((baseline.equity.end, baseline.turnover), (1_000.0, 2.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_size_never_depends_on_later_prices(seed in any::<u64>(), cut in 100usize..400) {
            let closes = random_walk(seed, 500, 0.01);
            prop_assert_eq!(symbols(&closes).len(), 1);
            let sizes = |closes: &[Close]| {
                let mut sizer = Sizer::default();
                let target = VolatilityTarget::default();
                closes.iter().map(|close| { sizer.observe(close, &target); sizer.decided }).collect::<Vec<_>>()
            };
            let (all, part) = (sizes(&closes), sizes(&closes[..cut]));
            prop_assert_eq!(&all[..cut], &part[..]);
            prop_assert!(all.iter().flatten().all(|size| (0.0..=1.0).contains(size)));
        }
    }
}
