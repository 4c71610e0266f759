//! The way from samples to a judged model: folds, calibration, the last fit, judgement on what was held out, export.
//!
//! Invariant: the calibration sees scores of samples only that their scorer had not seen; held-out samples are looked at once,
//! by `judge`, when everything is decided.
//! Absent on purpose: reading bars and writing cards (`app`), what a learner does inside.

use std::path::{Path, PathBuf};

use super::calibration;
use super::checkpoint::Checkpoint;
use super::dataset::{Dataset, Samples};
use super::evaluation::{Judgement, figure, forecast_figures, judge};
use super::learner::{Flow, Learner, LogitScale, Round, Scorer, Task, TrainingError};
use super::splits::{Division, Reserved, divide, embargo, folds_of, with_validation};
use super::walk::{Rule, Walk};
use crate::domain::{Digest, Seed};
use crate::engine::model::Payoffs;
use crate::inference::registry::card::Figure;
use crate::performance::calibration::Forecast;

/// Fewer held-out samples judge nothing.
const LEAST_HELD_OUT: usize = 100;
/// Share of the training samples, of the highest probabilities, that payoffs are measured on.
const TRADEABLE_SHARE: f64 = 0.1;
/// Finished fits, in the plan's folder.
const FITS: &str = "fits.checkpoint";
/// Outputs of trainer and graph may differ by this.
pub const PARITY: f64 = 1e-5;
/// Random inputs of the comparison; as many real ones are added.
const PARITY_ROWS: usize = 2_000;

/// How a model is made.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: Seed,
    pub folds: usize,
    pub reserved: Vec<Reserved>,
    /// Newest share of time that is held out besides.
    pub held_out_share: f64,
    /// Round trips' costs that an expected edge must exceed.
    pub multiple: f64,
    /// Where finished folds and unfinished fits are kept.
    pub folder: Option<PathBuf>,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From 1.
    Fold {
        number: usize,
        of: usize,
    },
    Last,
}

/// The curve of one fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub stage: Stage,
    pub rounds: Vec<Round>,
    pub best: u32,
}

/// A model with what is known of it.
#[derive(Debug, Clone)]
pub struct Trained<M> {
    pub model: M,
    pub calibration: LogitScale,
    pub calibration_rows: u64,
    pub rule: Rule,
    pub division: Division,
    /// Of the folds, then of the last fit.
    pub curves: Vec<Curve>,
    /// Figures of calibrated out-of-fold scores: what may be looked at as often as wanted.
    pub out_of_fold: Vec<Figure>,
    pub judgement: Judgement,
}

/// Whoever runs graphs: file, inputs and their number in, probabilities or why there are none out.
pub type Runner<'a> = &'a mut dyn FnMut(&[u8], &[f32], usize) -> Result<Vec<f32>, String>;

/// A fit as a checkpoint keeps it.
struct Kept<'a> {
    path: Option<PathBuf>,
    unfinished: Option<PathBuf>,
    checkpoint: Checkpoint,
    watch: &'a mut dyn FnMut(Stage, Round) -> Flow,
}

/// Makes a model. `watch` is told of every round; when it stops, what was done is kept in `plan.folder`, and the same call goes
/// on from there to the same model.
pub fn train<L: Learner>(
    learner: &L,
    data: &Dataset,
    plan: &Plan,
    watch: &mut dyn FnMut(Stage, Round) -> Flow,
) -> Result<Trained<L::Model>, TrainingError> {
    let embargo = embargo(data);
    let division = divide(data, &plan.reserved, plan.held_out_share, embargo);
    if division.held_out.len() < LEAST_HELD_OUT {
        let found = division.held_out.len();
        return Err(TrainingError::TooFew { what: "held-out samples", found, wanted: LEAST_HELD_OUT });
    }
    let mut kept = Kept::open(plan, purpose(learner, data, plan), watch)?;
    let mut curves = Vec::new();
    let mut scores: Vec<(f64, bool)> = Vec::with_capacity(division.training.len());
    let folds = folds_of(data, &division.training, plan.folds, embargo);
    for (at, fold) in folds.iter().enumerate() {
        let stage = Stage::Fold { number: at + 1, of: folds.len() };
        let (model, curve) = kept.fit(learner, data, &fold.train, stage, plan.seed)?;
        let test = data.pick(&fold.test);
        let mut logits = Vec::with_capacity(test.len());
        model.logits(&test, &mut logits)?;
        scores.extend(logits.into_iter().zip(test.iter().map(|sample| sample.is_good)));
        curves.push(curve);
    }
    let calibration = calibration::fit(&scores)?;
    let (model, curve) = kept.fit(learner, data, &division.training, Stage::Last, plan.seed)?;
    curves.push(curve);
    let base_rate = share(&scores);
    let forecasts: Vec<Forecast> = scores.iter().map(|(z, good)| (calibration.probability(*z), *good)).collect();
    let training = data.pick(&division.training);
    let payoffs = payoffs(&training, &forecasts)?;
    let rule = Rule { payoffs, side_cost: data.settings().side_cost, multiple: plan.multiple };
    let out_of_fold = out_of_fold(&training, &forecasts, base_rate, &rule);
    let held_out = data.pick(&division.held_out);
    let mut logits = Vec::with_capacity(held_out.len());
    model.logits(&held_out, &mut logits)?;
    let probabilities: Vec<f64> = logits.into_iter().map(|z| calibration.probability(z)).collect();
    let judgement = judge(&held_out, &probabilities, base_rate, &rule, plan.seed, "held out");
    let calibration_rows = scores.len() as u64;
    Ok(Trained { model, calibration, calibration_rows, rule, division, curves, out_of_fold, judgement })
}

