//! `Input`: everything that can happen to the engine.
//!
//! Invariant: an input is plain data; it can be printed, journalled and replayed.
//! Absent on purpose: sockets, clocks, callbacks.

use serde::{Deserialize, Serialize};

use super::model::Inferred;
use super::mood::Observation;
use super::settings::Settings;
use crate::domain::{
    Balance, BalanceUpdate, Bar, ClientOrderId, Command, ExecutionReport, MarketEvent, OrderId, OrderStatus, Quantity,
    Session, SymbolRules, Time,
};
use crate::market::regime::RegimeModel;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The first input of a run.
    Start(Box<Start>),
    Market(MarketEvent),
    /// The venue's answer to one of our requests.
    Answer(Answer),
    Report(Box<ExecutionReport>),
    Balances(BalanceUpdate),
    Command(Command),
    /// New settings from config.json, valid from the next decision on.
    Settings(Box<Settings>),
    /// A model answered.
    Inferred(Inferred),
    /// An outside source said something; it counts from now on.
    Mood(Observation),
    /// The time that `Engine::next_timer` asked for has come.
    Timer,
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    pub session: Session,
    /// One per symbol, in the order of their ids.
    pub rules: Vec<SymbolRules>,
    pub settings: Settings,
    pub balances: Vec<Balance>,
    /// Closed bars before the start for each symbol, oldest first.
    pub history: Vec<Vec<Bar>>,
    /// The fitted regimes.
    #[serde(default)]
    pub regimes: RegimeModel,
    /// The tops of the book that come are a market's own and count as evidence. Those of a demo are made from its bars and
    /// say nothing that the bars do not.
    #[serde(default)]
    pub has_books: bool,
}

/// Answer to the request that named `client_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub client_id: ClientOrderId,
    pub outcome: Outcome,
}

/// What became of a request, by what the caller may conclude.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The venue has the order (for a list: all its orders).
    Accepted { order_id: OrderId },
    /// The venue refused the new order for certain.
    Rejected { code: i64, message: String },
    /// Nobody knows: the answer was lost, late or unclear.
    Unknown { why: String },
    /// The cancel was refused; the order may have filled.
    CancelRefused { code: i64, message: String },
    /// A query or a cancel found the order in this state, with this much executed in all.
    Found { status: OrderStatus, filled: Quantity },
    /// A query did not find the order. Never proof that it does not exist.
    NotFound,
}

/// An input with the moment at which the engine sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    pub now: Time,
    pub input: Input,
}
