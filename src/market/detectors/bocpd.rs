//! `Bocpd`: how long the present stretch has lasted, as a distribution, value by value.
//!
//! Adams and MacKay 2007 with a constant hazard: values of a stretch are normal with unknown mean and variance, whose prior
//! is normal-inverse-gamma (mu, kappa, alpha, beta), so the next value is Student-t. Masses are kept as logarithms.
//! P(r = 0) is the hazard at every step, whatever was seen: alarms are `RunLengthAlarm`'s, by a drop of the likeliest run
//! length or by P(r < k).
//! Invariant: masses sum to one after each update. A run length of less than `least_mass` is forgotten, so an update
//! removes less than n * `least_mass` of the whole, n the run lengths that are open (at most `most_runs`), and a
//! probability is off by no more than the sum of what was removed since the last change.
//! Absent on purpose: smoothing (what is known later about now).

use std::f64::consts::PI;

use crate::domain::{Digest, StateHash};

/// Prior and bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BocpdSettings {
    pub mu: f64,
    pub kappa: f64,
    pub alpha: f64,
    pub beta: f64,
    /// Chance of a change at any step: one over the mean length of a stretch.
    pub hazard: f64,
    /// Run lengths of less mass than this are forgotten; 0 forgets none.
    pub least_mass: f64,
    /// Run lengths kept at a time; the least likely goes first.
    pub most_runs: usize,
}

impl Default for BocpdSettings {
    /// For values of unit deviation: a vague mean, a deviation of about one, a change in 250 values.
    fn default() -> Self {
        BocpdSettings {
            mu: 0.0,
            kappa: 1.0,
            alpha: 1.0,
            beta: 1.0,
            hazard: 1.0 / 250.0,
            least_mass: 1e-8,
            most_runs: 2_000,
        }
    }
}

/// One run length and what its values say of mean and variance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    length: u64,
    log_mass: f64,
    mu: f64,
    kappa: f64,
    alpha: f64,
    beta: f64,
    /// ln Gamma(alpha + 1/2) - ln Gamma(alpha).
    gammas: f64,
}

/// After a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BocpdValue {
    /// The likeliest run length; among equals the shorter.
    pub likeliest: u64,
    pub expected: f64,
    /// Log of the density that the value had before it came.
    pub log_density: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bocpd {
    settings: BocpdSettings,
    fresh: Run,
    /// Longest first.
    runs: Vec<Run>,
    log_evidence: f64,
}

impl Bocpd {
    pub fn new(settings: BocpdSettings) -> Bocpd {
        let BocpdSettings { mu, kappa, alpha, beta, .. } = settings;
        let gammas = log_gamma(alpha + 0.5) - log_gamma(alpha);
        let fresh = Run { length: 0, log_mass: 0.0, mu, kappa, alpha, beta, gammas };
        let mut runs = Vec::with_capacity(settings.most_runs.max(2) + 1);
        runs.push(fresh);
        Bocpd { settings, fresh, runs, log_evidence: 0.0 }
    }

    /// O(run lengths that are open).
    pub fn update(&mut self, x: f64) -> BocpdValue {
        let (stay, change) = ((1.0 - self.settings.hazard).ln(), self.settings.hazard.ln());
        for run in &mut self.runs {
            run.log_mass += run.log_density(x);
        }
        // The chance of a change is the same for all, so the fresh run gets its share of the whole.
        let log_density = log_sum(&self.runs);
        for run in &mut self.runs {
            run.log_mass += stay - log_density;
            run.take(x);
        }
        self.runs.push(Run { log_mass: change, ..self.fresh });
        self.log_evidence += log_density;
        self.forget();
        let likeliest = self.runs.iter().rev().fold((0, f64::NEG_INFINITY), |best, run| {
            if run.log_mass > best.1 { (run.length, run.log_mass) } else { best }
        });
        let expected = self.runs.iter().map(|run| run.log_mass.exp() * run.length as f64).sum();
        BocpdValue { likeliest: likeliest.0, expected, log_density }
    }

    /// P(run length < `k`).
    pub fn shorter_than(&self, k: u64) -> f64 {
        self.runs.iter().rev().take_while(|run| run.length < k).map(|run| run.log_mass.exp()).sum()
    }

    /// P(run length = 0): the hazard, always.
    pub fn just_begun(&self) -> f64 {
        self.runs.last().filter(|run| run.length == 0).map_or(0.0, |run| run.log_mass.exp())
    }

    /// Log of the density of all values so far.
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    /// Run lengths that are open.
    pub fn open_runs(&self) -> usize {
        self.runs.len()
    }

