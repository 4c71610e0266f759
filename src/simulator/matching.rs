//! Matching: what the path and incoming takers do to the orders.
//!
//! Invariant: price, then time; every change is reported once, in order; what an order locks it holds until it ends.
//! Absent on purpose: whether an order may stand (`admission`).

use crate::domain::{
    BalanceUpdate, ExecutionType, Money, OrderId, OrderKind, OrderStatus, Price, Quantity, Side, SymbolId, Time,
    TimeInForce, TradeId,
};

use super::book::{self, Place, Reached};
use super::frictions;
use super::ledger::Execution;
use super::offers::is_met;
use super::orders::{AccountId, ExpiryReason, ListStatus, TradeRecord, VenueEvent};
use super::participation::Rest;
use super::path::{PathPoint, PointKind};
use super::slippage::Meeting;
use super::{Market, Simulator};

/// How a taker's way through the book ended.
enum SweepEnd {
    Filled,
    /// The minute has given what takers may take.
    Thin,
    /// The rest is beyond its limit.
    Beyond,
    /// The balance covers no more.
    Short,
    /// The balance would not fit.
    Overflow,
}

impl Simulator {
    /// Moves the price of a symbol, the only way in which it moves, and fills what the move reaches: first the orders
    /// on its way, nearest first and then by acceptance, then the orders that waited for a point, by acceptance, then the
    /// takers that have just arrived.
    /// A point without a positive price is ignored.
    pub fn move_to(&mut self, symbol: SymbolId, point: PathPoint) {
        let Some(market) = self.markets.get_mut(symbol.index()) else { return };
        if !point.price.is_positive() {
            return;
        }
        let last = market.price;
        let arrived =
            if self.settings.frictions.latency.is_on() { self.arrive(symbol, point.time) } else { Vec::new() };
        let market = &mut self.markets[symbol.index()];
        let rises = last.is_none_or(|last| point.price >= last);
        market.price = Some(point.price);
        market.time = point.time;
        // Against the direction only limits inside the spread can be reached.
        for upwards in [rises, !rises] {
            while let Some(reached) = self.next_reached(symbol, upwards, point.price) {
                self.fill_reached(reached, point);
            }
        }
        for id in self.markets[symbol.index()].book.take_waiting() {
            self.register.order_mut(id).place = Place::Nowhere;
            self.take(id, point.price, point.time);
        }
        for id in arrived {
            self.take(id, self.worse_for(id, last, point.price), point.time);
        }
        let market = &mut self.markets[symbol.index()];
        market.is_between_bars = point.kind == PointKind::Close;
        if market.is_between_bars {
            market.close_minute(&self.settings.frictions, point.price);
        }
    }

    /// Executes an order that stands nowhere as a taker while the path is at `price`, and ends or rests what is left.
    pub(super) fn take(&mut self, id: OrderId, price: Price, time: Time) {
        let (symbol, side, kind) = self.terms(id);
        let path_price = self.taker_price(symbol, side, price, frictions::size(kind, price));
        // Once it began to fill its quantity stands.
        if let OrderKind::MarketQuote { amount } = kind
            && self.register.order(id).record.filled.is_zero()
        {
            let quantity = self.quantity_for(id, amount, path_price);
            self.register.order_mut(id).record.quantity = quantity;
        }
        if kind.time_in_force() == TimeInForce::Fok && !self.fills_whole(id, path_price) {
            self.expire(id, ExpiryReason::UnfilledFok, time);
            return;
        }
        match (self.sweep(id, Meeting { path: price, price: path_price }, time), kind) {
            (SweepEnd::Filled, _) => {}
            (SweepEnd::Thin, kind) => self.rest_of(id, kind, time),
            (SweepEnd::Beyond, OrderKind::Limit { price, time_in_force: TimeInForce::Gtc, .. }) => {
                self.stand(id, Place::Resting(side, price));
            }
            (SweepEnd::Beyond, _) => self.expire(id, ExpiryReason::UnfilledIoc, time),
            (SweepEnd::Short, _) => self.expire(id, ExpiryReason::InsufficientLiquidity, time),
            (SweepEnd::Overflow, _) => self.expire(id, ExpiryReason::Overflow, time),
        }
        self.finish_list(id, time);
    }

