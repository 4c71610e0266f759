//! A replay, joined: journal and engine.
//!
//! Invariant: nothing but the journal is read; what it ended with is compared with what the replay ends with.
//! Absent on purpose: settings, market data, venues.

use super::{Outcome, RunError, Stopwatch};
use crate::runtime::replay::{ReplayError, Replayed, recorded_replay, replay};

/// Steps all records; an end that differs is a failure.
pub fn run(records: impl Iterator<Item = Result<String, String>>) -> Result<Outcome, RunError> {
    let stopwatch = Stopwatch::start();
    compared(replay(records), stopwatch)
}

/// The same with a recording for a report.
pub fn run_recorded(records: impl Iterator<Item = Result<String, String>>) -> Result<Outcome, RunError> {
    let stopwatch = Stopwatch::start();
    compared(recorded_replay(records), stopwatch)
}

fn compared(replayed: Result<Replayed, ReplayError>, stopwatch: Stopwatch) -> Result<Outcome, RunError> {
    let replayed = replayed.map_err(|error| RunError::Data(error.to_string()))?;
    if replayed.agrees() == Some(false) {
        let found = crate::domain::digest::hex(replayed.finished.engine.state_hash());
        let wanted = replayed.end.map_or(0, |end| end.state_hash);
        return Err(RunError::Data(format!(
            "the replay ends in state {found} but the journal in {}; the journal was written by another build or is damaged",
            crate::domain::digest::hex(wanted)
        )));
    }
    Ok(Outcome::of("replay", replayed.finished, stopwatch))
}
