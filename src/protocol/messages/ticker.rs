//! Tickers: the statistics of the last 24 hours, as rows of REST and as events of the streams.
//!
//! Invariant: each struct prints the key names of rest-api.md and web-socket-streams.md, whose case is significant.
//! Absent on purpose: reading them; the engine uses no tickers.

use serde::Serialize;

use super::Amount;
use crate::domain::{Price, Quantity};

/// `GET /ticker/24hr`, `type=FULL`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayTicker {
    #[serde(flatten)]
    pub day: MiniTicker,
    pub price_change: Amount,
    pub price_change_percent: Amount,
    pub weighted_avg_price: Amount,
    pub prev_close_price: Amount,
    pub last_qty: Quantity,
    pub bid_price: Price,
    pub bid_qty: Quantity,
    pub ask_price: Price,
    pub ask_qty: Quantity,
}

/// `GET /ticker/24hr`, `type=MINI`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MiniTicker {
    pub symbol: String,
    pub open_price: Amount,
    pub high_price: Amount,
    pub low_price: Amount,
    pub last_price: Amount,
    pub volume: Amount,
    pub quote_volume: Amount,
    pub open_time: i64,
    pub close_time: i64,
    pub first_id: i64,
    pub last_id: i64,
    pub count: u64,
}

/// `<symbol>@miniTicker`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MiniTickerEvent<'a> {
    /// [`MiniTickerEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s")]
    pub symbol: &'a str,
    #[serde(rename = "c")]
    pub last: Amount,
    #[serde(rename = "o")]
    pub open: Amount,
    #[serde(rename = "h")]
    pub high: Amount,
    #[serde(rename = "l")]
    pub low: Amount,
    #[serde(rename = "v")]
    pub volume: Amount,
    #[serde(rename = "q")]
    pub quote_volume: Amount,
}

/// `<symbol>@ticker`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TickerEvent<'a> {
    /// The fields that it shares with the small one; `e` is [`TickerEvent::EVENT`].
    #[serde(flatten)]
    pub mini: MiniTickerEvent<'a>,
    #[serde(rename = "p")]
    pub change: Amount,
    #[serde(rename = "P")]
    pub change_percent: Amount,
    #[serde(rename = "w")]
    pub average: Amount,
    #[serde(rename = "x")]
    pub previous_close: Amount,
    #[serde(rename = "Q")]
    pub last_quantity: Quantity,
    #[serde(rename = "b")]
    pub bid: Price,
    #[serde(rename = "B")]
    pub bid_quantity: Quantity,
    #[serde(rename = "a")]
    pub ask: Price,
    #[serde(rename = "A")]
    pub ask_quantity: Quantity,
    #[serde(rename = "O")]
    pub open_time: i64,
    #[serde(rename = "C")]
    pub close_time: i64,
    #[serde(rename = "F")]
    pub first_id: i64,
    #[serde(rename = "L")]
    pub last_id: i64,
    #[serde(rename = "n")]
    pub trades: u64,
}

/// `<symbol>@avgPrice`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AveragePriceEvent<'a> {
    /// [`AveragePriceEvent::EVENT`].
    #[serde(rename = "e")]
    pub event: &'a str,
    #[serde(rename = "E")]
    pub event_time: i64,
    #[serde(rename = "s")]
    pub symbol: &'a str,
    /// `5m`.
    #[serde(rename = "i")]
    pub interval: &'a str,
    #[serde(rename = "w")]
    pub price: Price,
    #[serde(rename = "T")]
    pub time: i64,
}

impl MiniTickerEvent<'_> {
    pub const EVENT: &'static str = "24hrMiniTicker";
}

impl TickerEvent<'_> {
    pub const EVENT: &'static str = "24hrTicker";
}

impl AveragePriceEvent<'_> {
    pub const EVENT: &'static str = "avgPrice";
}
