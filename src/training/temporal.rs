//! `Temporal`: the learner of the small net: AdamW on mini-batches, stopped early, the best epoch kept.
//!
//! Invariant: the same task and settings make the same weights to the last bit, also when a fit was interrupted between epochs;
//! all that is drawn comes from streams named after the seed and the epoch.
//! Absent on purpose: the net's arithmetic (`net`), its file (`temporal_export`), parallel work within a fit, which would make
//! sums depend on threads.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde_json::{Map, Value, json};

use super::adamw::AdamW;
use super::dataset::Samples;
use super::learner::{Fitted, Flow, Learner, LogitScale, Round, Scorer, Task, TrainingError};
use super::net::{Body, Dropout, Numbers, Shape, log_loss, numbers, values};
use crate::domain::seed::Seed;
use crate::engine::model::ModelSlot;
use crate::market::features::{Normaliser, NormaliserSettings, Schema};

/// Inputs that are scored together.
const SCORED: usize = 512;
/// Share of all steps in which the learning rate rises.
const WARM_UP: f64 = 0.05;

/// How the net is trained.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalSettings {
    /// Observations in one input, a multiple of 16.
    pub rows: u16,
    pub channels: u16,
    pub hidden: u16,
    /// Samples of one step.
    pub batch: u16,
    /// Samples drawn for an epoch, at most all: neighbours overlap, so that a part of them tells nearly as much.
    pub draws: u32,
    pub epochs: u32,
    /// Epochs without a better validation loss after which it ends.
    pub patience: u32,
    /// Highest learning rate; it falls to nothing along a cosine.
    pub rate: f64,
    pub weight_decay: f64,
    /// Probability that a number is dropped while training.
    pub dropout: f64,
    #[serde(skip)]
    pub body: Option<u8>,
}

impl Default for TemporalSettings {
    fn default() -> Self {
        TemporalSettings {
            rows: 48,
            channels: 32,
            hidden: 32,
            batch: 256,
            draws: 40_960,
            epochs: 20,
            patience: 5,
            rate: 1e-3,
            weight_decay: 0.05,
            dropout: 0.2,
            body: None,
        }
    }
}

/// The learner.
#[derive(Debug, Clone)]
pub struct Temporal {
    pub settings: TemporalSettings,
    device: Device,
}

/// A fitted net with the normaliser of its training rows.
#[derive(Debug, Clone)]
pub struct TemporalModel {
    pub(super) body: Body,
    pub(super) shape: Shape,
    pub(super) weights: Vec<f32>,
    pub(super) normaliser: Normaliser,
    pub(super) schema: Schema,
    device: Device,
}

/// A fit between two epochs.
struct Fit {
    model: TemporalModel,
    adam: AdamW,
    rounds: Vec<Round>,
    best: Vec<f32>,
    best_round: u32,
}

impl Temporal {
    /// On the processor, one thread.
    pub fn new(settings: TemporalSettings) -> Temporal {
        Temporal { settings, device: Device::flex() }
    }

    fn body(&self) -> Body {
        match self.settings.body {
            Some(1) => Body::Conv,
            Some(2) => Body::Gru,
            _ => Body::Patches,
        }
    }

    fn begin(&self, task: &Task<'_>) -> Fit {
        let schema = task.train.dataset().settings().schema.clone();
        let shape = Shape {
            rows: usize::from(self.settings.rows),
            columns: schema.width(),
            channels: usize::from(self.settings.channels),
            hidden: usize::from(self.settings.hidden),
        };
        let normaliser = fitted_normaliser(&schema, &task.train);
        let weights = shape.begin(self.body(), &mut Seed(task.seed).stream("temporal weights"));
        let adam = AdamW::new(weights.len());
        let best = weights.clone();
        let model =
            TemporalModel { body: self.body(), shape, weights, normaliser, schema, device: self.device.clone() };
        Fit { model, adam, rounds: Vec::new(), best, best_round: 0 }
    }

