//! The steward: carries the person's wishes to engine and settings file, and gathers what the screen shows besides.
//!
//! Invariant: settings take effect by one way only: from the file, checked, to the engine as an input.
//! Absent on purpose: drawing, and trading.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::demo::{ModelReins, Reins};
use super::rehearsal::{Grounds, Rehearsal};
use super::seats::Seats;
use super::{engine_settings, gauges};
use crate::config::{self, Config, ConfigWatch, Effect};
use crate::domain::Command;
use crate::engine::Settings;
use crate::engine::model::ModelSlot;
use crate::engine::settings::StrategyName;
use crate::runtime::wires::{Links, Steering};
use crate::tui::message::{Ask, Change, Reply};
use crate::tui::model::Model;
use crate::tui::models::Models;
use crate::tui::text::ENGLISH;
use crate::tui::vitals::{Market, RunState, Vitals};

/// What the steward works with.
pub struct Desk {
    /// What runs begin with: the file's settings with the command line's changes.
    pub config: Config,
    /// The file's settings alone.
    pub file: Config,
    pub settings: ConfigWatch,
    /// There was no settings file.
    pub first_run: bool,
    pub market: Market,
    /// What backtests from the screen run over.
    pub grounds: Grounds,
    pub links: watch::Receiver<Links>,
    pub news: mpsc::Receiver<RunNews>,
    /// Where models are installed.
    pub home: PathBuf,
    /// What to do after the end of a run.
    pub next: std::sync::mpsc::Sender<Next>,
}

/// What the steward hears of runs.
pub enum RunNews {
    Began { reins: Reins, stop: oneshot::Sender<()>, generated: bool },
    Ended(RunState),
}

/// What comes after a run that ended by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The same market once more, with these settings.
    Again(Box<Config>),
    /// A generated market, with these settings.
    GoOn(Box<Config>),
    Quit,
}

/// The screen's ends of the steward's channels.
pub struct Ends {
    pub vitals: watch::Receiver<Arc<Vitals>>,
    pub replies: mpsc::Receiver<Reply>,
    pub asks: mpsc::Sender<Ask>,
}

/// Completes when the system asks the program to end.
pub type Signal = Pin<Box<dyn Future<Output = ()>>>;

pub struct Steward {
    desk: Desk,
    run: Option<Running>,
    /// Settings that wait because the engine is busy, or because there is no run.
    waiting: Option<Config>,
    /// Pause was pressed before there was a run.
    pauses_at_once: bool,
    rehearsal: Rehearsal,
    /// The models that were read last.
    seats: Seats,
    vitals: watch::Sender<Arc<Vitals>>,
    replies: mpsc::Sender<Reply>,
    asks: mpsc::Receiver<Ask>,
}

struct Running {
    steering: mpsc::Sender<Steering>,
    models: Option<ModelReins>,
    stop: oneshot::Sender<()>,
    /// The settings that this run has been given last, a strategy switched by command included.
    given: Settings,
}

/// How often links, memory and the settings file are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often a backtest that runs is looked at.
const GLANCE: Duration = Duration::from_millis(150);
/// Asks and replies are keystrokes: few.
const QUEUE: usize = 32;

impl Ends {
    pub fn model(&self, size: (u16, u16)) -> Model {
        Model::new(&ENGLISH, Arc::clone(&self.vitals.borrow()), size)
    }
}

impl Steward {
    pub fn new(desk: Desk) -> (Steward, Ends) {
        // Whoever begins the run says what is wrong with them.
        let seats = Seats::of(&desk.config, &desk.home).unwrap_or_default();
        let mut rehearsal = Rehearsal::new(desk.grounds.clone());
        let backtest = rehearsal.look(&desk.config);
        let first = gauges::vitals(&desk.config, &seats, desk.market.clone(), desk.first_run, backtest);
        let (vitals, vitals_seen) = watch::channel(Arc::new(first));
        let (replies, replies_seen) = mpsc::channel(QUEUE);
        let (asks_made, asks) = mpsc::channel(QUEUE);
        let steward =
            Steward { desk, run: None, waiting: None, pauses_at_once: false, rehearsal, seats, vitals, replies, asks };
        (steward, Ends { vitals: vitals_seen, replies: replies_seen, asks: asks_made })
    }

