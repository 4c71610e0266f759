//! The guard: what stops entries of the whole account, and what lets them go again.
//!
//! A crash, a fall in one minute and trouble with the data halt (`halts`); closed trades and equity lock (`protections`); a
//! person halts and rearms. Halted, no entry is made, entries that rest are cancelled, and stops stay where they are or come
//! nearer (`shock_stop`).
//! Invariant: nothing here forbids an exit or a stop.
//! Absent on purpose: the arithmetic (`risk::shock`, `risk::protections`), and seeing (`market::regime`).

use super::Engine;
use super::effect::Effects;
use super::instrument::Instrument;
use super::notice::{ExitBy, Notice, TradeRecord};
use super::orders::{OrderState, Purpose};
use super::risk::comovement::Comovement;
use super::risk::protections::ClosedTrade;
use super::risk::shock::{Check, Failing, MarketHealth, ShockCause, ShockChange, ShockState};
use super::risk::{Lock, Protections, RiskSettings, ShockGuard, ShockHalt, ShockRules};
use crate::domain::{Bar, BookTop, Digest, StateHash, SymbolId, Time, Value};
use crate::market::regime::{BookState, Event, MarketWatch, RegimeModel, Signal, Thresholds};

/// Shock state and protections of the whole account.
#[derive(Debug, Clone)]
pub struct Guard {
    pub(super) shock: ShockGuard,
    /// `None` while all of their rules are off.
    pub(super) protections: Option<Box<Protections>>,
    /// `None` unless several symbols share a cap.
    pub(super) comovement: Option<Box<Comovement>>,
}

/// What people see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardView {
    pub shock: ShockState,
    /// The conditions for going on, as they stand now.
    pub checks: Vec<Check>,
    pub locks: Vec<Lock>,
}

impl GuardView {
    /// Why entries of all symbols are refused by a shock, while they are.
    pub fn halt(&self) -> Option<ShockHalt> {
        match self.shock {
            ShockState::Calm | ShockState::HalfSize { .. } => None,
            ShockState::Halted { cause, .. } => Some(ShockHalt { cause, failing: Failing::of(&self.checks) }),
        }
    }

    /// The lock on a symbol that lasts longest.
    pub fn lock(&self, symbol: SymbolId) -> Option<Lock> {
        let concerns = |lock: &&Lock| lock.symbol.is_none_or(|locked| locked == symbol);
        let end = |lock: &&Lock| lock.until.map_or(i64::MAX, |until| until.0);
        self.locks.iter().filter(concerns).max_by_key(end).copied()
    }
}

impl Guard {
    pub fn new(settings: &RiskSettings) -> Guard {
        let protections = settings.protections().map(|rules| Box::new(Protections::new(rules)));
        Guard { shock: ShockGuard::new(ShockRules::default()), protections, comovement: None }
    }

    /// Takes new settings; what was locked stays so, and what was lost today stays lost.
    pub(super) fn adopt(&mut self, settings: &RiskSettings) {
        self.protections = match (self.protections.take(), settings.protections()) {
            (Some(mut held), Some(rules)) => {
                held.adopt(rules);
                Some(held)
            }
            (None, Some(rules)) => Some(Box::new(Protections::new(rules))),
            (Some(_) | None, None) => None,
        };
    }

    /// The lock that forbids an entry of this symbol now.
    pub(super) fn lock(&self, now: Time, symbol: SymbolId) -> Option<Lock> {
        self.protections.as_ref().and_then(|protections| protections.lock(now, symbol))
    }
}

/// A fall of this much in one minute halts when it is a jump too: jumps alone come once a day even in a calm month.
const LARGE_FALL: f64 = 0.01;

/// What an alarm halts by, if it does: a crash, a large fall in one minute, trouble with the data.
///
/// A spike of volatility and thin trading are no reason to stand still (sizes answer to the one, execution to the other),
/// nor is a rise: on spot there is nothing to lose by it. Alarms a day of BTCUSDT in the calm 2023-07: crash 0.03, jump up
/// 1.13, jump down 1.03, volatility spike 1.16. So told, halts a day are 0.03 there, 1.3 in 2020-03 (2 % of its bars halted),
/// 0.3 in 2022-11 and 0.08 in the year to 2024-08; `tests/shocks.rs` counts them.
pub fn halts(event: &Event) -> Option<ShockCause> {
    match event {
        Event::Crash { .. } => Some(ShockCause::Crash),
        Event::DataTrouble(_) => Some(ShockCause::DataTrouble),
        Event::Jump { change, .. } => (*change <= -LARGE_FALL).then_some(ShockCause::Jump),
        Event::VolatilitySpike { .. } | Event::LiquidityDrop { .. } | Event::TrendOnset { .. } => None,
    }
}

