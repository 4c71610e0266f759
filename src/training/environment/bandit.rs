//! `Bandit`: one action, one reward -k (action - c)^2.
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
