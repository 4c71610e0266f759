//! `Settings`: what a person sets, in the engine's units.
//!
//! Invariant: settings reach the engine only as `Input::Start`, `Input::Settings` or a `Command`.
//! Absent on purpose: text, percent and files (`config`).

use serde::{Deserialize, Serialize};

use super::execution::{Choice, Style};
use super::model::{ModelSlot, Models};
use super::regime::Mandates;
use super::risk::settings::RiskSettings;
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
    /// Which strategies may trade in which regime, where they are chosen automatically.
    pub mandates: Mandates,
    pub execution: ExecutionSettings,
    /// How far the moods of outside sources change an entry: share of it for a score of 1; zero = not at all.
    pub sentiment_weight: Ratio,
    /// What fills the slots of models.
    #[serde(default)]
    pub models: Models,
    /// A model's trade must be worth this many times what a round trip costs.
    #[serde(default)]
    pub edge_multiple: Ratio,
    /// Sizes, stops, protections and halts; all off by default.
    #[serde(default)]
    pub risk: RiskSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// The regime says who may trade, and what each earned how much it counts.
    Auto,
    Trend,
    Reversal,
    Breakout,
    /// By the model in the slot `trees`.
    Trees,
    /// By the model in the slot `temporal`.
    Temporal,
    /// By the agent in the slot `sac`.
    Sac,
    Flat,
}

/// How orders are carried out, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionSettings {
    pub style: ExecutionStyle,
    /// Minutes that a parent order may take.
    pub horizon_minutes: u32,
    /// 0: time costs nothing; 1: nothing costs as much as time.
    pub urgency: Ratio,
    /// Share of the market's volume aimed at.
    pub volume_share: Ratio,
    pub maker_fee: Ratio,
    pub taker_fee: Ratio,
    /// Half the spread as a fraction of the price, where no book is known.
    pub half_spread: Ratio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStyle {
    /// Each order whole, at the market, at once.
    Market,
    /// As costs least by size, urgency and market, and again when that changes.
    Adaptive,
    MarketableLimit,
    Passive,
    Twap,
    Vwap,
    Participation,
    AlmgrenChriss,
}

impl ExecutionStyle {
    pub const ALL: [ExecutionStyle; 8] = [
        ExecutionStyle::Market,
        ExecutionStyle::Adaptive,
        ExecutionStyle::MarketableLimit,
        ExecutionStyle::Passive,
        ExecutionStyle::Twap,
        ExecutionStyle::Vwap,
        ExecutionStyle::Participation,
        ExecutionStyle::AlmgrenChriss,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            ExecutionStyle::Market => "market",
            ExecutionStyle::Adaptive => "adaptive",
            ExecutionStyle::MarketableLimit => "marketable_limit",
            ExecutionStyle::Passive => "passive",
            ExecutionStyle::Twap => "twap",
            ExecutionStyle::Vwap => "vwap",
            ExecutionStyle::Participation => "participation",
            ExecutionStyle::AlmgrenChriss => "almgren_chriss",
        }
    }

    pub fn parse(text: &str) -> Option<ExecutionStyle> {
        ExecutionStyle::ALL.into_iter().find(|style| style.as_str() == text)
    }

    /// How a parent order is carried out; `None` where there are none.
    pub const fn choice(self) -> Option<Choice> {
        match self {
            ExecutionStyle::Market => None,
            ExecutionStyle::Adaptive => Some(Choice::Adaptive),
            ExecutionStyle::MarketableLimit => Some(Choice::Fixed(Style::MarketableLimit)),
            ExecutionStyle::Passive => Some(Choice::Fixed(Style::Passive)),
            ExecutionStyle::Twap => Some(Choice::Fixed(Style::Twap)),
            ExecutionStyle::Vwap => Some(Choice::Fixed(Style::Vwap)),
            ExecutionStyle::Participation => Some(Choice::Fixed(Style::Participation)),
            ExecutionStyle::AlmgrenChriss => Some(Choice::Fixed(Style::AlmgrenChriss)),
        }
    }
}

