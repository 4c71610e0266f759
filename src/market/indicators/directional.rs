//! Wilder's directional movement (1978): +DI, -DI, DX, ADX, ADXR.
//!
//! Invariant: all values lie in 0..100. Sums start with the movements of bars 2 to `length`, unsmoothed, as TA-Lib's do.
//! Absent on purpose: a judgement of the trend (`market` only measures).

use super::range::true_range;
use super::running::{Delay, checked};
use super::smoothing::{Seed, Smoother};
use crate::domain::Bar;

/// +DI and -DI of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectionalValue {
    pub plus: f64,
    pub minus: f64,
}

/// Both directional indicators; first on bar length + 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Directional {
    length: usize,
    last: Option<Bar>,
    /// Movements so far, before the first smoothing: up, down, true range.
    sums: [f64; 3],
    counted: usize,
    smoothers: Option<[Smoother; 3]>,
}

impl Directional {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Directional { length: checked(length, 2), last: None, sums: [0.0; 3], counted: 0, smoothers: None }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<DirectionalValue> {
        let last = self.last.replace(*bar)?;
        let (up, down) = movement(&last, bar);
        let moves = [up, down, true_range(bar.high, bar.low, last.close)];
        if self.counted + 1 < self.length {
            self.counted += 1;
            self.sums.iter_mut().zip(moves).for_each(|(sum, x)| *sum += x);
            return None;
        }
        let keep = (self.length as f64 - 1.0) / self.length as f64;
        let sums = self.sums;
        let smoothers = self.smoothers.get_or_insert_with(|| sums.map(|sum| Smoother::new(keep, 1.0, sum)));
        let [plus, minus, range] = [0, 1, 2].map(|at| smoothers[at].update(moves[at]));
        let share = |x: f64| if range == 0.0 { 0.0 } else { 100.0 * (x / range) };
        Some(DirectionalValue { plus: share(plus), minus: share(minus) })
    }
}

/// (up, down): how far the bar leaves the one before on its stronger side; the other is zero.
fn movement(last: &Bar, bar: &Bar) -> (f64, f64) {
    let (up, down) = (bar.high - last.high, last.low - bar.low);
    match (up > 0.0 && up > down, down > 0.0 && down > up) {
        (true, _) => (up, 0.0),
        (false, true) => (0.0, down),
        (false, false) => (0.0, 0.0),
    }
}

/// +DI alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PlusDi(Directional);

impl PlusDi {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        PlusDi(Directional::new(length))
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        self.0.update(bar).map(|value| value.plus)
    }
}

/// -DI alone.
#[derive(Debug, Clone, PartialEq)]
pub struct MinusDi(Directional);

impl MinusDi {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        MinusDi(Directional::new(length))
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        self.0.update(bar).map(|value| value.minus)
    }
}

/// |+DI - -DI| in percent of their sum; `None` inside when both are zero.
fn contrast(value: DirectionalValue) -> Option<f64> {
    let both = value.plus + value.minus;
    (both != 0.0).then(|| 100.0 * ((value.minus - value.plus).abs() / both))
}

/// Directional index; first on bar length + 1. Without movement it keeps its value (0 at first).
#[derive(Debug, Clone, PartialEq)]
pub struct Dx {
    directional: Directional,
    value: f64,
}

impl Dx {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Dx { directional: Directional::new(length), value: 0.0 }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        self.value = contrast(self.directional.update(bar)?).unwrap_or(self.value);
        Some(self.value)
    }
}

/// Average directional index, seeded with the mean of `length` DX; first on bar 2 length. Bars without movement count as
/// 0 in the seed and are passed over afterwards, as in TA-Lib.
#[derive(Debug, Clone, PartialEq)]
pub struct Adx {
    directional: Directional,
    length: usize,
    seed: Seed,
    smoother: Option<Smoother>,
    value: f64,
}

impl Adx {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        let directional = Directional::new(length);
        Adx { directional, length, seed: Seed::new(length), smoother: None, value: 0.0 }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        self.update_both(bar)?.1
    }

    /// The directions beside it; they are known first, on bar length + 1.
    pub fn update_both(&mut self, bar: &Bar) -> Option<(DirectionalValue, Option<f64>)> {
        let value = self.directional.update(bar)?;
        Some((value, self.average(contrast(value))))
    }

    fn average(&mut self, dx: Option<f64>) -> Option<f64> {
        match &mut self.smoother {
            Some(smoother) => self.value = dx.map_or(self.value, |dx| smoother.update(dx)),
            None => {
                self.value = self.seed.update(dx.unwrap_or(0.0))?;
                self.smoother = Some(Smoother::wilder(self.length, self.value));
            }
        }
        Some(self.value)
    }
}

/// Mean of ADX and the ADX of length - 1 bars before; first on bar 3 length - 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Adxr {
    adx: Adx,
    past: Delay,
}

impl Adxr {
    /// `length` from 2.
    pub fn new(length: usize) -> Self {
        Adxr { adx: Adx::new(length), past: Delay::new(length - 1) }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let adx = self.adx.update(bar)?;
        self.past.update(adx).map(|past| (adx + past) / 2.0)
    }
}
