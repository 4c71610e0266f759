//! `Rehearsal`: a backtest that a person starts from the screen, and its report, on a thread of their own.
//!
//! Invariant: at most one thread at a time, which touches nothing of the live run; whoever drops the rehearsal has waited for
//! the thread, so no file stays half written.
//! Absent on purpose: the backtest itself (`backtest`), drawing (`tui`), and more than the last result.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;

use super::backtest::{self, Wanted};
use super::market::MarketPlan;
use super::report::{self, Charges};
use super::{Outcome, Progress, RunError, engine_settings, opener, shell};
use crate::config::{Config, FeePolicy, rules_for};
use crate::domain::Seed;
use crate::engine::model::Models;
use crate::performance::Summary;
use crate::performance::baselines::Baseline;
use crate::store::ParquetBars;
use crate::tui::backtest::{self as shown, Backtest, Figures, Ground, Pace, Page, PaidIn, Plan, Stage, Tested};
use crate::tui::vitals::Market;

/// What rehearsals of a session run over, and where their reports go.
#[derive(Debug, Clone)]
pub struct Grounds {
    /// The run's recording, opened anew each time; empty for a generated market.
    pub files: Vec<PathBuf>,
    /// The same as the person named them.
    pub names: Vec<PathBuf>,
    /// Rows of all files.
    pub rows: u64,
    /// Where the run itself cuts the recording.
    pub bars: Option<u64>,
    pub seed: Seed,
    pub journal: PathBuf,
    /// Where models are installed.
    pub home: PathBuf,
    pub settings_file: PathBuf,
}

pub struct Rehearsal {
    grounds: Grounds,
    job: Option<Job>,
    /// What the last backtest left behind.
    last: Option<Arc<Ran>>,
    stage: Stage,
    /// The newest plan with the settings that it was made of: settings seldom change.
    planned: Option<(Config, Plan)>,
    /// What the desktop opened for us; looked after until it ends.
    opened: Option<Child>,
}

/// What the thread answers at its end.
pub enum Done {
    Ran(Result<Box<Ran>, RunError>),
    Wrote(Result<(), RunError>),
    /// A bug, which the panic hook has told.
    Died,
}

/// A backtest that ended, with what its report needs.
pub struct Ran {
    config: Config,
    outcome: Outcome,
    figures: Summary,
    tested: Arc<Tested>,
    /// The command that makes the same result.
    command: Vec<(&'static str, Vec<String>)>,
    note: String,
}

struct Job {
    progress: Arc<Progress>,
    started: Instant,
    total: u64,
    thread: JoinHandle<()>,
    done: oneshot::Receiver<Done>,
}

impl Rehearsal {
    pub fn new(grounds: Grounds) -> Rehearsal {
        Rehearsal { grounds, job: None, last: None, stage: Stage::Idle, planned: None, opened: None }
    }

    /// For the screen: what these settings would be tested over, and how far the running one is.
    pub fn look(&mut self, config: &Config) -> Backtest {
        // A child that ended is taken leave of.
        self.opened.take_if(|child| !matches!(child.try_wait(), Ok(None)));
        let stage = match (&self.job, &self.stage) {
            (Some(job), Stage::Running(_)) => Stage::Running(job.pace()),
            (_, stage) => stage.clone(),
        };
        Backtest { plan: self.plan(config), stage }
    }

    fn plan(&mut self, config: &Config) -> Plan {
        if let Some((_, plan)) = self.planned.as_ref().filter(|(planned, _)| planned == config) {
            return plan.clone();
        }
        let plan = plan(config, &self.grounds);
        self.planned = Some((config.clone(), plan.clone()));
        plan
    }

    pub fn is_running(&self) -> bool {
        self.job.is_some()
    }

    /// Begins one, unless one is under way. `file` holds the settings as the file has them.
    pub fn start(&mut self, config: &Config, file: &Config, minutes: u64) {
        if self.job.is_some() {
            return;
        }
        let bars = match self.grounds.files.as_slice() {
            [] => Some(minutes.saturating_mul(config.symbols.len() as u64)),
            [_, ..] => self.grounds.bars,
        };
        let total = match self.grounds.files.as_slice() {
            [] => bars.unwrap_or_default(),
            [_, ..] => bars.unwrap_or(u64::MAX).min(self.grounds.rows),
        };
        let work = Work {
            plan: self.plan(config),
            command: self.grounds.command(bars),
            note: note(config, file),
            config: config.clone(),
            files: self.grounds.files.clone(),
            seed: self.grounds.seed,
            bars,
            home: self.grounds.home.clone(),
        };
        // The last one's memory goes before the next one takes its own.
        self.last = None;
        let progress = Arc::new(Progress::default());
        let watched = Arc::clone(&progress);
        self.stage = match spawn(progress, total, move || Done::Ran(work.carry_out(&watched).map(Box::new))) {
            Ok(job) => {
                let pace = job.pace();
                self.job = Some(job);
                Stage::Running(pace)
            }
            Err(error) => Stage::Failed(error.to_string()),
        };
    }

