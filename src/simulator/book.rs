//! The book of one symbol: resting limits by price and time, trigger orders by stop, and orders that wait for a point.
//!
//! Invariant: an order stands in exactly one place of the book or in none, and the bounds of the path that reaches
//! nothing are true after every change.
//! Absent on purpose: quantities and owners; the register has them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::domain::fixed::SCALE;
use crate::domain::{Bar, OrderId, OrderKind, Price, Ratio, Side, SymbolRules, Time};

use super::markout::Markout;

#[derive(Debug, Clone)]
pub(super) struct Book {
    pub(super) tick: Price,
    markout: Markout,
    bids: BTreeSet<(Reverse<Price>, OrderId)>,
    asks: BTreeSet<(Price, OrderId)>,
    /// Triggers that a rising price reaches, and those a falling one does.
    above: BTreeSet<(Price, OrderId)>,
    below: BTreeSet<(Reverse<Price>, OrderId)>,
    waiting: Vec<OrderId>,
    /// Orders on their way, by arrival.
    travelling: BTreeSet<(Time, OrderId)>,
    /// A bar strictly between the two changes no order.
    quiet_above: f64,
    quiet_below: f64,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Nowhere,
    /// Takes liquidity at the next point.
    Waiting,
    /// Sent, and in the book from this time on.
    Travelling(Time),
    Resting(Side, Price),
    /// Triggered by a price at or above.
    Above(Price),
    /// Triggered by a price at or below.
    Below(Price),
}

/// An order that the path has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    Limit(OrderId),
    Trigger(OrderId, Price),
}

impl Book {
    pub(super) fn new(tick: Price, markout: Markout) -> Book {
        Book {
            tick,
            markout,
            bids: BTreeSet::new(),
            asks: BTreeSet::new(),
            above: BTreeSet::new(),
            below: BTreeSet::new(),
            waiting: Vec::new(),
            travelling: BTreeSet::new(),
            quiet_above: f64::INFINITY,
            quiet_below: f64::NEG_INFINITY,
        }
    }

    #[inline]
    pub(super) fn reaches(&self, bar: &Bar) -> bool {
        // Written so that a NaN reaches.
        !(bar.high < self.quiet_above && bar.low > self.quiet_below)
    }

    pub(super) fn insert(&mut self, place: Place, id: OrderId) {
        match place {
            Place::Nowhere => {}
            Place::Waiting => self.waiting.push(id),
            Place::Travelling(arrival) => {
                let _ = self.travelling.insert((arrival, id));
            }
            Place::Resting(Side::Buy, price) => {
                let _ = self.bids.insert((Reverse(price), id));
            }
            Place::Resting(Side::Sell, price) => {
                let _ = self.asks.insert((price, id));
            }
            Place::Above(stop) => {
                let _ = self.above.insert((stop, id));
            }
            Place::Below(stop) => {
                let _ = self.below.insert((Reverse(stop), id));
            }
        }
        self.refresh();
    }

    pub(super) fn remove(&mut self, place: Place, id: OrderId) {
        match place {
            Place::Nowhere => {}
            Place::Waiting => self.waiting.retain(|waiting| *waiting != id),
            Place::Travelling(arrival) => {
                let _ = self.travelling.remove(&(arrival, id));
            }
            Place::Resting(Side::Buy, price) => {
                let _ = self.bids.remove(&(Reverse(price), id));
            }
            Place::Resting(Side::Sell, price) => {
                let _ = self.asks.remove(&(price, id));
            }
            Place::Above(stop) => {
                let _ = self.above.remove(&(stop, id));
            }
            Place::Below(stop) => {
                let _ = self.below.remove(&(Reverse(stop), id));
            }
        }
        self.refresh();
    }

