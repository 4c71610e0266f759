//! `AdaHedge`: Hedge with a learning rate that finds itself, and a fixed share that lets it change its mind.
//!
//! Invariant: without a share the regret obeys the bound of the paper; with one, no weight falls below alpha / K once the
//! experts have differed.
//! Absent on purpose: settings; the share is the only one.
//! Source: de Rooij, van Erven, Gruenwald and Koolen 2014 (JMLR 15), theorem 8; Herbster and Warmuth 1998 for the share.

use super::weights;
use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, PartialEq)]
pub struct AdaHedge {
    /// Share alpha per update, 1/1440 to 1/100 for minutes; 0 is the paper's algorithm.
    alpha: f64,
    /// Sums of losses, less that of the best; with a share: what such sums would have to be for the weights to be what they
    /// are.
    sums: Vec<f64>,
    weights: Vec<f64>,
    /// Sum of mixability gaps (Delta): eta = ln K / Delta, infinite at first.
    gap: f64,
    learner: f64,
    rounds: u64,
}

/// Regret without a share after so many rounds with losses in 0..=1, the best expert having lost `best`:
/// 2 sqrt(V ln K) + 16/3 ln K + 2 with V = (T - L*) L* / T.
pub fn regret_bound(experts: usize, rounds: u64, best: f64) -> f64 {
    let (log, rounds) = ((experts as f64).ln(), rounds as f64);
    let variance = if rounds > 0.0 { (rounds - best) * best / rounds } else { 0.0 };
    2.0 * (variance.max(0.0) * log).sqrt() + 16.0 / 3.0 * log + 2.0
}

impl AdaHedge {
    /// Uniform weights for so many experts, at least one.
    pub fn new(experts: usize, alpha: f64) -> AdaHedge {
        let experts = experts.max(1);
        AdaHedge {
            alpha: alpha.clamp(0.0, 1.0),
            sums: vec![0.0; experts],
            weights: weights::uniform(experts),
            gap: 0.0,
            learner: 0.0,
            rounds: 0,
        }
    }

    /// For the next round.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Sum of the losses of the weighted experts.
    pub fn loss(&self) -> f64 {
        self.learner
    }

    /// Delta: how much more was lost than by mixing.
    pub fn gap(&self) -> f64 {
        self.gap
    }

    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Takes the losses of a round, one for each expert, finite.
    pub fn update(&mut self, losses: &[f64]) {
        assert_eq!(losses.len(), self.sums.len(), "a loss for each expert");
        let loss = weights::dot(&self.weights, losses);
        let before = least(&self.sums);
        self.sums.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss);
        let eta = self.eta();
        let mix = match eta {
            Some(eta) => {
                let logs: Vec<f64> = losses.iter().map(|loss| -eta * loss).collect();
                -weights::log_mean(&self.weights, &logs) / eta
            }
            // At an infinite rate only the best counts.
            None => least(&self.sums) - before,
        };
        self.learner += loss;
        self.rounds += 1;
        if let Some(eta) = eta.filter(|_| self.alpha > 0.0) {
            self.share(eta);
        }
        // Rounding may make it slightly negative.
        self.gap += (loss - mix).max(0.0);
        self.normalise();
    }

    /// A new or retrained expert starts with alpha / K, whatever its predecessor had earned. Before the experts have differed
    /// there is nothing to reset.
    pub fn reset(&mut self, expert: usize, alpha: f64) {
        let Some(eta) = self.eta() else { return };
        let mut weights = self.weights.clone();
        weights::set(&mut weights, expert, alpha.max(f64::MIN_POSITIVE) / self.weights.len() as f64);
        self.take(&weights, eta);
        self.normalise();
    }

    /// `None` while the rate is infinite.
    fn eta(&self) -> Option<f64> {
        let eta = (self.sums.len() as f64).ln() / self.gap;
        (self.gap > 0.0 && eta.is_finite() && eta > 0.0).then_some(eta)
    }

    /// Sums become those at which this rate gives the shared weights.
    fn share(&mut self, eta: f64) {
        let mut shared = self.posterior(eta);
        let floor = self.alpha / shared.len() as f64;
        shared.iter_mut().for_each(|weight| *weight = (1.0 - self.alpha) * *weight + floor);
        self.take(&shared, eta);
    }

    fn take(&mut self, weights: &[f64], eta: f64) {
        self.sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum = -weight.ln() / eta);
    }

    fn posterior(&self, eta: f64) -> Vec<f64> {
        weights::from_logs(&self.sums.iter().map(|sum| -eta * sum).collect::<Vec<_>>())
    }

    /// Sums from that of the best on, and the weights that follow from them.
    fn normalise(&mut self) {
        let best = least(&self.sums);
        self.sums.iter_mut().for_each(|sum| *sum -= best);
        self.weights = match self.eta() {
            Some(eta) => self.posterior(eta),
            None => {
                let leads: Vec<f64> = self.sums.iter().map(|sum| if *sum > 0.0 { 0.0 } else { 1.0 }).collect();
                let leaders: f64 = leads.iter().sum();
                leads.iter().map(|lead| lead / leaders.max(1.0)).collect()
            }
        };
    }
}

