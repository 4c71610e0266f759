//! What the venue answers when it refuses, and what the caller must do then.
//!
//! Invariant: a code we do not know never reads as "not executed"; at worst it costs a query.
//! Absent on purpose: retry loops and back-off state (`binance::backoff`).
//! Source: Binance spot API docs, errors.md and rest-api.md "HTTP Return Codes".

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{FilterFailure, Span, Time};

/// The body of every refusal: `{"code":-1121,"msg":"Invalid symbol."}`, with `data` where one call failed in halves. Further
/// fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {msg}")]
pub struct VenueError {
    pub code: i64,
    pub msg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<serde_json::Value>>,
}

/// What the caller of a refused request must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing was executed; the same request may go out again, but not before this long.
    Retry { after: Span },
    /// The account sends orders too fast: hold new orders this long. Cancels may go on.
    PauseOrders { after: Span },
    /// Refused for good; show the message. The same request would be refused again.
    Rejected,
    /// A write may or may not have been executed: wait for the user stream, then query by client order id,
    /// and never send again blindly. A read may simply be repeated after a pause.
    OutcomeUnknown,
    /// The venue's picture of the order differs from ours: query it, then act on the answer.
    Reconcile,
    /// The clock is off: measure it again and repeat once.
    ResyncClock,
    /// The symbol is gone or changed: drop it and fetch exchangeInfo.
    RefreshRules,
    /// The connection or its subscription is gone: open a new one and subscribe.
    Reconnect,
    /// Key, signature or permission: nothing will work until a person acts.
    StopTrading,
    /// The request itself is wrong, which is a bug of ours; it was not executed. Log it whole.
    Fatal,
}

/// Why the matching engine refuses a new order (-2010) or a cancel (-2011). The text is the venue's only word on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    UnknownOrder,
    DuplicateOrder,
    MarketClosed,
    InsufficientBalance,
    MarketOrdersNotSupported,
    StopLossNotSupported,
    TakeProfitNotSupported,
    OcoNotSupported,
    QuoteQuantityNotSupported,
    ZeroNotional,
    ActionDisabled,
    AccountMayNotTrade,
    WouldTriggerImmediately,
    WouldMatchImmediately,
    PriceRelationship,
    SymbolNotPermitted,
    CancelRestrictions,
    LiquidityBelowLotSize,
    LiquidityBelowMarketLotSize,
}

