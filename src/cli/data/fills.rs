//! `data fills`: what passive and taking orders would have got in a recorded session of trades and order book.
//!
//! Invariant: the session is read once and in bounded memory; the same session and options give the same result.
//! Absent on purpose: recording, and writing settings; the result says which keys it informs.

use std::path::PathBuf;

use clap::Args;

use super::fills_told::{Report, text};
use super::json;
use crate::app;
use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;
use crate::cli::progress::ProgressLine;
use crate::config::{Config, rules_for};
use crate::domain::{Money, Span, Symbol};
use crate::simulator::fill_survey::{FillSurvey, SurveyPlan};
use crate::simulator::queue::QueueModel;
use crate::simulator::{Latency, Settings};
use crate::store::session::Session;

/// Lines between two movements of the progress bar.
const STRIDE: u64 = 4_096;

#[derive(Debug, Clone, Args)]
pub struct FillsArgs {
    /// Raw sessions that follow each other (lines of receive time and JSON, plain or gzip): trades, depth, one snapshot
    #[arg(value_name = "SESSION", required = true)]
    pub sessions: Vec<PathBuf>,
    /// Send orders every so many seconds
    #[arg(long, value_name = "S", default_value = "1", value_parser = parse_every)]
    pub every: Span,
    /// Milliseconds from the sending of an order to its arrival [default: latency_ms of the settings]
    #[arg(long, value_name = "MS", value_parser = parse_latency)]
    pub latency_ms: Option<i64>,
    /// Where stood what leaves a level without a trade: risk-averse (behind the order), power:N or log (by chance)
    #[arg(long, value_name = "MODEL", default_value = "risk-averse", value_parser = parse_queue)]
    pub queue: QueueModel,
    /// Cancel a passive order after so many seconds in the book
    #[arg(long, value_name = "S", default_value = "60", value_parser = parse_wait)]
    pub wait: Span,
    /// Size of a passive order in the quote currency
    #[arg(long, value_name = "AMOUNT", default_value = "1000", value_parser = parse_amount)]
    pub size: Money,
    /// Sizes of takers in the quote currency
    #[arg(long, value_name = "AMOUNTS", default_value = "1000,10000,100000", value_delimiter = ',', value_parser = parse_amount)]
    pub takers: Vec<Money>,
}

pub fn execute(args: &FillsArgs, globals: &Globals) -> Result<Output, Failure> {
    let (config, _) = globals.settings()?;
    let mut session = Session::open(&args.sessions)?;
    let progress = ProgressLine::new("lines", None);
    let mut survey: Option<FillSurvey> = None;
    while let Some((time, input)) = session.next_input()? {
        // The first input comes with its symbol.
        let Some(symbol) = session.symbol() else { continue };
        survey.get_or_insert_with(|| FillSurvey::new(plan(args, &config, symbol))).take(time, &input);
        if session.lines() % STRIDE == 0 {
            progress.to(session.lines());
        }
    }
    drop(progress);
    let (Some(survey), Some(symbol)) = (survey, session.symbol()) else {
        return Err(Failure::Bug("a session without events has shown a book".into()));
    };
    let figures = survey.finish();
    let plan = plan(args, &config, symbol);
    Ok(Output::Report {
        text: text(symbol, &plan, &figures, session.gaps()),
        json: json(&Report::of(symbol, &plan, &figures, session.gaps()))?,
    })
}

fn plan(args: &FillsArgs, config: &Config, symbol: &Symbol) -> SurveyPlan {
    let rules = rules_for(symbol);
    let mut venue: Settings = app::venue_settings(config);
    if let Some(ms) = args.latency_ms {
        venue.frictions.latency = Latency(Span::from_millis(ms));
    }
    SurveyPlan {
        every: args.every,
        wait: args.wait,
        queue: args.queue,
        size: args.size,
        takers: args.takers.clone(),
        tick: rules.price.tick,
        step: rules.lot.step,
        venue,
    }
}

/// For clap.
fn parse_every(text: &str) -> Result<Span, String> {
    seconds(text).ok_or_else(|| "allowed is a number of seconds from 0.1 to 3600".into())
}

/// For clap.
fn parse_wait(text: &str) -> Result<Span, String> {
    seconds(text).ok_or_else(|| "allowed is a number of seconds from 0.1 to 3600".into())
}

fn seconds(text: &str) -> Option<Span> {
    let number: f64 = text.parse().ok().filter(|number| (0.1..=3_600.0).contains(number))?;
    Some(Span((number * 1e6).round() as i64))
}

/// For clap.
fn parse_latency(text: &str) -> Result<i64, String> {
    let allowed = Config::allowed("latency_ms").ok_or("latency_ms has no bounds")?;
    let number: Option<i64> = text.parse().ok().filter(|ms| allowed.contains(*ms as f64));
    number.ok_or_else(|| format!("allowed is {allowed}"))
}

/// For clap.
fn parse_queue(text: &str) -> Result<QueueModel, String> {
    let power = text.strip_prefix("power:").and_then(|number| number.parse::<f64>().ok());
    match (text, power) {
        ("risk-averse", _) => Ok(QueueModel::RiskAverse),
        ("log", _) => Ok(QueueModel::Logarithmic),
        (_, Some(exponent)) if exponent > 0.0 && exponent <= 100.0 => Ok(QueueModel::Power { exponent }),
        (_, _) => Err("allowed is risk-averse, log, or power:N with N above 0 to 100, such as power:3".into()),
    }
}

/// For clap.
fn parse_amount(text: &str) -> Result<Money, String> {
    let amount: Option<Money> = text.parse().ok();
    let fits = |amount: &Money| amount.is_positive() && amount.to_f64() <= 1e9;
    amount.filter(fits).ok_or_else(|| "allowed is an amount above 0 to 1000000000".into())
}
