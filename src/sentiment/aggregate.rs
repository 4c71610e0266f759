//! `DecayAggregate`: what many opinions of different age amount to now.
//!
//! score = sum w 2^(-age / half-life) s / (sum w 2^(-age / half-life) + prior), so that few and old opinions say little.
//! Invariant: the score lies within the opinions' and no further from 0; O(1) memory, whatever arrives.
//! Absent on purpose: the source of an opinion, and its time of publication: what counts is when it arrived.

use crate::domain::{Digest, Span, StateHash, Time};

/// The most that opinions may change a size by, up or down.
pub const MOST_INFLUENCE: f64 = 0.25;

/// What one source said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opinion {
    /// When it arrived here.
    pub time: Time,
    /// -1..=1.
    pub score: f64,
    /// Weight of its source, not negative.
    pub weight: f64,
}

/// The opinions so far as two sums that fade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecayAggregate {
    half_life: Span,
    prior: f64,
    /// Opinions are old news after this long without a new one.
    stale_after: Span,
    /// When the sums stood as they stand.
    at: Option<Time>,
    last: Option<Time>,
    /// Sum of the faded weights.
    mass: f64,
    /// Sum of the faded weights times scores.
    sum: f64,
}

/// 2^(-age / half-life); what is not older than nothing counts in full.
pub fn decay(age: Span, half_life: Span) -> f64 {
    (-(age.0.max(0) as f64) / half_life.0.max(1) as f64).exp2()
}

impl DecayAggregate {
    /// `prior` is the weight of the belief that nothing is known, positive.
    pub fn new(half_life: Span, prior: f64, stale_after: Span) -> DecayAggregate {
        DecayAggregate { half_life, prior, stale_after, at: None, last: None, mass: 0.0, sum: 0.0 }
    }

    /// One that arrives late counts as old as it is; one without a finite score or weight is left out.
    pub fn add(&mut self, opinion: Opinion) {
        if !(opinion.score.is_finite() && opinion.weight.is_finite() && opinion.weight >= 0.0) {
            return;
        }
        let at = self.at.map_or(opinion.time, |at| at.max(opinion.time));
        let kept = self.fading(at);
        let weight = opinion.weight * decay(at.since(opinion.time), self.half_life);
        self.mass = self.mass * kept + weight;
        self.sum = self.sum * kept + weight * opinion.score.clamp(-1.0, 1.0);
        self.at = Some(at);
        self.last = Some(self.last.map_or(opinion.time, |last| last.max(opinion.time)));
    }

    /// Weight of all opinions now.
    pub fn mass(&self, now: Time) -> f64 {
        self.mass * self.fading(now)
    }

    /// `None` while there is no opinion, or none that is fresh.
    pub fn score(&self, now: Time) -> Option<f64> {
        self.last.filter(|last| now.since(*last) <= self.stale_after)?;
        let kept = self.fading(now);
        let mass = self.mass * kept + self.prior;
        (mass > 0.0).then(|| self.sum * kept / mass)
    }

    /// Factor for a size: 1 without a fresh opinion, at most [`MOST_INFLUENCE`] away from it. `weight` is what evidence
    /// grants these opinions, 0 to 1.
    pub fn factor(&self, now: Time, weight: f64) -> f64 {
        1.0 + self.score(now).unwrap_or(0.0) * weight.clamp(0.0, 1.0) * MOST_INFLUENCE
    }

    /// How long nothing has arrived.
    pub fn age(&self, now: Time) -> Option<Span> {
        self.last.map(|last| now.since(last))
    }

    fn fading(&self, now: Time) -> f64 {
        self.at.map_or(1.0, |at| decay(now.since(at), self.half_life))
    }
}

impl StateHash for DecayAggregate {
    fn state_hash(&self, digest: &mut Digest) {
        for span in [self.half_life, self.stale_after] {
            digest.i64(span.0);
        }
        digest.f64(self.prior);
        digest.option(self.at.as_ref());
        digest.option(self.last.as_ref());
        digest.f64(self.mass);
        digest.f64(self.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Span = Span(60 * Span::MINUTE.0);

    fn aggregate() -> DecayAggregate {
        DecayAggregate::new(HOUR, 1.0, Span(6 * HOUR.0))
    }

    #[test]
    fn one_opinion_counts_half_beside_the_prior_and_fades_with_its_age() {
        let mut aggregate = aggregate();
        assert_eq!((aggregate.score(Time(0)), aggregate.factor(Time(0), 1.0)), (None, 1.0));
        aggregate.add(Opinion { time: Time(0), score: 0.8, weight: 1.0 });
        assert_eq!(aggregate.score(Time(0)), Some(0.4));
        let later = Time(HOUR.0);
        assert_eq!((aggregate.mass(later), aggregate.score(later)), (0.5, Some(0.4 / 1.5)));
        assert_eq!(aggregate.factor(Time(0), 1.0), 1.1);
        assert_eq!(aggregate.factor(Time(0), 0.0), 1.0);
        let stale = Time(6 * HOUR.0 + 1);
        assert_eq!((aggregate.score(stale), aggregate.factor(stale, 1.0)), (None, 1.0));
        assert_eq!(aggregate.age(later), Some(HOUR));
    }

    #[test]
    fn what_is_no_number_changes_nothing() {
        let mut aggregate = aggregate();
        for (score, weight) in [(f64::NAN, 1.0), (0.5, f64::INFINITY), (0.5, -1.0)] {
            aggregate.add(Opinion { time: Time(5), score, weight });
        }
        assert_eq!(aggregate.score(Time(5)), None);
    }

    proptest! {
        #[test]
        fn two_running_sums_equal_the_sum_over_all_opinions_in_any_order_of_arrival(
            opinions in prop::collection::vec((0i64..20_000_000_000, -1.0f64..1.0, 0.0f64..3.0), 1..40),
        ) {
            let now = Time(20_000_000_000);
            let mut running = aggregate();
            let (mut mass, mut sum) = (0.0, 0.0);
            for (time, score, weight) in &opinions {
                running.add(Opinion { time: Time(*time), score: *score, weight: *weight });
                let weight = weight * decay(now.since(Time(*time)), HOUR);
                mass += weight;
                sum += weight * score;
            }
            prop_assert!((running.mass(now) - mass).abs() < 1e-9);
            let score = running.score(now).expect("all within six hours");
            prop_assert!((score - sum / (mass + 1.0)).abs() < 1e-9);
            let most = opinions.iter().fold(0.0_f64, |most, (_, score, _)| most.max(score.abs()));
            prop_assert!(score.abs() <= most + 1e-12);
            prop_assert!((0.75..=1.25).contains(&running.factor(now, 1.0)));
        }
    }
}
