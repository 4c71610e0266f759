//! `Work`: the parent order that a desk carries out, joined to the orders at the venue.
//!
//! Invariant: a parent learns only from booked fills and from the states of our orders, so it agrees with the account; what
//! it asks for passes the risk check like any other order.
//! Absent on purpose: when and how a child is sent (`execution::parent`), and protection, which the desk keeps armed
//! beside it.

use super::Engine;
use super::effect::{Effect, Effects};
use super::execution::cost::{MarketState, unevenness};
use super::execution::{Action, ChildOrder, Choice, Ending, Fill, Known, Parent, ParentSpec, Progress, Tactics, View};
use super::instrument::Instrument;
use super::notice::Notice;
use super::orders::{OrderEvent, OrderState, Purpose, transition};
use super::risk::{OrderRequest, Payload, Refused};
use crate::domain::{Digest, NewOrder, OrderKind, Price, Quantity, Seed, Side, Span, StateHash, SymbolId, Time};

#[derive(Debug, Clone)]
pub struct Work {
    pub parent: Parent,
    /// Numbers of children and the sequences of our orders; those that are done are forgotten.
    children: Vec<(u32, u64)>,
    /// Base asset that the market traded since the start, by closed bars.
    volume: f64,
}

/// Bars from which the market's usual volume and volatility are read when an order begins.
const LOOK_BACK: usize = 240;
/// Where no book is known: what stands at the best price as a share of a minute's usual volume.
const TOP_SHARE: f64 = 0.02;
/// Best prices older than this are not believed.
const TOP_AGE: Span = Span::MINUTE;

impl Work {
    pub fn new(parent: Parent) -> Work {
        Work { parent, children: Vec::new(), volume: 0.0 }
    }

    /// The market traded so much more.
    pub fn traded(&mut self, volume: f64) {
        self.volume += volume;
    }

    pub fn filled(&mut self, sequence: u64, fill: Fill) {
        if let Some((number, _)) = self.children.iter().find(|(_, child)| *child == sequence) {
            self.parent.filled(*number, fill);
        }
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
        let market = self.market_state(instrument, now);
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
            // An exit must be done.
            worth: (side == Side::Buy).then(|| execution.worth.to_f64()).filter(|worth| *worth > 0.0),
            seed,
            name,
        };
        let tactics = Tactics { participation: execution.volume_share.to_f64(), ..Tactics::default() };
        let choice = execution.choice().unwrap_or(Choice::Adaptive);
        let known =
            Known { market: &market, rules: &instrument.rules, curve: None, has_touch: touch.is_some() };
        let parent = Parent::new(spec, choice, tactics, &known).map_err(Refused::from)?;
        self.instruments[symbol.index()].work = Some(Box::new(Work::new(parent)));
        Ok(())
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
                Action::Done(ending) => return self.end_work(symbol, ending, effects),
            }
        }
    }

    fn ask_parent(&mut self, symbol: SymbolId) -> Option<Action> {
        let (now, gate) = (self.now, self.gate(symbol));
        let instrument = &mut self.instruments[symbol.index()];
        let (touch, mark) = (instrument.touch(now), instrument.mark?);
        let work = instrument.work.as_mut()?;
        let is_buy = work.parent.spec().side == Side::Buy;
        // What may not be entered any more is not entered in parts either.
        if is_buy && gate.closed().is_some() {
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
        let kind = match order.kind {
            OrderKind::Limit { quantity, price, .. } if order.is_post_only => OrderKind::LimitMaker { quantity, price },
            OrderKind::Limit { .. }
            | OrderKind::LimitMaker { .. }
            | OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::StopLoss { .. }
            | OrderKind::TakeProfit { .. } => order.kind,
        };
        let client_id = self.next_client_id();
        let sequence = self.sequence;
        let request = OrderRequest { purpose, payload: Payload::Order(NewOrder { symbol, client_id, side, kind }) };
        let old = old.and_then(|number| self.sequence_of_child(symbol, number));
        let approved = match self.approve(symbol, request) {
            Ok(approved) => approved,
            Err(reason) => {
                effects.notice(Notice::Refused { symbol, reason });
                if let Some(work) = &mut self.instruments[symbol.index()].work {
                    work.parent.rejected(order.number, now);
                }
                return;
            }
        };
        if let Some(work) = &mut self.instruments[symbol.index()].work {
            work.children.push((order.number, sequence));
        }
        match (approved, old) {
            (Effect::Submit(approved), Some(old)) => self.replace(old, approved, effects),
            (effect, _) => effects.push(effect),
        }
    }

    /// Tells the parent what became of its children, by the states of our orders.
    fn tell_children(&mut self, symbol: SymbolId) {
        let now = self.now;
        let Some(work) = self.instruments[symbol.index()].work.as_mut() else { return };
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
                    parent.closed(*number, now);
                }
                OrderState::Open | OrderState::PartiallyFilled => {
                    parent.opened(*number);
                    if parent.is_leaving(*number) {
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

    fn end_work(&mut self, symbol: SymbolId, ending: Ending, effects: &mut Effects) {
        let Some(work) = self.instruments[symbol.index()].work.take() else { return };
        let progress = work.parent.progress();
        effects.notice(Notice::Executed { symbol, ending, progress: Box::new(progress) });
    }

    /// What styles of execution are expected to cost by.
    fn market_state(&self, instrument: &Instrument, now: Time) -> MarketState {
        let execution = &self.settings.execution;
        let (deviation, volume) = recent(instrument);
        let touch = instrument.touch(now);
        let middle = |bid: f64, ask: f64| (ask - bid) / (ask + bid);
        let half_spread = touch.map_or(execution.half_spread.to_f64(), |top| middle(top.bid.to_f64(), top.ask.to_f64()));
        let model = &instrument.costs;
        MarketState {
            half_spread,
            daily_volatility: deviation * 1_440_f64.sqrt(),
            daily_volume: volume * 1_440.0,
            depth: touch.map_or(TOP_SHARE * volume, |top| top.ask_quantity.to_f64()).max(f64::MIN_POSITIVE),
            maker_fee: execution.maker_fee.to_f64(),
            taker_fee: execution.taker_fee.to_f64(),
            coefficient: model.coefficient(),
            markout: model.markout(),
            fill_chance: model.fill_chance(),
            unevenness: unevenness(&[1.0]),
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
    }
}
