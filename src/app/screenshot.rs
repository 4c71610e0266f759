//! A picture of the screen: a real run, its last state drawn as the screen draws it, written as SVG.
//!
//! Invariant: no terminal takes part; the same seed, bars and settings give the same picture.
//! Absent on purpose: memory and the link's age, which differ from run to run.

use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use super::demo::{self, Demo, Hand};
use super::{Outcome, RunError, gauges};
use crate::runtime::wires::ScreenSenders;
use crate::telemetry::LogLine;
use crate::tui::message::Message;
use crate::tui::model::Model;
use crate::tui::picture::picture;
use crate::tui::text::ENGLISH;
use crate::tui::update::update;
use crate::tui::vitals::Link;

/// What to draw and where to.
pub struct Screenshot {
    pub file: PathBuf,
    /// In characters.
    pub width: u16,
    pub height: u16,
    pub log: mpsc::Receiver<LogLine>,
}

/// Runs the demo to its end and draws what a person would see then.
pub fn take(mut demo: Demo<'_>, mut screenshot: Screenshot) -> Result<Outcome, RunError> {
    let screen = ScreenSenders::new();
    let seen = screen.snapshots.subscribe();
    // Never used: the run ends with its market.
    let (_stop, stopped) = oneshot::channel();
    demo.hand = Some(Hand { screen, on_begin: Box::new(drop), stop: stopped });
    let vitals = gauges::vitals(demo.config, "", "", false);
    let vitals = crate::tui::vitals::Vitals { memory: None, link: Link::Up { age: 0 }, ..vitals };
    let outcome = demo::run(demo)?;
    let mut model = Model::new(&ENGLISH, vitals.into(), (screenshot.width, screenshot.height));
    if let Some(snapshot) = seen.borrow().clone() {
        update(&mut model, Message::Snapshot(snapshot));
    }
    while let Ok(line) = screenshot.log.try_recv() {
        update(&mut model, Message::Log(line));
    }
    write(&screenshot.file, &picture(&model, "kestrel"))?;
    Ok(outcome)
}

/// Whole or not at all.
fn write(file: &Path, text: &str) -> Result<(), RunError> {
    let partial = file.with_extension("partial");
    let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, file));
    written.map_err(|error| {
        // Best effort: the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
        RunError::Data(format!("{}: the picture cannot be written ({error}); check the folder", file.display()))
    })
}
