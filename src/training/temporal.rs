//! `Temporal`: the learner of the small net: AdamW on mini-batches, stopped early, the best epoch kept.
//!
//! Invariant: the same task and settings make the same weights to the last bit, also when a fit was interrupted between epochs;
//! all that is drawn comes from streams named after the seed and the epoch.
//! Absent on purpose: the net's arithmetic (`net`), what a fitted net answers (`temporal_model`), parallel work within a fit,
//! which would make sums depend on threads.

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::adamw::AdamW;
use super::checkpoint::Checkpoint;
use super::dataset::Samples;
use super::learner::{Fitted, Flow, Learner, Round, Task, TrainingError};
use super::net::{Dropout, Numbers, Shape, log_loss, numbers, values};
pub use super::temporal_model::TemporalModel;
use crate::domain::Seed;
use crate::engine::model::ModelSlot;
use crate::market::features::{Normaliser, NormaliserSettings, Schema};

/// Share of all steps in which the learning rate rises.
const WARM_UP: f64 = 0.05;
/// Fewer samples teach nothing.
const LEAST_SAMPLES: usize = 200;

/// How the net is made and trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalSettings {
    /// Observations in one input, a multiple of 16.
    pub rows: u16,
    /// Outputs of each convolution.
    pub channels: u16,
    /// Width of the dense layer.
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
    /// Probability that a number is dropped while training, 0 to 0.9.
    pub dropout: f64,
}

/// Where a net is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hardware {
    /// One thread: the same weights to the last bit.
    #[default]
    Processor,
    /// The graphics card with this number. Sums there are not promised to the last bit.
    #[cfg(feature = "cuda")]
    Cuda(usize),
}

/// The learner.
#[derive(Debug, Clone)]
pub struct Temporal {
    pub settings: TemporalSettings,
    device: Device,
}

/// A fit between two epochs.
struct Fit {
    model: TemporalModel,
    adam: AdamW,
    rounds: Vec<Round>,
    best: Vec<f32>,
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
        }
    }
}

impl Default for Temporal {
    fn default() -> Self {
        Temporal::new(TemporalSettings::default(), Hardware::default())
    }
}

impl Temporal {
    pub fn new(settings: TemporalSettings, hardware: Hardware) -> Temporal {
        let device = match hardware {
            Hardware::Processor => Device::flex(),
            #[cfg(feature = "cuda")]
            Hardware::Cuda(number) => Device::cuda(number),
        };
        Temporal { settings, device }
    }

    /// From the start, or from what was kept.
    fn begin(&self, task: &Task<'_>) -> Result<Fit, TrainingError> {
        let shape = self.shape(task)?;
        check(&task.train, "training samples")?;
        check(&task.validation, "samples to stop on")?;
        let kept = task.keep.map(|path| Checkpoint::load(path, self.purpose(task))).transpose()?.flatten();
        if let Some(kept) = kept {
            return Fit::of_checkpoint(&kept, shape, &self.device);
        }
        let normaliser = fitted_normaliser(&task.train.dataset().settings().schema, &task.train);
        let weights = shape.begin(&mut Seed(task.seed).stream("temporal weights"));
        let (adam, best) = (AdamW::new(weights.len()), weights.clone());
        let model = TemporalModel { shape, weights, normaliser, device: self.device.clone() };
        Ok(Fit { model, adam, rounds: Vec::new(), best })
    }

    fn shape(&self, task: &Task<'_>) -> Result<Shape, TrainingError> {
        let TemporalSettings { rows, channels, hidden, batch, epochs, dropout, .. } = self.settings;
        let settings = task.train.dataset().settings();
        let shape = Shape {
            rows: usize::from(rows),
            columns: settings.schema.width(),
            channels: usize::from(channels),
            hidden: usize::from(hidden),
        };
        if !shape.is_sound() || settings.rows != rows || batch == 0 || epochs == 0 || !(0.0..=0.9).contains(&dropout) {
            let what = format!("settings {:?} do not fit inputs of {} rows", self.settings, settings.rows);
            return Err(TrainingError::Learner(what));
        }
        Ok(shape)
    }

    /// Tells an unfinished fit of this task from others.
    fn purpose(&self, task: &Task<'_>) -> u64 {
        task.fingerprint(&self.settings())
    }

