//! What is wrong with a history, as values: gaps, duplicates, bars off the grid, impossible prices, minutes without trade.
//!
//! Invariant: rows are judged one by one; memory is one bit a bar of the history's length, plus what was found.
//! Absent on purpose: mending, and a verdict; a thin market has minutes without trade and an outage has none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::kline::{Interval, Market};
use super::outages::Outages;
use super::parquet_rows::Row;
use super::source::{KlineSource, Steps, interval_of};
use crate::domain::{Symbol, Time};

/// All findings about one history.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    pub symbol: Option<Symbol>,
    pub market: Market,
    pub interval: Interval,
    pub rows: u64,
    /// Earliest and latest open_time.
    pub first: Time,
    pub last: Time,
    pub gaps: Vec<Gap>,
    /// Rows whose open_time an earlier row has.
    pub duplicates: u64,
    /// Rows whose open_time is not a multiple of the interval.
    pub off_grid: u64,
    /// Rows that cannot be a bar: a price that is missing, not finite or not positive, open or close outside of low..high,
    /// a volume that is negative, missing or not finite.
    pub ohlc_violations: u64,
    /// Rows with volume 0.
    pub zero_volume: u64,
    /// Rows that stand after a later one.
    pub unsorted: u64,
    /// Stretches of rows with volume 0 that follow each other.
    pub zero_runs: ZeroRuns,
}

/// What was found in the files of one history.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Of the rows that could be read; `None` when that says nothing about the history.
    pub findings: Option<Findings>,
    pub unreadable: Vec<Unreadable>,
}

/// A file that could not be read to its end, with the sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub file: PathBuf,
    pub error: String,
}

/// Bars that are missing between two rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// open_time of the row before.
    pub after: Time,
    /// open_time of the row behind.
    pub before: Time,
    pub missing: u64,
    /// The venue's outage, where it is known.
    pub outage: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ZeroRuns {
    pub count: u64,
    pub longest: u64,
    /// open_time of the longest run's first row.
    pub longest_from: Option<Time>,
}

impl Findings {
    /// True when something is wrong with the rows. Minutes without trade are not.
    pub fn has_faults(&self) -> bool {
        let counts = [self.duplicates, self.off_grid, self.ohlc_violations, self.unsorted];
        !self.gaps.is_empty() || counts.iter().any(|count| *count > 0)
    }

    /// Missing bars of all gaps.
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.missing).sum()
    }
}

/// Checks files that together are one history, in order of time. `progress` is told the rows read so far.
/// What a file says about itself counts unless it is told; a market that nothing states is `spot`. A file that cannot be
/// read hides no other one: it is a finding of its own.
pub fn check(files: &[PathBuf], market: Option<&Market>, progress: &mut dyn FnMut(u64)) -> Checked {
    let mut judge: Option<Judge> = None;
    let mut unreadable = Vec::new();
    for path in files {
        if let Err(error) = see_all(path, market, &mut judge, progress) {
            unreadable.push(Unreadable { file: path.clone(), error: error.to_string() });
        }
    }
    if unreadable.len() == files.len() {
        // The first rows of a file say nothing about the rest of it.
        judge = None;
    }
    Checked { findings: judge.map(Judge::finish), unreadable }
}

/// Shows every row of a file to the judge, who comes with the first.
fn see_all(
    path: &Path,
    market: Option<&Market>,
    judge: &mut Option<Judge>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let source = KlineSource::open(path)?;
    let (symbol, stated, mut steps) = (source.symbol.clone(), source.interval.clone(), Steps::default());
    let market = market.cloned().or_else(|| source.market.clone());
    source.visit(&mut |row| {
        let judge = match judge {
            Some(judge) => judge,
            None => {
                let interval = interval_of(path, stated.as_deref(), &row)?;
                let market = market.clone().unwrap_or_else(Market::spot);
                judge.insert(Judge::new(symbol.clone(), market, interval, &row))
            }
        };
        steps.see(stated.as_deref(), &row);
        judge.see(&row);
        if judge.found.rows.is_multiple_of(8_192) {
            progress(judge.found.rows);
        }
        Ok(())
    })?;
    judge.as_ref().map_or(Ok(()), |judge| steps.judge(path, judge.found.interval))
}

