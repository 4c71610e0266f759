//! Numbers that remember all before them: exponential smoothing with its seed, totals.
//!
//! Invariant: smoothing forgets its errors with its inputs; a total carries what its additions lose.
//! Absent on purpose: windows (`running`).

use super::running::checked;

/// Rows that `Smoother` computes from one base.
pub(crate) const BLOCK: usize = 4;

/// y <- keep y + gain x.
///
/// Four rows are computed from one base y: y_j = keep^j base + partial_j. The sum is the same; in a batch the next block
/// waits for one product and one addition instead of four of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoother {
    pub(crate) powers: [f64; BLOCK + 1],
    pub(crate) gain: f64,
    pub(crate) base: f64,
    pub(crate) partial: f64,
    pub(crate) step: usize,
}

impl Smoother {
    pub fn new(keep: f64, gain: f64, start: f64) -> Self {
        let square = keep * keep;
        let powers = [1.0, keep, square, square * keep, square * square];
        Smoother { powers, gain, base: start, partial: 0.0, step: 0 }
    }

    /// Exponential average with k = 2 / (length + 1).
    pub fn exponential(length: usize, start: f64) -> Self {
        let n = length as f64;
        Smoother::new((n - 1.0) / (n + 1.0), 2.0 / (n + 1.0), start)
    }

    /// Wilder's average: k = 1 / length.
    pub fn wilder(length: usize, start: f64) -> Self {
        let n = length as f64;
        Smoother::new((n - 1.0) / n, 1.0 / n, start)
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> f64 {
        self.partial = self.powers[1] * self.partial + self.gain * x;
        self.step += 1;
        let value = self.powers[self.step] * self.base + self.partial;
        if self.step == BLOCK {
            (self.base, self.partial, self.step) = (value, 0.0, 0);
        }
        value
    }
}

/// A sum over all values since the start, carrying what each addition loses (Neumaier 1974).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    #[inline]
    pub fn add(&mut self, x: f64) -> f64 {
        let sum = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        self.sum = sum;
        self.value()
    }

    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

/// The first `length` values become their mean, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Seed {
    length: usize,
    seen: usize,
    sum: f64,
}

impl Seed {
    /// `length` from 1.
    pub fn new(length: usize) -> Self {
        Seed { length: checked(length, 1), seen: 0, sum: 0.0 }
    }

    /// The mean on the `length`-th update.
    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.sum += x;
        self.seen += 1;
        (self.seen == self.length).then(|| self.sum / self.length as f64)
    }
}

/// How the share of the newest value follows from the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Exponential,
    Wilder,
}

/// A smoothed value that starts with the mean of its first `length` inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Seeded {
    seed: Seed,
    share: Share,
    smoother: Option<Smoother>,
}

impl Seeded {
    /// Seeded and smoothed exponentially over `length`.
    pub fn exponential(length: usize) -> Self {
        Seeded { seed: Seed::new(length), share: Share::Exponential, smoother: None }
    }

    /// Seeded and smoothed after Wilder over `length`.
    pub fn wilder(length: usize) -> Self {
        Seeded { seed: Seed::new(length), share: Share::Wilder, smoother: None }
    }

    #[inline]
    pub fn update(&mut self, x: f64) -> Option<f64> {
        if let Some(smoother) = &mut self.smoother {
            return Some(smoother.update(x));
        }
        let start = self.seed.update(x)?;
        self.smoother = Some(match self.share {
            Share::Exponential => Smoother::exponential(self.seed.length, start),
            Share::Wilder => Smoother::wilder(self.seed.length, start),
        });
        Some(start)
    }

    /// The smoother behind it, once seeded, for a batch.
    pub(crate) fn smoother(&mut self) -> Option<&mut Smoother> {
        self.smoother.as_mut()
    }
}
