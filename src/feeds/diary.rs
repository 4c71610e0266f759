//! `Diary`: what a source said, kept from the first day on: `<folder>/<source>/<YYYY-MM>.jsonl`, one observation a line.
//!
//! The hosts keep 30 days; what is not kept now is gone.
//! Invariant: a line is written by one call and only to a file that ends with a whole line; times are those of arrival.
//! Absent on purpose: compaction, and a lock against editors.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{Symbol, Time};
use crate::engine::MoodSource;

/// Longer lines are no observations.
const LONGEST_LINE: u64 = 8_192;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Ms UTC.
    pub arrived: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// What the source says of its time, ms UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<i64>,
    pub value: f64,
    pub id: u64,
    /// Older than the newest at the first answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backlog: bool,
    /// A headline's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{}: what {source_name} says cannot be kept ({why}); the run goes on without it", path.display())]
pub struct DiaryError {
    path: PathBuf,
    source_name: &'static str,
    why: String,
}

/// What was read back.
#[derive(Debug, Default)]
pub struct Kept {
    /// In the order of arrival, each id of a symbol once.
    pub records: Vec<Record>,
    /// Lines that could not be read.
    pub unreadable: u64,
}

/// The diary of one source.
#[derive(Debug)]
pub struct Diary {
    folder: PathBuf,
    source: MoodSource,
    open: Option<(String, File)>,
}

impl Diary {
    /// Creates nothing before there is something to keep.
    pub fn new(folder: &Path, source: MoodSource) -> Diary {
        Diary { folder: folder.join(source.as_str()), source, open: None }
    }

    pub fn append(&mut self, record: &Record) -> Result<(), DiaryError> {
        let name = month_of(record.arrived);
        let path = self.folder.join(format!("{name}.jsonl"));
        let written = self.file(&name, &path).and_then(|file| {
            let mut line = serde_json::to_vec(record)?;
            line.push(b'\n');
            file.write_all(&line)
        });
        written.map_err(|error| {
            self.open = None;
            DiaryError { path, source_name: self.source.as_str(), why: error.to_string() }
        })
    }

    /// What was written is on the disk when this returns.
    pub fn close(&mut self) -> Result<(), DiaryError> {
        let Some((name, file)) = self.open.take() else { return Ok(()) };
        let path = self.folder.join(format!("{name}.jsonl"));
        file.sync_all().map_err(|error| DiaryError { path, source_name: self.source.as_str(), why: error.to_string() })
    }

    fn file(&mut self, name: &str, path: &Path) -> io::Result<&mut File> {
        if self.open.as_ref().is_some_and(|(open, _)| open != name)
            && let Some((_, old)) = self.open.take()
        {
            old.sync_all()?;
        }
        if self.open.is_none() {
            fs::create_dir_all(&self.folder)?;
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(io::Error::other("another kestrel keeps it already")),
                // A file system without locks.
                Err(TryLockError::Error(_)) => {}
            }
            mend(&mut file)?;
            self.open = Some((name.to_owned(), file));
        }
        let open = self.open.as_mut().map(|(_, file)| file);
        open.ok_or_else(|| io::Error::other("it is not open"))
    }
}

/// Cuts a last line off that was not written to its end.
fn mend(file: &mut File) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
    if whole < tail.len() as u64 {
        tracing::warn!(bytes = tail.len() as u64 - whole, "the last line of a diary was torn and is cut off");
        file.set_len(start + whole)?;
    }
    Ok(())
}

/// All that was kept of a source; nothing when there is no folder.
pub fn read(folder: &Path, source: MoodSource) -> io::Result<Kept> {
    read_months(&months(folder, source)?)
}

/// The files of a source, oldest first.
fn months(folder: &Path, source: MoodSource) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    match fs::read_dir(folder.join(source.as_str())) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == "jsonl") {
                    paths.push(path);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    paths.sort();
    Ok(paths)
}

fn read_months(paths: &[PathBuf]) -> io::Result<Kept> {
    let mut kept = Kept::default();
    for path in paths {
        let mut lines = BufReader::new(File::open(path)?);
        loop {
            let mut line = Vec::new();
            if lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            match serde_json::from_slice::<Record>(&line) {
                Ok(record) if record.value.is_finite() => kept.records.push(record),
                Ok(_) | Err(_) => kept.unreadable += 1,
            }
        }
    }
    kept.records.sort_by_key(|record| record.arrived);
    let mut known = std::collections::BTreeSet::new();
    kept.records.retain(|record| known.insert((record.symbol.clone(), record.id, record.value.to_bits())));
    Ok(kept)
}

/// The newest id of each symbol that the last month holds.
pub(super) fn newest_ids(folder: &Path, source: MoodSource) -> std::collections::BTreeMap<Option<Symbol>, u64> {
    let mut newest = std::collections::BTreeMap::new();
    // What cannot be read is stored once more, which `read` sorts out.
    let paths = months(folder, source).unwrap_or_default();
    let last = paths.last().map(std::slice::from_ref).unwrap_or_default();
    for record in read_months(last).unwrap_or_default().records {
        let id = newest.entry(record.symbol).or_insert(record.id);
        *id = record.id.max(*id);
    }
    newest
}

/// `2026-11`
fn month_of(arrived: i64) -> String {
    let stamp = jiff::Timestamp::from_microsecond(Time::from_millis(arrived).0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(arrived: i64, id: u64) -> Record {
        Record { arrived, symbol: None, of: None, value: 0.25, id, backlog: false, text: None }
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_months_have_files_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = 1_700_000_000_000;
        let mut diary = Diary::new(folder.path(), MoodSource::FearGreed);
        diary.append(&record(at, 1)).expect("kept");
        diary.close().expect("on the disk");
        let path = folder.path().join("fear_greed/2023-11.jsonl");
        let whole = fs::read_to_string(&path).expect("a file");
        assert_eq!(whole, "{\"arrived\":1700000000000,\"value\":0.25,\"id\":1}\n");
        fs::write(&path, format!("{whole}{{\"arrived\":17000000")).expect("torn");
        diary.append(&record(at + 1, 2)).expect("kept");
        diary.append(&record(at + 40 * 86_400_000, 3)).expect("kept in the next month");
        diary.append(&record(at + 40 * 86_400_000, 3)).expect("kept twice");
        diary.close().expect("on the disk");
        let kept = read(folder.path(), MoodSource::FearGreed).expect("readable");
        assert_eq!(kept.records.iter().map(|record| record.id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(kept.unreadable, 0);
        assert!(folder.path().join("fear_greed/2023-12.jsonl").exists());
        assert!(read(folder.path(), MoodSource::Headlines).expect("nothing").records.is_empty());
    }

    #[test]
    fn two_keep_one_file_only_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = Diary::new(folder.path(), MoodSource::Funding);
        first.append(&record(1_700_000_000_000, 1)).expect("kept");
        let mut second = Diary::new(folder.path(), MoodSource::Funding);
        let refused = second.append(&record(1_700_000_000_000, 2)).expect_err("locked").to_string();
        assert!(refused.contains("another kestrel") && refused.contains("funding"), "{refused}");
        first.close().expect("closed");
        second.append(&record(1_700_000_000_000, 2)).expect("free now");
    }
}
