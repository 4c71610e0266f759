//! `Scan`: some columns of a stretch of time out of kline files, batch by batch.
//!
//! What lies outside of the stretch is skipped by the statistics of row groups, then by the page index, then row by row;
//! columns that are not asked for are not read. Memory is one batch and the pages it comes from, however long the history.
//! Invariant: the rows are exactly those of the files whose open_time lies in [from, to), in the order of the files.
//! Absent on purpose: checks of what the rows say (`check`), and parallel reading: the files of a scan are its unit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter,
    RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;

use super::columns::{Column, FIRST_MICROS};
use super::error::StoreError;
use super::guard::{damaged, guarded};
use super::kline_file::{check_footer, open_checked, unreadable};
use super::parquet_rows::find_columns;
use crate::domain::Time;

/// Rows a batch.
const BATCH_ROWS: usize = 8_192;

/// What to read.
#[derive(Debug, Clone)]
pub struct ScanPlan {
    /// In order of time.
    pub files: Vec<PathBuf>,
    pub columns: Vec<Column>,
    pub from: Time,
    /// Not included.
    pub to: Time,
}

pub struct Scan {
    plan: ScanPlan,
    waiting: VecDeque<PathBuf>,
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    /// The file's name of each column of the plan; `None` where it lacks.
    names: Vec<Option<String>>,
}

/// Rows of some columns.
#[derive(Debug)]
pub struct Batch {
    rows: usize,
    columns: Vec<(Column, ArrayRef)>,
}

impl Scan {
    /// Opens nothing yet.
    pub fn new(plan: ScanPlan) -> Scan {
        Scan { waiting: plan.files.iter().cloned().collect(), plan, open: None }
    }

    /// The file of the last batch.
    pub fn file(&self) -> &Path {
        self.open.as_ref().map_or(Path::new(""), |open| &open.path)
    }

    /// The next rows; `None` at the end. A batch has at least one row.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if let Some(open) = &mut self.open {
                let (path, batches) = (&open.path, &mut open.batches);
                let next = guarded(path, || batches.next().transpose().map_err(|error| damaged(path, error)))?;
                match next {
                    Some(batch) if batch.num_rows() > 0 => return Ok(Some(open.batch(&batch, &self.plan.columns)?)),
                    Some(_) => continue,
                    None => self.open = None,
                }
            }
            let Some(path) = self.waiting.pop_front() else { return Ok(None) };
            self.open = Open::new(path, &self.plan)?;
        }
    }
}

impl Open {
    /// `None` when the file has nothing in the stretch.
    fn new(path: PathBuf, plan: &ScanPlan) -> Result<Option<Open>, StoreError> {
        let file = open_checked(&path)?;
        guarded(&path, || {
            let size = file.metadata().map_err(|error| unreadable(&path, &error))?.len();
            let options = ArrowReaderOptions::new()
                .with_skip_arrow_metadata(true)
                .with_page_index_policy(PageIndexPolicy::Optional);
            let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
                .map_err(|error| damaged(&path, error))?;
            check_footer(&path, builder.metadata(), size)?;
            let all: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
            let places = find_columns(&path, &all)?;
            let root = places[Column::OpenTime as usize].unwrap_or_default();
            let stretch = Stretch::new(plan, builder.schema().field(root).data_type());
            let time_place = leaf(builder.parquet_schema(), root);
            let meta = builder.metadata().clone();
            let groups: Vec<usize> = (0..meta.num_row_groups())
                .filter(|group| stretch.may_hold(group_range(&meta, *group, time_place)))
                .collect();
            if groups.is_empty() {
                return Ok(None);
            }
            let is_whole = groups.iter().all(|group| stretch.holds_all(group_range(&meta, *group, time_place)));
            let selection = if is_whole { None } else { select_pages(&meta, &groups, time_place, &stretch) };
            let wanted = plan.columns.iter().filter_map(|column| places[*column as usize]);
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            let time_mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
            let mut builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS).with_row_groups(groups);
            if let Some(selection) = selection {
                builder = builder.with_row_selection(selection);
            }
            if !is_whole {
                let holds = ArrowPredicateFn::new(time_mask, move |batch| stretch.filter(&batch));
                builder = builder.with_row_filter(RowFilter::new(vec![Box::new(holds)]));
            }
            let batches = builder.build().map_err(|error| damaged(&path, error))?;
            let names = plan.columns.iter().map(|column| places[*column as usize].map(|place| all[place].clone()));
            Ok(Some(Open { path: path.clone(), batches, names: names.collect() }))
        })
    }

    fn batch(&self, batch: &RecordBatch, columns: &[Column]) -> Result<Batch, StoreError> {
        let mut found = Vec::with_capacity(columns.len());
        for (column, name) in columns.iter().zip(&self.names) {
            let Some(array) = name.as_deref().and_then(|name| batch.column_by_name(name)) else { continue };
            let kind = match column {
                Column::OpenTime | Column::CloseTime => match array.data_type() {
                    DataType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Millisecond, None),
                    _ => DataType::Int64,
                },
                Column::Trades => DataType::Int64,
                Column::Open | Column::High | Column::Low | Column::Close | Column::Volume => DataType::Float64,
                Column::QuoteVolume | Column::TakerBuyBase | Column::TakerBuyQuote => DataType::Float64,
            };
            let array = converted(array, &kind).map_err(|error| damaged(&self.path, error))?;
            found.push((*column, array));
        }
        Ok(Batch { rows: batch.num_rows(), columns: found })
    }
}

