//! Samples: what was observed, what came of it, and what is never crossed.

use kestrel::domain::{Bar, Span, Symbol, Time};
use kestrel::market::barriers::{BarrierMeter, Barriers, Touch};
use kestrel::market::features::{Observer, Schema};
use kestrel::training::{Collector, Dataset, DatasetSettings};

const FIRST: i64 = 1_700_000_040_000_000 / 60_000_000;

pub fn settings(every_minutes: u16, rows: u16) -> DatasetSettings {
    DatasetSettings {
        schema: Schema::ohlcv(),
        every_minutes,
        rows,
        barriers: Barriers { horizon_minutes: 120, deviations: 1.5, least_width: 0.004 },
        side_cost: 0.001,
        most_rows: usize::MAX,
    }
}

/// Waves of three lengths.
pub fn bars(count: usize) -> Vec<Bar> {
    let price =
        |at: f64| 100.0 * (1.0 + 0.01 * (at / 90.0).sin() + 0.004 * (at / 7.0).sin() + 0.02 * (at / 900.0).cos());
    let bar = |at: usize| {
        let (open, close) = (price(at as f64), price(at as f64 + 1.0));
        let open_time = Time((FIRST + at as i64) * Span::MINUTE.0);
        let (high, low) = (open.max(close) * 1.0003, open.min(close) * 0.9997);
        Bar { open_time, open, high, low, close, volume: 5.0 + (at % 17) as f64 }
    };
    (0..count).map(bar).collect()
}

pub fn collected(bars: &[Bar], settings: DatasetSettings) -> Dataset {
    let mut collector = Collector::new(settings, &[Symbol::new("BTCUSDT")]);
    bars.iter().for_each(|bar| collector.take(0, bar, None));
    collector.finish()
}

pub fn wavy(count: usize, every_minutes: u16, rows: u16) -> Dataset {
    collected(&bars(count), settings(every_minutes, rows))
}

/// Each sample as somebody would work it out with all bars before him.
#[test]
fn samples_are_what_a_plain_reading_of_the_bars_gives() {
    let bars = bars(6_000);
    let data = collected(&bars, settings(15, 1));
    let mut observer = Observer::new(&Schema::ohlcv());
    let mut meter = BarrierMeter::new();
    let mut wanted = Vec::new();
    for (at, bar) in bars.iter().enumerate() {
        let row = observer.take(bar).to_vec();
        meter.take(bar);
        let decided = bar.open_time.plus(Span::MINUTE);
        if !observer.is_ready() || decided.0 / Span::MINUTE.0 % 15 != 0 {
            continue;
        }
        let width = data.settings().barriers.width(meter.deviation());
        let Some(next) = bars.get(at + 1) else { continue };
        let later = &bars[at + 1..bars.len().min(at + 121)];
        let mut exit = None;
        for (minute, bar) in later.iter().enumerate() {
            let price = if bar.low <= next.open * (1.0 - width) {
                next.open * (1.0 - width)
            } else if bar.high >= next.open * (1.0 + width) {
                next.open * (1.0 + width)
            } else if minute == 119 {
                bar.close
            } else {
                continue;
            };
            exit = Some((price / next.open - 1.0, bar.open_time.plus(Span::MINUTE)));
            break;
        }
        wanted.extend(exit.map(|(gross, ends)| (decided, ends, gross, row)));
    }
    assert!(wanted.len() > 200, "{}", wanted.len());
    assert_eq!(data.samples().len(), wanted.len());
    for (sample, (decided, ends, gross, row)) in data.samples().iter().zip(&wanted) {
        assert_eq!((sample.decided, sample.ends), (*decided, *ends));
        assert!((sample.gross - gross).abs() < 1e-12);
        assert_eq!(sample.is_good, *gross > 0.002);
        assert_eq!(data.window(sample), row.as_slice());
    }
    assert!(data.samples().iter().any(|sample| sample.touch == Touch::Upper && sample.is_good));
    assert!(data.samples().iter().any(|sample| sample.touch == Touch::Lower && !sample.is_good));
}

