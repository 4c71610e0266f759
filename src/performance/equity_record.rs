//! `EquityRecord`: one line of equity (of a strategy or of a baseline) with everything that is measured on it.
//!
//! Invariant: constant memory but for one row a day and the bounded curve; figures are hidden under the length they need.
//! Absent on purpose: trades and costs.

use serde::Serialize;

use super::bootstrap::{block_length, intervals};
use super::daily::{DAYS_A_YEAR, DailyReturn, DailyReturns, changes};
use super::figure::{Figure, Hidden, Interval, Shown, enough};
use super::sharpe::MINIMUM_DAYS;
use super::tails::{Sorted, TAIL};
use super::track_record::TrackRecord;
use super::{Curve, Fall, Underwater, growth, ratios};
use crate::domain::{Seed, Span, Time};

/// Fewest daily returns for figures of the worst 5 %: five of them lie in that tail.
pub const TAIL_DAYS: u64 = 100;
/// Confidence that the minimum track record reaches.
pub const CONFIDENCE: f64 = 0.95;

/// A fold over samples of equity in time order.
#[derive(Debug, Clone, PartialEq)]
pub struct EquityRecord {
    start: f64,
    end: f64,
    first: Time,
    water: Underwater,
    daily: DailyReturns,
    curve: Curve,
}

impl EquityRecord {
    /// `start` is the equity at `time`, before the first sample.
    pub fn new(time: Time, start: f64) -> EquityRecord {
        EquityRecord {
            start,
            end: start,
            first: time,
            water: Underwater::new(time, start),
            daily: DailyReturns::new(start),
            curve: Curve::default(),
        }
    }

    #[inline]
    pub fn sample(&mut self, time: Time, equity: f64) {
        self.end = equity;
        let depth = self.water.sample(time, equity);
        self.daily.sample(time, equity);
        self.curve.sample(time, equity, depth);
    }

    pub fn finish(self, seed: Seed) -> EquityFigures {
        let days = self.daily.finish();
        let samples = self.water.samples();
        let total =
            if self.start > 0.0 { Figure::of(self.end / self.start - 1.0, samples) } else { Err(Hidden::NoCapital) };
        EquityFigures {
            first: self.first,
            last: self.water.last(),
            start: self.start,
            end: self.end,
            total_return: total,
            max_drawdown: self.water.depth(),
            fall: self.water.worst(),
            longest_underwater: self.water.longest(),
            ulcer_index: self
                .water
                .ulcer_index()
                .map_or(Err(Hidden::TooShort { have: 0, need: 1 }), |index| Figure::of(index, samples)),
            daily: DailyFigures::of(&changes(&days), self.water.depth(), seed),
            days,
            curve: self.curve,
        }
    }
}

/// What one line of equity shows. Ratios are fractions, money is in the quote currency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EquityFigures {
    pub first: Time,
    pub last: Time,
    pub start: f64,
    pub end: f64,
    /// Sample: bars.
    pub total_return: Shown,
    /// On all samples, zero or negative.
    pub max_drawdown: f64,
    pub fall: Option<Fall>,
    pub longest_underwater: Span,
    /// Sample: bars.
    pub ulcer_index: Shown,
    pub daily: DailyFigures,
    pub days: Vec<DailyReturn>,
    #[serde(skip)]
    pub curve: Curve,
}

/// What daily returns show. The sample of each figure is the number of days; years have 365.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DailyFigures {
    pub annual_return: Shown,
    pub annual_volatility: Shown,
    pub sharpe: Shown,
    pub sortino: Shown,
    /// Yearly return over the maximum drawdown of all samples.
    pub calmar: Shown,
    pub omega: Shown,
    pub tail_ratio: Shown,
    /// Of one day, at 5 %; losses are negative.
    pub value_at_risk: Shown,
    /// Mean of the worst 5 % of days.
    pub expected_shortfall: Shown,
    pub skewness: Shown,
    /// 3 for a normal distribution.
    pub kurtosis: Shown,
    /// PSR against zero.
    pub probability_of_skill: Shown,
    /// Days until `probability_of_skill` reaches [`CONFIDENCE`], if the ratio stays as it is.
    pub minimum_track_record: Shown,
}

impl DailyFigures {
    pub fn of(returns: &[f64], max_drawdown: f64, seed: Seed) -> DailyFigures {
        let n = returns.len() as u64;
        let shown = |value: Option<f64>, need: u64, without: Hidden| {
            enough(n, need)?;
            Figure::of(value.ok_or(without)?, n)
        };
        let daily = |value, without| shown(value, MINIMUM_DAYS, without);
        let tail = |value| shown(value, TAIL_DAYS, Hidden::Undefined);
        let [growth, volatility, sharpe, sortino, omega] = resampled(returns, seed);
        let annual_return = growth::annual_return(returns, DAYS_A_YEAR);
        let calmar = annual_return
            .map_or(Err(Hidden::NoCapital), |annual| daily(ratios::calmar(annual, max_drawdown), Hidden::NoDrawdown));
        let record = TrackRecord::of(returns);
        let of_record = |value: &dyn Fn(&TrackRecord) -> Option<f64>, without| {
            daily(record.as_ref().and_then(value), if record.is_some() { without } else { Hidden::NoVariance })
        };
        let sorted = Sorted::of(returns);
        DailyFigures {
            annual_return: with(daily(annual_return, Hidden::NoCapital), growth),
            annual_volatility: with(
                daily(growth::annual_volatility(returns, DAYS_A_YEAR), Hidden::NoVariance),
                volatility,
            ),
            sharpe: with(daily(ratios::sharpe(returns, DAYS_A_YEAR), Hidden::NoVariance), sharpe),
            sortino: with(daily(ratios::sortino(returns, DAYS_A_YEAR), Hidden::NoLosses), sortino),
            calmar: enough(n, MINIMUM_DAYS).and(calmar),
            omega: with(daily(ratios::omega(returns), Hidden::NoLosses), omega),
            tail_ratio: tail(sorted.tail_ratio(TAIL)),
            value_at_risk: tail(sorted.value_at_risk(TAIL)),
            expected_shortfall: tail(sorted.expected_shortfall(TAIL)),
            skewness: of_record(&|record| Some(record.skewness), Hidden::Undefined),
            kurtosis: of_record(&|record| Some(record.kurtosis), Hidden::Undefined),
            probability_of_skill: of_record(&|record| record.probability_above(0.0), Hidden::Undefined),
            minimum_track_record: of_record(&|record| record.minimum_length(0.0, CONFIDENCE), Hidden::NoEdge),
        }
    }
}

/// Intervals of yearly return, yearly volatility, Sharpe, Sortino and omega.
fn resampled(returns: &[f64], seed: Seed) -> [Option<Interval>; 5] {
    if (returns.len() as u64) < MINIMUM_DAYS {
        return [None; 5];
    }
    intervals(returns, block_length(returns), seed, |sample| {
        [
            growth::annual_return(sample, DAYS_A_YEAR),
            growth::annual_volatility(sample, DAYS_A_YEAR),
            ratios::sharpe(sample, DAYS_A_YEAR),
            ratios::sortino(sample, DAYS_A_YEAR),
            ratios::omega(sample),
        ]
    })
}

fn with(shown: Shown, interval: Option<Interval>) -> Shown {
    shown.map(|figure| figure.within(interval))
}
