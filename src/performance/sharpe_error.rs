//! How far a Sharpe ratio may be from the truth: standard error, autocorrelation, Lo's scaling.
//!
//! Invariant: per-period ratios go in; the caller annualises by the same factor as the ratio.
//! Absent on purpose: intervals by resampling (`bootstrap`).
//! Source: Lo 2002, The Statistics of Sharpe Ratios, Financial Analysts Journal 58(4), equations 9 and 20.

/// Standard error of a per-period ratio of `n` independent returns; `None` without returns.
pub fn standard_error(ratio: f64, n: u64) -> Option<f64> {
    (n > 0).then(|| ((1.0 + 0.5 * ratio * ratio) / n as f64).sqrt())
}

/// Population autocorrelations at lags 1 to `lags`; `None` where nothing varies or the record is not longer than the lags.
pub fn autocorrelations(returns: &[f64], lags: usize) -> Option<Vec<f64>> {
    if returns.len() <= lags {
        return None;
    }
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let away: Vec<f64> = returns.iter().map(|change| change - mean).collect();
    let whole: f64 = away.iter().map(|x| x * x).sum();
    let at = |lag: usize| away[lag..].iter().zip(&away).map(|(x, y)| x * y).sum::<f64>() / whole;
    (whole > 0.0).then(|| (1..=lags).map(at).collect())
}

/// The factor from a per-period ratio to that of `q` periods when returns are autocorrelated; sqrt(q) when they are not.
/// Needs the first q - 1 autocorrelations; `None` with fewer, or where they make the variance negative.
pub fn lo_scaling(q: usize, autocorrelations: &[f64]) -> Option<f64> {
    let lags = autocorrelations.get(..q.checked_sub(1)?)?;
    let weighted: f64 = (1..).zip(lags).map(|(lag, rho)| (q - lag) as f64 * rho).sum();
    let variance = q as f64 + 2.0 * weighted;
    (variance > 0.0).then(|| q as f64 / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_autocorrelation_the_scaling_is_the_root() {
        assert_eq!(lo_scaling(9, &[0.0; 8]), Some(3.0));
        assert!(lo_scaling(9, &[0.1; 8]).expect("positive variance") < 3.0, "trends make yearly ratios smaller");
        assert_eq!((lo_scaling(0, &[]), lo_scaling(3, &[0.1]), lo_scaling(2, &[-1.0])), (None, None, None));
    }

    #[test]
    fn alternating_returns_correlate_negatively_at_odd_lags() {
        let returns: Vec<f64> = (0..100).map(|at| if at % 2 == 0 { 0.01 } else { -0.01 }).collect();
        let rho = autocorrelations(&returns, 2).expect("they vary");
        assert!((rho[0] + 0.99).abs() < 1e-12 && (rho[1] - 0.98).abs() < 1e-12, "{rho:?}");
        assert_eq!((autocorrelations(&[0.5; 9], 2), autocorrelations(&[1.0, 2.0], 2)), (None, None));
    }

    #[test]
    fn the_error_shrinks_with_the_root_of_the_sample() {
        let error = |n| standard_error(0.1, n).expect("a sample");
        assert!((error(100) / error(400) - 2.0).abs() < 1e-12);
        assert_eq!(standard_error(0.1, 0), None);
    }
}
