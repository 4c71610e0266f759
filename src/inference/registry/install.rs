//! A model put in its place, or the one before it put back, as a list of steps.
//!
//! Invariant: the rename of `card.json` is the one moment at which a folder's model changes: before it the old model opens,
//! from it on the new one, wherever the steps stop and whatever a torn write left behind.
//! Absent on purpose: checks of the model (`verify`), locks: of two programs that install at once the later one stays.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::RegistryError;
use super::folder::{CARD, PREVIOUS, entries, is_ours};

/// One change of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// With its parents.
    CreateFolder(PathBuf),
    /// A new file with this content, safe on the disk.
    Write {
        file: PathBuf,
        content: Vec<u8>,
    },
    /// Over what stands there.
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    /// The names in it are safe on the disk.
    SyncFolder(PathBuf),
    Remove(PathBuf),
}

/// What a folder is to hold.
pub struct Arrival<'a> {
    pub card: &'a [u8],
    /// The ONNX file's name and content.
    pub onnx: (&'a str, &'a [u8]),
    /// The card of the model there, if that is sound and another model: it becomes the previous one.
    pub replaced: Option<&'a [u8]>,
    /// Files that stay for the sake of the previous card, whichever that will be.
    pub kept: &'a [String],
}

/// The steps that put a model into its folder.
pub fn install(folder: &Path, arrival: &Arrival<'_>) -> Result<Vec<Step>, RegistryError> {
    let (name, content) = arrival.onnx;
    let mut steps = vec![Step::CreateFolder(folder.into())];
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        steps.push(Step::SyncFolder(parent.into()));
    }
    steps.extend(put(folder, name, content));
    if let Some(replaced) = arrival.replaced {
        steps.extend(put(folder, PREVIOUS, replaced));
    }
    steps.extend(put(folder, CARD, arrival.card));
    let is_needed = |file: &String| file == name || arrival.kept.contains(file);
    let swept = entries(folder)?.into_iter().filter(|file| is_ours(file) && !is_needed(file));
    steps.extend(swept.map(|file| Step::Remove(folder.join(file))));
    Ok(steps)
}

/// The steps that exchange a model and the one before it. The wanted one is in force first: where the steps stop between the
/// two renames, both cards name it.
pub fn exchange(folder: &Path, current: &[u8], previous: &[u8]) -> Vec<Step> {
    let mut steps = put(folder, CARD, previous);
    steps.extend(put(folder, PREVIOUS, current));
    steps
}

/// The steps that take a folder's model away in favour of the shipped one, or bring it back.
pub fn withdraw(folder: &Path) -> Vec<Step> {
    moved(folder, CARD, PREVIOUS)
}

pub fn bring_back(folder: &Path) -> Vec<Step> {
    moved(folder, PREVIOUS, CARD)
}

/// Carries all steps out; the first that fails ends it.
pub fn carry_out(steps: &[Step]) -> Result<(), RegistryError> {
    steps.iter().try_for_each(Step::carry_out)
}

fn put(folder: &Path, name: &str, content: &[u8]) -> Vec<Step> {
    let partial = folder.join(format!(".{name}.{}.partial", std::process::id()));
    vec![
        Step::Write { file: partial.clone(), content: content.into() },
        Step::Rename { from: partial, to: folder.join(name) },
        Step::SyncFolder(folder.into()),
    ]
}

fn moved(folder: &Path, from: &str, to: &str) -> Vec<Step> {
    vec![Step::Rename { from: folder.join(from), to: folder.join(to) }, Step::SyncFolder(folder.into())]
}

impl Step {
    pub fn carry_out(&self) -> Result<(), RegistryError> {
        let (place, done) = match self {
            Step::CreateFolder(folder) => (folder, std::fs::create_dir_all(folder)),
            Step::Write { file, content } => (file, write(file, content)),
            Step::Rename { from, to } => (to, std::fs::rename(from, to)),
            Step::SyncFolder(folder) => (folder, sync_folder(folder)),
            // What cannot be removed harms nobody: no card names it.
            Step::Remove(file) => (file, std::fs::remove_file(file).or(Ok(()))),
        };
        done.map_err(|error| RegistryError::unwritable(place, &error))
    }
}

fn write(file: &Path, content: &[u8]) -> std::io::Result<()> {
    // What an interrupted program left there, a link included, is not written through.
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut out = File::create_new(file)?;
    out.write_all(content)?;
    out.sync_all()
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened; the file system orders renames itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
