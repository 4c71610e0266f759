//! A WebSocket to the venue: opened with TCP_NODELAY, polled for frames, and the queue into which its events go.
//!
//! Invariant: a ping is answered and counts as a sign of life; a close frame, an error and an end are all `Lost`.
//! Absent on purpose: TLS and proxies.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::endpoints::Address;
use super::error::Error;
use crate::engine::ports::Event;

pub(super) type Ws = WebSocketStream<TcpStream>;

/// What came out of a socket.
#[derive(Debug)]
pub(super) enum Heard {
    Text(Utf8Bytes),
    /// A ping, a pong or a binary frame.
    Alive,
    /// What was to be written is written.
    Flushed,
    /// The socket is of no more use.
    Lost(String),
}

/// What a frame means for its socket.
#[derive(Debug)]
pub(super) enum Reading {
    Event(Event),
    Nothing,
    /// The venue asks for a new connection.
    Reopen(String),
}

impl Reading {
    /// A frame without news: in lockstep it is acked all the same.
    pub fn silent(sequence: Option<u64>) -> Reading {
        match sequence {
            Some(_) => Reading::Event(Event::Silent { sequence }),
            None => Reading::Nothing,
        }
    }
}

/// Connects to `address` with `rest` (path and query) at its end.
pub(super) async fn open(address: &Address, rest: &str, limit: Duration) -> Result<Ws, Error> {
    let url = address.url(rest);
    let unreachable = |why: &dyn std::fmt::Display| Error::unreachable(&format!("{address:?}"), why);
    let opening = async {
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(|e| unreachable(&e))?;
        // Acks and orders are small and must not wait for each other.
        stream.set_nodelay(true).map_err(|e| unreachable(&e))?;
        let (socket, _) = client_async(url, stream).await.map_err(|e| refused(address, &e))?;
        Ok(socket)
    };
    match tokio::time::timeout(limit, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(unreachable(&"no answer in time")),
    }
}

/// The next thing that a socket says.
pub(super) fn poll_heard(socket: &mut Ws, cx: &mut Context<'_>) -> Poll<Heard> {
    Pin::new(socket).poll_next(cx).map(heard)
}

pub(super) async fn next(socket: &mut Ws) -> Heard {
    heard(socket.next().await)
}

fn heard(message: Option<Result<Message, WsError>>) -> Heard {
    match message {
        Some(Ok(Message::Text(text))) => Heard::Text(text),
        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Alive,
        Some(Ok(Message::Close(Some(frame)))) => Heard::Lost(format!("closed by the venue: {frame}")),
        Some(Ok(Message::Close(None))) => Heard::Lost("closed by the venue".to_owned()),
        Some(Err(error)) => Heard::Lost(error.to_string()),
        None => Heard::Lost("the connection ended".to_owned()),
    }
}

/// A handshake that the venue answers by HTTP: 429 and 418 say that we connect too often.
fn refused(address: &Address, error: &WsError) -> Error {
    if let WsError::Http(response) = error {
        let status = response.status().as_u16();
        let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let named = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let refusal = crate::protocol::VenueError::from_answer(status, &body);
        return match Error::of(&refusal, named.and_then(crate::protocol::weights::retry_after)) {
            // Nothing was executed by a handshake.
            Error::OutcomeUnknown { why } => Error::unreachable(&format!("{address:?}"), why),
            known @ (Error::Retry { .. } | Error::Rejected { .. } | Error::Fatal(_)) => known,
        };
    }
    Error::unreachable(&format!("{address:?}"), error)
}

/// The driver's queue of events.
pub(super) struct Outlet {
    pub sender: mpsc::Sender<Event>,
    /// What found no room; while it is not empty, its socket is not read.
    pub backlog: VecDeque<Event>,
}

impl Outlet {
    pub fn new(sender: mpsc::Sender<Event>) -> Outlet {
        Outlet { sender, backlog: VecDeque::new() }
    }

    /// Waits for room. False when the driver is gone.
    pub async fn send(&mut self, event: Event) -> bool {
        self.sender.send(event).await.is_ok()
    }

    /// Waits for room for the oldest of the backlog. False when the driver is gone. Nothing is lost when it is dropped.
    pub async fn relieve(&mut self) -> bool {
        let Ok(room) = self.sender.reserve().await else { return false };
        if let Some(event) = self.backlog.pop_front() {
            room.send(event);
        }
        true
    }

    /// Does not wait: without room the event stands in the backlog.
    pub fn deliver(&mut self, event: Event) {
        if !self.backlog.is_empty() {
            self.backlog.push_back(event);
            return;
        }
        if let Err(full) = self.sender.try_send(event) {
            // A driver that is gone shows itself when the backlog is sent.
            self.backlog.push_back(full.into_inner());
        }
    }
}
