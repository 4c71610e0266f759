//! `LinearImpact`: the trajectory of Almgren and Chriss, which weighs the cost of haste against the risk of waiting.
//!
//! Invariant: holdings go from all to nothing and trades sum to all; where no trajectory is best there is none.
//! Absent on purpose: impact that is not linear, and lots (`schedule::vwap` of the trades).
//! Source: Almgren and Chriss 2000 (Journal of Risk 3:5): eta~ = eta - gamma tau / 2, kappa~^2 = lambda sigma^2 / eta~,
//! cosh(kappa tau) = 1 + kappa~^2 tau^2 / 2, x_j = X sinh(kappa (T - t_j)) / sinh(kappa T).

/// A market in which impact is linear, in the units of the paper: currency, shares, and any unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearImpact {
    /// Standard deviation of the price per root of time.
    pub sigma: f64,
    /// Permanent impact per share.
    pub gamma: f64,
    /// Temporary impact per share and unit of time.
    pub eta: f64,
    /// Half spread and fees per share.
    pub epsilon: f64,
}

/// How a position is worked off, and what that costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Urgency per unit of time; where risk is sought (lambda < 0) the frequency of the sine.
    pub kappa: f64,
    /// At t = 0, tau, ..., T.
    pub holdings: Vec<f64>,
    /// In each interval.
    pub trades: Vec<f64>,
    pub expected_cost: f64,
    pub variance: f64,
    /// expected cost + lambda variance.
    pub utility: f64,
    /// 1 / kappa~, the time in which an unhurried seller would work off all but 1/e; `None` without aversion to risk.
    pub half_life: Option<f64>,
}

impl LinearImpact {
    /// Of `shares` over `time` in so many equal intervals, at an aversion `lambda` per currency. `None` where intervals are
    /// none, temporary impact does not outweigh the permanent one (eta~ <= 0), or risk is sought so much that cost has no
    /// minimum.
    pub fn trajectory(&self, shares: f64, time: f64, intervals: usize, lambda: f64) -> Option<Trajectory> {
        let n = intervals as f64;
        let tau = time / n;
        let eta = self.eta - self.gamma * tau / 2.0;
        if intervals == 0 || !(tau > 0.0 && eta > 0.0) {
            return None;
        }
        let squared = lambda * self.sigma * self.sigma / eta;
        let (kappa, shape) = shape(squared, tau, intervals)?;
        let holdings: Vec<f64> = shape.iter().map(|left| shares * left).collect();
        let trades: Vec<f64> = holdings.windows(2).map(|pair| pair[0] - pair[1]).collect();
        let traded: f64 = trades.iter().map(|trade| trade.abs()).sum();
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let expected_cost = self.gamma * shares * shares / 2.0 + self.epsilon * traded + eta / tau * squares(&trades);
        let variance = self.sigma * self.sigma * tau * squares(&holdings[1..]);
        let utility = expected_cost + lambda * variance;
        let half_life = (squared > 0.0).then(|| 1.0 / squared.sqrt());
        utility.is_finite().then_some(Trajectory {
            kappa,
            holdings,
            trades,
            expected_cost,
            variance,
            utility,
            half_life,
        })
    }
}

/// kappa, and the share that is left at each time.
fn shape(squared: f64, tau: f64, intervals: usize) -> Option<(f64, Vec<f64>)> {
    let n = intervals as f64;
    // acosh(1 + y) and acos(1 - y) without cancellation at small y.
    let half = (squared.abs() * tau * tau / 4.0).sqrt();
    if squared < 0.0 {
        let angle = 2.0 * half.asin();
        // From half a turn on, going back and forth earns without end.
        if !(half <= 1.0 && angle * n < std::f64::consts::PI) {
            return None;
        }
        let whole = (angle * n).sin();
        let left = |at: usize| (angle * (n - at as f64)).sin() / whole;
        return Some((angle / tau, ends((0..=intervals).map(left).collect())));
    }
    let angle = 2.0 * half.asinh();
    if angle * n < 1e-7 {
        let left = |at: usize| 1.0 - at as f64 / n;
        return Some((angle / tau, ends((0..=intervals).map(left).collect())));
    }
    // sinh a / sinh b = e^(a - b) (1 - e^-2a) / (1 - e^-2b), which does not overflow.
    let grown = |x: f64| -(-2.0 * x).exp_m1();
    let left = |at: usize| {
        let rest = angle * (n - at as f64);
        (-angle * at as f64).exp() * grown(rest) / grown(angle * n)
    };
    angle.is_finite().then(|| (angle / tau, ends((0..=intervals).map(left).collect())))
}

/// Everything at the start and nothing at the end, without rounding.
fn ends(mut shape: Vec<f64>) -> Vec<f64> {
    if let [first, .., last] = shape.as_mut_slice() {
        (*first, *last) = (1.0, 0.0);
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utility(market: &LinearImpact, holdings: &[f64], tau: f64, lambda: f64) -> f64 {
        let trades: Vec<f64> = holdings.windows(2).map(|pair| pair[0] - pair[1]).collect();
        let eta = market.eta - market.gamma * tau / 2.0;
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let traded: f64 = trades.iter().map(|trade| trade.abs()).sum();
        market.gamma * holdings[0] * holdings[0] / 2.0
            + market.epsilon * traded
            + eta / tau * squares(&trades)
            + lambda * market.sigma * market.sigma * tau * squares(&holdings[1..])
    }

    proptest! {
        #[test]
        fn no_neighbouring_trajectory_is_better(
            sigma in 0.1f64..5.0, gamma in 0.0f64..0.05, eta in 0.1f64..2.0, lambda in 0.0f64..3.0,
            intervals in 2usize..30, at in 1usize..29, shift in -0.2f64..0.2,
        ) {
            let market = LinearImpact { sigma, gamma, eta, epsilon: 0.1 };
            let (shares, time) = (10.0, 5.0);
            let Some(best) = market.trajectory(shares, time, intervals, lambda) else { return Ok(()) };
            prop_assert!((best.trades.iter().sum::<f64>() - shares).abs() < 1e-9);
            prop_assert!(best.holdings.windows(2).all(|pair| pair[0] >= pair[1] - 1e-12));
            let mut other = best.holdings.clone();
            other[1 + at % (intervals - 1)] += shift;
            let tau = time / intervals as f64;
            let scale = 1e-9 * (1.0 + best.utility.abs());
            prop_assert!(utility(&market, &other, tau, lambda) >= utility(&market, &best.holdings, tau, lambda) - scale);
            prop_assert!((best.utility - utility(&market, &best.holdings, tau, lambda)).abs() < scale);
        }
    }

    #[test]
    fn the_ends_of_the_parameters_have_a_trajectory_or_none() {
        let market = LinearImpact { sigma: 1.0, gamma: 0.0, eta: 1.0, epsilon: 0.0 };
        // In a hurry nearly all is traded at once; nothing overflows.
        let hurry = market.trajectory(1.0, 1_000.0, 1_000, 1e9).expect("a trajectory");
        assert!(hurry.trades[0] > 0.999_999 && hurry.holdings.iter().all(|left| left.is_finite()));
        assert_eq!(market.trajectory(1.0, 1.0, 0, 1.0), None);
        assert_eq!(market.trajectory(1.0, 10.0, 5, -1.0), None, "risk is sought beyond all measure");
        let permanent = LinearImpact { gamma: 10.0, ..market };
        assert_eq!(permanent.trajectory(1.0, 1.0, 2, 1.0), None);
        assert_eq!(market.trajectory(8.0, 1.0, 4, 0.0).map(|even| even.trades), Some(vec![2.0; 4]));
    }
}
