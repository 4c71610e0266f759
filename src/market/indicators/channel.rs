//! Highest and lowest of a window, and what is measured against them: Donchian lines, Aroon, Williams' %R.
//!
//! Invariant: the window includes the newest bar; a breakout rule compares with the value of the bar before.
//! Absent on purpose: smoothing (`stochastic`).

use super::running::{Highest, Lowest};
use crate::domain::Bar;

/// Highest of the newest `length` values.
#[derive(Debug, Clone, PartialEq)]
pub struct Max(Highest);

impl Max {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Max(Highest::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|(value, _)| value)
    }
}

/// Lowest of the newest `length` values.
#[derive(Debug, Clone, PartialEq)]
pub struct Min(Lowest);

impl Min {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Min(Lowest::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|(value, _)| value)
    }
}

/// How recent the extremes are, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AroonValue {
    pub down: f64,
    pub up: f64,
}

/// Aroon (Chande 1995): 100 when the extreme is the newest bar, 0 when it is `length` bars old; among equals the newest
/// counts. First on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Aroon {
    highest: Highest,
    lowest: Lowest,
    length: usize,
}

impl Aroon {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Aroon { highest: Highest::new(length + 1), lowest: Lowest::new(length + 1), length }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<AroonValue> {
        let (highest, lowest) = (self.highest.update(bar.high), self.lowest.update(bar.low));
        let share = |age: usize| 100.0 * (self.length - age) as f64 / self.length as f64;
        Some(AroonValue { down: share(lowest?.1), up: share(highest?.1) })
    }
}

/// Williams' %R, -100 (at the low) to 0 (at the high); 0 in a window without range.
#[derive(Debug, Clone, PartialEq)]
pub struct WillR {
    highest: Highest,
    lowest: Lowest,
}

impl WillR {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        WillR { highest: Highest::new(length), lowest: Lowest::new(length) }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let (highest, lowest) = (self.highest.update(bar.high), self.lowest.update(bar.low));
        let ((highest, _), (lowest, _)) = (highest?, lowest?);
        let range = highest - lowest;
        Some(if range == 0.0 { 0.0 } else { -100.0 * (highest - bar.close) / range })
    }
}
