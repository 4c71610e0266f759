//! Ports: what the engine room needs of the doors, as traits that the doors implement and `app` joins.
//!
//! Invariant: a port speaks the words of `domain` only.
//! Absent on purpose: any implementation.

use crate::domain::{Bar, SymbolId};

/// Where closed bars come from, merged by (time, symbol order).
pub trait BarSource {
    /// Bars before the start, oldest first, for warming up (may be empty).
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError>;
    /// The next closed bar; `None` when there are no more.
    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError>;
}

/// A full sentence: file, row, found, allowed, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Where the inputs of a run are written down.
pub trait Journal {
    /// Appends one record: a JSON document without a newline.
    fn append(&mut self, record: &str) -> Result<(), JournalError>;
    /// Hands everything to the operating system; nothing may be appended afterwards.
    fn close(&mut self) -> Result<(), JournalError>;
}

/// A full sentence: file, line, found, allowed, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);
