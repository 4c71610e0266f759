//! `Chart`: lines, areas and bars on a time or number axis, as SVG.
//!
//! Invariant: every coordinate is finite and written with one decimal; colours are classes of the page's style.
//! Absent on purpose: logarithmic axes and anything that moves.

use std::fmt::Write;

use super::words::{self, escaped};
use crate::domain::{Span, Time};

/// Size in units of the picture; the page scales it to its width.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 62.0;
/// Room for the names of the lines.
const RIGHT: f64 = 150.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;
/// Names of lines stand at least this far apart.
const LABEL_STEP: f64 = 15.0;

/// A picture under construction. X is a number: microseconds, or whatever the bars count.
pub struct Chart {
    svg: String,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

/// A named line; its class gives the colour.
pub struct Line<'a> {
    pub name: String,
    pub class: &'a str,
    pub points: Vec<(f64, f64)>,
}

impl Chart {
    /// An empty picture with these ranges; a range without width is widened.
    pub fn new(height: f64, x: (f64, f64), y: (f64, f64), title: &str) -> Chart {
        let mut chart = Chart { svg: String::new(), height, x: widened(x), y: widened(y) };
        let title = escaped(title);
        chart.put(format_args!(
            "<div class=\"chart\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>"
        ));
        chart
    }

    pub fn finish(mut self) -> String {
        self.svg.push_str("</svg></div>");
        self.svg
    }

    fn put(&mut self, piece: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        writeln!(self.svg, "{piece}").unwrap_or_default();
    }

    fn across(&self, x: f64) -> f64 {
        let share = (x - self.x.0) / (self.x.1 - self.x.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        let share = (y - self.y.0) / (self.y.1 - self.y.0);
        self.height - BOTTOM - share.clamp(0.0, 1.0) * (self.height - TOP - BOTTOM)
    }

    /// Horizontal lines at round numbers, each with its text; zero is stronger.
    pub fn rule(&mut self, text: impl Fn(f64) -> String) {
        for tick in round_numbers(self.y, 7) {
            let (y, class) = (self.down(tick), if tick == 0.0 { "zero" } else { "grid" });
            let (end, at) = (WIDTH - RIGHT, y + 3.5);
            self.put(format_args!("<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
            let text = escaped(&text(tick));
            self.put(format_args!(
                "<text class=\"axis\" x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 8.0
            ));
        }
    }

    /// Dates under the picture.
    pub fn date(&mut self) {
        for (time, text) in dates(Time(self.x.0 as i64), Time(self.x.1 as i64)) {
            self.mark(time.0 as f64, &text);
        }
    }

    /// Numbers under the picture.
    pub fn number(&mut self, text: impl Fn(f64) -> String) {
        for tick in round_numbers(self.x, 8) {
            self.mark(tick, &text(tick));
        }
    }

    fn mark(&mut self, x: f64, text: &str) {
        let (x, foot) = (self.across(x), self.height - BOTTOM);
        self.put(format_args!(
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{foot:.1}\" y2=\"{:.1}\"/>",
            foot + 4.0
        ));
        let text = escaped(text);
        self.put(format_args!(
            "<text class=\"axis\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
            foot + 17.0
        ));
    }

    /// The surface between the points and zero.
    pub fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let zero = self.down(0.0);
        let path = self.path(points);
        let (from, to) = (self.across(first.0), self.across(last.0));
        self.put(format_args!("<path class=\"area {class}\" d=\"M{from:.1} {zero:.1} L{path} L{to:.1} {zero:.1}Z\"/>"));
    }

    /// Lines with their names at the right end, pushed apart where they would touch.
    pub fn lines(&mut self, lines: &[Line<'_>]) {
        let mut names: Vec<(f64, &Line<'_>)> = Vec::new();
        // The first is the one that matters: it is drawn last, on top.
        for line in lines.iter().rev().filter(|line| !line.points.is_empty()) {
            let path = self.path(&line.points);
            self.put(format_args!("<path class=\"line {}\" d=\"M{path}\"/>", line.class));
            names.extend(line.points.last().map(|(_, y)| (self.down(*y), line)));
        }
        names.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut free = TOP + 4.0;
        let mut places: Vec<f64> = Vec::new();
        for (y, _) in &names {
            places.push(y.max(free));
            free = y.max(free) + LABEL_STEP;
        }
        // What was pushed out at the foot moves up again.
        let mut ceiling = self.height - BOTTOM;
        for place in places.iter_mut().rev() {
            *place = place.min(ceiling);
            ceiling = *place - LABEL_STEP;
        }
        for (place, (_, line)) in places.iter().zip(&names) {
            let (x, y) = (WIDTH - RIGHT + 16.0, place + 3.5);
            let (class, name) = (line.class, escaped(&line.name));
            self.put(format_args!("<text class=\"name {class}\" x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>"));
        }
    }

    /// A bar from zero to `to`, between two numbers of the axis.
    pub fn bar(&mut self, class: &str, (from, until): (f64, f64), to: f64, title: &str) {
        let (x, end) = (self.across(from), self.across(until));
        let (y, zero) = (self.down(to), self.down(0.0));
        let (width, height, title) = ((end - x - 1.0).max(0.5), (zero - y).max(0.0), escaped(title));
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{title}</title></rect>"
        ));
    }

    /// A range with its middle, beside the right end of the lines.
    pub fn whisker(&mut self, (low, middle, high): (f64, f64, f64), title: &str) {
        let x = WIDTH - RIGHT + 6.0;
        let (bottom, centre, top, title) = (self.down(low), self.down(middle), self.down(high), escaped(title));
        self.put(format_args!("<g class=\"whisker\"><title>{title}</title>"));
        self.put(format_args!("<line x1=\"{x}\" x2=\"{x}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>"));
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{centre:.1}\" r=\"2.6\"/></g>"));
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let place = |(x, y): &(f64, f64)| format!("{:.1} {:.1}", self.across(*x), self.down(*y));
        points.iter().map(place).collect::<Vec<_>>().join(" ")
    }
}

