//! `BookVenue`: a venue for one trader inside a book that others make: takers walk the levels, orders that rest wait in line.
//!
//! The book is not ours: it is replayed, and does not answer what we do. What we took is gone until `Refill` gives it back.
//! A taker gets what is left of the levels at its arrival. An order that rests stands behind all that rests at its price, is
//! filled by recorded trades at its price once what stood before it is gone, by trades beyond its price at once (each gives no
//! more than was traded), and by levels of the other side that come to its price.
//! Invariant: nobody gets more than recorded trades and levels held; what arrives sees the book of its arrival, not of its
//! sending; every order ends in `Closed` or `Rejected`, once.
//! Absent on purpose: balances, fees and filters (who sends must), own weight beyond what was taken, and several traders.

use std::collections::{BTreeMap, VecDeque};

use super::queue::{QueueModel, QueuePosition};
use super::recorded_book::{BookInput, BookLevel, RecordedBook};
use crate::domain::{BookTop, OrderKind, Price, Quantity, Side, Span, Time, TimeInForce, Trade};

/// When what was taken stands again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refill {
    /// With the next change that tells the level anew.
    Restated,
    /// A side recovers exponentially: half of what is missing from its best prices returns in this time (Obizhaeva and Wang
    /// 2013, "Optimal trading strategy and supply/demand dynamics").
    HalfLife(Span),
}

/// What is asked of the venue; `number` names an order and is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    Place {
        number: u32,
        side: Side,
        kind: OrderKind,
    },
    Cancel {
        number: u32,
    },
    /// The new one only if the old one could be cancelled.
    Replace {
        old: u32,
        number: u32,
        side: Side,
        kind: OrderKind,
    },
}

/// What the venue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Opened { number: u32 },
    Filled { number: u32, price: Price, quantity: Quantity, is_maker: bool },
    Closed { number: u32 },
    Rejected { number: u32 },
    CancelRefused { number: u32 },
}

#[derive(Debug, Clone)]
pub struct BookVenue {
    model: QueueModel,
    refill: Refill,
    /// From a request to its arrival.
    latency: Span,
    /// Of the levels of a side, what we took; under `Refill::Restated`.
    taken: BTreeMap<(Side, Price), Quantity>,
    /// What is missing from the best prices of bids and asks, and since when; under `Refill::HalfLife`.
    missing: [f64; 2],
    missing_at: Time,
    travelling: VecDeque<(Time, Request)>,
    resting: Vec<Resting>,
    told: Vec<(Time, Told)>,
}

#[derive(Debug, Clone, Copy)]
struct Resting {
    number: u32,
    side: Side,
    price: Price,
    left: Quantity,
    place: QueuePosition,
    /// At its price by the last changes.
    level: f64,
    /// Of what trades gave it, what is booked.
    given: f64,
}

impl BookVenue {
    pub fn new(model: QueueModel, refill: Refill, latency: Span) -> BookVenue {
        BookVenue {
            model,
            refill,
            latency,
            taken: BTreeMap::new(),
            missing: [0.0; 2],
            missing_at: Time(0),
            travelling: VecDeque::new(),
            resting: Vec::new(),
            told: Vec::new(),
        }
    }

    /// On its way from now; requests arrive in the order of their sending.
    pub fn send(&mut self, now: Time, request: Request) {
        self.travelling.push_back((now.plus(self.latency), request));
    }

    /// Arrivals before `time` meet the book as it stands until then.
    pub fn pass(&mut self, time: Time, book: &RecordedBook) {
        while let Some((at, request)) = self.travelling.front().copied().filter(|(at, _)| *at < time) {
            self.travelling.pop_front();
            self.recover(at);
            match request {
                Request::Place { number, side, kind } => self.place(at, number, side, kind, book),
                Request::Cancel { number } => {
                    self.cancel(at, number);
                }
                Request::Replace { old, number, side, kind } => match self.cancel(at, old) {
                    true => self.place(at, number, side, kind, book),
                    false => self.tell(at, Told::Rejected { number }),
                },
            }
        }
    }

    /// When the next request arrives.
    pub fn next_arrival(&self) -> Option<Time> {
        self.travelling.front().map(|(at, _)| *at)
    }

