//! A plain table: columns by content, whole columns dropped when they do not fit.
//!
//! Invariant: a cell is never cut; the least important column goes first.
//! Absent on purpose: sorting.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::put;
use crate::tui::format;
use crate::tui::theme::Theme;

/// A column: its name, how it is aligned, and its rank; 0 is dropped last.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    pub name: &'a str,
    pub right: bool,
    pub rank: u8,
}

pub struct Row {
    pub cells: Vec<(String, Style)>,
    pub selected: bool,
}

pub const fn left(name: &str, rank: u8) -> Column<'_> {
    Column { name, right: false, rank }
}

pub const fn right(name: &str, rank: u8) -> Column<'_> {
    Column { name, right: true, rank }
}

const GAP: u16 = 2;
/// A panel of at most this many rows has none for the columns' names.
pub const LOW: u16 = 3;

/// Draws names and rows from the top; rows that do not fit are left out. Names give way to rows in a low panel.
pub fn draw(columns: &[Column<'_>], rows: &[Row], theme: Theme, area: Rect, buffer: &mut Buffer) {
    let widths: Vec<u16> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|row| row.cells.get(at)).map(|(text, _)| format::width(text));
            cells.chain([format::width(column.name)]).max().unwrap_or(0)
        })
        .collect();
    let kept = kept(columns, &widths, area.width);
    let heads: Vec<(String, Style)> = columns.iter().map(|column| (column.name.to_owned(), theme.label())).collect();
    let named = u16::from(area.height > LOW);
    if named == 1 {
        put(&line(&heads, columns, &widths, &kept), area, 0, buffer);
    }
    for (at, row) in rows.iter().enumerate().take(usize::from(area.height - named)) {
        let row_at = at as u16 + named;
        put(&line(&row.cells, columns, &widths, &kept), area, row_at, buffer);
        if row.selected {
            buffer.set_style(Rect { y: area.y + row_at, height: 1, ..area }, theme.selected());
        }
    }
}

fn kept(columns: &[Column<'_>], widths: &[u16], width: u16) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let wide = |kept: &[usize]| {
        let texts: u16 = kept.iter().map(|at| widths[*at]).fold(0, u16::saturating_add);
        texts.saturating_add(GAP * (kept.len() as u16).saturating_sub(1))
    };
    while wide(&kept) > width {
        let Some(least) = kept.iter().copied().max_by_key(|at| (columns[*at].rank, *at)) else { break };
        kept.retain(|at| *at != least);
    }
    kept
}

fn line(cells: &[(String, Style)], columns: &[Column<'_>], widths: &[u16], kept: &[usize]) -> Line<'static> {
    let mut spans = Vec::new();
    for at in kept {
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(usize::from(GAP))));
        }
        let Some((text, style)) = cells.get(*at) else { continue };
        let pad = " ".repeat(usize::from(widths[*at].saturating_sub(format::width(text))));
        let text = Span::styled(text.clone(), *style);
        match columns[*at].right {
            true => spans.extend([Span::raw(pad), text]),
            false => spans.extend([text, Span::raw(pad)]),
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_columns_are_dropped_by_rank() {
        let columns = [left("time", 2), left("side", 0), right("price", 1)];
        let widths = [5, 4, 7];
        assert_eq!(kept(&columns, &widths, 20), [0, 1, 2]);
        assert_eq!(kept(&columns, &widths, 19), [1, 2]);
        assert_eq!(kept(&columns, &widths, 12), [1]);
        assert_eq!(kept(&columns, &widths, 3), [] as [usize; 0]);
    }
}
