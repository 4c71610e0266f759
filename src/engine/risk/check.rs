//! `check`: every order passes here, or it does not exist.
//!
//! Invariant: an entry needs open gates, cash and size; an exit or a stop never sells more than the position.
//! Absent on purpose: rounding; what comes in is judged as it is.

use serde::{Deserialize, Serialize};

use super::protections::{Lock, LockReason};
use super::shock::ShockHalt;
use super::sizing::limits;
use super::stops::{Distances, Protection};
use crate::domain::rules::OrderContext;
use crate::domain::{
    ClientOrderId, Digest, FilterFailure, Money, NewOco, NewOrder, OrderKind, OrderType, Price, Quantity, Side, Span,
    StateHash, SymbolId, SymbolRules, Time,
};
use crate::engine::execution::ParentError;
use crate::engine::notice::HaltReason;
use crate::engine::orders::Purpose;
use crate::engine::settings::Settings;

/// An order that risk has passed. It can be sent, once.
#[derive(Debug, PartialEq)]
pub struct Approved {
    request: OrderRequest,
}

/// What the engine wants to send.
#[derive(Debug, PartialEq)]
pub struct OrderRequest {
    pub purpose: Purpose,
    pub payload: Payload,
}

#[derive(Debug, PartialEq)]
pub enum Payload {
    Order(NewOrder),
    Oco(Box<NewOco>),
}

/// Why an order may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    #[error("entries are paused")]
    Paused,
    #[error("halted: {0}")]
    Halted(HaltReason),
    #[error("{0}")]
    Shock(ShockHalt),
    #[error("locked {}: {reason}", until_words(*until))]
    Locked { reason: LockReason, until: Option<Time> },
    #[error("no fresh bar for this symbol")]
    Stale,
    #[error("no price yet")]
    NoPrice,
    #[error("the volatility that sizes aim at is not known yet")]
    VolatilityUnknown,
    #[error("the order is worth {worth}, less than min_trade_size {minimum}{}", nearest_words(*nearest))]
    TooSmall { worth: Money, minimum: Money, nearest: Option<Quantity> },
    #[error("the order needs {needed}, but {free} is free{}", nearest_words(*nearest))]
    InsufficientCash { needed: Money, free: Money, nearest: Option<Quantity> },
    #[error("the order is worth {worth}, but max_exposure_percent leaves {room}{}", nearest_words(*nearest))]
    Exposure { worth: Money, room: Money, nearest: Option<Quantity> },
    #[error("the order is worth {worth}, but max_correlated_percent leaves {room} for symbols that move together{}", nearest_words(*nearest))]
    Correlated { worth: Money, room: Money, nearest: Option<Quantity> },
    #[error("the order sells {asked}, but {held} is held")]
    NotHeld { asked: Quantity, held: Quantity },
    #[error("the venue's filter {failure} forbids it{}", nearest_words(*nearest))]
    Filter { failure: FilterFailure, nearest: Option<Quantity> },
    #[error("the order is below the least that the venue takes, {least}")]
    BelowLeast { least: Quantity },
    #[error("what fees leave of it could not be sold again; the smallest order is {least}")]
    NotSellable { least: Quantity },
    #[error("a number of the order is out of range")]
    Overflow,
}

impl Refused {
    /// The nearest order that would be legal, where a size was refused.
    pub fn nearest(&self) -> Option<Quantity> {
        match self {
            Refused::TooSmall { nearest, .. }
            | Refused::InsufficientCash { nearest, .. }
            | Refused::Exposure { nearest, .. }
            | Refused::Correlated { nearest, .. }
            | Refused::Filter { nearest, .. } => *nearest,
            Refused::BelowLeast { least } | Refused::NotSellable { least } => Some(*least),
            Refused::Paused
            | Refused::Halted(_)
            | Refused::Shock(_)
            | Refused::Locked { .. }
            | Refused::Stale
            | Refused::NoPrice
            | Refused::VolatilityUnknown
            | Refused::NotHeld { .. }
            | Refused::Overflow => None,
        }
    }

    /// The same reason, whatever its numbers.
    pub fn is_like(&self, other: &Refused) -> bool {
        let lock = |refused: &Refused| match refused {
            Refused::Locked { reason, .. } => Some(*reason),
            Refused::Paused
            | Refused::Halted(_)
            | Refused::Shock(_)
            | Refused::Stale
            | Refused::NoPrice
            | Refused::VolatilityUnknown
            | Refused::TooSmall { .. }
            | Refused::InsufficientCash { .. }
            | Refused::Exposure { .. }
            | Refused::Correlated { .. }
            | Refused::NotHeld { .. }
            | Refused::Filter { .. }
            | Refused::BelowLeast { .. }
            | Refused::NotSellable { .. }
            | Refused::Overflow => None,
        };
        std::mem::discriminant(self) == std::mem::discriminant(other) && lock(self) == lock(other)
    }
}

