//! What a call costs: request weight, order count, the rows of exchangeInfo and the headers that report them.
//!
//! Invariant: a call has one row in `Call::names` and one in `Call::weight`, used by client and local exchange alike.
//! Absent on purpose: counting (`binance::limiter`, `exchange::limits`); this file knows only the prices.
//! Source: Binance spot API docs, rest-api.md "LIMITS" and the weight of each endpoint (2026-07-17).

use serde::{Deserialize, Serialize};

use super::params::Params;
use crate::domain::{Span, Time};

/// Every call that client and local exchange know, with what its price depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Ping,
    Time,
    ExchangeInfo,
    Depth {
        limit: u32,
    },
    Trades,
    AggTrades,
    HistoricalTrades,
    Klines,
    UiKlines,
    AvgPrice,
    /// 24 hours; without symbols it is about all of them.
    DayTicker {
        symbols: Option<usize>,
    },
    TickerPrice {
        one_symbol: bool,
    },
    BookTicker {
        one_symbol: bool,
    },
    NewOrder,
    /// Takes an order away and places another.
    ReplaceOrder,
    TestOrder {
        with_commission: bool,
    },
    QueryOrder,
    CancelOrder,
    OpenOrders {
        one_symbol: bool,
    },
    CancelOpenOrders,
    AllOrders,
    NewOco,
    QueryOrderList,
    CancelOrderList,
    OpenOrderLists,
    Account,
    Commission,
    MyTrades {
        of_order: bool,
    },
    OrderCounts,
    SubscribeUserStream,
    UnsubscribeUserStream,
    ListSubscriptions,
    SessionLogon,
    SessionStatus,
    SessionLogout,
}

/// One row of `rateLimits`; `count` stands only in live answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    pub rate_limit_type: RateLimitType,
    pub interval: Interval,
    pub interval_num: u32,
    pub limit: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// What is counted: per IP but for `Orders`, which is per account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RateLimitType {
    RequestWeight,
    RawRequests,
    Orders,
    Connections,
    #[serde(other)]
    Other,
}

/// Unit of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Interval {
    Second,
    Minute,
    Hour,
    Day,
}

/// A counter that the venue reports in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedCount {
    pub rate_limit_type: RateLimitType,
    /// `None` for the bare `X-MBX-USED-WEIGHT`.
    pub window: Option<(u32, Interval)>,
    pub count: u64,
}

/// Opening a WebSocket API connection costs this much request weight.
pub const CONNECT_WEIGHT: u32 = 2;
/// Lower-case stems of the counting headers.
const USED_WEIGHT: &str = "x-mbx-used-weight";
const ORDER_COUNT: &str = "x-mbx-order-count";

/// All calls in every form whose names differ; the numbers inside are those of a request without parameters.
pub const ALL_CALLS: [Call; 35] = [
    Call::Ping,
    Call::Time,
    Call::ExchangeInfo,
    Call::Depth { limit: 100 },
    Call::Trades,
    Call::AggTrades,
    Call::HistoricalTrades,
    Call::Klines,
    Call::UiKlines,
    Call::AvgPrice,
    Call::DayTicker { symbols: None },
    Call::TickerPrice { one_symbol: false },
    Call::BookTicker { one_symbol: false },
    Call::NewOrder,
    Call::ReplaceOrder,
    Call::TestOrder { with_commission: false },
    Call::QueryOrder,
    Call::CancelOrder,
    Call::OpenOrders { one_symbol: false },
    Call::CancelOpenOrders,
    Call::AllOrders,
    Call::NewOco,
    Call::QueryOrderList,
    Call::CancelOrderList,
    Call::OpenOrderLists,
    Call::Account,
    Call::Commission,
    Call::MyTrades { of_order: false },
    Call::OrderCounts,
    Call::SubscribeUserStream,
    Call::UnsubscribeUserStream,
    Call::ListSubscriptions,
    Call::SessionLogon,
    Call::SessionStatus,
    Call::SessionLogout,
];

/// How a call is named: `None` where a channel does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// HTTP method and path.
    pub rest: Option<(&'static str, &'static str)>,
    /// `method` of the WebSocket API.
    pub ws: Option<&'static str>,
}

/// Who may make a call.
enum Security {
    /// Anyone.
    Public,
    /// A key that may trade; places orders or takes them away.
    OrderEntry,
    /// A key that may read the account.
    Account,
    /// The WebSocket API connection, about itself.
    Connection,
}

