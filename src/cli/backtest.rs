//! `backtest`: bars through the engine and the simulator, as fast as possible.
//!
//! Invariant: everything that can be checked is checked before the first bar.
//! Absent on purpose: the backtest itself (`app::backtest`).

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::globals::{Globals, open_data, seed};
use super::sweep::Sets;
use super::{Output, Summary, SweepSummary};
use crate::app;
use crate::app::market::MarketPlan;

#[derive(Debug, Clone, Args)]
pub struct BacktestArgs {
    /// Kline files (Parquet) instead of a generated market; several symbols and files are merged by time
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
    /// Run every set of settings that this JSON file names over the same bars, on all cores
    #[arg(long, value_name = "FILE", conflicts_with = "trades")]
    pub sweep: Option<PathBuf>,
}

pub fn execute(args: &BacktestArgs, globals: &Globals) -> Result<Output, Failure> {
    let (mut config, origin) = globals.settings()?;
    let sets = args.sweep.as_deref().map(|file| Sets::read(file, &origin)).transpose()?;
    let data = if args.data.is_empty() { None } else { Some(open_data(&args.data, &mut config)?) };
    globals.start_log(true)?;
    let plan =
        MarketPlan { data, seed: seed(args.seed), warmup_bars: config.warmup_bars, anchor: None, bars: args.bars };
    if let Some(sets) = sets {
        let outcome = app::sweep::run(&config, plan, &sets.configs)?;
        return Ok(Output::Sweep(Box::new(SweepSummary::of(outcome, sets.named))));
    }
    let outcome = app::backtest::run(&config, plan, args.trades.clone())?;
    Ok(Output::Summary(Box::new(Summary::of(&outcome))))
}
