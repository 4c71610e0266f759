//! `CandleChart`: bars, fills and price levels on one price axis.
//!
//! Invariant: the newest candle stands at the right edge; a price is never drawn more than half a cell from its place.
//! Absent on purpose: choosing how many bars to show and what they are worth.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;

use super::plot::Plot;
use super::price_axis::PriceAxis;
use super::scale::{HIGHEST, compact};
use super::time_axis;
use crate::domain::{Bar, Side, Span, Time};
use crate::tui::theme::Theme;

/// Candles over time with fills and levels.
#[derive(Debug, Clone)]
pub struct CandleChart<'a> {
    /// Oldest first, already cut to what may be shown; what does not fit is dropped at the old end.
    pub bars: &'a [Bar],
    /// The bar of the running minute; it replaces a closed bar of the same open time.
    pub forming: Option<Bar>,
    pub marks: &'a [Mark],
    /// Without a level of the kind `Last`, the newest close is highlighted.
    pub lines: &'a [Level<'a>],
    /// Decimal places of the symbol's tick.
    pub decimals: u8,
    /// Minutes of one bar.
    pub minutes: u32,
    pub volume: bool,
    pub theme: Theme,
}

/// A fill: an arrow under the candle of a buy, above the candle of a sell. Without a finite price it is not drawn.
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

/// Columns of the narrowest price axis.
const NARROWEST_AXIS: u16 = 6;
/// From this height on there is room for volumes.
const VOLUME_FROM: usize = 12;

/// The most candles that a chart of this width can show, at one column each.
pub fn capacity(width: u16) -> usize {
    usize::from(width.saturating_sub(NARROWEST_AXIS).max(width.min(NARROWEST_AXIS)))
}

/// One bar for each UTC multiple of `minutes` that holds at least one of these bars, oldest first as they are.
pub fn aggregate<'a>(bars: impl Iterator<Item = &'a Bar>, minutes: u32) -> Vec<Bar> {
    let length = i64::from(minutes.max(1)) * Span::MINUTE.0;
    let mut whole: Vec<Bar> = Vec::new();
    for bar in bars {
        let open_time = Time(bar.open_time.0.div_euclid(length).saturating_mul(length));
        match whole.last_mut() {
            Some(last) if last.open_time == open_time => {
                last.high = last.high.max(bar.high);
                last.low = last.low.min(bar.low);
                last.close = bar.close;
                last.volume += bar.volume;
            }
            Some(_) | None => whole.push(Bar { open_time, ..*bar }),
        }
    }
    whole
}

impl Widget for CandleChart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut plot = Plot::new(area, buffer);
        let (width, height) = (plot.width(), plot.height());
        let candles = self.candles(width);
        let times = usize::from(height >= 4);
        let volumes = if self.volume && height >= VOLUME_FROM { (height / 7).clamp(2, 6) } else { 0 };
        let rows = height - times - volumes;
        let Some(axis) = PriceAxis::new(&candles, &self, rows) else {
            return;
        };
        let columns = if width > axis.width() + 4 { width - axis.width() } else { width };
        let candles = &candles[candles.len().saturating_sub(columns)..];
        let grid = Grid::new(candles.len(), columns);

        axis.draw_lines(&mut plot.part(0, 0, columns, rows));
        self.draw_candles(candles, grid, &axis, &mut plot.part(0, 0, columns, rows));
        self.draw_marks(candles, grid, &axis, &mut plot.part(0, 0, columns, rows));
        axis.draw_names(&mut plot.part(0, 0, columns, rows));
        if columns < width {
            axis.draw_prices(&mut plot.part(columns, 0, width - columns, rows));
        }
        self.draw_volumes(candles, grid, columns, &mut plot.part(0, rows, width, volumes));
        time_axis::draw(candles, grid, self.minutes, self.theme, &mut plot.part(0, rows + volumes, width, times));
    }
}

/// Which column belongs to which candle.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    columns: usize,
    candles: usize,
    /// Columns from candle to candle.
    pub pitch: usize,
}

impl Grid {
    fn new(candles: usize, columns: usize) -> Grid {
        Grid { columns, candles, pitch: if candles * 2 <= columns { 2 } else { 1 } }
    }

    pub fn column(&self, candle: usize) -> usize {
        self.columns - 1 - (self.candles - 1 - candle) * self.pitch
    }
}

/// False for a bar that could not be drawn; its column stays empty.
pub fn drawable(bar: &Bar) -> bool {
    bar.validate().is_ok() && bar.high <= HIGHEST
}

