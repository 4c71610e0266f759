//! `Session`: a recorded session as inputs of a recorded book, in the order of the exchange's time.
//!
//! Streams of one connection arrive out of step: in a burst a trade comes after the batch of changes that it explains. So
//! events are held back until `HORIZON` of later ones has come, and trades go before the changes of the same moment.
//! Invariant: times never go back; the book is whole from each snapshot to the next `Lost`; memory holds the book and one
//! horizon.
//! Absent on purpose: what happens in the book (`simulator::fill_survey`).

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use super::error::StoreError;
use super::session_lines::{Event, SessionLines, Told, TradeKind, bad_line};
use crate::domain::{Side, Span, Symbol, Time, Trade};
use crate::protocol::book_sync::{BookSync, DepthDiff, DepthSnapshot, Level, Step};
use crate::simulator::recorded_book::{BookInput, BookLevel, Lost};

/// Bursts delay trades by some hundred milliseconds.
const HORIZON: Span = Span::SECOND;
/// Events of one horizon beyond any market; a file without time must not fill the memory.
const MOST_HELD: usize = 100_000;
/// A spot market that is recorded every 100 ms says something every second.
const SILENCE: Span = Span::MINUTE;
/// Gaps told one by one.
const MOST_GAPS: usize = 20;

pub struct Session {
    files: Vec<PathBuf>,
    /// The place among `files` of the one that is read.
    at: usize,
    lines: Option<SessionLines>,
    read: u64,
    symbol: Option<Symbol>,
    kind: Option<TradeKind>,
    held: BTreeMap<Key, Held>,
    newest: Option<Time>,
    time: Option<Time>,
    sync: BookSync,
    /// A snapshot that came before the first change.
    early: Option<DepthSnapshot>,
    was_whole: bool,
    last_trade: Option<i64>,
    ready: VecDeque<(Time, BookInput)>,
    gaps: Vec<Gap>,
    gap_count: u64,
}

/// Where something is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub file: PathBuf,
    /// The line that shows it.
    pub line: u64,
    pub time: Time,
    pub lost: Lost,
}

/// Time, rank within it, and place in the recording.
type Key = (Time, u8, u64);

struct Held {
    /// Place among the files.
    file: usize,
    line: u64,
    what: What,
}

enum What {
    Trade { ids: (i64, i64), trade: Trade },
    Depth(DepthDiff),
    Snapshot(DepthSnapshot),
}

impl Session {
    /// Files that follow each other.
    pub fn open(files: &[PathBuf]) -> Result<Session, StoreError> {
        let first = files.first().ok_or(StoreError::NoFiles)?;
        Ok(Session {
            lines: Some(SessionLines::open(first)?),
            files: files.to_vec(),
            at: 0,
            read: 0,
            symbol: None,
            kind: None,
            held: BTreeMap::new(),
            newest: None,
            time: None,
            sync: BookSync::new(),
            early: None,
            was_whole: false,
            last_trade: None,
            ready: VecDeque::new(),
            gaps: Vec::new(),
            gap_count: 0,
        })
    }

