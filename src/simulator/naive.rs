//! The naive venue: the oracle of the fast one. Every order stands in one list that is scanned from end to end.
//!
//! Invariant: the same calls give the same answers, events and balances as `Simulator`.
//! Absent on purpose: speed, bounds on memory, queries, amounts out of range, and code shared with `matching`,
//! `book` and `ledger`.

mod execution;
mod holdings;

use std::collections::VecDeque;

use crate::domain::rules::{FilterFailure, OrderContext, SymbolStatus};
use crate::domain::{
    Asset, Balance, ClientOrderId, ExecutionType, Money, NewOco, NewOrder, OrderId, OrderKind, OrderListId,
    OrderStatus, OrderType, Price, Quantity, Side, Span, SymbolId, SymbolRules, Time, TimeInForce,
};

use super::frictions::size;
use super::impact::{Day, SquareRootImpact, TrailingDay};
use super::latency::Way;
use super::orders::{
    AccountId, ListRecord, ListStatus, OrderRecord, OrderRef, Placed, PlacedList, Refusal, VenueEvent,
};
use super::{PathPoint, PointKind, Replaced, Settings};

#[derive(Debug, Clone)]
pub struct Naive {
    settings: Settings,
    rules: Vec<SymbolRules>,
    prices: Vec<Option<Price>>,
    times: Vec<Time>,
    is_between: Vec<bool>,
    trades: Vec<i64>,
    /// The order with id n stands at n - 1, the list with id n too.
    orders: Vec<Entry>,
    lists: Vec<(AccountId, ListRecord)>,
    accounts: Vec<Vec<Balance>>,
    events: VecDeque<(AccountId, VenueEvent)>,
    volumes: Vec<f64>,
    /// What takers may still take of a minute, by symbol.
    left: Vec<Option<Quantity>>,
    trailing: Vec<TrailingDay>,
}

#[derive(Debug, Clone)]
struct Entry {
    record: OrderRecord,
    account: AccountId,
    locked: Money,
    is_waiting: bool,
    /// Until it arrives.
    arrives: Option<Time>,
}

impl Entry {
    fn is_in_book(&self) -> bool {
        !self.is_waiting && self.arrives.is_none() && !self.record.status.is_terminal()
    }
}

impl Naive {
    pub fn new(rules: Vec<SymbolRules>, settings: Settings) -> Naive {
        let count = rules.len();
        Naive {
            settings: Settings { frictions: settings.frictions.clamped(), ..settings },
            rules,
            prices: vec![None; count],
            times: vec![Time(0); count],
            is_between: vec![true; count],
            trades: vec![0; count],
            orders: Vec::new(),
            lists: Vec::new(),
            accounts: Vec::new(),
            events: VecDeque::new(),
            volumes: vec![0.0; count],
            left: vec![None; count],
            trailing: vec![TrailingDay::default(); count],
        }
    }

    pub fn open_account(&mut self, balances: Vec<Balance>) -> AccountId {
        self.accounts.push(balances);
        AccountId((self.accounts.len() - 1) as u16)
    }

    pub fn next_event(&mut self) -> Option<(AccountId, VenueEvent)> {
        self.events.pop_front()
    }

    pub fn balance(&self, account: AccountId, asset: &Asset) -> Balance {
        let held = self.accounts[usize::from(account.0)].iter().find(|held| held.asset == *asset);
        held.cloned().unwrap_or_else(|| Balance::empty(asset.clone()))
    }

    pub fn open_minute(&mut self, symbol: SymbolId, volume: f64) {
        let share = self.settings.frictions.participation.map(|part| part.share.to_f64());
        self.volumes[symbol.index()] = volume;
        self.left[symbol.index()] = share.map(|share| Quantity::from_f64(share * volume).unwrap_or(Quantity::MAX));
    }

