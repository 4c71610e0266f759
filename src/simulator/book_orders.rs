//! Orders inside a recorded book: `PassiveOrder` waits in the queue of its level, `TakerOrder` walks the levels.
//!
//! Invariant: an order arrives and ends in the book that all inputs up to that moment have made; each order is alone, as if
//! no other own order were there.
//! Absent on purpose: own weight (the recording does not bend), amending, and booking; fees are `FeeSchedule`'s.
//! Source: the rules of a fill are those of hftbacktest's `NoPartialFillExchange`, in parts where trades reach in parts.

use super::latency::Latency;
use super::queue::{QueueModel, QueuePosition};
use super::recorded_book::{BookInput, RecordedBook};
use crate::domain::{Price, Quantity, Side, Span, Time, Trade};

/// A limit that only makes: sent, some time later in the book behind all that rests at its price, in the end cancelled.
#[derive(Debug, Clone, PartialEq)]
pub struct PassiveOrder {
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
    pub sent: Time,
    arrival: Time,
    until: Time,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    Travelling,
    /// It would have taken, and was not accepted.
    Refused,
    /// `told` rested at its price by the last changes.
    Resting {
        place: QueuePosition,
        told: f64,
    },
    Filled {
        at: Time,
    },
    /// What it had got by then.
    Cancelled {
        filled: Quantity,
    },
    /// Something is missing in the recording while it travelled or rested.
    Unknown,
}

/// Sent at a time when the middle was known; at its arrival it takes what it finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakerOrder {
    pub side: Side,
    pub quantity: Quantity,
    pub sent: Time,
    /// Of the book when it was sent.
    pub middle: f64,
}

/// Fractions of the middle at the sending; positive is paid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakerCost {
    /// The average price against the middle.
    pub whole: f64,
    /// By how much of it the middle itself had moved when the order arrived.
    pub delay: f64,
}

impl PassiveOrder {
    /// In the book for `wait`: its cancel travels as long as it did.
    pub fn sent(sent: Time, latency: Latency, wait: Span, (side, price, quantity): (Side, Price, Quantity)) -> Self {
        let arrival = sent.plus(Span(latency.0.0.max(0)));
        let until = arrival.plus(wait);
        PassiveOrder { side, price, quantity, sent, arrival, until, fate: Fate::Travelling }
    }

    pub fn fate(&self) -> Fate {
        self.fate
    }

    pub fn arrival(&self) -> Time {
        self.arrival
    }

    /// When its cancel arrives.
    pub fn until(&self) -> Time {
        self.until
    }

    /// Lets happen what is due before `time`, in the book as it stands until then.
    pub fn pass(&mut self, time: Time, book: &RecordedBook) {
        if self.fate == Fate::Travelling && self.arrival < time {
            self.fate = match book.top() {
                None => Fate::Unknown,
                Some(_) if book.is_met(self.side, self.price) => Fate::Refused,
                Some(_) => {
                    let told = book.quantity(self.side, self.price).to_f64();
                    Fate::Resting { place: QueuePosition::joined(told), told }
                }
            };
        }
        if let Fate::Resting { place, .. } = self.fate
            && self.until < time
        {
            self.fate = Fate::Cancelled { filled: self.reached(&place) };
        }
    }

    /// Takes an input that `book` has already taken.
    pub fn see(&mut self, time: Time, input: &BookInput, book: &RecordedBook, model: QueueModel) {
        match (input, &mut self.fate) {
            (BookInput::Lost(_), Fate::Travelling | Fate::Resting { .. }) => self.fate = Fate::Unknown,
            (BookInput::Trade(trade), Fate::Resting { place, .. }) => {
                if trade.price == self.price && trade.aggressor != self.side {
                    place.trade(trade.quantity.to_f64());
                }
                let place = *place;
                if self.is_passed(trade) || self.reached(&place) >= self.quantity {
                    self.fate = Fate::Filled { at: time };
                }
            }
            (BookInput::Snapshot(_) | BookInput::Changes(_), Fate::Resting { place, told }) => {
                let now = book.quantity(self.side, self.price).to_f64();
                place.depth(model, *told, now);
                *told = now;
                // Who offers at its price would have met it first.
                if book.is_met(self.side, self.price) {
                    self.fate = Fate::Filled { at: time };
                }
            }
            (
                BookInput::Snapshot(_) | BookInput::Changes(_) | BookInput::Trade(_) | BookInput::Lost(_),
                Fate::Travelling | Fate::Refused | Fate::Filled { .. } | Fate::Cancelled { .. } | Fate::Unknown,
            ) => {}
        }
    }

    /// True when a trade could not have been without filling the order: one beyond its price, or one that shows the other
    /// side at its price.
    fn is_passed(&self, trade: &Trade) -> bool {
        let is_beyond = match self.side {
            Side::Buy => trade.price < self.price,
            Side::Sell => trade.price > self.price,
        };
        is_beyond || (trade.price == self.price && trade.aggressor == self.side)
    }

    /// What trades beyond its place have given it.
    fn reached(&self, place: &QueuePosition) -> Quantity {
        Quantity::from_f64(place.beyond()).unwrap_or(Quantity::MAX).min(self.quantity)
    }
}

impl TakerOrder {
    /// `None` when the book cannot give the whole quantity.
    pub fn cost(&self, book: &RecordedBook) -> Option<TakerCost> {
        let walk = book.walk(self.side, self.quantity);
        let (average, middle) = (walk.average()?, book.middle()?);
        let paid = |price: f64| match self.side {
            Side::Buy => price / self.middle - 1.0,
            Side::Sell => 1.0 - price / self.middle,
        };
        // Half a unit of a quantity: sums of floats are not exact.
        (walk.unfilled < 0.5e-8).then(|| TakerCost { whole: paid(average), delay: paid(middle) })
    }
}
