//! `JournalReader`: the records of a journal, oldest first, each checked.
//!
//! Invariant: a record comes out only when its checksum holds; a last line without its newline is never a record.
//! Absent on purpose: repair; a journal is evidence and is read as it is.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::frame::unframe;
use crate::engine::ports::JournalError;

/// A journal being read: an iterator of records. It ends after the last whole line or the first error.
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
    torn: bool,
    ended: bool,
}

impl JournalReader {
    pub fn open(path: &Path) -> Result<JournalReader, JournalError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let file = BufReader::new(file);
        Ok(JournalReader { path: path.to_path_buf(), file, line: 0, torn: false, ended: false })
    }

    /// True when the journal ended in a line that was cut off while it was written. Meaningful after the last record.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// Lines read so far, a torn one included.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn read(&mut self) -> Result<Option<String>, JournalError> {
        let mut line = Vec::new();
        self.file.read_until(b'\n', &mut line).map_err(|error| unreadable(&self.path, &error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if line.pop_if(|last| *last == b'\n').is_none() {
            self.torn = true;
            return Ok(None);
        }
        match unframe(&line) {
            Ok(record) => Ok(Some(record.to_string())),
            Err(error) => Err(JournalError(format!(
                "{}: line {}: {error}; the journal was changed or damaged, use another copy of it",
                self.path.display(),
                self.line
            ))),
        }
    }
}

impl Iterator for JournalReader {
    type Item = Result<String, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> JournalError {
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("{}: there is no such journal; check the path", path.display())
        }
        _ => format!("{}: the journal cannot be read ({error}); check the file and its rights", path.display()),
    };
    JournalError(text)
}
