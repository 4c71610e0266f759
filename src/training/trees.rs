//! `Trees`: gradient-boosted trees on the newest observation, grown by forust one round at a time.
//!
//! A round's gradients are those of the log loss; forust bins the columns and grows the tree, here it is kept in single
//! precision, the form in which ONNX Runtime walks it. Rows and columns of a round are drawn from a stream named after it.
//! Invariant: the same samples, settings and seed give the same trees on any number of threads, also after an interruption.
//! Absent on purpose: missing values (observations have none) and categories.
//! Source: Friedman 2001; Chen and Guestrin 2016 (KDD) for second-order leaves.

use forust_ml::binning::{BinnedData, bin_matrix};
use forust_ml::data::Matrix;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::splitter::MissingImputerSplitter;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checkpoint::Checkpoint;
use super::dataset::Samples;
use super::learner::{Fitted, Flow, Learner, LogitScale, Round, Scorer, Task, TrainingError};
use super::trees_export;
use crate::domain::Seed;
use crate::engine::model::ModelSlot;
use crate::market::features::{Normaliser, NormaliserSettings, SavedNormaliser, Schema};
use crate::performance::calibration::logit;

/// Fewer samples teach nothing.
const LEAST_SAMPLES: usize = 200;
/// Rounds between two writings of an unfinished fit.
const KEEP_EVERY: u32 = 25;

/// How trees are grown. Weights of samples add up to about the number of trades that do not overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreesSettings {
    pub rounds: u32,
    pub depth: u32,
    pub leaves: u32,
    pub learning_rate: f32,
    pub l2: f32,
    /// Least sum of p (1 - p) * weight in a leaf.
    pub least_leaf: f32,
    /// Share of rows and of columns that a round sees.
    pub rows_share: f64,
    pub columns_share: f64,
    pub bins: u16,
    /// Rounds without a better validation loss after which it stops.
    pub patience: u32,
}

/// The learner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trees {
    pub settings: TreesSettings,
}

/// Grown trees: the logit is `base` plus the leaf of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    pub(super) base: f64,
    /// Values of one input.
    pub(super) width: usize,
    pub(super) trees: Vec<Vec<Node>>,
}

/// A node of a tree; the first is the root.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Node {
    /// Left where the column's value is below `value`.
    Split {
        column: u32,
        value: f32,
        left: u32,
        right: u32,
    },
    Leaf(f32),
}

/// Samples as the library and the loop want them.
struct Table {
    rows: usize,
    columns: usize,
    /// Row by row.
    inputs: Vec<f32>,
    goods: Vec<bool>,
    weights: Vec<f64>,
    /// Logits so far.
    margins: Vec<f64>,
}

impl Default for TreesSettings {
    fn default() -> Self {
        TreesSettings {
            rounds: 300,
            depth: 3,
            leaves: 8,
            learning_rate: 0.05,
            l2: 10.0,
            least_leaf: 5.0,
            rows_share: 0.6,
            columns_share: 0.5,
            bins: 64,
            patience: 40,
        }
    }
}

impl Learner for Trees {
    type Model = Forest;

    const SLOT: ModelSlot = ModelSlot::Trees;

    fn settings(&self) -> Map<String, Value> {
        match serde_json::to_value(&self.settings) {
            Ok(Value::Object(settings)) => settings,
            Ok(_) | Err(_) => Map::new(),
        }
    }

    fn rows(&self) -> u16 {
        1
    }

    fn fit(&self, task: &Task<'_>, progress: &mut dyn FnMut(Round) -> Flow) -> Result<Fitted<Forest>, TrainingError> {
        let mut train = Table::of(&task.train, "training samples")?;
        let mut validation = Table::of(&task.validation, "samples to stop on")?;
        let mut growth = Growth::begin(self, task, &mut train, &mut validation)?;
        let binned = train.binned(self.settings.bins)?;
        let bins = Matrix::new(&binned.binned_data, train.rows, train.columns);
        while !growth.is_done(&self.settings) {
            let tree = self.grow(growth.next(), task.seed, &train, &bins, &binned);
            [&mut train, &mut validation].into_iter().for_each(|table| table.add(&tree));
            let round = Round {
                number: growth.next(),
                of: self.settings.rounds,
                train_loss: train.loss(),
                validation_loss: validation.loss(),
            };
            growth.trees.push(tree);
            growth.rounds.push(round);
            let flow = progress(round);
            if flow == Flow::Stop || round.number.is_multiple_of(KEEP_EVERY) {
                growth.keep(task, self.purpose(task))?;
            }
            if flow == Flow::Stop {
                return Err(TrainingError::Stopped);
            }
        }
        Ok(growth.finish(train.columns))
    }

