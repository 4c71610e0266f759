//! Drawdown: how far equity stands below its highest value so far.
//!
//! Invariant: the peak starts at the first equity; drawdowns are fractions from -1 to 0.
//! Absent on purpose: durations.

use crate::domain::{Digest, StateHash, Value};

/// Between two peaks a lower equity is a deeper fall, so the lowest stands for all: nothing is divided until it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawdown {
    peak: Value,
    equity: Value,
    /// Since the peak.
    lowest: Value,
    /// Before the peak.
    worst: f64,
}

impl Drawdown {
    pub fn new(start: Value) -> Self {
        Drawdown { peak: start, equity: start, lowest: start, worst: 0.0 }
    }

    #[inline]
    pub fn sample(&mut self, equity: Value) {
        self.equity = equity;
        if equity >= self.peak {
            self.worst = self.worst();
            self.peak = equity;
            self.lowest = equity;
        } else {
            self.lowest = self.lowest.min(equity);
        }
    }

    pub fn peak(&self) -> Value {
        self.peak
    }

    pub fn current(&self) -> f64 {
        self.fall_to(self.equity)
    }

    /// Maximum drawdown (MDD), 0 or negative.
    pub fn worst(&self) -> f64 {
        self.worst.min(self.fall_to(self.lowest))
    }

    /// Without capital nothing falls.
    fn fall_to(&self, equity: Value) -> f64 {
        if equity >= self.peak || self.peak <= Value::ZERO {
            return 0.0;
        }
        Value(equity.0.saturating_sub(self.peak.0)).units() / self.peak.units()
    }
}

impl StateHash for Drawdown {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.peak);
        digest.f64(self.current());
        digest.f64(self.worst());
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
