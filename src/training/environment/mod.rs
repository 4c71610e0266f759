//! `Environment`: a problem in steps, as reinforcement learning asks it: observe, act, be rewarded.
//!
//! `pendulum`, `bandit` and `markov` are problems whose solution is known; `gymnasium` begins episodes where others do.
//! Invariant: an episode follows from its number and the actions taken in it alone, so the state of an environment is its
//! episode's number and the actions since; to go on after an interruption is to act them again.
//! Absent on purpose: who acts (`sac`), what is remembered (`replay`).

pub mod bandit;
pub mod gymnasium;
pub mod markov;
pub mod pendulum;
pub mod reward;
pub mod tape;
pub mod trading;

use super::TrainingError;

pub use bandit::Bandit;
pub use markov::Markov;
pub use pendulum::Pendulum;

/// A Markov decision process with observations of fixed length and actions in [-1, 1].
pub trait Environment {
    /// A hash of all that an episode follows from besides its number and the actions: kind, data, costs, limits, seed. A
    /// training goes on in an environment of the same alone.
    fn fingerprint(&self) -> u64;

    /// Numbers in an observation.
    fn observation_len(&self) -> usize;

    /// Numbers in an action.
    fn action_len(&self) -> usize;

    /// Begins the episode with this number.
    fn reset(&mut self, episode: u64) -> Result<(), TrainingError>;

    /// Writes the present observation: `observation_len` finite numbers of the order of one.
    fn observe(&self, out: &mut [f32]);

    /// Acts: `action_len` numbers in [-1, 1]. After an end only `reset` may follow.
    fn step(&mut self, action: &[f32]) -> Result<Outcome, TrainingError>;

    /// Which kind of moment this is, for sampling that forgets no kind; 0 where all are alike.
    fn stratum(&self) -> u8 {
        0
    }
}

/// What a step brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub reward: f32,
    pub end: End,
}

/// Whether and how an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Goes,
    /// A terminal state: nothing follows, its value is 0.
    Terminated,
    /// Only the window of data or the time limit is over: what follows has the value of the state reached.
    Truncated,
}
