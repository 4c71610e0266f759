//! `data events`: what the event detectors and the regimes say of recordings.
//!
//! Invariant: bars before `--from` warm up and are not counted.
//! Absent on purpose: other thresholds than the built-in ones.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::regimes::recordings;
use super::{json, parse_time, utc};
use crate::app::regimes::judge;
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::config::{regimes, regimes_of};
use crate::domain::{Span, Time};
use crate::market::regime::model::RegimeModel;
use crate::market::regime::{EventKind, Regime, Scorecard};

#[derive(Debug, Clone, Args)]
pub struct EventsArgs {
    /// Recordings: files, or symbols of the catalogue
    #[arg(value_name = "FILE|SYMBOL", required = true)]
    pub what: Vec<PathBuf>,
    /// Count from this UTC time on; bars before it warm up
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub from: Option<Time>,
    /// Up to this UTC time, which is not included
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub to: Option<Time>,
    /// Another file of regimes [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    pub regimes: Option<PathBuf>,
}

/// Times in ms UTC.
#[derive(Serialize)]
struct Report {
    file: String,
    days: f64,
    breaks: Vec<BreakReport>,
    breaks_in_time: usize,
    median_delay_minutes: Option<i64>,
    crash_alarms: Vec<i64>,
    crash_alarms_a_day: f64,
    crash_alarms_for_nothing: usize,
    alarms_a_day: Vec<(&'static str, f64)>,
    regime_switches_a_day: f64,
    regimes: Vec<RegimeReport>,
}

#[derive(Serialize)]
struct BreakReport {
    time: i64,
    fall: f64,
    /// Negative: before the break; null: not in time.
    delay_minutes: Option<i64>,
}

#[derive(Serialize)]
struct RegimeReport {
    regime: &'static str,
    share: f64,
    /// Of the minute after, in basis points an hour.
    drift: Option<f64>,
    /// Of the minute after, in basis points.
    volatility: Option<f64>,
}

#[derive(Serialize)]
struct Several {
    files: Vec<Report>,
}

pub fn execute(args: &EventsArgs, globals: &Globals) -> Result<Output, Failure> {
    let model = model(args)?;
    let from = args.from.unwrap_or(Time(i64::MIN));
    let recordings = recordings(&args.what, args.to, globals)?;
    let mut reports = Vec::with_capacity(recordings.len());
    for (name, recording) in args.what.iter().zip(&recordings) {
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let progress = ProgressLine::new(&format!("{name}: rows"), None);
        let score = judge(recording, from, &model, &mut |rows| progress.to(rows))?;
        if score.bars == 0 {
            return Err(Failure::Data(format!("{name}: no bar lies between --from and --to; its bars are elsewhere")));
        }
        reports.push(Report::of(name, &score));
    }
    let text: Vec<String> = reports.iter().map(told).collect();
    let json = match reports.len() {
        1 => json(&reports.remove(0))?,
        _ => json(&Several { files: reports })?,
    };
    Ok(Output::Report { text: text.join("\n"), json })
}

fn model(args: &EventsArgs) -> Result<RegimeModel, Failure> {
    let Some(file) = &args.regimes else { return Ok(regimes()) };
    let fail = |what: String| Failure::Data(format!("{}: {what}", file.display()));
    let text =
        std::fs::read_to_string(file).map_err(|error| fail(format!("cannot be read ({error}); check the path")))?;
    regimes_of(&text).map_err(fail)
}

impl Report {
    fn of(file: String, score: &Scorecard) -> Report {
        let days = score.days();
        let minutes = |span: Span| span.0.div_euclid(Span::MINUTE.0);
        let breaks = score.breaks.iter().map(|found| BreakReport {
            time: found.time.millis(),
            fall: found.fall,
            delay_minutes: found.delay.map(minutes),
        });
        let alarms = EventKind::ALL.iter().zip(score.alarms);
        let regimes = Regime::ALL.iter().zip(&score.regimes).map(|(regime, moves)| RegimeReport {
            regime: regime.name(),
            share: moves.bars as f64 / score.bars as f64,
            drift: moves.drift(),
            volatility: moves.volatility(),
        });
        Report {
            file,
            days,
            breaks: breaks.collect(),
            breaks_in_time: score.in_time(),
            median_delay_minutes: score.median_delay(),
            crash_alarms: score.crash_alarms.iter().map(|time| time.millis()).collect(),
            crash_alarms_a_day: score.crash_alarms.len() as f64 / days,
            crash_alarms_for_nothing: score.for_nothing(),
            alarms_a_day: alarms.map(|(kind, count)| (kind.name(), count as f64 / days)).collect(),
            regime_switches_a_day: score.switches as f64 / days,
            regimes: regimes.collect(),
        }
    }
}

fn told(report: &Report) -> String {
    let delay = report.median_delay_minutes.map_or_else(|| "-".into(), |minutes| format!("{minutes:+} min"));
    let mut text = format!(
        "{}: {:.0} days\n  breaks {}, told in time {}, median delay {delay}; crash alarms {} ({:.3} a day), without a break \
         near them {}\n",
        report.file,
        report.days,
        report.breaks.len(),
        report.breaks_in_time,
        report.crash_alarms.len(),
        report.crash_alarms_a_day,
        report.crash_alarms_for_nothing
    );
    // Writing to a string cannot fail.
    for found in &report.breaks {
        let delay = found.delay_minutes.map_or_else(|| "not in time".into(), |minutes| format!("{minutes:+} min"));
        let _ = writeln!(text, "    {} {:.1} % {delay}", utc(Time::from_millis(found.time)), found.fall * 100.0);
    }
    let alarms: Vec<String> = report.alarms_a_day.iter().map(|(name, rate)| format!("{name} {rate:.2}")).collect();
    let _ = writeln!(text, "  alarms a day: {}", alarms.join(", "));
    let _ = writeln!(text, "  changes of the regime a day: {:.2}", report.regime_switches_a_day);
    for regime in &report.regimes {
        let figure = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{x:.1}"));
        let _ = writeln!(
            text,
            "    {:<10} {:>5.1} % of the time, then {} bp a minute, drift {} bp an hour",
            regime.regime,
            regime.share * 100.0,
            figure(regime.volatility),
            figure(regime.drift)
        );
    }
    text
}
