//! A training from files to an installed model: bars read, the way of `training::pipeline` gone, the graph compared with the
//! trainer in ONNX Runtime, the card written.
//!
//! Invariant: a model is installed only when the graph gave the trainer's probabilities, and whole or not at all.
//! Absent on purpose: what a learner does, figures (`training`), the command line (`cli`).

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Stopwatch;
use crate::domain::{Bar, Seed, Symbol, Time};
use crate::inference::registry::{
    CARD_FORMAT, DataRange, DataRole, Figure, InputCard, Installed, ModelCard, OutputCard, ProbabilityCard, Registry,
    RegistryError, TrainingCard, sealed, write_into,
};
use crate::inference::{Library, LibraryError, LibraryPlan, Provider, Session, library};
use crate::market::barriers::Barriers;
use crate::market::features::Schema;
use crate::store::scan::bounds;
use crate::store::{KlineSource, ParquetBars, StoreError, symbol_of};
use crate::training::canary;
use crate::training::curves::{Curve, CurvesPage, html};
use crate::training::evaluation::figure;
use crate::training::pipeline::{Plan, Stage, Trained, exported, forget, train};
use crate::training::splits::Reserved;
use crate::training::{Collector, Dataset, DatasetSettings, Flow, Learner, LogitScale, Round, Scorer, TrainingError};

/// Stored rows: 330 MB of the short schema.
const MOST_ROWS: usize = 2_000_000;
/// Distance of the barriers in deviations of the horizon's return.
const DEVIATIONS: f64 = 1.5;
/// No barrier is nearer than this many round trips.
const LEAST_ROUND_TRIPS: f64 = 2.0;
/// Round trips' costs that an expected edge must exceed when the model is judged.
const MULTIPLE: f64 = 1.5;
const FOLDS: usize = 5;
/// Of the markets whose truth is known.
const CANARY_FOLDS: usize = 3;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct TrainPlan {
    pub name: String,
    pub place: Place,
    pub data: Vec<PathBuf>,
    /// Files that only judge.
    pub held_out: Vec<PathBuf>,
    /// Newest share of `data` that only judges.
    pub held_out_share: f64,
    pub seed: Seed,
    pub schema: Schema,
    pub horizon_minutes: u16,
    pub every_minutes: u16,
    pub side_cost: f64,
    pub library: LibraryPlan,
    /// For checkpoints and the page of curves.
    pub folder: PathBuf,
    pub command: String,
}

/// Where the model goes.
#[derive(Debug, Clone)]
pub enum Place {
    /// Into the registry, under its name.
    Installed(Registry),
    Folder(PathBuf),
}

/// A training that is done.
#[derive(Debug, Clone)]
pub struct Made {
    pub model: Installed,
    pub curves: Vec<Curve>,
    pub page: PathBuf,
    /// Figures of out-of-fold scores.
    pub out_of_fold: Vec<Figure>,
    /// What a person should know besides.
    pub remarks: Vec<String>,
    pub seconds: f64,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Of all rows.
    Reading {
        rows: u64,
        of: u64,
    },
    Fitting {
        stage: Stage,
        round: Round,
    },
    /// On the markets whose truth is known.
    Trying {
        round: Round,
    },
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("{file}: the page of curves cannot be written ({why}); check the folder")]
    Page { file: PathBuf, why: String },
}

/// Someone who watches and may stop it.
pub type Watch<'a> = &'a mut dyn FnMut(Step) -> Flow;

/// Takes a bar and what takers bought.
type TakeBar<'a> = &'a mut dyn FnMut(&Bar, Option<f64>) -> Result<(), MakeError>;

