//! Schedules in whole lots: even (TWAP), along a volume curve (VWAP), and as a share of what is traded (POV).
//!
//! Invariant: a schedule's slices sum to the total, exactly; an even one's differ by one lot at most.
//! Absent on purpose: when slices are sent (`randomise`), and whether they are legal (`merge`).

use crate::domain::{Digest, StateHash};

/// Even slices: the j-th has floor(S (j + 1) / n) - floor(S j / n) lots. None for no slices.
pub fn twap(lots: u64, slices: usize) -> Vec<u64> {
    let (total, n) = (u128::from(lots), slices as u128);
    let until = |slice: u128| (total * slice / n.max(1)) as u64;
    (0..n).map(|slice| until(slice + 1) - until(slice)).collect()
}

/// Slices in proportion to a profile, by largest remainder, ties to the earliest. What is negative or no number in the
/// profile counts as nothing; a profile of nothing is an even one.
pub fn vwap(lots: u64, profile: &[f64]) -> Vec<u64> {
    let weight = |share: &f64| if share.is_finite() { share.max(0.0) } else { 0.0 };
    let sum: f64 = profile.iter().map(weight).sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return twap(lots, profile.len());
    }
    let quotas: Vec<f64> = profile.iter().map(|share| lots as f64 * (weight(share) / sum)).collect();
    let mut slices: Vec<u64> = quotas.iter().map(|quota| quota.floor() as u64).collect();
    // Beyond 2^53 lots rounding may give too many; the latest give them back.
    let mut given: u128 = slices.iter().map(|slice| u128::from(*slice)).sum();
    for slice in slices.iter_mut().rev() {
        let back = given.saturating_sub(u128::from(lots)).min(u128::from(*slice));
        *slice -= back as u64;
        given -= back;
    }
    let mut order: Vec<usize> = (0..slices.len()).collect();
    // Remainders that differ by rounding alone are ties.
    let remainder = |at: usize| ((quotas[at] - quotas[at].floor()) * 1e9).round() as i64;
    order.sort_by_key(|at| (std::cmp::Reverse(remainder(*at)), *at));
    let left = u64::try_from(u128::from(lots) - given).unwrap_or(0);
    let each = twap(left, slices.len());
    // As a rule fewer lots are left than there are slices: one each in their order.
    if left <= slices.len() as u64 {
        order.into_iter().take(left as usize).for_each(|at| slices[at] += 1);
    } else {
        slices.iter_mut().zip(each).for_each(|(slice, more)| *slice += more);
    }
    slices
}

/// A share of what the market trades, with a bound on catching up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Participation {
    /// Share of the market's volume that is aimed at, 0.01 to 0.10.
    rate: f64,
    /// Largest share of the volume since the last look that one slice may have, at least the rate.
    most: f64,
    lots: u64,
    /// The market's volume since the start, in lots.
    volume: f64,
    done: u64,
}

impl Participation {
    /// Of an order for so many lots.
    pub fn new(lots: u64, rate: f64, most: f64) -> Participation {
        Participation { rate, most: most.max(rate), lots, volume: 0.0, done: 0 }
    }

    /// What is to be sent after the market has traded so many lots since the last look: what is behind rate x volume, at
    /// most the bound of this volume, at most what is left.
    pub fn due(&mut self, volume: f64) -> u64 {
        let volume = if volume.is_finite() { volume.max(0.0) } else { 0.0 };
        self.volume += volume;
        let behind = self.rate * self.volume - self.done as f64;
        let due = behind.min(self.most * volume).floor().max(0.0);
        (due as u64).min(self.left())
    }

    /// What was really filled; the rest is caught up with.
    pub fn filled(&mut self, lots: u64) {
        self.done = self.done.saturating_add(lots).min(self.lots);
    }

    pub fn left(&self) -> u64 {
        self.lots - self.done
    }
}

impl StateHash for Participation {
    fn state_hash(&self, digest: &mut Digest) {
        for part in [self.rate, self.most, self.volume] {
            digest.f64(part);
        }
        digest.u64(self.lots);
        digest.u64(self.done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_profile_is_even_and_no_slices_are_none() {
        assert_eq!(vwap(7, &[0.0, f64::NAN, -1.0]), twap(7, 3));
        assert_eq!((twap(7, 0), vwap(7, &[])), (vec![], vec![]));
        assert_eq!(vwap(10, &[1.0, 1.0, 1.0]), [4, 3, 3], "ties to the earliest");
        assert_eq!(vwap(10, &[1.0, 0.0, 3.0]), [3, 0, 7], "2.5 and 7.5 are a tie");
    }

    proptest! {
        #[test]
        fn slices_sum_to_the_total_and_lie_within_a_lot_of_their_share(
            lots in 0u64..1_000_000_000, profile in prop::collection::vec(0.0f64..100.0, 1..200), any_lots in any::<u64>(),
        ) {
            for lots in [lots, any_lots] {
                let even = twap(lots, profile.len());
                prop_assert_eq!(even.iter().map(|slice| u128::from(*slice)).sum::<u128>(), u128::from(lots));
                prop_assert!(even.iter().max().expect("slices") - even.iter().min().expect("slices") <= 1);
                let curved = vwap(lots, &profile);
                prop_assert_eq!(curved.iter().map(|slice| u128::from(*slice)).sum::<u128>(), u128::from(lots));
            }
            let sum: f64 = profile.iter().sum();
            prop_assume!(sum > 0.0);
            for (slice, share) in vwap(lots, &profile).iter().zip(&profile) {
                prop_assert!((*slice as f64 - lots as f64 * share / sum).abs() < 1.0 + 1e-6);
            }
        }

        #[test]
        fn participation_keeps_its_share_its_bound_and_its_total(
            lots in 0u64..5_000, volumes in prop::collection::vec(0.0f64..2_000.0, 1..60), filled in prop::collection::vec(0.0f64..=1.0, 60),
        ) {
            let mut order = Participation::new(lots, 0.05, 0.15);
            let (mut total, mut done) = (0.0, 0);
            for (volume, part) in volumes.iter().zip(filled) {
                total += volume;
                let due = order.due(*volume);
                prop_assert!(due as f64 <= 0.15 * volume && due <= lots - done);
                prop_assert!((done + due) as f64 <= (0.05 * total).max(done as f64) + 1e-9);
                let fill = (due as f64 * part) as u64;
                order.filled(fill);
                done += fill;
                prop_assert_eq!(order.left(), lots - done);
            }
        }
    }
}
