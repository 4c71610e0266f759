//! Standard deviation and Bollinger bands.
//!
//! Invariant: deviations are those of the population (divisor `length`), as TA-Lib's; a still window deviates by zero.
//! Absent on purpose: sample deviations (`market::volatility`).

use super::running::Moments;

/// Population standard deviation of the newest values, times a factor.
#[derive(Debug, Clone, PartialEq)]
pub struct StdDev {
    moments: Moments,
    times: f64,
}

impl StdDev {
    /// `length` from 2.
    pub fn new(length: usize, times: f64) -> Self {
        StdDev { moments: Moments::new(super::running::checked(length, 2)), times }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let (_, squares) = self.moments.update(x)?;
        Some((squares / self.moments.length() as f64).sqrt() * self.times)
    }
}

/// The three lines of Bollinger's bands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub upper: f64,
    pub middle: f64,
    pub lower: f64,
}

/// Bollinger bands: simple average and `times` population deviations about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bbands {
    moments: Moments,
    times: f64,
}

impl Bbands {
    /// `length` from 2.
    pub fn new(length: usize, times: f64) -> Self {
        Bbands { moments: Moments::new(super::running::checked(length, 2)), times }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<Band> {
        let (middle, squares) = self.moments.update(x)?;
        let width = (squares / self.moments.length() as f64).sqrt() * self.times;
        Some(Band { upper: middle + width, middle, lower: middle - width })
    }
}
