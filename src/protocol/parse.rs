//! Frames: one function per socket that classifies a text frame and reads its contents.
//!
//! Invariant: an event or name that Binance adds later becomes `Other`; only text that is not JSON, or a known event
//! without its fields, is an error. The events of a busy market are read in one pass and borrow from the frame.
//! Absent on purpose: conversion to the domain (`protocol::convert`) and what an error means for the connection.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::errors::VenueError;
use super::messages::lockstep::frame_sequence;
use super::messages::market::{
    AggTrade, BookTicker, ControlReply, ControlRequest, Depth, DepthUpdate, KlineEvent, ServerShutdown, TradeEvent,
};
use super::messages::rest::RateLimitRow;
use super::messages::user::{
    AccountPosition, BalanceDelta, ExecutionReportEvent, ListStatusEvent, StreamTerminated, UserEvent,
};
use super::messages::ws_api::{ErrorBody, RequestId, UserFrame, WsRequest, WsResponse};

/// A frame that cannot be read. The socket's state is unknown from here on: resynchronise.
#[derive(Debug, thiserror::Error)]
#[error("unreadable frame: {0}")]
pub struct ParseError(#[from] serde_json::Error);

/// A text frame of a market-stream socket.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamFrame<'a> {
    /// Only in lockstep.
    pub sequence: Option<u64>,
    /// The stream's name on a `/stream` socket.
    pub stream: Option<Cow<'a, str>>,
    pub event: StreamEvent<'a>,
}

/// What a market-stream frame holds.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent<'a> {
    AggTrade(AggTrade<'a>),
    Trade(TradeEvent<'a>),
    BookTicker(BookTicker<'a>),
    Kline(KlineEvent<'a>),
    DepthUpdate(DepthUpdate<'a>),
    PartialDepth(Depth),
    Shutdown(ServerShutdown<'a>),
    /// The answer to SUBSCRIBE and its like.
    Reply(ControlReply),
    /// An event that we do not read, by its name `e`; empty when it has none.
    Other(Cow<'a, str>),
}

/// A text frame of a WebSocket-API socket.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiFrame<'a> {
    /// Only in lockstep.
    pub sequence: Option<u64>,
    pub content: ApiContent<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ApiContent<'a> {
    Response(Response<'a>),
    User(UserFrame<UserEvent<'a>>),
    /// Neither: a frame that Binance may add.
    Other,
}

/// A response whose result is still text; `Response::read` types it.
#[derive(Debug, Clone)]
pub struct Response<'a>(pub WsResponse<&'a RawValue>);

/// Reads a frame of a market-stream socket, raw or combined.
pub fn stream_frame(text: &str) -> Result<StreamFrame<'_>, ParseError> {
    let sequence = frame_sequence(text);
    if let Some((stream, data)) = combined_start(text) {
        if let Some((event, rest)) = event_by_name(data)
            && rest.trim_end().ends_with('}')
        {
            return Ok(StreamFrame { sequence, stream: Some(Cow::Borrowed(stream)), event });
        }
    } else if let Some((event, rest)) = event_by_name(text)
        && rest.trim().is_empty()
    {
        return Ok(StreamFrame { sequence, stream: None, event });
    }
    let probe: Probe<'_> = match serde_json::from_str(text) {
        Ok(probe) => probe,
        // Streams of all symbols send arrays; we read none of them, but they must be JSON.
        Err(_) if text.trim_start().starts_with('[') => {
            serde_json::from_str::<IgnoredAny>(text)?;
            return Ok(StreamFrame { sequence, stream: None, event: StreamEvent::Other(Cow::Borrowed("")) });
        }
        Err(error) => return Err(error.into()),
    };
    match (probe.stream, probe.data) {
        (Some(stream), Some(data)) => {
            let event = match serde_json::from_str::<Probe<'_>>(data.get()) {
                Ok(inner) => event_of_probe(data.get(), &inner)?,
                Err(_) => StreamEvent::Other(Cow::Borrowed("")),
            };
            Ok(StreamFrame { sequence, stream: Some(stream), event })
        }
        (stream, data) => {
            let probe = Probe { stream: None, data, ..probe };
            Ok(StreamFrame { sequence, stream, event: event_of_probe(text, &probe)? })
        }
    }
}

/// Reads a frame of a WebSocket-API socket: a response or a user event.
pub fn api_frame(text: &str) -> Result<ApiFrame<'_>, ParseError> {
    let sequence = frame_sequence(text);
    let envelope: ApiEnvelope<'_> = serde_json::from_str(text)?;
    let content = match (envelope.event, envelope.status) {
        (Some(event), _) => {
            let event = user_event(event.get())?;
            ApiContent::User(UserFrame { subscription_id: envelope.subscription_id, event })
        }
        (None, Some(status)) => ApiContent::Response(Response(WsResponse {
            id: envelope.id,
            status,
            result: envelope.result,
            error: envelope.error,
            rate_limits: envelope.rate_limits,
        })),
        (None, None) => ApiContent::Other,
    };
    Ok(ApiFrame { sequence, content })
}

/// Reads the event inside a user frame.
pub fn user_event(text: &str) -> Result<UserEvent<'_>, ParseError> {
    let name = match quick_name(text) {
        Some(name) => Cow::Borrowed(name),
        None => serde_json::from_str::<Probe<'_>>(text)?.e.unwrap_or_default(),
    };
    Ok(match name.as_ref() {
        ExecutionReportEvent::EVENT => UserEvent::Execution(serde_json::from_str(text)?),
        AccountPosition::EVENT => UserEvent::Position(serde_json::from_str(text)?),
        BalanceDelta::UPDATE => UserEvent::Balance(serde_json::from_str(text)?),
        BalanceDelta::EXTERNAL_LOCK => UserEvent::ExternalLock(serde_json::from_str(text)?),
        ListStatusEvent::EVENT => UserEvent::List(serde_json::from_str(text)?),
        StreamTerminated::EVENT => UserEvent::Terminated(serde_json::from_str(text)?),
        ServerShutdown::EVENT => UserEvent::Shutdown(serde_json::from_str(text)?),
        _ => UserEvent::Other(name),
    })
}

/// Reads a WebSocket-API request, for the local exchange. A leading `v3/` of the method is dropped.
pub fn request(text: &str) -> Result<WsRequest<'_>, VenueError> {
    let mut request: WsRequest<'_> = serde_json::from_str(text).map_err(|error| bad_json(&error))?;
    if let Some(bare) = request.method.strip_prefix("v3/") {
        request.method = Cow::Owned(bare.to_owned());
    }
    Ok(request)
}

