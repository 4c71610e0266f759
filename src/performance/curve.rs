//! `Curve`: equity over time in a bounded number of points.
//!
//! Invariant: at most `POINTS` points; when they are full, neighbours are merged so that extremes survive: the lowest
//! and highest equity and the worst drawdown of a merged point are those of its parts.
//! Absent on purpose: exact sums; a curve is for eyes.

use std::collections::VecDeque;

use crate::domain::Time;

/// The most points of a curve.
pub const POINTS: usize = 1_024;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    points: VecDeque<CurvePoint>,
    /// Samples that make one point.
    width: u32,
    /// Samples in the newest point.
    filled: u32,
}

/// One or several samples in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Of the last sample.
    pub time: Time,
    pub low: f64,
    pub high: f64,
    pub last: f64,
    /// The worst, a fraction from -1 to 0.
    pub drawdown: f64,
}

impl Curve {
    /// Oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &CurvePoint> + ExactSizeIterator {
        self.points.iter()
    }

    pub fn sample(&mut self, time: Time, equity: f64, drawdown: f64) {
        let _ = (time, equity, drawdown, self.width, self.filled);
        todo!("contract: by the engine helper")
    }
}