impl Default for ExecutionSettings {
    /// At the market, without costs.
    fn default() -> Self {
        ExecutionSettings {
            style: ExecutionStyle::Market,
            horizon_minutes: 5,
            urgency: Ratio::from_raw(50_000_000),
            volume_share: Ratio::from_raw(10_000_000),
            maker_fee: Ratio::ZERO,
            taker_fee: Ratio::ZERO,
            half_spread: Ratio::ZERO,
        }
    }
}

impl StateHash for ExecutionSettings {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(self.style.as_str());
        digest.u64(u64::from(self.horizon_minutes));
        for ratio in [self.urgency, self.volume_share, self.maker_fee, self.taker_fee, self.half_spread] {
            digest.add(&ratio);
        }
    }
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
    pub const ALL: [StrategyName; 8] = [
        StrategyName::Auto,
        StrategyName::Trend,
        StrategyName::Reversal,
        StrategyName::Breakout,
        StrategyName::Trees,
        StrategyName::Temporal,
        StrategyName::Sac,
        StrategyName::Flat,
    ];

    /// Those that can be members of the council; flat stands last.
    pub const EXPERTS: [StrategyName; 7] = [
        StrategyName::Trend,
        StrategyName::Reversal,
        StrategyName::Breakout,
        StrategyName::Trees,
        StrategyName::Temporal,
        StrategyName::Sac,
        StrategyName::Flat,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            StrategyName::Auto => "auto",
            StrategyName::Trend => "trend",
            StrategyName::Reversal => "reversal",
            StrategyName::Breakout => "breakout",
            StrategyName::Trees => "trees",
            StrategyName::Temporal => "temporal",
            StrategyName::Sac => "sac",
            StrategyName::Flat => "flat",
        }
    }

    /// The slot whose model it trades by; `None` for rules.
    pub const fn slot(self) -> Option<ModelSlot> {
        match self {
            StrategyName::Trees => Some(ModelSlot::Trees),
            StrategyName::Temporal => Some(ModelSlot::Temporal),
            StrategyName::Sac => Some(ModelSlot::Sac),
            StrategyName::Auto
            | StrategyName::Trend
            | StrategyName::Reversal
            | StrategyName::Breakout
            | StrategyName::Flat => None,
        }
    }

    pub fn parse(text: &str) -> Option<StrategyName> {
        StrategyName::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl Settings {
    /// True when events and regimes of the market are watched at all.
    pub fn needs_watch(&self) -> bool {
        self.risk.shock_halt || self.strategy == StrategyName::Auto
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
        digest.add(&self.mandates);
        digest.add(&self.execution);
        digest.add(&self.sentiment_weight);
        // A model that is not asked decides nothing.
        for slot in ModelSlot::ALL.into_iter().filter(|slot| self.asks(*slot)) {
            digest.option(self.models.get(slot));
            digest.add(&self.edge_multiple);
        }
        digest.add(&self.risk);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Plain settings for unit tests: trend at a quarter of equity, everything that can be off is off.
    pub fn settings() -> Settings {
        Settings {
            strategy: StrategyName::Trend,
            invest: Ratio::from_raw(25_000_000),
            sizing: Sizing::Invest,
            min_trade_size: Money::ZERO,
            stop_loss: Ratio::ZERO,
            take_profit: Ratio::ZERO,
            trend: TrendLengths { fast: 60, slow: 240 },
            min_hold_bars: 0,
            no_trade_band: Ratio::ZERO,
            bnb_price: Price::ZERO,
            side_cost: Ratio::from_raw(105_000),
            mandates: Mandates::default(),
            execution: ExecutionSettings::default(),
            sentiment_weight: Ratio::ZERO,
            models: Models::default(),
            edge_multiple: Ratio::ZERO,
            risk: RiskSettings::default(),
        }
    }
}
