//! `retell`: a journal's inputs stepped again before a witness, with every effect in its order and every decision told.
//!
//! Invariant: telling changes nothing: the state and the requests are those of the replay.
//! Absent on purpose: keeping anything; what the witness wants of a step it takes.

use std::ops::ControlFlow;

use super::replay::{ReplayError, record_of};
use super::run::{JournalEnd, JournalRecord};
use crate::domain::{Digest, Time};
use crate::engine::{Effect, Effects, Engine, Input, Stamped};

/// One input, what followed of it at once, and the engine after it.
pub struct Step<'a> {
    pub now: Time,
    pub input: &'a Input,
    pub effects: &'a [Effect],
    pub engine: &'a Engine,
}

/// What the journal ended in, and what it says that it ended with; the latter is absent where the run was cut off, and both
/// mean something only where the witness saw everything.
pub struct Retold {
    pub found: JournalEnd,
    pub said: Option<JournalEnd>,
}

/// Steps all records in order until the witness has seen enough.
pub fn retell(
    records: impl Iterator<Item = Result<String, String>>,
    mut witness: impl FnMut(&Step<'_>) -> ControlFlow<()>,
) -> Result<Retold, ReplayError> {
    let mut engine: Option<Engine> = None;
    let (mut effects, mut seen) = (Effects::default(), Vec::new());
    let (mut digest, mut inputs, mut said) = (Digest::new(), 0, None);
    for (at, record) in records.enumerate() {
        let Stamped { now, input } = match record_of(at, record)? {
            JournalRecord::End(end) => {
                said = Some(end);
                continue;
            }
            JournalRecord::Told { .. } => continue,
            JournalRecord::Input(stamped) => stamped,
        };
        inputs += 1;
        let engine = match (&mut engine, &input) {
            (Some(engine), input) => {
                engine.step(now, input, &mut effects);
                engine
            }
            (empty @ None, Input::Start(start)) => {
                let begun = empty.insert(Engine::new(now, start, &mut effects));
                begun.explain();
                begun
            }
            (None, _) => return Err(ReplayError::NoStart),
        };
        seen.clear();
        seen.extend(effects.drain());
        for effect in &seen {
            match effect {
                Effect::Submit(_)
                | Effect::Replace { .. }
                | Effect::Cancel { .. }
                | Effect::Query { .. }
                | Effect::Infer(_) => {
                    digest.add(effect);
                }
                Effect::Notice(_) => {}
            }
        }
        if witness(&Step { now, input: &input, effects: &seen, engine }).is_break() {
            break;
        }
    }
    let engine = engine.ok_or(ReplayError::NoStart)?;
    let found = JournalEnd { state_hash: engine.state_hash(), effect_hash: digest.finish(), inputs };
    Ok(Retold { found, said })
}
