//! `Plot`: a rectangle of the buffer addressed from its own top left corner.
//!
//! Invariant: nothing outside the rectangle is ever written; what does not fit is cut.
//! Absent on purpose: scales; a plot knows cells only.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_width::UnicodeWidthStr;

/// Where a widget draws.
pub struct Plot<'b> {
    area: Rect,
    buffer: &'b mut Buffer,
}

impl<'b> Plot<'b> {
    pub fn new(area: Rect, buffer: &'b mut Buffer) -> Plot<'b> {
        Plot { area: area.intersection(buffer.area), buffer }
    }

    pub fn width(&self) -> usize {
        usize::from(self.area.width)
    }

    pub fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    /// A part of this plot, cut where it leaves it.
    pub fn part(&mut self, x: usize, y: usize, width: usize, height: usize) -> Plot<'_> {
        let (x, y) = (x.min(self.width()), y.min(self.height()));
        let area = Rect {
            x: self.area.x + x as u16,
            y: self.area.y + y as u16,
            width: width.min(self.width() - x) as u16,
            height: height.min(self.height() - y) as u16,
        };
        Plot { area, buffer: self.buffer }
    }

    /// One narrow character. Replaces what stood there, its style included; a background stays unless the style has one.
    pub fn put(&mut self, x: usize, y: usize, symbol: char, style: Style) {
        if let Some(cell) = self.cell(x, y) {
            wipe(cell);
            cell.set_char(symbol).set_style(style);
        }
    }

    /// Text from here to the right; returns the first free column after it.
    pub fn text(&mut self, x: usize, y: usize, text: &str, style: Style) -> usize {
        if x >= self.width() || y >= self.height() {
            return x;
        }
        let room = self.width() - x;
        let width = text.width().min(room);
        for at in x..x + width {
            if let Some(cell) = self.cell(at, y) {
                wipe(cell);
            }
        }
        self.buffer.set_stringn(self.area.x + x as u16, self.area.y + y as u16, text, room, style);
        x + width
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        if x >= self.width() || y >= self.height() {
            return None;
        }
        self.buffer.cell_mut((self.area.x + x as u16, self.area.y + y as u16))
    }
}

/// `set_style` only adds; a glyph drawn over another must not inherit its colour or weight.
fn wipe(cell: &mut Cell) {
    let bg = cell.bg;
    cell.reset();
    cell.set_fg(Color::Reset).set_bg(bg);
}
