//! `Observer`: closed bars of one symbol in, rows of numbers out, one for each bar.
//!
//! Invariant: O(1) a bar (amortised) and no allocation after construction.
//! Absent on purpose: a forming bar; several symbols (an observer each).

use super::feature::{LEAST_VOLATILITY, VOLATILITY_BARS};
use super::gauge::{Gauge, Minute};
use super::schema::Schema;
use crate::domain::{Bar, Time};
use crate::market::indicators::running::FlowSum;

/// What a model sees of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Observer {
    /// With their numbers of columns.
    gauges: Vec<(Gauge, usize)>,
    /// Open time and log close of the newest bar.
    last: Option<(Time, f64)>,
    squares: FlowSum,
    row: Vec<f32>,
    seen: usize,
    warm_up: usize,
}

impl Observer {
    pub fn new(schema: &Schema) -> Observer {
        Observer {
            gauges: schema.features().iter().map(|feature| (Gauge::new(*feature), feature.columns().len())).collect(),
            last: None,
            squares: FlowSum::new(VOLATILITY_BARS),
            row: vec![0.0; schema.width()],
            seen: 0,
            warm_up: schema.warm_up(),
        }
    }

    /// Takes the newest closed bar and gives back its row, in the order of the schema's columns. What takers did is
    /// absent. Bars have passed `Bar::validate` and come in the order of time.
    pub fn take(&mut self, bar: &Bar) -> &[f32] {
        self.take_with(bar, None)
    }

    /// As `take`, with the volume that takers bought, where it is known; what cannot be a volume is absent.
    pub fn take_with(&mut self, bar: &Bar, taker_buy: Option<f64>) -> &[f32] {
        let minute = self.minute(bar, taker_buy);
        let mut rest = self.row.as_mut_slice();
        for (gauge, width) in &mut self.gauges {
            let (out, after) = rest.split_at_mut(*width);
            gauge.update(&minute, out);
            rest = after;
        }
        self.seen = self.seen.saturating_add(1);
        if let [warming] = rest {
            *warming = if self.seen < self.warm_up { 1.0 } else { 0.0 };
        }
        &self.row
    }

    /// The newest row; zeros before the first bar.
    pub fn row(&self) -> &[f32] {
        &self.row
    }

    /// True when the newest row is complete.
    pub fn is_ready(&self) -> bool {
        self.seen >= self.warm_up
    }

    /// Bars until the first complete row, itself counted.
    pub fn warm_up(&self) -> usize {
        self.warm_up
    }

    /// What several gauges ask of the newest bar.
    fn minute<'a>(&mut self, bar: &'a Bar, taker_buy: Option<f64>) -> Minute<'a> {
        let log_close = bar.close.ln();
        let before = self.last.replace((bar.open_time, log_close));
        let log_return = before.map(|(_, log_before)| log_close - log_before);
        let squares = log_return.and_then(|r| self.squares.update(r * r));
        let missing = before.map_or(0.0, |(time, _)| minutes(bar.open_time.since(time).0) - 1.0);
        Minute {
            bar,
            log_close,
            log_return,
            volatility: squares.map(|sum| (sum / VOLATILITY_BARS as f64).sqrt().max(LEAST_VOLATILITY)),
            missing: missing.max(0.0),
            taker_buy: taker_buy.filter(|buy| (0.0..f64::INFINITY).contains(buy)),
        }
    }
}

fn minutes(microseconds: i64) -> f64 {
    microseconds as f64 / Bar::INTERVAL.0 as f64
}
