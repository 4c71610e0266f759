//! Change detectors over a row of numbers: CUSUM, the symmetric CUSUM filter, Page-Hinkley.
//!
//! At one minute a limit of five deviations raises about three false alarms a day (`average_run_length`): take 8 to 10.
//! Invariant: an alarm at t depends on values up to t.
//! Absent on purpose: detectors with a model of regimes; hysteresis and cool-down, which belong to the decision.

/// Sums of a tabular CUSUM.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CusumValue {
    /// Evidence of a rise.
    pub plus: f64,
    /// Evidence of a fall.
    pub minus: f64,
    pub alarm: bool,
}

/// Tabular CUSUM (Page 1954); it is not set back by an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cusum {
    target: f64,
    slack: f64,
    limit: f64,
    plus: f64,
    minus: f64,
}

impl Cusum {
    /// `slack` (K) and `limit` (H) in the units of the values; usual are a half and five deviations.
    pub fn new(target: f64, slack: f64, limit: f64) -> Self {
        Cusum { target, slack, limit, plus: 0.0, minus: 0.0 }
    }

    pub fn update(&mut self, x: f64) -> CusumValue {
        self.plus = (self.plus + x - (self.target + self.slack)).max(0.0);
        self.minus = (self.minus + (self.target - self.slack) - x).max(0.0);
        CusumValue { plus: self.plus, minus: self.minus, alarm: self.plus > self.limit || self.minus > self.limit }
    }

    /// Forgets all evidence.
    pub fn reset(&mut self) {
        (self.plus, self.minus) = (0.0, 0.0);
    }
}

/// Average number of values until a one-sided alarm, when the mean is `shift` deviations off the target; `slack` and
/// `limit` in deviations (Siegmund 1985). Two-sided without shift: half of it.
pub fn average_run_length(shift: f64, slack: f64, limit: f64) -> f64 {
    let drift = shift - slack;
    let reach = limit + 1.166;
    if drift == 0.0 {
        return reach * reach;
    }
    ((-2.0 * drift * reach).exp() + 2.0 * drift * reach - 1.0) / (2.0 * drift * drift)
}

/// Samples a path whenever it moved by a threshold (Lopez de Prado 2018, snippet 2.4). A sampler, not a test: only the
/// side that fired begins anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CusumFilter {
    threshold: f64,
    up: f64,
    down: f64,
    last: Option<f64>,
}

impl CusumFilter {
    pub fn new(threshold: f64) -> Self {
        CusumFilter { threshold, up: 0.0, down: 0.0, last: None }
    }

    /// True when this value is an event.
    pub fn update(&mut self, x: f64) -> bool {
        let Some(last) = self.last.replace(x) else { return false };
        self.up = (self.up + (x - last)).max(0.0);
        self.down = (self.down + (x - last)).min(0.0);
        if self.down < -self.threshold {
            self.down = 0.0;
            return true;
        }
        if self.up > self.threshold {
            self.up = 0.0;
            return true;
        }
        false
    }
}

/// Which changes of the mean `PageHinkley` looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Rise,
    Fall,
    Both,
}

/// What `PageHinkley` is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageHinkleySettings {
    pub direction: Direction,
    /// Changes up to this are passed over.
    pub delta: f64,
    /// Evidence above this is an alarm.
    pub threshold: f64,
    /// Share of the evidence kept at each value; 1 forgets nothing.
    pub keep: f64,
    /// Values before the first alarm.
    pub least: u64,
}

/// Page-Hinkley test: how far the sum of deviations from the running mean stands above its least (below its greatest).
///
/// With `keep` 1 and `least` 1 it is the textbook's (Page 1954, Gama et al. 2004); river 0.26 takes 0.9999 and 30.
/// An alarm sets it back before the next value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageHinkley {
    settings: PageHinkleySettings,
    count: u64,
    mean: f64,
    rise: f64,
    least_rise: f64,
    fall: f64,
    greatest_fall: f64,
    alarmed: bool,
}

/// Evidence after a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageHinkleyValue {
    /// Evidence in the direction looked for, the larger of both for `Both`.
    pub statistic: f64,
    pub alarm: bool,
}

impl PageHinkley {
    pub fn new(settings: PageHinkleySettings) -> Self {
        PageHinkley {
            settings,
            count: 0,
            mean: 0.0,
            rise: 0.0,
            least_rise: f64::INFINITY,
            fall: 0.0,
            greatest_fall: f64::NEG_INFINITY,
            alarmed: false,
        }
    }

    pub fn update(&mut self, x: f64) -> PageHinkleyValue {
        if self.alarmed {
            *self = PageHinkley::new(self.settings);
        }
        let PageHinkleySettings { direction, delta, threshold, keep, least } = self.settings;
        self.count += 1;
        self.mean += (x - self.mean) / self.count as f64;
        self.rise = keep * self.rise + (x - self.mean - delta);
        self.fall = keep * self.fall + (x - self.mean + delta);
        self.least_rise = self.least_rise.min(self.rise);
        self.greatest_fall = self.greatest_fall.max(self.fall);
        let (rise, fall) = (self.rise - self.least_rise, self.greatest_fall - self.fall);
        let statistic = match direction {
            Direction::Rise => rise,
            Direction::Fall => fall,
            Direction::Both => rise.max(fall),
        };
        self.alarmed = self.count >= least && statistic > threshold;
        PageHinkleyValue { statistic, alarm: self.alarmed }
    }
}