fn converted(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == kind {
        return Ok(array.clone());
    }
    let cast_once = cast(array, kind)?;
    match kind {
        DataType::Timestamp(_, _) => cast(&cast_once, &DataType::Int64),
        _ => Ok(cast_once),
    }
}

impl Batch {
    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn array(&self, column: Column) -> Option<&ArrayRef> {
        self.columns.iter().find(|(known, _)| *known == column).map(|(_, array)| array)
    }

    /// Times in ms UTC (`OpenTime`), one a row; empty when they were not asked for.
    pub fn times(&self) -> Cow<'_, [i64]> {
        let Some(array) = self.array(Column::OpenTime) else { return Cow::Borrowed(&[]) };
        let array = array.as_primitive::<Int64Type>();
        let values: &[i64] = array.values();
        if values.iter().all(|value| *value < FIRST_MICROS) {
            return Cow::Borrowed(values);
        }
        Cow::Owned(values.iter().map(|value| if *value < FIRST_MICROS { *value } else { value / 1_000 }).collect())
    }

    /// The numbers of a column without nulls; `None` when it was not asked for, is absent, or has a null.
    pub fn numbers(&self, column: Column) -> Option<&[f64]> {
        let array = self.array(column).filter(|array| array.null_count() == 0)?;
        array.as_primitive_opt::<Float64Type>().map(|array| array.values().as_ref())
    }

    /// The numbers of a column, NaN where there is none.
    pub fn dense(&self, column: Column) -> Cow<'_, [f64]> {
        match self.numbers(column) {
            Some(numbers) => Cow::Borrowed(numbers),
            None => self.sparse(column).into_iter().map(|number| number.unwrap_or(f64::NAN)).collect(),
        }
    }

    /// A column of floats with its nulls: `QuoteVolume` and the taker volumes.
    pub fn sparse(&self, column: Column) -> Vec<Option<f64>> {
        match self.array(column).and_then(|array| array.as_primitive_opt::<Float64Type>()) {
            Some(array) => array.iter().collect(),
            None => vec![None; self.rows],
        }
    }

    /// A column of integers with its nulls: `Trades`, and `CloseTime` as the file has it.
    pub fn whole(&self, column: Column) -> Vec<Option<i64>> {
        match self.array(column).and_then(|array| array.as_primitive_opt::<Int64Type>()) {
            Some(array) => array.iter().collect(),
            None => vec![None; self.rows],
        }
    }
}

/// [from, to) in the units that a file can have.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from: i64,
    to: i64,
    /// Microseconds in one unit of the file; plain integers tell ms and us by their magnitude.
    unit: Option<(i64, i64)>,
}

