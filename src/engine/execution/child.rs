//! `Child`: the one order that a parent has at the venue, and what its watch says of it.
//!
//! Invariant: what is filled is what fills said; a child that was not told open is neither replaced nor cancelled.
//! Absent on purpose: client order ids, answers that never come and their queries (`engine::orders`).

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, OrderKind, Price, Quantity, Side, Span, StateHash, Time};

/// What the owner is to send. `number` names it in everything that is told back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildOrder {
    /// From 1, one more with each child.
    pub number: u32,
    pub kind: OrderKind,
}

/// Where a child stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildState {
    /// On its way: the venue has not said a word of it.
    Sent,
    /// Open, and nothing of it is filled.
    New,
    /// Open, and partly filled.
    Partial,
    /// Open, but the best price of its side has gone away.
    Stale { since: Time },
    /// Its cancel is on its way; what is left goes to the new best price.
    Repriced,
    /// Its cancel is on its way; what is left takes.
    Crossed,
    /// Its cancel is on its way, for good.
    Cancelled,
}

/// How long a child may stand, and how often it may follow the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The best price must have been away by more than so many ticks ...
    pub ticks: i64,
    /// ... for so long.
    pub stale_after: Span,
    pub most_reprices: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    pub order: ChildOrder,
    pub state: ChildState,
    pub sent: Time,
    pub filled: Quantity,
}

impl ChildOrder {
    /// The price at which it rests; `None` for one that is over by itself.
    pub const fn resting(&self) -> Option<Price> {
        match self.kind {
            OrderKind::LimitMaker { price, .. } => Some(price),
            OrderKind::Limit { .. }
            | OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::StopLoss { .. }
            | OrderKind::TakeProfit { .. } => None,
        }
    }
}

impl ChildState {
    pub const fn as_str(self) -> &'static str {
        match self {
            ChildState::Sent => "sent",
            ChildState::New => "new",
            ChildState::Partial => "partial",
            ChildState::Stale { .. } => "stale",
            ChildState::Repriced => "repriced",
            ChildState::Crossed => "crossed",
            ChildState::Cancelled => "cancelled",
        }
    }

    /// Open, and nothing else is under way for it.
    pub const fn is_open(self) -> bool {
        match self {
            ChildState::New | ChildState::Partial | ChildState::Stale { .. } => true,
            ChildState::Sent | ChildState::Repriced | ChildState::Crossed | ChildState::Cancelled => false,
        }
    }
}

impl Patience {
    /// The state of an open child now. `best` is the best price of its own side, which its own quantity is part of.
    pub fn judge(&self, child: &Child, side: Side, best: Price, tick: Price, now: Time) -> ChildState {
        let Some(price) = child.order.resting() else { return child.state };
        // Only a better price of others leaves it behind; a worse one is the child itself.
        let away = match side {
            Side::Buy => best.raw().saturating_sub(price.raw()),
            Side::Sell => price.raw().saturating_sub(best.raw()),
        };
        let is_away = away > tick.raw().max(1).saturating_mul(self.ticks);
        let rests = if child.filled.is_positive() { ChildState::Partial } else { ChildState::New };
        match (child.state, is_away) {
            (ChildState::New | ChildState::Partial, true) => ChildState::Stale { since: now },
            (ChildState::New | ChildState::Partial | ChildState::Stale { .. }, false) => rests,
            (
                ChildState::Stale { .. }
                | ChildState::Sent
                | ChildState::Repriced
                | ChildState::Crossed
                | ChildState::Cancelled,
                _,
            ) => child.state,
        }
    }

    pub fn is_over(&self, state: ChildState, now: Time) -> bool {
        matches!(state, ChildState::Stale { since } if now.since(since) >= self.stale_after)
    }
}

impl Child {
    pub fn new(order: ChildOrder, now: Time) -> Child {
        Child { order, state: ChildState::Sent, sent: now, filled: Quantity::ZERO }
    }

    /// Its cancel is on its way.
    pub fn is_leaving(&self) -> bool {
        !self.state.is_open() && self.state != ChildState::Sent
    }

    pub fn left(&self) -> Quantity {
        self.order.kind.quantity().saturating_sub(self.filled)
    }

    pub fn fill(&mut self, quantity: Quantity) {
        self.filled = self.filled.saturating_add(quantity).min(self.order.kind.quantity());
        if matches!(self.state, ChildState::Sent | ChildState::New) {
            self.state = ChildState::Partial;
        }
    }
}

impl StateHash for ChildState {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(self.as_str());
        if let ChildState::Stale { since } = self {
            digest.add(since);
        }
    }
}

impl StateHash for Child {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(u64::from(self.order.number));
        digest.add(&self.order.kind);
        digest.add(&self.state);
        digest.add(&self.sent);
        digest.add(&self.filled);
    }
}
