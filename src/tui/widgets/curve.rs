//! `CurveChart`: one number over time as a braille line or as a filled depth under zero.
//!
//! Invariant: labels stand beside the curve, never on it.
//! Absent on purpose: a time axis; the title says the span.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::theme::Theme;

/// A curve with its highest, lowest and last value.
#[derive(Debug, Clone)]
pub struct CurveChart<'a> {
    /// Seconds and value, oldest first.
    pub points: &'a [(f64, f64)],
    /// Where the curve started; the last value above it is up, below it down.
    pub baseline: Option<f64>,
    pub kind: CurveKind,
    pub format: fn(f64) -> String,
    pub theme: Theme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveKind {
    Line,
    /// Filled from zero downward: a drawdown.
    Underwater,
}

impl Widget for CurveChart<'_> {
    fn render(self, _area: Rect, _buffer: &mut Buffer) {}
}
