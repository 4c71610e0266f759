//! Volume over prices: where a window's volume was traded, its point of control and value area.
//!
//! Invariant: volume is counted in integers of 1e-8, so what a bar adds is taken away to the last digit when it leaves.
//! Absent on purpose: trades; a bar's volume is spread evenly over its range.

use std::collections::{BTreeMap, VecDeque};

use super::indicators::running::checked;
use crate::domain::fixed::SCALE;
use crate::domain::{Bar, Price, Quantity};

/// Steps a bar is spread over at most; a wider bar takes every second (third, ...) step of its range.
const SPREAD: i64 = 256;

/// The profile of the newest bars.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeProfile {
    length: usize,
    step: i64,
    bars: VecDeque<Spread>,
    volumes: BTreeMap<i64, i128>,
    total: i128,
}

/// How one bar's volume lies over the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spread {
    lowest: i64,
    stride: i64,
    count: i64,
    volume: i64,
}

/// Prices are the lower ends of steps, volumes in the base asset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueArea {
    /// The step with the most volume (of equal ones the lowest).
    pub control: Price,
    /// Lowest and highest step of the value area.
    pub low: Price,
    pub high: Price,
    /// Volume of the whole window.
    pub volume: f64,
}

impl VolumeProfile {
    /// `length` bars from 1, prices in steps of `step` (above zero).
    pub fn new(length: usize, step: Price) -> Self {
        assert!(step.is_positive(), "a step of {step} is a bug");
        let bars = VecDeque::with_capacity(checked(length, 1) + 1);
        VolumeProfile { length, step: step.raw(), bars, volumes: BTreeMap::new(), total: 0 }
    }

    /// Takes a bar; one whose numbers do not fit the fixed-point grid counts as a bar without volume.
    pub fn update(&mut self, bar: &Bar) {
        let spread = self.spread(bar).unwrap_or(Spread { lowest: 0, stride: 1, count: 1, volume: 0 });
        self.book(spread, 1);
        self.bars.push_back(spread);
        if self.bars.len() > self.length
            && let Some(oldest) = self.bars.pop_front()
        {
            self.book(oldest, -1);
        }
    }

    /// (lower end of the step, volume in the base asset), lowest price first.
    pub fn steps(&self) -> impl Iterator<Item = (Price, f64)> {
        self.volumes.iter().map(|(at, volume)| (self.price(*at), whole(*volume)))
    }

    /// The point of control and the steps around it that hold `share` (usually 0.7) of the volume. It grows step by
    /// step to the side where more was traded, upwards when equal. `None` without volume.
    pub fn value_area(&self, share: f64) -> Option<ValueArea> {
        let steps: Vec<(i64, i128)> = self.volumes.iter().map(|(at, volume)| (*at, *volume)).collect();
        let control = (0..steps.len()).rev().max_by_key(|at| steps[*at].1)?;
        let (mut low, mut high) = (control, control);
        let mut inside = steps[control].1;
        let wanted = self.total as f64 * share;
        while (inside as f64) < wanted && (low > 0 || high + 1 < steps.len()) {
            let above = steps.get(high + 1).map(|step| step.1);
            let below = low.checked_sub(1).map(|at| steps[at].1);
            if above >= below {
                high += 1;
                inside += above.unwrap_or(0);
            } else {
                low -= 1;
                inside += below.unwrap_or(0);
            }
        }
        let price = |at: usize| self.price(steps[at].0);
        Some(ValueArea { control: price(control), low: price(low), high: price(high), volume: whole(self.total) })
    }

    fn spread(&self, bar: &Bar) -> Option<Spread> {
        let lowest = Price::from_f64(bar.low)?.raw().div_euclid(self.step);
        let highest = Price::from_f64(bar.high)?.raw().div_euclid(self.step);
        let volume = Quantity::from_f64(bar.volume)?.raw();
        let span = highest - lowest + 1;
        let stride = (span - 1) / SPREAD + 1;
        Some(Spread { lowest, stride, count: (span - 1) / stride + 1, volume })
    }

    /// Adds (`sign` 1) or takes away (-1). What does not divide evenly goes to the lowest steps, 1e-8 each.
    fn book(&mut self, spread: Spread, sign: i128) {
        let Spread { lowest, stride, count, volume } = spread;
        if volume == 0 {
            return;
        }
        let (each, rest) = (volume / count, volume % count);
        for number in 0..count {
            let at = lowest + number * stride;
            let part = i128::from(each + i64::from(number < rest));
            let booked = self.volumes.entry(at).or_insert(0);
            *booked += sign * part;
            if *booked == 0 {
                self.volumes.remove(&at);
            }
        }
        self.total += sign * i128::from(volume);
    }

    fn price(&self, at: i64) -> Price {
        Price::from_raw(at * self.step)
    }
}

fn whole(raw: i128) -> f64 {
    raw as f64 / SCALE as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    fn bar(low: f64, high: f64, volume: f64) -> Bar {
        Bar { open_time: Time(0), open: low, high, low, close: high, volume }
    }

    fn profile(length: usize) -> VolumeProfile {
        VolumeProfile::new(length, "1".parse().expect("a step"))
    }

    fn price(text: &str) -> Price {
        text.parse().expect("a price")
    }

    #[test]
    fn a_bar_spreads_its_volume_evenly_over_its_range() {
        let mut profile = profile(10);
        profile.update(&bar(10.2, 12.9, 6.0));
        let steps: Vec<_> = profile.steps().collect();
        assert_eq!(steps, [(price("10"), 2.0), (price("11"), 2.0), (price("12"), 2.0)]);
    }

    #[test]
    fn the_value_area_grows_towards_the_larger_neighbour() {
        let mut profile = profile(10);
        for (at, volume) in [(10.0, 1.0), (11.0, 3.0), (12.0, 10.0), (13.0, 4.0), (14.0, 2.0)] {
            profile.update(&bar(at, at, volume));
        }
        let area = profile.value_area(0.7).expect("volume");
        assert_eq!((area.control, area.low, area.high), (price("12"), price("12"), price("13")));
        assert_eq!(area.volume, 20.0);
        let area = profile.value_area(0.85).expect("volume");
        assert_eq!((area.low, area.high), (price("11"), price("13")));
        let area = profile.value_area(1.0).expect("volume");
        assert_eq!((area.low, area.high), (price("10"), price("14")));
    }

    #[test]
    fn what_leaves_the_window_leaves_no_trace() {
        let mut profile = profile(2);
        for n in 0..50 {
            let low = 100.0 + f64::from(n % 7) * 3.3;
            profile.update(&bar(low, low + 900.0, 0.1 + f64::from(n) / 3.0));
        }
        profile.update(&bar(5.0, 5.5, 1.0));
        profile.update(&bar(6.0, 6.5, 0.0));
        assert_eq!(profile.steps().collect::<Vec<_>>(), [(price("5"), 1.0)]);
        profile.update(&bar(7.0, 7.0, 0.0));
        assert_eq!(profile.value_area(0.7), None);
    }
}
