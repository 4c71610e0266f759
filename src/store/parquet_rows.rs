//! `ParquetRows`: the rows of any Parquet file with klines, as they stand, all eleven columns where it has them.
//!
//! Invariant: as many rows leave as the footer states, each cell of its type; a missing needed number is NaN, so that
//! whoever judges the row finds it.
//! Absent on purpose: order, validity and gaps, which are `import`'s and `check`'s to judge.

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::columns::{Column, TIMES_ALLOWED, number_of_text, time_of_number, time_of_text};
use super::error::StoreError;
use super::guard::{damaged, guarded};
use super::kline::Kline;
use super::kline_file::{check_footer, open_checked, stated, unreadable};
use crate::domain::{Bar, Time};

const BATCH_ROWS: usize = 8_192;

/// A row and its place, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub number: u64,
    pub kline: Kline,
}

pub(super) struct ParquetRows {
    path: PathBuf,
    rows: u64,
    read: u64,
    batches: ParquetRecordBatchReader,
    /// The file's own name of each column.
    names: [Option<String>; 11],
    row_groups: Vec<u64>,
    metadata: [Option<String>; 4],
}

/// The keys of the metadata that are kept.
const KEYS: [&str; 4] = ["symbol", "market", "interval", super::month::PROVENANCE];

impl ParquetRows {
    pub fn open(path: &Path) -> Result<ParquetRows, StoreError> {
        let file = open_checked(path)?;
        guarded(path, || {
            let size = file.metadata().map_err(|error| unreadable(path, &error))?.len();
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
                .map_err(|error| damaged(path, error))?;
            let rows = check_footer(path, builder.metadata(), size)?;
            let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
            let places = find_columns(path, &names)?;
            check_types(path, builder.schema(), &places)?;
            let row_groups = builder.metadata().row_groups().iter().map(|group| group.num_rows() as u64).collect();
            let metadata = KEYS.map(|key| stated(builder.metadata(), key).map(str::to_owned));
            let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().flatten().copied());
            let built = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
            let batches = built.map_err(|error| damaged(path, error))?;
            let names = places.map(|place| place.map(|place| names[place].clone()));
            Ok(ParquetRows { path: path.to_path_buf(), rows, read: 0, batches, names, row_groups, metadata })
        })
    }

    /// Rows as the footer states them.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows of each row group, in order.
    pub fn row_groups(&self) -> &[u64] {
        &self.row_groups
    }

    /// The metadata under one of `KEYS`.
    pub fn stated(&self, key: &str) -> Option<&str> {
        self.metadata[KEYS.iter().position(|known| *known == key)?].as_deref()
    }

    /// The next rows; empty at the end.
    pub fn next_rows(&mut self) -> Result<Vec<Row>, StoreError> {
        let (path, batches) = (&self.path, &mut self.batches);
        let Some(batch) = guarded(path, || batches.next().transpose().map_err(|error| damaged(path, error)))? else {
            if self.read != self.rows {
                return Err(damaged(path, format!("{} rows can be read, the footer states {}", self.read, self.rows)));
            }
            return Ok(Vec::new());
        };
        let rows = guarded(path, || self.decode(&batch))?;
        self.read += rows.len() as u64;
        Ok(rows)
    }

    fn decode(&self, batch: &RecordBatch) -> Result<Vec<Row>, StoreError> {
        let cells = |column| self.cells(batch, column);
        let (open_time, close_time) = (cells(Column::OpenTime)?, cells(Column::CloseTime)?);
        let (open, high, low) = (cells(Column::Open)?, cells(Column::High)?, cells(Column::Low)?);
        let (close, volume, quote) = (cells(Column::Close)?, cells(Column::Volume)?, cells(Column::QuoteVolume)?);
        let (trades, base) = (cells(Column::Trades)?, cells(Column::TakerBuyBase)?);
        let taker_quote = cells(Column::TakerBuyQuote)?;
        let needed = |cells: &Option<Cells>, at: usize| Cells::number(cells, at).unwrap_or(f64::NAN);
        let mut rows = Vec::with_capacity(batch.num_rows());
        for at in 0..batch.num_rows() {
            let number = self.read + at as u64 + 1;
            let Some(open_time) = Cells::time(&open_time, at) else {
                return Err(self.bad(number, Column::OpenTime, "nothing (null)".into(), TIMES_ALLOWED));
            };
            let bar = Bar {
                open_time,
                open: needed(&open, at),
                high: needed(&high, at),
                low: needed(&low, at),
                close: needed(&close, at),
                volume: needed(&volume, at),
            };
            let kline = Kline {
                bar,
                close_time: Cells::time(&close_time, at),
                quote_volume: Cells::number(&quote, at),
                trades: Cells::count(&trades, at),
                taker_buy_base: Cells::number(&base, at),
                taker_buy_quote: Cells::number(&taker_quote, at),
            };
            rows.push(Row { number, kline });
        }
        Ok(rows)
    }

    fn cells(&self, batch: &RecordBatch, column: Column) -> Result<Option<Cells>, StoreError> {
        let name = self.names[column as usize].as_deref();
        let Some(array) = name.and_then(|name| batch.column_by_name(name)) else { return Ok(None) };
        let cells = match column {
            Column::OpenTime | Column::CloseTime => Cells::Times(self.times(array, column)?),
            Column::Trades => Cells::Counts(self.converted(array, &DataType::Int64)?),
            Column::Open | Column::High | Column::Low | Column::Close | Column::Volume => {
                self.numbers(array, column)?
            }
            Column::QuoteVolume | Column::TakerBuyBase | Column::TakerBuyQuote => self.numbers(array, column)?,
        };
        Ok(Some(cells))
    }

    fn times(&self, array: &ArrayRef, column: Column) -> Result<Vec<Option<Time>>, StoreError> {
        let bad = |at: usize, found: String| self.bad(self.read + at as u64 + 1, column, found, TIMES_ALLOWED);
        if is_text(array.data_type()) {
            let texts = self.converted(array, &DataType::Utf8)?;
            let each = texts.as_string::<i32>().iter().enumerate().map(|(at, text)| {
                text.map(|text| time_of_text(text).ok_or_else(|| bad(at, format!("{:?}", shown(text))))).transpose()
            });
            return each.collect();
        }
        let is_stamp = matches!(array.data_type(), DataType::Timestamp(_, _));
        let wanted = if is_stamp { DataType::Timestamp(TimeUnit::Microsecond, None) } else { DataType::Int64 };
        let array = self.converted(array, &wanted)?;
        let raw: Vec<Option<i64>> = match is_stamp {
            true => array.as_primitive::<TimestampMicrosecondType>().iter().collect(),
            false => array.as_primitive::<Int64Type>().iter().collect(),
        };
        let each = raw.into_iter().enumerate().map(|(at, number)| {
            number.map(|number| time_of_number(number).ok_or_else(|| bad(at, number.to_string()))).transpose()
        });
        each.collect()
    }

    fn numbers(&self, array: &ArrayRef, column: Column) -> Result<Cells, StoreError> {
        if !is_text(array.data_type()) {
            return Ok(Cells::Numbers(self.converted(array, &DataType::Float64)?));
        }
        let texts = self.converted(array, &DataType::Utf8)?;
        let each = texts.as_string::<i32>().iter().enumerate().map(|(at, text)| {
            let Some(text) = text else { return Ok(None) };
            let refused =
                || self.bad(self.read + at as u64 + 1, column, format!("{:?}", shown(text)), "a decimal number");
            number_of_text(text).map(Some).ok_or_else(refused)
        });
        Ok(Cells::Texts(each.collect::<Result<_, _>>()?))
    }

    fn converted(&self, array: &ArrayRef, kind: &DataType) -> Result<ArrayRef, StoreError> {
        cast(array, kind).map_err(|error| damaged(&self.path, error))
    }

    fn bad(&self, row: u64, column: Column, found: String, allowed: &'static str) -> StoreError {
        StoreError::BadRow { file: self.path.clone(), row, column: column.name(), found, allowed }
    }
}

