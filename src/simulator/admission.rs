//! Admission: whether a request may stand, what it locks, and how it enters and leaves by its owner's will.
//!
//! Invariant: a refused request has changed nothing; an accepted order has locked what it may spend.
//! Absent on purpose: executions (`matching`).

use crate::domain::rules::{FilterFailure, LotFilter, OrderContext};
use crate::domain::{
    ClientOrderId, ExecutionType, Money, NewOco, NewOrder, OrderId, OrderKind, OrderListId, OrderStatus, Price,
    Quantity, Side, SymbolId, Time, TimeInForce,
};

use super::Simulator;
use super::book::{self, Place};
use super::frictions;
use super::orders::{
    AccountId, ListRecord, ListRef, ListStatus, OrderRecord, OrderRef, Placed, PlacedList, Refusal, VenueEvent,
};
use super::register::Order;

/// What an order takes from the balance on acceptance, and what it will trade as far as one can tell.
struct Demand {
    lock: Money,
    quantity: Quantity,
    /// Where it is expected to trade.
    price: Price,
}

/// An order that has passed every check.
struct Entry<'a> {
    account: AccountId,
    symbol: SymbolId,
    side: Side,
    client_id: &'a ClientOrderId,
    list_id: Option<OrderListId>,
    kind: OrderKind,
    lock: Money,
}

impl Simulator {
    /// Accepts an order, or refuses it and changes nothing. In mid-bar what is marketable executes at once; between
    /// bars it waits for the next point, as IOC and FOK do.
    pub fn place(&mut self, account: AccountId, now: Time, order: &NewOrder) -> Result<Placed, Refusal> {
        let NewOrder { symbol, ref client_id, side, kind } = *order;
        let price = self.check(account, order)?;
        if self.register.is_taken(account, client_id) {
            return Err(Refusal::DuplicateClientId);
        }
        if let Some(stop) = kind.stop_price()
            && is_reached(side, kind, stop, price)
        {
            return Err(Refusal::WouldTriggerImmediately);
        }
        if self.would_take(symbol, side, kind) {
            return Err(Refusal::WouldMatchImmediately);
        }
        let demand = self.demand(account, symbol, side, kind, price)?;
        self.lock(account, symbol, side, &demand)?;

        let entry = Entry { account, symbol, side, client_id, list_id: None, kind, lock: demand.lock };
        let order_id = self.enter(entry, now);
        self.tell_lock(order_id, now);
        match self.entrance(symbol, side, kind, price, now) {
            Some(place) => self.stand(order_id, place),
            None => self.take(order_id, price, now),
        }
        Ok(Placed { order_id, time: now })
    }

    /// The checks of an order that look at no balance and no other order but their number. Returns the current price.
    pub(super) fn check(&self, account: AccountId, order: &NewOrder) -> Result<Price, Refusal> {
        let price = self.open_price(account, order.symbol)?;
        let rules = &self.markets[order.symbol.index()].rules;
        if !rules.order_types.contains(&order.kind.order_type()) {
            return Err(Refusal::NotSupported);
        }
        let context = self.context(account, order.symbol, price);
        rules.check(order.side, order.kind, context).map(|()| price).map_err(Refusal::Filter)
    }

    /// Accepts both legs of an OCO, or refuses it and changes nothing. The legs share one lock.
    pub fn place_oco(&mut self, account: AccountId, now: Time, oco: &NewOco) -> Result<PlacedList, Refusal> {
        let NewOco { symbol, side, .. } = *oco;
        let price = self.open_price(account, symbol)?;
        let lock = self.check_oco(account, oco, price)?;
        self.lock(account, symbol, side, &lock)?;

        let list_id = self.register.next_list_id();
        let [above, below] = [(&oco.above, lock.lock), (&oco.below, Money::ZERO)].map(|(leg, lock)| {
            let client_id = &leg.client_id;
            self.enter(Entry { account, symbol, side, client_id, list_id: Some(list_id), kind: leg.kind, lock }, now)
        });
        self.register.order_mut(above).sibling = Some(below);
        self.register.order_mut(below).sibling = Some(above);
        let list = ListRecord {
            list_id,
            client_id: oco.list_client_id.clone(),
            symbol,
            orders: [(above, oco.above.client_id.clone()), (below, oco.below.client_id.clone())],
            status: ListStatus::ExecStarted,
            updated: now,
        };
        self.events.push_back((account, VenueEvent::List(Box::new(list.clone()))));
        self.register.add_list(account, list);
        self.tell_lock(above, now);
        for (id, leg) in [(above, &oco.above), (below, &oco.below)] {
            let place = self.travels(now).unwrap_or_else(|| resting_place(side, leg.kind));
            self.stand(id, place);
        }
        Ok(PlacedList { list_id, order_ids: [above, below], time: now })
    }

