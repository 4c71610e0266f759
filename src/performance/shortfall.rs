//! `Shortfall` and `Slippage`: what carrying an order out cost against the prices that one could have had.
//!
//! Invariant: positive is a cost, on both sides; the parts of a shortfall sum to the loss against the paper portfolio that
//! traded everything at the decision.
//! Absent on purpose: exact sums of a run's costs (`costs`).
//! Source: Perold 1988, "The implementation shortfall"; delay counts on the executed part (Kissell).

use crate::domain::Side;

/// An average price against one benchmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slippage {
    pub average: f64,
    /// As a fraction of the benchmark.
    pub cost: f64,
}

/// The middle of the book at three moments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Benchmarks {
    pub decision: f64,
    /// When the order reached the venue.
    pub arrival: f64,
    /// When what was left was given up.
    pub last: f64,
}

/// In quote currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shortfall {
    /// From the decision to the arrival, on what was executed.
    pub delay: f64,
    /// From the arrival to the fills.
    pub trading: f64,
    /// On what was not executed.
    pub opportunity: f64,
    pub fees: f64,
}

impl Slippage {
    /// Of fills, each a price and a quantity; `None` without any.
    pub fn of(side: Side, fills: &[(f64, f64)], benchmark: f64) -> Option<Slippage> {
        let average = average(fills)?;
        Some(Slippage { average, cost: sign(side) * (average / benchmark - 1.0) })
    }
}

impl Shortfall {
    /// Of an order for `wanted` with these fills (price, quantity), at a fee that is a fraction of the notional.
    pub fn of(side: Side, wanted: f64, fills: &[(f64, f64)], at: Benchmarks, fee: f64) -> Shortfall {
        let (notional, executed) = sums(fills);
        let sign = sign(side);
        Shortfall {
            delay: sign * executed * (at.arrival - at.decision),
            trading: sign * (notional - executed * at.arrival),
            opportunity: sign * (wanted - executed) * (at.last - at.decision),
            fees: notional * fee,
        }
    }

    pub fn total(&self) -> f64 {
        self.delay + self.trading + self.opportunity + self.fees
    }
}

/// The volume-weighted price of trades (price, quantity); `None` without any.
pub fn average(trades: &[(f64, f64)]) -> Option<f64> {
    let (notional, quantity) = sums(trades);
    (quantity > 0.0).then(|| notional / quantity)
}

fn sums(trades: &[(f64, f64)]) -> (f64, f64) {
    trades.iter().fold((0.0, 0.0), |(notional, sum), (price, quantity)| (notional + price * quantity, sum + quantity))
}

fn sign(side: Side) -> f64 {
    match side {
        Side::Buy => 1.0,
        Side::Sell => -1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_below_its_benchmark_costs_and_nothing_filled_has_no_average() {
        let sale = Slippage::of(Side::Sell, &[(99.0, 1.0), (97.0, 1.0)], 100.0).expect("fills");
        assert!((sale.average - 98.0).abs() < 1e-12 && (sale.cost - 0.02).abs() < 1e-12);
        assert_eq!(Slippage::of(Side::Buy, &[], 100.0), None);
        let at = Benchmarks { decision: 100.0, arrival: 99.0, last: 90.0 };
        let cost = Shortfall::of(Side::Sell, 2.0, &[(98.0, 1.0)], at, 0.01);
        assert_eq!((cost.delay, cost.trading, cost.opportunity, cost.fees), (1.0, 1.0, 10.0, 0.98));
        // On paper 200 would have been had; there are 98 less 0.98 and one piece worth 90.
        assert!((cost.total() - (200.0 - (98.0 - 0.98 + 90.0))).abs() < 1e-12);
    }
}
