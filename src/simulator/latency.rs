//! `Latency`: an order reaches the book a while after it was sent, and what the price does meanwhile is to its harm.
//!
//! Invariant: on its way an order neither fills nor triggers; it stands in the book from the first point of the path at or
//! after its arrival on. A taker trades at the worse of the price before and the price of its arrival, which lies on the
//! straight line between the points around it. An order that waited for an open trades at the open. A LIMIT_MAKER that would
//! take when it arrives ends.
//! Absent on purpose: the way back (reports are told at once), the way of cancels, and chance; a delay is an argument.

use crate::domain::{OrderId, Price, Side, Span, SymbolId, Time};

use super::Simulator;
use super::admission::is_reached;
use super::book::Place;
use super::orders::ExpiryReason;
use super::path::{PathPoint, PointKind};

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
    pub(super) fn arrive(&mut self, symbol: SymbolId, time: Time) -> Vec<(OrderId, Time)> {
        let mut takers = Vec::new();
        while let Some((arrival, id)) = self.markets[symbol.index()].book.next_arrival(time) {
            self.leave(id);
            let record = &self.register.order(id).record;
            let (side, kind) = (record.side, record.kind);
            let Some(last) = self.markets[symbol.index()].price else { continue };
            if kind.stop_price().is_some_and(|stop| is_reached(side, kind, stop, last)) {
                self.expire_sibling(id, time);
                self.register.order_mut(id).record.is_working = true;
                takers.push((id, arrival));
                continue;
            }
            if self.would_take(symbol, side, kind) {
                self.expire(id, ExpiryReason::WouldTake, time);
                continue;
            }
            match self.place_for(symbol, side, kind, last) {
                Some(place @ (Place::Resting(..) | Place::Above(_) | Place::Below(_))) => self.stand(id, place),
                Some(Place::Nowhere | Place::Waiting | Place::Travelling(_)) | None => {
                    // A limit leg that meets the market takes its list's lock and ends its sibling.
                    self.expire_sibling(id, time);
                    takers.push((id, arrival));
                }
            }
        }
        takers
    }
}

/// The stretch of the path on which an order arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub last: Option<(Time, Price)>,
    pub point: PathPoint,
}

impl Way {
    /// The price at which a taker that arrives at `arrival` trades.
    pub fn harmful(self, side: Side, arrival: Time) -> Price {
        let end = self.point;
        // What was quoted before an open is no price of the market that opens.
        let Some((since, before)) = self.last.filter(|_| end.kind != PointKind::Open) else { return end.price };
        let (gone, all) = (arrival.since(since).0.max(0), end.time.since(since).0);
        if all <= 0 || gone >= all {
            return worse(side, before, end.price);
        }
        let moved = i128::from(end.price.raw() - before.raw()) * i128::from(gone) / i128::from(all);
        worse(side, before, Price::from_raw(before.raw() + moved as i64))
    }
}

fn worse(side: Side, one: Price, other: Price) -> Price {
    match side {
        Side::Buy => one.max(other),
        Side::Sell => one.min(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harm_grows_with_the_time_on_the_way() {
        let price = |whole: i64| Price::from_raw(whole * 100_000_000);
        let point = |kind| PathPoint { time: Time(20_000), price: price(80), kind };
        let way = Way { last: Some((Time(0), price(100))), point: point(PointKind::Inner) };
        let sold = |arrival| way.harmful(Side::Sell, Time(arrival));
        assert_eq!([0, 1_000, 10_000, 20_000].map(sold), [price(100), price(99), price(90), price(80)]);
        assert_eq!(way.harmful(Side::Buy, Time(10_000)), price(100), "a fall is no gift");
        let opening = Way { point: point(PointKind::Open), ..way };
        assert_eq!([Side::Buy, Side::Sell].map(|side| opening.harmful(side, Time(1))), [price(80); 2]);
        assert_eq!(Way { last: None, ..way }.harmful(Side::Sell, Time(1)), price(80));
    }
}
