//! `Backoff`: how long to wait before the next attempt to connect.
//!
//! Invariant: a pause lies between half of its step and its step; steps double up to the cap; the same seed waits the same.
//! Absent on purpose: sleeping.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::domain::{Seed, Span};

#[derive(Debug, Clone)]
pub struct Backoff {
    first: Span,
    cap: Span,
    attempts: u32,
    random: ChaCha8Rng,
}

impl Backoff {
    /// `name` tells connections of one run apart, so that they do not return at the same moment.
    pub fn new(first: Span, cap: Span, seed: Seed, name: &str) -> Backoff {
        Backoff { first, cap, attempts: 0, random: seed.stream(name) }
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Span {
        // 2^32 times the first pause is beyond every cap.
        let doubled = self.first.0.max(1).saturating_mul(1_i64 << self.attempts.min(32));
        let step = doubled.min(self.cap.0.max(1));
        self.attempts = self.attempts.saturating_add(1);
        let half = step / 2;
        let jitter = self.random.next_u64() % (step - half + 1) as u64;
        Span(half + jitter as i64)
    }

    /// The connection works again.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use crate::domain::{Seed, Span};

    #[test]
    fn pauses_double_with_jitter_up_to_the_cap_and_begin_anew_after_success() {
        let mut backoff = Backoff::new(Span::from_millis(500), Span::from_seconds(60), Seed(1), "market");
        for step in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            let pause = backoff.pause().0 / 1_000;
            assert!((step / 2..=step).contains(&pause), "{pause} of {step}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Span::from_millis(500));
        for _ in 0..200 {
            assert!(backoff.pause() <= Span::from_seconds(60));
        }
    }

    #[test]
    fn the_seed_and_the_name_decide_the_pauses() {
        let pauses = |seed, name| {
            let mut backoff = Backoff::new(Span::SECOND, Span::MINUTE, Seed(seed), name);
            (0..5).map(|_| backoff.pause()).collect::<Vec<_>>()
        };
        assert_eq!(pauses(1, "market"), pauses(1, "market"));
        assert_ne!(pauses(1, "market"), pauses(1, "account"));
        assert_ne!(pauses(1, "market"), pauses(2, "market"));
    }
}
