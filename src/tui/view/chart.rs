//! The candle chart with own fills, stop, target and entry.
//!
//! Invariant: closed candles and the forming one are told apart; lines come from what rests at the venue, not from plans.
//! Absent on purpose: indicators.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{fit, panel};
use super::put_empty;
use crate::domain::{Bar, SymbolId};
use crate::engine::Snapshot;
use crate::engine::instrument::Desk;
use crate::engine::orders::Purpose;
use crate::engine::snapshot::SymbolView;
use crate::tui::format;
use crate::tui::model::{CANDLE_MINUTES, Model, Panel};
use crate::tui::widgets::{CandleChart, Level, LevelKind, Mark, aggregate, capacity};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (Some(snapshot), Some(symbol)) = (&model.snapshot, model.symbol()) else {
        let inside = panel(model, Panel::Chart, Line::default(), area, buffer);
        return put_empty(model, model.texts.waiting, inside, buffer);
    };
    let inside = panel(model, Panel::Chart, note(model, snapshot, symbol, area.width), area, buffer);
    let minutes = CANDLE_MINUTES[model.candle];
    let Some(candles) = snapshot.history.candles.get(model.symbol) else {
        return put_empty(model, model.texts.no_bars, inside, buffer);
    };
    let scroll = model.scrolled(Panel::Chart);
    let mut bars: Vec<Bar> = match minutes {
        1 => candles.closed.iter().copied().collect(),
        _ => aggregate(candles.closed.iter().chain(&candles.forming), minutes),
    };
    // Back in time there is nothing that forms; a longer candle holds its forming part already.
    let forming = if minutes == 1 && scroll == 0 { candles.forming } else { None };
    bars.truncate(bars.len().saturating_sub(scroll));
    let shown = capacity(inside.width);
    let bars = &bars[bars.len().saturating_sub(shown)..];
    if bars.is_empty() && forming.is_none() {
        return put_empty(model, model.texts.no_bars, inside, buffer);
    }
    let tick = symbol.rules.price.tick;
    let chart = CandleChart {
        bars,
        forming,
        marks: &marks(snapshot, SymbolId(model.symbol as u16)),
        lines: &levels(model, snapshot, symbol),
        decimals: format::decimals(tick),
        minutes,
        volume: inside.height >= 12,
        theme: model.theme,
    };
    chart.render(inside, buffer);
}

/// Symbol, length of a candle, last price and its change over what is kept; the position when there is one.
fn note(model: &Model, snapshot: &Snapshot, symbol: &SymbolView, width: u16) -> Line<'static> {
    let theme = model.theme;
    let tick = symbol.rules.price.tick;
    let candles = snapshot.history.candles.get(model.symbol);
    let last = candles.and_then(|c| c.forming.or(c.closed.back().copied())).map(|bar| bar.close);
    let mut items = vec![(0, Line::styled(format!("{} {}", symbol.symbol.as_str(), length(model)), theme.title()))];
    if let Some(last) = last {
        items.push((0, Line::styled(format::price_f64(last, tick), theme.value())));
        let first = candles.and_then(|c| c.closed.front()).map(|bar| bar.open);
        if let Some(first) = first.filter(|first| *first > 0.0) {
            let change = last / first - 1.0;
            items.push((2, Line::styled(format::signed_percent(change), theme.signed(change))));
        }
    }
    // Dust is no position.
    if symbol.desk != Desk::Flat {
        let pnl = symbol.unrealised;
        let style: Style = theme.signed(pnl.to_f64());
        let held = Span::styled(format!("{} ", format::quantity(symbol.position)), theme.text());
        items.push((1, Line::from(vec![held, Span::styled(format::change(pnl), style)])));
    }
    if model.scrolled(Panel::Chart) > 0 {
        items.push((1, Line::styled(format!("◂ {}", model.scrolled(Panel::Chart)), theme.warning())));
    }
    let mut line = fit(items, "  ", width.saturating_sub(16));
    line.spans.insert(0, Span::raw(" "));
    line.spans.push(Span::raw(" "));
    line
}

fn length(model: &Model) -> String {
    match CANDLE_MINUTES[model.candle] {
        minutes if minutes >= 60 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

fn marks(snapshot: &Snapshot, symbol: SymbolId) -> Vec<Mark> {
    let fills = snapshot.history.fills.iter().filter(|fill| fill.symbol == symbol);
    fills.map(|fill| Mark { time: fill.time, price: fill.price.to_f64(), side: fill.side }).collect()
}

/// Entry of the open round trip, stop and target as they rest, last price.
fn levels<'a>(model: &'a Model, snapshot: &Snapshot, symbol: &SymbolView) -> Vec<Level<'a>> {
    let texts = model.texts;
    let mut levels = Vec::new();
    if let Some(entry) = symbol.entry.filter(|_| symbol.desk != Desk::Flat) {
        levels.push(Level { price: entry.to_f64(), kind: LevelKind::Entry, label: texts.entry });
    }
    let orders = snapshot.orders.iter().filter(|order| order.symbol.index() == model.symbol);
    for order in orders {
        let price = order.kind.stop_price().or(order.kind.limit_price()).map(|price| price.to_f64());
        let (kind, label) = match order.purpose {
            Purpose::Stop => (LevelKind::Stop, texts.stop),
            Purpose::Target => (LevelKind::Target, texts.target),
            Purpose::Entry | Purpose::Exit => continue,
        };
        levels.extend(price.map(|price| Level { price, kind, label }));
    }
    if let Some(mark) = symbol.mark {
        let top = symbol.top.map(|top| (top.bid.to_f64() + top.ask.to_f64()) / 2.0);
        levels.push(Level { price: top.unwrap_or(mark.to_f64()), kind: LevelKind::Last, label: texts.last });
    }
    levels
}
