//! `Shape`: one candle with the averages of the bars before it, and what "long", "short" and "near" mean.
//!
//! Invariant: averages leave the bar itself out and are added afresh for each bar, so nothing drifts.
//! Absent on purpose: settings; these are TA-Lib's defaults (`ta_global.c`), by which all patterns are known.

use crate::domain::Bar;

/// Bars of the longer averages (body, shadow, doji) and of the shorter ones (near, far, equal).
const LONG: usize = 10;
const SHORT: usize = 5;

/// One candle. Thresholds are in the units of the price.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shape {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    /// Mean body of the ten bars before.
    mean_body: f64,
    /// Mean range of the ten bars before.
    mean_range: f64,
    /// Mean of both shadows together of the ten bars before.
    mean_shadows: f64,
    /// Mean range of the five bars before.
    mean_short_range: f64,
}

impl Shape {
    pub fn body(&self) -> f64 {
        (self.close - self.open).abs()
    }

    /// A candle without body counts as rising.
    pub fn rises(&self) -> bool {
        self.close >= self.open
    }

    pub fn falls(&self) -> bool {
        !self.rises()
    }

    /// 1 rising, -1 falling.
    pub fn color(&self) -> i16 {
        if self.rises() { 1 } else { -1 }
    }

    /// The upper end of the body.
    pub fn top(&self) -> f64 {
        if self.rises() { self.close } else { self.open }
    }

    /// The lower end of the body.
    pub fn bottom(&self) -> f64 {
        if self.rises() { self.open } else { self.close }
    }

    pub fn upper_shadow(&self) -> f64 {
        self.high - self.top()
    }

    pub fn lower_shadow(&self) -> f64 {
        self.bottom() - self.low
    }

    /// The body is longer than the mean one.
    pub fn is_long(&self) -> bool {
        self.body() > self.mean_body
    }

    /// The body is shorter than the mean one.
    pub fn is_short(&self) -> bool {
        self.body() < self.mean_body
    }

    /// Bodies up to this are none: a tenth of the mean range.
    pub fn doji(&self) -> f64 {
        0.1 * self.mean_range
    }

    pub fn is_doji(&self) -> bool {
        self.body() <= self.doji()
    }

    /// Shadows below this are as good as none: a tenth of the mean range.
    pub fn very_short_shadow(&self) -> f64 {
        0.1 * self.mean_range
    }

    pub fn no_upper_shadow(&self) -> bool {
        self.upper_shadow() < self.very_short_shadow()
    }

    pub fn no_lower_shadow(&self) -> bool {
        self.lower_shadow() < self.very_short_shadow()
    }

    /// Half the mean of both shadows.
    pub fn short_shadow(&self) -> f64 {
        self.mean_shadows / 2.0
    }

    /// Shadows above this are long: the candle's own body.
    pub fn long_shadow(&self) -> f64 {
        self.body()
    }

    /// Distances up to this are near.
    pub fn near(&self) -> f64 {
        0.2 * self.mean_short_range
    }

    /// Distances from this on are far.
    pub fn far(&self) -> f64 {
        0.6 * self.mean_short_range
    }

    /// Prices up to this apart are equal.
    pub fn equal(&self) -> f64 {
        0.05 * self.mean_short_range
    }

    /// The whole body lies above the other's.
    pub fn gaps_above(&self, other: &Shape) -> bool {
        self.bottom() > other.top()
    }

    /// The whole body lies below the other's.
    pub fn gaps_below(&self, other: &Shape) -> bool {
        self.top() < other.bottom()
    }
}

/// Body, range and shadows of the newest ten bars.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Averages {
    bodies: [f64; LONG],
    ranges: [f64; LONG],
    shadows: [f64; LONG],
    seen: usize,
}

impl Averages {
    /// The bar's shape; then the bar takes part in the averages of those after it.
    pub(super) fn shape(&mut self, bar: &Bar) -> Shape {
        let Bar { open, high, low, close, .. } = *bar;
        let recent: f64 = (1..=SHORT).map(|age| self.ranges[(self.seen + LONG - age) % LONG]).sum();
        let mean = |values: &[f64; LONG]| values.iter().sum::<f64>() / LONG as f64;
        let shape = Shape {
            open,
            high,
            low,
            close,
            mean_body: mean(&self.bodies),
            mean_range: mean(&self.ranges),
            mean_shadows: mean(&self.shadows),
            mean_short_range: recent / SHORT as f64,
        };
        let at = self.seen % LONG;
        self.bodies[at] = shape.body();
        self.ranges[at] = high - low;
        self.shadows[at] = shape.upper_shadow() + shape.lower_shadow();
        self.seen += 1;
        shape
    }
}
