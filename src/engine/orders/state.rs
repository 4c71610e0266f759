//! `Order` and `Orders`: the live orders of this session and the newest closed ones.
//!
//! Invariant: an order leaves the live ones when it is closed and all its fills are booked; the newest such orders stay
//! findable as tombstones, so a late or doubled report is recognised.
//! Absent on purpose: the transition table (`transition`).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, OrderKind, Quantity, Side, StateHash, SymbolId, Time};

/// Where an order stands, as far as we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Sent, no answer yet.
    Submitted,
    Open,
    PartiallyFilled,
    /// A cancel was sent, no answer yet.
    Cancelling,
    /// Sent, and the answer was lost: it may or may not exist.
    Unknown,
    Filled,
    Canceled,
    Expired,
    Rejected,
}

/// Why an order exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    Entry,
    Exit,
    Stop,
    Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub sequence: u64,
    pub symbol: SymbolId,
    pub purpose: Purpose,
    pub side: Side,
    pub kind: OrderKind,
    pub state: OrderState,
    /// Sum of the fills that are booked.
    pub filled: Quantity,
    /// What the venue says was executed in all: more than `filled` while reports of fills are on their way.
    pub executed: Quantity,
    /// Sequence of the OCO that it is a leg of.
    pub list: Option<u64>,
    /// When the newest request about it was sent: itself, its cancel or a query.
    pub sent: Time,
}

/// Live orders, and tombstones of closed ones.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    live: Vec<Order>,
    closed: VecDeque<Order>,
}

/// Closed orders kept for late reports.
const TOMBSTONES: usize = 64;

impl OrderState {
    pub const fn is_closed(self) -> bool {
        match self {
            OrderState::Filled | OrderState::Canceled | OrderState::Expired | OrderState::Rejected => true,
            OrderState::Submitted
            | OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::Cancelling
            | OrderState::Unknown => false,
        }
    }

    /// It rests at the venue, and no cancel is on its way.
    pub const fn can_be_cancelled(self) -> bool {
        match self {
            OrderState::Open | OrderState::PartiallyFilled => true,
            OrderState::Submitted
            | OrderState::Cancelling
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Canceled
            | OrderState::Expired
            | OrderState::Rejected => false,
        }
    }
}

impl Purpose {
    pub const fn protects(self) -> bool {
        match self {
            Purpose::Stop | Purpose::Target => true,
            Purpose::Entry | Purpose::Exit => false,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Entry => "entry",
            Purpose::Exit => "exit",
            Purpose::Stop => "stop",
            Purpose::Target => "target",
        }
    }
}

impl Order {
    /// The venue's word on how much was executed; it never shrinks and never exceeds what was ordered.
    pub fn learn_executed(&mut self, executed: Quantity) {
        self.executed = self.executed.max(executed.min(self.kind.quantity()));
    }

    /// Closed, and every fill that the venue speaks of is booked.
    pub fn is_done(&self) -> bool {
        self.state.is_closed() && self.filled >= self.executed
    }

    /// What it may still fill.
    pub fn open(&self) -> Quantity {
        self.kind.quantity().saturating_sub(self.filled)
    }
}

impl Orders {
    pub fn register(&mut self, order: Order) {
        self.live.push(order);
    }

    pub fn live(&self) -> &[Order] {
        &self.live
    }

    pub fn live_mut(&mut self) -> &mut [Order] {
        &mut self.live
    }

    pub fn of(&self, symbol: SymbolId) -> impl Iterator<Item = &Order> {
        self.live.iter().filter(move |order| order.symbol == symbol)
    }

    pub fn find(&self, sequence: u64) -> Option<&Order> {
        let is_meant = |order: &&Order| order.sequence == sequence;
        self.live.iter().find(is_meant).or_else(|| self.closed.iter().rev().find(is_meant))
    }

    pub fn find_mut(&mut self, sequence: u64) -> Option<&mut Order> {
        let Orders { live, closed } = self;
        let is_meant = |order: &&mut Order| order.sequence == sequence;
        // What is spoken of late closed lately.
        live.iter_mut().find(is_meant).or_else(|| closed.iter_mut().rev().find(is_meant))
    }

    /// Sequences of the orders that a request's id speaks of: the order itself, or the legs of the list.
    pub fn named(&self, id: u64) -> impl Iterator<Item = u64> + use<> {
        let orders = self.live.iter().chain(&self.closed);
        let mut named = orders.filter(|order| order.sequence == id || order.list == Some(id)).map(|o| o.sequence);
        // An id is that of one order or of one list of two, so the tombstones are looked through only where one is meant.
        let first = named.next();
        let second = if first == Some(id) { None } else { named.next() };
        [first, second].into_iter().flatten()
    }

    /// Moves orders that are done to the tombstones.
    pub fn sweep(&mut self) {
        let mut at = 0;
        while at < self.live.len() {
            if self.live[at].is_done() {
                if self.closed.len() == TOMBSTONES {
                    self.closed.pop_front();
                }
                let order = self.live.remove(at);
                self.closed.push_back(order);
            } else {
                at += 1;
            }
        }
    }
}

impl StateHash for Order {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.sequence);
        digest.add(&self.symbol);
        digest.u8(self.purpose as u8);
        digest.add(&self.side);
        digest.add(&self.kind);
        digest.u8(self.state as u8);
        digest.add(&self.filled);
        digest.add(&self.executed);
        digest.u64(self.list.unwrap_or(0));
        digest.add(&self.sent);
    }
}

impl StateHash for Orders {
    fn state_hash(&self, digest: &mut Digest) {
        digest.all(self.live.iter());
        digest.all(self.closed.iter());
    }
}
