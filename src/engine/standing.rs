//! `Standing`: how the trading of one symbol stands, as a model sees it that answers by exposures; and what the time since
//! its last decision earned, which is what such a model is taught by.
//!
//! Returns stand in units of the market's own deviation over one decision, so that they are of the order of one in every
//! market; the mean and the mean square of them belong to what is seen, or a reward by the differential Sharpe ratio would
//! depend on what is hidden (Moody and Saffell 1998).
//! Invariant: what is seen at a decision follows from closed bars and own fills before it; every number is finite.
//! Absent on purpose: the market itself (`market::features`), weights of a reward (`training::environment`).

use crate::domain::{Bar, Digest, Span, StateHash, Time};
use crate::market::barriers::BarrierMeter;
use crate::performance::{DifferentialSharpe, DifferentialSharpeSettings};

/// What a model sees of its standing, in the order of an input.
pub const COLUMNS: [&str; 8] = ["exposure", "age", "unrealised", "cost", "sharpe", "roughness", "locked", "wanted"];

/// No number of a row is larger.
const LIMIT: f64 = 5.0;
/// Minutes of an age that count as 1.
const LONG: f64 = 1_440.0;
/// A market does not move less than this a minute, as a fraction.
const LEAST_DEVIATION: f64 = 1e-5;
/// Returns of less than a tenth of the market's deviation count as that much, or being flat would make the next step a leap.
const LEAST_VARIANCE: f64 = 0.01;

#[derive(Debug, Clone)]
pub struct Standing {
    every_minutes: f64,
    meter: BarrierMeter,
    sharpe: DifferentialSharpe,
    before: Option<Before>,
    /// What the time between the last two decisions brought.
    interval: Option<Interval>,
}

/// The desk of a symbol at a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    pub now: Time,
    /// Share of full size that is held, 0 to 1 on spot.
    pub exposure: f64,
    /// What was asked for last, -1 to 1.
    pub wanted: f64,
    /// Realised and unrealised profit since the start, costs off, in quote currency.
    pub profit: f64,
    /// Quote currency that a full size is worth.
    pub capital: f64,
    /// Of the position, as a fraction of its cost; 0 while flat.
    pub unrealised: f64,
    /// Cost of a side as a fraction.
    pub side_cost: f64,
    /// A stop or target was met: no entry until it has asked for nothing.
    pub is_locked: bool,
}

/// From one decision to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Log return of the capital, costs off.
    pub growth: f64,
    /// The market's deviation over one decision, known when the interval began, as a fraction.
    pub deviation: f64,
    /// The differential Sharpe ratio of the growth in deviations; not clipped.
    pub sharpe: f64,
    /// Change of exposure that was carried out, at least 0.
    pub turnover: f64,
}

/// The decision before.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Before {
    exposure: f64,
    profit: f64,
    capital: f64,
    deviation: f64,
    /// When the exposure last changed; `None` before it did.
    changed: Option<Time>,
}

impl Standing {
    /// `rate` is eta of the differential Sharpe ratio, a decision.
    pub fn new(every_minutes: u16, rate: f64) -> Standing {
        // Before anything is known returns are taken to move as the market does.
        let settings =
            DifferentialSharpeSettings { eta: rate, warm_up: 0, variance_floor: LEAST_VARIANCE, clip: f64::INFINITY };
        let sharpe = DifferentialSharpe::new(settings).starting(0.0, 1.0);
        let every_minutes = f64::from(every_minutes.max(1));
        Standing { every_minutes, meter: BarrierMeter::new(), sharpe, before: None, interval: None }
    }

    /// Takes a closed bar.
    #[inline]
    pub fn take(&mut self, bar: &Bar) {
        self.meter.take(bar);
    }

