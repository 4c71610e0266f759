//! Equity against the baselines, and drawdown.
//!
//! Invariant: all lines begin at zero, at the same capital, on one axis.
//! Absent on purpose: the path of the random traders; where they end stands beside the lines.

use super::Report;
use super::chart::{Chart, Line, range, with_air};
use super::words::{self, percent, plain};
use crate::performance::{CurvePoint, EquityFigures};

/// Every line of equity there is: name, class, figures; the strategy first.
fn records<'a>(report: &'a Report<'_>) -> Vec<(&'a str, &'static str, &'a EquityFigures)> {
    let baselines = &report.summary.baselines;
    let others = [
        ("buy and hold", "hold", &baselines.buy_and_hold),
        ("steady risk", "steady", &baselines.volatility_target),
        ("flat", "flat", &baselines.flat),
    ];
    let mut found = vec![(report.strategy, "strategy", &report.summary.equity)];
    found.extend(others.into_iter().filter_map(|(name, class, line)| Some((name, class, &line.as_ref().ok()?.equity))));
    found
}

fn points(figures: &EquityFigures, of: impl Fn(&CurvePoint) -> f64) -> Vec<(f64, f64)> {
    figures.curve.points().map(|point| (point.time.0 as f64, of(point))).collect()
}

fn gain(figures: &EquityFigures) -> Vec<(f64, f64)> {
    let start = figures.start;
    if start > 0.0 { points(figures, |point| point.last / start - 1.0) } else { Vec::new() }
}

fn times(figures: &EquityFigures) -> (f64, f64) {
    (figures.first.0 as f64, figures.last.0 as f64)
}

pub fn equity(report: &Report<'_>) -> String {
    let lines: Vec<Line<'_>> = records(report)
        .into_iter()
        .map(|(name, class, figures)| {
            let points = gain(figures);
            let end = points.last().map_or(0.0, |(_, end)| *end);
            Line { name: format!("{name} {}", percent(end)), class, points }
        })
        .collect();
    let random = report.summary.baselines.random.as_ref().ok();
    let whisker = random.into_iter().flat_map(|random| [random.low, random.high]);
    let height = with_air(range(lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y)).chain(whisker)));
    let mut chart =
        Chart::new(340.0, times(&report.summary.equity), height, "Return of the strategy and of the baselines");
    chart.rule(|y| format!("{}\u{a0}%", plain(y * 100.0, places(height))));
    chart.date();
    chart.lines(&lines);
    if let Some(random) = random {
        let title = format!(
            "random traders: {} to {}, middle {}",
            percent(random.low),
            percent(random.high),
            percent(random.median)
        );
        chart.whisker((random.low, random.median, random.high), &title);
    }
    chart.finish()
}

pub fn drawdown(report: &Report<'_>) -> String {
    let fall = |figures| points(figures, |point| point.drawdown);
    let own = fall(&report.summary.equity);
    let worst = |figures: &EquityFigures| percent(figures.max_drawdown);
    let mut lines = vec![Line {
        name: format!("{} {}", report.strategy, worst(&report.summary.equity)),
        class: "strategy",
        points: own.clone(),
    }];
    if let Ok(hold) = &report.summary.baselines.buy_and_hold {
        lines.push(Line {
            name: format!("buy and hold {}", worst(&hold.equity)),
            class: "hold",
            points: fall(&hold.equity),
        });
    }
    let height = with_air(range(lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y))));
    let mut chart = Chart::new(190.0, times(&report.summary.equity), height, "Drawdown from the highest equity so far");
    chart.rule(|y| format!("{}\u{a0}%", plain(y * 100.0, places(height))));
    chart.date();
    chart.area("strategy", &own);
    chart.lines(&lines);
    chart.finish()
}

/// The deepest fall in words.
pub fn fall(report: &Report<'_>) -> String {
    let figures = &report.summary.equity;
    let Some(fall) = figures.fall else { return "Equity never fell below an earlier close.".to_owned() };
    let end = match fall.recovery {
        Some(time) => format!("it was made good on {}", words::date(time)),
        None => "it was not made good before the end".to_owned(),
    };
    format!(
        "The deepest fall, {}, went from {} to {} ({}); {end}. The longest time below a peak was {}. Measured at the close of bars.",
        percent(fall.depth),
        words::minute(fall.peak),
        words::minute(fall.valley),
        words::span(fall.decline()),
        words::span(figures.longest_underwater),
    )
}

/// Decimals of a percentage axis, by its height as a fraction.
fn places((low, high): (f64, f64)) -> usize {
    if high - low < 0.005 {
        2
    } else if high - low < 0.05 {
        1
    } else {
        0
    }
}
