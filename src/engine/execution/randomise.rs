//! `Jitter`: slices at times and of sizes that nobody can foresee, within bounds.
//!
//! Invariant: the sum stays, the order stays, no slice moves or changes by more than its bound; the same seed and name give
//! the same slices.
//! Absent on purpose: whether a slice is legal (`merge`, which comes after).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::domain::{Seed, Span};

/// A part of an order: when it is sent, counted from the start, and how many lots it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub at: Span,
    pub lots: u64,
}

/// How much chance there is, as shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter {
    /// Of the time between two slices, below a half so that they keep their order: 0.2 to 0.3.
    pub time: f64,
    /// Of a slice's lots: 0.1 to 0.2.
    pub size: f64,
}

/// Lots sent one interval after the other, from the start on.
pub fn evenly(lots: &[u64], interval: Span) -> Vec<Slice> {
    (0..).zip(lots).map(|(at, lots)| Slice { at: Span(interval.0.saturating_mul(at)), lots: *lots }).collect()
}

impl Default for Jitter {
    fn default() -> Self {
        Jitter { time: 0.25, size: 0.15 }
    }
}

impl Jitter {
    /// `name` is what tells this order's draws from others of the same seed. No slice is sent before the start.
    pub fn apply(&self, slices: &[Slice], seed: Seed, name: &str) -> Vec<Slice> {
        let mut dice = seed.stream(name);
        let mut moved = slices.to_vec();
        self.move_times(slices, &mut moved, &mut dice);
        self.move_lots(&mut moved, &mut dice);
        moved
    }

    fn move_times(&self, slices: &[Slice], moved: &mut [Slice], dice: &mut ChaCha8Rng) {
        let share = self.time.clamp(0.0, 0.49);
        for at in 0..slices.len() {
            let gap = |a: usize, b: usize| slices.get(b).map(|next| next.at.0 - slices[a].at.0);
            // The nearer of both neighbours bounds it; a slice alone stays.
            let before = at.checked_sub(1).and_then(|before| gap(before, at));
            let nearest = before.into_iter().chain(gap(at, at + 1)).min().unwrap_or(0);
            let by = share * nearest as f64 * between(dice, -1.0, 1.0);
            moved[at].at = Span((slices[at].at.0 + by as i64).max(0));
        }
    }

    /// Neighbours hand lots to each other, each at most half of what it may change by.
    fn move_lots(&self, moved: &mut [Slice], dice: &mut ChaCha8Rng) {
        let share = self.size.clamp(0.0, 1.0) / 2.0;
        let most: Vec<f64> = moved.iter().map(|slice| (slice.lots as f64 * share).floor()).collect();
        for at in 1..moved.len() {
            let bound = most[at - 1].min(most[at]);
            let lots = (bound * between(dice, -1.0, 1.0)) as i64;
            let (from, to) = if lots > 0 { (at - 1, at) } else { (at, at - 1) };
            moved[from].lots -= lots.unsigned_abs();
            moved[to].lots += lots.unsigned_abs();
        }
    }
}

fn between(dice: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    let unit = (dice.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    low + (high - low) * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slices_differ_and_repeat_with_seed_and_name() {
        let slices = evenly(&[100; 8], Span::MINUTE);
        let jitter = Jitter::default();
        let one = jitter.apply(&slices, Seed(1), "parent 1");
        assert_eq!(one, jitter.apply(&slices, Seed(1), "parent 1"));
        assert_ne!(one, jitter.apply(&slices, Seed(1), "parent 2"));
        assert!(one.iter().zip(&slices).filter(|(one, even)| one.lots != even.lots && one.at != even.at).count() >= 5);
        assert_eq!(jitter.apply(&[], Seed(1), ""), []);
        assert_eq!(Jitter { time: 0.0, size: 0.0 }.apply(&slices, Seed(9), ""), slices);
    }

    proptest! {
        #[test]
        fn sums_order_and_bounds_hold(
            lots in prop::collection::vec(0u64..10_000, 1..50), minutes in 1i64..30, seed in any::<u64>(),
            time in 0.0f64..0.5, size in 0.0f64..1.0,
        ) {
            let interval = Span(minutes * Span::MINUTE.0);
            let slices = evenly(&lots, interval);
            let moved = Jitter { time, size }.apply(&slices, Seed(seed), "order");
            prop_assert_eq!(moved.iter().map(|slice| slice.lots).sum::<u64>(), lots.iter().sum::<u64>());
            prop_assert!(moved.windows(2).all(|pair| pair[0].at < pair[1].at));
            for (moved, slice) in moved.iter().zip(&slices) {
                prop_assert!(moved.lots.abs_diff(slice.lots) as f64 <= size * slice.lots as f64 + 1e-9);
                prop_assert!((moved.at.0 - slice.at.0).abs() as f64 <= time * interval.0 as f64 + 1.0);
                prop_assert!(moved.at >= Span::ZERO);
            }
        }
    }
}
