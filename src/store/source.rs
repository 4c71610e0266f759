//! `KlineSource`: a file with klines of any kind (Parquet, CSV, zip with a CSV), what it is of, and its rows.
//!
//! Invariant: the rows come in the order of the file and in bounded memory.
//! Absent on purpose: what is done with them; `import` and `check` are two answers.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::{self, Visit};
use super::error::StoreError;
use super::kline::{Interval, Market};
use super::kline_file::{symbol_of_name, symbol_of_text, unreadable};
use super::parquet_rows::{ParquetRows, Row};
use crate::domain::{Span, Symbol};

/// A file that was opened and recognised. What it does not tell about itself is `None`.
pub struct KlineSource {
    path: PathBuf,
    kind: Kind,
    pub symbol: Option<Symbol>,
    pub market: Option<Market>,
    /// As its metadata or name states it; names may state intervals that are not kept.
    pub interval: Option<String>,
    bytes: u64,
}

enum Kind {
    Parquet(Box<ParquetRows>),
    Csv,
    Zip,
}

impl KlineSource {
    pub fn open(path: &Path) -> Result<KlineSource, StoreError> {
        let (mut file, bytes) = open_plain(path)?;
        let mut head = Vec::new();
        file.by_ref().take(4).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let kind = match ending.as_deref() {
            _ if head.starts_with(b"PAR1") => Kind::Parquet(Box::new(ParquetRows::open(path)?)),
            _ if head.starts_with(b"PK") => Kind::Zip,
            Some("parquet") => Kind::Parquet(Box::new(ParquetRows::open(path)?)),
            Some("zip") => Kind::Zip,
            Some("csv" | "txt") => Kind::Csv,
            _ => {
                let found = String::from_utf8_lossy(&head).into_owned();
                return Err(StoreError::UnknownKind { file: path.to_path_buf(), found });
            }
        };
        let stated = |key: &str| match &kind {
            Kind::Parquet(rows) => rows.stated(key).map(str::to_owned),
            Kind::Csv | Kind::Zip => None,
        };
        let symbol = stated("symbol").and_then(|text| symbol_of_text(&text)).or_else(|| symbol_of_name(path));
        let words = words_of_name(path);
        let market = stated("market")
            .and_then(|name| Market::parse(&name))
            .or_else(|| words.iter().find_map(|word| Market::known(word)));
        let interval = stated("interval").or_else(|| words.iter().find(|word| is_interval(word)).cloned());
        Ok(KlineSource { path: path.to_path_buf(), kind, symbol, market, interval, bytes })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Rows where the file states them: for progress bars.
    pub fn rows(&self) -> Option<u64> {
        match &self.kind {
            Kind::Parquet(rows) => Some(rows.rows()),
            Kind::Csv | Kind::Zip => None,
        }
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sha256 of the file, compared with the checksum file beside it where there is one.
    pub fn verified_sha256(&self) -> Result<String, StoreError> {
        let (mut file, _) = open_plain(&self.path)?;
        let found = archive::sha256(&self.path, &mut file)?;
        archive::verify_checksum(&self.path, &found)?;
        Ok(found)
    }

    /// Calls `visit` with each row.
    pub fn visit(self, visit: Visit<'_>) -> Result<(), StoreError> {
        let path = self.path;
        match self.kind {
            Kind::Parquet(mut rows) => loop {
                let batch = rows.next_rows()?;
                if batch.is_empty() {
                    return Ok(());
                }
                batch.into_iter().try_for_each(&mut *visit)?;
            },
            Kind::Csv => archive::visit_csv(&path, open_plain(&path)?.0, visit),
            Kind::Zip => archive::in_zip(&path, open_plain(&path)?.0, |_, text| archive::visit_csv(&path, text, visit)),
        }
    }
}

/// The length of a bar: as stated, else by the first row's close_time, else a minute.
pub(super) fn interval_of(path: &Path, stated: Option<&str>, first: &Row) -> Result<Interval, StoreError> {
    let refused = |found: String| StoreError::WrongInterval { file: path.to_path_buf(), found };
    if let Some(name) = stated {
        return Interval::parse(name).ok_or_else(|| refused(name.to_owned()));
    }
    let Some(close) = first.kline.close_time else { return Ok(Interval::MINUTE) };
    // The last millisecond or microsecond of the bar.
    let length = close.since(first.kline.bar.open_time).0 + 1_000;
    let seconds = Span(length - length.rem_euclid(Span::SECOND.0));
    match Interval::of(seconds) {
        Some(interval) => Ok(interval),
        None if seconds == Span::SECOND => Err(refused("1s".into())),
        // The first bar after an outage may be short or odd.
        None => Ok(Interval::MINUTE),
    }
}

pub(super) fn open_plain(path: &Path) -> Result<(File, u64), StoreError> {
    let facts = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::Missing { file: path.to_path_buf() },
        _ => unreadable(path, &error),
    })?;
    if !facts.is_file() {
        return Err(StoreError::NotAFile { file: path.to_path_buf() });
    }
    if facts.len() == 0 {
        return Err(StoreError::Empty { file: path.to_path_buf() });
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok((file, facts.len()))
}

/// The words of a file's name after the symbol, such as `um`, `1m`, `2024`.
fn words_of_name(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.split(['-', '_', '.']).skip(1).map(str::to_owned).collect()
}

/// A number and a unit, kept or not: `1m`, `1s`, `3d`, `1w`, `1mo`.
fn is_interval(word: &str) -> bool {
    let unit = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    unit.len() < word.len() && ["s", "m", "h", "d", "w", "M", "mo"].contains(&unit)
}
