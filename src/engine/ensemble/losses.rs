//! The loss of an expert over one decision: what following it alone would have earned, net of the cost it would have caused.
//!
//! Invariant: a loss lies in 0..=1; flat loses exactly a half.
//! Absent on purpose: logarithmic losses, which are unbounded.

/// Net results of so many standard deviations or more are all alike.
const WIDTH: f64 = 3.0;

/// clip(0.5 - 0.5 net / (3 sigma), 0, 1). `net` is the net return and `sigma` the standard deviation of returns over the same
/// horizon. Without a sigma only the sign tells; what is no number is the worst.
pub fn trading_loss(net: f64, sigma: f64) -> f64 {
    if net.is_nan() {
        return 1.0;
    }
    if net == 0.0 {
        return 0.5;
    }
    let loss = 0.5 - 0.5 * net / (WIDTH * sigma.max(0.0));
    if loss.is_nan() { 0.5 } else { loss.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flat_loses_a_half_and_wins_and_losses_lie_on_both_sides_of_it() {
        assert_eq!([trading_loss(0.0, 0.01), trading_loss(0.0, 0.0)], [0.5; 2]);
        assert_eq!([trading_loss(0.03, 0.01), trading_loss(9.0, 0.01), trading_loss(1e-9, 0.0)], [0.0; 3]);
        assert_eq!([trading_loss(-0.03, 0.01), trading_loss(f64::NAN, 0.01), trading_loss(-1e-9, 0.0)], [1.0; 3]);
        assert_eq!(trading_loss(0.015, 0.01), 0.25);
    }

    proptest! {
        #[test]
        fn more_is_never_worse(a in -0.1f64..0.1, b in -0.1f64..0.1, sigma in 0.0f64..0.05) {
            prop_assert!(trading_loss(a.max(b), sigma) <= trading_loss(a.min(b), sigma));
            prop_assert!((0.0..=1.0).contains(&trading_loss(a, sigma)));
        }
    }
}
