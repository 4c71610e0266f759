//! `Underwater`: drawdowns with their dates, how long they lasted, and the ulcer index.
//!
//! Invariant: the peak starts at the first equity; depths are fractions from -1 to 0; peak <= valley < recovery.
//! Absent on purpose: state of the engine; `Drawdown` is what trading decisions use.
//! Source: Martin and McCann 1989 for the ulcer index.

use serde::Serialize;

use crate::domain::{Span, Time};

/// The deepest fall from a peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fall {
    /// From -1 to 0.
    pub depth: f64,
    /// The last sample at the peak.
    pub peak: Time,
    pub valley: Time,
    /// The first sample back at the peak; `None` while it lasts.
    pub recovery: Option<Time>,
}

impl Fall {
    /// From the peak to the valley.
    pub fn decline(&self) -> Span {
        self.valley.since(self.peak)
    }

    /// From the peak to the recovery, or to `end` while there is none.
    pub fn duration(&self, end: Time) -> Span {
        self.recovery.unwrap_or(end).since(self.peak)
    }
}

/// A fold over samples of equity in time order.
#[derive(Debug, Clone, PartialEq)]
pub struct Underwater {
    peak: f64,
    peak_time: Time,
    worst: Fall,
    /// The fall that `worst` describes has not recovered.
    is_worst_open: bool,
    is_below: bool,
    longest: Span,
    squares: f64,
    samples: u64,
    last: Time,
}

impl Underwater {
    /// `start` is the equity at `time`, before the first sample.
    pub fn new(time: Time, start: f64) -> Underwater {
        Underwater {
            peak: start,
            peak_time: time,
            worst: Fall { depth: 0.0, peak: time, valley: time, recovery: None },
            is_worst_open: false,
            is_below: false,
            longest: Span::ZERO,
            squares: 0.0,
            samples: 0,
            last: time,
        }
    }

    /// The depth at this sample, a fraction from -1 to 0.
    pub fn sample(&mut self, time: Time, equity: f64) -> f64 {
        self.samples += 1;
        self.last = time;
        if self.is_below || equity < self.peak {
            self.longest = self.longest.max(time.since(self.peak_time));
        }
        self.is_below = equity < self.peak;
        if !self.is_below {
            if self.is_worst_open {
                self.worst.recovery = Some(time);
                self.is_worst_open = false;
            }
            (self.peak, self.peak_time) = (equity, time);
            return 0.0;
        }
        if self.peak <= 0.0 {
            return 0.0;
        }
        let depth = (equity / self.peak - 1.0).max(-1.0);
        self.squares += depth * depth;
        if depth < self.worst.depth {
            self.worst = Fall { depth, peak: self.peak_time, valley: time, recovery: None };
            self.is_worst_open = true;
        }
        depth
    }

    /// `None` while equity never fell.
    pub fn worst(&self) -> Option<Fall> {
        (self.worst.depth < 0.0).then_some(self.worst)
    }

    /// Maximum drawdown (MDD), 0 or negative.
    pub fn depth(&self) -> f64 {
        self.worst.depth
    }

    /// The longest time from a peak until equity was back there, a running one as the last sample stands.
    pub fn longest(&self) -> Span {
        self.longest
    }

    /// Root of the mean square depth; `None` without samples.
    pub fn ulcer_index(&self) -> Option<f64> {
        (self.samples > 0).then(|| (self.squares / self.samples as f64).sqrt())
    }

    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Time of the last sample.
    pub fn last(&self) -> Time {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Value;
    use crate::performance::Drawdown;
    use proptest::prelude::*;

    fn fold(equities: &[f64]) -> Underwater {
        let mut water = Underwater::new(Time(-1), equities[0]);
        for (at, equity) in (0..).zip(equities) {
            water.sample(Time(at), *equity);
        }
        water
    }

    #[test]
    fn the_deepest_fall_has_its_dates_and_a_longer_shallow_one_the_duration() {
        let water = fold(&[100.0, 90.0, 120.0, 60.0, 130.0, 129.0, 129.0, 129.0, 128.0]);
        let fall = water.worst().expect("it fell");
        assert_eq!(fall, Fall { depth: -0.5, peak: Time(2), valley: Time(3), recovery: Some(Time(4)) });
        assert_eq!((fall.decline(), fall.duration(Time(8))), (Span(1), Span(2)));
        assert_eq!(water.longest(), Span(4));
        assert_eq!((water.last(), water.samples()), (Time(8), 9));
    }

    #[test]
    fn a_fall_that_lasts_has_no_recovery_and_equity_that_only_rises_no_fall() {
        let fall = fold(&[10.0, 8.0, 9.0]).worst().expect("it fell");
        assert_eq!((fall.recovery, fall.duration(Time(2))), (None, Span(2)));
        let rising = fold(&[1.0, 1.0, 2.0]);
        assert_eq!((rising.worst(), rising.depth(), rising.ulcer_index()), (None, 0.0, Some(0.0)));
        assert_eq!(Underwater::new(Time(0), 1.0).ulcer_index(), None);
    }

    proptest! {
        #[test]
        fn depth_equals_the_engines_drawdown_and_stays_between_minus_one_and_zero(
            equities in prop::collection::vec(1i64..1_000_000, 1..300), factor in 0.001f64..1_000.0,
        ) {
            let mut simple = Drawdown::new(Value(i128::from(equities[0])));
            equities.iter().for_each(|equity| simple.sample(Value(i128::from(*equity))));
            let plain = fold(&equities.iter().map(|equity| *equity as f64).collect::<Vec<_>>());
            prop_assert!((plain.depth() - simple.worst()).abs() < 1e-12);
            prop_assert!((-1.0..=0.0).contains(&plain.depth()));
            // The currency that equity is counted in changes nothing.
            let scaled = fold(&equities.iter().map(|equity| *equity as f64 * factor).collect::<Vec<_>>());
            prop_assert!((plain.depth() - scaled.depth()).abs() < 1e-12);
            let (Some(ulcer), depth) = (plain.ulcer_index(), plain.depth()) else { panic!("there are samples") };
            prop_assert!(ulcer <= -depth + 1e-12, "the mean is not deeper than the worst");
            if let Some(fall) = plain.worst() {
                prop_assert!(fall.duration(plain.last()) <= plain.longest());
                prop_assert!(fall.peak < fall.valley && fall.recovery.is_none_or(|time| time > fall.valley));
            }
        }
    }
}
