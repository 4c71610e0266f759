//! `train`: a model made from recorded bars, judged on what it has not seen, and installed.
//!
//! Invariant: interrupted, it ends with status 130 and the same command goes on to the same model.
//! Absent on purpose: the way itself (`app::train`), adoption: a model that was made trades nothing until it is chosen.

mod sac;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;
use super::failure::Failure;
use super::globals::Globals;

#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    kind: TrainKind,
}

#[derive(Debug, Clone, Subcommand)]
enum TrainKind {
    /// Gradient-boosted trees on the newest observation
    Trees(LearnerArgs),
    /// A small net on the last hours
    Temporal(LearnerArgs),
    /// An agent that learns in the engine what to hold (soft actor-critic)
    Sac(sac::SacArgs),
}

#[derive(Debug, Clone, Args)]
struct LearnerArgs {
    /// Kline files (Parquet) or symbols of the catalogue to learn from
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    data: Vec<PathBuf>,
    /// Files that only judge, besides the newest part of --data
    #[arg(long, value_name = "FILE", num_args = 1..)]
    held_out: Vec<PathBuf>,
    /// Newest part of --data that only judges, in percent of time
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=80))]
    held_out_percent: u8,
    /// Root of every random draw [default: 15]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A name to install it under, or a folder (with a / in it) to write it to
    #[arg(long, value_name = "NAME|DIR")]
    out: String,
    /// Minutes after which a trade ends, 15 to 240
    #[arg(long, value_name = "MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u16).range(15..=240))]
    horizon: u16,
    /// Minutes between two observations, 1 to 60
    #[arg(long, value_name = "MINUTES", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=60))]
    every: u16,
    /// What is observed: ohlcv, or full where files have what takers bought
    #[arg(long, value_name = "NAME", default_value = "ohlcv")]
    schema: SchemaName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaName {
    Ohlcv,
    Full,
}

#[cfg(not(feature = "learn"))]
const WITHOUT_TRAINING: &str = "this kestrel was built without training: build it with the cargo feature `learn`";

#[cfg(not(feature = "learn"))]
pub fn execute(_: &TrainArgs, _: &Globals) -> Result<Output, Failure> {
    Err(Failure::Usage(WITHOUT_TRAINING.into()))
}

#[cfg(feature = "learn")]
pub use learn::execute;

#[cfg(feature = "learn")]
mod learn {
    use std::fmt::Write;
    use std::path::Path;
    use std::sync::atomic::Ordering;

    use serde_json::json;

    use super::{Failure, Globals, LearnerArgs, Output, SchemaName, TrainArgs, TrainKind, sac};
    use crate::app::shell::command;
    use crate::app::train::{Made, MakeError, Place, Step, TrainPlan, make};
    use crate::cli::data::import::stopped;
    use crate::cli::globals::{data_files, seed};
    use crate::cli::progress::ProgressLine;
    use crate::inference::registry::folder::check_name;
    use crate::inference::registry::{Figure, Origin, Registry};
    use crate::market::features::Schema;
    use crate::training::curves::sparkline;
    use crate::training::pipeline::Stage;
    use crate::training::temporal::Temporal;
    use crate::training::trees::Trees;
    use crate::training::{Flow, Learner, TrainingError};

    /// Cost of a side that trades are labelled with: Binance's fee for takers without discounts.
    const SIDE_COST: f64 = 0.001;
    /// Letters of a curve.
    const CURVE_WIDTH: usize = 60;

    pub fn execute(args: &TrainArgs, globals: &Globals) -> Result<Output, Failure> {
        match &args.kind {
            TrainKind::Trees(args) => learnt(&Trees::default(), "trees", args, globals),
            TrainKind::Temporal(args) => learnt(&Temporal::default(), "temporal", args, globals),
            TrainKind::Sac(args) => sac::execute(args, globals),
        }
    }

    fn learnt<L: Learner>(learner: &L, kind: &str, args: &LearnerArgs, globals: &Globals) -> Result<Output, Failure> {
        let plan = plan(kind, args, globals)?;
        globals.start_log(true)?;
        let made = watched(learner, &plan);
        let made = made.map_err(|error| failure(error, &plan.folder))?;
        let json = json!({
            "name": made.model.card.name,
            "origin": place(&made.model.origin),
            "card": made.model.card,
            "out_of_fold": made.out_of_fold,
            "remarks": made.remarks,
            "page": made.page,
            "wall_seconds": made.seconds,
        });
        Ok(Output::Report { text: told(&made), json })
    }

    fn plan(kind: &str, args: &LearnerArgs, globals: &Globals) -> Result<TrainPlan, Failure> {
        let home = globals.home()?;
        let (config, _) = globals.settings()?;
        let is_folder = args.out.contains('/');
        let name = Path::new(&args.out).file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        check_name(&name)?;
        let place =
            if is_folder { Place::Folder(args.out.clone().into()) } else { Place::Installed(Registry::of_home(&home)) };
        Ok(TrainPlan {
            folder: home.join("training").join(&name),
            place,
            name,
            data: data_files(&args.data, globals)?,
            held_out: data_files(&args.held_out, globals)?,
            held_out_share: f64::from(args.held_out_percent) / 100.0,
            seed: seed(args.seed),
            schema: match args.schema {
                SchemaName::Ohlcv => Schema::ohlcv(),
                SchemaName::Full => Schema::full(),
            },
            horizon_minutes: args.horizon,
            every_minutes: args.every,
            side_cost: SIDE_COST,
            library: config.inference.library(&home),
            command: again(kind, args),
        })
    }

