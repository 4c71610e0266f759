//! `RecordedBook`: the levels of a recorded order book, as changes and trades tell them.
//!
//! Changes come in batches (Binance: every 100 ms), trades one by one. Between two batches a trade shows that better levels
//! of the side it took from are gone, and that the other side stands behind its price.
//! Invariant: best bid and ask never come from levels that a trade has shown to be gone; no own order changes the book.
//! Absent on purpose: update ids and their gaps (who reads the recording tells `Lost`), and what own orders would have
//! done to the market.

use std::collections::BTreeMap;

use super::walk::{Offer, Walk};
use crate::domain::{BookTop, Price, Quantity, Side, Trade};

/// The quantity that now rests at a price; zero takes the level away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookLevel {
    pub side: Side,
    pub price: Price,
    pub quantity: Quantity,
}

/// What a recording tells, in the order of the exchange's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookInput {
    /// The whole book.
    Snapshot(Vec<BookLevel>),
    /// Levels that changed since the last batch.
    Changes(Vec<BookLevel>),
    Trade(Trade),
    Lost(Lost),
}

/// What is missing from here on; the fate of orders that rest is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Changes of the book: it is void until the next snapshot.
    Changes,
    Trades,
    /// The recording was silent for so long that nobody knows whether it listened.
    Time,
}

#[derive(Debug, Clone)]
pub struct RecordedBook {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    /// What trades since the last batch have shown: bids above and asks below are gone.
    highest_bid: Price,
    lowest_ask: Price,
}

impl Default for RecordedBook {
    fn default() -> RecordedBook {
        RecordedBook { bids: BTreeMap::new(), asks: BTreeMap::new(), highest_bid: Price::MAX, lowest_ask: Price::ZERO }
    }
}

impl RecordedBook {
    pub fn take(&mut self, input: &BookInput) {
        match input {
            BookInput::Snapshot(levels) => {
                *self = RecordedBook::default();
                self.set(levels);
            }
            BookInput::Changes(levels) => {
                (self.highest_bid, self.lowest_ask) = (Price::MAX, Price::ZERO);
                self.set(levels);
            }
            BookInput::Trade(trade) => self.trim(trade),
            BookInput::Lost(Lost::Changes) => *self = RecordedBook::default(),
            BookInput::Lost(Lost::Trades | Lost::Time) => {}
        }
    }

    /// Best bid (`Buy`) or ask (`Sell`).
    pub fn best(&self, side: Side) -> Option<(Price, Quantity)> {
        let (price, quantity) = match side {
            Side::Buy => self.bids.range(..=self.highest_bid).next_back()?,
            Side::Sell => self.asks.range(self.lowest_ask..).next()?,
        };
        Some((*price, *quantity))
    }

    pub fn top(&self) -> Option<BookTop> {
        let ((bid, bid_quantity), (ask, ask_quantity)) = (self.best(Side::Buy)?, self.best(Side::Sell)?);
        Some(BookTop { bid, bid_quantity, ask, ask_quantity })
    }

    /// Between best bid and best ask.
    pub fn middle(&self) -> Option<f64> {
        self.top().map(|top| (top.bid.to_f64() + top.ask.to_f64()) / 2.0)
    }

    /// What rests at a price of a side.
    pub fn quantity(&self, side: Side, price: Price) -> Quantity {
        let (levels, is_gone) = match side {
            Side::Buy => (&self.bids, price > self.highest_bid),
            Side::Sell => (&self.asks, price < self.lowest_ask),
        };
        if is_gone { Quantity::ZERO } else { levels.get(&price).copied().unwrap_or_default() }
    }

    /// True when an order of this side at this price meets the best of the other side.
    pub fn is_met(&self, side: Side, price: Price) -> bool {
        self.best(side.opposite()).is_some_and(|(best, _)| match side {
            Side::Buy => best <= price,
            Side::Sell => best >= price,
        })
    }

