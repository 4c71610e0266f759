//! `Gauge`: the state behind a feature, and its formula.
//!
//! Formulas are stated with `Feature`; here is how each is kept up bar by bar.
//! Invariant: an absent value is 0; no divisor is zero or the rounding of something larger.
//! Absent on purpose: instruments of its own: these are `market::indicators` and `market::volatility`.

use std::f64::consts::TAU;

use super::feature::{Estimator, Feature, LIMIT};
use crate::domain::{Bar, Span};
use crate::market::indicators::running::{Delay, FlowSum, Highest, Lowest, ROUNDING, WindowSum};
use crate::market::indicators::{Adx, Bbands, Cmo, Ema, Macd, Sma};
use crate::market::volatility::{GarmanKlass, Parkinson, YangZhang};

/// The newest bar and what several gauges ask of it.
#[derive(Debug)]
pub(super) struct Minute<'a> {
    pub bar: &'a Bar,
    pub log_close: f64,
    pub log_return: Option<f64>,
    /// Deviation of a minute's log return; above zero.
    pub volatility: Option<f64>,
    /// Minutes without a bar since the bar before.
    pub missing: f64,
    /// Volume that takers bought; not negative.
    pub taker_buy: Option<f64>,
}

/// Volatilities below a hundredth of a basis point count as this; so does what is a hundredth of the usual.
const LEAST_BASIS_POINTS: f64 = 0.01;
const LEAST_RATIO: f64 = 0.01;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Gauge {
    /// Log closes, and the root of the span.
    Return(Delay, f64),
    Parkinson(Parkinson),
    GarmanKlass(GarmanKlass),
    YangZhang(YangZhang),
    Ewma(Ema),
    /// Chande's oscillator after Wilder is RSI about its middle, and 0 where RSI has nothing to compare.
    Rsi(Cmo),
    Macd(Macd),
    Bollinger(Bbands, f64),
    Directional(Adx),
    Stochastic(Highest, Lowest, Sma),
    EmaDistance(Ema, f64),
    SmaDistance(Sma, f64),
    Channel(Highest, Lowest, f64),
    Candle,
    Volume(FlowSum, f64),
    /// Volume with the sign and share of the close's place, volume.
    MoneyFlow(WindowSum, FlowSum),
    Clock,
    /// Open times in minutes, and the bars between.
    Gaps(Delay, f64),
    Taker(Taker),
}

impl Gauge {
    pub(super) fn new(feature: Feature) -> Gauge {
        let root = |bars: usize| (bars as f64).sqrt();
        match feature {
            Feature::Return { bars } => Gauge::Return(Delay::new(bars), root(bars)),
            Feature::Volatility { estimator, bars } => match estimator {
                Estimator::Parkinson => Gauge::Parkinson(Parkinson::new(bars)),
                Estimator::GarmanKlass => Gauge::GarmanKlass(GarmanKlass::new(bars)),
                Estimator::YangZhang => Gauge::YangZhang(YangZhang::new(bars)),
                Estimator::Ewma => Gauge::Ewma(Ema::new(bars)),
            },
            Feature::Rsi { bars } => Gauge::Rsi(Cmo::new(bars)),
            Feature::Macd { fast, slow, signal } => Gauge::Macd(Macd::new(fast, slow, signal)),
            Feature::Bollinger { bars } => Gauge::Bollinger(Bbands::new(bars, 2.0), root(bars)),
            Feature::Directional { bars } => Gauge::Directional(Adx::new(bars)),
            Feature::Stochastic { bars, smooth } => {
                Gauge::Stochastic(Highest::new(bars), Lowest::new(bars), Sma::new(smooth))
            }
            Feature::EmaDistance { bars } => Gauge::EmaDistance(Ema::new(bars), root(bars)),
            Feature::SmaDistance { bars } => Gauge::SmaDistance(Sma::new(bars), root(bars)),
            Feature::Channel { bars } => Gauge::Channel(Highest::new(bars), Lowest::new(bars), root(bars)),
            Feature::Candle => Gauge::Candle,
            Feature::Volume { bars } => Gauge::Volume(FlowSum::new(bars), bars as f64),
            Feature::MoneyFlow { bars } => Gauge::MoneyFlow(WindowSum::new(bars), FlowSum::new(bars)),
            Feature::Clock => Gauge::Clock,
            Feature::Gaps { bars } => Gauge::Gaps(Delay::new(bars), bars as f64),
            Feature::Taker { bars } => Gauge::Taker(Taker::new(bars)),
        }
    }

