//! PnL: today's, realised, unrealised and fees, the equity curve, and bars by day.
//!
//! Invariant: numbers first; curves take what is left and are left out before they are illegible.
//! Absent on purpose: annualised figures.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::balances::total_return;
use super::frame::{fit, panel};
use super::{put, put_empty};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::widgets::{CurveChart, CurveKind, DayBars};

/// Rows that a curve needs to say something.
const CURVE: u16 = 3;
const DAYS: u16 = 4;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let Some(snapshot) = &model.snapshot else {
        let inside = panel(model, Panel::Pnl, Line::default(), area, buffer);
        return put_empty(model, texts.waiting, inside, buffer);
    };
    let gained = total_return(snapshot);
    let note = Line::styled(format!(" {} ", format::signed_percent(gained)), theme.signed(gained));
    let inside = panel(model, Panel::Pnl, note, area, buffer);
    let signed = |label: &'static str, value: crate::domain::Value| {
        item(model, label, format::change(value), theme.signed(value.to_f64()))
    };
    let lines = [
        fit(
            vec![(0, signed(texts.day, snapshot.day_pnl)), (1, signed(texts.realised, snapshot.realised))],
            "  ",
            inside.width,
        ),
        fit(
            vec![
                (0, signed(texts.unrealised, snapshot.unrealised)),
                (1, item(model, texts.fees, format::amount(snapshot.fees), theme.text())),
            ],
            "  ",
            inside.width,
        ),
    ];
    for (at, line) in lines.iter().enumerate() {
        put(line, inside, at as u16, buffer);
    }
    let rest = Rect { y: inside.y + 2.min(inside.height), height: inside.height.saturating_sub(2), ..inside };
    draw_curves(model, rest, buffer);
}

fn draw_curves(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(snapshot) = &model.snapshot else { return };
    let history = &snapshot.history;
    let points: Vec<(f64, f64)> =
        history.equity.points().map(|point| (point.time.millis() as f64 / 1e3, point.last)).collect();
    // Day bars want a few days to compare.
    let days: Vec<(i64, f64)> = history.days.iter().map(|day| (day.day, day.pnl.to_f64())).collect();
    let for_days = if days.len() > 1 && area.height >= CURVE + DAYS + 2 { (area.height / 3).max(DAYS) } else { 0 };
    let curve = Rect { height: area.height - for_days, ..area };
    if curve.height >= CURVE {
        if points.len() < 2 {
            put_empty(model, model.texts.too_short, curve, buffer);
        } else {
            let chart = CurveChart {
                points: &points,
                baseline: Some(snapshot.equity_start.to_f64()),
                kind: CurveKind::Line,
                format: |equity| format!("{equity:.0}"),
                theme: model.theme,
            };
            chart.render(curve, buffer);
        }
    }
    if for_days > 0 {
        let title = Rect { y: curve.bottom(), height: 1, ..area };
        put(&Line::styled(model.texts.by_day, model.theme.label()), title, 0, buffer);
        let bars = Rect { y: curve.bottom() + 1, height: for_days - 1, ..area };
        DayBars { days: &days, theme: model.theme }.render(bars, buffer);
    }
}

fn item(model: &Model, label: &'static str, value: String, style: Style) -> Line<'static> {
    Line::from(vec![Span::styled(label, model.theme.label()), Span::raw(" "), Span::styled(value, style)])
}
