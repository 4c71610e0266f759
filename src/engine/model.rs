//! What the engine knows of models: which fill its slots, what they are asked, what they answered.
//!
//! A model is asked by `Effect::Infer` and answers by `Input::Inferred`; the engine never sees a file, a library or a clock.
//! Invariant: an answer counts only for the question with its number; a value that is no finite number never trades.
//! Absent on purpose: running models (`inference`), making them (`training`).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::settings::StrategyName;
use crate::domain::{Digest, StateHash, SymbolId, Time};
use crate::market::barriers::Barriers;

/// A place in the engine that one model can fill; each is a strategy of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSlot {
    /// Gradient-boosted trees.
    Trees,
    /// A small net that sees the last hours.
    Temporal,
    /// An agent of soft actor-critic that sees its own standing too.
    Sac,
}

/// Number of slots.
pub const SLOTS: usize = ModelSlot::ALL.len();

/// What the engine must know of a model to ask it and to trade by its answers; part of the journal, so that a replay needs no
/// model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// As its folder is called.
    pub name: String,
    /// The first 8 bytes of the SHA-256 of its ONNX file, big-endian.
    pub digest: u64,
    /// Hash of the feature schema of its input.
    pub schema: u64,
    /// Observations of the market in one input, oldest first; none where whoever answers sees the market itself.
    pub rows: u16,
    /// Minutes between two observations and two questions; questions fall on minutes since the epoch that it divides.
    pub every_minutes: u16,
    #[serde(flatten)]
    pub meaning: Meaning,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Meaning {
    /// A calibrated probability that the trade between these barriers wins after costs.
    Probability { barriers: Barriers, payoffs: Payoffs },
    /// The exposure that is wanted, -1 to 1 of full size; on spot nothing is held below 0.
    Exposure {
        /// Rate at which its returns' mean and mean square forget, a decision (eta of Moody and Saffell), above 0 to 1.
        sharpe_rate: f64,
    },
}

/// Mean gross return of the labelled trades that might be taken, in units of the barrier's width, by whether they won after
/// costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payoffs {
    pub win: f64,
    pub loss: f64,
}

/// The models of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Models {
    pub trees: Option<Box<ModelSpec>>,
    pub temporal: Option<Box<ModelSpec>>,
    #[serde(default)]
    pub sac: Option<Box<ModelSpec>>,
}

/// A question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct InferRequest {
    /// Rises with each question of a run.
    pub number: u64,
    pub slot: ModelSlot,
    pub symbol: SymbolId,
    /// `ModelSpec::digest` of the model that is meant.
    pub model: u64,
    /// Open time of the bar after whose close it was asked.
    pub bar: Time,
    /// `rows` observations of the schema's width, oldest first, not normalised; then, where it wants an exposure, the
    /// standing of the symbol (`engine::standing`).
    pub input: Vec<f32>,
}

/// The answer to the question with this number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inferred {
    pub number: u64,
    pub slot: ModelSlot,
    pub symbol: SymbolId,
    pub outcome: InferOutcome,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InferOutcome {
    /// What it means stands in the model's spec.
    Value(f32),
    /// The output was NaN or infinite.
    NotFinite,
    /// Older than a newer question of the same model and symbol, or too late.
    Skipped,
    /// It cannot be run; a sentence says why and what to do.
    Unavailable { why: String },
}

/// Its numbers are finite: the registry lets no others in.
impl Eq for ModelSpec {}
impl Eq for Models {}

impl ModelSlot {
    pub const ALL: [ModelSlot; 3] = [ModelSlot::Trees, ModelSlot::Temporal, ModelSlot::Sac];

    pub const fn as_str(self) -> &'static str {
        match self {
            ModelSlot::Trees => "trees",
            ModelSlot::Temporal => "temporal",
            ModelSlot::Sac => "sac",
        }
    }

    pub fn parse(text: &str) -> Option<ModelSlot> {
        ModelSlot::ALL.into_iter().find(|slot| slot.as_str() == text)
    }

    /// The strategy that trades by it.
    pub const fn strategy(self) -> StrategyName {
        match self {
            ModelSlot::Trees => StrategyName::Trees,
            ModelSlot::Temporal => StrategyName::Temporal,
            ModelSlot::Sac => StrategyName::Sac,
        }
    }

    /// Numbers of an input that stand after the market's: those of the standing.
    pub const fn standing(self) -> usize {
        match self {
            ModelSlot::Trees | ModelSlot::Temporal => 0,
            ModelSlot::Sac => super::standing::COLUMNS.len(),
        }
    }
}

impl Models {
    pub fn get(&self, slot: ModelSlot) -> Option<&ModelSpec> {
        match slot {
            ModelSlot::Trees => self.trees.as_deref(),
            ModelSlot::Temporal => self.temporal.as_deref(),
            ModelSlot::Sac => self.sac.as_deref(),
        }
    }

    pub fn set(&mut self, slot: ModelSlot, spec: Option<ModelSpec>) {
        let spec = spec.map(Box::new);
        match slot {
            ModelSlot::Trees => self.trees = spec,
            ModelSlot::Temporal => self.temporal = spec,
            ModelSlot::Sac => self.sac = spec,
        }
    }
}

impl InferRequest {
    /// The answer of a door that cannot run the model.
    pub fn unavailable(&self, why: &str) -> Inferred {
        self.answer(InferOutcome::Unavailable { why: why.to_owned() })
    }

    pub fn answer(&self, outcome: InferOutcome) -> Inferred {
        Inferred { number: self.number, slot: self.slot, symbol: self.symbol, outcome }
    }
}

impl Payoffs {
    /// Expected gross return of the trade as a fraction of the entry, where it wins with this probability.
    pub fn edge(&self, probability: f64, width: f64) -> f64 {
        width * (probability * self.win + (1.0 - probability) * self.loss)
    }
}

impl ModelSpec {
    /// True when it is asked at the close of the bar that opened then.
    pub fn is_due(&self, bar: Time) -> bool {
        let minute = bar.0.div_euclid(crate::domain::Span::MINUTE.0) + 1;
        minute.rem_euclid(i64::from(self.every_minutes.max(1))) == 0
    }
}

impl fmt::Display for ModelSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl StateHash for ModelSpec {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(&self.name);
        digest.u64(self.digest);
        digest.u64(self.schema);
        digest.u64(u64::from(self.rows));
        digest.u64(u64::from(self.every_minutes));
        match &self.meaning {
            Meaning::Probability { barriers, payoffs } => {
                digest.u64(u64::from(barriers.horizon_minutes));
                for number in [barriers.deviations, barriers.least_width, payoffs.win, payoffs.loss] {
                    digest.f64(number);
                }
            }
            Meaning::Exposure { sharpe_rate } => digest.f64(*sharpe_rate),
        }
    }
}
