//! `Line`: the WebSocket-API connection itself, from its opening on: clock, lockstep, subscription, writing and polling.
//!
//! Invariant: a line is subscribed to the account's events; frames that came during its opening are kept in order.
//! Absent on purpose: what frames mean (`gateway`).
//! Source: web-socket-api.md, "Test connectivity", "User Data Stream subscribe (signature)".

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, SinkExt};
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::connection::{Pace, Timing};
use super::credentials::Credentials;
use super::endpoints::Address;
use super::error::Error;
use super::limiter::wall_now;
use super::socket::{self, Heard, Ws};
use super::symbols::SymbolTable;
use crate::domain::{Span, Time};
use crate::protocol::Params;
use crate::protocol::messages::lockstep::{LOCKSTEP, LockstepGranted};
use crate::protocol::messages::rest::ServerTime;
use crate::protocol::messages::ws_api::{RequestId, Subscription, WsRequest, method};
use crate::protocol::parse::{Answer, ApiContent, api_frame};

/// Ids below are those of the opening.
pub(super) const FIRST_FREE_ID: i64 = 10;
/// A clock that is off by less is left alone: Binance allows a second, and the measure has the network's noise.
const TOLERATED_OFFSET: Span = Span::from_millis(500);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// All that is needed to open the connection, again and again.
#[derive(Debug, Clone)]
pub(super) struct AccountDoor {
    pub address: Address,
    pub credentials: Credentials,
    pub symbols: Arc<SymbolTable>,
    pub pace: Pace,
    pub timing: Timing,
}

pub(super) struct Line {
    socket: Ws,
    /// Frames that came before the answer that the opening waited for.
    pub early: VecDeque<Utf8Bytes>,
    /// The venue's clock less ours.
    pub offset: Span,
    /// Only in lockstep.
    pub granted: Option<LockstepGranted>,
    unflushed: bool,
}

impl AccountDoor {
    /// A connection that is subscribed to the account's events, in lockstep if that is the pace.
    pub async fn open(&self) -> Result<Line, Error> {
        let opening = async {
            let socket = socket::open(&self.address, "", self.timing.connect).await?;
            let mut line = Line { socket, early: VecDeque::new(), offset: Span::ZERO, granted: None, unflushed: false };
            let now = match self.pace {
                Pace::Wall => {
                    let asked = wall_now();
                    let time: ServerTime = line.call(1, method::TIME, Params::new()).await?;
                    line.set_clock(Time::from_millis(time.server_time), asked, wall_now());
                    wall_now().plus(line.offset)
                }
                Pace::Lockstep { now } => {
                    let params = self.credentials.ws_params(Params::new(), now);
                    let granted: LockstepGranted = line.call(2, LOCKSTEP, params).await?;
                    let now = Time::from_millis(granted.now);
                    line.granted = Some(granted);
                    now
                }
            };
            let params = self.credentials.ws_params(Params::new(), now);
            let subscription: Subscription = line.call(3, method::SUBSCRIBE_SIGNATURE, params).await?;
            tracing::debug!(subscription = subscription.subscription_id, "subscribed to the account's events");
            Ok(line)
        };
        let late = || Error::unreachable("the account's connection", "its requests were not answered in time");
        tokio::time::timeout(self.timing.connect, opening).await.unwrap_or_else(|_| Err(late()))
    }
}

impl Line {
    /// Writes a request. Its way out is finished by `poll`.
    pub async fn request(&mut self, id: i64, method: &str, params: Params) -> Result<(), String> {
        let request = WsRequest::new(RequestId::Number(id), method, params);
        let text = serde_json::to_string(&request).map_err(|error| error.to_string())?;
        self.write(text).await
    }

    pub async fn write(&mut self, text: String) -> Result<(), String> {
        self.unflushed = true;
        self.socket.feed(Message::text(text)).await.map_err(|error| error.to_string())
    }

    pub fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Flushes what was written, then reads if it may. Writing never waits for reading, nor reading for writing.
    pub fn poll(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<Heard> {
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    return Poll::Ready(Heard::Flushed);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Heard::Lost(error.to_string())),
                Poll::Pending => {}
            }
        }
        if may_read { socket::poll_heard(&mut self.socket, cx) } else { Poll::Pending }
    }

    /// Takes the venue's clock, which it read between `asked` and `answered` of ours.
    pub fn set_clock(&mut self, venue: Time, asked: Time, answered: Time) {
        let middle = Time(asked.0 + answered.since(asked).0 / 2);
        let offset = venue.since(middle);
        let is_off = offset.0.saturating_abs() > TOLERATED_OFFSET.0;
        self.offset = if is_off { offset } else { Span::ZERO };
        if is_off {
            tracing::warn!(ms = offset.millis(), "the clock here is off from the venue's by");
        }
    }

    pub async fn close(&mut self) {
        // A peer that does not answer the farewell is closed without it.
        let _ = tokio::time::timeout(FAREWELL, self.socket.close(None)).await;
    }

    /// Asks and waits for the answer, keeping whatever else comes.
    async fn call<T: DeserializeOwned>(&mut self, id: i64, method: &str, params: Params) -> Result<T, Error> {
        let lost = |why: String| Error::unreachable("the account's connection", why);
        self.request(id, method, params).await.map_err(lost)?;
        self.socket.flush().await.map_err(|error| lost(error.to_string()))?;
        self.unflushed = false;
        loop {
            let text = match socket::next(&mut self.socket).await {
                Heard::Text(text) => text,
                Heard::Alive | Heard::Flushed => continue,
                Heard::Lost(why) => return Err(lost(why)),
            };
            let frame = api_frame(&text).map_err(|error| lost(error.to_string()))?;
            let response = match frame.content {
                ApiContent::Response(response) if response.0.id == RequestId::Number(id) => response,
                // An answer without its id: the venue could not even read the request.
                ApiContent::Response(response) if response.0.error.is_some() => response,
                ApiContent::Response(_) | ApiContent::User(_) | ApiContent::Other => {
                    self.early.push_back(text);
                    continue;
                }
            };
            return response.read().map_err(|answer| match answer {
                Answer::Refused { error, .. } => {
                    let wait = error.retry_after().map(|until| until.since(wall_now()));
                    Error::of(&error.to_venue_error(), wait)
                }
                Answer::Unreadable(error) => Error::Fatal(format!("the answer to {method} is unreadable: {error}")),
            });
        }
    }
}
