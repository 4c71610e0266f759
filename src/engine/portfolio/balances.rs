//! `Portfolio`: quote cash and fee assets, as booked from our own fills.
//!
//! Invariant: cash changes only by bookings of fills of this session.
//! Absent on purpose: holdings that the account had before the start; the engine never counts or sells them.

use super::position::{Booking, BookingError, Position};
use crate::domain::{
    Asset, Balance, Digest, ExecutionReport, Money, Price, Quantity, Side, StateHash, SymbolRules, Value,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portfolio {
    quote: Asset,
    cash_start: Money,
    cash: Money,
    /// Fees paid in a third asset (BNB), in quote currency at `bnb_price`.
    other_fees: Value,
    /// All fees in quote currency: base fees at their fill's price.
    fees: Value,
}

impl Portfolio {
    pub fn new(quote: Asset, balances: &[Balance]) -> Self {
        let cash = balances.iter().find(|b| b.asset == quote).map_or(Money::ZERO, Balance::total);
        Portfolio { quote, cash_start: cash, cash, other_fees: Value::ZERO, fees: Value::ZERO }
    }

    /// Books one fill into cash and position; returns what its fee was worth in quote currency.
    pub fn book(
        &mut self,
        position: &mut Position,
        rules: &SymbolRules,
        report: &ExecutionReport,
        bnb_price: Price,
    ) -> Result<Value, BookingError> {
        let notional = Money::notional(report.last_price, report.last_quantity).ok_or(BookingError::Overflow)?;
        let fee = self.split_fee(rules, report, bnb_price);
        let overflow = BookingError::Overflow;
        // All or nothing: a fill that does not fit changes neither cash nor position.
        let mut booked = *position;
        let cash = match report.side {
            Side::Buy => {
                let quote = notional.checked_add(fee.quote).ok_or(overflow)?;
                let quantity = report.last_quantity.checked_sub(fee.base).ok_or(overflow)?;
                booked.buy(Booking { quantity, quote, other_fee: fee.other })?;
                self.cash.checked_sub(quote)
            }
            Side::Sell => {
                let quote = notional.checked_sub(fee.quote).ok_or(overflow)?;
                let quantity = report.last_quantity.checked_add(fee.base).ok_or(overflow)?;
                booked.sell(Booking { quantity, quote, other_fee: fee.other })?;
                self.cash.checked_add(quote)
            }
        };
        let cash = cash.ok_or(overflow)?;
        let other_fees = self.other_fees.checked_add(fee.other).ok_or(overflow)?;
        let fees = self.fees.checked_add(fee.value).ok_or(overflow)?;
        *position = booked;
        (self.cash, self.other_fees, self.fees) = (cash, other_fees, fees);
        Ok(fee.value)
    }

    pub fn cash(&self) -> Money {
        self.cash
    }

    pub fn quote(&self) -> &Asset {
        &self.quote
    }

    pub fn fees(&self) -> Value {
        self.fees
    }

    /// Equity without the positions: cash less fees paid in a third asset.
    #[inline]
    pub fn net_cash(&self) -> Value {
        Value(self.cash.to_value().0.saturating_sub(self.other_fees.0))
    }

    pub fn start(&self) -> Value {
        self.cash_start.to_value()
    }

    fn split_fee(&self, rules: &SymbolRules, report: &ExecutionReport, bnb_price: Price) -> Fee {
        let none = Fee { base: Quantity::ZERO, quote: Money::ZERO, other: Value::ZERO, value: Value::ZERO };
        let Some(commission) = &report.commission else { return none };
        if commission.asset == rules.quote {
            Fee { quote: commission.amount, value: commission.amount.to_value(), ..none }
        } else if commission.asset == rules.base {
            let base = commission.amount.as_quantity();
            Fee { base, value: Value::of(report.last_price, base), ..none }
        } else {
            let value = Value::of(bnb_price, commission.amount.as_quantity());
            Fee { other: value, value, ..none }
        }
    }
}

/// A commission by where it was taken, and its worth in quote currency.
struct Fee {
    base: Quantity,
    quote: Money,
    other: Value,
    value: Value,
}

impl StateHash for Portfolio {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.quote);
        digest.add(&self.cash_start);
        digest.add(&self.cash);
        digest.add(&self.other_fees);
        digest.add(&self.fees);
    }
}