    pub fn move_to(&mut self, symbol: SymbolId, point: PathPoint) {
        let at = symbol.index();
        let last = self.prices[at];
        let since = std::mem::replace(&mut self.times[at], point.time);
        let arrived = self.arrive(symbol, point.time);
        let rises = last.is_none_or(|last| point.price >= last);
        self.prices[at] = Some(point.price);
        for up in [rises, !rises] {
            while let Some(index) = self.first_reached(symbol, up, point.price) {
                self.expire_sibling(index, point.time);
                match self.orders[index].record.kind {
                    OrderKind::Limit { price, .. } | OrderKind::LimitMaker { price, .. } => {
                        self.trades[at] += 1;
                        let quantity = self.orders[index].record.remaining();
                        self.fill(index, price, quantity, self.trades[at], true, point.time);
                        self.finish_list(index, point.time);
                    }
                    OrderKind::StopLoss { stop, .. } | OrderKind::TakeProfit { stop, .. } => {
                        self.orders[index].record.is_working = true;
                        let price = if point.kind == PointKind::Open { point.price } else { stop };
                        self.take(index, price, point.time);
                    }
                    OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => return,
                }
            }
        }
        for index in 0..self.orders.len() {
            let has_arrived = arrived.iter().any(|(arrived, _)| *arrived == index);
            let waits = self.orders[index].is_waiting && !has_arrived;
            if waits && self.orders[index].record.symbol == symbol {
                self.take(index, point.price, point.time);
            }
        }
        for (index, arrival) in arrived {
            let way = Way { last: last.map(|price| (since, price)), point };
            let price = way.harmful(self.orders[index].record.side, arrival);
            self.take(index, price, point.time);
        }
        self.is_between[at] = point.kind == PointKind::Close;
        if let (true, Some(SquareRootImpact { day: Day::Trailing { minutes }, .. })) =
            (self.is_between[at], self.settings.frictions.impact)
        {
            self.trailing[at].take(minutes, point.time, point.price.to_f64(), self.volumes[at]);
        }
    }

    pub fn place(&mut self, account: AccountId, now: Time, order: &NewOrder) -> Result<Placed, Refusal> {
        let NewOrder { symbol, side, kind, .. } = *order;
        let price = self.check_open(symbol, &[kind])?;
        let rules = &self.rules[symbol.index()];
        rules.check(side, kind, self.context(account, symbol, price)).map_err(Refusal::Filter)?;
        self.check_client_id(account, &order.client_id)?;
        if let Some(stop) = kind.stop_price()
            && if rises_to(side, kind) { price >= stop } else { price <= stop }
        {
            return Err(Refusal::WouldTriggerImmediately);
        }
        if self.would_take(symbol, side, kind, price) {
            return Err(Refusal::WouldMatchImmediately);
        }
        let is_between = self.is_between[symbol.index()];
        let lock = self.demand(account, symbol, side, kind, price)?;
        self.lock(account, symbol, side, lock)?;
        let index = self.enter(account, now, symbol, side, &order.client_id, kind, None, lock);
        self.tell_spent(index, lock, now);
        let takes = self.takes(index, price);
        let latency = self.settings.frictions.latency.0;
        if latency > Span::ZERO {
            self.orders[index].arrives = Some(now.plus(latency));
            return Ok(Placed { order_id: OrderId(index as i64 + 1), time: now });
        }
        self.orders[index].is_waiting = takes && is_between;
        if takes && !is_between {
            self.take(index, price, now);
        }
        Ok(Placed { order_id: OrderId(index as i64 + 1), time: now })
    }

    pub fn place_oco(&mut self, account: AccountId, now: Time, oco: &NewOco) -> Result<PlacedList, Refusal> {
        let NewOco { symbol, side, quantity, .. } = *oco;
        let kinds = [oco.above.kind, oco.below.kind];
        let price = self.check_open(symbol, &kinds)?;
        if !self.rules[symbol.index()].oco_allowed {
            return Err(Refusal::NotSupported);
        }
        let [target, stop] = if side == Side::Sell { kinds } else { [kinds[1], kinds[0]] };
        let is_target = match target {
            OrderKind::Limit { time_in_force, .. } => time_in_force == TimeInForce::Gtc,
            OrderKind::TakeProfit { .. } => true,
            OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::LimitMaker { .. }
            | OrderKind::StopLoss { .. } => false,
        };
        let fits = stop.order_type() == OrderType::StopLoss && kinds.iter().all(|kind| kind.quantity() == quantity);
        if !is_target || !fits {
            return Err(Refusal::LegsWrong);
        }
        let rules = &self.rules[symbol.index()];
        rules.check_oco(oco, self.context(account, symbol, price)).map_err(Refusal::Filter)?;
        self.check_client_id(account, &oco.above.client_id)?;
        self.check_client_id(account, &oco.below.client_id)?;
        let is_open = |list: &ListRecord| list.status == ListStatus::ExecStarted;
        let same = |(owner, list): &(AccountId, ListRecord)| {
            *owner == account && is_open(list) && list.client_id == oco.list_client_id
        };
        if oco.above.client_id == oco.below.client_id || self.lists.iter().any(same) {
            return Err(Refusal::DuplicateClientId);
        }
        let [above, below] = kinds.map(|kind| kind.limit_price().or(kind.stop_price()).unwrap_or_default());
        if !(below < price && price < above) {
            return Err(Refusal::PricesWrong);
        }
        if target.limit_price().is_some_and(|limit| self.is_marketable(symbol, side, target, limit, price)) {
            return Err(Refusal::WouldMatchImmediately);
        }
        let locks =
            [self.demand(account, symbol, side, target, price)?, self.demand(account, symbol, side, stop, price)?];
        let lock = locks[0].max(locks[1]);
        self.lock(account, symbol, side, lock)?;
        let list_id = OrderListId(self.lists.len() as i64 + 1);
        let legs = [(&oco.above, lock), (&oco.below, Money::ZERO)]
            .map(|(leg, lock)| self.enter(account, now, symbol, side, &leg.client_id, leg.kind, Some(list_id), lock));
        let order_ids = legs.map(|index| OrderId(index as i64 + 1));
        let latency = self.settings.frictions.latency.0;
        for index in legs {
            self.orders[index].arrives = (latency > Span::ZERO).then(|| now.plus(latency));
        }
        let list = ListRecord {
            list_id,
            client_id: oco.list_client_id.clone(),
            symbol,
            orders: [(order_ids[0], oco.above.client_id.clone()), (order_ids[1], oco.below.client_id.clone())],
            status: ListStatus::ExecStarted,
            updated: now,
        };
        self.events.push_back((account, VenueEvent::List(Box::new(list.clone()))));
        self.lists.push((account, list));
        self.tell_spent(legs[0], lock, now);
        Ok(PlacedList { list_id, order_ids, time: now })
    }