impl From<Lock> for Refused {
    fn from(lock: Lock) -> Refused {
        Refused::Locked { reason: lock.reason, until: lock.until }
    }
}

/// What may open a position now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryGate {
    pub paused: bool,
    pub halted: Option<HaltReason>,
    pub stale: bool,
    pub shock: Option<ShockHalt>,
    pub lock: Option<Lock>,
}

/// What the check needs to see of the engine's state.
#[derive(Debug, Clone, Copy)]
pub struct RiskView<'a> {
    pub settings: &'a Settings,
    pub rules: &'a SymbolRules,
    pub gate: EntryGate,
    /// Cash less what live entries may still need.
    pub free_cash: Money,
    /// The position less what live orders may still sell.
    pub held: Quantity,
    pub mark: Option<Price>,
    pub open_orders: u32,
    pub open_trigger_orders: u32,
    /// A part of a larger order, which was judged as a whole.
    pub is_slice: bool,
    /// The whole position: what an entry must be protected together with.
    pub bought: Quantity,
    /// What an entry would be protected by.
    pub distances: Distances,
    pub room: Room,
}

impl EntryGate {
    /// Why nothing may be bought, if so.
    pub fn check(&self) -> Result<(), Refused> {
        if let Some(reason) = self.halted {
            return Err(Refused::Halted(reason));
        }
        if self.paused {
            return Err(Refused::Paused);
        }
        if let Some(halt) = self.shock {
            return Err(Refused::Shock(halt));
        }
        if let Some(lock) = self.lock {
            return Err(lock.into());
        }
        if self.stale { Err(Refused::Stale) } else { Ok(()) }
    }
}

impl From<ParentError> for Refused {
    fn from(error: ParentError) -> Refused {
        match error {
            ParentError::TooSmall { least } => Refused::BelowLeast { least },
            ParentError::NotSellable { least } => Refused::NotSellable { least },
            ParentError::NoPrice => Refused::NoPrice,
        }
    }
}

/// What caps on positions leave, in quote currency; `None` where there is no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    pub all: Option<Money>,
    /// For the symbol and all that move with it.
    pub correlated: Option<Money>,
}

impl Approved {
    pub fn request(&self) -> &OrderRequest {
        &self.request
    }

    pub fn payload(&self) -> &Payload {
        &self.request.payload
    }
}

impl OrderRequest {
    /// An entry at the market.
    pub fn entry(symbol: SymbolId, client_id: ClientOrderId, quantity: Quantity) -> OrderRequest {
        let kind = OrderKind::Market { quantity };
        let order = NewOrder { symbol, client_id, side: Side::Buy, kind };
        OrderRequest { purpose: Purpose::Entry, payload: Payload::Order(order) }
    }
}

impl Payload {
    pub fn symbol(&self) -> SymbolId {
        match self {
            Payload::Order(order) => order.symbol,
            Payload::Oco(oco) => oco.symbol,
        }
    }

    /// The id by which the venue's answer names the request.
    pub fn client_id(&self) -> &ClientOrderId {
        match self {
            Payload::Order(order) => &order.client_id,
            Payload::Oco(oco) => &oco.list_client_id,
        }
    }

    pub fn side(&self) -> Side {
        match self {
            Payload::Order(order) => order.side,
            Payload::Oco(oco) => oco.side,
        }
    }

    /// In the base asset; zero for a market order by quote amount.
    pub fn quantity(&self) -> Quantity {
        match self {
            Payload::Order(order) => order.kind.quantity(),
            Payload::Oco(oco) => oco.quantity,
        }
    }
}

/// The only maker of `Approved`.
pub fn check(view: &RiskView<'_>, request: OrderRequest) -> Result<Approved, Refused> {
    judge(view, &request)?;
    Ok(Approved { request })
}

/// Judges one order: what a preview asks, and what every order must pass.
pub fn judge(view: &RiskView<'_>, request: &OrderRequest) -> Result<(), Refused> {
    let mark = view.mark.ok_or(Refused::NoPrice)?;
    match request.purpose {
        Purpose::Entry => check_entry(view, &request.payload, mark)?,
        Purpose::Exit | Purpose::Stop | Purpose::Target => check_reduction(view, &request.payload)?,
    }
    let context =
        OrderContext { reference: mark, open_orders: view.open_orders, open_trigger_orders: view.open_trigger_orders };
    let passed = match &request.payload {
        Payload::Order(order) => view.rules.check(order.side, order.kind, context),
        Payload::Oco(oco) => view.rules.check_oco(oco, context),
    };
    passed.map_err(|failure| Refused::Filter { failure, nearest: nearest_entry(view, request, mark) })?;
    match request.purpose {
        Purpose::Entry => {
            let whole = request.payload.quantity().saturating_add(view.bought);
            // What fees leave of earlier lots is no whole step, and nobody protects it.
            let step = view.rules.step(OrderType::Market).max(view.rules.step(OrderType::Limit));
            check_protection(view, whole.floor_to_step(step), mark)
        }
        Purpose::Exit | Purpose::Stop | Purpose::Target => Ok(()),
    }
}

