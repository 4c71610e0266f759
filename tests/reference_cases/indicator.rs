//! Area `indicator`: each row by row, at the indices that the case asks for.

use kestrel::domain::Bar;
use kestrel::market::indicators as ours;
use serde_json::{Value, json};

use super::{Case, Method, series};

pub const METHODS: &[Method] = &[
    method("SMA", |c| with_length(c, ours::Sma::new, ours::Sma::update)),
    method("EMA", |c| with_length(c, ours::Ema::new, ours::Ema::update)),
    method("WMA", |c| with_length(c, ours::Wma::new, ours::Wma::update)),
    method("DEMA", |c| with_length(c, ours::Dema::new, ours::Dema::update)),
    method("TEMA", |c| with_length(c, ours::Tema::new, ours::Tema::update)),
    method("TRIX", |c| with_length(c, ours::Trix::new, ours::Trix::update)),
    method("KAMA", |c| with_length(c, ours::Kama::new, ours::Kama::update)),
    method("RSI", |c| with_length(c, ours::Rsi::new, ours::Rsi::update)),
    method("CMO", |c| with_length(c, ours::Cmo::new, ours::Cmo::update)),
    method("MOM", |c| with_length(c, ours::Mom::new, ours::Mom::update)),
    method("ROC", |c| with_length(c, ours::Roc::new, ours::Roc::update)),
    method("MAX", |c| with_length(c, ours::Max::new, ours::Max::update)),
    method("MIN", |c| with_length(c, ours::Min::new, ours::Min::update)),
    method("LINEARREG_SLOPE", |c| with_length(c, ours::LinearRegSlope::new, ours::LinearRegSlope::update)),
    method("STDDEV", stddev),
    method("PPO", ppo),
    method("MACD", macd),
    method("BBANDS", bbands),
    method("STOCHRSI", stoch_rsi),
    method("CORREL_hl", correl),
    method("TRANGE", |c| of_bars(c, ours::TrueRange::new(), ours::TrueRange::update)),
    method("ATR", |c| of_bars_with_length(c, ours::Atr::new, ours::Atr::update)),
    method("NATR", |c| of_bars_with_length(c, ours::Natr::new, ours::Natr::update)),
    method("PLUS_DI", |c| of_bars_with_length(c, ours::PlusDi::new, ours::PlusDi::update)),
    method("MINUS_DI", |c| of_bars_with_length(c, ours::MinusDi::new, ours::MinusDi::update)),
    method("DX", |c| of_bars_with_length(c, ours::Dx::new, ours::Dx::update)),
    method("ADX", |c| of_bars_with_length(c, ours::Adx::new, ours::Adx::update)),
    method("ADXR", |c| of_bars_with_length(c, ours::Adxr::new, ours::Adxr::update)),
    method("CCI", |c| of_bars_with_length(c, ours::Cci::new, ours::Cci::update)),
    method("MFI", |c| of_bars_with_length(c, ours::Mfi::new, ours::Mfi::update)),
    method("WILLR", |c| of_bars_with_length(c, ours::WillR::new, ours::WillR::update)),
    method("BOP", |c| of_bars(c, ours::Bop::new(), ours::Bop::update)),
    method("OBV", |c| of_bars(c, ours::Obv::new(), ours::Obv::update)),
    method("AD", |c| of_bars(c, ours::Ad::new(), ours::Ad::update)),
    method("VWAP", |c| of_bars(c, ours::Vwap::new(), ours::Vwap::update)),
    method("ADOSC", adosc),
    method("AROON", aroon),
    method("ULTOSC", ultosc),
    method("SAR", sar),
    method("STOCH", stoch),
    method("STOCHF", stochf),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "indicator", name, answer }
}

/// The column that the case names first.
fn column(case: &Case) -> Vec<f64> {
    case.column(case.inputs["columns"][0].as_str().expect("a column's name"))
}

/// One row of values under its name in `expected`.
fn named<const N: usize>(case: &Case, names: [&str; N], rows: &[Option<[f64; N]>]) -> Value {
    let row = |at: usize| rows.iter().map(|values| values.map(|values| values[at])).collect::<Vec<_>>();
    let fields = names.iter().enumerate().map(|(at, name)| (name.to_string(), series(&case.expected[*name], &row(at))));
    Value::Object(fields.collect())
}

fn with_length<T>(case: &Case, new: fn(usize) -> T, update: fn(&mut T, f64) -> Option<f64>) -> Value {
    let mut indicator = new(case.length("timeperiod"));
    let rows: Vec<_> = column(case).into_iter().map(|x| update(&mut indicator, x).map(|y| [y])).collect();
    named(case, ["out"], &rows)
}

fn of_bars<T>(case: &Case, mut indicator: T, update: fn(&mut T, &Bar) -> Option<f64>) -> Value {
    let rows: Vec<_> = case.bars().iter().map(|bar| update(&mut indicator, bar).map(|y| [y])).collect();
    named(case, ["out"], &rows)
}

