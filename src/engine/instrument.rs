//! `Instrument`: all that the engine knows of one symbol.
//!
//! Invariant: what stands under `view` is shown to people and takes no part in the state hash; of it only the best prices
//! decide anything: how a parent order is carried out, and, where the market's own book is known, whether it is well; then
//! the engine adds them to the hash.
//! Absent on purpose: orders, which live in one list for all symbols.

use std::collections::VecDeque;

use super::execution::{Refit, VolumeCurve};
use super::eyes::{Eyes, NO_TROUBLE};
use super::model::SLOTS;
use super::notice::ExitBy;
use super::portfolio::Position;
use super::regime::Duty;
use super::risk::stops::Distances;
use super::risk::{Refused, SizedEntry, SteadyRisk, TrailingStop};
use super::strategy::Strategy;
use super::work::Work;
use crate::domain::{
    Bar, BookTop, Digest, Money, OrderType, Price, Quantity, Side, StateHash, SymbolRules, Time, Trade, TradeId, Value,
};
use crate::market::BarWindow;
use crate::market::regime::MarketWatch;

/// Where the position of a symbol stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// Nothing held that can be sold, nothing on its way.
    Flat,
    /// An entry is on its way.
    Entering,
    /// Held, protective orders at the venue.
    Holding,
    /// On the way out: protective orders are cancelled, then the rest is sold.
    Leaving,
}

#[derive(Debug, Clone)]
pub struct Instrument {
    pub rules: SymbolRules,
    pub window: BarWindow,
    pub strategy: Strategy,
    /// Last closed price, or the price of a later own fill.
    pub mark: Option<Price>,
    pub position: Position,
    pub desk: Desk,
    pub trade: Option<OpenTrade>,
    /// A reason to leave that does not wait for a decision.
    pub leave: Option<ExitBy>,
    /// After a stop or target: no entry until the strategy has wanted to be flat.
    pub awaiting_fresh_signal: bool,
    /// A person cancelled the protection: it is not armed again until the position is closed.
    pub unprotected: bool,
    /// An exit failed; try again at the next bar.
    pub exit_waits: bool,
    pub bars_held: u32,
    /// The entry on its way adds to a position: its age goes on.
    pub is_adding: bool,
    /// Exposure that was decided on, 0 to 1 of full size; 0 while flat.
    pub aim: f64,
    /// What a reduction leaves; zero when everything is to go.
    pub keep: Quantity,
    /// Whose mandate is in force, where strategies are chosen automatically.
    pub duty: Duty,
    /// The parent order that is being carried out.
    pub work: Option<Box<Work>>,
    /// What execution costs here, learnt from own fills; `None` before the first parent order.
    pub costs: Option<Box<Refit>>,
    /// Usual volume by hour of the week, where orders may be sliced along it.
    pub curve: Option<Box<VolumeCurve>>,
    /// The newest passive fill, until the next close tells how the price went on.
    pub made: Option<(Side, Price)>,
    pub last_close: Option<Time>,
    pub stale: bool,
    pub last_refusal: Option<Refused>,
    seen_trades: VecDeque<TradeId>,
    /// The largest of all trade ids: what lies above it was not seen.
    highest_trade: Option<TradeId>,
    /// Distances of stop and target as measured at the entry, where they are measured.
    pub distances: Option<Distances>,
    /// The stop that follows the price, and where the stop was raised to at the venue.
    pub trail: Option<TrailingStop>,
    pub raised: Option<Price>,
    /// The share of full size under which risk stays the same, where a volatility is aimed at.
    pub steady: Option<Box<SteadyRisk>>,
    /// The newest size that was computed, for people.
    pub sized: Option<Box<SizedEntry>>,
    /// Events and regime, where they are watched.
    pub watch: Option<Box<MarketWatch>>,
    /// What models see, where some are asked.
    pub eyes: Option<Box<Eyes>>,
    /// What was last told of each model's trouble, for people.
    pub model_trouble: [Option<String>; SLOTS],
    pub view: View,
}

/// The round trip that is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTrade {
    pub opened: Time,
    pub bought: Quantity,
    pub spent: Money,
    pub sold: Quantity,
    pub received: Money,
    pub realised_before: Value,
    pub fees: Value,
}

/// What a person sees between bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    pub top: Option<BookTop>,
    /// When it came.
    pub top_at: Option<Time>,
    pub last_trade: Option<Trade>,
}

/// Trade ids remembered to book each fill once.
const REMEMBERED_TRADES: usize = 256;

impl Instrument {
    pub fn new(rules: SymbolRules, strategy: Strategy) -> Instrument {
        Instrument {
            rules,
            window: BarWindow::default(),
            strategy,
            mark: None,
            position: Position::default(),
            desk: Desk::Flat,
            trade: None,
            leave: None,
            awaiting_fresh_signal: false,
            unprotected: false,
            exit_waits: false,
            bars_held: 0,
            is_adding: false,
            aim: 0.0,
            keep: Quantity::ZERO,
            duty: Duty::default(),
            work: None,
            costs: None,
            curve: None,
            made: None,
            last_close: None,
            stale: false,
            last_refusal: None,
            seen_trades: VecDeque::new(),
            highest_trade: None,
            distances: None,
            trail: None,
            raised: None,
            steady: None,
            sized: None,
            watch: None,
            eyes: None,
            model_trouble: NO_TROUBLE,
            view: View::default(),
        }
    }

