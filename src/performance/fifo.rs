//! `Fifo`: profit and loss by lots, first in first out.
//!
//! Invariant: realised + unrealised = change of equity, to the last digit; fees are part of the cost or cut the proceeds,
//! a fee in the base asset cuts the quantity and leaves the cost.
//! Absent on purpose: average cost, which is how the engine keeps its books (`engine::portfolio`); both ways give the
//! same change of equity.

use std::collections::VecDeque;

use crate::domain::{Money, Price, Quantity, Side, Value};

/// A fill as it is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotFill {
    pub side: Side,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: LotFee,
}

/// A fee by the asset that it was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotFee {
    None,
    Base(Quantity),
    Quote(Money),
    /// A third asset (BNB), in quote currency at its price then.
    Other(Value),
}

/// Why a fill cannot be booked; the lots are then as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LotError {
    #[error("the sum leaves the range of the number type")]
    Overflow,
    #[error("more was sold than the lots hold")]
    SoldMoreThanHeld,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    quantity: Quantity,
    cost: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fifo {
    /// Oldest first.
    lots: VecDeque<Lot>,
    quantity: Quantity,
    cost: Value,
    realised: Value,
    fees: Value,
}

impl Fifo {
    /// Books one fill; returns what it realised, zero for a buy.
    pub fn book(&mut self, fill: &LotFill) -> Result<Value, LotError> {
        let notional = Money::notional(fill.price, fill.quantity).ok_or(LotError::Overflow)?.to_value();
        let (base, charged, worth) = match fill.fee {
            LotFee::None => (Quantity::ZERO, Value::ZERO, Value::ZERO),
            LotFee::Base(quantity) => (quantity, Value::ZERO, Value::of(fill.price, quantity)),
            LotFee::Quote(money) => (Quantity::ZERO, money.to_value(), money.to_value()),
            LotFee::Other(value) => (Quantity::ZERO, value, value),
        };
        let fees = self.fees.checked_add(worth).ok_or(LotError::Overflow)?;
        let realised = match fill.side {
            Side::Buy => {
                let quantity = fill.quantity.checked_sub(base).filter(|quantity| !quantity.is_negative());
                let cost = notional.checked_add(charged).ok_or(LotError::Overflow)?;
                self.buy(Lot { quantity: quantity.ok_or(LotError::Overflow)?, cost })?;
                Value::ZERO
            }
            Side::Sell => {
                let quantity = fill.quantity.checked_add(base).ok_or(LotError::Overflow)?;
                let proceeds = notional.checked_sub(charged).ok_or(LotError::Overflow)?;
                self.sell(quantity, proceeds)?
            }
        };
        self.fees = fees;
        Ok(realised)
    }

    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// Of what is held.
    pub fn cost(&self) -> Value {
        self.cost
    }

    /// Cost of one unit held, for display.
    pub fn average_cost(&self) -> Option<f64> {
        self.quantity.is_positive().then(|| self.cost.to_f64() / self.quantity.to_f64())
    }

    pub fn realised(&self) -> Value {
        self.realised
    }

    pub fn unrealised(&self, mark: Price) -> Value {
        Value(Value::of(mark, self.quantity).0.saturating_sub(self.cost.0))
    }

    /// All fees in quote currency; a base fee at its fill's price.
    pub fn fees(&self) -> Value {
        self.fees
    }

    fn buy(&mut self, lot: Lot) -> Result<(), LotError> {
        let quantity = self.quantity.checked_add(lot.quantity).ok_or(LotError::Overflow)?;
        let cost = self.cost.checked_add(lot.cost).ok_or(LotError::Overflow)?;
        (self.quantity, self.cost) = (quantity, cost);
        self.lots.push_back(lot);
        Ok(())
    }

    fn sell(&mut self, quantity: Quantity, proceeds: Value) -> Result<Value, LotError> {
        if quantity > self.quantity {
            return Err(LotError::SoldMoreThanHeld);
        }
        let (whole_lots, first) = self.split(quantity);
        let mut cost = first;
        for lot in self.lots.iter().take(whole_lots) {
            cost = cost.checked_add(lot.cost).ok_or(LotError::Overflow)?;
        }
        let gained = proceeds.checked_sub(cost).ok_or(LotError::Overflow)?;
        self.realised = self.realised.checked_add(gained).ok_or(LotError::Overflow)?;
        let kept = self.quantity.saturating_sub(quantity);
        self.take(whole_lots, quantity, first);
        (self.quantity, self.cost) = (kept, Value(self.cost.0 - cost.0));
        Ok(gained)
    }

