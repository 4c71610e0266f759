//! `Clock`: what time it is for the live driver.
//!
//! Invariant: it never goes back.
//! Absent on purpose: a clock inside the engine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::{Span, Time};

/// Where `now` comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The operating system's.
    Wall(WallClock),
    /// The exchange's virtual clock: the time of the last event.
    Virtual(Time),
}

/// The operating system's time at the start, carried on by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct WallClock {
    origin: Time,
    started: Instant,
}

impl WallClock {
    pub fn start() -> WallClock {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallClock { origin: Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)), started: Instant::now() }
    }

    pub fn now(&self) -> Time {
        self.origin.plus(Span(i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Clock {
    /// The time to stamp an input with that carries `event_time` (if it has one).
    pub fn stamp(&mut self, event_time: Option<Time>) -> Time {
        match self {
            Clock::Wall(wall) => wall.now(),
            Clock::Virtual(last) => {
                *last = (*last).max(event_time.unwrap_or(*last));
                *last
            }
        }
    }
}
