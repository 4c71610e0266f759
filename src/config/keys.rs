//! The keys of the settings as a table: when each takes effect, and what its numbers may be.
//!
//! Invariant: every key of the shipped `config.json` stands here once, in the file's order; a bound stands nowhere else.
//! Absent on purpose: values that are no plain number; `reader` says what those may be.

use std::fmt;

use serde_json::Value;

use super::Config;
use super::document::written;

/// When a changed value is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// In the running program, from the next decision or drawing on.
    Now,
    /// When the program is started again.
    NextStart,
}

/// One key whose value differs between two settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: &'static str,
    /// Values as the file would state them, texts without their quotes.
    pub old: String,
    pub new: String,
    pub effect: Effect,
}

/// What a number may be. Its `Display` completes the sentence "allowed is ...".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    pub least: f64,
    pub most: f64,
    /// The number must stay below `most`.
    pub below_most: bool,
    pub whole: bool,
    /// `%`, `quote` (the quote currency), `bars`, `min`, `ms`, or nothing for a plain number.
    pub unit: &'static str,
    /// What zero means, when it is more than a small number.
    pub zero: Option<&'static str>,
}

struct Key {
    name: &'static str,
    effect: Effect,
    allowed: Option<Allowed>,
}

const LARGEST_AMOUNT: f64 = 1e10;
/// Below this an amount would be zero in fixed point.
const SMALLEST_AMOUNT: f64 = 1e-8;

const INVEST: Allowed = number(0.0, 100.0, "%");
const MIN_TRADE: Allowed = number(0.0, LARGEST_AMOUNT, "quote");
const STOP: Allowed = Allowed { below_most: true, zero: Some("no stop"), ..number(0.0, 100.0, "%") };
const TARGET: Allowed = Allowed { zero: Some("no target"), ..number(0.0, 10_000.0, "%") };
/// Averages are taken over the engine's window.
const AVERAGE: Allowed = whole(1.0, 500.0, "bars");
const HOLD: Allowed = whole(0.0, 1_440.0, "min");
const FEE: Allowed = number(0.0, 5.0, "%");
const IMPACT: Allowed = Allowed { zero: Some("no impact"), ..number(0.0, 10.0, "") };
const PARTICIPATION: Allowed = Allowed { zero: Some("no bound"), ..number(0.0, 100.0, "%") };
const LATENCY: Allowed = whole(0.0, 60_000.0, "ms");
const POSITIVE: Allowed = number(SMALLEST_AMOUNT, LARGEST_AMOUNT, "quote");
const SENTIMENT: Allowed = Allowed { zero: Some("no influence"), ..number(0.0, 100.0, "%") };
const EDGE: Allowed = number(0.0, 100.0, "");
const REWARD: Allowed = number(0.0, 100.0, "");
const DEADLINE: Allowed = whole(1.0, 60_000.0, "ms");
const WARMUP: Allowed = whole(0.0, 512.0, "bars");

const SHOCK_STOP: Allowed = Allowed { below_most: true, zero: Some("stops stay"), ..number(0.0, 100.0, "%") };
const VOLATILITY: Allowed = Allowed { zero: Some("no target"), ..number(0.0, 1_000.0, "%") };
const FLOOR: Allowed = Allowed { below_most: true, zero: Some("no floor"), ..number(0.0, 100.0, "%") };
const STOP_MULTIPLE: Allowed = Allowed { zero: Some("no stop"), ..number(0.0, 100.0, "") };
const TARGET_MULTIPLE: Allowed = Allowed { zero: Some("no target"), ..number(0.0, 100.0, "") };
const TRAILING: Allowed = Allowed { zero: Some("the stop stays"), ..number(0.0, 100.0, "") };
const LONGEST_HOLD: Allowed = Allowed { zero: Some("no limit"), ..whole(0.0, 100_000.0, "min") };
const LIMIT: Allowed = Allowed { zero: Some("no limit"), ..number(0.0, 100.0, "%") };
const STREAK: Allowed = Allowed { zero: Some("no limit"), ..whole(0.0, 1_000.0, "") };
const PAUSE: Allowed = whole(1.0, 10_080.0, "min");
const COOL_DOWN: Allowed = Allowed { zero: Some("no rest"), ..whole(0.0, 10_080.0, "min") };
const CAP: Allowed = Allowed { zero: Some("no limit"), ..number(0.0, 100.0, "%") };