/// The trained model as ONNX, after `run` (ONNX Runtime: file, inputs, outputs) gave the trainer's probabilities on random and on
/// real inputs. Also the greatest difference.
pub fn exported<M: Scorer>(
    trained: &Trained<M>,
    data: &Dataset,
    seed: Seed,
    run: Runner<'_>,
) -> Result<(Vec<u8>, f64), TrainingError> {
    let onnx = trained.model.export(trained.calibration)?;
    let inputs = inputs(data, &trained.division, seed);
    let rows = inputs.len() / data.input_len();
    let outputs = run(&onnx, &inputs, rows).map_err(TrainingError::Export)?;
    if outputs.len() != rows {
        return Err(TrainingError::Export(format!("{} probabilities came back for {rows} inputs", outputs.len())));
    }
    let mut worst = 0.0_f64;
    for (input, output) in inputs.chunks_exact(data.input_len()).zip(outputs) {
        let wanted = trained.calibration.probability(trained.model.logit(input));
        let difference = (wanted - f64::from(output)).abs();
        // NaN is worse than anything.
        worst = if difference <= worst { worst } else { difference };
    }
    if worst.is_nan() || worst > PARITY {
        return Err(TrainingError::Export(format!(
            "the graph differs from the trainer by {worst:.1e}, allowed is {PARITY:.0e}; this is a bug in kestrel, please \
             report it"
        )));
    }
    Ok((onnx, worst))
}

/// Real inputs and random ones around them.
fn inputs(data: &Dataset, division: &Division, seed: Seed) -> Vec<f32> {
    use rand_chacha::rand_core::Rng;
    let mut random = seed.stream("parity");
    let mut uniform = move || (random.next_u32() >> 8) as f32 / (1_u32 << 24) as f32;
    let all = &division.held_out;
    let mut made = Vec::with_capacity(2 * PARITY_ROWS * data.input_len());
    for place in 0..PARITY_ROWS.min(all.len()) {
        let sample = &data.samples()[all[place * all.len() / PARITY_ROWS.min(all.len())] as usize];
        made.extend_from_slice(data.window(sample));
    }
    made.extend((0..PARITY_ROWS * data.input_len()).map(|_| (uniform() * 2.0 - 1.0) * 4.0));
    made
}

impl<'a> Kept<'a> {
    fn open(
        plan: &Plan,
        purpose: u64,
        watch: &'a mut dyn FnMut(Stage, Round) -> Flow,
    ) -> Result<Kept<'a>, TrainingError> {
        let file = |name: &str| plan.folder.as_deref().map(|folder: &Path| folder.join(name));
        let path = file(FITS);
        let found = path.as_deref().map(|path| Checkpoint::load(path, purpose)).transpose()?.flatten();
        let checkpoint = found.unwrap_or_else(|| Checkpoint::new(purpose));
        Ok(Kept { path, unfinished: file("fit.checkpoint"), checkpoint, watch })
    }

    /// The model of a stage: as it was kept, or fitted now and kept.
    fn fit<L: Learner>(
        &mut self,
        learner: &L,
        data: &Dataset,
        picks: &[u32],
        stage: Stage,
        seed: Seed,
    ) -> Result<(L::Model, Curve), TrainingError> {
        let name = stage.to_string();
        let (model_part, curve_part) = (format!("{name} model"), format!("{name} curve"));
        if self.checkpoint.has(&model_part) {
            let model = learner.load(self.checkpoint.bytes(&model_part)?)?;
            let (rounds, best) = self.checkpoint.get(&curve_part)?;
            return Ok((model, Curve { stage, rounds, best }));
        }
        let (train, validation) = with_validation(data, picks);
        let task = Task {
            train: data.pick(&train),
            validation: data.pick(&validation),
            seed: seed.number(&name),
            keep: self.unfinished.as_deref(),
        };
        let watch = &mut *self.watch;
        let fitted = learner.fit(&task, &mut |round| watch(stage, round))?;
        self.checkpoint.put_bytes(&model_part, fitted.model.save()?);
        self.checkpoint.put(&curve_part, &(&fitted.rounds, fitted.best))?;
        if let Some(path) = &self.path {
            self.checkpoint.save(path)?;
        }
        remove(self.unfinished.as_deref());
        Ok((fitted.model, Curve { stage, rounds: fitted.rounds, best: fitted.best }))
    }
}