impl Call {
    /// Request weight of a call that fails, and of a successful one that is no order entry.
    pub const fn weight(self) -> u32 {
        match self {
            Call::Ping | Call::Time => 1,
            Call::ExchangeInfo => 20,
            Call::Depth { limit: 0..=100 } => 5,
            Call::Depth { limit: 101..=500 } => 25,
            Call::Depth { limit: 501..=1000 } => 50,
            Call::Depth { limit: 1001.. } => 250,
            Call::Trades | Call::HistoricalTrades => 25,
            Call::AggTrades => 4,
            Call::Klines | Call::UiKlines | Call::AvgPrice | Call::DayTicker { symbols: Some(0..=20) } => 2,
            Call::DayTicker { symbols: Some(21..=100) } => 40,
            Call::DayTicker { symbols: Some(_) | None } => 80,
            Call::TickerPrice { one_symbol } | Call::BookTicker { one_symbol } => {
                if one_symbol {
                    2
                } else {
                    4
                }
            }
            Call::NewOrder
            | Call::ReplaceOrder
            | Call::CancelOrder
            | Call::CancelOpenOrders
            | Call::NewOco
            | Call::CancelOrderList
            | Call::TestOrder { with_commission: false } => 1,
            Call::TestOrder { with_commission: true } => 20,
            Call::QueryOrder | Call::QueryOrderList => 4,
            Call::OpenOrders { one_symbol: true } | Call::OpenOrderLists => 6,
            Call::OpenOrders { one_symbol: false } => 80,
            Call::AllOrders | Call::Account | Call::Commission => 20,
            Call::MyTrades { of_order: true } => 5,
            Call::MyTrades { of_order: false } => 20,
            Call::OrderCounts => 40,
            Call::SubscribeUserStream
            | Call::UnsubscribeUserStream
            | Call::ListSubscriptions
            | Call::SessionLogon
            | Call::SessionStatus
            | Call::SessionLogout => 2,
        }
    }

    /// What is charged once the outcome is known: successful order entry is free since 2026-04-02.
    pub const fn charged(self, succeeded: bool) -> u32 {
        if succeeded && self.is_order_entry() { 0 } else { self.weight() }
    }

    /// How much an accepted call adds to the unfilled order count.
    pub const fn orders(self) -> u32 {
        if let Call::NewOco = self {
            2
        } else if let Call::NewOrder | Call::ReplaceOrder = self {
            1
        } else {
            0
        }
    }

    /// True for calls that place or take away orders.
    pub const fn is_order_entry(self) -> bool {
        match self.security() {
            Security::OrderEntry => true,
            Security::Public | Security::Account | Security::Connection => false,
        }
    }

    /// True when the call needs an API key and a signature.
    pub const fn is_signed(self) -> bool {
        match self.security() {
            Security::OrderEntry | Security::Account => true,
            Security::Public | Security::Connection => false,
        }
    }

    const fn security(self) -> Security {
        match self {
            Call::Ping
            | Call::Time
            | Call::ExchangeInfo
            | Call::Depth { .. }
            | Call::Trades
            | Call::AggTrades
            | Call::HistoricalTrades
            | Call::Klines
            | Call::UiKlines
            | Call::AvgPrice
            | Call::DayTicker { .. }
            | Call::TickerPrice { .. }
            | Call::BookTicker { .. } => Security::Public,
            Call::NewOrder
            | Call::ReplaceOrder
            | Call::CancelOrder
            | Call::CancelOpenOrders
            | Call::NewOco
            | Call::CancelOrderList => Security::OrderEntry,
            Call::TestOrder { .. }
            | Call::QueryOrder
            | Call::OpenOrders { .. }
            | Call::AllOrders
            | Call::QueryOrderList
            | Call::OpenOrderLists
            | Call::Account
            | Call::Commission
            | Call::MyTrades { .. }
            | Call::OrderCounts
            | Call::SubscribeUserStream
            | Call::SessionLogon => Security::Account,
            Call::UnsubscribeUserStream | Call::ListSubscriptions | Call::SessionStatus | Call::SessionLogout => {
                Security::Connection
            }
        }
    }

