//! Outside sources judged: does what they said come before what prices did?
//!
//! Recordings and diaries are walked hour by hour with the engine's own arithmetic; at each hour the score of a source meets
//! the return of the next hour, and at each midnight that of the next day.
//! Invariant: a score is made only of what was known at its hour.
//! Absent on purpose: choosing a weight; a source that shows value here has earned a forward test, no more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::RunError;
use crate::domain::{Ratio, Seed, Span, Symbol, SymbolId, Time};
use crate::engine::mood::factor;
use crate::engine::{Mood, MoodSource, Observation};
use crate::feeds::diary;
use crate::performance::prediction::{Pair, Prediction, judge};
use crate::sentiment::TakerImbalance;
use crate::store::scan::{Scan, ScanPlan};
use crate::store::{Column, MoodRow, StoreError, read_moods, symbol_of};

const HOUR: Span = Span(60 * Span::MINUTE.0);

/// How far ahead a score is held against the return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Horizon {
    Hour,
    /// From midnight to midnight.
    Day,
}

/// One source on one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub source: MoodSource,
    pub symbol: Symbol,
    pub horizon: Horizon,
    pub prediction: Prediction,
}

/// What a source said, and from when it counts.
#[derive(Debug, Clone)]
pub struct Heard {
    known: Time,
    symbol: Option<Symbol>,
    seen: Observation,
}

impl Horizon {
    pub const ALL: [Horizon; 2] = [Horizon::Hour, Horizon::Day];

    pub const fn as_str(self) -> &'static str {
        match self {
            Horizon::Hour => "next hour",
            Horizon::Day => "next day",
        }
    }

    const fn span(self) -> Span {
        match self {
            Horizon::Hour => HOUR,
            Horizon::Day => Span::DAY,
        }
    }

    /// Blocks of at least a day and a week: scores and moves stay that long.
    const fn least_block(self) -> f64 {
        match self {
            Horizon::Hour => 24.0,
            Horizon::Day => 7.0,
        }
    }
}

/// What recordings in Parquet say.
pub fn recorded(files: &[PathBuf]) -> Result<Vec<Heard>, StoreError> {
    let mut heard = Vec::new();
    for file in files {
        heard.extend(read_moods(file)?.into_iter().map(|row: MoodRow| {
            let id = u64::try_from(row.time.millis()).unwrap_or_default();
            let seen = Observation { source: row.source, symbol: None, value: row.value, id, backlog: false };
            Heard { known: row.known, symbol: row.symbol, seen }
        }));
    }
    Ok(heard)
}

/// What was kept from the first day on.
pub fn kept(folder: &Path) -> Result<Vec<Heard>, RunError> {
    let mut heard = Vec::new();
    for source in MoodSource::ALL {
        let kept = diary::read(folder, source).map_err(|error| {
            RunError::Data(format!("{}: what was kept cannot be read ({error}); allow reading it", folder.display()))
        })?;
        heard.extend(kept.records.into_iter().map(|record| {
            let seen =
                Observation { source, symbol: None, value: record.value, id: record.id, backlog: record.backlog };
            Heard { known: Time::from_millis(record.arrived), symbol: record.symbol, seen }
        }));
    }
    Ok(heard)
}

/// Each source on each symbol of the recordings; recordings of one symbol count together.
pub fn study(recordings: &[Vec<PathBuf>], mut heard: Vec<Heard>, seed: Seed) -> Result<Vec<Finding>, StoreError> {
    heard.sort_by_key(|heard| heard.known);
    let mut pairs: BTreeMap<(MoodSource, Symbol, Horizon), Vec<Pair>> = BTreeMap::new();
    for files in recordings {
        let symbol = files.first().map_or(Err(StoreError::NoFiles), |file| symbol_of(file))?;
        let (prices, takers) = read_bars(files)?;
        let of_symbol = |heard: &&Heard| heard.symbol.as_ref().is_none_or(|of| *of == symbol);
        let mut said: Vec<Heard> = heard.iter().filter(of_symbol).cloned().collect();
        said.extend(takers);
        said.sort_by_key(|heard| heard.known);
        walk(&prices, &said, |source, horizon, pair| {
            pairs.entry((source, symbol.clone(), horizon)).or_default().push(pair);
        });
    }
    let judged = pairs.into_iter().map(|((source, symbol, horizon), pairs)| {
        let prediction = judge(&pairs, horizon.least_block(), seed);
        Finding { source, symbol, horizon, prediction }
    });
    Ok(judged.collect())
}