/// The model is where it belongs: nothing is left to go on with.
pub fn forget(folder: &Path) {
    remove(Some(&folder.join(FITS)));
}

/// Best effort: what stays is of no use to another training and is told apart from it.
fn remove(path: Option<&Path>) {
    if let Some(path) = path {
        let _gone = std::fs::remove_file(path);
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stage::Fold { number, of } => write!(f, "fold {number} of {of}"),
            Stage::Last => f.write_str("last fit"),
        }
    }
}

/// Of everything that the model follows from.
fn purpose<L: Learner>(learner: &L, data: &Dataset, plan: &Plan) -> u64 {
    let mut digest = Digest::new();
    let settings = data.settings();
    digest.text(L::SLOT.as_str());
    digest.text(&serde_json::Value::Object(learner.settings()).to_string());
    digest.u64(settings.schema.hash());
    digest.u64(u64::from(settings.every_minutes));
    digest.u64(u64::from(settings.rows));
    digest.f64(settings.side_cost);
    digest.f64(plan.held_out_share);
    digest.u64(plan.folds as u64);
    digest.u64(plan.seed.0);
    for held in &plan.reserved {
        digest.u64(held.lane.map_or(u64::MAX, u64::from));
        digest.i64(held.from.0);
        digest.i64(held.to.0);
    }
    data.symbols().iter().for_each(|symbol| digest.text(symbol.as_str()));
    for sample in data.samples() {
        digest.i64(sample.decided.0);
        digest.f64(sample.entry);
        digest.f64(sample.gross);
        digest.f64(sample.width);
    }
    digest.finish()
}

fn share(scores: &[(f64, bool)]) -> f64 {
    scores.iter().filter(|(_, good)| *good).count() as f64 / scores.len().max(1) as f64
}

/// Mean gross return in barrier widths of good trades and of others, among those of the highest out-of-fold probabilities: the
/// ones that might be traded. Where prices move a lot, more trades are good and each is worth less; the mean over all would
/// take that for an edge. Where all of those have one outcome, it is the mean over all.
fn payoffs(samples: &Samples<'_>, forecasts: &[Forecast]) -> Result<Payoffs, TrainingError> {
    let mut sorted: Vec<f64> = forecasts.iter().map(|(p, _)| *p).collect();
    sorted.sort_by(f64::total_cmp);
    let least = sorted.get((sorted.len() as f64 * (1.0 - TRADEABLE_SHARE)) as usize).copied().unwrap_or_default();
    let sums = |least: f64| {
        let mut sums = [(0.0, 0.0); 2];
        for (sample, _) in samples.iter().zip(forecasts).filter(|(_, (p, _))| *p >= least) {
            let (sum, count) = &mut sums[usize::from(sample.is_good)];
            *sum += sample.gross / sample.width;
            *count += 1.0;
        }
        sums.iter().all(|(_, count)| *count > 0.0).then_some(sums)
    };
    let one_outcome = TrainingError::OneOutcome { what: "training samples" };
    let sums = sums(least).or_else(|| sums(f64::NEG_INFINITY)).ok_or(one_outcome)?;
    let [loss, win] = sums.map(|(sum, count)| sum / count);
    Ok(Payoffs { win, loss })
}

/// What may be looked at as often as wanted.
fn out_of_fold(samples: &Samples<'_>, forecasts: &[Forecast], base_rate: f64, rule: &Rule) -> Vec<Figure> {
    let on = "out of fold";
    let mut figures = forecast_figures(forecasts, base_rate, on);
    figures.extend(spread(forecasts));
    let probabilities: Vec<f64> = forecasts.iter().map(|(p, _)| *p).collect();
    let walk = Walk::of(samples, &probabilities, rule);
    let count = walk.trades.len() as u64;
    figures.push(figure("trades", on, Some(count as f64), count, Some(("flat", 0.0)), None));
    let note = Some("the payoffs of the rule are of the same samples");
    figures.push(figure("net_return", on, Some(walk.net_return), count, Some(("flat", 0.0)), note));
    figures
}

/// How far apart the probabilities lie.
fn spread(forecasts: &[Forecast]) -> Vec<Figure> {
    let mut sorted: Vec<f64> = forecasts.iter().map(|(p, _)| *p).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get(((sorted.len() as f64 - 1.0).max(0.0) * share) as usize).copied();
    let one = |name: &str, share: f64| figure(name, "out of fold", at(share), sorted.len() as u64, None, None);
    vec![one("probability_p01", 0.01), one("probability_p50", 0.5), one("probability_p99", 0.99)]
}
