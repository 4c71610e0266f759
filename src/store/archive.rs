//! Klines out of CSV and zip files: Binance's public archive and what other programs write.
//!
//! Columns: Binance's twelve in its order when there is no header (the twelfth is unused), else by the names of the header.
//! Source: github.com/binance/binance-public-data; spot archives have no header, futures archives have one; times are in
//! ms, in us for spot from 2025-01-01 on.
//! Invariant: every row has as many cells as the first; a row is its line in the file, counted from 1, header included.
//! Absent on purpose: order and validity of rows, and downloading.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use csv::ByteRecord;
use sha2::{Digest, Sha256};

use super::columns::{Column, TIMES_ALLOWED, number_of_text, time_of_text};
use super::error::StoreError;
use super::guard::damaged;
use super::kline::Kline;
use super::kline_file::unreadable;
use super::parquet_rows::{Row, find_columns, shown};
use crate::domain::{Bar, Time};

/// Called with each row; its error ends the reading.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Row) -> Result<(), StoreError>;

/// Cells of a row of Binance's archive, with and without the unused one.
const ARCHIVE_CELLS: [usize; 2] = [12, 11];

/// Reads a CSV file to its end.
pub(super) fn visit_csv(path: &Path, text: impl Read, visit: Visit<'_>) -> Result<(), StoreError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Lines { text, length: 0 });
    let mut record = ByteRecord::new();
    let mut layout: Option<Layout> = None;
    let mut rows = 0_u64;
    while reader.read_byte_record(&mut record).map_err(|error| damaged(path, error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let Some(layout) = &layout else {
            let found = Layout::of(path, &record)?;
            let is_header = found.has_header;
            let row = if is_header { None } else { Some(found.row(path, &record, line)?) };
            layout = Some(found);
            if let Some(row) = row {
                rows += 1;
                visit(row)?;
            }
            continue;
        };
        rows += 1;
        visit(layout.row(path, &record, line)?)?;
    }
    if rows == 0 { Err(StoreError::NoRows { file: path.to_path_buf() }) } else { Ok(()) }
}

/// A row of Binance's is about 150 bytes; a file without line ends would fill the memory.
const LONGEST_LINE: usize = 1 << 16;

/// Text whose lines have a bound.
struct Lines<R> {
    text: R,
    /// Since the last line end.
    length: usize,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.text.read(buffer)?;
        let read = &buffer[..count];
        self.length = match read.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => count - at - 1,
            None => self.length + count,
        };
        if self.length > LONGEST_LINE {
            let what = format!("a line is longer than {LONGEST_LINE} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
        }
        Ok(count)
    }
}

/// Opens the one CSV file of a zip archive; its name and its reader go to `read`.
pub(super) fn in_zip<T>(
    path: &Path,
    file: File,
    read: impl FnOnce(&str, &mut dyn Read) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, error))?;
    let content = |found: String| StoreError::ArchiveContent { file: path.to_path_buf(), found };
    if archive.len() != 1 {
        return Err(content(format!("{} files", archive.len())));
    }
    let mut entry = archive.by_index(0).map_err(|error| damaged(path, error))?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    if !name.to_ascii_lowercase().ends_with(".csv") {
        return Err(content(format!("{:?}", shown(&name))));
    }
    read(&name, &mut entry)
}

/// The sha256 of a file in hexadecimal digits; the file is at its start afterwards.
pub(super) fn sha256(path: &Path, file: &mut File) -> Result<String, StoreError> {
    let mut digest = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut part).map_err(|error| unreadable(path, &error))?;
        if length == 0 {
            break;
        }
        digest.update(&part[..length]);
    }
    file.rewind().map_err(|error| unreadable(path, &error))?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares with the archive's file `NAME.CHECKSUM` where one lies beside. True when there is one.
