//! `Dice`: draws from one stream of a seed.
//!
//! Invariant: the same seed and name give the same draws on every platform.
//! Absent on purpose: distributions other than the uniform one.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::domain::Seed;

pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: Seed, name: &str) -> Dice {
        Dice(seed.stream(name))
    }

    /// In 0..n; 0 for n = 0. The bias is below n / 2^64 (Lemire 2019 without rejection).
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// In 0..1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Fisher and Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_repeat_with_the_seed() {
        let mut dice = Dice::new(Seed(1), "dice");
        let mut counts = [0_u32; 6];
        (0..60_000).for_each(|_| counts[dice.below(6)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let mean = (0..10_000).map(|_| dice.uniform()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        let draws = |name| (0..9).scan(Dice::new(Seed(7), name), |dice, _| Some(dice.below(99))).collect::<Vec<_>>();
        assert_eq!(draws("a"), draws("a"));
        assert_ne!(draws("a"), draws("b"));
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_every_item_and_reaches_every_order() {
        let mut dice = Dice::new(Seed(3), "orders");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let mut items = [1, 2, 3];
            dice.shuffle(&mut items);
            seen.insert(items);
        }
        assert_eq!(seen.len(), 6);
    }
}
