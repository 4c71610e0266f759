//! Ports: what the engine's drivers need from the doors.
//!
//! Invariant: a door implements a port and never another door; `app` joins them.
//! Absent on purpose: anything async; the venue's port is the pair of queues in `runtime::wires`, whose items stand here.

use super::effect::Effect;
use super::input::{Answer, Input};
use super::model::{InferRequest, Inferred};
use super::risk::Approved;
use crate::domain::{Bar, ClientOrderId, SymbolId, Time};

/// What a venue is asked.
#[derive(Debug)]
pub enum Request {
    Submit(Approved),
    Cancel {
        symbol: SymbolId,
        client_id: ClientOrderId,
    },
    /// `client_id` is the order to cancel; the answer speaks of the new one alone.
    Replace {
        symbol: SymbolId,
        client_id: ClientOrderId,
        order: Approved,
    },
    Query {
        symbol: SymbolId,
        client_id: ClientOrderId,
    },
}

/// What the driver tells the venue's door.
#[derive(Debug)]
pub enum Outgoing {
    /// Signed with this time.
    Request { now: Time, request: Request },
    /// Lockstep: the step for this event is done and its requests are answered.
    Ack { sequence: u64 },
}

/// What the venue's door tells the driver.
#[derive(Debug)]
pub enum Event {
    /// Something happened: `time` is the market's event time E (bookTicker has none), a report's transaction time T, a
    /// balance's time u. In lockstep it carries its number and wants an ack.
    Input { time: Option<Time>, input: Input, sequence: Option<u64> },
    /// Something numbered that tells the engine nothing (a list status, say): only acked.
    Silent { sequence: Option<u64> },
    /// The answer to a request.
    Answer { time: Option<Time>, answer: Answer },
    /// The market has no more events (a finished recording; lockstep only).
    MarketEnded,
    /// A connection came up or went down. Bars and reports of the time between must be fetched over REST.
    Link { socket: Socket, state: LinkState },
    /// The door cannot go on; the sentence says why.
    Failed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    Market,
    /// Orders and account events.
    Account,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Up,
    Down { why: String },
}

impl Request {
    /// `None` for what no venue is asked.
    pub fn of(effect: Effect) -> Option<Request> {
        match effect {
            Effect::Submit(approved) => Some(Request::Submit(approved)),
            Effect::Cancel { symbol, client_id } => Some(Request::Cancel { symbol, client_id }),
            Effect::Replace { symbol, client_id, order } => Some(Request::Replace { symbol, client_id, order }),
            Effect::Query { symbol, client_id } => Some(Request::Query { symbol, client_id }),
            Effect::Infer(_) | Effect::Notice(_) => None,
        }
    }

    /// The id that the answer will carry.
    pub fn client_id(&self) -> &ClientOrderId {
        match self {
            Request::Submit(approved) | Request::Replace { order: approved, .. } => approved.payload().client_id(),
            Request::Cancel { client_id, .. } | Request::Query { client_id, .. } => client_id,
        }
    }

    pub fn symbol(&self) -> SymbolId {
        match self {
            Request::Submit(approved) => approved.payload().symbol(),
            Request::Cancel { symbol, .. } | Request::Replace { symbol, .. } | Request::Query { symbol, .. } => *symbol,
        }
    }
}

/// Where closed bars come from, merged by (time, symbol order).
pub trait BarSource {
    /// Bars before the start, oldest first, for warming up (may be empty).
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError>;
    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError>;

    /// Appends at most `most` of the next bars, fewer only at the end or before an error. A call for a batch costs a
    /// backtest less than a call for each bar.
    fn read(&mut self, into: &mut Vec<(SymbolId, Bar)>, most: usize) -> Result<(), SourceError> {
        for _ in 0..most {
            match self.next_bar()? {
                Some(bar) => into.push(bar),
                None => break,
            }
        }
        Ok(())
    }

    /// All bars, where they stand in memory already and need not be copied out of it (a tenth of a quiet bar).
    fn in_memory(&self) -> Option<&[(SymbolId, Bar)]> {
        None
    }
}

impl<T: BarSource + ?Sized> BarSource for &mut T {
    fn in_memory(&self) -> Option<&[(SymbolId, Bar)]> {
        (**self).in_memory()
    }

    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        (**self).history(symbol)
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        (**self).next_bar()
    }

    fn read(&mut self, into: &mut Vec<(SymbolId, Bar)>, most: usize) -> Result<(), SourceError> {
        (**self).read(into, most)
    }
}

impl<T: BarSource + ?Sized> BarSource for Box<T> {
    fn in_memory(&self) -> Option<&[(SymbolId, Bar)]> {
        (**self).in_memory()
    }

    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        (**self).history(symbol)
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        (**self).next_bar()
    }

    fn read(&mut self, into: &mut Vec<(SymbolId, Bar)>, most: usize) -> Result<(), SourceError> {
        (**self).read(into, most)
    }
}

/// Whoever runs models. A backtest asks it directly, a live run through a queue.
pub trait Inference {
    /// The answer, at once.
    fn infer(&mut self, request: &InferRequest) -> Inferred;
}

/// A full sentence: file, row, what was found, what is allowed, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Where inputs are recorded before the engine sees them.
pub trait Journal {
    /// `record` is one JSON document without a newline.
    fn append(&mut self, record: &str) -> Result<(), JournalError>;
    fn close(&mut self) -> Result<(), JournalError>;
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Bars read at a time: few enough to stay in the fastest memory.
const BATCH: usize = 256;

/// Groups the bars of a source by their minute: what the path of several symbols is walked through together.
pub struct Minutes<S> {
    source: S,
    /// Bars that were read; those before `next` were given out.
    bars: Vec<(SymbolId, Bar)>,
    next: usize,
    /// The source has given its last bar, or said why it cannot.
    ended: Option<Result<(), SourceError>>,
}

impl<S: BarSource> Minutes<S> {
    pub fn new(source: S) -> Result<Minutes<S>, SourceError> {
        let mut minutes = Minutes { source, bars: Vec::with_capacity(BATCH), next: 0, ended: None };
        minutes.refill()?;
        Ok(minutes)
    }

    /// The bars of the next minute that has any, in symbol order; `None` at the end. An error comes when all whole
    /// minutes before it were given out.
    #[inline]
    pub fn next_minute(&mut self) -> Result<Option<&[(SymbolId, Bar)]>, SourceError> {
        loop {
            let waiting = &self.bars[self.next..];
            let open_time = waiting.first().map(|(_, bar)| bar.open_time);
            let is_other = |(_, bar): &(SymbolId, Bar)| Some(bar.open_time) != open_time;
            let (first, end) = match waiting.iter().position(is_other) {
                Some(count) => (self.next, self.next + count),
                None if self.ended.is_none() => {
                    self.refill()?;
                    continue;
                }
                None => match self.ended.replace(Ok(())) {
                    Some(Err(error)) => return Err(error),
                    Some(Ok(())) | None if open_time.is_none() => return Ok(None),
                    Some(Ok(())) | None => (self.next, self.bars.len()),
                },
            };
            self.next = end;
            return Ok(Some(&self.bars[first..end]));
        }
    }

    /// Reads on behind the bars that still wait.
    #[cold]
    fn refill(&mut self) -> Result<(), SourceError> {
        self.bars.drain(..self.next);
        self.next = 0;
        let held = self.bars.len();
        let read = self.source.read(&mut self.bars, BATCH);
        if read.is_err() && self.bars.is_empty() {
            return read;
        }
        if read.is_err() || self.bars.len() - held < BATCH {
            self.ended = Some(read);
        }
        Ok(())
    }
}
