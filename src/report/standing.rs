//! Where the strategy stands among what anybody had without skill: one sentence and one table.
//!
//! Invariant: the strategy never stands alone; a baseline that is missing says why.
//! Absent on purpose: praise.

use super::Report;
use super::words::{self, Form, escaped, percent, plain};
use crate::performance::baselines::{Baseline, RandomTraders, TRADERS};
use crate::performance::{EquityFigures, Hidden};

/// The result in words.
pub fn sentence(report: &Report<'_>) -> String {
    let figures = &report.summary.equity;
    let baselines = &report.summary.baselines;
    let Ok(total) = figures.total_return else { return "There was no capital to trade with.".to_owned() };
    let mut text = format!("The strategy returned <b>{}</b>", percent(total.value));
    match &baselines.buy_and_hold {
        Ok(hold) => {
            let held = hold.equity.total_return.map_or(0.0, |figure| figure.value);
            let relation = |value: f64| if total.value > value { "more" } else { "less" };
            text += &format!(
                ": {} than doing nothing and {} than buying and holding ({}) over the same time.",
                if total.value == 0.0 { "no more" } else { relation(0.0) },
                relation(held),
                percent(held)
            );
        }
        Err(hidden) => text += &format!("; nothing to compare with: {}.", escaped(&hidden.to_string())),
    }
    text + &among_random(&baselines.random)
}

/// The percentile in words.
fn among_random(random: &Result<RandomTraders, Hidden>) -> String {
    let random = match random {
        Ok(random) => random,
        Err(hidden) => return format!(" It cannot be ranked among random traders: {}.", escaped(&hidden.to_string())),
    };
    let share = random.percentile * 100.0;
    let verdict = match share {
        95.0.. => "chance alone gets there in one of twenty runs or fewer",
        80.0.. => "better than most, and still well within chance",
        20.0.. => "what chance alone brings",
        _ => "worse than trading at random",
    };
    format!(
        " Of {TRADERS} random traders with the same number, size and length of trades it did better than <b>{}\u{a0}%</b>: {verdict}.",
        plain(share, 1)
    )
}

/// Strategy and baselines side by side.
pub fn table(report: &Report<'_>) -> String {
    let summary = report.summary;
    let mut rows = String::new();
    let turnover = summary.turnover.map_or_else(|_| "\u{2013}".into(), |figure| plain(figure.value, 1));
    rows +=
        &row(&format!("<i class=\"dot strategy\"></i>{}", escaped(report.strategy)), "own", &summary.equity, &turnover);
    let baselines = &summary.baselines;
    rows += &baseline("<i class=\"dot flat\"></i>flat", &baselines.flat);
    rows += &baseline("<i class=\"dot hold\"></i>buy and hold", &baselines.buy_and_hold);
    rows += &baseline("<i class=\"dot steady\"></i>hold at steady risk", &baselines.volatility_target);
    rows += &match &baselines.random {
        Ok(random) => format!(
            "<tr><th scope=\"row\"><i class=\"dot random\"></i>random traders</th><td class=\"n\">{}</td><td class=\"soft\" colspan=\"5\">the middle of {TRADERS}; nine of ten lie between {} and {}</td></tr>",
            percent(random.median),
            percent(random.low),
            percent(random.high)
        ),
        Err(hidden) => missing("<i class=\"dot random\"></i>random traders", hidden),
    };
    format!(
        "<div class=\"scroll\"><table class=\"wide\"><thead><tr><th></th><th class=\"n\">return</th><th class=\"n\">a year</th><th class=\"n\">deepest fall</th><th class=\"n\">volatility a year</th><th class=\"n\">Sharpe (95\u{a0}% interval)</th><th class=\"n\">turnover</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn baseline(name: &str, baseline: &Result<Baseline, Hidden>) -> String {
    match baseline {
        Ok(baseline) => row(name, "", &baseline.equity, &plain(baseline.turnover, 1)),
        Err(hidden) => missing(name, hidden),
    }
}

fn missing(name: &str, hidden: &Hidden) -> String {
    let why = escaped(&hidden.to_string());
    format!("<tr><th scope=\"row\">{name}</th><td class=\"hidden\" colspan=\"6\">hidden: {why}</td></tr>")
}

fn row(name: &str, class: &str, figures: &EquityFigures, turnover: &str) -> String {
    let sharpe = match &figures.daily.sharpe {
        Ok(figure) => {
            let interval = figure.interval.map_or_else(String::new, |interval| {
                format!(" <span class=\"soft\">({})</span>", Form::Number.interval(interval))
            });
            format!("{}{interval}", plain(figure.value, 2))
        }
        Err(_) => words::value(&figures.daily.sharpe, Form::Number),
    };
    format!(
        "<tr class=\"{class}\"><th scope=\"row\">{name}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{sharpe}</td><td class=\"n\">{turnover}</td></tr>",
        words::value(&figures.total_return, Form::Percent),
        words::value(&figures.daily.annual_return, Form::Percent),
        percent(figures.max_drawdown),
        words::value(&figures.daily.annual_volatility, Form::Share),
    )
}
