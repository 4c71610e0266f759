//! Oscillators of the bar's own shape and place: BOP, CCI, ultimate oscillator.
//!
//! Invariant: BOP lies in -1..1 and ULTOSC in 0..100 for valid bars; a bar or window without range gives 0.
//! Absent on purpose: volume (`volume`).

use super::range::true_range;
use super::running::{Delay, FlowSum, ROUNDING, WindowSum, checked};
use crate::domain::Bar;

/// Balance of power: body over range.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bop;

impl Bop {
    pub fn new() -> Self {
        Bop
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let range = bar.high - bar.low;
        Some(if range <= 0.0 { 0.0 } else { (bar.close - bar.open) / range })
    }
}

/// Commodity channel index (Lambert 1980): distance of the typical price from its average in 0.015 mean deviations.
///
/// The mean deviation is taken about the newest average, so each update walks the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Cci {
    typical: Delay,
    sum: WindowSum,
}

impl Cci {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        let length = checked(length, 2);
        Cci { typical: Delay::new(length), sum: WindowSum::new(length) }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let typical = (bar.high + bar.low + bar.close) / 3.0;
        self.typical.update(typical);
        let mean = self.sum.update(typical)? / self.sum.length() as f64;
        let window = self.typical.values();
        let deviation = window.iter().map(|x| (x - mean).abs()).sum::<f64>() / window.len() as f64;
        Some(if deviation <= mean * ROUNDING { 0.0 } else { (typical - mean) / (0.015 * deviation) })
    }
}

/// Ultimate oscillator (Williams 1976): buying pressure over true range in three windows, weighed 4, 2, 1 from the
/// shortest to the longest; first on bar longest + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct UltOsc {
    last_close: Option<f64>,
    /// (buying pressure, true range), shortest first.
    windows: [(FlowSum, FlowSum); 3],
}

impl UltOsc {
    /// Lengths from 1, in any order.
    pub fn new(a: usize, b: usize, c: usize) -> Self {
        let mut lengths = [a, b, c];
        lengths.sort_unstable();
        UltOsc { last_close: None, windows: lengths.map(|length| (FlowSum::new(length), FlowSum::new(length))) }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.last_close.replace(bar.close)?;
        let pressure = bar.close - bar.low.min(before);
        let range = true_range(bar.high, bar.low, before);
        let shares = self.windows.each_mut().map(|(pressures, ranges)| {
            let (pressures, ranges) = (pressures.update(pressure), ranges.update(range));
            Some(share(pressures?, ranges?))
        });
        let [short, middle, long] = shares;
        Some(100.0 * (4.0 * short? + 2.0 * middle? + long?) / 7.0)
    }
}

fn share(pressure: f64, range: f64) -> f64 {
    if range == 0.0 { 0.0 } else { pressure / range }
}
