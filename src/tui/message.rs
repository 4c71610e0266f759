//! `Message`: everything that can happen to the screen. `Ask`: everything it asks of others.
//!
//! Invariant: both are values; `update` turns messages into a changed model and asks, and does nothing else.
//! Absent on purpose: channels and terminals (`screen`, `terminal`).

use std::sync::Arc;

use super::editor::Setting;
use super::keymap::Key;
use super::vitals::Vitals;
use crate::domain::Command;
use crate::engine::Snapshot;
use crate::telemetry::LogLine;

#[derive(Debug, Clone)]
pub enum Message {
    Key(Key),
    Resize {
        width: u16,
        height: u16,
    },
    Snapshot(Arc<Snapshot>),
    Vitals(Arc<Vitals>),
    Log(LogLine),
    /// The answer to an ask.
    Reply(Reply),
    /// The program was stopped and goes on: everything is drawn anew.
    Continued,
    /// A second has passed.
    Tick,
}

/// What others answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The settings file holds the new value.
    Saved { changes: Vec<Change>, undo: bool, file: String },
    /// The settings file is as it was; the sentence says why.
    NotSaved { changes: Vec<Change>, undo: bool, sentence: String },
    /// The queue to the engine is full.
    Busy,
    /// Nobody takes commands now; a pause is kept for the run that begins.
    NoRun { pauses: bool },
    /// The settings file was read again: what changed, as text, by when it counts.
    PickedUp { now: String, later: String },
}

/// A setting that went from one value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub setting: Setting,
    pub before: f64,
    pub after: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    Command(Command),
    /// Write these to the settings file and put them into force.
    Save {
        changes: Vec<Change>,
        undo: bool,
    },
    /// The market ended: trade it again.
    Again,
    /// The market ended: go on in a generated one.
    GoOn,
    /// Test the settings in force; a generated market over so many minutes a symbol.
    Backtest {
        minutes: u64,
    },
    CancelBacktest,
    /// Write the report of the last backtest and open it.
    BacktestReport,
    Quit,
}
