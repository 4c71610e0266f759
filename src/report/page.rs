//! The page: its frame, its sections in order, the assumptions and how to make it again.
//!
//! Invariant: one file; style and pictures stand inside.
//! Absent on purpose: scripts, fonts and links.

use super::words::{self, escaped, plain};
use super::{Report, costs_paid, curves, days, figures, months, standing, trade_list};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub fn html(report: &Report<'_>) -> String {
    let title = escaped(&format!("{} on {}", report.strategy, report.symbols.join(", ")));
    let sections = [
        ("Against the baselines", standing::table(report)),
        (
            "Equity",
            curves::equity(report)
                + "<p class=\"soft\">Return since the start. The bar at the right end is where nine of ten random traders ended, its dot the middle one.</p>",
        ),
        ("Drawdown", format!("{}<p class=\"soft\">{}</p>", curves::drawdown(report), curves::fall(report))),
        (
            "Months",
            months::table(report)
                + "<p class=\"soft\">Percent. A month that the run covers in part counts the days it has; hover for their number.</p>",
        ),
        ("Costs", costs_paid::table(report)),
        ("Daily returns", days::distribution(report)),
        ("Rolling Sharpe, 90 days", days::rolling(report)),
        ("All figures", figures::table(report)),
        ("Trades", trade_list::table(report)),
        ("Assumptions", assumptions(report)),
        ("Again", again(report)),
    ];
    let body: String =
        sections.iter().map(|(name, content)| format!("<section><h2>{name}</h2>{content}</section>\n")).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{title} \u{2013} Kestrel</title><style>{STYLE}</style></head>\n<body><main><header><h1>{title}</h1><p class=\"soft\">{}</p><p class=\"verdict\">{}</p>{}</header>\n{body}<footer class=\"soft\">Made by Kestrel. The past of a simulation is no promise.</footer></main></body></html>\n",
        subtitle(report),
        standing::sentence(report),
        remarks(report),
    )
}

fn remarks(report: &Report<'_>) -> String {
    report.remarks.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect()
}

fn subtitle(report: &Report<'_>) -> String {
    let span = match report.span {
        Some((first, last)) => format!("{} to {} UTC", words::minute(first), words::minute(last)),
        None => "no bars".to_owned(),
    };
    let (equity, quote) = (&report.summary.equity, escaped(report.quote));
    format!(
        "{}, {span} \u{b7} {} bars, {} orders, {} fills, {} trades \u{b7} {} {quote} at the start, {} at the end \u{b7} state <code>{}</code>",
        escaped(report.mode),
        plain(report.bars as f64, 0),
        plain(report.orders as f64, 0),
        plain(report.fills as f64, 0),
        plain(report.trades.len() as f64, 0),
        plain(equity.start, 2),
        plain(equity.end, 2),
        escaped(&report.state_hash),
    )
}

fn assumptions(report: &Report<'_>) -> String {
    let row = |(name, value): &(String, String)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(name), escaped(value))
    };
    let rows: String = report.assumptions.iter().map(row).collect();
    let caveats: String = report.caveats.iter().map(|text| format!("<li>{}</li>", escaped(text))).collect();
    format!("<div class=\"scroll\"><table class=\"pairs\"><tbody>{rows}</tbody></table></div><ul>{caveats}</ul>")
}

fn again(report: &Report<'_>) -> String {
    format!(
        "<pre>{}</pre><p class=\"soft\">The same build, settings and data give the same page, byte for byte, and end in state <code>{}</code>.</p>",
        escaped(&report.command),
        escaped(&report.state_hash)
    )
}
