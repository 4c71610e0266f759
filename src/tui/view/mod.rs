//! Drawing: the model as cells, and nothing else. One file a panel.
//!
//! Invariant: pure; the same model on the same area gives the same cells, and the root background is never painted.
//! Absent on purpose: state of its own.

mod balances;
mod chart;
mod desk;
mod drawdown;
mod fills;
mod flow;
mod footer;
mod frame;
mod layout;
mod log;
mod orders;
mod pnl;
mod popups;
mod status;
mod strategies;
mod table;
mod weights;
mod win_rate;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::action::Action;
use super::model::{Model, Panel};
use super::text::fill;
use layout::{Screen, screen};

/// The smallest window that is drawn in.
pub const SMALLEST: (u16, u16) = (80, 24);

/// A window of this size is drawn in.
pub fn fits(width: u16, height: u16) -> bool {
    width >= SMALLEST.0 && height >= SMALLEST.1
}

/// Draws the whole screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if !fits(area.width, area.height) {
        let size = [area.width.to_string(), area.height.to_string()];
        let sentence = fill(model.texts.too_small, &[&size[0], &size[1]]);
        Paragraph::new(sentence).wrap(Wrap { trim: true }).render(area, buffer);
        return;
    }
    let Screen { status, panels, message, hints } = screen(area, model);
    status::draw(model, status, buffer);
    for (panel, area) in panels {
        draw_panel(panel, model, area, buffer);
    }
    footer::draw_message(model, message, buffer);
    footer::draw_hints(model, hints, buffer);
    popups::draw(model, area, buffer);
}

/// Whether the action has anything to act on now, where the keyboard is.
pub fn counts(model: &Model, action: Action) -> bool {
    footer::counts(model, action)
}

/// Rows of the desk that lie below what its panel shows from the top.
pub fn desk_rows_below(model: &Model) -> usize {
    let area = Rect { x: 0, y: 0, width: model.width, height: model.height };
    let places = if fits(model.width, model.height) { screen(area, model).panels } else { Vec::new() };
    let place = places.into_iter().find(|(panel, _)| *panel == Panel::Desk);
    place.map_or(0, |(_, area)| desk::rows_below(model, area))
}

/// Rows of the help.
pub fn help_rows(model: &Model) -> usize {
    popups::help_rows(model)
}

/// Rows of the text about models.
pub fn models_rows(model: &Model) -> usize {
    popups::models_rows(model)
}

fn draw_panel(panel: Panel, model: &Model, area: Rect, buffer: &mut Buffer) {
    match panel {
        Panel::Chart => chart::draw(model, area, buffer),
        Panel::Balances => balances::draw(model, area, buffer),
        Panel::Pnl => pnl::draw(model, area, buffer),
        Panel::WinRate => win_rate::draw(model, area, buffer),
        Panel::Drawdown => drawdown::draw(model, area, buffer),
        Panel::Orders => orders::draw(model, area, buffer),
        Panel::Fills => fills::draw(model, area, buffer),
        Panel::Strategies => strategies::draw(model, area, buffer),
        Panel::Log => log::draw(model, area, buffer),
        Panel::Desk => desk::draw(model, area, buffer),
    }
}

/// One line in a row of the area, counted from the top; outside it is left out.
fn put(line: &Line<'_>, area: Rect, row: u16, buffer: &mut Buffer) {
    if row < area.height {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}

/// Lines from the top of the area, which shrinks by them.
fn put_lines(lines: &[Line<'_>], area: &mut Rect, buffer: &mut Buffer) {
    for line in lines.iter().take(usize::from(area.height)) {
        put(line, *area, 0, buffer);
        (area.y, area.height) = (area.y + 1, area.height - 1);
    }
}

/// A sentence where there is nothing to show yet.
fn put_empty(model: &Model, text: &str, area: Rect, buffer: &mut Buffer) {
    put(&Line::styled(text.to_owned(), model.theme.dim()), area, 0, buffer);
}
