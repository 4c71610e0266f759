//! Alpha and beta against a benchmark.
//!
//! Invariant: both records cover the same periods in the same order.
//! Absent on purpose: several benchmarks at once.
//! Source: Jensen 1968, with alpha compounded over the year: (1 + a)^periods - 1.

/// Yearly return that the benchmark does not explain, and the share of its moves that is taken part in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaBeta {
    pub alpha: f64,
    pub beta: f64,
}

impl AlphaBeta {
    /// Least squares. `None` where the benchmark does not vary, under two periods, or for records of different length.
    pub fn of(returns: &[f64], benchmark: &[f64], periods_a_year: f64) -> Option<AlphaBeta> {
        if returns.len() != benchmark.len() || returns.len() < 2 {
            return None;
        }
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let market = benchmark.iter().sum::<f64>() / n;
        let together: f64 = returns.iter().zip(benchmark).map(|(r, b)| (r - mean) * (b - market)).sum();
        let alone: f64 = benchmark.iter().map(|b| (b - market).powi(2)).sum();
        // Equal returns leave a dust of rounding.
        if alone <= n * (market * f64::EPSILON * 4.0).powi(2) {
            return None;
        }
        let beta = together / alone;
        let alpha = (1.0 + mean - beta * market).powf(periods_a_year) - 1.0;
        alpha.is_finite().then_some(AlphaBeta { alpha, beta })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_leveraged_benchmark_has_its_leverage_as_beta_and_no_alpha(
            benchmark in prop::collection::vec(-0.05f64..0.05, 3..100), beta in -2.0f64..2.0,
        ) {
            let returns: Vec<f64> = benchmark.iter().map(|change| change * beta).collect();
            let measured = AlphaBeta::of(&returns, &benchmark, 365.0).expect("random returns vary");
            prop_assert!((measured.beta - beta).abs() < 1e-9);
            prop_assert!(measured.alpha.abs() < 1e-9);
        }
    }

    #[test]
    fn a_constant_benchmark_explains_nothing() {
        assert_eq!(AlphaBeta::of(&[0.1, 0.2, 0.3], &[0.1, 0.1, 0.1], 365.0), None);
        assert_eq!(AlphaBeta::of(&[0.1], &[0.1], 365.0), None);
        assert_eq!(AlphaBeta::of(&[0.1, 0.2], &[0.1, 0.2, 0.3], 365.0), None);
    }
}
