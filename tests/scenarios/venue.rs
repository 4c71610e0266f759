//! A small honest venue: it keeps balances, matches what is crossed, and says everything once, in the order in which it
//! happened.
//!
//! Invariant: nothing is sold that is not there, and at most one order to buy rests for a symbol: an engine that asks for more
//! is wrong, and the venue panics.
//! Absent on purpose: a book, latency and lost words; who carries the words decides about those (`everything`).

use std::collections::BTreeMap;

use kestrel::domain::{
    Balance, BalanceUpdate, ClientOrderId, Commission, ExecutionReport, ExecutionType, Money, OrderId, OrderKind,
    OrderStatus, Price, Quantity, Side, SymbolId, SymbolRules, Time, TradeId,
};
use kestrel::engine::{Input, Outcome};

use super::table::Leg;

/// How an order that takes is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Whole,
    InTwo,
    /// Half; the rest expires.
    Half,
    /// Half; the rest waits where the order can rest, and expires where it cannot.
    HalfAndWait,
    /// The book is empty.
    Nothing,
}

#[derive(Debug, Clone)]
pub struct Kept {
    pub leg: Leg,
    pub status: OrderStatus,
    pub filled: Quantity,
}

pub struct Venue {
    rules: Vec<SymbolRules>,
    pub cash: Money,
    pub base: Vec<Quantity>,
    /// Bought of each symbol so far, fees not taken off.
    pub bought: Vec<Quantity>,
    pub prices: Vec<Price>,
    pub orders: BTreeMap<ClientOrderId, Kept>,
    has_fees: bool,
    trades: i64,
    pub now: Time,
    said: Vec<Input>,
}

impl Venue {
    pub fn new(rules: Vec<SymbolRules>, cash: Money, price: Price, has_fees: bool) -> Venue {
        let count = rules.len();
        Venue {
            rules,
            cash,
            base: vec![Quantity::ZERO; count],
            bought: vec![Quantity::ZERO; count],
            prices: vec![price; count],
            orders: BTreeMap::new(),
            has_fees,
            trades: 0,
            now: Time(0),
            said: Vec::new(),
        }
    }

