//! `GaussianHmm`: hidden states with normal values, their features independent given the state.
//!
//! Rabiner 1989 with scaled recursions; fitting is Baum-Welch from a given start. While trading only `HmmFilter` counts:
//! P(state at t | values up to t). Smoothed probabilities and the likeliest path look ahead.
//! Invariant: probabilities of a step sum to one; a fit never lowers the likelihood by more than rounding.
//! Absent on purpose: full covariances, which a handful of features does not need, and random starts.

use std::f64::consts::TAU;

use crate::domain::{Digest, StateHash};

/// A variance below this share of its feature's overall variance is raised to it when fitting: a state must not close in
/// on a single value.
const LEAST_SHARE: f64 = 1e-6;

/// Start, transitions (from row to column), means and variances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianHmm<const STATES: usize, const FEATURES: usize> {
    pub start: [f64; STATES],
    pub transitions: [[f64; STATES]; STATES],
    pub means: [[f64; FEATURES]; STATES],
    pub variances: [[f64; FEATURES]; STATES],
}

/// Filtered probabilities, value by value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HmmFilter<const STATES: usize, const FEATURES: usize> {
    model: GaussianHmm<STATES, FEATURES>,
    /// Of the state at the newest value; the model's start before the first.
    probabilities: [f64; STATES],
    has_begun: bool,
    log_likelihood: f64,
}

impl<const STATES: usize, const FEATURES: usize> HmmFilter<STATES, FEATURES> {
    pub fn new(model: GaussianHmm<STATES, FEATURES>) -> Self {
        HmmFilter { model, probabilities: model.start, has_begun: false, log_likelihood: 0.0 }
    }

    /// P(state | values up to this one).
    pub fn update(&mut self, x: &[f64; FEATURES]) -> [f64; STATES] {
        if self.has_begun {
            self.probabilities = self.model.step(&self.probabilities);
        }
        self.has_begun = true;
        let logs = self.model.log_densities(x);
        // Taken about the largest, so that a value far from all states leaves probabilities, not 0 / 0.
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (probability, log) in self.probabilities.iter_mut().zip(logs) {
            *probability *= (log - largest).exp();
            sum += *probability;
        }
        if sum > 0.0 {
            self.probabilities.iter_mut().for_each(|probability| *probability /= sum);
        } else {
            self.probabilities = [1.0 / STATES as f64; STATES];
        }
        self.log_likelihood += largest + sum.max(f64::MIN_POSITIVE).ln();
        self.probabilities
    }

    /// Log density of all values so far.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }
}

impl<const STATES: usize, const FEATURES: usize> GaussianHmm<STATES, FEATURES> {
    fn step(&self, from: &[f64; STATES]) -> [f64; STATES] {
        std::array::from_fn(|to| (0..STATES).map(|state| from[state] * self.transitions[state][to]).sum())
    }

    fn log_densities(&self, x: &[f64; FEATURES]) -> [f64; STATES] {
        std::array::from_fn(|state| {
            let terms = x.iter().zip(&self.means[state]).zip(&self.variances[state]);
            terms.map(|((x, mean), variance)| -0.5 * ((TAU * variance).ln() + (x - mean) * (x - mean) / variance)).sum()
        })
    }

    /// Filtered probabilities of every row, and the log likelihood.
    pub fn filtered(&self, rows: &[[f64; FEATURES]]) -> (Vec<[f64; STATES]>, f64) {
        let mut filter = HmmFilter::new(*self);
        let filtered = rows.iter().map(|x| filter.update(x)).collect();
        (filtered, filter.log_likelihood())
    }

    /// P(state at t | all values): knows the future, for fitting only.
    pub fn smoothed(&self, rows: &[[f64; FEATURES]]) -> Vec<[f64; STATES]> {
        let (filtered, _) = self.filtered(rows);
        let mut smoothed = filtered.clone();
        for at in (0..rows.len().saturating_sub(1)).rev() {
            let predicted = self.step(&filtered[at]);
            let next = smoothed[at + 1];
            smoothed[at] = std::array::from_fn(|state| {
                let ahead = |to: usize| {
                    if predicted[to] > 0.0 { self.transitions[state][to] * next[to] / predicted[to] } else { 0.0 }
                };
                filtered[at][state] * (0..STATES).map(ahead).sum::<f64>()
            });
        }
        smoothed
    }

