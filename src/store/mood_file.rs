//! Recordings of outside sources in Parquet: funding, open interest, long/short ratios, fear and greed.
//!
//! Invariant: a row counts from when it can have been known: rows of a period one period after the time they bear, a payment
//! a minute after it, an index of a day an hour after the day began.
//! Absent on purpose: other columns, and guesses: a file whose columns are not listed here is refused.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::columns::time_of_text;
use super::error::StoreError;
use super::guard::{damaged, guarded};
use super::kline_file::{check_footer, open_checked, symbol_of_text, unreadable};
use crate::domain::{Span, Symbol, Time};
use crate::engine::MoodSource;

/// One value of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct MoodRow {
    pub source: MoodSource,
    /// `None`: the whole market.
    pub symbol: Option<Symbol>,
    /// As the file states it.
    pub time: Time,
    /// From when it counts.
    pub known: Time,
    pub value: f64,
}

/// What columns a recording of one kind has.
struct Shape {
    time: &'static str,
    by_symbol: bool,
    values: &'static [(&'static str, MoodSource)],
    /// `None`: the length of the file's own periods.
    lag: Option<Span>,
}

const SHAPES: [Shape; 4] = [
    Shape {
        time: "funding_time",
        by_symbol: true,
        values: &[("funding_rate", MoodSource::Funding)],
        lag: Some(Span::MINUTE),
    },
    Shape { time: "time", by_symbol: true, values: &[("sum_open_interest", MoodSource::OpenInterest)], lag: None },
    Shape {
        time: "date",
        by_symbol: true,
        values: &[
            ("oi", MoodSource::OpenInterest),
            ("global_acc_ls", MoodSource::LongShort),
            ("toptrader_pos_ls", MoodSource::TopLongShort),
            ("taker_ls", MoodSource::TakerRatio),
        ],
        lag: None,
    },
    Shape {
        time: "date_ms",
        by_symbol: false,
        values: &[("value", MoodSource::FearGreed)],
        lag: Some(Span(60 * Span::MINUTE.0)),
    },
];

/// All rows, in the order of the file.
pub fn read_moods(path: &Path) -> Result<Vec<MoodRow>, StoreError> {
    let file = open_checked(path)?;
    guarded(path, || {
        let size = file.metadata().map_err(|error| unreadable(path, &error))?.len();
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|error| damaged(path, error))?;
        check_footer(path, builder.metadata(), size)?;
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let has = |name: &str| names.iter().any(|known| known == name);
        let fits = |shape: &&Shape| has(shape.time) && shape.values.iter().all(|(name, _)| has(name));
        let Some(shape) = SHAPES.iter().find(fits) else {
            return Err(StoreError::NoMoods { file: path.to_path_buf(), found: names.join(", ") });
        };
        let mut rows = Vec::new();
        for batch in builder.build().map_err(|error| damaged(path, error))? {
            take(path, shape, &batch.map_err(|error| damaged(path, error))?, &mut rows)?;
        }
        if shape.lag.is_none() {
            lag(&mut rows);
        }
        Ok(rows)
    })
}

fn take(path: &Path, shape: &Shape, batch: &RecordBatch, rows: &mut Vec<MoodRow>) -> Result<(), StoreError> {
    let column = |name: &str, kind: &DataType| -> Result<ArrayRef, StoreError> {
        let found = batch.column_by_name(name).ok_or_else(|| damaged(path, format!("column {name} is missing")))?;
        cast(found, kind).map_err(|error| damaged(path, error))
    };
    let times = column(shape.time, &DataType::Utf8)?;
    let symbols = if shape.by_symbol { Some(column("symbol", &DataType::Utf8)?) } else { None };
    for (name, source) in shape.values {
        let values = column(name, &DataType::Float64)?;
        for at in (0..batch.num_rows()).filter(|at| times.is_valid(*at) && values.is_valid(*at)) {
            let symbol = match &symbols {
                Some(symbols) if symbols.is_valid(at) => symbol_of_text(symbols.as_string::<i32>().value(at)),
                Some(_) | None => None,
            };
            let (time, value) =
                (time_of_text(times.as_string::<i32>().value(at)), values.as_primitive::<Float64Type>().value(at));
            // A row that says nothing of a symbol, a time or a number is no observation.
            let Some(time) = time.filter(|_| value.is_finite() && symbol.is_some() == shape.by_symbol) else {
                continue;
            };
            let known = time.plus(shape.lag.unwrap_or_default());
            rows.push(MoodRow { source: *source, symbol, time, known, value });
        }
    }
    Ok(())
}

/// Rows of periods count when their period has ended: its length is the least distance between rows of one series.
fn lag(rows: &mut [MoodRow]) {
    let mut last: BTreeMap<(MoodSource, Option<Symbol>), Time> = BTreeMap::new();
    let mut period: Option<Span> = None;
    for row in rows.iter() {
        if let Some(before) = last.insert((row.source, row.symbol.clone()), row.time) {
            let step = row.time.since(before);
            period = period.into_iter().chain(Some(step).filter(|step| step.0 > 0)).min();
        }
    }
    let period = period.unwrap_or(Span::DAY);
    rows.iter_mut().for_each(|row| row.known = row.time.plus(period));
}
