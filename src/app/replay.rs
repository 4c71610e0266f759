//! A replay, joined: journal and engine.
//!
//! Invariant: nothing but the journal is read; what it ended with is compared with what the replay ends with.
//! Absent on purpose: settings, market data, venues.

use super::{Ending, Outcome, RunError, Stopwatch};
use crate::runtime::replay::{ReplayError, Replayed, recorded_replay, replay};
use crate::runtime::run::JournalEnd;

/// Steps all records; an end that differs is a failure, one that is missing is told by the outcome.
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
    let Replayed { finished, end } = replayed.map_err(|error| RunError::Data(error.to_string()))?;
    let ending = match end {
        Some(end) => {
            let found = JournalEnd {
                state_hash: finished.engine.state_hash(),
                effect_hash: finished.effect_hash,
                inputs: finished.inputs,
            };
            compare(&found, &end)?
        }
        None => Ending::Cut { inputs: finished.inputs },
    };
    Ok(Outcome { ending, ..Outcome::of("replay", finished, stopwatch) })
}

/// A replay that saw the whole journal.
pub(super) fn compare(found: &JournalEnd, said: &JournalEnd) -> Result<Ending, RunError> {
    match difference(found, said) {
        Some(differing) => Err(RunError::Data(format!(
            "the replay differs from what the journal's end says: {differing}; a line is missing, or the journal was written by another build"
        ))),
        None => Ok(Ending::Compared),
    }
}

/// Everything that differs, in words; `None` when nothing does.
fn difference(found: &JournalEnd, said: &JournalEnd) -> Option<String> {
    let hex = crate::domain::digest::hex;
    let mut parts = Vec::new();
    if found.inputs != said.inputs {
        parts.push(format!("{} inputs instead of {}", found.inputs, said.inputs));
    }
    if found.effect_hash != said.effect_hash {
        parts.push(format!(
            "other orders were sent (effects {} instead of {})",
            hex(found.effect_hash),
            hex(said.effect_hash)
        ));
    }
    if found.state_hash != said.state_hash {
        parts.push(format!("state {} instead of {}", hex(found.state_hash), hex(said.state_hash)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_named() {
        let said = JournalEnd { state_hash: 1, effect_hash: 2, inputs: 3 };
        assert_eq!(difference(&said, &said), None);
        let words = |found: JournalEnd| difference(&found, &said).unwrap_or_default();
        assert_eq!(words(JournalEnd { inputs: 2, ..said }), "2 inputs instead of 3");
        let effects = words(JournalEnd { effect_hash: 9, ..said });
        assert!(effects.contains("orders") && !effects.contains("state") && !effects.contains("inputs"), "{effects}");
        assert!(
            words(JournalEnd { state_hash: 16, ..said }).contains("state 0000000000000010 instead of 0000000000000001")
        );
    }
}
