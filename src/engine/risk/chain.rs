//! The chain of factors from equity to the quantity of an entry, each step kept for those who ask why.
//!
//! notional = equity x invest x min(cap, target / forecast volatility) x confidence x regime x drawdown; the quantity is floored
//! to the step, and what it is worth is judged after that.
//! Invariant: nothing is rounded up, no factor enlarges (but the volatility's, up to its cap), and an order below a minimum is
//! refused, never enlarged to fit.
//! Absent on purpose: free cash and gates (`check`), and what makes the factors.

use crate::domain::fixed::SCALE;
use crate::domain::{Money, OrderType, Price, Quantity, SymbolRules, Value};

/// Factors of a size. All but the volatility's lie in 0..=1; what is no number counts as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeFactors {
    /// Share of equity that this symbol may use.
    pub invest: f64,
    /// min(cap, target / forecast): `VolatilityTarget::scaler`.
    pub volatility: f64,
    pub confidence: f64,
    pub regime: f64,
    pub drawdown: f64,
}

/// What a size must not be below.
#[derive(Debug, Clone, Copy)]
pub struct SizeLimits<'a> {
    pub rules: &'a SymbolRules,
    pub order_type: OrderType,
    /// `min_trade_size`, in quote currency.
    pub minimum: Money,
}

/// One factor and what is left after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeStep {
    pub name: &'static str,
    pub factor: f64,
    /// In quote currency.
    pub notional: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizedEntry {
    pub steps: [SizeStep; 5],
    /// What free cash allowed, where that was less.
    pub cash: Option<Money>,
    /// After all factors, to the nearest 1e-8.
    pub notional: Money,
    /// Floored to the step.
    pub quantity: Quantity,
    /// Price times quantity, exact.
    pub worth: Value,
    pub verdict: Result<(), SizeRefusal>,
}

/// Why a size is not traded, with the smallest that would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SizeRefusal {
    #[error("there is no price, or none at which any order would be legal")]
    NoPrice,
    #[error("the size is below one step or the lot's minimum; the smallest legal order is {smallest}")]
    BelowLot { smallest: Quantity },
    #[error("the size is worth less than {minimum}; the smallest legal order is {smallest}")]
    BelowNotional { minimum: Money, smallest: Quantity },
}

impl SizeFactors {
    /// Name and value, in the order in which they are applied.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        let share = |x: f64| if x.is_nan() { 0.0 } else { x.clamp(0.0, 1.0) };
        let volatility = if self.volatility.is_finite() { self.volatility.max(0.0) } else { 0.0 };
        [
            ("invest", share(self.invest)),
            ("volatility", volatility),
            ("confidence", share(self.confidence)),
            ("regime", share(self.regime)),
            ("drawdown", share(self.drawdown)),
        ]
    }

    /// The size of an entry at about this price.
    pub fn size(&self, equity: Money, price: Price, limits: &SizeLimits<'_>) -> SizedEntry {
        let mut left = equity.to_f64().max(0.0);
        let steps = self.named().map(|(name, factor)| {
            left *= factor;
            SizeStep { name, factor, notional: left }
        });
        // Out of range there is no such money: the equity was not either.
        let notional = Money::from_f64(left).unwrap_or(Money::ZERO);
        let quantity = limits.quantity(notional, price);
        let verdict = limits.judge(quantity, price);
        SizedEntry { steps, cash: None, notional, quantity, worth: Value::of(price, quantity), verdict }
    }
}

