//! `replay`: run a journal again and compare.
//!
//! Invariant: a replay reads nothing but its journal: no settings, no market data.
//! Absent on purpose: the replay itself, which takes the `ReplayPlan`.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use super::failure::Failure;
use super::globals::{Globals, not_joined};
use crate::journal::JournalReader;

#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The journal of a run
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
}

/// A replay, ready.
pub struct ReplayPlan {
    pub json: bool,
    pub path: PathBuf,
    pub journal: JournalReader,
}

pub fn execute(args: &ReplayArgs, globals: &Globals) -> Result<Output, Failure> {
    let plan = plan(args, globals)?;
    globals.start_log(true)?;
    carry_out(plan)
}

/// Opens the journal.
pub fn plan(args: &ReplayArgs, globals: &Globals) -> Result<ReplayPlan, Failure> {
    let journal = JournalReader::open(&args.journal)?;
    Ok(ReplayPlan { json: globals.json, path: args.journal.clone(), journal })
}

/// The seam to `app`, which joins journal and engine.
fn carry_out(_plan: ReplayPlan) -> Result<Output, Failure> {
    Err(not_joined("replay"))
}
