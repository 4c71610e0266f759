//! The screen without a terminal: frames of a real run's states, drawn, compared and written to nowhere.
//!
//! Invariant: frames alternate between two states in which prices, curves and the clock differ, as in a running demo.
//! Absent on purpose: the terminal's own work.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kestrel::app::Stopwatch;
use kestrel::app::demo::{self, Demo, Hand};
use kestrel::app::market::MarketPlan;
use kestrel::app::rehearsal::{self, Grounds};
use kestrel::config::{Config, Speed};
use kestrel::domain::{Ratio, Seed};
use kestrel::engine::Snapshot;
use kestrel::runtime::wires::ScreenSenders;
use kestrel::tui::backtest::{Backtest, Stage};
use kestrel::tui::message::Message;
use kestrel::tui::model::Model;
use kestrel::tui::screen::{Feeds, draw, show};
use kestrel::tui::terminal::sink;
use kestrel::tui::text::ENGLISH;
use kestrel::tui::theme::{Palette, Theme, UpColor};
use kestrel::tui::update::update;
use kestrel::tui::vitals::{Link, Market, Mode, RunState, Vitals};
use tokio::sync::{mpsc, oneshot, watch};

/// Two states of a demo, some bars apart.
pub struct States(Arc<Snapshot>, Arc<Snapshot>);

impl States {
    /// A market of 1,500 bars after its warm-up, and of 1,510.
    pub fn new() -> States {
        States(last_state(1_500), last_state(1_510))
    }

    /// Draws so many frames at this size; false when one fails.
    pub fn draw(&self, (width, height): (u16, u16), frames: u32) -> bool {
        let Ok(mut terminal) = sink(width, height) else { return false };
        let mut model = Model::new(&ENGLISH, Arc::new(vitals()), (width, height));
        (0..frames).all(|frame| {
            let state = if frame % 2 == 0 { &self.0 } else { &self.1 };
            update(&mut model, Message::Snapshot(Arc::clone(state)));
            draw(&mut terminal, &model).is_ok()
        })
    }

    /// CPU milliseconds a second of a screen on which nothing changes.
    pub fn idle(&self, seconds: u64) -> f64 {
        let senders = ScreenSenders::new();
        senders.snapshots.send_replace(Some(Arc::clone(&self.0)));
        cpu_of(seconds, &senders, true)
    }
}

/// CPU milliseconds a second of a demo at 60x, both ends, with or without the screen at 200x60.
pub fn demo_at_sixty(seconds: u64, with_screen: bool) -> f64 {
    let senders = ScreenSenders::new();
    let theirs = senders.clone();
    let (stop, stopped) = oneshot::channel();
    let run = thread::spawn(move || run(Speed::Times(60.0), u64::MAX, theirs, stopped));
    // Past the connecting.
    thread::sleep(Duration::from_secs(1));
    let cpu = cpu_of(seconds, &senders, with_screen);
    stop.send(()).unwrap_or_default();
    run.join().unwrap_or_default();
    cpu
}

/// Of the whole process while the screen shows, or while nobody does.
fn cpu_of(seconds: u64, senders: &ScreenSenders, with_screen: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
    let stopwatch = Stopwatch::start();
    runtime.block_on(async {
        let pause = tokio::time::sleep(Duration::from_secs(seconds));
        if !with_screen {
            return pause.await;
        }
        let (_gauges, vitals_seen) = watch::channel(Arc::new(vitals()));
        let ((_line, log), (_reply, replies), (asked, _asks)) = (mpsc::channel(1), mpsc::channel(1), mpsc::channel(1));
        let feeds = Feeds { snapshots: senders.snapshots.subscribe(), vitals: vitals_seen, log, replies, asks: asked };
        let mut terminal = sink(200, 60).expect("a screen into nothing");
        let mut model = Model::new(&ENGLISH, Arc::new(vitals()), (200, 60));
        if let Some(state) = senders.snapshots.borrow().clone() {
            update(&mut model, Message::Snapshot(state));
        }
        tokio::select! {
            _ = show(&mut terminal, futures_util::stream::pending(), model, feeds, || true) => {}
            () = pause => {}
        }
    });
    let elapsed = stopwatch.read();
    elapsed.cpu_seconds * 1e3 / elapsed.wall_seconds
}

fn last_state(bars: u64) -> Arc<Snapshot> {
    let senders = ScreenSenders::new();
    let seen = senders.snapshots.subscribe();
    let (_stop, stopped) = oneshot::channel();
    run(Speed::Max, bars, senders, stopped);
    seen.borrow().clone().expect("a state")
}

fn run(speed: Speed, bars: u64, screen: ScreenSenders, stop: oneshot::Receiver<()>) {
    let mut config = Config::embedded().expect("the shipped settings");
    config.speed = speed;
    let market =
        MarketPlan { data: None, seed: Seed(15), warmup_bars: config.warmup_bars, anchor: None, bars: Some(bars) };
    let ended = demo::finish(Demo {
        config: &config,
        market,
        venue: None,
        journal: None,
        feeds: None,
        models: None,
        trades_file: None,
        commands: Vec::new(),
        on_notice: None,
        on_status: None,
        hand: Some(Hand { screen, on_begin: Box::new(drop), stop }),
    });
    ended.map(drop).expect("a demo on loopback");
}

fn vitals() -> Vitals {
    let plan = rehearsal::plan(&Config::embedded().expect("the shipped settings"), &Grounds::generated(Seed(15)));
    Vitals {
        mode: Mode::Demo,
        market: Market::Generated,
        speed: Some(60.0),
        link: Link::Up { age: 0 },
        memory: Some(31),
        first_run: false,
        settings_problem: None,
        fields: Vec::new(),
        taker_fee: Ratio::ZERO,
        run: RunState::Running,
        runs: 1,
        theme: Theme { palette: Palette::Dark, up: UpColor::Green },
        backtest: Backtest { plan, stage: Stage::Idle },
        models: Default::default(),
    }
}
