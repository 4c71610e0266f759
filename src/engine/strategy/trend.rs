//! Trend following: long from the fast average's crossing above the slow one until it crosses below.
//!
//! Invariant: the averages are exact sums, so a crossing never depends on rounding or on the length of the run.
//! Absent on purpose: an entry without a crossing; before the first one the target is flat.

use super::Reason;
use crate::domain::{Digest, StateHash};
use crate::engine::settings::TrendLengths;
use crate::market::BarWindow;
use crate::market::indicators::RollingSum;
use std::cmp::Ordering;

#[derive(Debug, Clone)]
pub struct Trend {
    fast: RollingSum,
    slow: RollingSum,
    /// Fast against slow at the previous bar.
    before: Option<Ordering>,
    long: bool,
}

impl Trend {
    pub fn new(lengths: TrendLengths) -> Trend {
        Trend {
            fast: RollingSum::new(usize::from(lengths.fast)),
            slow: RollingSum::new(usize::from(lengths.slow)),
            before: None,
            long: false,
        }
    }

    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        self.fast.update(window);
        self.slow.update(window);
        let (Some(fast), Some(slow)) = (self.fast.value(), self.slow.value()) else { return };
        // Means compared without division: fast/nf against slow/ns. Sums of 512 prices stay below 2^72 and the products
        // below 2^81, so the check for overflow, which is dear in 128 bits, is left out.
        let (fast_length, slow_length) = (self.fast.length() as i128, self.slow.length() as i128);
        let now = fast.wrapping_mul(slow_length).cmp(&slow.wrapping_mul(fast_length));
        match (self.before, now) {
            (Some(Ordering::Less | Ordering::Equal), Ordering::Greater) => self.long = true,
            (Some(Ordering::Greater | Ordering::Equal), Ordering::Less) => self.long = false,
            (None | Some(Ordering::Less | Ordering::Equal | Ordering::Greater), _) => {}
        }
        self.before = Some(now);
    }

    #[inline]
    pub fn target(&self) -> f64 {
        if self.long { 1.0 } else { 0.0 }
    }

    pub fn reason(&self) -> Reason {
        match (self.fast.mean(), self.slow.mean()) {
            (Some(fast), Some(slow)) => Reason::Averages { fast, slow },
            (_, _) => Reason::WarmingUp { seen: self.slow.seen() as u32, needed: self.slow.length() as u32 },
        }
    }
}

impl StateHash for Trend {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.fast);
        digest.add(&self.slow);
        digest.i64(self.before.map_or(2, |order| order as i64));
        digest.bool(self.long);
    }
}
