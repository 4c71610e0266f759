//! Training: models made from recorded bars, judged, and written as ONNX.
//!
//! `dataset` makes samples of bars, `splits` says which teach and which judge, `learner` is what a kind of model must be able
//! to do; `temporal` is the small net. `checkpoint` keeps a training that has not ended, `curves` draws one, `synthetic` makes
//! markets whose truth is known.
//! Invariant: nothing that a model is judged by was seen when it was made.
//! Absent on purpose: trading by models (`engine`), running them (`inference`).

pub mod checkpoint;
pub mod curves;
pub mod dataset;
pub mod learner;
pub mod synthetic;
mod uniqueness;

#[cfg(feature = "learn")]
mod adamw;
#[cfg(feature = "learn")]
pub mod net;
#[cfg(feature = "learn")]
pub mod temporal;

pub use dataset::{Collector, Dataset, DatasetSettings, Extent, Sample, Samples};
pub use learner::{Fitted, Flow, Learner, LogitScale, Round, Scorer, Task, TrainingError};
