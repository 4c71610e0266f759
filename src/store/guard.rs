//! The guard round the Parquet library: its panics on damaged files become errors.
//!
//! Invariant: a panic inside `guarded` never leaves it, and `is_decoding` is true exactly while one could happen.
//! Absent on purpose: the panic hook itself; `main` installs it and keeps it silent while `is_decoding`.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::error::StoreError;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// True while this thread decodes a file, so that a panic hook can leave the report to the error that follows.
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Runs `decode`; a panic in it is reported as damage of `file`. The library asserts on some corrupt pages and footers
/// instead of returning an error, and input must not end the program.
pub(super) fn guarded<T>(file: &Path, decode: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(false);
    outcome.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(damaged(file, said.unwrap_or("the decoder gave up")))
    })
}

/// Damage, told in one line of bounded length.
pub(super) fn damaged(file: &Path, reason: impl std::fmt::Display) -> StoreError {
    let text = reason.to_string();
    let line: String = text.lines().next().unwrap_or_default().chars().take(160).collect();
    StoreError::Damaged { file: file.to_path_buf(), reason: line }
}