    fn load(&self, saved: &[u8]) -> Result<Forest, TrainingError> {
        serde_json::from_slice(saved)
            .map_err(|error| TrainingError::Learner(format!("trees are not as saved: {error}")))
    }
}

impl Trees {
    /// Tells an unfinished fit of this task from others.
    fn purpose(&self, task: &Task<'_>) -> u64 {
        task.fingerprint(&self.settings())
    }

    /// The tree of a round on the gradients of the log loss.
    fn grow(
        &self,
        round: u32,
        seed: u64,
        table: &Table,
        bins: &Matrix<'_, u16>,
        binned: &BinnedData<f64>,
    ) -> Vec<Node> {
        let s = &self.settings;
        let mut random = Seed(seed).stream(&format!("trees round {round}"));
        let rows: Vec<usize> = (0..table.rows).filter(|_| uniform(&mut random) < s.rows_share).collect();
        let columns = drawn(&mut random, table.columns, s.columns_share);
        let (gradients, curvatures) = table.gradients();
        let splitter =
            MissingImputerSplitter::new(0.0, s.l2, 0.0, 0.0, s.least_leaf, s.learning_rate, false, Default::default());
        let mut tree = forust_ml::tree::Tree::new();
        tree.fit(
            bins,
            rows,
            &columns,
            &binned.cuts,
            &gradients,
            &curvatures,
            &splitter,
            s.leaves as usize,
            s.depth as usize,
            true,
            &SampleMethod::Random,
            &GrowPolicy::DepthWise,
        );
        // Taken together they would stop borrowing a private type of the library.
        let mut nodes = Vec::with_capacity(tree.nodes.len());
        for node in &tree.nodes {
            nodes.push(if node.is_leaf {
                Node::Leaf(node.weight_value)
            } else {
                Node::Split {
                    column: node.split_feature as u32,
                    value: rounded_up(node.split_value),
                    left: node.left_child as u32,
                    right: node.right_child as u32,
                }
            });
        }
        nodes
    }
}

/// A fit that goes on.
struct Growth {
    base: f64,
    trees: Vec<Vec<Node>>,
    rounds: Vec<Round>,
}

impl Growth {
    /// From the start or from what was kept; the tables' logits are those of the trees so far.
    fn begin(
        learner: &Trees,
        task: &Task<'_>,
        train: &mut Table,
        validation: &mut Table,
    ) -> Result<Growth, TrainingError> {
        let kept = task.keep.map(|path| Checkpoint::load(path, learner.purpose(task))).transpose()?.flatten();
        let mut growth = match kept {
            Some(kept) => Growth { base: kept.get("base")?, trees: kept.get("trees")?, rounds: kept.get("rounds")? },
            None => Growth { base: train.base()?, trees: Vec::new(), rounds: Vec::new() },
        };
        for table in [train, validation] {
            table.margins.fill(growth.base);
            growth.trees.iter().for_each(|tree| table.add(tree));
        }
        growth.rounds.truncate(growth.trees.len());
        Ok(growth)
    }

    /// The number of the round to come.
    fn next(&self) -> u32 {
        self.rounds.len() as u32 + 1
    }

    fn best(&self) -> u32 {
        let best = self.rounds.iter().min_by(|one, other| one.validation_loss.total_cmp(&other.validation_loss));
        best.map_or(0, |round| round.number)
    }

    fn is_done(&self, settings: &TreesSettings) -> bool {
        let done = self.rounds.len() as u32;
        done >= settings.rounds || done >= self.best() + settings.patience
    }

    fn keep(&self, task: &Task<'_>, purpose: u64) -> Result<(), TrainingError> {
        let Some(path) = task.keep else { return Ok(()) };
        let mut checkpoint = Checkpoint::new(purpose);
        checkpoint.put("base", &self.base)?;
        checkpoint.put("trees", &self.trees)?;
        checkpoint.put("rounds", &self.rounds)?;
        Ok(checkpoint.save(path)?)
    }

    fn finish(mut self, width: usize) -> Fitted<Forest> {
        let best = self.best();
        self.trees.truncate(best as usize);
        Fitted { model: Forest { base: self.base, width, trees: self.trees }, rounds: self.rounds, best }
    }
}

