//! `Work`: the parent order that a desk carries out, joined to the orders at the venue.
//!
//! Invariant: a parent learns only from booked fills and from the states of our orders, so it agrees with the account; what
//! it asks for passes the risk check like any other order.
//! Absent on purpose: when and how a child is sent (`execution::parent`), and protection, which the desk keeps armed
//! beside it.

use super::Engine;
use super::effect::Effects;
use super::execution::{
    Action, ChildOrder, Choice, Fill, Known, MarketState, Parent, ParentSpec, Refit, Tactics, Taken, View, VolumeCurve,
};
use super::instrument::Instrument;
use super::notice::Notice;
use super::orders::{OrderState, Purpose};
use super::risk::{OrderRequest, Payload, Refused, check};
use super::settings::ExecutionStyle;
use crate::domain::{Bar, Digest, NewOrder, OrderKind, Price, Quantity, Seed, Side, Span, StateHash, SymbolId, Time};

#[derive(Debug, Clone)]
pub struct Work {
    pub parent: Parent,
    /// Numbers of children and the sequences of our orders; those that are done are forgotten.
    children: Vec<(u32, u64)>,
    /// Base asset that the market traded since the start, by closed bars.
    volume: f64,
    /// The market when it began.
    market: MarketState,
}

/// Bars from which the market's usual volume and volatility are read when an order begins.
const LOOK_BACK: usize = 240;
/// Weeks of the volume curve.
const CURVE_WEEKS: usize = 4;
/// Where no book is known: what stands at the best price as a share of a minute's usual volume.
const TOP_SHARE: f64 = 0.02;
/// Before own fills say otherwise: Y of the square-root law (Donier and Bonart 2015), and the chance that an order at the best
/// price is filled within a minute.
const COEFFICIENT: f64 = 1.0;
const FILL_CHANCE: f64 = 0.3;
/// Best prices older than this are not believed.
const TOP_AGE: Span = Span::MINUTE;

impl Work {
    pub fn new(parent: Parent, market: MarketState) -> Work {
        Work { parent, children: Vec::new(), volume: 0.0, market }
    }

    pub fn filled(&mut self, sequence: u64, fill: Fill) {
        if let Some((number, _)) = self.children.iter().find(|(_, child)| *child == sequence) {
            self.parent.filled(*number, fill);
        }
    }

    /// What is left to do and not at the venue.
    pub fn unsent(&self) -> Quantity {
        let sent = self.parent.child().map_or(Quantity::ZERO, |child| child.left());
        self.parent.left().saturating_sub(sent)
    }

    /// Its next child has time.
    pub fn waits(&self, now: Time) -> bool {
        self.parent.wake().is_some_and(|wake| wake > now)
    }

    pub fn purpose(&self) -> Purpose {
        match self.parent.spec().side {
            Side::Buy => Purpose::Entry,
            Side::Sell => Purpose::Exit,
        }
    }
}

impl Engine {
    /// Begins a parent order; nothing is sent before `work`.
    pub(super) fn begin_work(&mut self, symbol: SymbolId, side: Side, quantity: Quantity) -> Result<(), Refused> {
        let now = self.now;
        // Names the draws of this order; ids of orders count on from it.
        let name = format!("parent {}", self.sequence);
        let seed = Seed(self.session.0);
        let instrument = &self.instruments[symbol.index()];
        let touch = instrument.touch(now).filter(|_| side == Side::Buy);
        let plain = self.market_state(instrument, now);
        let costs = instrument.costs.clone().unwrap_or_else(|| Box::new(Refit::new(&plain)));
        let market = costs.applied(&plain);
        let execution = &self.settings.execution;
        let mark = instrument.mark.ok_or(Refused::NoPrice)?;
        let spec = ParentSpec {
            symbol,
            side,
            quantity,
            arrival: touch.map_or(mark, |top| Price::from_raw(i64::midpoint(top.bid.raw(), top.ask.raw()))),
            started: now,
            horizon: Span(i64::from(execution.horizon_minutes) * Span::MINUTE.0),
            urgency: execution.urgency.to_f64(),
            drift: 0.0,
            // Nobody knows by how much the signal beats its cost: what was decided is done.
            worth: None,
            seed,
            name,
        };
        let tactics = Tactics { participation: execution.volume_share.to_f64(), ..Tactics::default() };
        let choice = execution.style.choice().unwrap_or(Choice::Adaptive);
        let curve = instrument.curve.as_deref();
        let known = Known { market: &market, rules: &instrument.rules, curve, has_touch: touch.is_some() };
        let parent = Parent::new(spec, choice, tactics, &known).map_err(Refused::from)?;
        let instrument = &mut self.instruments[symbol.index()];
        instrument.costs = Some(costs);
        instrument.work = Some(Box::new(Work::new(parent, market)));
        Ok(())
    }

