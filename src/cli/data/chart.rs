//! A candle chart as lines of text.
//!
//! Invariant: at most `WIDTH` columns and `HEIGHT` lines; every line has the same width.
//! Absent on purpose: colours, which a pipe would not want.

use crate::store::buckets::Bucket;

/// Candles side by side.
pub const WIDTH: usize = 72;
const HEIGHT: usize = 16;

/// Candles with prices on the right: `│` low to high, `█` a rising body, `▒` a falling one. Empty without candles.
pub fn candles(candles: &[Bucket]) -> Vec<String> {
    let shown = &candles[candles.len().saturating_sub(WIDTH)..];
    let low = shown.iter().map(|candle| candle.bar.low).fold(f64::INFINITY, f64::min);
    let high = shown.iter().map(|candle| candle.bar.high).fold(f64::NEG_INFINITY, f64::max);
    if shown.is_empty() {
        return Vec::new();
    }
    let height = (high - low).max(f64::MIN_POSITIVE);
    // Lines count from the top.
    let line = |price: f64| (((high - price) / height * HEIGHT as f64) as usize).min(HEIGHT - 1);
    let mut lines = vec![String::new(); HEIGHT];
    for candle in shown {
        let bar = &candle.bar;
        let is_rising = bar.close >= bar.open;
        let body = line(bar.open.max(bar.close))..=line(bar.open.min(bar.close));
        let wick = line(bar.high)..=line(bar.low);
        for (at, text) in lines.iter_mut().enumerate() {
            text.push(match (body.contains(&at), wick.contains(&at)) {
                (true, _) if is_rising => '█',
                (true, _) => '▒',
                (false, true) => '│',
                (false, false) => ' ',
            });
        }
    }
    let price = |at: usize| high - (at as f64 + 0.5) / HEIGHT as f64 * height;
    let labels: Vec<String> =
        (0..HEIGHT).map(|at| if at % 5 == 0 { number(price(at)) } else { String::new() }).collect();
    let widest = labels.iter().map(String::len).max().unwrap_or(0);
    lines.iter().zip(labels).map(|(text, label)| format!("{text} ┤{label:>widest$}")).collect()
}

/// A price or volume with about six digits, and no zeros at its end.
pub fn number(x: f64) -> String {
    let places = match x.abs() {
        size if size >= 1_000.0 => 2,
        size if size >= 1.0 => 4,
        _ => 8,
    };
    let text = format!("{x:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::{HEIGHT, WIDTH, candles};
    use crate::domain::{Bar, Time};
    use crate::store::buckets::Bucket;

    fn candle(open: f64, high: f64, low: f64, close: f64) -> Bucket {
        Bucket { bar: Bar { open_time: Time(0), open, high, low, close, volume: 1.0 }, bars: 1 }
    }

    #[test]
    fn candles_reach_from_low_to_high_and_show_their_direction() {
        let lines = candles(&[candle(1.0, 16.0, 1.0, 8.0), candle(8.0, 9.0, 2.0, 2.0)]);
        assert_eq!(lines.len(), HEIGHT);
        let column = |at: usize| lines.iter().map(|line| line.chars().nth(at).unwrap_or('?')).collect::<String>();
        assert_eq!(column(0), "││││││││████████");
        assert_eq!(column(1), "       │▒▒▒▒▒▒▒ ");
    }

    #[test]
    fn any_prices_fit_into_the_chart() {
        let flat = candle(5.0, 5.0, 5.0, 5.0);
        let wild = candle(1e-8, 1e12, 1e-8, 1e12);
        for many in [vec![flat; 500], vec![wild], vec![flat, wild], Vec::new()] {
            let lines = candles(&many);
            let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
            assert!(widths.iter().all(|width| *width == widths[0] && *width < WIDTH + 24), "{widths:?}");
        }
    }
}
