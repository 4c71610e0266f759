//! Public REST answers and the account's: time, bars, trades, tickers, balances, commissions, rate limits.
//!
//! Invariant: decimals are strings, times integers in the connection's unit; the WS API sends the same objects as `result`.
//! Absent on purpose: orders (`messages::order`), exchangeInfo (`protocol::filters`), the book (`market::Depth`).
//! Source: rest-api.md.

use serde::{Deserialize, Serialize};

use super::{Amount, saturating};
use crate::domain::{Money, Price, Quantity, Ratio};

/// `GET /time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerTime {
    pub server_time: i64,
}

/// `GET /ping`, `order.test` and others: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// One row of `GET /klines`: an array of twelve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "KlineArray", into = "KlineArray")]
pub struct KlineRow {
    pub open_time: i64,
    pub open: Amount,
    pub high: Amount,
    pub low: Amount,
    pub close: Amount,
    pub volume: Amount,
    pub close_time: i64,
    pub quote_volume: Amount,
    pub trades: u64,
    pub taker_buy_base: Amount,
    pub taker_buy_quote: Amount,
}

type KlineArray = (i64, Amount, Amount, Amount, Amount, Amount, i64, Amount, u64, Amount, Amount, Amount);

impl From<KlineArray> for KlineRow {
    fn from(row: KlineArray) -> KlineRow {
        KlineRow {
            open_time: row.0,
            open: row.1,
            high: row.2,
            low: row.3,
            close: row.4,
            volume: row.5,
            close_time: row.6,
            quote_volume: row.7,
            trades: row.8,
            taker_buy_base: row.9,
            taker_buy_quote: row.10,
        }
    }
}

impl From<KlineRow> for KlineArray {
    fn from(row: KlineRow) -> KlineArray {
        let unused = Amount(0.0);
        (
            row.open_time,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.close_time,
            row.quote_volume,
            row.trades,
            row.taker_buy_base,
            row.taker_buy_quote,
            unused,
        )
    }
}

/// One row of `GET /trades`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeRow {
    pub id: i64,
    pub price: Price,
    #[serde(deserialize_with = "saturating")]
    pub qty: Quantity,
    #[serde(deserialize_with = "saturating")]
    pub quote_qty: Money,
    pub time: i64,
    pub is_buyer_maker: bool,
    #[serde(default)]
    pub is_best_match: bool,
}

/// One row of `GET /aggTrades`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggTradeRow {
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
    #[serde(rename = "m")]
    pub buyer_is_maker: bool,
    #[serde(rename = "M", default)]
    pub best_match: bool,
}

/// `GET /avgPrice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AveragePrice {
    pub mins: u32,
    #[serde(deserialize_with = "saturating")]
    pub price: Price,
    pub close_time: i64,
}

/// `GET /ticker/price`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTicker {
    pub symbol: String,
    pub price: Price,
}

/// `GET /ticker/bookTicker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookTickerRow {
    pub symbol: String,
    pub bid_price: Price,
    #[serde(deserialize_with = "saturating")]
    pub bid_qty: Quantity,
    pub ask_price: Price,
    #[serde(deserialize_with = "saturating")]
    pub ask_qty: Quantity,
}

/// An object for `symbol`, an array for `symbols` or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// `GET /account`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub maker_commission: i64,
    pub taker_commission: i64,
    pub buyer_commission: i64,
    pub seller_commission: i64,
    pub commission_rates: CommissionRates,
    pub can_trade: bool,
    pub can_withdraw: bool,
    pub can_deposit: bool,
    #[serde(default)]
    pub brokered: bool,
    #[serde(default)]
    pub require_self_trade_prevention: bool,
    #[serde(default)]
    pub prevent_sor: bool,
    pub update_time: i64,
    pub account_type: String,
    pub balances: Vec<BalanceRow>,
    pub permissions: Vec<String>,
    #[serde(default)]
    pub uid: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRow {
    pub asset: String,
    pub free: Money,
    pub locked: Money,
}

/// Rates as shares of the amount: 0.001 is 10 basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommissionRates {
    pub maker: Ratio,
    pub taker: Ratio,
    pub buyer: Ratio,
    pub seller: Ratio,
}

/// `GET /account/commission`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountCommission {
    pub symbol: String,
    pub standard_commission: CommissionRates,
    #[serde(default)]
    pub special_commission: CommissionRates,
    pub tax_commission: CommissionRates,
    pub discount: CommissionDiscount,
}

/// `discount` multiplies the standard commission when it is paid in `discount_asset`: 0.75 means pay 75 percent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommissionDiscount {
    pub enabled_for_account: bool,
    pub enabled_for_symbol: bool,
    pub discount_asset: String,
    pub discount: Ratio,
}

/// One row of `rateLimits` in a WS API response and of `GET /rateLimit/order`; exchangeInfo's rows have no count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitRow {
    pub rate_limit_type: String,
    pub interval: String,
    pub interval_num: u32,
    pub limit: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}
