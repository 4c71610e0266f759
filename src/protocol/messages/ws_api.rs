//! The WebSocket API's envelopes: request, response, and the frame that carries a user event.
//!
//! Invariant: a request's id comes back exactly as it was sent, number, text or null.
//! Absent on purpose: the results, which are the REST answers (`messages::rest`, `messages::order`).
//! Source: web-socket-api.md, "Request format" and "Response format".

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::rest::RateLimitRow;
use crate::domain::Time;
use crate::protocol::errors::VenueError;
use crate::protocol::params::Params;

/// `id` of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum RequestId {
    #[default]
    Null,
    Number(i64),
    Text(String),
}

/// A request. The same struct is sent and received; parameters keep their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsRequest<'a> {
    #[serde(default)]
    pub id: RequestId,
    /// Names stand in [`method`]; a leading `v3/` is allowed by Binance and dropped by `parse::request`.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "WsParams::is_empty")]
    pub params: WsParams,
}

/// `params` as a JSON object. Numbers and booleans keep their JSON text, which is what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WsParams(pub Params);

/// The methods we send or serve.
pub mod method {
    pub const PING: &str = "ping";
    pub const TIME: &str = "time";
    pub const EXCHANGE_INFO: &str = "exchangeInfo";
    pub const DEPTH: &str = "depth";
    pub const KLINES: &str = "klines";
    pub const ACCOUNT_STATUS: &str = "account.status";
    pub const ACCOUNT_COMMISSION: &str = "account.commission";
    pub const OPEN_ORDERS_STATUS: &str = "openOrders.status";
    pub const MY_TRADES: &str = "myTrades";
    pub const ORDER_PLACE: &str = "order.place";
    pub const ORDER_TEST: &str = "order.test";
    pub const ORDER_CANCEL_REPLACE: &str = "order.cancelReplace";
    pub const ORDER_CANCEL: &str = "order.cancel";
    pub const ORDER_STATUS: &str = "order.status";
    pub const ORDER_LIST_PLACE_OCO: &str = "orderList.place.oco";
    pub const ORDER_LIST_CANCEL: &str = "orderList.cancel";
    pub const ORDER_LIST_STATUS: &str = "orderList.status";
    pub const SUBSCRIBE_SIGNATURE: &str = "userDataStream.subscribe.signature";
    pub const UNSUBSCRIBE: &str = "userDataStream.unsubscribe";
    pub const SESSION_LOGON: &str = "session.logon";
    pub const SESSION_STATUS: &str = "session.status";
    pub const SESSION_SUBSCRIPTIONS: &str = "session.subscriptions";
}

/// A response: `R` is the result's type when writing, `&RawValue` when reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WsResponse<R> {
    #[serde(default)]
    pub id: RequestId,
    /// As HTTP: 200, 400, 401, 403, 409, 418, 429; 5xx means execution unknown.
    pub status: u16,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub result: Option<R>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<Vec<RateLimitRow>>,
}

/// An error with what some of them carry besides code and message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub code: i64,
    pub msg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
}

/// A user event on its way: `{"subscriptionId","event"}`. Connection-level events have no subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFrame<E> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<i64>,
    pub event: E,
}

/// Result of `userDataStream.subscribe.signature`, and a row of `session.subscriptions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub subscription_id: i64,
}

impl<'a> WsRequest<'a> {
    pub fn new(id: RequestId, method: &'a str, params: Params) -> WsRequest<'a> {
        WsRequest { id, method: Cow::Borrowed(method), params: WsParams(params) }
    }
}

impl<R> WsResponse<R> {
    pub fn ok(id: RequestId, result: R) -> WsResponse<R> {
        WsResponse { id, status: 200, result: Some(result), error: None, rate_limits: None }
    }

    pub fn refused(id: RequestId, status: u16, error: impl Into<ErrorBody>) -> WsResponse<R> {
        WsResponse { id, status, result: None, error: Some(error.into()), rate_limits: None }
    }

    pub fn with_rate_limits(mut self, rows: Vec<RateLimitRow>) -> WsResponse<R> {
        self.rate_limits = Some(rows);
        self
    }
}

impl ErrorBody {
    /// When to try again. Here it is an instant (epoch milliseconds), not seconds as in REST's Retry-After.
    pub fn retry_after(&self) -> Option<Time> {
        self.data.as_ref()?.get("retryAfter")?.as_i64().map(Time::from_millis)
    }

    pub fn to_venue_error(&self) -> VenueError {
        VenueError { data: self.data.clone().map(Box::new), ..VenueError::new(self.code, &self.msg) }
    }
}

impl From<VenueError> for ErrorBody {
    fn from(error: VenueError) -> ErrorBody {
        ErrorBody { code: error.code, msg: error.msg, data: error.data.map(|data| *data) }
    }
}

impl WsParams {
    pub fn is_empty(&self) -> bool {
        self.0.iter().next().is_none()
    }
}

impl RequestId {
    /// True for an id that market-stream sockets accept: any i64, null, or 1 to 36 characters of text. The WebSocket API
    /// takes longer ones, as its own examples show.
    pub fn is_legal(&self) -> bool {
        match self {
            RequestId::Null | RequestId::Number(_) => true,
            RequestId::Text(text) => (1..=36).contains(&text.chars().count()),
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            RequestId::Null => serializer.serialize_unit(),
            RequestId::Number(number) => serializer.serialize_i64(*number),
            RequestId::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = RequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: an integer, a string or null")
    }

    fn visit_unit<E: Error>(self) -> Result<RequestId, E> {
        Ok(RequestId::Null)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RequestId, E> {
        Ok(RequestId::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RequestId, E> {
        i64::try_from(number).map(RequestId::Number).map_err(|_| E::custom("the id exceeds 64 bits"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RequestId, E> {
        Ok(RequestId::Text(text.to_owned()))
    }
}

/// Parameters that the documentation shows as JSON integers; arrays and booleans go as such, all others as strings.
const INTEGERS: [&str; 13] = [
    "timestamp",
    "recvWindow",
    "orderId",
    "orderListId",
    "cancelOrderId",
    "limit",
    "startTime",
    "endTime",
    "fromId",
    "subscriptionId",
    "strategyId",
    "strategyType",
    "sequence",
];

impl Serialize for WsParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.iter() {
            // The signature covers the text, so a value becomes a number only when it prints as the same text.
            let integer = value.parse::<i64>().ok().filter(|n| INTEGERS.contains(&name) && n.to_string() == value);
            let array = if value.starts_with('[') { serde_json::from_str::<&RawValue>(value).ok() } else { None };
            match (integer, array, value) {
                (Some(number), _, _) => map.serialize_entry(name, &number)?,
                (None, Some(array), _) => map.serialize_entry(name, array)?,
                (None, None, "true" | "false") => map.serialize_entry(name, &(value == "true"))?,
                (None, None, text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for WsParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParamsVisitor)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = WsParams;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parameters")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<WsParams, M::Error> {
        let mut params = Params::new();
        while let Some(name) = map.next_key::<String>()? {
            let raw: &RawValue = map.next_value()?;
            if params.get(&name).is_some() {
                return Err(M::Error::custom(format!("parameter '{name}' was sent twice")));
            }
            if raw.get().starts_with('"') {
                params.push(&name, serde_json::from_str::<String>(raw.get()).map_err(M::Error::custom)?);
            } else {
                params.push(&name, raw.get());
            }
        }
        Ok(WsParams(params))
    }
}

fn none<T>() -> Option<T> {
    None
}
