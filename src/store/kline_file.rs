//! One kline file: opened, checked and decoded batch by batch.
//!
//! Columns (Binance's raw kline order; only the first six are read): `open_time` int64 in ms or us UTC, told apart row
//! by row by magnitude as spot archives changed on 2025-01-01 (github.com/binance/binance-public-data), `open`, `high`,
//! `low`, `close`, `volume` as float64 or as decimal strings.
//! Invariant: bars leave in strictly increasing open_time, each valid by `Bar::validate`, and as many as the footer says.
//! Times need not lie on the minute: after an outage Binance itself recorded minutes that start off the grid.
//! Absent on purpose: page checksums, which most writers leave out, and gaps, which are the reader's to see.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use super::columns::{TIMES_ALLOWED, time_of_number};
use super::error::StoreError;
use super::guard::{damaged, guarded};
use crate::domain::{Bar, Symbol, Time};

const COLUMNS: [&str; 6] = ["open_time", "open", "high", "low", "close", "volume"];
const MAGIC: &[u8; 4] = b"PAR1";
/// Rows decoded at a time: large enough to be fast, small enough to be nothing in memory.
const BATCH_ROWS: usize = 8_192;
/// Binance's symbols are far shorter; a damaged footer may claim anything.
pub(super) const LONGEST_SYMBOL: usize = 64;

/// A kline file being read.
pub(super) struct KlineFile {
    path: PathBuf,
    symbol: Symbol,
    rows: u64,
    batches: ParquetRecordBatchReader,
    bars: std::vec::IntoIter<Bar>,
    decoded: u64,
    last: Option<Time>,
}

/// The symbol a file holds: metadata key `symbol`, else the start of its name (`BTCUSDT-1m`, `BTC_USDT-1m`).
pub fn symbol_of(file: &Path) -> Result<Symbol, StoreError> {
    KlineFile::open(file).map(|opened| opened.symbol)
}

/// The symbols of all files, each once: those of `order` (the config) first and in that order, then by first file.
pub fn symbols_of(files: &[PathBuf], order: &[Symbol]) -> Result<Vec<Symbol>, StoreError> {
    let mut found: Vec<Symbol> = Vec::new();
    for file in files {
        let symbol = symbol_of(file)?;
        if !found.contains(&symbol) {
            found.push(symbol);
        }
    }
    // The sort is stable: symbols the config does not name keep the order of their files.
    found.sort_by_key(|symbol| order.iter().position(|known| known == symbol).unwrap_or(order.len()));
    Ok(found)
}

impl KlineFile {
    /// Opens and checks everything but the rows.
    pub(super) fn open(path: &Path) -> Result<KlineFile, StoreError> {
        let file = open_checked(path)?;
        guarded(path, || {
            let size = file.metadata().map_err(|error| unreadable(path, &error))?.len();
            // The Arrow schema embedded by some writers adds nothing but types we would have to undo.
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
                .map_err(|error| damaged(path, error))?;
            let rows = check_footer(path, builder.metadata(), size)?;
            let roots = check_columns(path, builder.schema())?;
            let symbol = find_symbol(path, builder.metadata())?;
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            let batches = builder
                .with_projection(mask)
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|error| damaged(path, error))?;
            let bars = Vec::new().into_iter();
            Ok(KlineFile { path: path.to_path_buf(), symbol, rows, batches, bars, decoded: 0, last: None })
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// Rows as the footer states them.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The next bar; `None` after the last row.
    #[inline]
    pub(super) fn next_bar(&mut self) -> Result<Option<Bar>, StoreError> {
        match self.bars.next() {
            Some(bar) => Ok(Some(bar)),
            None => {
                self.fill()?;
                Ok(self.bars.next())
            }
        }
    }

    /// The next bar, which stays the next one.
    pub(super) fn peek(&mut self) -> Result<Option<Bar>, StoreError> {
        self.fill()?;
        Ok(self.bars.as_slice().first().copied())
    }

    /// Decodes further rows where none are waiting; none wait afterwards only at the file's end.
    fn fill(&mut self) -> Result<(), StoreError> {
        while self.bars.as_slice().is_empty() {
            let path = &self.path;
            let batches = &mut self.batches;
            let batch = guarded(path, || batches.next().transpose().map_err(|error| damaged(path, error)))?;
            match batch {
                Some(batch) => self.bars = self.decode(&batch)?.into_iter(),
                None if self.decoded == self.rows => return Ok(()),
                None => {
                    let reason = format!("{} rows can be read, the footer states {}", self.decoded, self.rows);
                    return Err(damaged(path, reason));
                }
            }
        }
        Ok(())
    }

    fn decode(&mut self, batch: &RecordBatch) -> Result<Vec<Bar>, StoreError> {
        let first_row = self.decoded + 1;
        let times = self.times(column(batch, &self.path, "open_time")?, first_row)?;
        let open = self.numbers(batch, "open", first_row)?;
        let high = self.numbers(batch, "high", first_row)?;
        let low = self.numbers(batch, "low", first_row)?;
        let close = self.numbers(batch, "close", first_row)?;
        let volume = self.numbers(batch, "volume", first_row)?;
        let mut bars = Vec::with_capacity(times.len());
        for (i, open_time) in times.into_iter().enumerate() {
            let row = first_row + i as u64;
            let bar = Bar { open_time, open: open[i], high: high[i], low: low[i], close: close[i], volume: volume[i] };
            self.check_bar(&bar, row)?;
            // Messages carry eight decimals: what the engine sees must not depend on the way a bar came.
            let bar = bar.on_grid();
            self.last = Some(open_time);
            bars.push(bar);
        }
        self.decoded += bars.len() as u64;
        Ok(bars)
    }

    fn times(&self, array: &ArrayRef, first_row: u64) -> Result<Vec<Time>, StoreError> {
        self.check_present(array, "open_time", first_row)?;
        let raw: &[i64] = match array.data_type() {
            DataType::Timestamp(TimeUnit::Millisecond, _) => array.as_primitive::<TimestampMillisecondType>().values(),
            DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive::<TimestampMicrosecondType>().values(),
            _ => array.as_primitive::<Int64Type>().values(),
        };
        let mut times = Vec::with_capacity(raw.len());
        for (i, value) in raw.iter().enumerate() {
            let time = time_of_number(*value);
            times.push(
                time.ok_or_else(|| self.bad_row(first_row + i as u64, "open_time", value.to_string(), TIMES_ALLOWED))?,
            );
        }
        Ok(times)
    }

    fn numbers<'a>(
        &self,
        batch: &'a RecordBatch,
        name: &'static str,
        first_row: u64,
    ) -> Result<Cow<'a, [f64]>, StoreError> {
        let array = column(batch, &self.path, name)?;
        self.check_present(array, name, first_row)?;
        if array.data_type() == &DataType::Float64 {
            return Ok(Cow::Borrowed(array.as_primitive::<Float64Type>().values()));
        }
        let texts = array.as_string::<i32>();
        let mut numbers = Vec::with_capacity(texts.len());
        for i in 0..texts.len() {
            let text = texts.value(i);
            // Rust also reads "inf" and "nan"; `Bar::validate` refuses those a step later.
            let number = text.trim().parse().map_err(|_| {
                let shown: String = text.chars().take(40).collect();
                self.bad_row(first_row + i as u64, name, format!("{shown:?}"), "a decimal number")
            })?;
            numbers.push(number);
        }
        Ok(Cow::Owned(numbers))
    }