    /// Takes an input that `book` has already taken.
    pub fn see(&mut self, time: Time, input: &BookInput, book: &RecordedBook) {
        self.recover(time);
        match input {
            BookInput::Snapshot(_) | BookInput::Lost(_) => self.taken.clear(),
            BookInput::Changes(levels) => self.restate(levels),
            BookInput::Trade(_) => {}
        }
        if self.resting.is_empty() {
            return;
        }
        let mut resting = std::mem::take(&mut self.resting);
        for order in &mut resting {
            let filled = match input {
                BookInput::Trade(trade) => order.trade(trade),
                BookInput::Snapshot(_) | BookInput::Changes(_) => self.meet(order, book),
                BookInput::Lost(_) => Quantity::ZERO,
            };
            if filled.is_positive() {
                self.tell(
                    time,
                    Told::Filled { number: order.number, price: order.price, quantity: filled, is_maker: true },
                );
                order.left = order.left.saturating_sub(filled);
                if order.left.is_zero() {
                    self.tell(time, Told::Closed { number: order.number });
                }
            }
        }
        resting.retain(|order| order.left.is_positive());
        self.resting = resting;
    }

    /// What was said since the last call, in its order.
    pub fn drain(&mut self) -> Vec<(Time, Told)> {
        std::mem::take(&mut self.told)
    }

    /// Best prices as they stand without what we took.
    pub fn top(&self, book: &RecordedBook) -> Option<BookTop> {
        let ((bid, bid_quantity), (ask, ask_quantity)) =
            (self.levels(book, Side::Buy).next()?, self.levels(book, Side::Sell).next()?);
        Some(BookTop { bid, bid_quantity, ask, ask_quantity })
    }

    /// Bids (`Buy`) or asks (`Sell`), best first, without what we took.
    pub fn levels<'a>(&'a self, book: &'a RecordedBook, side: Side) -> impl Iterator<Item = (Price, Quantity)> + 'a {
        let mut missing = Quantity::from_f64(self.missing[side as usize]).unwrap_or(Quantity::MAX);
        book.levels(side).filter_map(move |(price, quantity)| {
            let taken = self.taken.get(&(side, price)).copied().unwrap_or_default();
            let stands = quantity.saturating_sub(taken).max(Quantity::ZERO);
            let gone = stands.min(missing);
            missing = missing.saturating_sub(gone);
            let left = stands.saturating_sub(gone);
            left.is_positive().then_some((price, left))
        })
    }

    fn place(&mut self, at: Time, number: u32, side: Side, kind: OrderKind, book: &RecordedBook) {
        let best = self.levels(book, side.opposite()).next().map(|(price, _)| price);
        let meets = |limit: Price| {
            best.is_some_and(|best| match side {
                Side::Buy => best <= limit,
                Side::Sell => best >= limit,
            })
        };
        let (quantity, limit, rests) = match kind {
            OrderKind::Market { quantity } => (quantity, None, false),
            OrderKind::Limit { quantity, price, time_in_force } => {
                (quantity, Some(price), time_in_force == TimeInForce::Gtc)
            }
            OrderKind::LimitMaker { price, .. } if meets(price) => return self.tell(at, Told::Rejected { number }),
            OrderKind::LimitMaker { quantity, price } => (quantity, Some(price), true),
            OrderKind::MarketQuote { .. } | OrderKind::StopLoss { .. } | OrderKind::TakeProfit { .. } => {
                return self.tell(at, Told::Rejected { number });
            }
        };
        self.tell(at, Told::Opened { number });
        let left = self.walk(at, number, side, quantity, limit, book);
        match limit.filter(|_| rests && left.is_positive()) {
            Some(price) => {
                let level = book.quantity(side, price).to_f64();
                let place = QueuePosition::joined(level);
                self.resting.push(Resting { number, side, price, left, place, level, given: 0.0 });
            }
            None => self.tell(at, Told::Closed { number }),
        }
    }

    /// Takes from the levels of the other side, and says what is left.
    fn walk(
        &mut self,
        at: Time,
        number: u32,
        side: Side,
        quantity: Quantity,
        limit: Option<Price>,
        book: &RecordedBook,
    ) -> Quantity {
        let is_within = |price: Price| {
            limit.is_none_or(|limit| match side {
                Side::Buy => price <= limit,
                Side::Sell => price >= limit,
            })
        };
        let mut left = quantity;
        let mut parts: Vec<(Price, Quantity)> = Vec::new();
        for (price, offered) in self.levels(book, side.opposite()).take_while(|(price, _)| is_within(*price)) {
            if !left.is_positive() {
                break;
            }
            let part = offered.min(left);
            left = left.saturating_sub(part);
            parts.push((price, part));
        }
        for (price, quantity) in parts {
            self.took(side.opposite(), price, quantity);
            self.tell(at, Told::Filled { number, price, quantity, is_maker: false });
        }
        left
    }

