//! `train sac`: an agent that learns in the engine what to hold, judged on bars that it has not seen, and installed.
//!
//! Invariant: interrupted, it ends with status 130 and the same command goes on to the same agent.
//! Absent on purpose: the way itself (`app::train_sac`); what is told of it (`words`).

#[cfg(feature = "learn")]
mod words;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;

#[derive(Debug, Clone, Args)]
pub struct SacArgs {
    /// Kline files (Parquet) or symbols of the catalogue to learn from
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Files that only judge, besides the newest part of --data
    #[arg(long, value_name = "FILE", num_args = 1..)]
    held_out: Vec<PathBuf>,
    /// Newest part of --data that only judges, in percent of time
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=80))]
    held_out_percent: u8,
    /// What is learnt: to trade, or to swing a pendulum up, the problem that learners are compared by, without any data
    #[arg(long, value_name = "NAME", default_value = "trading")]
    env: Problem,
    /// Decisions to learn from [default: 40000, with --env pendulum 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    steps: Option<u64>,
    /// Root of every random draw [default: 15]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Agents that are trained, with the next seeds; the one best on validation is kept and the card says how many there were
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    seeds: u16,
    /// A name to install it under, or a folder (with a / in it) to write it to; with --env pendulum a folder for checkpoint
    /// and curves
    #[arg(long, value_name = "NAME|DIR")]
    out: Option<String>,
    /// Width of both hidden layers, 8 to 1024 [default: 64]
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u16).range(8..=1024))]
    hidden: Option<u16>,
    /// Minutes between two decisions, 1 to 240
    #[arg(long, value_name = "MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=240))]
    every: u16,
    /// Episodes of the pendulum that the finished agent is judged by
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    eval_episodes: u32,
    /// What multiplies: a card is taken only where it was faster in a trial
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: DeviceName,
    /// Train on the past and judge on what follows, so many times, and print the table; nothing is installed
    #[arg(long, value_name = "FOLDS", value_parser = clap::value_parser!(u8).range(1..=24))]
    walk_forward: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Problem {
    Trading,
    Pendulum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DeviceName {
    Auto,
    Cpu,
    Cuda,
}

#[cfg(not(feature = "learn"))]
pub fn execute(_: &SacArgs, _: &Globals) -> Result<Output, Failure> {
    Err(Failure::Usage(super::WITHOUT_TRAINING.into()))
}

#[cfg(feature = "learn")]
pub use learn::execute;

#[cfg(feature = "learn")]
mod learn {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::Ordering;

    use serde_json::{Map, Value, json};

    use super::{DeviceName, Failure, Globals, Output, Problem, SacArgs};
    use crate::app::shell::command;
    use crate::app::train::{MakeError, Place};
    use crate::app::train_sac::{self, MarketPlan, SacMade, SacPlan, SacStep, SeedRun, make};
    use crate::app::{engine_settings, venue_settings};
    use crate::cli::data::import::stopped;
    use crate::cli::globals::{data_files, seed};
    use crate::cli::progress::ProgressLine;
    use crate::cli::train::learn::{failure, names, place};
    use crate::cli::train::sac::words::{progress, text};
    use crate::domain::Seed;
    use crate::engine::model::Models;
    use crate::inference::registry::Registry;
    use crate::inference::registry::folder::check_name;
    use crate::training::sac::Wish;
    use crate::training::{Flow, TrainingError};

    const PENDULUM_STEPS: u64 = 10_000;
    const PENDULUM_HIDDEN: u16 = 64;
    const MARKET_STEPS: u64 = 40_000;
    const MARKET_HIDDEN: u16 = 64;

    pub fn execute(args: &SacArgs, globals: &Globals) -> Result<Output, Failure> {
        let plan = match args.env {
            Problem::Pendulum => pendulum(args, globals)?,
            Problem::Trading => trading(args, globals)?,
        };
        globals.start_log(true)?;
        let made = watched(&plan).map_err(|error| failure(error, &plan.folder))?;
        Ok(Output::Report { text: text(&made), json: script(&made) })
    }

    fn pendulum(args: &SacArgs, globals: &Globals) -> Result<SacPlan, Failure> {
        if !args.data.is_empty() || !args.held_out.is_empty() || args.walk_forward.is_some() {
            return Err(Failure::Usage(
                "the pendulum has no market: leave --data, --held-out and --walk-forward out, or choose --env trading"
                    .into(),
            ));
        }
        let folder = match &args.out {
            Some(folder) => PathBuf::from(folder),
            None => globals.home()?.join("training").join("pendulum"),
        };
        Ok(SacPlan {
            name: "pendulum".into(),
            problem: train_sac::Problem::Pendulum { episodes: args.eval_episodes },
            steps: args.steps.unwrap_or(PENDULUM_STEPS),
            seeds: seeds(args)?,
            hidden: usize::from(args.hidden.unwrap_or(PENDULUM_HIDDEN)),
            folder,
            wish: wish(args),
            is_kept: args.out.is_some(),
            command: again(args),
        })
    }

    fn trading(args: &SacArgs, globals: &Globals) -> Result<SacPlan, Failure> {
        let usage = |text: &str| Err(Failure::Usage(text.into()));
        if args.data.is_empty() {
            return usage(
                "an agent learns from bars: name files or symbols of the catalogue with --data, or choose --env pendulum",
            );
        }
        let Some(out) = &args.out else {
            return usage(
                "the agent needs a place: give --out a name to install it under, or a folder (with a / in it)",
            );
        };
        if args.walk_forward.is_some() && !args.held_out.is_empty() {
            return usage(
                "a walk forward judges each stretch of --data by the next one: leave --held-out or --walk-forward away",
            );
        }
        if args.held_out_percent == 0 && args.held_out.is_empty() && args.walk_forward.is_none() {
            return usage("nothing would judge the agent: give --held-out files, or a --held-out-percent above 0");
        }
        let home = globals.home()?;
        let (config, _) = globals.settings()?;
        let name = Path::new(out).file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        check_name(&name)?;
        let place =
            if out.contains('/') { Place::Folder(out.into()) } else { Place::Installed(Registry::of_home(&home)) };
        let market = MarketPlan {
            place,
            data: data_files(&args.data, globals)?,
            held_out: data_files(&args.held_out, globals)?,
            held_out_share: f64::from(args.held_out_percent) / 100.0,
            every_minutes: args.every,
            settings: engine_settings(&config, &Models::default()),
            venue: venue_settings(&config),
            balance: config.start(),
            reward: config.reward(),
            library: config.inference.library(&home),
            walk_forward: args.walk_forward,
        };
        Ok(SacPlan {
            folder: home.join("training").join(&name),
            name,
            problem: train_sac::Problem::Trading(Box::new(market)),
            steps: args.steps.unwrap_or(MARKET_STEPS),
            seeds: seeds(args)?,
            hidden: usize::from(args.hidden.unwrap_or(MARKET_HIDDEN)),
            wish: wish(args),
            is_kept: false,
            command: again(args),
        })
    }

    fn wish(args: &SacArgs) -> Wish {
        match args.device {
            DeviceName::Auto => Wish::Auto,
            DeviceName::Cpu => Wish::Cpu,
            DeviceName::Cuda => Wish::Cuda,
        }
    }

    /// The given one and those after it.
    fn seeds(args: &SacArgs) -> Result<Vec<Seed>, Failure> {
        let first = seed(args.seed).0;
        let last = first.checked_add(u64::from(args.seeds) - 1);
        let last = last.ok_or_else(|| {
            Failure::Usage(format!("there are no {} seeds from --seed {first} on: give a smaller one", args.seeds))
        })?;
        Ok((first..=last).map(Seed).collect())
    }

    /// The command that makes the same agent.
    fn again(args: &SacArgs) -> String {
        let is_market = args.env == Problem::Trading;
        let of_market = |value: String| if is_market { vec![value] } else { Vec::new() };
        let (steps, hidden) = if is_market { (MARKET_STEPS, MARKET_HIDDEN) } else { (PENDULUM_STEPS, PENDULUM_HIDDEN) };
        let pendulum = |values: Vec<String>| if is_market { Vec::new() } else { values };
        let options = [
            ("", vec!["sac".to_owned()]),
            ("--env", pendulum(vec!["pendulum".to_owned()])),
            ("--data", names(&args.data)),
            ("--held-out", names(&args.held_out)),
            ("--held-out-percent", of_market(args.held_out_percent.to_string())),
            ("--steps", vec![args.steps.unwrap_or(steps).to_string()]),
            ("--seed", vec![seed(args.seed).0.to_string()]),
            ("--seeds", vec![args.seeds.to_string()]),
            ("--hidden", vec![args.hidden.unwrap_or(hidden).to_string()]),
            ("--every", of_market(args.every.to_string())),
            ("--eval-episodes", pendulum(vec![args.eval_episodes.to_string()])),
            ("--walk-forward", args.walk_forward.iter().map(u8::to_string).collect()),
            ("--out", args.out.iter().cloned().collect()),
        ];
        command("train", &options)
    }

    /// Trains with a line of progress, until a person interrupts.
    fn watched(plan: &SacPlan) -> Result<SacMade, MakeError> {
        let stop = stopped().map_err(|failure| TrainingError::Data(failure.to_string()))?;
        let mut line: Option<(&'static str, ProgressLine)> = None;
        make(plan, &mut |step: Option<SacStep>| {
            if let Some(step) = step {
                let (what, done, of, told) = progress(&step);
                if line.as_ref().is_none_or(|(shown, _)| *shown != what) {
                    line = Some((what, ProgressLine::new(what, Some(of))));
                }
                if let Some((_, line)) = &line {
                    line.to(done);
                    line.say(&told);
                }
            }
            if stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
        })
    }

    /// The figures of the agent that was kept, of the pendulum those of the middle seed, of a walk forward those of all folds
    /// together; with several seeds those of each stand in `runs` too.
    fn script(made: &SacMade) -> Value {
        let mut json = made.runs.get(made.chosen).map(figures).unwrap_or_default();
        if let Some((growth, folds)) = made.whole {
            // All folds together; no agent was kept.
            let steps: u64 = made.runs.iter().map(|run| run.steps).sum();
            let updates: u64 = made.runs.iter().map(|run| run.updates).sum();
            let seconds: f64 = made.runs.iter().map(|run| run.cpu_seconds).sum();
            json.remove("validation_return");
            for (name, value) in [
                ("eval_return", json!(growth)),
                ("eval_episodes", json!(folds)),
                ("steps", json!(steps)),
                ("updates", json!(updates)),
                ("cpu_seconds", json!(seconds)),
                ("updates_per_second", json!(updates as f64 / seconds.max(f64::MIN_POSITIVE))),
            ] {
                json.insert(name.into(), value);
            }
        }
        if made.runs.len() > 1 {
            json.insert("runs".into(), made.runs.iter().map(|run| Value::Object(figures(run))).collect());
        }
        if let Some(model) = &made.model {
            json.insert("name".into(), json!(model.card.name));
            json.insert("origin".into(), json!(place(&model.origin)));
            json.insert("card".into(), json!(model.card));
        }
        if !made.tables.is_empty() {
            json.insert("tables".into(), json!(made.tables));
        }
        json.insert("page".into(), json!(made.page));
        json.insert("remarks".into(), json!(made.remarks));
        json.insert("wall_seconds".into(), json!(made.wall_seconds));
        Value::Object(json)
    }

    fn figures(run: &SeedRun) -> Map<String, Value> {
        let figures = [
            ("steps", json!(run.steps)),
            ("eval_return", json!(run.eval_return)),
            ("eval_episodes", json!(run.eval_episodes)),
            ("updates", json!(run.updates)),
            ("updates_per_second", json!(run.updates_per_second)),
            ("cpu_seconds", json!(run.cpu_seconds)),
            ("seed", json!(run.seed.0)),
        ];
        let validation = run.validation.map(|validation| ("validation_return", json!(validation)));
        figures.into_iter().chain(validation).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
