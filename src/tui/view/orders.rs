//! Open orders; the selected one can be cancelled.
//!
//! Invariant: every live order stands here, also those whose outcome is unknown.
//! Absent on purpose: closed orders (`fills`, the journal).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::panel;
use super::put_empty;
use super::table::{self, Row, left, right};
use crate::domain::{OrderKind, Side};
use crate::engine::orders::{OrderState, Purpose};
use crate::tui::format;
use crate::tui::model::{Model, Panel};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let count = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.orders.len());
    let note = if count == 0 { Line::default() } else { Line::styled(format!(" {count} "), theme.dim()) };
    let inside = panel(model, Panel::Orders, note, area, buffer);
    let Some(snapshot) = model.snapshot.as_ref().filter(|_| count > 0) else {
        return put_empty(model, texts.no_orders, inside, buffer);
    };
    let selected = model.scrolled(Panel::Orders);
    // The cursor stays in sight.
    let room = usize::from(inside.height.saturating_sub(1)).max(1);
    let skip = (selected + 1).saturating_sub(room);
    let rows: Vec<Row> = snapshot
        .orders
        .iter()
        .enumerate()
        .skip(skip)
        .take(room)
        .map(|(at, order)| {
            let symbol = snapshot.symbols.get(order.symbol.index());
            let tick = symbol.map(|symbol| symbol.rules.price.tick).unwrap_or_default();
            let price = order.kind.stop_price().or(order.kind.limit_price());
            let price = price.map_or(texts.none.to_owned(), |price| format::price(price, tick));
            let state = state(order.state);
            let doubtful = order.state == OrderState::Unknown;
            Row {
                cells: vec![
                    (symbol.map(|s| s.symbol.as_str().to_owned()).unwrap_or_default(), theme.text()),
                    (purpose(model, order.purpose).to_owned(), theme.label()),
                    (
                        side(model, order.side).to_owned(),
                        if order.side == Side::Buy { theme.buy() } else { theme.sell() },
                    ),
                    (format::quantity(order.kind.quantity()), theme.text()),
                    (price, theme.value()),
                    (state.to_owned(), if doubtful { theme.warning() } else { theme.dim() }),
                    (kind(order.kind).to_owned(), theme.dim()),
                    (format::quantity(order.filled), theme.dim()),
                    (format::clock(order.sent), theme.dim()),
                ],
                // Also without the focus: `c` acts on it.
                selected: at == selected,
            }
        })
        .collect();
    let columns = [
        // With several symbols a row without its name says nothing.
        left(texts.column_symbol, if snapshot.symbols.len() > 1 { 0 } else { 3 }),
        left(texts.column_purpose, 0),
        left(texts.column_side, 2),
        right(texts.column_quantity, 1),
        right(texts.column_price, 0),
        left(texts.column_state, 1),
        left(texts.column_type, 5),
        right(texts.column_filled, 4),
        left(texts.column_time, 6),
    ];
    table::draw(&columns, &rows, theme, inside, buffer);
}

pub(super) fn side(model: &Model, side: Side) -> &'static str {
    match side {
        Side::Buy => model.texts.buy,
        Side::Sell => model.texts.sell,
    }
}

pub(super) fn purpose(model: &Model, purpose: Purpose) -> &'static str {
    let texts = model.texts;
    match purpose {
        Purpose::Entry => texts.entry,
        Purpose::Exit => texts.exit,
        Purpose::Stop => texts.stop,
        Purpose::Target => texts.target,
    }
}

/// The venue's own words.
fn state(state: OrderState) -> &'static str {
    match state {
        OrderState::Submitted => "SENT",
        OrderState::Open => "NEW",
        OrderState::PartiallyFilled => "PARTIALLY_FILLED",
        OrderState::Cancelling => "PENDING_CANCEL",
        OrderState::Unknown => "UNKNOWN",
        OrderState::Filled => "FILLED",
        OrderState::Canceled => "CANCELED",
        OrderState::Expired => "EXPIRED",
        OrderState::Rejected => "REJECTED",
    }
}

fn kind(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market { .. } | OrderKind::MarketQuote { .. } => "MARKET",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::LimitMaker { .. } => "LIMIT_MAKER",
        OrderKind::StopLoss { .. } => "STOP_LOSS",
        OrderKind::TakeProfit { .. } => "TAKE_PROFIT",
    }
}