    /// What becomes of an order for which the minute was too thin.
    fn rest_of(&mut self, id: OrderId, kind: OrderKind, time: Time) {
        let rest = self.settings.frictions.participation.map_or(Rest::Waits, |participation| participation.rest);
        match (kind, rest) {
            (OrderKind::Limit { time_in_force: TimeInForce::Ioc | TimeInForce::Fok, .. }, _) => {
                self.expire(id, ExpiryReason::UnfilledIoc, time);
            }
            (OrderKind::Limit { time_in_force: TimeInForce::Gtc, .. }, _) | (_, Rest::Waits) => {
                self.stand(id, Place::Waiting);
            }
            (_, Rest::Expires) => self.expire(id, ExpiryReason::InsufficientLiquidity, time),
        }
    }

    /// Puts an order in its place of the book.
    pub(super) fn stand(&mut self, id: OrderId, place: Place) {
        let order = self.register.order_mut(id);
        order.place = place;
        self.markets[order.record.symbol.index()].book.insert(place, id);
    }

    /// Ends an order without a fill: out of the book, its lock released, reported.
    pub(super) fn end(
        &mut self,
        id: OrderId,
        execution: ExecutionType,
        status: OrderStatus,
        reason: Option<ExpiryReason>,
        time: Time,
    ) {
        self.leave(id);
        let order = self.register.order_mut(id);
        order.record.status = status;
        order.record.reason = reason;
        order.record.updated = time;
        order.sibling = None;
        let locked = std::mem::take(&mut order.locked);
        let (account, report) = (order.account, order.record.report(execution, time));
        let asset = self.markets[order.record.symbol.index()].locked_asset(order.record.side);
        self.events.push_back((account, VenueEvent::Report(report)));
        if locked.is_positive() {
            self.ledger.release(account, asset, locked);
            self.tell_balances(account, &[asset], time);
        }
        self.register.close(id);
    }

    pub(super) fn expire(&mut self, id: OrderId, reason: ExpiryReason, time: Time) {
        self.end(id, ExecutionType::Expired, OrderStatus::Expired, Some(reason), time);
    }

    /// Reports the list of an order as done once neither leg is open.
    pub(super) fn finish_list(&mut self, id: OrderId, time: Time) {
        let order = self.register.order(id);
        let (account, sibling) = (order.account, order.sibling);
        let Some(list_id) = order.record.list_id else { return };
        if !order.record.status.is_terminal() || sibling.is_some() {
            return;
        }
        let Some(list) = self.register.list_mut(list_id) else { return };
        list.status = ListStatus::AllDone;
        list.updated = time;
        self.events.push_back((account, VenueEvent::List(Box::new(list.clone()))));
        self.register.close_list(account, list_id);
    }

    /// Reports the balances of these assets as they are now.
    pub(super) fn tell_balances(&mut self, account: AccountId, assets: &[usize], time: Time) {
        let held = self.ledger.balances(account);
        let balances = assets.iter().map(|asset| held[*asset].clone()).collect();
        self.events.push_back((account, VenueEvent::Balances(BalanceUpdate { time, balances })));
    }

    fn next_reached(&self, symbol: SymbolId, upwards: bool, price: Price) -> Option<Reached> {
        let book = &self.markets[symbol.index()].book;
        if upwards { book.next_above(price) } else { book.next_below(price) }
    }

    fn fill_reached(&mut self, reached: Reached, point: PathPoint) {
        match reached {
            Reached::Limit(id) => self.fill_resting(id, point.time),
            Reached::Trigger(id, stop) => {
                self.expire_sibling(id, point.time);
                self.leave(id);
                self.register.order_mut(id).record.is_working = true;
                // An open beyond the stop is the first price at which it can trade.
                let price = if point.kind == PointKind::Open { point.price } else { stop };
                self.take(id, price, point.time);
            }
        }
    }

