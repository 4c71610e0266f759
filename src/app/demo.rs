//! A demo, joined: the live driver against a local exchange over real sockets, in lockstep.
//!
//! Invariant: virtual time moves only when the engine has answered; the speed only adds waiting.
//! Absent on purpose: a shorter way to the simulator than Binance's protocol.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::market::MarketPlan;
use super::seats::Seats;
use super::{Outcome, RunError, Stopwatch, engine_settings, exchange, session, trades};
use crate::binance::{self, Connected, Credentials, Endpoints, Pace, Plan, Rest, Timing};
use crate::config::{Config, regimes};
use crate::domain::{Command, Seed, Symbol, SymbolRules, Time};
use crate::engine::model::Models;
use crate::engine::ports::Journal;
use crate::engine::{Snapshot, Start};
use crate::exchange::{Counts, Exchange};
use crate::feeds::{Feeds, FeedsPlan};
use crate::inference::{self, RuntimeView, Worker, WorkerPlan};
use crate::runtime::Finished;
use crate::runtime::clock::Clock;
use crate::runtime::live::{EndReason, Live, LiveEnd, live};
use crate::runtime::run::Listener;
use crate::runtime::wires::{DoorWires, ModelWires, ScreenSenders, Steering, wires};

/// A demo run.
pub struct Demo<'a> {
    pub config: &'a Config,
    pub market: MarketPlan,
    /// An exchange that runs elsewhere on this machine, with its keys; `None` starts one.
    pub venue: Option<Venue>,
    pub journal: Option<Box<dyn Journal>>,
    /// Outside sources, where some are wanted.
    pub feeds: Option<FeedsPlan>,
    /// What fills the slots of models and what runs them.
    pub models: Option<ModelRun>,
    pub trades_file: Option<PathBuf>,
    /// Commands with the time from which they count, in time order.
    pub commands: Vec<(Time, Command)>,
    pub on_notice: Option<Listener>,
    /// Sees the state a few times a second.
    pub on_status: Option<OnStatus>,
    /// A person at the screen; without one the run ends with its market or by a signal.
    pub hand: Option<Hand>,
}

/// The models of a run with their thread's plan.
pub struct ModelRun {
    pub seats: Seats,
    pub worker: WorkerPlan,
}

impl ModelRun {
    pub fn of(config: &Config, home: &Path) -> Result<ModelRun, RunError> {
        let seats = Seats::of(config, home)?;
        seats.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let worker = seats.worker(config, home);
        Ok(ModelRun { seats, worker })
    }

    /// `None` where no model may trade under these settings.
    pub fn if_asked(config: &Config, home: &Path) -> Result<Option<ModelRun>, RunError> {
        Seats::are_taken(config).then(|| ModelRun::of(config, home)).transpose()
    }
}

/// The ends by which a run is steered.
pub struct Reins {
    pub steering: mpsc::Sender<Steering>,
    pub models: Option<ModelReins>,
}

/// The models' thread, for whoever changes models and shows how they do.
#[derive(Clone)]
pub struct ModelReins {
    pub steering: inference::Steering,
    pub view: watch::Receiver<RuntimeView>,
    /// What the run began with.
    pub seats: Seats,
}

/// A person who watches, steers and stops.
pub struct Hand {
    pub screen: ScreenSenders,
    /// Called once the run can be steered.
    pub on_begin: Box<dyn FnOnce(Reins)>,
    /// Stops the run when it completes or its sender is dropped.
    pub stop: oneshot::Receiver<()>,
}

/// Called with the newest state.
pub type OnStatus = Box<dyn FnMut(&Snapshot) + Send>;

/// Where and as whom to trade.
#[derive(Debug, Clone)]
pub struct Venue {
    pub endpoints: Endpoints,
    pub credentials: Credentials,
}

/// A demo that ended.
pub struct Ended {
    pub finished: Finished,
    pub reason: EndReason,
    pub stopwatch: Stopwatch,
    /// What crossed the sockets, when the exchange was ours.
    pub counts: Option<Counts>,
}

/// How often a live line of status is drawn.
const STATUS_INTERVAL: Duration = Duration::from_millis(250);

/// Runs until the market ends or the person stops it; a door that gave up is an error.
pub fn run(demo: Demo<'_>) -> Result<Outcome, RunError> {
    match run_to_end(demo)? {
        (_, EndReason::Failed(why)) => Err(RunError::Venue(why)),
        (outcome, EndReason::MarketEnded | EndReason::Stopped) => Ok(outcome),
    }
}

/// The same, with the reason of its end.
pub fn run_to_end(mut demo: Demo<'_>) -> Result<(Outcome, EndReason), RunError> {
    let trades_file = demo.trades_file.take();
    let ended = finish(demo)?;
    if let Some(path) = &trades_file {
        let rules: Vec<SymbolRules> = ended.finished.engine.rules().cloned().collect();
        trades::write(path, &rules, &ended.finished.record)?;
    }
    let outcome = Outcome::of("demo", ended.finished, ended.stopwatch);
    Ok((outcome, ended.reason))
}

