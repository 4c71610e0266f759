//! `Config`: the settings of `config.json`, read, checked and explained.
//!
//! Every key is optional; what is not given comes from the embedded `config.json`, so the defaults stand in one place.
//! Invariant: a `Config` that exists is within all bounds stated here.
//! Absent on purpose: secrets, which never stand in this file, and writing it back.

mod document;
mod rules;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Money, Quantity, Ratio, Symbol};
use crate::engine::settings::{Sizing, StrategyName};
use document::{Document, shown};
pub use rules::rules_for;

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
    pub fee_policy: FeePolicy,
    pub maker_fee_percent: f64,
    pub taker_fee_percent: f64,
    /// Quote currency for one BNB, for fees paid in BNB.
    pub bnb_price: f64,
    pub half_spread_percent: f64,
    /// Quote currency at the start of demo and backtest.
    pub start_balance: f64,
    pub warmup_bars: u32,
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
            Err(error) => Err(ConfigError(format!(
                "{}: the settings cannot be read ({error}); make it a readable UTF-8 text file",
                file.display()
            ))),
        }
    }

    /// The shipped settings.
    pub fn embedded() -> Result<Config, ConfigError> {
        Config::parse("{}", "the built-in config.json")
    }

    /// Reads settings from JSON text; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
        let given = read(text, name)?;
        let shipped = read(EMBEDDED, "the built-in config.json")?;
        if let Some((key, _)) = given.0.iter().find(|(key, _)| shipped.get(key).is_none()) {
            return Err(unknown_key(name, key, &shipped));
        }
        Settings { given, shipped, name }.config()
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

    pub fn maker_fee(&self) -> Ratio {
        ratio(self.maker_fee_percent)
    }

    pub fn taker_fee(&self) -> Ratio {
        ratio(self.taker_fee_percent)
    }

    pub fn half_spread(&self) -> Ratio {
        ratio(self.half_spread_percent)
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

/// As with `ratio`: amounts are bounded by `LARGEST_AMOUNT`.
fn amount(number: f64) -> Money {
    Money::from_f64(number).unwrap_or_default()
}

const LARGEST_AMOUNT: f64 = 1e10;
/// Far beyond any replay that could keep up.
const LARGEST_SPEED: f64 = 1e9;
const MOST_SYMBOLS: usize = 256;

/// The user's document over the shipped one.
struct Settings<'a> {
    given: Document,
    shipped: Document,
    name: &'a str,
}