/// The codes by name, as errors.md names them.
pub mod code {
    pub const UNKNOWN: i64 = -1000;
    pub const DISCONNECTED: i64 = -1001;
    pub const UNAUTHORIZED: i64 = -1002;
    pub const TOO_MANY_REQUESTS: i64 = -1003;
    pub const UNEXPECTED_RESP: i64 = -1006;
    pub const TIMEOUT: i64 = -1007;
    pub const SERVER_BUSY: i64 = -1008;
    pub const INVALID_MESSAGE: i64 = -1013;
    pub const UNKNOWN_ORDER_COMPOSITION: i64 = -1014;
    pub const TOO_MANY_ORDERS: i64 = -1015;
    pub const SERVICE_SHUTTING_DOWN: i64 = -1016;
    pub const UNSUPPORTED_OPERATION: i64 = -1020;
    pub const INVALID_TIMESTAMP: i64 = -1021;
    pub const INVALID_SIGNATURE: i64 = -1022;
    pub const COMP_ID_IN_USE: i64 = -1033;
    pub const TOO_MANY_CONNECTIONS: i64 = -1034;
    pub const LOGGED_OUT: i64 = -1035;
    pub const ILLEGAL_CHARS: i64 = -1100;
    pub const TOO_MANY_PARAMETERS: i64 = -1101;
    pub const MANDATORY_PARAM_EMPTY_OR_MALFORMED: i64 = -1102;
    pub const UNREAD_PARAMETERS: i64 = -1104;
    pub const PARAM_EMPTY: i64 = -1105;
    pub const PARAM_NOT_REQUIRED: i64 = -1106;
    pub const PARAM_OVERFLOW: i64 = -1108;
    pub const BAD_PRECISION: i64 = -1111;
    pub const NO_DEPTH: i64 = -1112;
    pub const TIF_NOT_REQUIRED: i64 = -1114;
    pub const INVALID_TIF: i64 = -1115;
    pub const INVALID_ORDER_TYPE: i64 = -1116;
    pub const INVALID_SIDE: i64 = -1117;
    pub const EMPTY_NEW_CL_ORD_ID: i64 = -1118;
    pub const EMPTY_ORG_CL_ORD_ID: i64 = -1119;
    pub const BAD_INTERVAL: i64 = -1120;
    pub const BAD_SYMBOL: i64 = -1121;
    pub const INVALID_SYMBOLSTATUS: i64 = -1122;
    pub const INVALID_LISTEN_KEY: i64 = -1125;
    pub const MORE_THAN_XX_HOURS: i64 = -1127;
    pub const OPTIONAL_PARAMS_BAD_COMBO: i64 = -1128;
    pub const INVALID_PARAMETER: i64 = -1130;
    pub const INVALID_JSON: i64 = -1135;
    pub const INVALID_CANCEL_RESTRICTIONS: i64 = -1145;
    pub const DUPLICATE_SYMBOLS: i64 = -1151;
    pub const OCO_ORDER_TYPE_REJECTED: i64 = -1158;
    pub const BUY_OCO_LIMIT_MUST_BE_BELOW: i64 = -1165;
    pub const SELL_OCO_LIMIT_MUST_BE_ABOVE: i64 = -1166;
    pub const BOTH_OCO_ORDERS_CANNOT_BE_LIMIT: i64 = -1168;
    pub const INVALID_TIME_UNIT: i64 = -1194;
    pub const BUY_OCO_STOP_LOSS_MUST_BE_ABOVE: i64 = -1196;
    pub const SELL_OCO_STOP_LOSS_MUST_BE_BELOW: i64 = -1197;
    pub const BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW: i64 = -1198;
    pub const SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE: i64 = -1199;
    pub const SYMBOL_DOES_NOT_MATCH_STATUS: i64 = -1220;
    pub const NEW_ORDER_REJECTED: i64 = -2010;
    pub const CANCEL_REJECTED: i64 = -2011;
    pub const NO_SUCH_ORDER: i64 = -2013;
    pub const BAD_API_KEY_FMT: i64 = -2014;
    pub const REJECTED_MBX_KEY: i64 = -2015;
    pub const NO_TRADING_WINDOW: i64 = -2016;
    pub const CANCEL_REPLACE_PARTLY_FAILED: i64 = -2021;
    pub const CANCEL_REPLACE_FAILED: i64 = -2022;
    pub const ORDER_ARCHIVED: i64 = -2026;
    pub const SUBSCRIPTION_ACTIVE: i64 = -2035;
    pub const SUBSCRIPTION_INACTIVE: i64 = -2036;
    pub const ORDER_AMEND_REJECTED: i64 = -2038;
    pub const CLIENT_ORDER_ID_INVALID: i64 = -2039;
    pub const MAXIMUM_SUBSCRIPTION_IDS: i64 = -2042;
    pub const NO_REFERENCE_PRICE: i64 = -2043;
}

/// HTTP 503 with one of these texts was certainly not executed, whatever its code says.
const CERTAINLY_NOT_EXECUTED: [&str; 2] =
    ["Service Unavailable.", "Internal error; unable to process your request. Please try again."];
/// HTTP 503 with this text may have been executed, though its code reads as a rate limit.
const PERHAPS_EXECUTED: &str = "Unknown error, please check your request or try again later.";
/// Where Binance names no time: one request-weight window, one order window, five minutes of connection attempts.
const WEIGHT_WINDOW: Span = Span::MINUTE;
const ORDER_WINDOW: Span = Span::from_seconds(10);
const CONNECTION_WINDOW: Span = Span::from_seconds(300);
const SHORT_PAUSE: Span = Span::SECOND;

impl VenueError {
    pub fn new(code: i64, msg: impl fmt::Display) -> VenueError {
        VenueError { code, msg: msg.to_string(), data: None }
    }