/// The run itself, with its record.
pub fn finish(demo: Demo<'_>) -> Result<Ended, RunError> {
    let stopwatch = Stopwatch::start();
    let seed = demo.market.seed;
    let (own, venue) = match demo.venue {
        Some(venue) => (None, venue),
        None => {
            let (exchange, key) = exchange::start(demo.config, demo.market, 0, true)?;
            let endpoints = Endpoints::loopback(&exchange.rest_url(), &exchange.stream_url(), &exchange.ws_api_url());
            let endpoints = endpoints.map_err(|error| RunError::Venue(error.to_string()))?;
            (Some(exchange), Venue { endpoints, credentials: Credentials::new(&key.key, &key.secret) })
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| RunError::Venue(format!("the event loop cannot start ({error})")))?;
    let driven = Driven {
        config: demo.config,
        venue,
        seed,
        journal: demo.journal,
        feeds: demo.feeds,
        models: demo.models,
        commands: demo.commands,
        on_notice: demo.on_notice,
        on_status: demo.on_status,
        hand: demo.hand,
    };
    let end = runtime.block_on(drive(driven))?;
    if let Some(why) = own.as_ref().and_then(Exchange::failure) {
        return Err(RunError::Data(why.to_owned()));
    }
    let counts = own.as_ref().map(Exchange::counts);
    Ok(Ended { finished: end.finished, reason: end.reason, stopwatch, counts })
}

struct Driven<'a> {
    config: &'a Config,
    venue: Venue,
    seed: Seed,
    journal: Option<Box<dyn Journal>>,
    feeds: Option<FeedsPlan>,
    models: Option<ModelRun>,
    commands: Vec<(Time, Command)>,
    on_notice: Option<Listener>,
    on_status: Option<OnStatus>,
    hand: Option<Hand>,
}

async fn drive(mut driven: Driven<'_>) -> Result<LiveEnd, RunError> {
    let mut hand = driven.hand.take().unwrap_or_else(by_signal);
    // Whoever quits while the venue does not answer need not wait for it.
    let (connected, start, now) = tokio::select! {
        biased;
        _ = &mut hand.stop => return Err(RunError::Stopped),
        opened = open(&driven) => opened.map_err(|error| RunError::Venue(error.to_string()))?,
    };
    let status = driven.on_status.map(|on_status| tokio::spawn(show(hand.screen.snapshots.subscribe(), on_status)));
    let (driver, DoorWires { events, outgoing, moods, models }, steering) = wires(hand.screen);
    let running = connected.start(events, outgoing);
    // Without sources their queue is closed at once.
    let feeds = driven.feeds.map(|plan| Feeds::start(plan, moods));
    let ModelWires { questions, inferred } = models;
    let (seats, plan) = driven.models.map(|run| (run.seats, run.worker)).unzip();
    let worker = seats
        .zip(plan)
        .map(|(seats, plan)| Worker::start(plan, questions, inferred).map(|worker| (seats, worker)))
        .transpose();
    let (seats, worker) = worker.map_err(RunError::Settings)?.unzip();
    let reins = worker.as_ref().zip(seats).map(|(worker, seats)| ModelReins {
        steering: worker.steering(),
        view: worker.view(),
        seats,
    });
    (hand.on_begin)(Reins { steering, models: reins });
    let end = live(Live {
        wires: driver,
        clock: Clock::Virtual(now),
        now,
        start,
        journal: driven.journal,
        commands: driven.commands,
        on_notice: driven.on_notice,
        stop: hand.stop,
    })
    .await;
    if let Some(status) = status {
        status.abort();
    }
    running.stop().await;
    if let Some(worker) = worker {
        worker.stop();
    }
    if let Some(feeds) = feeds {
        feeds.stop().await;
    }
    end.map_err(|error| RunError::Data(error.to_string()))
}

/// Nobody at the screen: signals end the run.
fn by_signal() -> Hand {
    let (stop, stopped) = oneshot::channel();
    let signal = super::interrupt();
    tokio::spawn(async move {
        match signal {
            Ok(signal) => signal.await,
            // Without signals the run ends with its market.
            Err(_) => std::future::pending().await,
        }
        stop.send(()).unwrap_or_default();
    });
    Hand { screen: ScreenSenders::new(), on_begin: Box::new(drop), stop: stopped }
}

/// Connected, and what the engine begins with.
async fn open(driven: &Driven<'_>) -> Result<(Connected, Start, Time), binance::Error> {
    let mut rest = Rest::new(&driven.venue.endpoints, driven.venue.credentials.clone())?;
    let connected = connect(driven, &mut rest).await?;
    let now = connected.now.unwrap_or_default();
    let start = start(driven, &mut rest, now).await?;
    Ok((connected, start, now))
}

async fn connect(driven: &Driven<'_>, rest: &mut Rest) -> Result<Connected, binance::Error> {
    let now = rest.time().await?;
    binance::connect(Plan {
        endpoints: driven.venue.endpoints.clone(),
        credentials: driven.venue.credentials.clone(),
        symbols: driven.config.symbols.clone(),
        pace: Pace::Lockstep { now },
        timing: Timing::default(),
        seed: driven.seed,
    })
    .await
}

/// What the engine begins with, asked of the venue: rules, balances, history.
async fn start(driven: &Driven<'_>, rest: &mut Rest, now: Time) -> Result<Start, binance::Error> {
    let symbols: &[Symbol] = &driven.config.symbols;
    let rules = rest.rules(symbols).await?;
    let balances = rest.balances(now).await?.balances;
    let mut history = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let until = now.plus(crate::domain::Span::MINUTE);
        history.push(rest.klines(symbol, until, driven.config.warmup_bars as usize).await?);
    }
    Ok(Start {
        session: session(driven.seed),
        rules,
        settings: engine_settings(
            driven.config,
            &driven.models.as_ref().map_or_else(Models::default, |run| run.seats.models.clone()),
        ),
        balances,
        history,
        regimes: regimes(),
        has_books: false,
    })
}

async fn show(snapshots: watch::Receiver<Option<Arc<Snapshot>>>, mut on_status: OnStatus) {
    let mut tick = tokio::time::interval(STATUS_INTERVAL);
    loop {
        tick.tick().await;
        let newest = snapshots.borrow().clone();
        if let Some(snapshot) = newest {
            on_status(&snapshot);
        }
    }
}
