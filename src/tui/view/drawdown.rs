//! Drawdown: how far equity stands below its highest, now and at worst, and the underwater curve.
//!
//! Invariant: the worst is the engine's exact figure, not one read off the curve.
//! Absent on purpose: durations.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::frame::{fit, panel};
use super::{put, put_empty};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::widgets::{CurveChart, CurveKind};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let inside = panel(model, Panel::Drawdown, Line::default(), area, buffer);
    let Some(snapshot) = &model.snapshot else { return put_empty(model, texts.waiting, inside, buffer) };
    let item = |label: &'static str, fraction: f64| {
        let value = Span::styled(format::signed_percent(fraction), theme.signed(fraction));
        Line::from(vec![Span::styled(label, theme.label()), Span::raw(" "), value])
    };
    let line = vec![(0, item(texts.worst, snapshot.max_drawdown)), (1, item(texts.now, snapshot.drawdown))];
    put(&fit(line, "  ", inside.width), inside, 0, buffer);
    let rest = Rect { y: inside.y + 1.min(inside.height), height: inside.height.saturating_sub(1), ..inside };
    let points: Vec<(f64, f64)> =
        snapshot.history.equity.points().map(|point| (point.time.millis() as f64 / 1e3, point.drawdown)).collect();
    if rest.height >= 2 && points.len() > 1 {
        let chart = CurveChart {
            points: &points,
            baseline: Some(0.0),
            kind: CurveKind::Underwater,
            format: format::signed_percent,
            theme,
        };
        chart.render(rest, buffer);
    }
}
