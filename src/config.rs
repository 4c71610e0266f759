//! `Config`: the settings of `config.json`, read, checked and explained.
//!
//! Every key is optional; what is not given comes from the embedded `config.json`, so the defaults stand in one place.
//! Invariant: a `Config` that exists is within all bounds of `keys`.
//! Absent on purpose: secrets, which never stand in this file.

mod document;
mod edit;
mod feeds;
mod inference;
mod keys;
mod models;
mod reader;
mod regimes;
mod risk;
mod rules;
mod watch;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::domain::{Money, Ratio, Symbol};
use crate::engine::regime::Mandates;
use crate::engine::settings::{ExecutionStyle, Sizing, StrategyName};
use crate::training::environment::trading::RewardWeights;
pub use edit::{save, set_value};
pub use feeds::{Feed, Feeds};
pub use inference::InferenceKeys;
pub use keys::{Allowed, Change, Effect};
pub use models::ModelNames;
pub use regimes::{regimes, regimes_of};
pub use risk::RiskKeys;
pub use rules::rules_for;
pub use watch::ConfigWatch;

/// The shipped settings.
pub const EMBEDDED: &str = include_str!("../config.json");
/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "config.json";

/// All settings. Percentages are as written (25.0 is a quarter); the methods give them as ratios and amounts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The traded pairs in config order; their place is the `SymbolId`.
    pub symbols: Vec<Symbol>,
    pub strategy: StrategyName,
    /// Which strategies may trade in which regime, where `strategy` is auto.
    pub regimes: Mandates,
    /// Share of equity for all symbols together, split equally; 0 to 100.
    pub invest_percent: f64,
    /// Smallest trade in quote currency.
    pub min_trade_size: f64,
    /// 0 = no stop.
    pub stop_loss_percent: f64,
    /// 0 = no target.
    pub take_profit_percent: f64,
    pub speed: Speed,
    pub redis_url: Option<String>,
    /// Bars of the fast average.
    pub trend_fast: u32,
    /// Bars of the slow average.
    pub trend_slow: u32,
    pub min_hold_minutes: u32,
    /// Smallest change of a position worth a trade, in percent of equity.
    pub no_trade_band_percent: f64,
    pub sizing: Sizing,
    /// How orders are carried out.
    pub execution: ExecutionStyle,
    /// What a parent order may take.
    pub execution_minutes: u32,
    /// 0: time costs nothing; 100: nothing costs as much as time.
    pub urgency_percent: f64,
    /// Share of the market's volume that a parent order aims at.
    pub volume_share_percent: f64,
    #[serde(flatten)]
    pub risk: RiskKeys,
    pub fee_policy: FeePolicy,
    pub maker_fee_percent: f64,
    pub taker_fee_percent: f64,
    /// Quote currency for one BNB, for fees paid in BNB.
    pub bnb_price: f64,
    pub half_spread_percent: f64,
    /// Y of the square-root impact; 0 = none.
    pub impact_coefficient: f64,
    /// Takers get at most this share of a minute's volume; 0 = no bound.
    pub participation_percent: f64,
    pub participation_rest: Rest,
    /// The path must pass a resting limit by this much.
    pub markout_percent: f64,
    /// From the sending of an order to its arrival in the book.
    pub latency_ms: u32,
    /// Quote currency at the start of demo and backtest.
    pub start_balance: f64,
    pub warmup_bars: u32,
    #[serde(flatten)]
    pub inference: InferenceKeys,
    /// Outside sources; all are off unless named.
    pub feeds: Feeds,
    /// Change of an entry by a mood of 1, in percent; 0 = none.
    pub sentiment_weight_percent: f64,
    /// What fills the slots of models.
    pub models: ModelNames,
    /// A model's trade must be worth this many times what a round trip costs.
    pub edge_multiple: f64,
    /// What `train sac` rewards: growth in deviations of the market, the differential Sharpe ratio, and less for turnover.
    pub reward_growth: f64,
    pub reward_sharpe: f64,
    pub reward_turnover: f64,
    pub theme: Theme,
    pub up_color: UpColor,
}

/// Virtual seconds a second, or as fast as it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    Times(f64),
    Max,
}

/// The asset in which fees are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeePolicy {
    /// What the trade brings in, as Binance does by default.
    Received,
    Bnb,
    Quote,
}

/// What becomes of an order's rest when the minute traded too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rest {
    /// For the next opens.
    Waits,
    Expires,
}

/// The colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the terminal's environment suggests.
    Auto,
    Dark,
    Light,
    /// The terminal's own 16 colours.
    Ansi,
}

/// The colour of what rises; what falls has the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UpColor {
    Green,
    /// As on East Asian markets.
    Red,
}

/// Where the settings came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigOrigin {
    File(PathBuf),
    Embedded,
}

