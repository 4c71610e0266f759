//! `backtest`: bars through the engine and the simulator, as fast as possible.
//!
//! Invariant: everything that can be checked is checked before the first bar.
//! Absent on purpose: the backtest itself (`app::backtest`).

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::globals::{Globals, open_data, seed};
use super::progress;
use super::report::check_folder;
use super::standing::Standing;
use super::sweep::{self, Sets};
use super::{Output, Summary, SweepSummary, complain};
use crate::app::backtest::Wanted;
use crate::app::market::MarketPlan;
use crate::app::report::{Charges, Page};
use crate::app::seats::Seats;
use crate::app::shell::command;
use crate::app::{self, Outcome, Progress};
use crate::config::{Config, ConfigOrigin};
use crate::performance;

#[derive(Debug, Clone, Args)]
#[command(after_help = sweep::HELP)]
pub struct BacktestArgs {
    /// Kline files (Parquet) or symbols of the catalogue instead of a generated market, merged by time
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "bars")]
    pub data: Vec<PathBuf>,
    /// Root of every random draw [default: 15]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop after this many bars, all symbols together; a generated market needs it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bars: Option<u64>,
    /// Write closed trades and fills as CSV
    #[arg(long, value_name = "FILE")]
    pub trades: Option<PathBuf>,
    /// Write the journal, which `kestrel explain` and `kestrel replay` read
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Write a page with equity, baselines, costs and trades (HTML, one file that needs no network)
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// With --json: compare with flat, buy-and-hold, steady risk and random traders (the table always does)
    #[arg(long)]
    pub baselines: bool,
    /// Run every set of settings that this JSON file names over the same bars, on all cores (form: below)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trades", "journal", "report", "baselines"])]
    pub sweep: Option<PathBuf>,
}

pub fn execute(args: &BacktestArgs, globals: &Globals) -> Result<Output, Failure> {
    let (mut config, origin) = globals.settings()?;
    if let Some(file) = &args.report {
        check_folder(file)?;
    }
    let sets = args.sweep.as_deref().map(|file| Sets::read(file, &origin)).transpose()?;
    let data = if args.data.is_empty() { None } else { Some(open_data(&args.data, &mut config, globals)?) };
    globals.start_log(true)?;
    let seed = seed(args.seed);
    let plan = MarketPlan { data, seed, warmup_bars: config.warmup_bars, anchor: None, bars: args.bars };
    if let Some(warning) = app::fee_warning(&config) {
        complain(warning);
    }
    if let Some(sets) = sets {
        if sets.left_out > 0 {
            complain(&sets.told());
        }
        let outcome = app::sweep::run(&config, plan, &sets.configs, &home(&config, globals)?)?;
        return Ok(Output::Sweep(Box::new(SweepSummary::of(outcome, sets.named))));
    }
    // A script that only wants the result pays for nothing else.
    let is_recorded = args.report.is_some() || args.baselines || !globals.json;
    let (outcome, figures) = watched(args, &config, plan, is_recorded, &home(&config, globals)?)?;
    let mut summary = Summary::of(&outcome);
    let charges = Charges::Configured(&config);
    if let Some(figures) = figures {
        summary.baselines = Some(Standing::of(&figures.baselines));
        if let Some(file) = &args.report {
            let page = Page { file, command: again(args, &origin, seed.0), market: market(args), seed };
            app::report::write(&outcome, &figures, charges, &page)?;
        }
    }
    Ok(Output::Summary(Box::new(summary)))
}

/// Where models are installed; where none may trade nobody needs a home.
pub fn home(config: &Config, globals: &Globals) -> Result<PathBuf, Failure> {
    if Seats::are_taken(config) { globals.home() } else { Ok(PathBuf::new()) }
}

/// Runs and measures, with a line of progress where somebody waits for it.
fn watched(
    args: &BacktestArgs,
    config: &Config,
    plan: MarketPlan,
    is_recorded: bool,
    home: &Path,
) -> Result<(Outcome, Option<performance::Summary>), Failure> {
    let rows = plan.data.as_ref().map(|data| data.rows());
    let total = args.bars.into_iter().chain(rows).min();
    let seed = plan.seed;
    let work = |progress: Option<&Progress>| {
        let (trades_file, journal) = (args.trades.clone(), args.journal.clone());
        let wanted = Wanted { trades_file, journal, is_recorded, home: home.to_path_buf(), progress };
        let outcome = app::backtest::run(config, plan, wanted)?;
        let figures = app::report::measure(&outcome, Charges::Configured(config), seed);
        Ok((outcome, figures))
    };
    progress::watched(total, work)
}

/// The command that makes the same page.
fn again(args: &BacktestArgs, origin: &ConfigOrigin, seed: u64) -> String {
    let paths = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let config = match origin {
        ConfigOrigin::File(path) => paths(std::slice::from_ref(path)),
        ConfigOrigin::Embedded => Vec::new(),
    };
    command(
        "backtest",
        &[
            ("--config", config),
            ("--data", paths(&args.data)),
            ("--bars", args.bars.iter().map(u64::to_string).collect()),
            ("--seed", vec![seed.to_string()]),
            ("--report", paths(args.report.as_slice())),
        ],
    )
}

fn market(args: &BacktestArgs) -> String {
    if args.data.is_empty() {
        return "generated from the seed: no real prices".to_owned();
    }
    let name = |path: &PathBuf| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!("recorded: {}", args.data.iter().map(name).collect::<Vec<_>>().join(", "))
}
