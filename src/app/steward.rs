//! The steward: carries the person's wishes to engine and settings file, and gathers what the screen shows besides.
//!
//! Invariant: settings take effect by one way only: from the file, checked, to the engine as an input.
//! Absent on purpose: drawing, and trading.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::{engine_settings, gauges};
use crate::config::{self, Config, ConfigWatch, Effect};
use crate::engine::Snapshot;
use crate::runtime::wires::{Links, Steering};
use crate::tui::message::{Ask, Change, Reply};
use crate::tui::model::Model;
use crate::tui::text::ENGLISH;
use crate::tui::vitals::{RunState, Vitals};

/// What the steward works with.
pub struct Desk {
    pub config: Config,
    pub settings: ConfigWatch,
    pub first_run: bool,
    /// What the screen calls the market.
    pub market: String,
    pub snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    pub links: watch::Receiver<Links>,
    pub news: mpsc::Receiver<RunNews>,
    /// What to do after the end of a run.
    pub next: std::sync::mpsc::Sender<Next>,
}

/// What the steward hears of runs.
pub enum RunNews {
    Began { steering: mpsc::Sender<Steering>, stop: oneshot::Sender<()>, generated: bool },
    Ended(RunState),
}

/// What comes after a run that ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Again,
    GoOn,
    Quit,
}

/// The screen's ends of the steward's channels.
pub struct Ends {
    pub vitals: watch::Receiver<Arc<Vitals>>,
    pub replies: mpsc::Receiver<Reply>,
    pub asks: mpsc::Sender<Ask>,
}

pub struct Steward {
    desk: Desk,
    run: Option<Running>,
    /// In the settings file now, which may be ahead of the run for keys that count from the next start.
    file: Config,
    /// Settings that wait because the engine is busy.
    waiting: Option<Config>,
    vitals: watch::Sender<Arc<Vitals>>,
    replies: mpsc::Sender<Reply>,
    asks: mpsc::Receiver<Ask>,
}

struct Running {
    steering: mpsc::Sender<Steering>,
    stop: oneshot::Sender<()>,
}

/// How often links, memory and the settings file are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Asks and replies are keystrokes: few.
const QUEUE: usize = 32;

impl Ends {
    pub fn model(&self, size: (u16, u16)) -> Model {
        Model::new(&ENGLISH, Arc::clone(&self.vitals.borrow()), size)
    }
}

impl Steward {
    pub fn new(desk: Desk) -> (Steward, Ends) {
        let (vitals, vitals_seen) = watch::channel(Arc::new(gauges::vitals(
            &desk.config,
            &desk.market,
            &file_name(desk.settings.path()),
            desk.first_run,
        )));
        let (replies, replies_seen) = mpsc::channel(QUEUE);
        let (asks_made, asks) = mpsc::channel(QUEUE);
        let file = desk.config.clone();
        let steward = Steward { desk, run: None, file, waiting: None, vitals, replies, asks };
        (steward, Ends { vitals: vitals_seen, replies: replies_seen, asks: asks_made })
    }

    /// Until the person quits or the system asks the program to end.
    pub async fn serve(mut self) {
        let mut look = tokio::time::interval(LOOK);
        let mut ended = std::pin::pin!(super::interrupt());
        loop {
            tokio::select! {
                biased;
                _ = &mut ended => break,
                ask = self.asks.recv() => match ask {
                    Some(Ask::Quit) | None => break,
                    Some(ask) => self.carry(ask),
                },
                Some(news) = self.desk.news.recv() => self.hear(news),
                _ = look.tick() => self.look(),
            }
        }
        // What is dropped here ends the run: its stop, and the decision about the next.
        if let Some(run) = self.run.take() {
            run.stop.send(()).unwrap_or_default();
        }
        self.desk.next.send(Next::Quit).unwrap_or_default();
    }

