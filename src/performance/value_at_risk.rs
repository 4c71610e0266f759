//! Value at risk and expected shortfall as losses: from history, from a normal distribution, and with its skew and tails.
//!
//! Invariant: a loss is positive, and the expected shortfall of a method is never below its value at risk (but for rounding).
//! Absent on purpose: scaling by the root of time, which ignores that wild minutes come together: measure at the horizon.
//! Source: Hyndman and Fan 1996, definition 7; Cornish and Fisher 1938; Favre and Galeano 2002.

use super::moments::Moments;
use super::normal;
use super::tails::Sorted;

/// What the worst periods lose, as fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailLoss {
    /// Lost at most, but for the worst share 1 - level of periods.
    pub value_at_risk: f64,
    /// Lost on average in those.
    pub expected_shortfall: f64,
}

/// A normal distribution bent by the skewness and kurtosis of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CornishFisher {
    /// The quantile in place of the normal one; negative as a rule.
    pub z: f64,
    pub value_at_risk: f64,
}

/// Of returns at a `level` such as 0.95: the interpolated quantile, and the mean of all returns at or below it.
pub fn historical(returns: &[f64], level: f64) -> Option<TailLoss> {
    let sorted = Sorted::of(returns);
    let quantile = sorted.quantile(1.0 - level)?;
    let values = sorted.into_values();
    let worst = &values[..values.partition_point(|value| *value <= quantile).max(1)];
    let mean = worst.iter().sum::<f64>() / worst.len() as f64;
    Some(TailLoss { value_at_risk: -quantile, expected_shortfall: -mean })
}

/// With the mean and the standard deviation (divisor n - 1) of the returns.
pub fn gaussian(returns: &[f64], level: f64) -> Option<TailLoss> {
    let moments = Moments::of(returns);
    let (mean, deviation) = (moments.mean(), moments.deviation()?);
    let z = normal::quantile(1.0 - level);
    Some(TailLoss {
        value_at_risk: -(mean + z * deviation),
        expected_shortfall: deviation * normal::density(z) / (1.0 - level) - mean,
    })
}

/// With population skewness and kurtosis too. Outside of moderate skewness and kurtosis the quantile is not monotonic in the
/// level (Maillard 2012): beside the historical one it is a warning, not a measure.
pub fn cornish_fisher(returns: &[f64], level: f64) -> Option<CornishFisher> {
    let moments = Moments::of(returns);
    let (deviation, skewness, kurtosis) = (moments.deviation()?, moments.skewness()?, moments.kurtosis()?);
    let z = bent(normal::quantile(1.0 - level), skewness, kurtosis - 3.0);
    Some(CornishFisher { z, value_at_risk: -(moments.mean() + z * deviation) })
}

/// z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36, with K in excess of 3.
fn bent(z: f64, skewness: f64, excess: f64) -> f64 {
    z + (z * z - 1.0) * skewness / 6.0 + (z.powi(3) - 3.0 * z) * excess / 24.0
        - (2.0 * z.powi(3) - 5.0 * z) * skewness * skewness / 36.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_normal_distribution_is_not_bent_and_no_returns_have_no_tail() {
        assert_eq!(bent(-1.6, 0.0, 0.0), -1.6);
        assert!(bent(-2.3, -0.5, 2.0) < -2.3, "a long left tail lies further out");
        assert_eq!(
            (historical(&[], 0.95), gaussian(&[0.1], 0.95), cornish_fisher(&[0.1; 9], 0.95)),
            (None, None, None)
        );
        let one = historical(&[-0.02], 0.99).expect("a return");
        assert_eq!((one.value_at_risk, one.expected_shortfall), (0.02, 0.02));
    }

    proptest! {
        #[test]
        fn the_shortfall_is_at_least_the_value_at_risk_and_both_grow_with_the_level(
            returns in prop::collection::vec(-0.1f64..0.1, 5..200), a in 0.5f64..0.99, b in 0.5f64..0.99,
        ) {
            let (low, high) = (a.min(b), a.max(b));
            for of in [historical, gaussian] {
                let (less, more) = (of(&returns, low).expect("varied"), of(&returns, high).expect("varied"));
                for tail in [less, more] {
                    prop_assert!(tail.expected_shortfall >= tail.value_at_risk - 1e-12);
                }
                prop_assert!(more.value_at_risk >= less.value_at_risk - 1e-12);
                prop_assert!(more.expected_shortfall >= less.expected_shortfall - 1e-12);
            }
        }
    }
}
