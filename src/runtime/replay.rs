//! The replay driver: a journal's inputs stepped again.
//!
//! Invariant: the same build gives the same state hash and the same effects; answers come from the journal, not from a venue.
//! Absent on purpose: reading files (`journal`); it takes an iterator of records.

use super::run::{Finished, JournalEnd, JournalRecord, Run};
use crate::engine::{Input, Stamped};

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Journal(String),
    #[error("the journal does not begin with a start record; it is empty or was not written by kestrel")]
    NoStart,
    #[error("record {record} cannot be read: {error}; the journal was written by another version or is damaged")]
    Record { record: u64, error: String },
}

/// What a replay gave.
pub struct Replayed {
    pub finished: Finished,
    /// What the journal says that the run ended with; absent when the run was cut off.
    pub end: Option<JournalEnd>,
}

impl Replayed {
    /// True when the journal's end agrees with what the replay found.
    pub fn agrees(&self) -> Option<bool> {
        self.end.map(|end| {
            end.state_hash == self.finished.engine.state_hash()
                && end.effect_hash == self.finished.effect_hash
                && end.inputs == self.finished.inputs
        })
    }
}

/// Steps all records, in order.
pub fn replay(records: impl Iterator<Item = Result<String, String>>) -> Result<Replayed, ReplayError> {
    step_all(records, false)
}

/// The same with a recording for reports.
pub fn recorded_replay(records: impl Iterator<Item = Result<String, String>>) -> Result<Replayed, ReplayError> {
    step_all(records, true)
}

fn step_all(records: impl Iterator<Item = Result<String, String>>, is_recorded: bool) -> Result<Replayed, ReplayError> {
    let mut run: Option<Run> = None;
    let mut end = None;
    for (at, record) in records.enumerate() {
        let unreadable = |error: String| unreadable(at, error);
        match record_of(at, record)? {
            JournalRecord::End(found) => end = Some(found),
            JournalRecord::Told { .. } => {}
            JournalRecord::Input(Stamped { now, input }) => match (&mut run, input) {
                (Some(run), input) => {
                    run.step(now, &input).map_err(|error| unreadable(error.to_string()))?;
                    // The answers of venue and models are in the journal.
                    while run.next_request().is_some() || run.next_question().is_some() {}
                }
                (empty @ None, Input::Start(start)) => {
                    let mut begun = Run::begin(now, *start, None).map_err(|error| unreadable(error.to_string()))?;
                    if is_recorded {
                        begun.keep_recording(now);
                    }
                    *empty = Some(begun);
                }
                (None, _) => return Err(ReplayError::NoStart),
            },
        }
    }
    let finished = run.ok_or(ReplayError::NoStart)?.finish().map_err(|e| ReplayError::Journal(e.to_string()))?;
    Ok(Replayed { finished, end })
}

/// The record at this place, counted from 0.
pub(super) fn record_of(at: usize, record: Result<String, String>) -> Result<JournalRecord, ReplayError> {
    let text = record.map_err(ReplayError::Journal)?;
    serde_json::from_str(&text).map_err(|error| unreadable(at, error.to_string()))
}

fn unreadable(at: usize, error: String) -> ReplayError {
    ReplayError::Record { record: at as u64 + 1, error }
}