    fn took(&mut self, levels: Side, price: Price, quantity: Quantity) {
        match self.refill {
            Refill::Restated => {
                let taken = self.taken.entry((levels, price)).or_default();
                *taken = taken.saturating_add(quantity);
            }
            Refill::HalfLife(_) => self.missing[levels as usize] += quantity.to_f64(),
        }
    }

    /// True when the order rested and is cancelled.
    fn cancel(&mut self, at: Time, number: u32) -> bool {
        let Some(place) = self.resting.iter().position(|order| order.number == number) else {
            self.tell(at, Told::CancelRefused { number });
            return false;
        };
        self.resting.remove(place);
        self.tell(at, Told::Closed { number });
        true
    }

    fn restate(&mut self, levels: &[BookLevel]) {
        if self.taken.is_empty() {
            return;
        }
        for level in levels {
            self.taken.remove(&(level.side, level.price));
        }
    }

    /// Changes of the book: the line moves, and who offers at the order's price would have met it.
    fn meet(&mut self, order: &mut Resting, book: &RecordedBook) -> Quantity {
        let now = book.quantity(order.side, order.price).to_f64();
        order.place.depth(self.model, order.level, now);
        order.level = now;
        let offers: Vec<(Price, Quantity)> = self
            .levels(book, order.side.opposite())
            .take_while(|(price, _)| match order.side {
                Side::Buy => *price <= order.price,
                Side::Sell => *price >= order.price,
            })
            .collect();
        let mut got = Quantity::ZERO;
        for (price, offered) in offers {
            let part = offered.min(order.left.saturating_sub(got));
            got = got.saturating_add(part);
            self.took(order.side.opposite(), price, part);
        }
        got
    }

    /// What is missing returns.
    fn recover(&mut self, now: Time) {
        let Refill::HalfLife(half) = self.refill else { return };
        if self.missing != [0.0; 2] {
            let halves = now.since(self.missing_at).0.max(0) as f64 / half.0.max(1) as f64;
            let stays = (-halves * std::f64::consts::LN_2).exp();
            self.missing = self.missing.map(|missing| if missing * stays > 1e-8 { missing * stays } else { 0.0 });
        }
        self.missing_at = now;
    }

    fn tell(&mut self, at: Time, told: Told) {
        self.told.push((at, told));
    }
}

