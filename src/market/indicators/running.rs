//! What indicators are made of: delays, sums over a window, moments, extremes.
//!
//! Invariant: a window's sum is replaced by a freshly added one every `length` values, so its error stays that of
//! `length` additions however long it runs; each update is O(1) (extremes: amortised).
//! Absent on purpose: prices and bars; these are numbers in a row. What has no window stands in `smoothing`.

use std::collections::VecDeque;

use crate::domain::{Digest, StateHash};

/// `length`, which must be at least `least`.
///
/// # Panics
/// When it is less: lengths from outside are checked where they enter.
pub(crate) fn checked(length: usize, least: usize) -> usize {
    assert!(length >= least, "a length of {length} is a bug: the least is {least}");
    length
}

/// Differences up to this share of the numbers themselves are their rounding: ticks are a million times larger.
pub(crate) const ROUNDING: f64 = 1e-12;

/// When a difference of two sums is less than this share of them, too many of its digits are lost.
pub(crate) const CANCELLED: f64 = 1e-6;

/// The value `age` updates ago.
#[derive(Debug, Clone, PartialEq)]
pub struct Delay {
    values: Vec<f64>,
    next: usize,
    seen: usize,
}

impl Delay {
    /// `age` from 1.
    pub fn new(age: usize) -> Self {
        Delay { values: vec![0.0; checked(age, 1)], next: 0, seen: 0 }
    }

    /// Takes the newest and gives back the one `age` updates older, once there is one.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let old = std::mem::replace(&mut self.values[self.next], x);
        self.next += 1;
        if self.next == self.values.len() {
            self.next = 0;
        }
        let full = self.seen == self.values.len();
        self.seen += usize::from(!full);
        full.then_some(old)
    }

    /// The newest `age` values in no particular order; zeros stand for those not yet seen.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Sum of the newest `length` values.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowSum {
    values: Vec<f64>,
    next: usize,
    full: bool,
    sum: f64,
    /// The values since the ring began anew, added from zero: at the ring's end it is the whole sum.
    fresh: f64,
}

impl WindowSum {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        WindowSum { values: vec![0.0; checked(length, 1)], next: 0, full: false, sum: 0.0, fresh: 0.0 }
    }

    /// The sum, once `length` values were seen.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let old = std::mem::replace(&mut self.values[self.next], x);
        self.sum += x - old;
        self.fresh += x;
        self.next += 1;
        if self.next == self.values.len() {
            self.sum = self.fresh;
            self.fresh = 0.0;
            self.next = 0;
            self.full = true;
        }
        self.full.then_some(self.sum)
    }

    pub fn length(&self) -> usize {
        self.values.len()
    }
}

/// Sum of the newest `length` values, none of which is negative: never below zero, and exactly zero when all are.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowSum {
    sum: WindowSum,
    zeros: usize,
}

impl FlowSum {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        FlowSum { sum: WindowSum::new(length), zeros: 0 }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.zeros = if x == 0.0 { self.zeros.saturating_add(1) } else { 0 };
        let sum = self.sum.update(x)?;
        Some(if self.zeros >= self.sum.length() { 0.0 } else { sum.max(0.0) })
    }
}

impl StateHash for WindowSum {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.values.len() as u64);
        digest.u64(self.next as u64);
        digest.bool(self.full);
        self.values.iter().chain([&self.sum, &self.fresh]).for_each(|x| digest.f64(*x));
    }
}

impl StateHash for FlowSum {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.sum);
        digest.u64(self.zeros as u64);
    }
}

/// Sum of the newest `length` values, the newest weighing `length`, the oldest 1.
#[derive(Debug, Clone, PartialEq)]
pub struct RampSum {
    values: Vec<f64>,
    next: usize,
    full: bool,
    plain: f64,
    fresh_plain: f64,
    ramp: f64,
    fresh_ramp: f64,
}

impl RampSum {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        let values = vec![0.0; checked(length, 1)];
        RampSum { values, next: 0, full: false, plain: 0.0, fresh_plain: 0.0, ramp: 0.0, fresh_ramp: 0.0 }
    }

    /// (weighted sum, plain sum), once `length` values were seen.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        let length = self.values.len();
        let old = std::mem::replace(&mut self.values[self.next], x);
        self.next += 1;
        // Each older value loses one weight, the oldest its last.
        self.ramp += length as f64 * x - self.plain;
        self.plain += x - old;
        self.fresh_ramp += self.next as f64 * x;
        self.fresh_plain += x;
        if self.next == length {
            (self.ramp, self.plain) = (self.fresh_ramp, self.fresh_plain);
            (self.fresh_ramp, self.fresh_plain) = (0.0, 0.0);
            self.next = 0;
            self.full = true;
        }
        self.full.then_some((self.ramp, self.plain))
    }

    pub fn length(&self) -> usize {
        self.values.len()
    }
}

