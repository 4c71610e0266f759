//! The two lowest rows: one sentence, and the keys that count now.
//!
//! Invariant: the answer to a key stands first while it lasts, then what is wrong, then the hint of the first run.
//! Absent on purpose: history; the log keeps it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::frame::fit;
use crate::tui::action::Action;
use crate::tui::backtest::Stage;
use crate::tui::keymap::{self, Place};
use crate::tui::model::{Model, Tone};
use crate::tui::text::{fill, wrapped};
use crate::tui::vitals::{Link, Market, RunState};

/// Rows that a sentence may take.
const TALLEST: u16 = 3;

/// Rows for the sentence of now; one is kept for it also when there is none, so that panels stay where they are.
pub fn rows(model: &Model, width: u16) -> u16 {
    sentence(model).map_or(1, |(text, _)| wrapped(&text, width).len() as u16).clamp(1, TALLEST)
}

pub fn draw_message(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some((text, style)) = sentence(model) else { return };
    for (row, line) in wrapped(&text, area.width).into_iter().take(usize::from(area.height)).enumerate() {
        buffer.set_line(area.x, area.y + row as u16, &Line::styled(line, style), area.width);
    }
}

fn sentence(model: &Model) -> Option<(String, Style)> {
    let (texts, theme, vitals) = (model.texts, model.theme, &model.vitals);
    if let Some(toast) = &model.toast {
        let style = match toast.tone {
            Tone::Good => theme.good(),
            Tone::Plain => theme.text(),
            Tone::Warning => theme.warning(),
        };
        return Some((toast.text.clone(), style));
    }
    if let Some(reason) = model.snapshot.as_ref().and_then(|snapshot| snapshot.halted) {
        return Some((format!("{}: {reason}", texts.halted), theme.error()));
    }
    if let Some(problem) = &vitals.settings_problem {
        return Some((problem.clone(), theme.warning()));
    }
    match (&vitals.run, &vitals.link) {
        (RunState::Failed(why), _) => return Some((fill(texts.ended_failed, &[why]), theme.error())),
        (RunState::Finished, _) => return Some((texts.ended_short.to_owned(), theme.text())),
        (RunState::Running, Link::Down { why }) => {
            return Some((format!("{} {}: {why}", texts.link, texts.link_down), theme.error()));
        }
        (RunState::Running, Link::Connecting | Link::Up { .. }) => {}
    }
    if let Some(halt) = model.snapshot.as_ref().and_then(|snapshot| snapshot.guard.halt()) {
        let rearm = fill(texts.shock_rearm, &[&keymap::key_of(Action::Rearm)]);
        return Some((format!("{}: {halt}; {rearm}", texts.no_entries), theme.warning()));
    }
    let unprotected = model.snapshot.as_ref().is_some_and(|now| now.symbols.iter().any(|symbol| symbol.unprotected));
    if unprotected {
        return Some((texts.unprotected.to_owned(), theme.warning()));
    }
    if vitals.first_run && !model.greeted {
        let strategy = model.snapshot.as_ref()?.settings.strategy.as_str();
        return Some((
            fill(texts.first_run, &[&vitals.market.name(texts), &vitals.speed(texts), strategy]),
            theme.accent(),
        ));
    }
    None
}

/// Whether there is anything for the action to act on.
pub fn counts(model: &Model, action: Action) -> bool {
    if model.place() == Place::Backtest {
        return counts_in_backtest(model, action);
    }
    let ended = model.has_ended();
    let orders = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.orders.len());
    match action {
        Action::Pause | Action::Strategies | Action::Pin | Action::Halt => !ended,
        Action::Rearm => !ended && model.can_rearm(),
        Action::Flatten => !ended && model.is_exposed(),
        Action::CancelOrder => !ended && orders > 0,
        Action::Undo => !model.undo.is_empty(),
        Action::GoOn => model.vitals.market != Market::Elsewhere,
        Action::EditSettings
        | Action::Help
        | Action::Zoom
        | Action::NextPanel
        | Action::PreviousPanel
        | Action::GoTo
        | Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
        | Action::LongerCandles
        | Action::ShorterCandles
        | Action::NextSymbol
        | Action::PreviousSymbol
        | Action::Quit
        | Action::Backtest
        | Action::CancelBacktest
        | Action::Models
        | Action::Report
        | Action::Confirm
        | Action::Close => true,
    }
}

/// One backtest at a time; a recording is tested whole.
fn counts_in_backtest(model: &Model, action: Action) -> bool {
    let backtest = &model.vitals.backtest;
    let is_idle = backtest.stage.pace().is_none();
    let is_finished = matches!(backtest.stage, Stage::Finished { .. });
    let cases = [
        (Action::Confirm, is_idle),
        (Action::CancelBacktest, !is_idle),
        (Action::Report, is_finished),
        (Action::Up, is_idle && backtest.plan.is_generated()),
        (Action::Down, is_idle && backtest.plan.is_generated()),
    ];
    cases.into_iter().find(|(asked, _)| *asked == action).is_none_or(|(_, counts)| counts)
}

/// Straight from the table of keys, whole items only, and only what counts now.
pub fn draw_hints(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let bindings = keymap::of(model.place()).filter(|binding| counts(model, binding.action));
    let items =
        bindings.filter_map(|binding| Some((binding, binding.hint?))).enumerate().map(|(at, (binding, hint))| {
            let name = Span::styled(binding.first(), theme.key());
            let mut said = Span::styled(hint(model.texts), theme.dim());
            let mut kept = matches!(binding.action, Action::Help | Action::Quit);
            // A backtest that runs is told wherever its popup is not.
            if let (Action::Backtest, Some(pace)) = (binding.action, model.vitals.backtest.stage.pace()) {
                said = Span::styled(format!("{} {} %", hint(model.texts), pace.percent()), theme.accent());
                kept = true;
            }
            // Help and quit are never dropped.
            let rank = if kept { 0 } else { 1 + at as u8 };
            (rank, Line::from(vec![name, Span::raw(" "), said]))
        });
    let line = fit(items.collect(), "  ", area.width);
    buffer.set_line(area.x, area.y, &line, area.width);
}
