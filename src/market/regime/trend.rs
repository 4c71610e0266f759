//! `TrendDetector`: the beginning of a drift, by the sums of a CUSUM over standardised returns.
//!
//! With 0.1 and 35 deviations independent normal returns raise an alarm in 34,000 minutes (`changes::average_run_length`,
//! two-sided), once in 24 days; markets do so twice in three days, for they drift and their returns have fat tails
//! (clipped at four). A drift of 0.3 deviations a minute is told after about 140 minutes.
//! Invariant: while a trend lasts no other begins; after its end the evidence is collected anew.
//! Absent on purpose: a forecast: the hours after an onset go its way no more often than chance.

use super::event::{Event, Reading, Signal, TrendSide};
use super::latch::Latch;
use super::measures::Minute;
use super::thresholds::TrendThresholds;
use crate::domain::{Digest, StateHash};
use crate::market::changes::{Cusum, CusumValue};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendDetector {
    thresholds: TrendThresholds,
    sums: Cusum,
    newest: CusumValue,
    side: TrendSide,
    latch: Latch,
}

const NOTHING: CusumValue = CusumValue { plus: 0.0, minus: 0.0, alarm: false };

impl TrendDetector {
    pub fn new(thresholds: TrendThresholds) -> TrendDetector {
        TrendDetector {
            thresholds,
            sums: Cusum::new(0.0, thresholds.slack, thresholds.enter),
            newest: NOTHING,
            side: TrendSide::Up,
            latch: Latch::new(thresholds.latch),
        }
    }

    pub fn update(&mut self, minute: &Minute) -> Option<Signal> {
        if let Some(x) = minute.standardised {
            self.newest = self.sums.update(x);
        }
        let was_on = self.latch.is_on();
        if !was_on {
            self.side = if self.newest.plus >= self.newest.minus { TrendSide::Up } else { TrendSide::Down };
        }
        let drift = match self.side {
            TrendSide::Up => minute.drift_4h,
            TrendSide::Down => -minute.drift_4h,
        };
        let value = self.newest.plus.max(self.newest.minus);
        let evidence = Reading { value, limit: self.thresholds.enter };
        let fires = !was_on && self.newest.alarm;
        let flip = self.latch.update(minute.time, fires, drift < self.thresholds.leave);
        if was_on && !self.latch.is_on() {
            self.sums.reset();
            self.newest = NOTHING;
        }
        Some(Signal::of(minute.time, flip?, Event::TrendOnset { side: self.side, evidence }))
    }

    /// The way of the trend that lasts.
    pub fn side(&self) -> Option<TrendSide> {
        self.latch.is_on().then_some(self.side)
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }
}

impl StateHash for TrendDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.newest.plus);
        digest.f64(self.newest.minus);
        digest.bool(self.side == TrendSide::Up);
        digest.add(&self.latch);
    }
}
