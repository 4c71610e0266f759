//! `data import`: files into the catalogue, all of them or none.
//!
//! Invariant: the catalogue changes only after the last row of the last file was found good.
//! Absent on purpose: the checks themselves (`store::import`).

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde::Serialize;

use super::{json, parse_market, parse_symbol, utc};
use crate::app;
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::domain::Symbol;
use crate::store::import::{Import, Imported, Told};
use crate::store::{Catalog, Market};

#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Archive CSV or zip (a .CHECKSUM beside it is verified), or Parquet with kline columns under their usual names
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The pair, where neither metadata nor file name tells it; they cannot be overruled
    #[arg(long, value_name = "SYMBOL", value_parser = parse_symbol)]
    pub symbol: Option<Symbol>,
    /// The market, where neither metadata nor file name tells it; they cannot be overruled [default: spot]
    #[arg(long, value_name = "NAME", value_parser = parse_market)]
    pub market: Option<Market>,
    /// Take new rows where they contradict kept ones
    #[arg(long)]
    pub replace: bool,
}

#[derive(Serialize)]
struct Report {
    files: Vec<FileReport>,
    /// Month files written.
    months: usize,
}

#[derive(Serialize)]
struct FileReport {
    file: String,
    market: String,
    symbol: String,
    interval: &'static str,
    rows: u64,
    first: i64,
    last: i64,
    added: u64,
    known: u64,
    replaced: u64,
}

pub fn execute(args: &ImportArgs, globals: &Globals) -> Result<Output, Failure> {
    let catalog = Catalog::of_home(&globals.home()?);
    let mut import = Import::new(catalog.clone(), args.replace).stop_by(stopped()?);
    let told = Told { symbol: args.symbol.clone(), market: args.market.clone() };
    let mut done = Vec::with_capacity(args.files.len());
    for (at, file) in args.files.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let progress = ProgressLine::new(&format!("{}/{} {name}: rows", at + 1, args.files.len()), None);
        done.push(import.add(file, &told, &mut |rows| progress.to(rows))?);
    }
    let months = import.commit()?;
    let mut text = String::new();
    for file in &done {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line(file));
    }
    let _ = writeln!(text, "{months} month files written below {}", catalog.root().display());
    let report = Report { files: done.iter().map(FileReport::of).collect(), months };
    Ok(Output::Report { text, json: json(&report)? })
}

/// Becomes true when a person interrupts; signals are heard from the call on.
pub(in crate::cli) fn stopped() -> Result<Arc<AtomicBool>, Failure> {
    let failed = |error: std::io::Error| Failure::Data(format!("signals cannot be heard ({error})"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let interrupted = {
        let _inside = runtime.enter();
        app::interrupt().map_err(failed)?
    };
    let stop = Arc::new(AtomicBool::new(false));
    let heard = stop.clone();
    // Ends with the program.
    std::thread::spawn(move || {
        runtime.block_on(interrupted);
        heard.store(true, Ordering::Relaxed);
    });
    Ok(stop)
}

fn line(file: &Imported) -> String {
    let merged = file.merged;
    format!(
        "{}: {}, {} rows from {} to {}: {} new, {} known, {} replaced",
        file.file.display(),
        file.partition,
        file.rows,
        utc(file.first),
        utc(file.last),
        merged.added,
        merged.known,
        merged.replaced
    )
}

impl FileReport {
    fn of(file: &Imported) -> FileReport {
        FileReport {
            file: file.file.display().to_string(),
            market: file.partition.market.to_string(),
            symbol: file.partition.symbol.to_string(),
            interval: file.partition.interval.name(),
            rows: file.rows,
            first: file.first.millis(),
            last: file.last.millis(),
            added: file.merged.added,
            known: file.merged.known,
            replaced: file.merged.replaced,
        }
    }
}