fn check_entry(view: &RiskView<'_>, payload: &Payload, mark: Price) -> Result<(), Refused> {
    view.gate.check()?;
    let worth = worth(payload, mark).ok_or(Refused::Overflow)?;
    if worth < view.settings.min_trade_size && !view.is_slice {
        let nearest = limits(view.settings, view.rules).smallest(mark);
        return Err(Refused::TooSmall { worth, minimum: view.settings.min_trade_size, nearest });
    }
    let largest = |money: Money| limits(view.settings, view.rules).largest(money, mark);
    if worth > view.free_cash {
        let nearest = largest(view.free_cash);
        return Err(Refused::InsufficientCash { needed: worth, free: view.free_cash, nearest });
    }
    if let Some(room) = view.room.all.filter(|room| worth > *room) {
        return Err(Refused::Exposure { worth, room: room.max(Money::ZERO), nearest: largest(room) });
    }
    if let Some(room) = view.room.correlated.filter(|room| worth > *room) {
        return Err(Refused::Correlated { worth, room: room.max(Money::ZERO), nearest: largest(room) });
    }
    Ok(())
}

/// The legal entry next to one that a filter forbids; `None` for what is no entry, and where its size is not at fault.
fn nearest_entry(view: &RiskView<'_>, request: &OrderRequest, mark: Price) -> Option<Quantity> {
    let asked = request.payload.quantity();
    let limits = limits(view.settings, view.rules);
    let (smallest, largest) = (limits.smallest(mark)?, limits.largest(Money::MAX, mark)?);
    let nearest = asked.floor_to_step(view.rules.step(OrderType::Market)).clamp(smallest, largest.max(smallest));
    (request.purpose == Purpose::Entry && nearest != asked).then_some(nearest)
}

/// `; the nearest legal order is 0.002`.
fn nearest_words(nearest: Option<Quantity>) -> String {
    nearest.map(|nearest| format!("; the nearest legal order is {nearest}")).unwrap_or_default()
}

/// What could not be protected at the price of now is not bought.
fn check_protection(view: &RiskView<'_>, quantity: Quantity, mark: Price) -> Result<(), Refused> {
    let protection = Protection::at(view.distances, view.rules, mark);
    let stop = protection.stop.map(|stop| OrderKind::StopLoss { quantity, stop });
    let target = protection.target.map(|stop| OrderKind::TakeProfit { quantity, stop });
    let context = OrderContext { reference: mark, open_orders: 0, open_trigger_orders: 0 };
    let mut legs = stop.into_iter().chain(target);
    let passed = legs.try_for_each(|kind| view.rules.check(Side::Sell, kind, context));
    passed.map_err(|failure| Refused::Filter { failure, nearest: None })
}

/// Exits and protective orders pass every gate, but sell at most what this engine holds.
fn check_reduction(view: &RiskView<'_>, payload: &Payload) -> Result<(), Refused> {
    let asked = payload.quantity();
    if payload.side() != Side::Sell || asked > view.held {
        return Err(Refused::NotHeld { asked, held: view.held });
    }
    Ok(())
}

/// `until 14:05 UTC`.
fn until_words(until: Option<Time>) -> String {
    match until {
        Some(until) => {
            let minute = until.0.rem_euclid(Span::DAY.0) / Span::MINUTE.0;
            format!("until {:02}:{:02} UTC", minute / 60, minute % 60)
        }
        None => "until a person rearms".to_owned(),
    }
}

fn worth(payload: &Payload, mark: Price) -> Option<Money> {
    match payload {
        Payload::Order(NewOrder { kind: OrderKind::MarketQuote { amount }, .. }) => Some(*amount),
        Payload::Order(order) => Money::notional(order.kind.limit_price().unwrap_or(mark), order.kind.quantity()),
        Payload::Oco(oco) => Money::notional(mark, oco.quantity),
    }
}

impl StateHash for Approved {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u8(self.request.purpose as u8);
        match &self.request.payload {
            Payload::Order(order) => {
                digest.u8(0);
                digest.add(order);
            }
            Payload::Oco(oco) => {
                digest.u8(1);
                digest.add(oco.as_ref());
            }
        }
    }
}