    /// One epoch. Returns the mean loss of its steps, numbers dropped.
    fn epoch(&self, fit: &mut Fit, task: &Task<'_>) -> f64 {
        let number = fit.done();
        let mut random = Seed(task.seed).stream(&format!("temporal epoch {number}"));
        let picks = drawn(task.train.len(), self.settings.draws as usize, &mut random);
        let batch = usize::from(self.settings.batch);
        let steps = picks.len().div_ceil(batch) as f64;
        let (mut loss, mut weight) = (0.0, 0.0);
        for (at, picks) in picks.chunks(batch).enumerate() {
            let done = (f64::from(number) + (at as f64 + 0.5) / steps) / f64::from(self.settings.epochs);
            let rate = (self.settings.rate * schedule(done)) as f32;
            let (own, own_weight) = self.step(fit, &task.train, picks, rate, &mut random);
            loss += own * own_weight;
            weight += own_weight;
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
        let (shape, count) = (fit.model.shape, picks.len());
        let places = picks.iter().map(|pick| *pick as usize);
        let (outcomes, weights, weight) = labels(samples, places.clone());
        let column = |values: Vec<f32>| numbers(values, [count, 1], &device);
        let layers = shape.tensors(&fit.model.weights, &device);
        let layers: Vec<Numbers> = layers.into_iter().map(Tensor::require_grad).collect();
        let input = numbers(fit.model.normalised(samples, places), [count, shape.input()], &device);
        let dropout = Dropout {
            seen: numbers(self.mask(count * shape.seen(), random), [count, shape.seen()], &device),
            hidden: numbers(self.mask(count * shape.hidden, random), [count, shape.hidden], &device),
        };
        let logits = shape.logits(&layers, input, Some(&dropout));
        let loss = log_loss(logits, column(outcomes), column(weights));
        let mut gradients = loss.backward();
        let mut flat = Vec::with_capacity(fit.model.weights.len());
        for (layer, [from, to]) in layers.iter().zip(shape.layers()) {
            // What took no part in the loss has no gradient.
            let own = layer.grad_remove(&mut gradients).map(values);
            flat.extend(own.unwrap_or_else(|| vec![0.0; from * to]));
        }
        fit.adam.step(&mut fit.model.weights, &flat, rate, self.settings.weight_decay as f32);
        let loss = values(loss.inner().reshape([1, 1])).first().map_or(f64::NAN, |loss| f64::from(*loss));
        (loss, weight)
    }

    /// Factors: 0, or what makes up for the dropped ones.
    fn mask(&self, count: usize, random: &mut ChaCha8Rng) -> Vec<f32> {
        let dropped = (self.settings.dropout * f64::from(u32::MAX)) as u32;
        let kept = (1.0 / (1.0 - self.settings.dropout)) as f32;
        (0..count).map(|_| if random.next_u32() < dropped { 0.0 } else { kept }).collect()
    }

    fn is_done(&self, fit: &Fit) -> bool {
        fit.done() >= self.settings.epochs || fit.done() >= fit.best_round() + self.settings.patience
    }
}

impl Learner for Temporal {
    type Model = TemporalModel;

    const SLOT: ModelSlot = ModelSlot::Temporal;

    fn settings(&self) -> Map<String, Value> {
        match serde_json::to_value(self.settings) {
            Ok(Value::Object(settings)) => settings,
            Ok(_) | Err(_) => Map::new(),
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
        let mut fit = self.begin(task)?;
        while !self.is_done(&fit) {
            let train_loss = self.epoch(&mut fit, task);
            let validation_loss = fit.model.loss(&task.validation)?;
            let number = fit.done() + 1;
            if !train_loss.is_finite() || !validation_loss.is_finite() {
                let what = format!("the loss is no number after epoch {number}: try a lower learning rate");
                return Err(TrainingError::Learner(what));
            }
            let round = Round { number, of: self.settings.epochs, train_loss, validation_loss };
            fit.rounds.push(round);
            if fit.best_round() == number {
                fit.best.clone_from(&fit.model.weights);
            }
            if let Some(path) = task.keep {
                fit.to_checkpoint(self.purpose(task))?.save(path)?;
            }
            if progress(round) == Flow::Stop {
                return Err(TrainingError::Stopped);
            }
        }
        let best = fit.best_round();
        Ok(Fitted { model: TemporalModel { weights: fit.best, ..fit.model }, rounds: fit.rounds, best })
    }

    fn load(&self, saved: &[u8]) -> Result<TemporalModel, TrainingError> {
        TemporalModel::load(saved, &self.device)
    }
}

impl Fit {
    fn done(&self) -> u32 {
        self.rounds.len() as u32
    }

