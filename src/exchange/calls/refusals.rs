//! Refusals: the simulator's, in Binance's codes and words.
//!
//! Invariant: every refusal of the simulator has one error; clients act on its text.
//! Absent on purpose: refusals of malformed parameters (`protocol::requests`).
//! Source: Binance spot API docs, errors.md.

use crate::domain::OrderKind;
use crate::protocol::VenueError;
use crate::protocol::errors::{Refusal as Word, code};
use crate::simulator::Refusal;

/// Of a new order of this kind.
pub(super) fn of_order(refusal: Refusal, kind: OrderKind) -> VenueError {
    of(refusal, || match kind {
        OrderKind::Market { .. } => VenueError::order_rejected(Word::MarketOrdersNotSupported),
        OrderKind::MarketQuote { .. } => VenueError::order_rejected(Word::QuoteQuantityNotSupported),
        OrderKind::StopLoss { .. } => VenueError::order_rejected(Word::StopLossNotSupported),
        OrderKind::TakeProfit { .. } => VenueError::order_rejected(Word::TakeProfitNotSupported),
        OrderKind::Limit { .. } => {
            VenueError::new(code::NEW_ORDER_REJECTED, "Limit orders are not supported for this symbol.")
        }
        OrderKind::LimitMaker { .. } => {
            VenueError::new(code::NEW_ORDER_REJECTED, "Limit maker orders are not supported for this symbol.")
        }
    })
}

/// Of a new OCO.
pub(super) fn of_oco(refusal: Refusal) -> VenueError {
    of(refusal, || VenueError::order_rejected(Word::OcoNotSupported))
}

/// Of a cancel.
pub(super) fn of_cancel(refusal: Refusal) -> VenueError {
    of(refusal, || VenueError::cancel_rejected(Word::UnknownOrder))
}

fn of(refusal: Refusal, not_supported: impl FnOnce() -> VenueError) -> VenueError {
    match refusal {
        Refusal::Filter(failure) => VenueError::from(failure),
        Refusal::InsufficientBalance => VenueError::order_rejected(Word::InsufficientBalance),
        Refusal::WouldTriggerImmediately => VenueError::order_rejected(Word::WouldTriggerImmediately),
        Refusal::WouldMatchImmediately => VenueError::order_rejected(Word::WouldMatchImmediately),
        Refusal::DuplicateClientId => VenueError::order_rejected(Word::DuplicateOrder),
        Refusal::UnknownOrder => VenueError::cancel_rejected(Word::UnknownOrder),
        Refusal::PricesWrong => VenueError::order_rejected(Word::PriceRelationship),
        Refusal::LegsWrong => VenueError::unsupported_combination(),
        Refusal::MarketClosed => VenueError::order_rejected(Word::MarketClosed),
        Refusal::NoPrice => VenueError::no_reference_price(),
        Refusal::NotSupported => not_supported(),
        Refusal::UnknownSymbol => VenueError::invalid_symbol(),
        Refusal::UnknownAccount => VenueError::rejected_key(),
        Refusal::Overflow => VenueError::overflowed("quantity"),
    }
}