    /// A closed bar, for what orders are sliced along.
    pub(super) fn measure_volume(&mut self, symbol: SymbolId, bar: &Bar) {
        let instrument = &mut self.instruments[symbol.index()];
        instrument.curve.get_or_insert_with(|| Box::new(VolumeCurve::new(CURVE_WEEKS))).observe(bar);
    }

    /// A sale that has time is carried out by a parent order too; without one it goes at the market.
    pub(super) fn begin_sale(&mut self, symbol: SymbolId) {
        match self.settings.execution.style {
            // A sale rests nowhere and has no bound: what it sells is protected by nothing meanwhile.
            ExecutionStyle::Market | ExecutionStyle::MarketableLimit | ExecutionStyle::Passive => return,
            ExecutionStyle::Adaptive
            | ExecutionStyle::Twap
            | ExecutionStyle::Vwap
            | ExecutionStyle::Participation
            | ExecutionStyle::AlmgrenChriss => {}
        }
        let instrument = &self.instruments[symbol.index()];
        let quantity = instrument.saleable_beyond(instrument.keep);
        // What no parent order can be made of is sold at once.
        if instrument.work.is_none() && !quantity.is_zero() && self.begin_work(symbol, Side::Sell, quantity).is_err() {
            self.instruments[symbol.index()].work = None;
        }
    }

    /// A bar closed while a parent order is carried out: it looks at the market again.
    pub(super) fn revise_work(&mut self, symbol: SymbolId, volume: f64, effects: &mut Effects) {
        let now = self.now;
        let instrument = &self.instruments[symbol.index()];
        let plain = self.market_state(instrument, now);
        let market = instrument.costs.as_ref().map_or(plain, |costs| costs.applied(&plain));
        let rules = instrument.rules.clone();
        let has_touch = instrument.touch(now).is_some();
        let instrument = &mut self.instruments[symbol.index()];
        let curve = instrument.curve.as_deref();
        if let Some(work) = &mut instrument.work {
            work.volume += volume;
            let has_touch = has_touch && work.purpose() == Purpose::Entry;
            work.parent.reconsider(now, 0.0, &Known { market: &market, rules: &rules, curve, has_touch });
        }
        self.advance(symbol, effects);
    }

    /// Entries on their way end: a person paused.
    pub(super) fn stop_entries(&mut self, effects: &mut Effects) {
        for at in 0..self.instruments.len() {
            if self.instruments[at].work.as_ref().is_some_and(|work| work.purpose() == Purpose::Entry) {
                self.advance(SymbolId(at as u16), effects);
            }
        }
    }

    /// True while the engine acts on prices inside a minute: then every driver shows it each `Trade` and, after it, each
    /// `BookTop`.
    #[inline]
    pub fn is_working(&self) -> bool {
        self.instruments.iter().any(|instrument| instrument.work.is_some())
    }

    /// True when a parent order may begin at a bar's close and looks at the best prices then: every driver shows the
    /// `BookTop` of a bar's last price before the bar.
    #[inline]
    pub fn wants_tops(&self) -> bool {
        self.settings.execution.style != ExecutionStyle::Market
    }

    /// Does what the parent of a symbol asks for, until it waits or is over.
    pub(super) fn work(&mut self, symbol: SymbolId, effects: &mut Effects) {
        self.tell_children(symbol);
        while let Some(action) = self.ask_parent(symbol) {
            match action {
                Action::Wait => return,
                Action::Place(order) => self.send_child(symbol, order, None, effects),
                Action::Replace { old, new } => self.send_child(symbol, new, Some(old), effects),
                Action::Cancel { number } => {
                    if let Some(sequence) = self.sequence_of_child(symbol, number) {
                        self.cancel(sequence, effects);
                    }
                }
                Action::Done(_) => return self.end_work(symbol, effects),
            }
        }
    }