    /// Takes a closed bar. False when it is none, or was seen: streams repeat the newest bars after a reconnect.
    #[inline]
    pub fn take(&mut self, bar: &Bar) -> bool {
        let is_new = self.window.back(0).is_none_or(|newest| newest.open_time < bar.open_time);
        let close = Price::from_f64(bar.close).filter(|close| close.is_positive());
        let Some(close) = close.filter(|_| is_new && bar.validate().is_ok()) else { return false };
        self.window.push(*bar, close);
        self.strategy.update(&self.window);
        if let Some(steady) = &mut self.steady {
            steady.observe(bar.close_time(), bar.close);
        }
        if let Some(eyes) = &mut self.eyes {
            eyes.take(bar);
        }
        self.mark = Some(close);
        true
    }

    /// The part of the position that the venue would let us sell at the market now; dust is zero.
    pub fn sellable(&self) -> Quantity {
        sellable(&self.rules, self.position.quantity, self.mark)
    }

    /// What may be sold now of that part of the position which exceeds `keep`.
    pub fn saleable_beyond(&self, keep: Quantity) -> Quantity {
        let rest = self.position.quantity.saturating_sub(keep);
        if rest.is_positive() { sellable(&self.rules, rest, self.mark) } else { Quantity::ZERO }
    }

    /// The largest quantity that one market order may sell.
    pub fn largest_sale(&self) -> Quantity {
        let limits = [self.rules.lot.max, self.rules.market_lot.max].into_iter().filter(|max| max.is_positive());
        limits.min().unwrap_or(Quantity::MAX).floor_to_step(self.rules.step(OrderType::Market))
    }

    /// True the first time a trade id is seen.
    pub fn remember_trade(&mut self, id: TradeId) -> bool {
        if self.highest_trade.is_some_and(|highest| id <= highest) && self.seen_trades.contains(&id) {
            return false;
        }
        self.highest_trade = self.highest_trade.max(Some(id));
        if self.seen_trades.len() == REMEMBERED_TRADES {
            self.seen_trades.pop_front();
        }
        self.seen_trades.push_back(id);
        true
    }

    #[inline]
    pub fn value(&self) -> Value {
        match self.mark {
            Some(mark) if !self.position.quantity.is_zero() => self.position.value(mark),
            Some(_) | None => Value::ZERO,
        }
    }

    pub fn unrealised(&self) -> Value {
        match self.mark {
            Some(mark) => self.position.unrealised(mark),
            None => Value(self.position.cost.0.saturating_neg()),
        }
    }
}

/// The part of `held` that the venue would let us sell at the market at `mark`; dust is zero.
pub fn sellable(rules: &SymbolRules, held: Quantity, mark: Option<Price>) -> Quantity {
    let step = rules.step(OrderType::Market).max(rules.step(OrderType::Limit));
    let quantity = held.floor_to_step(step);
    let worth = mark.and_then(|mark| Money::notional(mark, quantity)).unwrap_or(Money::ZERO);
    let least = rules.lot.min.max(rules.market_lot.min);
    let is_dust = !quantity.is_positive() || quantity < least || worth < rules.notional.min;
    if is_dust { Quantity::ZERO } else { quantity }
}

impl OpenTrade {
    /// Average price paid, or received for sells; `None` before the first fill of that side.
    pub fn average(&self, side: Side) -> Option<Price> {
        let (money, quantity) = match side {
            Side::Buy => (self.spent, self.bought),
            Side::Sell => (self.received, self.sold),
        };
        if !quantity.is_positive() {
            return None;
        }
        let raw = i128::from(money.raw()) * i128::from(crate::domain::fixed::SCALE) / i128::from(quantity.raw());
        i64::try_from(raw).ok().map(Price::from_raw)
    }
}

impl StateHash for Instrument {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(self.rules.symbol.as_str());
        digest.add(&self.window);
        digest.add(&self.strategy);
        digest.option(self.mark.as_ref());
        digest.add(&self.position);
        digest.u8(self.desk as u8);
        digest.option(self.trade.as_ref());
        digest.u8(self.leave.map_or(255, |by| by as u8));
        digest.bool(self.awaiting_fresh_signal);
        digest.bool(self.unprotected);
        digest.bool(self.exit_waits);
        digest.u64(u64::from(self.bars_held));
        digest.f64(self.aim);
        digest.add(&self.keep);
        digest.add(&self.duty);
        digest.bool(self.work.is_some());
        if let Some(work) = &self.work {
            digest.add(work.as_ref());
        }
        digest.option(self.costs.as_deref());
        digest.option(self.curve.as_deref());
        digest.option(self.made.map(|(_, price)| price).as_ref());
        digest.option(self.made.map(|(side, _)| side).as_ref());
        digest.bool(self.is_adding);
        digest.option(self.last_close.as_ref());
        digest.bool(self.stale);
        digest.option(self.distances.as_ref());
        digest.option(self.trail.as_ref());
        digest.option(self.raised.as_ref());
        digest.option(self.steady.as_deref());
        digest.option(self.watch.as_deref());
        digest.option(self.eyes.as_deref());
        digest.u64(self.seen_trades.len() as u64);
        for id in &self.seen_trades {
            digest.i64(id.0);
        }
    }
}

impl StateHash for OpenTrade {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.opened);
        digest.add(&self.bought);
        digest.add(&self.spent);
        digest.add(&self.sold);
        digest.add(&self.received);
        digest.add(&self.realised_before);
        digest.add(&self.fees);
    }
}
