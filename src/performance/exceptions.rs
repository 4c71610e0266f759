//! Tests of a value at risk by its exceptions: how often it was exceeded, and whether exceptions come together.
//!
//! Invariant: a statistic is never negative, and its p-value lies in 0..=1.
//! Absent on purpose: the size of the exceptions.
//! Source: Kupiec 1995 (Journal of Derivatives 3:2); Christoffersen 1998 (International Economic Review 39:4).

use super::normal;

/// A likelihood ratio and the probability of a larger one where the value at risk is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodRatio {
    pub statistic: f64,
    pub p_value: f64,
}

/// Whether an exception makes the next one likelier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Independence {
    pub ratio: LikelihoodRatio,
    /// Share of exceptions after a period without one; `None` where there was no such period.
    pub after_none: Option<f64>,
    /// Share of exceptions after an exception.
    pub after_one: Option<f64>,
}

/// Kupiec's proportion of failures: `exceptions` in so many `periods` against the probability `p` of one. `None` without
/// periods, with more exceptions than periods, or for a `p` that is none.
pub fn proportion_of_failures(periods: u64, exceptions: u64, p: f64) -> Option<LikelihoodRatio> {
    if periods == 0 || exceptions > periods || !(0.0 < p && p < 1.0) {
        return None;
    }
    let quiet = periods - exceptions;
    let found = exceptions as f64 / periods as f64;
    Some(one_degree(2.0 * (log_likelihood(found, quiet, exceptions) - log_likelihood(p, quiet, exceptions))))
}

/// Christoffersen's test against a Markov chain of the first order. `None` under two periods.
pub fn independence(hits: &[bool]) -> Option<Independence> {
    let counts = transitions(hits)?;
    let [[quiet, onset], [release, repeat]] = counts;
    let share = |none: u64, one: u64| (none + one > 0).then(|| one as f64 / (none + one) as f64);
    let (after_none, after_one) = (share(quiet, onset), share(release, repeat));
    let all = share(quiet + release, onset + repeat)?;
    let part = |p: Option<f64>, none, one| p.map_or(0.0, |p| log_likelihood(p, none, one));
    let chain = part(after_none, quiet, onset) + part(after_one, release, repeat);
    let ratio = one_degree(2.0 * (chain - log_likelihood(all, quiet + release, onset + repeat)));
    Some(Independence { ratio, after_none, after_one })
}

/// Both at once, with two degrees of freedom: exceptions are as frequent as they should be and do not come together.
pub fn conditional_coverage(hits: &[bool], p: f64) -> Option<LikelihoodRatio> {
    let exceptions = hits.iter().filter(|hit| **hit).count() as u64;
    let frequency = proportion_of_failures(hits.len() as u64, exceptions, p)?;
    let statistic = frequency.statistic + independence(hits)?.ratio.statistic;
    Some(LikelihoodRatio { statistic, p_value: (-statistic / 2.0).exp() })
}

/// Counts by [hit before][hit now].
fn transitions(hits: &[bool]) -> Option<[[u64; 2]; 2]> {
    let mut counts = [[0; 2]; 2];
    for pair in hits.windows(2) {
        counts[usize::from(pair[0])][usize::from(pair[1])] += 1;
    }
    (hits.len() > 1).then_some(counts)
}

/// ln of (1 - p)^none p^one, with 0 ln 0 = 0.
fn log_likelihood(p: f64, none: u64, one: u64) -> f64 {
    let term = |count: u64, log: f64| if count == 0 { 0.0 } else { count as f64 * log };
    term(none, (-p).ln_1p()) + term(one, p.ln())
}

/// Chi-squared with one degree of freedom: a normal, squared. Rounding may leave a ratio slightly negative.
fn one_degree(statistic: f64) -> LikelihoodRatio {
    let statistic = statistic.max(0.0);
    LikelihoodRatio { statistic, p_value: 2.0 * normal::probability(-statistic.sqrt()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_exactly_is_no_surprise_and_clusters_are_seen() {
        let fits = proportion_of_failures(200, 10, 0.05).expect("periods");
        assert!(fits.statistic < 1e-9 && fits.p_value > 0.9999);
        // No exception at all: -2 T ln(1 - p).
        let none = proportion_of_failures(100, 0, 0.05).expect("periods");
        assert!((none.statistic + 200.0 * 0.95_f64.ln()).abs() < 1e-9);
        let hits: Vec<bool> = (0..100).map(|at| (40..50).contains(&at)).collect();
        let clustered = independence(&hits).expect("periods");
        assert!(clustered.ratio.p_value < 1e-6 && clustered.after_one == Some(0.9));
        assert!(conditional_coverage(&hits, 0.1).expect("periods").p_value < 1e-5);
        assert_eq!((proportion_of_failures(0, 0, 0.1), independence(&[true])), (None, None));
        assert_eq!((proportion_of_failures(3, 4, 0.1), proportion_of_failures(3, 1, f64::NAN)), (None, None));
        assert_eq!(independence(&[false; 9]).map(|found| (found.ratio.statistic, found.after_one)), Some((0.0, None)));
    }

    proptest! {
        #[test]
        fn statistics_are_finite_and_probabilities_are_probabilities(
            hits in prop::collection::vec(any::<bool>(), 2..60), p in 0.001f64..0.999,
        ) {
            let found = conditional_coverage(&hits, p).expect("periods");
            let parts = [found, independence(&hits).expect("periods").ratio];
            for ratio in parts {
                prop_assert!(ratio.statistic.is_finite() && ratio.statistic >= 0.0);
                prop_assert!((0.0..=1.0).contains(&ratio.p_value));
            }
        }
    }
}
