//! `Latch`: an event that is on or off, with hysteresis, a least stay and a pause between alarms.
//!
//! Invariant: once on it stays on for `dwell` after its newest alarm; two alarms lie at least `cool_down` apart; between
//! the thresholds to enter and to leave it stays as it is.
//! Absent on purpose: the thresholds themselves, which the detectors compare.

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Span, StateHash, Time};

/// Times of a latch, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatchSettings {
    /// It stays on at least so long after its newest alarm.
    pub dwell: u32,
    /// From one alarm to the next at least.
    pub cool_down: u32,
    /// Raise the alarm again while it is on and fires after the cool-down.
    pub again: bool,
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    Began,
    Again,
    /// After so long.
    Ended(Span),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latch {
    settings: LatchSettings,
    /// On since.
    since: Option<Time>,
    last_alarm: Option<Time>,
}

impl Latch {
    pub fn new(settings: LatchSettings) -> Latch {
        Latch { settings, since: None, last_alarm: None }
    }

    /// `enter`: the threshold to enter is passed now; `leave`: so is the one to leave. Entering goes before leaving. Time
    /// must not run back.
    pub fn update(&mut self, now: Time, enter: bool, leave: bool) -> Option<Flip> {
        let has_passed = |minutes: u32| {
            self.last_alarm.is_none_or(|alarm| now.since(alarm).0 >= i64::from(minutes) * Span::MINUTE.0)
        };
        let (cooled, stayed) = (has_passed(self.settings.cool_down), has_passed(self.settings.dwell));
        match self.since {
            None if enter && cooled => {
                (self.since, self.last_alarm) = (Some(now), Some(now));
                Some(Flip::Began)
            }
            Some(_) if enter && cooled && self.settings.again => {
                self.last_alarm = Some(now);
                Some(Flip::Again)
            }
            Some(since) if leave && !enter && stayed => {
                self.since = None;
                Some(Flip::Ended(now.since(since)))
            }
            None | Some(_) => None,
        }
    }

    pub fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// On since.
    pub fn since(&self) -> Option<Time> {
        self.since
    }
}

impl StateHash for Latch {
    fn state_hash(&self, digest: &mut Digest) {
        let LatchSettings { dwell, cool_down, again } = self.settings;
        digest.u64(u64::from(dwell));
        digest.u64(u64::from(cool_down));
        digest.bool(again);
        digest.option(self.since.as_ref());
        digest.option(self.last_alarm.as_ref());
    }
}
