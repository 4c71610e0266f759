//! `VolumeCurve`: how much is usually traded in each hour of the week.
//!
//! Invariant: bounded memory, and what is expected of an hour depends on whole hours before it.
//! Absent on purpose: holidays, and minutes within an hour.

use std::collections::VecDeque;

use crate::domain::{Bar, Digest, Span, StateHash, Time};

const HOURS_A_WEEK: usize = 168;
const HOURS_A_DAY: usize = 24;
const HOUR: i64 = 60 * Span::MINUTE.0;
/// An hour with fewer bars tells nothing of whole hours.
const LEAST_BARS: u32 = 55;
/// 1970-01-01 was a Thursday; weeks start on Monday.
const FIRST_DAY: i64 = 3;

/// The median volume of the latest weeks, for each hour of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeCurve {
    weeks: usize,
    hours: Vec<VecDeque<f64>>,
    /// The hour that is going on: its number since 1970, bars and volume.
    current: Option<(i64, u32, f64)>,
}

impl VolumeCurve {
    /// Over so many weeks: 3 to 8 are 20 to 60 days.
    pub fn new(weeks: usize) -> VolumeCurve {
        VolumeCurve { weeks: weeks.max(1), hours: vec![VecDeque::new(); HOURS_A_WEEK], current: None }
    }

    /// Takes a closed bar of a minute, in time order.
    pub fn observe(&mut self, bar: &Bar) {
        let number = bar.open_time.0.div_euclid(HOUR);
        match &mut self.current {
            Some((hour, bars, volume)) if *hour == number => {
                *bars += 1;
                *volume += bar.volume;
            }
            Some(_) | None => {
                self.finish();
                self.current = Some((number, 1, bar.volume));
            }
        }
        if self.current.is_some_and(|(_, bars, _)| bars == 60) {
            self.finish();
        }
    }

    /// Usual volume of the hour that holds this moment: the median of its weeks, else of that hour on other days, else of all
    /// hours. `None` before the first whole hour.
    pub fn usual(&self, time: Time) -> Option<f64> {
        let hour = hour_of_week(time.0.div_euclid(HOUR));
        let own = self.hours[hour].iter().copied().collect::<Vec<_>>();
        let on_other_days = || self.hours.iter().skip(hour % HOURS_A_DAY).step_by(HOURS_A_DAY);
        median(own)
            .or_else(|| median(on_other_days().flatten().copied().collect()))
            .or_else(|| median(self.hours.iter().flatten().copied().collect()))
    }

    /// Shares of the volume that is expected in so many intervals from a moment on; they sum to 1, and are equal while
    /// nothing is known. For `schedule::vwap`.
    pub fn profile(&self, from: Time, interval: Span, slices: usize) -> Vec<f64> {
        let interval = interval.0.max(1);
        let until = |slice: usize| from.0.saturating_add(interval.saturating_mul(slice as i64));
        let expected: Vec<f64> = (0..slices).map(|slice| self.between(until(slice), until(slice + 1))).collect();
        let sum: f64 = expected.iter().sum();
        let even = 1.0 / slices.max(1) as f64;
        expected.iter().map(|volume| if sum > 0.0 { volume / sum } else { even }).collect()
    }

    /// Expected volume of a stretch of time, each hour's spread evenly over it.
    fn between(&self, mut from: i64, until: i64) -> f64 {
        let mut sum = 0.0;
        while from < until {
            let end = ((from.div_euclid(HOUR) + 1) * HOUR).min(until);
            sum += self.usual(Time(from)).unwrap_or(0.0) * (end - from) as f64 / HOUR as f64;
            from = end;
        }
        sum
    }

    /// Keeps the hour that is over, a few missing bars made up for.
    fn finish(&mut self) {
        let Some((number, bars, volume)) = self.current.take() else { return };
        if bars < LEAST_BARS || !volume.is_finite() {
            return;
        }
        let hour = &mut self.hours[hour_of_week(number)];
        if hour.len() == self.weeks {
            hour.pop_front();
        }
        hour.push_back(volume * 60.0 / f64::from(bars));
    }
}