    /// How many lots a sale uses up, and the cost of what it takes from the lot after them.
    fn split(&self, quantity: Quantity) -> (usize, Value) {
        let mut left = quantity;
        for (at, lot) in self.lots.iter().enumerate() {
            if left < lot.quantity {
                return (at, lot.cost.portion(left, lot.quantity));
            }
            left = left.saturating_sub(lot.quantity);
        }
        (self.lots.len(), Value::ZERO)
    }

    fn take(&mut self, whole_lots: usize, quantity: Quantity, first: Value) {
        let used = self.lots.drain(..whole_lots).fold(Quantity::ZERO, |sum, lot| sum.saturating_add(lot.quantity));
        if let Some(lot) = self.lots.front_mut() {
            lot.quantity = lot.quantity.saturating_sub(quantity.saturating_sub(used));
            lot.cost = Value(lot.cost.0 - first.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(side: Side, quantity: &str, price: &str, fee: LotFee) -> LotFill {
        LotFill { side, quantity: quantity.parse().expect("a quantity"), price: price.parse().expect("a price"), fee }
    }

    fn value(text: &str) -> Value {
        text.parse::<Money>().expect("money").to_value()
    }

    #[test]
    fn the_oldest_lot_is_sold_first_and_partly() {
        let mut fifo = Fifo::default();
        for lot in [fill(Side::Buy, "1", "100", LotFee::None), fill(Side::Buy, "2", "200", LotFee::None)] {
            assert_eq!(fifo.book(&lot), Ok(Value::ZERO));
        }
        let fee = LotFee::Quote("2.5".parse().expect("money"));
        assert_eq!(fifo.book(&fill(Side::Sell, "1.5", "300", fee)), Ok(value("247.5")));
        assert_eq!((fifo.quantity(), fifo.cost()), ("1.5".parse().expect("a quantity"), value("300")));
        assert_eq!((fifo.average_cost(), fifo.fees()), (Some(200.0), value("2.5")));
        assert_eq!(fifo.unrealised("210".parse().expect("a price")), value("15"));
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut fifo = Fifo::default();
        fifo.book(&fill(Side::Buy, "1", "100", LotFee::None)).expect("a first lot");
        let before = fifo.clone();
        assert_eq!(fifo.book(&fill(Side::Sell, "1.1", "100", LotFee::None)), Err(LotError::SoldMoreThanHeld));
        let vast = fill(Side::Buy, "92233720368", "92233720368", LotFee::None);
        assert_eq!(fifo.book(&vast), Err(LotError::Overflow));
        let greedy = LotFee::Base("2".parse().expect("a quantity"));
        assert_eq!(fifo.book(&fill(Side::Buy, "1", "100", greedy)), Err(LotError::Overflow));
        assert_eq!(fifo, before);
    }

    proptest! {
        #[test]
        fn realised_and_unrealised_are_the_change_of_equity_to_the_last_digit(
            fills in prop::collection::vec((any::<bool>(), 1i64..2_000, 1i64..100_000, 0i64..500, 0u8..4), 1..60),
            mark in 1i64..100_000,
        ) {
            let mut fifo = Fifo::default();
            let mut cash = 0_i128;
            for (is_buy, quantity, price, fee, asset) in fills {
                // Steps of 1e-4 and ticks of 1e-2, as venues have them.
                let (quantity, price) = (Quantity::from_raw(quantity * 10_000), Price::from_raw(price * 1_000_000));
                let fee = match asset {
                    0 => LotFee::None,
                    1 => LotFee::Base(Quantity::from_raw(quantity.raw() / 1_000)),
                    2 => LotFee::Quote(Money::from_raw(fee)),
                    _ => LotFee::Other(Value(i128::from(fee) * 1_000)),
                };
                let side = if is_buy { Side::Buy } else { Side::Sell };
                let Ok(_) = fifo.book(&LotFill { side, quantity, price, fee }) else { continue };
                let notional = Money::notional(price, quantity).expect("it fits").to_value().0;
                cash += if is_buy { -notional } else { notional };
                cash -= match fee {
                    LotFee::None | LotFee::Base(_) => 0,
                    LotFee::Quote(money) => money.to_value().0,
                    LotFee::Other(value) => value.0,
                };
            }
            let mark = Price::from_raw(mark * 1_000_000);
            let change = cash + Value::of(mark, fifo.quantity()).0;
            prop_assert_eq!(fifo.realised().0 + fifo.unrealised(mark).0, change);
            let lots = fifo.lots.iter().fold((0_i64, 0_i128), |sum, lot| (sum.0 + lot.quantity.raw(), sum.1 + lot.cost.0));
            prop_assert_eq!(lots, (fifo.quantity().raw(), fifo.cost().0));
        }
    }
}
