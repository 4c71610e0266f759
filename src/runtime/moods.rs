//! `Sources`: how the outside sources are doing, for people.
//!
//! Invariant: nothing here reaches the engine but the observations that `learn` hands on.
//! Absent on purpose: what the sources say; that is the engine's.

use std::collections::BTreeMap;

use tokio::sync::broadcast::error::RecvError;

use crate::engine::{MoodNews, MoodSource, MoodState, MoodView, Observation};

#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Those that run; `Failing` until they answer again.
    states: BTreeMap<MoodSource, MoodState>,
    lost: u64,
    are_gone: bool,
}

impl Sources {
    /// False once no source is left.
    pub(super) fn may_speak(&self) -> bool {
        !self.are_gone
    }

    /// What the engine is to hear of it.
    pub(super) fn learn(&mut self, news: Result<MoodNews, RecvError>) -> Option<Observation> {
        match news {
            Ok(MoodNews::Observed(seen)) => return Some(seen),
            Ok(MoodNews::Asked(source)) => self.set(source, MoodState::Waiting),
            Ok(MoodNews::Answered(source)) => self.set(source, MoodState::Fresh),
            Ok(MoodNews::Failing { source, why }) => self.set(source, MoodState::Failing(why)),
            Err(RecvError::Lagged(lost)) => {
                self.lost = self.lost.saturating_add(lost);
                tracing::warn!(
                    lost,
                    "the newest words of outside sources replaced older ones that were not read in time"
                );
            }
            Err(RecvError::Closed) => self.are_gone = true,
        }
        None
    }

    /// Adds to the engine's view what only the feeds know.
    pub(super) fn tell(&self, view: &mut MoodView) {
        view.lost = self.lost;
        for seen in &mut view.sources {
            match self.states.get(&seen.source) {
                Some(failing @ MoodState::Failing(_)) => seen.state = failing.clone(),
                // Before its first word it is not off.
                Some(_) if seen.state == MoodState::Off => seen.state = MoodState::Waiting,
                Some(_) | None => {}
            }
        }
    }

    fn set(&mut self, source: MoodSource, state: MoodState) {
        self.states.insert(source, state);
    }
}
