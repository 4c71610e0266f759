//! Writing bars as a kline file.
//!
//! Invariant: the file at the path is either the old one or the whole new one, never a part.
//! Absent on purpose: quote and taker volumes, which a `Bar` does not carry; their columns are written as nulls.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::error::StoreError;
use crate::domain::{Bar, Symbol};

/// Rows a batch, so that writing a long history does not hold it twice.
const BATCH_ROWS: usize = 65_536;
/// About three months of minutes: the unit a reader can skip by its statistics.
const GROUP_ROWS: usize = 131_072;

/// Writes all eleven kline columns (zstd, statistics, metadata `symbol` and `interval`) to a file beside `path` and
/// renames it over `path`. Parents are created. Bars must be valid and strictly increasing in time.
pub fn write_bars(path: &Path, symbol: &Symbol, bars: &[Bar]) -> Result<(), StoreError> {
    check(path, bars)?;
    let unwritable =
        |reason: &dyn std::fmt::Display| StoreError::Unwritable { file: path.into(), reason: reason.to_string() };
    let Some(name) = path.file_name() else { return Err(unwritable(&"the path names no file")) };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|error| unwritable(&error))?;
    }
    let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = write_whole(&partial, symbol, bars)
        .and_then(|()| std::fs::rename(&partial, path).map_err(|error| error.to_string()));
    written.map_err(|reason| {
        // Best effort: the part is useless, and the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
        unwritable(&reason)
    })
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

fn write_whole(path: &Path, symbol: &Symbol, bars: &[Bar]) -> Result<(), String> {
    let schema = schema();
    let file = File::create(path).map_err(|error| error.to_string())?;
    let sync = file.try_clone().map_err(|error| error.to_string())?;
    let pair = |key: &str, value: &str| KeyValue::new(key.to_string(), value.to_string());
    let level = ZstdLevel::try_new(3).map_err(|error| error.to_string())?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_key_value_metadata(Some(vec![pair("symbol", symbol.as_str()), pair("interval", "1m")]))
        .build();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(|error| error.to_string())?;
    for part in bars.chunks(BATCH_ROWS) {
        let batch = batch(&schema, part).map_err(|error| error.to_string())?;
        writer.write(&batch).map_err(|error| error.to_string())?;
    }
    writer.close().map_err(|error| error.to_string())?;
    sync.sync_all().map_err(|error| error.to_string())
}

fn schema() -> Arc<Schema> {
    let needed = |name: &str, kind| Field::new(name, kind, false);
    let absent = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        needed("open_time", DataType::Int64),
        needed("open", DataType::Float64),
        needed("high", DataType::Float64),
        needed("low", DataType::Float64),
        needed("close", DataType::Float64),
        needed("volume", DataType::Float64),
        absent("close_time", DataType::Int64),
        absent("quote_volume", DataType::Float64),
        absent("trades", DataType::Int64),
        absent("taker_buy_base", DataType::Float64),
        absent("taker_buy_quote", DataType::Float64),
    ]))
}

fn batch(schema: &Arc<Schema>, bars: &[Bar]) -> Result<RecordBatch, arrow::error::ArrowError> {
    let times = |of: fn(&Bar) -> i64| Arc::new(Int64Array::from_iter_values(bars.iter().map(of))) as ArrayRef;
    let numbers = |of: fn(&Bar) -> f64| Arc::new(Float64Array::from_iter_values(bars.iter().map(of))) as ArrayRef;
    let mut columns = vec![
        times(|bar| bar.open_time.millis()),
        numbers(|bar| bar.open),
        numbers(|bar| bar.high),
        numbers(|bar| bar.low),
        numbers(|bar| bar.close),
        numbers(|bar| bar.volume),
        times(|bar| bar.close_time().millis()),
    ];
    let rest = &schema.fields()[columns.len()..];
    columns.extend(rest.iter().map(|field| new_null_array(field.data_type(), bars.len())));
    RecordBatch::try_new(schema.clone(), columns)
}
