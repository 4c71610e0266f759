//! `Duty`: whose mandate is in force on a desk, and whose waits.
//!
//! Invariant: what waits takes over when the desk is flat, or when its patience is over; a crash does not wait for signals.
//! Absent on purpose: what a mandate allows (`mandates`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Span, StateHash, Time};
use crate::market::regime::Regime;

/// So long the old mandate may look for its exit before the new one decides about the position as it stands.
const PATIENCE: Span = Span(60 * Span::MINUTE.0);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duty {
    /// None until the regime is known.
    pub in_force: Option<Regime>,
    waiting: Option<Waiting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    to: Regime,
    until: Time,
}

/// How one regime's strategies hand over to the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// Nothing is held.
    AtOnce,
    /// The old ones look for their exit until then; after it the new ones decide about the position as it stands.
    WhenFlat { until: Time },
    /// The position is left first.
    LeaveNow,
}

impl Duty {
    /// In force from the start.
    pub fn of(regime: Option<Regime>) -> Duty {
        Duty { in_force: regime, waiting: None }
    }

    /// Another regime began.
    pub fn plan(&mut self, now: Time, to: Regime, is_flat: bool) -> HandOver {
        let until = now.plus(PATIENCE);
        self.waiting = Some(Waiting { to, until });
        match to {
            Regime::Calm | Regime::Uptrend | Regime::Downtrend | Regime::Volatile | Regime::Crash if is_flat => {
                HandOver::AtOnce
            }
            Regime::Crash => HandOver::LeaveNow,
            Regime::Calm | Regime::Uptrend | Regime::Downtrend | Regime::Volatile => HandOver::WhenFlat { until },
        }
    }

    /// The regime that takes over now, once.
    pub fn due(&mut self, now: Time, is_flat: bool) -> Option<Regime> {
        let waiting = self.waiting.filter(|waiting| is_flat || now >= waiting.until)?;
        self.waiting = None;
        self.in_force = Some(waiting.to);
        Some(waiting.to)
    }

    /// What waits, and until when at most.
    pub fn waiting(&self) -> Option<(Regime, Time)> {
        self.waiting.map(|waiting| (waiting.to, waiting.until))
    }
}

impl fmt::Display for HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandOver::AtOnce => write!(f, "nothing is held: it takes over at once"),
            HandOver::WhenFlat { .. } => {
                let minutes = PATIENCE.0 / Span::MINUTE.0;
                write!(f, "it takes over when the position is closed, at the latest in {minutes} minutes")
            }
            HandOver::LeaveNow => write!(f, "the position is left, then it takes over"),
        }
    }
}

impl StateHash for Duty {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(self.in_force.map_or(u64::MAX, |regime| regime as u64));
        digest.u64(self.waiting.map_or(u64::MAX, |waiting| waiting.to as u64));
        digest.option(self.waiting.map(|waiting| waiting.until).as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mandate_waits_for_the_position_but_not_for_ever_and_a_crash_waits_for_no_signal() {
        let at = |minute: i64| Time(minute * Span::MINUTE.0);
        let mut duty = Duty::of(Some(Regime::Calm));
        assert_eq!(duty.plan(at(0), Regime::Uptrend, true), HandOver::AtOnce);
        assert_eq!(duty.due(at(0), true), Some(Regime::Uptrend));
        assert_eq!(duty.plan(at(1), Regime::Downtrend, false), HandOver::WhenFlat { until: at(61) });
        assert_eq!((duty.due(at(60), false), duty.in_force), (None, Some(Regime::Uptrend)));
        assert_eq!((duty.due(at(61), false), duty.in_force), (Some(Regime::Downtrend), Some(Regime::Downtrend)));
        assert_eq!(duty.plan(at(62), Regime::Crash, false), HandOver::LeaveNow);
        assert_eq!((duty.due(at(63), true), duty.due(at(63), true)), (Some(Regime::Crash), None));
    }
}