impl SizeLimits<'_> {
    /// The largest legal quantity that this much money buys; zero without a price.
    pub(super) fn quantity(&self, notional: Money, price: Price) -> Quantity {
        if !price.is_positive() {
            return Quantity::ZERO;
        }
        let raw = i128::from(notional.raw()) * i128::from(SCALE) / i128::from(price.raw());
        let wanted = Quantity::from_raw(i64::try_from(raw).unwrap_or(i64::MAX));
        wanted.min(self.most()).floor_to_step(self.rules.step(self.order_type))
    }

    pub(super) fn judge(&self, quantity: Quantity, price: Price) -> Result<(), SizeRefusal> {
        let smallest = self.smallest(price).ok_or(SizeRefusal::NoPrice)?;
        if !quantity.is_positive() || quantity < self.least() {
            return Err(SizeRefusal::BelowLot { smallest });
        }
        let minimum = self.notional();
        if Value::of(price, quantity) < minimum.to_value() {
            return Err(SizeRefusal::BelowNotional { minimum, smallest });
        }
        Ok(())
    }

    /// The largest legal order that this much money buys; `None` where none is legal.
    pub fn largest(&self, money: Money, price: Price) -> Option<Quantity> {
        let quantity = self.quantity(money, price);
        self.judge(quantity, price).is_ok().then_some(quantity)
    }

    /// The smallest quantity that passes lot and notional at this price; `None` without a price or where none fits.
    pub fn smallest(&self, price: Price) -> Option<Quantity> {
        if !price.is_positive() {
            return None;
        }
        let (needed, price) = (i128::from(self.notional().raw()) * i128::from(SCALE), i128::from(price.raw()));
        let by_notional = Quantity::from_raw(i64::try_from((needed + price - 1) / price).ok()?);
        let step = self.rules.step(self.order_type).max(Quantity::from_raw(1));
        by_notional.max(self.least()).max(step).ceil_to(step).filter(|smallest| *smallest <= self.most())
    }

    fn is_market(&self) -> bool {
        self.order_type == OrderType::Market
    }

    fn notional(&self) -> Money {
        let filter = &self.rules.notional;
        let venue = if self.is_market() && !filter.min_applies_to_market { Money::ZERO } else { filter.min };
        venue.max(self.minimum)
    }

    fn least(&self) -> Quantity {
        let lot = self.rules.lot.min;
        if self.is_market() { lot.max(self.rules.market_lot.min) } else { lot }
    }

    /// A zero limit is none.
    fn most(&self) -> Quantity {
        let limit = |most: Quantity| if most.is_positive() { most } else { Quantity::MAX };
        let lot = limit(self.rules.lot.max);
        if self.is_market() { lot.min(limit(self.rules.market_lot.max)) } else { lot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::OrderContext;
    use crate::domain::{OrderKind, Side, Symbol};
    use proptest::prelude::*;

    fn rules(step: i64) -> SymbolRules {
        let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
        (rules.lot.step, rules.lot.min) = (Quantity::from_raw(step), Quantity::from_raw(step));
        rules
    }

    const ALL: SizeFactors = SizeFactors { invest: 1.0, volatility: 1.0, confidence: 1.0, regime: 1.0, drawdown: 1.0 };

    #[test]
    fn each_step_is_kept_and_the_smallest_legal_order_is_named() {
        let rules = rules(SCALE / 1_000);
        let limits = SizeLimits { rules: &rules, order_type: OrderType::Market, minimum: Money::from_raw(10 * SCALE) };
        let factors = SizeFactors { invest: 0.5, volatility: 2.0, confidence: 0.5, regime: 7.0, ..ALL };
        let price = Price::from_raw(3_000 * SCALE);
        let sized = factors.size(Money::from_raw(60 * SCALE), price, &limits);
        assert_eq!(sized.steps.map(|step| step.notional), [30.0, 60.0, 30.0, 30.0, 30.0]);
        assert_eq!((sized.quantity, sized.verdict), (Quantity::from_raw(SCALE / 100), Ok(())));
        let small = factors.size(Money::from_raw(12 * SCALE), price, &limits);
        assert_eq!(small.quantity, Quantity::from_raw(SCALE / 500), "6 buys 0.002");
        let smallest = Quantity::from_raw(SCALE / 250);
        assert_eq!(small.verdict, Err(SizeRefusal::BelowNotional { minimum: limits.minimum, smallest }));
        let none = SizeFactors { confidence: f64::NAN, ..ALL }.size(Money::MAX, price, &limits);
        assert_eq!(none.verdict, Err(SizeRefusal::BelowLot { smallest }));
        assert_eq!(ALL.size(Money::ONE, Price::ZERO, &limits).verdict, Err(SizeRefusal::NoPrice));
    }

    proptest! {
        #[test]
        fn an_accepted_size_passes_the_venue_and_never_costs_more_than_was_meant(
            equity in 0i64..1_000_000_000_000_000, price in 1i64..10_000_000_000_000, step in 1i64..1_000_000_000,
            factors in prop::array::uniform5(-0.5f64..1.5), minimum in 0i64..100_000_000_000,
        ) {
            let rules = rules(step);
            let limits = SizeLimits { rules: &rules, order_type: OrderType::Market, minimum: Money::from_raw(minimum) };
            let [invest, volatility, confidence, regime, drawdown] = factors;
            let factors = SizeFactors { invest, volatility, confidence, regime, drawdown };
            let price = Price::from_raw(price);
            let sized = factors.size(Money::from_raw(equity), price, &limits);
            prop_assert!(sized.quantity.is_multiple_of(Quantity::from_raw(step)));
            prop_assert!(sized.worth <= sized.notional.to_value());
            let context = OrderContext { reference: price, open_orders: 0, open_trigger_orders: 0 };
            let legal = |quantity| rules.check(Side::Buy, OrderKind::Market { quantity }, context).is_ok();
            let enough = |quantity| Value::of(price, quantity) >= limits.minimum.to_value();
            // A worth beyond the range of money cannot be checked.
            if sized.worth.to_money().is_some() {
                prop_assert_eq!(sized.verdict.is_ok(), legal(sized.quantity) && enough(sized.quantity));
            }
            if let Some(smallest) = limits.smallest(price).filter(|q| Value::of(price, *q).to_money().is_some()) {
                prop_assert!(legal(smallest) && enough(smallest));
                let less = Quantity::from_raw(smallest.raw() - step);
                prop_assert!(!(legal(less) && enough(less)), "{} would do", less);
            }
        }
    }
}
