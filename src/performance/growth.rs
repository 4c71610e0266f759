//! Growth: total and yearly return, yearly volatility.
//!
//! Invariant: returns are simple ones per period and compound by multiplication.
//! Absent on purpose: logarithmic returns.

use super::Moments;

/// Product of (1 + return) less one; 0 without returns.
pub fn total_return(returns: &[f64]) -> f64 {
    returns.iter().fold(1.0, |wealth, change| wealth * (1.0 + change)) - 1.0
}

/// Compound growth a year: (1 + total)^(periods / n) - 1. `None` without returns or when all was lost.
pub fn annual_return(returns: &[f64], periods_a_year: f64) -> Option<f64> {
    let wealth = 1.0 + total_return(returns);
    (!returns.is_empty() && wealth > 0.0).then(|| wealth.powf(periods_a_year / returns.len() as f64) - 1.0)
}

/// Standard deviation (n - 1) times the root of the periods of a year.
pub fn annual_volatility(returns: &[f64], periods_a_year: f64) -> Option<f64> {
    Moments::of(returns).deviation().map(|deviation| deviation * periods_a_year.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_equal_returns_grows_by_their_product() {
        let returns = [0.001; 365];
        let product = 1.001_f64.powi(365) - 1.0;
        assert!((total_return(&returns) - product).abs() < 1e-12);
        assert!((annual_return(&returns, 365.0).expect("capital is left") - product).abs() < 1e-12);
        assert_eq!(annual_volatility(&returns, 365.0), None);
    }

    #[test]
    fn without_returns_or_capital_there_is_no_yearly_growth() {
        assert_eq!(total_return(&[]), 0.0);
        assert_eq!(annual_return(&[], 365.0), None);
        assert_eq!(annual_return(&[0.5, -1.0, 0.2], 365.0), None);
    }
}
