//! `Temperature`: how much entropy is worth, fixed or so that the policy has the entropy asked for.
//!
//! Source: Haarnoja et al. 2018b (arXiv 1812.05905), equations 17 and 18; the gradient is taken through log alpha.
//! Invariant: alpha is above 0.
//! Absent on purpose: the entropy of a policy (`gaussian`).

use serde::{Deserialize, Serialize};

use super::adam::ScalarAdam;

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TemperatureSettings {
    /// Alpha stays.
    Fixed(f64),
    /// Alpha moves until the policy's entropy is the target, in nats; without one it is minus the length of an action.
    Auto { start: f64, target_entropy: Option<f64> },
}

/// Alpha with its optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature {
    log_alpha: f64,
    /// `None` when alpha stays.
    target_entropy: Option<f64>,
    adam: ScalarAdam,
}

impl Temperature {
    pub fn new(settings: TemperatureSettings, action_len: usize) -> Temperature {
        let (start, target_entropy) = match settings {
            TemperatureSettings::Fixed(alpha) => (alpha, None),
            TemperatureSettings::Auto { start, target_entropy } => {
                (start, Some(target_entropy.unwrap_or(-(action_len as f64))))
            }
        };
        Temperature { log_alpha: start.ln(), target_entropy, adam: ScalarAdam::default() }
    }

    pub fn alpha(&self) -> f64 {
        self.log_alpha.exp()
    }

    /// Log alpha and both moments, and the optimiser's steps: what a checkpoint keeps.
    pub(super) fn state(&self) -> ([f64; 3], u64) {
        ([self.log_alpha, self.adam.first, self.adam.second], self.adam.steps)
    }

    pub(super) fn restore(&mut self, [log_alpha, first, second]: [f64; 3], steps: u64) {
        self.log_alpha = log_alpha;
        self.adam = ScalarAdam { steps, first, second };
    }

    /// One step at this rate, given the mean log-probability of actions just drawn.
    pub fn step(&mut self, mean_log_probability: f64, rate: f64) {
        let Some(target) = self.target_entropy else { return };
        let gradient = log_alpha_gradient(self.alpha(), mean_log_probability, target);
        self.log_alpha = self.adam.step(self.log_alpha, gradient, rate);
    }
}

/// Equation 18: the derivative by log alpha of J(alpha) = -alpha (log pi + target entropy).
pub fn log_alpha_gradient(alpha: f64, log_probability: f64, target_entropy: f64) -> f64 {
    -alpha * (log_probability + target_entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_the_slope_of_the_objective() {
        let objective = |log_alpha: f64| -log_alpha.exp() * (-0.7 - 1.0);
        let (at, step) = (0.2_f64.ln(), 1e-6);
        let slope = (objective(at + step) - objective(at - step)) / (2.0 * step);
        assert!((log_alpha_gradient(0.2, -0.7, -1.0) - slope).abs() < 1e-8);
    }

    #[test]
    fn alpha_grows_while_entropy_is_short_shrinks_while_it_is_ample_and_a_fixed_one_stays() {
        let auto = TemperatureSettings::Auto { start: 0.5, target_entropy: None };
        let after = |settings, log_probability| {
            let mut temperature = Temperature::new(settings, 1);
            (0..10).for_each(|_| temperature.step(log_probability, 0.01));
            temperature.alpha()
        };
        assert!(after(auto, 1.5) > 0.54 && after(auto, 0.5) < 0.46);
        assert_eq!(after(auto, 1.0), 0.5);
        assert_eq!(after(TemperatureSettings::Fixed(0.5), 3.0), 0.5);
    }
}
