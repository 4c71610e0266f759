//! `Markov`: returns of two states with costs, where the best policy is known: follow the state, or never trade.
//!
//! The state is +1 or -1 and stays with probability p; the next return is r times the next state. A position in [-1, 1] is
//! chosen after the state is seen, earns the next return and pays c times its change. The best mean reward is
//! max(0, (2p - 1) r - 2 c (1 - p)).
//! Invariant: what happens in an episode besides the position follows from seed and episode number alone.
//! Absent on purpose: a terminal state; an episode is only cut.

use rand_chacha::ChaCha8Rng;

use super::super::{TrainingError, draw};
use super::{End, Environment, Outcome};
use crate::domain::Seed;
use crate::domain::digest::Digest;

/// What the returns and costs are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// p, in 0..1.
    pub stay: f64,
    /// r, the size of a return, above 0.
    pub size: f64,
    /// c, per unit of position changed, at least 0.
    pub cost: f64,
}

/// Observation: state, position held before the action. Action: the position. Rewards are in units of r, so that their size
/// is one whatever the market.
#[derive(Debug, Clone, PartialEq)]
pub struct Markov {
    law: Law,
    /// Of an episode.
    length: u32,
    /// Changes of position up to this one are not made.
    band: f64,
    seed: Seed,
    random: ChaCha8Rng,
    state: f64,
    held: f64,
    steps: u32,
}

impl Law {
    /// The best mean reward of a step, by its formula.
    pub fn optimum(self) -> f64 {
        self.following().max(0.0)
    }

    /// Mean reward of a step of the policy whose position is the state.
    pub fn following(self) -> f64 {
        (2.0 * self.stay - 1.0) * self.size - 2.0 * self.cost * (1.0 - self.stay)
    }

    /// The best mean reward of a step over positions on a grid of `points` (at least 2), by relative value iteration
    /// (Puterman 1994, section 8.5.5). Up to the iteration's end it knows nothing of the formula.
    pub fn optimum_by_iteration(self, points: usize) -> f64 {
        let position = |at: usize| -1.0 + 2.0 * at as f64 / (points - 1) as f64;
        // Values of (state, position held), relative to the first.
        let mut values = vec![0.0; 2 * points];
        for _ in 0..100_000 {
            let best = |place: usize| {
                let (up, held) = (place / points, position(place % points));
                let chosen = |to: usize| {
                    let after = |up: usize| values[up * points + to];
                    let drift = (2.0 * self.stay - 1.0) * (2.0 * up as f64 - 1.0);
                    let next = self.stay * after(up) + (1.0 - self.stay) * after(1 - up);
                    position(to) * self.size * drift - self.cost * (position(to) - held).abs() + next
                };
                (0..points).map(chosen).fold(f64::NEG_INFINITY, f64::max)
            };
            let next: Vec<f64> = (0..2 * points).map(best).collect();
            let gains = next.iter().zip(&values).map(|(next, value)| next - value);
            let (least, most) =
                gains.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), gain| (least.min(gain), most.max(gain)));
            values = next.iter().map(|value| value - next[0]).collect();
            if most - least < 1e-15 {
                return 0.5 * (least + most);
            }
        }
        f64::NAN
    }
}

impl Markov {
    /// Episodes of `length` steps, from either state and without a position.
    pub fn new(law: Law, length: u32, seed: Seed) -> Markov {
        Markov { law, length, band: 0.0, seed, random: seed.stream("markov"), state: 1.0, held: 0.0, steps: 0 }
    }

    /// With a no-trade band within the process: an action nearer than this to the position held leaves it as it is and costs
    /// nothing. No small change can pay here, so the best mean reward stays what it is.
    pub fn with_band(self, band: f64) -> Markov {
        Markov { band, ..self }
    }

    /// The position held.
    pub fn held(&self) -> f64 {
        self.held
    }
}

impl Environment for Markov {
    fn fingerprint(&self) -> u64 {
        let mut digest = Digest::new();
        digest.text("markov");
        [self.law.stay, self.law.size, self.law.cost].into_iter().for_each(|x| digest.f64(x));
        digest.u64(u64::from(self.length));
        digest.f64(self.band);
        digest.u64(self.seed.0);
        digest.finish()
    }

    fn observation_len(&self) -> usize {
        2
    }

    fn action_len(&self) -> usize {
        1
    }

    fn reset(&mut self, episode: u64) -> Result<(), TrainingError> {
        self.random = self.seed.stream(&format!("markov {episode}"));
        self.state = if draw::uniform(&mut self.random) < 0.5 { -1.0 } else { 1.0 };
        (self.held, self.steps) = (0.0, 0);
        Ok(())
    }

    fn observe(&self, out: &mut [f32]) {
        out.copy_from_slice(&[self.state as f32, self.held as f32]);
    }

    fn step(&mut self, action: &[f32]) -> Result<Outcome, TrainingError> {
        let wished = f64::from(action[0]).clamp(-1.0, 1.0);
        let position = if (wished - self.held).abs() <= self.band { self.held } else { wished };
        if draw::uniform(&mut self.random) >= self.law.stay {
            self.state = -self.state;
        }
        let reward = position * self.state - self.law.cost / self.law.size * (position - self.held).abs();
        self.held = position;
        self.steps += 1;
        let end = if self.steps < self.length { End::Goes } else { End::Truncated };
        Ok(Outcome { reward: reward as f32, end })
    }

    fn stratum(&self) -> u8 {
        u8::from(self.state > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_iteration_finds_the_formula_on_both_sides_of_break_even() {
        for (stay, cost) in [(0.9, 0.000_4), (0.75, 0.001), (0.55, 0.000_4), (0.7, 0.000_8), (0.3, 0.000_1)] {
            let law = Law { stay, size: 0.001, cost };
            let found = law.optimum_by_iteration(5);
            // Below one half the other state is followed; the formula is for p of at least one half.
            let best =
                if stay < 0.5 { (1.0 - 2.0 * stay) * law.size - 2.0 * cost * (1.0 - stay) } else { law.optimum() };
            assert!((found - best.max(0.0)).abs() < 1e-10, "{law:?}: {found}");
        }
    }

    #[test]
    fn following_the_state_earns_what_the_formula_says() {
        let law = Law { stay: 0.9, size: 0.001, cost: 0.000_4 };
        let mut markov = Markov::new(law, 200_000, Seed(2));
        markov.reset(0).unwrap();
        let mut sum = 0.0;
        let mut seen = [0.0; 2];
        for step in 1..=200_000 {
            markov.observe(&mut seen);
            let outcome = markov.step(&seen[..1]).unwrap();
            sum += f64::from(outcome.reward);
            assert_eq!(outcome.end == End::Truncated, step == 200_000);
        }
        assert!((sum / 200_000.0 * law.size - law.following()).abs() < 1e-5);
        assert_eq!(markov.held().abs(), 1.0);
    }
}
