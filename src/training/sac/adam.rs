//! `Adam`: the optimiser of all networks of the agent, one pass over a flat list, with decay and target network in it.
//!
//! Source: Kingma and Ba 2015, algorithm 1; decoupled decay of Loshchilov and Hutter 2019, algorithm 2; both as PyTorch
//! computes them.
//! Invariant: the same state and gradients give the same weights to the last bit.
//! Absent on purpose: schedules of the learning rate.

use super::kernel;

pub const BETA_1: f64 = 0.9;
pub const BETA_2: f64 = 0.999;
pub const EPSILON: f64 = 1e-8;
/// Moments below these act on nothing, for epsilon is far larger; as subnormal numbers they would only be slow.
const LEAST_FIRST: f32 = 1e-30;
const LEAST_SECOND: f32 = 1e-34;

/// First and second moments of a list of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    pub steps: u64,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub rate: f64,
    /// The share of each weight that goes, times the rate.
    pub decay: f64,
    /// Gradients are multiplied by it first: what clipping their norm comes to.
    pub scale: f32,
}

impl Adam {
    pub fn new(weights: usize) -> Adam {
        Adam { steps: 0, first: vec![0.0; weights], second: vec![0.0; weights] }
    }

    /// Moves the weights against their gradients.
    pub fn step(&mut self, weights: &mut [f32], gradients: &[f32], pace: Pace) {
        let step = self.next(pace);
        let moments = self.first.iter_mut().zip(&mut self.second);
        let all = weights.iter_mut().zip(gradients).zip(moments);
        kernel::widest(
            #[inline(always)]
            || all.for_each(|((weight, gradient), (first, second))| step.apply(weight, *gradient, first, second)),
        );
    }

    /// As `step`, then the targets follow (Polyak): target += tau (weight - target).
    pub fn step_and_follow(
        &mut self,
        weights: &mut [f32],
        gradients: &[f32],
        pace: Pace,
        (targets, tau): (&mut [f32], f32),
    ) {
        let step = self.next(pace);
        let moments = self.first.iter_mut().zip(&mut self.second);
        let all = weights.iter_mut().zip(gradients).zip(moments).zip(targets);
        kernel::widest(
            #[inline(always)]
            || {
                for (((weight, gradient), (first, second)), target) in all {
                    step.apply(weight, *gradient, first, second);
                    *target += tau * (*weight - *target);
                }
            },
        );
    }

    /// Counts a step and works out what is the same for all weights.
    fn next(&mut self, pace: Pace) -> Step {
        self.steps += 1;
        let steps = self.steps as f64;
        Step {
            scale: pace.scale,
            size: (pace.rate / (1.0 - BETA_1.powf(steps))) as f32,
            unbiased: (1.0 / (1.0 - BETA_2.powf(steps)).sqrt()) as f32,
            kept: (1.0 - pace.rate * pace.decay) as f32,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Step {
    scale: f32,
    size: f32,
    unbiased: f32,
    kept: f32,
}

impl Step {
    #[inline(always)]
    fn apply(self, weight: &mut f32, gradient: f32, first: &mut f32, second: &mut f32) {
        let gradient = self.scale * gradient;
        let mean = *first + (1.0 - BETA_1) as f32 * (gradient - *first);
        let square = BETA_2 as f32 * *second + (1.0 - BETA_2) as f32 * gradient * gradient;
        *first = if mean.abs() < LEAST_FIRST { 0.0 } else { mean };
        *second = if square < LEAST_SECOND { 0.0 } else { square };
        *weight = self.kept * *weight - self.size * *first / (second.sqrt() * self.unbiased + EPSILON as f32);
    }
}

/// Adam for one number in double precision: for the temperature, and what the fast form is tested against.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScalarAdam {
    pub steps: u64,
    pub first: f64,
    pub second: f64,
}

impl ScalarAdam {
    /// The number after a step at this rate.
    pub fn step(&mut self, number: f64, gradient: f64, rate: f64) -> f64 {
        self.steps += 1;
        self.first = BETA_1 * self.first + (1.0 - BETA_1) * gradient;
        self.second = BETA_2 * self.second + (1.0 - BETA_2) * gradient * gradient;
        let steps = self.steps as f64;
        let first = self.first / (1.0 - BETA_1.powf(steps));
        let second = self.second / (1.0 - BETA_2.powf(steps));
        number - rate * first / (second.sqrt() + EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { rate: 0.01, decay: 0.0, scale: 1.0 };

    #[test]
    fn the_fast_form_follows_the_exact_one_over_a_thousand_steps() {
        let (mut fast, mut weights) = (Adam::new(40), [0.5_f32; 40]);
        let (mut exact, mut number) = (ScalarAdam::default(), 0.5_f64);
        for step in 0..1_000 {
            let gradient = (f64::from(step) * 0.37).sin() + 0.1;
            number = exact.step(number, gradient, PACE.rate);
            fast.step(&mut weights, &[gradient as f32; 40], PACE);
        }
        assert!(weights.iter().all(|weight| (f64::from(*weight) - number).abs() < 1e-4), "{} {number}", weights[0]);
    }

    #[test]
    fn decay_acts_without_a_gradient_scale_on_gradients_and_targets_follow() {
        let (mut adam, mut weights, mut targets) = (Adam::new(2), [1.0_f32, 1.0], [0.0_f32, 2.0]);
        adam.step_and_follow(
            &mut weights,
            &[0.0, 5.0],
            Pace { rate: 0.1, decay: 0.5, scale: 0.0 },
            (&mut targets, 0.25),
        );
        assert_eq!((weights, adam.first.clone()), ([0.95, 0.95], vec![0.0; 2]));
        assert!((targets[0] - 0.2375).abs() < 1e-7 && (targets[1] - 1.7375).abs() < 1e-7, "{targets:?}");
    }

    #[test]
    fn moments_of_what_has_no_gradient_any_more_become_zero() {
        let (mut adam, mut weights) = (Adam::new(1), [1.0_f32]);
        adam.step(&mut weights, &[1e-3], PACE);
        (0..100_000).for_each(|_| adam.step(&mut weights, &[0.0], PACE));
        assert_eq!((adam.first[0], adam.second[0]), (0.0, 0.0));
    }
}
