//! Recipes: what a training is set to, by problem.
//!
//! Invariant: the same problem and width have the same settings, here and in the card; nothing is set elsewhere.
//! Absent on purpose: reasons in theory (the settings' own documentation has them), searching for better ones.

use super::sac::{SacSettings, TemperatureSettings};
use super::trainer::TrainerSettings;

/// Random steps beyond this teach nothing new.
const MOST_AT_RANDOM: u64 = 24_000;

/// Pendulum-v1. Rewards lie in -16..0, so they are learnt from in tenths; one start in fifty begins at the bottom, so each step is
/// learnt from three times.
pub fn pendulum(hidden: usize) -> TrainerSettings {
    let rate = 3e-3;
    let sac = SacSettings {
        hidden: vec![hidden; 2],
        actor_rate: rate,
        critic_rate: rate,
        temperature_rate: rate,
        temperature: TemperatureSettings::Auto { start: 0.2, target_entropy: None },
        ..SacSettings::default()
    };
    let (start_steps, capacity, reward_scale, updates_per_step) = (100, 20_000, 0.1, 3.0);
    TrainerSettings { sac, start_steps, updates_per_step, capacity, reward_scale, ..TrainerSettings::default() }
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
