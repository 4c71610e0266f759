//! The workstation, joined: the screen and its steward on one thread, one run after the other on another.
//!
//! Invariant: the engine never waits for the screen; a screen that dies ends the run in order, with its journal closed.
//! Absent on purpose: what keys do (`tui`) and what a run is (`demo`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot, watch};

use super::demo::{self, Demo, Hand, ModelRun, Reins, Venue};
use super::market::MarketPlan;
use super::rehearsal::Grounds;
use super::steward::{Desk, Next, RunNews, Steward};
use super::{Outcome, RunError, voice};
use crate::config::{Config, ConfigWatch};
use crate::domain::{Seed, Span, Time};
use crate::engine::Snapshot;
use crate::journal::JournalWriter;
use crate::runtime::live::EndReason;
use crate::runtime::wires::ScreenSenders;
use crate::store::{ParquetBars, StoreError};
use crate::telemetry::LogLine;
use crate::tui::screen::{Feeds, show};
use crate::tui::terminal;
use crate::tui::vitals::{Market, RunState};

/// All that a session at the screen needs.
pub struct Workstation {
    /// With the command line's changes in it.
    pub config: Config,
    /// As the file has it.
    pub file: Config,
    /// The settings file, watched since before it was read; a first edit makes it.
    pub settings: ConfigWatch,
    /// There was no settings file.
    pub first_run: bool,
    /// The market's files as the person named them, as they lie on the disk, and opened for the first run.
    pub names: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
    pub data: Option<ParquetBars>,
    pub venue: Option<Venue>,
    pub seed: Seed,
    pub bars: Option<u64>,
    pub journal: PathBuf,
    /// Where what outside sources say is kept.
    pub home: PathBuf,
    pub trades_file: Option<PathBuf>,
    pub log: mpsc::Receiver<LogLine>,
    /// A drill: the screen panics after so long.
    pub panic_after: Option<std::time::Duration>,
}

