//! `ShareCurve`: how much each expert counted over time, for people.
//!
//! Invariant: bounded, oldest first; a part that moved by more than `STEP` is never older than the bar at which it did.
//! Absent on purpose: learning (`ensemble`); nothing here decides anything or takes part in the state hash.

use std::collections::VecDeque;

use super::regime::EXPERTS;
use crate::domain::{Span, Time};

/// Parts of the blend, sampled each hour and whenever one of them moved by more than five points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShareCurve {
    samples: VecDeque<ShareSample>,
}

/// In the order of `StrategyName::EXPERTS`, all together 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareSample {
    pub time: Time,
    pub shares: [f64; EXPERTS],
}

/// Lessons come four times an hour, so these are five days at least.
const SAMPLES: usize = 500;
const STEP: f64 = 0.05;
const HOUR: Span = Span(60 * Span::MINUTE.0);

impl ShareCurve {
    /// Whether these are worth a sample.
    pub fn is_due(&self, now: Time, shares: &[f64; EXPERTS]) -> bool {
        let Some(newest) = self.samples.back() else { return true };
        let moved = newest.shares.iter().zip(shares).any(|(was, is)| (was - is).abs() > STEP);
        moved || now.since(newest.time) >= HOUR
    }

    pub fn sample(&mut self, time: Time, shares: [f64; EXPERTS]) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(ShareSample { time, shares });
    }

    pub fn samples(&self) -> impl Iterator<Item = &ShareSample> {
        self.samples.iter()
    }

    /// How far back it goes, at most a day.
    pub fn span(&self, now: Time) -> Span {
        self.samples.front().map_or(Span(0), |first| Span(now.since(first.time).0.clamp(0, Span::DAY.0)))
    }

    /// One expert's part over that span in so many steps, each as it stood at the step's end.
    pub fn steps(&self, expert: usize, now: Time, steps: usize) -> Vec<f64> {
        let span = self.span(now);
        let mut samples = self.samples.iter().peekable();
        let mut part = self.samples.front().and_then(|first| first.shares.get(expert)).copied().unwrap_or_default();
        (1..=steps as i64)
            .map(|step| {
                let end = now.minus(Span(span.0 - span.0 / steps as i64 * step));
                // The last step ends now, whatever the division left.
                let end = if step == steps as i64 { now } else { end };
                while let Some(sample) = samples.next_if(|sample| sample.time <= end) {
                    part = sample.shares.get(expert).copied().unwrap_or_default();
                }
                part
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Time {
        Time(minute * Span::MINUTE.0)
    }

    #[test]
    fn a_sample_is_due_each_hour_and_when_a_part_moved() {
        let mut curve = ShareCurve::default();
        assert!(curve.is_due(at(0), &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
        curve.sample(at(0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert!(!curve.is_due(at(59), &[0.04, 0.0, 0.0, 0.0, 0.0, 0.0, 0.96]));
        assert!(curve.is_due(at(60), &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
        assert!(curve.is_due(at(1), &[0.06, 0.0, 0.0, 0.0, 0.0, 0.0, 0.94]));
        (1..1_000).for_each(|minute| curve.sample(at(minute), [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]));
        assert_eq!(curve.samples().count(), SAMPLES);
    }

    #[test]
    fn steps_hold_what_stood_at_their_ends_and_the_last_is_now() {
        let mut curve = ShareCurve::default();
        assert_eq!((curve.span(at(9)), curve.steps(0, at(9), 2)), (Span(0), vec![0.0, 0.0]));
        for (minute, part) in [(0, 0.1), (30, 0.4), (60, 0.7)] {
            curve.sample(at(minute), [part, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0 - part]);
        }
        assert_eq!(curve.steps(0, at(60), 4), [0.1, 0.4, 0.4, 0.7]);
        assert_eq!(curve.steps(0, at(60), 0), [] as [f64; 0]);
        // Of an old curve only the last day is shown.
        assert_eq!((curve.span(at(4_000)), curve.steps(0, at(4_000), 3)), (Span::DAY, vec![0.7; 3]));
    }
}
