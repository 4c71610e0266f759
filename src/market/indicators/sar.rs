//! Parabolic stop and reverse (Wilder 1978).
//!
//! Invariant: the stop of bar t is fixed by bars before t; it never stands inside the two bars before it.
//! Absent on purpose: orders; it is a line on the chart and a feature.

use crate::domain::Bar;

/// Parabolic SAR; first on bar 2. The first direction follows the directional movement of the first two bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Sar {
    step: f64,
    most: f64,
    last: Option<Bar>,
    trend: Option<Trend>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Trend {
    rising: bool,
    /// The stop for the next bar.
    stop: f64,
    /// Highest high of a rise, lowest low of a fall.
    extreme: f64,
    acceleration: f64,
}

impl Sar {
    /// `acceleration` and `maximum` as fractions, say 0.02 and 0.2; a larger step than the maximum is cut to it.
    pub fn new(acceleration: f64, maximum: f64) -> Self {
        Sar { step: acceleration.min(maximum), most: maximum, last: None, trend: None }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let last = self.last.replace(*bar)?;
        let (trend, before) = match self.trend {
            Some(trend) => (trend, last),
            // The second bar stands for the one before it too.
            None => (self.first(&last, bar), *bar),
        };
        let (value, trend) = if trend.rising { self.rise(trend, &before, bar) } else { self.fall(trend, &before, bar) };
        self.trend = Some(trend);
        Some(value)
    }

    fn first(&self, last: &Bar, bar: &Bar) -> Trend {
        let (up, down) = (bar.high - last.high, last.low - bar.low);
        let falling = down > 0.0 && up < down;
        let (stop, extreme) = if falling { (last.high, bar.low) } else { (last.low, bar.high) };
        Trend { rising: !falling, stop, extreme, acceleration: self.step }
    }

    fn rise(&self, trend: Trend, before: &Bar, bar: &Bar) -> (f64, Trend) {
        if bar.low <= trend.stop {
            let value = trend.extreme.max(before.high).max(bar.high);
            let stop = (value + self.step * (bar.low - value)).max(before.high).max(bar.high);
            return (value, Trend { rising: false, stop, extreme: bar.low, acceleration: self.step });
        }
        let mut next = trend;
        if bar.high > trend.extreme {
            next.extreme = bar.high;
            next.acceleration = (trend.acceleration + self.step).min(self.most);
        }
        let stop = trend.stop + next.acceleration * (next.extreme - trend.stop);
        next.stop = stop.min(before.low).min(bar.low);
        (trend.stop, next)
    }

    fn fall(&self, trend: Trend, before: &Bar, bar: &Bar) -> (f64, Trend) {
        if bar.high >= trend.stop {
            let value = trend.extreme.min(before.low).min(bar.low);
            let stop = (value + self.step * (bar.high - value)).min(before.low).min(bar.low);
            return (value, Trend { rising: true, stop, extreme: bar.high, acceleration: self.step });
        }
        let mut next = trend;
        if bar.low < trend.extreme {
            next.extreme = bar.low;
            next.acceleration = (trend.acceleration + self.step).min(self.most);
        }
        let stop = trend.stop + next.acceleration * (next.extreme - trend.stop);
        next.stop = stop.max(before.high).max(bar.high);
        (trend.stop, next)
    }
}
