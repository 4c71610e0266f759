//! What trading cost, and what it was before and after.
//!
//! Invariant: fees, spread and impact add up to the total; the result before costs is the result plus the total.
//! Absent on purpose: models (they stand among the assumptions).

use super::Report;
use super::words::{escaped, percent, plain, share, signed};

pub fn table(report: &Report<'_>) -> String {
    let (costs, figures) = (report.summary.costs, &report.summary.equity);
    let (total, traded, start) = (costs.total().to_f64(), costs.traded.to_f64(), figures.start);
    let parts = [
        ("fees", "fees", costs.fees.to_f64()),
        ("spread", "spread", costs.spread.to_f64()),
        ("impact", "impact", costs.impact.to_f64()),
    ];
    let of = |value: f64, whole: f64, write: fn(f64) -> String| {
        if whole > 0.0 { write(value / whole) } else { "\u{2013}".to_owned() }
    };
    let basis = |value: f64| if traded > 0.0 { plain(value / traded * 10_000.0, 2) } else { "\u{2013}".to_owned() };
    let mut rows = String::new();
    for (name, class, value) in parts.into_iter().chain([("all costs", "sum", total)]) {
        let dot = if class == "sum" { String::new() } else { format!("<i class=\"dot {class}\"></i>") };
        rows += &format!(
            "<tr class=\"{class}\"><th scope=\"row\">{dot}{name}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            plain(value, 2),
            of(value, total, share),
            basis(value),
            of(value, start, share)
        );
    }
    let bar: String = parts
        .iter()
        .filter(|(_, _, value)| total > 0.0 && *value > 0.0)
        .map(|(name, class, value)| {
            format!("<i class=\"{class}\" style=\"width:{:.2}%\" title=\"{name}\"></i>", value / total * 100.0)
        })
        .collect();
    let quote = escaped(report.quote);
    let gain = figures.end - figures.start;
    let before = gain + total;
    let words = format!(
        "<p>Traded {} {quote} in {} fills. Before costs the result was {} {quote} ({}), after them {} {quote} ({}).</p>",
        plain(traded, 0),
        plain(report.fills as f64, 0),
        signed(before, 2),
        of(before, start, percent),
        signed(gain, 2),
        of(gain, start, percent)
    );
    format!(
        "{words}<div class=\"split\">{bar}</div><div class=\"scroll\"><table><thead><tr><th></th><th class=\"n\">{quote}</th><th class=\"n\">share</th><th class=\"n\">basis points of what was traded</th><th class=\"n\">of the starting equity</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}
