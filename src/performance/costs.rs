//! `Costs`: what trading cost, split into fees, spread and impact; and the same as rates for baselines.
//!
//! Invariant: exact sums in quote currency; spread + impact of a fill = (its price less the middle) x quantity, signed so
//! that a cost is positive.
//! Absent on purpose: models that predict these costs (`simulator`).
//! Source: Perold 1988 for measuring against the middle at the decision.

use serde::Serialize;

use crate::domain::{Price, Quantity, Side, Value};

/// Sums over fills, in quote currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Costs {
    /// Notional of all fills.
    pub traded: Value,
    pub fees: Value,
    /// From the middle to the best price of the other side.
    pub spread: Value,
    /// From the best price to the price of the fill; negative where the fill was better than the best price.
    pub impact: Value,
}

/// What one side of a round trip costs, as fractions of its notional.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct CostRates {
    pub fee: f64,
    pub half_spread: f64,
    pub impact: f64,
}

impl Costs {
    /// One fill. `middle` is the middle of the book at the decision and `best` the best price of the other side then; a
    /// maker's `best` is its own limit.
    pub fn of_fill(side: Side, quantity: Quantity, price: Price, middle: Price, best: Price, fee: Value) -> Costs {
        let paid = |to: Price, from: Price| {
            let difference = Value(Value::of(to, quantity).0 - Value::of(from, quantity).0);
            match side {
                Side::Buy => difference,
                Side::Sell => Value(-difference.0),
            }
        };
        Costs { traded: Value::of(price, quantity), fees: fee, spread: paid(best, middle), impact: paid(price, best) }
    }

    /// Staying at the end of the range where a sum does not fit.
    pub fn add(&mut self, other: Costs) {
        let sum = |a: Value, b: Value| Value(a.0.saturating_add(b.0));
        *self = Costs {
            traded: sum(self.traded, other.traded),
            fees: sum(self.fees, other.fees),
            spread: sum(self.spread, other.spread),
            impact: sum(self.impact, other.impact),
        };
    }

    pub fn total(&self) -> Value {
        Value(self.fees.0.saturating_add(self.spread.0).saturating_add(self.impact.0))
    }

    /// What was paid on average; `None` when nothing was traded.
    pub fn rates(&self) -> Option<CostRates> {
        let traded = self.traded.to_f64();
        (traded > 0.0).then(|| CostRates {
            fee: self.fees.to_f64() / traded,
            half_spread: self.spread.to_f64() / traded,
            impact: self.impact.to_f64() / traded,
        })
    }
}

impl CostRates {
    pub fn total(&self) -> f64 {
        self.fee + self.half_spread + self.impact
    }

    /// What is left of the money when it buys: one unit of notional costs 1 + rate.
    pub(super) fn bought(&self, money: f64) -> f64 {
        money / (1.0 + self.total())
    }

    /// What comes in when this notional is sold; never less than nothing.
    pub(super) fn sold(&self, notional: f64) -> f64 {
        notional * (1.0 - self.total()).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(text: &str) -> Price {
        text.parse().expect("a price")
    }

    #[test]
    fn a_buy_above_the_ask_pays_spread_and_impact_and_a_better_fill_gives_some_back() {
        let one = Quantity::ONE;
        let fee = Value::of(price("0.1"), one);
        let bought = Costs::of_fill(Side::Buy, one, price("101.5"), price("100"), price("101"), fee);
        assert_eq!((bought.spread, bought.impact), (Value::of(price("1"), one), Value::of(price("0.5"), one)));
        assert_eq!(bought.total(), Value::of(price("1.6"), one));
        let sold = Costs::of_fill(Side::Sell, one, price("99.5"), price("100"), price("99"), fee);
        assert_eq!((sold.spread, sold.impact), (Value::of(price("1"), one), Value(-Value::of(price("0.5"), one).0)));
        assert_eq!(Costs::default().rates(), None);
    }

    proptest! {
        #[test]
        fn rates_times_what_was_traded_are_the_costs(
            fills in prop::collection::vec((1i64..1_000_000_000, 1i64..1_000_000_000, 0i64..1_000, 0i64..1_000, any::<bool>()), 1..20),
        ) {
            let mut costs = Costs::default();
            let mut slippage = 0_i128;
            for (middle, quantity, half, beyond, is_buy) in fills {
                let (side, sign) = if is_buy { (Side::Buy, 1) } else { (Side::Sell, -1) };
                let at = |raw: i64| Price::from_raw((middle + sign * raw).max(1));
                let (quantity, middle) = (Quantity::from_raw(quantity), Price::from_raw(middle));
                let fill = at(half + beyond);
                costs.add(Costs::of_fill(side, quantity, fill, middle, at(half), Value(7)));
                slippage += i128::from(sign) * (Value::of(fill, quantity).0 - Value::of(middle, quantity).0);
            }
            prop_assert_eq!(costs.spread.0 + costs.impact.0, slippage);
            let rates = costs.rates().expect("something was traded");
            let (total, traded) = (costs.total().to_f64(), costs.traded.to_f64());
            prop_assert!((rates.total() * traded - total).abs() <= 1e-9 * total.abs() + 1e-12);
        }
    }
}
