//! `SquashedGaussian`: actions in (-1, 1), the hyperbolic tangent of a normal draw, with exact log-probabilities.
//!
//! Source: Haarnoja et al. 2018b (arXiv 1812.05905), appendix C. log(1 - tanh^2 u) is computed as
//! 2 (log 2 - u - softplus(-2u)): the naive form is wrong for |u| > 7.
//! Invariant: everything is in double precision and finite for finite parameters.
//! Absent on purpose: where mean and deviation come from (`network`).

use std::f64::consts::{LN_2, PI, TAU};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// What the network's second half is clamped to, as in the authors' code.
pub const LOG_STD: (f64, f64) = (-20.0, 2.0);

/// One dimension of an action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquashedGaussian {
    /// Of the normal draw, before the tangent.
    pub mean: f64,
    pub log_std: f64,
}

/// An action with its log-probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// tanh(u).
    pub action: f64,
    /// log N(u | mean, std).
    pub log_gauss: f64,
    /// log(1 - tanh^2 u).
    pub log_slope: f64,
}

impl Draw {
    /// log pi(a): equation 26.
    pub fn log_probability(&self) -> f64 {
        self.log_gauss - self.log_slope
    }
}

impl SquashedGaussian {
    /// With the deviation that a network asks for.
    pub fn clamped(mean: f64, log_std: f64) -> SquashedGaussian {
        SquashedGaussian { mean, log_std: log_std.clamp(LOG_STD.0, LOG_STD.1) }
    }

    /// u = mean + std * noise.
    pub fn draw(&self, noise: f64) -> Draw {
        let u = self.mean + self.log_std.exp() * noise;
        Draw {
            action: u.tanh(),
            log_gauss: -0.5 * noise * noise - self.log_std - 0.5 * TAU.ln(),
            log_slope: log_slope(u),
        }
    }

    /// The draw whose u is known.
    pub fn at(&self, u: f64) -> Draw {
        self.draw((u - self.mean) / self.log_std.exp())
    }

    /// Differential entropy in nats: that of the normal plus the mean of log(1 - tanh^2 u).
    pub fn entropy(&self) -> f64 {
        0.5 * (2.0 * PI).ln() + 0.5 + self.log_std + self.mean_of(log_slope)
    }

    pub fn mean_action(&self) -> f64 {
        self.mean_of(f64::tanh)
    }

    /// The mean of a function of u, by the trapezoid rule over ten deviations to both sides, which is exact to rounding
    /// for such functions.
    pub fn mean_of(&self, function: impl Fn(f64) -> f64) -> f64 {
        const STEPS: i32 = 4_000;
        const WIDTH: f64 = 20.0 / STEPS as f64;
        let std = self.log_std.exp();
        let terms = (-STEPS / 2..=STEPS / 2).map(|step| {
            let noise = f64::from(step) * WIDTH;
            (-0.5 * noise * noise).exp() * function(self.mean + std * noise)
        });
        terms.sum::<f64>() * WIDTH / TAU.sqrt()
    }
}

/// log(1 - tanh^2 u) for any u.
fn log_slope(u: f64) -> f64 {
    2.0 * (LN_2 - u - softplus(-2.0 * u))
}

/// log(1 + e^x) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Fills with independent standard normal numbers (Box and Muller 1958).
pub fn fill_noise(random: &mut ChaCha8Rng, noise: &mut [f64]) {
    // In (0, 1], in steps of 2^-53: its logarithm is finite.
    let mut uniform = || ((random.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    for pair in noise.chunks_mut(2) {
        let radius = (-2.0 * uniform().ln()).sqrt();
        let (sine, cosine) = (TAU * uniform()).sin_cos();
        for (number, value) in pair.iter_mut().zip([radius * cosine, radius * sine]) {
            *number = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seed;

    #[test]
    fn the_density_integrates_to_one_and_its_log_slope_is_stable() {
        let policy = SquashedGaussian { mean: 0.4, log_std: -0.3 };
        let steps = 200_000;
        let mass: f64 = (1..steps)
            .map(|step| 2.0 * f64::from(step) / f64::from(steps) - 1.0)
            .map(|action: f64| policy.at(action.atanh()).log_probability().exp() * 2.0 / f64::from(steps))
            .sum();
        assert!((mass - 1.0).abs() < 1e-6, "{mass}");
        let naive = |u: f64| (1.0 - u.tanh().powi(2)).ln();
        assert!((log_slope(1.5) - naive(1.5)).abs() < 1e-12);
        assert!((log_slope(-40.0) - (4.0_f64.ln() - 80.0)).abs() < 1e-12 && naive(-40.0).is_infinite());
    }

    #[test]
    fn noise_is_normal_and_follows_from_its_stream() {
        let mut noise = vec![0.0; 100_001];
        fill_noise(&mut Seed(3).stream("noise"), &mut noise);
        let mean_of = |power: i32| noise.iter().map(|x| x.powi(power)).sum::<f64>() / noise.len() as f64;
        let wanted = [(1, 0.0, 0.01), (2, 1.0, 0.02), (3, 0.0, 0.05), (4, 3.0, 0.1)];
        assert!(wanted.iter().all(|(power, value, near)| (mean_of(*power) - value).abs() < *near), "moments");
        let mut again = vec![0.0; 100_001];
        fill_noise(&mut Seed(3).stream("noise"), &mut again);
        assert_eq!(noise, again);
    }
}
