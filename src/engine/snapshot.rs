//! `Snapshot`: the engine's state as people see it, made on demand.
//!
//! Invariant: immutable; a screen that holds an old one shows old numbers, never mixed ones.
//! Absent on purpose: anything the engine does not own (links, latencies, memory).

use std::sync::Arc;

use super::Engine;
use super::execution::Progress;
use super::guard::GuardView;
use super::history::History;
use super::instrument::{Desk, Instrument};
use super::model::ModelSlot;
use super::mood::MoodView;
use super::notice::HaltReason;
use super::orders::{OrderState, Purpose};
use super::regime::Duty;
use super::risk::sizing::Shares;
use super::risk::stops::Distances;
use super::risk::{Refused, Room, SizedEntry};
use super::settings::Settings;
use super::strategy::Signal;
use super::strategy::actor::Wanted;
use super::strategy::council::Vote;
use super::strategy::member::Forecast;
use crate::domain::{
    Asset, BookTop, ClientOrderId, Money, OrderKind, Price, Quantity, Side, Symbol, SymbolId, SymbolRules, Time, Value,
};
use crate::market::regime::Regime;

#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub now: Time,
    pub settings: Settings,
    pub paused: bool,
    pub halted: Option<HaltReason>,
    /// Shock, conditions and locks.
    pub guard: GuardView,
    /// The quote asset, in which all amounts stand.
    pub quote: Asset,
    pub cash: Money,
    /// Cash less what live entries may still cost.
    pub free_cash: Money,
    pub equity_start: Value,
    pub equity: Value,
    pub realised: Value,
    pub unrealised: Value,
    pub fees: Value,
    pub day_pnl: Value,
    /// Fractions from -1 to 0.
    pub drawdown: f64,
    pub max_drawdown: f64,
    pub win_rate: Option<f64>,
    pub wins: u64,
    pub losses: u64,
    pub trades: u64,
    pub fills: u64,
    pub bars: u64,
    /// In the order of their ids.
    pub symbols: Vec<SymbolView>,
    pub orders: Vec<OrderView>,
    /// What outside sources say, with the age of their words.
    pub mood: MoodView,
    /// The past, kept by the driver that made this snapshot.
    pub history: Arc<History>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SymbolView {
    pub symbol: Symbol,
    pub rules: SymbolRules,
    pub desk: Desk,
    pub position: Quantity,
    pub average_cost: Option<f64>,
    /// Average price of the entry fills of the open round trip, without fees.
    pub entry: Option<Price>,
    pub mark: Option<Price>,
    pub top: Option<BookTop>,
    /// Worth of the position at its mark.
    pub value: Value,
    pub unrealised: Value,
    pub signal: Signal,
    pub bars_held: u32,
    /// After a stop, a target or a flatten: no entry until the strategy has wanted to be flat.
    pub awaiting_fresh_signal: bool,
    /// Why the last entry was not made, until one is made.
    pub last_refusal: Option<Refused>,
    /// A person cancelled the protection of this position.
    pub unprotected: bool,
    pub stale: bool,
    /// Prices of the stop and the target that rest, or are on their way.
    pub stop: Option<Price>,
    pub target: Option<Price>,
    /// How far the next entry's would stand.
    pub distances: Distances,
    /// What is left of full size; `None` while the volatility that is aimed at is not known.
    pub shares: Option<Shares>,
    /// What caps on positions leave.
    pub room: Room,
    /// The newest size that was computed, step by step.
    pub sized: Option<SizedEntry>,
    /// None during warm-up and where it is not watched.
    pub regime: Option<Regime>,
    pub regime_since: Option<Time>,
    /// Whose mandate is in force, and whose waits.
    pub duty: Duty,
    /// What each member of the council wants and counts; empty where one strategy is pinned.
    pub votes: Vec<Vote>,
    /// What fills the slots of models, and what it said of this symbol.
    pub models: Vec<ModelView>,
    /// The parent order that is being carried out.
    pub work: Option<Box<Progress>>,
    /// The stop was moved up since the entry.
    pub is_raised: bool,
}

/// A model and what it last said of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelView {
    pub slot: ModelSlot,
    pub name: String,
    /// Pinned, or with a prior in some regime; one that is not asked says nothing.
    pub is_asked: bool,
    pub said: Option<Said>,
    /// Least edge that it trades by, as a fraction.
    pub needed: f64,
    /// Why it does not trade.
    pub trouble: Option<String>,
}