/// The price at each full hour, and what the takers of its minutes said, where the file knows them.
fn read_bars(files: &[PathBuf]) -> Result<(BTreeMap<Time, f64>, Vec<Heard>), StoreError> {
    let columns = vec![Column::OpenTime, Column::Open, Column::Volume, Column::TakerBuyBase];
    let plan = ScanPlan { files: files.to_vec(), columns, from: Time(0), to: Time(i64::MAX) };
    let mut scan = Scan::new(plan);
    let (mut prices, mut heard) = (BTreeMap::new(), Vec::new());
    while let Some(batch) = scan.next_batch()? {
        let (times, opens, volumes) = (batch.times(), batch.dense(Column::Open), batch.dense(Column::Volume));
        let bought = batch.sparse(Column::TakerBuyBase);
        for (at, ms) in times.iter().enumerate() {
            let time = Time::from_millis(*ms);
            if time.0 % HOUR.0 == 0 && opens[at] > 0.0 {
                prices.insert(time, opens[at]);
            }
            if let Some(taker) = bought[at].and_then(|bought| TakerImbalance::of(bought, volumes[at])) {
                let (source, id) = (MoodSource::TakerVolume, u64::try_from(*ms).unwrap_or_default());
                let seen = Observation { source, symbol: None, value: taker.imbalance, id, backlog: false };
                heard.push(Heard { known: time.plus(Span::MINUTE), symbol: None, seen });
            }
        }
    }
    Ok((prices, heard))
}

/// Calls for each hour at which a source has a score and the price after it is known.
fn walk(prices: &BTreeMap<Time, f64>, said: &[Heard], mut found: impl FnMut(MoodSource, Horizon, Pair)) {
    let only = SymbolId(0);
    let mut mood = Mood::default();
    let mut waiting = said.iter().peekable();
    let mut last: BTreeMap<(MoodSource, Horizon), Time> = BTreeMap::new();
    for (now, price) in prices {
        while let Some(heard) = waiting.next_if(|heard| heard.known <= *now) {
            mood.observe(heard.known, &heard.seen);
        }
        for horizon in Horizon::ALL {
            let is_due = now.0 % horizon.span().0 == 0;
            let Some(later) = prices.get(&now.plus(horizon.span())).filter(|_| is_due) else { continue };
            for source in MoodSource::ALL {
                let said = mood.source_score(source, only, *now).zip(mood.last_heard(source, only));
                let Some((score, heard)) = said else { continue };
                let is_news = last.insert((source, horizon), heard) != Some(heard);
                let factor = factor(Some(score), Ratio::ONE);
                found(source, horizon, Pair { score, factor, later: (later / price).ln(), is_news });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_made_only_of_what_was_known_at_its_hour() {
        let hour = |count: i64| Time(count * HOUR.0);
        let prices: BTreeMap<Time, f64> = (0..30).map(|at| (hour(at), 100.0 + at as f64)).collect();
        let said = |known: Time, value: f64, id: u64| Heard {
            known,
            symbol: None,
            seen: Observation { source: MoodSource::Headlines, symbol: None, value, id, backlog: false },
        };
        // A moment after the third hour, and one exactly at the fifth.
        let said = [said(hour(3).plus(Span(1)), 0.5, 1), said(hour(5), -0.9, 2)];
        let mut pairs = Vec::new();
        walk(&prices, &said, |source, horizon, pair| pairs.push((source, horizon, pair)));
        let hourly: Vec<&Pair> =
            pairs.iter().filter(|(_, horizon, _)| *horizon == Horizon::Hour).map(|(_, _, pair)| pair).collect();
        // From the fourth hour until six hours after the last word.
        assert_eq!(hourly.len(), 8);
        assert!(hourly[0].score > 0.0 && hourly[1].score < 0.0);
        assert_eq!(hourly.iter().filter(|pair| pair.is_news).count(), 2);
        assert_eq!(hourly[0].later, (105.0_f64 / 104.0).ln());
        assert!(pairs.iter().all(|(source, horizon, _)| *source == MoodSource::Headlines && *horizon == Horizon::Hour));
    }
}
