//! Events of the user data stream: what happened to our orders and balances.
//!
//! Invariant: key names differ only by case (c/C, s/S, t/T); they are matched exactly.
//! Absent on purpose: what an event means for us (`protocol::convert`, `engine::orders`).
//! Source: user-data-stream.md.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Open;
use super::market::ServerShutdown;
use crate::domain::{ExecutionType, Money, OrderStatus, OrderType, Price, Quantity, Side, TimeInForce};

/// `executionReport`. Times in the connection's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionReportEvent<'a> {
    /// [`ExecutionReportEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    /// The order's client id; on CANCELED the id of the cancel, on REPLACED the new id.
    #[serde(rename = "c", borrow)]
    pub client_id: Cow<'a, str>,
    #[serde(rename = "S")]
    pub side: Open<Side>,
    #[serde(rename = "o")]
    pub order_type: Open<OrderType>,
    #[serde(rename = "f")]
    pub time_in_force: Open<TimeInForce>,
    #[serde(rename = "q")]
    pub quantity: Quantity,
    #[serde(rename = "p")]
    pub price: Price,
    #[serde(rename = "P")]
    pub stop_price: Price,
    #[serde(rename = "F", default)]
    pub iceberg_quantity: Quantity,
    /// -1 without a list.
    #[serde(rename = "g")]
    pub list_id: i64,
    /// Empty unless the execution is CANCELED (then the order's own id) or REPLACED (then the old id).
    #[serde(rename = "C", borrow, default)]
    pub original_client_id: Cow<'a, str>,
    #[serde(rename = "x")]
    pub execution: Open<ExecutionType>,
    #[serde(rename = "X")]
    pub status: Open<OrderStatus>,
    /// `NONE` without a rejection; an open set.
    #[serde(rename = "r", borrow)]
    pub reject_reason: Cow<'a, str>,
    #[serde(rename = "i")]
    pub order_id: i64,
    #[serde(rename = "l")]
    pub last_quantity: Quantity,
    #[serde(rename = "z")]
    pub filled: Quantity,
    #[serde(rename = "L")]
    pub last_price: Price,
    #[serde(rename = "n")]
    pub commission: Money,
    #[serde(rename = "N")]
    pub commission_asset: Option<String>,
    #[serde(rename = "T")]
    pub transaction_time: i64,
    /// -1 without a trade.
    #[serde(rename = "t")]
    pub trade_id: i64,
    #[serde(rename = "I", default)]
    pub execution_id: i64,
    #[serde(rename = "w")]
    pub is_on_book: bool,
    #[serde(rename = "m")]
    pub is_maker: bool,
    /// Binance says: ignore.
    #[serde(rename = "M", default)]
    pub unused: bool,
    #[serde(rename = "O")]
    pub created: i64,
    #[serde(rename = "Z")]
    pub filled_quote: Money,
    #[serde(rename = "Y", default)]
    pub last_quote: Money,
    #[serde(rename = "Q", default)]
    pub quote_order_quantity: Money,
    #[serde(rename = "W", default, skip_serializing_if = "Option::is_none")]
    pub working_time: Option<i64>,
    #[serde(rename = "V", default = "no_prevention")]
    pub self_trade_prevention: String,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub prevented_match_id: Option<i64>,
    /// Why the venue let the order expire; an open set.
    #[serde(rename = "eR", default, skip_serializing_if = "Option::is_none")]
    pub expiry_reason: Option<String>,
}

/// `outboundAccountPosition`: only the assets that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPosition<'a> {
    /// [`AccountPosition::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "u")]
    pub last_update: i64,
    #[serde(rename = "B", borrow)]
    pub balances: Vec<PositionBalance<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionBalance<'a> {
    #[serde(rename = "a", borrow)]
    pub asset: Cow<'a, str>,
    #[serde(rename = "f")]
    pub free: Money,
    #[serde(rename = "l")]
    pub locked: Money,
}

/// `balanceUpdate` (deposit, withdrawal, transfer) and `externalLockUpdate` have one shape: an asset and its change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceDelta<'a> {
    /// [`BalanceDelta::UPDATE`] or [`BalanceDelta::EXTERNAL_LOCK`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "a", borrow)]
    pub asset: Cow<'a, str>,
    #[serde(rename = "d")]
    pub delta: Money,
    #[serde(rename = "T")]
    pub time: i64,
}

/// `listStatus`: an order list was placed, changed or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListStatusEvent<'a> {
    /// [`ListStatusEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "g")]
    pub list_id: i64,
    /// `OCO` or `OTO`.
    #[serde(rename = "c", borrow)]
    pub contingency: Cow<'a, str>,
    /// `RESPONSE`, `EXEC_STARTED`, `UPDATED`, `ALL_DONE`.
    #[serde(rename = "l", borrow)]
    pub list_status: Cow<'a, str>,
    /// `EXECUTING`, `ALL_DONE`, `REJECT`.
    #[serde(rename = "L", borrow)]
    pub list_order_status: Cow<'a, str>,
    #[serde(rename = "r", borrow)]
    pub reject_reason: Cow<'a, str>,
    #[serde(rename = "C", borrow)]
    pub list_client_id: Cow<'a, str>,
    #[serde(rename = "T")]
    pub time: i64,
    #[serde(rename = "O", borrow)]
    pub orders: Vec<ListedLeg<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLeg<'a> {
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "i")]
    pub order_id: i64,
    #[serde(rename = "c", borrow)]
    pub client_id: Cow<'a, str>,
}

/// `eventStreamTerminated`: no events come any more; subscribe again, then reconcile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamTerminated<'a> {
    /// [`StreamTerminated::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
}

/// A user event by its name `e`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum UserEvent<'a> {
    Execution(Box<ExecutionReportEvent<'a>>),
    Position(AccountPosition<'a>),
    Balance(BalanceDelta<'a>),
    ExternalLock(BalanceDelta<'a>),
    List(ListStatusEvent<'a>),
    Terminated(StreamTerminated<'a>),
    Shutdown(ServerShutdown<'a>),
    /// An event that we do not know (yet), by name; empty when it has none.
    Other(Cow<'a, str>),
}

impl ExecutionReportEvent<'_> {
    pub const EVENT: &'static str = "executionReport";
    /// `r` of a report without a rejection.
    pub const NO_REASON: &'static str = "NONE";
}

impl AccountPosition<'_> {
    pub const EVENT: &'static str = "outboundAccountPosition";
}

impl BalanceDelta<'_> {
    pub const UPDATE: &'static str = "balanceUpdate";
    pub const EXTERNAL_LOCK: &'static str = "externalLockUpdate";
}

impl ListStatusEvent<'_> {
    pub const EVENT: &'static str = "listStatus";
}

impl StreamTerminated<'_> {
    pub const EVENT: &'static str = "eventStreamTerminated";
}

fn no_prevention() -> String {
    "NONE".to_owned()
}