/// The cells of one column in one batch.
enum Cells {
    Times(Vec<Option<Time>>),
    Numbers(ArrayRef),
    Counts(ArrayRef),
    Texts(Vec<Option<f64>>),
}

impl Cells {
    fn time(cells: &Option<Cells>, at: usize) -> Option<Time> {
        match cells.as_ref()? {
            Cells::Times(times) => times[at],
            Cells::Numbers(_) | Cells::Counts(_) | Cells::Texts(_) => None,
        }
    }

    fn number(cells: &Option<Cells>, at: usize) -> Option<f64> {
        match cells.as_ref()? {
            Cells::Numbers(array) => array.is_valid(at).then(|| array.as_primitive::<Float64Type>().value(at)),
            Cells::Texts(numbers) => numbers[at],
            Cells::Times(_) | Cells::Counts(_) => None,
        }
    }

    fn count(cells: &Option<Cells>, at: usize) -> Option<i64> {
        match cells.as_ref()? {
            Cells::Counts(array) => array.is_valid(at).then(|| array.as_primitive::<Int64Type>().value(at)),
            Cells::Times(_) | Cells::Numbers(_) | Cells::Texts(_) => None,
        }
    }
}

/// The place of each column among the names of a file; the six needed ones must be there.
pub(super) fn find_columns(path: &Path, names: &[String]) -> Result<[Option<usize>; 11], StoreError> {
    let places = Column::ALL.map(|column| column.find(names.iter().map(String::as_str)));
    for (column, place) in Column::ALL.into_iter().zip(places) {
        if column.is_needed() && place.is_none() {
            let all: Vec<&str> = names.iter().map(String::as_str).take(20).collect();
            let found = if all.is_empty() { "no column".into() } else { all.join(", ") };
            return Err(StoreError::MissingColumn { file: path.to_path_buf(), column: column.name(), found });
        }
    }
    Ok(places)
}

fn check_types(path: &Path, schema: &arrow::datatypes::Schema, places: &[Option<usize>; 11]) -> Result<(), StoreError> {
    let number =
        |kind: &DataType| (kind.is_floating() || kind.is_integer() || is_text(kind), "float64 or decimal text");
    for (column, place) in Column::ALL.into_iter().zip(places) {
        let Some(field) = place.map(|place| schema.field(place)) else { continue };
        let kind = field.data_type();
        let (right, allowed) = match column {
            Column::OpenTime | Column::CloseTime => {
                let is_time = matches!(kind, DataType::Int64 | DataType::UInt64 | DataType::Timestamp(_, _));
                (is_time || is_text(kind), "int64 (ms or us UTC), a timestamp or text")
            }
            Column::Trades => (kind.is_integer() || kind.is_floating(), "int64"),
            Column::Open | Column::High | Column::Low | Column::Close | Column::Volume => number(kind),
            Column::QuoteVolume | Column::TakerBuyBase | Column::TakerBuyQuote => number(kind),
        };
        // A column of nothing but nulls may have any type.
        if !right && *kind != DataType::Null {
            let found = kind.to_string();
            return Err(StoreError::WrongType { file: path.to_path_buf(), column: column.name(), found, allowed });
        }
    }
    Ok(())
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
