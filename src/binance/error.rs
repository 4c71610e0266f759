//! `Error`: what went wrong at the venue, by what the caller must do.
//!
//! Invariant: HTTP 5xx and a connection lost after a write are `OutcomeUnknown`, never a failure.
//! Absent on purpose: the codes themselves (`protocol::errors`).

use crate::domain::Span;
use crate::protocol::{Reaction, VenueError};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was executed; the same may be asked again, not before `after`.
    #[error("{why}; try again in {} ms", after.millis())]
    Retry { after: Span, why: String },
    /// Refused for good.
    #[error("the venue refused: {code} {message}")]
    Rejected { code: i64, message: String },
    /// It may have been executed or not: query, never send again blindly.
    #[error("the outcome is unknown: {why}")]
    OutcomeUnknown { why: String },
    /// Nothing will work until a person acts, or a bug is mended.
    #[error("{0}")]
    Fatal(String),
}

/// Where a connection could not be opened: try again after this long.
pub(super) const RECONNECT_PAUSE: Span = Span::SECOND;

impl Error {
    /// From a refusal; `named` is the wait that the answer itself named.
    pub fn of(refusal: &VenueError, named: Option<Span>) -> Error {
        let rejected = || Error::Rejected { code: refusal.code, message: refusal.msg.clone() };
        match refusal.reaction().waiting(named) {
            Reaction::Retry { after } | Reaction::PauseOrders { after } => {
                Error::Retry { after, why: refusal.to_string() }
            }
            Reaction::ResyncClock => Error::Retry { after: Span::ZERO, why: refusal.to_string() },
            Reaction::Reconnect => Error::Retry { after: RECONNECT_PAUSE, why: refusal.to_string() },
            Reaction::OutcomeUnknown => Error::OutcomeUnknown { why: refusal.to_string() },
            Reaction::Rejected | Reaction::Reconcile | Reaction::RefreshRules => rejected(),
            Reaction::StopTrading | Reaction::Fatal => Error::Fatal(format!("the venue refused: {refusal}")),
        }
    }

    pub(super) fn unreachable(what: &str, why: impl std::fmt::Display) -> Error {
        Error::Retry { after: RECONNECT_PAUSE, why: format!("{what} cannot be reached: {why}") }
    }
}
