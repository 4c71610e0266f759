//! Drawdown: how far equity stands below its highest value so far.
//!
//! Invariant: the peak starts at the first equity; drawdowns are fractions from -1 to 0.
//! Absent on purpose: durations.

use crate::domain::{Digest, StateHash, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Drawdown {
    peak: Value,
    /// `peak` as a float in the same units: the conversion of 128 bits is dear, and peaks are rare.
    whole: f64,
    current: f64,
    worst: f64,
}

impl Drawdown {
    pub fn new(start: Value) -> Self {
        Drawdown { peak: start, whole: start.units(), current: 0.0, worst: 0.0 }
    }

    #[inline]
    pub fn sample(&mut self, equity: Value) {
        if equity >= self.peak {
            self.peak = equity;
            self.whole = equity.units();
            self.current = 0.0;
        } else if self.peak > Value::ZERO {
            self.current = Value(equity.0.saturating_sub(self.peak.0)).units() / self.whole;
            self.worst = self.worst.min(self.current);
        }
    }

    pub fn peak(&self) -> Value {
        self.peak
    }

    pub fn current(&self) -> f64 {
        self.current
    }

    /// Maximum drawdown (MDD), 0 or negative.
    pub fn worst(&self) -> f64 {
        self.worst
    }
}

impl StateHash for Drawdown {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.peak);
        digest.f64(self.current);
        digest.f64(self.worst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_fall_from_any_peak_is_kept() {
        let mut drawdown = Drawdown::new(Value(100));
        for equity in [90, 120, 60, 130, 117] {
            drawdown.sample(Value(equity));
        }
        assert_eq!(drawdown.worst(), -0.5);
        assert_eq!(drawdown.current(), -0.1);
        assert_eq!(drawdown.peak(), Value(130));
    }
}
