//! `Record`: the fills and closed trades of a run and the last refusal, collected from the engine's notices.
//!
//! Invariant: in the order in which the engine booked them.
//! Absent on purpose: equity curves.

use super::execution_report::ExecutionReport;
use crate::engine::risk::Refused;
use crate::engine::{FillRecord, Notice, TradeRecord};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    pub fills: Vec<FillRecord>,
    pub trades: Vec<TradeRecord>,
    /// What parent orders came to, switches and halts.
    pub execution: ExecutionReport,
    /// Why the last entry that was wanted was not made. The engine says each kind of reason once in a row, with the numbers of
    /// the first.
    pub last_refusal: Option<Refused>,
}

impl Record {
    pub fn take(&mut self, notice: &Notice) {
        self.execution.take(notice);
        match notice {
            Notice::Filled { fill } => self.fills.push(fill.clone()),
            Notice::TradeClosed { trade } => self.trades.push(trade.clone()),
            Notice::Refused { reason, .. } => self.last_refusal = Some(*reason),
            Notice::Started { .. }
            | Notice::Decided { .. }
            | Notice::Rejected { .. }
            | Notice::OutcomeUnknown { .. }
            | Notice::CommandAccepted { .. }
            | Notice::CommandRefused { .. }
            | Notice::SettingsChanged
            | Notice::Stale { .. }
            | Notice::Fresh { .. }
            | Notice::Foreign { .. }
            | Notice::LateFill { .. }
            | Notice::Regime { .. }
            | Notice::Switched { .. }
            | Notice::TookOver { .. }
            | Notice::Executed { .. }
            | Notice::Considered { .. }
            | Notice::Halted { .. }
            | Notice::Event { .. }
            | Notice::Shock { .. }
            | Notice::Locked { .. }
            | Notice::Model { .. } => {}
        }
    }

    /// A sentence on the first fill that differs; `None` when both lists are equal.
    pub fn first_difference(&self, other: &Record) -> Option<String> {
        let longest = self.fills.len().max(other.fills.len());
        (0..longest).find_map(|at| match (self.fills.get(at), other.fills.get(at)) {
            (Some(left), Some(right)) if left == right => None,
            (left, right) => Some(format!("fill {at} differs:\n  left  {left:?}\n  right {right:?}")),
        })
    }
}