    /// One epoch. Returns the mean loss of its steps.
    fn epoch(&self, fit: &mut Fit, task: &Task<'_>) -> f64 {
        let number = fit.rounds.len() as u32;
        let mut random = Seed(task.seed).stream(&format!("temporal epoch {number}"));
        let picks = drawn(task.train.len(), self.settings.draws as usize, &mut random);
        let batch = usize::from(self.settings.batch);
        let steps = picks.len().div_ceil(batch) as f64;
        let (mut loss, mut weight) = (0.0, 0.0);
        for (at, picks) in picks.chunks(batch).enumerate() {
            let done = (f64::from(number) + at as f64 / steps) / f64::from(self.settings.epochs);
            let rate = self.settings.rate * schedule(done);
            let (step_loss, step_weight) = self.step(fit, &task.train, picks, rate as f32, &mut random);
            loss += step_loss * step_weight;
            weight += step_weight;
        }
        loss / weight
    }

    /// One step on these samples. Returns its loss and the weight that it was taken with.
    fn step(
        &self,
        fit: &mut Fit,
        samples: &Samples<'_>,
        picks: &[u32],
        rate: f32,
        random: &mut ChaCha8Rng,
    ) -> (f64, f64) {
        let device = self.device.clone().autodiff();
        let (model, shape) = (&fit.model, fit.model.shape);
        let places = picks.iter().map(|pick| *pick as usize);
        let (outcomes, weights, weight) = labels(samples, places.clone());
        let layers: Vec<Numbers> =
            shape.tensors(model.body, &model.weights, &device).into_iter().map(Tensor::require_grad).collect();
        let column = [picks.len(), 1];
        let input = numbers(model.normalised(samples, places), [picks.len(), shape.rows * shape.columns], &device);
        let dropout = Dropout {
            seen: self.mask([picks.len(), shape.seen(model.body)], random, &device),
            hidden: self.mask([picks.len(), shape.hidden], random, &device),
        };
        let logits = shape.logits(model.body, &layers, input, Some(&dropout));
        let loss = log_loss(logits, numbers(outcomes, column, &device), numbers(weights, column, &device));
        let mut gradients = loss.backward();
        let flat: Vec<f32> = layers
            .iter()
            .zip(shape.layers(model.body))
            .flat_map(|(layer, [from, to])| {
                layer.grad_remove(&mut gradients).map(values).unwrap_or_else(|| vec![0.0; from * to])
            })
            .collect();
        fit.adam.step(&mut fit.model.weights, &flat, rate, self.settings.weight_decay as f32);
        (values(loss.inner().reshape([1, 1])).first().map_or(f64::NAN, |loss| f64::from(*loss)), weight)
    }

    fn mask(&self, shape: [usize; 2], random: &mut ChaCha8Rng, device: &Device) -> Numbers {
        let least = (self.settings.dropout * f64::from(u32::MAX)) as u32;
        let kept = (1.0 / (1.0 - self.settings.dropout)) as f32;
        let mask = (0..shape[0] * shape[1]).map(|_| if random.next_u32() < least { 0.0 } else { kept }).collect();
        numbers(mask, shape, device)
    }
}

impl Learner for Temporal {
    type Model = TemporalModel;

    const SLOT: ModelSlot = ModelSlot::Temporal;

    fn settings(&self) -> Map<String, Value> {
        match json!(self.settings) {
            Value::Object(map) => map,
            other => Map::from_iter([("settings".to_owned(), other)]),
        }
    }

    fn rows(&self) -> u16 {
        self.settings.rows
    }

