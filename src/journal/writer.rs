//! `JournalWriter`: appends records to a fresh file.
//!
//! Invariant: after `close` returned Ok every record was handed to the operating system; after an error nothing more
//! is written.
//! Absent on purpose: continuing an old journal; a run starts its own.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::frame::frame;
use crate::engine::ports::{Journal, JournalError};

/// A journal being written.
pub struct JournalWriter {
    path: PathBuf,
    /// `None` once closed or broken.
    file: Option<BufWriter<File>>,
}

impl JournalWriter {
    /// Creates the file and its parent folders; an old file of that name is emptied, unless another run still writes it.
    pub fn create(path: &Path) -> Result<JournalWriter, JournalError> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| broken(path, "created", &error))?;
        }
        // Emptied only once it is ours.
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = opened.map_err(|error| broken(path, "created", &error))?;
        match file.try_lock() {
            Ok(()) => file.set_len(0).map_err(|error| broken(path, "created", &error))?,
            Err(TryLockError::WouldBlock) => {
                let what = "another kestrel is writing this journal; give this one its own with --journal or --home";
                return Err(JournalError(format!("{}: {what}", path.display())));
            }
            // A file system without locks.
            Err(TryLockError::Error(_)) => file.set_len(0).map_err(|error| broken(path, "created", &error))?,
        }
        Ok(JournalWriter { path: path.to_path_buf(), file: Some(BufWriter::new(file)) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn attempt(&mut self, work: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), JournalError> {
        let Some(file) = &mut self.file else {
            let text = format!("{}: the journal is closed; start a new one", self.path.display());
            return Err(JournalError(text));
        };
        work(file).map_err(|error| {
            // A half-written buffer must not be followed by whole records.
            let unwritten = self.file.take().map(BufWriter::into_parts);
            drop(unwritten);
            broken(&self.path, "written", &error)
        })
    }
}

impl Journal for JournalWriter {
    fn append(&mut self, record: &str) -> Result<(), JournalError> {
        if record.contains('\n') {
            let text = format!("{}: a record holds a line break, allowed is one line", self.path.display());
            return Err(JournalError(text));
        }
        self.attempt(|file| file.write_all(frame(record).as_bytes()))
    }

    fn close(&mut self) -> Result<(), JournalError> {
        if self.file.is_none() {
            return Ok(());
        }
        self.attempt(|file| file.flush().and_then(|()| file.get_ref().sync_all()))?;
        self.file = None;
        Ok(())
    }
}

fn broken(path: &Path, verb: &str, error: &std::io::Error) -> JournalError {
    let text = format!(
        "{}: the journal cannot be {verb} ({error}); check the folder, its rights and the free space",
        path.display()
    );
    JournalError(text)
}
