//! `CrashDetector`: a fall that is too fast, over 15 minutes, 5 minutes or one.
//!
//! Any of three fires: the fall from the highest close of 15 minutes, that of 5 minutes, or one minute that is an outlier
//! for robust deviations, for Lee and Mykland's test and as a share of the price.
//! Invariant: a close more than `fifteen.most` below the one 15 minutes before fires, whatever the volatility.
//! Absent on purpose: rises, which are jumps at most; the low of a bar, which one thin trade can make.

use super::event::{Event, Reading, Signal};
use super::latch::Latch;
use super::measures::Minute;
use super::thresholds::{CrashThresholds, FallLimit};
use crate::domain::{Digest, StateHash};
use crate::market::volatility::LeeMyklandThreshold;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrashDetector {
    thresholds: CrashThresholds,
    /// Lee and Mykland's statistic that flags a jump.
    flag: f64,
    latch: Latch,
}

impl CrashDetector {
    pub fn new(thresholds: CrashThresholds) -> CrashDetector {
        let LeeMyklandThreshold { center, scale, quantile } = LeeMyklandThreshold::new(1_440, 0.01);
        CrashDetector { thresholds, flag: center + scale * quantile, latch: Latch::new(thresholds.latch) }
    }

    pub fn update(&mut self, minute: &Minute) -> Option<Signal> {
        let CrashThresholds { fifteen, five, minute: least, minute_deviations, leave, .. } = self.thresholds;
        let fifteen = Reading { value: minute.fall_15, limit: -limit(&fifteen, minute.deviation, 15.0) };
        let five = Reading { value: minute.fall_5, limit: -limit(&five, minute.deviation, 5.0) };
        let r = minute.log_return.unwrap_or(0.0);
        let change = Reading { value: r.exp_m1(), limit: -least };
        let deviations =
            Reading { value: minute.deviation.map_or(0.0, |unit| r.abs() / unit), limit: minute_deviations };
        let jump = Reading { value: minute.jump.map_or(0.0, |jump| jump.statistic.abs()), limit: self.flag };
        let is_outlier = change.is_below() && deviations.is_above() && jump.is_above();
        let enter = fifteen.is_below() || five.is_below() || is_outlier;
        let is_back = |fall: Reading| fall.value > leave * fall.limit;
        let flip = self.latch.update(minute.time, enter, is_back(fifteen) && is_back(five))?;
        let event = Event::Crash { fifteen, five, minute: change, deviations, jump };
        Some(Signal::of(minute.time, flip, event))
    }

    pub fn latch(&self) -> &Latch {
        &self.latch
    }
}

/// Without a deviation the ceiling holds.
fn limit(fall: &FallLimit, deviation: Option<f64>, minutes: f64) -> f64 {
    let scaled = deviation.map_or(fall.most, |unit| fall.deviations * unit * minutes.sqrt());
    scaled.min(fall.most).max(fall.least)
}

impl StateHash for CrashDetector {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.latch);
    }
}
