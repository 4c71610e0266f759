//! `Failure`: why a verb ended, and its exit status.
//!
//! Invariant: each kind has one status, stated here and nowhere else; each text is one sentence that says what to do.
//! Absent on purpose: success.

use crate::app::RunError;
use crate::config::ConfigError;
use crate::engine::ports::{JournalError, SourceError};
use crate::inference::registry::RegistryError;
use crate::store::StoreError;
use crate::telemetry::TelemetryError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("this is a bug in kestrel, please report it: {0}")]
    Bug(String),
    /// Usage or configuration, also: no terminal for the screen.
    #[error("{0}")]
    Usage(String),
    /// Data, also: disk full.
    #[error("{0}")]
    Data(String),
    /// Network, port or venue.
    #[error("{0}")]
    Network(String),
    /// Refused for safety.
    #[error("{0}")]
    Refused(String),
    /// Ended by the user, with a checkpoint kept or everything as it was.
    #[error("{0}")]
    Interrupted(String),
}

impl Failure {
    pub const fn status(&self) -> u8 {
        match self {
            Failure::Bug(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Data(_) => 3,
            Failure::Network(_) => 4,
            Failure::Refused(_) => 5,
            Failure::Interrupted(_) => 130,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let is_interrupted = matches!(error, StoreError::Interrupted);
        let text = error.to_string();
        if is_interrupted { Failure::Interrupted(text) } else { Failure::Data(text) }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Failure {
        Failure::Data(error.to_string())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        Failure::Data(error.to_string())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Failure {
        let text = error.to_string();
        match error {
            RegistryError::Unknown(_) => Failure::Usage(text),
            RegistryError::Refused { .. } => Failure::Refused(text),
            RegistryError::Disk { .. } => Failure::Data(text),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Data(text) => Failure::Data(text),
            RunError::Settings(text) => Failure::Usage(text),
            RunError::Model(error) => error.into(),
            RunError::Venue(text) => Failure::Network(text),
            RunError::Terminal(text) => Failure::Usage(text),
            RunError::Stopped => Failure::Interrupted(error.to_string()),
        }
    }
}

impl From<TelemetryError> for Failure {
    fn from(error: TelemetryError) -> Failure {
        match error {
            TelemetryError::Level { .. } => Failure::Usage(error.to_string()),
            TelemetryError::Folder { .. } => Failure::Data(error.to_string()),
            TelemetryError::Twice => Failure::Bug(error.to_string()),
        }
    }
}
