//! `Import`: files into the catalogue, every row checked, all of them or none.
//!
//! Invariant: the catalogue changes only in `commit`; a row that contradicts a kept one is refused unless `replace`.
//! Absent on purpose: mending. What is wrong in a file stays wrong until a person mends it; gaps stay gaps.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::catalog::Catalog;
use super::error::{Clash, StoreError};
use super::kline::{Interval, Market, Partition};
use super::kline_file::refuse_invalid;
use super::month::{Merged, Month, Origin};
use super::parquet_rows::Row;
use super::source::{KlineSource, Steps, interval_of};
use super::staging::Staging;
use crate::domain::{Symbol, Time};

/// What a person says about files that do not say it themselves; one that says something else is refused.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub symbol: Option<Symbol>,
    pub market: Option<Market>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    pub file: PathBuf,
    pub partition: Partition,
    pub rows: u64,
    pub first: Time,
    pub last: Time,
    pub merged: Merged,
}

pub struct Import {
    catalog: Catalog,
    staging: Staging,
    replace: bool,
    stop: Arc<AtomicBool>,
}

/// Rows told of at a time.
const PROGRESS_ROWS: u64 = 8_192;

impl Import {
    pub fn new(catalog: Catalog, replace: bool) -> Import {
        Import { staging: Staging::new(catalog.clone()), catalog, replace, stop: Arc::default() }
    }

    /// Once this is true the import ends between two rows with `StoreError::Interrupted`.
    pub fn stop_by(self, stop: Arc<AtomicBool>) -> Import {
        Import { stop, ..self }
    }

    /// Reads a file to its end and stages its months. `progress` is told the rows read so far.
    pub fn add(&mut self, path: &Path, told: &Told, progress: &mut dyn FnMut(u64)) -> Result<Imported, StoreError> {
        let source = KlineSource::open(path)?;
        let symbol = agreed(path, "symbol", told.symbol.as_ref(), source.symbol.as_ref())?;
        let symbol = symbol.ok_or_else(|| StoreError::NoSymbol { file: path.to_path_buf() })?;
        let market = agreed(path, "market", told.market.as_ref(), source.market.as_ref())?.unwrap_or_else(Market::spot);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let origin = Origin::File { name, sha256: source.verified_sha256()? };
        let (stated, stop, mut steps) = (source.interval.clone(), self.stop.clone(), Steps::default());
        let mut filing = Filing { import: self, path, origin, open: None, rows: Vec::new(), done: None };
        source.visit(&mut |row| {
            refuse_stopped(&stop)?;
            steps.see(stated.as_deref(), &row);
            if filing.done.is_none() {
                let interval = interval_of(path, stated.as_deref(), &row)?;
                let partition = Partition { market: market.clone(), symbol: symbol.clone(), interval };
                filing.begin(partition, &row);
            }
            filing.take(row)?;
            if row.number.is_multiple_of(PROGRESS_ROWS) {
                progress(row.number);
            }
            Ok(())
        })?;
        filing.end_month()?;
        let done = filing.done.ok_or_else(|| StoreError::NoRows { file: path.to_path_buf() })?;
        steps.judge(path, done.partition.interval)?;
        Ok(done)
    }

    /// Puts all months in their places. Returns how many.
    pub fn commit(self) -> Result<usize, StoreError> {
        refuse_stopped(&self.stop)?;
        self.staging.commit()
    }
}

fn refuse_stopped(stop: &AtomicBool) -> Result<(), StoreError> {
    if stop.load(Ordering::Relaxed) { Err(StoreError::Interrupted) } else { Ok(()) }
}

/// What is told or found, when they do not contradict each other.
fn agreed<T: Clone + PartialEq + std::fmt::Display>(
    path: &Path,
    what: &'static str,
    told: Option<&T>,
    found: Option<&T>,
) -> Result<Option<T>, StoreError> {
    match (told, found) {
        (Some(told), Some(found)) if told != found => {
            let (found, told) = (found.to_string(), told.to_string());
            Err(StoreError::ToldOtherwise { file: path.to_path_buf(), what, found, told })
        }
        (told, found) => Ok(found.or(told).cloned()),
    }
}

/// One file on its way into months.
struct Filing<'a> {
    import: &'a mut Import,
    path: &'a Path,
    origin: Origin,
    /// The month being filled, with its end and the most rows it may have.
    open: Option<(Month, Time, usize)>,
    rows: Vec<Row>,
    done: Option<Imported>,
}