    /// Until the person quits, the system asks the program to end, or there will be no more runs.
    pub async fn serve(mut self, mut signal: Signal) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                biased;
                () = &mut signal => break,
                ask = self.asks.recv() => match ask {
                    Some(Ask::Quit) | None => break,
                    Some(ask) => self.carry(ask).await,
                },
                news = self.desk.news.recv() => match news {
                    Some(news) => self.hear(news).await,
                    None => break,
                },
                done = self.rehearsal.done() => self.rehearsal.hear(done),
                _ = look.tick() => self.look().await,
                () = tokio::time::sleep(GLANCE), if self.rehearsal.is_running() => {}
            }
            self.tell_backtest();
        }
        if let Some(run) = self.run.take() {
            run.stop.send(()).unwrap_or_default();
        }
        self.desk.next.send(Next::Quit).unwrap_or_default();
    }

    async fn carry(&mut self, ask: Ask) {
        match ask {
            Ask::Command(command) => self.command(command),
            Ask::Save { changes, undo } => self.save(changes, undo).await,
            Ask::Again => self.next(Next::Again),
            Ask::GoOn => self.next(Next::GoOn),
            Ask::Backtest { minutes } => self.rehearsal.start(&self.in_force(), &self.desk.file, minutes),
            Ask::CancelBacktest => self.rehearsal.cancel(),
            Ask::BacktestReport => self.rehearsal.write_report(),
            Ask::Quit => {}
        }
    }

    /// The next run begins with what was edited since.
    fn next(&mut self, next: fn(Box<Config>) -> Next) {
        self.desk.config = self.desk.config.in_force(&self.desk.file);
        self.desk.next.send(next(Box::new(self.desk.config.clone()))).unwrap_or_default();
    }

    fn command(&mut self, command: Command) {
        let Some(run) = &mut self.run else {
            // Whoever wants to be safe need not wait for a run.
            self.pauses_at_once |= command == Command::Pause;
            return self.reply(Reply::NoRun { pauses: self.pauses_at_once });
        };
        let strategy = match &command {
            Command::SwitchStrategy(name) => StrategyName::parse(name),
            Command::Pause
            | Command::Resume
            | Command::Halt
            | Command::Rearm
            | Command::SetInvest(_)
            | Command::Flatten
            | Command::Cancel(_) => None,
        };
        match run.steering.try_send(Steering::Command(command)) {
            Ok(()) => run.given.strategy = strategy.unwrap_or(run.given.strategy),
            Err(TrySendError::Full(_)) => self.reply(Reply::Busy),
            Err(TrySendError::Closed(_)) => self.reply(Reply::NoRun { pauses: false }),
        }
    }

    /// One value after the other, each whole; the first that fails ends it.
    async fn save(&mut self, changes: Vec<Change>, undo: bool) {
        let path = self.desk.settings.path().to_path_buf();
        if !path.exists() && !self.desk.first_run {
            // The shipped settings must not come into force by the way.
            let sentence = format!("{}: the settings file is gone; put it back, then edit", path.display());
            return self.reply(Reply::NotSaved { changes, undo, sentence });
        }
        let file = file_name(&path);
        let values: Vec<(&'static str, f64)> =
            changes.iter().map(|change| (change.setting.key(), change.after)).collect();
        let keys: Vec<&'static str> = values.iter().map(|(key, _)| *key).collect();
        // The disk is waited for elsewhere: the screen goes on.
        let saved = tokio::task::spawn_blocking(move || {
            let saved = values.into_iter().map(|(key, value)| config::save(&path, key, &value.into()));
            saved.reduce(|before, after| before.and(after))
        });
        let sentence = match saved.await {
            Ok(Some(Ok(config))) => {
                // Our own change is no news; what else the file held by then is.
                self.desk.settings.poll();
                self.desk.first_run = false;
                self.update_vitals(|vitals| (vitals.first_run, vitals.settings_problem) = (false, None));
                self.announce(&config, &keys);
                self.adopt(config).await;
                return self.reply(Reply::Saved { changes, undo, file });
            }
            Ok(Some(Err(error))) => error.to_string(),
            Ok(None) => return,
            Err(error) => error.to_string(),
        };
        self.reply(Reply::NotSaved { changes, undo, sentence });
    }

    /// The settings of now: those of the run, or of the next one where there is none.
    fn in_force(&self) -> Config {
        let mut config = self.desk.config.in_force(&self.desk.file);
        if let Some(run) = &self.run {
            config.strategy = run.given.strategy;
        }
        config
    }

    fn tell_backtest(&mut self) {
        let backtest = self.rehearsal.look(&self.in_force());
        self.update_vitals(|vitals| vitals.backtest = backtest);
    }

    async fn hear(&mut self, news: RunNews) {
        match news {
            RunNews::Began { reins: Reins { steering, models }, stop, generated } => {
                if let Some(reins) = &models {
                    self.seats = reins.seats.clone();
                }
                let given = engine_settings(&self.desk.config, &self.seats.models);
                self.run = Some(Running { steering, models, stop, given });
                let market = if generated { Market::Generated } else { self.desk.market.clone() };
                self.update_vitals(|vitals| {
                    (vitals.run, vitals.market) = (RunState::Running, market);
                    vitals.runs += 1;
                });
                if std::mem::take(&mut self.pauses_at_once) {
                    self.command(Command::Pause);
                }
                // What was changed while it connected counts too.
                self.seat(&self.desk.file.clone()).await;
                self.waiting = Some(self.desk.file.clone());
                self.send_waiting();
            }
            RunNews::Ended(state) => {
                self.run = None;
                self.update_vitals(|vitals| vitals.run = state);
            }
        }
    }

    async fn look(&mut self) {
        match self.desk.settings.poll() {
            None => {}
            Some(Err(error)) => {
                let sentence = error.to_string();
                tracing::warn!("{sentence}");
                self.update_vitals(|vitals| vitals.settings_problem = Some(sentence));
            }
            Some(Ok(config)) => {
                self.desk.first_run = false;
                self.update_vitals(|vitals| (vitals.first_run, vitals.settings_problem) = (false, None));
                self.announce(&config, &[]);
                self.adopt(config).await;
            }
        }
        self.send_waiting();
        let memory = gauges::memory();
        let link = self.run.as_ref().map(|_| gauges::link(&self.desk.links.borrow()));
        let models = self.models();
        self.update_vitals(|vitals| {
            vitals.memory = memory;
            vitals.models = models;
            // Between runs there is no link that could age.
            vitals.link = link.unwrap_or_else(|| vitals.link.clone());
        });
    }

    fn models(&self) -> Models {
        let reins = self.run.as_ref().and_then(|run| run.models.as_ref());
        gauges::models(&self.seats, reins.map(|reins| reins.view.borrow().clone()).as_ref())
    }

    /// Says what the file changes, but for the keys that the person edited here.
    fn announce(&self, config: &Config, edited: &[&str]) {
        let of = |effect: Effect| {
            let changes = self.desk.file.changes(config).into_iter();
            let changes = changes.filter(|change| change.effect == effect && !edited.contains(&change.key));
            changes
                .map(|change| format!("{} {} -> {}", change.key, change.old, change.new))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (now, later) = (of(Effect::Now), of(Effect::NextStart));
        if !(now.is_empty() && later.is_empty()) {
            tracing::info!(now, later, "settings read again");
            self.reply(Reply::PickedUp { now, later });
        }
    }

    /// New settings come into force. A strategy that was switched on the screen stays unless the file names another.
    async fn adopt(&mut self, config: Config) {
        let mut wanted = config.clone();
        if let Some(run) = self.run.as_ref().filter(|_| config.strategy == self.desk.file.strategy) {
            wanted.strategy = run.given.strategy;
        }
        let (fields, theme) = (gauges::fields(&config), gauges::theme(&config));
        self.update_vitals(|vitals| (vitals.fields, vitals.theme) = (fields, theme));
        self.seat(&wanted).await;
        self.desk.file = config;
        self.waiting = Some(wanted);
        self.send_waiting();
    }

    /// Other models fill the slots: they are opened and proven beside those that run, and only then is the engine told.
    /// What cannot be used leaves things as they are.
    async fn seat(&mut self, config: &Config) {
        let seats = match Seats::of(config, &self.desk.home) {
            Ok(seats) => seats,
            Err(error) => return self.complain(error.to_string()),
        };
        seats.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        let reins = self.run.as_ref().and_then(|run| run.models.as_ref()).map(|reins| reins.steering.clone());
        for (slot, plan) in self.seats.changes(&seats) {
            let model = plan.map(|plan| (plan.spec.clone(), Arc::clone(&plan.onnx)));
            let swapped = match &reins {
                Some(steering) => steering.swap(slot, model).await,
                None => Ok(()),
            };
            match swapped {
                Ok(()) => self.seats.take(slot, &seats),
                Err(why) => self.complain(why),
            }
        }
        // What is only told of them may have changed too.
        let same = ModelSlot::ALL.map(|slot| self.seats.models.get(slot) == seats.models.get(slot));
        let same = ModelSlot::ALL.into_iter().zip(same).filter(|(_, is_same)| *is_same);
        same.for_each(|(slot, _)| self.seats.take(slot, &seats));
    }

    fn complain(&self, sentence: String) {
        tracing::warn!("{sentence}");
        self.update_vitals(|vitals| vitals.settings_problem = Some(sentence));
    }

    fn send_waiting(&mut self) {
        let (Some(config), Some(run)) = (&self.waiting, &mut self.run) else { return };
        let settings = engine_settings(&self.desk.config.in_force(config), &self.seats.models);
        if settings != run.given {
            match run.steering.try_send(Steering::Settings(Box::new(settings.clone()))) {
                Ok(()) => run.given = settings,
                Err(TrySendError::Full(_)) => return,
                Err(TrySendError::Closed(_)) => {}
            }
        }
        self.waiting = None;
    }

    fn reply(&self, reply: Reply) {
        // A screen that reads no replies is gone.
        self.replies.try_send(reply).unwrap_or_default();
    }

    /// Tells the screen only what has changed.
    fn update_vitals(&self, change: impl FnOnce(&mut Vitals)) {
        let mut vitals = Vitals::clone(&self.vitals.borrow());
        change(&mut vitals);
        self.vitals.send_if_modified(|now| {
            let differs = **now != vitals;
            if differs {
                *now = Arc::new(vitals);
            }
            differs
        });
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
