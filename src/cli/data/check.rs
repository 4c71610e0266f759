//! `data check`: what is wrong with files or histories of the catalogue.
//!
//! Invariant: findings are a result and end with status 0, or, with `--strict`, with 3 and one sentence.
//! Absent on purpose: mending.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{json, named, parse_market, utc};
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::store::check::{Findings, check};
use crate::store::{Catalog, Market};

/// Gaps told one by one; the JSON has them all.
const MOST_GAPS: usize = 20;

#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Files, or symbols of the catalogue [default: the whole catalogue]
    #[arg(value_name = "FILE|SYMBOL")]
    pub what: Vec<PathBuf>,
    /// The market, whose known outages name the gaps [default: as the file says, else spot]
    #[arg(long, value_name = "NAME", value_parser = parse_market)]
    pub market: Option<Market>,
    /// End with status 3 when something is wrong; minutes without trade are not
    #[arg(long)]
    pub strict: bool,
}

/// Times in ms UTC. For several histories an object with `files`, each like this.
#[derive(Serialize)]
struct Report {
    rows: u64,
    first: i64,
    last: i64,
    gaps: Vec<GapReport>,
    duplicates: u64,
    off_grid: u64,
    ohlc_violations: u64,
    zero_volume: u64,
    unsorted: u64,
    zero_volume_runs: u64,
    zero_volume_longest: u64,
    outages: Vec<OutageReport>,
    symbol: Option<String>,
    market: String,
    interval: &'static str,
    file: String,
}

#[derive(Serialize)]
struct GapReport {
    after: i64,
    before: i64,
    missing: u64,
}

/// The name of the outage behind the gap that follows `after`.
#[derive(Serialize)]
struct OutageReport {
    after: i64,
    name: String,
}

#[derive(Serialize)]
struct Several {
    files: Vec<Report>,
}

pub fn execute(args: &CheckArgs, globals: &Globals) -> Result<Output, Failure> {
    let catalog = Catalog::of_home(&globals.home()?);
    let mut found: Vec<(String, Findings)> = Vec::new();
    for (name, files, market) in histories(args, &catalog)? {
        let progress = ProgressLine::new(&format!("{name}: rows"), None);
        let findings = check(&files, market.as_ref(), &mut |rows| progress.to(rows))?;
        found.push((name, findings));
    }
    if args.strict {
        refuse_faults(&found)?;
    }
    let text: Vec<String> = found.iter().map(|(name, findings)| told(name, findings)).collect();
    let mut reports: Vec<Report> = found.iter().map(|(name, findings)| Report::of(name, findings)).collect();
    let json = match (reports.len(), args.what.len()) {
        (1, 1) => json(&reports.remove(0))?,
        (_, _) => json(&Several { files: reports })?,
    };
    Ok(Output::Report { text: text.join("\n\n"), json })
}

type History = (String, Vec<PathBuf>, Option<Market>);

fn histories(args: &CheckArgs, catalog: &Catalog) -> Result<Vec<History>, Failure> {
    let mut histories = Vec::new();
    for what in &args.what {
        let named = named(what, catalog)?;
        let market = args.market.clone().or(named.partition.map(|partition| partition.market));
        histories.push((what.display().to_string(), named.files, market));
    }
    if !args.what.is_empty() {
        return Ok(histories);
    }
    for partition in catalog.partitions()? {
        let files = catalog.months(&partition)?.into_iter().map(|(_, path)| path).collect();
        histories.push((partition.to_string(), files, Some(partition.market)));
    }
    if histories.is_empty() {
        let root = catalog.root().display();
        return Err(Failure::Data(format!("the catalogue {root} is empty; name a file, or import some first")));
    }
    Ok(histories)
}

/// With `--strict`: one sentence for all that is wrong.
fn refuse_faults(found: &[(String, Findings)]) -> Result<(), Failure> {
    let faulty: Vec<String> = found
        .iter()
        .filter(|(_, findings)| findings.has_faults())
        .map(|(name, findings)| format!("{name}: {}", counts(findings)))
        .collect();
    if faulty.is_empty() {
        return Ok(());
    }
    Err(Failure::Data(format!("{}; leave out --strict for the whole report", faulty.join("; "))))
}

fn counts(findings: &Findings) -> String {
    format!(
        "{} gaps ({} bars missing), {} duplicates, {} off the grid, {} impossible bars, {} unsorted",
        findings.gaps.len(),
        findings.missing(),
        findings.duplicates,
        findings.off_grid,
        findings.ohlc_violations,
        findings.unsorted
    )
}

fn told(name: &str, findings: &Findings) -> String {
    let symbol = findings.symbol.as_ref().map_or("unknown symbol", |symbol| symbol.as_str());
    let mut text = format!(
        "{name}: {symbol} {} {}, {} rows from {} to {} UTC\n  {}",
        findings.market,
        findings.interval,
        findings.rows,
        utc(findings.first),
        utc(findings.last),
        counts(findings)
    );
    // Writing to a string cannot fail.
    for gap in findings.gaps.iter().take(MOST_GAPS) {
        let (after, before) = (utc(gap.after), utc(gap.before));
        let why = gap.outage.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
        let _ = write!(text, "\n  gap: {after} -> {before}, {} missing{why}", gap.missing);
    }
    if findings.gaps.len() > MOST_GAPS {
        let _ = write!(text, "\n  and {} gaps more; --json has them all", findings.gaps.len() - MOST_GAPS);
    }
    let runs = findings.zero_runs;
    let _ = write!(text, "\n  {} bars without trade", findings.zero_volume);
    if let Some(from) = runs.longest_from {
        let _ = write!(text, " in {} runs, the longest of {} from {}", runs.count, runs.longest, utc(from));
    }
    text
}

impl Report {
    fn of(name: &str, findings: &Findings) -> Report {
        let gaps = findings.gaps.iter();
        let outages =
            gaps.clone().filter_map(|gap| Some(OutageReport { after: gap.after.millis(), name: gap.outage.clone()? }));
        let gap = |gap: &crate::store::check::Gap| GapReport {
            after: gap.after.millis(),
            before: gap.before.millis(),
            missing: gap.missing,
        };
        Report {
            rows: findings.rows,
            first: findings.first.millis(),
            last: findings.last.millis(),
            gaps: gaps.clone().map(gap).collect(),
            duplicates: findings.duplicates,
            off_grid: findings.off_grid,
            ohlc_violations: findings.ohlc_violations,
            zero_volume: findings.zero_volume,
            unsorted: findings.unsorted,
            zero_volume_runs: findings.zero_runs.count,
            zero_volume_longest: findings.zero_runs.longest,
            outages: outages.collect(),
            symbol: findings.symbol.as_ref().map(|symbol| symbol.to_string()),
            market: findings.market.to_string(),
            interval: findings.interval.name(),
            file: name.to_owned(),
        }
    }
}