    /// Fills the rest of a resting order from the path, at its own price.
    fn fill_resting(&mut self, id: OrderId, time: Time) {
        self.expire_sibling(id, time);
        let record = &self.register.order(id).record;
        let quantity = record.remaining();
        let price = record.kind.limit_price().unwrap_or_default();
        if self.ledger.fits(&self.execution(id, price, quantity, true)) {
            let trade_id = self.next_trade_id(id);
            self.book_fill(id, price, quantity, trade_id, true, time);
        } else {
            self.expire(id, ExpiryReason::Overflow, time);
        }
        self.finish_list(id, time);
    }

    fn sweep(&mut self, id: OrderId, met: Meeting, time: Time) -> SweepEnd {
        let path_price = met.price;
        loop {
            let order = self.register.order(id);
            let (record, account) = (&order.record, order.account);
            let remaining = record.remaining();
            if remaining.is_zero() {
                return if record.filled.is_positive() { SweepEnd::Filled } else { SweepEnd::Short };
            }
            let (symbol, side, limit) = (record.symbol, record.side, record.kind.limit_price());
            let best = self.markets[symbol.index()].book.best(side.opposite());
            let maker = best.filter(|(price, _)| is_met(side, *price, limit, path_price));
            let (wanted, price) = match maker {
                Some((price, maker)) => {
                    let maker_order = self.register.order(maker);
                    if maker_order.account == account {
                        self.prevent_self_trade(maker, time);
                        continue;
                    }
                    (remaining.min(maker_order.record.remaining()), price)
                }
                None if limit.is_none_or(|limit| book::is_within(side, path_price, limit)) => {
                    let offered = self.allowance(id);
                    if offered.is_zero() {
                        return SweepEnd::Thin;
                    }
                    (remaining.min(offered), path_price)
                }
                None => return SweepEnd::Beyond,
            };
            let quantity = self.covered(id, price, wanted);
            if !quantity.is_positive() {
                return SweepEnd::Short;
            }
            if !self.ledger.fits(&self.execution(id, price, quantity, false)) {
                return SweepEnd::Overflow;
            }
            match maker {
                Some((_, maker)) => self.trade_with(id, maker, price, quantity, time),
                None => {
                    self.use_up(id, quantity);
                    self.note_slippage(symbol, side, met, quantity);
                    let trade_id = self.next_trade_id(id);
                    self.book_fill(id, price, quantity, trade_id, false, time);
                }
            }
            if quantity < wanted {
                return SweepEnd::Short;
            }
        }
    }

    /// One trade between two accounts: the taker is reported first.
    fn trade_with(&mut self, taker: OrderId, maker: OrderId, price: Price, quantity: Quantity, time: Time) {
        if !self.ledger.fits(&self.execution(maker, price, quantity, true)) {
            self.expire_sibling(maker, time);
            self.expire(maker, ExpiryReason::Overflow, time);
            self.finish_list(maker, time);
            return;
        }
        self.expire_sibling(maker, time);
        let trade_id = self.next_trade_id(taker);
        self.book_fill(taker, price, quantity, trade_id, false, time);
        self.book_fill(maker, price, quantity, trade_id, true, time);
        self.finish_list(maker, time);
    }

    /// EXPIRE_MAKER: a resting order that its own account would take expires.
    fn prevent_self_trade(&mut self, maker: OrderId, time: Time) {
        self.expire_sibling(maker, time);
        let status = OrderStatus::ExpiredInMatch;
        self.end(maker, ExecutionType::TradePrevention, status, Some(ExpiryReason::SelfTrade), time);
        self.finish_list(maker, time);
    }