pub(super) fn verify_checksum(path: &Path, found: &str) -> Result<bool, StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".CHECKSUM");
    let beside = Path::new(&beside);
    let text = match std::fs::read(beside) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(beside, &error)),
    };
    let stated = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if stated.len() != 64 || !stated.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(StoreError::BadChecksumFile { file: beside.into(), found: format!("{:?}", shown(&text)) });
    }
    if stated != found {
        let (file, found) = (path.to_path_buf(), found.to_owned());
        return Err(StoreError::WrongChecksum { file, beside: beside.into(), found, stated });
    }
    Ok(true)
}

/// Where each column stands.
struct Layout {
    places: [Option<usize>; 11],
    cells: usize,
    has_header: bool,
}

impl Layout {
    /// By the first row, which is a header when its first cell is no time.
    fn of(path: &Path, first: &ByteRecord) -> Result<Layout, StoreError> {
        let names: Vec<String> = first.iter().map(|cell| text(cell).trim_start_matches('\u{feff}').into()).collect();
        if time_of_text(&names[0]).is_none() && !names[0].bytes().all(|byte| byte.is_ascii_digit()) {
            if Column::OpenTime.find(names.iter().map(String::as_str)).is_none() {
                let found = format!("{:?}", shown(&names.join(",")));
                return Err(StoreError::StrangeHeader { file: path.to_path_buf(), found });
            }
            return Ok(Layout { places: find_columns(path, &names)?, cells: names.len(), has_header: true });
        }
        if !ARCHIVE_CELLS.contains(&names.len()) {
            return Err(StoreError::BadRow {
                file: path.to_path_buf(),
                row: 1,
                column: "open_time",
                found: format!("{} cells and no header", names.len()),
                allowed: "Binance's 12 cells, or a header that names the columns",
            });
        }
        Ok(Layout { places: std::array::from_fn(Some), cells: names.len(), has_header: false })
    }

    fn row(&self, path: &Path, record: &ByteRecord, number: u64) -> Result<Row, StoreError> {
        let bad = |column: Column, found: String, allowed| StoreError::BadRow {
            file: path.to_path_buf(),
            row: number,
            column: column.name(),
            found,
            allowed,
        };
        if record.len() != self.cells {
            let found = format!("{} cells, the rows before have {}", record.len(), self.cells);
            return Err(bad(Column::OpenTime, found, "as many cells in every row"));
        }
        let cell = |column: Column| {
            let text = self.places[column as usize].and_then(|place| record.get(place)).map(text);
            text.filter(|text| !text.trim().is_empty())
        };
        let time = |column: Column| -> Result<Option<Time>, StoreError> {
            let Some(text) = cell(column) else { return Ok(None) };
            time_of_text(&text).map(Some).ok_or_else(|| bad(column, format!("{:?}", shown(&text)), TIMES_ALLOWED))
        };
        let number_in = |column: Column| -> Result<Option<f64>, StoreError> {
            let Some(text) = cell(column) else { return Ok(None) };
            let found = number_of_text(&text).map(Some);
            found.ok_or_else(|| bad(column, format!("{:?}", shown(&text)), "a decimal number"))
        };
        let needed = |column: Column| Ok(number_in(column)?.unwrap_or(f64::NAN));
        let open_time = time(Column::OpenTime)?;
        let bar = Bar {
            open_time: open_time.ok_or_else(|| bad(Column::OpenTime, "nothing".into(), TIMES_ALLOWED))?,
            open: needed(Column::Open)?,
            high: needed(Column::High)?,
            low: needed(Column::Low)?,
            close: needed(Column::Close)?,
            volume: needed(Column::Volume)?,
        };
        let trades = number_in(Column::Trades)?;
        let kline = Kline {
            bar,
            close_time: time(Column::CloseTime)?,
            quote_volume: number_in(Column::QuoteVolume)?,
            // Some programs write counts as 12.0; what is no count at all is refused by the import.
            trades: trades.map(|count| if count.fract() == 0.0 { count as i64 } else { -1 }),
            taker_buy_base: number_in(Column::TakerBuyBase)?,
            taker_buy_quote: number_in(Column::TakerBuyQuote)?,
        };
        Ok(Row { number, kline })
    }
}

/// A cell as text; what is no UTF-8 cannot be a number and is refused as such.
fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}
