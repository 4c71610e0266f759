//! The folder of a model and what its files are called.
//!
//! Invariant: nothing is read through a link, nothing larger than its bound, nothing but regular files.
//! Absent on purpose: what the files say (`verify`).

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::error::RegistryError;

/// The one file that says which model a folder holds.
pub const CARD: &str = "card.json";
/// The card of the model that was there before.
pub const PREVIOUS: &str = "card.previous.json";
/// The largest card.
pub const MOST_CARD_BYTES: usize = 1 << 20;

const MOST_NAME: usize = 40;
const HEX_OF_NAME: usize = 12;

/// The name of the ONNX file with this SHA-256 in hex.
pub fn onnx_name(sha256: &str) -> String {
    format!("model-{}.onnx", sha256.get(..HEX_OF_NAME).unwrap_or(sha256))
}

/// True for a file that `install` leaves behind when it is interrupted, or that no card may name any more.
pub fn is_ours(file: &str) -> bool {
    let is_model = file.strip_prefix("model-").and_then(|rest| rest.strip_suffix(".onnx"));
    is_model.is_some_and(|hex| is_hex(hex, HEX_OF_NAME)) || (file.starts_with('.') && file.ends_with(".partial"))
}

pub fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'))
}

/// Names are folders: no path can be told with these letters.
pub fn check_name(name: &str) -> Result<(), RegistryError> {
    let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(is_letter) {
        return Ok(());
    }
    let shown: String = name.chars().take(MOST_NAME).collect();
    Err(RegistryError::Unknown(format!(
        "{shown:?} is no name of a model: allowed are 1 to {MOST_NAME} lower-case letters, digits and `-`; `kestrel models list` \
         shows all models"
    )))
}

/// The content of a file of a model, or `None` where there is none.
pub fn read(place: &Path, most: usize) -> Result<Option<Vec<u8>>, RegistryError> {
    let unreadable = |error: std::io::Error| RegistryError::unreadable(place, &error);
    let facts = match std::fs::symlink_metadata(place) {
        Ok(facts) => facts,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !facts.is_file() {
        return Err(RegistryError::refused(place, "this is no regular file, and links are not followed"));
    }
    let file = std::fs::File::open(place).map_err(unreadable)?;
    let mut content = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() > most {
        return Err(RegistryError::refused(place, format!("more than {most} bytes, which no model's file has")));
    }
    Ok(Some(content))
}

/// True when there is a folder of its own, false when there is nothing.
pub fn is_there(folder: &Path) -> Result<bool, RegistryError> {
    match std::fs::symlink_metadata(folder) {
        Ok(facts) if facts.is_dir() => Ok(true),
        Ok(_) => Err(RegistryError::refused(folder, "this is no folder, and links are not followed")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(RegistryError::unreadable(folder, &error)),
    }
}

/// Names of what lies in a folder, sorted; none where there is no folder. Names that are no text are nobody's.
pub fn entries(folder: &Path) -> Result<Vec<String>, RegistryError> {
    let unreadable = |error: std::io::Error| RegistryError::unreadable(folder, &error);
    let listing = match std::fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut names = Vec::new();
    for entry in listing {
        names.extend(entry.map_err(unreadable)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}
