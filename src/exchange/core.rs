//! The core: the one task that owns the venue, the connections and the order in which things are said.
//!
//! Invariant: requests and market steps take turns; in lockstep at most one numbered frame is unanswered.
//! Absent on purpose: sockets (`server`) and what a call answers (`calls`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use super::lockstep::Lockstep;
use super::market_source::time_of;
use super::pacing::{Pacing, Speed};
use super::server::Counters;
use super::streams::{self, Published, Stream, StreamKind};
use super::venue::Venue;
use super::{reports, rest, ws_api};
use crate::domain::{Span, SymbolId, Time};
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::lockstep::number_frame;
use crate::simulator::{AccountId, MinuteStep, VenueEvent};

/// What the sockets tell the core.
pub enum Knock {
    Rest { request: rest::RestRequest, reply: oneshot::Sender<rest::RestReply> },
    Open { connection: ConnectionId, socket: Socket, outgoing: mpsc::Sender<String> },
    Text { connection: ConnectionId, text: String },
    Closed { connection: ConnectionId },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What a client opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Socket {
    /// Market streams by name; `combined` wraps each event with its stream's name.
    Streams { names: Vec<String>, combined: bool, unit: TimeUnit, token: Option<String> },
    /// `with_limits`: answers carry the rate limits unless a request says otherwise.
    WsApi { unit: TimeUnit, with_limits: bool },
}

pub struct Core {
    pub(super) venue: Venue,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) lockstep: Option<Lockstep>,
    pub(super) counters: Arc<Counters>,
    outbox: VecDeque<Outbound>,
    pacing: Pacing,
    /// The market waits for a lockstep client.
    hold: bool,
    has_ended: bool,
}

pub struct Connection {
    pub kind: ConnectionKind,
    outgoing: mpsc::Sender<String>,
}

pub enum ConnectionKind {
    Streams {
        streams: Vec<(Stream, String)>,
        combined: bool,
        unit: TimeUnit,
    },
    /// User data subscriptions by id.
    WsApi {
        subscriptions: BTreeMap<u64, AccountId>,
        next_subscription: u64,
        unit: TimeUnit,
        with_limits: bool,
    },
}

/// What is to be said, in order.
enum Outbound {
    Market(Published),
    User { account: AccountId, event: VenueEvent },
    Ended,
}

/// When the next thing happens.
enum Next {
    Now,
    At(Instant),
    /// Only when somebody knocks.
    Never,
}

/// From a bar's close to the open of the bar that follows it without a gap, and more.
const AT_ONCE: Span = Span::from_millis(1);
/// A client that does not read for this long is cut off.
const PATIENCE: Duration = Duration::from_secs(5);

impl Core {
    pub fn new(venue: Venue, speed: Speed, hold: bool, counters: Arc<Counters>) -> Core {
        Core {
            venue,
            connections: BTreeMap::new(),
            lockstep: None,
            counters,
            outbox: VecDeque::new(),
            pacing: Pacing::new(speed),
            hold: hold || speed == Speed::Max,
            has_ended: false,
        }
    }