    /// Reports and balances since it was asked last.
    pub fn said(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.said)
    }

    pub fn open(&self) -> impl Iterator<Item = &Kept> {
        self.orders.values().filter(|kept| !kept.status.is_terminal())
    }

    pub fn resting(&self) -> Vec<ClientOrderId> {
        self.open().map(|kept| kept.leg.id.clone()).collect()
    }

    /// What is left of the orders of a symbol that buy.
    pub fn wanted(&self, symbol: SymbolId) -> Quantity {
        let buys = self.open().filter(|kept| kept.leg.symbol == symbol && kept.leg.side == Side::Buy);
        buys.fold(Quantity::ZERO, |sum, kept| sum.saturating_add(kept.left()))
    }

    /// What the open orders of a symbol can sell; of a list only one fills.
    pub fn locked(&self, symbol: SymbolId) -> Quantity {
        let mut lists: BTreeMap<&ClientOrderId, Quantity> = BTreeMap::new();
        for kept in self.open().filter(|kept| kept.leg.symbol == symbol && kept.leg.side == Side::Sell) {
            let list = lists.entry(kept.leg.list.as_ref().unwrap_or(&kept.leg.id)).or_default();
            *list = (*list).max(kept.left());
        }
        lists.values().fold(Quantity::ZERO, |sum, left| sum.saturating_add(*left))
    }

    pub fn free_cash(&self) -> Money {
        let cost = |kept: &Kept| Money::notional(kept.leg.kind.limit_price().unwrap_or_default(), kept.left());
        let buys = self.open().filter(|kept| kept.leg.side == Side::Buy);
        buys.fold(self.cash, |free, kept| free.saturating_sub(cost(kept).expect("in range")))
    }

    /// An order, or the two legs of a list.
    pub fn place(&mut self, legs: &[Leg], way: Way) -> Outcome {
        let first = &legs[0];
        let (symbol, quantity, price) = (first.symbol, first.quantity(), self.prices[first.symbol.index()]);
        let refused = |message: &str| Outcome::Rejected { code: -2010, message: message.to_owned() };
        match first.side {
            Side::Sell => {
                let free = self.base[symbol.index()].saturating_sub(self.locked(symbol));
                assert!(quantity <= free, "{first:?} sells more than the {free} that is free");
            }
            Side::Buy => {
                assert!(self.wanted(symbol).is_zero(), "{first:?} is a second child");
                let cost = Money::notional(first.kind.limit_price().unwrap_or(price), quantity).expect("in range");
                if cost > self.free_cash() {
                    return refused("Account has insufficient balance for requested action.");
                }
            }
        }
        let crosses = |limit: Price| match first.side {
            Side::Buy => limit >= price,
            Side::Sell => limit <= price,
        };
        if let OrderKind::LimitMaker { price, .. } = first.kind
            && crosses(price)
        {
            return refused("Order would immediately match and take.");
        }
        for leg in legs {
            let kept = Kept { leg: leg.clone(), status: OrderStatus::New, filled: Quantity::ZERO };
            assert!(self.orders.insert(leg.id.clone(), kept).is_none(), "{} came twice", leg.id);
            self.say(&leg.id, ExecutionType::New, None);
        }
        match first.kind {
            OrderKind::Market { .. } => self.take(&first.id, way, false),
            OrderKind::Limit { price, .. } => {
                self.take(&first.id, if crosses(price) { way } else { Way::Nothing }, false)
            }
            OrderKind::LimitMaker { .. } | OrderKind::StopLoss { .. } | OrderKind::TakeProfit { .. } => {}
            OrderKind::MarketQuote { .. } => panic!("nobody orders by amount"),
        }
        Outcome::Accepted { order_id: OrderId(1) }
    }

    pub fn cancel(&mut self, id: &ClientOrderId) -> Outcome {
        let Some(kept) = self.orders.get(id).filter(|kept| !kept.status.is_terminal()).cloned() else {
            return Outcome::CancelRefused { code: -2011, message: "Unknown order sent.".to_owned() };
        };
        self.end(id, OrderStatus::Canceled);
        self.end_siblings(&kept.leg, OrderStatus::Canceled);
        Outcome::Found { status: OrderStatus::Canceled, filled: kept.filled }
    }

    /// Cancels one and, only if that succeeded, places the other.
    pub fn replace(&mut self, old: &ClientOrderId, new: &Leg, way: Way) -> Outcome {
        match self.cancel(old) {
            Outcome::CancelRefused { message, .. } => Outcome::Rejected { code: -2022, message },
            _ => self.place(std::slice::from_ref(new), way),
        }
    }

    pub fn query(&self, id: &ClientOrderId) -> Outcome {
        self.orders
            .get(id)
            .map_or(Outcome::NotFound, |kept| Outcome::Found { status: kept.status, filled: kept.filled })
    }

    /// The price goes there; what it reaches on the way is filled.
    pub fn go(&mut self, symbol: SymbolId, price: Price, way: Way) {
        self.prices[symbol.index()] = price;
        for id in self.resting() {
            let Some(kept) = self.orders.get(&id).filter(|kept| !kept.status.is_terminal()) else { continue };
            let is_reached = kept.leg.symbol == symbol
                && match kept.leg.kind {
                    OrderKind::LimitMaker { price: limit, .. } => limit > price,
                    OrderKind::StopLoss { stop, .. } => stop >= price,
                    OrderKind::TakeProfit { stop, .. } => stop <= price,
                    OrderKind::Market { .. } | OrderKind::MarketQuote { .. } | OrderKind::Limit { .. } => false,
                };
            if is_reached {
                self.fill(&id, way);
            }
        }
    }

    /// Fills an order that rests.
    pub fn fill(&mut self, id: &ClientOrderId, way: Way) {
        let Some(kept) = self.orders.get(id).filter(|kept| !kept.status.is_terminal()).cloned() else { return };
        let is_affordable = || {
            let cost = Money::notional(self.prices[kept.leg.symbol.index()], kept.left());
            kept.leg.side == Side::Sell || cost.is_some_and(|cost| cost <= self.cash)
        };
        if !is_affordable() {
            return;
        }
        self.end_siblings(&kept.leg, OrderStatus::Expired);
        self.take(id, way, true);
    }

    fn take(&mut self, id: &ClientOrderId, way: Way, can_wait: bool) {
        let Some(kept) = self.orders.get(id) else { return };
        let (left, step) = (kept.left(), self.rules[kept.leg.symbol.index()].lot.step);
        let half = Quantity::from_raw(left.raw() / 2).floor_to_step(step);
        let parts = match way {
            Way::Whole => vec![left],
            Way::InTwo => vec![half, left.saturating_sub(half)],
            Way::Half | Way::HalfAndWait => vec![half],
            Way::Nothing => Vec::new(),
        };
        for part in parts.into_iter().filter(|part| part.is_positive()) {
            self.trade(id, part);
        }
        let waits = can_wait && matches!(way, Way::HalfAndWait);
        if !waits && self.orders.get(id).is_some_and(|kept| !kept.status.is_terminal()) {
            self.end(id, OrderStatus::Expired);
        }
    }

    fn trade(&mut self, id: &ClientOrderId, part: Quantity) {
        let Some(kept) = self.orders.get_mut(id) else { return };
        kept.filled = kept.filled.saturating_add(part);
        kept.status = if kept.left().is_zero() { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let (at, side) = (kept.leg.symbol.index(), kept.leg.side);
        let price = match kept.leg.kind {
            OrderKind::LimitMaker { price, .. } => price,
            _ => self.prices[at],
        };
        let notional = Money::notional(price, part).expect("in range");
        let fee = |raw: i64| if self.has_fees { raw / 1_000 } else { 0 };
        let commission = match side {
            Side::Buy => {
                let fee = fee(part.raw());
                self.base[at] = self.base[at].saturating_add(part.saturating_sub(Quantity::from_raw(fee)));
                self.bought[at] = self.bought[at].saturating_add(part);
                self.cash = self.cash.saturating_sub(notional);
                Commission { asset: self.rules[at].base.clone(), amount: Money::from_raw(fee) }
            }
            Side::Sell => {
                let fee = Money::from_raw(fee(notional.raw()));
                self.base[at] = self.base[at].saturating_sub(part);
                self.cash = self.cash.saturating_add(notional.saturating_sub(fee));
                Commission { asset: self.rules[at].quote.clone(), amount: fee }
            }
        };
        assert!(!self.base[at].is_negative(), "{id} sold what was not there");
        self.trades += 1;
        self.say(id, ExecutionType::Trade, Some((part, price, commission)));
        let balance = Balance { asset: self.rules[at].quote.clone(), free: self.cash, locked: Money::ZERO };
        self.said.push(Input::Balances(BalanceUpdate { time: self.now, balances: vec![balance] }));
    }

    fn end_siblings(&mut self, leg: &Leg, status: OrderStatus) {
        let is_sibling = |kept: &&Kept| leg.list.is_some() && kept.leg.list == leg.list && kept.leg.id != leg.id;
        let siblings: Vec<ClientOrderId> = self.open().filter(is_sibling).map(|kept| kept.leg.id.clone()).collect();
        siblings.iter().for_each(|id| self.end(id, status));
    }

    fn end(&mut self, id: &ClientOrderId, status: OrderStatus) {
        if let Some(kept) = self.orders.get_mut(id) {
            kept.status = status;
        }
        let canceled = status == OrderStatus::Canceled;
        self.say(id, if canceled { ExecutionType::Canceled } else { ExecutionType::Expired }, None);
    }

    fn say(&mut self, id: &ClientOrderId, execution: ExecutionType, fill: Option<(Quantity, Price, Commission)>) {
        let kept = &self.orders[id];
        let (last_quantity, last_price) =
            fill.as_ref().map(|(quantity, price, _)| (*quantity, *price)).unwrap_or_default();
        self.said.push(Input::Report(Box::new(ExecutionReport {
            symbol: kept.leg.symbol,
            client_id: id.clone(),
            order_id: OrderId(1),
            list_id: None,
            side: kept.leg.side,
            order_type: kept.leg.kind.order_type(),
            execution,
            status: kept.status,
            quantity: kept.leg.quantity(),
            price: Price::ZERO,
            stop_price: kept.leg.kind.stop_price().unwrap_or_default(),
            last_quantity,
            last_price,
            filled: kept.filled,
            filled_quote: Money::ZERO,
            trade_id: fill.is_some().then_some(TradeId(self.trades)),
            commission: fill.map(|(_, _, commission)| commission).filter(|commission| commission.amount.is_positive()),
            is_maker: matches!(kept.leg.kind, OrderKind::LimitMaker { .. }),
            time: self.now,
            reason: None,
        })));
    }
}

impl Kept {
    pub fn left(&self) -> Quantity {
        self.leg.quantity().saturating_sub(self.filled)
    }
}
