//! `data mood`: whether outside sources predict returns, over recordings of both.
//!
//! Invariant: every figure stands with its sample; what was not judged says why.
//! Absent on purpose: setting a weight.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::json;
use super::regimes::recordings;
use crate::app::feeds::folder;
use crate::app::mood::{Finding, kept, recorded, study};
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::{Globals, seed};
use crate::performance::figure::Interval;
use crate::performance::prediction::{LEAST_CHANGES, Prediction, Verdict};

/// Figures of fewer news are left out: their intervals mean nothing.
const LEAST_SHOWN: usize = 20;

#[derive(Debug, Clone, Args)]
pub struct MoodArgs {
    /// Klines: files, or symbols of the catalogue
    #[arg(value_name = "FILE|SYMBOL", required = true)]
    pub what: Vec<PathBuf>,
    /// Recordings of outside sources in Parquet [default: what runs kept in the home folder]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub moods: Vec<PathBuf>,
    /// Root of the resampling [default: 15]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

#[derive(Serialize)]
struct Report<'a> {
    findings: Vec<Row<'a>>,
    compared: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    source: &'static str,
    symbol: &'a str,
    horizon: &'static str,
    #[serde(flatten)]
    prediction: Prediction,
}

pub fn execute(args: &MoodArgs, globals: &Globals) -> Result<Output, Failure> {
    let files = recordings(&args.what, None, globals)?;
    let files: Vec<Vec<PathBuf>> = files.into_iter().map(|recording| recording.files).collect();
    let heard = match args.moods.as_slice() {
        [] => kept(&folder(&globals.home()?))?,
        files => recorded(files)?,
    };
    let findings = study(&files, heard, seed(args.seed))?;
    let rows = findings.iter().map(|finding| Row {
        source: finding.source.as_str(),
        symbol: finding.symbol.as_str(),
        horizon: finding.horizon.as_str(),
        prediction: finding.prediction,
    });
    let report = Report { findings: rows.collect(), compared: judged(&findings) };
    Ok(Output::Report { text: text(&findings), json: json(&report)? })
}

fn judged(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.prediction.verdict != Verdict::TooFew).count()
}

fn text(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "no source spoke at an hour of these klines: nothing to judge; weights stay 0".to_owned();
    }
    let mut text = String::from(
        "source          symbol     horizon    sample    news   rank correlation          gain of sizing by it, bp    verdict\n",
    );
    // Writing to a string cannot fail.
    for Finding { source, symbol, horizon, prediction } in findings {
        let shown = prediction.changes >= LEAST_SHOWN;
        let _ = writeln!(
            text,
            "{:<15} {:<10} {:<10} {:>6} {:>7}   {:<25} {:<27} {}",
            source.as_str(),
            symbol,
            horizon.as_str(),
            prediction.sample,
            prediction.changes,
            figure(prediction.rank_correlation.filter(|_| shown), prediction.rank_interval, 3),
            figure(prediction.gain.filter(|_| shown), prediction.gain_interval, 2),
            verdict(prediction),
        );
    }
    let _ = writeln!(
        text,
        "Intervals cover 95 % by block bootstrap. The gain is that of a long position changed by up to 25 % by the score, less \
         one of the same mean size, a period. {} comparisons were judged: by chance alone about {:.1} would lie above zero on \
         one figure.",
        judged(findings),
        judged(findings) as f64 * 0.025,
    );
    text
}

fn figure(value: Option<f64>, interval: Option<Interval>, places: usize) -> String {
    match (value, interval) {
        (Some(value), Some(Interval { low, high })) => format!("{value:+.places$} [{low:+.places$}, {high:+.places$}]"),
        (Some(value), None) => format!("{value:+.places$}"),
        (None, _) => "-".to_owned(),
    }
}

fn verdict(prediction: &Prediction) -> String {
    match prediction.verdict {
        Verdict::TooFew => {
            format!("not judged: {} news, {LEAST_CHANGES} are needed; weight stays 0", prediction.changes)
        }
        Verdict::NoValue => "no value shown: weight stays 0".to_owned(),
        Verdict::Value => "value shown here: worth a forward test".to_owned(),
    }
}
