//! `Mood`: what outside sources said, what it amounts to for a symbol, and how far it may move a size.
//!
//! Each source has a score of its own in -1..=1 (positive: rising prices) that fades and is off when old; a symbol's score is
//! the mean of the fresh ones. An entry is multiplied by 1 + weight x score, within 25 % of one.
//! Invariant: what arrived counts from its arrival on, never from the time it speaks of; without a fresh source the factor is
//! exactly 1.
//! Absent on purpose: texts, sockets and files (`feeds`), and any belief in these scores: the weight is zero until an
//! ablation shows that a source predicts.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::domain::{Digest, Ratio, Span, StateHash, SymbolId, Time};
use crate::sentiment::aggregate::MOST_INFLUENCE;
use crate::sentiment::{DecayAggregate, FundingScore, Opinion};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoodSource {
    /// Funding rates of the perpetual future; contrarian.
    Funding,
    /// Open contracts; contrarian.
    OpenInterest,
    /// Accounts long by accounts short; contrarian.
    LongShort,
    /// Positions of the largest accounts, long by short; contrarian.
    TopLongShort,
    /// Volume that takers bought by volume that they sold, of the future.
    TakerRatio,
    /// An index from 0 (fear) to 100 (greed); contrarian.
    FearGreed,
    /// Headlines, scored -1 to 1 by their words.
    Headlines,
    /// (bought - sold) / volume by takers, of closed klines.
    TakerVolume,
}

/// One value of one source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub source: MoodSource,
    /// `None`: the whole market.
    pub symbol: Option<SymbolId>,
    /// In the source's own unit, finite.
    pub value: f64,
    /// Tells values apart: the time of its period in ms, which rises, or the hash of a headline.
    pub id: u64,
    /// Older than the newest when the source was first asked: others are measured by it, but it is no opinion.
    pub backlog: bool,
}

/// What a feed tells the driver.
#[derive(Debug, Clone, PartialEq)]
pub enum MoodNews {
    /// It is asked; no answer yet.
    Asked(MoodSource),
    /// It answered.
    Answered(MoodSource),
    Observed(Observation),
    Failing {
        source: MoodSource,
        why: String,
    },
}

/// How a source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoodState {
    Off,
    /// Asked, nothing said yet.
    Waiting,
    Fresh,
    /// Said nothing new for longer than its limit: it has no score.
    Stale,
    /// The last attempt gave nothing; the sentence says why. What came before counts until it is stale.
    Failing(String),
}

/// The sources as people see them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MoodView {
    /// One for each source, in the order of `MoodSource::ALL`.
    pub sources: Vec<SourceView>,
    /// One for each symbol; `None` without a fresh source.
    pub scores: Vec<Option<f64>>,
    /// News that were lost because the driver was busy.
    pub lost: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    pub source: MoodSource,
    pub state: MoodState,
    /// Since its newest value arrived.
    pub age: Option<Span>,
    /// Its newest value in its own unit.
    pub value: Option<f64>,
    /// Mean over the symbols.
    pub score: Option<f64>,
}

/// How a value becomes a score.
enum Reading {
    /// By its distance from the values before it, against the crowd.
    Contrarian { is_logarithmic: bool, floor: f64, keep: usize },
    /// It is one.
    Direct,
}

/// Fewer values before say nothing about the next.
const LEAST_HISTORY: usize = 10;
/// Weight of the belief that nothing is known, beside opinions of weight 1.
const PRIOR: f64 = 1.0;
/// Headlines that are remembered to hear each once.
const REMEMBERED: usize = 256;
const HOUR: Span = Span(60 * Span::MINUTE.0);

/// All sources.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mood {
    tracks: BTreeMap<(MoodSource, Option<SymbolId>), Track>,
}

/// One source's word on one symbol, or on the whole market.
#[derive(Debug, Clone, PartialEq)]
struct Track {
    /// Values before the current one, as they are compared, oldest first.
    history: VecDeque<f64>,
    current: Option<f64>,
    newest: Option<u64>,
    /// Of headlines, whose ids do not rise.
    seen: VecDeque<u64>,
    last: Option<(Time, f64)>,
    opinions: DecayAggregate,
}

impl Mood {
    /// Takes a value that arrived now. What is no number, or is known, changes nothing.
    pub fn observe(&mut self, now: Time, seen: &Observation) {
        if seen.value.is_finite() {
            let track = self.tracks.entry((seen.source, seen.symbol)).or_insert_with(|| Track::new(seen.source));
            track.observe(now, seen);
        }
    }