impl Engine {
    /// Watches for each symbol, warmed by its kept bars, or none, as the settings ask. The newest alarm of the past is
    /// not forgotten: a start amid a shock is halted.
    pub(super) fn set_watches(&mut self, effects: &mut Effects) {
        let is_watched = self.settings.needs_watch();
        let mut newest: Option<(Time, ShockCause)> = None;
        for instrument in &mut self.instruments {
            if !is_watched {
                instrument.watch = None;
            } else if instrument.watch.is_none() {
                let (watch, alarm) = warmed(instrument, &self.regimes);
                instrument.watch = Some(Box::new(watch));
                newest = later(newest, alarm);
            }
        }
        let cool_down = ShockRules::default().cool_down;
        let recent = newest.filter(|(time, _)| self.now.since(*time) < cool_down);
        if let Some((time, cause)) = recent.filter(|_| self.settings.risk.shock_halt) {
            self.alarm(time, cause, effects);
        }
    }

    /// Shows a closed bar to the symbol's watch.
    pub(super) fn watch_bar(&mut self, symbol: SymbolId, bar: &Bar, effects: &mut Effects) {
        let instrument = &mut self.instruments[symbol.index()];
        let top = instrument.view.top.filter(|_| self.has_books);
        let Some(watch) = &mut instrument.watch else { return };
        let (signals, switch) = watch.on_bar(bar, top.and_then(book_state).as_ref());
        for signal in signals.iter() {
            self.on_signal(symbol, signal, effects);
        }
        if let Some(switch) = switch {
            self.on_regime(symbol, &switch, effects);
        }
    }

    /// The clock, where a bar stays away.
    pub(super) fn watch_clock(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let now = self.now;
        let watch = self.instruments[symbol.index()].watch.as_mut();
        if let Some(signal) = watch.and_then(|watch| watch.on_clock(now)) {
            self.on_signal(symbol, &signal, effects);
        }
    }

    fn on_signal(&mut self, symbol: SymbolId, signal: &Signal, effects: &mut Effects) {
        effects.notice(Notice::Event { symbol, signal: *signal });
        let cause = halts(&signal.event).filter(|_| signal.is_alarm() && self.settings.risk.shock_halt);
        if let Some(cause) = cause {
            self.alarm(self.now, cause, effects);
        }
    }

    /// Halts, or begins the wait anew.
    fn alarm(&mut self, time: Time, cause: ShockCause, effects: &mut Effects) {
        if let Some(change) = self.guard.shock.alarm(time, cause) {
            self.tell_shock(change, effects);
            self.cancel_entries(effects);
        }
    }

    /// Looks at the market again while a shock is being got over: at each closed bar.
    #[cold]
    pub(super) fn look_again(&mut self, effects: &mut Effects) {
        let health = self.health();
        if let Some(change) = self.guard.shock.observe(self.now, &health) {
            self.tell_shock(change, effects);
        }
    }

    fn tell_shock(&mut self, change: ShockChange, effects: &mut Effects) {
        let checks = self.guard.shock.checks(&self.health()).to_vec();
        effects.notice(Notice::Shock { change, checks });
    }

    /// Entries that rest would fill while nobody wants to buy. What is not answered yet cannot be taken back.
    fn cancel_entries(&mut self, effects: &mut Effects) {
        let resting: Vec<u64> = self
            .orders
            .live()
            .iter()
            .filter(|order| order.purpose == Purpose::Entry && order.kind.limit_price().is_some())
            .filter(|order| order.state.can_be_cancelled())
            .map(|order| order.sequence)
            .collect();
        resting.into_iter().for_each(|sequence| self.cancel(sequence, effects));
    }

    pub(super) fn halt_by_hand(&mut self, effects: &mut Effects) -> Result<(), String> {
        self.alarm(self.now, ShockCause::Command, effects);
        Ok(())
    }

    /// One step back to full size, and an end to locks that wait for a person.
    pub(super) fn rearm(&mut self, effects: &mut Effects) -> Result<(), String> {
        let waits = |lock: &Lock| lock.until.is_none();
        let protections = self.guard.protections.as_mut();
        let freed = protections.filter(|protections| protections.locks(self.now).any(waits));
        let had_locks = freed.is_some();
        if let Some(protections) = freed {
            protections.resume();
        }
        match self.guard.shock.rearm(self.now) {
            Some(change) => self.tell_shock(change, effects),
            None if !had_locks => return Err("nothing is halted, and no lock waits for a person".to_owned()),
            None => {}
        }
        Ok(())
    }

