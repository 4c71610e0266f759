//! `Measures`: what the detectors and the regime ask of a closed bar, computed once.
//!
//! Invariant: a bar is measured in units known before it (`deviation`, Lee and Mykland's volatility); returns across
//! missing minutes are absent, and falls reach back in time, not in bars.
//! Absent on purpose: volume and the book (`liquidity`), and faults of the data (`data_trouble`).

use crate::domain::{Bar, Digest, Span, StateHash, Time};
use crate::market::volatility::{LeeMykland, LeeMyklandValue};

/// Standardised returns beyond this count as this.
const CLIP: f64 = 4.0;
/// Variances of the regime do not take in more than this many robust deviations: a jump is no volatility.
const MOST_DEVIATIONS: f64 = 10.0;
/// Returns before limits by volatility are meant.
pub const WARM_UP: u32 = 240;

/// Measures of one closed bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Minute {
    /// The end of its minute.
    pub time: Time,
    /// Log return; none for the first bar and after missing minutes.
    pub log_return: Option<f64>,
    /// Robust deviation of a minute's log return, known before this bar; none during warm-up.
    pub deviation: Option<f64>,
    /// Close over the highest close of the last 5 and 15 minutes, less one: at most 0.
    pub fall_5: f64,
    pub fall_15: f64,
    /// Lee and Mykland, from a window of 120 returns, a day tested together at 1 %.
    pub jump: Option<LeeMyklandValue>,
    /// Deviation of the last minutes over the one of two days.
    pub volatility_ratio: Option<f64>,
    /// Standardised return, clipped.
    pub standardised: Option<f64>,
    /// Drift over four and eight hours in its own deviations.
    pub drift_4h: f64,
    pub drift_8h: f64,
    /// Log of the two-hour deviation, jumps cut, less its mean of a week.
    pub level: Option<f64>,
}

/// Kept up bar by bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    last: Option<(Time, f64)>,
    deviation: RobustDeviation,
    highs_5: RecentHigh<6>,
    highs_15: RecentHigh<16>,
    jumps: LeeMykland,
    short: RunningMean,
    long: RunningMean,
    drift_4h: Drift,
    drift_8h: Drift,
    two_hours: RunningMean,
    /// Of logarithms, so that the level has mean zero in markets of any tails.
    week: RunningMean,
}

impl Default for Measures {
    fn default() -> Self {
        Measures::new()
    }
}

impl Measures {
    pub fn new() -> Measures {
        Measures {
            last: None,
            deviation: RobustDeviation::new(),
            highs_5: RecentHigh::new(),
            highs_15: RecentHigh::new(),
            jumps: LeeMykland::new(120, 1_440, 0.01),
            short: RunningMean::new(15),
            long: RunningMean::new(2_880),
            drift_4h: Drift::new(240),
            drift_8h: Drift::new(480),
            two_hours: RunningMean::new(120),
            week: RunningMean::new(10_080),
        }
    }

    /// Deviation of the last minutes over the one of two days, up to the newest bar; none during warm-up.
    pub fn volatility_ratio(&self) -> Option<f64> {
        ratio(self.short.value, self.long.value).filter(|_| self.deviation.seen >= WARM_UP)
    }

    /// `bar` must be valid and later than the one before.
    pub fn update(&mut self, bar: &Bar) -> Minute {
        let before = self.last.replace((bar.open_time, bar.close));
        let follows = |(time, _): &(Time, f64)| bar.open_time.since(*time).0 <= Span::MINUTE.0;
        let log_return = before.filter(follows).map(|(_, close)| (bar.close / close).ln());
        let deviation = self.deviation.known();
        let mut minute = Minute {
            time: bar.open_time.plus(Span::MINUTE),
            log_return,
            deviation: deviation.filter(|_| self.deviation.seen >= WARM_UP),
            fall_5: self.highs_5.fall(bar, 5),
            fall_15: self.highs_15.fall(bar, 15),
            jump: None,
            volatility_ratio: None,
            standardised: None,
            drift_4h: self.drift_4h.value(),
            drift_8h: self.drift_8h.value(),
            level: None,
        };
        if let Some(r) = log_return {
            self.take(r, deviation, &mut minute);
        }
        if self.deviation.seen >= WARM_UP {
            minute.volatility_ratio = ratio(self.short.value, self.long.value);
            minute.level = log_deviation(&self.two_hours).map(|log| log - self.week.value);
        }
        minute
    }

    fn take(&mut self, r: f64, deviation: Option<f64>, minute: &mut Minute) {
        minute.jump = self.jumps.update(r);
        self.deviation.update(r);
        self.short.update(r * r);
        self.long.update(r * r);
        let Some(deviation) = deviation else { return };
        let most = MOST_DEVIATIONS * deviation;
        let cut = (r * r).min(most * most);
        self.two_hours.update(cut);
        // Means of a few returns are no measure of two hours.
        if let Some(log) = log_deviation(&self.two_hours).filter(|_| self.two_hours.seen >= 60) {
            self.week.update(log);
        }
        let standardised = (r / deviation).clamp(-CLIP, CLIP);
        minute.standardised = Some(standardised).filter(|_| self.deviation.seen > WARM_UP);
        minute.drift_4h = self.drift_4h.update(standardised);
        minute.drift_8h = self.drift_8h.update(standardised);
    }
}

/// Root of the ratio of two variances.
fn ratio(short: f64, long: f64) -> Option<f64> {
    (short > 0.0 && long > 0.0).then(|| (short / long).sqrt())
}

