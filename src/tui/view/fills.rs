//! Own fills, newest first; with room, the closed round trips below.
//!
//! Invariant: what the venue reported, fee and fee asset included.
//! Absent on purpose: fills of earlier runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::panel;
use super::orders::side;
use super::table::{self, Row, left, right};
use super::{put, put_empty};
use crate::domain::{Price, Side, SymbolId};
use crate::engine::Snapshot;
use crate::tui::format;
use crate::tui::model::{Model, Panel};

/// From this height on the round trips are shown too.
const WITH_TRADES: u16 = 16;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let count = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.fills);
    let note = if count == 0 { Line::default() } else { Line::styled(format!(" {count} "), theme.dim()) };
    let inside = panel(model, Panel::Fills, note, area, buffer);
    let Some(snapshot) = model.snapshot.as_ref().filter(|snapshot| !snapshot.history.fills.is_empty()) else {
        return put_empty(model, texts.no_fills, inside, buffer);
    };
    let both = inside.height >= WITH_TRADES && !snapshot.history.trades.is_empty();
    let upper = if both { inside.height / 2 } else { inside.height };
    draw_fills(model, snapshot, Rect { height: upper, ..inside }, buffer);
    if both {
        let lower = Rect { y: inside.y + upper, height: inside.height - upper, ..inside };
        put(&Line::styled(texts.trades, theme.title()), lower, 0, buffer);
        draw_trades(model, snapshot, Rect { y: lower.y + 1, height: lower.height - 1, ..lower }, buffer);
    }
}

fn draw_fills(model: &Model, snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let newest = snapshot.history.fills.iter().rev().skip(model.scrolled(Panel::Fills));
    let rows: Vec<Row> = newest
        .take(usize::from(area.height))
        .map(|fill| {
            let (name, tick) = symbol(snapshot, fill.symbol);
            let style = if fill.side == Side::Buy { theme.buy() } else { theme.sell() };
            let fee = format!("{} {}", format::quantity(fill.fee.as_quantity()), fill.fee_asset);
            let cells = vec![
                (format::day_minute(fill.time), theme.dim()),
                (name, theme.text()),
                (side(model, fill.side).to_owned(), style),
                (format::quantity(fill.quantity), theme.text()),
                (format::price(fill.price, tick), theme.value()),
                (fee, theme.dim()),
            ];
            Row { cells, selected: false }
        })
        .collect();
    let columns = [
        left(texts.column_time, 2),
        left(texts.column_symbol, if snapshot.symbols.len() > 1 { 0 } else { 3 }),
        left(texts.column_side, 0),
        right(texts.column_quantity, 1),
        right(texts.column_price, 0),
        right(texts.column_fee, 4),
    ];
    table::draw(&columns, &rows, theme, area, buffer);
}

fn draw_trades(model: &Model, snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let newest = snapshot.history.trades.iter().rev().take(usize::from(area.height));
    let rows: Vec<Row> = newest
        .map(|trade| {
            let (name, tick) = symbol(snapshot, trade.symbol);
            let cells = vec![
                (format::day_minute(trade.closed), theme.dim()),
                (name, theme.text()),
                (format::quantity(trade.quantity), theme.text()),
                (format::price(trade.entry, tick), theme.text()),
                (format::price(trade.exit, tick), theme.text()),
                (format::change(trade.pnl), theme.signed(trade.pnl.to_f64())),
                (trade.exit_by.as_str().to_owned(), theme.dim()),
            ];
            Row { cells, selected: false }
        })
        .collect();
    let columns = [
        left(texts.column_time, 2),
        left(texts.column_symbol, if snapshot.symbols.len() > 1 { 0 } else { 5 }),
        right(texts.column_quantity, 4),
        right(texts.column_entry, 3),
        right(texts.column_exit, 3),
        right(texts.column_pnl, 0),
        left(texts.column_by, 1),
    ];
    table::draw(&columns, &rows, theme, area, buffer);
}

fn symbol(snapshot: &Snapshot, id: SymbolId) -> (String, Price) {
    let symbol = snapshot.symbols.get(id.index());
    symbol.map(|view| (view.symbol.as_str().to_owned(), view.rules.price.tick)).unwrap_or_default()
}
