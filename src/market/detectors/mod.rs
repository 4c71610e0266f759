//! Detectors with a model of what they watch: adaptive windows, run lengths, hidden states, jump penalties, segments.
//!
//! `Adwin`, `Bocpd`, `HmmFilter` and `JumpTracker` are fed value by value and may be used while trading. What has a whole
//! row as its argument (`GaussianHmm::smoothed`, `JumpModel::best_path`, `segments`) knows the future of its rows and is for
//! fitting, labels and judging delays.
//! Invariant: what `update` answers at t depends on values up to t.
//! Absent on purpose: what to make of a change (`market::regime`), and detectors without a model (`market::changes`).

pub mod adwin;
pub mod bocpd;
pub mod hmm;
pub mod jump_model;
pub mod segments;

pub use adwin::{Adwin, AdwinSettings};
pub use bocpd::{Bocpd, BocpdSettings, BocpdValue, RunLengthAlarm};
pub use hmm::{GaussianHmm, HmmFilter};
pub use jump_model::{JumpModel, JumpTracker};
