//! The simulator as a venue that answers at once.
//!
//! Invariant: each request gets exactly one answer or none; a submit is carried out at most once.
//! Absent on purpose: retries.

use crate::domain::{OrderId, Time};
use crate::engine::ports::Request;
use crate::engine::risk::Payload;
use crate::engine::{Answer, Input, Outcome};
use crate::simulator::{AccountId, OrderRef, Refusal, Replaced, Simulator, VenueEvent};

/// Why a model does not answer where nobody runs models.
pub const NO_INFERENCE: &str = "nobody runs models in this run";

/// The simulator's answer to a request.
pub fn ask(simulator: &mut Simulator, account: AccountId, now: Time, request: &Request) -> Answer {
    let outcome = match request {
        Request::Submit(approved) => match approved.payload() {
            Payload::Order(order) => placed(simulator.place(account, now, order).map(|placed| placed.order_id)),
            Payload::Oco(oco) => placed(simulator.place_oco(account, now, oco).map(|list| list.order_ids[0])),
        },
        Request::Cancel { symbol, client_id } => {
            match simulator.cancel(account, now, *symbol, &OrderRef::Client(client_id.clone())) {
                Ok(order) => Outcome::Found { status: order.status, filled: order.filled },
                Err(refusal) => Outcome::CancelRefused { code: CANCEL_REJECTED, message: refusal.to_string() },
            }
        }
        Request::Replace { client_id, order, .. } => match order.payload() {
            Payload::Order(order) => replaced(simulator.replace(account, now, client_id, order)),
            Payload::Oco(_) => {
                Outcome::Rejected { code: NEW_ORDER_REJECTED, message: "a list replaces no order".to_owned() }
            }
        },
        Request::Query { symbol, client_id } => {
            match simulator.order(account, *symbol, &OrderRef::Client(client_id.clone())) {
                Some(order) => Outcome::Found { status: order.status, filled: order.filled },
                None => Outcome::NotFound,
            }
        }
    };
    Answer { client_id: request.client_id().clone(), outcome }
}

/// The input that a venue's event becomes, with its time; list events carry nothing that reports do not.
pub fn input_of(event: VenueEvent) -> Option<(Time, Input)> {
    match event {
        VenueEvent::Report(report) => Some((report.time, Input::Report(report))),
        VenueEvent::Balances(update) => Some((update.time, Input::Balances(update))),
        VenueEvent::List(_) => None,
    }
}

/// Binance's code for a refused cancel.
const CANCEL_REJECTED: i64 = -2011;
/// Binance's code for a cancelReplace of which nothing was done.
const CANCEL_REPLACE_FAILED: i64 = -2022;
/// Binance's code for a filter failure.
const FILTER_FAILURE: i64 = -1013;
/// Binance's code for an order that the matching engine refused.
const NEW_ORDER_REJECTED: i64 = -2010;

/// As the venue tells it: what of the new order is certain.
fn replaced(replaced: Replaced) -> Outcome {
    match replaced {
        Replaced::Refused(refusal) => placed(Err(refusal)),
        Replaced::NotCancelled(refusal) => {
            Outcome::Rejected { code: CANCEL_REPLACE_FAILED, message: refusal.to_string() }
        }
        Replaced::Cancelled(result) => placed(result.map(|placed| placed.order_id)),
    }
}

fn placed(result: Result<OrderId, Refusal>) -> Outcome {
    match result {
        Ok(order_id) => Outcome::Accepted { order_id },
        Err(refusal) => {
            let code = if matches!(refusal, Refusal::Filter(_)) { FILTER_FAILURE } else { NEW_ORDER_REJECTED };
            Outcome::Rejected { code, message: refusal.to_string() }
        }
    }
}