/// Shows and trades until the person quits.
pub fn run(workstation: Workstation) -> Result<Outcome, RunError> {
    let grounds = Grounds {
        files: workstation.files.clone(),
        names: workstation.names.clone(),
        rows: workstation.data.as_ref().map_or(0, ParquetBars::rows),
        bars: workstation.bars,
        seed: workstation.seed,
        journal: workstation.journal.clone(),
        home: workstation.home.clone(),
        settings_file: workstation.settings.path().to_path_buf(),
    };
    let market = MarketPlan {
        data: workstation.data,
        seed: workstation.seed,
        warmup_bars: workstation.config.warmup_bars,
        anchor: None,
        bars: workstation.bars,
    };
    let senders = ScreenSenders::new();
    let seen = senders.snapshots.subscribe();
    // A run begins and ends: few items wait at once.
    let (news, news_heard) = mpsc::channel(4);
    let (next, decided) = std::sync::mpsc::channel();
    let desk = Desk {
        config: workstation.config.clone(),
        file: workstation.file,
        settings: workstation.settings,
        first_run: workstation.first_run,
        market: named(&workstation.names, workstation.venue.is_some()),
        grounds,
        links: senders.links.subscribe(),
        news: news_heard,
        home: workstation.home.clone(),
        next,
    };
    let (log, panic_after) = (workstation.log, workstation.panic_after);
    let screen = thread::Builder::new().name("screen".to_owned()).spawn(move || person(desk, seen, log, panic_after));
    let screen = screen.map_err(|error| RunError::Terminal(format!("the screen cannot start ({error})")))?;
    let runs = Runs {
        config: workstation.config,
        venue: workstation.venue,
        files: workstation.files,
        seed: workstation.seed,
        bars: workstation.bars,
        journal: workstation.journal,
        home: workstation.home,
        trades_file: workstation.trades_file,
        senders,
        news,
    };
    let outcome = runs.until_quit(market, &decided);
    match screen.join() {
        Ok(Ok(())) => outcome,
        Ok(Err(error)) => Err(error),
        // Told by the panic hook; the status is that of a bug.
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The person's side: screen and steward, on one thread with its own event loop.
fn person(
    desk: Desk,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    log: mpsc::Receiver<LogLine>,
    panic_after: Option<std::time::Duration>,
) -> Result<(), RunError> {
    let failed = |error: std::io::Error| RunError::Terminal(format!("the terminal cannot be used ({error})"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let (steward, ends) = Steward::new(desk);
        // Signals are heard before the terminal is taken.
        let signal = super::interrupt().map_err(failed)?;
        let (mut screen, guard) = terminal::enter().map_err(failed)?;
        let size = screen.size().map_err(failed)?;
        let model = ends.model((size.width, size.height));
        let feeds = Feeds { snapshots, vitals: ends.vitals, log, replies: ends.replies, asks: ends.asks };
        let drill = async {
            match panic_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            panic!("a drill, as it was asked for");
        };
        let mut served = std::pin::pin!(steward.serve(Box::pin(signal)));
        // Whoever ends first ends the other: the steward by a signal, the screen by its person.
        let shown = tokio::select! {
            biased;
            shown = show(&mut screen, terminal::events(), model, feeds, terminal::is_entered) => Some(shown),
            () = &mut served => None,
            () = drill => None,
        };
        drop(guard);
        match shown {
            Some(shown) => {
                // What was asked for before the end is carried out first.
                served.await;
                shown.map(drop).map_err(failed)
            }
            None => Ok(()),
        }
    })
}

/// One run after the other.
struct Runs {
    config: Config,
    venue: Option<Venue>,
    files: Vec<PathBuf>,
    seed: Seed,
    bars: Option<u64>,
    journal: PathBuf,
    home: PathBuf,
    trades_file: Option<PathBuf>,
    senders: ScreenSenders,
    news: mpsc::Sender<RunNews>,
}

/// What the run of this number (from one) writes: the files of a later one bear its number.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_path_buf();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let end = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}.{number}{end}"))
}

impl Runs {
    /// Ends with the outcome of the last run.
    fn until_quit(mut self, first: MarketPlan, decided: &std::sync::mpsc::Receiver<Next>) -> Result<Outcome, RunError> {
        let mut market = first;
        for number in 1.. {
            let ended = self.one(market, number);
            let state = match &ended {
                Ok((_, EndReason::Stopped)) => return ended.map(|(outcome, _)| outcome),
                Ok((_, EndReason::MarketEnded)) => RunState::Finished,
                Ok((_, EndReason::Failed(why))) => RunState::Failed(why.clone()),
                // Nothing to look at: the sentence goes to the shell.
                Err(_) => return ended.map(|(outcome, _)| outcome),
            };
            let last = ended.as_ref().ok().and_then(|(outcome, _)| outcome.engine.last_bar());
            if self.news.blocking_send(RunNews::Ended(state.clone())).is_err() {
                return conclude(ended, &state);
            }
            market = match decided.recv() {
                Ok(Next::Again(config)) => {
                    self.config = *config;
                    self.again()?
                }
                Ok(Next::GoOn(config)) => {
                    self.config = *config;
                    self.generated(last)
                }
                Ok(Next::Quit) | Err(_) => return conclude(ended, &state),
            };
        }
        Err(RunError::Terminal("more runs than can be counted".to_owned()))
    }

    fn one(&self, market: MarketPlan, number: u32) -> Result<(Outcome, EndReason), RunError> {
        // What cannot begin leaves the journal of the run before.
        let models = ModelRun::of(&self.config, &self.home)?;
        let journal = JournalWriter::create(&numbered(&self.journal, number))
            .map_err(|error| RunError::Data(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let generated = market.data.is_none() && self.venue.is_none();
        let news = self.news.clone();
        // A steward that is gone cannot stop the run: the dropped `stop` does.
        let on_begin = move |reins: Reins| {
            news.try_send(RunNews::Began { reins, stop, generated }).unwrap_or_default();
        };
        demo::run_to_end(Demo {
            config: &self.config,
            market,
            venue: self.venue.clone(),
            journal: Some(Box::new(journal)),
            feeds: super::feeds::plan(&self.config, self.seed, Some(&self.home)),
            models: Some(models),
            trades_file: self.trades_file.as_deref().map(|path| numbered(path, number)),
            commands: Vec::new(),
            on_notice: Some(Box::new(voice::log(&self.config.symbols))),
            on_status: None,
            hand: Some(Hand { screen: self.senders.clone(), on_begin: Box::new(on_begin), stop: stopped }),
        })
    }

    /// The same market from its beginning.
    fn again(&self) -> Result<MarketPlan, RunError> {
        let data = open(&self.files, &self.config).map_err(|error| RunError::Data(error.to_string()))?;
        Ok(MarketPlan { data, bars: self.bars, ..self.generated(None) })
    }

    /// A generated market that begins where the last one ended.
    fn generated(&self, last: Option<Time>) -> MarketPlan {
        MarketPlan {
            data: None,
            seed: self.seed,
            warmup_bars: self.config.warmup_bars,
            anchor: last.map(|time| time.plus(Span::MINUTE)),
            bars: None,
        }
    }
}

fn open(files: &[PathBuf], config: &Config) -> Result<Option<ParquetBars>, StoreError> {
    match files {
        [] => Ok(None),
        files => ParquetBars::open(files, &config.symbols).map(Some),
    }
}

/// A run that failed is a failure also when the person has looked at it first.
fn conclude(ended: Result<(Outcome, EndReason), RunError>, state: &RunState) -> Result<Outcome, RunError> {
    match state {
        RunState::Failed(why) => Err(RunError::Venue(why.clone())),
        RunState::Running | RunState::Finished => ended.map(|(outcome, _)| outcome),
    }
}

fn named(names: &[PathBuf], elsewhere: bool) -> Market {
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match names {
        [] if elsewhere => Market::Elsewhere,
        [] => Market::Generated,
        names => Market::Files(names.iter().map(name).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_runs_write_files_of_their_own() {
        let path = Path::new("folder/demo.journal");
        assert_eq!(numbered(path, 1), path);
        assert_eq!(numbered(path, 2), Path::new("folder/demo.2.journal"));
        assert_eq!(numbered(Path::new("trades"), 3), Path::new("trades.3"));
    }
}
