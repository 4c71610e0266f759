//! `CurveChart`: one number over time as a braille line or as a filled depth under zero.
//!
//! Invariant: labels stand beside the curve, never on it; the highest and the lowest value are always drawn.
//! Absent on purpose: a time axis; the title says the span.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::plot::Plot;
use super::scale::{HIGHEST, Scale};
use crate::tui::theme::Theme;

/// A curve with its highest, lowest and last value beside it.
#[derive(Debug, Clone)]
pub struct CurveChart<'a> {
    /// Seconds and value, oldest first. Pairs with a number that is not finite are left out.
    pub points: &'a [(f64, f64)],
    /// Where the curve started: above it the curve is up, below it down. Without it the curve has neither colour.
    pub baseline: Option<f64>,
    pub kind: CurveKind,
    /// How a value reads on the axis.
    pub format: fn(f64) -> String,
    pub theme: Theme,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveKind {
    Line,
    /// Filled from zero downward: a drawdown. Values above zero count as zero.
    Underwater,
}

/// The least part of the height that the curve keeps when the baseline is far away.
const CURVE_KEEPS: f64 = 0.25;
/// Dots of a braille cell.
const ACROSS: usize = 2;
const DOWN: usize = 4;

impl Widget for CurveChart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut plot = Plot::new(area, buffer);
        let points = self.drawable_points();
        let (Some(&(_, last)), true) = (points.last(), plot.height() > 0) else { return };
        let low = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
        let (bottom, top) = self.range(low, high);
        let Some(scale) = Scale::new(bottom, top, plot.height() * DOWN) else { return };

        let labels = self.labels(&scale, low, high, last);
        let axis = 1 + labels.iter().map(|label| label.text.width()).max().unwrap_or(0);
        let columns = if plot.width() > axis + 4 { plot.width() - axis } else { plot.width() };
        let mut dots = Dots::new(columns, plot.height());
        self.trace(&points, &scale, &mut dots);
        if let Some(base) = self.baseline.filter(|base| self.kind == CurveKind::Line && scale.holds(*base)) {
            let row = scale.step(base) / DOWN;
            (0..columns).for_each(|x| plot.put(x, row, '┈', self.theme.dim()));
        }
        dots.draw(&mut plot, self.style(last));
        if columns < plot.width() {
            for label in labels {
                plot.text(columns + 1, label.row, &label.text, label.style);
            }
        }
    }
}

struct Label {
    row: usize,
    text: String,
    style: Style,
}

impl CurveChart<'_> {
    fn drawable_points(&self) -> Vec<(f64, f64)> {
        let fits = |x: f64| x.abs() <= HIGHEST;
        let value = |y: f64| match self.kind {
            CurveKind::Line => y,
            CurveKind::Underwater => y.min(0.0),
        };
        self.points.iter().filter(|(x, y)| fits(*x) && fits(*y)).map(|(x, y)| (*x, value(*y))).collect()
    }

    /// Lowest and highest number of the scale.
    fn range(&self, low: f64, high: f64) -> (f64, f64) {
        let (low, high) = match self.kind {
            CurveKind::Underwater => (low, 0.0),
            CurveKind::Line => match self.baseline.filter(|base| base.abs() <= HIGHEST) {
                Some(base) if (high - low) >= (high.max(base) - low.min(base)) * CURVE_KEEPS => {
                    (low.min(base), high.max(base))
                }
                Some(_) | None => (low, high),
            },
        };
        // A constant lies in the middle; a drawdown of zero at the top.
        let air = if high > low { 0.0 } else { (high.abs() * 1e-3).max(1e-9) };
        match self.kind {
            CurveKind::Line => (low - air, high + air),
            CurveKind::Underwater => (low - air, high),
        }
    }

    fn style(&self, last: f64) -> Style {
        match self.kind {
            CurveKind::Underwater => self.theme.down(),
            CurveKind::Line => match self.baseline {
                Some(base) if last > base => self.theme.up(),
                Some(base) if last < base => self.theme.down(),
                Some(_) | None => self.theme.curve(),
            },
        }
    }

    /// The last value first: it keeps its row; the others yield to it and to each other.
    fn labels(&self, scale: &Scale, low: f64, high: f64, last: f64) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        let wanted = [(last, self.style(last)), (high, self.theme.dim()), (low, self.theme.dim())];
        for (value, style) in wanted {
            let (row, text) = (scale.step(value) / DOWN, (self.format)(value));
            if labels.iter().all(|label| label.row != row && label.text != text) {
                labels.push(Label { row, text, style });
            }
        }
        labels
    }

    fn trace(&self, points: &[(f64, f64)], scale: &Scale, dots: &mut Dots) {
        let first = points.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
        let end = points.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
        let widest = dots.width().saturating_sub(1);
        let column = |at: usize, time: f64| match end > first {
            true => (((time - first) / (end - first) * widest as f64).round() as usize).min(widest),
            false if points.len() > 1 => at * widest / (points.len() - 1),
            false => widest,
        };
        let mut before: Option<(usize, usize)> = None;
        for (at, (time, value)) in points.iter().enumerate() {
            let here = (column(at, *time), scale.step(*value));
            dots.line(before.unwrap_or(here), here, self.kind);
            before = Some(here);
        }
    }
}

/// A grid of braille dots (Unicode block 2800).
struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<u8>,
}

impl Dots {
    fn new(columns: usize, rows: usize) -> Dots {
        Dots { columns, rows, cells: vec![0; columns * rows] }
    }

    fn width(&self) -> usize {
        self.columns * ACROSS
    }

    fn set(&mut self, x: usize, y: usize) {
        // Dots 1 2 3 7 go down on the left, 4 5 6 8 on the right.
        const BITS: [[u8; ACROSS]; DOWN] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x < self.width() && y < self.rows * DOWN {
            self.cells[y / DOWN * self.columns + x / ACROSS] |= BITS[y % DOWN][x % ACROSS];
        }
    }

    /// Without gaps: each column is filled from the height of the column before. Under water from the surface.
    fn line(&mut self, from: (usize, usize), to: (usize, usize), kind: CurveKind) {
        let (from, to) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        let run = to.0 - from.0;
        let height = |x: usize| match run {
            0 => to.1,
            _ => {
                let part = (x - from.0) as f64 / run as f64;
                (from.1 as f64 + (to.1 as f64 - from.1 as f64) * part).round() as usize
            }
        };
        let mut before = from.1;
        for x in from.0..=to.0 {
            let y = height(x);
            let top = match kind {
                CurveKind::Line => before.min(y),
                CurveKind::Underwater => 0,
            };
            (top..=before.max(y)).for_each(|y| self.set(x, y));
            before = y;
        }
    }

    fn draw(&self, plot: &mut Plot, style: Style) {
        for (at, bits) in self.cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let symbol = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
            plot.put(at % self.columns, at / self.columns, symbol, style);
        }
    }
}
