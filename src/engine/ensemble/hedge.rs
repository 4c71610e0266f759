//! `Hedge`: weights that fall exponentially with losses, and the share that keeps every expert alive.
//!
//! Invariant: with a share alpha no weight falls below alpha / K (first form); without one, weights depend on the sums of
//! losses alone.
//! Absent on purpose: a learning rate that finds itself (`adahedge`).
//! Source: Freund and Schapire 1997; Cesa-Bianchi and Lugosi 2006, theorem 2.2; Herbster and Warmuth 1998 for the share.

use super::weights;
use crate::domain::{Digest, StateHash};

/// What each expert gives to the others after a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    None,
    /// w = (1 - a) v + a / K.
    All(f64),
    /// w = (1 - a) v + a (1 - v) / (K - 1).
    Others(f64),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    eta: f64,
    share: Share,
    /// Logarithms, up to a constant: they do not run dry however long an expert is bad.
    logs: Vec<f64>,
    weights: Vec<f64>,
    learner: f64,
    mix: f64,
}

/// The rate under which the regret over so many rounds is bounded best: sqrt(8 ln K / T).
pub fn best_rate(experts: usize, rounds: u64) -> f64 {
    (8.0 * (experts as f64).ln() / rounds as f64).sqrt()
}

/// Regret of Hedge at its best rate with losses in 0..=1: at most sqrt(T ln K / 2).
pub fn regret_bound(experts: usize, rounds: u64) -> f64 {
    (rounds as f64 * (experts as f64).ln() / 2.0).sqrt()
}

impl Share {
    /// The share as stated.
    pub fn alpha(self) -> f64 {
        match self {
            Share::None => 0.0,
            Share::All(alpha) | Share::Others(alpha) => alpha,
        }
    }

    /// Weights after the share.
    pub fn apply(self, weights: &mut [f64]) {
        let count = weights.len() as f64;
        match self {
            Share::All(alpha) => weights.iter_mut().for_each(|w| *w = (1.0 - alpha) * *w + alpha / count),
            Share::Others(alpha) if count > 1.0 => {
                weights.iter_mut().for_each(|w| *w = (1.0 - alpha) * *w + alpha * (1.0 - *w) / (count - 1.0));
            }
            Share::Others(_) | Share::None => {}
        }
    }

    /// How much more than the best sequence of experts with so many switches the mix loss can be: what is lost to not knowing
    /// the first expert, the switches and their times. Holds for any losses.
    pub fn switching_bound(self, experts: usize, rounds: u64, switches: u64, eta: f64) -> f64 {
        let count = experts as f64;
        let alpha = match self {
            Share::None => 0.0,
            // What goes to all includes the giver.
            Share::All(alpha) => alpha * (count - 1.0) / count,
            Share::Others(alpha) => alpha,
        };
        let term = |times: f64, log: f64| if times == 0.0 { 0.0 } else { times * log };
        let (switches, stays) = (switches as f64, (rounds as f64 - 1.0 - switches as f64).max(0.0));
        let paths = count.ln() + term(switches, (count - 1.0).ln());
        (paths - term(switches, alpha.ln()) - term(stays, (-alpha).ln_1p())) / eta
    }
}

