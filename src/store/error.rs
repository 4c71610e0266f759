//! Why a file of klines or of a recorded session was refused: one sentence each, with what to do.
//!
//! Invariant: every text names the file, and the row and column where there is one, what was found and what is allowed.
//! Absent on purpose: the exit status, which is the front hall's.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::engine::ports::SourceError;

/// Every way in which kline files can be unusable. All of them are the user's to mend; none is a bug.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{}: there is no such file; check the path", file.display())]
    Missing { file: PathBuf },
    #[error("{}: this is not a regular file; give the path of a Parquet file with klines", file.display())]
    NotAFile { file: PathBuf },
    #[error("{}: cannot be opened ({reason}); make it readable and try again", file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error("{}: the file is empty (0 bytes); {}", file.display(), remedy(file))]
    Empty { file: PathBuf },
    #[error("{}: not a Parquet file (it starts with {found:?}, allowed is \"PAR1\"); {}", file.display(), other(file))]
    NotParquet { file: PathBuf, found: String },
    #[error(
        "{}: the file is cut off ({bytes} bytes, the closing \"PAR1\" is missing); {}",
        file.display(), remedy(file)
    )]
    Truncated { file: PathBuf, bytes: u64 },
    #[error("{}: the content is damaged ({reason}); {}", file.display(), remedy(file))]
    Damaged { file: PathBuf, reason: String },
    #[error(
        "{}: column `{column}` is missing; found {found}, needed are open_time, open, high, low, close and volume",
        file.display()
    )]
    MissingColumn { file: PathBuf, column: &'static str, found: String },
    #[error("{}: column `{column}` has type {found}, allowed is {allowed}; write the file again with that type", file.display())]
    WrongType { file: PathBuf, column: &'static str, found: String, allowed: &'static str },
    #[error(
        "{}: its columns ({found}) are those of no outside source; known are funding_time with funding_rate, time with \
         sum_open_interest, date with oi and ratios, date_ms with value",
        file.display()
    )]
    NoMoods { file: PathBuf, found: String },
    #[error("{}: the file has no rows; give a file with at least one bar", file.display())]
    NoRows { file: PathBuf },
    /// `row` counts from 1.
    #[error("{}: row {row}, column `{column}`: found {found}, allowed is {allowed}; mend or remove the row", file.display())]
    BadRow { file: PathBuf, row: u64, column: &'static str, found: String, allowed: &'static str },
    #[error(
        "{}: the symbol is unknown: neither the file's metadata key `symbol` nor the start of its name (such as \
         BTCUSDT-1m.parquet) tells it; rename the file",
        file.display()
    )]
    NoSymbol { file: PathBuf },
    #[error(
        "{}: its symbol {symbol} is not among the symbols of this run ({}); leave the file out or add the symbol",
        file.display(), wanted.join(", ")
    )]
    ForeignSymbol { file: PathBuf, symbol: String, wanted: Vec<String> },
    #[error(
        "{}: its first bar (open_time {first} ms) is not later than the last bar of {} (open_time {last} ms); give \
         each minute of a symbol once",
        file.display(), before.display()
    )]
    Overlap { file: PathBuf, before: PathBuf, first: i64, last: i64 },
    #[error("no data file was given; name at least one with --data FILE")]
    NoFiles,
    #[error("{}: neither Parquet, CSV nor zip (it starts with {found:?}); give klines in one of these", file.display())]
    UnknownKind { file: PathBuf, found: String },
    #[error("{}: a header is expected to name the columns of klines, but the first row is {found}", file.display())]
    StrangeHeader { file: PathBuf, found: String },
    #[error("{}: the archive holds {found}, allowed is exactly one CSV file; unpack it and import what is wanted", file.display())]
    ArchiveContent { file: PathBuf, found: String },
    #[error(
        "{}: its sha256 is {found}, but {} states {stated}; the file is damaged or another one: fetch both again",
        file.display(), beside.display()
    )]
    WrongChecksum { file: PathBuf, beside: PathBuf, found: String, stated: String },
    #[error("{}: holds {found}, allowed is a sha256 of 64 hexadecimal digits before a file name; fetch it again", file.display())]
    BadChecksumFile { file: PathBuf, found: String },
    #[error(
        "{}: its bars are {found} long, which the catalogue does not keep; allowed are 1m, 3m, 5m, 15m, 30m, 1h, 2h, \
         4h, 6h, 8h, 12h and 1d",
        file.display()
    )]
    WrongInterval { file: PathBuf, found: String },
    #[error(
        "{}: found rows at least {found} apart, allowed is {taken} where neither metadata nor name states another interval; \
         state it in the name, such as BTCUSDT-5m.csv",
        file.display()
    )]
    WrongStep { file: PathBuf, found: String, taken: &'static str },
    #[error(
        "{}: its metadata or name says that its {what} is {found}, --{what} says {told}; leave --{what} out, or rename the file",
        file.display()
    )]
    ToldOtherwise { file: PathBuf, what: &'static str, found: String, told: String },
    /// In ms UTC.
    #[error(
        "{}: the bar with open_time {time} ms stands after a later one; sort the rows by open_time (`data check` counts them)",
        file.display()
    )]
    Unsorted { file: PathBuf, time: i64 },
    #[error("interrupted; nothing was imported, the catalogue is as it was")]
    Interrupted,
    #[error("{0}")]
    Conflict(Box<Clash>),
    #[error("{}: another program changed it meanwhile; nothing was imported, run the command again", file.display())]
    ChangedMeanwhile { file: PathBuf },
    #[error(
        "the catalogue {} has {name} in several markets ({}); name one of them, such as {}",
        catalog.display(), found.join(", "), found.first().map_or("", String::as_str)
    )]
    SeveralMarkets { catalog: PathBuf, name: String, found: Vec<String> },
    #[error("{name}: neither a file nor a 1m history of the catalogue {} (it holds {found})", catalog.display())]
    NotInCatalog { catalog: PathBuf, name: String, found: String },
    /// `line` counts from 1.
    #[error("{}: line {line}: found {found}, allowed is {allowed}; mend or remove the line", file.display())]
    BadLine { file: PathBuf, line: u64, found: String, allowed: &'static str },
    /// `line` is the one that is not there.
    #[error("{}: line {line} cannot be read ({reason}): the file is cut off or damaged; copy or record it again", file.display())]
    BrokenSession { file: PathBuf, line: u64, reason: String },
    #[error(
        "{}: the session never shows the whole order book; record a depth snapshot (a line with lastUpdateId) into it, \
         or give the file before it first",
        file.display()
    )]
    NoBook { file: PathBuf },
    #[error("{}: cannot be written ({reason}); check the folder and the free space", file.display())]
    Unwritable { file: PathBuf, reason: String },
}