impl Resting {
    /// What a trade gives it: one beyond its price all that was traded, one at its price what reached past the line.
    fn trade(&mut self, trade: &Trade) -> Quantity {
        if trade.aggressor == self.side {
            return Quantity::ZERO;
        }
        let is_beyond = match self.side {
            Side::Buy => trade.price < self.price,
            Side::Sell => trade.price > self.price,
        };
        if is_beyond {
            return trade.quantity.min(self.left);
        }
        if trade.price != self.price {
            return Quantity::ZERO;
        }
        self.place.trade(trade.quantity.to_f64());
        let reached = self.place.beyond();
        let fresh = Quantity::from_f64((reached - self.given).max(0.0)).unwrap_or(Quantity::ZERO);
        self.given = self.given.max(reached);
        fresh.min(trade.quantity).min(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(x: i64) -> Price {
        Price::from_raw(x * Price::ONE.raw())
    }

    fn size(x: i64) -> Quantity {
        Quantity::from_raw(x * Quantity::ONE.raw())
    }

    fn level(side: Side, at: i64, quantity: i64) -> BookLevel {
        BookLevel { side, price: price(at), quantity: size(quantity) }
    }

    /// Bids 99 x 2 and 98 x 4, asks 101 x 1, 102 x 3 and 105 x 6.
    fn start(refill: Refill) -> (RecordedBook, BookVenue) {
        let mut book = RecordedBook::default();
        let bids = [level(Side::Buy, 99, 2), level(Side::Buy, 98, 4)];
        let asks = [level(Side::Sell, 101, 1), level(Side::Sell, 102, 3), level(Side::Sell, 105, 6)];
        book.take(&BookInput::Snapshot([bids.as_slice(), asks.as_slice()].concat()));
        (book, BookVenue::new(QueueModel::RiskAverse, refill, Span(10)))
    }

    fn input(venue: &mut BookVenue, book: &mut RecordedBook, time: i64, input: BookInput) {
        venue.pass(Time(time), book);
        book.take(&input);
        venue.see(Time(time), &input, book);
    }

    fn trade(aggressor: Side, at: i64, quantity: i64) -> BookInput {
        BookInput::Trade(Trade { time: Time(0), price: price(at), quantity: size(quantity), aggressor })
    }

    fn buy(venue: &mut BookVenue, time: i64, number: u32, kind: OrderKind) {
        venue.send(Time(time), Request::Place { number, side: Side::Buy, kind });
    }

    fn parts(venue: &mut BookVenue) -> Vec<(i64, i64, bool)> {
        let whole = |quantity: Quantity| quantity.raw() / Quantity::ONE.raw();
        let fills = venue.drain().into_iter().filter_map(|(_, told)| match told {
            Told::Filled { price, quantity, is_maker, .. } => {
                Some((price.raw() / Price::ONE.raw(), whole(quantity), is_maker))
            }
            Told::Opened { .. } | Told::Closed { .. } | Told::Rejected { .. } | Told::CancelRefused { .. } => None,
        });
        fills.collect()
    }

    #[test]
    fn what_was_taken_is_gone_until_its_level_is_told_again() {
        let (mut book, mut venue) = start(Refill::Restated);
        buy(&mut venue, 0, 1, OrderKind::Market { quantity: size(2) });
        venue.pass(Time(10), &book);
        assert_eq!(venue.drain(), [], "it is on its way");
        venue.pass(Time(11), &book);
        assert_eq!(parts(&mut venue), [(101, 1, false), (102, 1, false)]);
        let best = |venue: &BookVenue, book: &RecordedBook| venue.top(book).map(|top| (top.ask, top.ask_quantity));
        assert_eq!(best(&venue, &book), Some((price(102), size(2))));
        input(&mut venue, &mut book, 20, BookInput::Changes(vec![level(Side::Buy, 98, 5)]));
        assert_eq!(best(&venue, &book), Some((price(102), size(2))), "another level was told");
        input(&mut venue, &mut book, 30, BookInput::Changes(vec![level(Side::Sell, 101, 4)]));
        assert_eq!(best(&venue, &book), Some((price(101), size(4))));
    }

    #[test]
    fn half_of_what_is_missing_returns_in_a_half_life() {
        let (mut book, mut venue) = start(Refill::HalfLife(Span(1_000)));
        buy(&mut venue, 0, 1, OrderKind::Market { quantity: size(4) });
        venue.pass(Time(11), &book);
        assert_eq!(venue.top(&book).map(|top| top.ask), Some(price(105)));
        input(&mut venue, &mut book, 1_010, BookInput::Changes(Vec::new()));
        assert_eq!(venue.top(&book).map(|top| (top.ask, top.ask_quantity)), Some((price(102), size(2))));
    }

    #[test]
    fn an_order_that_rests_waits_in_line_and_gets_what_trades_bring() {
        let (mut book, mut venue) = start(Refill::Restated);
        buy(&mut venue, 0, 1, OrderKind::LimitMaker { quantity: size(3), price: price(99) });
        input(&mut venue, &mut book, 20, trade(Side::Sell, 99, 1));
        assert_eq!(parts(&mut venue), [], "one of two before it is gone");
        input(&mut venue, &mut book, 30, trade(Side::Sell, 99, 2));
        assert_eq!(parts(&mut venue), [(99, 1, true)]);
        input(&mut venue, &mut book, 40, trade(Side::Sell, 98, 1));
        assert_eq!(parts(&mut venue), [(99, 1, true)], "no more than was traded, at its own price");
        input(&mut venue, &mut book, 50, BookInput::Changes(vec![level(Side::Sell, 99, 7)]));
        assert_eq!(parts(&mut venue), [(99, 1, true)], "who offers at its price meets it");
        assert_eq!(venue.levels(&book, Side::Sell).next(), Some((price(99), size(6))));
    }

    #[test]
    fn what_would_take_is_refused_and_a_late_cancel_too() {
        let (book, mut venue) = start(Refill::Restated);
        buy(&mut venue, 0, 1, OrderKind::LimitMaker { quantity: size(1), price: price(101) });
        let kind = OrderKind::Limit { quantity: size(9), price: price(102), time_in_force: TimeInForce::Ioc };
        buy(&mut venue, 1, 2, kind);
        venue.send(Time(2), Request::Cancel { number: 2 });
        venue.pass(Time(50), &book);
        let told: Vec<Told> = venue.drain().into_iter().map(|(_, told)| told).collect();
        let filled =
            |at, quantity| Told::Filled { number: 2, price: price(at), quantity: size(quantity), is_maker: false };
        let closed = [Told::Closed { number: 2 }, Told::CancelRefused { number: 2 }];
        let opened = [Told::Rejected { number: 1 }, Told::Opened { number: 2 }, filled(101, 1), filled(102, 3)];
        assert_eq!(told, [opened.as_slice(), closed.as_slice()].concat());
    }
}
