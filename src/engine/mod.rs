//! The engine room: one synchronous value that owns all trading state.
//!
//! Invariant: `step` reads no clock, draws no random number, opens nothing and cannot fail; the same inputs give the
//! same state hash.
//! Absent on purpose: who calls it; live, backtest and replay drivers differ only in where inputs come from.

mod account;
mod decide;
pub mod decision;
mod desk;
pub mod effect;
pub mod ensemble;
pub mod execution;
pub mod eyes;
pub mod guard;
pub mod history;
pub mod input;
pub mod instrument;
pub mod model;
pub mod mood;
pub mod notice;
pub mod orders;
pub mod portfolio;
pub mod ports;
pub mod preview;
mod protection;
pub mod regime;
pub mod risk;
pub mod settings;
pub mod share_curve;
mod sizes;
pub mod snapshot;
pub mod standing;
pub mod strategy;
mod work;

pub use decision::{Decision, Verdict};
pub use effect::{Effect, Effects};
pub use history::History;
pub use input::{Answer, Input, Outcome, Stamped, Start};
pub use mood::{Mood, MoodNews, MoodSource, MoodState, MoodView, Observation};
pub use notice::{FillRecord, HaltReason, Notice, TradeRecord};
pub use settings::Settings;
pub use snapshot::Snapshot;

use crate::domain::{BookTop, Digest, MarketEvent, Money, Session, Span, SymbolId, Time, Value};
use crate::market::regime::RegimeModel;
use crate::performance::Performance;
use eyes::Eyes;
use guard::Guard;
use instrument::Instrument;
use orders::{OrderState, Orders};
use portfolio::Portfolio;
use strategy::Strategy;

/// An order or a cancel without an answer for this long is `Unknown`.
const ANSWER_DEADLINE: Span = Span::from_seconds(10);
/// An unknown order is asked for this often.
const QUERY_INTERVAL: Span = Span::from_seconds(5);
/// A symbol without a closed bar for this long is stale.
const STALE_AFTER: Span = Span::from_seconds(150);

/// All trading state.
pub struct Engine {
    now: Time,
    session: Session,
    sequence: u64,
    settings: Settings,
    paused: bool,
    halted: Option<HaltReason>,
    instruments: Vec<Instrument>,
    orders: Orders,
    portfolio: Portfolio,
    performance: Performance,
    counts: Counts,
    guard: Guard,
    /// What regimes are told by.
    regimes: Box<RegimeModel>,
    /// Tops of the book decide too.
    has_books: bool,
    /// Quote balance at the venue after our last fill, once the venue said it.
    venue_cash: Option<Money>,
    /// Number of the newest question to a model.
    questions: u64,
    /// Every decision is told with its reasons; for people, so no part of the state hash.
    explains: bool,
    /// `None` until an outside source said something.
    mood: Option<Box<Mood>>,
}

/// How often things happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Closed bars at which a strategy was asked.
    pub decisions: u64,
    /// Orders sent; an OCO counts as two.
    pub orders: u64,
    pub fills: u64,
    /// Bars at which a wanted entry was refused; for people, so no part of the state hash.
    pub refused: u64,
    /// Open times of the first and the last closed bar.
    pub span: Option<(Time, Time)>,
}

impl Engine {
    /// An engine as its first input describes it.
    pub fn new(now: Time, start: &Start, effects: &mut Effects) -> Engine {
        let quote = start.rules.first().map_or_else(|| crate::domain::Asset::new(""), |rules| rules.quote.clone());
        let portfolio = Portfolio::new(quote, &start.balances);
        let equity = portfolio.start();
        let mut engine = Engine {
            now,
            session: start.session,
            sequence: 0,
            settings: start.settings.clone(),
            paused: false,
            halted: None,
            instruments: Vec::with_capacity(start.rules.len()),
            orders: Orders::default(),
            portfolio,
            performance: Performance::new(equity),
            counts: Counts::default(),
            guard: Guard::new(&start.settings.risk),
            regimes: Box::new(start.regimes.clone()),
            has_books: start.has_books,
            venue_cash: None,
            questions: 0,
            explains: false,
            mood: None,
        };
        for (at, rules) in start.rules.iter().enumerate() {
            let mut instrument = Instrument::new(rules.clone(), Strategy::new(&engine.settings));
            instrument.eyes = Eyes::of(&engine.settings, &instrument.window);
            for bar in start.history.get(at).into_iter().flatten() {
                instrument.take(bar);
            }
            engine.instruments.push(instrument);
        }
        effects.notice(Notice::Started { symbols: engine.instruments.len(), equity });
        engine.set_watches(effects);
        engine.commission_all();
        engine.set_gauges(None);
        engine
    }

