//! `Latency`: an order reaches the book a while after it was sent, and what the price does meanwhile is to its harm.
//!
//! Invariant: on its way an order neither fills nor triggers; it arrives at the first point of the path at or after its
//! time, and a taker that arrives trades at the worse of the prices before and at that point.
//! Absent on purpose: the way back (reports are told at once), the way of cancels, and chance; a delay is an argument.

use crate::domain::{OrderId, Price, Side, Span, SymbolId, Time};

use super::Simulator;
use super::admission::is_reached;
use super::book::Place;

/// From the sending of an order to its arrival in the book; zero or less switches it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency(pub Span);

impl Latency {
    pub(super) fn is_on(self) -> bool {
        self.0 > Span::ZERO
    }

    pub(super) fn arrival(self, sent: Time) -> Time {
        sent.plus(self.0)
    }
}

impl Simulator {
    /// Lets the orders whose time has come arrive while the price is still the last one. What does not take stands in
    /// the book from now on; the takers are returned by arrival, standing nowhere.
    pub(super) fn arrive(&mut self, symbol: SymbolId, time: Time) -> Vec<OrderId> {
        let mut takers = Vec::new();
        while let Some(id) = self.markets[symbol.index()].book.next_arrival(time) {
            self.leave(id);
            let record = &self.register.order(id).record;
            let (side, kind) = (record.side, record.kind);
            let Some(last) = self.markets[symbol.index()].price else { continue };
            if kind.stop_price().is_some_and(|stop| is_reached(side, kind, stop, last)) {
                self.expire_sibling(id, time);
                self.register.order_mut(id).record.is_working = true;
                takers.push(id);
                continue;
            }
            match self.place_for(symbol, side, kind, last) {
                Some(place @ (Place::Resting(..) | Place::Above(_) | Place::Below(_))) => self.stand(id, place),
                Some(Place::Nowhere | Place::Waiting | Place::Travelling(_)) | None => {
                    // A limit leg that meets the market takes its list's lock and ends its sibling.
                    self.expire_sibling(id, time);
                    takers.push(id);
                }
            }
        }
        takers
    }

    /// The worse of two prices for the side of an order.
    pub(super) fn worse_for(&self, id: OrderId, last: Option<Price>, now: Price) -> Price {
        let last = last.unwrap_or(now);
        match self.register.order(id).record.side {
            Side::Buy => last.max(now),
            Side::Sell => last.min(now),
        }
    }
}
