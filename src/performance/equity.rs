//! `Performance`: everything that is measured on samples of equity.
//!
//! Invariant: samples are taken at closed bars and at own fills only, so that skipped quotes change nothing.
//! Absent on purpose: storage of the whole curve; a report keeps its own.

use super::{DailySharpe, Drawdown, WinRate};
use crate::domain::{Digest, StateHash, Time, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    start: Value,
    equity: Value,
    /// `equity` as a float, in units of 1e-16: the conversion of 128 bits is dear, and most bars change nothing.
    whole: f64,
    pub drawdown: Drawdown,
    pub sharpe: DailySharpe,
    pub trades: WinRate,
    bars: u64,
    exposure_sum: f64,
    equity_sum: f64,
    turnover: Value,
}

impl Performance {
    pub fn new(start: Value) -> Self {
        Performance {
            start,
            equity: start,
            whole: start.units(),
            drawdown: Drawdown::new(start),
            sharpe: DailySharpe::new(start),
            trades: WinRate::default(),
            bars: 0,
            exposure_sum: 0.0,
            equity_sum: 0.0,
            turnover: Value::ZERO,
        }
    }

    /// At a closed bar. `exposed` is the absolute value of all positions.
    #[inline]
    pub fn on_bar(&mut self, time: Time, equity: Value, exposed: Value) {
        self.sample(time, equity);
        self.bars += 1;
        self.equity_sum += self.whole;
        if exposed.0 != 0 && self.whole > 0.0 {
            self.exposure_sum += exposed.units() / self.whole;
        }
    }

    /// At an own fill of this notional.
    pub fn on_fill(&mut self, time: Time, equity: Value, notional: Value) {
        self.turnover = Value(self.turnover.0.saturating_add(notional.0));
        self.sample(time, equity);
    }

    pub fn start(&self) -> Value {
        self.start
    }

    pub fn equity(&self) -> Value {
        self.equity
    }

    pub fn bars(&self) -> u64 {
        self.bars
    }

    /// Return since the start as a fraction; `None` without capital.
    pub fn total_return(&self) -> Option<f64> {
        (self.start > Value::ZERO).then(|| self.equity.0.saturating_sub(self.start.0) as f64 / self.start.0 as f64)
    }

    /// Mean of |position| / equity over closed bars.
    pub fn exposure(&self) -> Option<f64> {
        (self.bars > 0).then(|| self.exposure_sum / self.bars as f64)
    }

    /// Traded notional over mean equity.
    pub fn turnover(&self) -> Option<f64> {
        (self.equity_sum > 0.0).then(|| self.turnover.0 as f64 / (self.equity_sum / self.bars as f64))
    }

    #[inline]
    fn sample(&mut self, time: Time, equity: Value) {
        if equity != self.equity {
            self.equity = equity;
            self.whole = equity.units();
            self.drawdown.sample(equity);
        }
        self.sharpe.sample(time, equity);
    }
}

impl StateHash for Performance {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.start);
        digest.add(&self.equity);
        digest.add(&self.drawdown);
        digest.add(&self.sharpe);
        digest.add(&self.trades);
        digest.u64(self.bars);
        digest.f64(self.exposure_sum);
        digest.f64(self.equity_sum);
        digest.add(&self.turnover);
    }
}
