//! Events of the public market streams: trades, book, bars, and the control requests and replies of those sockets.
//!
//! Invariant: each struct prints the key names of web-socket-streams.md, whose case is significant.
//! Absent on purpose: tickers (`ticker`), which the engine does not use; the parser names them `Other`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::ws_api::RequestId;
use super::{Amount, Level, saturating};
use crate::domain::{Price, Quantity};

/// `<symbol>@aggTrade`. Times in the connection's unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggTrade<'a> {
    /// [`AggTrade::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "a")]
    pub id: i64,
    #[serde(rename = "p")]
    pub price: Price,
    #[serde(rename = "q", deserialize_with = "saturating")]
    pub quantity: Quantity,
    #[serde(rename = "f")]
    pub first_trade: i64,
    #[serde(rename = "l")]
    pub last_trade: i64,
    #[serde(rename = "T")]
    pub time: i64,
    /// True when the buyer rested in the book, so that the taker sold.
    #[serde(rename = "m")]
    pub buyer_is_maker: bool,
    /// Binance says: ignore.
    #[serde(rename = "M", default)]
    pub best_match: bool,
}

/// `<symbol>@trade`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeEvent<'a> {
    /// [`TradeEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "t")]
    pub id: i64,
    #[serde(rename = "p")]
    pub price: Price,
    #[serde(rename = "q", deserialize_with = "saturating")]
    pub quantity: Quantity,
    #[serde(rename = "T")]
    pub time: i64,
    #[serde(rename = "m")]
    pub buyer_is_maker: bool,
    #[serde(rename = "M", default)]
    pub best_match: bool,
}

/// `<symbol>@bookTicker`: the only event besides partial depth without `e` and `E`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookTicker<'a> {
    #[serde(rename = "u")]
    pub update_id: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "b")]
    pub bid: Price,
    #[serde(rename = "B", deserialize_with = "saturating")]
    pub bid_quantity: Quantity,
    #[serde(rename = "a")]
    pub ask: Price,
    #[serde(rename = "A", deserialize_with = "saturating")]
    pub ask_quantity: Quantity,
}

/// `<symbol>@kline_<interval>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KlineEvent<'a> {
    /// [`KlineEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "k", borrow)]
    pub kline: Kline<'a>,
}

/// The bar inside a [`KlineEvent`]; it is final only when `closed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kline<'a> {
    #[serde(rename = "t")]
    pub open_time: i64,
    #[serde(rename = "T")]
    pub close_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    /// `1m` and so on; case matters (`1M` is a month).
    #[serde(rename = "i", borrow)]
    pub interval: Cow<'a, str>,
    /// -1 when the bar has no trade.
    #[serde(rename = "f")]
    pub first_trade: i64,
    #[serde(rename = "L")]
    pub last_trade: i64,
    #[serde(rename = "o")]
    pub open: Amount,
    #[serde(rename = "c")]
    pub close: Amount,
    #[serde(rename = "h")]
    pub high: Amount,
    #[serde(rename = "l")]
    pub low: Amount,
    /// Base asset.
    #[serde(rename = "v")]
    pub volume: Amount,
    #[serde(rename = "n")]
    pub trades: u64,
    #[serde(rename = "x")]
    pub closed: bool,
    #[serde(rename = "q")]
    pub quote_volume: Amount,
    #[serde(rename = "V")]
    pub taker_buy_base: Amount,
    #[serde(rename = "Q")]
    pub taker_buy_quote: Amount,
    /// Binance says: ignore.
    #[serde(rename = "B", default)]
    pub unused: Amount,
}

/// `<symbol>@depth[@100ms]`: absolute quantities of the levels that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthUpdate<'a> {
    /// [`DepthUpdate::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s", borrow)]
    pub symbol: Cow<'a, str>,
    #[serde(rename = "U")]
    pub first_id: i64,
    #[serde(rename = "u")]
    pub final_id: i64,
    #[serde(rename = "b")]
    pub bids: Vec<Level>,
    #[serde(rename = "a")]
    pub asks: Vec<Level>,
}

/// A book snapshot, best levels first: `GET /depth`, WS API `depth`, and `<symbol>@depth<n>` (which names no symbol).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    pub last_update_id: i64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

/// The server goes away: open a new connection now. Stands on market sockets and, as a user event, on the WS API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerShutdown<'a> {
    /// [`ServerShutdown::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
}

/// Wrapper of every event on a `/stream` socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combined<'a, T> {
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    pub data: T,
}

/// What a client sends on a market socket: `{"method","params","id"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlRequest {
    pub method: ControlMethod,
    /// Stream names; for SET_PROPERTY and GET_PROPERTY a name and a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<serde_json::Value>,
    #[serde(default)]
    pub id: RequestId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ControlMethod {
    Subscribe,
    Unsubscribe,
    ListSubscriptions,
    SetProperty,
    GetProperty,
    #[serde(untagged)]
    Other(String),
}

/// The answer: `{"result","id"}` where it was granted, else `{"code","msg","id"}` or `{"error":{"code","msg"},"id"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ControlReply {
    Refused {
        error: ControlError,
        #[serde(default)]
        id: RequestId,
    },
    RefusedFlat {
        code: i64,
        msg: String,
        #[serde(default)]
        id: RequestId,
    },
    /// `result`: null, a list of stream names, or a property's value.
    Granted { result: serde_json::Value, id: RequestId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlError {
    pub code: i64,
    pub msg: String,
}

impl AggTrade<'_> {
    pub const EVENT: &'static str = "aggTrade";
}

impl TradeEvent<'_> {
    pub const EVENT: &'static str = "trade";
}

impl KlineEvent<'_> {
    pub const EVENT: &'static str = "kline";
}

impl DepthUpdate<'_> {
    pub const EVENT: &'static str = "depthUpdate";
}

impl ServerShutdown<'_> {
    pub const EVENT: &'static str = "serverShutdown";
}

impl ControlRequest {
    /// SUBSCRIBE or UNSUBSCRIBE to these streams.
    pub fn for_streams(method: ControlMethod, streams: &[&str], id: i64) -> ControlRequest {
        let params = streams.iter().map(|name| serde_json::Value::from(*name)).collect();
        ControlRequest { method, params, id: RequestId::Number(id) }
    }

    /// The stream names among the parameters; whatever is not a string is left out.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.params.iter().filter_map(|value| value.as_str())
    }
}

impl ControlReply {
    pub fn done(id: RequestId) -> ControlReply {
        ControlReply::Granted { result: serde_json::Value::Null, id }
    }

    pub fn id(&self) -> &RequestId {
        match self {
            ControlReply::Refused { id, .. }
            | ControlReply::RefusedFlat { id, .. }
            | ControlReply::Granted { id, .. } => id,
        }
    }
}