    /// What one source says of a symbol now, through the symbol or the whole market.
    pub fn source_score(&self, source: MoodSource, symbol: SymbolId, now: Time) -> Option<f64> {
        mean([Some(symbol), None].iter().filter_map(|of| self.tracks.get(&(source, *of))?.opinions.score(now)))
    }

    /// When the source last said something of a symbol or the whole market.
    pub fn last_heard(&self, source: MoodSource, symbol: SymbolId) -> Option<Time> {
        let last = |of: Option<SymbolId>| self.tracks.get(&(source, of))?.last.map(|(time, _)| time);
        last(Some(symbol)).max(last(None))
    }

    /// Mean of the fresh sources.
    pub fn score(&self, symbol: SymbolId, now: Time) -> Option<f64> {
        mean(MoodSource::ALL.iter().filter_map(|source| self.source_score(*source, symbol, now)))
    }

    fn view(&self, source: MoodSource, now: Time) -> SourceView {
        let tracks = || self.tracks.iter().filter(|((of, _), _)| *of == source).map(|(_, track)| track);
        let last = tracks().filter_map(|track| track.last).max_by_key(|(time, _)| *time);
        let age = last.map(|(time, _)| now.since(time));
        let state = match age {
            Some(age) if age <= source.age_limit() => MoodState::Fresh,
            Some(_) => MoodState::Stale,
            None => MoodState::Off,
        };
        let score = mean(tracks().filter_map(|track| track.opinions.score(now)));
        SourceView { source, state, age, value: last.map(|(_, value)| value), score }
    }
}

/// Factor for the size of an entry: 1 + weight x score, at most [`MOST_INFLUENCE`] away from 1.
pub fn factor(score: Option<f64>, weight: Ratio) -> f64 {
    1.0 + (score.unwrap_or(0.0) * weight.to_f64()).clamp(-MOST_INFLUENCE, MOST_INFLUENCE)
}

impl Track {
    fn new(source: MoodSource) -> Track {
        Track {
            history: VecDeque::new(),
            current: None,
            newest: None,
            seen: VecDeque::new(),
            last: None,
            opinions: DecayAggregate::new(source.half_life(), PRIOR, source.age_limit()),
        }
    }

    fn observe(&mut self, now: Time, seen: &Observation) {
        let is_revised = self.newest == Some(seen.id) && self.last.is_none_or(|(_, value)| value != seen.value);
        if !is_revised && !self.is_new(seen) {
            return;
        }
        let score = match seen.source.reading() {
            Reading::Contrarian { is_logarithmic, floor, keep } => {
                if is_logarithmic && seen.value <= 0.0 {
                    return;
                }
                let value = if is_logarithmic { seen.value.ln() } else { seen.value };
                self.compared(value, is_revised, floor, keep)
            }
            Reading::Direct => Some(seen.source.direct(seen.value)),
        };
        self.newest = Some(seen.id);
        if !seen.backlog {
            self.last = Some((now, seen.value));
            if let Some(score) = score {
                self.opinions.add(Opinion { time: now, score, weight: 1.0 });
            }
        }
    }

    /// The score of a value among those before it, which it then joins.
    fn compared(&mut self, value: f64, is_revised: bool, floor: f64, keep: usize) -> Option<f64> {
        let before = self.current.replace(value).filter(|_| !is_revised);
        self.history.extend(before);
        while self.history.len() > keep {
            self.history.pop_front();
        }
        let history = self.history.make_contiguous();
        if history.len() < LEAST_HISTORY {
            return None;
        }
        FundingScore::of(history, value, floor).map(|score| score.robust_contrarian)
    }

    fn is_new(&mut self, seen: &Observation) -> bool {
        if seen.source != MoodSource::Headlines {
            return self.newest.is_none_or(|newest| seen.id > newest);
        }
        if self.seen.contains(&seen.id) {
            return false;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(seen.id);
        true
    }
}

impl MoodSource {
    pub const ALL: [MoodSource; 8] = [
        MoodSource::Funding,
        MoodSource::OpenInterest,
        MoodSource::LongShort,
        MoodSource::TopLongShort,
        MoodSource::TakerRatio,
        MoodSource::FearGreed,
        MoodSource::Headlines,
        MoodSource::TakerVolume,
    ];

