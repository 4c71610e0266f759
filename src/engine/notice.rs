//! `Notice`: what the engine tells people: decisions taken, orders, fills, refusals, changes of state.
//!
//! Invariant: a notice is a fact with its numbers; its sentence is made by `Display`.
//! Absent on purpose: levels and colours; the door that shows a notice chooses them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::execution::Progress;
use super::model::ModelSlot;
use super::regime::{HandOver, Mandate};
use super::risk::shock::{Check, ShockChange};
use super::risk::{Lock, Refused};
use super::strategy::Signal;
use crate::domain::{
    Asset, ClientOrderId, Command, ExecutionReport, Money, Price, Quantity, Side, SymbolId, Time, Value,
};
use crate::market::regime::{Regime, RegimeSwitch, Signal as MarketSignal};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Notice {
    Started {
        symbols: usize,
        equity: Value,
    },
    /// A decision that changes the position.
    Decided {
        symbol: SymbolId,
        signal: Signal,
        quantity: Quantity,
        price: Price,
    },
    Refused {
        symbol: SymbolId,
        reason: Refused,
    },
    Rejected {
        symbol: SymbolId,
        client_id: ClientOrderId,
        code: i64,
        message: String,
    },
    OutcomeUnknown {
        symbol: SymbolId,
        client_id: ClientOrderId,
    },
    Filled {
        fill: FillRecord,
    },
    TradeClosed {
        trade: TradeRecord,
    },
    CommandAccepted {
        command: Command,
    },
    CommandRefused {
        command: Command,
        reason: String,
    },
    SettingsChanged,
    Stale {
        symbol: SymbolId,
    },
    Fresh {
        symbol: SymbolId,
    },
    /// A report that fits no order of this session.
    Foreign {
        symbol: SymbolId,
        client_id: ClientOrderId,
    },
    LateFill {
        symbol: SymbolId,
        client_id: ClientOrderId,
    },
    Halted {
        reason: HaltReason,
    },
    /// The market's regime changed.
    Regime {
        symbol: SymbolId,
        switch: RegimeSwitch,
    },
    /// Strategies are switched with the regime, by this plan.
    Switched {
        symbol: SymbolId,
        from: Option<Regime>,
        to: Regime,
        plan: HandOver,
    },
    /// The strategies of a regime have taken over.
    TookOver {
        symbol: SymbolId,
        regime: Regime,
        mandate: Mandate,
    },
    /// A parent order is over.
    Executed {
        execution: Box<Progress>,
    },
    /// What was decided at a bar, and why; said only where somebody asked to be told.
    Considered {
        decision: Box<Decision>,
    },
    /// Something happened in the market, happened again or is over.
    Event {
        symbol: SymbolId,
        signal: MarketSignal,
    },
    /// The shock guard halted, or let go, with what it saw.
    Shock {
        change: ShockChange,
        checks: Vec<Check>,
    },
    /// Entries of a symbol, or of all, are locked.
    Locked {
        lock: Lock,
    },
    /// A model answers again, or does not.
    Model {
        symbol: SymbolId,
        slot: ModelSlot,
        change: ModelChange,
    },
}

/// How a model is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChange {
    Answers,
    /// A sentence says why it does not trade.
    Trouble {
        why: String,
    },
}

/// One own fill, as booked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillRecord {
    pub time: Time,
    pub symbol: SymbolId,
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
    pub fee: Money,
    pub fee_asset: Asset,
    pub client_id: ClientOrderId,
}

/// One closed round trip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TradeRecord {
    pub symbol: SymbolId,
    pub opened: Time,
    pub closed: Time,
    pub entry: Price,
    pub exit: Price,
    pub quantity: Quantity,
    pub pnl: Value,
    pub fees: Value,
    pub exit_by: ExitBy,
}

/// What ended a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitBy {
    Signal,
    Stop,
    Target,
    /// It was held as long as it may be.
    Time,
    Command,
    /// The market's regime changed to one in which the position may not be held.
    Regime,
}

/// Why no new orders are made until a person looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum HaltReason {
    #[error("a sum left the range of the number type")]
    Overflow,
    #[error("more was sold than the position held")]
    SoldMoreThanHeld,
    #[error("the venue's balance differs from the engine's books")]
    BooksDiffer,
}

impl Notice {
    /// The symbol it speaks of, if it speaks of one.
    pub fn symbol(&self) -> Option<SymbolId> {
        match self {
            Notice::Decided { symbol, .. }
            | Notice::Refused { symbol, .. }
            | Notice::Rejected { symbol, .. }
            | Notice::OutcomeUnknown { symbol, .. }
            | Notice::Stale { symbol }
            | Notice::Fresh { symbol }
            | Notice::Foreign { symbol, .. }
            | Notice::LateFill { symbol, .. }
            | Notice::Regime { symbol, .. }
            | Notice::Switched { symbol, .. }
            | Notice::TookOver { symbol, .. }
            | Notice::Model { symbol, .. }
            | Notice::Event { symbol, .. } => Some(*symbol),
            Notice::Considered { decision } => Some(decision.symbol),
            Notice::Executed { execution } => Some(execution.symbol),
            Notice::Filled { fill } => Some(fill.symbol),
            Notice::TradeClosed { trade } => Some(trade.symbol),
            Notice::Locked { lock } => lock.symbol,
            Notice::Started { .. }
            | Notice::CommandAccepted { .. }
            | Notice::CommandRefused { .. }
            | Notice::SettingsChanged
            | Notice::Halted { .. }
            | Notice::Shock { .. } => None,
        }
    }
}

