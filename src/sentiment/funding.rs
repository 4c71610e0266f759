//! `FundingScore`: how crowded one side of the perpetual futures is, by what it pays.
//!
//! Invariant: scores are finite; the spread they are measured in is never below the floor.
//! Absent on purpose: any claim that crowds are wrong: `contrarian` is only the sign a contrarian would give it.
//! Source: Binance USD-M futures, GET /fapi/v1/fundingRate: a rate each eight hours, positive when longs pay.

/// Consistent with the standard deviation of a normal distribution: 1 / quantile(3/4).
const NORMAL: f64 = 1.4826;
const PAYMENTS_A_YEAR: f64 = 3.0 * 365.0;
/// Scores beyond three deviations hardly count for more.
const SATURATION: f64 = 3.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FundingScore {
    /// In standard deviations (divisor n - 1) from the mean.
    pub z: f64,
    /// In 1.4826 median absolute deviations from the median: one wild rate in the history hardly moves it.
    pub robust_z: f64,
    /// -tanh(z / 3), in -1..=1: negative while longs are crowded.
    pub contrarian: f64,
    /// -tanh(robust z / 3).
    pub robust_contrarian: f64,
    /// The current rate times its payments a year of 365 days.
    pub annualised: f64,
}

impl FundingScore {
    /// Of the `current` rate against the rates before it; `floor` is the least spread a score may be measured in, positive.
    /// `None` under two rates.
    pub fn of(history: &[f64], current: f64, floor: f64) -> Option<FundingScore> {
        if history.len() < 2 {
            return None;
        }
        let n = history.len() as f64;
        let mean = history.iter().sum::<f64>() / n;
        let variance = history.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let middle = median(history.to_vec());
        let spread = NORMAL * median(history.iter().map(|rate| (rate - middle).abs()).collect());
        let z = (current - mean) / variance.sqrt().max(floor);
        let robust_z = (current - middle) / spread.max(floor);
        let score = FundingScore {
            z,
            robust_z,
            contrarian: -(z / SATURATION).tanh(),
            robust_contrarian: -(robust_z / SATURATION).tanh(),
            annualised: current * PAYMENTS_A_YEAR,
        };
        (z.is_finite() && robust_z.is_finite()).then_some(score)
    }
}

/// The mean of the two middle ones where their number is even; `values` are at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (below, above) = ((values.len() - 1) / 2, values.len() / 2);
    (values[below] + values[above]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_rates_are_measured_in_the_floor_and_one_rate_in_nothing() {
        let score = FundingScore::of(&[0.0001; 8], 0.0002, 0.0001).expect("rates");
        assert!((score.z - 1.0).abs() < 1e-9 && (score.robust_z - 1.0).abs() < 1e-9);
        assert!(score.contrarian < 0.0);
        assert_eq!(FundingScore::of(&[0.0001], 0.0002, 0.0001), None);
        assert_eq!(FundingScore::of(&[0.0001; 3], f64::NAN, 0.0001), None);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    }

    proptest! {
        #[test]
        fn one_wild_rate_moves_the_robust_score_less_than_the_plain_one(
            rates in prop::collection::vec(-0.0005f64..0.0005, 9..40), current in -0.001f64..0.001,
        ) {
            let before = FundingScore::of(&rates, current, 1e-5).expect("rates");
            let wild = [rates.clone(), vec![0.5]].concat();
            let after = FundingScore::of(&wild, current, 1e-5).expect("rates");
            prop_assert!(after.z.abs() < 0.5, "the plain one is blinded: {}", after.z);
            let order = |a: &f64, b: &f64| a.total_cmp(b);
            let ends = rates.iter().copied().min_by(order).zip(rates.iter().copied().max_by(order)).expect("rates");
            prop_assert!((ends.0..=ends.1).contains(&median(wild)), "the middle stays among the tame");
            for score in [before, after] {
                prop_assert!(score.contrarian.abs() <= 1.0 && score.contrarian * score.z <= 0.0);
                prop_assert!(score.robust_contrarian.abs() <= 1.0);
            }
        }
    }
}
