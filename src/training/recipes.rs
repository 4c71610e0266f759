//! Recipes: what a training is set to, by problem.
//!
//! Invariant: the same problem and width have the same settings, here and in the card; nothing is set elsewhere.
//! Absent on purpose: reasons in theory (the settings' own documentation has them), searching for better ones.

use super::sac::{SacSettings, TemperatureSettings};
use super::trainer::TrainerSettings;

/// Random steps beyond this teach nothing new.
const MOST_AT_RANDOM: u64 = 24_000;

/// Pendulum-v1: few steps are dear, so each is learnt from three times, and rewards, which lie in -16..0, in tenths.
pub fn pendulum(hidden: usize) -> TrainerSettings {
    const RATE: f64 = 3e-3;
    let sac = SacSettings {
        hidden: vec![hidden; 2],
        actor_rate: RATE,
        critic_rate: RATE,
        temperature_rate: RATE,
        temperature: TemperatureSettings::Auto { start: 0.2, target_entropy: None },
        ..SacSettings::default()
    };
    let (start_steps, capacity, reward_scale) = (100, 100_000, 0.1);
    TrainerSettings {
        sac,
        start_steps,
        updates_per_step: 3.0,
        capacity,
        reward_scale,
        ..TrainerSettings::default()
    }
}

/// Trading, in so many steps: the first half, at most [`MOST_AT_RANDOM`], at random, for steps cost little beside updates and an
/// agent that stays flat too early never sees what holding is worth; then four updates a step. Discounts reach two hours, for what
/// lies further is noise beside a position of today. A pull to the first weights and a soft shrink-and-perturb act against the
/// loss of plasticity, and half of what is learnt from lies in the newest part of the memory.
pub fn trading(hidden: usize, steps: u64) -> TrainerSettings {
    let sac = SacSettings { hidden: vec![hidden; 2], gamma: 0.9, pull_to_first: 1e-4, ..SacSettings::default() };
    TrainerSettings {
        sac,
        start_steps: (steps / 2).min(MOST_AT_RANDOM),
        updates_per_step: 4.0,
        recent_share: 0.5,
        recent: 20_000,
        shrink_every: 2_000,
        ..TrainerSettings::default()
    }
}
