//! `ModelAveraging`: probabilities of models by how well they forecast, with a memory that fades.
//!
//! Invariant: probabilities sum to 1; without forgetting it is Bayesian model averaging, which ends on one model.
//! Absent on purpose: the models' densities; they come as logarithms.
//! Source: Raftery, Karny and Ettler 2010 (Technometrics 52:1), equations 5 and 6.

use super::weights;
use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, PartialEq)]
pub struct ModelAveraging {
    /// Alpha, 0.95 to 0.99; 1 never forgets.
    forgetting: f64,
    /// Logarithms up to a constant, so that no model's probability runs dry.
    logs: Vec<f64>,
}

impl ModelAveraging {
    /// Equal probabilities.
    pub fn new(models: usize, forgetting: f64) -> ModelAveraging {
        ModelAveraging { forgetting, logs: vec![0.0; models.max(1)] }
    }

    /// After what was seen so far.
    pub fn posterior(&self) -> Vec<f64> {
        weights::from_logs(&self.logs)
    }

    /// For the next forecast: the posterior to the power of alpha.
    pub fn prediction(&self) -> Vec<f64> {
        weights::from_logs(&self.logs.iter().map(|log| self.forgetting * log).collect::<Vec<_>>())
    }

    /// Takes the logarithm of the density that each model gave to what happened.
    pub fn update(&mut self, log_densities: &[f64]) {
        assert_eq!(log_densities.len(), self.logs.len(), "a density for each model");
        // No model is refuted for ever by one impossible event.
        const WORST: f64 = -700.0;
        for (log, density) in self.logs.iter_mut().zip(log_densities) {
            *log = self.forgetting * *log + density.max(WORST);
        }
        let most = self.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.logs.iter_mut().for_each(|log| *log -= most);
    }

    /// A new or retrained model starts with alpha / K of the probability.
    pub fn reset(&mut self, model: usize, alpha: f64) {
        let mut posterior = self.posterior();
        weights::set(&mut posterior, model, alpha.max(f64::MIN_POSITIVE) / self.logs.len() as f64);
        self.logs.iter_mut().zip(&posterior).for_each(|(log, weight)| *log = weight.max(f64::MIN_POSITIVE).ln());
    }
}

impl StateHash for ModelAveraging {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.forgetting);
        digest.u64(self.logs.len() as u64);
        self.logs.iter().for_each(|log| digest.f64(*log));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_forgets_follows_a_change_and_one_that_does_not_stays() {
        let after_change = |forgetting| {
            let mut averaging = ModelAveraging::new(2, forgetting);
            (0..300).for_each(|_| averaging.update(&[-1.0, -1.5]));
            (0..100).for_each(|_| averaging.update(&[-1.5, -1.0]));
            averaging.posterior()[1]
        };
        assert!(after_change(0.95) > 0.99 && after_change(1.0) < 1e-9);
        let mut averaging = ModelAveraging::new(2, 0.99);
        averaging.update(&[f64::NEG_INFINITY, f64::NAN]);
        assert!((averaging.posterior().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        averaging.reset(0, 0.02);
        assert!((averaging.posterior()[0] - 0.01).abs() < 1e-12);
        assert!((averaging.prediction()[0] - 0.01).abs() < 0.001, "one step of forgetting moves it little");
    }
}
