//! `DataDetector`: missing minutes, bars that cannot be, frozen bars, and data that stays away.
//!
//! Invariant: a bar that it refuses is seen by no other detector; it is over only after `recovery` good bars in a row.
//! Absent on purpose: mending, and clocks: the time is told (`overdue`).

use super::event::{Event, LATE, Reading, Signal, Trouble};
use super::latch::Latch;
use super::thresholds::DataThresholds;
use crate::domain::{Bar, Digest, Span, StateHash, Time};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataDetector {
    thresholds: DataThresholds,
    last: Option<Bar>,
    /// Equal bars in a row.
    equal: u32,
    /// Good bars in a row.
    good: u32,
    latch: Latch,
    /// What the newest alarm was about.
    trouble: Trouble,
}

impl DataDetector {
    pub fn new(thresholds: DataThresholds) -> DataDetector {
        DataDetector {
            thresholds,
            last: None,
            equal: 1,
            good: 0,
            latch: Latch::new(thresholds.latch),
            trouble: Trouble::Missing { minutes: 0 },
        }
    }

    /// True when the bar may be used.
    pub fn update(&mut self, bar: &Bar) -> (bool, Option<Signal>) {
        let refused = self.refusal(bar);
        let trouble = refused.map(|why| Trouble::Impossible { why }).or_else(|| self.doubt(bar));
        self.good = if trouble.is_some() { 0 } else { self.good.saturating_add(1) };
        // A late bar must not turn the time back.
        let time = match (self.last, refused) {
            (Some(last), Some(_)) => last.open_time.max(bar.open_time),
            (None, _) | (Some(_), None) => bar.open_time,
        };
        let signal = self.tell(time.plus(Span::MINUTE), trouble);
        if refused.is_none() {
            self.equal =
                if self.last.is_some_and(|last| is_equal(&last, bar)) { self.equal.saturating_add(1) } else { 1 };
            self.last = Some(*bar);
        }
        (refused.is_none(), signal)
    }

    /// When no bar came: the next one is due a minute after the newest one's end.
    pub fn overdue(&mut self, now: Time) -> Option<Signal> {
        let age = now.since(self.last?.open_time.plus(Span::MINUTE)).0 / Span::MINUTE.0;
        if age < i64::from(self.thresholds.stale) {
            return None;
        }
        self.good = 0;
        self.tell(now, Some(Trouble::Stale { minutes: age }))
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    fn tell(&mut self, time: Time, trouble: Option<Trouble>) -> Option<Signal> {
        self.trouble = trouble.unwrap_or(self.trouble);
        let flip = self.latch.update(time, trouble.is_some(), self.good >= self.thresholds.recovery)?;
        Some(Signal::of(time, flip, Event::DataTrouble(self.trouble)))
    }

    fn refusal(&self, bar: &Bar) -> Option<&'static str> {
        if let Err(why) = bar.validate() {
            return Some(why);
        }
        self.last.filter(|last| bar.open_time <= last.open_time).map(|_| LATE)
    }

    fn doubt(&self, bar: &Bar) -> Option<Trouble> {
        let last = self.last?;
        let DataThresholds { missing, off_range, frozen, .. } = self.thresholds;
        let minutes = bar.open_time.since(last.open_time).0 / Span::MINUTE.0 - 1;
        let distance = Reading { value: bar.close / last.close - 1.0, limit: off_range };
        if minutes >= i64::from(missing) {
            return Some(Trouble::Missing { minutes });
        }
        if distance.value.abs() >= distance.limit {
            return Some(Trouble::OffRange(distance));
        }
        let bars = self.equal + 1;
        (is_equal(&last, bar) && bars >= frozen).then_some(Trouble::Frozen { bars })
    }
}

/// The same numbers, with volume: minutes without trade may well be alike.
fn is_equal(one: &Bar, two: &Bar) -> bool {
    two.volume > 0.0 && Bar { open_time: two.open_time, ..*one } == *two
}

impl StateHash for DataDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.option(self.last.as_ref());
        digest.u64(u64::from(self.equal));
        digest.u64(u64::from(self.good));
        digest.add(&self.latch);
    }
}
