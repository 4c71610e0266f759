//! `Walk`: the member's rule over samples in time, net of costs, beside doing nothing and holding.
//!
//! A symbol has an equal part of the capital. In it a trade is entered when none is open and its expected edge is above a
//! multiple of a round trip's cost; it ends at its barriers, as it was labelled.
//! Invariant: a decision uses the sample's probability and width only, never its outcome.
//! Absent on purpose: sizes, protective stops and everything else of the engine (a backtest has them).

use super::dataset::{Sample, Samples};
use crate::domain::{Span, Time};
use crate::engine::model::Payoffs;

/// A longer time without samples ends a stretch.
pub(super) const STRETCH_GAP: Span = Span::DAY;

/// When the member trades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    pub payoffs: Payoffs,
    /// Cost of a side as a fraction.
    pub side_cost: f64,
    /// Round trips' costs that the expected edge must exceed.
    pub multiple: f64,
}

/// One trade of the walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Walked {
    pub lane: u16,
    pub ends: Time,
    /// Return of the symbol's part after costs.
    pub net: f64,
}

/// How the rule fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    pub trades: Vec<Walked>,
    /// Of the whole capital, as fractions.
    pub net_return: f64,
    /// 0 or negative; the lows within trades count.
    pub max_drawdown: f64,
    /// Buying once a stretch and symbol, and selling at its end, after costs.
    pub hold_return: f64,
}

impl Rule {
    pub fn edge(&self, probability: f64, width: f64) -> f64 {
        width * (probability * self.payoffs.win + (1.0 - probability) * self.payoffs.loss)
    }

    pub fn enters(&self, probability: f64, width: f64) -> bool {
        self.edge(probability, width) > self.multiple * self.round_trip()
    }

    pub fn round_trip(&self) -> f64 {
        2.0 * self.side_cost
    }
}

impl Walk {
    pub fn of(samples: &Samples<'_>, probabilities: &[f64], rule: &Rule) -> Walk {
        let lanes = samples.iter().map(|sample| usize::from(sample.lane) + 1).max().unwrap_or(0);
        let mut busy = vec![Time(i64::MIN); lanes];
        let mut trades = Vec::new();
        let mut lows = Vec::new();
        for (sample, p) in samples.iter().zip(probabilities) {
            let free_from = &mut busy[usize::from(sample.lane)];
            if sample.decided >= *free_from && rule.enters(*p, sample.width) {
                *free_from = sample.ends;
                trades.push(Walked { lane: sample.lane, ends: sample.ends, net: sample.gross - rule.round_trip() });
                lows.push(sample.worst - rule.side_cost);
            }
        }
        let (hold_return, used) = hold(samples, lanes, rule.round_trip());
        let (net_return, max_drawdown) = capital(&trades, &lows, &used);
        Walk { trades, net_return, max_drawdown, hold_return }
    }
}

/// Return and deepest fall of capital that is divided among the used lanes.
fn capital(trades: &[Walked], lows: &[f64], used: &[bool]) -> (f64, f64) {
    let count = used.iter().filter(|used| **used).count().max(1) as f64;
    let mut parts: Vec<f64> = used.iter().map(|used| if *used { 1.0 / count } else { 0.0 }).collect();
    let mut order: Vec<usize> = (0..trades.len()).collect();
    order.sort_by_key(|at| trades[*at].ends);
    let (mut peak, mut worst) = (1.0_f64, 0.0_f64);
    for at in order {
        let trade = &trades[at];
        let part = usize::from(trade.lane);
        let total: f64 = parts.iter().sum();
        worst = worst.min((total + parts[part] * lows[at]) / peak - 1.0);
        parts[part] *= 1.0 + trade.net;
        let total: f64 = parts.iter().sum();
        peak = peak.max(total);
        worst = worst.min(total / peak - 1.0);
    }
    let total: f64 = parts.iter().sum();
    (if used.contains(&true) { total - 1.0 } else { 0.0 }, worst)
}

/// Mean return over the symbols of holding through each stretch, and which lanes have samples.
fn hold(samples: &Samples<'_>, lanes: usize, round_trip: f64) -> (f64, Vec<bool>) {
    let mut growth = vec![1.0_f64; lanes];
    let mut used = vec![false; lanes];
    for stretch in stretches(samples) {
        let (first, last) = (samples.at(stretch[0]), samples.at(stretch[stretch.len() - 1]));
        let lane = usize::from(first.lane);
        used[lane] = true;
        growth[lane] *= (last.entry * (1.0 + last.gross) / first.entry) * (1.0 - round_trip);
    }
    let count = used.iter().filter(|used| **used).count().max(1) as f64;
    let sum: f64 = growth.iter().zip(&used).filter(|(_, used)| **used).map(|(growth, _)| growth - 1.0).sum();
    (sum / count, used)
}

/// Places of samples of one symbol that follow each other without a long gap, by symbol, then by time.
pub(super) fn stretches(samples: &Samples<'_>) -> Vec<Vec<usize>> {
    let mut made: Vec<Vec<usize>> = Vec::new();
    let lanes = samples.iter().map(|sample| sample.lane).max().map_or(0, |lane| lane + 1);
    for lane in 0..lanes {
        let mut newest: Option<&Sample> = None;
        for (at, sample) in samples.iter().enumerate().filter(|(_, sample)| sample.lane == lane) {
            let follows = newest.is_some_and(|newest| sample.decided.since(newest.decided) <= STRETCH_GAP);
            match made.last_mut() {
                Some(stretch) if follows => stretch.push(at),
                Some(_) | None => made.push(vec![at]),
            }
            newest = Some(sample);
        }
    }
    made
}
