//! `run`: trade, with the screen or headless.
//!
//! Invariant: modes that could touch real markets are refused until the safeguards exist.
//! Absent on purpose: the run itself (`app::demo`).

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::globals::{Globals, open_data, parse_speed, seed};
use super::{Output, Summary, endpoints, summary};
use crate::app;
use crate::app::demo::Demo;
use crate::app::market::MarketPlan;
use crate::config::Speed;
use crate::domain::Time;
use crate::engine::instrument::Desk;
use crate::engine::{Notice, Snapshot};
use crate::journal::JournalWriter;

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
    /// Root of every random draw [default: 15]
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

pub fn execute(args: &RunArgs, globals: &Globals) -> Result<Output, Failure> {
    permitted(args.mode)?;
    let (mut config, _) = globals.settings()?;
    config.speed = args.speed.unwrap_or(config.speed);
    let urls = [args.rest_url.as_deref(), args.stream_url.as_deref(), args.ws_api_url.as_deref()];
    let venue = endpoints::find(urls, |name| std::env::var(name).ok())?;
    let data = match args.data.as_slice() {
        [] => None,
        [_, ..] if venue.is_some() => {
            let text = "--data and --rest-url exclude each other; give --data to `kestrel exchange` instead";
            return Err(Failure::Usage(text.into()));
        }
        files => Some(open_data(files, &mut config)?),
    };
    let journal = match &args.journal {
        Some(path) => path.clone(),
        None => globals.home()?.join("journal").join("demo.journal"),
    };
    globals.start_log(true)?;
    let journal = JournalWriter::create(&journal)?;
    let quiet = globals.json || !std::io::stderr().is_terminal();
    let outcome = app::demo::run(Demo {
        market: MarketPlan {
            data,
            seed: seed(args.seed),
            warmup_bars: config.warmup_bars,
            anchor: None,
            bars: args.bars,
        },
        config: &config,
        venue,
        journal: Some(Box::new(journal)),
        trades_file: args.trades.clone(),
        commands: Vec::new(),
        on_notice: Some(Box::new(log)),
        on_status: (!quiet).then(|| Box::new(status_line()) as app::demo::OnStatus),
    });
    if !quiet {
        eprintln!();
    }
    Ok(Output::Summary(Box::new(Summary::of(&outcome?))))
}

/// Everything that the engine says goes to the log.
fn log(time: Time, notice: &Notice) {
    tracing::info!(at_ms = time.millis(), "{notice}");
}

/// One line that is drawn over itself.
fn status_line() -> impl FnMut(&Snapshot) + Send {
    |snapshot: &Snapshot| {
        let win_rate = snapshot.win_rate.map_or("-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let held = snapshot.symbols.iter().filter(|symbol| symbol.desk != Desk::Flat).count();
        // Fits 80 columns, so that it is drawn over itself.
        eprint!(
            "\rDEMO {} {} | {:.2} (day {:+.2}) | MDD {:.2} % | won {win_rate} of {} | held {held} ",
            summary::clock(Some(snapshot.now)),
            snapshot.settings.strategy.as_str(),
            snapshot.equity,
            snapshot.day_pnl,
            snapshot.max_drawdown * 100.0,
            snapshot.trades,
        );
    }
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