    /// Cancels an open order; a leg of an OCO takes its whole list with it. Returns the order as cancelled.
    pub fn cancel(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        which: &OrderRef,
    ) -> Result<OrderRecord, Refusal> {
        let id = self.register.find(account, which).ok_or(Refusal::UnknownOrder)?;
        let record = &self.register.order(id).record;
        if record.symbol != symbol || record.status.is_terminal() {
            return Err(Refusal::UnknownOrder);
        }
        match record.list_id.and_then(|list| self.register.list(list)) {
            Some(list) => self.withdraw(&list.legs(), now),
            None => self.withdraw(&[id], now),
        }
        Ok(self.register.order(id).record.clone())
    }

    /// Cancels what is open of an OCO. Returns the list as done.
    pub fn cancel_list(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        which: &ListRef,
    ) -> Result<ListRecord, Refusal> {
        let id = self.register.find_list(account, which).ok_or(Refusal::UnknownOrder)?;
        let list = self.register.list(id).ok_or(Refusal::UnknownOrder)?;
        if list.symbol != symbol || list.status == ListStatus::AllDone {
            return Err(Refusal::UnknownOrder);
        }
        self.withdraw(&list.legs(), now);
        self.register.list(id).cloned().ok_or(Refusal::UnknownOrder)
    }

    /// Cancels the open ones of these orders of one account and symbol: the reports, the list, then the balances.
    fn withdraw(&mut self, legs: &[OrderId], now: Time) {
        let (mut locked, mut last) = (Money::ZERO, None);
        for id in legs {
            if self.register.is_open(*id) {
                locked = locked.saturating_add(std::mem::take(&mut self.register.order_mut(*id).locked));
                self.end(*id, ExecutionType::Canceled, OrderStatus::Canceled, None, now);
                last = Some(*id);
            }
        }
        let Some(last) = last else { return };
        self.finish_list(last, now);
        if locked.is_positive() {
            let order = self.register.order(last);
            let (account, market) = (order.account, &self.markets[order.record.symbol.index()]);
            let asset = market.locked_asset(order.record.side);
            self.ledger.release(account, asset, locked);
            self.tell_balances(account, &[asset], now);
        }
    }

    /// The current price of a symbol that this account may trade now.
    fn open_price(&self, account: AccountId, symbol: SymbolId) -> Result<Price, Refusal> {
        if !self.register.has_account(account) {
            return Err(Refusal::UnknownAccount);
        }
        let market = self.markets.get(symbol.index()).ok_or(Refusal::UnknownSymbol)?;
        if !market.is_trading() {
            return Err(Refusal::MarketClosed);
        }
        market.price.ok_or(Refusal::NoPrice)
    }

    fn context(&self, account: AccountId, symbol: SymbolId, reference: Price) -> OrderContext {
        let (mut open_orders, mut open_trigger_orders) = (0, 0);
        for order in self.register.open(account).filter(|order| order.record.symbol == symbol) {
            open_orders += 1;
            open_trigger_orders += u32::from(order.record.kind.stop_price().is_some());
        }
        OrderContext { reference, open_orders, open_trigger_orders }
    }

    /// What an order locks. A SELL locks its quantity; a BUY what it costs at its limit, its stop, the current price
    /// (a MARKET that waits) or exactly (a MARKET that executes at once); a BUY by quote amount locks the amount.
    fn demand(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        kind: OrderKind,
        price: Price,
    ) -> Result<Demand, Refusal> {
        let waits = self.markets[symbol.index()].is_between_bars || self.settings.frictions.latency.is_on();
        let taker_price = || self.taker_price(symbol, side, price, frictions::size(kind, price));
        let fees = &self.settings.fees;
        let (quantity, price, cost) = match kind {
            OrderKind::Limit { quantity, price, .. } | OrderKind::LimitMaker { quantity, price } => {
                (quantity, price, fees.cost(price, quantity, fees.highest_rate()))
            }
            OrderKind::StopLoss { quantity, stop } | OrderKind::TakeProfit { quantity, stop } => {
                (quantity, stop, fees.cost(stop, quantity, fees.taker))
            }
            OrderKind::Market { quantity } if waits => (quantity, price, fees.cost(price, quantity, fees.taker)),
            OrderKind::Market { quantity } => {
                let path_price = taker_price();
                (quantity, path_price, self.cost_now(account, symbol, side, quantity, path_price))
            }
            OrderKind::MarketQuote { amount } => {
                let path_price = if waits { price } else { taker_price() };
                let quantity = self.quantity_by_amount(account, symbol, side, amount, path_price);
                self.check_amount_lot(symbol, quantity)?;
                (quantity, path_price, Some(amount))
            }
        };
        let lock = match side {
            Side::Buy => cost.ok_or(Refusal::Overflow)?,
            Side::Sell => quantity.as_money(),
        };
        Ok(Demand { lock, quantity, price })
    }

