//! `MarketStretch`: recorded bars that policies are walked through by the engine, each symbol on an account of its own.
//!
//! Invariant: a walk is that of `TradingEnvironment`, from the first decision of the stretch to the last; symbols count alike.
//! Absent on purpose: closing what is held at the end: it counts at its price.

use std::ops::Range;
use std::sync::Arc;

use super::TrainingError;
use super::agent_curves::Worth;
use super::environment::tape::Tape;
use super::environment::trading::{Terms, TradingEnvironment};
use super::environment::{End, Environment};
use super::walk_table::{Line, Policy, Stretch, Walked};
use crate::domain::{Seed, SymbolId, Time};
use crate::performance::CostRates;
use crate::performance::baselines::{self, Close, VolatilityTarget, hold};
use crate::performance::figure::Hidden;

pub struct MarketStretch {
    tape: Arc<Tape>,
    terms: Arc<Terms>,
    environment: TradingEnvironment,
    /// Lanes that have decisions here, and which.
    parts: Vec<(usize, Range<usize>)>,
}

/// One symbol's way.
#[derive(Default)]
struct Part {
    walked: Walked,
    mean_equity: f64,
    traded: f64,
}

impl MarketStretch {
    /// Decision bars that open from the first until before the second time.
    pub fn new(tape: Arc<Tape>, terms: Arc<Terms>, (from, to): (Time, Time)) -> Result<MarketStretch, TrainingError> {
        let lanes = (0..tape.lanes().len()).map(|lane| (lane, tape.decisions(lane, from, to)));
        let parts: Vec<_> = lanes.filter(|(_, decisions)| decisions.len() >= 2).collect();
        if parts.is_empty() {
            return Err(TrainingError::TooFew { what: "decisions to judge by", found: 0, wanted: 2 });
        }
        let environment = TradingEnvironment::new(tape.clone(), terms.clone(), Seed(0));
        Ok(MarketStretch { tape, terms, environment, parts })
    }

    /// Symbols that are walked through.
    pub fn symbols(&self) -> u64 {
        self.parts.len() as u64
    }

    fn part(&mut self, lane: usize, decisions: Range<usize>, policy: Policy<'_>) -> Result<Part, TrainingError> {
        self.environment.begin(lane, decisions)?;
        let mut observation = vec![0.0; self.environment.observation_len()];
        let mut part = Part::default();
        part.walked.start = self.equity();
        loop {
            self.environment.observe(&mut observation);
            let wanted = policy(&observation)?;
            let outcome = self.environment.step(&[wanted])?;
            part.walked.exposures.push(wanted);
            part.walked.equity.push((self.environment.now(), self.equity()));
            if outcome.end != End::Goes {
                break;
            }
        }
        let Some(engine) = self.environment.engine() else { return Ok(part) };
        let performance = engine.performance();
        let walked = &mut part.walked;
        walked.turnover = performance.turnover().unwrap_or(0.0);
        walked.trades = performance.trades.trades();
        walked.net_return = performance.total_return().unwrap_or(0.0);
        walked.max_drawdown = performance.drawdown.worst();
        let count = walked.equity.len().max(1) as f64;
        part.mean_equity = walked.equity.iter().map(|(_, equity)| equity).sum::<f64>() / count;
        part.traded = walked.turnover * part.mean_equity;
        Ok(part)
    }

    fn equity(&self) -> f64 {
        self.environment.engine().map_or(0.0, |engine| engine.equity().units())
    }
}

impl Stretch for MarketStretch {
    fn walk(&mut self, policy: Policy<'_>) -> Result<Walked, TrainingError> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for (lane, decisions) in self.parts.clone() {
            parts.push(self.part(lane, decisions, policy)?);
        }
        Ok(together(parts))
    }

    fn hold(&self, seed: Seed) -> Line {
        let mut closes = Vec::new();
        for (symbol, (lane, decisions)) in self.parts.iter().enumerate() {
            let bars = &self.tape.lanes()[*lane].bars;
            closes.extend(decisions.clone().map(|decision| {
                let bar = &bars[self.tape.bar_of(*lane, decision)];
                Close { symbol: SymbolId(symbol as u16), time: bar.close_time(), price: bar.close }
            }));
        }
        closes.sort_by_key(|close| (close.time, close.symbol));
        let rates = CostRates { fee: self.terms.settings.side_cost.to_f64(), ..CostRates::default() };
        let capital = self.terms.balance.to_f64() * self.parts.len() as f64;
        let terms = baselines::Terms { capital, rates, target: VolatilityTarget::default(), seed };
        let name = "buy-and-hold".to_owned();
        let hidden = |why: Hidden| Line { name: name.clone(), worth: Worth::default(), sharpe: Err(why), trades: 0 };
        hold::buy_and_hold(&closes, &terms).map_or_else(hidden, |held| {
            let worth = Worth {
                net_return: held.equity.total_return.map_or(0.0, |figure| figure.value),
                max_drawdown: held.equity.max_drawdown,
                turnover: held.turnover,
            };
            Line { name: name.clone(), worth, sharpe: held.equity.daily.sharpe, trades: self.parts.len() as u64 }
        })
    }
}

/// The accounts of all symbols as one.
fn together(mut parts: Vec<Part>) -> Walked {
    if parts.len() == 1 {
        return parts.swap_remove(0).walked;
    }
    let mut moments: Vec<(Time, usize, f64)> = Vec::new();
    let mut all = Walked::default();
    for (at, part) in parts.iter().enumerate() {
        all.start += part.walked.start;
        all.trades += part.walked.trades;
        all.exposures.extend(&part.walked.exposures);
        moments.extend(part.walked.equity.iter().map(|(time, equity)| (*time, at, *equity)));
    }
    moments.sort_by_key(|(time, at, _)| (*time, *at));
    let mut now: Vec<f64> = parts.iter().map(|part| part.walked.start).collect();
    let mut peak = all.start;
    for together in moments.chunk_by(|one, other| one.0 == other.0) {
        together.iter().for_each(|(_, at, equity)| now[*at] = *equity);
        let equity: f64 = now.iter().sum();
        peak = peak.max(equity);
        all.max_drawdown = all.max_drawdown.min(equity / peak - 1.0);
        all.equity.push((together[0].0, equity));
    }
    let mean: f64 = parts.iter().map(|part| part.mean_equity).sum();
    all.turnover = parts.iter().map(|part| part.traded).sum::<f64>() / mean.max(f64::MIN_POSITIVE);
    all.net_return = all.equity.last().map_or(0.0, |(_, equity)| equity / all.start - 1.0);
    all
}
