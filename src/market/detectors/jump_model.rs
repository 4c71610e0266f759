//! `JumpModel`: states with a centre each, and a price for changing state.
//!
//! Bemporad et al. 2018, Nystrup et al. 2020, Shu, Yu and Mulvey 2024: the path of states minimises
//! sum 0.5 |x - centre|^2 + penalty * changes. `best_path` solves it for whole rows; `JumpTracker` runs the same recursion
//! forward and tells the last state of the best path up to now, which is what may be used while trading.
//! Invariant: the tracker's state at t is the last of `best_path` of the rows up to t; among equals the lower state.
//! Absent on purpose: random starts: a fit begins at given centres, so it ends at the same ones.

use crate::domain::{Digest, StateHash};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpModel<const STATES: usize, const FEATURES: usize> {
    pub centres: [[f64; FEATURES]; STATES],
    pub penalty: f64,
}

/// What a fit ended with.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedJumps<const STATES: usize, const FEATURES: usize> {
    pub model: JumpModel<STATES, FEATURES>,
    pub objective: f64,
    pub rounds: usize,
}

impl<const STATES: usize, const FEATURES: usize> JumpModel<STATES, FEATURES> {
    fn losses(&self, x: &[f64; FEATURES]) -> [f64; STATES] {
        std::array::from_fn(|state| {
            0.5 * x.iter().zip(&self.centres[state]).map(|(x, centre)| (x - centre) * (x - centre)).sum::<f64>()
        })
    }

    /// The least objective and its path. It knows the future: for fitting and labels only.
    pub fn best_path(&self, rows: &[[f64; FEATURES]]) -> (f64, Vec<u8>) {
        let mut costs = [0.0; STATES];
        let mut from: Vec<[u8; STATES]> = Vec::with_capacity(rows.len());
        for (at, x) in rows.iter().enumerate() {
            from.push(self.advance(&mut costs, x, at == 0));
        }
        let mut state = lowest(&costs);
        let objective = if rows.is_empty() { 0.0 } else { costs[state] };
        let mut path = vec![0; rows.len()];
        for at in (0..rows.len()).rev() {
            path[at] = state as u8;
            state = usize::from(from[at][state]);
        }
        (objective, path)
    }

    /// One step of the recursion: costs of the best path that ends in each state, and where each came from.
    #[inline]
    fn advance(&self, costs: &mut [f64; STATES], x: &[f64; FEATURES], is_first: bool) -> [u8; STATES] {
        let losses = self.losses(x);
        let best = lowest(costs);
        let jump = costs[best] + self.penalty;
        let mut from = [0; STATES];
        for state in 0..STATES {
            from[state] = state as u8;
            if !is_first && jump < costs[state] {
                costs[state] = jump;
                from[state] = best as u8;
            }
            costs[state] += losses[state];
        }
        from
    }

    /// Paths and centres in turn, from `self`, until the centres stand still (`least_move`) or `rounds` are over. Each
    /// series has its own path. A state that nothing belongs to keeps its centre.
    pub fn fitted(
        &self,
        series: &[Vec<[f64; FEATURES]>],
        rounds: usize,
        least_move: f64,
    ) -> FittedJumps<STATES, FEATURES> {
        let mut model = *self;
        let mut objective = f64::INFINITY;
        for round in 1..=rounds {
            let mut sums = [[0.0; FEATURES]; STATES];
            let mut counts = [0u64; STATES];
            objective = 0.0;
            for rows in series {
                let (least, path) = model.best_path(rows);
                objective += least;
                for (x, state) in rows.iter().zip(path) {
                    counts[usize::from(state)] += 1;
                    sums[usize::from(state)].iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
                }
            }
            let before = model.centres;
            for state in (0..STATES).filter(|state| counts[*state] > 0) {
                model.centres[state] = sums[state].map(|sum| sum / counts[state] as f64);
            }
            let moved = before.iter().flatten().zip(model.centres.iter().flatten()).map(|(a, b)| (a - b).abs());
            if moved.fold(0.0, f64::max) < least_move {
                return FittedJumps { model, objective, rounds: round };
            }
        }
        FittedJumps { model, objective, rounds }
    }
}

/// Among equals the lower.
fn lowest<const STATES: usize>(costs: &[f64; STATES]) -> usize {
    (1..STATES).fold(0, |best, state| if costs[state] < costs[best] { state } else { best })
}

/// The last state of the best path so far, row by row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpTracker<const STATES: usize, const FEATURES: usize> {
    model: JumpModel<STATES, FEATURES>,
    /// Above the least of them; the best is 0.
    costs: [f64; STATES],
    has_begun: bool,
}

impl<const STATES: usize, const FEATURES: usize> JumpTracker<STATES, FEATURES> {
    pub fn new(model: JumpModel<STATES, FEATURES>) -> Self {
        JumpTracker { model, costs: [0.0; STATES], has_begun: false }
    }

    #[inline]
    pub fn update(&mut self, x: &[f64; FEATURES]) -> usize {
        self.model.advance(&mut self.costs, x, !self.has_begun);
        self.has_begun = true;
        let best = lowest(&self.costs);
        // Only differences matter, and so they stay small however long it runs.
        let least = self.costs[best];
        self.costs.iter_mut().for_each(|cost| *cost -= least);
        best
    }

    /// How much dearer the best path into each state is than the best of all; at most the penalty and its newest loss.
    pub fn costs(&self) -> [f64; STATES] {
        self.costs
    }
}

impl<const STATES: usize, const FEATURES: usize> StateHash for JumpTracker<STATES, FEATURES> {
    fn state_hash(&self, digest: &mut Digest) {
        digest.f64(self.model.penalty);
        self.model.centres.iter().flatten().chain(&self.costs).for_each(|x| digest.f64(*x));
        digest.bool(self.has_begun);
    }
}
