//! `Barriers`: the triple barrier of a trade, the one definition for labels and for trading by them.
//!
//! A trade that begins at `entry` ends at the first of: a price `width` above, a price `width` below, `horizon` minutes.
//! The width follows volatility, and is never so narrow that the cost of a round trip would eat what it wins.
//! Invariant: the width at bar t depends on bars up to t only.
//! Absent on purpose: what the trade costs (who labels or trades subtracts it), positions, models.
//! Source: Lopez de Prado, Advances in Financial Machine Learning (2018), section 3.4.

use serde::{Deserialize, Serialize};

use super::regime::measures::RunningMean;
use crate::domain::{Bar, Digest, Span, StateHash};

/// Minutes over which the volatility of a minute is measured.
const VOLATILITY_MINUTES: u32 = 240;
/// No barrier is further away, as a fraction of the entry.
const MOST_WIDTH: f64 = 0.2;

/// Where a trade ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Barriers {
    /// 15 to 240.
    pub horizon_minutes: u16,
    /// Distance in deviations of the horizon's return.
    pub deviations: f64,
    /// Least distance as a fraction of the entry.
    pub least_width: f64,
}

/// How a trade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touch {
    Upper,
    Lower,
    Horizon,
}

/// A trade between barriers, bar by bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fence {
    pub upper: f64,
    pub lower: f64,
    pub minutes_left: u16,
}

/// The volatility of a minute, kept up bar by bar.
#[derive(Debug, Clone, PartialEq)]
pub struct BarrierMeter {
    variance: RunningMean,
    last: Option<Bar>,
}

impl Barriers {
    /// The distance as a fraction of the entry, when a minute's return has this deviation.
    pub fn width(&self, deviation: f64) -> f64 {
        let width = self.deviations * deviation * f64::from(self.horizon_minutes).sqrt();
        width.max(self.least_width).min(MOST_WIDTH)
    }

    pub fn fence(&self, entry: f64, width: f64) -> Fence {
        Fence { upper: entry * (1.0 + width), lower: entry * (1.0 - width), minutes_left: self.horizon_minutes }
    }
}

impl Fence {
    /// Takes the next closed bar of the trade. A bar that reaches both barriers reached the lower one first: the worse.
    pub fn take(&mut self, bar: &Bar) -> Option<Touch> {
        self.minutes_left = self.minutes_left.saturating_sub(1);
        if bar.low <= self.lower {
            Some(Touch::Lower)
        } else if bar.high >= self.upper {
            Some(Touch::Upper)
        } else if self.minutes_left == 0 {
            Some(Touch::Horizon)
        } else {
            None
        }
    }
}

impl BarrierMeter {
    pub fn new() -> BarrierMeter {
        BarrierMeter { variance: RunningMean::new(VOLATILITY_MINUTES), last: None }
    }

    /// Takes the newest closed bar; a return across missing minutes teaches nothing.
    pub fn take(&mut self, bar: &Bar) {
        if let Some(last) = self.last.replace(*bar)
            && bar.open_time.since(last.open_time) <= Span::MINUTE
        {
            let change = (bar.close / last.close).ln();
            self.variance.update(change * change);
        }
    }

    /// Deviation of a minute's log return; 0 before the second bar.
    pub fn deviation(&self) -> f64 {
        self.variance.value().sqrt()
    }
}

impl Default for BarrierMeter {
    fn default() -> Self {
        BarrierMeter::new()
    }
}

impl StateHash for BarrierMeter {
    fn state_hash(&self, digest: &mut Digest) {
        digest.add(&self.variance);
    }
}

impl StateHash for Fence {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.upper);
        digest.f64(self.lower);
        digest.u64(u64::from(self.minutes_left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    fn bar(minute: i64, high: f64, low: f64, close: f64) -> Bar {
        Bar { open_time: Time(minute * Span::MINUTE.0), open: close, high, low, close, volume: 1.0 }
    }

    #[test]
    fn the_first_barrier_reached_ends_it_and_the_worse_one_counts_when_both_are() {
        let barriers = Barriers { horizon_minutes: 15, deviations: 1.0, least_width: 0.01 };
        let fence = barriers.fence(100.0, 0.01);
        assert_eq!(fence.clone().take(&bar(0, 101.5, 99.5, 100.0)), Some(Touch::Upper));
        assert_eq!(fence.clone().take(&bar(0, 101.5, 98.5, 100.0)), Some(Touch::Lower));
        let mut quiet = fence;
        let ends: Vec<_> = (0..15).map(|minute| quiet.take(&bar(minute, 100.5, 99.5, 100.0))).collect();
        assert!(ends[..14].iter().all(Option::is_none));
        assert_eq!(ends[14], Some(Touch::Horizon));
    }

    #[test]
    fn the_width_follows_volatility_between_its_bounds() {
        let barriers = Barriers { horizon_minutes: 100, deviations: 2.0, least_width: 0.004 };
        assert_eq!(barriers.width(0.001), 0.02);
        assert_eq!(barriers.width(0.0), 0.004);
        assert_eq!(barriers.width(1.0), MOST_WIDTH);
        let mut meter = BarrierMeter::new();
        for minute in 0..600 {
            let close = if minute % 2 == 0 { 100.0 } else { 100.1 };
            meter.take(&bar(minute, close, close, close));
        }
        assert!((meter.deviation() - 0.0009995).abs() < 1e-6, "{}", meter.deviation());
    }
}
