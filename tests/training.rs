//! Training: what may teach, what samples are, the way from bars to a judged model.

mod dataset;
#[cfg(feature = "learn")]
mod learners;
mod pendulum;
mod replay;
mod sac;
mod splits;
#[cfg(feature = "learn")]
mod temporal;
mod trainer;
#[cfg(feature = "learn")]
mod trees;
#[cfg(feature = "learn")]
mod verb;
