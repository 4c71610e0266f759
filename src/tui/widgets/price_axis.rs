//! `PriceAxis`: the price range of a chart, its levels, and the numbers beside it.
//!
//! Invariant: the candles keep at least 40 % of the height; a level farther away becomes an arrow at the edge with its price.
//! Absent on purpose: drawing candles.

use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::candles::{CandleChart, Level, LevelKind, drawable};
use super::plot::Plot;
use super::scale::{HIGHEST, Scale, price_text};
use crate::domain::Bar;
use crate::tui::theme::Theme;

/// The least part of the height that candles keep.
const CANDLES_KEEP: f64 = 0.4;
/// Rows between two round numbers.
const APART: usize = 3;

/// Prices against rows.
pub struct PriceAxis<'a> {
    scale: Scale,
    rows: usize,
    levels: Vec<Placed<'a>>,
    decimals: u8,
    theme: Theme,
}

/// A level with the row it stands in.
struct Placed<'a> {
    level: Level<'a>,
    row: usize,
    side: Edge,
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Inside,
    Above,
    Below,
}

impl<'a> PriceAxis<'a> {
    /// `None` without rows or drawable candles.
    pub fn new(candles: &[Bar], chart: &CandleChart<'a>, rows: usize) -> Option<PriceAxis<'a>> {
        let shown = || candles.iter().filter(|bar| drawable(bar));
        let last = shown().next_back()?.close;
        let low = shown().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
        let high = shown().map(|bar| bar.high).fold(0.0, f64::max);
        let levels = levels(chart.lines, last);
        let (low, high) = range(low, high, tick(chart.decimals), &levels);
        let scale = Scale::new(low, high, rows * 2)?;
        let levels = levels.into_iter().map(|level| Placed::new(level, &scale, rows)).collect();
        Some(PriceAxis { scale, rows, levels, decimals: chart.decimals, theme: chart.theme })
    }

    /// The half row that holds this price.
    pub fn half(&self, price: f64) -> usize {
        self.scale.step(price)
    }

    /// Columns of the numbers, with an empty one before and after.
    pub fn width(&self) -> usize {
        let numbers = self.levels.iter().map(|placed| placed.level.price).chain([self.scale.low, self.scale.high]);
        2 + numbers.map(|price| price_text(price, self.decimals).len()).max().unwrap_or(0)
    }

    /// Dashes across the chart; candles are drawn over them.
    pub fn draw_lines(&self, plot: &mut Plot) {
        for placed in self.levels.iter().filter(|placed| placed.side == Edge::Inside) {
            let (symbol, style) = match placed.level.kind {
                LevelKind::Last => ('┈', self.theme.dim()),
                LevelKind::Entry | LevelKind::Stop | LevelKind::Target => ('╌', self.style(placed.level.kind)),
            };
            for x in 0..plot.width() {
                plot.put(x, placed.row, symbol, style);
            }
        }
    }

    /// The names of the levels at the left ends of their lines.
    pub fn draw_names(&self, plot: &mut Plot) {
        let mut free = vec![0; self.rows];
        for placed in self.levels.iter().filter(|placed| !placed.level.label.is_empty()) {
            let arrow = match placed.side {
                Edge::Inside => "",
                Edge::Above => "↑ ",
                Edge::Below => "↓ ",
            };
            let text = format!("{arrow}{} ", placed.level.label);
            let from = free[placed.row];
            // A name may hide a third of the candles at most.
            if from + text.width() <= plot.width() / 3 {
                free[placed.row] = plot.text(from, placed.row, &text, self.style(placed.level.kind));
            }
        }
    }

    /// The numbers: the last price first, then levels, then round numbers where rows are left.
    pub fn draw_prices(&self, plot: &mut Plot) {
        let mut taken = vec![false; self.rows];
        for placed in &self.levels {
            let near = [Some(placed.row), placed.row.checked_add(1), placed.row.checked_sub(1)];
            let Some(row) = near.into_iter().flatten().find(|row| taken.get(*row) == Some(&false)) else { continue };
            taken[row] = true;
            let text = price_text(placed.level.price, self.decimals);
            match placed.level.kind {
                LevelKind::Last => plot.text(0, row, &format!(" {text} "), self.style(LevelKind::Last)),
                kind @ (LevelKind::Entry | LevelKind::Stop | LevelKind::Target) => {
                    plot.text(1, row, &text, self.style(kind))
                }
            };
        }
        for price in self.scale.round_numbers(APART * 2, tick(self.decimals)) {
            let row = self.scale.step(price) / 2;
            if taken.get(row) == Some(&false) {
                taken[row] = true;
                plot.text(1, row, &price_text(price, self.decimals), self.theme.dim());
            }
        }
    }

    fn style(&self, kind: LevelKind) -> Style {
        match kind {
            LevelKind::Last => self.theme.cursor(),
            LevelKind::Entry => self.theme.entry(),
            LevelKind::Stop => self.theme.stop(),
            LevelKind::Target => self.theme.target(),
        }
    }
}

impl<'a> Placed<'a> {
    fn new(level: Level<'a>, scale: &Scale, rows: usize) -> Placed<'a> {
        let side = if scale.holds(level.price) {
            Edge::Inside
        } else if level.price > scale.high {
            Edge::Above
        } else {
            Edge::Below
        };
        Placed { row: (scale.step(level.price) / 2).min(rows.saturating_sub(1)), level, side }
    }
}

/// The finite levels, the last price first; the newest close stands in where none is given.
fn levels<'a>(lines: &[Level<'a>], close: f64) -> Vec<Level<'a>> {
    let finite = |level: &&Level| level.price > 0.0 && level.price <= HIGHEST;
    let is_last = |level: &Level| level.kind == LevelKind::Last;
    let given = lines.iter().filter(finite).copied().find(|level| is_last(level));
    let last = given.unwrap_or(Level { price: close, kind: LevelKind::Last, label: "" });
    let others = lines.iter().filter(finite).copied().filter(|level| !is_last(level));
    [last].into_iter().chain(others).collect()
}

/// The range of the candles with a little air, widened to the levels that leave the candles their part.
fn range(low: f64, high: f64, tick: f64, levels: &[Level]) -> (f64, f64) {
    let air = ((high - low) * 0.05).max(tick).max(high * 1e-9);
    let (low, high) = (low - air, high + air);
    let most = (high - low) / CANDLES_KEEP;
    let away = |level: &&Level| (low - level.price).max(level.price - high);
    let mut nearest: Vec<&Level> = levels.iter().collect();
    nearest.sort_by(|a, b| away(a).total_cmp(&away(b)));
    let mut wide = (low, high);
    for level in nearest {
        // A hair beyond the level, so that its line does not lie on the very edge.
        let hair = (high - low) * 0.02;
        let wider = (wide.0.min(level.price - hair), wide.1.max(level.price + hair));
        if wider.1 - wider.0 <= most {
            wide = wider;
        }
    }
    wide
}

fn tick(decimals: u8) -> f64 {
    10_f64.powi(-i32::from(decimals.min(12)))
}
