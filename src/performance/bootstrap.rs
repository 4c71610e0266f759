//! Intervals by resampling: the stationary bootstrap and the block length that suits a record.
//!
//! Invariant: the same seed gives the same intervals; all statistics of one call see the same resamples.
//! Absent on purpose: tests of hypotheses between two records.
//! Source: Politis and Romano 1994 (JASA 89); block length by Politis and White 2004 with the correction of Patton, Politis
//! and White 2009 (Econometric Reviews 28).

use super::dice::Dice;
use super::figure::{Interval, LEVEL};
use super::tails::Sorted;
use crate::domain::Seed;

/// Resamples behind an interval.
pub const RESAMPLES: usize = 1_000;

/// An interval at [`LEVEL`] for each of the statistics that `measure` makes of a resample. `block` is the mean length of the
/// blocks drawn; 1 for independent values. An interval is `None` where more than a twentieth of the resamples has no
/// value.
pub fn intervals<const N: usize>(
    values: &[f64],
    block: f64,
    seed: Seed,
    measure: impl Fn(&[f64]) -> [Option<f64>; N],
) -> [Option<Interval>; N] {
    if values.is_empty() {
        return [None; N];
    }
    let mut dice = Dice::new(seed, "bootstrap");
    let mut resample = vec![0.0; values.len()];
    let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        draw(values, block, &mut dice, &mut resample);
        for (list, value) in found.iter_mut().zip(measure(&resample)) {
            list.extend(value.filter(|value| value.is_finite()));
        }
    }
    found.map(|list| interval(&list))
}

/// Mean block length that gives the least error of a variance by the stationary bootstrap; at least 1.
pub fn block_length(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (Some(covariances), true) = (significant_covariances(values), values.len() > 1) else { return 1.0 };
    // Flat-top window: full weight up to half of the lags, then falling to zero.
    let last = covariances.len() - 1;
    let weight = |lag: usize| (2.0 * (1.0 - lag as f64 / last as f64)).min(1.0);
    let (mut slope, mut spectrum) = (0.0, covariances[0]);
    for (lag, covariance) in covariances.iter().enumerate().skip(1) {
        slope += 2.0 * weight(lag) * lag as f64 * covariance;
        spectrum += 2.0 * weight(lag) * covariance;
    }
    let length = (slope * slope / (spectrum * spectrum) * n).cbrt();
    let most = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    if length.is_finite() { length.min(most).max(1.0) } else { 1.0 }
}

/// Autocovariances from lag 0 to twice the last lag after which a run of correlations is insignificant. `None` where
/// nothing varies.
fn significant_covariances(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n.max(1) as f64;
    let away: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let run = 5.max((n.max(1) as f64).log10() as usize);
    let most = ((n as f64).sqrt().ceil() as usize + run).min(n.saturating_sub(1));
    let product = |lag: usize| away[lag..].iter().zip(&away).map(|(x, y)| x * y).sum::<f64>();
    let bound = 2.0 * ((n as f64).log10() / n as f64).sqrt();
    let is_small = |lag: usize| {
        let squares = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
        // One value less on both sides, as in the authors' own program.
        let scale = (squares(&away[lag + 1..]) * squares(&away[..n - lag - 1])).sqrt();
        product(lag).abs() < bound * scale
    };
    if n < 2 || product(0) <= 0.0 {
        return None;
    }
    let small: Vec<bool> = (0..most).map(is_small).collect();
    let quiet = small.windows(run).position(|window| window.iter().all(|small| *small));
    let lags = quiet.map_or(most, |lag| 2 * lag.max(1)).min(most).max(1);
    Some((0..=lags).map(|lag| product(lag) / n as f64).collect())
}

/// Blocks of geometric length from random places, going round at the end.
fn draw(values: &[f64], block: f64, dice: &mut Dice, into: &mut [f64]) {
    let (n, chance) = (values.len(), 1.0 / block.max(1.0));
    let mut place = dice.below(n);
    for slot in into {
        *slot = values[place];
        place = if chance >= 1.0 || dice.uniform() < chance { dice.below(n) } else { (place + 1) % n };
    }
}

fn interval(values: &[f64]) -> Option<Interval> {
    if values.len() < RESAMPLES - RESAMPLES / 20 {
        return None;
    }
    let sorted = Sorted::of(values);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval { low: sorted.quantile(tail)?, high: sorted.quantile(1.0 - tail)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{normal, ratios};

    fn mean(values: &[f64]) -> [Option<f64>; 1] {
        [Some(values.iter().sum::<f64>() / values.len() as f64)]
    }

    /// Standard normal numbers with autocorrelation `rho` at lag 1.
    fn series(seed: u64, n: usize, rho: f64) -> Vec<f64> {
        let mut dice = Dice::new(Seed(seed), "series");
        let mut last = 0.0;
        let mut next = || {
            let fresh = normal::quantile(dice.uniform().max(1e-12));
            last = rho * last + (1.0 - rho * rho).sqrt() * fresh;
            last
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn the_interval_of_a_sharpe_ratio_holds_the_truth_about_as_often_as_it_says() {
        let held = (0..100).filter(|seed| {
            let returns: Vec<f64> = series(*seed, 250, 0.0).iter().map(|x| 0.1 + x).collect();
            let [found] = intervals(&returns, 1.0, Seed(*seed), |sample| [ratios::sharpe_a_period(sample)]);
            found.is_some_and(|interval| interval.low <= 0.1 && 0.1 <= interval.high)
        });
        let held = held.count();
        assert!((88..=100).contains(&held), "{held} of 100");
    }

    #[test]
    fn blocks_widen_the_interval_of_a_record_that_trends() {
        let values = series(5, 600, 0.6);
        let width = |block: f64| {
            let [found] = intervals(&values, block, Seed(1), mean);
            found.map_or(0.0, |interval| interval.high - interval.low)
        };
        let block = block_length(&values);
        assert!((4.0..40.0).contains(&block), "{block}");
        assert!(width(block) > 1.5 * width(1.0), "{} {}", width(block), width(1.0));
        assert!(block_length(&series(6, 600, 0.0)) < 4.0);
    }

    #[test]
    fn what_cannot_be_resampled_has_no_interval() {
        assert_eq!(intervals(&[], 1.0, Seed(1), mean), [None]);
        assert_eq!(intervals(&[1.0, 2.0], 1.0, Seed(1), |_| [None]), [None]);
        let [constant] = intervals(&[2.0; 9], 3.0, Seed(1), mean);
        assert_eq!(constant, Some(Interval { low: 2.0, high: 2.0 }));
        assert_eq!([block_length(&[]), block_length(&[1.0]), block_length(&[1.0; 50])], [1.0; 3]);
        assert!(block_length(&[1.0, -1.0, 1.0]) >= 1.0);
    }

    #[test]
    fn equal_seeds_give_equal_intervals() {
        let values = series(9, 80, 0.2);
        assert_eq!(intervals(&values, 3.0, Seed(4), mean), intervals(&values, 3.0, Seed(4), mean));
        assert_ne!(intervals(&values, 3.0, Seed(4), mean), intervals(&values, 3.0, Seed(5), mean));
    }
}