/// What to do about a file that cannot be read.
fn remedy(file: &Path) -> &'static str {
    if is_kept(file) { "remove the file, then import or fetch its month again" } else { "download or copy it again" }
}

/// What to do about a file of another kind.
fn other(file: &Path) -> &'static str {
    if is_kept(file) { remedy(file) } else { "give Binance klines as Parquet" }
}

/// True for the months of a catalogue, by their place: `klines/<SYMBOL>/<interval>/<YYYY-MM>.parquet`.
fn is_kept(file: &Path) -> bool {
    file.ancestors().nth(3).and_then(Path::file_name).is_some_and(|name| name == "klines")
}

/// A row that says something else than a kept one of the same time. `row` counts from 1.
#[derive(Debug)]
pub struct Clash {
    pub file: PathBuf,
    pub row: u64,
    pub time: String,
    pub found: String,
    pub month: PathBuf,
    pub kept: String,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Clash { file, row, time, found, month, kept } = self;
        let (file, month) = (file.display(), month.display());
        write!(
            f,
            "{file}: row {row} ({time}) contradicts the catalogue: it has {found}, but {month} has {kept}; give \
             --replace to take the new rows"
        )
    }
}

impl From<StoreError> for SourceError {
    fn from(error: StoreError) -> SourceError {
        SourceError(error.to_string())
    }
}