    fn fit(
        &self,
        task: &Task<'_>,
        progress: &mut dyn FnMut(Round) -> Flow,
    ) -> Result<Fitted<TemporalModel>, TrainingError> {
        let mut fit = self.begin(task);
        while (fit.rounds.len() as u32) < self.settings.epochs
            && fit.rounds.len() as u32 - fit.best_round < self.settings.patience
        {
            let train_loss = self.epoch(&mut fit, task);
            let validation_loss = fit.model.loss(&task.validation)?;
            let number = fit.rounds.len() as u32 + 1;
            let round = Round { number, of: self.settings.epochs, train_loss, validation_loss };
            let best = fit.rounds.iter().map(|round| round.validation_loss).fold(f64::INFINITY, f64::min);
            if validation_loss < best {
                fit.best.clone_from(&fit.model.weights);
                fit.best_round = number;
            }
            fit.rounds.push(round);
            if progress(round) == Flow::Stop {
                return Err(TrainingError::Stopped);
            }
        }
        let model = TemporalModel { weights: fit.best, ..fit.model };
        Ok(Fitted { model, rounds: fit.rounds, best: fit.best_round })
    }

    fn load(&self, _saved: &[u8]) -> Result<TemporalModel, TrainingError> {
        Err(TrainingError::Learner("todo".into()))
    }
}

impl TemporalModel {
    /// Normalised inputs of these samples, one after another.
    fn normalised(&self, samples: &Samples<'_>, places: impl Iterator<Item = usize>) -> Vec<f32> {
        let columns = self.shape.columns;
        let mut out = vec![0.0; places.size_hint().0 * self.shape.rows * columns];
        for (place, out) in places.zip(out.chunks_exact_mut(self.shape.rows * columns)) {
            let rows = samples.input(place).chunks_exact(columns);
            rows.zip(out.chunks_exact_mut(columns)).for_each(|(row, out)| self.normaliser.apply(row, out));
        }
        out
    }

    fn scored(&self, input: Vec<f32>, layers: &[Numbers]) -> Vec<f32> {
        let width = self.shape.rows * self.shape.columns;
        let input = numbers(input.clone(), [input.len() / width, width], &self.device);
        values(self.shape.logits(self.body, layers, input, None))
    }

    fn loss(&self, samples: &Samples<'_>) -> Result<f64, TrainingError> {
        let mut logits = Vec::with_capacity(samples.len());
        self.logits(samples, &mut logits)?;
        let (mut loss, mut weight) = (0.0, 0.0);
        for (logit, sample) in logits.iter().zip(samples.iter()) {
            let rest = (-logit.abs()).exp().ln_1p();
            let own = logit.max(0.0) + rest - if sample.is_good { *logit } else { 0.0 };
            loss += own * f64::from(sample.weight);
            weight += f64::from(sample.weight);
        }
        Ok(loss / weight)
    }
}

impl Scorer for TemporalModel {
    fn logits(&self, samples: &Samples<'_>, out: &mut Vec<f64>) -> Result<(), TrainingError> {
        let layers = self.shape.tensors(self.body, &self.weights, &self.device);
        for from in (0..samples.len()).step_by(SCORED) {
            let places = from..(from + SCORED).min(samples.len());
            out.extend(self.scored(self.normalised(samples, places), &layers).into_iter().map(f64::from));
        }
        Ok(())
    }

    fn save(&self) -> Result<Vec<u8>, TrainingError> {
        Err(TrainingError::Learner("todo".into()))
    }

    fn export(&self, _calibration: LogitScale) -> Result<Vec<u8>, TrainingError> {
        Err(TrainingError::Learner("todo".into()))
    }

    fn logit(&self, _input: &[f32]) -> f64 {
        0.0
    }
}

/// Statistics of the newest rows of the training samples: each row of the past is the newest of an earlier sample.
fn fitted_normaliser(schema: &Schema, samples: &Samples<'_>) -> Normaliser {
    let settings = NormaliserSettings { half_life: None, ..NormaliserSettings::default() };
    let mut normaliser = Normaliser::new(schema, settings);
    let mut unused = vec![0.0; schema.width()];
    for place in 0..samples.len() {
        let input = samples.input(place);
        normaliser.take(&input[input.len() - schema.width()..], &mut unused);
    }
    normaliser.frozen()
}

