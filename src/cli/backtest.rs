//! `backtest`: recorded bars through the engine and the simulator, as fast as possible.
//!
//! Invariant: the plan holds open data; a backtest without data does not exist.
//! Absent on purpose: the backtest itself, which takes the `BacktestPlan`.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use super::failure::Failure;
use super::globals::{Globals, not_joined, open_data, seed};
use crate::config::{Config, ConfigOrigin};
use crate::domain::seed::Seed;
use crate::store::ParquetBars;

#[derive(Debug, Clone, Args)]
pub struct BacktestArgs {
    /// Kline files (Parquet); several symbols and several files a symbol are merged by time
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub data: Vec<PathBuf>,
    /// Root of every random draw [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop after this many bars, all symbols together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bars: Option<u64>,
    /// Write closed trades and fills as CSV
    #[arg(long, value_name = "FILE")]
    pub trades: Option<PathBuf>,
}

/// A backtest, checked and ready.
pub struct BacktestPlan {
    pub json: bool,
    /// With `symbols` already replaced by those of the data.
    pub config: Config,
    pub origin: ConfigOrigin,
    pub data: ParquetBars,
    pub seed: Seed,
    pub bars: Option<u64>,
    pub trades: Option<PathBuf>,
}

pub fn execute(args: &BacktestArgs, globals: &Globals) -> Result<Output, Failure> {
    let plan = plan(args, globals)?;
    globals.start_log(true)?;
    carry_out(plan)
}

/// Checks everything that can be checked before the first bar.
pub fn plan(args: &BacktestArgs, globals: &Globals) -> Result<BacktestPlan, Failure> {
    let (mut config, origin) = globals.settings()?;
    let data = open_data(&args.data, &mut config)?;
    let (json, trades) = (globals.json, args.trades.clone());
    Ok(BacktestPlan { json, config, origin, data, seed: seed(args.seed), bars: args.bars, trades })
}

/// The seam to `app`, which joins data, simulator and engine.
fn carry_out(_plan: BacktestPlan) -> Result<Output, Failure> {
    Err(not_joined("backtest"))
}
