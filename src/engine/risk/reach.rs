//! Reach: how far prices go, from the bars that are kept, for stops and targets.
//!
//! Invariant: computed from closed bars alone, and only when somebody asks.
//! Absent on purpose: distances (`barriers`, `stops`), and a running value: a stop is set once a trade.
//! Source: Wilder 1978 for the true range; the plain mean stands for his smoothing, which would remember more than is kept.

use crate::market::BarWindow;

/// Minutes of one range: ranges of single minutes are mostly spread.
const BLOCK: usize = 15;
/// Ranges in the mean.
const BLOCKS: usize = 14;
/// Minutes of returns, and of the move that is measured.
const RETURNS: usize = 240;
const HORIZON: f64 = 60.0;

/// Mean true range of the newest 14 quarters of an hour, in the price's unit; `None` while fewer bars are kept.
pub fn average_range(window: &BarWindow) -> Option<f64> {
    let mut sum = 0.0;
    for block in 0..BLOCKS {
        let newest = block * BLOCK;
        let before = window.back(newest + BLOCK)?.close;
        let (mut high, mut low) = (before, before);
        for age in newest..newest + BLOCK {
            let bar = window.back(age)?;
            (high, low) = (high.max(bar.high), low.min(bar.low));
        }
        sum += high - low;
    }
    Some(sum / BLOCKS as f64)
}

/// Standard deviation of an hour's move as a fraction, from the log returns of the newest four hours around zero; `None`
/// while fewer bars are kept.
pub fn hourly_deviation(window: &BarWindow) -> Option<f64> {
    let mut sum = 0.0;
    for age in 0..RETURNS {
        let (close, before) = (window.back(age)?.close, window.back(age + 1)?.close);
        sum += (close / before).ln().powi(2);
    }
    Some((sum / RETURNS as f64 * HORIZON).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Bar, Price, Time};

    fn window(count: usize, bar: impl Fn(usize) -> (f64, f64, f64)) -> BarWindow {
        let mut window = BarWindow::default();
        for n in 0..count {
            let (high, low, close) = bar(n);
            let open_time = Time::from_millis(n as i64 * 60_000);
            window.push(Bar { open_time, open: close, high, low, close, volume: 1.0 }, Price::ZERO);
        }
        window
    }

    #[test]
    fn the_range_of_a_quarter_holds_its_gap_and_needs_its_bars() {
        assert_eq!(average_range(&window(210, |_| (101.0, 99.0, 100.0))), None);
        assert_eq!(average_range(&window(211, |_| (101.0, 99.0, 100.0))), Some(2.0));
        // A minute's bars stand still, a quarter moves fifteen.
        let steps = average_range(&window(300, |n| (n as f64, n as f64, n as f64)));
        assert_eq!(steps, Some(15.0));
    }

    #[test]
    fn the_deviation_of_an_hour_grows_with_the_root_of_time() {
        let zigzag = window(241, |n| {
            let price = if n % 2 == 0 { 100.0 } else { 100.0 * 0.001_f64.exp() };
            (price, price, price)
        });
        let deviation = hourly_deviation(&zigzag).expect("bars enough");
        assert!((deviation - 0.001 * 60.0_f64.sqrt()).abs() < 1e-9, "{deviation}");
        assert_eq!(hourly_deviation(&window(240, |_| (1.0, 1.0, 1.0))), None);
    }
}
