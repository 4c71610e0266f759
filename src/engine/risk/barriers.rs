//! Barriers around a position: how far they stand, which one is met first, and a stop that follows the price.
//!
//! Invariant: a stop for bar i + 1 knows bars up to i, and a long position's trailing stop never falls.
//! Absent on purpose: orders at the venue (`stops`, `desk`).
//! Source: Lopez de Prado 2018, chapter 3 (triple barrier); LeBeau's chandelier exit.

use crate::domain::{Digest, StateHash};

/// How far a barrier stands from the entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// So many average true ranges, 1.5 to 3.
    Ranges { multiple: f64, range: f64 },
    /// So many standard deviations of the move over `bars`: k sigma sqrt(h), with sigma a fraction of the price a bar.
    Deviations { multiple: f64, sigma: f64, bars: f64 },
}

/// Where a position ends, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripleBarrier {
    pub upper: f64,
    pub lower: f64,
    /// Bars after the entry until time is up.
    pub bars: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    Upper,
    Lower,
    Time,
}

/// How a position ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarrierExit {
    /// Index of the close that ended it.
    pub index: usize,
    pub met: Met,
    /// From the entry's close to this one, as a fraction.
    pub change: f64,
}

/// Hangs below the highest high since the entry of a long position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrailingStop {
    multiple: f64,
    highest: f64,
    stop: f64,
}

impl Distance {
    /// As a fraction of the price, never below `least`: a stop nearer than about three times the cost of a round trip only
    /// pays fees.
    pub fn fraction(&self, price: f64, least: f64) -> f64 {
        let fraction = match *self {
            Distance::Ranges { multiple, range } => multiple * range / price,
            Distance::Deviations { multiple, sigma, bars } => multiple * sigma * bars.max(0.0).sqrt(),
        };
        fraction.max(least)
    }
}

impl TripleBarrier {
    /// Barriers these fractions away: price (1 + up) and price (1 - down).
    pub fn arithmetic(price: f64, up: f64, down: f64, bars: usize) -> TripleBarrier {
        TripleBarrier { upper: price * (1.0 + up), lower: price * (1.0 - down), bars }
    }

    /// Barriers these log returns away: price exp(up) and price exp(-down).
    pub fn geometric(price: f64, up: f64, down: f64, bars: usize) -> TripleBarrier {
        TripleBarrier { upper: price * up.exp(), lower: price * (-down).exp(), bars }
    }

    /// The first close at or beyond a barrier after the close of index `entry`; `None` while neither is met and time is not
    /// up, or where there is no such close.
    pub fn first_met(&self, closes: &[f64], entry: usize) -> Option<BarrierExit> {
        let start = *closes.get(entry)?;
        let after = closes.iter().enumerate().skip(entry + 1).take(self.bars);
        let met = |close: f64, index: usize| {
            if close >= self.upper {
                Some(Met::Upper)
            } else if close <= self.lower {
                Some(Met::Lower)
            } else {
                (index == entry + self.bars).then_some(Met::Time)
            }
        };
        after.into_iter().find_map(|(index, close)| {
            met(*close, index).map(|met| BarrierExit { index, met, change: close / start - 1.0 })
        })
    }
}

impl Met {
    /// 1 for the upper barrier, -1 for the lower, 0 for time.
    pub const fn label(self) -> i8 {
        match self {
            Met::Upper => 1,
            Met::Lower => -1,
            Met::Time => 0,
        }
    }
}

impl TrailingStop {
    /// At the close of the entry's bar, for the bar after it: the high less `multiple` average true ranges.
    pub fn new(multiple: f64, high: f64, range: f64) -> TrailingStop {
        TrailingStop { multiple, highest: high, stop: high - multiple * range }
    }

    /// Where the position ends in the coming bar.
    pub fn stop(&self) -> f64 {
        self.stop
    }

    /// True when this bar reaches the stop that was known before it.
    pub fn is_hit(&self, low: f64) -> bool {
        low <= self.stop
    }

    /// What a hit stop gets in a bar that opens here: a gap is not filled at a price that was never there.
    pub fn fill(&self, open: f64) -> f64 {
        self.stop.min(open)
    }

    /// At the close of a bar that did not reach the stop.
    pub fn follow(&mut self, high: f64, range: f64) {
        self.highest = self.highest.max(high);
        self.stop = self.stop.max(self.highest - self.multiple * range);
    }
}

impl StateHash for TrailingStop {
    fn state_hash(&self, digest: &mut Digest) {
        for part in [self.multiple, self.highest, self.stop] {
            digest.f64(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_barrier_ends_the_position_and_time_only_when_it_is_up() {
        let barrier = TripleBarrier::arithmetic(100.0, 0.02, 0.01, 3);
        let exit = |closes: &[f64]| barrier.first_met(closes, 0).map(|exit| (exit.index, exit.met.label()));
        assert_eq!(exit(&[100.0, 101.0, 102.0, 90.0]), Some((2, 1)));
        assert_eq!(exit(&[100.0, 99.5, 99.0, 105.0]), Some((2, -1)));
        assert_eq!(exit(&[100.0, 101.0, 101.0, 101.0, 200.0]), Some((3, 0)));
        assert_eq!((exit(&[100.0, 101.0, 101.0]), exit(&[])), (None, None));
        let geometric = TripleBarrier::geometric(100.0, 0.02, 0.02, 1);
        assert!((geometric.upper * geometric.lower - 10_000.0).abs() < 1e-9);
    }

    #[test]
    fn distances_grow_with_the_root_of_time_and_never_fall_below_the_cost() {
        let deviations = |bars| Distance::Deviations { multiple: 2.0, sigma: 0.001, bars }.fraction(50.0, 0.003);
        assert_eq!(deviations(4.0), 0.004);
        assert_eq!(deviations(1.0), 0.003, "2 sigma of a minute is less than it must be");
        assert_eq!(Distance::Ranges { multiple: 3.0, range: 0.5 }.fraction(50.0, 0.003), 0.03);
    }

    proptest! {
        #[test]
        fn a_trailing_stop_never_falls_and_a_gap_fills_no_better_than_the_open(
            bars in prop::collection::vec((90.0f64..110.0, 0.1f64..3.0), 1..60), open in 80.0f64..120.0,
        ) {
            let mut stop = TrailingStop::new(2.5, bars[0].0, bars[0].1);
            for (high, range) in bars {
                let before = stop.stop();
                stop.follow(high, range);
                prop_assert!(stop.stop() >= before && stop.stop() >= high - 2.5 * range);
                prop_assert!(stop.fill(open) <= open && stop.fill(open) <= stop.stop());
            }
        }
    }
}