fn least(sums: &[f64]) -> f64 {
    sums.iter().copied().fold(f64::INFINITY, f64::min)
}

impl StateHash for AdaHedge {
    fn state_hash(&self, digest: &mut Digest) {
        for part in [self.alpha, self.gap, self.learner] {
            digest.f64(part);
        }
        digest.u64(self.rounds);
        digest.u64(self.sums.len() as u64);
        self.sums.iter().for_each(|sum| digest.f64(*sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Rounds = Vec<[f64; 3]>;

    fn rounds() -> impl Strategy<Value = Rounds> {
        let loss = prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0];
        prop::collection::vec(prop::array::uniform3(loss), 1..150)
    }

    fn run(rounds: &Rounds, alpha: f64) -> AdaHedge {
        let mut hedge = AdaHedge::new(3, alpha);
        rounds.iter().for_each(|losses| hedge.update(losses));
        hedge
    }

    /// The paper's figure 1, without any care for numbers that are far apart.
    fn textbook(rounds: &Rounds) -> (Vec<f64>, f64, f64) {
        let (mut sums, mut gap, mut learner, mut used) = ([0.0_f64; 3], 0.0_f64, 0.0, vec![]);
        for losses in rounds {
            let best = least(&sums);
            let eta = 3.0_f64.ln() / gap;
            let raw = sums.map(|sum| if gap > 0.0 { (-eta * (sum - best)).exp() } else { f64::from(sum == best) });
            used = raw.iter().map(|weight| weight / raw.iter().sum::<f64>()).collect();
            let loss = weights::dot(&used, losses);
            sums.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss);
            // From the least loss of those that count on, else all terms may vanish.
            let counted = used.iter().zip(losses).filter(|(weight, _)| **weight > 0.0);
            let floor = counted.map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
            let mixed =
                |(weight, loss): (&f64, &f64)| if *weight > 0.0 { weight * (-eta * (loss - floor)).exp() } else { 0.0 };
            let mix = if gap > 0.0 {
                floor - used.iter().zip(losses).map(mixed).sum::<f64>().ln() / eta
            } else {
                least(&sums) - best
            };
            learner += loss;
            gap += (loss - mix).max(0.0);
        }
        (used, learner, gap)
    }

    proptest! {
        #[test]
        fn without_a_share_it_is_the_papers_and_obeys_its_bound(rounds in rounds()) {
            let mut hedge = run(&rounds[..rounds.len() - 1].to_vec(), 0.0);
            let (used, learner, gap) = textbook(&rounds);
            prop_assert!(hedge.weights().iter().zip(&used).all(|(one, other)| (one - other).abs() < 1e-7));
            hedge.update(&rounds[rounds.len() - 1]);
            prop_assert!((hedge.loss() - learner).abs() < 1e-7 && (hedge.gap() - gap).abs() < 1e-7);
            let sum = |expert: usize| rounds.iter().map(|losses| losses[expert]).sum::<f64>();
            let best = (0..3).map(sum).fold(f64::INFINITY, f64::min);
            prop_assert!(hedge.loss() - best <= regret_bound(3, rounds.len() as u64, best) + 1e-9);
        }

        #[test]
        fn a_share_keeps_every_expert_alive(rounds in rounds(), alpha in 0.000_5f64..0.1) {
            let mut hedge = AdaHedge::new(3, alpha);
            for losses in &rounds {
                hedge.update(losses);
                prop_assert!((hedge.weights().iter().sum::<f64>() - 1.0).abs() < 1e-9);
                if hedge.gap() > 0.0 && hedge.rounds() > 1 {
                    let least = least(hedge.weights());
                    prop_assert!(least > 0.0);
                }
            }
            hedge.update(&[0.5; 3]);
            if hedge.gap() > 0.0 {
                prop_assert!(least(hedge.weights()) >= alpha / 3.0 - 1e-9, "{:?}", hedge.weights());
            }
        }
    }

    #[test]
    fn with_a_share_it_follows_the_better_expert_soon_after_a_change() {
        let mut rounds = vec![[0.3, 0.7, 0.5]; 500];
        rounds.extend(vec![[0.7, 0.3, 0.5]; 60]);
        let weight = |alpha| run(&rounds, alpha).weights()[1];
        assert!(weight(1.0 / 100.0) > 0.5, "{}", weight(1.0 / 100.0));
        assert!(weight(0.0) < 0.1, "{}", weight(0.0));
        let mut hedge = run(&rounds, 0.01);
        hedge.reset(1, 0.03);
        assert!((hedge.weights()[1] - 0.01).abs() < 1e-9);
    }
}