    /// Takes the newest bar and writes the feature's columns.
    pub(super) fn update(&mut self, minute: &Minute<'_>, out: &mut [f32]) {
        let (bar, unit) = (minute.bar, minute.volatility);
        match self {
            Gauge::Return(past, root) => {
                let change = past.update(minute.log_close).map(|past| (minute.log_close - past) / *root);
                write(out, [change.map(|change| 1000.0 * change), over(change, unit)]);
            }
            Gauge::Parkinson(range) => write(out, [range.update(bar).map(log_basis_points)]),
            Gauge::GarmanKlass(range) => write(out, [range.update(bar).map(log_basis_points)]),
            Gauge::YangZhang(range) => write(out, [range.update(bar).map(log_basis_points)]),
            Gauge::Ewma(average) => {
                let variance = minute.log_return.and_then(|r| average.update(r * r));
                write(out, [variance.map(|variance| log_basis_points(variance.sqrt()))]);
            }
            Gauge::Rsi(oscillator) => write(out, [oscillator.update(bar.close).map(|x| x / 100.0)]),
            Gauge::Macd(macd) => {
                let histogram = macd.update(minute.log_close).map(|value| value.histogram);
                write(out, [over(histogram, unit)]);
            }
            Gauge::Bollinger(bands, root) => write(out, bollinger(bands, *root, minute)),
            Gauge::Directional(adx) => {
                let (directions, adx) = adx.update_both(bar).unzip();
                let difference = directions.map(|value| (value.plus - value.minus) / 100.0);
                write(out, [adx.flatten().map(|adx| adx / 100.0), difference]);
            }
            Gauge::Stochastic(highest, lowest, average) => {
                let place = extremes(highest, lowest, bar).map(|(high, low)| place(high, low, bar.close));
                write(out, [place.and_then(|place| average.update(place))]);
            }
            Gauge::EmaDistance(average, root) => {
                let distance = average.update(minute.log_close).map(|mean| (minute.log_close - mean) / *root);
                write(out, [over(distance, unit)]);
            }
            Gauge::SmaDistance(average, root) => {
                let distance = average.update(minute.log_close).map(|mean| (minute.log_close - mean) / *root);
                write(out, [over(distance, unit)]);
            }
            Gauge::Channel(highest, lowest, root) => {
                let reach = bar.close * *root;
                let (up, down) = extremes(highest, lowest, bar)
                    .map(|(high, low)| ((high - bar.close) / reach, (bar.close - low) / reach))
                    .unzip();
                write(out, [over(up, unit), over(down, unit)]);
            }
            Gauge::Candle => write(out, candle(minute)),
            Gauge::Volume(sum, bars) => write(out, [sum.update(bar.volume).map(|sum| volume(bar.volume * *bars, sum))]),
            Gauge::MoneyFlow(signed, sum) => {
                let signed = signed.update(bar.volume * place(bar.high, bar.low, bar.close));
                write(out, [signed.zip(sum.update(bar.volume)).map(|(signed, sum)| share(signed, sum))]);
            }
            Gauge::Clock => write(out, clock(bar)),
            Gauge::Gaps(past, bars) => write(out, gaps(past, *bars, minute)),
            Gauge::Taker(taker) => write(out, taker.update(minute)),
        }
    }
}

/// Volume that takers bought less what they sold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taker {
    signed: WindowSum,
    volume: FlowSum,
    /// Newest bars in a row that told it, at most the window's.
    told: usize,
}

impl Taker {
    fn new(bars: usize) -> Taker {
        Taker { signed: WindowSum::new(bars), volume: FlowSum::new(bars), told: 0 }
    }

    /// The imbalance and its mask.
    fn update(&mut self, minute: &Minute<'_>) -> [Option<f64>; 2] {
        let volume = minute.bar.volume;
        let bars = self.signed.length();
        // Zeros stand where nothing was told; before a value is stated they have left the window.
        let (signed, all) = minute.taker_buy.map_or((0.0, 0.0), |buy| (2.0 * buy.min(volume) - volume, volume));
        self.told = if minute.taker_buy.is_some() { (self.told + 1).min(bars) } else { 0 };
        let sums = self.signed.update(signed).zip(self.volume.update(all));
        let value = sums.filter(|_| self.told == bars).map(|(signed, volume)| share(signed, volume));
        [value, value.is_none().then_some(1.0)]
    }
}

