//! Instruments that read moods: the words of headlines, funding rates, who takes, and what all of it amounts to now.
//!
//! Invariant: a score lies in -1..=1, positive for rising prices; what is old or unknown has no score instead of a neutral one.
//! Absent on purpose: fetching (`feeds`) and what a score may change (the weight is the engine's, and zero until evidence).

pub mod aggregate;
pub mod funding;
pub mod headlines;
pub mod taker_imbalance;
pub mod text;

pub use aggregate::{DecayAggregate, Opinion};
pub use funding::FundingScore;
pub use headlines::Headlines;
pub use taker_imbalance::TakerImbalance;
pub use text::{Scores, Vader};
