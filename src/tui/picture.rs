//! A picture of the screen without a terminal: a model, drawn into cells, written as SVG.
//!
//! Invariant: drawn by the same `view::draw` as the screen itself.
//! Absent on purpose: files.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::model::Model;
use super::{svg, view};

/// The screen of this model, as large as the model's window.
pub fn picture(model: &Model, title: &str) -> String {
    svg::svg(&cells(model), model.theme, title)
}

/// The cells that the screen would show.
pub fn cells(model: &Model) -> Buffer {
    let area = Rect { x: 0, y: 0, width: model.width, height: model.height };
    let mut buffer = Buffer::empty(area);
    view::draw(model, area, &mut buffer);
    buffer
}
