//! `RegistryError`: why a model cannot be used, installed or taken back, in one sentence each.
//!
//! Invariant: every text names the file or model, what was found, what is allowed and what to do.
//! Absent on purpose: the exit status, which is the front hall's.

use std::path::{Path, PathBuf};

/// By what the caller must do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A name that is none, or that no model has. A matter of the command or of the settings.
    #[error("{0}")]
    Unknown(String),
    /// It is there, and must not run.
    #[error("{place}: {why}; {remedy}", place = place.display())]
    Refused { place: PathBuf, why: String, remedy: &'static str },
    /// The disk says no.
    #[error("{place}: cannot be {doing} ({reason}); check the folder and its permissions", place = place.display())]
    Disk { place: PathBuf, doing: &'static str, reason: String },
}

/// What helps against most damages.
const AGAIN: &str = "install the model again, or train it again";

impl RegistryError {
    pub(super) fn refused(place: &Path, why: impl Into<String>) -> RegistryError {
        RegistryError::Refused { place: place.into(), why: why.into(), remedy: AGAIN }
    }

    pub(super) fn unreadable(place: &Path, reason: &std::io::Error) -> RegistryError {
        RegistryError::Disk { place: place.into(), doing: "read", reason: reason.to_string() }
    }

    pub(super) fn unwritable(place: &Path, reason: &std::io::Error) -> RegistryError {
        RegistryError::Disk { place: place.into(), doing: "written", reason: reason.to_string() }
    }
}
