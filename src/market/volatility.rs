//! Estimators of volatility per bar, and tests for jumps.
//!
//! Figures are standard deviations of log returns per bar; times `ANNUAL` they are per year of minutes. In a market that
//! never closes the open is the close before, so Yang-Zhang comes near Rogers-Satchell; prices on a grid bias the range
//! estimators downwards at one minute.
//! Invariant: an estimate at bar t depends on bars up to t; a jump is judged by the volatility before it.
//! Absent on purpose: seasonality of the day: take it out of the returns before asking for thresholds.

use std::f64::consts::{LN_2, PI};

use super::indicators::running::{FlowSum, Moments, checked};
use crate::domain::{Bar, Digest, StateHash};

/// Root of the minutes of a year of 365 days.
pub const ANNUAL: f64 = 724.982_758_415_674_3;

/// Log returns of closes; none for the first bar.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Returns(Option<f64>);

impl Returns {
    pub fn new() -> Self {
        Returns(None)
    }

    #[inline]
    pub fn update(&mut self, close: f64) -> Option<f64> {
        self.0.replace(close).map(|before| (close / before).ln())
    }
}

/// Sample deviation of the newest log returns.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseToClose {
    returns: Returns,
    moments: Moments,
}

impl CloseToClose {
    /// `length` returns from 2; first on bar length + 1.
    pub fn new(length: usize) -> Self {
        CloseToClose { returns: Returns::new(), moments: Moments::new(checked(length, 2)) }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let r = self.returns.update(bar.close)?;
        let (_, squares) = self.moments.update(r)?;
        Some((squares / (self.moments.length() as f64 - 1.0)).sqrt())
    }
}

/// Parkinson 1980: from high and low, without drift.
#[derive(Debug, Clone, PartialEq)]
pub struct Parkinson(FlowSum, f64);

impl Parkinson {
    /// `length` bars from 1.
    pub fn new(length: usize) -> Self {
        Parkinson(FlowSum::new(length), length as f64)
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let range = (bar.high / bar.low).ln();
        self.0.update(range * range).map(|sum| (sum / (4.0 * LN_2 * self.1)).sqrt())
    }
}

/// Garman and Klass 1980: 0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2, without drift.
#[derive(Debug, Clone, PartialEq)]
pub struct GarmanKlass(FlowSum, f64);

impl GarmanKlass {
    /// `length` bars from 1.
    pub fn new(length: usize) -> Self {
        GarmanKlass(FlowSum::new(length), length as f64)
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let (range, body) = ((bar.high / bar.low).ln(), (bar.close / bar.open).ln());
        // Never negative: the range is at least the body, and 2 ln 2 - 1 is less than a half.
        let term = 0.5 * range * range - (2.0 * LN_2 - 1.0) * body * body;
        self.0.update(term).map(|sum| (sum / self.1).sqrt())
    }
}

/// Rogers and Satchell 1991: independent of drift.
#[derive(Debug, Clone, PartialEq)]
pub struct RogersSatchell(FlowSum, f64);

impl RogersSatchell {
    /// `length` bars from 1.
    pub fn new(length: usize) -> Self {
        RogersSatchell(FlowSum::new(length), length as f64)
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        self.0.update(rogers_satchell(bar)).map(|sum| (sum / self.1).sqrt())
    }
}

fn rogers_satchell(bar: &Bar) -> f64 {
    let Bar { open, high, low, close, .. } = *bar;
    (high / close).ln() * (high / open).ln() + (low / close).ln() * (low / open).ln()
}

/// Yang and Zhang 2000: variance over night, of bodies, and Rogers-Satchell's, k = 0.34 / (1.34 + (m + 1) / (m - 1)).
#[derive(Debug, Clone, PartialEq)]
pub struct YangZhang {
    last_close: Option<f64>,
    opening: Moments,
    bodies: Moments,
    within: FlowSum,
}

impl YangZhang {
    /// `length` bars (each with a close before it) from 2; first on bar length + 1.
    pub fn new(length: usize) -> Self {
        let length = checked(length, 2);
        YangZhang {
            last_close: None,
            opening: Moments::new(length),
            bodies: Moments::new(length),
            within: FlowSum::new(length),
        }
    }

    pub fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = self.last_close.replace(bar.close)?;
        let opening = self.opening.update((bar.open / before).ln());
        let body = self.bodies.update((bar.close / bar.open).ln());
        let within = self.within.update(rogers_satchell(bar));
        let ((_, opening), (_, body), within) = (opening?, body?, within?);
        let m = self.opening.length() as f64;
        let k = 0.34 / (1.34 + (m + 1.0) / (m - 1.0));
        Some((opening / (m - 1.0) + k * body / (m - 1.0) + (1.0 - k) * within / m).sqrt())
    }
}

/// Exponentially weighted variance of returns (RiskMetrics 1996), mean taken as zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmaVariance {
    lambda: f64,
    variance: f64,
}

impl EwmaVariance {
    /// `lambda` 0.94 for days, 0.97 to 0.99 for minutes; `start` the variance expected before the first return.
    pub fn new(lambda: f64, start: f64) -> Self {
        EwmaVariance { lambda, variance: start }
    }

    /// The variance expected of the next return.
    pub fn forecast(&self) -> f64 {
        self.variance
    }

    /// Takes a return and gives the variance expected of the one after it.
    #[inline]
    pub fn update(&mut self, r: f64) -> f64 {
        self.variance = self.lambda * self.variance + (1.0 - self.lambda) * r * r;
        self.variance
    }
}