    /// Reads the body of a REST answer that is not 200. A body that is not Binance's JSON (a firewall's page,
    /// a proxy's line) is judged by the status alone, and keeps its first 200 characters as the message.
    pub fn from_answer(status: u16, body: &str) -> VenueError {
        if let Ok(error) = serde_json::from_str::<VenueError>(body) {
            return error;
        }
        let text: String = body.trim().chars().take(200).collect();
        let code = match status {
            401 => code::REJECTED_MBX_KEY,
            // 403 is the firewall, which acts on rates too.
            403 | 418 | 429 => code::TOO_MANY_REQUESTS,
            503 if CERTAINLY_NOT_EXECUTED.contains(&text.as_str()) => code::TOO_MANY_REQUESTS,
            400..=499 => code::INVALID_MESSAGE,
            _ => code::UNKNOWN,
        };
        match CERTAINLY_NOT_EXECUTED.contains(&text.as_str()) {
            // The reaction depends on these words alone.
            true => VenueError::new(code, text),
            false => VenueError::new(code, format_args!("HTTP {status}: {text}")),
        }
    }

    /// What to do. Where the answer names a time (`Retry-After`, `retryAfter`), add it by [`Reaction::waiting`].
    pub fn reaction(&self) -> Reaction {
        match self.code {
            code::UNKNOWN | code::DISCONNECTED | code::UNEXPECTED_RESP | code::TIMEOUT | code::SERVER_BUSY => {
                Reaction::OutcomeUnknown
            }
            code::TOO_MANY_REQUESTS if self.msg == PERHAPS_EXECUTED => Reaction::OutcomeUnknown,
            code::TOO_MANY_REQUESTS if CERTAINLY_NOT_EXECUTED.contains(&self.msg.as_str()) => {
                Reaction::Retry { after: SHORT_PAUSE }
            }
            code::TOO_MANY_REQUESTS => Reaction::Retry { after: WEIGHT_WINDOW },
            code::TOO_MANY_CONNECTIONS => Reaction::Retry { after: CONNECTION_WINDOW },
            code::TOO_MANY_ORDERS => Reaction::PauseOrders { after: ORDER_WINDOW },
            code::INVALID_TIMESTAMP => Reaction::ResyncClock,
            code::UNAUTHORIZED | code::INVALID_SIGNATURE | code::BAD_API_KEY_FMT | code::REJECTED_MBX_KEY => {
                Reaction::StopTrading
            }
            code::SERVICE_SHUTTING_DOWN
            | code::LOGGED_OUT
            | code::INVALID_LISTEN_KEY
            | code::SUBSCRIPTION_INACTIVE
            | code::MAXIMUM_SUBSCRIPTION_IDS => Reaction::Reconnect,
            code::BAD_SYMBOL | code::INVALID_SYMBOLSTATUS | code::SYMBOL_DOES_NOT_MATCH_STATUS => {
                Reaction::RefreshRules
            }
            code::NEW_ORDER_REJECTED if self.msg == Refusal::DuplicateOrder.text() => Reaction::Reconcile,
            code::CANCEL_REJECTED
            | code::NO_SUCH_ORDER
            | code::ORDER_ARCHIVED
            | code::CANCEL_REPLACE_PARTLY_FAILED
            | code::CANCEL_REPLACE_FAILED => Reaction::Reconcile,
            code::INVALID_MESSAGE | code::NO_DEPTH | code::MORE_THAN_XX_HOURS => Reaction::Rejected,
            code::UNKNOWN_ORDER_COMPOSITION | code::UNSUPPORTED_OPERATION | code::COMP_ID_IN_USE => Reaction::Fatal,
            code::CLIENT_ORDER_ID_INVALID => Reaction::Fatal,
            // By errors.md's families: 11xx and 12xx speak of the request, 2xxx of its processing, 9xxx of filters.
            -1299..=-1100 => Reaction::Fatal,
            -2099..=-2000 | -9999..=-9000 => Reaction::Rejected,
            _ => Reaction::OutcomeUnknown,
        }
    }

    /// The end of an IP ban, which Binance writes only into the message: "IP banned until 1700000000000".
    pub fn banned_until(&self) -> Option<Time> {
        let (_, rest) = self.msg.split_once("banned until ")?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().map(Time::from_millis)
    }