/// Reads a control request of a market-stream socket, for the local exchange. Codes: web-socket-streams.md, "Error messages".
pub fn control_request(text: &str) -> Result<ControlRequest, VenueError> {
    let request: ControlRequest = serde_json::from_str(text).map_err(|error| {
        let (code, what) = if error.is_data() { (2, "Invalid request") } else { (3, "Invalid JSON") };
        VenueError::new(code, format_args!("{what}: {error}"))
    })?;
    if !request.id.is_legal() {
        return Err(VenueError::new(2, "Invalid request: request ID must be an unsigned integer"));
    }
    Ok(request)
}

/// Reads the body of a REST answer or the result of a response. A key that stands twice counts once, the last one:
/// Binance's own documentation shows such an order.
pub fn answer<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    serde_json::from_str(text).or_else(|error| {
        let merged: serde_json::Value = serde_json::from_str(text)?;
        // The first error names line and column.
        serde_json::from_value(merged).map_err(|_| ParseError(error))
    })
}

impl Response<'_> {
    /// The result as `T`; or the refusal; or why the result cannot be read.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        match &self.0.error {
            Some(error) => Err(Answer::Refused { status: self.0.status, error: error.clone() }),
            None => answer(self.0.result.map_or("null", RawValue::get)).map_err(Answer::Unreadable),
        }
    }
}

/// Why a response has no result to work with.
#[derive(Debug, thiserror::Error)]
pub enum Answer {
    #[error("the venue refused ({status}): {} {}", error.code, error.msg)]
    Refused { status: u16, error: ErrorBody },
    #[error(transparent)]
    Unreadable(ParseError),
}

/// Results are compared as text.
impl PartialEq for Response<'_> {
    fn eq(&self, other: &Self) -> bool {
        let text = |response: &Self| response.0.result.map(RawValue::get).map(str::to_owned);
        text(self) == text(other)
            && (&self.0.id, self.0.status, &self.0.error, &self.0.rate_limits)
                == (&other.0.id, other.0.status, &other.0.error, &other.0.rate_limits)
    }
}

