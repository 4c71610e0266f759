//! `LiquidityDetector`: volume far below what is usual for the hour of the week, minutes without a trade, and, where the
//! book is known, a wide spread or little depth.
//!
//! What is usual is a median followed in logarithms (of the newest day or so, plus what the hour of the week adds), so a
//! crash with a hundred times the volume moves it by no more than any other bar.
//! Invariant: what is usual is known before the bar; minutes without a trade are counted, not averaged.
//! Absent on purpose: the book's shape beyond best spread and the depth that the caller measures.

use super::event::{Event, Reading, Signal};
use super::latch::Latch;
use super::measures::{RunningMean, WARM_UP};
use super::thresholds::LiquidityThresholds;
use crate::domain::{Bar, Digest, Span, StateHash, Time};

/// The book as it stood at the close of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookState {
    /// (ask - bid) / middle.
    pub spread: f64,
    /// What rests within the caller's distance of the middle, both sides, in the quote currency.
    pub depth: f64,
}

/// A book over its usual one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookShares {
    pub spread: f64,
    pub depth: f64,
}

const HOURS: usize = 168;
/// Books seen before they are judged.
const BOOK_WARM_UP: u32 = 60;

#[derive(Debug, Clone, PartialEq)]
pub struct LiquidityDetector {
    thresholds: LiquidityThresholds,
    recent: RunningMean,
    usual: LogMedian,
    /// What each hour of the week adds to `usual`, Monday 00:00 first.
    hours: Vec<f64>,
    still: u32,
    spread: LogMedian,
    depth: LogMedian,
    /// Of the newest book that could be judged.
    shares: Option<BookShares>,
    latch: Latch,
}

/// A median followed in logarithms, in steps.
#[derive(Debug, Clone, Copy, PartialEq)]
struct LogMedian {
    value: f64,
    seen: u32,
}

impl LogMedian {
    /// About a day of minutes to follow a change by e.
    const STEP: f64 = 0.001;

    fn update(&mut self, log: f64) {
        self.seen = self.seen.saturating_add(1);
        let step = (1.0 / f64::from(self.seen)).max(Self::STEP);
        if self.seen == 1 {
            self.value = log;
        } else {
            self.value += step * towards(log - self.value);
        }
    }
}

/// What an hour of the week adds moves by this a minute.
const HOUR_STEP: f64 = 0.004;

fn towards(difference: f64) -> f64 {
    if difference == 0.0 { 0.0 } else { difference.signum() }
}

impl LiquidityDetector {
    pub fn new(thresholds: LiquidityThresholds) -> LiquidityDetector {
        let median = LogMedian { value: 0.0, seen: 0 };
        LiquidityDetector {
            thresholds,
            recent: RunningMean::new(15),
            usual: median,
            hours: vec![0.0; HOURS],
            still: 0,
            spread: median,
            depth: median,
            shares: None,
            latch: Latch::new(thresholds.latch),
        }
    }

    pub fn update(&mut self, bar: &Bar, book: Option<&BookState>) -> Option<Signal> {
        let t = self.thresholds;
        let volume = Reading { value: self.volume(bar), limit: t.volume_enter };
        let still = Reading { value: f64::from(self.still), limit: f64::from(t.still) };
        let spread = book.and_then(|book| over_usual(&mut self.spread, book.spread));
        let spread = spread.map(|value| Reading { value, limit: t.spread_enter });
        let depth = book.and_then(|book| over_usual(&mut self.depth, book.depth));
        let depth = depth.map(|value| Reading { value, limit: t.depth_enter });
        let shares = spread.zip(depth);
        let shares = shares.map(|(spread, depth)| BookShares { spread: spread.value, depth: depth.value });
        self.shares = shares.or(self.shares);
        let enter = volume.is_below()
            || still.is_above()
            || spread.is_some_and(|reading| reading.is_above())
            || depth.is_some_and(|reading| reading.is_below());
        let leave = volume.value >= t.volume_leave
            && self.still == 0
            && spread.is_none_or(|reading| reading.value <= t.spread_leave)
            && depth.is_none_or(|reading| reading.value >= t.depth_leave);
        let time = bar.open_time.plus(Span::MINUTE);
        let flip = self.latch.update(time, enter, leave)?;
        Some(Signal::of(time, flip, Event::LiquidityDrop { volume, still, spread, depth }))
    }

    /// Recent volume as a share of the usual; 1 during warm-up.
    fn volume(&mut self, bar: &Bar) -> f64 {
        self.still = if bar.volume > 0.0 { 0 } else { self.still.saturating_add(1) };
        let recent = self.recent.update(bar.volume);
        let hour = hour_of_week(bar.open_time);
        let share = if self.usual.seen < WARM_UP { 1.0 } else { recent / (self.usual.value + self.hours[hour]).exp() };
        // A minute without trade has no logarithm; it is counted by `still` and lowers `recent`.
        if bar.volume > 0.0 {
            let log = bar.volume.ln();
            if self.usual.seen >= WARM_UP {
                let off = log - self.usual.value;
                self.hours[hour] += HOUR_STEP * towards(off - self.hours[hour]);
            }
            self.usual.update(log);
        }
        share
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Of the newest book that was judged; none while none was.
    pub fn book(&self) -> Option<BookShares> {
        self.shares
    }
}

/// Over the median before it, which then takes it in; none during warm-up and for what is not positive.
fn over_usual(median: &mut LogMedian, x: f64) -> Option<f64> {
    if !x.is_finite() || x < 0.0 {
        return None;
    }
    let ratio = (median.seen >= BOOK_WARM_UP).then(|| x / median.value.exp());
    if x > 0.0 {
        median.update(x.ln());
    }
    ratio
}

/// 0 is Monday 00:00 to 01:00 UTC; 1970-01-01 was a Thursday.
fn hour_of_week(time: Time) -> usize {
    const HOUR: i64 = 60 * Span::MINUTE.0;
    let hour = (time.0.div_euclid(HOUR) + 72).rem_euclid(HOURS as i64);
    hour as usize
}

impl StateHash for LiquidityDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.recent);
        for median in [&self.usual, &self.spread, &self.depth] {
            digest.f64(median.value);
            digest.u64(u64::from(median.seen));
        }
        self.hours.iter().for_each(|x| digest.f64(*x));
        digest.u64(u64::from(self.still));
        if let Some(shares) = self.shares {
            digest.f64(shares.spread);
            digest.f64(shares.depth);
        }
        digest.add(&self.latch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday() {
        // 2024-01-01 was a Monday.
        let monday = Time::from_millis(1_704_067_200_000);
        assert_eq!(hour_of_week(monday), 0);
        assert_eq!(hour_of_week(monday.minus(Span(1))), 167);
        assert_eq!(hour_of_week(monday.plus(Span(25 * 3_600_000_000))), 25);
    }
}