struct Judge {
    found: Findings,
    previous: Option<Time>,
    /// Bars on the grid and bars anywhere in their interval.
    on_grid: Places,
    any: Places,
    zero_run: u64,
    zero_from: Time,
    outages: Outages,
}

impl Judge {
    fn new(symbol: Option<Symbol>, market: Market, interval: Interval, first: &Row) -> Judge {
        let time = first.kline.bar.open_time;
        let found = Findings {
            symbol,
            market,
            interval,
            rows: 0,
            first: time,
            last: time,
            gaps: Vec::new(),
            duplicates: 0,
            off_grid: 0,
            ohlc_violations: 0,
            zero_volume: 0,
            unsorted: 0,
            zero_runs: ZeroRuns::default(),
        };
        let (on_grid, any) = (Places::default(), Places::default());
        Judge { found, previous: None, on_grid, any, zero_run: 0, zero_from: time, outages: Outages::known() }
    }

    fn see(&mut self, row: &Row) {
        let bar = &row.kline.bar;
        let time = bar.open_time;
        let interval = self.found.interval;
        let place = time.0.div_euclid(interval.span().0);
        let is_on_grid = interval.start(time) == time;
        self.found.rows += 1;
        self.found.off_grid += u64::from(!is_on_grid);
        let is_known = if is_on_grid { self.on_grid.set(place) } else { self.previous == Some(time) };
        self.any.set(place);
        self.found.duplicates += u64::from(is_known);
        if let Some(previous) = self.previous {
            self.found.unsorted += u64::from(time < previous);
            self.gap(previous, time);
        }
        self.found.first = self.found.first.min(time);
        self.found.last = self.found.last.max(time);
        self.previous = Some(time);
        self.found.ohlc_violations += u64::from(bar.validate().is_err());
        self.volume(bar.volume, time);
    }

    /// The bars missing between two rows that follow each other.
    fn gap(&mut self, after: Time, before: Time) {
        let interval = self.found.interval;
        let steps = interval.start(before).since(interval.start(after)).0 / interval.span().0;
        if steps > 1 {
            self.found.gaps.push(Gap { after, before, missing: (steps - 1) as u64, outage: None });
        }
    }

    fn volume(&mut self, volume: f64, time: Time) {
        if volume != 0.0 {
            self.zero_run = 0;
            return;
        }
        self.found.zero_volume += 1;
        let runs = &mut self.found.zero_runs;
        if self.zero_run == 0 {
            runs.count += 1;
            self.zero_from = time;
        }
        self.zero_run += 1;
        if self.zero_run > runs.longest {
            runs.longest = self.zero_run;
            runs.longest_from = Some(self.zero_from);
        }
    }

    fn finish(mut self) -> Findings {
        if self.found.unsorted > 0 {
            // What follows what in the file says nothing about what is missing.
            self.found.gaps.clear();
            let span = self.found.interval.span().0;
            for (after, before) in self.any.holes() {
                self.gap(Time(after * span), Time(before * span));
            }
        }
        for gap in &mut self.found.gaps {
            let name = self.outages.name(&self.found.market, gap.after, gap.before);
            gap.outage = name.map(str::to_owned);
        }
        self.found
    }
}

/// A set of places on the grid: a bit each, in blocks.
#[derive(Debug, Default)]
struct Places(BTreeMap<i64, [u64; 32]>);

/// Bits of a block.
const BLOCK: i64 = 32 * 64;

impl Places {
    /// Adds a place; true when it was there.
    fn set(&mut self, place: i64) -> bool {
        let bits = self.0.entry(place.div_euclid(BLOCK)).or_insert([0; 32]);
        let at = place.rem_euclid(BLOCK) as usize;
        let bit = 1_u64 << (at % 64);
        let is_known = bits[at / 64] & bit != 0;
        bits[at / 64] |= bit;
        is_known
    }

    /// Pairs of places that follow each other with none between them but at least one step apart.
    fn holes(&self) -> Vec<(i64, i64)> {
        let mut holes = Vec::new();
        let mut last: Option<i64> = None;
        for (block, bits) in &self.0 {
            let set = (0..BLOCK).filter(|at| bits[(*at / 64) as usize] >> (at % 64) & 1 == 1);
            for place in set.map(|at| block * BLOCK + at) {
                if let Some(last) = last.filter(|last| place - last > 1) {
                    holes.push((last, place));
                }
                last = Some(place);
            }
        }
        holes
    }
}
