//! Change over time: momentum, rate of change, RSI, CMO.
//!
//! Invariant: RSI lies in 0..100 and CMO in -100..100; both are 0 while the price has never moved.
//! Absent on purpose: momentum of averages (`macd`, `averages::Trix`).

use super::running::{Delay, checked};
use super::smoothing::Seeded;

/// Newest value less the one `length` bars before; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Mom(Delay);

impl Mom {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Mom(Delay::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|past| x - past)
    }
}

/// Change against the value `length` bars before, in percent; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc(Delay);

impl Roc {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Roc(Delay::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let past = self.0.update(x)?;
        Some(if past == 0.0 { 0.0 } else { (x / past - 1.0) * 100.0 })
    }
}

/// Wilder's averages of rises and falls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Swings {
    pub(super) last: Option<f64>,
    pub(super) rises: Seeded,
    pub(super) falls: Seeded,
}

impl Swings {
    fn new(length: usize) -> Self {
        let length = checked(length, 2);
        Swings { last: None, rises: Seeded::wilder(length), falls: Seeded::wilder(length) }
    }

    /// (average rise, average fall, both positive); first on bar length + 1.
    #[inline]
    pub(super) fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        let change = x - self.last.replace(x)?;
        let (rise, fall) = split(change);
        let (rise, fall) = (self.rises.update(rise), self.falls.update(fall));
        Some((rise?, fall?))
    }
}

/// (rise, fall) of a change; one of them is zero.
#[inline]
pub(super) fn split(change: f64) -> (f64, f64) {
    if change > 0.0 { (change, 0.0) } else { (0.0, -change) }
}

/// 0 to 100 from average rise and fall.
#[inline]
pub(super) fn strength(rise: f64, fall: f64) -> f64 {
    let both = rise + fall;
    // No quotient of zero by zero: 0 / 1 instead.
    100.0 * (rise / if both == 0.0 { 1.0 } else { both })
}

/// Relative strength index (Wilder 1978), seeded with simple means; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Rsi(pub(super) Swings);

impl Rsi {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Rsi(Swings::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.0.update(x).map(|(rise, fall)| strength(rise, fall))
    }
}

/// Chande momentum oscillator, smoothed after Wilder as TA-Lib does; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Cmo(Swings);

impl Cmo {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Cmo(Swings::new(length))
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let (rise, fall) = self.0.update(x)?;
        let both = rise + fall;
        Some(if both == 0.0 { 0.0 } else { 100.0 * ((rise - fall) / both) })
    }
}