    pub fn cancel(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        which: &OrderRef,
    ) -> Result<OrderRecord, Refusal> {
        let names = |entry: &&Entry| match which {
            OrderRef::Id(id) => entry.record.order_id == *id,
            OrderRef::Client(client) => entry.record.client_id == *client,
        };
        let mut found = self.orders.iter().filter(|entry| {
            entry.account == account && entry.record.symbol == symbol && !entry.record.status.is_terminal()
        });
        let found = found.rfind(names).ok_or(Refusal::UnknownOrder)?;
        let (id, list_id) = (found.record.order_id, found.record.list_id);
        let mut released = Money::ZERO;
        let mut last = 0;
        for index in 0..self.orders.len() {
            let record = &self.orders[index].record;
            let is_meant = record.order_id == id || (list_id.is_some() && record.list_id == list_id);
            if is_meant && !record.status.is_terminal() {
                released = released.saturating_add(std::mem::take(&mut self.orders[index].locked));
                self.end(index, ExecutionType::Canceled, OrderStatus::Canceled, None, now);
                last = index;
            }
        }
        self.finish_list(last, now);
        if released.is_positive() {
            self.unlock(last, released);
            self.tell_spent(last, released, now);
        }
        Ok(self.orders[id.0 as usize - 1].record.clone())
    }

    pub fn replace(&mut self, account: AccountId, now: Time, canceled: &ClientOrderId, order: &NewOrder) -> Replaced {
        let NewOrder { symbol, side, kind, .. } = *order;
        let passes = self.check_open(symbol, &[kind]).and_then(|price| {
            let context = self.context(account, symbol, price);
            self.rules[symbol.index()].check(side, kind, context).map_err(Refusal::Filter)
        });
        match passes.map(|()| self.cancel(account, now, symbol, &OrderRef::Client(canceled.clone()))) {
            Err(refusal) => Replaced::Refused(refusal),
            Ok(Err(refusal)) => Replaced::NotCancelled(refusal),
            Ok(Ok(_)) => Replaced::Cancelled(self.place(account, now, order)),
        }
    }

    fn check_open(&self, symbol: SymbolId, kinds: &[OrderKind]) -> Result<Price, Refusal> {
        let rules = self.rules.get(symbol.index()).ok_or(Refusal::UnknownSymbol)?;
        if rules.status != SymbolStatus::Trading {
            return Err(Refusal::MarketClosed);
        }
        let price = self.prices[symbol.index()].ok_or(Refusal::NoPrice)?;
        let supports = |kind: &OrderKind| rules.order_types.contains(&kind.order_type());
        if kinds.iter().all(supports) { Ok(price) } else { Err(Refusal::NotSupported) }
    }

    fn check_client_id(&self, account: AccountId, id: &ClientOrderId) -> Result<(), Refusal> {
        let is_taken = self.orders.iter().any(|entry| {
            entry.account == account && !entry.record.status.is_terminal() && entry.record.client_id == *id
        });
        if is_taken { Err(Refusal::DuplicateClientId) } else { Ok(()) }
    }

    fn context(&self, account: AccountId, symbol: SymbolId, reference: Price) -> OrderContext {
        let open = |entry: &&Entry| {
            entry.account == account && entry.record.symbol == symbol && !entry.record.status.is_terminal()
        };
        let open_orders = self.orders.iter().filter(open).count() as u32;
        let triggers = self.orders.iter().filter(open).filter(|entry| entry.record.kind.stop_price().is_some());
        OrderContext { reference, open_orders, open_trigger_orders: triggers.count() as u32 }
    }

