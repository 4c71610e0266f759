//! `RollingSum`: the exact sum of the newest closes, for strategies whose decisions must not hang on rounding.
//!
//! Invariant: a running value equals the one computed from scratch, to the last digit: sums are integers.
//! Absent on purpose: averages in f64 (`averages`), which are faster to read and differ in the last digits.

use crate::domain::{Digest, Price, StateHash};
use crate::market::bars::BarWindow;

/// Rolling sum of the last `length` closes, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingSum {
    length: usize,
    seen: usize,
    sum: i128,
}

impl RollingSum {
    /// `length` from 1 to the window's capacity less one.
    pub fn new(length: usize) -> Self {
        RollingSum { length, seen: 0, sum: 0 }
    }

    /// Takes the newest close of the window; call once after each `BarWindow::push`.
    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        let newest = window.close_back(0).map_or(0, Price::raw);
        let oldest = if self.seen == self.length { window.close_back(self.length).map_or(0, Price::raw) } else { 0 };
        self.seen += usize::from(self.seen < self.length);
        // Closes are positive, so their difference fits.
        self.sum += i128::from(newest - oldest);
    }

    /// The sum once `length` closes were seen.
    #[inline]
    pub fn value(&self) -> Option<i128> {
        (self.seen == self.length).then_some(self.sum)
    }

    /// Closes seen so far, at most `length`.
    pub fn seen(&self) -> usize {
        self.seen
    }

    pub fn length(&self) -> usize {
        self.length
    }

    /// The mean as a price for display.
    pub fn mean(&self) -> Option<f64> {
        self.value().map(|sum| sum as f64 / self.length as f64 / 1e8)
    }
}

impl StateHash for RollingSum {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.length as u64);
        digest.u64(self.seen as u64);
        digest.i128(self.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Bar, Time};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_rolling_sum_equals_the_sum_from_scratch(closes in prop::collection::vec(1i64..i64::MAX / 2, 1..1200), length in 1usize..511) {
            let mut window = BarWindow::default();
            let mut rolling = RollingSum::new(length);
            for (at, close) in closes.iter().enumerate() {
                let bar = Bar { open_time: Time(at as i64), open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: 0.0 };
                window.push(bar, Price::from_raw(*close));
                rolling.update(&window);
                let scratch = (at + 1 >= length).then(|| closes[at + 1 - length..=at].iter().map(|c| i128::from(*c)).sum::<i128>());
                prop_assert_eq!(rolling.value(), scratch);
            }
        }
    }
}
