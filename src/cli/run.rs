//! `run`: trade, with the screen or headless.
//!
//! Invariant: modes that could touch real markets are refused until the safeguards exist.
//! Absent on purpose: the run itself (`app::demo`).

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::globals::{Globals, data_files, open_data, parse_speed, seed};
use super::{Output, Summary, complain, endpoints, summary};
use crate::app::demo::{Demo, ModelRun, Venue};
use crate::app::market::MarketPlan;
use crate::app::screenshot::Screenshot;
use crate::app::workstation::Workstation;
use crate::app::{self, Outcome};
use crate::config::{Config, ConfigOrigin, ConfigWatch, DEFAULT_FILE, Speed};
use crate::engine::Snapshot;
use crate::engine::instrument::Desk;
use crate::feeds::FeedsPlan;
use crate::journal::JournalWriter;
use crate::tui;
use crate::tui::terminal::Fitness;

#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Without the screen: one line of status, the result at the end
    #[arg(long)]
    pub headless: bool,
    /// Which market and venue
    #[arg(long, value_enum, default_value_t = Mode::Demo)]
    pub mode: Mode,
    /// Kline files (Parquet) or symbols of the catalogue to trade instead of a generated market
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
    /// Run to the end of --bars without a terminal and write a picture of the screen (SVG)
    #[arg(long, value_name = "FILE", requires = "bars", conflicts_with = "headless")]
    pub screenshot: Option<PathBuf>,
    /// Characters of the picture, across and down
    #[arg(long, value_name = "WxH", value_parser = parse_size, default_value = "160x48")]
    pub size: (u16, u16),
    /// A drill for the terminal's restoration: the screen panics after so many milliseconds
    #[arg(long, value_name = "MS", hide = true)]
    pub panic_after: Option<u64>,
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
    let has_screen = !args.headless && args.screenshot.is_none();
    if has_screen {
        check_terminal(globals.json)?;
    }
    // Watched from before it is read, so that no change falls between.
    let settings = ConfigWatch::new(globals.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE)));
    let (file, origin) = globals.settings()?;
    let mut config = Config { speed: args.speed.unwrap_or(file.speed), ..file.clone() };
    let urls = [args.rest_url.as_deref(), args.stream_url.as_deref(), args.ws_api_url.as_deref()];
    let venue = endpoints::find(urls, |name| std::env::var(name).ok())?;
    let files = match args.data.as_slice() {
        [] => Vec::new(),
        [_, ..] if venue.is_some() => {
            let text = "--data and --rest-url exclude each other; give --data to `kestrel exchange` instead";
            return Err(Failure::Usage(text.into()));
        }
        names => data_files(names, globals)?,
    };
    let data = if args.data.is_empty() { None } else { Some(open_data(&files, &mut config, globals)?) };
    let journal = match &args.journal {
        Some(path) => path.clone(),
        None => globals.home()?.join("journal").join("demo.journal"),
    };
    let log = globals.start_log(!has_screen)?;
    let seed = seed(args.seed);
    if let Some(warning) = app::fee_warning(&config) {
        complain(warning);
    }
    let outcome = match log {
        Some(log) if has_screen => app::workstation::run(Workstation {
            config,
            file,
            settings,
            first_run: origin == ConfigOrigin::Embedded,
            names: args.data.clone(),
            files,
            data,
            venue,
            seed,
            bars: args.bars,
            journal,
            home: globals.home()?,
            trades_file: args.trades.clone(),
            log,
            panic_after: args.panic_after.map(Duration::from_millis),
        })?,
        _ => {
            let market = MarketPlan { data, seed, warmup_bars: config.warmup_bars, anchor: None, bars: args.bars };
            // A run with its files elsewhere needs no home folder, unless it has words of others to keep.
            let home = if config.feeds.is_off() { None } else { Some(globals.home()?) };
            let feeds = app::feeds::plan(&config, seed, home.as_deref());
            // Nobody can name models while it runs.
            let models = ModelRun::if_asked(&config, &super::backtest::home(&config, globals)?)?;
            // What cannot begin leaves the journal of the run before.
            let journal = JournalWriter::create(&journal)?;
            without_screen(args, globals.json, Unseen { config, market, venue, journal, feeds, models })?
        }
    };
    Ok(Output::Summary(Box::new(Summary::of(&outcome))))
}

/// A run that nobody watches.
struct Unseen {
    config: Config,
    market: MarketPlan,
    venue: Option<Venue>,
    journal: JournalWriter,
    feeds: Option<FeedsPlan>,
    models: Option<ModelRun>,
}

/// With a picture at its end, or with a line of status on a terminal's stderr.
fn without_screen(args: &RunArgs, json: bool, unseen: Unseen) -> Result<Outcome, Failure> {
    let mut config = unseen.config;
    if args.screenshot.is_some() {
        config.speed = Speed::Max;
    }
    let quiet = json || args.screenshot.is_some() || !std::io::stderr().is_terminal();
    let demo = Demo {
        config: &config,
        market: unseen.market,
        venue: unseen.venue,
        journal: Some(Box::new(unseen.journal)),
        feeds: unseen.feeds,
        models: unseen.models,
        trades_file: args.trades.clone(),
        commands: Vec::new(),
        on_notice: Some(Box::new(app::voice::log(&config.symbols))),
        on_status: (!quiet).then(|| Box::new(status_line()) as app::demo::OnStatus),
        hand: None,
    };
    if let Some(file) = &args.screenshot {
        return Ok(app::screenshot::take(demo, Screenshot { file, size: args.size })?);
    }
    let outcome = app::demo::run(demo);
    if !quiet {
        eprintln!();
    }
    Ok(outcome?)
}

/// The screen needs a terminal, and stdout for itself.
fn check_terminal(json: bool) -> Result<(), Failure> {
    let sentence = match tui::terminal::fitness() {
        Fitness::Fit if json => "--json prints to stdout, where the screen is; add --headless",
        Fitness::Fit => return Ok(()),
        Fitness::Absent => "stdout is not a terminal, so there is no place for the screen; run with --headless",
        Fitness::Dumb => {
            "TERM is dumb: this terminal cannot show the screen; set TERM to what it is, or run with --headless"
        }
    };
    Err(Failure::Usage(sentence.into()))
}

/// `160x48`
fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let (least, most) = (tui::view::SMALLEST, (400, 200));
    let size = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let fits = |(width, height): &(u16, u16)| (least.0..=most.0).contains(width) && (least.1..=most.1).contains(height);
    size.filter(fits)
        .ok_or_else(|| format!("allowed is WIDTHxHEIGHT from {}x{} to {}x{}", least.0, least.1, most.0, most.1))
}

/// One line that is drawn over itself.
fn status_line() -> impl FnMut(&Snapshot) + Send {
    |snapshot: &Snapshot| {
        let win_rate = snapshot.win_rate.map_or("-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let held = snapshot.symbols.iter().filter(|symbol| symbol.desk != Desk::Flat).count();
        // Fits 80 columns, so that it is drawn over itself.
        eprint!(
            "\rDEMO {} {} | {:.2} (day {:+.2}) | MDD {} % | won {win_rate} of {} | held {held} ",
            summary::clock(Some(snapshot.now)),
            snapshot.settings.strategy.as_str(),
            snapshot.equity,
            snapshot.day_pnl,
            summary::two_places(snapshot.max_drawdown * 100.0),
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
