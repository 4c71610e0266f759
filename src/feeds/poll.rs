//! `Poller`: one source, asked again and again.
//!
//! Invariant: each value is told once; a failure is told once for each new reason, and asked again after a pause that grows.
//! Absent on purpose: what the rows of an answer look like.

use std::collections::BTreeMap;

use tokio::sync::{broadcast, watch};

use super::answer::Reading;
use super::diary::{self, Diary, Record};
use super::fetch::{Fetcher, Trouble};
use super::pace::Pace;
use super::{FeedsPlan, SourcePlan, fear_greed, funding, headlines, klines, open_interest, ratios, wall_now};
use crate::domain::{Span, Symbol, SymbolId, Time};
use crate::engine::{MoodNews, MoodSource, Observation};
use crate::sentiment::{Headlines, Vader};

/// Bytes of an answer: a hundred rows have 20 KiB, a news feed seldom 1 MiB.
const MOST_BYTES: usize = 4 << 20;
/// Of rows whose address does not state it.
const USUAL_PERIOD: Span = Span(5 * Span::MINUTE.0);
/// The same headline is news again after this long.
const HEADLINE_MEMORY: Span = Span::DAY;

pub(super) struct Poller {
    source: MoodSource,
    questions: Vec<Question>,
    fetcher: Result<Fetcher, String>,
    pace: Pace,
    news: broadcast::Sender<MoodNews>,
    diary: Option<Diary>,
    /// Newest ids in the diary: after a restart the rows that it holds are told, but not kept twice.
    kept: BTreeMap<Option<Symbol>, u64>,
    titles: Headlines,
    vader: Option<Vader>,
    /// Answers that could not be used, since the start.
    bad: u64,
    failing: Option<String>,
}

/// One address, filled in.
struct Question {
    symbol: Option<(SymbolId, Symbol)>,
    url: String,
    period: Span,
    /// The newest id and its value, once there was an answer.
    newest: Option<(u64, f64)>,
    was_answered: bool,
}

impl Poller {
    pub(super) fn new(plan: &SourcePlan, feeds: &FeedsPlan, news: broadcast::Sender<MoodNews>) -> Poller {
        let source = plan.source;
        let folder = feeds.folder.as_deref();
        let is_series = source != MoodSource::Headlines;
        Poller {
            source,
            questions: questions(plan, &feeds.symbols),
            fetcher: Fetcher::new(feeds.timing.answer_limit, MOST_BYTES),
            pace: Pace::new(plan.every, feeds.timing, feeds.seed, source.as_str()),
            news,
            diary: folder.map(|folder| Diary::new(folder, source)),
            kept: folder.filter(|_| is_series).map(|folder| diary::newest_ids(folder, source)).unwrap_or_default(),
            titles: Headlines::new(HEADLINE_MEMORY),
            vader: (!is_series).then(Vader::with_crypto),
            bad: 0,
            failing: None,
        }
    }

