//! `Plasticity`: whether networks can still learn: units that sleep, the rank of features, the size of weights.
//!
//! Invariant: measuring changes nothing.
//! Absent on purpose: remedies (`Agent::shrink_and_perturb`, LayerNorm, the pull to the first weights).
//! Sources: Sokar et al. 2023 (arXiv 2302.12902), definition 3.1; Kumar et al. 2021 (arXiv 2010.14498), srank.

use super::network::Tape;
use super::{Agent, Batch, TWINS};

/// A unit sleeps when its mean activity is at most this share of its layer's mean (Sokar et al., for online training).
const DORMANT: f64 = 0.025;
/// Share of the sum of singular values that may be left out (Kumar et al.).
const RANK_DELTA: f64 = 0.01;

/// State of the networks on one batch.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plasticity {
    /// Share of hidden units that sleep, 0 to 1.
    pub critic_dormant: f64,
    pub actor_dormant: f64,
    /// Effective rank of the last hidden features, the mean over both critics; at most their width and the batch.
    pub critic_rank: f64,
    pub actor_rank: f64,
    /// Euclidean norm of all weights.
    pub critic_norm: f64,
    pub actor_norm: f64,
}

impl Agent {
    /// Whether the networks can still learn, judged by a batch.
    pub fn diagnose(&mut self, batch: &Batch) -> Plasticity {
        batch.check(self.observation_len, self.action_len);
        let rows = batch.rows;
        let mut values = vec![0.0; rows];
        self.values(&batch.observations, &batch.actions, &mut values);
        self.see(&batch.observations);
        let hidden = &self.settings.hidden;
        let activities = |tape: &Tape, copies: usize| -> Vec<(Vec<f32>, usize)> {
            let layers = tape.hidden().iter().zip(hidden);
            layers.map(|(outputs, width)| (outputs[..rows * copies * width].to_vec(), copies * width)).collect()
        };
        let (actor, critics) = (activities(&self.room.actor_tape, 1), activities(&self.room.critic_tape, TWINS));
        let dormant = |layers: &[(Vec<f32>, usize)]| {
            dormant_share(&layers.iter().map(|(numbers, width)| (&numbers[..], *width)).collect::<Vec<_>>())
        };
        let rank = |layers: &[(Vec<f32>, usize)], copies: usize| {
            let Some((features, wide)) = layers.last() else { return 0.0 };
            let width = wide / copies;
            let of = |copy: usize| -> f64 {
                let own: Vec<f32> =
                    features.chunks_exact(width).skip(copy).step_by(copies).flatten().copied().collect();
                effective_rank(&own, width) as f64
            };
            (0..copies).map(of).sum::<f64>() / copies as f64
        };
        Plasticity {
            critic_dormant: dormant(&critics),
            actor_dormant: dormant(&actor),
            critic_rank: rank(&critics, TWINS),
            actor_rank: rank(&actor, 1),
            critic_norm: norm(&self.critics.weights),
            actor_norm: norm(&self.actor.weights),
        }
    }
}

/// Share of sleeping units over layers of [rows][width] activities.
pub fn dormant_share(layers: &[(&[f32], usize)]) -> f64 {
    let (mut asleep, mut units) = (0_usize, 0_usize);
    for (activities, width) in layers {
        let mut means = vec![0.0_f64; *width];
        for row in activities.chunks_exact(*width) {
            means.iter_mut().zip(row).for_each(|(mean, activity)| *mean += f64::from(activity.abs()));
        }
        let typical = means.iter().sum::<f64>() / *width as f64;
        asleep += means.iter().filter(|mean| **mean <= DORMANT * typical).count();
        units += width;
    }
    asleep as f64 / units.max(1) as f64
}

/// The fewest singular values of [rows][width] features whose sum is 99 % of all.
pub fn effective_rank(features: &[f32], width: usize) -> usize {
    let mut gram = vec![0.0_f64; width * width];
    for row in features.chunks_exact(width) {
        for (line, left) in gram.chunks_exact_mut(width).zip(row).filter(|(_, left)| **left != 0.0) {
            line.iter_mut().zip(row).for_each(|(sum, right)| *sum += f64::from(*left) * f64::from(*right));
        }
    }
    let (diagonal, beside) = tridiagonal(gram, width);
    let mut singular: Vec<f64> = eigenvalues(diagonal, beside).iter().map(|value| value.max(0.0).sqrt()).collect();
    singular.sort_by(|a, b| b.total_cmp(a));
    let wanted = (1.0 - RANK_DELTA) * singular.iter().sum::<f64>();
    let mut sum = 0.0;
    let short = singular.iter().take_while(|value| {
        let before = sum;
        sum += **value;
        before < wanted
    });
    short.count()
}

pub fn norm(weights: &[f32]) -> f64 {
    weights.iter().map(|weight| f64::from(*weight).powi(2)).sum::<f64>().sqrt()
}

