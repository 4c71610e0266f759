//! `RollingFile`: a log file that starts over when it is full and keeps a few predecessors.
//!
//! Invariant: at most `kept` files of at most `limit` bytes each (one longer line excepted) lie in the folder.
//! Absent on purpose: rolling by time, and compression.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `<stem>.log` is written, `<stem>.1.log` is the one before it, and so on.
pub struct RollingFile {
    folder: PathBuf,
    stem: String,
    limit: u64,
    kept: usize,
    file: File,
    written: u64,
}

impl RollingFile {
    /// Opens the file for appending; the folder is created. `limit` is in bytes, `kept` counts the current file too.
    pub fn open(folder: &Path, stem: &str, limit: u64, kept: usize) -> io::Result<RollingFile> {
        std::fs::create_dir_all(folder)?;
        let file = OpenOptions::new().create(true).append(true).open(folder.join(format!("{stem}.log")))?;
        let written = file.metadata()?.len();
        Ok(RollingFile { folder: folder.to_path_buf(), stem: stem.to_string(), limit, kept, file, written })
    }

    fn path(&self, age: usize) -> PathBuf {
        match age {
            0 => self.folder.join(format!("{}.log", self.stem)),
            age => self.folder.join(format!("{}.{age}.log", self.stem)),
        }
    }

    /// Moves each file one place back, which overwrites the oldest, and starts a new one.
    fn roll(&mut self) -> io::Result<()> {
        self.file.flush()?;
        for age in (1..self.kept).rev() {
            let younger = self.path(age - 1);
            if younger.exists() {
                std::fs::rename(younger, self.path(age))?;
            }
        }
        self.file = OpenOptions::new().create(true).write(true).truncate(true).open(self.path(0))?;
        self.written = 0;
        Ok(())
    }
}

impl Write for RollingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.written > 0 && self.written.saturating_add(line.len() as u64) > self.limit {
            self.roll()?;
        }
        let count = self.file.write(line)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{RollingFile, Write};

    #[test]
    fn the_newest_lines_stay_and_the_bound_holds() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let logs = folder.path().join("logs");
        let mut file = RollingFile::open(&logs, "kestrel", 20, 3).expect("open");
        for number in 0..20 {
            file.write_all(format!("line {number:04}\n").as_bytes()).expect("write");
        }
        let text = |name: &str| std::fs::read_to_string(logs.join(name)).expect("read");
        assert_eq!(text("kestrel.log"), "line 0018\nline 0019\n");
        assert_eq!(text("kestrel.1.log"), "line 0016\nline 0017\n");
        assert_eq!(text("kestrel.2.log"), "line 0014\nline 0015\n");
        assert_eq!(std::fs::read_dir(&logs).expect("list").count(), 3);
    }

    #[test]
    fn a_second_start_goes_on_where_the_first_ended() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for word in ["one\n", "two\n"] {
            let mut file = RollingFile::open(folder.path(), "kestrel", 20, 3).expect("open");
            file.write_all(word.as_bytes()).expect("write");
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("kestrel.log")).expect("read"), "one\ntwo\n");
    }
}