    /// The names of files: their folders differ.
    pub(super) fn names(files: &[std::path::PathBuf]) -> Vec<String> {
        let name = |file: &std::path::PathBuf| file.file_name().map(|name| name.to_string_lossy().into_owned());
        files.iter().filter_map(name).collect()
    }

    /// The command that makes the same model.
    fn again(kind: &str, args: &LearnerArgs) -> String {
        let schema = if args.schema == SchemaName::Ohlcv { "ohlcv" } else { "full" };
        let options = [
            ("", vec![kind.to_owned()]),
            ("--data", names(&args.data)),
            ("--held-out", names(&args.held_out)),
            ("--held-out-percent", vec![args.held_out_percent.to_string()]),
            ("--seed", vec![seed(args.seed).0.to_string()]),
            ("--horizon", vec![args.horizon.to_string()]),
            ("--every", vec![args.every.to_string()]),
            ("--schema", vec![schema.to_owned()]),
            ("--out", vec![args.out.clone()]),
        ];
        command("train", &options)
    }

    /// Trains with a line of progress, until a person interrupts.
    fn watched<L: Learner>(learner: &L, plan: &TrainPlan) -> Result<Made, MakeError> {
        let stop = stopped().map_err(|failure| TrainingError::Data(failure.to_string()))?;
        let mut line: Option<(&'static str, ProgressLine)> = None;
        make(learner, plan, &mut |step| {
            let (what, done, of, told) = progress(step);
            if line.as_ref().is_none_or(|(shown, _)| *shown != what) {
                line = Some((what, ProgressLine::new(what, Some(of))));
            }
            if let Some((_, line)) = &line {
                line.to(done);
                line.say(&told);
            }
            if stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
        })
    }

    /// What is done, how much of how much, and a sentence about it.
    fn progress(step: Step) -> (&'static str, u64, u64, String) {
        match step {
            Step::Reading { rows, of } => ("reading", rows, of, "reading bars".into()),
            Step::Fitting { stage, round } => {
                // The last fit counts as one more fold; early stopping ends each before its last round.
                let (before, of) = match stage {
                    Stage::Fold { number, of } => (number as u64 - 1, of as u64 + 1),
                    Stage::Last => (5, 6),
                };
                let all = u64::from(round.of);
                let losses = format!("loss {:.4}, unseen {:.4}", round.train_loss, round.validation_loss);
                ("fitting", before * all + u64::from(round.number), of * all, format!("{stage}: {losses}"))
            }
            Step::Trying { round } => {
                ("trying", u64::from(round.number), u64::from(round.of), "trying it where the truth is known".into())
            }
        }
    }

    pub(super) fn failure(error: MakeError, folder: &Path) -> Failure {
        match error {
            MakeError::Library(error) => Failure::Refused(format!("a model must be compared with its export: {error}")),
            MakeError::Store(error) => error.into(),
            MakeError::Registry(error) => error.into(),
            MakeError::Page { .. } => Failure::Data(error.to_string()),
            MakeError::Training(TrainingError::Stopped) => Failure::Interrupted(format!(
                "stopped; what was fitted is kept in {}, and the same command goes on from it",
                folder.display()
            )),
            MakeError::Training(TrainingError::Export(why)) => {
                Failure::Refused(format!("the model was not written as ONNX: {why}"))
            }
            MakeError::Training(TrainingError::Settings(why)) => Failure::Usage(why),
            MakeError::Training(error) => Failure::Data(error.to_string()),
        }
    }

    pub(super) fn place(origin: &Origin) -> String {
        match origin {
            Origin::Folder(folder) => folder.display().to_string(),
            Origin::Shipped => "comes with the program".into(),
        }
    }

    fn told(made: &Made) -> String {
        let card = &made.model.card;
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {} bytes, {}", card.name, card.bytes, place(&made.model.origin));
        let _ = writeln!(text, "{}", card.verdict);
        for remark in &made.remarks {
            let _ = writeln!(text, "{remark}");
        }
        for curve in &made.curves {
            let losses: Vec<f64> = curve.rounds.iter().map(|round| round.validation_loss).collect();
            let _ = writeln!(text, "{:>12} {} kept round {}", curve.name, sparkline(&losses, CURVE_WIDTH), curve.best);
        }
        for figure in &card.figures {
            let _ = writeln!(text, "{}", figure_line(figure));
        }
        let _ = writeln!(text, "curves: {}", made.page.display());
        text
    }

    pub(super) fn figure_line(figure: &Figure) -> String {
        let value = figure.value.map_or("-".to_owned(), |value| format!("{value:.5}"));
        let range = figure.low.zip(figure.high).map(|(low, high)| format!(" ({low:.5} to {high:.5})"));
        let baseline = figure.baseline.as_ref().map(|(name, value)| format!(", {name} {value:.5}"));
        format!(
            "{:<28} {value}{}{}, n {} [{}]",
            figure.name,
            range.unwrap_or_default(),
            baseline.unwrap_or_default(),
            figure.sample,
            figure.on
        )
    }
}
