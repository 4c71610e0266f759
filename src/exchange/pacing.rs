//! `Pacing`: when the market's next step is due in real time.
//!
//! Invariant: at speed s, virtual time runs s times as fast as the monotonic clock from the first step on.
//! Absent on purpose: waiting; the exchange's loop does that.

use std::time::{Duration, Instant};

use crate::domain::Time;

/// How fast virtual time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// Virtual seconds a second, above zero.
    Times(f64),
    /// As fast as the lockstep client follows.
    Max,
}

#[derive(Debug, Clone, Copy)]
pub struct Pacing {
    speed: Speed,
    origin: Option<(Time, Instant)>,
}

impl Pacing {
    pub fn new(speed: Speed) -> Pacing {
        Pacing { speed, origin: None }
    }

    /// When the step at virtual `time` is due. The first call sets the origin.
    pub fn due(&mut self, time: Time, now: Instant) -> Instant {
        let Speed::Times(speed) = self.speed else { return now };
        let (start, instant) = *self.origin.get_or_insert((time, now));
        let seconds = (time.since(start).0 as f64 / 1e6 / speed).max(0.0);
        // A step beyond a hundred years is as good as never.
        instant + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(Duration::from_secs(3_153_600_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    #[test]
    fn at_sixty_a_minute_takes_a_second() {
        let mut pacing = Pacing::new(Speed::Times(60.0));
        let now = Instant::now();
        assert_eq!(pacing.due(Time(0), now), now);
        assert_eq!(pacing.due(Time(0).plus(Span::MINUTE), now), now + Duration::from_secs(1));
        assert_eq!(Pacing::new(Speed::Max).due(Time(5), now), now);
    }
}
