//! `Learner` and `Scorer`: what a kind of model must be able to do to be trained, judged and written.
//!
//! A learner is fitted on one set of samples, stopped on another, and becomes a scorer; a scorer gives logits and writes itself
//! as an ONNX graph. Everything around that (folds, calibration, judgement, cards) is the same for every kind.
//! Invariant: the same samples, settings and seed make the same scorer, to the last bit, also when a fit was interrupted.
//! Absent on purpose: which samples are trained on (`splits`), probabilities (`calibration`).

use std::path::Path;

use serde_json::{Map, Value};

use super::checkpoint::CheckpointError;
use super::dataset::Samples;
use crate::domain::Digest;
use crate::engine::model::ModelSlot;
use crate::market::features::{SavedNormaliser, Schema};

/// A kind of model with its settings.
pub trait Learner {
    type Model: Scorer;

    const SLOT: ModelSlot;

    /// Its settings by name, for the card and for telling checkpoints of other settings apart.
    fn settings(&self) -> Map<String, Value>;

    /// Observations in one input: 1 for what sees only the newest row. Samples are collected with as many.
    fn rows(&self) -> u16;

    /// Fits on `task.train` and stops early on `task.validation`. `progress` is told of each round and may stop the fit, which
    /// then answers `TrainingError::Stopped`.
    fn fit(
        &self,
        task: &Task<'_>,
        progress: &mut dyn FnMut(Round) -> Flow,
    ) -> Result<Fitted<Self::Model>, TrainingError>;

    /// The model that `Scorer::save` wrote; a checkpoint of a finished fold.
    fn load(&self, saved: &[u8]) -> Result<Self::Model, TrainingError>;
}

/// A fitted model.
pub trait Scorer {
    /// Appends the logit of each sample, in their order.
    fn logits(&self, samples: &Samples<'_>, out: &mut Vec<f64>) -> Result<(), TrainingError>;

    /// Exact: the loaded one gives the same logits to the last bit.
    fn save(&self) -> Result<Vec<u8>, TrainingError>;

    /// The whole ONNX file with the normaliser and the calibration inside: input `observations` float32 [batch, rows * columns],
    /// output `probability` float32 [batch, 1]. The same model gives the same bytes.
    fn export(&self, calibration: LogitScale) -> Result<Vec<u8>, TrainingError>;

    /// What the graph does to observations before anything else; one that passes all where it does nothing.
    fn normaliser(&self, schema: &Schema) -> SavedNormaliser;

    /// Logit of one input as it stands in an observation: what the exported graph is compared with.
    fn logit(&self, input: &[f32]) -> f64;
}

/// One fit.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    pub train: Samples<'a>,
    /// Later than `train` and purged from it.
    pub validation: Samples<'a>,
    pub seed: u64,
    /// A file in which the learner may keep a fit that is not finished, written atomically. When it exists at the start and is of
    /// this task, the fit goes on from it and ends as if it had never been interrupted. The caller removes it after the fit.
    pub keep: Option<&'a Path>,
}

/// A finished fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted<M> {
    pub model: M,
    /// All rounds that were fitted, the ones after the best included: the loss curve.
    pub rounds: Vec<Round>,
    /// The number of the round that was kept.
    pub best: u32,
}

/// A round of boosting or an epoch that is done. Losses are mean weighted log losses of uncalibrated probabilities.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// The most there can be; early stopping ends before.
    pub of: u32,
    pub train_loss: f64,
    pub validation_loss: f64,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Stop,
}

/// p = sigmoid(scale * logit + shift).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogitScale {
    pub scale: f64,
    pub shift: f64,
}

/// Why there is no model. Each is one sentence: what was found, what is allowed, what to do.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A person stopped it; checkpoints are kept.
    #[error("stopped; the same command goes on from where it was")]
    Stopped,
    #[error("{found} of {what} are too few, at least {wanted} are needed: give more months with --data")]
    TooFew { what: &'static str, found: usize, wanted: usize },
    #[error("all {what} have the same outcome, which teaches nothing: give more months with --data")]
    OneOutcome { what: &'static str },
    #[error("the learner failed: {0}")]
    Learner(String),
    #[error("the model was not written as ONNX: {0}")]
    Export(String),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A setting out of its range; the sentence names it.
    #[error("{0}")]
    Settings(String),
    /// Of the bars.
    #[error("{0}")]
    Data(String),
}

impl LogitScale {
    pub const IDENTITY: LogitScale = LogitScale { scale: 1.0, shift: 0.0 };

    pub fn probability(self, logit: f64) -> f64 {
        let x = self.scale * logit + self.shift;
        // Both forms are the same; each is exact where it is used.
        if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
    }
}

impl Task<'_> {
    /// Of everything that a fit follows from: an unfinished one goes on with the same alone.
    pub fn fingerprint(&self, settings: &Map<String, Value>) -> u64 {
        let mut digest = Digest::new();
        digest.text(&Value::Object(settings.clone()).to_string());
        digest.u64(self.seed);
        let columns = self.train.dataset().settings().schema.width();
        digest.u64(self.train.dataset().settings().schema.hash());
        for samples in [&self.train, &self.validation] {
            digest.u64(samples.len() as u64);
            for (place, sample) in samples.iter().enumerate() {
                digest.add(&sample.decided);
                digest.u64(u64::from(sample.lane));
                digest.bool(sample.is_good);
                digest.u64(u64::from(sample.weight.to_bits()));
                // The newest row stands for the window: each row is the newest of its own sample.
                let input = samples.input(place);
                input[input.len() - columns..].iter().for_each(|x| digest.u64(u64::from(x.to_bits())));
            }
        }
        digest.finish()
    }
}
