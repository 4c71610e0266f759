//! `Settings`: what a person sets, in the engine's units.
//!
//! Invariant: settings reach the engine only as `Input::Start`, `Input::Settings` or a `Command`.
//! Absent on purpose: text, percent and files (`config`).

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Money, Price, Quantity, Ratio, StateHash};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub strategy: StrategyName,
    /// Share of equity for all symbols together, 0 to 1, split equally.
    pub invest: Ratio,
    pub sizing: Sizing,
    /// Smallest entry in quote currency.
    pub min_trade_size: Money,
    /// Distance of the protective stop below the entry fill, as a fraction; zero = none.
    pub stop_loss: Ratio,
    /// Distance of the target above the entry fill, as a fraction; zero = none.
    pub take_profit: Ratio,
    pub trend: TrendLengths,
    /// Fewest bars between an entry and an exit by signal; stops and targets do not wait.
    pub min_hold_bars: u32,
    /// Smallest change of exposure (as a share of the full size) that is worth its cost.
    pub no_trade_band: Ratio,
    /// Price at which fees paid in BNB are valued.
    pub bnb_price: Price,
    /// What a taker pays a side, as a fraction of what is traded: the fee and half the spread.
    pub side_cost: Ratio,
    /// How far the moods of outside sources change an entry: share of it for a score of 1; zero = not at all.
    pub sentiment_weight: Ratio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    Trend,
    Reversal,
    Flat,
}

/// How large an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizing {
    /// A share of equity (`invest`).
    Invest,
    /// Always this much of the base asset.
    Fixed(Quantity),
}

/// Lengths of the two moving averages in bars, `fast < slow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendLengths {
    pub fast: u16,
    pub slow: u16,
}

impl StrategyName {
    pub const ALL: [StrategyName; 3] = [StrategyName::Trend, StrategyName::Reversal, StrategyName::Flat];

    pub const fn as_str(self) -> &'static str {
        match self {
            StrategyName::Trend => "trend",
            StrategyName::Reversal => "reversal",
            StrategyName::Flat => "flat",
        }
    }

    pub fn parse(text: &str) -> Option<StrategyName> {
        StrategyName::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl StateHash for Settings {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(self.strategy.as_str());
        digest.add(&self.invest);
        match &self.sizing {
            Sizing::Invest => digest.u8(0),
            Sizing::Fixed(quantity) => {
                digest.u8(1);
                digest.add(quantity);
            }
        }
        digest.add(&self.min_trade_size);
        digest.add(&self.stop_loss);
        digest.add(&self.take_profit);
        digest.u64(u64::from(self.trend.fast));
        digest.u64(u64::from(self.trend.slow));
        digest.u64(u64::from(self.min_hold_bars));
        digest.add(&self.no_trade_band);
        digest.add(&self.bnb_price);
        digest.add(&self.side_cost);
        digest.add(&self.sentiment_weight);
    }
}