    /// As settings and folders name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MoodSource::Funding => "funding",
            MoodSource::OpenInterest => "open_interest",
            MoodSource::LongShort => "long_short",
            MoodSource::TopLongShort => "top_long_short",
            MoodSource::TakerRatio => "taker_ratio",
            MoodSource::FearGreed => "fear_greed",
            MoodSource::Headlines => "headlines",
            MoodSource::TakerVolume => "taker_volume",
        }
    }

    pub fn parse(text: &str) -> Option<MoodSource> {
        MoodSource::ALL.into_iter().find(|source| source.as_str() == text)
    }

    /// False for those that speak of the whole market.
    pub const fn is_by_symbol(self) -> bool {
        !matches!(self, MoodSource::FearGreed | MoodSource::Headlines)
    }

    /// Without anything new for this long it has no score: two or three of its own periods.
    pub const fn age_limit(self) -> Span {
        match self {
            MoodSource::Funding => Span(9 * HOUR.0),
            MoodSource::OpenInterest | MoodSource::LongShort | MoodSource::TopLongShort | MoodSource::TakerRatio => {
                Span(HOUR.0 / 2)
            }
            MoodSource::FearGreed => Span(36 * HOUR.0),
            MoodSource::Headlines => Span(6 * HOUR.0),
            MoodSource::TakerVolume => Span(10 * Span::MINUTE.0),
        }
    }

    /// After this long an opinion counts half.
    pub const fn half_life(self) -> Span {
        match self {
            MoodSource::Funding => Span(4 * HOUR.0),
            MoodSource::OpenInterest
            | MoodSource::LongShort
            | MoodSource::TopLongShort
            | MoodSource::TakerRatio
            | MoodSource::TakerVolume => HOUR,
            MoodSource::FearGreed => Span(24 * HOUR.0),
            MoodSource::Headlines => Span(2 * HOUR.0),
        }
    }

    const fn reading(self) -> Reading {
        match self {
            // A tenth of the usual rate of 0.01 %, over a month of payments.
            MoodSource::Funding => Reading::Contrarian { is_logarithmic: false, floor: 1e-5, keep: 90 },
            // Half a per cent, over a day of five minutes.
            MoodSource::OpenInterest | MoodSource::LongShort | MoodSource::TopLongShort => {
                Reading::Contrarian { is_logarithmic: true, floor: 5e-3, keep: 288 }
            }
            MoodSource::TakerRatio | MoodSource::FearGreed | MoodSource::Headlines | MoodSource::TakerVolume => {
                Reading::Direct
            }
        }
    }

    /// The score that a value of a direct source is.
    fn direct(self, value: f64) -> f64 {
        let score = match self {
            // Bought by sold as (bought - sold) / both.
            MoodSource::TakerRatio => (value - 1.0) / (value.max(0.0) + 1.0),
            MoodSource::FearGreed => (50.0 - value) / 50.0,
            MoodSource::Headlines
            | MoodSource::TakerVolume
            | MoodSource::Funding
            | MoodSource::OpenInterest
            | MoodSource::LongShort
            | MoodSource::TopLongShort => value,
        };
        score.clamp(-1.0, 1.0)
    }
}

impl fmt::Display for MoodState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MoodState::Off => f.write_str("off"),
            MoodState::Waiting => f.write_str("waiting for its first answer"),
            MoodState::Fresh => f.write_str("fresh"),
            MoodState::Stale => f.write_str("stale: without a score until it says something new"),
            MoodState::Failing(why) => write!(f, "failing: {why}"),
        }
    }
}

impl Engine {
    pub(super) fn on_mood(&mut self, seen: &Observation) {
        if seen.symbol.is_none_or(|symbol| symbol.index() < self.instruments.len()) {
            let now = self.now;
            self.mood.get_or_insert_default().observe(now, seen);
        }
    }

    /// What moods multiply an entry's exposure by; an exposure never grows beyond the whole share of its symbol.
    pub(super) fn mood_factor(&self, symbol: SymbolId) -> f64 {
        match &self.mood {
            Some(mood) if !self.settings.sentiment_weight.is_zero() => {
                factor(mood.score(symbol, self.now), self.settings.sentiment_weight)
            }
            Some(_) | None => 1.0,
        }
    }