impl Table {
    fn of(samples: &Samples<'_>, what: &'static str) -> Result<Table, TrainingError> {
        if samples.len() < LEAST_SAMPLES {
            return Err(TrainingError::TooFew { what, found: samples.len(), wanted: LEAST_SAMPLES });
        }
        let columns = samples.dataset().input_len();
        let mut inputs = Vec::with_capacity(samples.len() * columns);
        (0..samples.len()).for_each(|at| inputs.extend_from_slice(samples.input(at)));
        Ok(Table {
            rows: samples.len(),
            columns,
            inputs,
            goods: samples.iter().map(|sample| sample.is_good).collect(),
            weights: samples.iter().map(|sample| f64::from(sample.weight)).collect(),
            margins: vec![0.0; samples.len()],
        })
    }

    fn binned(&self, bins: u16) -> Result<BinnedData<f64>, TrainingError> {
        let mut values = vec![0.0; self.inputs.len()];
        for (row, input) in self.inputs.chunks_exact(self.columns).enumerate() {
            for (column, value) in input.iter().enumerate() {
                values[column * self.rows + row] = f64::from(*value);
            }
        }
        let matrix = Matrix::new(&values, self.rows, self.columns);
        bin_matrix(&matrix, &self.weights, bins, f64::NAN, true)
            .map_err(|error| TrainingError::Learner(error.to_string()))
    }

    /// Logit of the weighted share of good samples.
    fn base(&self) -> Result<f64, TrainingError> {
        let total: f64 = self.weights.iter().sum();
        let good: f64 = self.weights.iter().zip(&self.goods).filter(|(_, good)| **good).map(|(weight, _)| weight).sum();
        if good <= 0.0 || good >= total {
            return Err(TrainingError::OneOutcome { what: "training samples" });
        }
        Ok(logit(good / total))
    }

    fn gradients(&self) -> (Vec<f32>, Vec<f32>) {
        let one = |at: usize| {
            let p = LogitScale::IDENTITY.probability(self.margins[at]);
            let weight = self.weights[at];
            (((p - f64::from(self.goods[at])) * weight) as f32, (p * (1.0 - p) * weight) as f32)
        };
        (0..self.rows).map(one).unzip()
    }

    fn add(&mut self, tree: &[Node]) {
        let inputs = self.inputs.par_chunks_exact(self.columns);
        self.margins.par_iter_mut().zip(inputs).for_each(|(margin, input)| *margin += f64::from(leaf(tree, input)));
    }

    /// Mean weighted log loss.
    fn loss(&self) -> f64 {
        let mut sum = 0.0;
        for ((margin, good), weight) in self.margins.iter().zip(&self.goods).zip(&self.weights) {
            let against = if *good { -margin } else { *margin };
            // ln(1 + exp(x)), exact for large x.
            sum += weight * (against.max(0.0) + (-against.abs()).exp().ln_1p());
        }
        sum / self.weights.iter().sum::<f64>()
    }
}

impl Scorer for Forest {
    fn logits(&self, samples: &Samples<'_>, out: &mut Vec<f64>) -> Result<(), TrainingError> {
        out.par_extend((0..samples.len()).into_par_iter().map(|at| self.logit(samples.input(at))));
        Ok(())
    }

    fn save(&self) -> Result<Vec<u8>, TrainingError> {
        serde_json::to_vec(self).map_err(|error| TrainingError::Learner(error.to_string()))
    }

    fn export(&self, calibration: LogitScale) -> Result<Vec<u8>, TrainingError> {
        Ok(trees_export::onnx(self, calibration))
    }

    /// Trees compare raw observations: this one has seen nothing and stands in the card only.
    fn normaliser(&self, schema: &Schema) -> SavedNormaliser {
        Normaliser::new(schema, NormaliserSettings::default()).frozen().save()
    }

    fn logit(&self, input: &[f32]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + f64::from(leaf(tree, input)))
    }
}

/// The leaf that an input falls into.
fn leaf(tree: &[Node], input: &[f32]) -> f32 {
    let mut at = 0;
    loop {
        match tree[at] {
            Node::Leaf(weight) => return weight,
            Node::Split { column, value, left, right } => {
                at = if input[column as usize] < value { left } else { right } as usize;
            }
        }
    }
}

/// The least single-precision number not below x: of single-precision numbers, those below it are those below x.
fn rounded_up(x: f64) -> f32 {
    let near = x as f32;
    let up = if f64::from(near) < x { near.next_up() } else { near };
    up.min(f32::MAX)
}

/// In 0..1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A share of the columns, at least one, rising.
fn drawn(random: &mut ChaCha8Rng, columns: usize, share: f64) -> Vec<usize> {
    let count = ((columns as f64 * share).round() as usize).clamp(1, columns);
    let mut places: Vec<usize> = (0..columns).collect();
    for at in 0..count {
        let other = at + (uniform(random) * (columns - at) as f64) as usize;
        places.swap(at, other);
    }
    places.truncate(count);
    places.sort_unstable();
    places
}
