//! `Scale`: from numbers to steps down from the top edge, round numbers between, and short texts for them.
//!
//! Invariant: every finite number maps to a step inside the scale, and a higher number never to a lower place.
//! Absent on purpose: logarithmic scales; a minute chart spans a few per cent.

/// Beyond this a number is noise, and differences could overflow.
pub const HIGHEST: f64 = 1e30;

/// A linear scale; step 0 is the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub steps: usize,
}

impl Scale {
    /// `None` without steps or without a positive finite span.
    pub fn new(low: f64, high: f64, steps: usize) -> Option<Scale> {
        let drawable = steps > 0 && high - low > 0.0 && low.abs() <= HIGHEST && high.abs() <= HIGHEST;
        drawable.then_some(Scale { low, high, steps })
    }

    /// The step that holds this number; the nearest one where it lies outside.
    pub fn step(&self, value: f64) -> usize {
        let part = (self.high - value) / (self.high - self.low);
        ((part * self.steps as f64).max(0.0) as usize).min(self.steps - 1)
    }

    pub fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Round numbers on the scale at distances of 1, 2 or 5 times a power of ten, at least `apart` steps from each other
    /// and no finer than `finest`.
    pub fn round_numbers(&self, apart: usize, finest: f64) -> impl Iterator<Item = f64> {
        let span = self.high - self.low;
        let distance = round_up(span * apart.max(1) as f64 / self.steps as f64).max(finest);
        let (first, high) = ((self.low / distance).ceil(), self.high);
        (0..self.steps).map(move |n| (first + n as f64) * distance).take_while(move |value| *value <= high)
    }
}

/// The lowest number of the form 1, 2 or 5 times a power of ten that is not below `x`.
fn round_up(x: f64) -> f64 {
    let power = 10_f64.powf(x.log10().floor());
    [1.0, 2.0, 5.0].map(|n| n * power).into_iter().find(|round| *round >= x * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// A price with the places of its tick; beyond twelve digits in powers of ten.
pub fn price_text(price: f64, decimals: u8) -> String {
    if price.abs() >= 1e12 {
        return format!("{price:.3e}");
    }
    format!("{price:.places$}", places = usize::from(decimals.min(12)))
}

/// A volume in at most seven characters: `0.031`, `12.5`, `840`, `1.2K`, `3.4M`.
pub fn compact(x: f64) -> String {
    let magnitude = x.abs();
    let (scaled, unit) = match magnitude {
        m if m >= 1e15 => return format!("{x:.1e}"),
        m if m >= 1e12 => (x / 1e12, "T"),
        m if m >= 1e9 => (x / 1e9, "B"),
        m if m >= 1e6 => (x / 1e6, "M"),
        m if m >= 1e3 => (x / 1e3, "K"),
        _ => (x, ""),
    };
    let places = match scaled.abs() {
        s if s == 0.0 || s >= 99.95 => 0,
        s if s >= 1.0 => 1,
        s if s >= 0.001 => 3,
        _ => return format!("{x:.0e}"),
    };
    format!("{scaled:.places$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers_are_round_and_apart() {
        let scale = Scale::new(64_003.0, 64_251.0, 20).expect("a span");
        assert_eq!(
            scale.round_numbers(4, 0.01).collect::<Vec<_>>(),
            [64_050.0, 64_100.0, 64_150.0, 64_200.0, 64_250.0]
        );
        let tiny = Scale::new(0.000_001_21, 0.000_001_25, 40).expect("a span");
        let texts: Vec<String> = tiny.round_numbers(4, 1e-8).map(|x| price_text(x, 8)).collect();
        assert_eq!(texts, ["0.00000121", "0.00000122", "0.00000123", "0.00000124", "0.00000125"]);
    }

    #[test]
    fn every_number_has_a_step_inside() {
        let scale = Scale::new(1.0, 2.0, 10).expect("a span");
        let numbers = [f64::NEG_INFINITY, 0.0, 1.0, 1.5, 1.95, 2.0, f64::INFINITY];
        assert_eq!(numbers.map(|x| scale.step(x)), [9, 9, 9, 5, 0, 0, 0]);
        assert_eq!(Scale::new(1.0, 1.0, 10), None);
        assert_eq!(Scale::new(f64::NAN, 1.0, 10), None);
        assert_eq!(Scale::new(0.0, 1.0, 0), None);
    }

    #[test]
    fn volumes_are_short() {
        let numbers = [0.0, 0.031, 1.0, 12.5, 840.4, 1_234.0, 99_960.0, 3.4e6, 7.25e9, 1e18, 1e-9];
        let texts = ["0", "0.031", "1.0", "12.5", "840", "1.2K", "100K", "3.4M", "7.2B", "1.0e18", "1e-9"];
        assert_eq!(numbers.map(compact), texts);
    }
}