    /// Until `stopped` says so.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        self.tell(MoodNews::Asked(self.source));
        let mut pause = self.pace.begin();
        loop {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(pause.to_duration()) => {}
            }
            let asked = tokio::select! {
                biased;
                _ = stopped.wait_for(|stop| *stop) => break,
                asked = self.ask_all() => asked,
            };
            pause = match asked {
                Ok(()) => {
                    self.answered();
                    self.pace.after_success()
                }
                Err(trouble) => {
                    self.failed(&trouble);
                    self.pace.after_failure(trouble.retry_after())
                }
            };
        }
        if let Some(Err(error)) = self.diary.as_mut().map(Diary::close) {
            tracing::warn!("{error}");
        }
    }

    /// Every question once; the first trouble of the round, which does not keep the others from being asked.
    async fn ask_all(&mut self) -> Result<(), Trouble> {
        let mut first = None;
        for at in 0..self.questions.len() {
            if let Err(trouble) = self.ask(at).await {
                let is_limit = trouble.is_limit();
                first.get_or_insert(trouble);
                if is_limit {
                    break;
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    async fn ask(&mut self, at: usize) -> Result<(), Trouble> {
        let url = self.questions[at].url.clone();
        let name = || super::address::shown(&url).to_owned();
        let fetcher = self.fetcher.as_ref().map_err(|why| Trouble::Unreadable { at: name(), why: why.clone() })?;
        let answer = fetcher.get(&url).await;
        // Counted apart from hosts that cannot be reached: a bad answer is the host's fault.
        let body =
            answer.inspect_err(|trouble| self.bad += u64::from(!matches!(trouble, Trouble::Unreachable { .. })))?;
        let readings = self.read(&body, self.questions[at].period).map_err(|why| {
            self.bad += 1;
            Trouble::Unreadable { at: name(), why }
        })?;
        self.take(at, readings);
        Ok(())
    }

    fn read(&self, body: &[u8], period: Span) -> Result<Vec<Reading>, String> {
        match (self.source, &self.vader) {
            (MoodSource::Funding, _) => funding::read(body),
            (MoodSource::OpenInterest, _) => open_interest::read(body, period),
            (MoodSource::LongShort | MoodSource::TopLongShort | MoodSource::TakerRatio, _) => {
                ratios::read(body, period)
            }
            (MoodSource::FearGreed, _) => fear_greed::read(body),
            (MoodSource::TakerVolume, _) => klines::read(body),
            (MoodSource::Headlines, Some(vader)) => headlines::read(body, vader),
            (MoodSource::Headlines, None) => Ok(Vec::new()),
        }
    }

    /// Tells and keeps what is new. Of a first answer only the newest of a series is an opinion, and no headline: nobody
    /// knows how long the others have been known.
    fn take(&mut self, at: usize, mut readings: Vec<Reading>) {
        let now = wall_now();
        readings.retain(|reading| reading.ends.is_none_or(|ends| ends <= now));
        let question = &mut self.questions[at];
        let is_first = !question.was_answered;
        // A series that says nothing yet has not begun; a news feed without news has.
        question.was_answered |= !readings.is_empty() || self.source == MoodSource::Headlines;
        let last = readings.len().saturating_sub(1);
        for (place, reading) in readings.into_iter().enumerate() {
            if self.is_new(at, now, &reading) {
                let backlog = is_first && (self.source == MoodSource::Headlines || place < last);
                self.hand_on(at, now, reading, backlog);
            }
        }
    }

    fn is_new(&mut self, at: usize, now: Time, reading: &Reading) -> bool {
        if let Some(title) = &reading.text {
            return self.titles.is_news(now, title);
        }
        let newest = &mut self.questions[at].newest;
        // An estimate of the same payment is revised.
        let is_new = newest.is_none_or(|(id, value)| reading.id > id || (reading.id == id && reading.value != value));
        if is_new {
            *newest = Some((reading.id, reading.value));
        }
        is_new
    }

    fn hand_on(&mut self, at: usize, now: Time, reading: Reading, backlog: bool) {
        let Reading { id, of, value, text, .. } = reading;
        let symbol = self.questions[at].symbol.clone();
        self.tell(MoodNews::Observed(Observation {
            source: self.source,
            symbol: symbol.as_ref().map(|(id, _)| *id),
            value,
            id,
            backlog,
        }));
        let symbol = symbol.map(|(_, name)| name);
        if self.kept.get(&symbol).is_some_and(|newest| id <= *newest) {
            return;
        }
        let record = Record { arrived: now.millis(), symbol, of: of.map(Time::millis), value, id, backlog, text };
        if let Some(Err(error)) = self.diary.as_mut().map(|diary| diary.append(&record)) {
            tracing::warn!("{error}");
            self.diary = None;
        }
    }

    fn answered(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!(source = self.source.as_str(), "an outside source answers again");
        }
        self.tell(MoodNews::Answered(self.source));
    }

    fn failed(&mut self, trouble: &Trouble) {
        let why = trouble.to_string();
        if self.failing.as_ref() != Some(&why) {
            tracing::warn!(source = self.source.as_str(), bad_answers = self.bad, "{why}");
        }
        let told = match self.bad {
            0 => why.clone(),
            1 => format!("{why}; 1 bad answer so far"),
            bad => format!("{why}; {bad} bad answers so far"),
        };
        self.failing = Some(why);
        self.tell(MoodNews::Failing { source: self.source, why: told });
    }

    fn tell(&self, news: MoodNews) {
        // Without a driver there is nobody to tell; what was heard is kept all the same.
        self.news.send(news).map(drop).unwrap_or_default();
    }
}

fn questions(plan: &SourcePlan, symbols: &[Symbol]) -> Vec<Question> {
    let mut questions = Vec::new();
    for address in &plan.addresses {
        let period = address.period().unwrap_or(USUAL_PERIOD);
        let mut ask = |symbol: Option<(SymbolId, Symbol)>| {
            let url = address.of(symbol.as_ref().map(|(_, name)| name));
            questions.push(Question { symbol, url, period, newest: None, was_answered: false });
        };
        if plan.source.is_by_symbol() {
            symbols.iter().enumerate().for_each(|(at, name)| ask(Some((SymbolId(at as u16), name.clone()))));
        } else {
            ask(None);
        }
    }
    questions
}
