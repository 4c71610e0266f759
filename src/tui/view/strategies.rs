//! The strategy: what it wants and why, what keeps it from it, how much each expert counts, and its last decisions.
//!
//! Invariant: every reason is the engine's own sentence with its numbers.
//! Absent on purpose: strategies that do not decide; the popup lists them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::flow::Flow;
use super::frame::panel;
use super::{put_empty, put_lines, weights};
use crate::engine::instrument::Desk;
use crate::engine::settings::StrategyName;
use crate::engine::snapshot::SymbolView;
use crate::engine::{Notice, Snapshot};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::text::fill;

/// Rows of decisions below the weights' table; with less room the weights are told in words.
const DECISIONS: u16 = 2;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let Some(snapshot) = &model.snapshot else {
        let inside = panel(model, Panel::Strategies, Line::default(), area, buffer);
        return put_empty(model, texts.waiting, inside, buffer);
    };
    // Within the border.
    let (width, height) = (area.width.saturating_sub(2), area.height.saturating_sub(2));
    let mut above: Vec<Line<'static>> = Vec::new();
    let mut table = None;
    if let Some(symbol) = model.symbol() {
        above.extend(wants(model, symbol, width));
        for text in waits(model, snapshot, symbol) {
            above.extend(Flow::new(width).words(&text, theme.warning()).lines());
        }
        let has_room = usize::from(height) >= above.len() + usize::from(weights::TABLE + DECISIONS);
        if !symbol.votes.is_empty() && has_room {
            table = Some(symbol);
        } else if !symbol.votes.is_empty() {
            above.extend(weights::in_words(model, snapshot, symbol, width));
        }
    }
    let mut note = vec![Span::styled(format!(" {} ", choice(model, snapshot)), theme.accent())];
    let hidden = above.len().saturating_sub(usize::from(height));
    if hidden > 0 {
        note.push(Span::styled(format!("▾ {} ", fill(texts.more, &[&hidden.to_string()])), theme.warning()));
    }
    let mut inside = panel(model, Panel::Strategies, Line::from(note), area, buffer);
    put_lines(&above, &mut inside, buffer);
    if let Some(symbol) = table {
        let place = Rect { height: weights::TABLE.min(inside.height), ..inside };
        weights::draw(model, snapshot, symbol, place, buffer);
        (inside.y, inside.height) = (inside.y + place.height, inside.height - place.height);
    }
    let decisions = decisions(model, snapshot, width, usize::from(inside.height));
    put_lines(&decisions, &mut inside, buffer);
}

/// Who decides, and whether a person pinned it.
fn choice(model: &Model, snapshot: &Snapshot) -> String {
    let texts = model.texts;
    match (snapshot.settings.strategy, model.leader()) {
        (StrategyName::Auto, Some(leader)) => fill(texts.automatic, &[leader.as_str()]),
        (StrategyName::Auto, None) => texts.automatic_none.to_owned(),
        (
            name @ (StrategyName::Trend
            | StrategyName::Reversal
            | StrategyName::Breakout
            | StrategyName::Trees
            | StrategyName::Temporal
            | StrategyName::Sac
            | StrategyName::Flat),
            Some(_) | None,
        ) => fill(texts.pinned, &[name.as_str()]),
    }
}

/// Desk, target and the reason.
fn wants(model: &Model, symbol: &SymbolView, width: u16) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let desk = match symbol.desk {
        Desk::Flat => texts.desk_flat,
        Desk::Entering => texts.desk_entering,
        Desk::Holding => texts.desk_holding,
        Desk::Leaving => texts.desk_leaving,
    };
    let mut flow = Flow::new(width).words(symbol.symbol.as_str(), theme.title());
    flow = match symbol.desk {
        Desk::Holding => {
            let held = fill(texts.held_bars, &[&symbol.bars_held.to_string()]);
            flow.words(&format!("{desk},"), theme.accent()).words(&format!("{held};"), theme.dim())
        }
        Desk::Flat | Desk::Entering | Desk::Leaving => flow.words(&format!("{desk};"), theme.accent()),
    };
    let target = format!("{:+.0} %", symbol.signal.target * 100.0);
    let flow = flow.words(texts.wants, theme.dim()).words(&target, theme.signed(symbol.signal.target));
    let reason = format!("{} {}", texts.because, symbol.signal.reason);
    flow.lines().into_iter().chain(Flow::new(width).words(&reason, theme.text()).lines()).collect()
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

fn decisions(model: &Model, snapshot: &Snapshot, width: u16, room: usize) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let newest = snapshot.history.decisions.iter().rev().skip(model.scrolled(Panel::Strategies));
    let mut lines: Vec<Line<'static>> = newest
        .take(room)
        .flat_map(|(time, notice)| {
            let text = texts.notice(notice, snapshot);
            let style = if matches!(notice, Notice::Decided { .. }) { theme.text() } else { theme.dim() };
            Flow::new(width).words(&format::clock(*time), theme.dim()).words(&text, style).lines()
        })
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled(texts.no_decision, theme.dim()));
    }
    lines
}