/// Householder's reduction of a symmetric matrix: its diagonal and what stands beside it.
fn tridiagonal(mut matrix: Vec<f64>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; width];
    let (mut mirror, mut image) = (vec![0.0; width], vec![0.0; width]);
    for column in 0..width.saturating_sub(2) {
        let below = column + 1..width;
        for row in below.clone() {
            mirror[row] = matrix[row * width + column];
        }
        let length = mirror[below.clone()].iter().map(|x| x * x).sum::<f64>().sqrt();
        let head = mirror[column + 1];
        beside[column] = if head > 0.0 { -length } else { length };
        mirror[column + 1] -= beside[column];
        let square = mirror[below.clone()].iter().map(|x| x * x).sum::<f64>();
        if square == 0.0 {
            continue;
        }
        // matrix <- H matrix H with H = 1 - 2 v v' / v'v, on what is below and right.
        for row in below.clone() {
            let line = &matrix[row * width + column + 1..(row + 1) * width];
            image[row] = 2.0 / square * line.iter().zip(&mirror[below.clone()]).map(|(a, b)| a * b).sum::<f64>();
        }
        let overlap = below.clone().map(|row| mirror[row] * image[row]).sum::<f64>() / square;
        below.clone().for_each(|row| image[row] -= overlap * mirror[row]);
        for row in below.clone() {
            for other in below.clone() {
                matrix[row * width + other] -= mirror[row] * image[other] + image[row] * mirror[other];
            }
        }
    }
    if width > 1 {
        beside[width - 2] = matrix[(width - 1) * width + width - 2];
    }
    let diagonal = (0..width).map(|row| matrix[row * width + row]).collect();
    (diagonal, beside)
}

/// Eigenvalues of a symmetric tridiagonal matrix by bisection on Sturm counts (Golub and Van Loan, section 8.4).
fn eigenvalues(diagonal: Vec<f64>, beside: Vec<f64>) -> Vec<f64> {
    let width = diagonal.len();
    let reach = |at: usize| beside[at].abs() + if at > 0 { beside[at - 1].abs() } else { 0.0 };
    let most = (0..width).map(|at| diagonal[at].abs() + reach(at)).fold(f64::MIN_POSITIVE, f64::max);
    let tiny = most * f64::EPSILON * f64::EPSILON;
    // How many eigenvalues are below x.
    let below = |x: f64| {
        let (mut count, mut pivot) = (0, 1.0_f64);
        for at in 0..width {
            let coupling = if at > 0 { beside[at - 1] * beside[at - 1] / pivot } else { 0.0 };
            pivot = diagonal[at] - x - coupling;
            if pivot.abs() < tiny {
                pivot = -tiny;
            }
            count += usize::from(pivot < 0.0);
        }
        count
    };
    let value = |index: usize| {
        let (mut low, mut high) = (-most, most);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if below(middle) > index { high = middle } else { low = middle }
        }
        0.5 * (low + high)
    };
    (0..width).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seed;
    use rand_chacha::rand_core::Rng;

    #[test]
    fn eigenvalues_of_a_known_matrix_are_found() {
        // The second difference of length n has eigenvalues 2 - 2 cos(k pi / (n + 1)); a rotation hides its shape.
        let width = 9;
        let mut matrix = vec![0.0; width * width];
        for at in 0..width {
            matrix[at * width + at] = 2.0;
            if at > 0 {
                matrix[at * width + at - 1] = -1.0;
                matrix[(at - 1) * width + at] = -1.0;
            }
        }
        let mirror: Vec<f64> = (0..width).map(|at| 1.0 + at as f64).collect();
        let square: f64 = mirror.iter().map(|x| x * x).sum();
        let turn = |row: usize, column: usize| f64::from(row == column) - 2.0 * mirror[row] * mirror[column] / square;
        let cell = |row: usize, column: usize| -> f64 {
            let pairs = (0..width).flat_map(|a| (0..width).map(move |b| (a, b)));
            pairs.map(|(a, b)| turn(row, a) * matrix[a * width + b] * turn(b, column)).sum()
        };
        let hidden = (0..width * width).map(|at| cell(at / width, at % width)).collect();
        let (diagonal, beside) = tridiagonal(hidden, width);
        for (at, found) in eigenvalues(diagonal, beside).iter().enumerate() {
            let angle = (at + 1) as f64 * std::f64::consts::PI / (width + 1) as f64;
            assert!((found - (2.0 - 2.0 * angle.cos())).abs() < 1e-12, "{at}: {found}");
        }
    }

    #[test]
    fn rank_and_sleep_are_those_of_made_features() {
        let mut random = Seed(1).stream("features");
        let mut draw = || random.next_u32() as f32 / u32::MAX as f32 - 0.5;
        let (rows, width) = (64, 16);
        let bases: Vec<f32> = (0..3 * width).map(|_| draw()).collect();
        let mut features = Vec::new();
        for _ in 0..rows {
            let shares = [draw(), draw(), draw()];
            features
                .extend((0..width).map(|at| (0..3).map(|base| shares[base] * bases[base * width + at]).sum::<f32>()));
        }
        assert_eq!(effective_rank(&features, width), 3);
        let identity: Vec<f32> = (0..100).map(|at| if at % 11 == 0 { 1.0 } else { 0.0 }).collect();
        assert_eq!(effective_rank(&identity, 10), 10);
        assert_eq!(effective_rank(&[0.0; 40], 10), 0);
        let mut active = vec![1.0_f32; 8 * 4];
        active.chunks_exact_mut(4).for_each(|row| row[2] = 0.01);
        assert_eq!(dormant_share(&[(&active, 4), (&[1.0; 12], 4)]), 1.0 / 8.0);
    }
}
