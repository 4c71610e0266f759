//! `Batch` and `Losses`: what goes into an update and what it found.
//!
//! Invariant: every list of a batch has its length times the rows.
//! Absent on purpose: where transitions come from (`replay`).

/// Transitions to learn from, a row each. Numbers of a row lie together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    pub rows: usize,
    /// [rows][observation_len]
    pub observations: Vec<f32>,
    /// [rows][action_len], in [-1, 1].
    pub actions: Vec<f32>,
    /// [rows]: discounted sums over the n steps of the transition.
    pub rewards: Vec<f32>,
    /// [rows][observation_len], n steps later.
    pub next_observations: Vec<f32>,
    /// [rows]: gamma^n, and 0 where the episode terminated.
    pub discounts: Vec<f32>,
}

/// What an update found.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Losses {
    /// Sum over both critics of J_Q, equation 5: half mean squared errors.
    pub critic: f64,
    /// J_pi, equation 9.
    pub actor: f64,
    /// Alpha after the update.
    pub temperature: f64,
    /// Minus the mean log-probability of drawn actions, in nats.
    pub entropy: f64,
    /// Mean over rows and critics of Q for the batch's actions.
    pub mean_q: f64,
    /// Mean of the targets y.
    pub target_q: f64,
    /// Euclidean norms of the gradients, before they are clipped.
    pub critic_gradient: f64,
    pub actor_gradient: f64,
}

impl Batch {
    /// Rows of zeros, to be written over.
    pub fn new(rows: usize, observation_len: usize, action_len: usize) -> Batch {
        Batch {
            rows,
            observations: vec![0.0; rows * observation_len],
            actions: vec![0.0; rows * action_len],
            rewards: vec![0.0; rows],
            next_observations: vec![0.0; rows * observation_len],
            discounts: vec![0.0; rows],
        }
    }

    /// # Panics
    ///
    /// When a list has another length: a bug of the caller.
    pub(super) fn check(&self, observation_len: usize, action_len: usize) {
        let found = [&self.observations, &self.actions, &self.rewards, &self.next_observations, &self.discounts];
        let wanted = [observation_len, action_len, 1, observation_len, 1].map(|len| self.rows * len);
        assert_eq!(found.map(Vec::len), wanted, "numbers of a batch of {} rows", self.rows);
    }
}
