//! Settings: defaults, bounds and explanations.

use kestrel::config::{Config, EMBEDDED, Effect, FeePolicy, Speed, Theme, UpColor};
use kestrel::domain::{Money, Ratio, Symbol};
use kestrel::engine::settings::{Sizing, StrategyName};

fn parsed(text: &str) -> Config {
    Config::parse(text, "test.json").unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    match Config::parse(text, "test.json") {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_shipped_settings_are_the_defaults() {
    let config = Config::embedded().expect("the shipped settings");
    assert_eq!(config, parsed(EMBEDDED));
    assert_eq!(config.symbols, [Symbol::new("BTCUSDT")]);
    assert_eq!(config.strategy, StrategyName::Trend);
    assert_eq!(config.speed, Speed::Times(60.0));
    assert_eq!((config.trend_fast, config.trend_slow, config.warmup_bars), (60, 240, 500));
    assert_eq!((config.sizing, config.fee_policy), (Sizing::Invest, FeePolicy::Received));
    assert_eq!(config.invest(), "0.25".parse::<Ratio>().expect("a ratio"));
    assert_eq!(config.half_spread(), "0.00005".parse::<Ratio>().expect("a ratio"));
    assert_eq!(config.start(), "10000".parse::<Money>().expect("an amount"));
    assert_eq!(config.redis_url, None);
    assert_eq!((config.theme, config.up_color), (Theme::Auto, UpColor::Green));
}

#[test]
fn settings_written_as_json_read_back_the_same() {
    let text = r#"{"speed": "max", "sizing": {"fixed": 0.00000001}, "symbols": ["ETHUSDT", "币安人生USDT"],
        "fee_policy": "bnb", "strategy": "flat", "invest_percent": 33.3, "redis_url": "redis://localhost",
        "theme": "ansi", "up_color": "red"}"#;
    let config = parsed(text);
    let written = serde_json::to_string(&config).expect("JSON");
    assert_eq!(parsed(&written), config);
}

#[test]
fn zero_means_no_stop_and_no_target() {
    let config = parsed(r#"{"stop_loss_percent": 0, "take_profit_percent": 0}"#);
    assert_eq!((config.stop_loss(), config.take_profit()), (None, None));
    assert_eq!(parsed("{}").stop_loss(), "0.02".parse().ok());
}

#[test]
fn every_bound_holds_at_its_edges() {
    let good = [
        r#"{"invest_percent": 0}"#,
        r#"{"invest_percent": 100}"#,
        r#"{"stop_loss_percent": 99.99}"#,
        r#"{"speed": 0.5}"#,
        r#"{"speed": "max"}"#,
        r#"{"trend_fast": 499, "trend_slow": 500}"#,
        r#"{"min_hold_minutes": 1440}"#,
        r#"{"warmup_bars": 512}"#,
        r#"{"taker_fee_percent": 5}"#,
        r#"{"sizing": {"fixed": "0.5"}}"#,
    ];
    for text in good {
        parsed(text);
    }
    let bad = [
        ("invest_percent", "100.01"),
        ("invest_percent", "-1"),
        ("invest_percent", "\"25\""),
        ("invest_percent", "null"),
        ("min_trade_size", "-0.1"),
        ("stop_loss_percent", "100"),
        ("take_profit_percent", "-4"),
        ("speed", "0"),
        ("speed", "\"fast\""),
        ("trend_fast", "0"),
        ("trend_fast", "240"),
        ("trend_slow", "501"),
        ("trend_slow", "20.5"),
        ("min_hold_minutes", "1441"),
        ("no_trade_band_percent", "101"),
        ("maker_fee_percent", "5.1"),
        ("half_spread_percent", "-0.005"),
        ("start_balance", "0"),
        ("bnb_price", "0"),
        ("warmup_bars", "513"),
        ("sizing", "{\"fixed\": 0}"),
        ("sizing", "\"all\""),
        ("fee_policy", "\"none\""),
        ("strategy", "\"moon\""),
        ("theme", "\"pink\""),
        ("theme", "null"),
        ("up_color", "\"blue\""),
        ("symbols", "[]"),
        ("symbols", "[\"BTCUSDT\", \"BTCUSDT\"]"),
        ("symbols", "[\"btcusdt\"]"),
        ("redis_url", "\"http://localhost\""),
        ("onnxruntime", "\"\""),
        ("onnxruntime", "true"),
        ("onnxruntime_fetch", "1"),
        ("inference_device", "\"gpu\""),
        ("inference_deadline_ms", "0"),
    ];
    for (key, value) in bad {
        let said = refused(&format!("{{\"{key}\": {value}}}"));
        assert!(said.starts_with("test.json: key `") && said.contains(key) && said.contains("allowed is"), "{said}");
    }
}

#[test]
fn unknown_and_double_keys_are_refused() {
    assert!(refused(r#"{"stop_los_percent": 1}"#).contains("did you mean `stop_loss_percent`?"));
    assert!(refused(r#"{"qqq": 1}"#).contains("allowed are symbols, strategy"));
    let double = refused("{\n\"speed\": 1,\n\"speed\": 2}");
    assert!(double.contains("line 3") && double.contains("`speed` stands there twice"), "{double}");
    assert!(refused("[1]").contains("JSON object"));
}

#[test]
fn a_password_in_the_redis_url_is_refused_and_not_repeated() {
    let said = refused(r#"{"redis_url": "redis://me:hunter2@localhost"}"#);
    assert!(said.contains("redis_url") && !said.contains("hunter2"), "{said}");
}

#[test]
fn each_theme_and_colour_has_its_word() {
    for (word, theme) in [("auto", Theme::Auto), ("dark", Theme::Dark), ("light", Theme::Light), ("ansi", Theme::Ansi)]
    {
        assert_eq!(parsed(&format!("{{\"theme\": \"{word}\"}}")).theme, theme);
    }
    assert_eq!(parsed(r#"{"up_color": "red"}"#).up_color, UpColor::Red);
}

/// Differs from the shipped settings in every key.
const ALL_CHANGED: &str = r#"{"symbols": ["ETHUSDT"], "strategy": "flat", "invest_percent": 30, "min_trade_size": 20,
    "stop_loss_percent": 1, "take_profit_percent": 2.5, "speed": "max", "redis_url": "redis://localhost",
    "trend_fast": 20, "trend_slow": 50, "min_hold_minutes": 5, "no_trade_band_percent": 5, "sizing": {"fixed": 0.5},
    "fee_policy": "bnb", "maker_fee_percent": 0, "taker_fee_percent": 0.2, "bnb_price": 500,
    "half_spread_percent": 0.01, "impact_coefficient": 1, "participation_percent": 10, "participation_rest": "expires",
    "markout_percent": 0.01, "latency_ms": 250, "start_balance": 5000, "warmup_bars": 0, "sentiment_weight_percent": 20,
    "feeds": {"funding": "default"}, "theme": "light", "up_color": "red",
    "onnxruntime": "/lib/onnxruntime.so", "onnxruntime_fetch": false, "inference_device": "cuda",
    "inference_deadline_ms": 250}"#;

#[test]
fn changes_name_each_differing_key_with_both_values_and_when_it_takes_effect() {
    let old = Config::embedded().expect("the shipped settings");
    let new = parsed(ALL_CHANGED);
    assert_eq!(old.changes(&old), []);
    let changes = old.changes(&new);
    assert_eq!(changes.len(), 33);
    let said = |key: &str| {
        let change = changes.iter().find(|change| change.key == key).expect("a changed key");
        (change.old.as_str(), change.new.as_str(), change.effect)
    };
    assert_eq!(said("invest_percent"), ("25", "30", Effect::Now));
    assert_eq!(said("strategy"), ("trend", "flat", Effect::Now));
    assert_eq!(said("sizing"), ("invest", r#"{"fixed": 0.5}"#, Effect::Now));
    assert_eq!(said("symbols"), (r#"["BTCUSDT"]"#, r#"["ETHUSDT"]"#, Effect::NextStart));
    assert_eq!(said("redis_url"), ("null", "redis://localhost", Effect::NextStart));
    let now: Vec<&str> = changes.iter().filter(|c| c.effect == Effect::Now).map(|c| c.key).collect();
    let expected = [
        "strategy",
        "invest_percent",
        "min_trade_size",
        "stop_loss_percent",
        "take_profit_percent",
        "trend_fast",
        "trend_slow",
        "min_hold_minutes",
        "no_trade_band_percent",
        "sizing",
        "sentiment_weight_percent",
        "theme",
        "up_color",
    ];
    assert_eq!(now, expected);
}

#[test]
fn a_running_program_takes_exactly_the_keys_that_take_effect_now() {
    let old = Config::embedded().expect("the shipped settings");
    let new = parsed(ALL_CHANGED);
    let running = old.in_force(&new);
    assert!(old.changes(&running).iter().all(|change| change.effect == Effect::Now));
    assert!(running.changes(&new).iter().all(|change| change.effect == Effect::NextStart));
}

#[test]
fn what_the_editor_is_told_is_what_the_reader_allows() {
    for key in ["invest_percent", "min_trade_size", "stop_loss_percent", "take_profit_percent", "bnb_price"] {
        let allowed = Config::allowed(key).expect("a number");
        let step = allowed.most * 1e-9;
        for number in [allowed.least - step, allowed.least, allowed.most - step, allowed.most, allowed.most + step] {
            let read = Config::parse(&format!("{{\"{key}\": {number}}}"), "test.json");
            assert_eq!(read.is_ok(), allowed.contains(number), "{key} {number}");
        }
    }
    let stop = Config::allowed("stop_loss_percent").expect("a number");
    assert!(stop.below_most && stop.zero == Some("no stop") && stop.unit == "%");
    let slow = Config::allowed("trend_slow").expect("a number");
    assert!(slow.whole && slow.contains(20.0) && !slow.contains(20.5));
}
