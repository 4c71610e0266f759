//! `DayBars`: one bar a day around a zero line. `WinBar`: wins against losses on one line.
//!
//! Invariant: gains stand above the zero line and losses below it, so the sign is readable without colour.
//! Absent on purpose: numbers beside the day bars; the view's title tells them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::tui::theme::Theme;

/// Profit and loss by UTC day.
#[derive(Debug, Clone)]
pub struct DayBars<'a> {
    /// Number of the UTC day and its result, oldest first.
    pub days: &'a [(i64, f64)],
    pub theme: Theme,
}

/// Wins against losses as one line of blocks between their counts.
#[derive(Debug, Clone, Copy)]
pub struct WinBar {
    pub wins: u64,
    pub losses: u64,
    pub theme: Theme,
}

impl Widget for DayBars<'_> {
    fn render(self, _area: Rect, _buffer: &mut Buffer) {}
}

impl Widget for WinBar {
    fn render(self, _area: Rect, _buffer: &mut Buffer) {}
}
