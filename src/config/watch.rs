//! `ConfigWatch`: notices that the settings file has changed.
//!
//! Invariant: a content is told once; what is wrong is told only when it is still so at the next look, because editors
//! write in place or move the file away for a moment.
//! Absent on purpose: a thread, a clock and the settings in force; the caller looks about twice a second and keeps them.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Config, ConfigError, unreadable};

/// A file is read again this many looks after its last visible change: file systems count time in steps of up to two
/// seconds, and two changes within one step look like one.
const LOOKS_AFTER_CHANGE: u8 = 6;

/// Watches one file, which need not exist.
#[derive(Debug)]
pub struct ConfigWatch {
    path: PathBuf,
    stamp: Option<Stamp>,
    /// Looks that still read the file although its stamp stays the same.
    looks: u8,
    /// What was told last, or was there at the beginning.
    known: Found,
    /// Something wrong that the last look saw for the first time.
    doubtful: Option<Found>,
}

/// What tells files apart without reading them.
#[derive(Debug, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

#[derive(Debug, PartialEq)]
enum Found {
    Missing,
    Unreadable(ConfigError),
    Text(String),
}

impl ConfigWatch {
    /// What the file holds now is no change. Make the watch before the settings are read, so that no change falls between.
    pub fn new(path: &Path) -> ConfigWatch {
        let (stamp, known) = (Stamp::of(path), Found::at(path));
        ConfigWatch { path: path.to_path_buf(), stamp, looks: LOOKS_AFTER_CHANGE, known, doubtful: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The new settings when the content has changed since the last look, or one sentence about what is wrong with it;
    /// what was read before stays in force then. A file that appears, or is as good as before again, is told too.
    pub fn poll(&mut self) -> Option<Result<Config, ConfigError>> {
        let stamp = Stamp::of(&self.path);
        if stamp != self.stamp {
            self.stamp = stamp;
            self.looks = LOOKS_AFTER_CHANGE;
        } else if self.looks == 0 && self.doubtful.is_none() {
            return None;
        }
        self.looks = self.looks.saturating_sub(1);
        let found = Found::at(&self.path);
        let doubtful = self.doubtful.take();
        if found == self.known {
            return None;
        }
        let result = found.config(&self.path);
        if result.is_err() && doubtful.as_ref() != Some(&found) {
            self.doubtful = Some(found);
            return None;
        }
        self.known = found;
        Some(result)
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp { length: metadata.len(), modified: metadata.modified().ok(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

impl Found {
    fn at(path: &Path) -> Found {
        match fs::read_to_string(path) {
            Ok(text) => Found::Text(text),
            Err(error) if error.kind() == ErrorKind::NotFound => Found::Missing,
            Err(error) => Found::Unreadable(unreadable(path, &error)),
        }
    }

    fn config(&self, path: &Path) -> Result<Config, ConfigError> {
        let name = path.display().to_string();
        match self {
            Found::Text(text) => Config::parse(text, &name),
            Found::Unreadable(error) => Err(error.clone()),
            Found::Missing => Err(ConfigError(format!(
                "{name}: the settings file is gone; what was read before stays in force until it is back"
            ))),
        }
    }
}
