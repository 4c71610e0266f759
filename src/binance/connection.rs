//! `connect`: both sockets of an account, up and subscribed; `start`: their tasks.
//!
//! Invariant: when `connect` returns, no event that happens from now on is missed, and none is read before `start`.
//! Absent on purpose: what the driver does with events.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::backoff::Backoff;
use super::credentials::Credentials;
use super::endpoints::Endpoints;
use super::error::Error;
use super::gateway::Gateway;
use super::line::{AccountDoor, Line};
use super::market_stream::{MarketDoor, MarketStream};
use super::socket::Outlet;
use super::symbols::SymbolTable;
use crate::domain::{Seed, Span, Symbol, Time};
use crate::engine::ports::{Event, Outgoing};

/// What to connect to, as whom, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub endpoints: Endpoints,
    pub credentials: Credentials,
    /// In the order of their ids.
    pub symbols: Vec<Symbol>,
    pub pace: Pace,
    pub timing: Timing,
    /// For the jitter of reconnections.
    pub seed: Seed,
}

/// Whose time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The operating system's. Sockets are opened again when they are lost.
    Wall,
    /// Lockstep with a local exchange, whose clock shows `now` (`Rest::time`). A lost socket is the end.
    Lockstep { now: Time },
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Opening a socket, with all its requests.
    pub connect: Duration,
    /// An order's answer; Binance itself gives up after ten seconds.
    pub answer: Duration,
    /// A socket that says nothing for so long is lost; Binance pings every 20 seconds.
    pub silence: Duration,
    /// Between the first loss and the first attempt, and the most.
    pub first_pause: Span,
    pub longest_pause: Span,
    /// Lockstep: how long a lost market socket waits for the end of the market on the other.
    pub last_words: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            first_pause: Span::from_millis(500),
            longest_pause: Span::from_seconds(60),
            last_words: Duration::from_millis(500),
        }
    }
}

/// Both sockets, not yet read.
pub struct Connected {
    /// Lockstep: the exchange's virtual time.
    pub now: Option<Time>,
    market: MarketStream,
    line: Line,
    door: AccountDoor,
    backoff: Backoff,
}

/// The tasks of both sockets; they end with the driver's queues, or when this is dropped.
#[derive(Debug)]
pub struct Running {
    market: JoinHandle<()>,
    gateway: JoinHandle<()>,
}

/// Opens and subscribes both sockets.
pub async fn connect(plan: Plan) -> Result<Connected, Error> {
    let symbols = Arc::new(SymbolTable::new(plan.symbols));
    let timing = plan.timing;
    let backoff = |name| Backoff::new(timing.first_pause, timing.longest_pause, plan.seed, name);
    let door = AccountDoor {
        address: plan.endpoints.ws_api,
        credentials: plan.credentials,
        symbols: Arc::clone(&symbols),
        pace: plan.pace,
        timing,
    };
    let line = door.open().await?;
    let token = line.granted.as_ref().map(|granted| granted.stream_token.clone());
    let now = line.granted.as_ref().map(|granted| Time::from_millis(granted.now));
    let market_door = MarketDoor { address: plan.endpoints.streams, symbols, timing, token };
    let market =
        MarketStream { socket: market_door.open().await?, door: market_door, backoff: backoff("market stream") };
    Ok(Connected { now, market, line, door, backoff: backoff("gateway") })
}

impl Connected {
    /// Begins to read. In lockstep this sends ack 0, upon which the exchange begins.
    pub fn start(self, events: mpsc::Sender<Event>, outgoing: mpsc::Receiver<Outgoing>) -> Running {
        let market = self.market.run(Outlet::new(events.clone()));
        let gateway = Gateway::new(self.line, self.door, self.backoff, Outlet::new(events));
        Running { market: tokio::spawn(market), gateway: tokio::spawn(gateway.run(outgoing)) }
    }
}

impl Running {
    /// Ends both tasks and waits until their sockets are closed.
    pub async fn stop(mut self) {
        self.market.abort();
        self.gateway.abort();
        for task in [&mut self.market, &mut self.gateway] {
            if let Err(error) = task.await
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.market.abort();
        self.gateway.abort();
    }
}