/// Places of the samples of an epoch, in random order.
fn drawn(samples: usize, draws: usize, random: &mut ChaCha8Rng) -> Vec<u32> {
    let mut places: Vec<u32> = (0..samples as u32).collect();
    let draws = draws.min(samples);
    for at in 0..draws {
        let other = at + below(samples - at, random);
        places.swap(at, other);
    }
    places.truncate(draws);
    places
}

/// A number below `end`; the bias of the product's high half is below 2^-32 of it.
fn below(end: usize, random: &mut ChaCha8Rng) -> usize {
    ((u128::from(random.next_u64()) * end as u128) >> 64) as usize
}

/// Outcomes, weights that sum to 1, and what they summed to before.
fn labels(samples: &Samples<'_>, places: impl Iterator<Item = usize>) -> (Vec<f32>, Vec<f32>, f64) {
    let (outcomes, mut weights): (Vec<f32>, Vec<f32>) =
        places.map(|place| samples.at(place)).map(|sample| (f32::from(sample.is_good), sample.weight)).unzip();
    let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    weights.iter_mut().for_each(|weight| *weight = (f64::from(*weight) / sum) as f32);
    (outcomes, weights, sum)
}

/// Share of the highest learning rate when this share of all steps is done: up a line, down a cosine.
fn schedule(done: f64) -> f64 {
    let rising = (done + 1e-3) / WARM_UP;
    let falling = 0.5 * (1.0 + (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos());
    rising.min(falling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Symbol;
    use crate::market::barriers::Barriers;
    use crate::training::synthetic::{Edge, SyntheticMarket};
    use crate::training::{Collector, DatasetSettings};

    #[test]
    #[ignore]
    fn measure() {
        let schema = Schema::ohlcv();
        let barriers = Barriers { horizon_minutes: 120, deviations: 1.0, least_width: 0.004 };
        let settings =
            DatasetSettings { schema, every_minutes: 5, rows: 48, barriers, side_cost: 0.001, most_rows: 1 << 30 };
        let mut collector = Collector::new(settings, &[Symbol::new("AAAUSDT")]);
        let strength: f64 = std::env::var("STRENGTH").ok().and_then(|x| x.parse().ok()).unwrap_or(0.008);
        for bar in SyntheticMarket::new(Seed(1), "A", Edge::Momentum { strength }).take(300 * 1440) {
            collector.take(0, &bar, None);
        }
        let data = collector.finish();
        let n = data.samples().len() as u32;
        let train: Vec<u32> = (0..n * 6 / 10).collect();
        let valid: Vec<u32> = (n * 6 / 10 + 30..n * 8 / 10).collect();
        let test: Vec<u32> = (n * 8 / 10 + 30..n).collect();
        let good = data.samples().iter().filter(|s| s.is_good).count();
        println!("samples {n} good {:.3}", good as f64 / n as f64);
        let p = good as f64 / n as f64;
        println!("base loss {:.5}", -(p * p.ln() + (1.0 - p) * (1.0 - p).ln()));
        for body in [0, 1, 2] {
            let learner = Temporal::new(TemporalSettings {
                body: Some(body),
                epochs: 8,
                draws: 20_480,
                ..TemporalSettings::default()
            });
            let start = std::time::Instant::now();
            let task = Task { train: data.pick(&train), validation: data.pick(&valid), seed: 1, keep: None };
            let fitted = learner.fit(&task, &mut |round| {
                println!(
                    "  {} {:.5} {:.5} {:.1}s",
                    round.number,
                    round.train_loss,
                    round.validation_loss,
                    start.elapsed().as_secs_f64()
                );
                if start.elapsed().as_secs() > 150 { Flow::Stop } else { Flow::Continue }
            });
            let Ok(fitted) = fitted else {
                println!("stopped");
                continue;
            };
            println!(
                "body {body} weights {} best {} held-out {:.5} in {:.1}s",
                fitted.model.weights.len(),
                fitted.best,
                fitted.model.loss(&data.pick(&test)).unwrap(),
                start.elapsed().as_secs_f64()
            );
        }
    }
}
