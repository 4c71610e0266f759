//! The square-root law: how far an order of some size moves the price against itself.
//!
//! Invariant: four times the share of volume moves the price twice as far; nothing moves it by nothing.
//! Absent on purpose: how long it takes (the law does not know), and half spreads.
//! Source: Almgren et al. 2005; Toth et al. 2011; Donier and Bonart 2015 for Bitcoin; Sato and Kanazawa 2024 for the exponent.

/// The peak as a fraction of the price, for an order of this share of a day's volume and a day's volatility `sigma`.
/// `coefficient` (Y) is 0.5 to 1.5 in the literature.
pub fn peak(coefficient: f64, sigma: f64, share: f64) -> f64 {
    coefficient * sigma * share.sqrt()
}

/// What the order pays on average where the price goes with the root of what was done: two thirds of its peak.
pub fn average(peak: f64) -> f64 {
    peak * 2.0 / 3.0
}

/// The largest share of a day's volume whose peak stays within this budget, a fraction of the price. Infinite where nothing
/// moves.
pub fn largest_share(coefficient: f64, sigma: f64, budget: f64) -> f64 {
    (budget.max(0.0) / (coefficient * sigma)).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_largest_share_costs_the_budget(coefficient in 0.5f64..1.5, sigma in 0.001f64..0.2, budget in 0.0f64..0.05) {
            let share = largest_share(coefficient, sigma, budget);
            prop_assert!((peak(coefficient, sigma, share) - budget).abs() < 1e-12);
            prop_assert!((peak(coefficient, sigma, 4.0 * share) - 2.0 * budget).abs() < 1e-12);
            prop_assert!(average(budget) <= budget);
        }
    }
}
