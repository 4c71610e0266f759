//! Stochastic oscillators (Lane): STOCH, STOCHF, STOCHRSI with simple averages.
//!
//! Invariant: values lie in 0..100; a window without range gives 0; %K is stated only once %D is known.
//! Absent on purpose: other averages; TradingView's defaults (its STOCHRSI takes 14 bars where TA-Lib takes 5).

use super::averages::Sma;
use super::momentum::Rsi;
use super::running::{Highest, Lowest, ROUNDING};
use crate::domain::Bar;

/// %K and its average %D.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochValue {
    pub k: f64,
    pub d: f64,
}

/// Place of the close between the lowest low and the highest high, in percent.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    highest: Highest,
    lowest: Lowest,
}

impl Place {
    fn new(length: usize) -> Self {
        Place { highest: Highest::new(length), lowest: Lowest::new(length) }
    }

    #[inline]
    fn update(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let (highest, lowest) = (self.highest.update(high), self.lowest.update(low));
        let ((highest, _), (lowest, _)) = (highest?, lowest?);
        let range = highest - lowest;
        // An RSI that stands still moves in its last bits.
        Some(if range <= highest * ROUNDING { 0.0 } else { 100.0 * ((close - lowest) / range) })
    }
}

/// Fast stochastic: %K over `k` bars, %D its average over `d`; first on bar k + d - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct StochF {
    place: Place,
    d: Sma,
}

impl StochF {
    /// Lengths from 1.
    pub fn new(k: usize, d: usize) -> Self {
        StochF { place: Place::new(k), d: Sma::new(d) }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<StochValue> {
        self.place_of(bar.high, bar.low, bar.close)
    }

    #[inline]
    fn place_of(&mut self, high: f64, low: f64, close: f64) -> Option<StochValue> {
        let k = self.place.update(high, low, close)?;
        self.d.update(k).map(|d| StochValue { k, d })
    }
}

/// Slow stochastic: %K averaged over `slow_k`, %D over `slow_d`; first on bar k + slow_k + slow_d - 2.
#[derive(Debug, Clone, PartialEq)]
pub struct Stoch {
    place: Place,
    k: Sma,
    d: Sma,
}

impl Stoch {
    /// Lengths from 1.
    pub fn new(fast_k: usize, slow_k: usize, slow_d: usize) -> Self {
        Stoch { place: Place::new(fast_k), k: Sma::new(slow_k), d: Sma::new(slow_d) }
    }

    #[inline]
    pub fn update(&mut self, bar: &Bar) -> Option<StochValue> {
        let fast = self.place.update(bar.high, bar.low, bar.close)?;
        let k = self.k.update(fast)?;
        self.d.update(k).map(|d| StochValue { k, d })
    }
}

/// Fast stochastic of the RSI of closes; first on bar length + k + d - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct StochRsi {
    rsi: Rsi,
    fast: StochF,
}

impl StochRsi {
    /// `length` from 2, `k` and `d` from 1.
    pub fn new(length: usize, k: usize, d: usize) -> Self {
        StochRsi { rsi: Rsi::new(length), fast: StochF::new(k, d) }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<StochValue> {
        let rsi = self.rsi.update(x)?;
        self.fast.place_of(rsi, rsi, rsi)
    }
}
