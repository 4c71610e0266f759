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
use crate::telemetry::{LogLevel, LogLine};
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::text::wrapped;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let back = model.scrolled(Panel::Log);
    let note = if back == 0 { Line::default() } else { Line::styled(format!(" ▴ {back} "), theme.warning()) };
    let inside = panel(model, Panel::Log, note, area, buffer);
    if model.log.is_empty() {
        return put_empty(model, texts.no_log, inside, buffer);
    }
    // From the newest upward, until the panel is full.
    let mut shown: Vec<Line<'static>> = Vec::new();
    for line in model.log.iter().rev().skip(back) {
        let mut rows = rows(model, line, inside.width);
        rows.append(&mut shown);
        shown = rows;
        if shown.len() >= usize::from(inside.height) {
            break;
        }
    }
    let skip = shown.len().saturating_sub(usize::from(inside.height));
    for (row, line) in shown.iter().skip(skip).enumerate() {
        put(line, inside, row as u16, buffer);
    }
}

/// The moment of the market, then the text, wrapped.
fn rows(model: &Model, line: &LogLine, width: u16) -> Vec<Line<'static>> {
    let theme = model.theme;
    let style = match line.level {
        LogLevel::Error => theme.error(),
        LogLevel::Warn => theme.warning(),
        LogLevel::Info => theme.text(),
        LogLevel::Debug | LogLevel::Trace => theme.dim(),
    };
    let time = line.at_ms.map(|at| format!("{} ", format::clock(Time::from_millis(at)))).unwrap_or_default();
    let long = time.len();
    let wrapped = wrapped(&format!("{time}{}", line.text), width);
    let rows = wrapped.into_iter().enumerate().map(|(at, row)| match row.split_at_checked(long).filter(|_| at == 0) {
        Some((time, text)) => {
            Line::from(vec![Span::styled(time.to_owned(), theme.dim()), Span::styled(text.to_owned(), style)])
        }
        None => Line::styled(row, style),
    });
    rows.collect()
}