    /// The first of the epochs with the least validation loss; 0 before the first.
    fn best_round(&self) -> u32 {
        let best = self.rounds.iter().min_by(|one, other| one.validation_loss.total_cmp(&other.validation_loss));
        best.map_or(0, |round| round.number)
    }

    fn to_checkpoint(&self, purpose: u64) -> Result<Checkpoint, TrainingError> {
        let mut kept = Checkpoint::new(purpose);
        kept.put_inner("model", &self.model.to_checkpoint()?);
        kept.put_floats("best weights", &self.best);
        kept.put("rounds", &self.rounds)?;
        kept.put("steps", &self.adam.steps)?;
        kept.put_floats("first moments", &self.adam.first);
        kept.put_floats("second moments", &self.adam.second);
        Ok(kept)
    }

    fn of_checkpoint(kept: &Checkpoint, shape: Shape, device: &Device) -> Result<Fit, TrainingError> {
        let strange = |name: &str| TrainingError::Learner(format!("the checkpoint's {name} do not fit: remove it"));
        let model = kept.inner("model")?.ok_or_else(|| strange("weights"))?;
        let model = TemporalModel::of_checkpoint(&model, device)?;
        let adam = AdamW {
            steps: kept.get("steps")?,
            first: kept.floats("first moments")?,
            second: kept.floats("second moments")?,
        };
        let best = kept.floats("best weights")?;
        let count = shape.weights();
        if model.shape != shape || [&adam.first, &adam.second, &best].iter().any(|numbers| numbers.len() != count) {
            return Err(strange("sizes"));
        }
        Ok(Fit { model, adam, rounds: kept.get("rounds")?, best })
    }
}

fn check(samples: &Samples<'_>, what: &'static str) -> Result<(), TrainingError> {
    if samples.len() < LEAST_SAMPLES {
        return Err(TrainingError::TooFew { what, found: samples.len(), wanted: LEAST_SAMPLES });
    }
    let good = samples.iter().filter(|sample| sample.is_good).count();
    if good == 0 || good == samples.len() { Err(TrainingError::OneOutcome { what }) } else { Ok(()) }
}

/// Statistics of the newest rows of the training samples: nearly every row is the newest of one sample.
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
        places.swap(at, at + below(samples - at, random));
    }
    places.truncate(draws);
    places
}

