//! The trades file: closed round trips and fills as CSV.
//!
//! Invariant: written whole or not at all (a temporary file, then a rename).
//! Absent on purpose: anything that the record does not hold.

use std::fmt::Write;
use std::path::Path;

use super::RunError;
use crate::domain::SymbolRules;
use crate::runtime::Record;

/// One table: `kind` tells round trips from fills; columns that a kind does not have are empty.
const HEADER: &str = "kind,symbol,time_ms,closed_ms,side,price,exit_price,quantity,fee,fee_asset,pnl,exit_by,client_id";

pub fn write(path: &Path, rules: &[SymbolRules], record: &Record) -> Result<(), RunError> {
    let failed = |error: std::io::Error| {
        RunError::Data(format!(
            "{}: the trades cannot be written ({error}); choose another --trades file",
            path.display()
        ))
    };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".partial");
    std::fs::write(&temporary, table(rules, record)).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
}

fn table(rules: &[SymbolRules], record: &Record) -> String {
    let mut text = format!("{HEADER}\n");
    let mut row = |line: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        writeln!(text, "{line}").unwrap_or_default();
    };
    for trade in &record.trades {
        let symbol = &rules[trade.symbol.index()].symbol;
        let (opened, closed) = (trade.opened.millis(), trade.closed.millis());
        row(format_args!(
            "trade,{symbol},{opened},{closed},,{},{},{},{},,{},{},",
            trade.entry,
            trade.exit,
            trade.quantity,
            trade.fees,
            trade.pnl,
            trade.exit_by.as_str()
        ));
    }
    for fill in &record.fills {
        let symbol = &rules[fill.symbol.index()].symbol;
        row(format_args!(
            "fill,{symbol},{},,{},{},,{},{},{},,,{}",
            fill.time.millis(),
            fill.side.as_str(),
            fill.price,
            fill.quantity,
            fill.fee,
            fill.fee_asset,
            fill.client_id
        ));
    }
    text
}