    /// The orders that wait for a point, in order of acceptance; they wait no longer.
    pub(super) fn take_waiting(&mut self) -> Vec<OrderId> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        // A trigger that has to wait may be older than what waits already.
        waiting.sort_unstable();
        self.refresh();
        waiting
    }

    /// The first of the orders that are on their way no longer at this time.
    pub(super) fn next_arrival(&self, time: Time) -> Option<(Time, OrderId)> {
        self.travelling.first().filter(|(arrival, _)| *arrival <= time).copied()
    }

    /// The best resting order of a side: price, then acceptance.
    pub(super) fn best(&self, side: Side) -> Option<(Price, OrderId)> {
        match side {
            Side::Buy => self.bids.first().map(|(price, id)| (price.0, *id)),
            Side::Sell => self.asks.first().copied(),
        }
    }

    /// The resting orders that an order of `side` meets, best first.
    pub(super) fn opposite(&self, side: Side) -> Box<dyn Iterator<Item = (Price, OrderId)> + '_> {
        match side {
            Side::Buy => Box::new(self.asks.iter().copied()),
            Side::Sell => Box::new(self.bids.iter().map(|(price, id)| (price.0, *id))),
        }
    }

    /// The first order that a price risen to `price` has reached: limits as far below it as the markout says, triggers at it.
    pub(super) fn next_above(&self, price: Price) -> Option<Reached> {
        let limit = self.asks.first().map(|(limit, id)| (self.passed_at(Side::Sell, *limit), *id));
        let trigger = self.above.first().copied();
        let limit = limit.filter(|(at, _)| *at <= price);
        let trigger = trigger.filter(|(at, _)| *at <= price);
        match (limit, trigger) {
            (Some(limit), Some(trigger)) if limit < trigger => Some(Reached::Limit(limit.1)),
            (_, Some((stop, id))) => Some(Reached::Trigger(id, stop)),
            (Some((_, id)), None) => Some(Reached::Limit(id)),
            (None, None) => None,
        }
    }

    /// The first order that a price fallen to `price` has reached: limits as far above it as the markout says, triggers at it.
    pub(super) fn next_below(&self, price: Price) -> Option<Reached> {
        let limit = self.bids.first().map(|(limit, id)| (Reverse(self.passed_at(Side::Buy, limit.0)), *id));
        let trigger = self.below.first().copied();
        let limit = limit.filter(|(at, _)| at.0 >= price);
        let trigger = trigger.filter(|(at, _)| at.0 >= price);
        match (limit, trigger) {
            (Some(limit), Some(trigger)) if limit < trigger => Some(Reached::Limit(limit.1)),
            (_, Some((stop, id))) => Some(Reached::Trigger(id, stop.0)),
            (Some((_, id)), None) => Some(Reached::Limit(id)),
            (None, None) => None,
        }
    }

    fn passed_at(&self, side: Side, limit: Price) -> Price {
        self.markout.passed_at(side, limit, self.tick)
    }

    fn refresh(&mut self) {
        if !self.waiting.is_empty() || !self.travelling.is_empty() {
            (self.quiet_above, self.quiet_below) = (f64::NEG_INFINITY, f64::INFINITY);
            return;
        }
        let ask = self.asks.first().map(|(limit, _)| self.passed_at(Side::Sell, *limit));
        let bid = self.bids.first().map(|(limit, _)| self.passed_at(Side::Buy, limit.0));
        let above = self.above.first().map(|(stop, _)| *stop);
        let below = self.below.first().map(|(stop, _)| stop.0);
        let up = [ask, above].into_iter().flatten().min();
        let down = [bid, below].into_iter().flatten().max();
        // A unit of the last place and two parts in 1e15 of margin: the path rounds prices to the nearest unit.
        self.quiet_above = up.map_or(f64::INFINITY, |at| (at.raw() as f64 - 1.0) * (1.0 - 2e-15) / SCALE as f64);
        self.quiet_below = down.map_or(f64::NEG_INFINITY, |at| (at.raw() as f64 + 1.0) * (1.0 + 2e-15) / SCALE as f64);
    }
}

/// The smallest difference of two prices; one unit of the last place where the filter is disabled.
pub(super) fn tick_of(rules: &SymbolRules) -> Price {
    rules.price.tick.max(Price::from_raw(1))
}

/// Where a taker meets the path: `away` from it (half spread and impact), rounded against him to the tick, at least one tick.
pub(super) fn taker_price(side: Side, price: Price, away: Ratio, tick: Price) -> Price {
    let (scale, unit) = (i128::from(SCALE), i128::from(tick.raw()));
    let (price, away) = (i128::from(price.raw()), i128::from(away.raw()));
    let ticks = match side {
        Side::Buy => (price * (scale + away) + scale * unit - 1) / (scale * unit),
        Side::Sell => price * (scale - away) / (scale * unit),
    };
    let highest = i128::from(i64::MAX) / unit;
    Price::from_raw((ticks.clamp(1, highest) * unit) as i64)
}

/// True when the price must rise to trigger the order: STOP_LOSS BUY and TAKE_PROFIT SELL.
pub(super) fn triggers_above(side: Side, kind: OrderKind) -> bool {
    match kind {
        OrderKind::StopLoss { .. } => side == Side::Buy,
        OrderKind::TakeProfit { .. } => side == Side::Sell,
        OrderKind::Market { .. }
        | OrderKind::MarketQuote { .. }
        | OrderKind::Limit { .. }
        | OrderKind::LimitMaker { .. } => false,
    }
}

/// True when `price` is at `limit` or better for an order of `side`.
pub(super) fn is_within(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
