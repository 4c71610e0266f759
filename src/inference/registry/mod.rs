//! The registry: models in folders, `models/<name>/`, each with its card.
//!
//! Invariant: what a card names is there and has the size and SHA-256 that it says, or the model is refused.
//! Absent on purpose: running models.

pub mod card;
mod error;
pub mod folder;
pub mod install;
pub mod shipped;
pub mod store;
pub mod verify;

pub use card::{
    Ancestor, CARD_FORMAT, DataRange, DataRole, ExposureCard, Figure, InputCard, ModelCard, OutputCard,
    ProbabilityCard, TrainingCard,
};
pub use error::RegistryError;
pub use store::{Badge, Installed, Listed, Origin, Registry, RolledBack, open_folder, sealed, write_into};