    /// The HTTP status of a REST answer and the `status` of a WebSocket API answer with this error.
    pub fn http_status(&self) -> u16 {
        match self.code {
            code::UNAUTHORIZED | code::BAD_API_KEY_FMT | code::REJECTED_MBX_KEY => 401,
            code::TOO_MANY_REQUESTS if self.banned_until().is_some() => 418,
            code::TOO_MANY_REQUESTS if self.reaction() == Reaction::OutcomeUnknown => 503,
            code::TOO_MANY_REQUESTS if CERTAINLY_NOT_EXECUTED.contains(&self.msg.as_str()) => 503,
            code::TOO_MANY_REQUESTS | code::TOO_MANY_ORDERS => 429,
            code::CANCEL_REPLACE_PARTLY_FAILED => 409,
            code::UNKNOWN | code::DISCONNECTED | code::UNEXPECTED_RESP => 500,
            code::SERVER_BUSY | code::SERVICE_SHUTTING_DOWN => 503,
            code::TIMEOUT => 504,
            _ => 400,
        }
    }
}

impl Reaction {
    /// With the wait that the answer named instead of the usual one.
    pub fn waiting(self, named: Option<Span>) -> Reaction {
        match self {
            Reaction::Retry { after } => Reaction::Retry { after: named.unwrap_or(after) },
            Reaction::PauseOrders { after } => Reaction::PauseOrders { after: named.unwrap_or(after) },
            Reaction::Rejected
            | Reaction::OutcomeUnknown
            | Reaction::Reconcile
            | Reaction::ResyncClock
            | Reaction::RefreshRules
            | Reaction::Reconnect
            | Reaction::StopTrading
            | Reaction::Fatal => self,
        }
    }
}

impl Refusal {
    pub const ALL: [Refusal; 19] = [
        Refusal::UnknownOrder,
        Refusal::DuplicateOrder,
        Refusal::MarketClosed,
        Refusal::InsufficientBalance,
        Refusal::MarketOrdersNotSupported,
        Refusal::StopLossNotSupported,
        Refusal::TakeProfitNotSupported,
        Refusal::OcoNotSupported,
        Refusal::QuoteQuantityNotSupported,
        Refusal::ZeroNotional,
        Refusal::ActionDisabled,
        Refusal::AccountMayNotTrade,
        Refusal::WouldTriggerImmediately,
        Refusal::WouldMatchImmediately,
        Refusal::PriceRelationship,
        Refusal::SymbolNotPermitted,
        Refusal::CancelRestrictions,
        Refusal::LiquidityBelowLotSize,
        Refusal::LiquidityBelowMarketLotSize,
    ];

    /// Binance's words, to the letter: clients act on them.
    pub const fn text(self) -> &'static str {
        match self {
            Refusal::UnknownOrder => "Unknown order sent.",
            Refusal::DuplicateOrder => "Duplicate order sent.",
            Refusal::MarketClosed => "Market is closed.",
            Refusal::InsufficientBalance => "Account has insufficient balance for requested action.",
            Refusal::MarketOrdersNotSupported => "Market orders are not supported for this symbol.",
            Refusal::StopLossNotSupported => "Stop loss orders are not supported for this symbol.",
            Refusal::TakeProfitNotSupported => "Take profit orders are not supported for this symbol.",
            Refusal::OcoNotSupported => "OCO orders are not supported for this symbol",
            Refusal::QuoteQuantityNotSupported => "Quote order qty market orders are not support for this symbol.",
            Refusal::ZeroNotional => "Price * QTY is zero or less.",
            Refusal::ActionDisabled => "This action is disabled on this account.",
            Refusal::AccountMayNotTrade => "This account may not place or cancel orders.",
            Refusal::WouldTriggerImmediately => "Order would trigger immediately.",
            Refusal::WouldMatchImmediately => "Order would immediately match and take.",
            Refusal::PriceRelationship => "The relationship of the prices for the orders is not correct.",
            Refusal::SymbolNotPermitted => "This symbol is not permitted for this account.",
            Refusal::CancelRestrictions => "Order was not canceled due to cancel restrictions.",
            Refusal::LiquidityBelowLotSize => "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
            Refusal::LiquidityBelowMarketLotSize => {
                "Order book liquidity is less than `MARKET_LOT_SIZE` filter minimum quantity."
            }
        }
    }

    /// The refusal of these words, if we know them.
    pub fn parse(text: &str) -> Option<Refusal> {
        Refusal::ALL.into_iter().find(|refusal| refusal.text() == text)
    }
}

impl From<FilterFailure> for VenueError {
    fn from(failure: FilterFailure) -> VenueError {
        VenueError::new(code::INVALID_MESSAGE, format_args!("Filter failure: {failure}"))
    }
}
