//! `exchange`: the local exchange on loopback, for this bot or any other.
//!
//! Invariant: it listens on this machine only.
//! Absent on purpose: the server itself (`exchange`).

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::Output;
use super::failure::Failure;
use super::globals::{Globals, open_data, parse_speed, seed};
use crate::app;
use crate::app::market::MarketPlan;
use crate::config::Speed;
use crate::exchange::{Exchange, KeyPair};
use crate::runtime::clock::WallClock;

#[derive(Debug, Clone, Args)]
pub struct ExchangeArgs {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub port: u16,
    /// Kline files (Parquet) or symbols of the catalogue to replay instead of a generated market
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub data: Vec<PathBuf>,
    /// Root of every random draw [default: 15]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Virtual seconds a second, or max [default: the settings' speed]
    #[arg(long, value_name = "N|max", value_parser = parse_speed, allow_hyphen_values = true)]
    pub speed: Option<Speed>,
    /// End the market after this many bars, all symbols together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub bars: Option<u64>,
}

pub fn execute(args: &ExchangeArgs, globals: &Globals) -> Result<Output, Failure> {
    let (mut config, _) = globals.settings()?;
    config.speed = args.speed.unwrap_or(config.speed);
    let data = if args.data.is_empty() { None } else { Some(open_data(&args.data, &mut config, globals)?) };
    globals.start_log(true)?;
    // Clients that ask for the last hour by their own clock find it; in lockstep the market is that of a demo.
    let anchor = (config.speed != Speed::Max).then(|| WallClock::start().now());
    let plan = MarketPlan { data, seed: seed(args.seed), warmup_bars: config.warmup_bars, anchor, bars: args.bars };
    let (exchange, key) = app::exchange::start(&config, plan, args.port, false)?;
    app::exchange::until_interrupted(|| print_addresses(&exchange, &key))?;
    Ok(Output::Nothing)
}

/// The one line that other programs read.
#[derive(serde::Serialize)]
struct Addresses {
    rest_url: String,
    stream_url: String,
    ws_api_url: String,
    api_key: String,
    api_secret: String,
}

fn print_addresses(exchange: &Exchange, key: &KeyPair) -> Result<(), Failure> {
    let addresses = Addresses {
        rest_url: exchange.rest_url(),
        stream_url: exchange.stream_url(),
        ws_api_url: exchange.ws_api_url(),
        api_key: key.key.clone(),
        api_secret: key.secret.clone(),
    };
    let line = serde_json::to_string(&addresses).map_err(|error| Failure::Bug(error.to_string()))?;
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    written.map_err(|error| Failure::Data(format!("the addresses cannot be printed on stdout ({error})")))
}
