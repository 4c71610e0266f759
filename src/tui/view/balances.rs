//! Balances: cash, what is held of each symbol and its worth, equity.
//!
//! Invariant: the rows add up to equity as long as fees are not paid in a third asset.
//! Absent on purpose: locked amounts; the engine sells what it holds.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::panel;
use super::put_empty;
use super::table::{self, LOW, Row, left, right};
use crate::domain::Value;
use crate::engine::snapshot::SymbolView;
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::text::fill;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let texts = model.texts;
    let note = model
        .snapshot
        .as_ref()
        .map(|snapshot| Line::styled(format!(" {} ", snapshot.quote.as_str()), model.theme.dim()));
    let inside = panel(model, Panel::Balances, note.unwrap_or_default(), area, buffer);
    let Some(snapshot) = &model.snapshot else { return put_empty(model, texts.waiting, inside, buffer) };
    let theme = model.theme;
    let row = |cells: [(String, ratatui::style::Style); 3]| Row { cells: cells.into(), selected: false };
    let mut rows = vec![row([
        (snapshot.quote.as_str().to_owned(), theme.text()),
        (format::amount(snapshot.free_cash.to_value()), theme.dim()),
        (format::amount(snapshot.cash.to_value()), theme.value()),
    ])];
    // What is worth most first; of nothing there is nothing to say.
    let mut held: Vec<&SymbolView> = snapshot.symbols.iter().filter(|symbol| !symbol.position.is_zero()).collect();
    held.sort_by_key(|symbol| std::cmp::Reverse(symbol.value));
    // The sum stays in sight when many symbols are held, and what has no row of its own is summed up.
    let names = if inside.height > LOW { 1 } else { 0 };
    let room = usize::from(inside.height).saturating_sub(2 + names);
    let skip = model.scrolled(Panel::Balances).min(held.len().saturating_sub(room));
    let held = &held[skip..];
    let shown = if held.len() > room { room.saturating_sub(1) } else { held.len() };
    rows.extend(held[..shown].iter().map(|symbol| {
        row([
            (symbol.rules.base.as_str().to_owned(), theme.text()),
            (format::quantity(symbol.position), theme.dim()),
            (format::amount(symbol.value), theme.value()),
        ])
    }));
    if shown < held.len() {
        let rest = held[shown..].iter().fold(Value::ZERO, |sum, symbol| Value(sum.0.saturating_add(symbol.value.0)));
        let more = fill(texts.more, &[&(held.len() - shown).to_string()]);
        rows.push(row([(more, theme.dim()), (String::new(), theme.dim()), (format::amount(rest), theme.value())]));
    }
    rows.push(row([
        (texts.equity.to_owned(), theme.label()),
        (format::signed_percent(total_return(snapshot)), theme.signed(total_return(snapshot))),
        (format::amount(snapshot.equity), theme.value()),
    ]));
    let columns = [left("", 0), right(texts.free, 1), right(texts.total, 0)];
    table::draw(&columns, &rows, theme, inside, buffer);
}

/// Since the start, as a fraction.
pub(super) fn total_return(snapshot: &crate::engine::Snapshot) -> f64 {
    let start = snapshot.equity_start.to_f64();
    if start > 0.0 { snapshot.equity.to_f64() / start - 1.0 } else { 0.0 }
}