    /// What to lock.
    fn demand(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        kind: OrderKind,
        price: Price,
    ) -> Result<Money, Refusal> {
        let fees = self.settings.fees;
        let is_between = self.is_between[symbol.index()] || self.settings.frictions.latency.0 > Span::ZERO;
        let path_price = if is_between { price } else { self.taker_price(symbol, side, price, size(kind, price)) };
        let quantity = match kind {
            OrderKind::MarketQuote { amount } => {
                let quantity = self.quantity_for(account, symbol, side, amount, path_price);
                let rules = &self.rules[symbol.index()];
                let allowed = |min: Quantity, max: Quantity| quantity >= min && (max.is_zero() || quantity <= max);
                if !quantity.is_positive() || !allowed(rules.lot.min, rules.lot.max) {
                    return Err(Refusal::Filter(FilterFailure::LotSize));
                }
                if !allowed(rules.market_lot.min, rules.market_lot.max) {
                    return Err(Refusal::Filter(FilterFailure::MarketLotSize));
                }
                quantity
            }
            OrderKind::Market { quantity }
            | OrderKind::Limit { quantity, .. }
            | OrderKind::LimitMaker { quantity, .. }
            | OrderKind::StopLoss { quantity, .. }
            | OrderKind::TakeProfit { quantity, .. } => quantity,
        };
        if side == Side::Sell {
            return Ok(quantity.as_money());
        }
        let cost = match kind {
            OrderKind::MarketQuote { amount } => Some(amount),
            OrderKind::Limit { price, .. } | OrderKind::LimitMaker { price, .. } => {
                self.cost(price, quantity, fees.maker.max(fees.taker))
            }
            OrderKind::StopLoss { stop, .. } | OrderKind::TakeProfit { stop, .. } => {
                self.cost(stop, quantity, fees.taker)
            }
            OrderKind::Market { .. } if is_between => self.cost(price, quantity, fees.taker),
            OrderKind::Market { .. } => {
                let (mut left, mut sum) = (quantity, Money::ZERO);
                for (price, offered) in self.offers(account, symbol, side, path_price) {
                    let part = left.min(offered);
                    sum = sum.saturating_add(self.cost(price, part, fees.taker).ok_or(Refusal::Overflow)?);
                    left = left.saturating_sub(part);
                }
                Some(sum)
            }
        };
        cost.ok_or(Refusal::Overflow)
    }

    /// What a taker of this account meets: better resting orders of others, then the path without end.
    fn offers(&self, account: AccountId, symbol: SymbolId, side: Side, path_price: Price) -> Vec<(Price, Quantity)> {
        let mut offers: Vec<(Price, Quantity)> = Vec::new();
        let mut seen = vec![false; self.orders.len()];
        while let Some(index) = self.best_against(symbol, side, path_price, &seen) {
            seen[index] = true;
            if self.orders[index].account != account {
                let record = &self.orders[index].record;
                offers.push((record.kind.limit_price().unwrap_or_default(), record.remaining()));
            }
        }
        offers.push((path_price, Quantity::MAX));
        offers
    }

    /// The best resting order strictly better for a taker of `side` than the path.
    fn best_against(&self, symbol: SymbolId, side: Side, path_price: Price, seen: &[bool]) -> Option<usize> {
        let mut best: Option<(usize, Price)> = None;
        for (index, entry) in self.orders.iter().enumerate() {
            let record = &entry.record;
            let is_resting = entry.is_in_book();
            let is_opposite = record.symbol == symbol && record.side != side;
            let Some(price) = record.kind.limit_price() else { continue };
            let is_better = |than: Price| if side == Side::Buy { price < than } else { price > than };
            let is_seen = seen.get(index).copied().unwrap_or(false);
            if is_resting && is_opposite && !is_seen && is_better(best.map_or(path_price, |(_, price)| price)) {
                best = Some((index, price));
            }
        }
        best.map(|(index, _)| index)
    }

    fn is_marketable(&self, symbol: SymbolId, side: Side, kind: OrderKind, limit: Price, price: Price) -> bool {
        let within = |price: Price| if side == Side::Buy { price <= limit } else { price >= limit };
        let crosses = |entry: &Entry| {
            let record = &entry.record;
            entry.is_in_book()
                && record.symbol == symbol
                && record.side != side
                && record.kind.limit_price().is_some_and(within)
        };
        within(self.taker_price(symbol, side, price, size(kind, price))) || self.orders.iter().any(crosses)
    }
}

/// True for the triggers that a rising price reaches.
fn rises_to(side: Side, kind: OrderKind) -> bool {
    (side == Side::Buy) == (kind.order_type() == OrderType::StopLoss)
}