    pub fn cancel(&self) {
        if let Some(job) = &self.job {
            job.progress.cancel();
        }
    }

    /// Writes the report of the last one, beside the journal.
    pub fn write_report(&mut self) {
        let (None, Some(last), Stage::Finished { page, .. }) = (&self.job, &self.last, &mut self.stage) else { return };
        let (file, seed, last) = (self.grounds.page(), self.grounds.seed, Arc::clone(last));
        let write = move || Done::Wrote(last.write(&file, seed));
        *page = match spawn(Arc::default(), 0, write) {
            Ok(job) => {
                self.job = Some(job);
                Page::Writing
            }
            Err(error) => Page::Failed(error.to_string()),
        };
    }

    /// Completes when the thread is done; never while there is none. May be dropped and called again.
    pub async fn done(&mut self) -> Done {
        match &mut self.job {
            Some(job) => (&mut job.done).await.unwrap_or(Done::Died),
            None => pending().await,
        }
    }

    pub fn hear(&mut self, done: Done) {
        if let Some(job) = self.job.take() {
            // It has nothing left to do; its panic was told by the hook.
            job.thread.join().unwrap_or_default();
        }
        match done {
            Done::Ran(Ok(ran)) => {
                self.stage = Stage::Finished { tested: Arc::clone(&ran.tested), page: Page::None };
                self.last = Some(Arc::from(ran));
            }
            Done::Ran(Err(RunError::Stopped)) => self.stage = Stage::Cancelled,
            Done::Ran(Err(error)) => self.stage = Stage::Failed(error.to_string()),
            Done::Wrote(written) => self.hear_written(written),
            Done::Died => self.stage = Stage::Idle,
        }
    }

    fn hear_written(&mut self, written: Result<(), RunError>) {
        let Stage::Finished { page, .. } = &mut self.stage else { return };
        *page = match written {
            Ok(()) => {
                let file = self.grounds.page();
                self.opened = opener::open(&file);
                Page::Written { path: file.display().to_string(), opened: self.opened.is_some() }
            }
            Err(error) => Page::Failed(error.to_string()),
        };
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        self.cancel();
        if let Some(job) = self.job.take() {
            job.thread.join().unwrap_or_default();
        }
    }
}

impl Grounds {
    /// A generated market, and no place for reports of its own.
    pub fn generated(seed: Seed) -> Grounds {
        Grounds {
            files: Vec::new(),
            names: Vec::new(),
            rows: 0,
            bars: None,
            seed,
            journal: PathBuf::new(),
            home: PathBuf::new(),
            settings_file: PathBuf::new(),
        }
    }

    /// Beside the journal, with its name: the newest report of the session.
    fn page(&self) -> PathBuf {
        let stem = self.journal.file_stem().unwrap_or_default().to_string_lossy();
        let file = self.journal.with_file_name(format!("{stem}.backtest.html"));
        std::path::absolute(&file).unwrap_or(file)
    }

