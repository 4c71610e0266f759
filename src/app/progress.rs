//! `Progress`: how far a backtest is, and the wish to end it, shared between the thread that runs and the one that watches.
//!
//! Invariant: it only counts and asks; a run that is watched ends in the same state as one that is not.
//! Absent on purpose: clocks and drawing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::runtime::backtest::OnClose;

#[derive(Debug, Default)]
pub struct Progress {
    bars: AtomicU64,
    is_measuring: AtomicBool,
    is_cancelled: AtomicBool,
}

/// Bars between two looks: a fraction of a millisecond, and nothing beside the work on them.
const EVERY: u64 = 256;

impl Progress {
    /// Closed bars so far, all symbols together.
    pub fn bars(&self) -> u64 {
        self.bars.load(Ordering::Relaxed)
    }

    /// All bars are done; figures are computed.
    pub fn is_measuring(&self) -> bool {
        self.is_measuring.load(Ordering::Relaxed)
    }

    /// The run ends within [`EVERY`] bars.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    /// Told by the run when its market has ended.
    pub(super) fn begin_measuring(&self, bars: u64) {
        self.bars.store(bars, Ordering::Relaxed);
        self.is_measuring.store(true, Ordering::Relaxed);
    }

    pub(super) fn on_close(&self) -> OnClose<'_> {
        let mut bars = 0_u64;
        Box::new(move |_| {
            bars += 1;
            if !bars.is_multiple_of(EVERY) {
                return true;
            }
            self.bars.store(bars, Ordering::Relaxed);
            !self.is_cancelled()
        })
    }
}
