//! `Moments`: mean, variance, skewness and kurtosis of a stream of numbers.
//!
//! Invariant: one pass, no cancellation of large sums; the order of the numbers matters only to rounding.
//! Absent on purpose: excess kurtosis; the probabilistic Sharpe ratio wants the plain one (3 for a normal).
//! Source: Pebay 2008, SAND2008-6212, equations 2.1 to 2.4 for one new value.

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Sums of powers of the differences from the mean.
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    pub fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add(*value));
        moments
    }

    pub fn add(&mut self, value: f64) {
        let before = self.count as f64;
        self.count += 1;
        let n = self.count as f64;
        let delta = value - self.mean;
        let share = delta / n;
        let square = share * share;
        let term = delta * share * before;
        self.mean += share;
        self.fourth += term * square * (n * n - 3.0 * n + 3.0) + 6.0 * square * self.second - 4.0 * share * self.third;
        self.third += term * share * (n - 2.0) - 3.0 * share * self.second;
        self.second += term;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// 0 without values.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation with divisor n - 1; `None` under two values or where rounding alone makes them differ.
    pub fn deviation(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let deviation = (self.second / (self.count - 1) as f64).sqrt();
        // Equal values leave a dust of rounding, which is no risk to divide by.
        let dust = self.mean.abs() * f64::EPSILON * 4.0;
        (deviation > dust).then_some(deviation)
    }

    /// Population skewness.
    pub fn skewness(&self) -> Option<f64> {
        self.deviation()?;
        let n = self.count as f64;
        Some(n.sqrt() * self.third / self.second.powf(1.5))
    }

    /// Population kurtosis, not excess: 3 for a normal distribution.
    pub fn kurtosis(&self) -> Option<f64> {
        self.deviation()?;
        Some(self.count as f64 * self.fourth / (self.second * self.second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_pass_equals_the_sums_of_powers(values in prop::collection::vec(-0.2f64..0.3, 2..200)) {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let power = |p: i32| values.iter().map(|x| (x - mean).powi(p)).sum::<f64>() / n;
            let moments = Moments::of(&values);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
            prop_assert!(close(moments.mean(), mean));
            let deviation = moments.deviation().expect("random values differ");
            prop_assert!(close(deviation, (power(2) * n / (n - 1.0)).sqrt()));
            prop_assert!(close(moments.skewness().expect("varied"), power(3) / power(2).powf(1.5)));
            prop_assert!(close(moments.kurtosis().expect("varied"), power(4) / power(2).powi(2)));
        }
    }

    #[test]
    fn equal_values_have_no_deviation_and_no_shape() {
        let moments = Moments::of(&[0.1; 1_000]);
        assert_eq!((moments.deviation(), moments.skewness(), moments.kurtosis()), (None, None, None));
        assert_eq!(Moments::of(&[1.0]).deviation(), None);
        assert_eq!(Moments::default().mean(), 0.0);
    }
}