const KEYS: [Key; 60] = [
    key("symbols", Effect::NextStart, None),
    key("strategy", Effect::Now, None),
    key("regimes", Effect::Now, None),
    key("invest_percent", Effect::Now, Some(INVEST)),
    key("min_trade_size", Effect::Now, Some(MIN_TRADE)),
    key("stop_loss_percent", Effect::Now, Some(STOP)),
    key("take_profit_percent", Effect::Now, Some(TARGET)),
    key("speed", Effect::NextStart, None),
    key("redis_url", Effect::NextStart, None),
    key("trend_fast", Effect::Now, Some(AVERAGE)),
    key("trend_slow", Effect::Now, Some(AVERAGE)),
    key("min_hold_minutes", Effect::Now, Some(HOLD)),
    key("no_trade_band_percent", Effect::Now, Some(number(0.0, 100.0, "%"))),
    key("sizing", Effect::Now, None),
    key("execution", Effect::Now, None),
    key("execution_minutes", Effect::Now, Some(whole(1.0, 240.0, "min"))),
    key("urgency_percent", Effect::Now, Some(number(0.0, 100.0, "%"))),
    key("volume_share_percent", Effect::Now, Some(number(1.0, 25.0, "%"))),
    key("shock_halt", Effect::Now, None),
    key("shock_stop_percent", Effect::Now, Some(SHOCK_STOP)),
    key("volatility_target_percent", Effect::Now, Some(VOLATILITY)),
    key("drawdown_floor_percent", Effect::Now, Some(FLOOR)),
    key("stops", Effect::Now, None),
    key("stop_multiple", Effect::Now, Some(STOP_MULTIPLE)),
    key("target_multiple", Effect::Now, Some(TARGET_MULTIPLE)),
    key("trailing_multiple", Effect::Now, Some(TRAILING)),
    key("max_hold_minutes", Effect::Now, Some(LONGEST_HOLD)),
    key("daily_loss_percent", Effect::Now, Some(LIMIT)),
    key("halt_drawdown_percent", Effect::Now, Some(LIMIT)),
    key("losing_streak", Effect::Now, Some(STREAK)),
    key("losing_streak_pause_minutes", Effect::Now, Some(PAUSE)),
    key("cool_down_minutes", Effect::Now, Some(COOL_DOWN)),
    key("low_profit_percent", Effect::Now, Some(LIMIT)),
    key("max_exposure_percent", Effect::Now, Some(CAP)),
    key("max_correlated_percent", Effect::Now, Some(CAP)),
    key("fee_policy", Effect::NextStart, None),
    key("maker_fee_percent", Effect::NextStart, Some(FEE)),
    key("taker_fee_percent", Effect::NextStart, Some(FEE)),
    key("bnb_price", Effect::NextStart, Some(POSITIVE)),
    key("half_spread_percent", Effect::NextStart, Some(number(0.0, 5.0, "%"))),
    key("impact_coefficient", Effect::NextStart, Some(IMPACT)),
    key("participation_percent", Effect::NextStart, Some(PARTICIPATION)),
    key("participation_rest", Effect::NextStart, None),
    key("markout_percent", Effect::NextStart, Some(number(0.0, 5.0, "%"))),
    key("latency_ms", Effect::NextStart, Some(LATENCY)),
    key("start_balance", Effect::NextStart, Some(POSITIVE)),
    key("warmup_bars", Effect::NextStart, Some(WARMUP)),
    key("onnxruntime", Effect::NextStart, None),
    key("onnxruntime_fetch", Effect::NextStart, None),
    key("inference_device", Effect::NextStart, None),
    key("inference_deadline_ms", Effect::NextStart, Some(DEADLINE)),
    key("feeds", Effect::NextStart, None),
    key("sentiment_weight_percent", Effect::Now, Some(SENTIMENT)),
    key("models", Effect::Now, None),
    key("edge_multiple", Effect::Now, Some(EDGE)),
    key("reward_growth", Effect::NextStart, Some(REWARD)),
    key("reward_sharpe", Effect::NextStart, Some(REWARD)),
    key("reward_turnover", Effect::NextStart, Some(REWARD)),
    key("theme", Effect::Now, None),
    key("up_color", Effect::Now, None),
];

const fn key(name: &'static str, effect: Effect, allowed: Option<Allowed>) -> Key {
    Key { name, effect, allowed }
}

const fn number(least: f64, most: f64, unit: &'static str) -> Allowed {
    Allowed { least, most, below_most: false, whole: false, unit, zero: None }
}

const fn whole(least: f64, most: f64, unit: &'static str) -> Allowed {
    Allowed { whole: true, ..number(least, most, unit) }
}

pub(super) fn allowed(name: &str) -> Option<Allowed> {
    KEYS.iter().find(|key| key.name == name).and_then(|key| key.allowed)
}

pub(super) fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let (old, new) = (stated(old), stated(new));
    let differing = KEYS.iter().filter(|key| old[key.name] != new[key.name]);
    differing
        .map(|key| Change { key: key.name, old: text(&old[key.name]), new: text(&new[key.name]), effect: key.effect })
        .collect()
}

