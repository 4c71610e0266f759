//! Ports: what the engine's drivers need from the doors.
//!
//! Invariant: a door implements a port and never another door; `app` joins them.
//! Absent on purpose: anything async; the venue's port is the pair of queues in `runtime::wires`.

use crate::domain::{Bar, SymbolId};

/// Where closed bars come from, merged by (time, symbol order).
pub trait BarSource {
    /// Bars before the start, oldest first, for warming up (may be empty).
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError>;
    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError>;
}

impl<T: BarSource + ?Sized> BarSource for &mut T {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        (**self).history(symbol)
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        (**self).next_bar()
    }
}

impl<T: BarSource + ?Sized> BarSource for Box<T> {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        (**self).history(symbol)
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        (**self).next_bar()
    }
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

/// Groups the bars of a source by their minute: what the path of several symbols is walked through together.
pub struct Minutes<S> {
    source: S,
    next: Option<(SymbolId, Bar)>,
    bars: Vec<(SymbolId, Bar)>,
}

impl<S: BarSource> Minutes<S> {
    pub fn new(mut source: S) -> Result<Minutes<S>, SourceError> {
        let next = source.next_bar()?;
        Ok(Minutes { source, next, bars: Vec::new() })
    }

    /// The bars of the next minute that has any, in symbol order; `None` at the end.
    #[inline]
    pub fn next_minute(&mut self) -> Result<Option<&[(SymbolId, Bar)]>, SourceError> {
        let Some(first) = self.next.take() else { return Ok(None) };
        self.bars.clear();
        self.bars.push(first);
        loop {
            match self.source.next_bar()? {
                Some(bar) if bar.1.open_time == first.1.open_time => self.bars.push(bar),
                other => {
                    self.next = other;
                    return Ok(Some(&self.bars));
                }
            }
        }
    }
}