/// A number below `end`, by the high half of a product (Lemire 2019); its bias is below `end` in 2^64.
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
    let falling = 0.5 * (1.0 + (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos());
    (done / WARM_UP).min(falling)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::Symbol;
    use crate::market::barriers::Barriers;
    use crate::training::checkpoint::CheckpointError;
    use crate::training::learner::{LogitScale, Scorer};
    use crate::training::synthetic::{Edge, SyntheticMarket};
    use crate::training::{Collector, Dataset, DatasetSettings};

    const SMALL: TemporalSettings = TemporalSettings {
        rows: 16,
        channels: 8,
        hidden: 8,
        batch: 128,
        draws: 2_048,
        epochs: 4,
        patience: 4,
        rate: 4e-3,
        weight_decay: 0.05,
        dropout: 0.1,
    };

    fn dataset(edge: Edge, days: usize) -> Dataset {
        let settings = DatasetSettings {
            schema: Schema::ohlcv(),
            every_minutes: 5,
            rows: SMALL.rows,
            barriers: Barriers { horizon_minutes: 120, deviations: 1.0, least_width: 0.004 },
            side_cost: 0.001,
            most_rows: 1 << 20,
        };
        let mut collector = Collector::new(settings, &[Symbol::new("AUSDT")]);
        let market = SyntheticMarket::new(Seed(1), "AUSDT", edge);
        market.take(days * 1_440).for_each(|bar| collector.take(0, &bar, None));
        collector.finish()
    }

    /// The first seven tenths, the next two, and the last, a day apart.
    fn parts(data: &Dataset) -> [Vec<u32>; 3] {
        let count = data.samples().len() as u32;
        let part = |from: u32, to: u32| (count * from / 10 + 288..count * to / 10).collect();
        [part(0, 7), part(7, 9), part(9, 10)]
    }

    fn fitted(
        data: &Dataset,
        seed: u64,
        keep: Option<&Path>,
        last: u32,
    ) -> Result<Fitted<TemporalModel>, TrainingError> {
        let [train, validation, _] = parts(data);
        let task = Task { train: data.pick(&train), validation: data.pick(&validation), seed, keep };
        let mut stop = |round: Round| if round.number == last { Flow::Stop } else { Flow::Continue };
        Temporal::new(SMALL, Hardware::Processor).fit(&task, &mut stop)
    }

    fn bits(weights: &[f32]) -> Vec<u32> {
        weights.iter().map(|weight| weight.to_bits()).collect()
    }

    #[test]
    fn a_stopped_fit_goes_on_to_the_same_weights_bit_for_bit() {
        let data = dataset(Edge::Momentum { strength: 0.008 }, 30);
        let whole = fitted(&data, 7, None, 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fit.checkpoint");
        for last in [2, 3] {
            assert!(matches!(fitted(&data, 7, Some(&path), last), Err(TrainingError::Stopped)));
        }
        let resumed = fitted(&data, 7, Some(&path), 0).unwrap();
        assert_eq!(bits(&resumed.model.weights), bits(&whole.model.weights));
        assert_eq!((&resumed.rounds, resumed.best), (&whole.rounds, whole.best));
        let other = fitted(&data, 8, Some(&path), 0);
        assert!(matches!(other, Err(TrainingError::Checkpoint(CheckpointError::OtherTraining { .. }))), "{other:?}");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let damaged = fitted(&data, 7, Some(&path), 0);
        assert!(matches!(damaged, Err(TrainingError::Checkpoint(CheckpointError::Damaged { .. }))), "{damaged:?}");
    }

    #[test]
    fn a_planted_edge_is_found_and_a_saved_net_answers_the_same() {
        let data = dataset(Edge::Momentum { strength: 0.01 }, 60);
        let fitted = fitted(&data, 1, None, 0).unwrap();
        let [_, _, rest] = parts(&data);
        let rest = data.pick(&rest);
        let good = rest.iter().filter(|sample| sample.is_good).count() as f64 / rest.len() as f64;
        let blind = -good * good.ln() - (1.0 - good) * (1.0 - good).ln();
        let loss = fitted.model.loss(&rest).unwrap();
        assert!(loss < blind - 0.01, "held-out loss {loss} against the base rate's {blind}");

        let saved = fitted.model.save().unwrap();
        let loaded = Temporal::new(SMALL, Hardware::Processor).load(&saved).unwrap();
        let logits = |model: &TemporalModel| {
            let mut logits = Vec::new();
            model.logits(&rest, &mut logits).unwrap();
            logits
        };
        assert_eq!(logits(&loaded), logits(&fitted.model));
        assert_eq!(loaded.export(LogitScale::IDENTITY).unwrap(), fitted.model.export(LogitScale::IDENTITY).unwrap());
        let alone = fitted.model.logit(rest.input(5));
        assert!((alone - logits(&fitted.model)[5]).abs() < 1e-5, "one by one as in batches");
        let mut damaged = saved.clone();
        damaged[60] ^= 1;
        assert!(Temporal::default().load(&damaged).is_err());
    }

    #[test]
    fn samples_that_teach_nothing_are_refused() {
        let data = dataset(Edge::None, 20);
        let learner = Temporal::new(SMALL, Hardware::Processor);
        let all: Vec<u32> = (0..data.samples().len() as u32).collect();
        let bad: Vec<u32> = all.iter().copied().filter(|at| !data.samples()[*at as usize].is_good).collect();
        let fit = |picks: &[u32]| {
            let samples = data.pick(picks);
            let task = Task { train: samples, validation: data.pick(&all), seed: 1, keep: None };
            learner.fit(&task, &mut |_| Flow::Stop).map(drop)
        };
        assert!(matches!(fit(&all[..100]), Err(TrainingError::TooFew { found: 100, .. })));
        assert!(matches!(fit(&bad), Err(TrainingError::OneOutcome { .. })));
        assert!(matches!(fit(&all), Err(TrainingError::Stopped)));
    }

    #[test]
    fn an_epoch_draws_each_sample_at_most_once_and_the_rate_rises_and_falls() {
        let mut places = drawn(1_000, 400, &mut Seed(1).stream("a"));
        assert_eq!(places, drawn(1_000, 400, &mut Seed(1).stream("a")));
        places.sort_unstable();
        places.dedup();
        assert!(places.len() == 400 && places.iter().all(|place| *place < 1_000));
        assert!(schedule(0.01) < schedule(0.04) && schedule(0.5) > schedule(0.9) && schedule(1.0) < 1e-9);
    }
}
