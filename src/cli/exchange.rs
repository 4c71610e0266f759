//! `exchange`: the local exchange on loopback, for this bot or any other.
//!
//! Invariant: it listens on this machine only.
//! Absent on purpose: the server itself, which takes the `ExchangePlan`.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use super::failure::Failure;
use super::globals::{Globals, not_joined, open_data, parse_speed, seed};
use crate::config::{Config, Speed};
use crate::domain::seed::Seed;
use crate::store::ParquetBars;

#[derive(Debug, Clone, Args)]
pub struct ExchangeArgs {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub port: u16,
    /// Kline files (Parquet) to replay instead of a generated market
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Root of every random draw [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Virtual seconds a second, or max [default: the settings' speed]
    #[arg(long, value_name = "N|max", value_parser = parse_speed, allow_hyphen_values = true)]
    pub speed: Option<Speed>,
    /// End the market after this many bars, all symbols together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bars: Option<u64>,
}

/// An exchange, checked and ready to listen.
pub struct ExchangePlan {
    pub port: u16,
    /// With `speed` and `symbols` already replaced by what the command line says.
    pub config: Config,
    /// `None`: the market is generated from the seed.
    pub data: Option<ParquetBars>,
    pub seed: Seed,
    pub bars: Option<u64>,
}

pub fn execute(args: &ExchangeArgs, globals: &Globals) -> Result<Output, Failure> {
    let plan = plan(args, globals)?;
    globals.start_log(true)?;
    carry_out(plan)
}

/// Checks everything that can be checked before the port is taken.
pub fn plan(args: &ExchangeArgs, globals: &Globals) -> Result<ExchangePlan, Failure> {
    let (mut config, _) = globals.settings()?;
    config.speed = args.speed.unwrap_or(config.speed);
    let data = if args.data.is_empty() { None } else { Some(open_data(&args.data, &mut config)?) };
    Ok(ExchangePlan { port: args.port, config, data, seed: seed(args.seed), bars: args.bars })
}

/// The seam to `app`, which starts the server and prints its addresses.
fn carry_out(_plan: ExchangePlan) -> Result<Output, Failure> {
    Err(not_joined("exchange"))
}