fn write<const N: usize>(out: &mut [f32], values: [Option<f64>; N]) {
    debug_assert_eq!(out.len(), N);
    for (out, value) in out.iter_mut().zip(values) {
        *out = value.map_or(0.0, |x| x.clamp(-LIMIT, LIMIT)) as f32;
    }
}

fn over(x: Option<f64>, unit: Option<f64>) -> Option<f64> {
    Some(x? / unit?)
}

fn log_basis_points(volatility: f64) -> f64 {
    (volatility * 1e4).max(LEAST_BASIS_POINTS).ln()
}

/// Distance from the middle line in halves of the band, and the log of the band's width in its usual width.
fn bollinger(bands: &mut Bbands, root: f64, minute: &Minute<'_>) -> [Option<f64>; 2] {
    let Some(band) = bands.update(minute.log_close) else { return [None; 2] };
    let half = band.upper - band.middle;
    // Log prices are of the order of ten: what is less than their rounding is none.
    let place = if half <= ROUNDING { 0.0 } else { (minute.log_close - band.middle) / half };
    let width = minute.volatility.map(|unit| (2.0 * half / (unit * root)).max(LEAST_RATIO).ln());
    [Some(place), width]
}

/// Highest high and lowest low.
fn extremes(highest: &mut Highest, lowest: &mut Lowest, bar: &Bar) -> Option<(f64, f64)> {
    let (high, low) = (highest.update(bar.high), lowest.update(bar.low));
    Some((high?.0, low?.0))
}

/// Place of the close: -1 at the low, 1 at the high, 0 without range.
fn place(high: f64, low: f64, close: f64) -> f64 {
    let range = high - low;
    if range <= high * ROUNDING { 0.0 } else { ((close - low) - (high - close)) / range }
}

/// Body, wicks and range.
fn candle(minute: &Minute<'_>) -> [Option<f64>; 4] {
    let Bar { open, high, low, close, .. } = *minute.bar;
    let range = high - low;
    let of_range = |x: f64| Some(if range <= high * ROUNDING { 0.0 } else { x / range });
    let size = minute.volatility.map(|unit| (range / (close * unit)).ln_1p());
    [of_range(close - open), of_range(high - open.max(close)), of_range(open.min(close) - low), size]
}

/// Log of a volume (times the bars of the window) over the window's sum.
fn volume(volume: f64, sum: f64) -> f64 {
    if sum > 0.0 { (volume / sum).max(LEAST_RATIO).ln() } else { 0.0 }
}

/// A signed part of a sum. A sum that slides may carry the rounding of something larger that has left the window.
fn share(signed: f64, sum: f64) -> f64 {
    if sum > 0.0 { (signed / sum).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Where in the day and in the week the bar opened.
fn clock(bar: &Bar) -> [Option<f64>; 4] {
    // 1970-01-01 was a Thursday, the fourth day of its week.
    const TO_MONDAY: i64 = 3 * Span::DAY.0;
    let (time, week) = (bar.open_time.0, 7 * Span::DAY.0);
    let turn = |time: i64, period: i64| (TAU * time.rem_euclid(period) as f64 / period as f64).sin_cos();
    let (day, week) = (turn(time, Span::DAY.0), turn(time.saturating_add(TO_MONDAY), week));
    [Some(day.0), Some(day.1), Some(week.0), Some(week.1)]
}

/// What is missing before the newest bar, and among the newest bars.
fn gaps(past: &mut Delay, bars: f64, minute: &Minute<'_>) -> [Option<f64>; 2] {
    const DAY: f64 = (Span::DAY.0 / Span::MINUTE.0) as f64;
    let gap = (minute.missing.ln_1p() / DAY.ln_1p()).min(1.0);
    let now = minute.bar.open_time.0 as f64 / Span::MINUTE.0 as f64;
    let missing = past.update(now).map(|then| {
        let passed = now - then;
        if passed > bars { 1.0 - bars / passed } else { 0.0 }
    });
    [Some(gap), missing]
}
