//! The client of Binance's venue: REST, market stream, and one WebSocket-API connection for orders and account events.
//!
//! Invariant: an order is written to a socket at most once; whatever is not known for certain is `Outcome::Unknown`.
//! Absent on purpose: any trading decision, and TLS: until the feature `venue` is finished, venues are on this machine.
//!
//! The order of use: [`Rest`] for rules and history, [`connect`] for both sockets, then [`Connected::start`] with the
//! queues of the driver. `Event`, `Outgoing` and `Request` have the shapes of the driver's own wires, and `start` takes
//! the conversions, so that no task stands between a socket and the driver.

pub mod backoff;
mod connection;
pub mod credentials;
pub mod endpoints;
pub mod error;
mod gateway;
mod in_flight;
pub mod limiter;
mod line;
mod market_stream;
mod outcome;
pub mod rest;
mod socket;
mod symbols;
mod user_stream;

pub use connection::{Connected, Pace, Plan, Running, Timing, Wires, connect};
pub use credentials::Credentials;
pub use endpoints::{EndpointError, Endpoints};
pub use error::Error;
pub use limiter::Limiter;
pub use rest::Rest;

use crate::domain::{ClientOrderId, SymbolId, Time};
use crate::engine::risk::{Approved, Payload};
use crate::engine::{Answer, Input};

/// What the sockets tell the driver.
#[derive(Debug)]
pub enum Event {
    /// Something happened: `time` is the market's event time E (bookTicker has none), a report's transaction time T, a
    /// balance's time u. In lockstep it carries its number and wants an ack.
    Input { time: Option<Time>, input: Input, sequence: Option<u64> },
    /// Something numbered that tells the engine nothing (a forming bar, a list status): only acked.
    Silent { sequence: Option<u64> },
    /// The answer to a request.
    Answer { time: Option<Time>, answer: Answer },
    /// The market has no more events (a finished recording; lockstep only).
    MarketEnded,
    /// A connection came up or went down. Bars and reports of the time between must be fetched over REST.
    Link { socket: Socket, state: LinkState },
    /// The client cannot go on; the sentence says why.
    Failed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    Market,
    /// Orders and account events.
    Account,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    Up,
    Down { why: String },
}

/// What the driver asks.
#[derive(Debug)]
pub enum Outgoing {
    /// Signed with this time.
    Request { now: Time, request: Request },
    /// Lockstep: the step for this event is done and its requests are answered.
    Ack { sequence: u64 },
}

/// What the venue is asked.
#[derive(Debug)]
pub enum Request {
    Submit(Approved),
    Cancel { symbol: SymbolId, client_id: ClientOrderId },
    Query { symbol: SymbolId, client_id: ClientOrderId },
}

impl Request {
    /// The id that the answer will carry.
    pub fn client_id(&self) -> &ClientOrderId {
        match self {
            Request::Submit(approved) => approved.payload().client_id(),
            Request::Cancel { client_id, .. } | Request::Query { client_id, .. } => client_id,
        }
    }

    fn symbol(&self) -> SymbolId {
        match self {
            Request::Submit(approved) => match approved.payload() {
                Payload::Order(order) => order.symbol,
                Payload::Oco(oco) => oco.symbol,
            },
            Request::Cancel { symbol, .. } | Request::Query { symbol, .. } => *symbol,
        }
    }
}
