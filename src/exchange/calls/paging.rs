//! Paging: which rows of a chronological list a request means by `startTime`, `endTime` and `limit`.
//!
//! Invariant: a page is chronological; with a start it holds the oldest rows, without one the newest.
//! Absent on purpose: what the rows are.
//! Source: rest-api.md, "General Information on Endpoints".

use crate::domain::{Span, Time};
use crate::protocol::VenueError;
use crate::protocol::messages::TimeUnit;
use crate::protocol::requests::Form;

/// The stretch of time that a request asks for, both ends included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: Option<Time>,
    pub(super) end: Option<Time>,
}

impl Window {
    pub(super) fn read(form: &mut Form<'_>) -> Result<Window, VenueError> {
        let mut time = |name| -> Result<Option<Time>, VenueError> {
            Ok(form.integer(name)?.map(|wire| TimeUnit::of_timestamp(wire).read(wire)))
        };
        Ok(Window { start: time("startTime")?, end: time("endTime")? })
    }

    pub(super) fn is_open(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }

    pub(super) fn holds(&self, time: Time) -> bool {
        // Times travel in milliseconds: the last one asked for counts to its end.
        self.start.is_none_or(|start| time >= start) && self.end.is_none_or(|end| time.millis() <= end.millis())
    }

    /// Orders and trades: -1127 when both ends are given and lie further apart than a day.
    pub(super) fn within_a_day(self) -> Result<Window, VenueError> {
        match (self.start, self.end) {
            (Some(start), Some(end)) if end.since(start) > Span::DAY => Err(VenueError::interval_too_long(24)),
            (Some(_) | None, Some(_) | None) => Ok(self),
        }
    }
}

/// `limit`: cut to `most`; -1130 for zero.
pub(super) fn limit(form: &mut Form<'_>, usual: usize, most: usize) -> Result<usize, VenueError> {
    match form.integer("limit")? {
        None => Ok(usual),
        Some(0) => Err(VenueError::invalid_parameter("limit")),
        Some(asked) => Ok(usize::try_from(asked).unwrap_or(most).min(most)),
    }
}

/// The first or the last `limit` of the rows.
pub(super) fn page<T>(rows: impl Iterator<Item = T>, limit: usize, oldest: bool) -> Vec<T> {
    if oldest {
        return rows.take(limit).collect();
    }
    let mut rows: Vec<T> = rows.collect();
    rows.drain(..rows.len().saturating_sub(limit));
    rows
}
