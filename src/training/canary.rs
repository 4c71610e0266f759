//! The same way walked where the truth is known: on a martingale nothing may be traded, a planted edge must be found.
//!
//! Invariant: learner, settings, folds, calibration and rule are those of the model that is made; only the bars differ.
//! Absent on purpose: any claim about real markets.

use super::dataset::{Collector, Dataset, DatasetSettings};
use super::evaluation::figure;
use super::learner::{Flow, Learner, Round, TrainingError};
use super::pipeline::{Plan, Trained, train};
use super::synthetic::{Edge, SyntheticMarket};
use crate::domain::{Seed, Symbol};
use crate::inference::registry::card::Figure;

/// Twice what a round trip costs and more, in the best fifth of hours.
pub const PLANTED: Edge = Edge::Momentum { strength: 0.012 };
/// Bars of a market: eight months.
pub const BARS: usize = 240 * 1_440;

/// Trains on a synthetic market of one symbol and judges on its newest fifth.
pub fn tried<L: Learner>(
    learner: &L,
    settings: &DatasetSettings,
    plan: &Plan,
    edge: Edge,
    watch: &mut dyn FnMut(Round) -> Flow,
) -> Result<Trained<L::Model>, TrainingError> {
    let data = market(settings, plan.seed, edge);
    let plan = Plan { reserved: Vec::new(), held_out_share: 0.2, folder: None, ..plan.clone() };
    train(learner, &data, &plan, &mut |_, round| watch(round))
}

/// What both markets showed, for the card.
pub fn figures<L: Learner>(
    learner: &L,
    settings: &DatasetSettings,
    plan: &Plan,
    watch: &mut dyn FnMut(Round) -> Flow,
) -> Result<Vec<Figure>, TrainingError> {
    let mut found = Vec::new();
    for (edge, on, note) in [
        (Edge::None, "martingale", "0 entries are right: there is nothing to find"),
        (PLANTED, "planted edge", "entries and a gain are right: the edge is above cost"),
    ] {
        let trained = tried(learner, settings, plan, edge, watch)?;
        let walk = &trained.judgement.walk;
        let count = walk.trades.len() as u64;
        found.push(figure("trades", on, Some(count as f64), count, Some(("flat", 0.0)), Some(note)));
        found.push(figure("net_return", on, Some(walk.net_return), count, Some(("flat", 0.0)), None));
    }
    Ok(found)
}

fn market(settings: &DatasetSettings, seed: Seed, edge: Edge) -> Dataset {
    let mut collector = Collector::new(settings.clone(), &[Symbol::new("SYNTHETIC")]);
    for bar in SyntheticMarket::new(seed, "canary", edge).take(BARS) {
        collector.take(0, &bar, None);
    }
    collector.finish()
}