impl CandleChart<'_> {
    /// The newest `most` bars, the forming one last.
    fn candles(&self, most: usize) -> Vec<Bar> {
        let closed = match (self.bars, self.forming) {
            ([before @ .., last], Some(forming)) if last.open_time == forming.open_time => before,
            (all, _) => all,
        };
        let closed = &closed[closed.len().saturating_sub(most)..];
        closed.iter().copied().chain(self.forming).collect()
    }

    fn style(&self, bar: &Bar) -> Style {
        if bar.close > bar.open {
            self.theme.up()
        } else if bar.close < bar.open {
            self.theme.down()
        } else {
            self.theme.text()
        }
    }

    fn draw_candles(&self, candles: &[Bar], grid: Grid, axis: &PriceAxis, plot: &mut Plot) {
        for (at, bar) in candles.iter().enumerate().filter(|(_, bar)| drawable(bar)) {
            let shape = Shape::new(bar, axis);
            for row in shape.top / 2..=shape.bottom / 2 {
                plot.put(grid.column(at), row, shape.glyph(row, grid.pitch > 1), self.style(bar));
            }
        }
    }

    fn draw_marks(&self, candles: &[Bar], grid: Grid, axis: &PriceAxis, plot: &mut Plot) {
        let span = Span(i64::from(self.minutes.max(1)) * Span::MINUTE.0);
        for mark in self.marks.iter().filter(|mark| mark.price.is_finite()) {
            let Some(at) = candles.iter().rposition(|bar| bar.open_time <= mark.time) else { continue };
            let bar = &candles[at];
            if mark.time >= bar.open_time.plus(span) || !drawable(bar) {
                continue;
            }
            let shape = Shape::new(bar, axis);
            let (row, symbol, style) = match mark.side {
                Side::Buy => ((shape.bottom / 2 + 1).min(plot.height() - 1), '▲', self.theme.buy()),
                Side::Sell => ((shape.top / 2).saturating_sub(1), '▼', self.theme.sell()),
            };
            plot.put(grid.column(at), row, symbol, style);
        }
    }

    fn draw_volumes(&self, candles: &[Bar], grid: Grid, columns: usize, plot: &mut Plot) {
        const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let most = candles.iter().filter(|bar| drawable(bar)).map(|bar| bar.volume).fold(0.0, f64::max);
        let rows = plot.height();
        if most <= 0.0 || rows == 0 {
            return;
        }
        for (at, bar) in candles.iter().enumerate().filter(|(_, bar)| drawable(bar)) {
            let eighths = (bar.volume / most * (rows * 8) as f64).ceil() as usize;
            for row in 0..rows {
                let filled = eighths.saturating_sub((rows - 1 - row) * 8).min(8);
                if filled > 0 {
                    plot.put(grid.column(at), row, EIGHTHS[filled], self.style(bar).add_modifier(Modifier::DIM));
                }
            }
        }
        if columns < plot.width() {
            plot.text(columns + 1, 0, &compact(most), self.theme.dim());
            plot.text(columns + 1, rows - 1, "vol", self.theme.dim());
        }
    }
}

/// A candle in half cells from the top, each end included.
struct Shape {
    top: usize,
    body_top: usize,
    body_bottom: usize,
    bottom: usize,
    /// Open and close are the same price.
    level: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Nothing,
    Wick,
    Body,
}

impl Shape {
    fn new(bar: &Bar, axis: &PriceAxis) -> Shape {
        Shape {
            top: axis.half(bar.high),
            body_top: axis.half(bar.open.max(bar.close)),
            body_bottom: axis.half(bar.open.min(bar.close)),
            bottom: axis.half(bar.low),
            level: bar.open == bar.close,
        }
    }

    fn part(&self, half: usize) -> Part {
        if half < self.top || half > self.bottom {
            Part::Nothing
        } else if half < self.body_top || half > self.body_bottom {
            Part::Wick
        } else {
            Part::Body
        }
    }

    /// `wide` bodies fill their column; they need an empty column between them. No character joins a wide body and a wick
    /// in one cell, so there the body takes the whole cell where the wick goes on, and hides it where it ends.
    fn glyph(&self, row: usize, wide: bool) -> char {
        if self.level && self.body_top / 2 == row {
            return match (self.top < self.body_top, self.bottom > self.body_bottom) {
                (false, false) => '─',
                (true, false) => '┴',
                (false, true) => '┬',
                (true, true) => '┼',
            };
        }
        match (self.part(row * 2), self.part(row * 2 + 1)) {
            (Part::Nothing, Part::Nothing) => ' ',
            (Part::Nothing, Part::Wick) => '╷',
            (Part::Wick, Part::Nothing) => '╵',
            (Part::Wick, Part::Wick) => '│',
            (Part::Wick, Part::Body) if wide && self.top < row * 2 => '█',
            (Part::Body, Part::Wick) if wide && self.bottom > row * 2 + 1 => '█',
            (Part::Wick, Part::Body) if wide => '▄',
            (Part::Body, Part::Wick) if wide => '▀',
            (Part::Wick, Part::Body) => '╽',
            (Part::Body, Part::Wick) => '╿',
            (Part::Nothing, Part::Body) if wide => '▄',
            (Part::Body, Part::Nothing) if wide => '▀',
            (Part::Body, Part::Body) if wide => '█',
            (Part::Nothing, Part::Body) => '╻',
            (Part::Body, Part::Nothing) => '╹',
            (Part::Body, Part::Body) => '┃',
        }
    }
}
