//! The loop of the screen: messages in, frames and asks out.
//!
//! Invariant: at most 30 frames a second, and none while nothing has changed; a frame never waits for the engine.
//! Absent on purpose: decisions; `update` takes them.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::message::{Ask, Message, Reply};
use super::model::Model;
use super::update::update;
use super::view;
use super::vitals::Vitals;
use crate::engine::Snapshot;
use crate::telemetry::LogLine;

/// The shortest time between two frames.
pub const FRAME: Duration = Duration::from_millis(34);
const SECOND: Duration = Duration::from_secs(1);

/// What flows to the screen and from it.
pub struct Feeds {
    pub snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Its end ends the screen.
    pub vitals: watch::Receiver<Arc<Vitals>>,
    pub log: mpsc::Receiver<LogLine>,
    pub replies: mpsc::Receiver<Reply>,
    pub asks: mpsc::Sender<Ask>,
}

/// What a screen did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frames {
    pub drawn: u64,
}

/// Shows until the person quits, the keys or the feeds end, or `is_on` says no. Errors are those of the terminal.
pub async fn show<W: Write>(
    terminal: &mut Terminal<CrosstermBackend<W>>,
    input: impl Stream<Item = Message>,
    mut model: Model,
    mut feeds: Feeds,
    is_on: fn() -> bool,
) -> io::Result<Frames> {
    let mut input = std::pin::pin!(input);
    let mut frames = Frames::default();
    let mut dirty = true;
    let mut drawn: Option<Instant> = None;
    let (mut has_log, mut has_snapshots) = (true, true);
    let mut tick = tokio::time::interval(SECOND);
    // Seconds without a sentence are not made up for.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = drawn.map_or(Duration::ZERO, |at| FRAME.saturating_sub(at.elapsed()));
        if !is_on() {
            return Ok(frames);
        }
        if dirty && due.is_zero() {
            draw(terminal, &model)?;
            frames.drawn += 1;
            drawn = Some(Instant::now());
            dirty = false;
            continue;
        }
        let message = tokio::select! {
            biased;
            message = input.next() => match message {
                Some(message) => Some(message),
                // A screen without a keyboard could not be left.
                None => return Ok(frames),
            },
            reply = feeds.replies.recv() => match reply {
                Some(reply) => Some(Message::Reply(reply)),
                None => return Ok(frames),
            },
            changed = feeds.vitals.changed() => match changed {
                Ok(()) => Some(Message::Vitals(Arc::clone(&feeds.vitals.borrow_and_update()))),
                Err(_) => return Ok(frames),
            },
            () = tokio::time::sleep(due), if dirty => None,
            changed = feeds.snapshots.changed(), if has_snapshots => {
                has_snapshots = changed.is_ok();
                feeds.snapshots.borrow_and_update().clone().map(Message::Snapshot)
            }
            line = feeds.log.recv(), if has_log => {
                has_log = line.is_some();
                line.map(Message::Log)
            }
            _ = tick.tick(), if model.toast.is_some() => Some(Message::Tick),
        };
        let Some(message) = message else { continue };
        dirty = true;
        if matches!(message, Message::Continued) {
            // As after a resize: everything is drawn anew.
            let Size { width, height } = terminal.size()?;
            terminal.resize(Rect { x: 0, y: 0, width, height })?;
        }
        if let Some(ask) = update(&mut model, message) {
            let quits = ask == Ask::Quit;
            if feeds.asks.send(ask).await.is_err() || quits {
                return Ok(frames);
            }
        }
    }
}

/// One frame: only cells that changed are written, all at once. What fails or panics while drawing has written nothing.
pub fn draw<W: Write>(terminal: &mut Terminal<CrosstermBackend<W>>, model: &Model) -> io::Result<()> {
    terminal.autoresize()?;
    let mut frame = terminal.get_frame();
    let area = frame.area();
    view::draw(model, area, frame.buffer_mut());
    queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    terminal.flush()?;
    queue!(terminal.backend_mut(), EndSynchronizedUpdate)?;
    terminal.swap_buffers();
    terminal.backend_mut().flush()
}