    fn check_present(&self, array: &ArrayRef, name: &'static str, first_row: u64) -> Result<(), StoreError> {
        if array.null_count() == 0 {
            return Ok(());
        }
        let row = (0..array.len()).find(|i| array.is_null(*i)).unwrap_or(0) as u64;
        Err(self.bad_row(first_row + row, name, "nothing (null)".into(), "a value"))
    }

    fn check_bar(&self, bar: &Bar, row: u64) -> Result<(), StoreError> {
        if let Some(last) = self.last.filter(|last| bar.open_time <= *last) {
            let found = format!("{} ms after {} ms", bar.open_time.millis(), last.millis());
            return Err(self.bad_row(row, "open_time", found, "a time later than that of the row before"));
        }
        refuse_invalid(&self.path, row, bar)
    }

    fn bad_row(&self, row: u64, column: &'static str, found: String, allowed: &'static str) -> StoreError {
        StoreError::BadRow { file: self.path.clone(), row, column, found, allowed }
    }
}

/// An error unless the numbers can be a bar.
pub(super) fn refuse_invalid(path: &Path, row: u64, bar: &Bar) -> Result<(), StoreError> {
    bar.validate().map_err(|allowed_not| {
        let Bar { open, high, low, close, volume, .. } = bar;
        let found = format!("open {open}, high {high}, low {low}, close {close}, volume {volume}: {allowed_not}");
        let allowed = "finite positive prices with low <= open, close <= high, volume >= 0";
        StoreError::BadRow { file: path.to_path_buf(), row, column: blame(bar), found, allowed }
    })
}

/// The column to look at first when a bar is not valid.
fn blame(bar: &Bar) -> &'static str {
    let bad = |x: f64| !(Bar::LOWEST_PRICE..Bar::PRICE_END).contains(&x);
    let named = [("open", bar.open), ("high", bar.high), ("low", bar.low), ("close", bar.close)];
    if let Some((name, _)) = named.iter().find(|(_, price)| bad(*price)) {
        return name;
    }
    if !bar.volume.is_finite() || bar.volume < 0.0 {
        return "volume";
    }
    if bar.high < bar.open.max(bar.close) { "high" } else { "low" }
}

fn column<'a>(batch: &'a RecordBatch, path: &Path, name: &str) -> Result<&'a ArrayRef, StoreError> {
    batch.column_by_name(name).ok_or_else(|| damaged(path, format!("column {name} vanished while reading")))
}