/// Least and greatest of the numbers, and of zero.
pub fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers
        .filter(|number| number.is_finite())
        .fold((0.0, 0.0), |(low, high), number| (number.min(low), number.max(high)))
}

/// A little air above and below, so that lines do not touch the frame.
pub fn with_air((low, high): (f64, f64)) -> (f64, f64) {
    let air = 0.06 * (high - low);
    (if low < 0.0 { low - air } else { low }, if high > 0.0 { high + air } else { high })
}

fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if high > low { (low, high) } else { (low - 0.01, low + 0.01) }
}

/// About `wanted` numbers of one, two or five times a power of ten, within the range.
fn round_numbers((low, high): (f64, f64), wanted: u32) -> Vec<f64> {
    let rough = (high - low) / f64::from(wanted.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough);
    let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return Vec::new() };
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last.min(first.saturating_add(99))).map(|at| at as f64 * step).collect()
}

/// Moments worth a date: days, weeks, months or years, as many as fit.
fn dates(from: Time, to: Time) -> Vec<(Time, String)> {
    let days = to.since(from).0 / Span::DAY.0;
    let (step, form) = match days {
        ..=2 => (Span(Span::DAY.0 / 4), "%m-%d %H:%M"),
        3..=9 => (Span::DAY, "%b %-d"),
        10..=75 => (Span(7 * Span::DAY.0), "%b %-d"),
        _ => return months(from, to, days),
    };
    let count = to.since(from).0 / step.0;
    let first = Time((from.0 + step.0 - 1).div_euclid(step.0) * step.0);
    // Weeks are counted from the run's own first day, not from 1970.
    let first = if step.0 > Span::DAY.0 { Time(from.0.div_euclid(Span::DAY.0) * Span::DAY.0) } else { first };
    let at = |place: i64| first.plus(Span(step.0 * place));
    (0..=count)
        .map(at)
        .filter(|time| *time >= from.minus(Span::MINUTE) && *time <= to)
        .map(|time| (time, words::stamp(time, form)))
        .collect()
}

fn months(from: Time, to: Time, days: i64) -> Vec<(Time, String)> {
    let every = match days {
        ..=280 => 1,
        281..=560 => 2,
        561..=1_100 => 3,
        1_101..=2_200 => 6,
        _ => 12,
    };
    let Ok(start) = jiff::Timestamp::from_microsecond(from.0) else { return Vec::new() };
    let mut month = start.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
    let mut found = Vec::new();
    while let Ok(zoned) = month.to_zoned(jiff::tz::TimeZone::UTC) {
        let time = Time(zoned.timestamp().as_microsecond());
        if time > to || found.len() > 99 {
            break;
        }
        if time >= from && (month.month() - 1) % every == 0 {
            found.push((time, words::stamp(time, if every < 12 { "%b %Y" } else { "%Y" })));
        }
        let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else { break };
        month = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers_within_their_range() {
        assert_eq!(round_numbers((-0.07, 0.02), 5), [-0.06, -0.04, -0.02, 0.0, 0.02]);
        assert!(round_numbers((0.0, 0.0), 5).is_empty());
        assert!(round_numbers((f64::NAN, 1.0), 5).is_empty());
    }

    #[test]
    fn dates_fit_the_length_of_the_run() {
        let start = Time(1_688_169_600_000_000);
        for (days, least, most) in
            [(1, 4, 6), (7, 6, 8), (31, 4, 5), (200, 6, 7), (366, 5, 7), (1_800, 8, 11), (3_650, 9, 11)]
        {
            let found = dates(start, start.plus(Span(days * Span::DAY.0)));
            assert!((least..=most).contains(&found.len()), "{days} days: {found:?}");
        }
    }

    #[test]
    fn names_of_lines_that_end_together_stand_apart() {
        let mut chart = Chart::new(200.0, (0.0, 1.0), (0.0, 1.0), "a & b");
        let line = |name: &str| Line { name: name.into(), class: "x", points: vec![(0.0, 0.0), (1.0, 0.01)] };
        chart.lines(&[line("one"), line("two"), line("three")]);
        let svg = chart.finish();
        assert!(svg.contains("a &amp; b") && !svg.contains("NaN"));
        let places: Vec<f64> = svg
            .split("<text class=\"name x\"")
            .skip(1)
            .filter_map(|piece| piece.split("y=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert!(places.windows(2).all(|pair| (pair[0] - pair[1]).abs() >= LABEL_STEP - 0.11), "{places:?}");
    }
}
