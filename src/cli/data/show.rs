//! `data show`: a history as a candle chart and a table of text.
//!
//! Invariant: memory holds the candles that are shown, not the history.
//! Absent on purpose: single minutes of long histories; a shorter stretch (`--from`, `--to`) shows them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{chart, json, named, parse_time, utc};
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::domain::{Span, Time};
use crate::store::buckets::{self, Bucket, buckets};
use crate::store::scan::{Scan, ScanPlan, bounds};
use crate::store::{Catalog, Interval, StoreError};

/// Rows of the table.
const MOST_ROWS: usize = 24;

#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// A Parquet file, or a symbol of the catalogue
    #[arg(value_name = "SYMBOL|FILE")]
    pub what: PathBuf,
    /// From this UTC time on, such as 2024-01-31 or 2024-01-31T12:00
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Option<Time>,
    /// Up to this UTC time, which is not included
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<Time>,
}

#[derive(Serialize)]
struct Report {
    name: String,
    /// Minutes of a candle.
    candle_minutes: i64,
    bars: u64,
    first: i64,
    last: i64,
    candles: Vec<Candle>,
}

#[derive(Serialize)]
struct Candle {
    open_time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
    bars: u64,
}

pub fn execute(args: &ShowArgs, globals: &Globals) -> Result<Output, Failure> {
    let catalog = Catalog::of_home(&globals.home()?);
    let files = named(&args.what, &catalog)?.files;
    let (first, last) = stretch(&files, args)?;
    let length = length_for(last.since(first), chart::WIDTH);
    let plan = |files: Vec<PathBuf>| ScanPlan {
        files,
        columns: buckets::COLUMNS.to_vec(),
        from: first,
        to: last.plus(Span(1)),
    };
    let candles = buckets(&mut Scan::new(plan(files.clone())), length)?;
    if candles.is_empty() {
        let name = args.what.display();
        return Err(Failure::Data(format!("{name}: no bar between {} and {} UTC", utc(first), utc(last))));
    }
    let table_length = length_for(last.since(first), MOST_ROWS);
    let rows =
        if table_length == length { candles.clone() } else { buckets(&mut Scan::new(plan(files)), table_length)? };
    let text = text(&args.what, &candles, &rows, length, table_length);
    let report = Report {
        name: args.what.display().to_string(),
        candle_minutes: length.0 / Span::MINUTE.0,
        bars: candles.iter().map(|candle| candle.bars).sum(),
        first: first.millis(),
        last: last.millis(),
        candles: candles.iter().map(Candle::of).collect(),
    };
    Ok(Output::Report { text, json: json(&report)? })
}

/// First and last moment to show.
fn stretch(files: &[PathBuf], args: &ShowArgs) -> Result<(Time, Time), Failure> {
    let mut found: Option<(Time, Time)> = None;
    for file in files {
        let (low, high) = match bounds(file)? {
            Some(known) => known,
            None => read_bounds(file)?,
        };
        found = Some(found.map_or((low, high), |(first, last)| (first.min(low), last.max(high))));
    }
    let (first, last) = found.ok_or_else(|| Failure::Data(format!("{}: there are no files", args.what.display())))?;
    let first = args.from.map_or(first, |from| from.max(first));
    let last = args.to.map_or(last, |to| last.min(to.minus(Span(1))));
    if first > last {
        let name = args.what.display();
        return Err(Failure::Data(format!("{name}: no bar lies between --from and --to; its bars are elsewhere")));
    }
    Ok((first, last))
}

/// For files without statistics.
fn read_bounds(file: &Path) -> Result<(Time, Time), StoreError> {
    let plan = ScanPlan {
        files: vec![file.to_path_buf()],
        columns: vec![crate::store::Column::OpenTime],
        from: Time(i64::MIN),
        to: Time(i64::MAX),
    };
    let mut scan = Scan::new(plan);
    let mut found: Option<(i64, i64)> = None;
    while let Some(batch) = scan.next_batch()? {
        for time in batch.times().iter() {
            found = Some(found.map_or((*time, *time), |(first, last)| (first.min(*time), last.max(*time))));
        }
    }
    let (first, last) = found.ok_or_else(|| StoreError::NoRows { file: file.to_path_buf() })?;
    Ok((Time::from_millis(first), Time::from_millis(last)))
}

/// The shortest usual candle of which at most `most` cover the stretch.
fn length_for(stretch: Span, most: usize) -> Span {
    let days = [2, 3, 7, 14, 30, 90, 365].map(|days| Span(days * Span::DAY.0));
    let usual = Interval::ALL.map(Interval::span).into_iter().chain(days);
    let fits = |length: &Span| stretch.0 / length.0 + 2 <= most as i64;
    usual.into_iter().find(fits).unwrap_or(Span((stretch.0 / Span::DAY.0 / most as i64 + 1) * Span::DAY.0))
}

fn text(name: &Path, candles: &[Bucket], rows: &[Bucket], length: Span, table_length: Span) -> String {
    let bars: u64 = candles.iter().map(|candle| candle.bars).sum();
    let mut text = format!("{}: {bars} bars, a candle is {}\n\n", name.display(), told(length));
    for line in chart::candles(candles) {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let (first, last) = (candles.first(), candles.last());
    let edge = |candle: Option<&Bucket>| candle.map_or_else(String::new, |candle| utc(candle.bar.open_time));
    let width = candles.len().min(chart::WIDTH);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:<width$}{}\n", edge(first), edge(last), width = width.saturating_sub(16).max(18));
    let _ = writeln!(
        text,
        "{:<16} {:>12} {:>12} {:>12} {:>12} {:>16} {:>6}",
        format!("UTC, {}", told(table_length)),
        "open",
        "high",
        "low",
        "close",
        "volume",
        "bars"
    );
    for Bucket { bar, bars } in rows {
        let [open, high, low, close, volume] = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(chart::number);
        let time = utc(bar.open_time);
        let _ = writeln!(text, "{time:<16} {open:>12} {high:>12} {low:>12} {close:>12} {volume:>16} {bars:>6}");
    }
    text
}

fn told(length: Span) -> String {
    match Interval::of(length) {
        Some(interval) => interval.name().to_owned(),
        None => format!("{}d", length.0 / Span::DAY.0),
    }
}

impl Candle {
    fn of(bucket: &Bucket) -> Candle {
        let bar = &bucket.bar;
        Candle {
            open_time: bar.open_time.millis(),
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            bars: bucket.bars,
        }
    }
}