    fn carry(&mut self, ask: Ask) {
        match ask {
            Ask::Command(command) => {
                let sent = self.run.as_ref().map(|run| run.steering.try_send(Steering::Command(command)));
                if let Some(Err(TrySendError::Full(_))) = sent {
                    self.reply(Reply::Busy);
                }
            }
            Ask::Save { change, undo } => self.save(change, undo),
            Ask::Again => self.desk.next.send(Next::Again).unwrap_or_default(),
            Ask::GoOn => self.desk.next.send(Next::GoOn).unwrap_or_default(),
            Ask::Quit => {}
        }
    }

    fn save(&mut self, change: Change, undo: bool) {
        let path = self.desk.settings.path().to_path_buf();
        match config::save(&path, change.setting.key(), &change.after.into()) {
            Ok(config) => {
                let file = file_name(&path);
                self.update_vitals(|vitals| vitals.first_run = false);
                self.adopt(config);
                // Our own change is no news.
                self.desk.settings.poll();
                self.reply(Reply::Saved { change, undo, file });
            }
            Err(error) => self.reply(Reply::NotSaved(error.to_string())),
        }
    }

    fn hear(&mut self, news: RunNews) {
        match news {
            RunNews::Began { steering, stop, generated } => {
                self.run = Some(Running { steering, stop });
                self.update_vitals(|vitals| {
                    vitals.run = RunState::Running;
                    if generated {
                        vitals.market = "A generated market".to_owned();
                    }
                });
                // A run begins with the settings of the start; what was changed since counts too.
                self.waiting = Some(self.file.clone());
                self.send_waiting();
            }
            RunNews::Ended(state) => {
                self.run = None;
                self.update_vitals(|vitals| vitals.run = state);
            }
        }
    }

    fn look(&mut self) {
        match self.desk.settings.poll() {
            None => {}
            Some(Err(error)) => {
                let sentence = error.to_string();
                tracing::warn!("{sentence}");
                self.update_vitals(|vitals| vitals.settings_problem = Some(sentence));
            }
            Some(Ok(config)) => {
                let what = described(&self.file, &config);
                self.update_vitals(|vitals| vitals.settings_problem = None);
                if !what.is_empty() {
                    tracing::info!("settings read again: {what}");
                    self.adopt(config);
                    self.reply(Reply::PickedUp(what));
                }
            }
        }
        self.send_waiting();
        let link = gauges::link(&self.desk.links.borrow());
        let memory = gauges::memory();
        self.update_vitals(|vitals| (vitals.link, vitals.memory) = (link, memory));
    }

    /// New settings come into force. A strategy that was switched on the screen stays unless the file names another.
    fn adopt(&mut self, config: Config) {
        let same_strategy = config.strategy == self.file.strategy;
        self.file = config;
        let mut wanted = self.file.clone();
        if same_strategy && let Some(snapshot) = self.desk.snapshots.borrow().as_ref() {
            wanted.strategy = snapshot.settings.strategy;
        }
        self.waiting = Some(wanted);
        self.send_waiting();
        let (fields, theme) = (gauges::fields(&self.file), gauges::theme(&self.file));
        self.update_vitals(|vitals| (vitals.fields, vitals.theme) = (fields, theme));
    }

    fn send_waiting(&mut self) {
        let (Some(config), Some(run)) = (&self.waiting, &self.run) else { return };
        let settings = engine_settings(&self.desk.config.in_force(config));
        // The engine already has them: nothing to say.
        let known = self.desk.snapshots.borrow().as_ref().is_some_and(|now| now.settings == settings);
        if known || !matches!(run.steering.try_send(Steering::Settings(Box::new(settings))), Err(TrySendError::Full(_)))
        {
            self.waiting = None;
        }
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

/// "invest_percent 25 -> 30, speed 60 -> 120 (from the next start on)".
fn described(old: &Config, new: &Config) -> String {
    let changes = old.changes(new).into_iter().map(|change| {
        let when = match change.effect {
            Effect::Now => "",
            Effect::NextStart => " (from the next start on)",
        };
        format!("{} {} -> {}{when}", change.key, change.old, change.new)
    });
    changes.collect::<Vec<_>>().join(", ")
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