/// Makes and installs a model. When `watch` stops it, what was fitted is kept in `plan.folder`.
pub fn make<L: Learner>(learner: &L, plan: &TrainPlan, watch: Watch<'_>) -> Result<Made, MakeError> {
    let watch_cpu = Stopwatch::start();
    let library = library::find(&plan.library)?;
    let settings = settings(learner, plan);
    let data = read(plan, &settings, watch)?;
    let road = Plan {
        seed: plan.seed,
        folds: FOLDS,
        reserved: reserved(plan, &data)?,
        held_out_share: plan.held_out_share,
        multiple: MULTIPLE,
        folder: Some(plan.folder.clone()),
    };
    let trained = train(learner, &data, &road, &mut |stage, round| watch(Step::Fitting { stage, round }))?;
    let canary_plan = Plan { folds: CANARY_FOLDS, ..road };
    let canaries = canary::figures(learner, &settings, &canary_plan, &mut |round| watch(Step::Trying { round }))?;
    let (onnx, parity) = exported(&trained, &data, plan.seed, &mut |onnx, inputs, rows| {
        run(onnx, inputs, rows, &library).map_err(|error| error.to_string())
    })?;
    let curves = curves(&trained);
    let page = write_page(plan, &curves, &trained.judgement.verdict)?;
    let mut card = card(learner, plan, &data, &trained)?;
    card.figures.extend(canaries);
    card.figures.push(figure(
        "export_difference",
        "real and random inputs",
        Some(parity),
        0,
        None,
        Some("1e-5 allowed"),
    ));
    card.training.cpu_seconds = (watch_cpu.read().cpu_seconds * 10.0).round() / 10.0;
    let card = sealed(card, &onnx);
    let model = match &plan.place {
        Place::Installed(registry) => registry.install(&card, &onnx)?,
        Place::Folder(folder) => write_into(folder, &card, &onnx)?,
    };
    forget(&plan.folder);
    let remarks = remarks(&data, &trained);
    let seconds = watch_cpu.read().wall_seconds;
    Ok(Made { model, curves, page, out_of_fold: trained.out_of_fold, remarks, seconds })
}

fn settings<L: Learner>(learner: &L, plan: &TrainPlan) -> DatasetSettings {
    let least_width = LEAST_ROUND_TRIPS * 2.0 * plan.side_cost;
    DatasetSettings {
        schema: plan.schema.clone(),
        every_minutes: plan.every_minutes,
        rows: learner.rows(),
        barriers: Barriers { horizon_minutes: plan.horizon_minutes, deviations: DEVIATIONS, least_width },
        side_cost: plan.side_cost,
        most_rows: MOST_ROWS,
    }
}

/// All files as samples, symbol by symbol.
fn read(plan: &TrainPlan, settings: &DatasetSettings, watch: Watch<'_>) -> Result<Dataset, MakeError> {
    let files: Vec<&PathBuf> = plan.data.iter().chain(&plan.held_out).collect();
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut lanes: Vec<Vec<PathBuf>> = Vec::new();
    let mut of = 0;
    for file in files {
        let symbol = symbol_of(file)?;
        of += KlineSource::open(file)?.rows().unwrap_or(0);
        match symbols.iter().position(|known| *known == symbol) {
            Some(place) => lanes[place].push(file.clone()),
            None => {
                symbols.push(symbol);
                lanes.push(vec![file.clone()]);
            }
        }
    }
    let mut collector = Collector::new(settings.clone(), &symbols);
    let mut rows = 0;
    let mut seen = |collector: &mut Collector, place: usize, bar: &Bar, taker: Option<f64>| {
        collector.take(place, bar, taker);
        rows += 1;
        let is_stopped = rows % 65_536 == 0 && watch(Step::Reading { rows, of }) == Flow::Stop;
        if is_stopped { Err(MakeError::from(TrainingError::Stopped)) } else { Ok(()) }
    };
    for (place, files) in lanes.iter().enumerate() {
        // Checks the order of the files too.
        let mut bars = ParquetBars::open(files, &symbols[place..=place])?;
        if plan.schema == Schema::full() {
            with_takers(files, &mut |bar, taker| seen(&mut collector, place, bar, taker))?;
            continue;
        }
        while let Some((_, bar)) = bars.next_merged()? {
            seen(&mut collector, place, &bar, None)?;
        }
    }
    Ok(collector.finish())
}

