//! `BarWindow`: the newest closed bars of one symbol, with their closes as exact prices.
//!
//! Invariant: at most `CAPACITY` bars, oldest overwritten first; `back(0)` is the newest.
//! Absent on purpose: a forming bar.

use crate::domain::{Bar, Digest, Price, StateHash};

/// Bars kept: the longest look-back of any strategy and the longest warm-up.
pub const CAPACITY: usize = 512;
// Places in the ring are found by masking.
const _: () = assert!(CAPACITY.is_power_of_two());

/// A ring of closed bars.
#[derive(Debug, Clone, Default)]
pub struct BarWindow {
    bars: Vec<Bar>,
    closes: Vec<Price>,
    next: usize,
}

impl BarWindow {
    /// Adds the newest bar. `close` is the bar's close on the fixed-point grid.
    #[inline]
    pub fn push(&mut self, bar: Bar, close: Price) {
        if self.bars.len() < CAPACITY {
            self.bars.push(bar);
            self.closes.push(close);
        } else {
            self.bars[self.next] = bar;
            self.closes[self.next] = close;
        }
        self.next = (self.next + 1) & (CAPACITY - 1);
    }

    pub fn len(&self) -> usize {
        self.bars.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bars.is_empty()
    }

    /// The bar `age` bars before the newest.
    #[inline]
    pub fn back(&self, age: usize) -> Option<&Bar> {
        self.place(age).map(|at| &self.bars[at])
    }

    /// The close `age` bars before the newest.
    #[inline]
    pub fn close_back(&self, age: usize) -> Option<Price> {
        self.place(age).map(|at| self.closes[at])
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&Bar, Price)> {
        (0..self.len()).rev().filter_map(|age| Some((self.back(age)?, self.close_back(age)?)))
    }

    #[inline]
    fn place(&self, age: usize) -> Option<usize> {
        (age < self.bars.len()).then(|| self.next.wrapping_sub(1 + age) & (CAPACITY - 1))
    }
}

impl StateHash for BarWindow {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.len() as u64);
        for (bar, close) in self.iter() {
            digest.add(bar);
            digest.add(&close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    fn bar(n: i64) -> Bar {
        let price = n as f64;
        Bar {
            open_time: Time::from_millis(n * 60_000),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 1.0,
        }
    }

    #[test]
    fn the_newest_bar_is_at_zero_and_the_oldest_is_dropped() {
        let mut window = BarWindow::default();
        for n in 1..=(CAPACITY as i64 + 3) {
            window.push(bar(n), Price::from_raw(n));
        }
        assert_eq!(window.len(), CAPACITY);
        assert_eq!(window.close_back(0), Some(Price::from_raw(CAPACITY as i64 + 3)));
        assert_eq!(window.close_back(CAPACITY - 1), Some(Price::from_raw(4)));
        assert_eq!(window.close_back(CAPACITY), None);
        assert_eq!(window.iter().next().map(|(_, close)| close), Some(Price::from_raw(4)));
    }
}
