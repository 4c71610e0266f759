//! What the venue answers when it refuses.
//!
//! Invariant: `{"code","msg"}` on the wire, nothing else.
//! Absent on purpose: what the caller does about it.

use serde::{Deserialize, Serialize};

/// Code and message as Binance sends them (errors.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueError {
    pub code: i64,
    pub msg: String,
}