    pub(super) fn mood_view(&self) -> MoodView {
        let none = Mood::default();
        let mood = self.mood.as_deref().unwrap_or(&none);
        MoodView {
            sources: MoodSource::ALL.map(|source| mood.view(source, self.now)).to_vec(),
            scores: (0..self.instruments.len()).map(|at| mood.score(SymbolId(at as u16), self.now)).collect(),
            lost: 0,
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

impl StateHash for Mood {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.tracks.len() as u64);
        for ((source, symbol), track) in &self.tracks {
            digest.u8(*source as u8);
            digest.option(symbol.as_ref());
            digest.add(track);
        }
    }
}

impl StateHash for Track {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.history.len() as u64);
        self.history.iter().for_each(|value| digest.f64(*value));
        for value in [self.current, self.last.map(|(_, value)| value)] {
            digest.bool(value.is_some());
            digest.f64(value.unwrap_or_default());
        }
        digest.option(self.last.map(|(time, _)| time).as_ref());
        digest.bool(self.newest.is_some());
        digest.u64(self.newest.unwrap_or_default());
        digest.u64(self.seen.len() as u64);
        self.seen.iter().for_each(|id| digest.u64(*id));
        digest.add(&self.opinions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SymbolId = SymbolId(0);

    fn seen(source: MoodSource, value: f64, id: u64) -> Observation {
        let symbol = source.is_by_symbol().then_some(A);
        Observation { source, symbol, value, id, backlog: false }
    }

    fn minutes(count: i64) -> Time {
        Time(count * Span::MINUTE.0)
    }

    #[test]
    fn a_crowded_side_speaks_against_itself_once_there_is_a_history() {
        let mut mood = Mood::default();
        for id in 0..20 {
            let rate = 0.0001 + 0.00001 * (id % 3) as f64;
            mood.observe(minutes(0), &Observation { backlog: true, ..seen(MoodSource::Funding, rate, id) });
        }
        assert_eq!(mood.score(A, minutes(0)), None, "history is no opinion");
        mood.observe(minutes(1), &seen(MoodSource::Funding, 0.002, 30));
        let score = mood.score(A, minutes(1)).expect("an opinion");
        assert!((-0.5..-0.4).contains(&score), "half beside the prior: {score}");
        let before = mood.clone();
        mood.observe(minutes(2), &seen(MoodSource::Funding, -0.002, 29));
        mood.observe(minutes(2), &seen(MoodSource::Funding, f64::NAN, 31));
        assert_eq!(mood, before, "an older one and no number");
    }

    #[test]
    fn a_source_is_off_when_nothing_new_came_for_too_long() {
        let mut mood = Mood::default();
        mood.observe(minutes(0), &seen(MoodSource::TakerVolume, 1.0, 1));
        mood.observe(minutes(0), &seen(MoodSource::FearGreed, 20.0, 1));
        assert_eq!(mood.view(MoodSource::TakerVolume, minutes(10)).state, MoodState::Fresh);
        let late = mood.view(MoodSource::TakerVolume, minutes(11));
        assert_eq!(
            (late.state, late.age, late.value, late.score),
            (MoodState::Stale, Some(Span(11 * 60_000_000)), Some(1.0), None)
        );
        assert_eq!(mood.view(MoodSource::Headlines, minutes(11)).state, MoodState::Off);
        // Only the index is left, and it speaks of every symbol.
        let left = mood.score(SymbolId(7), minutes(11)).expect("the index");
        assert!(left > 0.29 && left <= 0.3, "{left}");
        assert_eq!(mood.score(A, minutes(37 * 60)), None);
    }

    #[test]
    fn a_headline_told_twice_counts_once() {
        let mut mood = Mood::default();
        mood.observe(minutes(0), &seen(MoodSource::Headlines, 0.8, 9));
        let once = mood.clone();
        mood.observe(minutes(0), &seen(MoodSource::Headlines, 0.8, 9));
        assert_eq!(mood, once);
        mood.observe(minutes(0), &seen(MoodSource::Headlines, 0.8, 3));
        assert!(mood.score(A, minutes(0)) > once.score(A, minutes(0)));
    }

    #[test]
    fn the_factor_stays_within_a_quarter_and_is_one_without_weight() {
        let weight = |percent: f64| Ratio::from_percent(percent).expect("a share");
        assert_eq!(factor(Some(1.0), weight(0.0)), 1.0);
        assert_eq!(factor(None, weight(100.0)), 1.0);
        assert_eq!(factor(Some(0.5), weight(20.0)), 1.1);
        assert_eq!([factor(Some(1.0), weight(100.0)), factor(Some(-1.0), weight(100.0))], [1.25, 0.75]);
    }
}
