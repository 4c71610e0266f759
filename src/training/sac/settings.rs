//! `SacSettings`: everything an agent's learning follows from besides its seed and its experience.
//!
//! Invariant: settings that pass `check` make an agent; others are refused with one sentence.
//! Absent on purpose: when to learn and from what (`replay`, `trainer`).

use serde::{Deserialize, Serialize};

use super::temperature::TemperatureSettings;
use crate::training::TrainingError;

/// Defaults are those of Haarnoja et al. 2018b, table 1, with LayerNorm in the critics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SacSettings {
    /// Units of each hidden layer, of the actor and of both critics: 1 to 8 layers of 1 to 4,096.
    pub hidden: Vec<usize>,
    /// LayerNorm after each hidden linear map of the critics, before ReLU.
    pub layer_norm: bool,
    /// Transitions in one update, 1 to 65,536.
    pub batch: usize,
    /// Discount of one step, 0 to 1.
    pub gamma: f64,
    /// Share by which the targets follow the critics in one update, above 0 to 1.
    pub tau: f32,
    /// Learning rates, above 0 to 1.
    pub actor_rate: f64,
    pub critic_rate: f64,
    pub temperature_rate: f64,
    pub temperature: TemperatureSettings,
    /// Decoupled weight decay (AdamW), 0 to 1.
    pub actor_decay: f64,
    pub critic_decay: f64,
    /// Strength of the pull to the first weights, of L2 init: strength * |theta - theta_0|^2 in the loss; 0 to 1.
    pub pull_to_first: f64,
    /// Longest gradient of all weights of the actor, and of the critics; `None` leaves gradients as they are.
    pub longest_gradient: Option<f64>,
}

impl Default for SacSettings {
    fn default() -> SacSettings {
        SacSettings {
            hidden: vec![256, 256],
            layer_norm: true,
            batch: 256,
            gamma: 0.99,
            tau: 0.005,
            actor_rate: 3e-4,
            critic_rate: 3e-4,
            temperature_rate: 3e-4,
            temperature: TemperatureSettings::Auto { start: 1.0, target_entropy: None },
            actor_decay: 0.0,
            critic_decay: 0.0,
            pull_to_first: 0.0,
            longest_gradient: None,
        }
    }
}

impl SacSettings {
    /// Whether every number is in its range.
    pub fn check(&self) -> Result<(), TrainingError> {
        let refuse = |name: &str, found: String, allowed: &str| {
            Err(TrainingError::Settings(format!("sac.{name} is {found}: {allowed} is allowed, change it there")))
        };
        if !(1..=8).contains(&self.hidden.len()) || self.hidden.iter().any(|width| !(1..=4_096).contains(width)) {
            return refuse("hidden", format!("{:?}", self.hidden), "1 to 8 layers of 1 to 4096 units");
        }
        if !(1..=65_536).contains(&self.batch) {
            return refuse("batch", self.batch.to_string(), "1 to 65536");
        }
        let rates = [
            ("tau", f64::from(self.tau)),
            ("actor_rate", self.actor_rate),
            ("critic_rate", self.critic_rate),
            ("temperature_rate", self.temperature_rate),
        ];
        for (name, found) in rates {
            if !(found > 0.0 && found <= 1.0) {
                return refuse(name, found.to_string(), "above 0 to 1");
            }
        }
        let shares = [
            ("gamma", self.gamma),
            ("actor_decay", self.actor_decay),
            ("critic_decay", self.critic_decay),
            ("pull_to_first", self.pull_to_first),
        ];
        for (name, found) in shares {
            if !(0.0..=1.0).contains(&found) {
                return refuse(name, found.to_string(), "0 to 1");
            }
        }
        let alpha = match self.temperature {
            TemperatureSettings::Fixed(alpha) => alpha,
            TemperatureSettings::Auto { start, .. } => start,
        };
        if !(alpha > 0.0 && alpha <= 1_000.0) {
            return refuse("temperature", alpha.to_string(), "above 0 to 1000");
        }
        if let TemperatureSettings::Auto { target_entropy: Some(target), .. } = self.temperature
            && !(-1_000.0..=1_000.0).contains(&target)
        {
            return refuse("temperature.target_entropy", target.to_string(), "-1000 to 1000");
        }
        if let Some(longest) = self.longest_gradient
            && !(longest > 0.0 && longest.is_finite())
        {
            return refuse("longest_gradient", longest.to_string(), "a finite number above 0, or null,");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_come_back_from_json_and_every_bad_number_is_named() {
        let good = SacSettings::default();
        assert!(good.check().is_ok());
        let text = serde_json::to_string(&good).expect("json");
        assert_eq!(serde_json::from_str::<SacSettings>(&text).expect("settings"), good);
        let bad = [
            ("hidden", SacSettings { hidden: vec![], ..good.clone() }),
            ("hidden", SacSettings { hidden: vec![256, 0], ..good.clone() }),
            ("batch", SacSettings { batch: 0, ..good.clone() }),
            ("tau", SacSettings { tau: 0.0, ..good.clone() }),
            ("gamma", SacSettings { gamma: f64::NAN, ..good.clone() }),
            ("critic_rate", SacSettings { critic_rate: 2.0, ..good.clone() }),
            ("temperature", SacSettings { temperature: TemperatureSettings::Fixed(0.0), ..good.clone() }),
            ("longest_gradient", SacSettings { longest_gradient: Some(-1.0), ..good.clone() }),
        ];
        for (name, settings) in bad {
            let said = settings.check().expect_err(name).to_string();
            assert!(said.starts_with(&format!("sac.{name} is ")), "{said}");
        }
    }
}
