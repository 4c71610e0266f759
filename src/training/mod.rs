//! Training: models made from recorded bars, judged, and written as ONNX.
//!
//! `dataset` makes samples of bars, `splits` says which teach and which judge, `learner` is what a kind of model must be able
//! to do, `pipeline` goes the whole way; `calibration` and `evaluation` say what the result is worth, `canary` tries the same
//! way where the truth is known. `trees` and `temporal` are the learners. `checkpoint` keeps a training that has not ended,
//! `curves` draws one, `synthetic` makes markets whose truth is known. `trainer` has an agent live in an `environment` and
//! remember it in a `replay`; `window` tells how it goes.
//! Invariant: nothing that a model is judged by was seen when it was made.
//! Absent on purpose: trading by models (`engine`), running them (`inference`).

pub mod actor_export;
pub mod agent_canary;
pub mod agent_curves;
pub mod calibration;
pub mod canary;
pub mod checkpoint;
pub mod course;
pub mod curves;
pub mod dataset;
mod draw;
pub mod environment;
pub mod evaluation;
pub mod learner;
pub mod lesson;
pub mod market_walk;
pub mod pipeline;
pub mod recipes;
pub mod replay;
pub mod sac;
pub mod splits;
pub mod synthetic;
pub mod trainer;
#[cfg(feature = "learn")]
pub mod trees;
#[cfg(feature = "learn")]
mod trees_export;
mod uniqueness;
mod walk;
pub mod walk_table;
pub mod window;

#[cfg(feature = "learn")]
mod adamw;
#[cfg(feature = "learn")]
mod net;
#[cfg(feature = "learn")]
pub mod temporal;
#[cfg(feature = "learn")]
mod temporal_export;
#[cfg(feature = "learn")]
mod temporal_model;

pub use dataset::{Collector, Dataset, DatasetSettings, Extent, Sample, Samples};
pub use learner::{Fitted, Flow, Learner, LogitScale, Round, Scorer, Task, TrainingError};