    /// The moment that a parent order asked for has come, also where no price is shown.
    pub(super) fn wake_works(&mut self, effects: &mut Effects) {
        for at in 0..self.instruments.len() {
            let wake = self.instruments[at].work.as_ref().and_then(|work| work.parent.wake());
            if wake.is_some_and(|wake| wake <= self.now) {
                self.advance(SymbolId(at as u16), effects);
            }
        }
    }

    fn ask_parent(&mut self, symbol: SymbolId) -> Option<Action> {
        let (now, may_enter) = (self.now, self.may_enter(symbol));
        let instrument = &mut self.instruments[symbol.index()];
        let (touch, mark) = (instrument.touch(now), instrument.mark?);
        let work = instrument.work.as_mut()?;
        let is_buy = work.parent.spec().side == Side::Buy;
        let may_enter = may_enter && instrument.leave.is_none();
        // What may not be entered any more is not entered in parts either.
        if is_buy && !may_enter {
            work.parent.stop(now);
        }
        let touch = touch.filter(|_| is_buy);
        let view = View { touch, volume: work.volume, ..View::of_bars(mark, work.volume) };
        Some(work.parent.next(now, &view))
    }

    fn sequence_of_child(&self, symbol: SymbolId, number: u32) -> Option<u64> {
        let work = self.instruments[symbol.index()].work.as_ref()?;
        work.children.iter().find(|(child, _)| *child == number).map(|(_, sequence)| *sequence)
    }

    /// Sends a child, in the place of another one where one is named. One that risk refuses never was.
    fn send_child(&mut self, symbol: SymbolId, order: ChildOrder, old: Option<u32>, effects: &mut Effects) {
        let now = self.now;
        let Some(work) = self.instruments[symbol.index()].work.as_ref() else { return };
        let (side, purpose) = (work.parent.spec().side, work.purpose());
        let kind = order.kind;
        let client_id = self.next_client_id();
        let sequence = self.sequence;
        let request = OrderRequest { purpose, payload: Payload::Order(NewOrder { symbol, client_id, side, kind }) };
        let old = old.and_then(|number| self.sequence_of_child(symbol, number));
        match check(&self.risk_view(symbol, old), request) {
            Ok(approved) => {
                if let Some(work) = &mut self.instruments[symbol.index()].work {
                    work.children.push((order.number, sequence));
                }
                match old {
                    // One that does not rest any more is told of by its report: the new one waits for that.
                    Some(old) => {
                        if !self.replace(old, approved, effects) {
                            self.not_replaced(symbol, order.number);
                        }
                    }
                    None => self.submit(approved, effects),
                }
            }
            Err(reason) => {
                effects.notice(Notice::Refused { symbol, reason });
                if let Some(work) = &mut self.instruments[symbol.index()].work {
                    work.parent.rejected(order.number, now);
                }
            }
        }
    }

    fn not_replaced(&mut self, symbol: SymbolId, number: u32) {
        let now = self.now;
        if let Some(work) = &mut self.instruments[symbol.index()].work {
            work.children.retain(|(child, _)| *child != number);
            work.parent.rejected(number, now);
        }
    }

    /// Tells the parent what became of its children, by the states of our orders.
    pub(super) fn tell_children(&mut self, symbol: SymbolId) {
        let now = self.now;
        let instrument = &mut self.instruments[symbol.index()];
        let (Some(work), Some(costs)) = (instrument.work.as_mut(), instrument.costs.as_mut()) else { return };
        let parent = &mut work.parent;
        let orders = &self.orders;
        work.children.retain(|(number, sequence)| {
            let Some(order) = orders.find(*sequence) else {
                parent.closed(*number, now);
                return false;
            };
            match order.state {
                OrderState::Rejected => parent.rejected(*number, now),
                OrderState::Filled | OrderState::Canceled | OrderState::Expired if order.is_done() => {
                    let child = parent.child().filter(|child| child.order.number == *number);
                    if let (Some(child), OrderKind::LimitMaker { .. }) = (child, order.kind) {
                        let minutes = now.since(child.sent).0 as f64 / Span::MINUTE.0 as f64;
                        costs.rested(minutes, order.filled.is_positive());
                    }
                    parent.closed(*number, now);
                }
                OrderState::Open | OrderState::PartiallyFilled => {
                    parent.opened(*number);
                    // Found open although it was to go: the cancel failed.
                    if parent.child().is_some_and(|child| child.order.number == *number && child.is_leaving()) {
                        parent.cancel_refused(now);
                    }
                    return true;
                }
                OrderState::Filled
                | OrderState::Canceled
                | OrderState::Expired
                | OrderState::Submitted
                | OrderState::Cancelling
                | OrderState::Unknown => return true,
            }
            false
        });
    }