    /// The quantity of a MARKET order by quote amount must be one that could be asked for.
    fn check_amount_lot(&self, symbol: SymbolId, quantity: Quantity) -> Result<(), Refusal> {
        let rules = &self.markets[symbol.index()].rules;
        let allows = |lot: &LotFilter| quantity >= lot.min && (lot.max.is_zero() || quantity <= lot.max);
        if !quantity.is_positive() || !allows(&rules.lot) {
            return Err(Refusal::Filter(FilterFailure::LotSize));
        }
        if !allows(&rules.market_lot) {
            return Err(Refusal::Filter(FilterFailure::MarketLotSize));
        }
        Ok(())
    }

    /// Every check of an OCO; what both legs together demand.
    fn check_oco(&self, account: AccountId, oco: &NewOco, price: Price) -> Result<Demand, Refusal> {
        let rules = &self.markets[oco.symbol.index()].rules;
        let legs = [oco.above.kind, oco.below.kind];
        if !rules.oco_allowed || legs.iter().any(|kind| !rules.order_types.contains(&kind.order_type())) {
            return Err(Refusal::NotSupported);
        }
        let (target, protection) = match oco.side {
            Side::Sell => (oco.above.kind, oco.below.kind),
            Side::Buy => (oco.below.kind, oco.above.kind),
        };
        let (Some(target_price), Some(stop)) = (target_of(target), protection_of(protection)) else {
            return Err(Refusal::LegsWrong);
        };
        if legs.iter().any(|kind| kind.quantity() != oco.quantity) {
            return Err(Refusal::LegsWrong);
        }
        rules.check_oco(oco, self.context(account, oco.symbol, price)).map_err(Refusal::Filter)?;
        let is_taken = |id: &ClientOrderId| self.register.is_taken(account, id);
        if oco.above.client_id == oco.below.client_id
            || is_taken(&oco.above.client_id)
            || is_taken(&oco.below.client_id)
            || self.register.is_list_taken(account, &oco.list_client_id)
        {
            return Err(Refusal::DuplicateClientId);
        }
        let (above, below) = match oco.side {
            Side::Sell => (target_price, stop),
            Side::Buy => (stop, target_price),
        };
        if above <= price || below >= price {
            return Err(Refusal::PricesWrong);
        }
        if target.limit_price().is_some_and(|limit| self.is_marketable(oco.symbol, oco.side, target, limit, price)) {
            return Err(Refusal::WouldMatchImmediately);
        }
        let target = self.demand(account, oco.symbol, oco.side, target, price)?;
        let protection = self.demand(account, oco.symbol, oco.side, protection, price)?;
        let lock = target.lock.max(protection.lock);
        Ok(Demand { lock, quantity: oco.quantity, price: target.price.max(protection.price) })
    }

    /// Locks what is demanded, or refuses.
    fn lock(&mut self, account: AccountId, symbol: SymbolId, side: Side, demand: &Demand) -> Result<(), Refusal> {
        let market = &self.markets[symbol.index()];
        let (asset, received, amount) = match side {
            Side::Buy => (market.quote, market.base, Some(demand.quantity.as_money())),
            Side::Sell => (market.base, market.quote, Money::notional(demand.price, demand.quantity)),
        };
        if !amount.is_some_and(|amount| self.ledger.has_room(account, received, amount)) {
            return Err(Refusal::Overflow);
        }
        if self.ledger.lock(account, asset, demand.lock) { Ok(()) } else { Err(Refusal::InsufficientBalance) }
    }

    /// Records and reports a new order.
    fn enter(&mut self, entry: Entry<'_>, now: Time) -> OrderId {
        let order_id = self.register.next_order_id();
        let record = OrderRecord {
            order_id,
            client_id: entry.client_id.clone(),
            list_id: entry.list_id,
            symbol: entry.symbol,
            side: entry.side,
            kind: entry.kind,
            quantity: entry.kind.quantity(),
            status: OrderStatus::New,
            filled: Quantity::ZERO,
            filled_quote: Money::ZERO,
            is_working: entry.kind.stop_price().is_none(),
            created: now,
            updated: now,
            reason: None,
        };
        let report = record.report(ExecutionType::New, now);
        self.events.push_back((entry.account, VenueEvent::Report(report)));
        let (account, locked) = (entry.account, entry.lock);
        self.register.add(Order { record, account, locked, sibling: None, place: Place::Nowhere });
        order_id
    }

