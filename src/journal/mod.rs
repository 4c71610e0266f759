//! The journal: what happened in a run, one checked line a record.
//!
//! Invariant: a record is read back byte for byte as it was appended, or not at all.
//! Absent on purpose: what a record means (`engine`) and syncing to disk after each record.

mod frame;
mod reader;
mod writer;

pub use reader::JournalReader;
pub use writer::JournalWriter;
