//! Training: what may teach, what samples are, the way from bars to a judged model.

mod actors;
mod agents;
mod courses;
mod dataset;
#[cfg(feature = "learn")]
mod learners;
mod pendulum;
mod replay;
mod sac;
mod splits;
#[cfg(feature = "learn")]
mod temporal;
mod trading;
mod trainer;
#[cfg(feature = "learn")]
mod trees;
#[cfg(feature = "learn")]
mod verb;
