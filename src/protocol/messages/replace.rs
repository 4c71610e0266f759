//! The answer to cancelReplace: what became of the order that was to go and of the one that was to come.
//!
//! Invariant: a half that failed holds the venue's error, a half that was not tried holds nothing.
//! Absent on purpose: which errors say so as a whole (`protocol::answers`).
//! Source: rest-api.md, "Cancel an Existing Order and Send a New Order (TRADE)".

use serde::{Deserialize, Serialize};

use super::order::{CancelAnswer, OrderAnswer};
use super::{Open, WireName};
use crate::protocol::errors::VenueError;

/// The result where both halves succeeded, else the `data` of -2021 and -2022.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplaceAnswer {
    pub cancel_result: Open<HalfResult>,
    pub new_order_result: Open<HalfResult>,
    pub cancel_response: Half<CancelAnswer>,
    /// Null when it was not attempted.
    pub new_order_response: Option<Half<OrderAnswer>>,
}

/// What became of one half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfResult {
    Success,
    Failure,
    NotAttempted,
}

/// One half's own answer, as its call alone would have given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Half<T> {
    Refused(VenueError),
    Done(T),
}

impl WireName for HalfResult {
    const ALL: &'static [HalfResult] = &[HalfResult::Success, HalfResult::Failure, HalfResult::NotAttempted];

    fn wire_name(self) -> &'static str {
        match self {
            HalfResult::Success => "SUCCESS",
            HalfResult::Failure => "FAILURE",
            HalfResult::NotAttempted => "NOT_ATTEMPTED",
        }
    }
}

impl ReplaceAnswer {
    /// From both halves' answers; `None` where the new order was not tried.
    pub fn of(
        cancel: Result<CancelAnswer, VenueError>,
        order: Option<Result<OrderAnswer, VenueError>>,
    ) -> ReplaceAnswer {
        let (cancel_result, cancel_response) = half(cancel);
        let (new_order_result, new_order_response) = match order.map(half) {
            Some((result, response)) => (result, Some(response)),
            None => (HalfResult::NotAttempted, None),
        };
        ReplaceAnswer {
            cancel_result: cancel_result.into(),
            new_order_result: new_order_result.into(),
            cancel_response,
            new_order_response,
        }
    }
}

fn half<T>(answer: Result<T, VenueError>) -> (HalfResult, Half<T>) {
    match answer {
        Ok(done) => (HalfResult::Success, Half::Done(done)),
        Err(error) => (HalfResult::Failure, Half::Refused(error)),
    }
}
