//! A picture of the screen: a real run, its last state drawn as the screen draws it, written as SVG.
//!
//! Invariant: no terminal takes part; the same seed, bars and settings give the same picture.
//! Absent on purpose: memory and the link's age, which differ from run to run.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use tokio::sync::oneshot;

use super::demo::{self, Demo, Hand};
use super::rehearsal::{self, Grounds};
use super::{Outcome, RunError, gauges, voice, whole_file};
use crate::domain::Time;
use crate::engine::Notice;
use crate::runtime::wires::ScreenSenders;
use crate::telemetry::{LogLevel, LogLine};
use crate::tui::backtest::{Backtest, Stage};
use crate::tui::message::Message;
use crate::tui::model::{LOG_LINES, Model};
use crate::tui::picture::picture;
use crate::tui::text::ENGLISH;
use crate::tui::update::update;
use crate::tui::vitals::{Link, Market, Vitals};

/// What to draw and where to.
pub struct Screenshot<'a> {
    pub file: &'a Path,
    /// In characters, across and down.
    pub size: (u16, u16),
}

/// Runs the demo to its end and draws what a person would see then.
pub fn take(mut demo: Demo<'_>, screenshot: Screenshot<'_>) -> Result<Outcome, RunError> {
    let screen = ScreenSenders::new();
    let seen = screen.snapshots.subscribe();
    // Never used: the run ends with its market.
    let (_stop, stopped) = oneshot::channel();
    demo.hand = Some(Hand { screen, on_begin: Box::new(drop), stop: stopped });
    let lines = Rc::new(RefCell::new(VecDeque::new()));
    let (heard, mut log, symbols) = (Rc::clone(&lines), demo.on_notice.take(), demo.config.symbols.clone());
    demo.on_notice = Some(Box::new(move |time: Time, notice: &Notice| {
        let mut lines = heard.borrow_mut();
        let level = voice::level(notice);
        // The log leaves them out unless it is asked for them.
        if level != LogLevel::Debug {
            if lines.len() == LOG_LINES {
                lines.pop_front();
            }
            let text = voice::sentence(notice, &symbols);
            lines.push_back(LogLine { level, time, at_ms: Some(time.millis()), text });
        }
        if let Some(log) = &mut log {
            log(time, notice);
        }
    }));
    let plan = rehearsal::plan(demo.config, &Grounds::generated(demo.market.seed));
    let backtest = Backtest { plan, stage: Stage::Idle };
    let seats = demo.models.as_ref().map(|run| run.seats.clone()).unwrap_or_default();
    let vitals = gauges::vitals(demo.config, &seats, Market::Generated, false, backtest);
    // A picture has all colours, wherever it is made.
    let theme = gauges::theme_in(demo.config, |name| (name == "COLORTERM").then(|| "truecolor".to_owned()));
    let vitals = Vitals { memory: None, link: Link::Up { age: 0 }, theme, ..vitals };
    let outcome = demo::run(demo)?;
    let mut model = Model::new(&ENGLISH, vitals.into(), screenshot.size);
    if let Some(snapshot) = seen.borrow().clone() {
        update(&mut model, Message::Snapshot(snapshot));
    }
    for line in lines.take() {
        update(&mut model, Message::Log(line));
    }
    whole_file::write(screenshot.file, &picture(&model, "kestrel"), "picture")?;
    Ok(outcome)
}
