//! `EventWatch`: all event detectors of one symbol; `MarketWatch`: the same with the regime.
//!
//! Invariant: a bar that cannot be used reaches no detector but that of the data; signals of a bar come in the order of
//! `EventKind`.
//! Absent on purpose: several symbols, which have a watch each.

use super::crash::CrashDetector;
use super::data_trouble::DataDetector;
use super::event::{EventKind, Signal, TrendSide};
use super::jump::JumpDetector;
use super::latch::Latch;
use super::liquidity::{BookShares, BookState, LiquidityDetector};
use super::measures::{Measures, Minute};
use super::model::{Regime, RegimeModel, RegimeSwitch, RegimeTracker};
use super::thresholds::Thresholds;
use super::trend::TrendDetector;
use super::volatility_spike::VolatilityDetector;
use crate::domain::{Bar, Digest, StateHash, Time};

/// Signals of one bar, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals([Option<Signal>; 6]);

impl Signals {
    pub fn iter(&self) -> impl Iterator<Item = &Signal> {
        self.0.iter().flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The alarm of a kind among them.
    pub fn alarm(&self, kind: EventKind) -> Option<&Signal> {
        self.iter().find(|signal| signal.event.kind() == kind && signal.is_alarm())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct EventWatch {
    measures: Measures,
    data: DataDetector,
    crash: CrashDetector,
    jump: JumpDetector,
    volatility: VolatilityDetector,
    liquidity: LiquidityDetector,
    trend: TrendDetector,
}

impl EventWatch {
    pub fn new(thresholds: &Thresholds) -> EventWatch {
        EventWatch {
            measures: Measures::new(),
            data: DataDetector::new(thresholds.data),
            crash: CrashDetector::new(thresholds.crash),
            jump: JumpDetector::new(thresholds.jump),
            volatility: VolatilityDetector::new(thresholds.volatility),
            liquidity: LiquidityDetector::new(thresholds.liquidity),
            trend: TrendDetector::new(thresholds.trend),
        }
    }

    /// A closed bar, and the book at its close where it is known.
    pub fn on_bar(&mut self, bar: &Bar, book: Option<&BookState>) -> Signals {
        self.measured(bar, book).1
    }

    /// The clock, when it has something to say about bars that do not come. `now` must not run back.
    pub fn on_clock(&mut self, now: Time) -> Option<Signal> {
        self.data.overdue(now)
    }

    pub fn is_on(&self, kind: EventKind) -> bool {
        self.latch(kind).is_on()
    }

    /// On since.
    pub fn since(&self, kind: EventKind) -> Option<Time> {
        self.latch(kind).since()
    }

    /// The way of the trend that lasts.
    pub fn trend(&self) -> Option<TrendSide> {
        self.trend.side()
    }

    /// Volatility of the last minutes over its two-day level; none during warm-up.
    pub fn volatility_ratio(&self) -> Option<f64> {
        self.measures.volatility_ratio()
    }

    /// The newest book over its usual one; none while no book was judged.
    pub fn book(&self) -> Option<BookShares> {
        self.liquidity.book()
    }

    fn latch(&self, kind: EventKind) -> &Latch {
        match kind {
            EventKind::DataTrouble => self.data.latch(),
            EventKind::Crash => self.crash.latch(),
            EventKind::Jump => self.jump.latch(),
            EventKind::VolatilitySpike => self.volatility.latch(),
            EventKind::LiquidityDrop => self.liquidity.latch(),
            EventKind::TrendOnset => self.trend.latch(),
        }
    }

    /// None for a bar that cannot be used.
    fn measured(&mut self, bar: &Bar, book: Option<&BookState>) -> (Option<Minute>, Signals) {
        let (is_usable, trouble) = self.data.update(bar);
        if !is_usable {
            return (None, Signals([trouble, None, None, None, None, None]));
        }
        let minute = self.measures.update(bar);
        let signals = Signals([
            trouble,
            self.crash.update(&minute),
            self.jump.update(&minute),
            self.volatility.update(&minute),
            self.liquidity.update(bar, book),
            self.trend.update(&minute),
        ]);
        (Some(minute), signals)
    }
}

impl StateHash for EventWatch {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.measures);
        digest.add(&self.data);
        digest.add(&self.crash);
        digest.add(&self.jump);
        digest.add(&self.volatility);
        digest.add(&self.liquidity);
        digest.add(&self.trend);
    }
}

/// Events and regime of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketWatch {
    events: EventWatch,
    tracker: RegimeTracker,
}

impl MarketWatch {
    pub fn new(thresholds: &Thresholds, model: &RegimeModel) -> MarketWatch {
        MarketWatch { events: EventWatch::new(thresholds), tracker: RegimeTracker::new(model) }
    }

    /// A closed bar, and the book at its close where it is known.
    pub fn on_bar(&mut self, bar: &Bar, book: Option<&BookState>) -> (Signals, Option<RegimeSwitch>) {
        let (minute, signals) = self.events.measured(bar, book);
        let is_crash = self.events.is_on(EventKind::Crash);
        let switch = minute.and_then(|minute| self.tracker.update(&minute, is_crash));
        (signals, switch)
    }

    pub fn on_clock(&mut self, now: Time) -> Option<Signal> {
        self.events.on_clock(now)
    }

    pub fn events(&self) -> &EventWatch {
        &self.events
    }

    /// None during warm-up.
    pub fn regime(&self) -> Option<Regime> {
        self.tracker.regime()
    }

    /// When that regime began.
    pub fn regime_since(&self) -> Option<Time> {
        self.tracker.since()
    }
}

impl StateHash for MarketWatch {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.events);
        digest.add(&self.tracker);
    }
}
