//! Closed trades with their reasons.
//!
//! Invariant: in the order of their close; where some are left out, their number stands there.
//! Absent on purpose: open positions and single fills (`--trades` writes them).

use super::words::{self, escaped, percent, plain, signed};
use super::{Report, TradeLine};
use crate::domain::Value;

/// Rows at the beginning and at the end of a list that is too long for a page, each.
pub const ROWS: usize = 1_000;

pub fn table(report: &Report<'_>) -> String {
    let trades = &report.trades;
    if trades.is_empty() {
        return "<p class=\"hidden\">No trade was closed.</p>".to_owned();
    }
    let mut rows = String::new();
    for (at, line) in trades.iter().enumerate() {
        if trades.len() > 2 * ROWS && at == ROWS {
            let left_out = plain((trades.len() - 2 * ROWS) as f64, 0);
            rows += &format!(
                "<tbody><tr class=\"group\"><th colspan=\"11\">{left_out} trades are left out here; --trades FILE writes all of them</th></tr></tbody>"
            );
        }
        if trades.len() <= 2 * ROWS || !(ROWS..trades.len() - ROWS).contains(&at) {
            rows += &row(report, at + 1, line);
        }
    }
    let head = ["symbol", "opened", "closed", "held", "entry", "exit", "quantity", "PnL", "of entry", "fees"];
    let is_number = |name: &str| !matches!(name, "symbol" | "opened" | "closed");
    let head: String = head
        .iter()
        .map(|name| format!("<th{}>{name}</th>", if is_number(name) { " class=\"n\"" } else { "" }))
        .collect();
    format!(
        "{}<div class=\"scroll tall\"><table class=\"trades\"><thead><tr><th class=\"n\">#</th>{head}</tr></thead>{rows}</table></div>",
        by_exit(report)
    )
}

/// How trades ended, and with what result.
fn by_exit(report: &Report<'_>) -> String {
    let mut groups: Vec<(&str, usize, f64)> = Vec::new();
    for line in &report.trades {
        let (name, pnl) = (line.trade.exit_by.as_str(), line.trade.pnl.to_f64());
        match groups.iter_mut().find(|group| group.0 == name) {
            Some(group) => {
                group.1 += 1;
                group.2 += pnl;
            }
            None => groups.push((name, 1, pnl)),
        }
    }
    groups.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    let said: Vec<String> = groups
        .iter()
        .map(|(name, count, pnl)| format!("{} by {name} ({})", plain(*count as f64, 0), signed(*pnl, 2)))
        .collect();
    format!("<p>Closed: {}. PnL in {}, after fees.</p>", said.join(", "), escaped(report.quote))
}

fn row(report: &Report<'_>, number: usize, line: &TradeLine<'_>) -> String {
    let trade = line.trade;
    let symbol = report.symbols.get(trade.symbol.index()).map_or("?", String::as_str);
    let invested = Value::of(trade.entry, trade.quantity).to_f64();
    let pnl = trade.pnl.to_f64();
    let of_entry = if invested > 0.0 { percent(pnl / invested) } else { "\u{2013}".to_owned() };
    let class = if pnl < 0.0 { "loss" } else { "gain" };
    let because = line.entered_because.as_deref().unwrap_or("not on record");
    format!(
        "<tbody><tr><td class=\"n soft\">{number}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n {class}\">{}</td><td class=\"n {class}\">{of_entry}</td><td class=\"n soft\">{}</td></tr><tr class=\"why\"><td></td><td colspan=\"10\">in: {}. out: {}.</td></tr></tbody>",
        escaped(symbol),
        words::minute(trade.opened),
        words::minute(trade.closed),
        words::span(line.held()),
        trade.entry,
        trade.exit,
        trade.quantity,
        signed(pnl, 2),
        plain(trade.fees.to_f64(), 2),
        escaped(because),
        escaped(&line.left_because),
    )
}
