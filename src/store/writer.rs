//! Writing klines as a Parquet file: eleven columns, sorted row groups with statistics, zstd.
//!
//! Invariant: the file that `write_bars` leaves at a path is either the old one or the whole new one, never a part.
//! Absent on purpose: the catalogue's provenance, which `month` puts into the metadata.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::columns::Column;
use super::error::StoreError;
use super::kline::Kline;
use crate::domain::{Bar, Symbol};

/// Rows a batch, so that writing a long history does not hold it twice.
const BATCH_ROWS: usize = 65_536;
/// About three months of minutes: the unit a reader can skip by its statistics.
const GROUP_ROWS: usize = 131_072;
/// About six days of minutes: the unit a reader can skip by the page index. Smaller ones compress worse.
const PAGE_ROWS: usize = 8_192;

/// Writes all eleven kline columns (metadata `symbol` and `interval`) to a file beside `path` and renames it over `path`.
/// Parents are created. Bars must be valid and strictly increasing in time; what a `Bar` does not carry becomes null.
pub fn write_bars(path: &Path, symbol: &Symbol, bars: &[Bar]) -> Result<(), StoreError> {
    check(path, bars)?;
    let Some(name) = path.file_name() else { return Err(unwritable(path, &"the path names no file")) };
    create_parent(path)?;
    let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = write_whole(&partial, symbol, bars)
        .and_then(|()| std::fs::rename(&partial, path).map_err(|error| unwritable(path, &error)));
    // Best effort: the part is useless, and the first error is the one to tell.
    written.inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

fn write_whole(partial: &Path, symbol: &Symbol, bars: &[Bar]) -> Result<(), StoreError> {
    let mut writer = KlineWriter::create(partial, &[("symbol", symbol.as_str()), ("interval", "1m")])?;
    for part in bars.chunks(BATCH_ROWS) {
        let klines: Vec<Kline> =
            part.iter().map(|bar| Kline { close_time: Some(bar.close_time()), ..Kline::of(*bar) }).collect();
        writer.write(&klines)?;
    }
    writer.close()
}

/// A kline file being written, row group by row group.
pub(super) struct KlineWriter<'a> {
    path: &'a Path,
    writer: ArrowWriter<File>,
    sync: File,
    schema: Arc<Schema>,
}

impl<'a> KlineWriter<'a> {
    pub fn create(path: &'a Path, pairs: &[(&str, &str)]) -> Result<KlineWriter<'a>, StoreError> {
        let schema = schema();
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        let sync = file.try_clone().map_err(|error| unwritable(path, &error))?;
        let pairs = pairs.iter().map(|(key, value)| KeyValue::new((*key).to_string(), (*value).to_string())).collect();
        let level = ZstdLevel::try_new(3).map_err(|error| unwritable(path, &error))?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_statistics_enabled(Column::OpenTime.name().into(), EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_sorting_columns(Some(vec![SortingColumn { column_idx: 0, descending: false, nulls_first: false }]))
            .set_key_value_metadata(Some(pairs));
        // Times grow by nearly equal steps: their differences take almost no room. Floats behind a dictionary take a quarter
        // more room than plain ones, since their indices repeat less than their bytes do.
        for column in [Column::OpenTime, Column::CloseTime] {
            let place = ColumnPath::from(column.name());
            properties = properties.set_column_encoding(place, Encoding::DELTA_BINARY_PACKED);
        }
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties.build()))
            .map_err(|error| unwritable(path, &error))?;
        Ok(KlineWriter { path, writer, sync, schema })
    }

    pub fn write(&mut self, klines: &[Kline]) -> Result<(), StoreError> {
        let batch = batch(&self.schema, klines).map_err(|error| unwritable(self.path, &error))?;
        self.writer.write(&batch).map_err(|error| unwritable(self.path, &error))
    }

    /// What comes next begins a row group.
    pub fn end_group(&mut self) -> Result<(), StoreError> {
        self.writer.flush().map_err(|error| unwritable(self.path, &error))
    }

    /// Writes the footer; the bytes are on the disk afterwards.
    pub fn close(self) -> Result<(), StoreError> {
        self.writer.close().map_err(|error| unwritable(self.path, &error))?;
        self.sync.sync_all().map_err(|error| unwritable(self.path, &error))
    }
}

pub(super) fn create_parent(path: &Path) -> Result<(), StoreError> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::create_dir_all(parent).map_err(|error| unwritable(path, &error)),
        None => Ok(()),
    }
}

pub(super) fn unwritable(path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unwritable { file: path.into(), reason: reason.to_string() }
}

fn check(path: &Path, bars: &[Bar]) -> Result<(), StoreError> {
    let bad = |row: usize, column, found: String, allowed| StoreError::BadRow {
        file: path.to_path_buf(),
        row: row as u64 + 1,
        column,
        found,
        allowed,
    };
    for (row, bar) in bars.iter().enumerate() {
        bar.validate().map_err(|why| bad(row, "open", format!("{bar:?}: {why}"), "a valid bar"))?;
        if row > 0 && bar.open_time <= bars[row - 1].open_time {
            let found = format!("{} ms", bar.open_time.millis());
            return Err(bad(row, "open_time", found, "a time later than that of the row before"));
        }
    }
    Ok(())
}

fn schema() -> Arc<Schema> {
    let field = |column: Column| {
        let kind = match column {
            Column::OpenTime | Column::CloseTime | Column::Trades => DataType::Int64,
            Column::Open | Column::High | Column::Low | Column::Close | Column::Volume => DataType::Float64,
            Column::QuoteVolume | Column::TakerBuyBase | Column::TakerBuyQuote => DataType::Float64,
        };
        Field::new(column.name(), kind, !column.is_needed())
    };
    Arc::new(Schema::new(Column::ALL.map(field).to_vec()))
}

fn batch(schema: &Arc<Schema>, klines: &[Kline]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let numbers = |of: fn(&Kline) -> f64| Arc::new(Float64Array::from_iter_values(klines.iter().map(of))) as ArrayRef;
    let maybe = |of: fn(&Kline) -> Option<f64>| Arc::new(klines.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    let whole = |of: fn(&Kline) -> Option<i64>| Arc::new(klines.iter().map(of).collect::<Int64Array>()) as ArrayRef;
    let column = |column: Column| match column {
        Column::OpenTime => {
            Arc::new(Int64Array::from_iter_values(klines.iter().map(|kline| kline.bar.open_time.millis()))) as ArrayRef
        }
        Column::Open => numbers(|kline| kline.bar.open),
        Column::High => numbers(|kline| kline.bar.high),
        Column::Low => numbers(|kline| kline.bar.low),
        Column::Close => numbers(|kline| kline.bar.close),
        Column::Volume => numbers(|kline| kline.bar.volume),
        Column::CloseTime => whole(|kline| kline.close_time.map(|time| time.millis())),
        Column::QuoteVolume => maybe(|kline| kline.quote_volume),
        Column::Trades => whole(|kline| kline.trades),
        Column::TakerBuyBase => maybe(|kline| kline.taker_buy_base),
        Column::TakerBuyQuote => maybe(|kline| kline.taker_buy_quote),
    };
    RecordBatch::try_new(schema.clone(), Column::ALL.map(column).to_vec())
}
