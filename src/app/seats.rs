//! `Seats`: the models that the settings name, read from the registry: what the engine is told of them, and what runs them.
//!
//! Invariant: a model that may trade is there and checked, or the run does not begin; one that is only named leaves its slot
//! empty with a warning. Runs that must come out the same each time take the processor unless the settings name the card:
//! which of them wins a timed proof is chance.
//! Absent on purpose: choosing models, and the files themselves (`inference::registry`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::RunError;
use crate::config::Config;
use crate::domain::Time;
use crate::engine::Settings;
use crate::engine::model::{ModelSlot, Models};
use crate::engine::ports::Inference;
use crate::engine::settings::StrategyName;
use crate::inference::registry::{Badge, Registry};
use crate::inference::{Device, InferencePlan, LibraryPlan, LoadedModels, ModelPlan, WorkerPlan};
use crate::market::features::Schema;

/// The models of a run.
#[derive(Debug, Clone, Default)]
pub struct Seats {
    /// For the engine.
    pub models: Models,
    /// For whoever runs them.
    pub plans: Vec<ModelPlan>,
    /// All that the settings name, for people.
    pub named: Vec<Named>,
    /// Sentences on models that are named but cannot be used.
    pub warnings: Vec<String>,
}

/// A model that the settings name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub slot: ModelSlot,
    pub name: String,
    pub is_champion: bool,
    /// The card's; empty where there is none.
    pub verdict: String,
    pub trained: Option<Time>,
    /// Why it cannot be used.
    pub trouble: Option<String>,
}

impl Seats {
    pub fn of(config: &Config, home: &Path) -> Result<Seats, RunError> {
        let registry = Registry::of_home(home);
        let mut seats = Seats::default();
        for (slot, name) in &config.models.0 {
            match registry.open(name) {
                // The engine's bars do not tell what takers did; a model must not meet inputs that it never saw.
                Ok(installed) if installed.card.input.schema != Schema::ohlcv().name() => {
                    let why = format!(
                        "models.{slot}: `{name}` wants the schema `{}`, and bars in trading tell `ohlcv` alone; train it \
                         without --schema full",
                        installed.card.input.schema
                    );
                    if may_trade(config, *slot) {
                        return Err(RunError::Settings(why));
                    }
                    seats.warnings.push(why);
                }
                Ok(installed) => {
                    seats.named.push(Named {
                        slot: *slot,
                        name: name.clone(),
                        is_champion: installed.badge() == Badge::Champion,
                        verdict: installed.card.verdict.clone(),
                        trained: Some(Time(installed.card.training.finished.saturating_mul(1_000))),
                        trouble: None,
                    });
                    let (spec, onnx) = (installed.spec, Arc::from(installed.bytes.as_ref()));
                    seats.models.set(*slot, Some(spec.clone()));
                    seats.plans.push(ModelPlan { slot: *slot, spec, onnx });
                }
                Err(error) if may_trade(config, *slot) => return Err(RunError::Model(error)),
                Err(error) => {
                    let trouble = Some(error.to_string());
                    let (name, verdict) = (name.clone(), String::new());
                    seats.named.push(Named { slot: *slot, name, is_champion: false, verdict, trained: None, trouble });
                    seats.warnings.push(format!("models.{slot}: {error}; the slot stays empty"));
                }
            }
        }
        match config.strategy.slot().filter(|slot| seats.models.get(*slot).is_none()) {
            None => Ok(seats),
            Some(slot) => Err(RunError::Settings(format!(
                "the strategy `{slot}` trades by a model, and the slot `models.{slot}` is empty; name one there \
                 (`kestrel models list` shows them)"
            ))),
        }
    }

    /// True when some model may trade under these settings; otherwise none need be read.
    pub fn are_taken(config: &Config) -> bool {
        ModelSlot::ALL.into_iter().any(|slot| may_trade(config, slot))
    }

    /// Those that may trade, if any: what a run needs whose settings nobody changes.
    pub fn if_taken(config: &Config, home: &Path) -> Result<Seats, RunError> {
        if Seats::are_taken(config) { Seats::of(config, home) } else { Ok(Seats::default()) }
    }

    /// What fills this slot there fills it here.
    pub fn take(&mut self, slot: ModelSlot, other: &Seats) {
        self.models.set(slot, other.models.get(slot).cloned());
        self.plans.retain(|plan| plan.slot != slot);
        self.plans.extend(other.plans.iter().filter(|plan| plan.slot == slot).cloned());
        self.named.retain(|named| named.slot != slot);
        self.named.extend(other.named.iter().filter(|named| named.slot == slot).cloned());
        self.named.sort_by_key(|named| named.slot);
    }

    /// What a backtest asks; `None` where it asks no model.
    pub fn inference(
        &self,
        config: &Config,
        settings: &Settings,
        home: &Path,
    ) -> Result<Option<Box<dyn Inference>>, RunError> {
        let asked: Vec<ModelPlan> = self.plans.iter().filter(|plan| settings.asks(plan.slot)).cloned().collect();
        if asked.is_empty() {
            return Ok(None);
        }
        let loaded = LoadedModels::open(&self.plan(config, asked, home));
        match loaded.trouble() {
            Some(why) => Err(RunError::Settings(why)),
            None => Ok(Some(Box::new(loaded))),
        }
    }

    /// What a run's thread for models is made of. In lockstep no question is ever too late.
    pub fn worker(&self, config: &Config, home: &Path) -> WorkerPlan {
        WorkerPlan {
            inference: self.plan(config, self.plans.clone(), home),
            deadline: Duration::MAX,
            fetch: config.inference.fetch(home),
            look: WorkerPlan::LOOK,
        }
    }

    fn plan(&self, config: &Config, models: Vec<ModelPlan>, home: &Path) -> InferencePlan {
        InferencePlan { library: reproducible(config.inference.library(home)), models, symbols: config.symbols.len() }
    }

    /// The slots that `newer` fills otherwise, with what fills them there.
    pub fn changes<'a>(&self, newer: &'a Seats) -> Vec<(ModelSlot, Option<&'a ModelPlan>)> {
        let plan = |slot| newer.plans.iter().find(|plan| plan.slot == slot);
        let slots = ModelSlot::ALL.into_iter().filter(|slot| self.models.get(*slot) != newer.models.get(*slot));
        slots.map(|slot| (slot, plan(slot))).collect()
    }
}

/// The same library, on the device that gives the same numbers each time.
fn reproducible(library: LibraryPlan) -> LibraryPlan {
    let device = match library.device {
        Device::Auto | Device::Cpu => Device::Cpu,
        Device::Cuda => Device::Cuda,
    };
    LibraryPlan { device, ..library }
}

fn may_trade(config: &Config, slot: ModelSlot) -> bool {
    let is_in_council = config.strategy == StrategyName::Auto && config.regimes.allow(slot.strategy());
    config.strategy == slot.strategy() || is_in_council
}