impl Filing<'_> {
    fn begin(&mut self, partition: Partition, first: &Row) {
        let time = first.kline.bar.open_time;
        let file = self.path.to_path_buf();
        self.done = Some(Imported { file, partition, rows: 0, first: time, last: time, merged: Merged::default() });
    }

    fn take(&mut self, row: Row) -> Result<(), StoreError> {
        let Some(done) = &mut self.done else { return Ok(()) };
        let row = Row { kline: row.kline.in_millis(), ..row };
        let time = row.kline.bar.open_time;
        if done.rows > 0 && time <= done.last {
            let found = format!("{} ms after {} ms", time.millis(), done.last.millis());
            return Err(bad(self.path, row.number, "open_time", found, "a time later than that of the row before"));
        }
        check(self.path, &row, done.partition.interval)?;
        (done.rows, done.last) = (done.rows + 1, time);
        let interval = done.partition.interval;
        let most = match self.open {
            Some((_, end, most)) if time < end => most,
            Some(_) | None => {
                self.end_month()?;
                let month = Month::of(time);
                let (start, end) = (month.start(), month.next().start());
                // Outages leave a few bars off the grid; more than two rows an interval are no klines.
                let most = (end.since(start).0 / interval.span().0) as usize * 2;
                self.open = Some((month, end, most));
                most
            }
        };
        if self.rows.len() >= most {
            let found = format!("more than {most} rows in one month");
            return Err(bad(self.path, row.number, "open_time", found, "at most two rows for each bar's length"));
        }
        self.rows.push(row);
        Ok(())
    }

    fn end_month(&mut self) -> Result<(), StoreError> {
        let (Some((month, _, _)), Some(done)) = (self.open.take(), &mut self.done) else { return Ok(()) };
        let mut content = self.import.staging.load(&done.partition, month)?;
        let merged = content.merge(&self.rows, &self.origin, self.import.replace).map_err(|found| {
            StoreError::Conflict(Box::new(Clash {
                file: self.path.to_path_buf(),
                row: found.new.number,
                time: utc(found.new.kline.bar.open_time),
                found: found.new.kline.to_string(),
                month: self.import.catalog.path(&done.partition, month),
                kept: found.kept.to_string(),
            }))
        })?;
        done.merged.added += merged.added;
        done.merged.known += merged.known;
        done.merged.filled += merged.filled;
        done.merged.replaced += merged.replaced;
        self.rows.clear();
        if !merged.has_changed() {
            return Ok(());
        }
        content.trim_marks(done.partition.interval);
        self.import.staging.put(&done.partition, month, &content)
    }
}

/// The row alone: numbers that can be a bar of this length.
fn check(path: &Path, row: &Row, interval: Interval) -> Result<(), StoreError> {
    let kline = &row.kline;
    refuse_invalid(path, row.number, &kline.bar)?;
    let more = [
        ("quote_volume", kline.quote_volume),
        ("taker_buy_base", kline.taker_buy_base),
        ("taker_buy_quote", kline.taker_buy_quote),
        ("trades", kline.trades.map(|trades| trades as f64)),
    ];
    for (column, value) in more {
        if let Some(value) = value.filter(|value| !value.is_finite() || *value < 0.0) {
            let found = if column == "trades" { "no count".to_owned() } else { value.to_string() };
            return Err(bad(path, row.number, column, found, "a finite number from 0 on, or nothing"));
        }
    }
    let Some(close) = kline.close_time else { return Ok(()) };
    let length = close.since(kline.bar.open_time);
    // Around outages Binance itself recorded bars that end late, so only another interval's length is refused.
    if length.0 < 0 || length.0 >= 2 * interval.span().0 {
        let found = format!("{} ms after its open_time", length.millis());
        return Err(bad(path, row.number, "close_time", found, "the end of a bar of this file's interval"));
    }
    Ok(())
}

fn bad(path: &Path, row: u64, column: &'static str, found: String, allowed: &'static str) -> StoreError {
    StoreError::BadRow { file: path.to_path_buf(), row, column, found, allowed }
}

/// A moment as a sentence shows it.
fn utc(time: Time) -> String {
    jiff::Timestamp::from_microsecond(time.0).map_or_else(|_| format!("{} us", time.0), |stamp| stamp.to_string())
}
