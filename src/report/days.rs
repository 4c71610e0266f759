//! Daily returns: their distribution, and Sharpe over a rolling window.
//!
//! Invariant: zero lies between two bars, so that no bar mixes gains and losses; what is too short is hidden with its
//! reason.
//! Absent on purpose: a fitted curve.

use super::Report;
use super::chart::{Chart, Line, range, with_air};
use super::words::{escaped, percent, plain};
use crate::domain::Span;
use crate::performance::ratios::rolling_sharpe;
use crate::performance::{DailyReturn, Hidden};

/// Days of the rolling window: a quarter.
pub const WINDOW: usize = 90;
/// Fewest days for which a distribution is drawn.
const FEWEST: usize = 10;

fn hidden(have: usize, need: usize) -> String {
    let why = Hidden::TooShort { have: have as u64, need: need as u64 };
    format!("<p class=\"hidden\">hidden: {}</p>", escaped(&why.to_string()))
}

pub fn distribution(report: &Report<'_>) -> String {
    let changes: Vec<f64> = report.summary.equity.days.iter().map(|day| day.change).collect();
    if changes.len() < FEWEST {
        return hidden(changes.len(), FEWEST);
    }
    let (width, first, counts) = bins(&changes);
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let edge = |at: usize| (first + at as i64) as f64 * width;
    let mut chart =
        Chart::new(220.0, (edge(0), edge(counts.len())), (0.0, most * 1.06), "Distribution of daily returns");
    chart.rule(|y| if y.fract() == 0.0 { plain(y, 0) } else { String::new() });
    chart.number(|x| format!("{}\u{a0}%", plain(x * 100.0, if width < 0.005 { 1 } else { 0 })));
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let class = if first + (at as i64) < 0 { "loss" } else { "gain" };
        let title = format!("{count} days from {} to {}", percent(edge(at)), percent(edge(at + 1)));
        chart.bar(class, (edge(at), edge(at + 1)), *count as f64, &title);
    }
    let gains = changes.iter().filter(|change| **change > 0.0).count();
    let losses = changes.iter().filter(|change| **change < 0.0).count();
    let note = format!(
        "<p class=\"soft\">{} days: {gains} up, {losses} down, {} unchanged.</p>",
        changes.len(),
        changes.len() - gains - losses
    );
    chart.finish() + &note
}

/// Width, number of the first bin (bin 0 begins at zero), counts.
fn bins(changes: &[f64]) -> (f64, i64, Vec<usize>) {
    let (low, high) = range(changes.iter().copied());
    // Twice as many bins as the square root of the sample asks for: single days matter.
    let wanted = (2.0 * (changes.len() as f64).sqrt()).clamp(12.0, 44.0);
    let rough = ((high - low) / wanted).max(1e-6);
    let power = 10_f64.powf(rough.log10().floor());
    let width = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|width| *width >= rough)
        .unwrap_or(rough);
    let bin = |change: f64| (change / width).floor() as i64;
    let first = bin(low);
    let mut counts = vec![0; usize::try_from(bin(high) - first).unwrap_or(0) + 1];
    for change in changes {
        if let Some(count) = usize::try_from(bin(*change) - first).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    (width, first, counts)
}

pub fn rolling(report: &Report<'_>) -> String {
    let days = &report.summary.equity.days;
    if days.len() < WINDOW {
        return hidden(days.len(), WINDOW);
    }
    let line = |name: &str, class, days: &[DailyReturn]| {
        let points: Vec<(f64, f64)> = rolling_sharpe(days, WINDOW)
            .into_iter()
            .filter_map(|(day, ratio)| Some((day.saturating_mul(Span::DAY.0) as f64, ratio?)))
            .collect();
        let end = points.last().map_or_else(String::new, |(_, ratio)| format!(" {}", plain(*ratio, 2)));
        Line { name: format!("{name}{end}"), class, points }
    };
    let mut lines = vec![line(report.strategy, "strategy", days)];
    if let Ok(hold) = &report.summary.baselines.buy_and_hold {
        lines.push(line("buy and hold", "hold", &hold.equity.days));
    }
    let times: Vec<f64> = lines.iter().flat_map(|line| line.points.iter().map(|(x, _)| *x)).collect();
    let (Some(from), Some(to)) = (times.iter().copied().reduce(f64::min), times.iter().copied().reduce(f64::max))
    else {
        return format!("<p class=\"hidden\">hidden: {}</p>", Hidden::NoVariance);
    };
    let height = with_air(range(lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y))));
    let mut chart = Chart::new(220.0, (from, to), height, "Sharpe ratio of the last 90 days");
    chart.rule(|y| plain(y, 1));
    chart.date();
    chart.lines(&lines);
    chart.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_in_one_bin_and_none_mixes_gains_and_losses() {
        let changes: Vec<f64> = (-37..55).map(|at| f64::from(at) * 0.000_7 + 0.000_1).collect();
        let (width, first, counts) = bins(&changes);
        assert_eq!(counts.iter().sum::<usize>(), changes.len());
        let below: usize = counts.iter().take(usize::try_from(-first).expect("losses")).sum();
        assert_eq!(below, changes.iter().filter(|change| **change < 0.0).count());
        assert!(width > 0.0 && counts.len() < 48);
        assert_eq!(bins(&[0.0; 12]).2, [12]);
    }
}