/// The settings as one JSON object.
fn stated(config: &Config) -> Value {
    // Settings hold neither maps with odd keys nor numbers that are none, so this cannot fail.
    serde_json::to_value(config).unwrap_or_default()
}

fn text(value: &Value) -> String {
    // A quantity states all its decimals; nobody writes the zeros.
    if let Some(fixed) = value.get("fixed").and_then(Value::as_str).filter(|fixed| fixed.contains('.')) {
        return format!("{{\"fixed\": {}}}", fixed.trim_end_matches('0').trim_end_matches('.'));
    }
    value.as_str().map_or_else(|| written(value), str::to_string)
}

impl Allowed {
    pub fn contains(&self, number: f64) -> bool {
        let above = number >= self.least && (number < self.most || number == self.most && !self.below_most);
        above && (!self.whole || number.fract() == 0.0)
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.whole { "a whole number" } else { "a number" };
        let zero = self.zero.map(|zero| format!(" ({zero})")).unwrap_or_default();
        let to = if self.below_most { "to below" } else { "to" };
        write!(f, "{kind} from {}{zero} {to} {}", self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::super::{Config, EMBEDDED};
    use super::{Effect, KEYS, Value, stated};

    #[test]
    fn the_table_names_the_keys_of_the_shipped_file_and_of_the_settings() {
        let shipped: Document = serde_json::from_str(EMBEDDED).expect("the shipped settings");
        let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names, shipped.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        let Value::Object(held) = stated(&Config::embedded().expect("the shipped settings")) else {
            panic!("settings are an object")
        };
        assert_eq!(held.len(), names.len());
        assert!(names.iter().all(|name| held.contains_key(*name)));
    }

    #[test]
    fn a_range_says_what_it_allows() {
        let said = |key| Config::allowed(key).expect("a number").to_string();
        assert_eq!(said("stop_loss_percent"), "a number from 0 (no stop) to below 100");
        assert_eq!(said("take_profit_percent"), "a number from 0 (no target) to 10000");
        assert_eq!(said("trend_fast"), "a whole number from 1 to 500");
        assert_eq!(said("bnb_price"), "a number from 0.00000001 to 10000000000");
        assert_eq!(Config::allowed("strategy"), None);
        assert_eq!(Config::allowed("no_such_key"), None);
    }

    /// `in_force` is written by hand; here it is held against the table.
    #[test]
    fn what_is_in_force_follows_the_table() {
        let shipped = Config::embedded().expect("the shipped settings");
        let other = r#"{"symbols": ["ETHUSDT"], "strategy": "flat", "regimes": {},
            "invest_percent": 1, "min_trade_size": 11,
            "stop_loss_percent": 1, "take_profit_percent": 1, "speed": 1, "redis_url": "redis://localhost", "trend_fast": 2,
            "trend_slow": 3, "min_hold_minutes": 1, "no_trade_band_percent": 1, "sizing": {"fixed": 1}, "execution": "twap",
            "execution_minutes": 7, "urgency_percent": 7, "volume_share_percent": 7, "fee_policy": "bnb",
            "maker_fee_percent": 1, "taker_fee_percent": 1, "bnb_price": 1, "half_spread_percent": 1, "start_balance": 1,
            "warmup_bars": 1, "theme": "light", "up_color": "red", "impact_coefficient": 1, "participation_percent": 10,
            "participation_rest": "expires", "markout_percent": 1, "latency_ms": 100, "shock_halt": false,
            "shock_stop_percent": 1, "volatility_target_percent": 20, "drawdown_floor_percent": 80, "stops": "sigma",
            "stop_multiple": 1, "target_multiple": 1, "trailing_multiple": 1, "max_hold_minutes": 240,
            "daily_loss_percent": 1, "halt_drawdown_percent": 1, "losing_streak": 1, "losing_streak_pause_minutes": 1,
            "cool_down_minutes": 1, "low_profit_percent": 1, "max_exposure_percent": 50, "max_correlated_percent": 40,
            "sentiment_weight_percent": 1, "models": {}, "edge_multiple": 3, "reward_growth": 2,
            "reward_sharpe": 0.2, "reward_turnover": 0.2, "feeds": {"fear_greed": "default"},
            "onnxruntime": "/lib/onnxruntime.so",
            "onnxruntime_fetch": false, "inference_device": "cpu", "inference_deadline_ms": 100}"#;
        let other = Config::parse(other, "other settings").expect("settings that differ in every key");
        assert_eq!(shipped.changes(&other).len(), KEYS.len());
        let (old, new, in_force) = (stated(&shipped), stated(&other), stated(&shipped.in_force(&other)));
        for key in KEYS {
            let expected = if key.effect == Effect::Now { &new } else { &old };
            assert_eq!(in_force[key.name], expected[key.name], "{}", key.name);
        }
    }
}