    /// Bids (`Buy`) or asks (`Sell`), best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Quantity)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.range(..=self.highest_bid).rev()), None),
            Side::Sell => (None, Some(self.asks.range(self.lowest_ask..))),
        };
        let bids = bids.into_iter().flatten();
        bids.chain(asks.into_iter().flatten()).map(|(price, quantity)| (*price, *quantity))
    }

    /// What an order of this side takes now.
    pub fn walk(&self, side: Side, quantity: Quantity) -> Walk {
        let mut left = quantity;
        let mut offers = Vec::new();
        for (price, quantity) in self.levels(side.opposite()) {
            if !left.is_positive() {
                break;
            }
            left = left.saturating_sub(quantity);
            offers.push(Offer { price: price.to_f64(), quantity: quantity.to_f64() });
        }
        Walk::through(&offers, quantity.to_f64())
    }

    fn set(&mut self, levels: &[BookLevel]) {
        for level in levels {
            let side = match level.side {
                Side::Buy => &mut self.bids,
                Side::Sell => &mut self.asks,
            };
            if level.quantity.is_positive() {
                side.insert(level.price, level.quantity);
            } else {
                side.remove(&level.price);
            }
        }
    }

    /// The levels stay, because a trade may be told late by a hair; the next batch tells them anew.
    fn trim(&mut self, trade: &Trade) {
        let unit = Price::from_raw(1);
        let (bid, ask) = match trade.aggressor {
            Side::Sell => (trade.price, trade.price.saturating_add(unit)),
            Side::Buy => (trade.price.saturating_sub(unit), trade.price),
        };
        self.highest_bid = self.highest_bid.min(bid);
        self.lowest_ask = self.lowest_ask.max(ask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    fn level(side: Side, price: i64, quantity: i64) -> BookLevel {
        let one = Price::ONE.raw();
        BookLevel { side, price: Price::from_raw(price * one), quantity: Quantity::from_raw(quantity * one) }
    }

    fn book() -> RecordedBook {
        let mut book = RecordedBook::default();
        let bids = [(99, 2), (98, 4)].map(|(price, quantity)| level(Side::Buy, price, quantity));
        let asks = [(101, 1), (102, 3), (105, 6)].map(|(price, quantity)| level(Side::Sell, price, quantity));
        book.take(&BookInput::Snapshot([bids.as_slice(), asks.as_slice()].concat()));
        book
    }

    fn trade(aggressor: Side, price: i64) -> BookInput {
        let level = level(aggressor, price, 1);
        BookInput::Trade(Trade { time: Time(0), price: level.price, quantity: level.quantity, aggressor })
    }

    #[test]
    fn a_taker_walks_the_levels_best_first() {
        let walk = book().walk(Side::Buy, Quantity::from_raw(2 * Quantity::ONE.raw()));
        assert_eq!((walk.average(), walk.unfilled), (Some(101.5), 0.0));
        let walk = book().walk(Side::Sell, Quantity::from_raw(8 * Quantity::ONE.raw()));
        assert_eq!((walk.filled, walk.unfilled), (6.0, 2.0), "the book has no more");
    }

    #[test]
    fn trades_show_what_is_gone_until_the_next_changes() {
        let mut book = book();
        book.take(&trade(Side::Sell, 98));
        assert_eq!(book.best(Side::Buy).map(|(price, _)| price.to_f64()), Some(98.0));
        assert_eq!(book.quantity(Side::Buy, level(Side::Buy, 99, 0).price), Quantity::ZERO);
        book.take(&trade(Side::Buy, 102));
        assert_eq!((book.middle(), book.walk(Side::Buy, Quantity::ONE).average()), (Some(100.0), Some(102.0)));
        book.take(&BookInput::Changes(vec![level(Side::Buy, 99, 0), level(Side::Sell, 101, 5)]));
        assert_eq!(book.middle(), Some(99.5));
    }

    #[test]
    fn lost_changes_void_the_book_and_lost_trades_do_not() {
        let mut book = book();
        book.take(&BookInput::Lost(Lost::Trades));
        assert!(book.is_met(Side::Buy, level(Side::Buy, 101, 0).price) && book.top().is_some());
        book.take(&BookInput::Lost(Lost::Changes));
        assert_eq!(book.top(), None);
    }
}