    /// Runs until told to stop or until nobody can knock any more.
    pub async fn run(mut self, mut knocks: mpsc::Receiver<Knock>, mut stop: oneshot::Receiver<()>) {
        loop {
            let next = self.next();
            let wait = async move {
                match next {
                    Next::Now => {}
                    Next::At(due) => tokio::time::sleep_until(due.into()).await,
                    Next::Never => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = &mut stop => return,
                knock = knocks.recv() => match knock {
                    Some(knock) => self.answer(knock).await,
                    None => return,
                },
                () = wait => self.advance().await,
            }
        }
    }

    fn next(&mut self) -> Next {
        if self.lockstep.as_ref().is_some_and(Lockstep::is_waiting) {
            return Next::Never;
        }
        if !self.outbox.is_empty() {
            return Next::Now;
        }
        if self.has_ended || (self.hold && self.lockstep.is_none()) {
            return Next::Never;
        }
        match self.venue.market.peek() {
            Ok(Some(step)) => {
                let now = Instant::now();
                let due = self.pacing.due(time_of(step), now);
                if due <= now { Next::Now } else { Next::At(due) }
            }
            Ok(None) => self.end(),
            Err(error) => {
                tracing::error!("the market's source failed: {error}");
                self.counters.fail(error.to_string());
                self.end()
            }
        }
    }

    fn end(&mut self) -> Next {
        self.has_ended = true;
        self.outbox.push_back(Outbound::Ended);
        Next::Now
    }

    /// Says the next thing, or lets the market take its next step.
    async fn advance(&mut self) {
        if let Some(outbound) = self.outbox.pop_front() {
            return self.say(outbound).await;
        }
        let Some(time) = self.step() else { return };
        // Between a close and the open that follows at once no taker could be filled. Only a lockstep client meets the
        // market there; for all others the two are one, and the symbols move together.
        if self.lockstep.is_some() {
            return;
        }
        while self.follows_at_once(time) {
            self.step();
        }
        // A market that is faster than this machine must not keep the sockets from their turn.
        tokio::task::yield_now().await;
    }

    /// Lets the market take its next step; answers when that was.
    fn step(&mut self) -> Option<Time> {
        let step = self.venue.market.take().ok().flatten()?;
        let published = match step {
            MinuteStep::Move { symbol, point, volume } => {
                let wanted = self.wanted(symbol, true);
                streams::move_to(&mut self.venue, symbol, point, volume, &wanted)
            }
            MinuteStep::Close { symbol, bar } => {
                self.venue.now = bar.close_time();
                streams::close(&self.venue, symbol, &bar, &self.wanted(symbol, false))
            }
        };
        self.outbox.extend(published.into_iter().map(Outbound::Market));
        self.collect_events();
        Some(time_of(&step))
    }

    fn follows_at_once(&mut self, time: Time) -> bool {
        self.venue.market.peek().ok().flatten().is_some_and(|next| time_of(next).since(time) <= AT_ONCE)
    }

    /// The streams of a symbol that somebody hears.
    fn wanted(&self, symbol: SymbolId, forming: bool) -> BTreeSet<Stream> {
        // A lockstep client is spared the bars that are still being made.
        let spared = self.lockstep.as_ref().and_then(|lockstep| lockstep.stream).filter(|_| forming);
        let is_spared =
            |id: ConnectionId, stream: &Stream| Some(id) == spared && matches!(stream.kind, StreamKind::Kline(_));
        let mut wanted = BTreeSet::new();
        for (id, connection) in &self.connections {
            let heard = connection.streams().iter().map(|(stream, _)| *stream);
            wanted.extend(heard.filter(|stream| stream.symbol == symbol && !is_spared(*id, stream)));
        }
        wanted
    }

    /// Queues what the simulator has to say to accounts.
    pub(super) fn collect_events(&mut self) {
        while let Some((account, event)) = self.venue.simulator.next_event() {
            if let VenueEvent::Report(report) = &event {
                let is_first_fill = report.trade_id.is_some() && report.filled == report.last_quantity;
                if is_first_fill {
                    let now = self.server_time();
                    self.venue.limits.first_fill(now);
                }
            }
            self.outbox.push_back(Outbound::User { account, event });
        }
    }

    async fn say(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Market(published) => self.publish(published).await,
            Outbound::User { account, event } => self.report(account, &event).await,
            Outbound::Ended => {
                let text = format!(r#"{{"event":{{"e":"kestrelMarketEnded","E":{}}}}}"#, self.venue.now.millis());
                if let Some(api) = self.lockstep.as_ref().map(|lockstep| lockstep.api) {
                    self.send(api, text, true).await;
                }
            }
        }
    }

    async fn publish(&mut self, published: Published) {
        let hears = |connection: &Connection| connection.frame_of(&published);
        let frames: Vec<(ConnectionId, String)> =
            self.connections.iter().filter_map(|(id, connection)| Some((*id, hears(connection)?))).collect();
        for (id, text) in frames {
            let in_lockstep = self.lockstep.as_ref().is_some_and(|lockstep| lockstep.stream == Some(id));
            if !(in_lockstep && published.is_forming) {
                self.send(id, text, in_lockstep).await;
            }
        }
    }

    async fn report(&mut self, account: AccountId, event: &VenueEvent) {
        let numbered = match event {
            VenueEvent::Report(report) => Some(reports::number(&mut self.venue, report)),
            VenueEvent::Balances(_) | VenueEvent::List(_) => None,
        };
        let text = |unit| match (event, &numbered) {
            (VenueEvent::Report(report), Some(numbered)) => {
                reports::report_event(&self.venue, account, report, numbered, unit)
            }
            (VenueEvent::Report(_), None) => String::new(),
            (VenueEvent::Balances(update), _) => reports::balances_event(update, unit),
            (VenueEvent::List(list), _) => reports::list_event(&self.venue, list, unit),
        };
        let mut frames = Vec::new();
        for (id, connection) in &self.connections {
            if let ConnectionKind::WsApi { subscriptions, unit, .. } = &connection.kind {
                if !subscriptions.values().any(|holder| *holder == account) {
                    continue;
                }
                let text = text(*unit);
                let of_account = subscriptions.iter().filter(|(_, holder)| **holder == account);
                frames.extend(
                    of_account.map(|(subscription, _)| {
                        (*id, format!(r#"{{"subscriptionId":{subscription},"event":{text}}}"#))
                    }),
                );
            }
        }
        for (id, text) in frames {
            let in_lockstep = self.lockstep.as_ref().is_some_and(|lockstep| lockstep.api == id);
            self.send(id, text, in_lockstep).await;
        }
    }

    async fn answer(&mut self, knock: Knock) {
        match knock {
            Knock::Rest { request, reply } => {
                let answer = rest::answer(self, &request);
                self.collect_events();
                // A client that went away needs no answer.
                reply.send(answer).unwrap_or_default();
            }
            Knock::Open { connection, socket, outgoing } => self.open(connection, socket, outgoing),
            Knock::Text { connection, text } => {
                self.counters.count_received();
                let is_api = match self.connections.get(&connection).map(|c| &c.kind) {
                    Some(ConnectionKind::WsApi { .. }) => true,
                    Some(ConnectionKind::Streams { .. }) => false,
                    None => return,
                };
                let reply = if is_api {
                    ws_api::answer(self, connection, &text)
                } else {
                    Some(ws_api::control(self, connection, &text))
                };
                self.collect_events();
                if let Some(reply) = reply {
                    self.send(connection, reply, false).await;
                }
            }
            Knock::Closed { connection } => self.forget(connection),
        }
    }

    fn open(&mut self, id: ConnectionId, socket: Socket, outgoing: mpsc::Sender<String>) {
        let kind = match socket {
            Socket::WsApi { unit, with_limits } => {
                ConnectionKind::WsApi { subscriptions: BTreeMap::new(), next_subscription: 0, unit, with_limits }
            }
            Socket::Streams { names, combined, unit, token } => {
                if let Some(lockstep) = &mut self.lockstep
                    && token.as_deref() == Some(lockstep.token.as_str())
                {
                    lockstep.stream = Some(id);
                }
                let streams = names.into_iter().filter_map(|name| Some((self.stream(&name, unit)?, name))).collect();
                ConnectionKind::Streams { streams, combined, unit }
            }
        };
        self.connections.insert(id, Connection { kind, outgoing });
    }

    pub(super) fn stream(&self, name: &str, unit: TimeUnit) -> Option<Stream> {
        Stream::parse(name, unit, |symbol| self.symbol_id_in_any_case(symbol))
    }

    /// Stream names are lower-cased, also where a symbol is not ASCII.
    fn symbol_id_in_any_case(&self, upper: &str) -> Option<SymbolId> {
        let found = self.venue.rules.iter().position(|rules| rules.symbol.as_str().to_uppercase() == upper);
        found.map(|at| SymbolId(at as u16))
    }

    fn forget(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
        if self.lockstep.as_ref().is_some_and(|lockstep| lockstep.api == id || lockstep.stream == Some(id)) {
            self.lockstep = None;
        }
    }

    async fn send(&mut self, id: ConnectionId, mut text: String, in_lockstep: bool) {
        if in_lockstep && let Some(lockstep) = &mut self.lockstep {
            number_frame(&mut text, lockstep.number(self.venue.now));
        }
        let Some(connection) = self.connections.get(&id) else { return };
        self.counters.count_sent();
        let is_sent = match connection.outgoing.try_send(text) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(text)) => {
                matches!(tokio::time::timeout(PATIENCE, connection.outgoing.send(text)).await, Ok(Ok(())))
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        };
        if !is_sent {
            self.forget(id);
        }
    }

    /// The time by which limits are counted: virtual in lockstep, else the operating system's.
    pub(super) fn server_time(&self) -> Time {
        if self.lockstep.is_some() { self.venue.now } else { os_time() }
    }

    /// The clocks by which a signed request may be timed: in lockstep also the virtual one, here and as far as the client
    /// has come.
    pub(super) fn clocks(&self) -> [Time; 3] {
        let now = self.server_time();
        [now, self.lockstep.as_ref().and_then(Lockstep::client_time).unwrap_or(now), os_time()]
    }
}

impl Connection {
    fn streams(&self) -> &[(Stream, String)] {
        match &self.kind {
            ConnectionKind::Streams { streams, .. } => streams,
            ConnectionKind::WsApi { .. } => &[],
        }
    }

    /// The frame that this connection gets of it, if it hears the stream.
    fn frame_of(&self, published: &Published) -> Option<String> {
        let ConnectionKind::Streams { streams, combined, .. } = &self.kind else { return None };
        let (_, name) = streams.iter().find(|(heard, _)| *heard == published.stream)?;
        Some(if *combined { streams::combined(name, &published.data) } else { published.data.clone() })
    }
}

fn os_time() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