/// The rows of a symbol's files with what takers bought.
fn with_takers(files: &[PathBuf], take: TakeBar<'_>) -> Result<(), MakeError> {
    let mut ordered: Vec<(Option<(Time, Time)>, &PathBuf)> = Vec::with_capacity(files.len());
    for file in files {
        ordered.push((bounds(file)?, file));
    }
    ordered.sort();
    let mut last = Time(i64::MIN);
    for (_, file) in ordered {
        let mut stopped = Ok(());
        let mut wrong = None;
        KlineSource::open(file)?.visit(&mut |row| {
            let bar = row.kline.bar;
            if let Err(why) = bar.validate() {
                wrong.get_or_insert(format!("row {}: {why}", row.number));
            } else if bar.open_time <= last {
                wrong.get_or_insert(format!("row {}: not later than the row before it", row.number));
            } else if stopped.is_ok() && wrong.is_none() {
                stopped = take(&bar, row.kline.taker_buy_base);
            }
            last = bar.open_time;
            Ok(())
        })?;
        stopped?;
        if let Some(why) = wrong {
            let text = format!("{}: {why}; check the file with `kestrel data check`", file.display());
            return Err(TrainingError::Data(text).into());
        }
    }
    Ok(())
}

/// The stretches of the files that only judge.
fn reserved(plan: &TrainPlan, data: &Dataset) -> Result<Vec<Reserved>, MakeError> {
    let mut made = Vec::new();
    for file in &plan.held_out {
        let symbol = symbol_of(file)?;
        let lane = data.symbols().iter().position(|known| *known == symbol).map(|place| place as u16);
        if let Some((first, last)) = bounds(file)? {
            made.push(Reserved { lane, from: first.plus(Bar::INTERVAL), to: last.plus(Bar::INTERVAL) });
        }
    }
    Ok(made)
}

/// The probabilities of inputs as ONNX Runtime works them out.
pub(super) fn run(
    onnx: &[u8],
    inputs: &[f32],
    rows: usize,
    library: &Library,
) -> Result<Vec<f32>, crate::inference::SessionError> {
    let mut session = Session::open(onnx, inputs.len() / rows.max(1), library, Provider::Cpu)?;
    let mut outputs = vec![0.0; rows];
    session.run_batch(inputs, &mut outputs)?;
    Ok(outputs)
}

fn curves<M>(trained: &Trained<M>) -> Vec<Curve> {
    let curve = |curve: &crate::training::pipeline::Curve| Curve {
        name: curve.stage.to_string(),
        rounds: curve.rounds.clone(),
        best: curve.best,
        base_rate: None,
    };
    trained.curves.iter().map(curve).collect()
}

fn write_page(plan: &TrainPlan, curves: &[Curve], verdict: &str) -> Result<PathBuf, MakeError> {
    let file = plan.folder.join("curves.html");
    let title = format!("Training of {}", plan.name);
    let text = html(&CurvesPage { title: &title, remarks: &[verdict.to_owned()], curves, command: &plan.command });
    let written = std::fs::create_dir_all(&plan.folder).and_then(|()| std::fs::write(&file, text));
    written.map_err(|error| MakeError::Page { file: file.clone(), why: error.to_string() })?;
    Ok(file)
}

