//! The standard normal distribution: probability below a value, and the value below which a probability lies.
//!
//! Invariant: `probability(quantile(p)) == p` within 1e-14 for p between 1e-12 and 1 - 1e-12.
//! Absent on purpose: other distributions.
//! Source: Marsaglia 2004 (J. Stat. Softw. 11:4) for the series; Abramowitz and Stegun 26.2.14 for the continued fraction
//! and 26.2.23 for the first guess of the quantile.

/// From here on the continued fraction converges faster than the series cancels.
const TAIL: f64 = 4.0;

/// P(Z <= x).
pub fn probability(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if x.abs() >= TAIL {
        let beyond = upper_tail(x.abs());
        return if x > 0.0 { 1.0 - beyond } else { beyond };
    }
    // x + x^3/3 + x^5/(3*5) + ...
    let (mut sum, mut term, mut odd) = (x, x, 1.0);
    while term.abs() > sum.abs() * f64::EPSILON * 0.25 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * density(x)
}

/// The x with P(Z <= x) = p; infinite at 0 and 1, NaN outside.
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p > 0.5 {
        return -lower_quantile(1.0 - p);
    }
    lower_quantile(p)
}

/// exp(-x^2 / 2) / sqrt(2 pi).
pub fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// P(Z > x) for x >= `TAIL`: density / (x + 1/(x + 2/(x + 3/(x + ...)))).
fn upper_tail(x: f64) -> f64 {
    let fraction = (1..=60).rev().fold(x, |below, at| x + f64::from(at) / below);
    density(x) / fraction
}

/// For 0 < p <= 1/2: a guess with an error under 4.5e-4, sharpened by Halley's steps.
fn lower_quantile(p: f64) -> f64 {
    let t = (-2.0 * p.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = above / below - t;
    for _ in 0..3 {
        let step = (probability(x) - p) / density(x);
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values_are_met_to_the_last_places() {
        // Abramowitz and Stegun, table 26.1 and 26.5.
        for (x, p) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.959_963_984_540_054, 0.025),
            (3.0, 0.998_650_101_968_369_9),
            (-5.0, 2.866_515_718_791_939e-7),
            (-8.0, 6.220_960_574_271_785e-16),
        ] {
            assert!((probability(x) - p).abs() <= 1e-14 * (1.0 + p), "{x}: {} {p}", probability(x));
            let relative = if x < 0.0 { (probability(x) / p - 1.0).abs() } else { 0.0 };
            assert!(relative < 1e-11, "{x}: {relative}");
        }
        assert!((quantile(0.95) - 1.644_853_626_951_472_7).abs() < 1e-14);
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(quantile(-0.1).is_nan() && probability(f64::NAN).is_nan());
        assert_eq!((probability(f64::NEG_INFINITY), probability(f64::INFINITY)), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn quantile_and_probability_are_inverse_and_symmetric(exponent in -12.0f64..-0.302) {
            let p = 10f64.powf(exponent);
            prop_assert!((probability(quantile(p)) - p).abs() <= 1e-14);
            prop_assert!((quantile(p) + quantile(1.0 - p)).abs() <= 1e-4 * f64::from(p < 1e-9) + 1e-6);
        }

        #[test]
        fn both_methods_agree_where_they_meet(offset in 0.0f64..0.5) {
            // The series is exact enough on both sides of the seam to be the fraction's oracle.
            let x = TAIL + offset;
            let (mut sum, mut term, mut odd) = (x, x, 1.0);
            for _ in 0..200 {
                odd += 2.0;
                term *= x * x / odd;
                sum += term;
            }
            prop_assert!((probability(x) - (0.5 + sum * density(x))).abs() < 1e-14);
        }
    }
}
