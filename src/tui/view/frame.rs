//! The frame of a panel: border, title, what it says at the right of its title.
//!
//! Invariant: the focused panel is told by its border's weight as well as by its colour.
//! Absent on purpose: contents.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::view::layout::{TABS, is_roomy};

/// Draws the frame; returns the inside.
pub fn panel(model: &Model, panel: Panel, note: Line<'_>, area: Rect, buffer: &mut Buffer) -> Rect {
    let focused = model.focus == panel;
    let theme = model.theme;
    let (kind, style) = if focused { (BorderType::Thick, theme.focus()) } else { (BorderType::Plain, theme.border()) };
    let title = title(model, panel);
    // The note goes whole or not at all.
    let room = area.width.saturating_sub(4).saturating_sub(title.width() as u16);
    let mut block = Block::bordered().border_type(kind).border_style(style).title_top(title);
    if (note.width() as u16) < room && note.width() > 0 {
        block = block.title_top(note.right_aligned());
    }
    let inside = block.inner(area);
    block.render(area, buffer);
    inside
}

/// The panel's name; where several share a place, all their names.
fn title(model: &Model, panel: Panel) -> Line<'static> {
    let theme = model.theme;
    let name = |panel: Panel| format!("{} {}", panel.digit(), panel.title(model.texts));
    let shares = TABS.contains(&panel)
        && !model.zoomed
        && !is_roomy(Rect { x: 0, y: 0, width: model.width, height: model.height });
    if !shares {
        return Line::from(vec![Span::raw(" "), Span::styled(name(panel), theme.title()), Span::raw(" ")]);
    }
    let mut spans = vec![Span::raw(" ")];
    for tab in TABS {
        let style = if tab == panel { theme.title() } else { theme.dim() };
        let text = if tab == panel { format!("[{}]", name(tab)) } else { name(tab) };
        spans.extend([Span::styled(text, style), Span::raw(" ")]);
    }
    Line::from(spans)
}

/// Items in a row, most important first in `rank`; what does not fit is left out whole, the least important first.
pub fn fit<'a>(items: Vec<(u8, Line<'a>)>, separator: &'static str, width: u16) -> Line<'a> {
    let mut kept: Vec<usize> = (0..items.len()).collect();
    let wide = |kept: &[usize]| {
        let texts: usize = kept.iter().map(|at| items[*at].1.width()).sum();
        texts + kept.len().saturating_sub(1) * usize::from(format::width(separator))
    };
    while wide(&kept) > usize::from(width) {
        let Some(least) = kept.iter().copied().max_by_key(|at| (items[*at].0, *at)) else { break };
        kept.retain(|at| *at != least);
    }
    let mut line = Line::default();
    for (at, (_, item)) in items.into_iter().enumerate() {
        if kept.contains(&at) {
            if !line.spans.is_empty() {
                line.spans.push(Span::raw(separator));
            }
            line.spans.extend(item.spans);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_item_goes_first_and_none_is_cut() {
        let items = || vec![(0, Line::raw("mode")), (2, Line::raw("memory")), (1, Line::raw("equity"))];
        let text = |width| fit(items(), "  ", width).to_string();
        assert_eq!(text(20), "mode  memory  equity");
        assert_eq!(text(19), "mode  equity");
        assert_eq!(text(11), "mode");
        assert_eq!(text(3), "");
    }
}