    /// The likeliest path (Viterbi 1967): knows the future, for labels only.
    pub fn likeliest_path(&self, rows: &[[f64; FEATURES]]) -> Vec<usize> {
        let mut best: [f64; STATES] = [0.0; STATES];
        let mut from: Vec<[usize; STATES]> = Vec::with_capacity(rows.len());
        for (at, x) in rows.iter().enumerate() {
            let logs = self.log_densities(x);
            let before = best;
            let mut came = [0; STATES];
            for state in 0..STATES {
                let reach = |other: usize| before[other] + self.transitions[other][state].ln();
                let source = (1..STATES).fold(0, |best, other| if reach(other) > reach(best) { other } else { best });
                came[state] = source;
                best[state] = logs[state] + if at == 0 { self.start[state].ln() } else { reach(source) };
            }
            from.push(came);
        }
        let mut state = (1..STATES).fold(0, |top, other| if best[other] > best[top] { other } else { top });
        let mut path = vec![0; rows.len()];
        for at in (0..rows.len()).rev() {
            path[at] = state;
            state = from[at][state];
        }
        path
    }

    /// Baum-Welch from `self`: at most `rounds`, until the log likelihood rises by less than `least_gain`. Gives the model
    /// and its log likelihood. A state that nothing belongs to keeps its figures.
    pub fn fitted(&self, rows: &[[f64; FEATURES]], rounds: usize, least_gain: f64) -> (Self, f64) {
        let (mut model, mut reached) = (*self, self.filtered(rows).1);
        let floors = floors(rows);
        for _ in 0..rounds {
            let next = model.improved(rows, &floors);
            let likelihood = next.filtered(rows).1;
            let gain = likelihood - reached;
            // A floor that holds a variance up may cost likelihood; then the model before is the better one.
            if gain <= 0.0 {
                break;
            }
            (model, reached) = (next, likelihood);
            if gain < least_gain {
                break;
            }
        }
        (model, reached)
    }

    fn improved(&self, rows: &[[f64; FEATURES]], floors: &[f64; FEATURES]) -> Self {
        let (filtered, _) = self.filtered(rows);
        let smoothed = self.smoothed(rows);
        let mut next = *self;
        let Some(first) = smoothed.first() else { return next };
        next.start = *first;
        let mut moves = [[0.0; STATES]; STATES];
        for at in 0..rows.len() - 1 {
            let predicted = self.step(&filtered[at]);
            for (from, row) in moves.iter_mut().enumerate() {
                for (to, total) in row.iter_mut().enumerate().filter(|(to, _)| predicted[*to] > 0.0) {
                    *total += filtered[at][from] * self.transitions[from][to] * smoothed[at + 1][to] / predicted[to];
                }
            }
        }
        for state in 0..STATES {
            let left: f64 = moves[state].iter().sum();
            if left > 0.0 {
                next.transitions[state] = moves[state].map(|moved| moved / left);
            }
            let weight: f64 = smoothed.iter().map(|p| p[state]).sum();
            if weight <= 0.0 {
                continue;
            }
            for feature in 0..FEATURES {
                let sum = |value: &dyn Fn(f64) -> f64| -> f64 {
                    smoothed.iter().zip(rows).map(|(p, x)| p[state] * value(x[feature])).sum()
                };
                let mean = sum(&|x| x) / weight;
                let variance = sum(&|x| (x - mean) * (x - mean)) / weight;
                next.means[state][feature] = mean;
                next.variances[state][feature] = variance.max(floors[feature]);
            }
        }
        next
    }
}

/// The least variance of each feature.
fn floors<const FEATURES: usize>(rows: &[[f64; FEATURES]]) -> [f64; FEATURES] {
    let count = rows.len().max(1) as f64;
    std::array::from_fn(|feature| {
        let mean = rows.iter().map(|x| x[feature]).sum::<f64>() / count;
        let variance = rows.iter().map(|x| (x[feature] - mean) * (x[feature] - mean)).sum::<f64>() / count;
        (variance * LEAST_SHARE).max(f64::MIN_POSITIVE)
    })
}

impl<const STATES: usize, const FEATURES: usize> StateHash for HmmFilter<STATES, FEATURES> {
    fn state_hash(&self, digest: &mut Digest) {
        let GaussianHmm { start, transitions, means, variances } = &self.model;
        start.iter().chain(transitions.iter().flatten()).for_each(|x| digest.f64(*x));
        means.iter().flatten().chain(variances.iter().flatten()).for_each(|x| digest.f64(*x));
        self.probabilities.iter().for_each(|x| digest.f64(*x));
        digest.bool(self.has_begun);
        digest.f64(self.log_likelihood);
    }
}
