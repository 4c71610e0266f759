//! The command line: verbs, options and the contract with scripts.
//!
//! Invariant: a verb that fails leaves stdout empty, says one sentence on stderr and ends with its failure's status;
//! with `--json` stdout ends in exactly one JSON object. `data check --strict` says both: its report, and why it failed.
//! Absent on purpose: trading; a verb checks its arguments and hands a plan over.

pub mod backtest;
pub mod data;
pub mod doctor;
mod endpoints;
pub mod exchange;
pub mod explain;
mod failure;
mod globals;
pub mod models;
mod progress;
pub mod replay;
pub mod report;
pub mod run;
pub mod standing;
pub mod summary;
pub mod sweep;
pub mod train;
mod usage;

use std::ffi::OsString;
use std::io::Write;

use clap::{Parser, Subcommand};

pub use failure::Failure;
pub use globals::Globals;
pub use summary::Summary;
pub use sweep::SweepSummary;

#[derive(Debug, Parser)]
#[command(name = "kestrel", version, about, arg_required_else_help = false, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Trade, with the screen or headless (what happens without a verb)
    Run(run::RunArgs),
    /// Serve the local exchange on loopback
    Exchange(exchange::ExchangeArgs),
    /// Trade recorded bars as fast as possible and print the result
    Backtest(backtest::BacktestArgs),
    /// Keep klines: import, check, show, fetch
    Data(data::DataArgs),
    /// Models that trade: list, show, verify, install, roll back
    Models(models::ModelsArgs),
    /// Make a model from recorded bars, judge it on what it has not seen, install it
    Train(train::TrainArgs),
    /// Run a journal again and compare
    Replay(replay::ReplayArgs),
    /// Say why something was done or not done, and what followed, from a journal
    Explain(explain::ExplainArgs),
    /// Say what runs models here; with --install fetch ONNX Runtime
    Doctor(doctor::DoctorArgs),
    /// Make a page of a run from its journal
    Report(report::ReportArgs),
}

/// What a verb leaves behind when it is done.
#[derive(Debug)]
pub enum Output {
    /// The result of `run`, `backtest`, `replay` and `report`.
    Summary(Box<Summary>),
    /// The result of `data`, `doctor`, `explain`, `models` and `train`, for people and for scripts.
    Report { text: String, json: serde_json::Value },
    /// The result of `data check --strict` with what is wrong in one sentence, for which it ends with status 3.
    Judged { text: String, json: serde_json::Value, faults: String },
    /// The result of `backtest --sweep`.
    Sweep(Box<SweepSummary>),
    /// Everything was printed on the way (`exchange`) or shown on the screen.
    Nothing,
}

/// Runs the command line; `arguments` start with the program's name. Returns the exit status.
pub fn start(arguments: Vec<OsString>) -> u8 {
    let parsed = match CommandLine::try_parse_from(usage::with_default_verb(arguments)) {
        Ok(parsed) => parsed,
        // `--help` and `--version` are no errors.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return 0;
        }
        Err(error) => return fail(&Failure::Usage(usage::sentence(&error))),
    };
    let globals = &parsed.globals;
    let done = match &parsed.verb {
        Verb::Run(args) => run::execute(args, globals),
        Verb::Exchange(args) => exchange::execute(args, globals),
        Verb::Backtest(args) => backtest::execute(args, globals),
        Verb::Data(args) => data::execute(args, globals),
        Verb::Models(args) => models::execute(args, globals),
        Verb::Train(args) => train::execute(args, globals),
        Verb::Replay(args) => replay::execute(args, globals),
        Verb::Explain(args) => explain::execute(args, globals),
        Verb::Doctor(args) => doctor::execute(args, globals),
        Verb::Report(args) => report::execute(args, globals),
    };
    match done.and_then(|output| print(&output, globals.json)) {
        Ok(()) => 0,
        Err(failure) => fail(&failure),
    }
}

/// One sentence on stderr, on one line.
pub fn complain(sentence: &str) {
    let line = sentence.replace(['\n', '\r'], " ");
    // A closed stderr changes nothing about the status.
    let _ = writeln!(std::io::stderr().lock(), "kestrel: {line}");
}

fn fail(failure: &Failure) -> u8 {
    complain(&failure.to_string());
    failure.status()
}

fn print(output: &Output, json: bool) -> Result<(), Failure> {
    let text = match output {
        Output::Nothing => return Ok(()),
        Output::Report { text, json: value } | Output::Judged { text, json: value, .. } => {
            if json {
                value.to_string()
            } else {
                text.clone()
            }
        }
        Output::Summary(summary) if json => one_line(summary)?,
        Output::Summary(summary) => summary.table(),
        Output::Sweep(summary) if json => one_line(summary)?,
        Output::Sweep(summary) => summary.table(),
    };
    // A reader that closed the pipe has seen what it wanted.
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
    if let Output::Judged { faults, .. } = output { Err(Failure::Data(faults.clone())) } else { Ok(()) }
}

fn one_line(summary: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(summary)
        .map_err(|error| Failure::Bug(format!("the summary cannot be written as JSON: {error}")))
}
