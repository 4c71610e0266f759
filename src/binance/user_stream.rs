//! User events as inputs of the engine: execution reports and balances; all others are silent.
//!
//! Invariant: a numbered frame always becomes a numbered event, so that lockstep never waits for an ack that cannot come.
//! Absent on purpose: the socket; user events come over the gateway's connection.
//! Source: user-data-stream.md.

use super::socket::Reading;
use super::symbols::SymbolTable;
use crate::engine::Input;
use crate::engine::ports::Event;
use crate::protocol::convert::{balances_of_event, report_of_event};
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::user::UserEvent;

/// Kestrel's own event: the local exchange has no more market to send.
const MARKET_ENDED: &str = "kestrelMarketEnded";

/// What a user event means.
pub(super) fn reading(event: &UserEvent<'_>, sequence: Option<u64>, symbols: &SymbolTable) -> Reading {
    match event {
        UserEvent::Execution(event) => match report_of_event(event, |name| symbols.id(name), TimeUnit::Millisecond) {
            Ok(report) => {
                let time = Some(report.time);
                Reading::Event(Event::Input { time, input: Input::Report(Box::new(report)), sequence })
            }
            // Someone trades by hand, on another symbol or with an order that we never send.
            Err(error) => {
                tracing::warn!(%error, order = event.order_id, "a report of an order that is not ours is left out");
                Reading::silent(sequence)
            }
        },
        UserEvent::Position(event) => {
            let update = balances_of_event(event, TimeUnit::Millisecond);
            Reading::Event(Event::Input { time: Some(update.time), input: Input::Balances(update), sequence })
        }
        // A deposit or a lock: the position event beside it carries the new balances.
        UserEvent::Balance(_) | UserEvent::ExternalLock(_) | UserEvent::List(_) => Reading::silent(sequence),
        UserEvent::Terminated(_) => Reading::Reopen("the venue ended the user stream".to_owned()),
        UserEvent::Shutdown(_) => Reading::Reopen("the venue's server is going away".to_owned()),
        UserEvent::Other(name) if name == MARKET_ENDED => Reading::Event(Event::MarketEnded),
        UserEvent::Other(name) => {
            tracing::debug!(%name, "a user event that is not known here");
            Reading::silent(sequence)
        }
    }
}