fn of_bars_with_length<T>(case: &Case, new: fn(usize) -> T, update: fn(&mut T, &Bar) -> Option<f64>) -> Value {
    of_bars(case, new(case.length("timeperiod")), update)
}

/// We hold one kind of average for each of these; another one is a difference, not a guess.
fn has_other_average(case: &Case, name: &str, ours: f64) -> Option<Value> {
    (case.number(name) != ours).then(|| json!(format!("{name} is {}, ours is {ours}", case.number(name))))
}

fn stddev(case: &Case) -> Value {
    let mut indicator = ours::StdDev::new(case.length("timeperiod"), case.number("nbdev"));
    let rows: Vec<_> = column(case).into_iter().map(|x| indicator.update(x).map(|y| [y])).collect();
    named(case, ["out"], &rows)
}

fn ppo(case: &Case) -> Value {
    if let Some(other) = has_other_average(case, "matype", 1.0) {
        return other;
    }
    let mut indicator = ours::Ppo::new(case.length("fastperiod"), case.length("slowperiod"));
    let rows: Vec<_> = column(case).into_iter().map(|x| indicator.update(x).map(|y| [y])).collect();
    named(case, ["out"], &rows)
}

fn macd(case: &Case) -> Value {
    let lengths = ["fastperiod", "slowperiod", "signalperiod"].map(|name| case.length(name));
    let mut indicator = ours::Macd::new(lengths[0], lengths[1], lengths[2]);
    let rows = column(case).into_iter().map(|x| indicator.update(x).map(|v| [v.macd, v.signal, v.histogram]));
    named(case, ["macd", "signal", "hist"], &rows.collect::<Vec<_>>())
}

fn bbands(case: &Case) -> Value {
    if let Some(other) = has_other_average(case, "matype", 0.0) {
        return other;
    }
    let mut indicator = ours::Bbands::new(case.length("timeperiod"), case.number("nbdev"));
    let rows = column(case).into_iter().map(|x| indicator.update(x).map(|v| [v.upper, v.middle, v.lower]));
    named(case, ["upper", "middle", "lower"], &rows.collect::<Vec<_>>())
}

fn stoch_rsi(case: &Case) -> Value {
    if let Some(other) = has_other_average(case, "fastd_matype", 0.0) {
        return other;
    }
    let lengths = ["timeperiod", "fastk_period", "fastd_period"].map(|name| case.length(name));
    let mut indicator = ours::StochRsi::new(lengths[0], lengths[1], lengths[2]);
    let rows = column(case).into_iter().map(|x| indicator.update(x).map(|v| [v.k, v.d]));
    named(case, ["fastk", "fastd"], &rows.collect::<Vec<_>>())
}

fn correl(case: &Case) -> Value {
    let mut indicator = ours::Correl::new(case.length("timeperiod"));
    let pairs = case.column("high").into_iter().zip(case.column("low"));
    let rows: Vec<_> = pairs.map(|(x, y)| indicator.update(x, y).map(|y| [y])).collect();
    named(case, ["out"], &rows)
}

fn adosc(case: &Case) -> Value {
    of_bars(case, ours::AdOsc::new(case.length("fastperiod"), case.length("slowperiod")), ours::AdOsc::update)
}

fn aroon(case: &Case) -> Value {
    let mut indicator = ours::Aroon::new(case.length("timeperiod"));
    let rows: Vec<_> = case.bars().iter().map(|bar| indicator.update(bar).map(|v| [v.down, v.up])).collect();
    named(case, ["down", "up"], &rows)
}

fn ultosc(case: &Case) -> Value {
    of_bars(case, ours::UltOsc::new(case.length("t1"), case.length("t2"), case.length("t3")), ours::UltOsc::update)
}

fn sar(case: &Case) -> Value {
    of_bars(case, ours::Sar::new(case.number("acceleration"), case.number("maximum")), ours::Sar::update)
}

fn stoch(case: &Case) -> Value {
    let other = ["slowk_matype", "slowd_matype"].iter().find_map(|name| has_other_average(case, name, 0.0));
    if let Some(other) = other {
        return other;
    }
    let lengths = ["fastk_period", "slowk_period", "slowd_period"].map(|name| case.length(name));
    let mut indicator = ours::Stoch::new(lengths[0], lengths[1], lengths[2]);
    let rows: Vec<_> = case.bars().iter().map(|bar| indicator.update(bar).map(|v| [v.k, v.d])).collect();
    named(case, ["slowk", "slowd"], &rows)
}

fn stochf(case: &Case) -> Value {
    if let Some(other) = has_other_average(case, "fastd_matype", 0.0) {
        return other;
    }
    let mut indicator = ours::StochF::new(case.length("fastk_period"), case.length("fastd_period"));
    let rows: Vec<_> = case.bars().iter().map(|bar| indicator.update(bar).map(|v| [v.k, v.d])).collect();
    named(case, ["fastk", "fastd"], &rows)
}
