//! Orders as they are asked for: kinds, time in force, one-cancels-the-other lists, and the venue's states.
//!
//! Invariant: an `OrderKind` carries exactly the prices its type needs, so an order without its price cannot be built.
//! Absent on purpose: the life of an order on our side (`engine::orders`) and whether it may be sent (`engine::risk`).

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};
use super::ids::ClientOrderId;
use super::money::Money;
use super::price::Price;
use super::quantity::Quantity;
use super::side::Side;
use super::symbol::SymbolId;

/// What kind of order, with the numbers that kind needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    Market {
        quantity: Quantity,
    },
    /// MARKET by `quoteOrderQty`: buys or sells as much as this amount of quote currency pays for.
    MarketQuote {
        amount: Money,
    },
    Limit {
        quantity: Quantity,
        price: Price,
        time_in_force: TimeInForce,
    },
    /// A LIMIT that only makes: refused when it would trade on acceptance. The limit leg of an OCO is a `Limit`.
    LimitMaker {
        quantity: Quantity,
        price: Price,
    },
    /// Becomes MARKET when the price moves against the position to `stop`.
    StopLoss {
        quantity: Quantity,
        stop: Price,
    },
    /// Becomes MARKET when the price moves in favour of the position to `stop`.
    TakeProfit {
        quantity: Quantity,
        stop: Price,
    },
}

/// Binance's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderType {
    Market,
    Limit,
    StopLoss,
    TakeProfit,
    LimitMaker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TimeInForce {
    /// Good till cancelled.
    Gtc,
    /// Immediate or cancel.
    Ioc,
    /// Fill or kill.
    Fok,
}

/// One order to place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    pub symbol: SymbolId,
    pub client_id: ClientOrderId,
    pub side: Side,
    pub kind: OrderKind,
}

/// One cancels the other: two legs of one quantity, the first to trigger expires its sibling.
/// SELL: `above` is LIMIT or TAKE_PROFIT, `below` STOP_LOSS; BUY is mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOco {
    pub symbol: SymbolId,
    pub list_client_id: ClientOrderId,
    pub side: Side,
    pub quantity: Quantity,
    pub above: OcoLeg,
    pub below: OcoLeg,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OcoLeg {
    pub client_id: ClientOrderId,
    pub kind: OrderKind,
}

/// Binance's `status` of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    New,
    PendingNew,
    PartiallyFilled,
    Filled,
    Canceled,
    PendingCancel,
    Rejected,
    Expired,
    ExpiredInMatch,
}

impl OrderKind {
    pub const fn order_type(self) -> OrderType {
        match self {
            OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => OrderType::Market,
            OrderKind::Limit { .. } => OrderType::Limit,
            OrderKind::LimitMaker { .. } => OrderType::LimitMaker,
            OrderKind::StopLoss { .. } => OrderType::StopLoss,
            OrderKind::TakeProfit { .. } => OrderType::TakeProfit,
        }
    }

    /// Zero for MARKET by quote amount.
    pub const fn quantity(self) -> Quantity {
        match self {
            OrderKind::Market { quantity }
            | OrderKind::Limit { quantity, .. }
            | OrderKind::LimitMaker { quantity, .. }
            | OrderKind::StopLoss { quantity, .. }
            | OrderKind::TakeProfit { quantity, .. } => quantity,
            OrderKind::MarketQuote { .. } => Quantity::ZERO,
        }
    }

    /// The limit price, if the kind has one.
    pub const fn limit_price(self) -> Option<Price> {
        match self {
            OrderKind::Limit { price, .. } | OrderKind::LimitMaker { price, .. } => Some(price),
            OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::StopLoss { .. }
            | OrderKind::TakeProfit { .. } => None,
        }
    }

    /// The trigger price, if the kind has one.
    pub const fn stop_price(self) -> Option<Price> {
        match self {
            OrderKind::StopLoss { stop, .. } | OrderKind::TakeProfit { stop, .. } => Some(stop),
            OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::Limit { .. }
            | OrderKind::LimitMaker { .. } => None,
        }
    }

    pub const fn time_in_force(self) -> TimeInForce {
        match self {
            OrderKind::Limit { time_in_force, .. } => time_in_force,
            OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::LimitMaker { .. }
            | OrderKind::StopLoss { .. }
            | OrderKind::TakeProfit { .. } => TimeInForce::Gtc,
        }
    }
}

impl OrderType {
    /// As Binance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            OrderType::Market => "MARKET",
            OrderType::Limit => "LIMIT",
            OrderType::StopLoss => "STOP_LOSS",
            OrderType::TakeProfit => "TAKE_PROFIT",
            OrderType::LimitMaker => "LIMIT_MAKER",
        }
    }
}

impl TimeInForce {
    /// As Binance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            TimeInForce::Gtc => "GTC",
            TimeInForce::Ioc => "IOC",
            TimeInForce::Fok => "FOK",
        }
    }
}

impl OrderStatus {
    /// True when the order can neither fill nor be cancelled any more.
    pub const fn is_terminal(self) -> bool {
        match self {
            OrderStatus::Filled
            | OrderStatus::Canceled
            | OrderStatus::Rejected
            | OrderStatus::Expired
            | OrderStatus::ExpiredInMatch => true,
            OrderStatus::New | OrderStatus::PendingNew | OrderStatus::PartiallyFilled | OrderStatus::PendingCancel => {
                false
            }
        }
    }

    /// As Binance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            OrderStatus::New => "NEW",
            OrderStatus::PendingNew => "PENDING_NEW",
            OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
            OrderStatus::Filled => "FILLED",
            OrderStatus::Canceled => "CANCELED",
            OrderStatus::PendingCancel => "PENDING_CANCEL",
            OrderStatus::Rejected => "REJECTED",
            OrderStatus::Expired => "EXPIRED",
            OrderStatus::ExpiredInMatch => "EXPIRED_IN_MATCH",
        }
    }
}

impl StateHash for OrderKind {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u8(self.order_type() as u8);
        digest.add(&self.quantity());
        digest.option(self.limit_price().as_ref());
        digest.option(self.stop_price().as_ref());
        digest.u8(self.time_in_force() as u8);
        if let OrderKind::MarketQuote { amount } = self {
            digest.add(amount);
        }
    }
}

impl StateHash for NewOrder {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.symbol);
        digest.add(&self.client_id);
        digest.add(&self.side);
        digest.add(&self.kind);
    }
}

impl StateHash for NewOco {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.symbol);
        digest.add(&self.list_client_id);
        digest.add(&self.side);
        digest.add(&self.quantity);
        for leg in [&self.above, &self.below] {
            digest.add(&leg.client_id);
            digest.add(&leg.kind);
        }
    }
}
