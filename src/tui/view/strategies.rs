//! The strategy: what it wants and why, what keeps it from it, and its last decisions.
//!
//! Invariant: every reason is the engine's own sentence with its numbers.
//! Absent on purpose: strategies that do not decide; the popup lists them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::frame::panel;
use super::put_empty;
use crate::engine::instrument::Desk;
use crate::engine::snapshot::SymbolView;
use crate::engine::{Notice, Snapshot};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::text::fill;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let Some(snapshot) = &model.snapshot else {
        let inside = panel(model, Panel::Strategies, Line::default(), area, buffer);
        return put_empty(model, texts.waiting, inside, buffer);
    };
    let name = snapshot.settings.strategy.as_str();
    let note = Line::styled(format!(" {name} "), theme.accent());
    let inside = panel(model, Panel::Strategies, note, area, buffer);
    let mut lines: Vec<Line<'static>> = Vec::new();
    if let Some(symbol) = model.symbol() {
        lines.extend(wants(model, symbol));
        lines.extend(waits(model, snapshot, symbol).into_iter().map(|text| Line::styled(text, theme.warning())));
    }
    lines.extend(decisions(model, snapshot));
    Paragraph::new(Text::from(lines)).wrap(Wrap { trim: true }).render(inside, buffer);
}

/// Desk, target and the reason.
fn wants(model: &Model, symbol: &SymbolView) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let desk = match symbol.desk {
        Desk::Flat => texts.desk_flat,
        Desk::Entering => texts.desk_entering,
        Desk::Holding => texts.desk_holding,
        Desk::Leaving => texts.desk_leaving,
    };
    let mut first = vec![
        Span::styled(symbol.symbol.as_str().to_owned(), theme.title()),
        Span::raw(" "),
        Span::styled(desk, theme.accent()),
    ];
    if symbol.desk == Desk::Holding {
        let held = fill(texts.held_bars, &[&symbol.bars_held.to_string()]);
        first.push(Span::styled(format!(", {held}"), theme.dim()));
    }
    let target = format!(" {:+.0} %", symbol.signal.target * 100.0);
    first.push(Span::styled(format!("; {}", texts.wants), theme.dim()));
    first.push(Span::styled(target, theme.signed(symbol.signal.target)));
    let reason = format!("{} {}", texts.because, symbol.signal.reason);
    vec![Line::from(first), Line::styled(reason, theme.text())]
}

/// What keeps an entry from being made.
fn waits(model: &Model, snapshot: &Snapshot, symbol: &SymbolView) -> Vec<String> {
    let texts = model.texts;
    let mut waits = Vec::new();
    if snapshot.paused {
        waits.push(texts.waits_paused.to_owned());
    }
    if symbol.stale {
        waits.push(texts.waits_stale.to_owned());
    }
    if symbol.awaiting_fresh_signal && symbol.desk == Desk::Flat {
        waits.push(texts.waits_fresh.to_owned());
    }
    if symbol.unprotected {
        waits.push(texts.unprotected.to_owned());
    }
    if let Some(refused) = symbol.last_refusal.filter(|_| !snapshot.paused) {
        waits.push(fill(texts.waits_refused, &[&refused.to_string()]));
    }
    waits
}

fn decisions(model: &Model, snapshot: &Snapshot) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let newest = snapshot.history.decisions.iter().rev().skip(model.scrolled(Panel::Strategies));
    let mut lines: Vec<Line<'static>> = newest
        .take(usize::from(model.height))
        .map(|(time, notice)| {
            let text = texts.notice(notice, snapshot);
            let style = if matches!(notice, Notice::Decided { .. }) { theme.text() } else { theme.dim() };
            let time = Span::styled(format!("{} ", format::clock(*time)), theme.dim());
            Line::from(vec![time, Span::styled(text, style)])
        })
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(texts.no_decision, theme.dim()));
    }
    lines
}
