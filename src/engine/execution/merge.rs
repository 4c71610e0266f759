//! `LegalSize`: what the venue takes in one order, and schedules that keep to it.
//!
//! Invariant: every slice of a legal schedule lies within the size, and the sum stays; where even the whole is too small there
//! is no legal schedule.
//! Absent on purpose: gates and balances (`risk::check`).

use super::randomise::Slice;
use crate::domain::{OrderType, Price, Quantity, Ratio, SymbolRules};
use crate::engine::risk::SizeLimits;

/// In lots of `step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegalSize {
    pub step: Quantity,
    pub least: u64,
    pub most: u64,
}

impl LegalSize {
    /// At this price. `margin` is how far the price may fall before a slice is sent, as a fraction: a slice that is just
    /// legal now would not be then. `None` without a price.
    pub fn of(rules: &SymbolRules, order_type: OrderType, price: Price, margin: Ratio) -> Option<LegalSize> {
        let fallen = price.checked_sub(margin.of_price(price)?)?;
        let minimum = crate::domain::Money::ZERO;
        let smallest = SizeLimits { rules, order_type, minimum }.smallest(fallen)?;
        let step = rules.step(order_type).max(Quantity::from_raw(1));
        let limit = |most: Quantity| if most.is_positive() { most } else { Quantity::MAX };
        let most = match order_type {
            OrderType::Market => limit(rules.lot.max).min(limit(rules.market_lot.max)),
            OrderType::Limit | OrderType::LimitMaker | OrderType::StopLoss | OrderType::TakeProfit => {
                limit(rules.lot.max)
            }
        };
        let lots = |quantity: Quantity| (quantity.raw().max(0) / step.raw()) as u64;
        Some(LegalSize { step, least: lots(smallest).max(1), most: lots(most).max(lots(smallest)).max(1) })
    }

    /// The schedule with slices below the least joined to the next, the last to the one before, and slices above the most
    /// cut into several of the same time. `None` where the whole is below the least, or cannot be cut legally.
    pub fn merged(&self, slices: &[Slice]) -> Option<Vec<Slice>> {
        let mut legal: Vec<Slice> = Vec::new();
        let mut carried = 0;
        for slice in slices {
            carried += slice.lots;
            if carried >= self.least {
                legal.push(Slice { lots: carried, ..*slice });
                carried = 0;
            }
        }
        match legal.last_mut() {
            Some(last) => last.lots += carried,
            None if carried == 0 => return Some(Vec::new()),
            None => return None,
        }
        let cut: Option<Vec<Vec<Slice>>> = legal.iter().map(|slice| self.cut(slice)).collect();
        Some(cut?.concat())
    }

    /// Into as few slices of about the same size as the most allows.
    fn cut(&self, slice: &Slice) -> Option<Vec<Slice>> {
        let parts = slice.lots.div_ceil(self.most.max(1));
        let lots = super::schedule::twap(slice.lots, usize::try_from(parts).ok()?);
        let is_legal = lots.iter().all(|lots| (self.least..=self.most).contains(lots));
        is_legal.then(|| lots.into_iter().map(|lots| Slice { lots, ..*slice }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rules::OrderContext;
    use crate::domain::{OrderKind, Side, Span, Symbol};
    use proptest::prelude::*;

    fn slices(lots: &[u64]) -> Vec<Slice> {
        (0..).zip(lots).map(|(at, lots)| Slice { at: Span(at * Span::MINUTE.0), lots: *lots }).collect()
    }

    fn lots(slices: &[Slice]) -> Vec<u64> {
        slices.iter().map(|slice| slice.lots).collect()
    }

    #[test]
    fn small_slices_wait_for_the_next_and_the_last_joins_the_one_before() {
        let size = LegalSize { step: Quantity::ONE, least: 5, most: 12 };
        let merged = |given: &[u64]| size.merged(&slices(given)).map(|legal| lots(&legal));
        assert_eq!(merged(&[3, 3, 3, 3, 3]), Some(vec![6, 9]));
        assert_eq!(merged(&[5, 4]), Some(vec![9]));
        assert_eq!(merged(&[30, 1]), Some(vec![10, 10, 11]));
        assert_eq!((merged(&[2, 2]), merged(&[])), (None, Some(vec![])));
        let late = size.merged(&slices(&[3, 3])).expect("legal");
        assert_eq!(late[0].at, Span::MINUTE, "lots wait for the later slice, they are not sent early");
        let narrow = LegalSize { step: Quantity::ONE, least: 10, most: 12 };
        assert_eq!(narrow.merged(&slices(&[15])), None, "neither 15 nor 7 and 8 is legal");
    }

    proptest! {
        #[test]
        fn every_slice_passes_the_venue_even_after_the_price_fell_and_the_sum_stays(
            given in prop::collection::vec(0u64..2_000, 0..40), price in 1_000_000i64..10_000_000_000_000, margin in 0i64..10_000_000,
        ) {
            let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
            let step = Quantity::from_raw(10_000);
            (rules.lot.step, rules.lot.min, rules.lot.max) = (step, step, Quantity::from_raw(i64::MAX / 20_000 * 10_000));
            let (price, margin) = (Price::from_raw(price), Ratio::from_raw(margin));
            let Some(size) = LegalSize::of(&rules, OrderType::Market, price, margin) else { return Ok(()) };
            let whole: u64 = given.iter().sum();
            let Some(merged) = size.merged(&slices(&given)) else {
                prop_assert!(whole < size.least);
                return Ok(());
            };
            prop_assert_eq!(merged.iter().map(|slice| slice.lots).sum::<u64>(), whole);
            let fallen = price.checked_sub(margin.of_price(price).expect("in range")).expect("in range");
            for slice in merged {
                let quantity = Quantity::from_raw(slice.lots as i64 * step.raw());
                let context = OrderContext { reference: fallen, open_orders: 0, open_trigger_orders: 0 };
                prop_assert_eq!(rules.check(Side::Sell, OrderKind::Market { quantity }, context), Ok(()));
            }
        }
    }
}
