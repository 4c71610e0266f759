//! The time axis of a chart: UTC hours at round minutes, and the date where a day begins.
//!
//! Invariant: labels never touch each other, and a label stands under its own candle.
//! Absent on purpose: local time; the venue's day is UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::candles::Grid;
use super::plot::Plot;
use crate::domain::{Bar, Span, Time};
use crate::tui::theme::Theme;

/// Characters of `HH:MM` and `MM-DD`.
const LABEL: usize = 5;
/// Columns from one label's start to the next, at least.
const APART: usize = 10;
/// Distances between labels in minutes.
const ROUND: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1_440, 2_880, 10_080];

/// One row of labels under the candles.
pub fn draw(candles: &[Bar], grid: Grid, minutes: u32, theme: Theme, plot: &mut Plot) {
    let bar = i64::from(minutes.max(1));
    let fits = |round: &i64| round / bar * grid.pitch as i64 >= APART as i64;
    let every = ROUND.into_iter().find(fits).unwrap_or(43_200);
    let mut taken = vec![false; plot.width()];
    let days = (1..candles.len()).filter(|at| candles[*at].open_time.day() != candles[at - 1].open_time.day());
    for at in days {
        put(grid.column(at), &month_and_day(candles[at].open_time), &mut taken, |x, text| {
            plot.text(x, 0, text, theme.label());
        });
    }
    let part = |time: Time| minute(time).div_euclid(every);
    for at in 0..candles.len() {
        let time = candles[at].open_time;
        let begins = if at == 0 { minute(time) % every == 0 } else { part(time) != part(candles[at - 1].open_time) };
        if begins {
            put(grid.column(at), &hour_and_minute(time), &mut taken, |x, text| {
                plot.text(x, 0, text, theme.dim());
            });
        }
    }
}

/// Centred under the column, if it fits there with a space on both sides.
fn put(column: usize, text: &str, taken: &mut [bool], mut write: impl FnMut(usize, &str)) {
    let Some(from) = column.checked_sub(LABEL / 2) else { return };
    let around = from.saturating_sub(1)..(from + LABEL + 1).min(taken.len());
    if from + LABEL <= taken.len() && !taken[around.clone()].contains(&true) {
        taken[from..from + LABEL].fill(true);
        write(from, text);
    }
}

fn minute(time: Time) -> i64 {
    time.0.div_euclid(Span::MINUTE.0)
}

fn hour_and_minute(time: Time) -> String {
    let of_day = minute(time).rem_euclid(1_440);
    format!("{:02}:{:02}", of_day / 60, of_day % 60)
}

/// Empty outside of the calendar's years.
fn month_and_day(time: Time) -> String {
    Timestamp::from_microsecond(time.0)
        .map(|at| at.to_zoned(TimeZone::UTC).date())
        .map_or_else(|_| String::new(), |date| format!("{:02}-{:02}", date.month(), date.day()))
}