/// Variance of a window with and without its jumps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BipowerValue {
    /// Realised variance: sum of squared returns.
    pub realised: f64,
    /// Bipower variation: what it is without jumps.
    pub bipower: f64,
    pub tripower_quarticity: f64,
    /// Share of the realised variance that came with jumps; slightly negative at times.
    pub relative_jump: f64,
    /// Standard normal when there was no jump.
    pub z: f64,
}

/// Jump test by bipower variation (Barndorff-Nielsen and Shephard 2004, 2006; ratio statistic of Huang and Tauchen 2005
/// without factors N / (N - 1)).
#[derive(Debug, Clone, PartialEq)]
pub struct BipowerJump {
    length: usize,
    squares: FlowSum,
    pairs: FlowSum,
    triples: FlowSum,
    /// The two returns before, newest first, without their sign.
    before: [Option<f64>; 2],
}

impl BipowerJump {
    /// `length` returns from 3.
    pub fn new(length: usize) -> Self {
        let length = checked(length, 3);
        BipowerJump {
            length,
            squares: FlowSum::new(length),
            pairs: FlowSum::new(length - 1),
            triples: FlowSum::new(length - 2),
            before: [None; 2],
        }
    }

    /// `None` until `length` returns were seen, and while a window of returns that are nearly all zero leaves nothing to
    /// compare with.
    pub fn update(&mut self, r: f64) -> Option<BipowerValue> {
        // E|Z|^(4/3) for a standard normal Z.
        const MU: f64 = 0.830_860_925_029_559_2;
        let [one, two] = self.before;
        self.before = [Some(r.abs()), one];
        let realised = self.squares.update(r * r);
        let pairs = one.and_then(|one| self.pairs.update(r.abs() * one));
        let triples = one.zip(two).and_then(|(one, two)| {
            let product = r.abs() * one * two;
            self.triples.update(product * product.cbrt())
        });
        let (realised, n) = (realised?, self.length as f64);
        let bipower = PI / 2.0 * pairs?;
        let tripower_quarticity = n * triples? / (MU * MU * MU);
        if bipower <= 0.0 {
            return None;
        }
        let relative_jump = (realised - bipower) / realised;
        let spread = (PI * PI / 4.0 + PI - 5.0) / n * (tripower_quarticity / (bipower * bipower)).max(1.0);
        let z = relative_jump / spread.sqrt();
        Some(BipowerValue { realised, bipower, tripower_quarticity, relative_jump, z })
    }
}

/// One return against the volatility before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeeMyklandValue {
    /// The return in local standard deviations, signed.
    pub statistic: f64,
    pub is_jump: bool,
}

/// Jump test for single returns (Lee and Mykland 2008, paper's scaling with c = sqrt(2 / pi)).
#[derive(Debug, Clone, PartialEq)]
pub struct LeeMykland {
    products: FlowSum,
    /// Products in the window: K - 2.
    length: f64,
    last: Option<f64>,
    /// Mean of the newest products, known before the next return.
    variance: Option<f64>,
    threshold: LeeMyklandThreshold,
}

/// The largest of n statistics without a jump is about `center`, with spread `scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeeMyklandThreshold {
    /// C_n.
    pub center: f64,
    /// S_n.
    pub scale: f64,
    /// The Gumbel quantile -ln(-ln(1 - alpha)).
    pub quantile: f64,
}

impl LeeMyklandThreshold {
    /// For `n` returns tested together (from 2) at the level `alpha`.
    pub fn new(n: usize, alpha: f64) -> Self {
        let c = (2.0 / PI).sqrt();
        let log = (n as f64).ln();
        let root = (2.0 * log).sqrt();
        LeeMyklandThreshold {
            center: root / c - (PI.ln() + log.ln()) / (2.0 * c * root),
            scale: 1.0 / (c * root),
            quantile: -(-(1.0 - alpha).ln()).ln(),
        }
    }
}

impl LeeMykland {
    /// `window` (K) from 3: 120 to 270 at one minute; the volatility is taken from the K - 2 products of neighbours
    /// before. `n` returns are tested together at the level `alpha`.
    pub fn new(window: usize, n: usize, alpha: f64) -> Self {
        let length = checked(window, 3) - 2;
        LeeMykland {
            products: FlowSum::new(length),
            length: length as f64,
            last: None,
            variance: None,
            threshold: LeeMyklandThreshold::new(n, alpha),
        }
    }

    pub fn threshold(&self) -> LeeMyklandThreshold {
        self.threshold
    }

    /// First on return K; `None` while the returns before were nearly all zero.
    pub fn update(&mut self, r: f64) -> Option<LeeMyklandValue> {
        let variance = self.variance.filter(|variance| *variance > 0.0);
        if let Some(last) = self.last.replace(r) {
            self.variance = self.products.update(r.abs() * last.abs()).map(|sum| sum / self.length);
        }
        let statistic = r / variance?.sqrt();
        let LeeMyklandThreshold { center, scale, quantile } = self.threshold;
        Some(LeeMyklandValue { statistic, is_jump: (statistic.abs() - center) / scale > quantile })
    }
}

impl StateHash for LeeMykland {
    fn state_hash(&self, digest: &mut Digest) {
        let LeeMyklandThreshold { center, scale, quantile } = self.threshold;
        let numbers = [self.length, center, scale, quantile];
        let known = [self.last, self.variance];
        digest.add(&self.products);
        numbers.into_iter().for_each(|x| digest.f64(x));
        for known in known {
            digest.bool(known.is_some());
            digest.f64(known.unwrap_or(0.0));
        }
    }
}