/// The keys by which a frame is told from another when it does not begin as Binance writes it.
#[derive(Debug, Deserialize)]
struct Probe<'a> {
    #[serde(borrow, default)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    /// bookTicker's update id and best bid's quantity; depthUpdate has an `e`.
    #[serde(rename = "B", default, deserialize_with = "present")]
    bid_quantity: bool,
    #[serde(rename = "A", default, deserialize_with = "present")]
    ask_quantity: bool,
    #[serde(rename = "lastUpdateId", default, deserialize_with = "present")]
    last_update_id: bool,
    #[serde(default, deserialize_with = "present")]
    result: bool,
    #[serde(default, deserialize_with = "present")]
    error: bool,
    #[serde(default, deserialize_with = "present")]
    code: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiEnvelope<'a> {
    #[serde(default)]
    id: RequestId,
    #[serde(default)]
    status: Option<u16>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<ErrorBody>,
    #[serde(default)]
    rate_limits: Option<Vec<RateLimitRow>>,
    #[serde(default)]
    subscription_id: Option<i64>,
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
}

fn event_of_probe<'a>(text: &'a str, probe: &Probe<'a>) -> Result<StreamEvent<'a>, ParseError> {
    if let Some(name) = &probe.e {
        return Ok(match name.as_ref() {
            AggTrade::EVENT => StreamEvent::AggTrade(serde_json::from_str(text)?),
            TradeEvent::EVENT => StreamEvent::Trade(serde_json::from_str(text)?),
            KlineEvent::EVENT => StreamEvent::Kline(serde_json::from_str(text)?),
            DepthUpdate::EVENT => StreamEvent::DepthUpdate(serde_json::from_str(text)?),
            ServerShutdown::EVENT => StreamEvent::Shutdown(serde_json::from_str(text)?),
            _ => StreamEvent::Other(name.clone()),
        });
    }
    if probe.bid_quantity && probe.ask_quantity {
        return Ok(StreamEvent::BookTicker(serde_json::from_str(text)?));
    }
    if probe.last_update_id {
        return Ok(StreamEvent::PartialDepth(serde_json::from_str(text)?));
    }
    if probe.result || probe.error || probe.code {
        return Ok(StreamEvent::Reply(serde_json::from_str(text)?));
    }
    Ok(StreamEvent::Other(Cow::Borrowed("")))
}

/// The stream's name and the text from the data's first byte on, when the frame begins as Binance writes it.
fn combined_start(text: &str) -> Option<(&str, &str)> {
    let (stream, rest) = text.strip_prefix("{\"stream\":\"")?.split_once('"')?;
    let data = rest.strip_prefix(",\"data\":")?;
    // A name with an escape goes the general way.
    (!stream.contains('\\')).then_some((stream, data))
}

/// The event's name, when the object begins with it as Binance writes it.
fn quick_name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("{\"e\":\"")?.split_once('"')?;
    (!name.contains('\\')).then_some(name)
}

/// Reads the hot events in one pass and returns what follows the object; `None` sends the frame the general way.
fn event_by_name(text: &str) -> Option<(StreamEvent<'_>, &str)> {
    if text.starts_with("{\"u\":") {
        return first_value(text, StreamEvent::BookTicker);
    }
    match quick_name(text)? {
        AggTrade::EVENT => first_value(text, StreamEvent::AggTrade),
        TradeEvent::EVENT => first_value(text, StreamEvent::Trade),
        KlineEvent::EVENT => first_value(text, StreamEvent::Kline),
        DepthUpdate::EVENT => first_value(text, StreamEvent::DepthUpdate),
        _ => None,
    }
}

fn first_value<'a, T: Deserialize<'a>>(
    text: &'a str,
    wrap: impl Fn(T) -> StreamEvent<'a>,
) -> Option<(StreamEvent<'a>, &'a str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    // An unreadable value goes the general way too, which finds the event in other clothes or reports the error.
    let value = values.next()?.ok()?;
    Some((wrap(value), &text[values.byte_offset()..]))
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn bad_json(error: &dyn std::fmt::Display) -> VenueError {
    VenueError::new(-1135, format_args!("Invalid JSON Request: {error}"))
}