fn card<L: Learner>(
    learner: &L,
    plan: &TrainPlan,
    data: &Dataset,
    trained: &Trained<L::Model>,
) -> Result<ModelCard, MakeError> {
    let settings = data.settings();
    let LogitScale { scale, shift } = trained.calibration;
    let finished = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut figures = trained.judgement.figures.clone();
    figures.extend(trained.out_of_fold.iter().cloned());
    Ok(ModelCard {
        format: CARD_FORMAT,
        name: plan.name.clone(),
        kind: L::SLOT,
        verdict: trained.judgement.verdict.clone(),
        file: String::new(),
        bytes: 0,
        sha256: String::new(),
        input: InputCard {
            schema: settings.schema.name().into(),
            schema_hash: settings.schema.id(),
            columns: settings.schema.width() as u32,
            rows: settings.rows,
            every_minutes: settings.every_minutes,
        },
        output: OutputCard::Probability(ProbabilityCard {
            meaning: "a long from the next bar's open to its barriers returns more than a round trip costs".into(),
            barriers: settings.barriers,
            payoffs: trained.rule.payoffs,
            side_cost: settings.side_cost,
            calibration: format!("sigmoid({scale:.6} * logit + {shift:.6}) (Platt), fitted on out-of-fold scores"),
            calibration_rows: trained.calibration_rows,
        }),
        normaliser: trained.model.normaliser(&settings.schema),
        data: ranges(plan, trained.division.newest)?,
        lineage: Vec::new(),
        training: TrainingCard {
            command: plan.command.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            seed: plan.seed.0,
            finished,
            cpu_seconds: 0.0,
            settings: told(learner.settings(), trained),
        },
        figures,
    })
}

/// The learner's settings and those of the way.
fn told<M>(mut settings: Map<String, Value>, trained: &Trained<M>) -> Map<String, Value> {
    settings.insert("folds".into(), json!(FOLDS));
    settings.insert("edge_multiple".into(), json!(MULTIPLE));
    settings.insert("kept_round".into(), json!(trained.curves.last().map_or(0, |curve| curve.best)));
    settings
}

/// What each file was used for; a file may be parted where the newest stretch begins.
fn ranges(plan: &TrainPlan, newest: Option<Time>) -> Result<Vec<DataRange>, MakeError> {
    let mut made = Vec::new();
    for file in &plan.data {
        let cut = newest.unwrap_or(Time(i64::MAX));
        made.extend(range(file, DataRole::Training, |time| time < cut)?);
        made.extend(range(file, DataRole::HeldOut, |time| time >= cut)?);
    }
    for file in &plan.held_out {
        made.extend(range(file, DataRole::HeldOut, |_| true)?);
    }
    Ok(made)
}

pub(super) fn range(file: &Path, role: DataRole, takes: impl Fn(Time) -> bool) -> Result<Option<DataRange>, MakeError> {
    let symbol = symbol_of(file)?;
    let market = KlineSource::open(file)?.market.map_or("spot".to_owned(), |market| market.as_str().to_owned());
    let mut bars = ParquetBars::open(&[file.to_path_buf()], std::slice::from_ref(&symbol))?;
    let mut made: Option<DataRange> = None;
    while let Some((_, bar)) = bars.next_merged()? {
        if !takes(bar.open_time) {
            continue;
        }
        let time = bar.open_time.millis();
        let range = made.get_or_insert_with(|| DataRange {
            symbol: symbol.to_string(),
            market: market.clone(),
            first: time,
            last: time,
            bars: 0,
            role,
        });
        range.last = time;
        range.bars += 1;
    }
    Ok(made)
}

fn remarks<M>(data: &Dataset, trained: &Trained<M>) -> Vec<String> {
    let mut made = Vec::new();
    if data.forgotten() > 0 {
        made.push(format!(
            "the oldest {} observations were forgotten, for only {MOST_ROWS} are kept; give fewer months or a larger --every",
            data.forgotten()
        ));
    }
    let gaps: u64 = data.extents().iter().map(|extent| extent.gaps).sum();
    let division = &trained.division;
    made.push(format!(
        "{} samples taught, {} judged, {} were dropped between them; {gaps} gaps were not crossed",
        division.training.len(),
        division.held_out.len(),
        division.dropped
    ));
    made
}
