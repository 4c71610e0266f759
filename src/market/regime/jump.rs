//! `JumpDetector`: one minute far beyond what the local volatility lets expect, up or down.
//!
//! Invariant: both the volatility of the last two hours and the robust deviation must call it an outlier.
//! Absent on purpose: a least size: in a calm market a small move is a jump; what it means for money is not judged here.

use super::event::{Event, Reading, Signal};
use super::latch::Latch;
use super::measures::Minute;
use super::thresholds::JumpThresholds;
use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpDetector {
    thresholds: JumpThresholds,
    latch: Latch,
}

impl JumpDetector {
    pub fn new(thresholds: JumpThresholds) -> JumpDetector {
        JumpDetector { thresholds, latch: Latch::new(thresholds.latch) }
    }

    pub fn update(&mut self, minute: &Minute) -> Option<Signal> {
        let JumpThresholds { enter, leave, robust, .. } = self.thresholds;
        let r = minute.log_return.unwrap_or(0.0);
        let statistic = minute.jump.map_or(0.0, |jump| jump.statistic);
        let is_outlier = minute.deviation.is_some_and(|unit| r.abs() >= robust * unit);
        let fires = is_outlier && statistic.abs() >= enter;
        let flip = self.latch.update(minute.time, fires, statistic.abs() < leave)?;
        let limit = if statistic < 0.0 { -enter } else { enter };
        let event = Event::Jump { statistic: Reading { value: statistic, limit }, change: r.exp_m1() };
        Some(Signal::of(minute.time, flip, event))
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }
}

impl StateHash for JumpDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.latch);
    }
}