    fn forget(&mut self) {
        let before = self.runs.len();
        if self.settings.least_mass > 0.0 {
            let least = self.settings.least_mass.ln();
            // The fresh run stays even where the hazard is less than the least mass.
            self.runs.retain(|run| run.length == 0 || run.log_mass >= least);
        }
        while self.runs.len() > self.settings.most_runs.max(2) {
            let oldest = &self.runs[..self.runs.len() - 1];
            let least = (0..oldest.len()).min_by(|a, b| oldest[*a].log_mass.total_cmp(&oldest[*b].log_mass));
            self.runs.remove(least.unwrap_or(0));
        }
        let fresh = self.runs.len() - 1;
        let rest = &mut self.runs[..fresh];
        if rest.len() + 1 < before && !rest.is_empty() {
            // What was forgotten is shared out among the runs that go on, so that P(r = 0) stays the hazard.
            let share = (1.0 - self.settings.hazard).ln() - log_sum(rest);
            rest.iter_mut().for_each(|run| run.log_mass += share);
        }
    }
}

impl Run {
    /// Student-t with 2 alpha degrees of freedom about mu, scale^2 = beta (kappa + 1) / (alpha kappa).
    fn log_density(&self, x: f64) -> f64 {
        let spread = 2.0 * self.beta * (self.kappa + 1.0) / self.kappa;
        let off = x - self.mu;
        self.gammas - 0.5 * (PI * spread).ln() - (self.alpha + 0.5) * (off * off / spread).ln_1p()
    }

    fn take(&mut self, x: f64) {
        let off = x - self.mu;
        self.length += 1;
        self.beta += self.kappa * off * off / (2.0 * (self.kappa + 1.0));
        self.mu += off / (self.kappa + 1.0);
        self.kappa += 1.0;
        // Gamma(alpha + 1) = alpha Gamma(alpha).
        self.gammas = self.alpha.ln() - self.gammas;
        self.alpha += 0.5;
    }
}

fn log_sum(runs: &[Run]) -> f64 {
    let largest = runs.iter().map(|run| run.log_mass).fold(f64::NEG_INFINITY, f64::max);
    largest + runs.iter().map(|run| (run.log_mass - largest).exp()).sum::<f64>().ln()
}

/// ln Gamma(x) for x > 0: Stirling's series at ten or more, from there down by Gamma(x + 1) = x Gamma(x).
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut down) = (x, 0.0);
    while x < 10.0 {
        down += x.ln();
        x += 1.0;
    }
    let (inverse, square) = (1.0 / x, 1.0 / (x * x));
    let series = inverse
        * (1.0 / 12.0
            - square * (1.0 / 360.0 - square * (1.0 / 1_260.0 - square * (1.0 / 1_680.0 - square * (1.0 / 1_188.0)))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - down
}

/// Alarms from run lengths: the likeliest one fell by at least `drop`, or P(r < `short`) rose over `probability`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunLengthAlarm {
    pub drop: u64,
    pub short: u64,
    pub probability: f64,
    last: u64,
    was_short: bool,
}

impl RunLengthAlarm {
    /// `short` counts values that a new stretch may have when it is told; usual are a drop of 30, 10 values and 0.9.
    pub fn new(drop: u64, short: u64, probability: f64) -> RunLengthAlarm {
        // At the beginning every run is short, which is no change.
        RunLengthAlarm { drop, short, probability, last: 0, was_short: true }
    }

    /// After each update of the detector.
    pub fn update(&mut self, detector: &Bocpd, value: &BocpdValue) -> bool {
        let is_short = detector.shorter_than(self.short) > self.probability;
        let rose = is_short && !self.was_short;
        let last = std::mem::replace(&mut self.last, value.likeliest);
        let dropped = last.saturating_sub(value.likeliest) >= self.drop;
        self.was_short = is_short;
        rose || dropped
    }
}

impl StateHash for Bocpd {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.log_evidence);
        digest.f64(self.settings.hazard);
        digest.u64(self.runs.len() as u64);
        for run in std::iter::once(&self.fresh).chain(&self.runs) {
            digest.u64(run.length);
            [run.log_mass, run.mu, run.kappa, run.alpha, run.beta].into_iter().for_each(|x| digest.f64(x));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_is_that_of_known_places() {
        for (x, wanted) in
            [(1.0, 0.0), (2.0, 0.0), (0.5, PI.sqrt().ln()), (6.0, 120f64.ln()), (0.1, 2.252_712_651_734_206)]
        {
            assert!((log_gamma(x) - wanted).abs() < 1e-13, "{x}: {}", log_gamma(x));
        }
    }

    #[test]
    fn a_forgotten_run_leaves_the_hazard_and_the_whole_as_they_are() {
        let settings = BocpdSettings { most_runs: 20, ..BocpdSettings::default() };
        let mut detector = Bocpd::new(settings);
        for at in 0..500 {
            detector.update((f64::from(at) * 0.7).sin() + if at > 300 { 5.0 } else { 0.0 });
            assert!(detector.open_runs() <= 20);
            assert!((detector.just_begun() - settings.hazard).abs() < 1e-12);
            assert!((detector.shorter_than(u64::MAX) - 1.0).abs() < 1e-9);
        }
    }
}
