//! Holdings of the naive venue: what a fill, a lock and an end do to records and balances.
//!
//! Invariant: every change of a balance is told after the report that caused it.
//! Absent on purpose: checks that an amount is there; the caller has made them.

use crate::domain::{
    Asset, Balance, BalanceUpdate, ClientOrderId, Commission, ExecutionType, Money, OrderId, OrderKind, OrderListId,
    OrderStatus, Price, Quantity, Ratio, Side, SymbolId, Time, TradeId,
};

use super::super::FeePolicy;
use super::super::orders::{AccountId, ExpiryReason, ListStatus, OrderRecord, Refusal, VenueEvent};
use super::{Entry, Naive};

impl Naive {
    pub(super) fn fill(
        &mut self,
        index: usize,
        price: Price,
        quantity: Quantity,
        trade: i64,
        is_maker: bool,
        time: Time,
    ) {
        let fees = self.settings.fees;
        let OrderRecord { symbol, side, .. } = self.orders[index].record;
        let account = self.orders[index].account;
        let (base, quote, bnb) = (self.base(symbol), self.quote(symbol), Asset::new("BNB"));
        let notional = Money::notional(price, quantity).unwrap_or_default();
        let rate = if is_maker { fees.maker } else { fees.taker };
        let (gave, got) = match side {
            Side::Buy => ((quote.clone(), notional), (base.clone(), quantity.as_money())),
            Side::Sell => ((base.clone(), quantity.as_money()), (quote.clone(), notional)),
        };
        let on_received = (got.0.clone(), got.1.fraction(rate).unwrap_or_default());
        let mut spends = gave.1;
        if fees.policy == FeePolicy::Quote && side == Side::Buy {
            spends = spends.saturating_add(notional.fraction(rate).unwrap_or_default());
        }
        let locked = self.orders[index].locked;
        let part = spends.min(locked);
        self.orders[index].locked = locked.saturating_sub(part);
        self.add(account, &gave.0, spends.saturating_sub(part), part);
        self.add(account, &got.0, Money::ZERO.saturating_sub(got.1), Money::ZERO);
        let fee = match fees.policy {
            FeePolicy::Received => on_received,
            FeePolicy::Quote => (quote.clone(), notional.fraction(rate).unwrap_or_default()),
            FeePolicy::Bnb { .. } => match fees.in_bnb(notional, rate) {
                Some(fee) if fee <= self.balance(account, &bnb).free => (bnb, fee),
                Some(_) | None => on_received,
            },
        };
        if !(fees.policy == FeePolicy::Quote && side == Side::Buy) {
            self.add(account, &fee.0, fee.1, Money::ZERO);
        }
        let record = &mut self.orders[index].record;
        record.filled = record.filled.saturating_add(quantity);
        record.filled_quote = record.filled_quote.saturating_add(notional);
        record.status = if record.remaining().is_zero() { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        record.updated = time;
        let mut report = record.report(ExecutionType::Trade, time);
        (report.last_quantity, report.last_price, report.is_maker) = (quantity, price, is_maker);
        report.trade_id = Some(TradeId(trade));
        report.commission = Some(Commission { asset: fee.0.clone(), amount: fee.1 });
        self.unlock_excess(index);
        self.events.push_back((account, VenueEvent::Report(report)));
        let mut assets = vec![base, quote];
        if !assets.contains(&fee.0) {
            assets.push(fee.0);
        }
        self.tell(account, &assets, time);
    }

    /// Keeps locked what the rest of the order needs.
    fn unlock_excess(&mut self, index: usize) {
        let fees = self.settings.fees;
        let OrderRecord { side, kind, .. } = self.orders[index].record;
        let remaining = self.orders[index].record.remaining();
        let locked = self.orders[index].locked;
        let needed = match kind {
            OrderKind::Limit { price, .. } | OrderKind::LimitMaker { price, .. } if side == Side::Buy => {
                self.cost(price, remaining, fees.maker.max(fees.taker)).unwrap_or(locked)
            }
            OrderKind::Limit { .. } | OrderKind::LimitMaker { .. } => remaining.as_money(),
            OrderKind::Market { .. }
            | OrderKind::MarketQuote { .. }
            | OrderKind::StopLoss { .. }
            | OrderKind::TakeProfit { .. } => {
                if remaining.is_zero() {
                    Money::ZERO
                } else {
                    locked
                }
            }
        };
        self.orders[index].locked = needed.min(locked);
        self.unlock(index, locked.saturating_sub(needed.min(locked)));
    }

    pub(super) fn expire(&mut self, index: usize, reason: ExpiryReason, time: Time) {
        self.end(index, ExecutionType::Expired, OrderStatus::Expired, Some(reason), time);
    }

    pub(super) fn end(
        &mut self,
        index: usize,
        execution: ExecutionType,
        status: OrderStatus,
        reason: Option<ExpiryReason>,
        time: Time,
    ) {
        let entry = &mut self.orders[index];
        (entry.is_waiting, entry.arrives) = (false, None);
        (entry.record.status, entry.record.reason, entry.record.updated) = (status, reason, time);
        let locked = std::mem::take(&mut entry.locked);
        let report = entry.record.report(execution, time);
        self.events.push_back((entry.account, VenueEvent::Report(report)));
        self.unlock(index, locked);
        self.tell_spent(index, locked, time);
    }

    pub(super) fn expire_sibling(&mut self, index: usize, time: Time) {
        let Some(list) = self.orders[index].record.list_id else { return };
        for other in 0..self.orders.len() {
            let record = &self.orders[other].record;
            if other != index && record.list_id == Some(list) && !record.status.is_terminal() {
                let locked = std::mem::take(&mut self.orders[other].locked);
                self.orders[index].locked = self.orders[index].locked.saturating_add(locked);
                self.expire(other, ExpiryReason::OcoTrigger, time);
            }
        }
    }

    pub(super) fn finish_list(&mut self, index: usize, time: Time) {
        let Some(id) = self.orders[index].record.list_id else { return };
        let is_open = |entry: &Entry| entry.record.list_id == Some(id) && !entry.record.status.is_terminal();
        if self.orders.iter().any(is_open) {
            return;
        }
        let (account, list) = &mut self.lists[id.0 as usize - 1];
        (list.status, list.updated) = (ListStatus::AllDone, time);
        self.events.push_back((*account, VenueEvent::List(Box::new(list.clone()))));
    }

    pub(super) fn lock(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        amount: Money,
    ) -> Result<(), Refusal> {
        let asset = if side == Side::Buy { self.quote(symbol) } else { self.base(symbol) };
        if amount > self.balance(account, &asset).free {
            return Err(Refusal::InsufficientBalance);
        }
        self.add(account, &asset, amount, Money::ZERO.saturating_sub(amount));
        Ok(())
    }

    /// From locked to free.
    pub(super) fn unlock(&mut self, index: usize, amount: Money) {
        let (account, asset) = (self.orders[index].account, self.spent(index));
        self.add(account, &asset, Money::ZERO.saturating_sub(amount), amount);
    }

    /// Takes these amounts out of free and locked; negative ones are put in.
    pub(super) fn add(&mut self, account: AccountId, asset: &Asset, free: Money, locked: Money) {
        let balances = &mut self.accounts[usize::from(account.0)];
        if balances.iter().all(|held| held.asset != *asset) {
            balances.push(Balance::empty(asset.clone()));
        }
        for held in balances.iter_mut().filter(|held| held.asset == *asset) {
            held.free = held.free.saturating_sub(free);
            held.locked = held.locked.saturating_sub(locked);
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn enter(
        &mut self,
        account: AccountId,
        now: Time,
        symbol: SymbolId,
        side: Side,
        client_id: &ClientOrderId,
        kind: OrderKind,
        list_id: Option<OrderListId>,
        locked: Money,
    ) -> usize {
        let record = OrderRecord {
            order_id: OrderId(self.orders.len() as i64 + 1),
            client_id: client_id.clone(),
            list_id,
            symbol,
            side,
            kind,
            quantity: kind.quantity(),
            status: OrderStatus::New,
            filled: Quantity::ZERO,
            filled_quote: Money::ZERO,
            is_working: kind.stop_price().is_none(),
            created: now,
            updated: now,
            reason: None,
        };
        self.events.push_back((account, VenueEvent::Report(record.report(ExecutionType::New, now))));
        self.orders.push(Entry { record, account, locked, is_waiting: false, arrives: None });
        self.orders.len() - 1
    }

    /// Reports the asset that the order spends, when something of it moved.
    pub(super) fn tell_spent(&mut self, index: usize, moved: Money, time: Time) {
        if moved.is_positive() {
            self.tell(self.orders[index].account, &[self.spent(index)], time);
        }
    }

    pub(super) fn tell(&mut self, account: AccountId, assets: &[Asset], time: Time) {
        let balances = assets.iter().map(|asset| self.balance(account, asset)).collect();
        self.events.push_back((account, VenueEvent::Balances(BalanceUpdate { time, balances })));
    }

    pub(super) fn spent(&self, index: usize) -> Asset {
        let record = &self.orders[index].record;
        if record.side == Side::Buy { self.quote(record.symbol) } else { self.base(record.symbol) }
    }

    pub(super) fn cost(&self, price: Price, quantity: Quantity, rate: Ratio) -> Option<Money> {
        let notional = Money::notional(price, quantity)?;
        match self.settings.fees.policy {
            FeePolicy::Quote => notional.checked_add(notional.fraction(rate)?),
            FeePolicy::Received | FeePolicy::Bnb { .. } => Some(notional),
        }
    }

    pub(super) fn taker_price(&self, symbol: SymbolId, side: Side, price: Price, size: Quantity) -> Price {
        let frictions = self.settings.frictions;
        let impact = frictions.impact.map(|impact| impact.of(&self.trailing[symbol.index()], size));
        let away = i128::from(frictions.half_spread.raw()) + i128::from(impact.unwrap_or_default().raw());
        let (tick, spread) = (self.tick(symbol), away.min(100_000_000));
        let (exact, one) = (i128::from(price.raw()), 100_000_000_i128);
        match side {
            Side::Buy => Price::from_raw(((exact * (one + spread) + one - 1) / one) as i64).ceil_to_tick(tick),
            Side::Sell => Price::from_raw((exact * (one - spread) / one) as i64).floor_to_tick(tick).max(tick),
        }
    }

    pub(super) fn tick(&self, symbol: SymbolId) -> Price {
        self.rules[symbol.index()].price.tick.max(Price::from_raw(1))
    }

    pub(super) fn base(&self, symbol: SymbolId) -> Asset {
        self.rules[symbol.index()].base.clone()
    }

    pub(super) fn quote(&self, symbol: SymbolId) -> Asset {
        self.rules[symbol.index()].quote.clone()
    }
}
