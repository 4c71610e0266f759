//! `VolatilityForecast`: how wild prices will be, from how wild they were lately.
//!
//! Two exponentially weighted variances of log returns per minute, a slow and a fast one; the larger counts, so that risk
//! falls fast and rises slowly.
//! Invariant: a forecast after a price depends on prices up to it; 0 for a price that never moved.
//! Absent on purpose: what size follows from it (`baselines::volatility_target`, `engine::risk::volatility_target`).
//! Source: RiskMetrics 1996.

use crate::domain::{Digest, Span, StateHash, Time};

const MINUTES_A_YEAR: f64 = 525_600.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolatilityForecast {
    /// Half-lives in minutes.
    slow_half_life: f64,
    fast_half_life: f64,
    first: Option<Time>,
    last: Option<(Time, f64)>,
    /// Variance a minute.
    slow: f64,
    fast: f64,
}

impl VolatilityForecast {
    pub fn new(slow: Span, fast: Span) -> VolatilityForecast {
        VolatilityForecast {
            slow_half_life: minutes(slow),
            fast_half_life: minutes(fast),
            first: None,
            last: None,
            slow: 0.0,
            fast: 0.0,
        }
    }

    /// A positive price; prices may be any time apart.
    pub fn observe(&mut self, time: Time, price: f64) {
        let first = *self.first.get_or_insert(time);
        if let Some((before, last)) = self.last {
            let elapsed = minutes(time.since(before));
            if elapsed > 0.0 {
                let variance = (price / last).ln().powi(2) / elapsed;
                // Until its memory is full, a forecast is the plain mean of what was seen.
                let seen = minutes(time.since(first));
                let mixed = |old: f64, half_life: f64| {
                    let share = (1.0 - 0.5_f64.powf(elapsed / half_life)).max(elapsed / seen);
                    old + share * (variance - old)
                };
                (self.slow, self.fast) = (mixed(self.slow, self.slow_half_life), mixed(self.fast, self.fast_half_life));
            }
        }
        self.last = Some((time, price));
    }

    /// Standard deviation of log returns a year; `None` before one fast half-life has passed.
    pub fn annual(&self) -> Option<f64> {
        let (first, (last, _)) = (self.first?, self.last?);
        let is_known = minutes(last.since(first)) >= self.fast_half_life;
        is_known.then(|| (self.slow.max(self.fast) * MINUTES_A_YEAR).sqrt())
    }

    /// Standard deviation of log returns over this span.
    pub fn over(&self, span: Span) -> Option<f64> {
        self.annual().map(|annual| annual * (minutes(span).max(0.0) / MINUTES_A_YEAR).sqrt())
    }
}

fn minutes(span: Span) -> f64 {
    span.0 as f64 / Span::MINUTE.0 as f64
}

impl StateHash for VolatilityForecast {
    fn state_hash(&self, digest: &mut Digest) {
        for part in [self.slow_half_life, self.fast_half_life, self.slow, self.fast] {
            digest.f64(part);
        }
        digest.option(self.first.as_ref());
        digest.bool(self.last.is_some());
        if let Some((time, price)) = self.last {
            digest.add(&time);
            digest.f64(price);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A price that moves by `step` up and down, a minute each.
    fn zigzag(forecast: &mut VolatilityForecast, from: i64, count: i64, step: f64) {
        for minute in from..from + count {
            let price = if minute % 2 == 0 { 100.0 } else { 100.0 * step.exp() };
            forecast.observe(Time(minute * Span::MINUTE.0), price);
        }
    }

    #[test]
    fn a_spike_raises_the_forecast_within_the_hour_and_calm_lowers_it_over_days() {
        let mut forecast = VolatilityForecast::new(Span::DAY, Span(60 * Span::MINUTE.0));
        zigzag(&mut forecast, 0, 60, 0.001);
        assert_eq!(forecast.annual(), None, "59 minutes are not an hour");
        zigzag(&mut forecast, 60, 3_000, 0.001);
        let calm = forecast.annual().expect("known");
        assert!((calm - 0.001 * MINUTES_A_YEAR.sqrt()).abs() < 1e-9, "{calm}");
        zigzag(&mut forecast, 3_060, 60, 0.004);
        let wild = forecast.annual().expect("known");
        assert!(wild > 2.5 * calm, "{wild} {calm}");
        zigzag(&mut forecast, 3_120, 240, 0.001);
        let after = forecast.annual().expect("known");
        assert!(after > 1.15 * calm && after < wild, "the slow one remembers: {after} {calm}");
        let hour = forecast.over(Span(60 * Span::MINUTE.0)).expect("known");
        assert!((hour * 8_760_f64.sqrt() - after).abs() < 1e-12);
    }
}
