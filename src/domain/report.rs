//! `ExecutionReport`: what the venue says happened to an order.
//!
//! Invariant: a report with `ExecutionType::Trade` carries a trade id, and (symbol, trade id) names a fill once.
//! Absent on purpose: the wire form (`protocol::messages`) and what we conclude from it (`engine::orders`).

use serde::{Deserialize, Serialize};

use super::ids::{ClientOrderId, OrderId, OrderListId, TradeId};
use super::money::Money;
use super::order::{OrderStatus, OrderType};
use super::price::Price;
use super::quantity::Quantity;
use super::side::Side;
use super::symbol::{Asset, SymbolId};
use super::time::Time;

/// One state change of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionReport {
    pub symbol: SymbolId,
    /// The order's own id, also on a cancel (where Binance sends it as `C`).
    pub client_id: ClientOrderId,
    pub order_id: OrderId,
    pub list_id: Option<OrderListId>,
    pub side: Side,
    pub order_type: OrderType,
    pub execution: ExecutionType,
    pub status: OrderStatus,
    /// Original quantity.
    pub quantity: Quantity,
    /// Limit price, zero if the type has none.
    pub price: Price,
    /// Trigger price, zero if the type has none.
    pub stop_price: Price,
    /// This execution.
    pub last_quantity: Quantity,
    pub last_price: Price,
    /// All executions so far.
    pub filled: Quantity,
    pub filled_quote: Money,
    pub commission: Option<Commission>,
    pub trade_id: Option<TradeId>,
    pub is_maker: bool,
    pub time: Time,
    /// The venue's reason for a rejection or expiry, if it gave one.
    pub reason: Option<String>,
}

/// What a fill cost, in the asset it was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commission {
    pub asset: Asset,
    pub amount: Money,
}

/// Binance's execution type `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionType {
    New,
    Canceled,
    Replaced,
    Rejected,
    Trade,
    Expired,
    TradePrevention,
}

impl ExecutionType {
    /// As Binance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ExecutionType::New => "NEW",
            ExecutionType::Canceled => "CANCELED",
            ExecutionType::Replaced => "REPLACED",
            ExecutionType::Rejected => "REJECTED",
            ExecutionType::Trade => "TRADE",
            ExecutionType::Expired => "EXPIRED",
            ExecutionType::TradePrevention => "TRADE_PREVENTION",
        }
    }
}
