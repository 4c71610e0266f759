//! `ParquetBars`: the bars of several kline files as one stream, merged by (open_time, symbol order).
//!
//! Invariant: for each symbol open_time increases strictly, across files too, and memory is one batch a symbol.
//! Absent on purpose: filling of gaps; a gap in the data is a gap in virtual time.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::error::StoreError;
use super::kline_file::KlineFile;
use crate::domain::{Bar, Symbol, SymbolId, Time};
use crate::engine::ports::{BarSource, SourceError};

/// Bars from files. The lanes stand in symbol order, so their place is the `SymbolId`.
pub struct ParquetBars {
    lanes: Vec<Lane>,
    rows: u64,
}

/// The files of one symbol, read one after the other.
struct Lane {
    waiting: VecDeque<Waiting>,
    open: Option<KlineFile>,
    head: Option<Bar>,
    /// Time and file of the last bar that was read.
    last: Option<(Time, PathBuf)>,
}

/// A file that is not being read yet.
struct Waiting {
    path: PathBuf,
    first: Time,
    /// Only the first file of a lane stays open; the others are closed, so that years of months cost no memory.
    opened: Option<KlineFile>,
}

impl ParquetBars {
    /// Opens every file and reads its first row. `symbols` is the run's list: a file of another symbol is refused.
    /// Files of one symbol may come in any order, but must not overlap.
    pub fn open(files: &[PathBuf], symbols: &[Symbol]) -> Result<ParquetBars, StoreError> {
        if files.is_empty() {
            return Err(StoreError::NoFiles);
        }
        let mut lanes: Vec<Lane> = symbols.iter().map(|_| Lane::empty()).collect();
        let mut rows = 0;
        for path in files {
            let mut file = KlineFile::open(path)?;
            let Some(place) = symbols.iter().position(|symbol| symbol == file.symbol()) else {
                let wanted = symbols.iter().map(Symbol::to_string).collect();
                return Err(StoreError::ForeignSymbol {
                    file: path.clone(),
                    symbol: file.symbol().to_string(),
                    wanted,
                });
            };
            let Some(bar) = file.peek()? else { return Err(StoreError::NoRows { file: path.clone() }) };
            rows += file.rows();
            lanes[place].wait(Waiting { path: path.clone(), first: bar.open_time, opened: Some(file) });
        }
        for lane in &mut lanes {
            lane.waiting.make_contiguous().sort_by_key(|file| file.first);
        }
        Ok(ParquetBars { lanes, rows })
    }

    /// Rows of all files as their footers state them: for progress bars.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next bar by (open_time, symbol order).
    pub fn next_merged(&mut self) -> Result<Option<(SymbolId, Bar)>, StoreError> {
        let mut best: Option<(usize, Time)> = None;
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            let Some(bar) = lane.peek()? else { continue };
            if best.is_none_or(|(_, first)| bar.open_time < first) {
                best = Some((place, bar.open_time));
            }
        }
        let Some((place, _)) = best else { return Ok(None) };
        Ok(self.lanes[place].head.take().map(|bar| (SymbolId(place as u16), bar)))
    }
}

impl BarSource for ParquetBars {
    /// A recording has no bars before its first.
    fn history(&mut self, _: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(Vec::new())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        self.next_merged().map_err(SourceError::from)
    }
}

impl Lane {
    fn empty() -> Lane {
        Lane { waiting: VecDeque::new(), open: None, head: None, last: None }
    }

    /// Puts a file into the queue: in front when it is the earliest, else somewhere behind and closed.
    fn wait(&mut self, mut file: Waiting) {
        match self.waiting.front_mut() {
            Some(earliest) if earliest.first <= file.first => {
                file.opened = None;
                self.waiting.push_back(file);
            }
            Some(earliest) => {
                earliest.opened = None;
                self.waiting.push_front(file);
            }
            None => self.waiting.push_back(file),
        }
    }

    /// The bar that comes next, read if need be. After an error the lane is at its end.
    fn peek(&mut self) -> Result<Option<&Bar>, StoreError> {
        if self.head.is_none() {
            self.head = self.read().inspect_err(|_| {
                self.open = None;
                self.waiting.clear();
            })?;
        }
        Ok(self.head.as_ref())
    }

    fn read(&mut self) -> Result<Option<Bar>, StoreError> {
        loop {
            if let Some(file) = &mut self.open {
                if let Some(bar) = file.next_bar()? {
                    if let Some((last, _)) = &mut self.last {
                        *last = bar.open_time;
                    } else {
                        self.last = Some((bar.open_time, file.path().to_path_buf()));
                    }
                    return Ok(Some(bar));
                }
                self.open = None;
            }
            let Some(next) = self.waiting.pop_front() else { return Ok(None) };
            if let Some((last, before)) = self.last.take().filter(|(last, _)| next.first <= *last) {
                return Err(StoreError::Overlap {
                    file: next.path,
                    before,
                    first: next.first.millis(),
                    last: last.millis(),
                });
            }
            self.open = Some(match next.opened {
                Some(file) => file,
                None => KlineFile::open(&next.path)?,
            });
        }
    }
}
