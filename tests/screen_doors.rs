//! The doors of the screen: commands and settings steered into a run over real sockets, snapshots and links out of it.
//!
//! Invariant: what a person steers stands in the journal, and its replay ends in the same state.
//! Absent on purpose: keys and drawing.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kestrel::app::{self, market::MarketPlan};
use kestrel::binance::{self, Credentials, Endpoints, Pace, Plan, Rest, Timing};
use kestrel::config::{Config, Speed};
use kestrel::domain::{BookTop, Command, MarketEvent, Price, Quantity, Seed, Span, SymbolId};
use kestrel::engine::instrument::Desk;
use kestrel::engine::orders::{OrderState, Purpose};
use kestrel::engine::ports::{Event, Journal};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Input, Notice, Settings, Snapshot, Start};
use kestrel::journal::{JournalReader, JournalWriter};
use kestrel::runtime::clock::Clock;
use kestrel::runtime::live::{EndReason, Live, LiveEnd, live};
use kestrel::runtime::replay::replay;
use kestrel::runtime::wires::{DoorWires, Link, Links, STEERING, ScreenSenders, Steering, wires};
use tempfile::tempdir;
use tokio::sync::{mpsc, oneshot, watch};

use crate::support::{START, Scenario, ratio};

const PATIENCE: Duration = Duration::from_secs(60);

fn config(speed: Speed) -> Config {
    let mut config = Config::embedded().expect("the shipped settings");
    config.speed = speed;
    config.symbols.truncate(1);
    (config.trend_fast, config.trend_slow, config.min_hold_minutes) = (1, 2, 0);
    // So far away that only a person takes them off.
    (config.stop_loss_percent, config.take_profit_percent) = (9.0, 9.0);
    config
}

