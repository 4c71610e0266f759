//! The log: the newest lines at the bottom.
//!
//! Invariant: a line that is read stays where it is while new ones arrive.
//! Absent on purpose: what was dropped; the log file has it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::frame::panel;
use super::{put, put_empty};
use crate::domain::Time;
use crate::telemetry::LogLevel;
use crate::tui::format;
use crate::tui::model::{Model, Panel};

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let back = model.scrolled(Panel::Log);
    let note = if back == 0 { Line::default() } else { Line::styled(format!(" ▴ {back} "), theme.warning()) };
    let inside = panel(model, Panel::Log, note, area, buffer);
    if model.log.is_empty() {
        return put_empty(model, texts.no_log, inside, buffer);
    }
    let until = model.log.len().saturating_sub(back);
    let from = until.saturating_sub(usize::from(inside.height));
    for (row, line) in model.log.iter().skip(from).take(until - from).enumerate() {
        let style = match line.level {
            LogLevel::Error => theme.error(),
            LogLevel::Warn => theme.warning(),
            LogLevel::Info => theme.text(),
            LogLevel::Debug | LogLevel::Trace => theme.dim(),
        };
        let time = line.at_ms.map(|at| format!("{} ", format::clock(Time::from_millis(at)))).unwrap_or_default();
        let spans = vec![Span::styled(time, theme.dim()), Span::styled(line.text.clone(), style)];
        put(&Line::from(spans), inside, row as u16, buffer);
    }
}
