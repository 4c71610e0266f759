//! `ExponentiatedGradient`: a portfolio that leans towards what grew.
//!
//! Invariant: weights are positive and sum to 1; wealth is the product of what the weighted portfolio did each round.
//! Absent on purpose: costs of rebalancing; give price relatives net of them.
//! Source: Helmbold, Schapire, Singer and Warmuth 1998 (Mathematical Finance 8:4).

use super::weights;
use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, PartialEq)]
pub struct ExponentiatedGradient {
    eta: f64,
    weights: Vec<f64>,
    wealth: f64,
}

impl ExponentiatedGradient {
    /// Equal weights; the paper's `eta` is 0.05.
    pub fn new(assets: usize, eta: f64) -> ExponentiatedGradient {
        ExponentiatedGradient { eta, weights: weights::uniform(assets.max(1)), wealth: 1.0 }
    }

    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// From 1 at the start.
    pub fn wealth(&self) -> f64 {
        self.wealth
    }

    /// Takes price relatives (price over the price before), positive, one for each asset.
    pub fn update(&mut self, relatives: &[f64]) {
        assert_eq!(relatives.len(), self.weights.len(), "a relative for each asset");
        let grown = weights::dot(&self.weights, relatives);
        self.wealth *= grown;
        let log = |(weight, relative): (&f64, &f64)| weight.ln() + self.eta * relative / grown;
        self.weights = weights::from_logs(&self.weights.iter().zip(relatives).map(log).collect::<Vec<_>>());
    }
}

impl StateHash for ExponentiatedGradient {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.eta);
        digest.f64(self.wealth);
        digest.u64(self.weights.len() as u64);
        self.weights.iter().for_each(|weight| digest.f64(*weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_stay_a_portfolio_and_wealth_keeps_up_with_the_best_asset(
            rounds in prop::collection::vec(prop::array::uniform3(0.9f64..1.1), 1..60), eta in 0.0f64..0.5,
        ) {
            let mut portfolio = ExponentiatedGradient::new(3, eta);
            let mut assets = [1.0_f64; 3];
            for relatives in &rounds {
                portfolio.update(relatives);
                assets.iter_mut().zip(relatives).for_each(|(asset, relative)| *asset *= relative);
                prop_assert!((portfolio.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!(portfolio.weights().iter().all(|weight| *weight > 0.0));
            }
            // Theorem 4.1: ln(best) - ln(wealth) <= ln N / eta + eta T / (8 r^2), r the least of relatives over the largest.
            if eta > 0.01 {
                let best = assets.iter().copied().fold(0.0, f64::max);
                let r = 0.9 / 1.1;
                let bound = 3.0_f64.ln() / eta + eta * rounds.len() as f64 / (8.0 * r * r);
                prop_assert!((best / portfolio.wealth()).ln() <= bound + 1e-9);
            }
        }
    }
}