impl Hedge {
    /// Uniform weights for so many experts, at least one.
    pub fn new(experts: usize, eta: f64, share: Share) -> Hedge {
        Hedge {
            eta,
            share,
            logs: vec![0.0; experts.max(1)],
            weights: weights::uniform(experts.max(1)),
            learner: 0.0,
            mix: 0.0,
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

    /// Sum of -ln(sum w exp(-eta l)) / eta, which the bounds speak of; never above the learner's loss.
    pub fn mix_loss(&self) -> f64 {
        self.mix
    }

    /// Takes the losses of a round, one for each expert.
    pub fn update(&mut self, losses: &[f64]) {
        assert_eq!(losses.len(), self.logs.len(), "a loss for each expert");
        let logs: Vec<f64> = losses.iter().map(|loss| -self.eta * loss).collect();
        self.learner += weights::dot(&self.weights, losses);
        self.mix -= weights::log_mean(&self.weights, &logs) / self.eta;
        self.logs.iter_mut().zip(&logs).for_each(|(sum, log)| *sum += log);
        self.weights = weights::from_logs(&self.logs);
        match self.share {
            Share::None => {}
            Share::All(_) | Share::Others(_) => {
                self.share.apply(&mut self.weights);
                self.take_weights();
            }
        }
    }

    /// A new or retrained expert starts with alpha / K, whatever its predecessor had earned.
    pub fn reset(&mut self, expert: usize, alpha: f64) {
        let weight = alpha / self.weights.len() as f64;
        weights::set(&mut self.weights, expert, weight);
        self.take_weights();
    }

    fn take_weights(&mut self) {
        self.logs.iter_mut().zip(&self.weights).for_each(|(log, weight)| *log = weight.ln());
    }
}

impl StateHash for Hedge {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.eta);
        digest.f64(self.share.alpha());
        digest.u64(self.logs.len() as u64);
        self.logs.iter().for_each(|log| digest.f64(*log));
        digest.f64(self.learner);
        digest.f64(self.mix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Rounds = Vec<[f64; 4]>;

    fn rounds() -> impl Strategy<Value = Rounds> {
        // Losses at the ends are the hard ones.
        let loss = prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0];
        prop::collection::vec(prop::array::uniform4(loss), 1..120)
    }

    fn run(rounds: &Rounds, eta: f64, share: Share) -> Hedge {
        let mut hedge = Hedge::new(4, eta, share);
        rounds.iter().for_each(|losses| hedge.update(losses));
        hedge
    }

    fn sum(rounds: &[[f64; 4]], expert: usize) -> f64 {
        rounds.iter().map(|losses| losses[expert]).sum()
    }

    fn best(rounds: &[[f64; 4]]) -> f64 {
        (0..4).map(|expert| sum(rounds, expert)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn regret_stays_below_its_bound(rounds in rounds()) {
            let count = rounds.len() as u64;
            let hedge = run(&rounds, best_rate(4, count), Share::None);
            prop_assert!(hedge.loss() - best(&rounds) <= regret_bound(4, count) + 1e-9);
            prop_assert!(hedge.mix_loss() <= hedge.loss() + 1e-9);
        }

        #[test]
        fn weights_depend_on_the_sums_of_losses_alone(rounds in rounds(), eta in 0.01f64..3.0) {
            let hedge = run(&rounds, eta, Share::None);
            let whole = weights::from_logs(&(0..4).map(|expert| -eta * sum(&rounds, expert)).collect::<Vec<_>>());
            prop_assert!(hedge.weights().iter().zip(whole).all(|(one, other)| (one - other).abs() < 1e-9));
        }

        #[test]
        fn switching_costs_no_more_than_its_bound_in_both_forms(
            rounds in rounds(), alpha in 0.001f64..0.2, eta in 0.1f64..3.0, cut in 0usize..120, others in any::<bool>(),
        ) {
            prop_assume!(rounds.len() > 1);
            let share = if others { Share::Others(alpha) } else { Share::All(alpha) };
            let hedge = run(&rounds, eta, share);
            let count = rounds.len() as u64;
            let cut = 1 + cut % (rounds.len() - 1);
            let one = best(&rounds[..cut]) + best(&rounds[cut..]);
            // Staying with one expert is a path without a switch, and its bound is the bound of no switches.
            prop_assert!(hedge.mix_loss() <= best(&rounds) + share.switching_bound(4, count, 0, eta) + 1e-9);
            let first = (0..4).min_by(|a, b| sum(&rounds[..cut], *a).total_cmp(&sum(&rounds[..cut], *b)));
            let second = (0..4).min_by(|a, b| sum(&rounds[cut..], *a).total_cmp(&sum(&rounds[cut..], *b)));
            if first != second {
                prop_assert!(hedge.mix_loss() <= one + share.switching_bound(4, count, 1, eta) + 1e-9);
            }
        }

        #[test]
        fn a_share_keeps_every_expert_alive_and_no_share_is_plain_hedge(rounds in rounds(), alpha in 0.001f64..0.5) {
            let all = run(&rounds, 2.0, Share::All(alpha));
            prop_assert!(all.weights().iter().all(|weight| *weight >= alpha / 4.0 - 1e-12));
            for share in [Share::All(alpha), Share::Others(alpha), Share::None] {
                prop_assert!((run(&rounds, 2.0, share).weights().iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
            let plain = run(&rounds, 2.0, Share::None);
            for zero in [Share::All(0.0), Share::Others(0.0)] {
                let same = run(&rounds, 2.0, zero);
                prop_assert!(same.weights().iter().zip(plain.weights()).all(|(one, other)| (one - other).abs() < 1e-9));
            }
        }
    }

    #[test]
    fn a_retrained_expert_starts_with_the_share_and_the_others_keep_their_proportions() {
        let mut hedge = run(&vec![[0.0, 1.0, 0.5, 0.5]; 5], 1.0, Share::None);
        let before = hedge.weights().to_vec();
        hedge.reset(0, 0.04);
        assert!((hedge.weights()[0] - 0.01).abs() < 1e-12);
        assert!((hedge.weights()[1] / hedge.weights()[2] - before[1] / before[2]).abs() < 1e-12);
        hedge.update(&[0.5; 4]);
        assert!((hedge.weights()[0] - 0.01).abs() < 1e-12, "equal losses change nothing");
    }
}
