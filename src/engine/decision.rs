//! `Decision`: what was decided about one symbol at one closed bar, with everything that led to it.
//!
//! Invariant: made from the state in which it was decided, whether or not an order followed; plain data, so it can be kept,
//! shown and written.
//! Absent on purpose: deciding (`decide`); nothing here takes part in the state hash.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::notice::ExitBy;
use super::risk::Refused;
use super::strategy::Signal;
use super::strategy::council::Vote;
use crate::domain::{Price, Quantity, SymbolId, Time};
use crate::market::regime::Regime;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Close of the bar.
    pub time: Time,
    /// Counted over all symbols from 1, as `Counts::decisions` does.
    pub number: u64,
    pub symbol: SymbolId,
    pub price: Option<Price>,
    pub regime: Option<Regime>,
    pub signal: Signal,
    /// Where strategies are chosen automatically: what each wanted and how much it counted.
    pub votes: Vec<Vote>,
    /// Exposure that was held to, and that which the no-trade band lets through, 0 to 1 of full size.
    pub held: f64,
    pub settled: f64,
    pub quantity_held: Quantity,
    pub verdict: Verdict,
    /// How an entry's size came about, step by step, where one was sized.
    pub sizing: Vec<SizeLine>,
}

/// One factor of the sizing chain and what is left after it, in quote currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeLine {
    pub name: String,
    pub factor: f64,
    pub notional: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Bought, or buying began.
    Enter {
        quantity: Quantity,
    },
    /// More of what is held.
    Add {
        quantity: Quantity,
    },
    /// A part of what is held goes.
    Reduce {
        quantity: Quantity,
    },
    Leave {
        by: ExitBy,
    },
    Refused {
        reason: Refused,
    },
    Nothing {
        because: Rest,
    },
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// Nothing is wanted, nothing is held.
    NothingWanted,
    /// What is wanted is held.
    AsWanted,
    /// The change is smaller than the no-trade band.
    InsideBand,
    /// The position is younger than the minimum holding.
    HeldTooShort { bars: u32, least: u32 },
    /// After a stop, a target or a flatten the strategy must first have wanted to be flat.
    AwaitingFreshSignal,
    /// Orders of an earlier decision are on their way.
    Working,
}

impl Verdict {
    /// Whether it changes the position, or begins to.
    pub const fn acts(&self) -> bool {
        match self {
            Verdict::Enter { .. } | Verdict::Add { .. } | Verdict::Reduce { .. } | Verdict::Leave { .. } => true,
            Verdict::Refused { .. } | Verdict::Nothing { .. } => false,
        }
    }

    /// What is bought by it.
    pub const fn bought(&self) -> Option<Quantity> {
        match self {
            Verdict::Enter { quantity } | Verdict::Add { quantity } => Some(*quantity),
            Verdict::Reduce { .. } | Verdict::Leave { .. } | Verdict::Refused { .. } | Verdict::Nothing { .. } => None,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict, self.signal)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Enter { quantity } => write!(f, "enters with {quantity}"),
            Verdict::Add { quantity } => write!(f, "adds {quantity}"),
            Verdict::Reduce { quantity } => write!(f, "reduces by {quantity}"),
            Verdict::Leave { by } => write!(f, "leaves by {}", by.as_str()),
            Verdict::Refused { reason } => write!(f, "refused: {reason}"),
            Verdict::Nothing { because } => write!(f, "does nothing: {because}"),
        }
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rest::NothingWanted => write!(f, "nothing is wanted and nothing is held"),
            Rest::AsWanted => write!(f, "what is wanted is held"),
            Rest::InsideBand => write!(f, "the change is smaller than the no-trade band"),
            Rest::HeldTooShort { bars, least } => write!(f, "held for {bars} bars, at least {least} are due"),
            Rest::AwaitingFreshSignal => {
                write!(f, "the last position was taken out, so the strategy must first want to be flat")
            }
            Rest::Working => write!(f, "orders of an earlier decision are on their way"),
        }
    }
}
