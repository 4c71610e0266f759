//! The local exchange on loopback: Binance's REST, streams and WebSocket API around the simulator.
//!
//! Invariant: a Binance client cannot tell it from Binance on the paths that it serves.
//! Absent on purpose: any knowledge of who trades and why.

pub mod auth;
pub mod calls;
mod core;
pub mod limits;
mod lockstep;
pub mod market_source;
pub mod pacing;
pub mod reports;
mod rest;
mod server;
pub mod streams;
pub mod venue;
mod ws_api;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::domain::{Money, Seed, SymbolRules};
use crate::engine::ports::{BarSource, SourceError};
use crate::simulator;

pub use pacing::Speed;
pub use server::{Counters, Counts};

/// What an exchange is made of.
pub struct Settings {
    /// Zero takes a free port.
    pub port: u16,
    pub rules: Vec<SymbolRules>,
    pub source: Box<dyn BarSource + Send>,
    pub venue: simulator::Settings,
    pub speed: Speed,
    /// The market waits for a lockstep client. At `Speed::Max` it always does.
    pub hold: bool,
    pub key: KeyPair,
    /// Quote currency of the one account.
    pub balance: Money,
}

/// An API key and its secret; on loopback neither opens anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    pub key: String,
    pub secret: String,
}

/// A running exchange on a thread of its own; dropping it stops it.
pub struct Exchange {
    pub address: SocketAddr,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error(
        "port {port} on 127.0.0.1 cannot be taken ({error}); another program may use it: choose another --port, or 0 for a free one"
    )]
    Port { port: u16, error: std::io::Error },
    #[error("the exchange cannot start its thread ({0})")]
    Thread(std::io::Error),
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Queue of knocks on the core: when full, sockets wait.
const KNOCKS: usize = 1_024;

impl KeyPair {
    /// A pair that is a function of the seed.
    pub fn of(seed: Seed) -> KeyPair {
        let text = |name: &str| {
            let parts = (0..4).map(|part| format!("{:016x}", seed.number(&format!("{name} {part}"))));
            parts.collect::<String>()
        };
        KeyPair { key: text("exchange api key"), secret: text("exchange api secret") }
    }
}

impl Exchange {
    /// Binds, starts and returns once the port is open.
    pub fn start(settings: Settings) -> Result<Exchange, ExchangeError> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let counters = Arc::new(Counters::default());
        let counting = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("exchange".to_owned())
            .spawn(move || serve(settings, counting, stopped, &ready))
            .map_err(ExchangeError::Thread)?;
        let address = is_ready.recv().unwrap_or_else(|_| {
            Err(ExchangeError::Thread(std::io::Error::other("it ended before its port was open")))
        })?;
        Ok(Exchange { address, counters, stop: Some(stop), thread: Some(thread) })
    }

    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Why the market ended before its time; `None` when it did not.
    pub fn failure(&self) -> Option<&str> {
        self.counters.failure()
    }

    pub fn rest_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `/ws` and `/stream` follow.
    pub fn stream_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub fn ws_api_url(&self) -> String {
        format!("ws://{}/ws-api/v3", self.address)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            stop.send(()).unwrap_or_default();
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the exchange's thread panicked");
        }
    }
}

type Ready = std::sync::mpsc::Sender<Result<SocketAddr, ExchangeError>>;

fn serve(settings: Settings, counters: Arc<Counters>, stop: oneshot::Receiver<()>, ready: &Ready) {
    let result = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ExchangeError::Thread);
    let started = result.and_then(|runtime| {
        let port = settings.port;
        let core = open(settings, counters)?;
        let listener = runtime.block_on(server::bind(port)).map_err(|error| ExchangeError::Port { port, error })?;
        let address = listener.local_addr().map_err(|error| ExchangeError::Port { port, error })?;
        Ok((runtime, core, listener, address))
    });
    match started {
        Err(error) => ready.send(Err(error)).unwrap_or_default(),
        Ok((runtime, core, listener, address)) => {
            ready.send(Ok(address)).unwrap_or_default();
            runtime.block_on(async move {
                let (knocks, knocked) = mpsc::channel(KNOCKS);
                let serving = tokio::spawn(server::serve(listener, knocks));
                core.run(knocked, stop).await;
                serving.abort();
            });
        }
    }
}

fn open(settings: Settings, counters: Arc<Counters>) -> Result<core::Core, ExchangeError> {
    let market = market_source::Market::open(settings.source, settings.rules.len())?;
    let mut venue = venue::Venue::new(settings.rules, market, settings.venue);
    venue.open_account(&settings.key.key, &settings.key.secret, settings.balance);
    Ok(core::Core::new(venue, settings.speed, settings.hold, counters))
}