/// What can be told without the Parquet library: presence, size and the magic numbers at both ends.
pub(super) fn open_checked(path: &Path) -> Result<File, StoreError> {
    let file = path.to_path_buf();
    let facts = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::Missing { file: path.to_path_buf() },
        _ => unreadable(path, &error),
    })?;
    if !facts.is_file() {
        return Err(StoreError::NotAFile { file });
    }
    if facts.len() == 0 {
        return Err(StoreError::Empty { file });
    }
    let mut opened = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut head = Vec::new();
    opened.by_ref().take(4).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
    if !MAGIC.starts_with(&head) {
        return Err(StoreError::NotParquet { file, found: String::from_utf8_lossy(&head).into_owned() });
    }
    let mut tail = Vec::new();
    // Magic, footer, footer length and magic again: nothing shorter than 12 bytes can be whole.
    if facts.len() >= 12 {
        opened.seek(SeekFrom::End(-4)).map_err(|error| unreadable(path, &error))?;
        opened.by_ref().take(4).read_to_end(&mut tail).map_err(|error| unreadable(path, &error))?;
        opened.rewind().map_err(|error| unreadable(path, &error))?;
    }
    if tail != MAGIC {
        return Err(StoreError::Truncated { file, bytes: facts.len() });
    }
    Ok(opened)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unreadable { file: path.to_path_buf(), reason: error.to_string() }
}

/// Sizes that a damaged footer may have wrong are checked before the library allocates by them.
pub(super) fn check_footer(path: &Path, footer: &ParquetMetaData, size: u64) -> Result<u64, StoreError> {
    let stated = footer.file_metadata().num_rows();
    let mut counted: i64 = 0;
    for group in footer.row_groups() {
        if group.num_rows() < 0 {
            return Err(damaged(path, "a row group states a negative number of rows"));
        }
        counted = counted.saturating_add(group.num_rows());
        for chunk in group.columns() {
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let end = start.checked_add(chunk.compressed_size());
            let inside = start >= 0 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= size);
            if !inside || chunk.data_page_offset() < 0 || chunk.num_values() < 0 {
                return Err(damaged(path, "a column lies outside the file"));
            }
        }
    }
    if counted != stated {
        return Err(damaged(path, format!("the row groups hold {counted} rows, the footer states {stated}")));
    }
    if stated == 0 {
        return Err(StoreError::NoRows { file: path.to_path_buf() });
    }
    Ok(stated as u64)
}

/// Places of the six columns, after a look at their types.
fn check_columns(path: &Path, schema: &arrow::datatypes::Schema) -> Result<Vec<usize>, StoreError> {
    let mut places = Vec::with_capacity(COLUMNS.len());
    for name in COLUMNS {
        let Some((place, field)) = schema.column_with_name(name) else {
            let all: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).take(20).collect();
            let found = if all.is_empty() { "no column".into() } else { all.join(", ") };
            return Err(StoreError::MissingColumn { file: path.to_path_buf(), column: name, found });
        };
        let (right, allowed) = match (name, field.data_type()) {
            ("open_time", DataType::Int64) => (true, ""),
            ("open_time", DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, _)) => (true, ""),
            ("open_time", _) => (false, "int64 (ms or us UTC)"),
            (_, DataType::Float64 | DataType::Utf8) => (true, ""),
            (_, _) => (false, "float64 or decimal text"),
        };
        if !right {
            let found = field.data_type().to_string();
            return Err(StoreError::WrongType { file: path.to_path_buf(), column: name, found, allowed });
        }
        places.push(place);
    }
    Ok(places)
}

fn find_symbol(path: &Path, footer: &ParquetMetaData) -> Result<Symbol, StoreError> {
    stated(footer, "symbol")
        .and_then(symbol_of_text)
        .or_else(|| symbol_of_name(path))
        .ok_or_else(|| StoreError::NoSymbol { file: path.to_path_buf() })
}

/// The footer's text under `key`.
pub(super) fn stated<'a>(footer: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let pairs = footer.file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

/// A symbol as metadata or a person writes it, if it can be one and can be the name of a folder.
pub fn symbol_of_text(text: &str) -> Option<Symbol> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= LONGEST_SYMBOL;
    let odd = |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | '.');
    (fits && !text.contains(odd)).then(|| Symbol::new(text))
}

/// Second words of a name that belong to the symbol: `BTC_USDT-1m.parquet` is of BTCUSDT.
const QUOTES: [&str; 15] =
    ["USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "DAI", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "GBP"];

/// The leading capitals and digits of a file's name before `-`, `_` or `.`, with a quote asset that stands apart.
pub(super) fn symbol_of_name(path: &Path) -> Option<Symbol> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = name.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit()).unwrap_or(name.len());
    match (&name[..end], name[end..].chars().next()) {
        ("", _) => None,
        (symbol, None | Some('.')) => symbol_of_text(symbol),
        (base, Some('-' | '_')) => {
            let quote = name[end + 1..].split(['-', '_', '.']).next().filter(|word| QUOTES.contains(word));
            symbol_of_text(&format!("{base}{}", quote.unwrap_or_default()))
        }
        (_, Some(_)) => None,
    }
}
