//! Flat, and buy-and-hold.
//!
//! Invariant: flat keeps its capital; buy-and-hold ends with the ratio of the closes less one entry and one exit.
//! Absent on purpose: rebalancing between symbols.

use super::{Baseline, Close, Terms, walk};
use crate::performance::figure::Hidden;

/// Never trades.
pub fn flat(closes: &[Close], terms: &Terms) -> Result<Baseline, Hidden> {
    walk(closes, terms, |_, _, _| {})
}

/// Buys each symbol at its first close and sells everything at the last close.
pub fn buy_and_hold(closes: &[Close], terms: &Terms) -> Result<Baseline, Hidden> {
    walk(closes, terms, |_, _, leg| {
        if leg.quantity == 0.0 {
            leg.spend(leg.cash, &terms.rates);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::market::{minutes, random_walk, terms};
    use super::*;
    use proptest::prelude::*;

    fn total(baseline: Result<Baseline, Hidden>) -> f64 {
        baseline.and_then(|baseline| baseline.equity.total_return).expect("a market and capital").value
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn holding_is_the_ratio_of_the_closes_less_two_costs_and_flat_is_zero(
            prices in prop::collection::vec(1.0f64..1e6, 2..300), rate in 0.0f64..0.01,
        ) {
            let closes = minutes(0, prices.iter().copied());
            let wanted = prices[prices.len() - 1] / prices[0] * (1.0 - rate) / (1.0 + rate) - 1.0;
            let got = total(buy_and_hold(&closes, &terms(rate)));
            prop_assert!((got - wanted).abs() <= 1e-12 * (1.0 + wanted.abs()), "{} {}", got, wanted);
            let flat = flat(&closes, &terms(rate)).expect("a market");
            prop_assert_eq!((total(Ok(flat.clone())), flat.turnover, flat.equity.max_drawdown), (0.0, 0.0, 0.0));
        }
    }

    #[test]
    fn two_symbols_share_the_capital_and_one_that_begins_later_waits_in_cash() {
        let mut closes = minutes(0, [10.0, 10.0, 20.0, 20.0]);
        closes.extend(minutes(1, [50.0, 50.0, 50.0, 100.0]).into_iter().skip(2));
        closes.sort_by_key(|close| (close.time, close.symbol));
        let held = buy_and_hold(&closes, &terms(0.0)).expect("a market");
        assert_eq!(held.equity.end, 2_000.0);
        let curve: Vec<f64> = held.equity.curve.points().map(|point| point.last).collect();
        assert_eq!(curve, [1_000.0, 1_000.0, 1_500.0, 2_000.0]);
        assert_eq!(held.turnover, 3_000.0 / 1_375.0, "two entries of half and two exits of the whole, by mean equity");
    }

    #[test]
    fn without_prices_or_capital_the_reason_is_given() {
        assert_eq!(flat(&[], &terms(0.0)), Err(Hidden::NoMarket));
        let poor = Terms { capital: 0.0, ..terms(0.0) };
        assert_eq!(buy_and_hold(&random_walk(1, 5, 0.01), &poor), Err(Hidden::NoCapital));
    }
}
