//! Kelly's fraction: the bet under which capital grows fastest, and the small part of it that is prudent.
//!
//! Invariant: a prudent exposure is never negative, never above its cap, and zero where the edge may well be none.
//! Absent on purpose: several bets at once.
//! Source: Kelly 1956 (Bell System Technical Journal 35); Thorp 2006, "The Kelly criterion in blackjack, sports betting and
//! the stock market".

use crate::performance::normal;

/// A bet that wins `odds` times the stake with probability `win` and loses the stake otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bet {
    pub win: f64,
    pub odds: f64,
}

/// A price that drifts, a year or any other period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Expected return.
    pub mean: f64,
    /// What money earns without risk.
    pub riskless: f64,
    /// Standard deviation of returns.
    pub deviation: f64,
}

/// What is known of an edge: returns per trade, net of costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    pub mean: f64,
    pub deviation: f64,
    /// Trades behind it.
    pub trades: u64,
}

/// How much of Kelly's fraction is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prudence {
    /// Share of the fraction; more than a quarter buys little growth for much drawdown.
    pub share: f64,
    /// Trades that the belief in no edge at all counts as.
    pub prior_trades: f64,
    /// Probability with which the true edge must lie above zero.
    pub confidence: f64,
    /// Largest exposure whatever the edge.
    pub cap: f64,
}

impl Bet {
    /// p - (1 - p) / b; negative where the other side is the better one.
    pub fn fraction(&self) -> f64 {
        self.win - (1.0 - self.win) / self.odds
    }

    /// Expected growth of the logarithm of capital a bet, staking this fraction of it.
    pub fn growth(&self, fraction: f64) -> f64 {
        self.win * (self.odds * fraction).ln_1p() + (1.0 - self.win) * (-fraction).ln_1p()
    }
}

impl Drift {
    /// (mu - r) / sigma^2.
    pub fn fraction(&self) -> f64 {
        (self.mean - self.riskless) / (self.deviation * self.deviation)
    }

    /// Growth a period at this share of the fraction: r + (c - c^2 / 2) ((mu - r) / sigma)^2; greatest at 1, and that of no
    /// risk at 2.
    pub fn growth(&self, share: f64) -> f64 {
        let ratio = (self.mean - self.riskless) / self.deviation;
        self.riskless + (share - share * share / 2.0) * ratio * ratio
    }
}

impl Default for Prudence {
    fn default() -> Self {
        Prudence { share: 0.25, prior_trades: 100.0, confidence: 0.95, cap: 1.0 }
    }
}

impl Prudence {
    /// The exposure for this evidence: a share of Kelly's fraction of the edge, which is shrunken towards none.
    pub fn exposure(&self, evidence: &Evidence) -> f64 {
        let trades = evidence.trades as f64;
        let lower = evidence.mean - normal::quantile(self.confidence) * evidence.deviation / trades.sqrt();
        // NaN, no trades and no deviation are no evidence.
        if !(lower > 0.0 && evidence.deviation > 0.0) {
            return 0.0;
        }
        let edge = Drift {
            mean: evidence.mean * trades / (trades + self.prior_trades),
            riskless: 0.0,
            deviation: evidence.deviation,
        };
        (self.share * edge.fraction()).clamp(0.0, self.cap.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edge_that_may_be_none_is_not_bet_on() {
        let prudence = Prudence::default();
        let edge = |mean, trades| prudence.exposure(&Evidence { mean, deviation: 0.02, trades });
        // 0.2 % a trade at 2 %: a lower bound above zero from (1.645 x 10)^2 = 271 trades on.
        assert_eq!([edge(0.002, 0), edge(0.002, 270), edge(-0.002, 9_999), edge(f64::NAN, 9_999)], [0.0; 4]);
        assert!(edge(0.002, 272) > 0.0 && edge(0.002, 272) < edge(0.002, 2_000));
        // A quarter of 0.002 / 0.0004 = 5 is 1.25, before shrinking; the cap is 1.
        assert_eq!(edge(0.002, 1_000_000), 1.0);
        assert_eq!(prudence.exposure(&Evidence { mean: 0.1, deviation: 0.0, trades: 50 }), 0.0);
    }

    proptest! {
        #[test]
        fn no_other_fraction_grows_faster(win in 0.05f64..0.95, odds in 0.2f64..5.0, other in 0.0f64..0.99) {
            let bet = Bet { win, odds };
            // Where the other side is the better one, nothing is the best stake.
            let best = bet.growth(bet.fraction().max(0.0));
            prop_assert!(best >= bet.growth(other) - 1e-12);
        }

        #[test]
        fn twice_the_fraction_grows_like_no_risk(mean in -0.5f64..0.5, riskless in 0.0f64..0.1, deviation in 0.05f64..1.0, share in -3.0f64..3.0) {
            let drift = Drift { mean, riskless, deviation };
            prop_assert!((drift.growth(2.0) - riskless).abs() < 1e-9);
            prop_assert!(drift.growth(1.0) >= drift.growth(share) - 1e-12);
            let direct = riskless + (mean - riskless).powi(2) / (2.0 * deviation * deviation);
            prop_assert!((drift.growth(1.0) - direct).abs() < 1e-9);
        }
    }
}
