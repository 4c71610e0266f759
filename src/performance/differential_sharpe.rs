//! `DifferentialSharpe`: what the newest return does to an exponentially weighted Sharpe ratio.
//!
//! Moody and Saffell 1998 and 2001 ("Learning to trade via direct reinforcement", eq. 13): A and B are running means of the
//! returns and of their squares, A += eta (R - A), B += eta (R^2 - B), and the derivative of A / sqrt(B - A^2) by eta is
//! D = (B dA - A dB / 2) / (B - A^2)^(3/2), with dA = R - A, dB = R^2 - B and the A and B from before the return.
//! Invariant: fed in time order; the state is A, B and how many returns there were, so equal histories give equal bits.
//! Absent on purpose: the factor 1 / K_eta, years, intervals (`sharpe` has them).

use serde::{Deserialize, Serialize};

use crate::domain::digest::{Digest, StateHash};

/// How it begins and what keeps it bounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifferentialSharpeSettings {
    /// Weight of the newest return, above 0, at most 1: one over the returns that count. 0.01 for days (Moody and Saffell),
    /// 1/1440 to 1/10080 for minutes.
    pub eta: f64,
    /// First returns that only build A and B, as plain means; D is 0 meanwhile. Without it the first values explode.
    pub warm_up: u32,
    /// The least B - A^2 that is divided by, in squared returns; 0 for the formula as it is.
    pub variance_floor: f64,
    /// D is cut at plus and minus this; infinity for the formula as it is.
    pub clip: f64,
}

/// The running A and B.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifferentialSharpe {
    settings: DifferentialSharpeSettings,
    /// A.
    mean: f64,
    /// B.
    square: f64,
    returns: u64,
}

impl Default for DifferentialSharpeSettings {
    /// For a decision every few minutes: a week counts, the first day only warms up.
    fn default() -> Self {
        DifferentialSharpeSettings { eta: 0.002, warm_up: 96, variance_floor: 1e-12, clip: 5.0 }
    }
}

impl DifferentialSharpe {
    /// Without returns yet.
    pub fn new(settings: DifferentialSharpeSettings) -> DifferentialSharpe {
        DifferentialSharpe { settings, mean: 0.0, square: 0.0, returns: 0 }
    }

    /// The formula as it is, from a known A and B.
    pub fn raw(eta: f64, mean: f64, square: f64) -> DifferentialSharpe {
        let settings = DifferentialSharpeSettings { eta, warm_up: 0, variance_floor: 0.0, clip: f64::INFINITY };
        DifferentialSharpe { settings, mean, square, returns: 0 }
    }

    /// Takes the return of one period, a fraction; answers D, which is 0 in the warm-up and where no return varied yet.
    pub fn update(&mut self, change: f64) -> f64 {
        let settings = self.settings;
        let (mean_step, square_step) = (change - self.mean, change * change - self.square);
        let is_warm = self.returns >= u64::from(settings.warm_up);
        let variance = (self.square - self.mean * self.mean).max(settings.variance_floor);
        let worth = if is_warm && variance > 0.0 {
            let slope = self.square * mean_step - 0.5 * self.mean * square_step;
            (slope / variance.powf(1.5)).clamp(-settings.clip, settings.clip)
        } else {
            0.0
        };
        self.returns += 1;
        // A plain mean as long as it weighs the newest more: the first return does not count for ever.
        let eta = if is_warm { settings.eta } else { settings.eta.max(1.0 / self.returns as f64) };
        self.mean += eta * mean_step;
        self.square += eta * square_step;
        worth
    }

    /// A: the running mean of returns.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// B: the running mean of squared returns.
    pub fn square(&self) -> f64 {
        self.square
    }

    /// A / sqrt(B - A^2) per period, with the floor; 0 where nothing varied. With A and B in the observation the reward of a
    /// decision follows from what is observed.
    pub fn ratio(&self) -> f64 {
        let variance = (self.square - self.mean * self.mean).max(self.settings.variance_floor);
        if variance > 0.0 { self.mean / variance.sqrt() } else { 0.0 }
    }

    /// Whether D is given yet.
    pub fn is_warm(&self) -> bool {
        self.returns >= u64::from(self.settings.warm_up)
    }
}

impl StateHash for DifferentialSharpe {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.mean);
        digest.f64(self.square);
        digest.u64(self.returns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns() -> impl Iterator<Item = f64> {
        (0..200).map(|at| 0.001 * (f64::from(at) * 1.7).sin() + 0.000_1)
    }

    #[test]
    fn it_is_the_slope_of_the_running_sharpe_ratio_by_eta() {
        let mut sharpe = DifferentialSharpe::raw(0.01, 0.0, 1e-7);
        for change in returns() {
            let ratio = |eta: f64| {
                let mean = sharpe.mean() + eta * (change - sharpe.mean());
                let square = sharpe.square() + eta * (change * change - sharpe.square());
                mean / (square - mean * mean).sqrt()
            };
            let slope = (ratio(1e-6) - ratio(-1e-6)) / 2e-6;
            let found = sharpe.update(change);
            assert!((found - slope).abs() < 1e-5 * (1.0 + slope.abs()), "{found} {slope}");
        }
    }

    #[test]
    fn a_warm_up_gives_nothing_and_ends_at_the_plain_means() {
        let settings = DifferentialSharpeSettings { eta: 0.01, warm_up: 50, variance_floor: 0.0, clip: 5.0 };
        let mut sharpe = DifferentialSharpe::new(settings);
        let first: Vec<f64> = returns().take(50).collect();
        assert!(first.iter().all(|change| sharpe.update(*change) == 0.0));
        let (mean, square) = (first.iter().sum::<f64>() / 50.0, first.iter().map(|x| x * x).sum::<f64>() / 50.0);
        assert!((sharpe.mean() - mean).abs() < 1e-15 && (sharpe.square() - square).abs() < 1e-15);
        assert!(sharpe.is_warm() && sharpe.update(0.002) > 0.0);
        assert_eq!(sharpe.update(1.0), -5.0, "a win far beyond all others makes the ratio smaller, and D is cut");
    }

    #[test]
    fn equal_returns_never_divide_by_nothing() {
        let mut raw = DifferentialSharpe::raw(0.5, 0.0, 0.0);
        assert!((0..100).all(|_| raw.update(0.0) == 0.0) && raw.ratio() == 0.0);
        let settings = DifferentialSharpeSettings { warm_up: 3, ..DifferentialSharpeSettings::default() };
        let mut flat = DifferentialSharpe::new(settings);
        assert!((0..100).all(|_| flat.update(0.001).abs() <= 5.0) && flat.ratio().is_finite());
    }
}
