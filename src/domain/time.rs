//! `Time` and `Span`: microseconds UTC since 1970 and differences of them.
//!
//! Invariant: a `Time` is always UTC microseconds; milliseconds exist only where a venue's message says so.
//! Absent on purpose: reading a clock, calendars and time zones.

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};

/// Microseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Span {
    pub const ZERO: Span = Span(0);
    pub const SECOND: Span = Span(1_000_000);
    pub const MINUTE: Span = Span(60_000_000);
    pub const DAY: Span = Span(86_400_000_000);

    pub const fn from_millis(ms: i64) -> Span {
        Span(ms * 1_000)
    }

    pub const fn from_seconds(s: i64) -> Span {
        Span(s * 1_000_000)
    }

    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Negative spans count as zero.
    pub const fn to_duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(if self.0 < 0 { 0 } else { self.0 as u64 })
    }
}

impl Time {
    pub const fn from_millis(ms: i64) -> Time {
        Time(ms.saturating_mul(1_000))
    }

    /// Whole milliseconds, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Start of the UTC minute that holds this moment.
    pub const fn minute(self) -> Time {
        Time(self.0 - self.0.rem_euclid(Span::MINUTE.0))
    }

    /// Number of the UTC day; days start at 00:00 UTC.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Span::DAY.0)
    }

    pub const fn plus(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }

    pub const fn minus(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }

    /// `self - earlier`; negative when `earlier` is later.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl StateHash for Time {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i64(self.0);
    }
}