    /// Books one side of one fill, which fits and is covered, and reports it with the balances after it.
    fn book_fill(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        trade_id: TradeId,
        is_maker: bool,
        time: Time,
    ) {
        let execution = self.execution(id, price, quantity, is_maker);
        let order = self.register.order_mut(id);
        let booked = self.ledger.settle(&self.settings.fees, &execution, &mut order.locked);
        let record = &mut order.record;
        record.filled = record.filled.saturating_add(quantity);
        record.filled_quote = record.filled_quote.saturating_add(booked.notional);
        record.status = if record.remaining().is_zero() { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        record.updated = time;
        let mut report = record.report(ExecutionType::Trade, time);
        report.last_quantity = quantity;
        report.last_price = price;
        report.commission = Some(booked.commission.clone());
        report.trade_id = Some(trade_id);
        report.is_maker = is_maker;
        let trade = TradeRecord {
            trade_id,
            order_id: id,
            list_id: record.list_id,
            symbol: record.symbol,
            side: record.side,
            price,
            quantity,
            quote: booked.notional,
            commission: booked.commission,
            is_maker,
            time,
        };
        let account = order.account;
        self.release_excess(id);
        self.register.add_trade(account, trade);
        self.events.push_back((account, VenueEvent::Report(report)));
        let assets = [execution.base, execution.quote, booked.fee_asset];
        let touched = if assets[..2].contains(&booked.fee_asset) { &assets[..2] } else { &assets };
        self.tell_balances(account, touched, time);
        if self.register.order(id).record.status.is_terminal() {
            self.leave(id);
            self.register.close(id);
        }
    }

    /// After a fill an order keeps locked only what its rest needs.
    fn release_excess(&mut self, id: OrderId) {
        let order = self.register.order(id);
        let record = &order.record;
        let remaining = record.remaining();
        let highest = self.settings.fees.highest_rate();
        let needed = match (record.kind.limit_price(), record.side) {
            (Some(price), Side::Buy) => self.settings.fees.cost(price, remaining, highest).unwrap_or(order.locked),
            (Some(_), Side::Sell) => remaining.as_money(),
            (None, Side::Buy | Side::Sell) if remaining.is_zero() => Money::ZERO,
            (None, Side::Buy | Side::Sell) => order.locked,
        };
        let kept = needed.min(order.locked);
        let (excess, account) = (order.locked.saturating_sub(kept), order.account);
        let asset = self.markets[record.symbol.index()].locked_asset(record.side);
        self.ledger.release(account, asset, excess);
        self.register.order_mut(id).locked = kept;
    }

    /// The other leg of an OCO expires as soon as this one triggers or begins to fill; what it locked passes over.
    pub(super) fn expire_sibling(&mut self, id: OrderId, time: Time) {
        let Some(sibling) = self.register.order_mut(id).sibling.take() else { return };
        let locked = std::mem::take(&mut self.register.order_mut(sibling).locked);
        let order = self.register.order_mut(id);
        order.locked = order.locked.saturating_add(locked);
        self.expire(sibling, ExpiryReason::OcoTrigger, time);
    }

    /// Takes an order out of the book.
    pub(super) fn leave(&mut self, id: OrderId) {
        let order = self.register.order_mut(id);
        let place = std::mem::replace(&mut order.place, Place::Nowhere);
        self.markets[order.record.symbol.index()].book.remove(place, id);
    }

    fn execution(&self, id: OrderId, price: Price, quantity: Quantity, is_maker: bool) -> Execution {
        let order = self.register.order(id);
        let Market { base, quote, .. } = self.markets[order.record.symbol.index()];
        Execution { account: order.account, base, quote, side: order.record.side, price, quantity, is_maker }
    }

    fn next_trade_id(&mut self, id: OrderId) -> TradeId {
        let symbol = self.register.order(id).record.symbol;
        let market = &mut self.markets[symbol.index()];
        market.last_trade += 1;
        TradeId(market.last_trade)
    }

    fn terms(&self, id: OrderId) -> (SymbolId, Side, OrderKind) {
        let record = &self.register.order(id).record;
        (record.symbol, record.side, record.kind)
    }
}
