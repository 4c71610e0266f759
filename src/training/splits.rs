//! Which samples teach and which judge: held-out stretches, folds in time, a stretch to stop on.
//!
//! Invariant: no sample that teaches has an outcome that reaches into what judges it, or begins before what judged is over and
//! the embargo past.
//! Absent on purpose: shuffling; samples of neighbouring minutes tell the same story.
//! Source: Lopez de Prado, Advances in Financial Machine Learning (2018), sections 7.4.1 (purging) and 7.4.2 (embargo), snippet
//! 7.3.

use super::dataset::{Dataset, Sample};
use crate::domain::{Span, Time};

/// Share of the samples that a fit is stopped on: the newest.
const VALIDATION_SHARE: f64 = 0.15;

/// What a fold learns from and what judges it: places among the spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    pub train: Vec<u32>,
    pub test: Vec<u32>,
}

/// A stretch of time that nothing may learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Of one symbol; `None`: of all. What judges one symbol is kept from all, for they move together.
    pub lane: Option<u16>,
    pub from: Time,
    pub to: Time,
}

/// Samples that may teach, and those that judge at the end, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    pub training: Vec<u32>,
    pub held_out: Vec<u32>,
    /// When the newest stretch begins, if one was set apart.
    pub newest: Option<Time>,
    /// Neither: their outcomes reach into a reserved stretch, or they stand in its embargo.
    pub dropped: usize,
}

/// The folds of `spans`, half-open (begin of a decision, end of its outcome) and in the order of their begins: the test sets are
/// consecutive and as equal as can be; a span teaches when it ends before the test set begins, or begins no earlier than
/// `embargo` after the last outcome of the test set.
pub fn purged_folds(spans: &[(i64, i64)], folds: usize, embargo: i64) -> Vec<Fold> {
    let (size, more) = (spans.len() / folds.max(1), spans.len() % folds.max(1));
    let mut begin = 0;
    let mut made = Vec::with_capacity(folds);
    for number in 0..folds {
        let end = begin + size + usize::from(number < more);
        let test = &spans[begin..end];
        let opens = test.first().map_or(i64::MAX, |span| span.0);
        let closes = test.iter().map(|span| span.1).max().unwrap_or(i64::MIN).saturating_add(embargo);
        let teaches = |span: &(i64, i64)| test.is_empty() || span.1 <= opens || span.0 >= closes;
        let train = spans.iter().enumerate().filter(|(_, span)| teaches(span)).map(|(at, _)| at as u32).collect();
        made.push(Fold { train, test: (begin as u32..end as u32).collect() });
        begin = end;
    }
    made
}

/// The folds of some samples of a dataset: as `purged_folds`, with places of the dataset.
pub fn folds_of(data: &Dataset, picks: &[u32], folds: usize, embargo: Span) -> Vec<Fold> {
    let span = |pick: &u32| {
        let sample = &data.samples()[*pick as usize];
        (sample.decided.0, sample.ends.0)
    };
    let spans: Vec<(i64, i64)> = picks.iter().map(span).collect();
    let places = |places: Vec<u32>| places.into_iter().map(|place| picks[place as usize]).collect();
    let folds = purged_folds(&spans, folds, embargo.0);
    folds.into_iter().map(|fold| Fold { train: places(fold.train), test: places(fold.test) }).collect()
}

/// The longer of the trades' horizon and a hundredth of all time.
pub fn embargo(data: &Dataset) -> Span {
    let horizon = i64::from(data.settings().barriers.horizon_minutes) * Span::MINUTE.0;
    let all = data.samples();
    let time = all.first().zip(all.last()).map_or(0, |(first, last)| last.decided.since(first.decided).0);
    Span(horizon.max(time / 100))
}

/// Sets apart what judges: the samples of `reserved`, and of the others the newest `share` of time.
pub fn divide(data: &Dataset, reserved: &[Reserved], share: f64, embargo: Span) -> Division {
    let mut reserved = reserved.to_vec();
    let mut newest = None;
    let free: Vec<&Sample> = data.samples().iter().filter(|sample| !is_held(sample, &reserved)).collect();
    if let (Some(first), Some(last), true) = (free.first(), free.last(), share > 0.0) {
        let length = last.decided.since(first.decided).0 as f64;
        let from = last.decided.minus(Span((length * share) as i64));
        reserved.push(Reserved { lane: None, from, to: last.ends });
        newest = Some(from);
    }
    let mut division = Division { training: Vec::new(), held_out: Vec::new(), newest, dropped: 0 };
    for (at, sample) in data.samples().iter().enumerate() {
        if is_held(sample, &reserved) {
            division.held_out.push(at as u32);
        } else if reserved.iter().any(|held| sample.ends > held.from && sample.decided < held.to.plus(embargo)) {
            division.dropped += 1;
        } else {
            division.training.push(at as u32);
        }
    }
    division
}

/// The oldest samples to fit on and the newest to stop on, purged of each other.
pub fn with_validation(data: &Dataset, picks: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let begin = (picks.len() as f64 * (1.0 - VALIDATION_SHARE)) as usize;
    let (older, validation) = picks.split_at(begin.min(picks.len()));
    let Some(first) = validation.first() else { return (older.to_vec(), Vec::new()) };
    let opens = data.samples()[*first as usize].decided;
    let train = older.iter().copied().filter(|pick| data.samples()[*pick as usize].ends <= opens).collect();
    (train, validation.to_vec())
}

fn is_held(sample: &Sample, reserved: &[Reserved]) -> bool {
    let holds = |held: &Reserved| {
        held.lane.is_none_or(|lane| lane == sample.lane) && (held.from..=held.to).contains(&sample.decided)
    };
    reserved.iter().any(holds)
}
