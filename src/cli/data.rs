//! `data`: klines into the catalogue, checked, shown, fetched; events and regimes over them; recorded order books, asked
//! for fills.
//!
//! Invariant: a verb that fails leaves the catalogue as it was, or, fetching, with whole months more.
//! Absent on purpose: the catalogue itself (`store`) and downloading (`binance`).

mod chart;
pub mod check;
pub mod events;
pub mod fetch;
pub mod fills;
mod fills_told;
mod from_archive;
pub mod import;
pub mod mood;
pub mod regimes;
pub mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Output;
use super::failure::Failure;
use super::globals::Globals;
use crate::domain::{Symbol, Time};
use crate::store::{Catalog, Market, Partition, StoreError, symbol_of_text, time_of_text};

#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Debug, Clone, Subcommand)]
enum DataVerb {
    /// Take files into the catalogue: Binance's archive (CSV or zip, checksums verified) or Parquet
    Import(import::ImportArgs),
    /// Find gaps, duplicates, impossible prices and minutes without trade
    Check(check::CheckArgs),
    /// Show a history as a chart and a table
    Show(show::ShowArgs),
    /// Fetch what the catalogue lacks from a venue's REST address, or from the public archive's files
    Fetch(fetch::FetchArgs),
    /// Count events on recordings: crash alarms against breaks, false alarms, time in each regime
    Events(events::EventsArgs),
    /// Fit the regimes to recordings and write the model's file
    Regimes(regimes::RegimesArgs),
    /// Judge outside sources: do they come before returns?
    Mood(mood::MoodArgs),
    /// Measure what passive and taking orders would have got in a recorded order book
    Fills(fills::FillsArgs),
}

pub fn execute(args: &DataArgs, globals: &Globals) -> Result<Output, Failure> {
    match &args.verb {
        DataVerb::Import(args) => import::execute(args, globals),
        DataVerb::Check(args) => check::execute(args, globals),
        DataVerb::Show(args) => show::execute(args, globals),
        DataVerb::Fetch(args) => fetch::execute(args, globals),
        DataVerb::Events(args) => events::execute(args, globals),
        DataVerb::Regimes(args) => regimes::execute(args, globals),
        DataVerb::Mood(args) => mood::execute(args, globals),
        DataVerb::Fills(args) => fills::execute(args, globals),
    }
}

/// The files that a FILE or SYMBOL means, with the history they are when it came from the catalogue.
pub(super) struct Named {
    pub files: Vec<PathBuf>,
    pub partition: Option<Partition>,
}

/// A file when there is one of this name, else a history of the catalogue with a file for each month.
pub(super) fn named(name: &Path, catalog: &Catalog) -> Result<Named, StoreError> {
    if name.exists() || !can_be_symbol(name) {
        return Ok(Named { files: vec![name.to_path_buf()], partition: None });
    }
    let partition = catalog.find(&name.to_string_lossy())?;
    let files = catalog.months(&partition)?.into_iter().map(|(_, path)| path).collect();
    Ok(Named { files, partition: Some(partition) })
}

/// `BTCUSDT` or `um/BTCUSDT`, but no path and no file name with an ending.
fn can_be_symbol(name: &Path) -> bool {
    let text = name.to_string_lossy();
    let (market, symbol) = text.split_once('/').unwrap_or(("spot", &text));
    Market::parse(market).is_some() && symbol_of_text(symbol).is_some()
}

/// For clap.
fn parse_time(text: &str) -> Result<Time, String> {
    time_of_text(text).ok_or_else(|| "allowed is a UTC date such as 2024-01-31, with or without T23:59, or ms".into())
}

/// For clap.
fn parse_market(text: &str) -> Result<Market, String> {
    Market::parse(text).ok_or_else(|| "allowed is spot, um, cm, binanceus or another short name".into())
}

/// For clap.
fn parse_symbol(text: &str) -> Result<Symbol, String> {
    symbol_of_text(text).ok_or_else(|| "allowed is a pair such as BTCUSDT".into())
}

/// `2024-01-31 23:59`, with seconds where there are some.
pub(super) fn utc(time: Time) -> String {
    let Ok(stamp) = jiff::Timestamp::from_microsecond(time.0) else { return format!("{} us", time.0) };
    let format = if time.0 % 60_000_000 == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    stamp.strftime(format).to_string()
}

/// A report as JSON; a failure here is a bug.
fn json(value: &impl serde::Serialize) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::Bug(format!("the report cannot be written as JSON: {error}")))
}
