//! Offers: what a taker meets in the book and on the path, what it costs him and how much of it he can pay.
//!
//! Invariant: nothing here changes the venue, except that what was taken from a minute is gone.
//! Absent on purpose: the order in which things happen (`matching`).

use crate::domain::{Money, OrderId, OrderType, Price, Quantity, Ratio, Side, SymbolId};

use super::book;
use super::orders::AccountId;
use super::{FeeSchedule, Simulator};

impl Simulator {
    /// Where a taker of this size meets the path.
    pub(super) fn taker_price(&self, symbol: SymbolId, side: Side, price: Price, size: Quantity) -> Price {
        let market = &self.markets[symbol.index()];
        let frictions = &self.settings.frictions;
        let impact = frictions.impact.map_or(Ratio::ZERO, |impact| impact.of(&market.trailing, size));
        let away = frictions.half_spread.saturating_add(impact).min(Ratio::ONE);
        book::taker_price(side, price, away, market.tick())
    }

    /// What the minute still has for an order that takes, in its steps.
    pub(super) fn allowance(&self, id: OrderId) -> Quantity {
        let record = &self.register.order(id).record;
        let market = &self.markets[record.symbol.index()];
        let step = market.rules.step(record.kind.order_type());
        market.allowance.map_or(Quantity::MAX, |allowance| allowance.floor_to_step(step))
    }

    /// Takes from what the minute has.
    pub(super) fn use_up(&mut self, id: OrderId, quantity: Quantity) {
        let symbol = self.register.order(id).record.symbol;
        if let Some(allowance) = &mut self.markets[symbol.index()].allowance {
            *allowance = allowance.saturating_sub(quantity);
        }
    }

    /// The resting orders a taker of this account meets before the path, best first: all of other accounts that are
    /// strictly better than the path and within its limit.
    pub(super) fn makers(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        limit: Option<Price>,
        path_price: Price,
    ) -> impl Iterator<Item = (Price, Quantity)> + use<'_> {
        self.markets[symbol.index()]
            .book
            .opposite(side)
            .take_while(move |(price, _)| is_met(side, *price, limit, path_price))
            .map(|(price, id)| (price, self.register.order(id)))
            .filter(move |(_, order)| order.account != account)
            .map(|(price, order)| (price, order.record.remaining()))
    }

    /// What a MARKET BUY costs when it executes now: resting orders first, then the path.
    pub(super) fn cost_now(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        quantity: Quantity,
        path_price: Price,
    ) -> Option<Money> {
        let (mut left, mut cost) = (quantity, Money::ZERO);
        let makers = self.makers(account, symbol, side, None, path_price);
        for (price, offered) in makers.chain([(path_price, Quantity::MAX)]) {
            let part = left.min(offered);
            cost = cost.checked_add(self.worth(side, price, part)?)?;
            left = left.saturating_sub(part);
            if left.is_zero() {
                break;
            }
        }
        Some(cost)
    }

    /// True when the whole quantity can trade at once within the limit.
    pub(super) fn fills_whole(&self, id: OrderId, path_price: Price) -> bool {
        let order = self.register.order(id);
        let record = &order.record;
        let limit = record.kind.limit_price();
        let meets_path = limit.is_none_or(|limit| book::is_within(record.side, path_price, limit));
        let from_path = if meets_path { self.allowance(id) } else { Quantity::ZERO };
        if from_path >= record.quantity {
            return true;
        }
        let offered = self
            .makers(order.account, record.symbol, record.side, limit, path_price)
            .fold(from_path, |sum, (_, quantity)| sum.saturating_add(quantity));
        offered >= record.quantity
    }

    /// The largest step multiple that the amount of a MARKET order by quote amount pays for or brings in.
    pub(super) fn quantity_for(&self, id: OrderId, amount: Money, path_price: Price) -> Quantity {
        let order = self.register.order(id);
        let record = &order.record;
        self.quantity_by_amount(order.account, record.symbol, record.side, amount, path_price)
    }

    pub(super) fn quantity_by_amount(
        &self,
        account: AccountId,
        symbol: SymbolId,
        side: Side,
        amount: Money,
        path_price: Price,
    ) -> Quantity {
        let (mut left, mut sum) = (amount, Quantity::ZERO);
        let makers = self.makers(account, symbol, side, None, path_price);
        for (price, offered) in makers.chain([(path_price, Quantity::MAX)]) {
            let quantity = offered.min(self.quantity_worth(side, price, left));
            sum = sum.saturating_add(quantity);
            left = left.saturating_sub(self.worth(side, price, quantity).unwrap_or(left));
            if quantity < offered {
                break;
            }
        }
        sum.floor_to_step(self.markets[symbol.index()].rules.step(OrderType::Market))
    }

    /// What a quantity costs a taker who buys, or brings before fees to one who sells.
    pub(super) fn worth(&self, side: Side, price: Price, quantity: Quantity) -> Option<Money> {
        match side {
            Side::Buy => self.settings.fees.cost(price, quantity, self.settings.fees.taker),
            Side::Sell => Money::notional(price, quantity),
        }
    }

    fn quantity_worth(&self, side: Side, price: Price, amount: Money) -> Quantity {
        let fees = &self.settings.fees;
        match side {
            Side::Buy => fees.affordable(price, amount, fees.taker),
            Side::Sell => FeeSchedule::FREE.affordable(price, amount, fees.taker),
        }
    }

    /// `wanted`, or where what the order locks and what is free do not cover it, as many steps as they do.
    pub(super) fn covered(&self, id: OrderId, price: Price, wanted: Quantity) -> Quantity {
        let order = self.register.order(id);
        let record = &order.record;
        let market = &self.markets[record.symbol.index()];
        let asset = market.locked_asset(record.side);
        let available = order.locked.saturating_add(self.ledger.free(order.account, asset));
        let quantity = match record.side {
            Side::Buy => self.settings.fees.affordable(price, available, self.settings.fees.taker),
            Side::Sell => available.as_quantity(),
        };
        let step = market.rules.step(record.kind.order_type());
        if quantity >= wanted { wanted } else { quantity.floor_to_step(step) }
    }
}

/// True when a taker trades with a resting order at `price`: strictly better than the path, and within its limit.
pub(super) fn is_met(side: Side, price: Price, limit: Option<Price>, path_price: Price) -> bool {
    let is_better = match side {
        Side::Buy => price < path_price,
        Side::Sell => price > path_price,
    };
    is_better && limit.is_none_or(|limit| book::is_within(side, price, limit))
}