impl Notice {
    /// Changes of regime, strategies and safety, which stand in the journal beside the inputs.
    pub fn is_evidence(&self) -> bool {
        match self {
            Notice::Regime { .. }
            | Notice::Switched { .. }
            | Notice::TookOver { .. }
            | Notice::Event { .. }
            | Notice::Shock { .. }
            | Notice::Locked { .. }
            | Notice::Model { .. }
            | Notice::Halted { .. } => true,
            Notice::Started { .. }
            | Notice::Decided { .. }
            | Notice::Refused { .. }
            | Notice::Rejected { .. }
            | Notice::OutcomeUnknown { .. }
            | Notice::Filled { .. }
            | Notice::TradeClosed { .. }
            | Notice::CommandAccepted { .. }
            | Notice::CommandRefused { .. }
            | Notice::SettingsChanged
            | Notice::Stale { .. }
            | Notice::Fresh { .. }
            | Notice::Foreign { .. }
            | Notice::LateFill { .. }
            | Notice::Executed { .. }
            | Notice::Considered { .. } => false,
        }
    }
}

impl ExitBy {
    /// There is no time for anything but the market.
    pub const fn is_urgent(self) -> bool {
        match self {
            ExitBy::Stop | ExitBy::Target | ExitBy::Command | ExitBy::Regime => true,
            ExitBy::Signal | ExitBy::Time => false,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            ExitBy::Signal => "signal",
            ExitBy::Stop => "stop",
            ExitBy::Target => "target",
            ExitBy::Time => "time",
            ExitBy::Command => "command",
            ExitBy::Regime => "regime",
        }
    }
}

impl FillRecord {
    pub(super) fn of(report: &ExecutionReport) -> FillRecord {
        let (fee, fee_asset) = match &report.commission {
            Some(commission) => (commission.amount, commission.asset.clone()),
            None => (Money::ZERO, Asset::new("")),
        };
        FillRecord {
            time: report.time,
            symbol: report.symbol,
            side: report.side,
            price: report.last_price,
            quantity: report.last_quantity,
            fee,
            fee_asset,
            client_id: report.client_id.clone(),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Started { symbols, equity } => write!(f, "started with {symbols} symbol(s) and equity {equity:.2}"),
            Notice::Decided { signal, quantity, price, .. } => {
                write!(f, "decided: {signal}; {quantity} at about {price}")
            }
            Notice::Refused { reason, .. } => write!(f, "order refused: {reason}"),
            Notice::Rejected { client_id, code, message, .. } => {
                write!(f, "order {client_id} rejected by the venue: {message} ({code})")
            }
            Notice::OutcomeUnknown { client_id, .. } => {
                write!(f, "order {client_id}: no answer, outcome unknown; asking")
            }
            Notice::Filled { fill } => write!(
                f,
                "filled: {} {} at {}, fee {} {}",
                fill.side.as_str(),
                fill.quantity,
                fill.price,
                fill.fee,
                fill.fee_asset
            ),
            Notice::TradeClosed { trade } => write!(
                f,
                "trade closed by {}: {} from {} to {}, PnL {:+.4}",
                trade.exit_by.as_str(),
                trade.quantity,
                trade.entry,
                trade.exit,
                trade.pnl
            ),
            Notice::CommandAccepted { command } => write!(f, "done: {command}"),
            Notice::CommandRefused { command, reason } => write!(f, "refused: {command}: {reason}"),
            Notice::SettingsChanged => write!(f, "settings changed"),
            Notice::Stale { .. } => write!(f, "no closed bar for over two minutes: entries are blocked"),
            Notice::Fresh { .. } => write!(f, "bars arrive again: entries are allowed"),
            Notice::Foreign { client_id, .. } => {
                write!(f, "report for order {client_id}, which is not of this session")
            }
            Notice::LateFill { client_id, .. } => write!(f, "late fill of closed order {client_id}: booked"),
            Notice::Regime { switch, .. } => write!(f, "{switch}"),
            Notice::Switched { from, to, plan, .. } => match from {
                Some(from) => write!(f, "strategies of {from} hand over to those of {to}: {plan}"),
                None => write!(f, "strategies of {to} begin: {plan}"),
            },
            Notice::TookOver { regime, mandate, .. } => write!(f, "in {regime} {mandate}"),
            Notice::Considered { decision } => write!(f, "{decision}"),
            Notice::Executed { execution } => write!(f, "{execution}"),
            Notice::Halted { reason } => write!(f, "HALTED: {reason}; no new orders"),
            Notice::Model { slot, change: ModelChange::Answers, .. } => write!(f, "the model of {slot} answers"),
            Notice::Model { slot, change: ModelChange::Trouble { why }, .. } => write!(f, "MODEL {slot}: {why}"),
            Notice::Event { signal, .. } => write!(f, "{signal}"),
            Notice::Shock { change, checks } => {
                write!(f, "{change}")?;
                checks.iter().filter(|check| !check.holds).try_for_each(|check| write!(f, "; {check}"))
            }
            Notice::Locked { lock } => write!(f, "entries {}", Refused::from(*lock)),
        }
    }
}
