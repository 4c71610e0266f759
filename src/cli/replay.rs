//! `replay`: run a journal again and compare.
//!
//! Invariant: a replay reads nothing but its journal: no settings, no market data.
//! Absent on purpose: the replay itself (`app::replay`).

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::globals::Globals;
use super::{Output, Summary, complain};
use crate::app::{self, Outcome};
use crate::journal::JournalReader;

#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The journal of a run
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
}

pub fn execute(args: &ReplayArgs, globals: &Globals) -> Result<Output, Failure> {
    let journal = JournalReader::open(&args.journal)?;
    globals.start_log(true)?;
    let outcome = app::replay::run(journal.map(|record| record.map_err(|error| error.to_string())))?;
    warn(&outcome);
    Ok(Output::Summary(Box::new(Summary::of(&outcome))))
}

/// A journal that was cut off is told even where nobody reads the result.
pub(super) fn warn(outcome: &Outcome) {
    if let Some(warning) = outcome.ending.warning() {
        complain(&warning);
    }
}