impl Settings<'_> {
    fn config(&self) -> Result<Config, ConfigError> {
        let config = Config {
            symbols: self.symbols()?,
            strategy: self.strategy()?,
            invest_percent: self.number("invest_percent", 0.0, 100.0)?,
            min_trade_size: self.number("min_trade_size", 0.0, LARGEST_AMOUNT)?,
            stop_loss_percent: self.stop_loss()?,
            take_profit_percent: self.number("take_profit_percent", 0.0, 10_000.0)?,
            speed: self.speed()?,
            redis_url: self.redis_url()?,
            trend_fast: self.whole("trend_fast", 1, 500)?,
            trend_slow: self.whole("trend_slow", 1, 500)?,
            min_hold_minutes: self.whole("min_hold_minutes", 0, 1_440)?,
            no_trade_band_percent: self.number("no_trade_band_percent", 0.0, 100.0)?,
            sizing: self.sizing()?,
            fee_policy: self.fee_policy()?,
            maker_fee_percent: self.number("maker_fee_percent", 0.0, 5.0)?,
            taker_fee_percent: self.number("taker_fee_percent", 0.0, 5.0)?,
            bnb_price: self.positive("bnb_price")?,
            half_spread_percent: self.number("half_spread_percent", 0.0, 5.0)?,
            start_balance: self.positive("start_balance")?,
            warmup_bars: self.whole("warmup_bars", 0, 512)?,
        };
        if config.trend_fast >= config.trend_slow {
            let (fast, slow) = (config.trend_fast, config.trend_slow);
            return Err(ConfigError(format!(
                "{}: key `trend_fast` is {fast} and `trend_slow` is {slow}, allowed is trend_fast < trend_slow; change \
                 one of them",
                self.name
            )));
        }
        Ok(config)
    }

    fn value(&self, key: &str) -> &Value {
        self.given.get(key).or_else(|| self.shipped.get(key)).unwrap_or(&Value::Null)
    }

    fn wrong(&self, key: &str, allowed: &str) -> ConfigError {
        let found = shown(self.value(key));
        ConfigError(format!("{}: key `{key}` is {found}, allowed is {allowed}; correct it", self.name))
    }

    fn number(&self, key: &str, least: f64, most: f64) -> Result<f64, ConfigError> {
        let number = self.value(key).as_f64().filter(|x| (least..=most).contains(x));
        number.ok_or_else(|| self.wrong(key, &format!("a number from {least} to {most}")))
    }

    fn positive(&self, key: &str) -> Result<f64, ConfigError> {
        // Below 1e-8 the amount would be zero in fixed point.
        let number = self.value(key).as_f64().filter(|x| (1e-8..=LARGEST_AMOUNT).contains(x));
        number.ok_or_else(|| self.wrong(key, &format!("a number above 0, up to {LARGEST_AMOUNT}")))
    }

    fn stop_loss(&self) -> Result<f64, ConfigError> {
        let key = "stop_loss_percent";
        let number = self.value(key).as_f64().filter(|x| (0.0..100.0).contains(x));
        number.ok_or_else(|| self.wrong(key, "a number from 0 (no stop) to below 100"))
    }

    fn whole(&self, key: &str, least: u32, most: u32) -> Result<u32, ConfigError> {
        let number = self.value(key).as_u64().and_then(|x| u32::try_from(x).ok());
        let number = number.filter(|x| (least..=most).contains(x));
        number.ok_or_else(|| self.wrong(key, &format!("a whole number from {least} to {most}")))
    }

    fn symbols(&self) -> Result<Vec<Symbol>, ConfigError> {
        let key = "symbols";
        let allowed = "a list of 1 to 256 different symbols in capitals, such as [\"BTCUSDT\"]";
        let list = self.value(key).as_array().filter(|list| (1..=MOST_SYMBOLS).contains(&list.len()));
        let mut symbols: Vec<Symbol> = Vec::new();
        for item in list.ok_or_else(|| self.wrong(key, allowed))? {
            let plain = |c: char| c.is_alphanumeric() && !c.is_lowercase() || c == '_';
            let text = item.as_str().filter(|text| (1..=64).contains(&text.len()) && text.chars().all(plain));
            let symbol = Symbol::new(text.ok_or_else(|| self.wrong(key, allowed))?);
            if symbols.contains(&symbol) {
                return Err(self.wrong(key, allowed));
            }
            symbols.push(symbol);
        }
        Ok(symbols)
    }

    fn strategy(&self) -> Result<StrategyName, ConfigError> {
        let named = self.value("strategy").as_str().and_then(StrategyName::parse);
        named.ok_or_else(|| self.wrong("strategy", "\"trend\", \"reversal\" or \"flat\""))
    }

    fn fee_policy(&self) -> Result<FeePolicy, ConfigError> {
        match self.value("fee_policy").as_str() {
            Some("received") => Ok(FeePolicy::Received),
            Some("bnb") => Ok(FeePolicy::Bnb),
            Some("quote") => Ok(FeePolicy::Quote),
            _ => Err(self.wrong("fee_policy", "\"received\", \"bnb\" or \"quote\"")),
        }
    }

    fn speed(&self) -> Result<Speed, ConfigError> {
        let value = self.value("speed");
        let speed = match value.as_str() {
            Some(text) => (text == "max").then_some(Speed::Max),
            None => value.as_f64().and_then(Speed::times),
        };
        speed.ok_or_else(|| self.wrong("speed", Speed::ALLOWED))
    }

    fn sizing(&self) -> Result<Sizing, ConfigError> {
        let value = self.value("sizing");
        if value.as_str() == Some("invest") {
            return Ok(Sizing::Invest);
        }
        let only = value.as_object().filter(|object| object.len() == 1);
        // A decimal string keeps every digit; a number is what most people write.
        let quantity = only.and_then(|object| object.get("fixed")).and_then(|fixed| match fixed.as_str() {
            Some(text) => text.parse().ok(),
            None => fixed.as_f64().and_then(Quantity::from_f64),
        });
        let quantity = quantity.filter(|quantity: &Quantity| quantity.is_positive());
        let allowed = "\"invest\" or {\"fixed\": quantity of the base asset above 0}";
        quantity.map(Sizing::Fixed).ok_or_else(|| self.wrong("sizing", allowed))
    }

    fn redis_url(&self) -> Result<Option<String>, ConfigError> {
        let value = self.value("redis_url");
        if value.is_null() {
            return Ok(None);
        }
        let url = value.as_str().filter(|url| url.starts_with("redis://") || url.starts_with("rediss://"));
        let url = url.ok_or_else(|| self.wrong("redis_url", "null or a URL such as \"redis://localhost:6379\""))?;
        if url.contains('@') {
            // The value itself is not repeated: it may hold a password.
            let text = "key `redis_url` names a user or password, but settings hold no secrets; leave them out";
            return Err(ConfigError(format!("{}: {text}", self.name)));
        }
        Ok(Some(url.to_string()))
    }
}

impl Speed {
    pub const ALLOWED: &str = "a number above 0 (60 = a bar a second) or \"max\"";

    /// `None` unless above zero, finite and below a billion.
    pub fn times(number: f64) -> Option<Speed> {
        (number > 0.0 && number <= LARGEST_SPEED).then_some(Speed::Times(number))
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

fn read(text: &str, name: &str) -> Result<Document, ConfigError> {
    // Some editors put a byte order mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).map_err(|error| {
        let full = error.to_string();
        let what = full.split(" at line ").next().unwrap_or(&full);
        ConfigError(format!(
            "{name}: line {}, column {}: {what}; the settings must be one JSON object",
            error.line(),
            error.column()
        ))
    })
}

fn unknown_key(name: &str, key: &str, shipped: &Document) -> ConfigError {
    let known: Vec<&str> = shipped.0.iter().map(|(key, _)| key.as_str()).collect();
    let near = known.iter().map(|known| (strsim::jaro_winkler(known, key), *known));
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.75);
    let key: String = key.chars().take(60).collect();
    ConfigError(match best {
        Some((_, near)) => format!("{name}: unknown key `{key}`; did you mean `{near}`?"),
        None => format!("{name}: unknown key `{key}`, allowed are {}; remove or rename it", known.join(", ")),
    })
}
