//! `report`: the page of a run from its journal.
//!
//! Invariant: it reads nothing but the journal, and a journal that does not end as it says gives no page.
//! Absent on purpose: the page itself (`report`).

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use super::globals::{Globals, seed};
use super::standing::Standing;
use super::{Output, Summary};
use crate::app;
use crate::app::report::{Charges, Page};
use crate::app::shell::command;
use crate::journal::JournalReader;

#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The journal of a run
    #[arg(value_name = "JOURNAL")]
    pub journal: PathBuf,
    /// Write the page (HTML, one file that needs no network)
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Root of the random traders' draws [default: 15]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

pub fn execute(args: &ReportArgs, globals: &Globals) -> Result<Output, Failure> {
    check_folder(&args.out)?;
    let journal = JournalReader::open(&args.journal)?;
    globals.start_log(true)?;
    let outcome = app::replay::run_recorded(journal.map(|record| record.map_err(|error| error.to_string())))?;
    let mut summary = Summary::of(&outcome);
    if let Some(figures) = app::report::measure(&outcome, Charges::Unknown, seed(args.seed)) {
        let page = Page {
            file: &args.out,
            command: command(
                "report",
                &[
                    ("", vec![args.journal.display().to_string()]),
                    ("--out", vec![args.out.display().to_string()]),
                    ("--seed", vec![seed(args.seed).0.to_string()]),
                ],
            ),
            market: format!("the journal {}", args.journal.display()),
            seed: seed(args.seed),
        };
        app::report::write(&outcome, &figures, Charges::Unknown, &page)?;
        summary.baselines = Some(Standing::of(&figures.baselines));
    }
    Ok(Output::Summary(Box::new(summary)))
}

/// A page that has nowhere to go is found out before the run.
pub(super) fn check_folder(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() && !file.is_dir() {
        return Ok(());
    }
    let found = if file.is_dir() { "is a folder" } else { "lies in a folder that does not exist" };
    Err(Failure::Usage(format!("{}: the report cannot be written, it {found}; name a file to write", file.display())))
}
