//! Ratios of reward to risk: Sharpe, Sortino, Calmar, omega; and Sharpe over a rolling window.
//!
//! Invariant: simple returns per period, risk-free rate zero, annualised by the root of the periods a year; `None` where
//! the divisor is zero.
//! Absent on purpose: the least sample for which a ratio is shown (`summary`).
//! Source: Sharpe 1994; Sortino and van der Meer 1991 (divisor n); Young 1991; Keating and Shadwick 2002.

use super::daily::DAYS_A_YEAR;
use super::{DailyReturn, Moments};

/// Mean over standard deviation (n - 1).
pub fn sharpe(returns: &[f64], periods_a_year: f64) -> Option<f64> {
    sharpe_a_period(returns).map(|ratio| ratio * periods_a_year.sqrt())
}

/// The same without annualising.
pub fn sharpe_a_period(returns: &[f64]) -> Option<f64> {
    let moments = Moments::of(returns);
    moments.deviation().map(|deviation| moments.mean() / deviation)
}

/// Mean over the downside risk below zero, both yearly.
pub fn sortino(returns: &[f64], periods_a_year: f64) -> Option<f64> {
    let risk = downside_risk(returns, periods_a_year);
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    (risk > 0.0).then(|| mean * periods_a_year / risk)
}

/// Root of the mean square of negative returns over all periods, yearly; 0 without returns.
pub fn downside_risk(returns: &[f64], periods_a_year: f64) -> f64 {
    let squares: f64 = returns.iter().map(|change| change.min(0.0).powi(2)).sum();
    (squares / returns.len().max(1) as f64 * periods_a_year).sqrt()
}

/// Yearly growth over the size of the maximum drawdown (zero or negative).
pub fn calmar(annual_return: f64, max_drawdown: f64) -> Option<f64> {
    (max_drawdown < 0.0).then(|| annual_return / -max_drawdown)
}

/// Gains over losses around a return of zero; for trades the same is the profit factor.
pub fn omega(returns: &[f64]) -> Option<f64> {
    let gains: f64 = returns.iter().filter(|change| **change > 0.0).sum();
    let losses: f64 = returns.iter().filter(|change| **change < 0.0).sum();
    (losses < 0.0).then(|| gains / -losses)
}

/// (day, Sharpe ratio of the `window` days that end with it), from the first whole window on; `None` where nothing varied.
pub fn rolling_sharpe(days: &[DailyReturn], window: usize) -> Vec<(i64, Option<f64>)> {
    let ratio = |days: &[DailyReturn]| {
        let returns: Vec<f64> = days.iter().map(|day| day.change).collect();
        days.last().map(|last| (last.day, sharpe(&returns, DAYS_A_YEAR)))
    };
    days.windows(window.max(2)).filter_map(ratio).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_ratio_has_the_sign_of_the_mean(returns in prop::collection::vec(-0.1f64..0.1, 2..300)) {
            let mean = returns.iter().sum::<f64>();
            prop_assume!(mean.abs() > 1e-9);
            for ratio in [sharpe(&returns, 365.0), sortino(&returns, 365.0)].into_iter().flatten() {
                prop_assert_eq!(ratio > 0.0, mean > 0.0);
            }
            if let Some(omega) = omega(&returns) {
                prop_assert!(omega >= 0.0);
                prop_assert_eq!(omega > 1.0, mean > 0.0);
            }
        }

        #[test]
        fn leverage_changes_no_ratio(returns in prop::collection::vec(-0.1f64..0.1, 2..100), leverage in 0.1f64..5.0) {
            let scaled: Vec<f64> = returns.iter().map(|change| change * leverage).collect();
            for (plain, scaled) in [
                (sharpe(&returns, 365.0), sharpe(&scaled, 365.0)),
                (sortino(&returns, 365.0), sortino(&scaled, 365.0)),
                (omega(&returns), omega(&scaled)),
            ] {
                prop_assert_eq!(plain.is_some(), scaled.is_some());
                if let (Some(plain), Some(scaled)) = (plain, scaled) {
                    prop_assert!((plain - scaled).abs() < 1e-8 * (1.0 + plain.abs()));
                }
            }
        }
    }

    #[test]
    fn without_a_divisor_there_is_no_ratio() {
        assert_eq!((sharpe(&[0.01; 9], 365.0), sharpe(&[], 365.0)), (None, None));
        assert_eq!((sortino(&[0.01, 0.02], 365.0), sortino(&[], 365.0), omega(&[0.01])), (None, None, None));
        assert_eq!((calmar(0.2, 0.0), calmar(0.2, -0.1)), (None, Some(2.0)));
    }

    #[test]
    fn the_rolling_ratio_is_that_of_each_window() {
        let days: Vec<DailyReturn> = (0..5)
            .map(|day| DailyReturn { day, close: 1.0, change: if day % 2 == 0 { 0.03 } else { -0.01 } })
            .collect();
        let rolling = rolling_sharpe(&days, 4);
        assert_eq!(rolling.iter().map(|(day, _)| *day).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(rolling[0].1, sharpe(&[0.03, -0.01, 0.03, -0.01], 365.0));
        assert_eq!(rolling_sharpe(&days, 6), []);
    }
}