    /// Takes one input at time `now` and lists what is to be done about it.
    #[inline]
    pub fn step(&mut self, now: Time, input: &Input, effects: &mut Effects) {
        self.now = self.now.max(now);
        match input {
            Input::Market(MarketEvent::BarClosed { symbol, bar }) => self.on_bar(*symbol, bar, effects),
            Input::Market(MarketEvent::Trade { symbol, trade }) => {
                if let Some(instrument) = self.instruments.get_mut(symbol.index()) {
                    instrument.view.last_trade = Some(*trade);
                }
            }
            Input::Market(MarketEvent::BookTop { symbol, top }) => {
                if let Some(instrument) = self.instruments.get_mut(symbol.index()) {
                    (instrument.view.top, instrument.view.top_at) = (Some(*top), Some(self.now));
                    if instrument.work.is_some() {
                        self.advance(*symbol, effects);
                    }
                }
            }
            Input::Answer(answer) => self.on_answer(answer, effects),
            Input::Report(report) => self.on_report(report, effects),
            Input::Balances(update) => self.on_balances(update),
            Input::Command(command) => self.on_command(command, effects),
            Input::Settings(settings) => self.on_settings(settings, effects),
            Input::Mood(seen) => self.on_mood(seen),
            Input::Inferred(inferred) => self.on_inferred(inferred, effects),
            Input::Timer => self.on_timer(effects),
            // A second start inside a run is a mistake of the driver; the state stands.
            Input::Start(_) => {}
        }
    }

    /// When `Input::Timer` is wanted, if at all.
    #[inline]
    pub fn next_timer(&self) -> Option<Time> {
        let mut next: Option<Time> = None;
        let mut wants = |time: Time| next = Some(next.map_or(time, |next| next.min(time)));
        for instrument in &self.instruments {
            if let Some(close) = instrument.last_close.filter(|_| !instrument.stale) {
                wants(close.plus(STALE_AFTER));
            }
            // What is overdue waits for something else: an answer, a report, a bar.
            let wake = instrument.work.as_ref().and_then(|work| work.parent.wake());
            if let Some(wake) = wake.filter(|wake| *wake > self.now) {
                wants(wake);
            }
            if let Some(until) = instrument.eyes.as_ref().and_then(|eyes| eyes.wake()) {
                wants(until);
            }
        }
        for order in self.orders.live() {
            match order.state {
                OrderState::Submitted | OrderState::Cancelling => wants(order.sent.plus(ANSWER_DEADLINE)),
                OrderState::Unknown => wants(order.sent.plus(QUERY_INTERVAL)),
                OrderState::Open
                | OrderState::PartiallyFilled
                | OrderState::Filled
                | OrderState::Canceled
                | OrderState::Expired
                | OrderState::Rejected => {}
            }
        }
        next
    }

    /// Fingerprint of all trading state; no sockets, no wall time, no views.
    pub fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        digest.u64(self.session.0);
        digest.u64(self.sequence);
        digest.u64(self.questions);
        digest.add(&self.settings);
        digest.bool(self.paused);
        digest.u8(self.halted.map_or(255, |reason| reason as u8));
        digest.all(self.instruments.iter());
        digest.add(&self.orders);
        digest.add(&self.portfolio);
        digest.add(&self.performance);
        for count in [self.counts.decisions, self.counts.orders, self.counts.fills] {
            digest.u64(count);
        }
        digest.option(self.venue_cash.as_ref());
        digest.add(&self.guard);
        for top in self.instruments.iter().filter_map(|instrument| instrument.view.top.filter(|_| self.has_books)) {
            digest_top(&mut digest, &top);
        }
        if let Some(mood) = &self.mood {
            digest.add(mood.as_ref());
        }
        digest.finish()
    }

    /// Cash plus positions at their marks.
    #[inline]
    pub fn equity(&self) -> Value {
        sum(self.portfolio.net_cash(), self.instruments.iter().map(Instrument::value))
    }

    pub fn performance(&self) -> &Performance {
        &self.performance
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn fees(&self) -> Value {
        self.portfolio.fees()
    }

    pub fn realised(&self) -> Value {
        sum(Value::ZERO, self.instruments.iter().map(|instrument| instrument.position.realised))
    }

    pub fn unrealised(&self) -> Value {
        sum(Value::ZERO, self.instruments.iter().map(Instrument::unrealised))
    }

    pub fn cash(&self) -> Money {
        self.portfolio.cash()
    }

    pub fn halted(&self) -> Option<HaltReason> {
        self.halted
    }

    /// Open time of the first closed bar of the run.
    pub fn first_bar(&self) -> Option<Time> {
        self.counts.span.map(|(first, _)| first)
    }

    /// Open time of the last closed bar of the run.
    pub fn last_bar(&self) -> Option<Time> {
        self.counts.span.map(|(_, last)| last)
    }

    /// Rules of the symbols in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &crate::domain::SymbolRules> {
        self.instruments.iter().map(|instrument| &instrument.rules)
    }

    /// The position's quantity of one symbol.
    pub fn held(&self, symbol: SymbolId) -> crate::domain::Quantity {
        self.instruments.get(symbol.index()).map_or(crate::domain::Quantity::ZERO, |i| i.position.quantity)
    }

    /// From now on every decision is told with its reasons, also those that change nothing.
    pub fn explain(&mut self) {
        self.explains = true;
    }

    fn halt(&mut self, reason: HaltReason, effects: &mut Effects) {
        if self.halted.is_none() {
            self.halted = Some(reason);
            effects.notice(Notice::Halted { reason });
        }
    }
}

/// Where tops of the book decide, they are state.
fn digest_top(digest: &mut Digest, top: &BookTop) {
    digest.add(&top.bid);
    digest.add(&top.bid_quantity);
    digest.add(&top.ask);
    digest.add(&top.ask_quantity);
}

/// Saturates where positions of several symbols together leave the range; bookings are checked one by one.
fn sum(start: Value, values: impl Iterator<Item = Value>) -> Value {
    values.fold(start, |sum, value| Value(sum.0.saturating_add(value.0)))
}
