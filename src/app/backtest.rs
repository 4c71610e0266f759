//! A backtest, joined: market, simulator, engine.
//!
//! Invariant: the same settings and files as a demo give the same fills, equity and state hash.
//! Absent on purpose: arguments and printing.

use std::path::{Path, PathBuf};

use super::market::{self, MarketPlan};
use super::seats::Seats;
use super::{Outcome, Progress, RunError, Stopwatch, engine_settings, rules, session, trades, venue_settings};
use crate::config::{Config, regimes};
use crate::domain::{Seed, SymbolId};
use crate::engine::Start;
use crate::engine::ports::{BarSource, Journal};
use crate::journal::JournalWriter;
use crate::runtime::Finished;
use crate::runtime::backtest::{Backtest, BacktestError, Detail, backtest, recorded_backtest, start_balances};
use crate::simulator::Simulator;

/// What is wanted of a backtest besides its result.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Closed trades and fills as CSV.
    pub trades_file: Option<PathBuf>,
    /// Where the journal goes, which `explain` and `replay` read.
    pub journal: Option<PathBuf>,
    /// For a report or baselines; costs memory and a little time.
    pub is_recorded: bool,
    /// Where installed models and the library that runs them are looked for.
    pub home: PathBuf,
    /// Somebody watches and may cancel.
    pub progress: Option<&'a Progress>,
}

/// Runs to the end of the market; one that was cancelled is `RunError::Stopped`.
pub fn run(config: &Config, plan: MarketPlan, wanted: Wanted<'_>) -> Result<Outcome, RunError> {
    let stopwatch = Stopwatch::start();
    let finished = drive(config, plan, &wanted)?;
    if let Some(progress) = wanted.progress {
        if progress.is_cancelled() {
            return Err(RunError::Stopped);
        }
        progress.begin_measuring(finished.engine.performance().bars());
    }
    if let Some(path) = &wanted.trades_file {
        trades::write(path, &rules(config)?, &finished.record)?;
    }
    Ok(Outcome::of("backtest", finished, stopwatch))
}

/// The run itself, with its record.
pub fn finish(config: &Config, plan: MarketPlan, home: &Path) -> Result<Finished, RunError> {
    drive(config, plan, &Wanted { home: home.to_path_buf(), ..Wanted::default() })
}

fn drive(config: &Config, plan: MarketPlan, wanted: &Wanted<'_>) -> Result<Finished, RunError> {
    let rules = rules(config)?;
    let seed = plan.seed;
    let mut source = market::open(plan, &rules);
    let seats = Seats::if_taken(config, &wanted.home)?;
    seats.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let start = start(config, &seats, seed, source.as_mut(), rules.len())?;
    let inference = seats.inference(config, &start.settings, &wanted.home)?;
    let simulator = Simulator::new(rules, venue_settings(config));
    let journal = wanted.journal.as_deref().map(JournalWriter::create).transpose();
    let journal = journal.map_err(|error| RunError::Data(error.to_string()))?;
    let made = Backtest {
        source: source.as_mut(),
        simulator,
        start,
        detail: Detail::Skip,
        commands: Vec::new(),
        journal: journal.map(|journal| Box::new(journal) as Box<dyn Journal>),
        inference,
        on_close: wanted.progress.map(Progress::on_close),
        on_notice: None,
    };
    let done = if wanted.is_recorded { recorded_backtest(made) } else { backtest(made) };
    done.map_err(|error| match error {
        BacktestError::Source(_) | BacktestError::Bar(_) | BacktestError::Journal(_) => {
            RunError::Data(error.to_string())
        }
    })
}

fn start(
    config: &Config,
    seats: &Seats,
    seed: Seed,
    source: &mut dyn BarSource,
    symbols: usize,
) -> Result<Start, RunError> {
    let rules = rules(config)?;
    let history = (0..symbols).map(|at| source.history(SymbolId(at as u16))).collect::<Result<Vec<_>, _>>();
    Ok(Start {
        session: session(seed),
        settings: engine_settings(config, &seats.models),
        balances: start_balances(&rules, config.start()),
        history: history.map_err(|error| RunError::Data(error.to_string()))?,
        rules,
        regimes: regimes(),
        has_books: false,
    })
}
