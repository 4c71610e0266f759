//! `Staging`: months that are being changed, written beside their files and put in their places all together.
//!
//! Invariant: until `commit` nothing of the catalogue changes; a commit that fails puts back what it had replaced.
//! Absent on purpose: locks. Two programs that change the same month do not mix: the later commit notices and is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::catalog::Catalog;
use super::error::StoreError;
use super::kline::Partition;
use super::month::{Month, MonthFile};
use super::writer::{create_parent, unwritable};

pub struct Staging {
    catalog: Catalog,
    /// The new months by the path they will have.
    staged: BTreeMap<PathBuf, PathBuf>,
    /// What the files looked like when they were first read; `None` where there was none.
    seen: BTreeMap<PathBuf, Option<Look>>,
    /// Folders that were freed of what interrupted programs left.
    swept: BTreeSet<PathBuf>,
}

/// Size and time of change: enough to notice that a file was replaced.
type Look = (u64, Option<SystemTime>);

impl Staging {
    pub fn new(catalog: Catalog) -> Staging {
        Staging { catalog, staged: BTreeMap::new(), seen: BTreeMap::new(), swept: BTreeSet::new() }
    }

    /// The month as it would be after a commit; empty when there is none.
    pub fn load(&mut self, partition: &Partition, month: Month) -> Result<MonthFile, StoreError> {
        let path = self.catalog.path(partition, month);
        if let Some(partial) = self.staged.get(&path) {
            return MonthFile::read(partial);
        }
        if let Some(folder) = path.parent().filter(|folder| !self.swept.contains(*folder)) {
            sweep(folder);
            self.swept.insert(folder.to_path_buf());
        }
        let seen = look(&path);
        self.seen.insert(path.clone(), seen);
        if seen.is_some() { MonthFile::read(&path) } else { Ok(MonthFile::default()) }
    }

    /// Writes the month, which `load` gave, beside its file.
    pub fn put(&mut self, partition: &Partition, month: Month, content: &MonthFile) -> Result<(), StoreError> {
        let path = self.catalog.path(partition, month);
        create_parent(&path)?;
        let partial = beside(&path, "partial");
        // Entered first, so that a part is removed when the writing fails.
        self.staged.insert(path, partial.clone());
        content.write(&partial, partition)
    }

    /// Puts all months in their places. Returns how many.
    pub fn commit(mut self) -> Result<usize, StoreError> {
        for path in self.staged.keys() {
            if look(path) != self.seen.get(path).copied().flatten() {
                return Err(StoreError::ChangedMeanwhile { file: path.clone() });
            }
        }
        let staged = std::mem::take(&mut self.staged);
        let seen = std::mem::take(&mut self.seen);
        let mut done: Vec<(&PathBuf, Option<PathBuf>)> = Vec::new();
        let mut failed = None;
        for (path, partial) in &staged {
            match put_in_place(partial, path, seen.get(path).copied().flatten().is_some()) {
                Ok(old) => done.push((path, old)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        for (path, old) in &done {
            // Best effort on both ways: when all went well the old file is of no use, else it comes back.
            match (old, &failed) {
                (Some(old), None) => drop(std::fs::remove_file(old)),
                (Some(old), Some(_)) => drop(std::fs::rename(old, path)),
                (None, None) => {}
                (None, Some(_)) => drop(std::fs::remove_file(path)),
            }
        }
        match failed {
            None => Ok(staged.len()),
            Some(error) => {
                staged.values().for_each(|partial| drop(std::fs::remove_file(partial)));
                Err(error)
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.staged.values().for_each(|partial| drop(std::fs::remove_file(partial)));
    }
}

/// Renames the new file over the old one; a second name of the old one is kept and returned.
fn put_in_place(partial: &Path, path: &Path, replaces: bool) -> Result<Option<PathBuf>, StoreError> {
    let old = beside(path, "old");
    if replaces {
        drop(std::fs::remove_file(&old));
        let kept = std::fs::hard_link(path, &old).or_else(|_| std::fs::copy(path, &old).map(drop));
        kept.map_err(|error| unwritable(path, &error))?;
    }
    if let Err(error) = std::fs::rename(partial, path) {
        drop(std::fs::remove_file(&old));
        return Err(unwritable(path, &error));
    }
    Ok(replaces.then_some(old))
}

/// A hidden name beside a file, which no other running program uses.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{ending}", std::process::id()))
}

/// Removes the parts of programs that are gone. What cannot be removed harms nobody: no reader looks at hidden names.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Some(owner) = entry.file_name().to_str().and_then(owner) else { continue };
        let changed = entry.metadata().and_then(|facts| facts.modified()).ok();
        if is_left(owner, changed) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// The program that made a part, by the name that `beside` gave it.
fn owner(name: &str) -> Option<u32> {
    let (rest, ending) = name.strip_prefix('.')?.rsplit_once('.')?;
    let (month, owner) = rest.rsplit_once('.')?;
    let is_part = (ending == "partial" || ending == "old") && month.ends_with(".parquet");
    owner.parse().ok().filter(|_| is_part)
}

/// True when the program runs no longer, or, where that cannot be told, when the part is older than a day.
fn is_left(owner: u32, changed: Option<SystemTime>) -> bool {
    const DAY: Duration = Duration::from_secs(86_400);
    let running = Path::new("/proc");
    if owner == std::process::id() {
        return false;
    }
    if running.join("self").exists() && !running.join(owner.to_string()).exists() {
        return true;
    }
    changed.and_then(|changed| changed.elapsed().ok()).is_some_and(|age| age > DAY)
}

fn look(path: &Path) -> Option<Look> {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.len(), facts.modified().ok()))
}
