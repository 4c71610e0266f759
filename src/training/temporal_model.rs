//! `TemporalModel`: a fitted net, its normaliser, and what is asked of it afterwards: logits, bytes, an ONNX file.
//!
//! Invariant: no number drops out; what was saved gives the same logits to the last bit.
//! Absent on purpose: fitting (`temporal`).

use std::path::Path;

use burn::tensor::Device;

use super::checkpoint::Checkpoint;
use super::dataset::Samples;
use super::learner::{LogitScale, Scorer, TrainingError};
use super::net::{Shape, numbers, values};
use super::temporal_export;
use crate::market::features::{Normaliser, SavedNormaliser, Schema};

/// Inputs that are scored together; sums do not depend on it beyond their last digits.
const SCORED: usize = 512;

/// A fitted net with the normaliser of its training rows.
#[derive(Debug, Clone)]
pub struct TemporalModel {
    pub(super) shape: Shape,
    pub(super) weights: Vec<f32>,
    pub(super) normaliser: Normaliser,
    pub(super) device: Device,
}

impl TemporalModel {
    /// A copy for the card.
    pub fn normaliser(&self) -> SavedNormaliser {
        self.normaliser.save()
    }

    /// Number of its weights.
    pub fn weights(&self) -> usize {
        self.weights.len()
    }

    /// Normalised inputs of the samples at these places, one after another.
    pub(super) fn normalised(&self, samples: &Samples<'_>, places: impl ExactSizeIterator<Item = usize>) -> Vec<f32> {
        let mut out = vec![0.0; places.len() * self.shape.input()];
        places
            .zip(out.chunks_exact_mut(self.shape.input()))
            .for_each(|(place, out)| self.normalise(samples.input(place), out));
        out
    }

    fn normalise(&self, input: &[f32], out: &mut [f32]) {
        let rows = input.chunks_exact(self.shape.columns);
        rows.zip(out.chunks_exact_mut(self.shape.columns)).for_each(|(row, out)| self.normaliser.apply(row, out));
    }

    /// Logits of normalised inputs.
    fn scored(&self, input: Vec<f32>) -> Vec<f32> {
        let batch = [input.len() / self.shape.input(), self.shape.input()];
        let layers = self.shape.tensors(&self.weights, &self.device);
        values(self.shape.logits(&layers, numbers(input, batch, &self.device), None))
    }

    /// Mean weighted log loss.
    pub(super) fn loss(&self, samples: &Samples<'_>) -> Result<f64, TrainingError> {
        let mut logits = Vec::with_capacity(samples.len());
        self.logits(samples, &mut logits)?;
        let (mut loss, mut weight) = (0.0, 0.0);
        for (logit, sample) in logits.iter().zip(samples.iter()) {
            let chosen = if sample.is_good { *logit } else { 0.0 };
            let own = logit.max(0.0) + (-logit.abs()).exp().ln_1p() - chosen;
            loss += own * f64::from(sample.weight);
            weight += f64::from(sample.weight);
        }
        Ok(loss / weight)
    }

    pub(super) fn to_checkpoint(&self) -> Result<Checkpoint, TrainingError> {
        let mut saved = Checkpoint::new(self.normaliser.schema());
        saved.put("shape", &self.shape)?;
        saved.put("normaliser", &self.normaliser.save())?;
        saved.put_floats("weights", &self.weights);
        Ok(saved)
    }

    pub(super) fn of_checkpoint(saved: &Checkpoint, device: &Device) -> Result<TemporalModel, TrainingError> {
        let strange = |what: &str| TrainingError::Learner(format!("the saved net {what}: train it again"));
        let schema = Schema::by_hash(saved.purpose()).ok_or_else(|| strange("is of an unknown schema"))?;
        let (shape, weights): (Shape, Vec<f32>) = (saved.get("shape")?, saved.floats("weights")?);
        if !shape.is_sound() || shape.columns != schema.width() || weights.len() != shape.weights() {
            return Err(strange("has weights of another shape"));
        }
        let normaliser = Normaliser::load(saved.get("normaliser")?, &schema);
        let normaliser = normaliser.map_err(|error| TrainingError::Learner(error.to_string()))?;
        Ok(TemporalModel { shape, weights, normaliser, device: device.clone() })
    }

    pub(super) fn load(saved: &[u8], device: &Device) -> Result<TemporalModel, TrainingError> {
        TemporalModel::of_checkpoint(&Checkpoint::from_bytes(saved, Path::new("the saved net"))?, device)
    }
}

impl Scorer for TemporalModel {
    fn logits(&self, samples: &Samples<'_>, out: &mut Vec<f64>) -> Result<(), TrainingError> {
        for from in (0..samples.len()).step_by(SCORED) {
            let places = from..(from + SCORED).min(samples.len());
            out.extend(self.scored(self.normalised(samples, places)).into_iter().map(f64::from));
        }
        Ok(())
    }

    fn save(&self) -> Result<Vec<u8>, TrainingError> {
        Ok(self.to_checkpoint()?.to_bytes())
    }

    fn export(&self, calibration: LogitScale) -> Result<Vec<u8>, TrainingError> {
        if !self.weights.iter().all(|weight| weight.is_finite()) {
            return Err(TrainingError::Export("a weight is not finite".into()));
        }
        Ok(temporal_export::onnx(self, calibration))
    }

    fn normaliser(&self, _: &Schema) -> SavedNormaliser {
        self.normaliser.save()
    }

    fn logit(&self, input: &[f32]) -> f64 {
        let mut normalised = vec![0.0; self.shape.input()];
        self.normalise(input, &mut normalised);
        self.scored(normalised).first().map_or(f64::NAN, |logit| f64::from(*logit))
    }
}
