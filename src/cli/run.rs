//! `run`: trade, with the screen or headless.
//!
//! Invariant: modes that could touch real markets are refused until the safeguards exist.
//! Absent on purpose: the run itself, which takes the `RunPlan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Output;
use super::endpoints::Endpoints;
use super::failure::Failure;
use super::globals::{Globals, open_data, parse_speed, seed};
use crate::config::{Config, ConfigOrigin, Speed};
use crate::domain::seed::Seed;
use crate::store::ParquetBars;

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Without the screen
    #[arg(long)]
    pub headless: bool,
    /// Which market and venue
    #[arg(long, value_enum, default_value_t = Mode::Demo)]
    pub mode: Mode,
    /// Kline files (Parquet) to trade instead of a generated market
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Virtual seconds a second, or max [default: the settings' speed]
    #[arg(long, value_name = "N|max", value_parser = parse_speed, allow_hyphen_values = true)]
    pub speed: Option<Speed>,
    /// Root of every random draw [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop after this many bars, all symbols together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bars: Option<u64>,
    /// Write closed trades and fills as CSV
    #[arg(long, value_name = "FILE")]
    pub trades: Option<PathBuf>,
    /// Where the journal goes [default: in the home folder]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// REST address of an exchange that already runs (keys in KESTREL_API_KEY and KESTREL_API_SECRET)
    #[arg(long, value_name = "URL")]
    pub rest_url: Option<String>,
    /// Its market stream
    #[arg(long, value_name = "URL")]
    pub stream_url: Option<String>,
    /// Its WebSocket API
    #[arg(long, value_name = "URL")]
    pub ws_api_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Generated or recorded market, local exchange
    Demo,
    /// Public live market, local exchange
    Paper,
    /// Binance's test network
    Testnet,
    /// Binance
    Live,
}

/// A demo run, checked and ready: settings read, data open.
pub struct RunPlan {
    pub headless: bool,
    pub json: bool,
    /// With `speed` and `symbols` already replaced by what the command line says.
    pub config: Config,
    pub origin: ConfigOrigin,
    pub home: PathBuf,
    /// `None`: the market is generated from the seed.
    pub data: Option<ParquetBars>,
    pub seed: Seed,
    /// Stop after this many bars.
    pub bars: Option<u64>,
    pub trades: Option<PathBuf>,
    pub journal: Option<PathBuf>,
    /// `None`: the run starts its own exchange.
    pub endpoints: Option<Endpoints>,
}

pub fn execute(args: &RunArgs, globals: &Globals) -> Result<Output, Failure> {
    let plan = plan(args, globals)?;
    globals.start_log(plan.headless)?;
    carry_out(plan)
}

/// Checks everything that can be checked before a market moves.
pub fn plan(args: &RunArgs, globals: &Globals) -> Result<RunPlan, Failure> {
    permitted(args.mode)?;
    let (mut config, origin) = globals.settings()?;
    config.speed = args.speed.unwrap_or(config.speed);
    let urls = [args.rest_url.as_deref(), args.stream_url.as_deref(), args.ws_api_url.as_deref()];
    let endpoints = Endpoints::find(urls, |name| std::env::var(name).ok())?;
    let data = match args.data.as_slice() {
        [] => None,
        [_, ..] if endpoints.is_some() => {
            let text = "--data and --rest-url exclude each other; give --data to `kestrel exchange` instead";
            return Err(Failure::Usage(text.into()));
        }
        files => Some(open_data(files, &mut config)?),
    };
    Ok(RunPlan {
        headless: args.headless,
        json: globals.json,
        config,
        origin,
        home: globals.home()?,
        data,
        seed: seed(args.seed),
        bars: args.bars,
        trades: args.trades.clone(),
        journal: args.journal.clone(),
        endpoints,
    })
}

/// The seam to `app`, which joins market, exchange, engine and screen.
fn carry_out(_plan: RunPlan) -> Result<Output, Failure> {
    Err(Failure::Bug("run".into()))
}

fn permitted(mode: Mode) -> Result<(), Failure> {
    let name = match mode {
        Mode::Demo => return Ok(()),
        Mode::Paper => "paper",
        Mode::Testnet => "testnet",
        Mode::Live => "live",
    };
    Err(Failure::Refused(format!(
        "mode {name} is refused until the crash-safe journal and the kill switch exist; use --mode demo"
    )))
}
