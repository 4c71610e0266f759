//! `DayBars`: one bar a day around a zero line. `WinBar`: wins against losses on one line.
//!
//! Invariant: gains stand above the zero line and losses below it, so the sign is readable without colour.
//! Absent on purpose: numbers beside the day bars; the view's title tells them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use super::plot::Plot;
use crate::tui::theme::Theme;

/// Profit and loss by UTC day, the newest at the right. A day without an entry is an empty column.
#[derive(Debug, Clone)]
pub struct DayBars<'a> {
    /// Number of the UTC day and its result; a result that is not finite is left out.
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

const RISING: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Only an eighth and a half hang from the top in common fonts.
const FALLING: [char; 3] = ['▔', '▀', '█'];

impl Widget for DayBars<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut plot = Plot::new(area, buffer);
        let days = || self.days.iter().filter(|day| day.1.is_finite());
        let (Some(newest), Some(oldest)) = (days().map(|day| day.0).max(), days().map(|day| day.0).min()) else {
            return;
        };
        let (width, height) = (plot.width(), plot.height());
        if width == 0 || height == 0 {
            return;
        }
        let span = newest.saturating_sub(oldest).saturating_add(1).unsigned_abs();
        let fits = |columns: u64| span.saturating_mul(columns) <= width as u64 + 1;
        // Columns from day to day, of which the bar fills all but the gap.
        let (pitch, thick) = if fits(3) {
            (3, 2)
        } else if fits(2) {
            (2, 1)
        } else {
            (1, 1)
        };
        let shown = || days().filter_map(|day| Some((day.1, right_edge(newest, day.0, pitch, width)?)));
        let gain = shown().map(|day| day.0).fold(0.0, f64::max);
        let loss = shown().map(|day| -day.0).fold(0.0, f64::max);
        let split = Split::new(gain, loss, height);
        for (result, right) in shown() {
            for x in right.saturating_sub(thick - 1)..=right {
                self.column(&mut plot, x, result, &split);
            }
        }
    }
}

impl DayBars<'_> {
    fn column(&self, plot: &mut Plot, x: usize, result: f64, split: &Split) {
        let style = self.theme.signed(result);
        if plot.height() == 1 {
            let symbol = if result > 0.0 {
                '▲'
            } else if result < 0.0 {
                '▼'
            } else {
                '·'
            };
            plot.put(x, 0, symbol, style);
        } else if result > 0.0 {
            let eighths = split.length(result, 8);
            for row in 0..split.above {
                let filled = eighths.saturating_sub((split.above - 1 - row) * 8).min(8);
                if filled > 0 {
                    plot.put(x, row, RISING[filled], style);
                }
            }
        } else if result < 0.0 {
            let halves = split.length(-result, 2);
            let exact = -result / split.per_row * 4.0;
            for row in 0..split.below {
                let filled = halves.saturating_sub(row * 2).min(2);
                // Under a quarter of a row the thin line is nearer to the truth than the half block.
                let symbol = if exact < 1.0 { FALLING[0] } else { FALLING[filled] };
                if filled > 0 {
                    plot.put(x, split.above + row, symbol, style);
                }
            }
        } else {
            plot.put(x, split.above.saturating_sub(1), '·', style);
        }
    }
}

/// The last column of a day's bar, where it is on the plot.
fn right_edge(newest: i64, day: i64, pitch: usize, width: usize) -> Option<usize> {
    let back = usize::try_from(newest.checked_sub(day)?).ok()?.checked_mul(pitch)?;
    (width - 1).checked_sub(back)
}

/// Rows above and below the zero line, one scale for both.
struct Split {
    above: usize,
    below: usize,
    per_row: f64,
}

impl Split {
    /// `gain` and `loss` are the largest ones, both at least 0.
    fn new(gain: f64, loss: f64, height: usize) -> Split {
        // Halves, because the sum of two huge numbers is not finite.
        let share = (gain / 2.0) / (gain / 2.0 + loss / 2.0);
        let above = match (gain > 0.0, loss > 0.0) {
            (_, false) => height,
            (false, true) => 0,
            (true, true) => ((height as f64 * share).round() as usize).clamp(1, height.max(2) - 1),
        };
        let below = height - above.min(height);
        let per = |most: f64, rows: usize| if rows == 0 { 0.0 } else { most / rows as f64 };
        Split { above: height - below, below, per_row: per(gain, above).max(per(loss, below)) }
    }

    /// In parts of a row, at least one.
    fn length(&self, amount: f64, parts: usize) -> usize {
        ((amount / self.per_row * parts as f64).round() as usize).max(1)
    }
}

impl Widget for WinBar {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut plot = Plot::new(area, buffer);
        let (won, lost) = (format!("{} ", self.wins), format!(" {}", self.losses));
        let bar = plot.width().saturating_sub(won.width() + lost.width());
        let all = self.wins as f64 + self.losses as f64;
        if bar < 4 {
            // Too narrow for blocks: the counts say the same.
            let at = plot.text(0, 0, &self.wins.to_string(), self.theme.up());
            let at = plot.text(at, 0, "/", self.theme.dim());
            plot.text(at, 0, &self.losses.to_string(), self.theme.down());
            return;
        }
        let from = plot.text(0, 0, &won, self.theme.up());
        // Neither side vanishes while it has a count.
        let share = (self.wins as f64 / all * bar as f64).round() as usize;
        let filled = share.clamp(usize::from(self.wins > 0), bar - usize::from(self.losses > 0));
        for x in 0..bar {
            let (symbol, style) = if all == 0.0 {
                ('·', self.theme.dim())
            } else if x < filled {
                ('█', self.theme.up())
            } else {
                ('░', self.theme.down())
            };
            plot.put(from + x, 0, symbol, style);
        }
        plot.text(from + bar, 0, &lost, self.theme.down());
    }
}