    /// The market as it can be told from here, the worst of all symbols. Where only bars are known, spread and depth count
    /// as usual: there is nothing that could say otherwise. Where nothing is watched, so does volatility.
    pub(super) fn health(&self) -> MarketHealth {
        let usual = MarketHealth {
            spread: Some(1.0),
            depth: Some(1.0),
            volatility: Some(1.0),
            data_age: self.oldest_close().map(|close| self.now.since(close)),
            reconciled: self.is_reconciled(),
        };
        let worse = |one: Option<f64>, other: Option<f64>| one.zip(other).map(|(one, other)| one.max(other));
        let watches = self.instruments.iter().filter_map(|instrument| instrument.watch.as_deref());
        watches.fold(usual, |health, watch| {
            let events = watch.events();
            let health = MarketHealth { volatility: worse(health.volatility, events.volatility_ratio()), ..health };
            if !self.has_books {
                return health;
            }
            let book = events.book();
            MarketHealth {
                spread: worse(health.spread, book.map(|book| book.spread)),
                depth: health.depth.zip(book.map(|book| book.depth)).map(|(one, other)| one.min(other)),
                ..health
            }
        })
    }

    /// Of the symbols that trade at all.
    /// Of the symbols that are not silent: those are gated each by itself.
    fn oldest_close(&self) -> Option<Time> {
        let heard = self.instruments.iter().filter(|instrument| !instrument.stale);
        heard.filter_map(|instrument| instrument.last_close).min()
    }

    /// Our cash is what the venue said last, and no order's outcome is open.
    fn is_reconciled(&self) -> bool {
        let agrees = self.venue_cash.map_or(self.counts.fills == 0, |venue| venue == self.portfolio.cash());
        agrees && self.halted.is_none() && self.orders.live().iter().all(|order| order.state != OrderState::Unknown)
    }

    /// Why the shock guard refuses entries, while it does.
    pub(super) fn shock_halt(&self) -> Option<ShockHalt> {
        if self.guard.shock.is_calm() { None } else { self.guard.shock.halt(&self.health()) }
    }

    /// Equity at a closed bar.
    #[inline]
    pub(super) fn guard_equity(&mut self, equity: Value, effects: &mut Effects) {
        if let Some(protections) = &mut self.guard.protections {
            for lock in protections.equity(self.now, equity) {
                effects.notice(Notice::Locked { lock });
            }
        }
    }

    /// A round trip is over; `spent` is what was paid for it.
    pub(super) fn guard_trade(&mut self, trade: &TradeRecord, spent: f64, effects: &mut Effects) {
        let Some(protections) = &mut self.guard.protections else { return };
        let result = if spent > 0.0 { trade.pnl.to_f64() / spent } else { 0.0 };
        let by_stop = trade.exit_by == ExitBy::Stop;
        let closed = ClosedTrade { symbol: trade.symbol, closed: trade.closed, result, by_stop };
        for lock in protections.trade(closed) {
            effects.notice(Notice::Locked { lock });
        }
    }

    pub fn guard_view(&self) -> GuardView {
        let locks = self.guard.protections.iter().flat_map(|protections| protections.locks(self.now)).copied();
        GuardView {
            shock: self.guard.shock.state(),
            checks: self.guard.shock.checks(&self.health()).to_vec(),
            locks: locks.collect(),
        }
    }
}

fn later(one: Option<(Time, ShockCause)>, other: Option<(Time, ShockCause)>) -> Option<(Time, ShockCause)> {
    one.into_iter().chain(other).max_by_key(|(time, _)| *time)
}

/// A watch that has seen the kept bars, and the newest alarm among them that halts.
fn warmed(instrument: &Instrument, regimes: &RegimeModel) -> (MarketWatch, Option<(Time, ShockCause)>) {
    let mut watch = MarketWatch::new(&Thresholds::default(), regimes);
    let mut alarm = None;
    for (bar, _) in instrument.window.iter() {
        let (signals, _) = watch.on_bar(bar, None);
        let newest = signals.iter().filter(|signal| signal.is_alarm()).find_map(|signal| halts(&signal.event));
        alarm = newest.map(|cause| (bar.close_time(), cause)).or(alarm);
    }
    (watch, alarm)
}

/// Spread and what rests at the best prices; `None` for a book that cannot be one.
fn book_state(top: BookTop) -> Option<BookState> {
    let (bid, ask) = (top.bid.to_f64(), top.ask.to_f64());
    let middle = (bid + ask) / 2.0;
    let depth = bid * top.bid_quantity.to_f64() + ask * top.ask_quantity.to_f64();
    (bid > 0.0 && ask > bid).then(|| BookState { spread: (ask - bid) / middle, depth })
}

impl StateHash for Guard {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.shock);
        digest.option(self.protections.as_deref());
        digest.option(self.comovement.as_deref());
    }
}
