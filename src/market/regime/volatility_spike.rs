//! `VolatilityDetector`: the volatility of the last quarter of an hour far above its two-day level.
//!
//! Invariant: both are exponential means of squared returns, so the ratio needs no unit.
//! Absent on purpose: the hour of the week (see `regime`), and quiet: a fall of volatility is no event.

use super::event::{Event, Reading, Signal};
use super::latch::Latch;
use super::measures::Minute;
use super::thresholds::VolatilityThresholds;
use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolatilityDetector {
    thresholds: VolatilityThresholds,
    latch: Latch,
}

impl VolatilityDetector {
    pub fn new(thresholds: VolatilityThresholds) -> VolatilityDetector {
        VolatilityDetector { thresholds, latch: Latch::new(thresholds.latch) }
    }

    pub fn update(&mut self, minute: &Minute) -> Option<Signal> {
        let VolatilityThresholds { enter, leave, .. } = self.thresholds;
        let ratio = Reading { value: minute.volatility_ratio.unwrap_or(0.0), limit: enter };
        let flip = self.latch.update(minute.time, ratio.is_above(), ratio.value <= leave)?;
        Some(Signal::of(minute.time, flip, Event::VolatilitySpike { ratio }))
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }
}

impl StateHash for VolatilityDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.latch);
    }
}
