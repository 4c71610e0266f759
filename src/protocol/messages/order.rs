//! Answers about orders: placement (ACK, RESULT, FULL), cancel, query, order lists, own trades.
//!
//! Invariant: `cummulativeQuoteQty` has the venue's double m; a cancel answer's `clientOrderId` is the cancel's own id.
//! Absent on purpose: the requests (`protocol::requests`).
//! Source: rest-api.md, "New order (TRADE)" and following.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::domain::{Money, OrderStatus, OrderType, Price, Quantity, Side, TimeInForce};

/// `newOrderRespType`: how much a placement answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ResponseType {
    Ack,
    Result,
    Full,
}

/// The shortest placement answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAck {
    pub symbol: String,
    pub order_id: i64,
    /// -1 without a list.
    pub order_list_id: i64,
    pub client_order_id: String,
    pub transact_time: i64,
}

/// RESULT and FULL (with `fills`), the answer to a cancel (with `orig_client_order_id`), and each of a list's `orderReports`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderResult {
    pub symbol: String,
    /// On a cancel: the order's own id, while `client_order_id` is the cancel's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orig_client_order_id: Option<String>,
    pub order_id: i64,
    pub order_list_id: i64,
    pub client_order_id: String,
    /// Absent in the answer to the deprecated OCO call.
    #[serde(default)]
    pub transact_time: i64,
    pub price: Price,
    /// Absent while it depends on the working order of an OPO list.
    #[serde(default)]
    pub orig_qty: Quantity,
    pub executed_qty: Quantity,
    #[serde(default)]
    pub orig_quote_order_qty: Money,
    pub cummulative_quote_qty: Money,
    pub status: Open<OrderStatus>,
    pub time_in_force: Open<TimeInForce>,
    #[serde(rename = "type")]
    pub order_type: Open<OrderType>,
    pub side: Open<Side>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<Price>,
    /// When the order entered the book; -1 while it waits for its trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_trade_prevention_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_reason: Option<String>,
    /// Present in FULL only, empty when nothing filled at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills: Option<Vec<OrderFill>>,
}

/// One execution inside a FULL answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderFill {
    pub price: Price,
    pub qty: Quantity,
    pub commission: Money,
    pub commission_asset: String,
    /// Absent in allocations of smart order routing.
    #[serde(default = "no_trade")]
    pub trade_id: i64,
}

/// A placement's answer when the reader does not know which form was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrderAnswer {
    Result(Box<OrderResult>),
    Ack(OrderAck),
}

/// A cancel's answer: cancelling one leg cancels its whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CancelAnswer {
    List(OrderListAnswer),
    Order(Box<OrderResult>),
}

/// `GET /order`, and a row of `openOrders` and `allOrders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRow {
    pub symbol: String,
    pub order_id: i64,
    pub order_list_id: i64,
    pub client_order_id: String,
    pub price: Price,
    pub orig_qty: Quantity,
    pub executed_qty: Quantity,
    /// Negative means unknown (very old orders).
    pub cummulative_quote_qty: Money,
    pub status: Open<OrderStatus>,
    pub time_in_force: Open<TimeInForce>,
    #[serde(rename = "type")]
    pub order_type: Open<OrderType>,
    pub side: Open<Side>,
    #[serde(default)]
    pub stop_price: Price,
    #[serde(default)]
    pub iceberg_qty: Quantity,
    pub time: i64,
    pub update_time: i64,
    pub is_working: bool,
    #[serde(default = "no_trade")]
    pub working_time: i64,
    #[serde(default)]
    pub orig_quote_order_qty: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_trade_prevention_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_reason: Option<String>,
}

/// Placement, cancel and query of an order list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderListAnswer {
    pub order_list_id: i64,
    /// `OCO` or `OTO`.
    pub contingency_type: String,
    /// `RESPONSE`, `EXEC_STARTED`, `UPDATED`, `ALL_DONE`.
    pub list_status_type: String,
    /// `EXECUTING`, `ALL_DONE`, `REJECT`.
    pub list_order_status: String,
    pub list_client_order_id: String,
    pub transaction_time: i64,
    pub symbol: String,
    pub orders: Vec<ListedOrder>,
    /// Absent in queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_reports: Vec<OrderResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedOrder {
    pub symbol: String,
    pub order_id: i64,
    pub client_order_id: String,
}

/// A row of `GET /myTrades`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyTrade {
    pub symbol: String,
    pub id: i64,
    pub order_id: i64,
    pub order_list_id: i64,
    pub price: Price,
    pub qty: Quantity,
    pub quote_qty: Money,
    pub commission: Money,
    pub commission_asset: String,
    pub time: i64,
    pub is_buyer: bool,
    pub is_maker: bool,
    #[serde(default)]
    pub is_best_match: bool,
}

impl OrderListAnswer {
    pub const OCO: &'static str = "OCO";
    pub const EXEC_STARTED: &'static str = "EXEC_STARTED";
    pub const EXECUTING: &'static str = "EXECUTING";
    pub const ALL_DONE: &'static str = "ALL_DONE";
}

impl OrderResult {
    /// The same answer without what RESULT and FULL add.
    pub fn to_ack(&self) -> OrderAck {
        OrderAck {
            symbol: self.symbol.clone(),
            order_id: self.order_id,
            order_list_id: self.order_list_id,
            client_order_id: self.client_order_id.clone(),
            transact_time: self.transact_time,
        }
    }

    /// The order's own client id, on a cancel answer too.
    pub fn own_client_id(&self) -> &str {
        self.orig_client_order_id.as_deref().unwrap_or(&self.client_order_id)
    }
}

fn no_trade() -> i64 {
    -1
}
