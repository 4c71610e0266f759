//! Settings read from JSON text: the user's document over the shipped one, every key checked.
//!
//! Invariant: what is refused is refused with one sentence that names the key or line, what was found and what is allowed.
//! Absent on purpose: the bounds themselves (`keys`) and files (`config`).

use serde::Deserialize;
use serde_json::Value;

use super::document::{Document, shown};
use super::feeds;
use super::keys;
use super::models;
use super::{Config, ConfigError, EMBEDDED, FeePolicy, InferenceKeys, Rest, RiskKeys, Speed, Theme, UpColor};
use crate::domain::{Quantity, Symbol};
use crate::engine::regime::Mandates;
use crate::engine::risk::settings::StopKind;
use crate::engine::settings::{ExecutionStyle, Sizing, StrategyName};
use crate::inference::Device;

const MOST_SYMBOLS: usize = 256;

pub(super) fn config(text: &str, name: &str) -> Result<Config, ConfigError> {
    let given: Document = read(text, name)?;
    let shipped: Document = read(EMBEDDED, "the built-in config.json")?;
    if let Some((key, _)) = given.0.iter().find(|(key, _)| shipped.get(key).is_none()) {
        return Err(unknown_key(name, key, &shipped));
    }
    Settings { given, shipped, name }.config()
}

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
            regimes: self.regimes()?,
            invest_percent: self.number("invest_percent")?,
            min_trade_size: self.number("min_trade_size")?,
            stop_loss_percent: self.number("stop_loss_percent")?,
            take_profit_percent: self.number("take_profit_percent")?,
            speed: self.speed()?,
            redis_url: self.redis_url()?,
            trend_fast: self.whole("trend_fast")?,
            trend_slow: self.whole("trend_slow")?,
            min_hold_minutes: self.whole("min_hold_minutes")?,
            no_trade_band_percent: self.number("no_trade_band_percent")?,
            sizing: self.sizing()?,
            execution: self.execution()?,
            execution_minutes: self.whole("execution_minutes")?,
            urgency_percent: self.number("urgency_percent")?,
            volume_share_percent: self.number("volume_share_percent")?,
            risk: self.risk()?,
            fee_policy: self.fee_policy()?,
            maker_fee_percent: self.number("maker_fee_percent")?,
            taker_fee_percent: self.number("taker_fee_percent")?,
            bnb_price: self.number("bnb_price")?,
            half_spread_percent: self.number("half_spread_percent")?,
            impact_coefficient: self.number("impact_coefficient")?,
            participation_percent: self.number("participation_percent")?,
            participation_rest: self.participation_rest()?,
            markout_percent: self.number("markout_percent")?,
            latency_ms: self.whole("latency_ms")?,
            start_balance: self.number("start_balance")?,
            warmup_bars: self.whole("warmup_bars")?,
            feeds: feeds::read(self.value("feeds")).map_err(|why| self.refused("feeds", &why))?,
            inference: self.inference()?,
            sentiment_weight_percent: self.number("sentiment_weight_percent")?,
            models: models::read(self.value("models")).map_err(|why| self.refused("models", &why))?,
            edge_multiple: self.number("edge_multiple")?,
            reward_growth: self.number("reward_growth")?,
            reward_sharpe: self.number("reward_sharpe")?,
            reward_turnover: self.number("reward_turnover")?,
            theme: self.theme()?,
            up_color: self.up_color()?,
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

    fn refused(&self, key: &str, why: &str) -> ConfigError {
        ConfigError(format!("{}: key `{key}`: {why}; correct it", self.name))
    }

    fn number(&self, key: &str) -> Result<f64, ConfigError> {
        let allowed = keys::allowed(key);
        let number = self.value(key).as_f64().filter(|x| allowed.is_some_and(|allowed| allowed.contains(*x)));
        number.ok_or_else(|| self.wrong(key, &allowed.map(|allowed| allowed.to_string()).unwrap_or_default()))
    }

    fn whole(&self, key: &str) -> Result<u32, ConfigError> {
        let allowed = keys::allowed(key);
        let number = self.value(key).as_u64().and_then(|x| u32::try_from(x).ok());
        let number = number.filter(|x| allowed.is_some_and(|allowed| allowed.contains(f64::from(*x))));
        number.ok_or_else(|| self.wrong(key, &allowed.map(|allowed| allowed.to_string()).unwrap_or_default()))
    }

    fn risk(&self) -> Result<RiskKeys, ConfigError> {
        let stops = self.value("stops").as_str().and_then(StopKind::parse);
        Ok(RiskKeys {
            shock_halt: self.flag("shock_halt")?,
            shock_stop_percent: self.number("shock_stop_percent")?,
            volatility_target_percent: self.number("volatility_target_percent")?,
            drawdown_floor_percent: self.number("drawdown_floor_percent")?,
            stops: stops.ok_or_else(|| self.wrong("stops", "\"percent\", \"atr\" or \"sigma\""))?,
            stop_multiple: self.number("stop_multiple")?,
            target_multiple: self.number("target_multiple")?,
            trailing_multiple: self.number("trailing_multiple")?,
            max_hold_minutes: self.whole("max_hold_minutes")?,
            daily_loss_percent: self.number("daily_loss_percent")?,
            halt_drawdown_percent: self.number("halt_drawdown_percent")?,
            losing_streak: self.whole("losing_streak")?,
            losing_streak_pause_minutes: self.whole("losing_streak_pause_minutes")?,
            cool_down_minutes: self.whole("cool_down_minutes")?,
            low_profit_percent: self.number("low_profit_percent")?,
            max_exposure_percent: self.number("max_exposure_percent")?,
            max_correlated_percent: self.number("max_correlated_percent")?,
        })
    }

    fn inference(&self) -> Result<InferenceKeys, ConfigError> {
        let named = self.value("onnxruntime");
        let path = named.as_str().filter(|path| !path.is_empty());
        if path.is_none() && !named.is_null() {
            return Err(
                self.wrong("onnxruntime", "null or the path of the library, such as \"/usr/lib/libonnxruntime.so\"")
            );
        }
        let device = self.value("inference_device").as_str().and_then(Device::parse);
        Ok(InferenceKeys {
            onnxruntime: path.map(Into::into),
            onnxruntime_fetch: self.flag("onnxruntime_fetch")?,
            inference_device: device.ok_or_else(|| self.wrong("inference_device", "\"auto\", \"cpu\" or \"cuda\""))?,
            inference_deadline_ms: self.whole("inference_deadline_ms")?,
        })
    }

    fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        self.value(key).as_bool().ok_or_else(|| self.wrong(key, "true or false"))
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
        let names: Vec<String> = StrategyName::ALL.iter().map(|name| format!("\"{}\"", name.as_str())).collect();
        named.ok_or_else(|| self.wrong("strategy", &names.join(", ")))
    }

    fn execution(&self) -> Result<ExecutionStyle, ConfigError> {
        let named = self.value("execution").as_str().and_then(ExecutionStyle::parse);
        let names: Vec<String> = ExecutionStyle::ALL.iter().map(|style| format!("\"{}\"", style.as_str())).collect();
        named.ok_or_else(|| self.wrong("execution", &names.join(", ")))
    }

    /// A regime that is not named has nobody but flat.
    fn regimes(&self) -> Result<Mandates, ConfigError> {
        Mandates::deserialize(self.value("regimes")).map_err(|error| {
            let name = self.name;
            ConfigError(format!(
                "{name}: key `regimes`: {error}; allowed is an object such as {{\"calm\": {{\"trend\": 0.5, \"flat\": 1}}}} \
                 with a prior from 0 to 1 for each strategy that may trade in a regime; correct it"
            ))
        })
    }

    fn fee_policy(&self) -> Result<FeePolicy, ConfigError> {
        match self.value("fee_policy").as_str() {
            Some("received") => Ok(FeePolicy::Received),
            Some("bnb") => Ok(FeePolicy::Bnb),
            Some("quote") => Ok(FeePolicy::Quote),
            _ => Err(self.wrong("fee_policy", "\"received\", \"bnb\" or \"quote\"")),
        }
    }

    fn participation_rest(&self) -> Result<Rest, ConfigError> {
        match self.value("participation_rest").as_str() {
            Some("waits") => Ok(Rest::Waits),
            Some("expires") => Ok(Rest::Expires),
            _ => Err(self.wrong("participation_rest", "\"waits\" or \"expires\"")),
        }
    }

    fn theme(&self) -> Result<Theme, ConfigError> {
        match self.value("theme").as_str() {
            Some("auto") => Ok(Theme::Auto),
            Some("dark") => Ok(Theme::Dark),
            Some("light") => Ok(Theme::Light),
            Some("ansi") => Ok(Theme::Ansi),
            _ => Err(self.wrong("theme", "\"auto\", \"dark\", \"light\" or \"ansi\"")),
        }
    }

    fn up_color(&self) -> Result<UpColor, ConfigError> {
        match self.value("up_color").as_str() {
            Some("green") => Ok(UpColor::Green),
            Some("red") => Ok(UpColor::Red),
            _ => Err(self.wrong("up_color", "\"green\" or \"red\"")),
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

/// Reads one JSON object, as a whole or as its places in the text.
pub(super) fn read<'a, D: Deserialize<'a>>(text: &'a str, name: &str) -> Result<D, ConfigError> {
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
