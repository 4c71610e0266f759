//! Straight lines through a window: slope over time, correlation of two series.
//!
//! Invariant: a correlation lies in -1..1; a window in which a series stands still has slope and correlation zero.
//! Absent on purpose: forecasts from the line.

use super::running::{CANCELLED, RampSum, checked};

/// Least-squares slope of the newest `length` values, per bar.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearRegSlope {
    sum: RampSum,
    /// The first value, subtracted from each: a constant does not change a slope, and smaller sums round less.
    origin: Option<f64>,
}

impl LinearRegSlope {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        LinearRegSlope { sum: RampSum::new(checked(length, 2)), origin: None }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let origin = *self.origin.get_or_insert(x);
        let n = self.sum.length() as f64;
        let (ramp, plain) = self.sum.update(x - origin)?;
        // Weights 1..n: the sum of (weight - mean weight) x, over the sum of (weight - mean weight)^2.
        Some((ramp - plain * (n + 1.0) / 2.0) * 12.0 / (n * (n * n - 1.0)))
    }
}

/// Pearson correlation of the newest `length` pairs.
///
/// Sums are of differences to a pair of the window and are replaced by freshly added ones every `length` pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Correl {
    pairs: Vec<(f64, f64)>,
    next: usize,
    full: bool,
    pivot: (f64, f64),
    sums: Sums,
    fresh_pivot: (f64, f64),
    fresh: Sums,
    /// Updates since each series last changed.
    still: [usize; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sums {
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    /// Adds (`sign` 1) or takes away (-1) a pair.
    fn add(&mut self, sign: f64, (x, y): (f64, f64), pivot: (f64, f64)) {
        let (x, y) = (x - pivot.0, y - pivot.1);
        self.x += sign * x;
        self.y += sign * y;
        self.xx += sign * x * x;
        self.yy += sign * y * y;
        self.xy += sign * x * y;
    }
}

impl Correl {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Correl {
            pairs: vec![(0.0, 0.0); checked(length, 2)],
            next: 0,
            full: false,
            pivot: (0.0, 0.0),
            sums: Sums::default(),
            fresh_pivot: (0.0, 0.0),
            fresh: Sums::default(),
            still: [0; 2],
        }
    }

    pub fn update(&mut self, x: f64, y: f64) -> Option<f64> {
        let length = self.pairs.len();
        let last = self.pairs[(self.next + length - 1) % length];
        for (still, same) in self.still.iter_mut().zip([x == last.0, y == last.1]) {
            *still = if same { still.saturating_add(1) } else { 1 };
        }
        if self.next == 0 {
            self.fresh_pivot = (x, y);
        }
        let old = std::mem::replace(&mut self.pairs[self.next], (x, y));
        self.sums.add(1.0, (x, y), self.pivot);
        self.sums.add(-1.0, old, self.pivot);
        self.fresh.add(1.0, (x, y), self.fresh_pivot);
        self.next += 1;
        if self.next == length {
            (self.pivot, self.sums, self.fresh) = (self.fresh_pivot, self.fresh, Sums::default());
            self.next = 0;
            self.full = true;
        }
        self.full.then(|| self.value((x, y)))
    }

    fn value(&mut self, newest: (f64, f64)) -> f64 {
        if self.still.iter().any(|still| *still >= self.pairs.len()) {
            return 0.0;
        }
        let n = self.pairs.len() as f64;
        let variances = |sums: &Sums| (sums.xx - sums.x * sums.x / n, sums.yy - sums.y * sums.y / n);
        let (variance_x, variance_y) = variances(&self.sums);
        if variance_x < self.sums.xx * CANCELLED || variance_y < self.sums.yy * CANCELLED {
            self.turn_about(newest);
        }
        let (variance_x, variance_y) = variances(&self.sums);
        let Sums { x, y, xy, .. } = self.sums;
        if variance_x <= 0.0 || variance_y <= 0.0 {
            return 0.0;
        }
        // Two roots: the product of two variances of tiny prices may underflow.
        ((xy - x * y / n) / (variance_x.sqrt() * variance_y.sqrt())).clamp(-1.0, 1.0)
    }
    /// As `Moments` does when the window has left its pivot far behind.
    #[cold]
    fn turn_about(&mut self, newest: (f64, f64)) {
        self.pivot = newest;
        self.sums = Sums::default();
        for pair in &self.pairs {
            self.sums.add(1.0, *pair, newest);
        }
    }
}
