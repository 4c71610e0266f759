//! The registry: models in folders, `models/<name>/`, each with its card.
//!
//! Invariant: what a card names is there and has the size and SHA-256 that it says, or the model is refused.
//! Absent on purpose: running models.

pub mod card;

pub use card::{CARD_FORMAT, DataRange, DataRole, Figure, InputCard, ModelCard, OutputCard, TrainingCard};
