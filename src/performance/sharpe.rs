//! Sharpe ratio of daily returns, annualised with sqrt(365); the day ends at 00:00 UTC.
//!
//! Invariant: mean and variance (n-1) by Welford's update; hidden below 30 whole days.
//! Absent on purpose: a risk-free rate (crypto convention: zero).
//! Source: Sharpe 1994; Welford 1962.

use crate::domain::{Digest, StateHash, Time, Value};

/// Fewest daily returns for which the ratio is shown.
pub const MINIMUM_DAYS: u64 = 30;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct DailySharpe {
    day: Option<i64>,
    /// Equity at the last sample before the current day.
    day_open: Value,
    last: Value,
    days: u64,
    mean: f64,
    squares: f64,
}

impl DailySharpe {
    pub fn new(start: Value) -> Self {
        DailySharpe { day_open: start, last: start, ..DailySharpe::default() }
    }

    /// A sample of equity at `time`. A time of an earlier day (a report that came late) counts to the running day.
    #[inline]
    pub fn sample(&mut self, time: Time, equity: Value) {
        let day = time.day();
        if self.day.is_none_or(|running| running < day) {
            if self.day.is_some() {
                self.close_day();
            }
            self.day = Some(day);
        }
        self.last = equity;
    }

    /// `None` under 30 daily returns or without variance. The running day counts as its last sample stands.
    pub fn ratio(&self) -> Option<f64> {
        let mut whole = self.clone();
        if whole.day.is_some() {
            whole.close_day();
        }
        if whole.days < MINIMUM_DAYS {
            return None;
        }
        let deviation = (whole.squares / (whole.days - 1) as f64).sqrt();
        (deviation > 0.0).then(|| whole.mean / deviation * 365f64.sqrt())
    }

    /// Number of the running day; `None` before the first sample.
    pub fn day(&self) -> Option<i64> {
        self.day
    }

    /// Profit or loss since the day began.
    pub fn day_pnl(&self) -> Value {
        Value(self.last.0.saturating_sub(self.day_open.0))
    }

    fn close_day(&mut self) {
        if self.day_open > Value::ZERO {
            let daily = self.last.0.saturating_sub(self.day_open.0) as f64 / self.day_open.0 as f64;
            self.days += 1;
            let delta = daily - self.mean;
            self.mean += delta / self.days as f64;
            self.squares += delta * (daily - self.mean);
        }
        self.day_open = self.last;
    }
}

impl StateHash for DailySharpe {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.day.unwrap_or(i64::MIN));
        digest.add(&self.day_open);
        digest.add(&self.last);
        digest.u64(self.days);
        digest.f64(self.mean);
        digest.f64(self.squares);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    #[test]
    fn thirty_alternating_days_give_the_textbook_ratio_and_fewer_give_none() {
        let mut sharpe = DailySharpe::new(Value(1_000_000));
        let mut equity = 1_000_000_i128;
        let mut returns = Vec::new();
        for day in 0..30 {
            let step = if day % 2 == 0 { 20_000 } else { -10_000 };
            returns.push(step as f64 / equity as f64);
            equity += step;
            if day == 29 {
                assert_eq!(sharpe.ratio(), None, "29 days are too few");
            }
            sharpe.sample(Time(0).plus(Span(day * Span::DAY.0 + 5)), Value(equity));
        }
        let mean = returns.iter().sum::<f64>() / 30.0;
        let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 29.0;
        let expected = mean / variance.sqrt() * 365f64.sqrt();
        let got = sharpe.ratio().expect("30 days are enough");
        assert!((got - expected).abs() < 1e-9, "{got} {expected}");
    }
}
