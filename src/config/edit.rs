//! One value of `config.json` changed: in its text, and in its file.
//!
//! Invariant: all bytes but those of the value stay as they were; a file is replaced whole or not at all, and only by
//! settings that can be read back.
//! Absent on purpose: removing keys, and undoing.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::document::written;
use super::reader::read;
use super::{Config, ConfigError, DEFAULT_FILE, EMBEDDED, unreadable};

/// The text with this value for the top-level `key`; a key that is not there becomes the last one, laid out like the one
/// before it. The error is the sentence with which `Config::parse` refuses the result, or the text as it is.
pub fn set_value(text: &str, key: &str, value: &Value) -> Result<String, ConfigError> {
    edited(text, DEFAULT_FILE, key, value).map(|(text, _)| text)
}

/// Sets one value in the file and gives the settings as they are then. Reads the newest file; where there is none, the
/// shipped settings are what is edited. A link is followed to the file it names. Waits for the disk.
pub fn save(path: &Path, key: &str, value: &Value) -> Result<Config, ConfigError> {
    let old = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(path, &error)),
    };
    let name = path.display().to_string();
    let (text, config) = edited(old.as_deref().unwrap_or(EMBEDDED), &name, key, value)?;
    if old.as_deref() != Some(text.as_str()) {
        replace(&target(path), |file| file.write_all(text.as_bytes())).map_err(|error| {
            let what = "nothing was changed; allow writing to the file and its folder, or free some disk space";
            ConfigError(format!("{name}: the settings cannot be written ({error}); {what}"))
        })?;
    }
    Ok(config)
}

fn edited(text: &str, name: &str, key: &str, value: &Value) -> Result<(String, Config), ConfigError> {
    let entries = read::<Entries>(text, name)?.0;
    let (at, new) = match entries.iter().find(|entry| entry.name == key) {
        Some(entry) => (span(text, entry.value), written(value)),
        None => appended(text, &entries, key, &written(value)),
    };
    let text = format!("{}{new}{}", &text[..at.start], &text[at.end..]);
    let config = Config::parse(&text, name)?;
    Ok((text, config))
}

// ---- places in the text

/// A key with its value, both borrowed from the text.
struct Entry<'a> {
    name: String,
    key: &'a RawValue,
    value: &'a RawValue,
}

struct Entries<'a>(Vec<Entry<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'a>, D::Error> {
        deserializer.deserialize_map(Places)
    }
}

struct Places;

impl<'de> Visitor<'de> for Places {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Entries(Vec::new());
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name = serde_json::from_str(key.get()).map_err(A::Error::custom)?;
            entries.0.push(Entry { name, key, value });
        }
        Ok(entries)
    }
}

/// Where `part`, which is borrowed from `text`, stands in it.
fn span(text: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.get().len()
}

/// Where a new last key goes, and its text with everything around it.
fn appended(text: &str, entries: &[Entry], key: &str, value: &str) -> (Range<usize>, String) {
    let quoted = written(&Value::from(key));
    // The text is one object, so its first brace opens it.
    let opened = text.find('{').map_or(0, |brace| brace + 1);
    let Some(last) = entries.last() else {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let closes_on_its_own_line = text[opened..].split('}').next().is_some_and(|space| space.contains('\n'));
        let after = if closes_on_its_own_line { "" } else { end };
        return (opened..opened, format!("{end}  {quoted}: {value}{after}"));
    };
    let (last_key, last_value) = (span(text, last.key), span(text, last.value));
    let between = match entries {
        [.., before, _] => text[span(text, before.value).end..last_key.start].to_string(),
        _ => format!(",{}", &text[opened..last_key.start]),
    };
    let colon = &text[last_key.end..last_value.start];
    (last_value.end..last_value.end, format!("{between}{quoted}{colon}{value}"))
}

// ---- the file

/// More links than this lead nowhere; reading such a path has failed before.
const MOST_LINKS: usize = 40;
/// Left-over temporary files that may stand in the way.
const MOST_LEFT_OVER: usize = 100;

/// The file that a path leads to in the end, whether it exists or not.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(link) = fs::read_link(&path) else { break };
        path = folder(&path).join(link);
    }
    path
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Replaces the file by what `fill` writes, or leaves it and nothing else behind.
fn replace(target: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let old = match fs::metadata(target) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // A rename would pass over the protection of the file itself.
    if old.as_ref().is_some_and(|old| old.permissions().readonly()) {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "the file is write-protected"));
    }
    let (temporary, mut file) = beside(target)?;
    let written = old
        .map_or(Ok(()), |old| permit_alike(&file, &old))
        .and_then(|()| fill(&mut file))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        // The first fault is the one to tell.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    // The new file is in place; where a folder cannot be synced, a power cut may at worst bring the old file back.
    let _ = File::open(folder(target)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A new temporary file in the target's folder. Another process has another name; what a crash left is not touched.
fn beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut result = Err(io::Error::from(ErrorKind::AlreadyExists));
    for number in 0..MOST_LEFT_OVER {
        let path = folder(target).join(format!(".{name}.{}-{number}.new", std::process::id()));
        result = OpenOptions::new().write(true).create_new(true).open(&path).map(|file| (path, file));
        if !matches!(&result, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            break;
        }
    }
    result
}

/// Gives the new file the permissions of the old one, and its owner where we may.
fn permit_alike(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only an administrator may give files away; for all others the owner is the same or becomes us.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use super::{Write, replace};
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_disk_that_fills_up_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, "old").expect("write");
        let full = replace(&path, |file| {
            file.write_all(b"ne")?;
            Err(Error::from(ErrorKind::StorageFull))
        });
        assert_eq!(full.map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("list").count(), 1);
    }
}
