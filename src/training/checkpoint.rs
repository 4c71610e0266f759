//! `Checkpoint`: everything that a training needs to go on as if it had never stopped.
//!
//! A checkpoint is a set of named parts: numbers as their bit patterns, anything else as JSON. What is drawn by chance is
//! drawn from streams that are named after the round (`Seed::stream`), so a round's number is all of their state.
//! Invariant: the file at a path is the old one, the new one, or refused: it is written beside, synced and renamed, and its
//! last eight bytes are the hash of all before.
//! Absent on purpose: what the parts mean, which the learners know; models to trade with (`inference::registry`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 16] = b"kestrel training";
/// Goes up when the layout of the file or the meaning of a part changes.
const VERSION: u32 = 1;
/// Magic, version and hash.
const FRAME: usize = MAGIC.len() + 4 + 8;
/// Nets of today need a hundredth of it: what is larger is no checkpoint.
const MOST_BYTES: u64 = 512 << 20;

/// Named parts of a training that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Of everything that the result follows from: data, seed, settings, learner.
    purpose: u64,
    parts: BTreeMap<String, Vec<u8>>,
}

/// Why a checkpoint cannot be used; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("{}: the checkpoint cannot be read ({why}): free the file, or remove it to train from the start", file.display())]
    Unreadable { file: PathBuf, why: String },
    #[error("{}: the checkpoint cannot be written ({why}): make room or choose another --home", file.display())]
    Unwritable { file: PathBuf, why: String },
    #[error("{}: the checkpoint is damaged ({what}): remove it to train from the start", file.display())]
    Damaged { file: PathBuf, what: String },
    #[error(
        "{}: the checkpoint has version {found}, this kestrel reads {VERSION}: go on with the kestrel that began it, or \
         remove it to train from the start", file.display()
    )]
    OtherVersion { file: PathBuf, found: u32 },
    #[error(
        "{}: the checkpoint is of a training with other data, seed or settings: give the same command again, another --out, \
         or remove it to train from the start", file.display()
    )]
    OtherTraining { file: PathBuf },
    #[error("the checkpoint lacks {name} or holds something else there: remove it to train from the start")]
    Part { name: String },
}

impl Checkpoint {
    /// Without parts. `purpose` is a hash of all that the result follows from.
    pub fn new(purpose: u64) -> Checkpoint {
        Checkpoint { purpose, parts: BTreeMap::new() }
    }

    pub fn purpose(&self) -> u64 {
        self.purpose
    }

    pub fn has(&self, name: &str) -> bool {
        self.parts.contains_key(name)
    }

    pub fn remove(&mut self, name: &str) {
        self.parts.remove(name);
    }

    pub fn put_bytes(&mut self, name: &str, bytes: Vec<u8>) {
        self.parts.insert(name.to_owned(), bytes);
    }

    /// Bit patterns, so that NaN and -0 come back too.
    pub fn put_floats(&mut self, name: &str, numbers: &[f32]) {
        self.put_bytes(name, numbers.iter().flat_map(|number| number.to_le_bytes()).collect());
    }

    pub fn put_doubles(&mut self, name: &str, numbers: &[f64]) {
        self.put_bytes(name, numbers.iter().flat_map(|number| number.to_le_bytes()).collect());
    }