    /// Appends what is seen at a decision to an input; the interval since the last one is closed.
    pub fn observe(&mut self, held: &Held, input: &mut Vec<f32>) {
        let deviation = self.meter.deviation().max(LEAST_DEVIATION) * self.every_minutes.sqrt();
        self.interval = self.before.map(|before| {
            // Capital that is lost altogether has no logarithm.
            let growth = ((held.profit - before.profit) / before.capital.max(f64::MIN_POSITIVE)).max(-0.999).ln_1p();
            let sharpe = self.sharpe.update(bounded(growth / before.deviation));
            let turnover = (held.exposure - before.exposure).abs();
            Interval { growth, deviation: before.deviation, sharpe, turnover }
        });
        let changed = match self.before {
            Some(before) if before.exposure == held.exposure => before.changed,
            Some(_) => Some(held.now),
            None => None,
        };
        let (exposure, profit, capital) = (held.exposure, held.profit, held.capital);
        self.before = Some(Before { exposure, profit, capital, deviation, changed });
        let hour = self.meter.deviation().max(LEAST_DEVIATION) * 60.0_f64.sqrt();
        let age = changed.map_or(1.0, |changed| {
            let minutes = held.now.since(changed).0 as f64 / Span::MINUTE.0 as f64;
            (minutes.max(0.0).ln_1p() / LONG.ln_1p()).min(1.0)
        });
        let row: [f64; COLUMNS.len()] = [
            held.exposure,
            age,
            held.unrealised / hour,
            held.side_cost / deviation,
            self.sharpe.ratio(),
            (self.sharpe.square() - self.sharpe.mean().powi(2)).max(0.0).sqrt(),
            if held.is_locked { 1.0 } else { 0.0 },
            held.wanted,
        ];
        input.extend(row.map(|x| bounded(x) as f32));
    }

    /// What the time between the last two decisions brought; `None` before the second.
    pub fn interval(&self) -> Option<Interval> {
        self.interval
    }
}

fn bounded(x: f64) -> f64 {
    if x.is_finite() { x.clamp(-LIMIT, LIMIT) } else { 0.0 }
}

impl StateHash for Standing {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.meter);
        digest.add(&self.sharpe);
        if let Some(before) = &self.before {
            for x in [before.exposure, before.profit, before.capital, before.deviation] {
                digest.f64(x);
            }
            digest.option(before.changed.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        let mut standing = Standing::new(15, 0.01);
        for minute in 0..600 {
            let close = if minute % 2 == 0 { 100.0 } else { 100.1 };
            let open_time = Time(minute * Span::MINUTE.0);
            standing.take(&Bar { open_time, open: close, high: close, low: close, close, volume: 1.0 });
        }
        standing
    }

    fn held(minute: i64) -> Held {
        Held {
            now: Time(minute * Span::MINUTE.0),
            exposure: 0.0,
            wanted: 0.0,
            profit: 0.0,
            capital: 10_000.0,
            unrealised: 0.0,
            side_cost: 0.001,
            is_locked: false,
        }
    }

    #[test]
    fn a_row_tells_what_is_held_since_when_and_what_a_change_costs() {
        let mut standing = standing();
        let mut row = Vec::new();
        standing.observe(&held(600), &mut row);
        assert_eq!(row.len(), COLUMNS.len());
        assert_eq!((row[0], row[1], standing.interval()), (0.0, 1.0, None));
        // A minute moves 0.1 %, a decision 0.39 %: a side of 0.1 % is about a quarter of that.
        assert!((row[3] - 0.258).abs() < 0.01, "{row:?}");
        row.clear();
        let bought = Held { exposure: 1.0, wanted: 0.9, profit: -10.0, unrealised: -0.001, ..held(615) };
        standing.observe(&bought, &mut row);
        let interval = standing.interval().expect("a second decision");
        assert!((interval.growth - (-0.001_f64).ln_1p()).abs() < 1e-12);
        assert_eq!((interval.turnover, row[0], row[1], row[7]), (1.0, 1.0, 0.0, 0.9));
        assert!(interval.sharpe < 0.0 && row[2] < 0.0 && row[4] < 0.0, "{row:?}");
        row.clear();
        standing.observe(&Held { now: Time(630 * Span::MINUTE.0), ..bought }, &mut row);
        assert!(row[1] > 0.3 && row[1] < 0.5, "a quarter of an hour of a day: {row:?}");
    }

    #[test]
    fn everything_lost_and_markets_that_stand_still_give_finite_rows() {
        let mut standing = Standing::new(1, 0.5);
        let mut row = Vec::new();
        for (minute, profit) in [(0, 0.0), (1, -20_000.0), (2, f64::INFINITY), (3, 0.0)] {
            let lost = Held { profit, capital: 0.0, unrealised: -1.0, ..held(minute) };
            standing.observe(&lost, &mut row);
        }
        assert!(row.iter().all(|x| x.is_finite() && x.abs() <= 5.0), "{row:?}");
    }
}