/// The newest usable answer of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said {
    Forecast(Forecast),
    Wants(Wanted),
}

#[derive(Debug, Clone, PartialEq)]
pub struct OrderView {
    pub symbol: SymbolId,
    pub client_id: ClientOrderId,
    pub purpose: Purpose,
    pub side: Side,
    pub kind: OrderKind,
    pub state: OrderState,
    pub filled: Quantity,
    /// When the newest request about it was sent.
    pub sent: Time,
}

impl Engine {
    pub fn snapshot(&self, history: Arc<History>) -> Snapshot {
        let orders = self.orders.live().iter().map(|order| OrderView {
            symbol: order.symbol,
            client_id: self.session.client_order_id(order.sequence),
            purpose: order.purpose,
            side: order.side,
            kind: order.kind,
            state: order.state,
            filled: order.filled,
            sent: order.sent,
        });
        let trades = self.performance.trades;
        Snapshot {
            now: self.now,
            settings: self.settings.clone(),
            paused: self.paused,
            halted: self.halted,
            guard: self.guard_view(),
            quote: self.portfolio.quote().clone(),
            cash: self.portfolio.cash(),
            free_cash: self.free_cash(),
            equity_start: self.performance.start(),
            equity: self.equity(),
            realised: self.realised(),
            unrealised: self.unrealised(),
            fees: self.portfolio.fees(),
            day_pnl: self.performance.sharpe.day_pnl(),
            drawdown: self.performance.drawdown.current(),
            max_drawdown: self.performance.drawdown.worst(),
            win_rate: trades.rate(),
            wins: trades.wins(),
            losses: trades.losses(),
            trades: trades.trades(),
            fills: self.counts.fills,
            bars: self.performance.bars(),
            symbols: self.instruments.iter().enumerate().map(|(at, one)| self.symbol_view(at, one)).collect(),
            orders: orders.collect(),
            mood: self.mood_view(),
            history,
        }
    }

    fn symbol_view(&self, at: usize, instrument: &Instrument) -> SymbolView {
        let id = SymbolId(at as u16);
        SymbolView {
            symbol: instrument.rules.symbol.clone(),
            rules: instrument.rules.clone(),
            desk: instrument.desk,
            position: instrument.position.quantity,
            average_cost: instrument.position.average_cost(),
            entry: instrument.trade.and_then(|trade| trade.average(Side::Buy)),
            mark: instrument.mark,
            top: instrument.view.top,
            value: instrument.value(),
            unrealised: instrument.unrealised(),
            signal: instrument.strategy.signal(),
            bars_held: instrument.bars_held,
            awaiting_fresh_signal: instrument.awaiting_fresh_signal,
            last_refusal: instrument.last_refusal,
            unprotected: instrument.unprotected,
            stale: instrument.stale,
            stop: self.armed(id).0,
            target: self.armed(id).1,
            distances: self.distances(id),
            shares: self.shares(id),
            room: self.room(id),
            sized: instrument.sized.as_deref().copied(),
            regime: instrument.watch.as_ref().and_then(|watch| watch.regime()),
            regime_since: instrument.watch.as_ref().and_then(|watch| watch.regime_since()),
            duty: instrument.duty,
            votes: instrument.strategy.votes(),
            models: ModelSlot::ALL.into_iter().filter_map(|slot| self.model_view(slot, instrument)).collect(),
            work: instrument.work.as_ref().map(|work| Box::new(work.parent.progress())),
            is_raised: instrument.raised.is_some(),
        }
    }

    fn model_view(&self, slot: ModelSlot, instrument: &Instrument) -> Option<ModelView> {
        let spec = self.settings.models.get(slot)?;
        let member = instrument.strategy.member(slot);
        let wanted = instrument.strategy.actor(slot).and_then(|actor| actor.wanted());
        let forecast = member.and_then(|member| member.forecast());
        Some(ModelView {
            slot,
            name: spec.name.clone(),
            is_asked: self.settings.asks(slot),
            said: forecast.map(Said::Forecast).or(wanted.map(Said::Wants)),
            needed: member.map_or(0.0, |member| member.needed()),
            trouble: instrument.model_trouble[slot as usize].clone(),
        })
    }
}
