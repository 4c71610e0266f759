//! Price and volume: accumulation/distribution, its oscillator, on-balance volume, money flow, anchored VWAP.
//!
//! Invariant: totals over all bars carry what additions lose, so a year of minutes costs no digits.
//! Absent on purpose: the profile of volume over prices (`market::volume_profile`), taker volumes.

use super::running::{FlowSum, ROUNDING, checked};
use super::smoothing::{Smoother, Total};
use crate::domain::Bar;

/// Accumulation/distribution line (Chaikin): volume times the place of the close in its bar, added up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ad(Total);

impl Ad {
    pub fn new() -> Self {
        Ad::default()
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let range = bar.high - bar.low;
        if range > 0.0 {
            return Some(self.0.add(((bar.close - bar.low) - (bar.high - bar.close)) / range * bar.volume));
        }
        Some(self.0.value())
    }
}

/// Chaikin oscillator: fast less slow exponential average of the line, both seeded with its first value; first on the
/// bar that completes the longer one.
#[derive(Debug, Clone, PartialEq)]
pub struct AdOsc {
    line: Ad,
    fast: usize,
    slow: usize,
    smoothers: Option<[Smoother; 2]>,
    seen: usize,
}

impl AdOsc {
    /// Lengths from 2.
    pub fn new(fast: usize, slow: usize) -> Self {
        AdOsc { line: Ad::new(), fast: checked(fast, 2), slow: checked(slow, 2), smoothers: None, seen: 0 }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let line = self.line.update(bar)?;
        let longest = self.fast.max(self.slow);
        self.seen = (self.seen + 1).min(longest);
        let difference = match &mut self.smoothers {
            Some([fast, slow]) => fast.update(line) - slow.update(line),
            None => {
                self.smoothers = Some([self.fast, self.slow].map(|length| Smoother::exponential(length, line)));
                0.0
            }
        };
        (self.seen == longest).then_some(difference)
    }
}

/// On-balance volume (Granville 1963), starting at the first bar's volume.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Obv {
    total: Total,
    last: Option<f64>,
}

impl Obv {
    pub fn new() -> Self {
        Obv::default()
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.last.replace(bar.close);
        let signed = match before {
            None => bar.volume,
            Some(before) if bar.close > before => bar.volume,
            Some(before) if bar.close < before => -bar.volume,
            Some(_) => 0.0,
        };
        Some(self.total.add(signed))
    }
}

/// Money flow index: share of the window's money (typical price times volume) that came with rises, in percent; first on
/// bar length + 1. As in TA-Lib, less than 1 of money in the window gives 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Mfi {
    last: Option<f64>,
    rises: FlowSum,
    falls: FlowSum,
}

impl Mfi {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        let length = checked(length, 2);
        Mfi { last: None, rises: FlowSum::new(length), falls: FlowSum::new(length) }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let typical = (bar.high + bar.low + bar.close) / 3.0;
        let before = self.last.replace(typical)?;
        let money = typical * bar.volume;
        // A third of a sum is rounded: the same typical price from other highs and lows may differ in its last bits.
        let (change, rounding) = (typical - before, before * ROUNDING);
        let rise = self.rises.update(if change > rounding { money } else { 0.0 });
        let fall = self.falls.update(if change < -rounding { money } else { 0.0 });
        let (rise, fall) = (rise?, fall?);
        let both = rise + fall;
        Some(if both < 1.0 { 0.0 } else { 100.0 * (rise / both) })
    }
}

/// Volume-weighted average of typical prices since the anchor; `None` until volume was traded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vwap {
    money: Total,
    volume: Total,
}

impl Vwap {
    /// Anchored at the next bar.
    pub fn new() -> Self {
        Vwap::default()
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let typical = (bar.high + bar.low + bar.close) / 3.0;
        let money = self.money.add(typical * bar.volume);
        let volume = self.volume.add(bar.volume);
        (volume > 0.0).then(|| money / volume)
    }

    /// Begins anew at the next bar, say at 00:00 UTC.
    pub fn anchor(&mut self) {
        *self = Vwap::default();
    }
}
