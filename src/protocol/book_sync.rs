//! A local order book kept in step with Binance: diff events, a snapshot, and what to do when they do not meet.
//!
//! Invariant: a synced book has seen every update id up to `last_update_id`, without a gap.
//! Absent on purpose: fetching the snapshot. Levels beyond it stay unknown until they change.
//! Source: Binance spot API docs, web-socket-streams.md "How to manage a local order book correctly" (2025-11-12).

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use crate::domain::{BookTop, Price, Quantity};

/// Most events kept while no snapshot is there. At ten a second this is minutes: the snapshot is lost, start anew.
pub const MAX_BUFFERED: usize = 4_096;

/// The quantity now resting at a price; zero takes the level away. Binance sends absolute quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    pub price: Price,
    pub quantity: Quantity,
}

/// One `depthUpdate`: update ids `first` (U) to `last` (u).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthDiff {
    pub first: i64,
    pub last: i64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

/// The answer of `GET /depth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthSnapshot {
    pub last_update_id: i64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

/// What one input did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The event waits for a snapshot.
    Buffered,
    /// The snapshot came before any event and is of no use: wait for an event, then fetch.
    WaitFirstEvent,
    /// The snapshot is older than the first buffered event: fetch again.
    Refetch,
    /// The snapshot stands; the book is usable.
    Synced,
    /// The event changed the book.
    Applied,
    /// The event or snapshot is older than the book.
    Ignored,
    /// An event is missing: the book is void; fetch a snapshot.
    Resync,
}

/// The book of one symbol and its place in the procedure.
#[derive(Debug, Clone)]
pub struct BookSync {
    state: State,
    bids: BTreeMap<Reverse<Price>, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

#[derive(Debug, Clone)]
enum State {
    Buffering(VecDeque<DepthDiff>),
    Synced { last_update_id: i64 },
}

impl Default for BookSync {
    fn default() -> BookSync {
        BookSync { state: State::Buffering(VecDeque::new()), bids: BTreeMap::new(), asks: BTreeMap::new() }
    }
}

impl Step {
    /// True when a new snapshot must be fetched now.
    pub const fn wants_snapshot(self) -> bool {
        match self {
            Step::Refetch | Step::Resync => true,
            Step::Buffered | Step::WaitFirstEvent | Step::Synced | Step::Applied | Step::Ignored => false,
        }
    }
}

impl BookSync {
    pub fn new() -> BookSync {
        BookSync::default()
    }

    /// Takes one diff event. The first one `Buffered` asks for a snapshot, as does `Step::wants_snapshot`.
    pub fn event(&mut self, diff: DepthDiff) -> Step {
        match &mut self.state {
            // A bounded wait: what does not fit means that the snapshot never came.
            State::Buffering(buffer) if buffer.len() >= MAX_BUFFERED => {
                self.restart(Some(diff));
                Step::Resync
            }
            State::Buffering(buffer) => {
                buffer.push_back(diff);
                Step::Buffered
            }
            State::Synced { last_update_id } => {
                let book_id = *last_update_id;
                self.apply(book_id, diff)
            }
        }
    }

    /// Takes a snapshot; the steps are those of the snapshot and of the buffered events that follow it.
    pub fn snapshot(&mut self, snapshot: DepthSnapshot) -> Vec<Step> {
        let State::Buffering(buffer) = &mut self.state else { return vec![Step::Ignored] };
        let Some(first) = buffer.front() else { return vec![Step::WaitFirstEvent] };
        if snapshot.last_update_id < first.first {
            return vec![Step::Refetch];
        }
        let mut waiting = std::mem::take(buffer);
        self.bids = positive(&snapshot.bids).map(|level| (Reverse(level.price), level.quantity)).collect();
        self.asks = positive(&snapshot.asks).map(|level| (level.price, level.quantity)).collect();
        self.state = State::Synced { last_update_id: snapshot.last_update_id };
        waiting.retain(|diff| diff.last > snapshot.last_update_id);

        // After a gap inside the buffer the rest is buffered again, so that nothing already heard is lost.
        let steps = waiting.into_iter().map(|diff| self.event(diff)).filter(|step| *step != Step::Buffered);
        std::iter::once(Step::Synced).chain(steps).collect()
    }

    /// Forgets everything: the stream was reconnected.
    pub fn reset(&mut self) {
        self.restart(None);
    }

    pub fn is_synced(&self) -> bool {
        self.last_update_id().is_some()
    }

    /// The update id up to which the book is complete; `None` while it is not usable.
    pub fn last_update_id(&self) -> Option<i64> {
        match self.state {
            State::Buffering(_) => None,
            State::Synced { last_update_id } => Some(last_update_id),
        }
    }

    /// Bids, best first; empty while the book is not usable.
    pub fn bids(&self) -> impl Iterator<Item = Level> {
        self.bids.iter().map(|(Reverse(price), quantity)| Level { price: *price, quantity: *quantity })
    }

    /// Asks, best first; empty while the book is not usable.
    pub fn asks(&self) -> impl Iterator<Item = Level> {
        self.asks.iter().map(|(price, quantity)| Level { price: *price, quantity: *quantity })
    }

    /// Best bid and ask, when both sides have one.
    pub fn top(&self) -> Option<BookTop> {
        let (bid, ask) = (self.bids().next()?, self.asks().next()?);
        Some(BookTop { bid: bid.price, bid_quantity: bid.quantity, ask: ask.price, ask_quantity: ask.quantity })
    }

    fn apply(&mut self, book_id: i64, diff: DepthDiff) -> Step {
        if diff.last < book_id {
            return Step::Ignored;
        }
        if diff.first > book_id.saturating_add(1) {
            self.restart(Some(diff));
            return Step::Resync;
        }
        for level in diff.bids {
            set(&mut self.bids, Reverse(level.price), level.quantity);
        }
        for level in diff.asks {
            set(&mut self.asks, level.price, level.quantity);
        }
        self.state = State::Synced { last_update_id: diff.last };
        Step::Applied
    }

    /// Back to buffering, beginning with the event that showed the gap.
    fn restart(&mut self, first: Option<DepthDiff>) {
        self.bids.clear();
        self.asks.clear();
        self.state = State::Buffering(first.into_iter().collect());
    }
}

fn positive(levels: &[Level]) -> impl Iterator<Item = &Level> {
    levels.iter().filter(|level| level.quantity.is_positive())
}

/// Removing a level that is not there is normal: it may lie beyond the snapshot.
fn set<K: Ord>(side: &mut BTreeMap<K, Quantity>, price: K, quantity: Quantity) {
    if quantity.is_positive() {
        side.insert(price, quantity);
    } else {
        side.remove(&price);
    }
}
