//! What a track record proves: the probability that the true Sharpe ratio exceeds a benchmark, and how long a record must be.
//!
//! Invariant: ratios are per period, kurtosis is not excess (3 for a normal), probabilities lie in 0..=1.
//! Absent on purpose: the correction for the number of trials (deflated Sharpe ratio), which needs a ledger of trials.
//! Source: Bailey and Lopez de Prado 2012, The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2), equations 10 and 11.

use super::{Moments, normal};

/// A per-period Sharpe ratio with what its error depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackRecord {
    pub sharpe: f64,
    /// Number of returns.
    pub length: f64,
    pub skewness: f64,
    pub kurtosis: f64,
}

impl TrackRecord {
    /// `None` where the returns do not vary.
    pub fn of(returns: &[f64]) -> Option<TrackRecord> {
        let moments = Moments::of(returns);
        Some(TrackRecord {
            sharpe: moments.mean() / moments.deviation()?,
            length: moments.count() as f64,
            skewness: moments.skewness()?,
            kurtosis: moments.kurtosis()?,
        })
    }

    /// PSR: probability that the true ratio exceeds `benchmark`. `None` under two returns or where the moments contradict.
    pub fn probability_above(&self, benchmark: f64) -> Option<f64> {
        let spread = self.spread()?;
        (self.length > 1.0)
            .then(|| normal::probability((self.sharpe - benchmark) * (self.length - 1.0).sqrt() / spread.sqrt()))
    }

    /// MinTRL: returns needed until `probability_above(benchmark)` reaches `confidence`. `None` when the ratio does not
    /// exceed the benchmark: then no length is enough.
    pub fn minimum_length(&self, benchmark: f64, confidence: f64) -> Option<f64> {
        let spread = self.spread()?;
        let edge = self.sharpe - benchmark;
        (edge > 0.0).then(|| 1.0 + spread * (normal::quantile(confidence) / edge).powi(2))
    }

    /// Variance of the estimated ratio times (n - 1); real moments never make it negative.
    fn spread(&self) -> Option<f64> {
        let ratio = self.sharpe;
        let spread = 1.0 - self.skewness * ratio + (self.kurtosis - 1.0) / 4.0 * ratio * ratio;
        (spread > 0.0).then_some(spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_of_the_minimum_length_has_the_wanted_probability(
            sharpe in 0.01f64..0.5, skewness in -2.0f64..1.0, extra in 0.1f64..20.0, confidence in 0.6f64..0.99,
        ) {
            let kurtosis = 1.0 + skewness * skewness + extra;
            let record = TrackRecord { sharpe, length: 2.0, skewness, kurtosis };
            let length = record.minimum_length(0.0, confidence).expect("a positive ratio");
            let reached = TrackRecord { length, ..record }.probability_above(0.0).expect("a length");
            prop_assert!((reached - confidence).abs() < 1e-10, "{} {}", reached, confidence);
        }

        #[test]
        fn the_probability_is_one_half_at_the_ratio_itself(returns in prop::collection::vec(-0.1f64..0.1, 3..100)) {
            let record = TrackRecord::of(&returns).expect("random returns vary");
            let half = record.probability_above(record.sharpe).expect("real moments");
            prop_assert!((half - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn no_length_proves_an_edge_that_is_not_there() {
        let record = TrackRecord { sharpe: -0.1, length: 50.0, skewness: 0.0, kurtosis: 3.0 };
        assert_eq!(record.minimum_length(0.0, 0.95), None);
        assert!(record.probability_above(0.0).expect("a length") < 0.5);
        assert_eq!(TrackRecord::of(&[0.01; 40]), None);
    }
}
