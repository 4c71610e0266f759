//! Each column against its definition, computed anew from all bars.

use std::f64::consts::{LN_2, TAU};

use kestrel::domain::Bar;
use kestrel::market::features::Schema;
use kestrel::market::indicators as ours;
use proptest::prelude::*;

use super::{History, histories};

/// The newest bar, its predecessors, and what is usual among them.
struct View<'a> {
    bars: &'a [Bar],
    taker_buy: &'a [Option<f64>],
    unit: f64,
}

impl<'a> View<'a> {
    fn new(history: &'a History, at: usize) -> View<'a> {
        let mut view = View { bars: &history.bars[..=at], taker_buy: &history.taker_buy[..=at], unit: 0.0 };
        let squares: f64 = (0..240).map(|age| view.ret(age, 1).powi(2)).sum();
        view.unit = (squares / 240.0).sqrt().max(1e-5);
        view
    }

    fn back(&self, age: usize) -> &Bar {
        &self.bars[self.bars.len() - 1 - age]
    }

    fn last(&self, n: usize) -> &[Bar] {
        &self.bars[self.bars.len() - n..]
    }

    /// Log return over `n` bars, `age` bars ago.
    fn ret(&self, age: usize, n: usize) -> f64 {
        (self.back(age).close / self.back(age + n).close).ln()
    }

    fn mean(&self, n: usize, of: impl Fn(&Bar) -> f64) -> f64 {
        self.last(n).iter().map(of).sum::<f64>() / n as f64
    }

    fn variance(&self, n: usize, of: impl Fn(usize) -> f64) -> f64 {
        let mean = (0..n).map(&of).sum::<f64>() / n as f64;
        (0..n).map(|age| (of(age) - mean).powi(2)).sum::<f64>() / (n as f64 - 1.0)
    }

    fn extremes(&self, n: usize, age: usize) -> (f64, f64) {
        let window = &self.bars[self.bars.len() - age - n..self.bars.len() - age];
        let high = window.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
        (high, window.iter().map(|bar| bar.low).fold(f64::MAX, f64::min))
    }

    /// The last value of an instrument that sees all closes (or their logs).
    fn instrument(&self, logs: bool, mut update: impl FnMut(f64) -> Option<f64>) -> f64 {
        let closes = self.bars.iter().map(|bar| if logs { bar.close.ln() } else { bar.close });
        closes.fold(None, |_, close| update(close)).expect("enough bars")
    }
}

fn root(n: usize) -> f64 {
    (n as f64).sqrt()
}

fn place(high: f64, low: f64, close: f64) -> f64 {
    if high > low { 2.0 * (close - low) / (high - low) - 1.0 } else { 0.0 }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn basis_points(volatility: f64) -> f64 {
    (volatility * 1e4).max(0.01).ln()
}

fn rogers_satchell(bar: &Bar) -> f64 {
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(f64::ln);
    (high - close) * (high - open) + (low - close) * (low - open)
}

/// By name, for all columns of the full schema but the masks.
fn expected(name: &str, view: &View<'_>) -> f64 {
    let numbers: Vec<usize> = name.split('_').filter_map(|part| part.parse().ok()).collect();
    let n = numbers.first().copied().unwrap_or(0);
    let words: Vec<&str> = name.split('_').filter(|part| part.parse::<usize>().is_err()).collect();
    let (unit, bar) = (view.unit, view.back(0));
    let (range, far) = (bar.high - bar.low, unit * root(n));
    let of_range = |x: f64| if range > 0.0 { x / range } else { 0.0 };
    match words.join("_").as_str() {
        "ret" => 1000.0 * view.ret(0, n) / root(n),
        "ret_vol" => view.ret(0, n) / far,
        "vol_pk" => basis_points(view.mean(n, |b| (b.high / b.low).ln().powi(2) / (4.0 * LN_2)).sqrt()),
        "vol_gk" => {
            let term =
                |b: &Bar| 0.5 * (b.high / b.low).ln().powi(2) - (2.0 * LN_2 - 1.0) * (b.close / b.open).ln().powi(2);
            basis_points(view.mean(n, term).sqrt())
        }
        "vol_yz" => {
            let opening = view.variance(n, |age| (view.back(age).open / view.back(age + 1).close).ln());
            let body = view.variance(n, |age| (view.back(age).close / view.back(age).open).ln());
            let k = 0.34 / (1.34 + (n as f64 + 1.0) / (n as f64 - 1.0));
            basis_points((opening + k * body + (1.0 - k) * view.mean(n, rogers_satchell)).sqrt())
        }
        "vol_ewma" => {
            let (mut average, mut before) = (ours::Ema::new(n), None::<f64>);
            let of_squares = |log: f64| {
                let r = log - before.replace(log)?;
                average.update(r * r)
            };
            basis_points(view.instrument(true, of_squares).sqrt())
        }
        "rsi" => {
            let mut rsi = ours::Rsi::new(n);
            let moved = view.bars.windows(2).any(|pair| pair[0].close != pair[1].close);
            if moved { view.instrument(false, |x| rsi.update(x)) / 50.0 - 1.0 } else { 0.0 }
        }
        "macd" => {
            let mut macd = ours::Macd::new(numbers[0], numbers[1], numbers[2]);
            view.instrument(true, |x| macd.update(x).map(|value| value.histogram)) / unit
        }
        "bb_place" | "bb_width" => {
            let mean = view.mean(n, |b| b.close.ln());
            let deviation = view.mean(n, |b| (b.close.ln() - mean).powi(2)).sqrt();
            let still = view.stands_still(n);
            let (place, width) = match still {
                true => (0.0, 0.0),
                false => ((bar.close.ln() - mean) / (2.0 * deviation), 4.0 * deviation / far),
            };
            if words[1] == "place" { place } else { width.max(0.01).ln() }
        }
        "adx" => {
            let mut adx = ours::Adx::new(n);
            view.bars.iter().fold(None, |_, bar| adx.update(bar)).expect("enough bars") / 100.0
        }
        "di" => {
            let mut both = ours::Directional::new(n);
            let value = view.bars.iter().fold(None, |_, bar| both.update(bar)).expect("enough bars");
            (value.plus - value.minus) / 100.0
        }
        "stoch" => {
            let at = |age: usize| {
                let (high, low) = view.extremes(n, age);
                place(high, low, view.back(age).close)
            };
            (0..numbers[1]).map(at).sum::<f64>() / numbers[1] as f64
        }
        "ema_dist" => {
            let mut average = ours::Ema::new(n);
            (bar.close.ln() - view.instrument(true, |x| average.update(x))) / far
        }
        "sma_dist" => (bar.close.ln() - view.mean(n, |b| b.close.ln())) / far,
        "to_high" => (view.extremes(n, 0).0 / bar.close - 1.0) / far,
        "to_low" => (1.0 - view.extremes(n, 0).1 / bar.close) / far,
        "body" => of_range(bar.close - bar.open),
        "upper_wick" => of_range(bar.high - bar.open.max(bar.close)),
        "lower_wick" => of_range(bar.open.min(bar.close) - bar.low),
        "range" => (1.0 + range / (bar.close * unit)).ln(),
        "volume" => match view.mean(n, |b| b.volume) {
            0.0 => 0.0,
            mean => (bar.volume / mean).max(0.01).ln(),
        },
        "money_flow" => {
            let signed = view.mean(n, |b| b.volume * place(b.high, b.low, b.close));
            share(signed, view.mean(n, |b| b.volume))
        }
        "day_sin" => (TAU * bar.open_time.millis() as f64 / 86_400e3).sin(),
        "day_cos" => (TAU * bar.open_time.millis() as f64 / 86_400e3).cos(),
        // The third of January 1970 was a Saturday, the fifth a Monday.
        "week_sin" => (TAU * (bar.open_time.millis() as f64 / 86_400e3 - 4.0) / 7.0).sin(),
        "week_cos" => (TAU * (bar.open_time.millis() as f64 / 86_400e3 - 4.0) / 7.0).cos(),
        "gap" => ((minutes(view, 0, 1) - 1.0).ln_1p() / 1441f64.ln()).min(1.0),
        "missing" => 1.0 - n as f64 / minutes(view, 0, n),
        "taker" => {
            let told = &view.taker_buy[view.taker_buy.len() - n..];
            let Some(bought) = told.iter().copied().sum::<Option<f64>>() else { return 0.0 };
            let all: f64 = view.last(n).iter().map(|b| b.volume).sum();
            share(2.0 * bought - all, all)
        }
        other => panic!("no definition of {other}"),
    }
}

impl View<'_> {
    fn stands_still(&self, n: usize) -> bool {
        self.last(n).iter().all(|bar| bar.close == self.back(0).close)
    }
}

/// From the bar `n` before to the one `age` bars ago.
fn minutes(view: &View<'_>, age: usize, n: usize) -> f64 {
    view.back(age).open_time.since(view.back(age + n).open_time).0 as f64 / 60e6
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_column_is_what_its_definition_says(history in histories(250..400)) {
        let schema = Schema::full();
        let rows = history.observed(&schema);
        for at in (rows.first_ready()..rows.rows()).step_by(7) {
            let view = View::new(&history, at);
            for (place, column) in schema.columns().iter().enumerate() {
                let ours = f64::from(rows.row(at)[place]);
                let wanted = match column.name.as_str() {
                    "warming" => 0.0,
                    name => match name.strip_suffix("_absent") {
                        Some(masked) => f64::from(u8::from(is_absent(masked, &view))),
                        None => expected(name, &view).clamp(-100.0, 100.0),
                    },
                };
                let near = 1e-4 * wanted.abs().max(1.0);
                prop_assert!((ours - wanted).abs() <= near, "{} at {at}: {ours}, by definition {wanted}", column.name);
            }
        }
    }

    #[test]
    fn a_column_is_zero_until_it_is_known_and_warming_tells_so(history in histories(1..250)) {
        let schema = Schema::full();
        let rows = history.observed(&schema);
        let warming = schema.position("warming").expect("the flag");
        let long = schema.position("ret_240").expect("a column");
        for at in 0..rows.rows() {
            prop_assert_eq!(rows.row(at)[warming], if at + 1 < schema.warm_up() { 1.0 } else { 0.0 });
            prop_assert!(at >= 240 || rows.row(at)[long] == 0.0);
        }
    }
}

fn is_absent(name: &str, view: &View<'_>) -> bool {
    let n: usize = name.trim_start_matches("taker_").parse().expect("a length");
    view.taker_buy[view.taker_buy.len() - n..].iter().any(Option::is_none)
}
