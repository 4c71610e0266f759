//! `Window`: what a training showed over its last stretch of steps, for curves and people.
//!
//! Invariant: means of what happened since the last look, absent where nothing did.
//! Absent on purpose: judgement on held-out episodes (`trainer::evaluate`).

use serde::{Deserialize, Serialize};

use super::sac::{Losses, Plasticity};

/// Figures of a stretch. Means are over its finished episodes or its updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Since the training began, at the window's end.
    pub steps: u64,
    pub updates: u64,
    /// Transitions remembered at the window's end.
    pub remembered: usize,
    /// Finished in the window, while exploring.
    pub episodes: u64,
    /// Mean sum of rewards.
    pub episode_return: Option<f64>,
    pub episode_steps: Option<f64>,
    pub critic_loss: Option<f64>,
    pub actor_loss: Option<f64>,
    /// Temperature alpha.
    pub alpha: Option<f64>,
    /// Of the policy, nats in tanh space.
    pub entropy: Option<f64>,
    /// Mean of both critics over the batches.
    pub mean_q: Option<f64>,
    /// Mean target y of eq. 5-6.
    pub target_q: Option<f64>,
    /// What the critics said of the first action of an episode, less the discounted return that came; above 0 they promise
    /// too much.
    pub over_estimation: Option<f64>,
    /// Whether the networks can still learn, judged by one batch.
    pub plasticity: Option<Plasticity>,
}

/// Sums that become a window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    episodes: u64,
    returns: f64,
    steps: u64,
    promises: u64,
    over_estimation: f64,
    updates: u64,
    critic_loss: f64,
    actor_loss: f64,
    alpha: f64,
    entropy: f64,
    mean_q: f64,
    target_q: f64,
}

/// An episode that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished {
    pub total: f64,
    pub steps: u32,
    pub over_estimation: Option<f64>,
}

impl Tally {
    pub fn finished(&mut self, episode: Finished) {
        self.episodes += 1;
        self.returns += episode.total;
        self.steps += u64::from(episode.steps);
        self.promises += u64::from(episode.over_estimation.is_some());
        self.over_estimation += episode.over_estimation.unwrap_or(0.0);
    }

    pub fn updated(&mut self, losses: &Losses) {
        self.updates += 1;
        self.critic_loss += losses.critic;
        self.actor_loss += losses.actor;
        self.alpha += losses.temperature;
        self.entropy += losses.entropy;
        self.mean_q += losses.mean_q;
        self.target_q += losses.target_q;
    }

    pub fn window(self, steps: u64, updates: u64, remembered: usize, plasticity: Option<Plasticity>) -> Window {
        let mean = |sum: f64, count: u64| (count > 0).then(|| sum / count as f64);
        Window {
            steps,
            updates,
            remembered,
            episodes: self.episodes,
            episode_return: mean(self.returns, self.episodes),
            episode_steps: mean(self.steps as f64, self.episodes),
            critic_loss: mean(self.critic_loss, self.updates),
            actor_loss: mean(self.actor_loss, self.updates),
            alpha: mean(self.alpha, self.updates),
            entropy: mean(self.entropy, self.updates),
            mean_q: mean(self.mean_q, self.updates),
            target_q: mean(self.target_q, self.updates),
            over_estimation: mean(self.over_estimation, self.promises),
            plasticity,
        }
    }
}
