//! Win rate over closed round trips, net of fees.
//!
//! Invariant: wins / (wins + losses); a trade that ends at exactly zero counts as neither.
//! Absent on purpose: open trades.

use crate::domain::{Digest, StateHash, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WinRate {
    wins: u64,
    losses: u64,
    even: u64,
}

impl WinRate {
    pub fn record(&mut self, pnl: Value) {
        match pnl.0.signum() {
            1 => self.wins += 1,
            -1 => self.losses += 1,
            _ => self.even += 1,
        }
    }

    /// `None` before the first trade that won or lost.
    pub fn rate(&self) -> Option<f64> {
        let decided = self.wins + self.losses;
        (decided > 0).then(|| self.wins as f64 / decided as f64)
    }

    pub fn trades(&self) -> u64 {
        self.wins + self.losses + self.even
    }

    pub fn wins(&self) -> u64 {
        self.wins
    }

    pub fn losses(&self) -> u64 {
        self.losses
    }
}

impl StateHash for WinRate {
    fn state_hash(&self, digest: &mut Digest) {
        for count in [self.wins, self.losses, self.even] {
            digest.u64(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_at_zero_counts_as_a_trade_but_not_in_the_rate() {
        let mut rate = WinRate::default();
        assert_eq!(rate.rate(), None);
        for pnl in [5, -1, 0, 7] {
            rate.record(Value(pnl));
        }
        assert_eq!(rate.trades(), 4);
        assert_eq!(rate.rate(), Some(2.0 / 3.0));
    }
}