/// From Monday 00:00 UTC.
fn hour_of_week(number: i64) -> usize {
    (number + FIRST_DAY * HOURS_A_DAY as i64).rem_euclid(HOURS_A_WEEK as i64) as usize
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let above = *values.get(values.len() / 2)?;
    Some((values[(values.len() - 1) / 2] + above) / 2.0)
}

impl StateHash for VolumeCurve {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.weeks as u64);
        for hour in &self.hours {
            digest.u64(hour.len() as u64);
            hour.iter().for_each(|volume| digest.f64(*volume));
        }
        let (number, bars, volume) = self.current.unwrap_or((i64::MIN, 0, 0.0));
        digest.i64(number);
        digest.u64(u64::from(bars));
        digest.f64(volume);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An hour of bars; the first `missing` do not arrive.
    fn hour(curve: &mut VolumeCurve, number: i64, volume: f64, missing: i64) {
        for minute in missing..60 {
            let open_time = Time(number * HOUR + minute * Span::MINUTE.0);
            curve.observe(&Bar { open_time, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: volume / 60.0 });
        }
    }

    #[test]
    fn an_hour_of_the_week_is_the_median_of_its_weeks_and_one_wild_week_does_not_count() {
        let mut curve = VolumeCurve::new(3);
        for (week, volume) in [(0, 9.0), (1, 10.0), (2, 5_000.0), (3, 12.0)] {
            hour(&mut curve, week * 168 + 5, volume, 0);
        }
        let at = |number: i64| Time(number * HOUR + 7);
        assert!((curve.usual(at(5)).expect("known") - 12.0).abs() < 1e-9, "the median of 10, 5000 and 12");
        // The same hour of another day, and any other hour.
        assert_eq!(curve.usual(at(29)), curve.usual(at(5)));
        assert_eq!(curve.usual(at(6)), curve.usual(at(5)));
        assert_eq!(VolumeCurve::new(3).usual(at(5)), None);
        assert_eq!(hour_of_week(0), 72, "Thursday 00:00");
        assert_eq!(hour_of_week(-72), 0, "the Monday before");
    }

    #[test]
    fn an_hour_with_holes_counts_when_nearly_whole() {
        let mut curve = VolumeCurve::new(3);
        hour(&mut curve, 5, 60.0, 6);
        hour(&mut curve, 6, 60.0, 5);
        hour(&mut curve, 7, 999.0, 40);
        hour(&mut curve, 8, 1.0, 59);
        assert_eq!(curve.hours.iter().map(VecDeque::len).sum::<usize>(), 1);
        assert!((curve.usual(Time(6 * HOUR)).expect("known") - 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_profile_follows_the_hours_it_touches() {
        let mut curve = VolumeCurve::new(3);
        hour(&mut curve, 5, 100.0, 0);
        hour(&mut curve, 6, 300.0, 0);
        let half = Span(HOUR / 2);
        let shares = curve.profile(Time(5 * HOUR), half, 4);
        let wanted = [0.125, 0.125, 0.375, 0.375];
        assert!(shares.iter().zip(wanted).all(|(share, wanted)| (share - wanted).abs() < 1e-9), "{shares:?}");
        assert_eq!(VolumeCurve::new(3).profile(Time(0), half, 2), [0.5, 0.5]);
        assert_eq!(curve.profile(Time(0), half, 0), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn shares_sum_to_one_and_memory_is_bounded(
            volumes in prop::collection::vec(0.0f64..1e6, 1..400), from in 0i64..1_000_000_000_000, minutes in 1i64..120, slices in 1usize..50,
        ) {
            let mut curve = VolumeCurve::new(2);
            (0..).zip(&volumes).for_each(|(number, volume)| hour(&mut curve, number, *volume, 0));
            let shares = curve.profile(Time(from), Span(minutes * Span::MINUTE.0), slices);
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(shares.iter().all(|share| *share >= 0.0));
            prop_assert!(curve.hours.iter().all(|hour| hour.len() <= 2));
        }
    }
}
