//! Executions of the naive venue: what is reached, what a taker meets, and in which order.
//!
//! Invariant: every choice is the best of a scan over all orders; ties go to the older order.
//! Absent on purpose: any index, and formulas where bisection gives the same number.

use crate::domain::{
    ExecutionType, Money, OrderKind, OrderStatus, OrderType, Price, Quantity, Ratio, Side, SymbolId, Time, TimeInForce,
};

use super::super::frictions::size;
use super::super::orders::{AccountId, ExpiryReason, OrderRecord};
use super::super::participation::Rest;
use super::{Entry, Naive, rises_to};

impl Naive {
    /// The next order on the way of the price: nearest first, then by acceptance.
    pub(super) fn first_reached(&self, symbol: SymbolId, up: bool, price: Price) -> Option<usize> {
        let tick = self.tick(symbol);
        let mut first: Option<(usize, Price)> = None;
        for (index, entry) in self.orders.iter().enumerate() {
            let record = &entry.record;
            if record.symbol != symbol || !entry.is_in_book() {
                continue;
            }
            let (rises, at) = match (record.kind.limit_price(), record.kind.stop_price(), record.side) {
                (Some(limit), _, Side::Sell) => (true, limit.saturating_add(self.markout(limit, tick))),
                (Some(limit), _, Side::Buy) => (false, limit.saturating_sub(self.markout(limit, tick))),
                (None, Some(stop), side) => (rises_to(side, record.kind), stop),
                (None, None, _) => continue,
            };
            let is_reached = if up { at <= price } else { at >= price };
            let is_nearer = first.is_none_or(|(_, best)| if up { at < best } else { at > best });
            if rises == up && is_reached && is_nearer {
                first = Some((index, at));
            }
        }
        first.map(|(index, _)| index)
    }

    pub(super) fn take(&mut self, index: usize, price: Price, time: Time) {
        self.orders[index].is_waiting = false;
        let OrderRecord { symbol, side, kind, .. } = self.orders[index].record;
        let account = self.orders[index].account;
        let path_price = self.taker_price(symbol, side, price, size(kind, price));
        let limit = kind.limit_price();
        let within =
            |price: Price| limit.is_none_or(|limit| if side == Side::Buy { price <= limit } else { price >= limit });
        if let (OrderKind::MarketQuote { amount }, true) = (kind, self.orders[index].record.filled.is_zero()) {
            self.orders[index].record.quantity = self.quantity_for(account, symbol, side, amount, path_price);
        }
        if kind.time_in_force() == TimeInForce::Fok && !self.fills_whole(index, path_price, within) {
            return self.expire(index, ExpiryReason::UnfilledFok, time);
        }
        let mut reason = ExpiryReason::InsufficientLiquidity;
        while self.orders[index].record.remaining().is_positive() {
            let remaining = self.orders[index].record.remaining();
            let maker = self
                .best_against(symbol, side, path_price, &[])
                .filter(|maker| within(self.orders[*maker].record.kind.limit_price().unwrap_or_default()));
            let (price, offered) = match maker {
                Some(maker) if self.orders[maker].account == account => {
                    self.prevent_self_trade(maker, time);
                    continue;
                }
                Some(maker) => {
                    let record = &self.orders[maker].record;
                    (record.kind.limit_price().unwrap_or_default(), record.remaining())
                }
                None if within(path_price) && self.left_for(index).is_zero() => {
                    let Some(ends) = self.ends_thin(kind) else {
                        self.orders[index].is_waiting = true;
                        return;
                    };
                    reason = ends;
                    break;
                }
                None if within(path_price) => (path_price, remaining.min(self.left_for(index))),
                None if kind.time_in_force() == TimeInForce::Gtc => return,
                None => {
                    reason = ExpiryReason::UnfilledIoc;
                    break;
                }
            };
            let wanted = remaining.min(offered);
            let quantity = self.covered(index, price, wanted);
            if quantity.is_zero() {
                break;
            }
            match (maker, &mut self.left[symbol.index()]) {
                (Some(maker), _) => self.expire_sibling(maker, time),
                (None, Some(left)) => *left = left.saturating_sub(quantity),
                (None, None) => {}
            }
            self.trades[symbol.index()] += 1;
            let trade = self.trades[symbol.index()];
            self.fill(index, price, quantity, trade, false, time);
            if let Some(maker) = maker {
                self.fill(maker, price, quantity, trade, true, time);
                self.finish_list(maker, time);
            }
            if quantity < wanted {
                break;
            }
        }
        if !self.orders[index].record.status.is_terminal() {
            self.expire(index, reason, time);
        }
        self.finish_list(index, time);
    }

    fn prevent_self_trade(&mut self, maker: usize, time: Time) {
        self.expire_sibling(maker, time);
        let status = OrderStatus::ExpiredInMatch;
        self.end(maker, ExecutionType::TradePrevention, status, Some(ExpiryReason::SelfTrade), time);
        self.finish_list(maker, time);
    }

    fn fills_whole(&self, index: usize, path_price: Price, within: impl Fn(Price) -> bool) -> bool {
        let OrderRecord { symbol, side, kind, .. } = self.orders[index].record;
        let mut offers = self.offers(self.orders[index].account, symbol, side, path_price);
        offers.iter_mut().rev().take(1).for_each(|path| path.1 = self.left_for(index));
        let offered = offers.iter().filter(|(price, _)| within(*price));
        offered.fold(0_i128, |sum, offer| sum + i128::from(offer.1.raw())) >= i128::from(kind.quantity().raw())
    }

