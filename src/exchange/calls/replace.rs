//! cancelReplace: a cancel and a new order in one call, each with its own result.
//!
//! Invariant: parameters and filters are judged before anything is done; after that each half answers as it would alone.
//! Absent on purpose: the account's count of unfilled orders (`rest`), which may refuse the new order's half.
//! Source: rest-api.md, "Cancel an Existing Order and Send a New Order (TRADE)".

use super::{Ask, fresh_id, json, orders, refusals};
use crate::exchange::venue::Venue;
use crate::protocol::VenueError;
use crate::protocol::messages::replace::ReplaceAnswer;
use crate::protocol::replacement::{ReplaceMode, Replacement, parse_replacement};
use crate::protocol::requests;

pub(super) fn replace(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut named = venue.named;
    let read = parse_replacement(ask.params, |name| venue.symbol_id(name), || fresh_id(&mut named))?;
    let Replacement { cancel, order, mode } = read;
    let form = requests::response_type(ask.params, order.kind.order_type())?;
    let refusal = |refusal| refusals::of_order(refusal, order.kind);
    venue.simulator.may_stand(account, &order).map_err(refusal)?;
    venue.named = named;

    let canceled = orders::cancel_named(venue, ask, account, cancel);
    let placed = match (&canceled, mode) {
        (Err(_), ReplaceMode::StopOnFailure) => None,
        (Ok(_), ReplaceMode::StopOnFailure) | (Ok(_) | Err(_), ReplaceMode::AllowFailure) => {
            Some(match ask.orders_full {
                Some(full) => Err(full.clone()),
                None => orders::enter(venue, ask, account, &order, form),
            })
        }
    };
    let succeeded = [canceled.is_ok(), placed.as_ref().is_some_and(Result::is_ok)];
    let answer = ReplaceAnswer::of(canceled, placed);
    match succeeded {
        [true, true] => Ok(json(&answer)),
        [one, other] => Err(VenueError::cancel_replace(&answer, one || other)),
    }
}
