//! What holds for every instrument of `market`: agreement with a plain oracle, no look into the future, no NaN, no drift.
//!
//! Markets are made from seeds: walks on a price grid with still stretches, gaps and bars without volume.

#[path = "market/instruments.rs"]
mod instruments;
#[path = "market/oracle.rs"]
mod oracle;
#[path = "market/turning_points.rs"]
mod turning_points;

use kestrel::domain::{Bar, Time};
use kestrel::market::indicators::{self as ours, batch};
use proptest::prelude::*;

/// A market: its first price, its tick, and for each bar its moves in ticks and its volume.
pub fn markets(bars: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Bar>> {
    let moves = prop_oneof![
        3 => (-8i64..=8, 0i64..=5, 0i64..=5, 0u32..5_000),
        1 => Just((0, 0, 0, 0)),
        1 => (-400i64..=400, 0i64..=90, 0i64..=90, 0u32..90_000),
    ];
    let scale = prop_oneof![Just(1e-8), Just(0.01), Just(10.0)];
    (scale, prop::collection::vec((moves, 0usize..12), bars)).prop_map(|(tick, stretches)| {
        let mut price = 40_000i64;
        let mut bars = Vec::new();
        for ((body, up, down, volume), repeats) in stretches {
            // Mostly one bar of a kind; a still stretch may last.
            for _ in 0..if body == 0 { repeats } else { 1 } {
                let open = price;
                price = (price + body).clamp(500, 4_000_000);
                let (top, bottom) = (open.max(price) + up, (open.min(price) - down).max(1));
                let at = bars.len() as i64;
                bars.push(Bar {
                    open_time: Time::from_millis(at * 60_000),
                    open: open as f64 * tick,
                    high: top as f64 * tick,
                    low: bottom as f64 * tick,
                    close: price as f64 * tick,
                    volume: f64::from(volume) / 100.0,
                });
            }
        }
        bars
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_value_is_finite_and_inside_its_bounds(bars in markets(1..220), length in 2usize..30) {
        for instrument in instruments::all() {
            let mut update = (instrument.make)(length);
            let (least, most) = instrument.bounds;
            for (at, bar) in bars.iter().enumerate() {
                for x in update(bar).into_iter().flatten() {
                    let name = instrument.name;
                    prop_assert!(x.is_finite() && x >= least - 1e-9 && x <= most + 1e-9, "{name}({length}) at {at}: {x}");
                }
            }
        }
    }

    #[test]
    fn a_later_bar_changes_no_earlier_value(bars in markets(2..160), other in markets(2..160), length in 2usize..20, cut in 1usize..150) {
        let cut = cut.min(bars.len());
        let mut changed = bars[..cut].to_vec();
        changed.extend(&other);
        for instrument in instruments::all() {
            let run = |bars: &[Bar]| {
                let mut update = (instrument.make)(length);
                bars.iter().map(update.as_mut()).take(cut).collect::<Vec<_>>()
            };
            prop_assert_eq!(run(&bars), run(&changed), "{}", instrument.name);
        }
        // Batches see whole columns, so they could look.
        let close = |bars: &[Bar]| bars.iter().map(|bar| bar.close).collect::<Vec<_>>();
        let columns = |close: &[f64]| batched(length, close).map(|column| column[..cut].iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        prop_assert_eq!(columns(&close(&bars)), columns(&close(&changed)));
    }

    #[test]
    fn each_equals_its_oracle(bars in markets(1..160), length in 2usize..24) {
        for (instrument, expected) in oracle::pairs() {
            let known = instruments::named(instrument);
            let mut update = (known.make)(length);
            // Rounding is a share of the unit: of percents, of CCI's hundreds, else of the price.
            let unit = match instrument {
                "CCI" => Some(100.0),
                "PPO" | "ROC" => Some(1.0),
                "close_to_close" | "parkinson" | "rogers_satchell" => Some(1e-3),
                _ => known.bounds.1.is_finite().then_some(1.0),
            };
            for (at, bar) in bars.iter().enumerate() {
                let (ours, plain) = (update(bar).map(|values| values[0]), expected(&bars[..=at], length));
                prop_assert_eq!(ours.is_some(), plain.is_some(), "{}({}) at {}", instrument, length, at);
                if let (Some(ours), Some(plain)) = (ours, plain) {
                    let scale = plain.abs().max(unit.unwrap_or(bars[at].close * 1e-3));
                    prop_assert!((ours - plain).abs() <= 1e-8 * scale, "{instrument}({length}) at {at}: {ours}, plain {plain}");
                }
            }
        }
    }

    #[test]
    fn a_batch_is_bit_for_bit_the_streaming_values(bars in markets(0..700), length in 2usize..70) {
        let column = |pick: fn(&Bar) -> f64| bars.iter().map(pick).collect::<Vec<f64>>();
        let (high, low, close) = (column(|bar| bar.high), column(|bar| bar.low), column(|bar| bar.close));
        let [sma, ema, rsi, macd, signal, histogram, upper, middle, lower] = batched(length, &close);
        let mut atr = vec![0.0; close.len()];
        let first = batch::atr(length, &high, &low, &close, &mut atr);
        prop_assert_eq!(first, atr.iter().position(|x| !x.is_nan()).unwrap_or(close.len()));
        let columns = [sma, ema, rsi, macd, signal, histogram, upper, middle, lower, atr];
        let mut streams = (
            ours::Sma::new(length), ours::Ema::new(length), ours::Rsi::new(length),
            ours::Macd::new(length, length + 7, 9), ours::Bbands::new(length, 2.0), ours::Atr::new(length),
        );
        for (at, bar) in bars.iter().enumerate() {
            let macd = streams.3.update(bar.close);
            let bands = streams.4.update(bar.close);
            let values = [
                streams.0.update(bar.close), streams.1.update(bar.close), streams.2.update(bar.close),
                macd.map(|v| v.macd), macd.map(|v| v.signal), macd.map(|v| v.histogram),
                bands.map(|v| v.upper), bands.map(|v| v.middle), bands.map(|v| v.lower),
                streams.5.update(bar),
            ];
            for (number, value) in values.into_iter().enumerate() {
                let batched = columns[number][at];
                // Zero has two bit patterns; all else is equal to the last bit.
                prop_assert!(value.map_or(batched.is_nan(), |x| x == batched), "column {number} at {at}: {value:?}, batch {batched}");
            }
        }
    }
}

/// All batches over closes.
fn batched(length: usize, close: &[f64]) -> [Vec<f64>; 9] {
    let mut columns: [Vec<f64>; 9] = std::array::from_fn(|_| vec![0.0; close.len()]);
    let [sma, ema, rsi, macd, signal, histogram, upper, middle, lower] = &mut columns;
    let firsts = [
        (batch::sma(length, close, sma), length - 1),
        (batch::ema(length, close, ema), length - 1),
        (batch::rsi(length, close, rsi), length),
        (batch::macd((length, length + 7, 9), close, [macd, signal, histogram]), length + 7 + 9 - 2),
        (batch::bbands(length, 2.0, close, [upper, middle, lower]), length - 1),
    ];
    for (first, wanted) in firsts {
        assert_eq!(first, wanted.min(close.len()));
    }
    columns
}

/// A year and more of minutes with a day of absurd prices in it: what is computed afterwards must not remember it.
#[test]
fn a_million_bars_leave_no_error_behind() {
    const BARS: usize = 1_000_000;
    const LENGTH: usize = 20;
    let mut seed = 7u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / (1u64 << 31) as f64
    };
    let mut price = 40_000.0;
    let mut bars: Vec<Bar> = Vec::with_capacity(BARS);
    for at in 0..BARS {
        let open = price;
        price = (price * (1.0 + (random() - 0.5) * 2e-3)).clamp(20_000.0, 80_000.0);
        // One minute in a hundred thousand is a billion times dearer.
        let scale = if at % 100_000 == 50_000 { 1e9 } else { 1.0 };
        let (high, low) = (open.max(price) * (1.0 + random() * 1e-3), open.min(price) * (1.0 - random() * 1e-3));
        let [open, high, low, close] = [open, high, low, price].map(|x| x * scale);
        bars.push(Bar {
            open_time: Time::from_millis(at as i64 * 60_000),
            open,
            high,
            low,
            close,
            volume: random() * 50.0,
        });
    }
    for (name, expected) in oracle::pairs() {
        // What remembers the past by design is compared with its own start elsewhere.
        if ["RSI", "ATR", "CMO", "KAMA", "ADX", "EMA", "DEMA", "MACD", "PPO", "OBV"].contains(&name) {
            continue;
        }
        let mut update = (instruments::named(name).make)(LENGTH);
        let last = bars.iter().fold(None, |_, bar| update(bar)).expect("a value")[0];
        let plain = expected(&bars[BARS - 4 * LENGTH..], LENGTH).expect("a value");
        let scale = plain.abs().max(1.0);
        assert!((last - plain).abs() <= 1e-9 * scale, "{name}: {last} after {BARS} bars, from scratch {plain}");
    }
}

/// The window has left a jump behind, and what is left of it is a millionth of the jump.
#[test]
fn a_jump_that_left_the_window_takes_no_digits_with_it() {
    for jump in [1e3, 1e6, 1e9] {
        let (mut deviation, mut correlation) = (ours::StdDev::new(5, 1.0), ours::Correl::new(5));
        let mut last = (None, None);
        // The sums of the last four are taken about the jump: it was the first of the five before.
        for x in [1.0, 2.0, 3.0, 2.0, 1.0, 1.0 + jump, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 4.0, 2.0] {
            last = (deviation.update(x), correlation.update(x, 7.0 - 2.0 * x));
        }
        let wanted = (4.8f64 / 5.0).sqrt();
        assert!((last.0.expect("a value") - wanted).abs() < 1e-9, "{jump}: {last:?}, wanted {wanted}");
        assert!((last.1.expect("a value") + 1.0).abs() < 1e-9, "{jump}: {last:?}, wanted -1");
    }
}

/// Smoothed values forget: after a million bars they equal those that began ten thousand bars ago.
#[test]
fn smoothed_values_do_not_depend_on_where_they_began_long_ago() {
    const BARS: usize = 1_000_000;
    let price = |at: usize| 40_000.0 + 300.0 * (at as f64 * 0.013).sin() + 20.0 * (at as f64 * 1.7).cos();
    let run = |from: usize| {
        let mut values = (ours::Ema::new(50), ours::Rsi::new(14), ours::Macd::new(12, 26, 9), ours::Kama::new(10));
        let mut last = [0.0; 4];
        for at in from..BARS {
            let x = price(at);
            let updated = (values.0.update(x), values.1.update(x), values.2.update(x), values.3.update(x));
            last = [
                updated.0.unwrap_or(0.0),
                updated.1.unwrap_or(0.0),
                updated.2.map_or(0.0, |value| value.histogram),
                updated.3.unwrap_or(0.0),
            ];
        }
        last
    };
    let (long, short) = (run(0), run(BARS - 10_000));
    for (long, short) in long.iter().zip(short) {
        assert!((long - short).abs() <= 1e-9 * short.abs().max(1.0), "{long} and {short}");
    }
}

/// A total that forgot its small parts would stand still here.
#[test]
fn totals_over_a_million_bars_lose_nothing() {
    let mut total = ours::Obv::new();
    let bar = |close: f64, volume: f64| Bar { open_time: Time(0), open: 1.0, high: 2.0, low: 1.0, close, volume };
    total.update(&bar(1.0, 1e16));
    let mut last = 0.0;
    for at in 0..1_000_000 {
        last = total.update(&bar(1.0 + f64::from(at + 1) * 1e-7, 0.1)).expect("a value");
    }
    assert_eq!(last, 1e16 + 1e5);
}