    /// Anything that serde can write. Finite floats come back bit for bit; for others use `put_doubles`.
    pub fn put<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), CheckpointError> {
        let bytes = serde_json::to_vec(value).map_err(|_| strange(name))?;
        self.put_bytes(name, bytes);
        Ok(())
    }

    pub fn bytes(&self, name: &str) -> Result<&[u8], CheckpointError> {
        self.parts.get(name).map(Vec::as_slice).ok_or_else(|| strange(name))
    }

    pub fn floats(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let (numbers, rest) = self.bytes(name)?.as_chunks::<4>();
        if rest.is_empty() { Ok(numbers.iter().map(|x| f32::from_le_bytes(*x)).collect()) } else { Err(strange(name)) }
    }

    pub fn doubles(&self, name: &str) -> Result<Vec<f64>, CheckpointError> {
        let (numbers, rest) = self.bytes(name)?.as_chunks::<8>();
        if rest.is_empty() { Ok(numbers.iter().map(|x| f64::from_le_bytes(*x)).collect()) } else { Err(strange(name)) }
    }

    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, CheckpointError> {
        serde_json::from_slice(self.bytes(name)?).map_err(|_| strange(name))
    }

    /// Another checkpoint as one part of this: a learner's own within the pipeline's.
    pub fn put_inner(&mut self, name: &str, inner: &Checkpoint) {
        self.put_bytes(name, inner.to_bytes());
    }

    /// The inner checkpoint; `None` where there is none.
    pub fn inner(&self, name: &str) -> Result<Option<Checkpoint>, CheckpointError> {
        let Some(bytes) = self.parts.get(name) else { return Ok(None) };
        Checkpoint::from_bytes(bytes, Path::new(name)).map(Some)
    }

    /// Writes it whole or not at all; it is on the disk afterwards. Parents are created.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let failed = |error: std::io::Error| CheckpointError::Unwritable { file: path.into(), why: error.to_string() };
        let name = path.file_name().ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let partial = folder.join(format!(".{}.partial", name.to_string_lossy()));
        let written = write_synced(&partial, &self.to_bytes())
            .and_then(|()| std::fs::rename(&partial, path))
            .and_then(|()| File::open(folder)?.sync_all());
        // Best effort: the part is useless, and the first error is the one to tell.
        written.inspect_err(|_| drop(std::fs::remove_file(&partial))).map_err(failed)
    }

    /// The checkpoint of this training; `None` when there is no file.
    pub fn load(path: &Path, purpose: u64) -> Result<Option<Checkpoint>, CheckpointError> {
        let failed = |error: std::io::Error| CheckpointError::Unreadable { file: path.into(), why: error.to_string() };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(damaged(path, "larger than any checkpoint"));
        }
        let found = Checkpoint::from_bytes(&bytes, path)?;
        if found.purpose == purpose {
            Ok(Some(found))
        } else {
            Err(CheckpointError::OtherTraining { file: path.into() })
        }
    }

    /// The file as it is written; equal checkpoints give equal bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.purpose.to_le_bytes());
        for (name, part) in &self.parts {
            for field in [name.as_bytes(), part] {
                bytes.extend((field.len() as u64).to_le_bytes());
                bytes.extend(field);
            }
        }
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    /// The version is judged before the hash: another version may end otherwise.
    pub(super) fn from_bytes(bytes: &[u8], file: &Path) -> Result<Checkpoint, CheckpointError> {
        if bytes.len() < FRAME || !bytes.starts_with(MAGIC) {
            return Err(damaged(file, "it does not begin as one"));
        }
        let (mut head, mut body) = bytes.split_at(MAGIC.len() + 4);
        head = &head[MAGIC.len()..];
        let found = head.try_into().map(u32::from_le_bytes).unwrap_or_default();
        if found != VERSION {
            return Err(CheckpointError::OtherVersion { file: file.into(), found });
        }
        let whole = &bytes[..bytes.len() - 8];
        body = &body[..body.len() - 8];
        if xxh3_64(whole).to_le_bytes() != bytes[whole.len()..] {
            return Err(damaged(file, "its checksum does not fit"));
        }
        let short = || damaged(file, "it ends within a part");
        let mut checkpoint = Checkpoint::new(number(&mut body).ok_or_else(short)?);
        while !body.is_empty() {
            let name = field(&mut body).ok_or_else(short)?;
            let name = std::str::from_utf8(name).map_err(|_| damaged(file, "a part without a name"))?;
            checkpoint.put_bytes(name, field(&mut body).ok_or_else(short)?.to_vec());
        }
        Ok(checkpoint)
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    bytes.split_off(..8)?.try_into().map(u64::from_le_bytes).ok()
}

/// A length, then so many bytes.
fn field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    bytes.split_off(..length)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn strange(name: &str) -> CheckpointError {
    CheckpointError::Part { name: name.to_owned() }
}

fn damaged(file: &Path, what: &str) -> CheckpointError {
    CheckpointError::Damaged { file: file.into(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Checkpoint {
        let mut inner = Checkpoint::new(9);
        inner.put_doubles("curve", &[0.1, f64::NEG_INFINITY]);
        let mut checkpoint = Checkpoint::new(7);
        checkpoint.put_floats("weights", &[1.5, -0.0, f32::MIN_POSITIVE]);
        checkpoint.put("round", &(3_u32, 0.1_f64 + 0.2)).unwrap();
        checkpoint.put_inner("learner", &inner);
        checkpoint
    }

    #[test]
    fn what_is_saved_comes_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/net.checkpoint");
        assert_eq!(Checkpoint::load(&path, 7), Ok(None));
        sample().save(&path).unwrap();
        sample().save(&path).unwrap();
        let found = Checkpoint::load(&path, 7).unwrap().unwrap();
        assert_eq!(found, sample());
        assert_eq!(found.floats("weights").unwrap()[1].to_bits(), (-0.0_f32).to_bits());
        assert_eq!(found.get::<(u32, f64)>("round").unwrap(), (3, 0.1 + 0.2));
        assert_eq!(found.inner("learner").unwrap().unwrap().doubles("curve").unwrap()[1], f64::NEG_INFINITY);
        assert_eq!(found.inner("nobody"), Ok(None));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no part is left beside it");
    }

    #[test]
    fn another_training_version_or_part_is_refused_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.checkpoint");
        sample().save(&path).unwrap();
        let other = Checkpoint::load(&path, 8).unwrap_err();
        assert!(matches!(other, CheckpointError::OtherTraining { .. }), "{other}");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[MAGIC.len()] = 2;
        std::fs::write(&path, &bytes).unwrap();
        let newer = Checkpoint::load(&path, 7).unwrap_err();
        assert!(newer.to_string().contains("has version 2, this kestrel reads 1"), "{newer}");
        assert!(sample().doubles("weights").is_err() && sample().get::<String>("round").is_err());
        for error in [other, newer] {
            assert!(!error.to_string().trim_end_matches('.').contains(['\n', ';']), "{error}");
        }
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let bytes = sample().to_bytes();
        let file = Path::new("x");
        for cut in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..cut], file).is_err(), "cut at {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Checkpoint::from_bytes(&bytes, file).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_body_with_a_fitting_checksum_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &body].concat();
            bytes.extend(xxh3_64(&bytes).to_le_bytes());
            let _read = Checkpoint::from_bytes(&bytes, Path::new("x"));
        }
    }
}
