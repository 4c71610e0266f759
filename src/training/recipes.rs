//! Recipes: what a training is set to, by problem.
//!
//! Invariant: the same problem and width have the same settings, here and in the card; nothing is set elsewhere.
//! Absent on purpose: reasons in theory (the settings' own documentation has them), searching for better ones.

use super::sac::SacSettings;
use super::trainer::TrainerSettings;

/// Pendulum-v1 as stable-baselines3 sets it, so that figures compare: 256 transitions an update, one update a step.
pub fn pendulum(hidden: usize) -> TrainerSettings {
    let sac = SacSettings { hidden: vec![hidden; 2], ..SacSettings::default() };
    TrainerSettings { sac, start_steps: 500, capacity: 100_000, ..TrainerSettings::default() }
}

/// Trading: a pull to the first weights and a soft shrink-and-perturb against the loss of plasticity, and half of what is learnt
/// from lies in the newest part of the memory.
pub fn trading(hidden: usize) -> TrainerSettings {
    let sac = SacSettings { hidden: vec![hidden; 2], pull_to_first: 1e-4, ..SacSettings::default() };
    TrainerSettings {
        sac,
        start_steps: 2_000,
        recent_share: 0.5,
        recent: 20_000,
        shrink_every: 2_000,
        ..TrainerSettings::default()
    }
}
