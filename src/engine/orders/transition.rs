//! The transition table of an order: (state, event) to state, a sentence for each row.
//!
//! Invariant: closed states absorb everything, and "not found" alone closes nothing.
//! Absent on purpose: quantities; fills are booked by the portfolio whatever the state.
//! Source for the unknown outcome: Binance spot REST docs, "General Information on Endpoints" (5xx and -1007).

use super::state::OrderState;
use crate::domain::OrderStatus;

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// The venue has it.
    Acknowledged,
    /// The venue refused it for certain.
    Refused,
    /// No answer, or an unclear one.
    NoAnswer,
    /// We sent a cancel.
    CancelSent,
    /// The venue refused the cancel.
    CancelRefused,
    /// A query did not find it.
    NotFound,
    /// A report or a query states the venue's status.
    Status(OrderStatus),
}

/// The next state. Total: every pair has a row.
pub fn transition(state: OrderState, event: OrderEvent) -> OrderState {
    use OrderEvent as E;
    use OrderState as S;
    match (state, event) {
        // What is closed stays closed; doubled and late messages change nothing.
        (S::Filled | S::Canceled | S::Expired | S::Rejected, _) => state,
        // The venue's own word on its status decides; while a cancel is on its way a live status does not undo it.
        (_, E::Status(status)) => by_status(state, status),
        // The answer that we waited for, or that arrives late after all.
        (S::Submitted | S::Unknown, E::Acknowledged) => S::Open,
        // A report overtook the answer.
        (S::Open | S::PartiallyFilled | S::Cancelling, E::Acknowledged) => state,
        // A certain refusal closes an order that nobody has seen alive.
        (S::Submitted | S::Unknown, E::Refused) => S::Rejected,
        // A refusal of an order that was seen alive contradicts itself: ask again.
        (S::Open | S::PartiallyFilled | S::Cancelling, E::Refused) => S::Unknown,
        // Silence is not failure: the order may exist.
        (S::Submitted | S::Cancelling | S::Unknown, E::NoAnswer) => S::Unknown,
        // Silence about something else: the order was seen alive.
        (S::Open | S::PartiallyFilled, E::NoAnswer) => state,
        // A cancel is on its way; until it is answered the order can still fill.
        (S::Submitted | S::Open | S::PartiallyFilled | S::Unknown, E::CancelSent) => S::Cancelling,
        (S::Cancelling, E::CancelSent) => state,
        // "Unknown order sent." may mean filled or not yet visible: ask.
        (S::Cancelling, E::CancelRefused) => S::Unknown,
        (S::Submitted | S::Open | S::PartiallyFilled | S::Unknown, E::CancelRefused) => state,
        // Not found is never proof.
        (S::Submitted | S::Open | S::PartiallyFilled | S::Cancelling | S::Unknown, E::NotFound) => S::Unknown,
    }
}

fn by_status(state: OrderState, status: OrderStatus) -> OrderState {
    match status {
        OrderStatus::New | OrderStatus::PendingNew => match state {
            OrderState::Cancelling | OrderState::PartiallyFilled => state,
            OrderState::Submitted
            | OrderState::Open
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Canceled
            | OrderState::Expired
            | OrderState::Rejected => OrderState::Open,
        },
        OrderStatus::PartiallyFilled if state == OrderState::Cancelling => state,
        OrderStatus::PartiallyFilled => OrderState::PartiallyFilled,
        OrderStatus::PendingCancel => OrderState::Cancelling,
        OrderStatus::Filled => OrderState::Filled,
        OrderStatus::Canceled => OrderState::Canceled,
        OrderStatus::Expired | OrderStatus::ExpiredInMatch => OrderState::Expired,
        OrderStatus::Rejected => OrderState::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [OrderState; 9] = [
        OrderState::Submitted,
        OrderState::Open,
        OrderState::PartiallyFilled,
        OrderState::Cancelling,
        OrderState::Unknown,
        OrderState::Filled,
        OrderState::Canceled,
        OrderState::Expired,
        OrderState::Rejected,
    ];

    const STATUSES: [OrderStatus; 9] = [
        OrderStatus::New,
        OrderStatus::PendingNew,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled,
        OrderStatus::PendingCancel,
        OrderStatus::Rejected,
        OrderStatus::Expired,
        OrderStatus::ExpiredInMatch,
    ];

    fn events() -> Vec<OrderEvent> {
        let mut events = vec![
            OrderEvent::Acknowledged,
            OrderEvent::Refused,
            OrderEvent::NoAnswer,
            OrderEvent::CancelSent,
            OrderEvent::CancelRefused,
            OrderEvent::NotFound,
        ];
        events.extend(STATUSES.map(OrderEvent::Status));
        events
    }

    #[test]
    fn closed_states_absorb_every_event() {
        for state in STATES.into_iter().filter(|state| state.is_closed()) {
            for event in events() {
                assert_eq!(transition(state, event), state, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn only_the_venues_word_closes_a_live_order() {
        for state in STATES.into_iter().filter(|state| !state.is_closed()) {
            for event in events() {
                let closes = transition(state, event).is_closed();
                let certain = match event {
                    OrderEvent::Status(status) => status.is_terminal(),
                    OrderEvent::Refused => matches!(state, OrderState::Submitted | OrderState::Unknown),
                    OrderEvent::Acknowledged
                    | OrderEvent::NoAnswer
                    | OrderEvent::CancelSent
                    | OrderEvent::CancelRefused
                    | OrderEvent::NotFound => false,
                };
                assert_eq!(closes, certain, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn a_report_before_the_answer_and_after_it_end_in_the_same_state() {
        let filled = OrderEvent::Status(OrderStatus::Filled);
        let early = transition(transition(OrderState::Submitted, filled), OrderEvent::Acknowledged);
        let late = transition(transition(OrderState::Submitted, OrderEvent::Acknowledged), filled);
        assert_eq!(early, OrderState::Filled);
        assert_eq!(late, OrderState::Filled);
    }
}
