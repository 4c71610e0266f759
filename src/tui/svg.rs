//! `svg`: a rendered screen as a picture that every browser shows alike.
//!
//! Invariant: the picture stands alone: no script, no foreign font, no link.
//! Absent on purpose: blinking, and images of the terminal's own protocols.

use ratatui::buffer::Buffer;

use super::theme::Theme;

/// A stand-alone SVG of the buffer inside a window frame with the title.
pub fn svg(buffer: &Buffer, theme: Theme, title: &str) -> String {
    let _ = (buffer, theme, title);
    String::new()
}