    pub const fn names(self) -> Names {
        match self {
            Call::Ping => both("GET", "/api/v3/ping", "ping"),
            Call::Time => both("GET", "/api/v3/time", "time"),
            Call::ExchangeInfo => both("GET", "/api/v3/exchangeInfo", "exchangeInfo"),
            Call::Depth { .. } => both("GET", "/api/v3/depth", "depth"),
            Call::Trades => both("GET", "/api/v3/trades", "trades.recent"),
            Call::AggTrades => both("GET", "/api/v3/aggTrades", "trades.aggregate"),
            Call::Klines => both("GET", "/api/v3/klines", "klines"),
            Call::HistoricalTrades => both("GET", "/api/v3/historicalTrades", "trades.historical"),
            Call::UiKlines => both("GET", "/api/v3/uiKlines", "uiKlines"),
            Call::DayTicker { .. } => both("GET", "/api/v3/ticker/24hr", "ticker.24hr"),
            Call::AvgPrice => both("GET", "/api/v3/avgPrice", "avgPrice"),
            Call::TickerPrice { .. } => both("GET", "/api/v3/ticker/price", "ticker.price"),
            Call::BookTicker { .. } => both("GET", "/api/v3/ticker/bookTicker", "ticker.book"),
            Call::NewOrder => both("POST", "/api/v3/order", "order.place"),
            Call::ReplaceOrder => both("POST", "/api/v3/order/cancelReplace", "order.cancelReplace"),
            Call::TestOrder { .. } => both("POST", "/api/v3/order/test", "order.test"),
            Call::QueryOrder => both("GET", "/api/v3/order", "order.status"),
            Call::CancelOrder => both("DELETE", "/api/v3/order", "order.cancel"),
            Call::OpenOrders { .. } => both("GET", "/api/v3/openOrders", "openOrders.status"),
            Call::CancelOpenOrders => both("DELETE", "/api/v3/openOrders", "openOrders.cancelAll"),
            Call::AllOrders => both("GET", "/api/v3/allOrders", "allOrders"),
            Call::NewOco => both("POST", "/api/v3/orderList/oco", "orderList.place.oco"),
            Call::QueryOrderList => both("GET", "/api/v3/orderList", "orderList.status"),
            Call::CancelOrderList => both("DELETE", "/api/v3/orderList", "orderList.cancel"),
            Call::OpenOrderLists => both("GET", "/api/v3/openOrderList", "openOrderLists.status"),
            Call::Account => both("GET", "/api/v3/account", "account.status"),
            Call::Commission => both("GET", "/api/v3/account/commission", "account.commission"),
            Call::MyTrades { .. } => both("GET", "/api/v3/myTrades", "myTrades"),
            Call::OrderCounts => both("GET", "/api/v3/rateLimit/order", "account.rateLimits.orders"),
            Call::SubscribeUserStream => ws_only("userDataStream.subscribe.signature"),
            Call::UnsubscribeUserStream => ws_only("userDataStream.unsubscribe"),
            Call::ListSubscriptions => ws_only("session.subscriptions"),
            Call::SessionLogon => ws_only("session.logon"),
            Call::SessionStatus => ws_only("session.status"),
            Call::SessionLogout => ws_only("session.logout"),
        }
    }

    /// The call that an HTTP request makes; `None` when nobody here knows it.
    pub fn of_rest(method: &str, path: &str, params: &Params) -> Option<Call> {
        let call = ALL_CALLS.into_iter().find(|call| call.names().rest == Some((method, path)))?;
        Some(call.priced_by(params))
    }

    /// The call that a WebSocket API request makes; the method may carry the prefix `v3/`.
    pub fn of_ws(method: &str, params: &Params) -> Option<Call> {
        let method = method.strip_prefix("v3/").unwrap_or(method);
        let call = ALL_CALLS.into_iter().find(|call| call.names().ws == Some(method))?;
        Some(call.priced_by(params))
    }

    /// The same call with what its price depends on, read from the parameters.
    fn priced_by(self, params: &Params) -> Call {
        let one_symbol = params.get("symbol").is_some();
        match self {
            Call::Depth { limit } => {
                Call::Depth { limit: params.get("limit").and_then(|text| text.parse().ok()).unwrap_or(limit) }
            }
            Call::TickerPrice { .. } => Call::TickerPrice { one_symbol },
            Call::BookTicker { .. } => Call::BookTicker { one_symbol },
            Call::DayTicker { .. } if one_symbol => Call::DayTicker { symbols: Some(1) },
            // A list of n symbols, as JSON text, has n - 1 commas.
            Call::DayTicker { .. } => {
                Call::DayTicker { symbols: params.get("symbols").map(|list| list.matches(',').count() + 1) }
            }
            Call::OpenOrders { .. } => Call::OpenOrders { one_symbol },
            Call::MyTrades { .. } => Call::MyTrades { of_order: params.get("orderId").is_some() },
            Call::TestOrder { .. } => {
                Call::TestOrder { with_commission: params.get("computeCommissionRates") == Some("true") }
            }
            Call::Ping
            | Call::Time
            | Call::ExchangeInfo
            | Call::Trades
            | Call::AggTrades
            | Call::HistoricalTrades
            | Call::Klines
            | Call::UiKlines
            | Call::AvgPrice
            | Call::NewOrder
            | Call::ReplaceOrder
            | Call::QueryOrder
            | Call::CancelOrder
            | Call::CancelOpenOrders
            | Call::AllOrders
            | Call::NewOco
            | Call::QueryOrderList
            | Call::CancelOrderList
            | Call::OpenOrderLists
            | Call::Account
            | Call::Commission
            | Call::OrderCounts
            | Call::SubscribeUserStream
            | Call::UnsubscribeUserStream
            | Call::ListSubscriptions
            | Call::SessionLogon
            | Call::SessionStatus
            | Call::SessionLogout => self,
        }
    }
}