/// Mean and sum of squared deviations of the newest `length` values.
///
/// Sums are taken of differences to a value of the window (the pivot), so prices of 1e5 with deviations of 1e-2 lose
/// nothing by cancellation.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    values: Vec<f64>,
    next: usize,
    full: bool,
    /// Updates since the value last changed.
    still: usize,
    pivot: f64,
    first: f64,
    second: f64,
    fresh_pivot: f64,
    fresh_first: f64,
    fresh_second: f64,
}

impl Moments {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Moments {
            values: vec![0.0; checked(length, 1)],
            next: 0,
            full: false,
            still: 0,
            pivot: 0.0,
            first: 0.0,
            second: 0.0,
            fresh_pivot: 0.0,
            fresh_first: 0.0,
            fresh_second: 0.0,
        }
    }

    /// (mean, sum of squared deviations from it), once `length` values were seen.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<(f64, f64)> {
        let length = self.values.len();
        let last = self.values[if self.next == 0 { length - 1 } else { self.next - 1 }];
        self.still = if x == last { self.still.saturating_add(1) } else { 1 };
        if self.next == 0 {
            self.fresh_pivot = x;
        }
        let old = std::mem::replace(&mut self.values[self.next], x);
        self.next += 1;
        let (added, removed) = (x - self.pivot, old - self.pivot);
        self.first += x - old;
        self.second += added * added - removed * removed;
        let fresh = x - self.fresh_pivot;
        self.fresh_first += fresh;
        self.fresh_second += fresh * fresh;
        if self.next == length {
            (self.pivot, self.first, self.second) = (self.fresh_pivot, self.fresh_first, self.fresh_second);
            (self.fresh_first, self.fresh_second) = (0.0, 0.0);
            self.next = 0;
            self.full = true;
        }
        self.full.then(|| self.value(x))
    }

    #[inline]
    fn value(&mut self, newest: f64) -> (f64, f64) {
        let length = self.values.len();
        if self.still >= length {
            return (newest, 0.0);
        }
        let mean = self.first / length as f64;
        let squares = self.second - self.first * mean;
        if squares < self.second * CANCELLED {
            return self.turn_about(newest);
        }
        (self.pivot + mean, squares)
    }

    /// Takes the sums anew about the newest value: the window has left its pivot far behind. Afterwards it must do so
    /// again before this is called again, so the walk costs O(1) an update.
    #[cold]
    fn turn_about(&mut self, newest: f64) -> (f64, f64) {
        self.pivot = newest;
        self.first = self.values.iter().map(|x| x - newest).sum();
        self.second = self.values.iter().map(|x| (x - newest) * (x - newest)).sum();
        let mean = self.first / self.values.len() as f64;
        (self.pivot + mean, (self.second - self.first * mean).max(0.0))
    }

    pub fn length(&self) -> usize {
        self.values.len()
    }
}

/// The largest of the newest `length` values and its age; among equals the newest.
#[derive(Debug, Clone, PartialEq)]
pub struct Highest {
    length: usize,
    seen: u64,
    /// (number, value): falling values, each the largest from its number on.
    falling: VecDeque<(u64, f64)>,
}

impl Highest {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Highest { length: checked(length, 1), seen: 0, falling: VecDeque::with_capacity(length + 1) }
    }

    /// (value, updates since it was seen), once `length` values were seen.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<(f64, usize)> {
        self.seen += 1;
        while self.falling.back().is_some_and(|(_, y)| *y <= x) {
            self.falling.pop_back();
        }
        self.falling.push_back((self.seen, x));
        let oldest = self.seen.saturating_sub(self.length as u64);
        while self.falling.front().is_some_and(|(number, _)| *number <= oldest) {
            self.falling.pop_front();
        }
        let (number, value) = *self.falling.front()?;
        (self.seen >= self.length as u64).then_some((value, (self.seen - number) as usize))
    }
}

/// The smallest of the newest `length` values and its age; among equals the newest.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowest(Highest);

impl Lowest {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Lowest(Highest::new(length))
    }

    /// (value, updates since it was seen), once `length` values were seen.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<(f64, usize)> {
        self.0.update(-x).map(|(value, age)| (-value, age))
    }
}