    /// Why an order ends for which the minute was too thin; `None` when it waits.
    fn ends_thin(&self, kind: OrderKind) -> Option<ExpiryReason> {
        if kind.limit_price().is_some() {
            return (kind.time_in_force() != TimeInForce::Gtc).then_some(ExpiryReason::UnfilledIoc);
        }
        let expires = self.settings.frictions.participation.is_some_and(|part| part.rest == Rest::Expires);
        expires.then_some(ExpiryReason::InsufficientLiquidity)
    }

    /// Lets the orders arrive whose time has come; the takers among them wait, and are returned.
    pub(super) fn arrive(&mut self, symbol: SymbolId, time: Time) -> Vec<(usize, Time)> {
        let Some(last) = self.prices[symbol.index()] else { return Vec::new() };
        let mut takers = Vec::new();
        for index in 0..self.orders.len() {
            let Entry { record, arrives, .. } = &self.orders[index];
            let Some(arrival) = arrives.filter(|arrives| record.symbol == symbol && *arrives <= time) else {
                continue;
            };
            self.orders[index].arrives = None;
            let OrderRecord { side, kind, .. } = self.orders[index].record;
            if self.would_take(symbol, side, kind, last) {
                self.expire(index, ExpiryReason::WouldTake, time);
                continue;
            }
            let rises = rises_to(side, kind);
            let is_triggered = kind.stop_price().is_some_and(|stop| if rises { last >= stop } else { last <= stop });
            self.orders[index].record.is_working |= is_triggered;
            if is_triggered || self.takes(index, last) {
                self.expire_sibling(index, time);
                self.orders[index].is_waiting = true;
                takers.push((index, arrival));
            }
        }
        takers
    }

    /// True for an order that meets something as soon as it is in the book.
    pub(super) fn takes(&self, index: usize, price: Price) -> bool {
        let OrderRecord { symbol, side, kind, .. } = self.orders[index].record;
        match kind {
            OrderKind::Limit { price: limit, time_in_force, .. } => {
                time_in_force != TimeInForce::Gtc || self.is_marketable(symbol, side, kind, limit, price)
            }
            OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => true,
            OrderKind::LimitMaker { .. } | OrderKind::StopLoss { .. } | OrderKind::TakeProfit { .. } => false,
        }
    }

    /// True for a maker-only order that the other side's best price or a resting order would meet.
    pub(super) fn would_take(&self, symbol: SymbolId, side: Side, kind: OrderKind, price: Price) -> bool {
        let OrderKind::LimitMaker { price: limit, .. } = kind else { return false };
        let tick = self.tick(symbol);
        let [mut ask, mut bid] =
            [Side::Buy, Side::Sell].map(|side| self.taker_price(symbol, side, price, Quantity::ZERO));
        if bid >= ask && bid > tick {
            bid = ask.saturating_sub(tick);
        } else if bid >= ask {
            ask = ask.saturating_add(tick);
        }
        let resting = self
            .orders
            .iter()
            .filter(|entry| entry.is_in_book() && entry.record.symbol == symbol && entry.record.side != side);
        let mut prices: Vec<Price> = resting.filter_map(|entry| entry.record.kind.limit_price()).collect();
        prices.push(if side == Side::Buy { ask } else { bid });
        prices.iter().any(|price| if side == Side::Buy { *price <= limit } else { *price >= limit })
    }

    /// How far the path must pass a limit.
    fn markout(&self, limit: Price, tick: Price) -> Price {
        let share = i128::from(self.settings.frictions.markout.0.raw());
        let distance = i128::from(limit.raw()) * share / 100_000_000;
        Price::from_raw(distance as i64).max(tick)
    }

    /// Steps of this order that the minute still gives.
    fn left_for(&self, index: usize) -> Quantity {
        let OrderRecord { symbol, kind, .. } = self.orders[index].record;
        let Some(left) = self.left[symbol.index()] else { return Quantity::MAX };
        let step = self.rules[symbol.index()].step(kind.order_type()).raw().max(1);
        Quantity::from_raw(left.raw() / step * step)
    }

    /// How much of `most` the order can pay for.
    fn covered(&self, index: usize, price: Price, most: Quantity) -> Quantity {
        let OrderRecord { symbol, side, kind, .. } = self.orders[index].record;
        let free = self.balance(self.orders[index].account, &self.spent(index)).free;
        let available = self.orders[index].locked.saturating_add(free);
        let allows = |q: Quantity| match side {
            Side::Buy => self.cost(price, q, self.settings.fees.taker).is_some_and(|cost| cost <= available),
            Side::Sell => q.as_money() <= available,
        };
        let step = self.rules[symbol.index()].step(kind.order_type());
        if allows(most) { most } else { steps(step, most, allows) }
    }

    pub(super) fn quantity_for(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        amount: Money,
        path_price: Price,
    ) -> Quantity {
        let rate = if side == Side::Buy { self.settings.fees.taker } else { Ratio::ZERO };
        let (mut left, mut sum) = (amount, Quantity::ZERO);
        for (price, offered) in self.offers(account, symbol, side, path_price) {
            let allows = |q| self.cost(price, q, rate).is_some_and(|cost| cost <= left);
            let part = steps(Quantity::from_raw(1), offered, allows);
            sum = sum.saturating_add(part);
            left = left.saturating_sub(self.cost(price, part, rate).unwrap_or_default());
            if part < offered {
                break;
            }
        }
        let step = self.rules[symbol.index()].step(OrderType::Market).raw().max(1);
        Quantity::from_raw(sum.raw() / step * step)
    }
}

/// The largest number of steps up to `most` that is allowed, by bisection.
fn steps(step: Quantity, most: Quantity, allows: impl Fn(Quantity) -> bool) -> Quantity {
    let step = step.raw().max(1);
    let (mut low, mut high) = (0, most.raw() / step);
    while low < high {
        let middle = high - (high - low) / 2;
        if allows(Quantity::from_raw(middle * step)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Quantity::from_raw(low * step)
}