impl Stretch {
    fn new(plan: &ScanPlan, kind: &DataType) -> Stretch {
        let unit = match kind {
            DataType::Timestamp(TimeUnit::Second, _) => Some((1_000_000, 1)),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Some((1_000, 1)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Some((1, 1)),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Some((1, 1_000)),
            _ => None,
        };
        Stretch { from: plan.from.0, to: plan.to.0, unit }
    }

    /// Microseconds.
    #[inline]
    fn micros(&self, value: i64) -> i64 {
        match self.unit {
            Some((times, per)) => value.saturating_mul(times) / per,
            None if value >= FIRST_MICROS => value,
            None => value.saturating_mul(1_000),
        }
    }

    #[inline]
    fn holds(&self, value: i64) -> bool {
        let micros = self.micros(value);
        micros >= self.from && micros < self.to
    }

    /// False when no value between these two can lie in the stretch. A range of mixed units is looked into.
    fn may_hold(&self, range: Option<(i64, i64)>) -> bool {
        let Some((low, high)) = range else { return true };
        let is_mixed = self.unit.is_none() && (low < FIRST_MICROS) != (high < FIRST_MICROS);
        is_mixed || (self.micros(high) >= self.from && self.micros(low) < self.to)
    }

    fn holds_all(&self, range: Option<(i64, i64)>) -> bool {
        let is_mixed = |low, high| self.unit.is_none() && (low < FIRST_MICROS) != (high < FIRST_MICROS);
        range.is_some_and(|(low, high)| !is_mixed(low, high) && self.holds(low) && self.holds(high))
    }

    fn filter(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let times = cast(batch.column(0), &DataType::Int64)?;
        let times = times.as_primitive::<Int64Type>();
        let values = times.values();
        let kept = (0..values.len()).map(|at| self.holds(values[at]) && times.is_valid(at));
        Ok(BooleanArray::from(kept.collect::<Vec<bool>>()))
    }
}

/// The first leaf of a root column: they differ where nested columns stand before it.
fn leaf(schema: &SchemaDescriptor, root: usize) -> usize {
    (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == root).unwrap_or(root)
}

/// Least and greatest time of a row group, where exact statistics state them.
fn group_range(meta: &ParquetMetaData, group: usize, place: usize) -> Option<(i64, i64)> {
    match meta.row_group(group).column(place).statistics()? {
        Statistics::Int64(known) => Some((*known.min_opt()?, *known.max_opt()?)),
        _ => None,
    }
}

/// The rows of those pages that may hold the stretch, where the page index tells; counted over the given groups.
fn select_pages(meta: &ParquetMetaData, groups: &[usize], place: usize, stretch: &Stretch) -> Option<RowSelection> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut before = 0_usize;
    for group in groups {
        let rows = usize::try_from(meta.row_group(*group).num_rows()).ok()?;
        let index = meta.page_index_for_row_group(*group);
        let ColumnIndexMetaData::INT64(known) = index.column_index(place)? else { return None };
        let pages = index.offset_index(place)?.page_locations();
        for (at, page) in pages.iter().enumerate() {
            let range = known.min_value(at).copied().zip(known.max_value(at).copied());
            let start = usize::try_from(page.first_row_index).ok()?;
            let next = pages.get(at + 1).map_or(Some(rows), |next| usize::try_from(next.first_row_index).ok())?;
            if start > next || next > rows {
                return None;
            }
            if stretch.may_hold(range) {
                ranges.push(before + start..before + next);
            }
        }
        before += rows;
    }
    Some(RowSelection::from_consecutive_ranges(ranges.into_iter(), before))
}

/// First and last open_time of a file, by its statistics; `None` where it has none.
pub fn bounds(path: &Path) -> Result<Option<(Time, Time)>, StoreError> {
    let file = open_checked(path)?;
    guarded(path, || {
        let size = file.metadata().map_err(|error| unreadable(path, &error))?.len();
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|error| damaged(path, error))?;
        let meta = builder.metadata();
        check_footer(path, meta, size)?;
        let all: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let root = find_columns(path, &all)?[Column::OpenTime as usize].unwrap_or_default();
        let place = leaf(builder.parquet_schema(), root);
        let every = ScanPlan { files: Vec::new(), columns: Vec::new(), from: Time(0), to: Time(0) };
        let stretch = Stretch::new(&every, builder.schema().field(root).data_type());
        let mut found: Option<(Time, Time)> = None;
        for group in 0..meta.num_row_groups() {
            let Some((low, high)) = group_range(meta, group, place) else { return Ok(None) };
            let (low, high) = (Time(stretch.micros(low)), Time(stretch.micros(high)));
            found = Some(found.map_or((low, high), |(first, last)| (first.min(low), last.max(high))));
        }
        Ok(found)
    })
}
