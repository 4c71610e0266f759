//! `History`: the past of a run as charts and lists show it.
//!
//! Invariant: bounded, however long the run; it decides nothing and takes no part in the state hash.
//! Absent on purpose: a record that is complete (`runtime::record`, the journal).

use std::collections::VecDeque;
use std::sync::Arc;

use super::notice::{FillRecord, Notice, TradeRecord};
use super::{Engine, Input};
use crate::domain::{Bar, Time, Value};
use crate::performance::Curve;

/// Candles kept for each symbol: a day.
pub const CANDLES: usize = 1_440;
/// Days of PnL kept.
pub const DAYS: usize = 400;
/// Fills, trades and decisions kept, each.
pub const ROWS: usize = 500;
/// Answers to the person kept.
pub const REPLIES: usize = 32;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Equity and drawdown at closed bars.
    pub equity: Curve,
    /// Oldest first; the last one is still running.
    pub days: VecDeque<DayPnl>,
    /// By symbol id.
    pub candles: Vec<Arc<Candles>>,
    /// Oldest first, as are all lists here.
    pub fills: VecDeque<FillRecord>,
    pub trades: VecDeque<TradeRecord>,
    /// Decisions that changed a position or were refused.
    pub decisions: VecDeque<(Time, Notice)>,
    /// What the engine answered to commands and settings.
    pub replies: VecDeque<(Time, Notice)>,
    /// How many replies there ever were, so that a new one is seen.
    pub replied: u64,
}

/// Profit or loss of one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayPnl {
    /// Days since 1970-01-01.
    pub day: i64,
    pub pnl: Value,
}

/// Closed bars, and the one that is forming as public trades tell it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candles {
    pub closed: VecDeque<Bar>,
    pub forming: Option<Bar>,
}

impl History {
    /// The engine's warm-up bars as the first candles.
    pub fn new(engine: &Engine) -> History {
        let _ = engine;
        todo!("contract: by the engine helper")
    }

    /// Sees an input after the engine took it.
    pub fn observe(&mut self, input: &Input, engine: &Engine) {
        let _ = (input, engine);
        todo!("contract: by the engine helper")
    }

    /// Sees what the engine said.
    pub fn take(&mut self, now: Time, notice: &Notice) {
        let _ = (now, notice);
        todo!("contract: by the engine helper")
    }
}
