//! Differences of a fast and a slow exponential average: MACD, PPO.
//!
//! Invariant: MACD's averages are first known on the bar that completes the slow one; the fast one is seeded there with
//! the mean of the newest `fast` closes, as TA-Lib does, not with the first ones.
//! Absent on purpose: other kinds of averages.

use super::averages::Ema;
use super::running::checked;
use super::smoothing::{Seed, Smoother};

/// Fast and slow average, seeded together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) smoothers: Option<[Smoother; 2]>,
    seen: usize,
    fast: usize,
    slow: usize,
    seeds: [Seed; 2],
}

impl Pair {
    /// Lengths from 1; the longer one is the slow one, whatever their order.
    fn new(a: usize, b: usize) -> Self {
        let (fast, slow) = (checked(a.min(b), 1), a.max(b));
        Pair { smoothers: None, seen: 0, fast, slow, seeds: [Seed::new(fast), Seed::new(slow)] }
    }

    /// (fast, slow), from bar `slow` on.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        if let Some([fast, slow]) = &mut self.smoothers {
            return Some((fast.update(x), slow.update(x)));
        }
        self.seen += 1;
        let [fast_seed, slow_seed] = &mut self.seeds;
        let fast = if self.seen > self.slow - self.fast { fast_seed.update(x) } else { None };
        let slow = slow_seed.update(x);
        let (fast, slow) = (fast?, slow?);
        self.smoothers = Some([Smoother::exponential(self.fast, fast), Smoother::exponential(self.slow, slow)]);
        Some((fast, slow))
    }
}

/// One bar of MACD.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacdValue {
    pub macd: f64,
    pub signal: f64,
    /// `macd - signal`.
    pub histogram: f64,
}

/// Moving average convergence and divergence (Appel); first on bar slow + signal - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Macd {
    pub(super) pair: Pair,
    pub(super) signal: Ema,
}

impl Macd {
    /// Lengths from 1; the longer of `fast` and `slow` is the slow one.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Self {
        Macd { pair: Pair::new(fast, slow), signal: Ema::new(signal) }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<MacdValue> {
        let (fast, slow) = self.pair.update(x)?;
        let macd = fast - slow;
        let signal = self.signal.update(macd)?;
        Some(MacdValue { macd, signal, histogram: macd - signal })
    }
}

/// The difference of a fast and a slow average in percent of the slow one (TA-Lib's PPO with exponential averages, each
/// seeded with its own first closes); first on the bar that completes the longer one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ppo {
    fast: Ema,
    slow: Ema,
}

impl Ppo {
    /// Lengths from 1; the longer one is the slow one.
    pub fn new(fast: usize, slow: usize) -> Self {
        Ppo { fast: Ema::new(fast.min(slow)), slow: Ema::new(fast.max(slow)) }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let (fast, slow) = (self.fast.update(x), self.slow.update(x));
        let (fast, slow) = (fast?, slow?);
        Some(if slow == 0.0 { 0.0 } else { (fast - slow) / slow * 100.0 })
    }
}
