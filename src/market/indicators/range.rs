//! True range and its averages.
//!
//! Invariant: never negative; the first bar has no true range, because no close stands before it.
//! Absent on purpose: estimators of volatility (`market::volatility`).

use super::smoothing::Seeded;
use crate::domain::Bar;

/// The larger of the bar's range and its distance from the close before (Wilder 1978).
#[inline]
pub(super) fn true_range(high: f64, low: f64, close_before: f64) -> f64 {
    let top = if close_before > high { close_before } else { high };
    let bottom = if close_before < low { close_before } else { low };
    top - bottom
}

/// True range; first on bar 2.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrueRange(Option<f64>);

impl TrueRange {
    pub fn new() -> Self {
        TrueRange(None)
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.0.replace(bar.close)?;
        Some(true_range(bar.high, bar.low, before))
    }
}

/// Average true range after Wilder, seeded with the mean of the first `length` true ranges; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Atr {
    range: TrueRange,
    pub(super) average: Seeded,
}

impl Atr {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Atr { range: TrueRange::new(), average: Seeded::wilder(length) }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let range = self.range.update(bar)?;
        self.average.update(range)
    }
}

/// Average true range in percent of the close.
#[derive(Debug, Clone, PartialEq)]
pub struct Natr(Atr);

impl Natr {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Natr(Atr::new(length))
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let atr = self.0.update(bar)?;
        Some(if bar.close == 0.0 { 0.0 } else { atr / bar.close * 100.0 })
    }
}