    /// As `kestrel backtest` reads it.
    fn command(&self, bars: Option<u64>) -> Vec<(&'static str, Vec<String>)> {
        let text = |path: &PathBuf| path.display().to_string();
        let config = Some(&self.settings_file).filter(|file| file.exists());
        vec![
            ("--config", config.iter().map(|file| text(file)).collect()),
            ("--data", self.names.iter().map(text).collect()),
            ("--bars", bars.iter().map(u64::to_string).collect()),
            ("--seed", vec![self.seed.0.to_string()]),
        ]
    }
}

impl Job {
    fn pace(&self) -> Pace {
        let seconds = self.started.elapsed().as_secs_f64();
        Pace::of(self.progress.bars(), self.total, seconds, self.progress.is_measuring())
    }
}

fn spawn(progress: Arc<Progress>, total: u64, work: impl FnOnce() -> Done + Send + 'static) -> Result<Job, RunError> {
    let (answer, done) = oneshot::channel();
    let thread = thread::Builder::new().name("backtest".to_owned()).spawn(move || {
        // Whoever no longer listens needs no answer.
        answer.send(work()).map_err(drop).unwrap_or_default();
    });
    let thread = thread.map_err(|error| RunError::Data(format!("the backtest cannot begin ({error}); try again")))?;
    Ok(Job { progress, started: Instant::now(), total, thread, done })
}

/// What the thread is given.
struct Work {
    config: Config,
    plan: Plan,
    files: Vec<PathBuf>,
    seed: Seed,
    bars: Option<u64>,
    home: PathBuf,
    command: Vec<(&'static str, Vec<String>)>,
    note: String,
}

impl Work {
    fn carry_out(self, progress: &Progress) -> Result<Ran, RunError> {
        let data = match self.files.as_slice() {
            [] => None,
            files => Some(
                ParquetBars::open(files, &self.config.symbols).map_err(|error| RunError::Data(error.to_string()))?,
            ),
        };
        let (seed, warmup_bars) = (self.seed, self.config.warmup_bars);
        let market = MarketPlan { data, seed, warmup_bars, anchor: None, bars: self.bars };
        let wanted =
            Wanted { is_recorded: true, progress: Some(progress), home: self.home.clone(), ..Wanted::default() };
        let mut outcome = backtest::run(&self.config, market, wanted)?;
        let figures = report::measure(&outcome, Charges::Configured(&self.config), seed);
        let figures = figures.ok_or_else(|| RunError::Data("the backtest was not recorded".to_owned()))?;
        // Measured: only the decisions are needed from here on.
        if let Some(recording) = &mut outcome.recording {
            (recording.samples, recording.closes) = (Vec::new(), Vec::new());
        }
        let tested = Arc::new(tested(self.plan, &outcome, &figures));
        Ok(Ran { config: self.config, outcome, figures, tested, command: self.command, note: self.note })
    }
}

impl Ran {
    fn write(&self, file: &Path, seed: Seed) -> Result<(), RunError> {
        let market = match &self.tested.plan.ground {
            Ground::Generated { .. } => "generated from the seed: no real prices".to_owned(),
            Ground::Recorded { market, .. } => format!("recorded: {}", market.name(&crate::tui::text::ENGLISH)),
        };
        let mut options = self.command.clone();
        options.push(("--report", vec![file.display().to_string()]));
        let command = format!("{}{}", shell::command("backtest", &options), self.note);
        let charges = Charges::Configured(&self.config);
        report::write(&self.outcome, &self.figures, charges, &report::Page { file, command, market, seed })
    }
}

/// What these settings would be tested over.
pub fn plan(config: &Config, grounds: &Grounds) -> Plan {
    let quote = config.symbols.first().map(|symbol| rules_for(symbol).quote.as_str().to_owned());
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Plan {
        settings: engine_settings(config, &Models::default()),
        symbols: config.symbols.clone(),
        quote: quote.unwrap_or_default(),
        capital: config.start(),
        charges: shown::Charges {
            maker: config.maker_fee(),
            taker: config.taker_fee(),
            half_spread: config.half_spread(),
            impact: config.impact(),
            participation: Some(config.participation()).filter(|share| share.is_positive()),
            markout: config.markout(),
            paid_in: match config.fee_policy {
                FeePolicy::Received => PaidIn::Received,
                FeePolicy::Bnb => PaidIn::Bnb,
                FeePolicy::Quote => PaidIn::Quote,
            },
            latency_ms: config.latency_ms,
        },
        ground: match grounds.files.is_empty() {
            true => Ground::Generated { seed: grounds.seed },
            false => Ground::Recorded {
                market: Market::Files(grounds.names.iter().map(name).collect()),
                bars: grounds.bars.unwrap_or(u64::MAX).min(grounds.rows),
            },
        },
    }
}

fn tested(plan: Plan, outcome: &Outcome, figures: &Summary) -> Tested {
    let engine = &outcome.engine;
    let performance = engine.performance();
    let line = |baseline: &Baseline| Figures {
        total_return: baseline.equity.total_return,
        max_drawdown: baseline.equity.max_drawdown,
        sharpe: baseline.equity.daily.sharpe,
    };
    let baselines = &figures.baselines;
    Tested {
        plan,
        bars: performance.bars(),
        first: engine.first_bar(),
        last: engine.last_bar(),
        equity: engine.equity(),
        strategy: Figures {
            total_return: figures.equity.total_return,
            max_drawdown: figures.equity.max_drawdown,
            sharpe: figures.equity.daily.sharpe,
        },
        flat: baselines.flat.as_ref().map(line).map_err(|hidden| *hidden),
        buy_and_hold: baselines.buy_and_hold.as_ref().map(line).map_err(|hidden| *hidden),
        trades: performance.trades.trades(),
        win_rate: performance.trades.rate(),
        fees: engine.fees(),
        state_hash: engine.state_hash(),
        seconds: outcome.stopwatch.read().wall_seconds,
    }
}

/// Settings in force that the file does not hold, as a shell's comment behind the command.
fn note(config: &Config, file: &Config) -> String {
    // The data name the symbols, and the speed of a backtest is its own.
    let differing = file.changes(config).into_iter().filter(|change| !["symbols", "speed"].contains(&change.key));
    let told: Vec<String> = differing.map(|change| format!("{} {}", change.key, change.new)).collect();
    if told.is_empty() { String::new() } else { format!("  # with {} in the settings", told.join(", ")) }
}
