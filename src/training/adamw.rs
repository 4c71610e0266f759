//! `AdamW`: the optimiser, over plain numbers, so that all of its state can be kept.
//!
//! Invariant: the same state and gradients give the same weights to the last bit.
//! Absent on purpose: schedules of the learning rate, which who trains decides.
//! Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// First and second moments of a list of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW {
    pub steps: u64,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl AdamW {
    pub fn new(weights: usize) -> AdamW {
        AdamW { steps: 0, first: vec![0.0; weights], second: vec![0.0; weights] }
    }

    /// Moves the weights against their gradients; `decay` is the share of each weight that goes, times the rate.
    pub fn step(&mut self, weights: &mut [f32], gradients: &[f32], rate: f32, decay: f32) {
        self.steps += 1;
        let steps = self.steps.min(1 << 24) as f64;
        let unbiased = |beta: f32| (1.0 - f64::from(beta).powf(steps)) as f32;
        let (unbiased_1, unbiased_2) = (unbiased(BETA_1), unbiased(BETA_2));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradients).zip(moments) {
            *first += (1.0 - BETA_1) * (gradient - *first);
            *second += (1.0 - BETA_2) * (gradient * gradient - *second);
            let direction = (*first / unbiased_1) / ((*second / unbiased_2).sqrt() + EPSILON);
            *weight -= rate * (direction + decay * *weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_against_the_sign_and_decay_acts_without_a_gradient() {
        let (mut adam, mut weights) = (AdamW::new(3), [1.0_f32, 1.0, 1.0]);
        adam.step(&mut weights, &[0.3, -7.0, 0.0], 0.01, 0.1);
        let wanted = [1.0 - 0.01 - 0.001, 1.0 + 0.01 - 0.001, 1.0 - 0.001];
        assert!(weights.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-6), "{weights:?}");
    }

    #[test]
    fn a_quadratic_is_minimised() {
        let (mut adam, mut weights) = (AdamW::new(2), [5.0_f32, -3.0]);
        for _ in 0..2_000 {
            let gradients = [2.0 * (weights[0] - 1.0), 20.0 * (weights[1] - 2.0)];
            adam.step(&mut weights, &gradients, 0.02, 0.0);
        }
        assert!((weights[0] - 1.0).abs() < 1e-3 && (weights[1] - 2.0).abs() < 1e-3, "{weights:?}");
    }
}
