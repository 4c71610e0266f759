//! The status bar: which rung of the ladder, what decides, how the account stands, how the link is.
//!
//! Invariant: fixed order; every colour is also a word; only what exists is shown, and whole items are dropped.
//! Absent on purpose: sentences about what is wrong (`footer`).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::frame::fit;
use crate::engine::risk::shock::ShockState;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::vitals::{Link, Mode, RunState};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let line = fit(items(model), "  ", area.width);
    buffer.set_line(area.x, area.y, &line, area.width);
}

/// Each with its rank: 0 is dropped last.
fn items(model: &Model) -> Vec<(u8, Line<'static>)> {
    let (texts, theme, vitals) = (model.texts, model.theme, &model.vitals);
    let mut items = vec![(0, badge(vitals.mode.as_str(), mode_style(model)))];
    let Some(snapshot) = &model.snapshot else {
        items.push((1, Line::raw(texts.waiting)));
        return items;
    };
    match &vitals.run {
        RunState::Running => {}
        RunState::Finished => items.push((0, badge(texts.ended, theme.badge_warn()))),
        RunState::Failed(_) => items.push((0, badge(texts.ended, theme.badge_danger()))),
    }
    if snapshot.halted.is_some() {
        items.push((0, badge(texts.halted, theme.badge_danger())));
    } else if snapshot.paused {
        items.push((0, badge(texts.paused, theme.badge_warn())));
    }
    match snapshot.guard.shock {
        ShockState::Calm => {}
        ShockState::Halted { .. } => items.push((0, badge(texts.no_entries, theme.badge_danger()))),
        ShockState::HalfSize { .. } => items.push((0, badge(texts.half_size, theme.badge_warn()))),
    }
    if snapshot.guard.locks.iter().any(|lock| lock.symbol.is_none()) {
        items.push((0, badge(texts.locked, theme.badge_warn())));
    }
    let strategy = snapshot.settings.strategy.as_str();
    items.push((2, Line::styled(strategy, theme.accent())));
    let item = |label: &'static str, value: String, style: Style| {
        Line::from(vec![Span::styled(label, theme.label()), Span::raw(" "), Span::styled(value, style)])
    };
    items.push((1, item(texts.equity, format::amount(snapshot.equity), theme.value())));
    let day = snapshot.day_pnl;
    items.push((2, item(texts.day, format::change(day), theme.signed(day.to_f64()))));
    let worst = snapshot.max_drawdown;
    items.push((3, item(texts.drawdown_short, format::signed_percent(worst), theme.signed(worst))));
    let (link, style) = match &vitals.link {
        Link::Connecting => (texts.link_connecting.to_owned(), theme.warning()),
        Link::Up { age: 0 | 1 } => (texts.link_live.to_owned(), theme.good()),
        Link::Up { age } => (format!("{age} s"), theme.warning()),
        Link::Down { .. } => (texts.link_down.to_owned(), theme.error()),
    };
    // After the end there is no link.
    if !model.has_ended() {
        items.push((2, item(texts.link, link, style)));
    }
    items.push((3, Line::styled(vitals.speed(texts), theme.text())));
    if let Some(memory) = vitals.memory {
        items.push((5, item(texts.memory, format!("{memory} MiB"), theme.dim())));
    }
    items.push((4, Line::styled(format!("{} UTC", format::minute(snapshot.now)), theme.dim())));
    items
}

fn mode_style(model: &Model) -> Style {
    match model.vitals.mode {
        Mode::Demo | Mode::Paper => model.theme.badge_safe(),
        Mode::Testnet => model.theme.badge_warn(),
        Mode::Live => model.theme.badge_danger(),
    }
}

fn badge(text: &'static str, style: Style) -> Line<'static> {
    Line::from(Span::styled(format!(" {text} "), style))
}