const fn both(method: &'static str, path: &'static str, ws: &'static str) -> Names {
    Names { rest: Some((method, path)), ws: Some(ws) }
}

const fn ws_only(method: &'static str) -> Names {
    Names { rest: None, ws: Some(method) }
}

impl Interval {
    pub const fn span(self) -> Span {
        match self {
            Interval::Second => Span::SECOND,
            Interval::Minute => Span::MINUTE,
            Interval::Hour => Span::from_seconds(3_600),
            Interval::Day => Span::DAY,
        }
    }

    /// `MINUTE`, as exchangeInfo and the error texts write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Interval::Second => "SECOND",
            Interval::Minute => "MINUTE",
            Interval::Hour => "HOUR",
            Interval::Day => "DAY",
        }
    }

    const fn letter(self) -> char {
        match self {
            Interval::Second => 's',
            Interval::Minute => 'm',
            Interval::Hour => 'h',
            Interval::Day => 'd',
        }
    }

    fn of_letter(letter: char) -> Option<Interval> {
        let all = [Interval::Second, Interval::Minute, Interval::Hour, Interval::Day];
        all.into_iter().find(|interval| interval.letter() == letter)
    }
}

impl RateLimit {
    /// The rows seen on live answers in 2026-09, which the local exchange enforces.
    pub const LIVE: [RateLimit; 4] = [
        RateLimit::row(RateLimitType::RequestWeight, 1, Interval::Minute, 6_000),
        RateLimit::row(RateLimitType::Orders, 10, Interval::Second, 100),
        RateLimit::row(RateLimitType::Orders, 1, Interval::Day, 200_000),
        RateLimit::row(RateLimitType::RawRequests, 5, Interval::Minute, 300_000),
    ];

    const fn row(rate_limit_type: RateLimitType, interval_num: u32, interval: Interval, limit: u64) -> RateLimit {
        RateLimit { rate_limit_type, interval, interval_num, limit, count: None }
    }

    pub const fn with_count(self, count: u64) -> RateLimit {
        RateLimit { count: Some(count), ..self }
    }

    /// Length of the window; at least a microsecond, so that a zero row cannot divide by zero.
    pub const fn window(&self) -> Span {
        let length = self.interval.span().0.saturating_mul(self.interval_num as i64);
        Span(if length < 1 { 1 } else { length })
    }

    /// Start of the window that holds `now`: windows stand on the clock, they do not roll.
    pub const fn window_start(&self, now: Time) -> Time {
        Time(now.0 - now.0.rem_euclid(self.window().0))
    }

    /// The header that reports this row: `X-MBX-USED-WEIGHT-1M`, `X-MBX-ORDER-COUNT-10S`; others have none.
    pub fn header(&self) -> Option<String> {
        let stem = match self.rate_limit_type {
            RateLimitType::RequestWeight => USED_WEIGHT,
            RateLimitType::Orders => ORDER_COUNT,
            RateLimitType::RawRequests | RateLimitType::Connections | RateLimitType::Other => return None,
        };
        Some(format!("{stem}-{}{}", self.interval_num, self.interval.letter()).to_ascii_uppercase())
    }
}

impl UsedCount {
    /// Reads one response header; `None` when it is none of the counters. Case does not matter.
    pub fn from_header(name: &str, value: &str) -> Option<UsedCount> {
        let name = name.to_ascii_lowercase();
        let count = value.trim().parse().ok()?;
        let stems = [(USED_WEIGHT, RateLimitType::RequestWeight), (ORDER_COUNT, RateLimitType::Orders)];
        stems.into_iter().find_map(|(stem, rate_limit_type)| {
            let rest = name.strip_prefix(stem)?;
            let window = if rest.is_empty() { None } else { Some(parse_window(rest.strip_prefix('-')?)?) };
            Some(UsedCount { rate_limit_type, window, count })
        })
    }
}

/// The `Retry-After` header of REST: whole seconds. (The WebSocket API's `retryAfter` is epoch milliseconds.)
pub fn retry_after(value: &str) -> Option<Span> {
    let seconds: u32 = value.trim().parse().ok()?;
    Some(Span::from_seconds(i64::from(seconds)))
}

/// `10s`: number and letter of a header's window.
fn parse_window(text: &str) -> Option<(u32, Interval)> {
    let letter = text.chars().next_back()?;
    let number = &text[..text.len() - letter.len_utf8()];
    Some((number.parse().ok()?, Interval::of_letter(letter)?))
}
