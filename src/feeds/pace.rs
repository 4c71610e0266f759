//! `Pace`: when a source is asked next.
//!
//! Invariant: a pause lies within a tenth of its interval, or between half of a back-off's step and the step; the same seed
//! waits the same.
//! Absent on purpose: sleeping.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::Timing;
use crate::domain::{Seed, Span};

#[derive(Debug)]
pub(super) struct Pace {
    every: Span,
    timing: Timing,
    failures: u32,
    random: ChaCha8Rng,
}

impl Pace {
    pub(super) fn new(every: Span, timing: Timing, seed: Seed, name: &str) -> Pace {
        Pace { every, timing, failures: 0, random: seed.stream(&format!("feeds {name}")) }
    }

    /// Before the first question.
    pub(super) fn begin(&mut self) -> Span {
        self.between(0, self.timing.begin_within.0)
    }

    pub(super) fn after_success(&mut self) -> Span {
        self.failures = 0;
        let tenth = self.every.0 / 10;
        self.between(self.every.0 - tenth, self.every.0 + tenth)
    }

    /// Never sooner than the host asks for, nor, as long as it fails, than the back-off's step.
    pub(super) fn after_failure(&mut self, retry_after: Option<Span>) -> Span {
        let doubled = self.timing.first_pause.0.max(1).saturating_mul(1_i64 << self.failures.min(30));
        self.failures = self.failures.saturating_add(1);
        let step = doubled.min(self.timing.longest_pause.0.max(1));
        let pause = self.between(step - step / 2, step);
        // A host that asks for days is asked again after the longest pause.
        retry_after.map_or(pause, |asked| pause.max(asked.min(self.timing.longest_pause)))
    }

    fn between(&mut self, low: i64, high: i64) -> Span {
        let width = u64::try_from(high - low).unwrap_or_default();
        Span(low + (self.random.next_u64() % (width + 1)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_jitter_back_off_and_obey_the_host() {
        let mut pace = Pace::new(Span::MINUTE, Timing::default(), Seed(1), "funding");
        for _ in 0..50 {
            assert!((54..=66).contains(&(pace.after_success().0 / 1_000_000)));
        }
        for step in [15, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            let pause = pace.after_failure(None).0 / 1_000_000;
            assert!((step / 2..=step).contains(&pause), "{pause} of {step}");
        }
        assert!(pace.after_success() <= Span::from_seconds(66));
        assert_eq!(pace.after_failure(Some(Span::from_seconds(700))), Span::from_seconds(700));
        assert_eq!(pace.after_failure(Some(Span::DAY)), Span::from_seconds(3_600));
        let first = |seed| Pace::new(Span::MINUTE, Timing::default(), Seed(seed), "funding").begin();
        assert!(first(1) == first(1) && first(1) != first(2));
    }
}