    /// The next input; `None` at the end. A session that never showed its whole book is an error there.
    pub fn next_input(&mut self) -> Result<Option<(Time, BookInput)>, StoreError> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Ok(Some(input));
            }
            if self.is_due() {
                self.release()?;
            } else if self.lines.is_some() {
                self.read_line()?;
            } else if self.was_whole {
                return Ok(None);
            } else {
                return Err(StoreError::NoBook { file: self.files[self.at].clone() });
            }
        }
    }

    /// Of the events; known with the first input.
    pub fn symbol(&self) -> Option<&Symbol> {
        self.symbol.as_ref()
    }

    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.read
    }

    /// The first gaps so far, and how many there are.
    pub fn gaps(&self) -> (&[Gap], u64) {
        (&self.gaps, self.gap_count)
    }

    fn is_due(&self) -> bool {
        let Some(((first, ..), _)) = self.held.first_key_value() else { return false };
        let has_waited = self.newest.is_some_and(|newest| newest.since(*first) >= HORIZON);
        has_waited || self.lines.is_none() || self.held.len() > MOST_HELD
    }

    fn read_line(&mut self) -> Result<(), StoreError> {
        let Some(lines) = &mut self.lines else { return Ok(()) };
        let Some(Told { line, received, event }) = lines.next_told()? else {
            self.lines = match self.files.get(self.at + 1) {
                Some(file) => {
                    self.at += 1;
                    Some(SessionLines::open(file)?)
                }
                None => None,
            };
            return Ok(());
        };
        self.read += 1;
        let (symbol, time, rank, what) = match event {
            Event::Other => return Ok(()),
            Event::Trade { kind, .. } if *self.kind.get_or_insert(kind) != kind => return Ok(()),
            Event::Trade { symbol, ids, trade, .. } => (Some(symbol), trade.time, 0, What::Trade { ids, trade }),
            Event::Depth { symbol, time, diff } => (Some(symbol), time, 1, What::Depth(diff)),
            Event::Snapshot(snapshot) if self.newest.is_none() => {
                self.early = Some(snapshot);
                return Ok(());
            }
            // It has no time: what came before it, went before it.
            Event::Snapshot(snapshot) => (None, self.newest.unwrap_or(received), 2, What::Snapshot(snapshot)),
        };
        if let Some(symbol) = symbol
            && *self.symbol.get_or_insert_with(|| symbol.clone()) != symbol
        {
            return Err(lines.bad(format!("an event of {symbol}"), "one symbol in a session"));
        }
        self.newest = self.newest.max(Some(time));
        self.held.insert((time, rank, self.read), Held { file: self.at, line, what });
        Ok(())
    }

    /// Lets the oldest held event happen.
    fn release(&mut self) -> Result<(), StoreError> {
        let Some(((stated, ..), held)) = self.held.pop_first() else { return Ok(()) };
        let before = self.time.unwrap_or(stated);
        if before.since(stated) > SILENCE {
            let found = format!("an event of {} ms UTC after one of {}", stated.millis(), before.millis());
            return Err(bad_line(&self.files[held.file], held.line, found, "files in the order of their time"));
        }
        let time = stated.max(before);
        self.time = Some(time);
        if time.since(before) > SILENCE {
            self.lose(time, &held, Lost::Time);
        }
        match held.what {
            What::Trade { ids: (first, last), trade } => {
                let known = self.last_trade.unwrap_or(first.saturating_sub(1));
                if first > known.saturating_add(1) {
                    self.lose(time, &held, Lost::Trades);
                }
                if last > known {
                    self.last_trade = Some(last);
                    self.ready.push_back((time, BookInput::Trade(trade)));
                }
            }
            What::Depth(ref diff) => {
                let (levels, was_synced) = (told(&diff.bids, &diff.asks), self.sync.is_synced());
                match self.sync.event(diff.clone()) {
                    Step::Applied => self.ready.push_back((time, BookInput::Changes(levels))),
                    Step::Resync if was_synced => self.lose(time, &held, Lost::Changes),
                    Step::Buffered | Step::Resync => self.begin(time),
                    Step::Ignored | Step::WaitFirstEvent | Step::Refetch | Step::Synced => {}
                }
            }
            What::Snapshot(snapshot) => {
                self.early = Some(snapshot);
                self.begin(time);
            }
        }
        Ok(())
    }

    /// Tries to begin the book with the snapshot at hand.
    fn begin(&mut self, time: Time) {
        let Some(snapshot) = self.early.take() else { return };
        if self.sync.is_synced() {
            return;
        }
        let steps = self.sync.snapshot(snapshot.clone());
        if steps.contains(&Step::WaitFirstEvent) {
            self.early = Some(snapshot);
        }
        if self.sync.is_synced() {
            self.was_whole = true;
            let (bids, asks): (Vec<Level>, Vec<Level>) = (self.sync.bids().collect(), self.sync.asks().collect());
            self.ready.push_back((time, BookInput::Snapshot(told(&bids, &asks))));
        }
    }

    fn lose(&mut self, time: Time, held: &Held, lost: Lost) {
        self.gap_count += 1;
        if self.gaps.len() < MOST_GAPS {
            self.gaps.push(Gap { file: self.files[held.file].clone(), line: held.line, time, lost });
        }
        self.ready.push_back((time, BookInput::Lost(lost)));
    }
}

fn told(bids: &[Level], asks: &[Level]) -> Vec<BookLevel> {
    let of = |side: Side| move |level: &Level| BookLevel { side, price: level.price, quantity: level.quantity };
    bids.iter().map(of(Side::Buy)).chain(asks.iter().map(of(Side::Sell))).collect()
}
