//! Every figure with its interval and its sample.
//!
//! Invariant: a figure that is hidden keeps its row and says why.
//! Absent on purpose: figures without a sample.

use super::Report;
use super::words::{self, Form, cells};
use crate::performance::Shown;
use crate::performance::equity_record::CONFIDENCE;

type Row<'a> = (&'a str, Shown, Form, &'a str);

pub fn table(report: &Report<'_>) -> String {
    let summary = report.summary;
    let (daily, trades) = (&summary.equity.daily, &summary.trades);
    let track = format!("days until the edge is {:.0}\u{a0}% sure", CONFIDENCE * 100.0);
    let groups: [(&str, Vec<Row<'_>>); 3] = [
        (
            "Return and risk",
            vec![
                ("total return", summary.equity.total_return, Form::Percent, "bars"),
                ("return a year", daily.annual_return, Form::Percent, "days"),
                ("volatility a year", daily.annual_volatility, Form::Share, "days"),
                ("Sharpe", daily.sharpe, Form::Number, "days"),
                ("Sortino", daily.sortino, Form::Number, "days"),
                ("Calmar", daily.calmar, Form::Number, "days"),
                ("omega", daily.omega, Form::Number, "days"),
                ("alpha a year, to buy and hold", summary.alpha, Form::Percent, "days"),
                ("beta, to buy and hold", summary.beta, Form::Number, "days"),
                ("chance that the true Sharpe is above 0", daily.probability_of_skill, Form::Share, "days"),
                (&track, daily.minimum_track_record, Form::Whole, "days"),
            ],
        ),
        (
            "Tails",
            vec![
                ("worst 5\u{a0}% of days begin at", daily.value_at_risk, Form::Percent, "days"),
                ("mean of the worst 5\u{a0}%", daily.expected_shortfall, Form::Percent, "days"),
                ("tail ratio", daily.tail_ratio, Form::Number, "days"),
                ("skewness", daily.skewness, Form::Number, "days"),
                ("kurtosis (normal: 3)", daily.kurtosis, Form::Number, "days"),
                ("ulcer index", summary.equity.ulcer_index, Form::Share, "bars"),
            ],
        ),
        (
            "Trades",
            vec![
                ("win rate", trades.win_rate, Form::Share, "trades"),
                ("profit factor", trades.profit_factor, Form::Number, "trades"),
                ("average win / average loss", trades.payoff_ratio, Form::Number, "trades"),
                ("expectancy of a trade", trades.expectancy, Form::Money, "trades"),
                ("exposure", summary.exposure, Form::Share, "bars"),
                ("time in the market", summary.time_in_market, Form::Share, "bars"),
                ("turnover (traded / mean equity)", summary.turnover, Form::Number, "bars"),
            ],
        ),
    ];
    let mut rows = String::new();
    for (name, group) in &groups {
        rows += &format!("<tr class=\"group\"><th colspan=\"4\">{name}</th></tr>");
        for (name, shown, form, unit) in group {
            rows += &format!("<tr><th scope=\"row\">{name}</th>{}</tr>", cells(shown, *form, unit));
        }
    }
    format!(
        "<div class=\"scroll\"><table><thead><tr><th></th><th class=\"n\">value</th><th class=\"n\">95\u{a0}% interval</th><th class=\"n\">sample</th></tr></thead><tbody>{rows}</tbody></table></div>{}",
        trades_in_words(report)
    )
}

fn trades_in_words(report: &Report<'_>) -> String {
    let statistics = &report.summary.trades.statistics;
    let Some(held) = statistics.average_holding() else { return String::new() };
    let quote = words::escaped(report.quote);
    format!(
        "<p class=\"soft\">Best trade {} {quote}, worst {} {quote}; longest run of wins {}, of losses {}; held for {} on average.</p>",
        words::signed(statistics.best, 2),
        words::signed(statistics.worst, 2),
        statistics.longest_wins,
        statistics.longest_losses,
        words::span(held)
    )
}
