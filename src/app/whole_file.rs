//! A text file written whole or not at all.
//!
//! Invariant: what stood there stays until the new text is safe on the disk.
//! Absent on purpose: appending (`journal`).

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::RunError;

/// `what` is the name of the text in the sentence of a failure.
pub(super) fn write(file: &Path, text: &str, what: &str) -> Result<(), RunError> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let partial = file.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    let whole = || {
        let mut out = File::create(&partial)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&partial, file)
    };
    whole().map_err(|error| {
        // Best effort: the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
        RunError::Data(format!("{}: the {what} cannot be written ({error}); check the folder", file.display()))
    })
}
