//! `Adwin`: a window of numbers that grows while their mean stays and drops its older part when it does not.
//!
//! Bifet and Gavalda 2007, ADWIN2: the window is kept in buckets of powers of two, so n values take O(log n) of memory and
//! an update O(log n) amortised. The bucket scheme and the looks at every `clock`-th value are river's 0.26; another
//! scheme moves an alarm by up to a clock.
//! Invariant: buckets grow from the newest to the oldest; count, total and variance are those of the values they hold.
//! Absent on purpose: keeping the newer part after an alarm, which raises the same change twice while the old values
//! drain off: an alarm begins the window anew, as river's detector does.

use crate::domain::{Digest, StateHash};

/// What `Adwin` is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdwinSettings {
    /// Chance of a false alarm that a look may have; 0.002 is usual.
    pub delta: f64,
    /// Values between two looks.
    pub clock: u64,
    /// Buckets of one size before the oldest two become one of the next.
    pub buckets: usize,
    /// Each part that is compared holds at least this many.
    pub least_part: u64,
    /// No look while the window holds no more than this.
    pub grace: u64,
}

impl Default for AdwinSettings {
    /// river's.
    fn default() -> Self {
        AdwinSettings { delta: 0.002, clock: 32, buckets: 5, least_part: 5, grace: 10 }
    }
}

/// Values that were joined: their total, and their squared deviations from their mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Bucket {
    total: f64,
    squares: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Adwin {
    settings: AdwinSettings,
    /// Row i holds buckets of 2^i values, the oldest first; the last row is the oldest.
    rows: Vec<Vec<Bucket>>,
    count: u64,
    total: f64,
    squares: f64,
    ticks: u64,
    alarmed: bool,
}

impl Adwin {
    pub fn new(settings: AdwinSettings) -> Adwin {
        Adwin { settings, rows: vec![Vec::new()], count: 0, total: 0.0, squares: 0.0, ticks: 0, alarmed: false }
    }

    /// True when the mean has changed; before the next value the window then begins anew.
    pub fn update(&mut self, x: f64) -> bool {
        if self.alarmed {
            *self = Adwin::new(self.settings);
        }
        self.insert(x);
        self.ticks += 1;
        let is_time = self.ticks.is_multiple_of(self.settings.clock.max(1)) && self.count > self.settings.grace;
        if is_time {
            while self.cut() {
                self.drop_oldest();
                self.alarmed = true;
            }
        }
        self.alarmed
    }

    /// Values in the window.
    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Mean of the window; 0 while it is empty.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total / self.count as f64 }
    }

    fn insert(&mut self, x: f64) {
        if self.count > 0 {
            let before = self.count as f64;
            let off = x - self.total / before;
            self.squares += before * off * off / (before + 1.0);
        }
        self.count += 1;
        self.total += x;
        self.rows[0].push(Bucket { total: x, squares: 0.0 });
        self.join();
    }

    /// The oldest two buckets of a row that is too long become one of the next row.
    fn join(&mut self) {
        let mut at = 0;
        while self.rows[at].len() > self.settings.buckets.max(1) {
            if at + 1 == self.rows.len() {
                self.rows.push(Vec::new());
            }
            let size = row_size(at) as f64;
            let (one, two) = (self.rows[at][0], self.rows[at][1]);
            let joined = Bucket {
                total: one.total + two.total,
                squares: one.squares + two.squares + between(size, one.total, size, two.total),
            };
            self.rows[at].drain(..2);
            self.rows[at + 1].push(joined);
            at += 1;
        }
    }

    /// Is there a place where the older and the newer part differ in mean by more than chance allows?
    fn cut(&self) -> bool {
        let least = self.settings.least_part;
        let (mut old, mut old_total) = (0u64, 0.0);
        for (at, row) in self.rows.iter().enumerate().rev() {
            for bucket in row {
                old += row_size(at);
                old_total += bucket.total;
                let new = self.count - old;
                if old < least || new < least || new == 0 {
                    continue;
                }
                let difference = old_total / old as f64 - (self.total - old_total) / new as f64;
                if difference.abs() > self.bound(old, new) {
                    return true;
                }
            }
        }
        false
    }

    /// Theorem 3.2 of the paper with its variance (equation 4), and river's count of the looks.
    fn bound(&self, old: u64, new: u64) -> f64 {
        let AdwinSettings { delta, least_part, .. } = self.settings;
        let count = self.count as f64;
        let log = (2.0 * count.ln() / delta).ln();
        let part = |n: u64| 1.0 / (n - least_part + 1) as f64;
        let inverse = part(old) + part(new);
        (2.0 * inverse * (self.squares / count) * log).sqrt() + 2.0 / 3.0 * inverse * log
    }

    fn drop_oldest(&mut self) {
        let Some(at) = self.rows.iter().rposition(|row| !row.is_empty()) else { return };
        let bucket = self.rows[at].remove(0);
        let size = row_size(at);
        self.count -= size;
        self.total -= bucket.total;
        self.squares -= bucket.squares;
        if self.count > 0 {
            self.squares -= between(size as f64, bucket.total, self.count as f64, self.total);
        }
        self.squares = self.squares.max(0.0);
        while self.rows.len() > 1 && self.rows.last().is_some_and(Vec::is_empty) {
            self.rows.pop();
        }
    }
}

fn row_size(at: usize) -> u64 {
    1 << at
}

/// What joining two groups adds to their squared deviations.
fn between(one: f64, one_total: f64, two: f64, two_total: f64) -> f64 {
    let off = one_total / one - two_total / two;
    one * two * off * off / (one + two)
}

impl StateHash for Adwin {
    fn state_hash(&self, digest: &mut Digest) {
        let AdwinSettings { delta, clock, buckets, least_part, grace } = self.settings;
        digest.f64(delta);
        [clock, buckets as u64, least_part, grace, self.count, self.ticks].into_iter().for_each(|x| digest.u64(x));
        digest.f64(self.total);
        digest.f64(self.squares);
        digest.bool(self.alarmed);
        digest.u64(self.rows.len() as u64);
        for row in &self.rows {
            digest.u64(row.len() as u64);
            for bucket in row {
                digest.f64(bucket.total);
                digest.f64(bucket.squares);
            }
        }
    }
}
