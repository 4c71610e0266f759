//! `SquareRootImpact`: how far a taker moves the price against himself, and the day it is measured by.
//!
//! Invariant: an impact is a fraction of the price from 0 to `MOST`, and a pure function of the order and of closed bars.
//! Absent on purpose: impact that stays in the market after the order; the path is a recording and does not bend.
//! Source: the square-root law, Almgren et al. 2005, Toth et al. 2011, Donier and Bonart 2015 (Bitcoin): the peak is
//! Y x sigma x (Q / V)^1/2 with sigma and V of a day; a path that is a square root costs two thirds of its peak.

use crate::domain::{Bar, Quantity, Ratio, Time};
use crate::market::impact;

/// Beyond half the price the law has no evidence.
const MOST: Ratio = Ratio::from_raw(50_000_000);
const MINUTES_A_DAY: f64 = 1_440.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SquareRootImpact {
    /// Y: 0.5 to 1.5 in the literature, 1 unless refitted from own fills.
    pub coefficient: Ratio,
    pub day: Day,
}

/// Where volatility and volume of a day come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// Stated: standard deviation of daily returns and daily volume in the base asset.
    Stated { volatility: Ratio, volume: Quantity },
    /// From closed bars, scaled to a day: a running mean that from this many minutes on forgets exponentially.
    Trailing { minutes: u32 },
}

/// Means over closed minutes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct TrailingDay {
    bars: u32,
    volume: f64,
    returns: u32,
    /// Of squared simple returns.
    variance: f64,
    /// When the last minute closed, and at which price.
    last: Option<(Time, f64)>,
}

impl SquareRootImpact {
    /// Y = 1 over a trailing day.
    pub const TRAILING: SquareRootImpact =
        SquareRootImpact { coefficient: Ratio::ONE, day: Day::Trailing { minutes: 1_440 } };

    /// The peak as a fraction of the price. `sigma` is daily, `quantity` and `volume` are of one unit.
    pub fn peak(coefficient: f64, sigma: f64, quantity: f64, volume: f64) -> f64 {
        impact::peak(coefficient, sigma, quantity / volume)
    }

    /// What the order pays on average: two thirds of its peak.
    pub fn average(peak: f64) -> f64 {
        impact::average(peak)
    }

    /// How far from the path an order of this size trades, all its slices alike: the law is one of whole orders. Zero
    /// while there is no volatility or volume to measure by.
    pub(super) fn of(&self, trailing: &TrailingDay, quantity: Quantity) -> Ratio {
        let (sigma, volume) = match self.day {
            Day::Stated { volatility, volume } => (volatility.to_f64(), volume.to_f64()),
            Day::Trailing { .. } => (trailing.volatility(), trailing.volume()),
        };
        let peak = SquareRootImpact::peak(self.coefficient.to_f64(), sigma, quantity.to_f64(), volume);
        let average = SquareRootImpact::average(peak);
        if !average.is_finite() {
            return Ratio::ZERO;
        }
        Ratio::from_f64(average).unwrap_or(MOST).clamp(Ratio::ZERO, MOST)
    }
}

impl TrailingDay {
    /// A closed minute. What happened over a gap is no return of a minute, so it does not count.
    pub(super) fn take(&mut self, minutes: u32, time: Time, close: f64, volume: f64) {
        self.bars = (self.bars + 1).min(minutes.max(1));
        self.volume += (volume - self.volume) / f64::from(self.bars);
        if let Some((before, last)) = self.last
            && time.since(before) <= Bar::INTERVAL
        {
            let change = close / last - 1.0;
            self.returns = (self.returns + 1).min(minutes.max(1));
            self.variance += (change * change - self.variance) / f64::from(self.returns);
        }
        self.last = Some((time, close));
    }

    fn volume(&self) -> f64 {
        self.volume * MINUTES_A_DAY
    }

    fn volatility(&self) -> f64 {
        (self.variance * MINUTES_A_DAY).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_day_scales_minutes_to_a_day_and_forgets() {
        let mut day = TrailingDay::default();
        let at = |minute: i64| Time(minute * Bar::INTERVAL.0);
        for minute in 0..1_000 {
            day.take(10, at(minute), if minute % 2 == 0 { 100.0 } else { 101.0 }, 2.0);
        }
        assert_eq!(day.volume(), 2_880.0);
        // A return of about one percent a minute: 0.01 x sqrt(1440).
        assert!((day.volatility() - 0.378).abs() < 0.003, "{}", day.volatility());
        let calm = day.volatility();
        day.take(10, at(50_000), 900.0, 2.0);
        assert_eq!(day.volatility(), calm, "a month without bars is no minute");
        for minute in 0..200 {
            day.take(10, at(50_001 + minute), 900.0, 0.0);
        }
        assert!(day.volume() < 1e-5 && day.volatility() < 1e-4, "what was long ago is forgotten");
    }

    #[test]
    fn four_times_the_quantity_moves_the_price_twice_as_far_and_never_beyond_the_bound() {
        let day = Day::Stated { volatility: Ratio::from_raw(3_000_000), volume: Quantity::from_raw(2_000_000_000_000) };
        let impact = SquareRootImpact { coefficient: Ratio::ONE, day };
        let of = |whole: i64| impact.of(&TrailingDay::default(), Quantity::from_raw(whole * 100_000_000));
        // 3 % x sqrt(50 / 20000) is 15 basis points at the peak, 10 on average.
        assert_eq!((of(50), of(200), of(0)), (Ratio::from_raw(100_000), Ratio::from_raw(200_000), Ratio::ZERO));
        let nothing =
            SquareRootImpact { day: Day::Stated { volatility: Ratio::ONE, volume: Quantity::ZERO }, ..impact };
        assert_eq!(nothing.of(&TrailingDay::default(), Quantity::MAX), Ratio::ZERO);
        let wild = Day::Stated { volatility: Ratio::ONE, volume: Quantity::from_raw(1) };
        assert_eq!(SquareRootImpact { day: wild, ..impact }.of(&TrailingDay::default(), Quantity::MAX), MOST);
        assert_eq!(SquareRootImpact::TRAILING.of(&TrailingDay::default(), Quantity::MAX), Ratio::ZERO);
    }
}