/// The person at the screen of one run.
struct Person {
    steering: mpsc::Sender<Steering>,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Person {
    /// The first snapshot that is as described.
    async fn sees(&mut self, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let wait = self.snapshots.wait_for(|snapshot| snapshot.as_ref().is_some_and(|snapshot| is_so(snapshot)));
        let seen = tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never seen: {what}"));
        seen.expect("the run goes on").clone().expect("a snapshot")
    }

    /// Steers and reads the engine's answer.
    async fn steers(&mut self, steering: Steering) -> Notice {
        let before = self.snapshots.borrow().as_ref().map_or(0, |snapshot| snapshot.history.replied);
        self.steering.try_send(steering.clone()).expect("the queue has room");
        let answered = self.sees(&format!("{steering:?}"), |snapshot| snapshot.history.replied > before).await;
        answered.history.replies.back().expect("an answer").1.clone()
    }

    async fn commands(&mut self, command: Command) {
        let notice = self.steers(Steering::Command(command.clone())).await;
        assert_eq!(notice, Notice::CommandAccepted { command });
    }

    /// Until the run ends by itself.
    async fn waits(self) {
        self.steering.closed().await;
    }

    fn leaves(&mut self) {
        self.stop.take().expect("once").send(()).expect("the run goes on");
    }
}

/// A demo over loopback with a person at its screen.
fn demo<F: Future<Output = ()>>(
    config: &Config,
    bars: u64,
    screen: &ScreenSenders,
    journal: Option<Box<dyn Journal>>,
    person: impl FnOnce(Person) -> F,
) -> LiveEnd {
    let seed = Seed(12);
    let market = MarketPlan { data: None, seed, warmup_bars: config.warmup_bars, anchor: None, bars: Some(bars) };
    let (exchange, key) = app::exchange::start(config, market, 0, true).expect("an exchange");
    let endpoints = Endpoints::loopback(&exchange.rest_url(), &exchange.stream_url(), &exchange.ws_api_url());
    let endpoints = endpoints.expect("addresses");
    let credentials = Credentials::new(&key.key, &key.secret);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    runtime.block_on(async {
        let mut rest = Rest::new(&endpoints, credentials.clone()).expect("a client");
        let now = rest.time().await.expect("the time");
        let symbols = config.symbols.clone();
        let (pace, timing) = (Pace::Lockstep { now }, Timing::default());
        let connected = binance::connect(Plan { endpoints, credentials, symbols, pace, timing, seed }).await;
        let connected = connected.expect("both sockets");
        let now = connected.now.expect("virtual time");
        let start = Start {
            session: app::session(seed),
            rules: rest.rules(&config.symbols).await.expect("rules"),
            settings: app::engine_settings(config, &Default::default()),
            balances: rest.balances(now).await.expect("balances").balances,
            history: vec![
                rest.klines(&config.symbols[0], now.plus(Span::MINUTE), config.warmup_bars as usize)
                    .await
                    .expect("history"),
            ],
            regimes: kestrel::config::regimes(),
            has_books: false,
        };
        let (driver, DoorWires { events, outgoing, .. }, steering) = wires(screen.clone());
        let running = connected.start(events, outgoing);
        let (stop, stopped) = oneshot::channel();
        let person = person(Person { steering, snapshots: screen.snapshots.subscribe(), stop: Some(stop) });
        let run = live(Live {
            wires: driver,
            clock: Clock::Virtual(now),
            now,
            start,
            journal,
            commands: Vec::new(),
            on_notice: None,
            stop: stopped,
        });
        let (end, ()) = tokio::join!(run, person);
        running.stop().await;
        end.expect("a journal that takes all")
    })
}

fn replays_to_the_same_state(path: &Path, end: &LiveEnd, steered: usize) {
    let lines: Vec<String> = JournalReader::open(path).expect("the journal").map(|l| l.expect("a line")).collect();
    let is_steering = |line: &&String| line.contains(r#""Command""#) || line.contains(r#""Settings""#);
    assert_eq!(lines.iter().filter(is_steering).count(), steered, "every command and all settings");
    let replayed = replay(lines.into_iter().map(Ok)).expect("a readable journal");
    assert_eq!(replayed.agrees(), Some(true));
    assert_eq!(replayed.finished.engine.state_hash(), end.finished.engine.state_hash());
    assert_eq!(replayed.finished.record, end.finished.record);
}

/// More than the dust that fees in the base asset leave.
fn is_held(snapshot: &Snapshot) -> bool {
    snapshot.symbols[0].desk == Desk::Holding
}

fn open_stop(snapshot: &Snapshot) -> bool {
    snapshot.orders.iter().any(|order| order.purpose == Purpose::Stop && order.state == OrderState::Open)
}

#[test]
fn a_person_steers_a_paced_run_and_its_journal_replays_to_the_same_state() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("run.journal");
    let journal = JournalWriter::create(&path).expect("a journal");
    let screen = ScreenSenders::new();
    // Watched before the run begins, so that it keeps its past.
    let links = screen.links.subscribe();
    let _watched = screen.snapshots.subscribe();
    let config = config(Speed::Times(600.0));
    let start = app::engine_settings(&config, &Default::default());
    let end = demo(&config, 1_000, &screen, Some(Box::new(journal)), |mut person| async move {
        let shown = person.sees("an open stop", open_stop).await;
        let stop = shown.orders.iter().find(|order| order.purpose == Purpose::Stop).expect("a stop").client_id.clone();
        person.commands(Command::Cancel(stop.clone())).await;
        let is_bare = |s: &Snapshot| s.symbols[0].unprotected && s.orders.is_empty() && is_held(s);
        person.sees("an unprotected position", is_bare).await;
        let again = person.steers(Steering::Command(Command::Cancel(stop))).await;
        assert!(matches!(again, Notice::CommandRefused { .. }), "{again:?}");
        let smaller = Settings { invest: ratio("0.125"), ..start.clone() };
        assert_eq!(person.steers(Steering::Settings(Box::new(smaller))).await, Notice::SettingsChanged);
        person.sees("the new settings", |s| s.settings.invest == ratio("0.125")).await;
        person.commands(Command::Pause).await;
        person.commands(Command::SwitchStrategy("flat".to_owned())).await;
        let flat = |s: &Snapshot| {
            s.paused && s.settings.strategy == StrategyName::Flat && s.trades > 0 && s.symbols[0].desk == Desk::Flat
        };
        person.sees("a position left by the new strategy", flat).await;
        person.commands(Command::SwitchStrategy("trend".to_owned())).await;
        person.commands(Command::Resume).await;
        let shown = person.sees("a protected entry", |s| open_stop(s) && is_held(s)).await;
        assert!(!shown.symbols[0].unprotected, "the next position is protected again");
        assert!(shown.symbols[0].value.to_f64() < 0.15 * shown.equity.to_f64(), "and of the new size");
        let trades = shown.trades;
        person.commands(Command::Flatten).await;
        let shown = person.sees("a flattened account", |s| s.trades > trades && s.orders.is_empty()).await;
        assert!(shown.paused && shown.symbols[0].desk == Desk::Flat);
        person.leaves();
    });
    assert_eq!(end.reason, EndReason::Stopped);
    replays_to_the_same_state(&path, &end, 8);
    let last = screen.snapshots.borrow().clone().expect("the last snapshot");
    let bars = end.finished.engine.performance().bars() as usize;
    assert_eq!(last.history.candles[0].closed.len(), config.warmup_bars as usize + bars);
    assert_eq!(last.history.equity.points().len(), 1 + bars);
    assert_eq!(last.history.fills.iter().cloned().collect::<Vec<_>>(), end.finished.record.fills);
    assert_eq!(last.history.trades.iter().cloned().collect::<Vec<_>>(), end.finished.record.trades);
    let links: Links = links.borrow().clone();
    assert!(matches!((&links.market, &links.account), (Link::Up { .. }, Link::Up { .. })), "{links:?}");
    assert!(links.last_event.is_some());
}

#[test]
fn one_screen_watches_one_run_after_the_other() {
    let screen = ScreenSenders::new();
    let mut snapshots = screen.snapshots.subscribe();
    let mut sessions = Vec::new();
    for bars in [20, 30] {
        let end = demo(&config(Speed::Max), bars, &screen, None, Person::waits);
        assert_eq!(end.reason, EndReason::MarketEnded);
        let last = snapshots.borrow_and_update().clone().expect("a snapshot");
        assert_eq!(last.bars, bars);
        assert_eq!(last.history.equity.points().len() as u64, 1 + bars, "a history of its own");
        sessions.push(end.finished.engine.state_hash());
    }
    assert_ne!(sessions[0], sessions[1]);
}

/// A driver without a venue.
fn by_hand(screen: &ScreenSenders) -> (Live, DoorWires, mpsc::Sender<Steering>, oneshot::Sender<()>) {
    let (driver, doors, steering) = wires(screen.clone());
    let (stop, stopped) = oneshot::channel();
    let start = Scenario::new(&["AAAUSDT"], StrategyName::Flat).start();
    let live = Live {
        wires: driver,
        clock: Clock::Virtual(START),
        now: START,
        start,
        journal: None,
        commands: Vec::new(),
        on_notice: None,
        stop: stopped,
    };
    (live, doors, steering, stop)
}

fn top(bid: i64) -> Event {
    let price = |whole: i64| Price::from_raw(whole * 100_000_000);
    let quantity = Quantity::from_raw(1);
    let top = BookTop { bid: price(bid), bid_quantity: quantity, ask: price(bid + 1), ask_quantity: quantity };
    let input = Input::Market(MarketEvent::BookTop { symbol: SymbolId(0), top });
    Event::Input { time: Some(START), input, sequence: None }
}

#[tokio::test]
async fn the_last_event_before_a_silence_is_shown() {
    let screen = ScreenSenders::new();
    let snapshots = screen.snapshots.subscribe();
    let (run, doors, steering, stop) = by_hand(&screen);
    let mut person = Person { steering, snapshots, stop: Some(stop) };
    let watching = async {
        for bid in 1..=5 {
            doors.events.send(top(bid)).await.expect("the run goes on");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let bid = |s: &Snapshot| s.symbols[0].top.map(|top| top.bid);
        person.sees("the newest of several quick events", |s| bid(s) == Some(Price::from_raw(500_000_000))).await;
        person.leaves();
    };
    let (end, ()) = tokio::join!(live(run), watching);
    assert_eq!(end.expect("no journal").reason, EndReason::Stopped);
}

#[tokio::test]
async fn a_full_queue_refuses_and_what_is_in_it_is_carried_out() {
    let screen = ScreenSenders::new();
    let (run, _doors, steering, stop) = by_hand(&screen);
    for at in 0..STEERING {
        let command = if at % 2 == 0 { Command::Pause } else { Command::Resume };
        steering.try_send(Steering::Command(command)).expect("room");
    }
    let refused = steering.try_send(Steering::Command(Command::Flatten));
    assert!(matches!(refused, Err(mpsc::error::TrySendError::Full(Steering::Command(Command::Flatten)))));
    let mut snapshots = screen.snapshots.subscribe();
    let watching = async {
        let all = snapshots.wait_for(|s| s.as_ref().is_some_and(|s| s.history.replied == STEERING as u64));
        let shown = all.await.expect("the run goes on").clone().expect("a snapshot");
        assert!(!shown.paused, "the last of them was to resume");
        stop.send(()).expect("the run goes on");
    };
    let (end, ()) = tokio::join!(live(run), watching);
    assert_eq!(end.expect("no journal").finished.inputs, 1 + STEERING as u64);
}