fn log_deviation(variance: &RunningMean) -> Option<f64> {
    (variance.value > 0.0).then(|| 0.5 * variance.value.ln())
}

/// Deviation of returns by the median of their sizes, which half of them may leave as outliers: the median is followed in
/// steps of a fixed ratio (Robbins and Monro 1951), 1.4826 times it is the deviation of a normal. It is at least half of
/// what the mean size says: where ticks are coarse, more than half of all minutes stand still and their median is nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RobustDeviation {
    log_median: f64,
    /// Of a day's sizes.
    mean: RunningMean,
    seen: u32,
}

impl RobustDeviation {
    /// The median moves by at most so much (in logarithms) a return, more at the beginning.
    const STEP: f64 = 0.004;
    /// A hundredth of a basis point: returns below count as this.
    const LEAST: f64 = 1e-6;
    /// Deviation of a normal over its median and its mean size.
    const OVER_MEDIAN: f64 = 1.482_602_218_505_602;
    const OVER_MEAN: f64 = 1.253_314_137_315_500_3;

    #[allow(clippy::new_without_default)]
    pub fn new() -> RobustDeviation {
        RobustDeviation { log_median: 0.0, mean: RunningMean::new(1_440), seen: 0 }
    }

    /// None before the first return.
    pub fn known(&self) -> Option<f64> {
        let by_median = Self::OVER_MEDIAN * self.log_median.exp();
        let by_mean = 0.5 * Self::OVER_MEAN * self.mean.value();
        (self.seen > 0).then(|| by_median.max(by_mean))
    }

    pub fn update(&mut self, r: f64) {
        let size = r.abs().max(Self::LEAST);
        self.mean.update(size);
        let size = size.ln();
        self.seen = self.seen.saturating_add(1);
        if self.seen == 1 {
            self.log_median = size;
            return;
        }
        let step = (1.0 / f64::from(self.seen)).max(Self::STEP);
        if size > self.log_median {
            self.log_median += step;
        } else if size < self.log_median {
            self.log_median -= step;
        }
    }
}

/// Exponential mean that is the plain mean until it has seen enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningMean {
    weight: f64,
    value: f64,
    seen: u32,
}

impl RunningMean {
    /// `span` as in an EMA: the newest value weighs 2 / (span + 1).
    pub fn new(span: u32) -> RunningMean {
        RunningMean { weight: 2.0 / (f64::from(span) + 1.0), value: 0.0, seen: 0 }
    }

    pub fn update(&mut self, x: f64) -> f64 {
        self.seen = self.seen.saturating_add(1);
        self.value += self.weight.max(1.0 / f64::from(self.seen)) * (x - self.value);
        self.value
    }

    pub fn value(&self) -> f64 {
        self.value
    }
}

/// Exponential sum of standardised returns, scaled to unit deviation where they are independent.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Drift {
    weight: f64,
    mean: f64,
}

impl Drift {
    fn new(span: u32) -> Drift {
        Drift { weight: 2.0 / (f64::from(span) + 1.0), mean: 0.0 }
    }

    fn value(&self) -> f64 {
        self.mean * ((2.0 - self.weight) / self.weight).sqrt()
    }

    fn update(&mut self, x: f64) -> f64 {
        self.mean += self.weight * (x - self.mean);
        self.value()
    }
}

/// The highest close of the last minutes: falling closes with their times, at most one a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
struct RecentHigh<const PLACES: usize> {
    /// The highest first.
    closes: [(Time, f64); PLACES],
    count: usize,
}

impl<const PLACES: usize> RecentHigh<PLACES> {
    fn new() -> Self {
        RecentHigh { closes: [(Time(0), 0.0); PLACES], count: 0 }
    }

    /// Takes the close and gives it over the highest of the last `minutes`, less one.
    fn fall(&mut self, bar: &Bar, minutes: i64) -> f64 {
        let oldest = bar.open_time.minus(Span(minutes * Span::MINUTE.0));
        let expired = self.closes[..self.count].iter().take_while(|(time, _)| *time < oldest).count();
        self.closes.copy_within(expired..self.count, 0);
        self.count -= expired;
        while self.count > 0 && self.closes[self.count - 1].1 <= bar.close {
            self.count -= 1;
        }
        // Minutes off the grid may come closer than a minute: then the lowest place is taken over.
        self.count = self.count.min(PLACES - 1);
        self.closes[self.count] = (bar.open_time, bar.close);
        self.count += 1;
        bar.close / self.closes[0].1 - 1.0
    }
}

impl StateHash for Measures {
    fn state_hash(&self, digest: &mut Digest) {
        digest.bool(self.last.is_some());
        let (time, close) = self.last.unwrap_or((Time(0), 0.0));
        digest.add(&time);
        digest.f64(close);
        digest.add(&self.deviation);
        digest.add(&self.highs_5);
        digest.add(&self.highs_15);
        digest.add(&self.jumps);
        for mean in [&self.short, &self.long, &self.two_hours, &self.week] {
            digest.add(mean);
        }
        digest.f64(self.drift_4h.mean);
        digest.f64(self.drift_8h.mean);
    }
}

impl StateHash for RobustDeviation {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.log_median);
        digest.add(&self.mean);
        digest.u64(u64::from(self.seen));
    }
}

impl StateHash for RunningMean {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.value);
        digest.u64(u64::from(self.seen));
    }
}

impl<const PLACES: usize> StateHash for RecentHigh<PLACES> {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.count as u64);
        for (time, close) in &self.closes[..self.count] {
            digest.add(time);
            digest.f64(*close);
        }
    }
}
