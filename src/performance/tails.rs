//! The tails of a distribution of returns: quantiles, value at risk, expected shortfall, tail ratio.
//!
//! Invariant: value at risk and expected shortfall are returns, so losses are negative, and the shortfall is never the
//! better of the two by more than the interpolation between two neighbouring returns.
//! Absent on purpose: parametric (Gaussian, Cornish-Fisher) tails, and losses as positive numbers (`value_at_risk`).
//! Source: Hyndman and Fan 1996, definition 7; Rockafellar and Uryasev 2000.

/// The tail that is measured: the worst 5 %.
pub const TAIL: f64 = 0.05;

/// Returns in rising order, for any number of questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    pub fn of(values: &[f64]) -> Sorted {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Sorted(sorted)
    }

    /// Rising.
    pub fn into_values(self) -> Vec<f64> {
        self.0
    }

    /// Quantile at `p` in 0..=1, linear between neighbours; `None` without values.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let place = p.clamp(0.0, 1.0) * last as f64;
        let below = (place as usize).min(last);
        let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
        Some(low + (high - low) * (place - below as f64))
    }

    /// The return that the worst share `tail` of periods stays below.
    pub fn value_at_risk(&self, tail: f64) -> Option<f64> {
        self.quantile(tail)
    }

    /// Mean of the worst periods: the whole number below (n - 1) x tail, and one more.
    pub fn expected_shortfall(&self, tail: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        let worst = &self.0[..=((last as f64 * tail.clamp(0.0, 1.0)) as usize)];
        Some(worst.iter().sum::<f64>() / worst.len() as f64)
    }

    /// Size of the best tail over the size of the worst: |quantile(1 - tail)| / |quantile(tail)|.
    pub fn tail_ratio(&self, tail: f64) -> Option<f64> {
        let (low, high) = (self.quantile(tail)?, self.quantile(1.0 - tail)?);
        (low != 0.0).then(|| high.abs() / low.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_linear_between_neighbours() {
        let sorted = Sorted::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|p| sorted.quantile(p)), [Some(1.0), Some(1.75), Some(2.5), Some(4.0)]);
        assert_eq!(Sorted::of(&[7.0]).quantile(0.3), Some(7.0));
        let empty = Sorted::of(&[]);
        assert_eq!((empty.quantile(0.5), empty.expected_shortfall(0.05), empty.tail_ratio(0.05)), (None, None, None));
        assert_eq!(Sorted::of(&[0.0, 0.0, 1.0]).tail_ratio(0.05), None);
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_the_shortfall_lies_between_the_worst_and_the_next_return(
            values in prop::collection::vec(-1.0f64..1.0, 1..200), a in 0.0f64..1.0, b in 0.0f64..1.0,
        ) {
            let sorted = Sorted::of(&values);
            let at = |p| sorted.quantile(p).expect("there are values");
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            let shortfall = sorted.expected_shortfall(TAIL).expect("there are values");
            prop_assert!(shortfall >= at(0.0) - 1e-12 && shortfall <= at(TAIL) + 1e-12);
        }
    }
}
