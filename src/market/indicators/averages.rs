//! Moving averages: simple, exponential, weighted, double and triple exponential, adaptive.
//!
//! Invariant: an average lies on the scale of its input and starts where TA-Lib's does (stated with each).
//! Absent on purpose: exact sums for decisions (`closes`).

use super::running::{Delay, FlowSum, RampSum, WindowSum, checked};
use super::smoothing::Seeded;

/// Simple moving average; first on bar `length` (counted from 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Sma(WindowSum);

impl Sma {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Sma(WindowSum::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let sum = self.0.update(x)?;
        Some(sum / self.0.length() as f64)
    }
}

/// Exponential moving average, k = 2 / (length + 1), seeded with the mean of the first `length` values.
#[derive(Debug, Clone, PartialEq)]
pub struct Ema(pub(super) Seeded);

impl Ema {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Ema(Seeded::exponential(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x)
    }
}

/// Weighted moving average: the newest value weighs `length`, the oldest 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Wma {
    sum: RampSum,
    weights: f64,
}

impl Wma {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Wma { sum: RampSum::new(length), weights: (length as f64) * (length as f64 + 1.0) / 2.0 }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.sum.update(x).map(|(ramp, _)| ramp / self.weights)
    }
}

/// Double exponential average 2 e1 - e2 (Mulloy 1994); first on bar 2 length - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Dema([Ema; 2]);

impl Dema {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Dema([Ema::new(length), Ema::new(length)])
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let [first, second] = &mut self.0;
        let e1 = first.update(x)?;
        let e2 = second.update(e1)?;
        Some(2.0 * e1 - e2)
    }
}

/// Triple exponential average 3 e1 - 3 e2 + e3 (Mulloy 1994); first on bar 3 length - 2.
#[derive(Debug, Clone, PartialEq)]
pub struct Tema([Ema; 3]);

impl Tema {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Tema([Ema::new(length), Ema::new(length), Ema::new(length)])
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let [first, second, third] = &mut self.0;
        let e1 = first.update(x)?;
        let e2 = second.update(e1)?;
        let e3 = third.update(e2)?;
        Some(3.0 * e1 - 3.0 * e2 + e3)
    }
}

/// Change of the triple-smoothed average in percent (Hutson 1983); first on bar 3 length - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Trix {
    averages: [Ema; 3],
    last: Option<f64>,
}

impl Trix {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Trix { averages: [Ema::new(length), Ema::new(length), Ema::new(length)], last: None }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let [first, second, third] = &mut self.averages;
        let e1 = first.update(x)?;
        let e2 = second.update(e1)?;
        let e3 = third.update(e2)?;
        let before = self.last.replace(e3)?;
        Some(if before == 0.0 { 0.0 } else { (e3 / before - 1.0) * 100.0 })
    }
}

/// Kaufman's adaptive average (1995): fast 2, slow 30 bars, seeded with the close before its first value; first on bar
/// length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Kama {
    past: Delay,
    path: FlowSum,
    last: Option<f64>,
    average: Option<f64>,
}

impl Kama {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        let length = checked(length, 2);
        Kama { past: Delay::new(length), path: FlowSum::new(length), last: None, average: None }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        const FAST: f64 = 2.0 / 3.0;
        const SLOW: f64 = 2.0 / 31.0;
        let past = self.past.update(x);
        let last = self.last.replace(x)?;
        let path = self.path.update((x - last).abs())?;
        let way = (x - past?).abs();
        let efficiency = if path <= way { 1.0 } else { way / path };
        let share = efficiency * (FAST - SLOW) + SLOW;
        let before = self.average.unwrap_or(last);
        let average = (x - before) * (share * share) + before;
        self.average = Some(average);
        Some(average)
    }
}