#[test]
fn a_sample_does_not_change_when_later_bars_are_taken_away() {
    let bars = bars(6_000);
    let (all, fewer) = (collected(&bars, settings(5, 3)), collected(&bars[..4_000], settings(5, 3)));
    let known: Vec<_> = all.samples().iter().filter(|s| s.ends <= bars[3_999].open_time.plus(Span::MINUTE)).collect();
    assert_eq!(known.len(), fewer.samples().len());
    for (one, other) in known.iter().zip(fewer.samples()) {
        assert_eq!(
            (one.decided, one.ends, one.gross, one.width),
            (other.decided, other.ends, other.gross, other.width)
        );
        assert_eq!(all.window(one), fewer.window(other));
    }
}

#[test]
fn neither_windows_nor_trades_reach_across_a_gap() {
    let mut bars = bars(6_000);
    let (before, after) = (bars[2_999].open_time, bars[3_040].open_time);
    bars.drain(3_000..3_040);
    let data = collected(&bars, settings(5, 12));
    let opens = after.plus(Span(11 * 5 * Span::MINUTE.0));
    for sample in data.samples() {
        assert!(sample.ends <= before.plus(Span::MINUTE) || sample.decided > opens, "{:?}", sample.decided);
    }
    assert_eq!(data.extents()[0].gaps, 1);
    assert!(data.extents()[0].cut > 12);
    let whole = wavy(6_000, 5, 12);
    assert!(whole.samples().len() > data.samples().len() + 20);
}

#[test]
fn a_window_ends_with_the_newest_row_and_holds_those_before() {
    let (one, many) = (wavy(6_000, 5, 1), wavy(6_000, 5, 4));
    let width = Schema::ohlcv().width();
    assert_eq!(many.input_len(), 4 * width);
    assert_eq!(one.samples().len(), many.samples().len() + 3);
    // At the end of the bars some decisions are no samples, for their trades had not ended.
    let last = many.samples()[many.samples().len() - 1].decided.minus(Span(120 * Span::MINUTE.0));
    for (at, sample) in many.samples().iter().enumerate().take_while(|(_, sample)| sample.decided < last) {
        let rows: Vec<f32> = (0..4).flat_map(|row| one.window(&one.samples()[at + row]).to_vec()).collect();
        assert_eq!(many.window(sample), rows);
    }
}

#[test]
fn what_is_too_much_to_keep_goes_oldest_first() {
    let few = collected(&bars(9_000), DatasetSettings { most_rows: 600, ..settings(5, 4) });
    let all = wavy(9_000, 5, 4);
    assert!(few.rows() <= 600 && few.forgotten() > 0);
    assert_eq!(few.rows() as u64 + few.forgotten(), all.rows() as u64);
    let newest = &all.samples()[all.samples().len() - few.samples().len()..];
    for (one, other) in newest.iter().zip(few.samples()) {
        assert_eq!((one.decided, one.ends, one.gross), (other.decided, other.ends, other.gross));
        assert_eq!(all.window(one), few.window(other));
    }
}

#[test]
fn overlapping_trades_share_their_weight() {
    let data = wavy(6_000, 5, 1);
    for (at, sample) in data.samples().iter().enumerate().step_by(37) {
        let under_way =
            |minute: i64| data.samples().iter().filter(|s| s.decided.0 <= minute && minute < s.ends.0).count() as f64;
        let minutes: Vec<i64> = (sample.decided.0..sample.ends.0).step_by(Span::MINUTE.0 as usize).collect();
        let mean = minutes.iter().map(|m| 1.0 / under_way(*m)).sum::<f64>() / minutes.len() as f64;
        assert!((f64::from(sample.weight) - mean).abs() < 1e-6, "{at}: {} {mean}", sample.weight);
    }
    let alone = wavy(6_000, 120, 1);
    assert!(alone.samples().iter().all(|sample| sample.weight == 1.0));
}
