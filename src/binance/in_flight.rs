//! `InFlight`: requests that were written and have no answer yet, by the id that the answer will carry.
//!
//! Invariant: an id is used once per run, and a request leaves the list once: by its answer, its deadline or the loss.
//! Absent on purpose: sockets and clocks; instants are arguments.

use std::collections::BTreeMap;
use std::time::Instant;

use super::outcome::Question;
use crate::domain::{ClientOrderId, Time};
use crate::protocol::weights::Call;

/// One request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Waiting {
    Order(WaitingOrder),
    /// The venue's time was asked at this moment of our clock.
    Clock {
        asked: Time,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitingOrder {
    pub question: Question,
    pub client_id: ClientOrderId,
    pub call: Call,
    /// The driver's time of the request.
    pub asked: Time,
}

#[derive(Debug)]
pub(super) struct InFlight {
    next_id: i64,
    waiting: BTreeMap<i64, (Instant, Waiting)>,
}

impl InFlight {
    /// `first_id` is above those of the requests that open a connection.
    pub fn new(first_id: i64) -> InFlight {
        InFlight { next_id: first_id, waiting: BTreeMap::new() }
    }

    /// Enters a request; the id is for its frame.
    pub fn enter(&mut self, waiting: Waiting, deadline: Instant) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.waiting.insert(id, (deadline, waiting));
        id
    }

    /// The request that an answer is for; `None` for an answer that nobody waits for any more.
    pub fn answered(&mut self, id: i64) -> Option<Waiting> {
        self.waiting.remove(&id).map(|(_, waiting)| waiting)
    }

    /// Orders whose answer did not come in time, oldest first.
    pub fn expired(&mut self, now: Instant) -> Vec<WaitingOrder> {
        orders(self.waiting.extract_if(.., |_, (deadline, _)| *deadline <= now))
    }

    /// All orders: the connection is lost, and nobody knows what became of them. Oldest first.
    pub fn lost(&mut self) -> Vec<WaitingOrder> {
        orders(std::mem::take(&mut self.waiting))
    }

    /// True while a question for the venue's time is out.
    pub fn asks_clock(&self) -> bool {
        self.waiting.values().any(|(_, waiting)| matches!(waiting, Waiting::Clock { .. }))
    }
}

fn orders(waiting: impl IntoIterator<Item = (i64, (Instant, Waiting))>) -> Vec<WaitingOrder> {
    let only_orders = waiting.into_iter().filter_map(|(_, (_, waiting))| match waiting {
        Waiting::Order(order) => Some(order),
        Waiting::Clock { .. } => None,
    });
    only_orders.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn order(id: &str) -> Waiting {
        let client_id = ClientOrderId::from(id);
        Waiting::Order(WaitingOrder { question: Question::Order, client_id, call: Call::NewOrder, asked: Time(0) })
    }

    fn names(orders: Vec<WaitingOrder>) -> Vec<String> {
        orders.into_iter().map(|order| order.client_id.to_string()).collect()
    }

    #[test]
    fn answers_in_any_order_find_their_requests_once() {
        let mut in_flight = InFlight::new(4);
        let now = Instant::now();
        let ids = ["a", "b", "c"].map(|name| in_flight.enter(order(name), now));
        assert_eq!(ids, [4, 5, 6]);
        assert_eq!(in_flight.answered(5), Some(order("b")));
        assert_eq!(in_flight.answered(5), None);
        assert_eq!(in_flight.answered(99), None);
        assert_eq!(names(in_flight.lost()), ["a", "c"]);
        assert_eq!(in_flight.lost(), []);
    }

    #[test]
    fn only_requests_past_their_deadline_expire() {
        let mut in_flight = InFlight::new(1);
        let start = Instant::now();
        in_flight.enter(order("soon"), start + Duration::from_secs(1));
        in_flight.enter(Waiting::Clock { asked: Time(0) }, start);
        in_flight.enter(order("later"), start + Duration::from_secs(2));
        assert!(in_flight.asks_clock());
        assert_eq!(names(in_flight.expired(start + Duration::from_secs(1))), ["soon"]);
        assert!(!in_flight.asks_clock());
        assert_eq!(names(in_flight.expired(start + Duration::from_secs(2))), ["later"]);
    }
}
