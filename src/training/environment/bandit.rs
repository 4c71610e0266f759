//! `Bandit`: one action, one reward -k (action - c)^2, and the best soft policy known by quadrature.
//!
//! Invariant: every episode is one step and terminates; all moments look alike.
//! Absent on purpose: noise.

use super::super::TrainingError;
use super::{End, Environment, Outcome};
use crate::domain::digest::Digest;

/// Observation: the number 1. Action: one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bandit {
    /// k, above 0.
    pub steepness: f64,
    /// c, the best action, in -1..1.
    pub best: f64,
}

impl Bandit {
    /// Mean reward and entropy (nats) of the policy tanh(N(mean, deviation)), by quadrature over plus and minus 8 deviations.
    pub fn reward_and_entropy(self, mean: f64, deviation: f64) -> (f64, f64) {
        const POINTS: u32 = 4_001;
        let width = 16.0 / f64::from(POINTS - 1);
        let (mut reward, mut entropy) = (0.0, 0.0);
        for point in 0..POINTS {
            let z = -8.0 + width * f64::from(point);
            let weight = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() * width;
            let u = mean + deviation * z;
            // log(1 - tanh(u)^2), stable for any u (Haarnoja et al. 2018b, appendix C).
            let log_slope = 2.0 * (std::f64::consts::LN_2 - u - softplus(-2.0 * u));
            let log_density = -0.5 * z * z - deviation.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln() - log_slope;
            reward -= weight * self.steepness * (u.tanh() - self.best).powi(2);
            entropy -= weight * log_density;
        }
        (reward, entropy)
    }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

impl Environment for Bandit {
    fn fingerprint(&self) -> u64 {
        let mut digest = Digest::new();
        digest.text("bandit");
        digest.f64(self.steepness);
        digest.f64(self.best);
        digest.finish()
    }

    fn observation_len(&self) -> usize {
        1
    }

    fn action_len(&self) -> usize {
        1
    }

    fn reset(&mut self, _episode: u64) -> Result<(), TrainingError> {
        Ok(())
    }

    fn observe(&self, out: &mut [f32]) {
        out.fill(1.0);
    }

    fn step(&mut self, action: &[f32]) -> Result<Outcome, TrainingError> {
        let reward = -self.steepness * (f64::from(action[0]) - self.best).powi(2);
        Ok(Outcome { reward: reward as f32, end: End::Terminated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_policy_at_the_best_action_loses_nothing_and_has_a_normal_entropy() {
        let (reward, entropy) = Bandit { steepness: 4.0, best: 0.0 }.reward_and_entropy(0.0, 1e-3);
        assert!(reward.abs() < 1e-5);
        let normal = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln() + 1e-3_f64.ln();
        assert!((entropy - normal).abs() < 1e-5, "{entropy} {normal}");
    }
}