/// One sentence: file, line or key, found, allowed, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads the named file, which must exist; else `config.json` in the current directory; else the embedded one.
    pub fn load(path: Option<&Path>) -> Result<(Config, ConfigOrigin), ConfigError> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let config = Config::parse(&text, &file.display().to_string())?;
                Ok((config, ConfigOrigin::File(file.to_path_buf())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_none() => {
                Ok((Config::embedded()?, ConfigOrigin::Embedded))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ConfigError(format!(
                "{}: there is no such settings file; check the path given with --config",
                file.display()
            ))),
            Err(error) => Err(unreadable(file, &error)),
        }
    }

    /// The shipped settings.
    pub fn embedded() -> Result<Config, ConfigError> {
        Config::parse("{}", "the built-in config.json")
    }

    /// Reads settings from JSON text; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
        reader::config(text, name)
    }

    /// What a number of the settings may be; `None` for keys that hold no plain number.
    pub fn allowed(key: &str) -> Option<Allowed> {
        keys::allowed(key)
    }

    /// Keys whose values differ, in the order of the shipped file.
    pub fn changes(&self, newer: &Config) -> Vec<Change> {
        keys::changes(self, newer)
    }

    /// These settings of a running program, with the values of `newer` for all keys that take effect now.
    pub fn in_force(&self, newer: &Config) -> Config {
        Config {
            strategy: newer.strategy,
            invest_percent: newer.invest_percent,
            min_trade_size: newer.min_trade_size,
            stop_loss_percent: newer.stop_loss_percent,
            take_profit_percent: newer.take_profit_percent,
            trend_fast: newer.trend_fast,
            trend_slow: newer.trend_slow,
            min_hold_minutes: newer.min_hold_minutes,
            no_trade_band_percent: newer.no_trade_band_percent,
            regimes: newer.regimes,
            sizing: newer.sizing,
            execution: newer.execution,
            execution_minutes: newer.execution_minutes,
            urgency_percent: newer.urgency_percent,
            volume_share_percent: newer.volume_share_percent,
            risk: newer.risk.clone(),
            sentiment_weight_percent: newer.sentiment_weight_percent,
            models: newer.models.clone(),
            edge_multiple: newer.edge_multiple,
            theme: newer.theme,
            up_color: newer.up_color,
            ..self.clone()
        }
    }

    pub fn invest(&self) -> Ratio {
        ratio(self.invest_percent)
    }

    pub fn stop_loss(&self) -> Option<Ratio> {
        Some(ratio(self.stop_loss_percent)).filter(|share| !share.is_zero())
    }

    pub fn take_profit(&self) -> Option<Ratio> {
        Some(ratio(self.take_profit_percent)).filter(|share| !share.is_zero())
    }

    pub fn no_trade_band(&self) -> Ratio {
        ratio(self.no_trade_band_percent)
    }

    pub fn urgency(&self) -> Ratio {
        ratio(self.urgency_percent)
    }

    pub fn volume_share(&self) -> Ratio {
        ratio(self.volume_share_percent)
    }

    pub fn sentiment_weight(&self) -> Ratio {
        ratio(self.sentiment_weight_percent)
    }

    pub fn edge_multiple(&self) -> Ratio {
        ratio(self.edge_multiple * 100.0)
    }

    pub fn reward(&self) -> RewardWeights {
        RewardWeights { growth: self.reward_growth, sharpe: self.reward_sharpe, turnover: self.reward_turnover }
    }

    pub fn maker_fee(&self) -> Ratio {
        ratio(self.maker_fee_percent)
    }

    pub fn taker_fee(&self) -> Ratio {
        ratio(self.taker_fee_percent)
    }

    pub fn half_spread(&self) -> Ratio {
        ratio(self.half_spread_percent)
    }

    /// Y of the square-root impact; `None` when there is none.
    pub fn impact(&self) -> Option<Ratio> {
        Ratio::from_f64(self.impact_coefficient).filter(|coefficient| coefficient.is_positive())
    }

    /// Zero: no bound.
    pub fn participation(&self) -> Ratio {
        ratio(self.participation_percent)
    }

    pub fn markout(&self) -> Ratio {
        ratio(self.markout_percent)
    }

    /// In quote currency.
    pub fn min_trade(&self) -> Money {
        amount(self.min_trade_size)
    }

    /// In quote currency.
    pub fn start(&self) -> Money {
        amount(self.start_balance)
    }
}

/// All percentages are bounded far below what a ratio holds, so zero never stands in for one.
fn ratio(percent: f64) -> Ratio {
    Ratio::from_percent(percent).unwrap_or_default()
}

/// As with `ratio`: amounts are bounded by the table of keys.
fn amount(number: f64) -> Money {
    Money::from_f64(number).unwrap_or_default()
}

impl Speed {
    /// Far beyond any replay that could keep up.
    const LARGEST: f64 = 1e9;
    pub const ALLOWED: &str = "a number above 0 (60 = a bar a second) or \"max\"";

    /// `None` unless above zero, finite and below a billion.
    pub fn times(number: f64) -> Option<Speed> {
        (number > 0.0 && number <= Speed::LARGEST).then_some(Speed::Times(number))
    }

    /// As the command line writes it: a number or `max`.
    pub fn parse(text: &str) -> Option<Speed> {
        if text == "max" { Some(Speed::Max) } else { text.parse().ok().and_then(Speed::times) }
    }
}

impl Serialize for Speed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Speed::Times(number) => serializer.serialize_f64(*number),
            Speed::Max => serializer.serialize_str("max"),
        }
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> ConfigError {
    let what = "make it a readable UTF-8 text file";
    ConfigError(format!("{}: the settings cannot be read ({error}); {what}", file.display()))
}