    fn tell_lock(&mut self, id: OrderId, now: Time) {
        let order = self.register.order(id);
        if order.locked.is_positive() {
            let account = order.account;
            let asset = self.markets[order.record.symbol.index()].locked_asset(order.record.side);
            self.tell_balances(account, &[asset], now);
        }
    }

    /// Where a new order stands; `None` when it trades at once.
    fn entrance(&self, symbol: SymbolId, side: Side, kind: OrderKind, price: Price, now: Time) -> Option<Place> {
        self.travels(now).or_else(|| self.place_for(symbol, side, kind, price))
    }

    /// Where a new order stands while it is on its way; `None` when it arrives at once.
    fn travels(&self, now: Time) -> Option<Place> {
        let latency = self.settings.frictions.latency;
        latency.is_on().then(|| Place::Travelling(latency.arrival(now)))
    }

    /// Where an order stands that has reached the book; `None` when it trades at once.
    pub(super) fn place_for(&self, symbol: SymbolId, side: Side, kind: OrderKind, price: Price) -> Option<Place> {
        let takes = match kind {
            OrderKind::LimitMaker { .. } | OrderKind::StopLoss { .. } | OrderKind::TakeProfit { .. } => false,
            OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => true,
            OrderKind::Limit { price: limit, time_in_force, .. } => {
                time_in_force != TimeInForce::Gtc || self.is_marketable(symbol, side, kind, limit, price)
            }
        };
        match (takes, self.markets[symbol.index()].is_between_bars) {
            (true, true) => Some(Place::Waiting),
            (true, false) => None,
            (false, true | false) => Some(resting_place(side, kind)),
        }
    }

    /// True for a LIMIT_MAKER that meets the quote or a resting order: it must not stand. Between bars the quote is the
    /// last one. It is the quote of any size: who joins the best price of his side makes, whatever a taker's impact is.
    pub(super) fn would_take(&self, symbol: SymbolId, side: Side, kind: OrderKind) -> bool {
        let OrderKind::LimitMaker { price: limit, .. } = kind else { return false };
        let quoted = self.quote(symbol).map(|quote| match side {
            Side::Buy => quote.ask,
            Side::Sell => quote.bid,
        });
        let resting = self.markets[symbol.index()].book.best(side.opposite()).map(|(price, _)| price);
        [quoted, resting].into_iter().flatten().any(|price| book::is_within(side, price, limit))
    }

    /// True when a limit meets the path or a resting order.
    fn is_marketable(&self, symbol: SymbolId, side: Side, kind: OrderKind, limit: Price, price: Price) -> bool {
        let best = self.markets[symbol.index()].book.best(side.opposite());
        book::is_within(side, self.taker_price(symbol, side, price, frictions::size(kind, price)), limit)
            || best.is_some_and(|(resting, _)| book::is_within(side, resting, limit))
    }
}

/// True when the price stands at the stop or beyond it.
pub(super) fn is_reached(side: Side, kind: OrderKind, stop: Price, price: Price) -> bool {
    if book::triggers_above(side, kind) { price >= stop } else { price <= stop }
}

/// Where an order that does not take stands in the book.
fn resting_place(side: Side, kind: OrderKind) -> Place {
    match kind {
        OrderKind::Limit { price, .. } | OrderKind::LimitMaker { price, .. } => Place::Resting(side, price),
        OrderKind::StopLoss { stop, .. } | OrderKind::TakeProfit { stop, .. } => {
            if book::triggers_above(side, kind) {
                Place::Above(stop)
            } else {
                Place::Below(stop)
            }
        }
        OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => Place::Waiting,
    }
}

/// The price of a leg that takes the profit: a resting LIMIT or a TAKE_PROFIT.
fn target_of(kind: OrderKind) -> Option<Price> {
    match kind {
        OrderKind::Limit { price, time_in_force: TimeInForce::Gtc, .. } => Some(price),
        OrderKind::TakeProfit { stop, .. } => Some(stop),
        OrderKind::Limit { time_in_force: TimeInForce::Ioc | TimeInForce::Fok, .. }
        | OrderKind::Market { .. }
        | OrderKind::MarketQuote { .. }
        | OrderKind::LimitMaker { .. }
        | OrderKind::StopLoss { .. } => None,
    }
}

/// The stop of a leg that limits the loss.
fn protection_of(kind: OrderKind) -> Option<Price> {
    match kind {
        OrderKind::StopLoss { stop, .. } => Some(stop),
        OrderKind::Market { .. }
        | OrderKind::MarketQuote { .. }
        | OrderKind::Limit { .. }
        | OrderKind::LimitMaker { .. }
        | OrderKind::TakeProfit { .. } => None,
    }
}