    fn end_work(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let instrument = &mut self.instruments[symbol.index()];
        let Some(work) = instrument.work.take() else { return };
        let execution = Box::new(work.parent.progress());
        // What rested says nothing of what taking costs.
        if let (Some(costs), Some(paid), true) =
            (&mut instrument.costs, execution.against_arrival, execution.made.is_zero())
        {
            costs.took(Taken {
                cost: paid / 1e4,
                half_spread: work.market.half_spread,
                share: execution.filled.to_f64() / work.market.daily_volume,
                daily_volatility: work.market.daily_volatility,
            });
        }
        effects.notice(Notice::Executed { execution });
    }

    /// How far the price went on against the newest passive fill until this close.
    pub(super) fn mark_passive_fill(&mut self, symbol: SymbolId) {
        let instrument = &mut self.instruments[symbol.index()];
        let (Some((side, price)), Some(mark)) = (instrument.made.take(), instrument.mark) else { return };
        let fallen = 1.0 - mark.to_f64() / price.to_f64();
        let against = match side {
            Side::Buy => fallen,
            Side::Sell => -fallen,
        };
        if let Some(costs) = &mut instrument.costs {
            costs.marked(against);
        }
    }

    /// What styles of execution are expected to cost by.
    fn market_state(&self, instrument: &Instrument, now: Time) -> MarketState {
        let execution = &self.settings.execution;
        let (deviation, volume) = recent(instrument);
        let touch = instrument.touch(now);
        let middle = |bid: f64, ask: f64| (ask - bid) / (ask + bid);
        let half_spread =
            touch.map_or(execution.half_spread.to_f64(), |top| middle(top.bid.to_f64(), top.ask.to_f64()));
        MarketState {
            half_spread,
            daily_volatility: deviation * 1_440_f64.sqrt(),
            daily_volume: volume * 1_440.0,
            depth: touch.map_or(TOP_SHARE * volume, |top| top.ask_quantity.to_f64()).max(f64::MIN_POSITIVE),
            maker_fee: execution.maker_fee.to_f64(),
            taker_fee: execution.taker_fee.to_f64(),
            coefficient: COEFFICIENT,
            markout: 0.0,
            fill_chance: FILL_CHANCE,
            unevenness: 1.0,
        }
    }
}

/// Standard deviation of a minute's return and a minute's volume, from the newest bars.
fn recent(instrument: &Instrument) -> (f64, f64) {
    let bars = || (0..LOOK_BACK).map_while(|age| instrument.window.back(age));
    let count = bars().count().max(1) as f64;
    let volume = bars().map(|bar| bar.volume).sum::<f64>() / count;
    let returns = || bars().zip(bars().skip(1)).map(|(newer, older)| newer.close / older.close - 1.0);
    let squares: f64 = returns().map(|change| change * change).sum();
    ((squares / returns().count().max(1) as f64).sqrt(), volume)
}

impl Instrument {
    /// Best bid and ask, while they are fresh.
    pub fn touch(&self, now: Time) -> Option<crate::domain::BookTop> {
        let (top, at) = self.view.top.zip(self.view.top_at)?;
        (now.since(at) <= TOP_AGE && top.bid < top.ask).then_some(top)
    }
}

impl StateHash for Work {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.parent);
        for (number, sequence) in &self.children {
            digest.u64(u64::from(*number));
            digest.u64(*sequence);
        }
        digest.f64(self.volume);
        digest.add(&self.market);
    }
}
