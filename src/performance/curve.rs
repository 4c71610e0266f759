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

    /// Adds the newest sample. One that is not later than the newest point is folded into it, so times rise.
    pub fn sample(&mut self, time: Time, equity: f64, drawdown: f64) {
        let sample = CurvePoint { time, low: equity, high: equity, last: equity, drawdown };
        let is_wanted = self.filled < self.width;
        match self.points.back_mut() {
            Some(newest) if time <= newest.time => *newest = newest.joined(CurvePoint { time: newest.time, ..sample }),
            Some(newest) if is_wanted => {
                *newest = newest.joined(sample);
                self.filled += 1;
            }
            Some(_) | None => {
                if self.points.len() == POINTS {
                    self.merge_neighbours();
                }
                self.width = self.width.max(1);
                self.points.push_back(sample);
                self.filled = 1;
            }
        }
    }

    /// Half as many points, each of twice as many samples. Called only when every point is full.
    fn merge_neighbours(&mut self) {
        for at in 0..self.points.len() / 2 {
            self.points[at] = self.points[2 * at].joined(self.points[2 * at + 1]);
        }
        self.points.truncate(self.points.len().div_ceil(2));
        self.width = self.width.saturating_mul(2);
    }
}

impl CurvePoint {
    /// This point and the one after it as one.
    fn joined(self, next: CurvePoint) -> CurvePoint {
        CurvePoint {
            time: next.time,
            low: self.low.min(next.low),
            high: self.high.max(next.high),
            last: next.last,
            drawdown: self.drawdown.min(next.drawdown),
        }
    }
}

const _: () = assert!(POINTS.is_multiple_of(2), "neighbours are merged in pairs");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_curve_of_any_length_is_bounded_and_keeps_every_extreme(
            seed in any::<u64>(), length in 1usize..9_000, doubled in 0i64..3,
        ) {
            let mut curve = Curve::default();
            let mut state = seed;
            let mut samples = Vec::new();
            for at in 0..length as i64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (equity, drawdown) = ((state >> 40) as f64, -((state >> 20 & 0xfffff) as f64) / 1_048_576.0);
                // Several symbols close at the same moment.
                curve.sample(Time(at / (1 + doubled)), equity, drawdown);
                samples.push((equity, drawdown));
            }
            let points: Vec<CurvePoint> = curve.points().copied().collect();
            prop_assert!(points.len() <= POINTS);
            prop_assert!(length < POINTS || points.len() >= POINTS / (4 * (1 + doubled as usize)), "{}", points.len());
            prop_assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time), "times rise");
            let least = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
            let most = |values: Vec<f64>| values.into_iter().fold(f64::NEG_INFINITY, f64::max);
            let of = |f: fn(&CurvePoint) -> f64| points.iter().map(f).collect::<Vec<_>>();
            let all = |f: fn(&(f64, f64)) -> f64| samples.iter().map(f).collect::<Vec<_>>();
            prop_assert_eq!(least(of(|p| p.low)), least(all(|s| s.0)));
            prop_assert_eq!(most(of(|p| p.high)), most(all(|s| s.0)));
            prop_assert_eq!(least(of(|p| p.drawdown)), least(all(|s| s.1)));
            prop_assert_eq!(points.last().map(|p| p.last), samples.last().map(|s| s.0));
        }
    }

    #[test]
    fn short_curves_keep_every_sample_and_longer_ones_are_halved() {
        let mut curve = Curve::default();
        for at in 0..POINTS as i64 {
            curve.sample(Time(at), at as f64, 0.0);
        }
        assert!(curve.points().enumerate().all(|(at, point)| point.last == at as f64));
        assert_eq!(curve.points().len(), POINTS);
        curve.sample(Time(POINTS as i64), 7.0, -0.5);
        assert_eq!(curve.points().len(), POINTS / 2 + 1);
        let first = curve.points().next().map(|point| (point.low, point.high, point.last));
        assert_eq!(first, Some((0.0, 1.0, 1.0)));
    }
}
