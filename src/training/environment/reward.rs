//! Rewards of a position: its cost-net logarithmic return, and what is mixed from it.
//!
//! Invariant: a position decided at a close earns the return to the next close and pays for its own change, nothing else.
//! Absent on purpose: who decides; the drift of a position's weight within a bar.

use serde::{Deserialize, Serialize};

/// log(1 + w R - c |dw|): `position` w earned the return R after it was changed by dw at a cost of c per unit. Minus infinity
/// where all is lost.
pub fn log_return(position: f64, change: f64, market: f64, cost: f64) -> f64 {
    (position * market - cost * change.abs()).max(-1.0).ln_1p()
}

/// Rewards of a row of positions: `positions[t + 1]` earns `returns[t]` and pays for its change from `positions[t]`. There is
/// one position more than returns; what stands at the end is not closed.
pub fn log_returns(positions: &[f64], returns: &[f64], cost: f64) -> Vec<f64> {
    let changes = positions.windows(2).zip(returns);
    changes.map(|(pair, market)| log_return(pair[1], pair[1] - pair[0], *market, cost)).collect()
}

/// What a reward is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Of the logarithmic return over the volatility.
    pub log_return: f64,
    /// Of the differential Sharpe ratio, which comes clipped; 0.1 to 0.5 where it is wanted.
    pub differential_sharpe: f64,
    /// Taken off per unit of exposure changed.
    pub turnover: f64,
    /// The logarithmic return over the volatility is cut at plus and minus this, so that no single bar rules the critics.
    pub clip: f64,
}

impl Default for Mix {
    fn default() -> Self {
        Mix { log_return: 1.0, differential_sharpe: 0.1, turnover: 0.0, clip: 10.0 }
    }
}

impl Mix {
    /// `volatility` is the deviation of a step's return, above 0: with it rewards are of the order of one in every regime.
    pub fn reward(&self, log_return: f64, volatility: f64, differential_sharpe: f64, turnover: f64) -> f64 {
        self.log_return * (log_return / volatility).clamp(-self.clip, self.clip)
            + self.differential_sharpe * differential_sharpe
            - self.turnover * turnover
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_pays_once_and_earns_until_it_is_left() {
        let rewards = log_returns(&[0.0, 1.0, 1.0, 0.0], &[0.01, -0.02, 0.5], 0.001);
        let expected = [0.009_f64.ln_1p(), (-0.02_f64).ln_1p(), (-0.001_f64).ln_1p()];
        assert!(rewards.iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-15), "{rewards:?}");
        assert_eq!(log_return(1.0, 0.0, -2.0, 0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn a_reward_is_bounded_and_each_part_counts_as_it_is_weighed() {
        let mix = Mix { log_return: 1.0, differential_sharpe: 0.5, turnover: 0.1, clip: 10.0 };
        assert_eq!(mix.reward(0.002, 0.001, 1.0, 2.0), 2.0 + 0.5 - 0.2);
        assert_eq!(mix.reward(f64::NEG_INFINITY, 0.001, 0.0, 0.0), -10.0);
    }
}
