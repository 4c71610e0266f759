//! cancelReplace: one request that takes an order away and places another.
//!
//! Invariant: what `replace_params` writes, `parse_replacement` reads back as the same request.
//! Absent on purpose: the parameters of the new order (`protocol::requests`) and the answer (`messages::replace`).
//! Source: rest-api.md, "Cancel an Existing Order and Send a New Order (TRADE)".

use super::errors::VenueError;
use super::params::Params;
use super::requests::{self, Form, OrderReference};
use crate::domain::{ClientOrderId, NewOrder, OrderId, SymbolId};

/// A request to replace an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Which order is to go.
    pub cancel: OrderReference,
    pub order: NewOrder,
    pub mode: ReplaceMode,
}

/// `cancelReplaceMode`: whether the new order is placed when the old one could not be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceMode {
    StopOnFailure,
    AllowFailure,
}

const MODE: &str = "cancelReplaceMode";
/// What to do when the account has too many unfilled orders: nothing, or only the cancel.
const LIMIT_MODE: &str = "orderRateLimitExceededMode";
const STOP_ON_FAILURE: &str = "STOP_ON_FAILURE";
const CANCEL_ONLY: &str = "CANCEL_ONLY";

/// `POST /order/cancelReplace` and `order.cancelReplace`: the new order is not tried when the cancel failed.
pub fn replace_params(order: &NewOrder, symbol: &str, canceled: &ClientOrderId) -> Params {
    requests::order_params(order, symbol).with(MODE, STOP_ON_FAILURE).with("cancelOrigClientOrderId", canceled)
}

/// Reads a request to replace. `fresh_id` names the new order when the client did not.
pub fn parse_replacement(
    params: &Params,
    symbols: impl Fn(&str) -> Option<SymbolId>,
    fresh_id: impl FnOnce() -> ClientOrderId,
) -> Result<Replacement, VenueError> {
    let mut form = Form::of(params);
    let symbol = form.symbol(&symbols)?;
    let mode = match form.required(MODE)? {
        STOP_ON_FAILURE => ReplaceMode::StopOnFailure,
        "ALLOW_FAILURE" => ReplaceMode::AllowFailure,
        _ => return Err(VenueError::invalid_parameter(MODE)),
    };
    let order_id = form.integer("cancelOrderId")?.map(OrderId);
    let client_id = form.client_id("cancelOrigClientOrderId")?;
    if order_id.is_none() && client_id.is_none() {
        return Err(requests::neither("cancelOrigClientOrderId", "cancelOrderId"));
    }
    let cancel_id = form.client_id("cancelNewClientOrderId")?;
    let only_if = form.cancel_restrictions()?;
    if !matches!(form.optional(LIMIT_MODE)?, None | Some("DO_NOTHING" | CANCEL_ONLY)) {
        return Err(VenueError::invalid_parameter(LIMIT_MODE));
    }
    let order = requests::read_order(&mut form, &symbols, fresh_id)?;
    form.finish()?;
    let cancel = OrderReference { symbol, order_id, client_id, cancel_id, only_if };
    Ok(Replacement { cancel, order, mode })
}

/// True when the caller wants his cancel even if he has too many unfilled orders for a new one.
pub fn cancels_over_limit(params: &Params) -> bool {
    params.get(LIMIT_MODE) == Some(CANCEL_ONLY)
}
