//! `View`: what a parent order is shown of the market, and what it reads from it.
//!
//! Invariant: only what was known at the moment; where a book is not shown there is no spread, no depth and no pressure.
//! Absent on purpose: where the numbers come from (bars, best prices or a whole book: who owns the parent knows).

use crate::domain::{BookTop, Price, Quantity, Side};

/// A level of the book.
pub type Level = (Price, Quantity);

#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Best bid and ask, where they are known and fresh; without it only bars speak, and slices are sent at their times.
    pub touch: Option<BookTop>,
    /// Levels best first, as far as they are known; empty where only the best are.
    pub bids: &'a [Level],
    pub asks: &'a [Level],
    /// The last price, positive.
    pub mark: Price,
    /// What the market traded since the parent's start, in the base asset; never falls.
    pub volume: f64,
}

impl<'a> View<'a> {
    /// Of a market of which only the last price is known.
    pub const fn of_bars(mark: Price, volume: f64) -> View<'a> {
        View { touch: None, bids: &[], asks: &[], mark, volume }
    }

    /// The middle of the book, else the last price.
    pub fn middle(&self) -> f64 {
        self.touch.map_or(self.mark.to_f64(), |top| f64::midpoint(top.bid.to_f64(), top.ask.to_f64()))
    }

    /// The best price of the side that an order of `side` rests on.
    pub fn near(&self, side: Side) -> Option<Level> {
        self.touch.map(|top| match side {
            Side::Buy => (top.bid, top.bid_quantity),
            Side::Sell => (top.ask, top.ask_quantity),
        })
    }

    /// The best price of the side that an order of `side` takes from.
    pub fn far(&self, side: Side) -> Option<Level> {
        self.near(side.opposite())
    }

    /// Levels that an order of `side` takes from, best first: at least the best one where it is known.
    pub fn offers(&self, side: Side) -> impl Iterator<Item = Level> + 'a {
        let levels = match side {
            Side::Buy => self.asks,
            Side::Sell => self.bids,
        };
        let best = if levels.is_empty() { self.far(side) } else { None };
        best.into_iter().chain(levels.iter().copied())
    }

    /// What can be taken at prices no worse than `bound`.
    pub fn within(&self, side: Side, bound: Price) -> Quantity {
        let is_within = |price: Price| match side {
            Side::Buy => price <= bound,
            Side::Sell => price >= bound,
        };
        let offers = self.offers(side).take_while(|(price, _)| is_within(*price));
        offers.fold(Quantity::ZERO, |sum, (_, quantity)| sum.saturating_add(quantity))
    }

    /// How much more stands on the order's own side than on the other, from -1 to 1: above zero the price is likely to go
    /// against it. (Gould and Bonart 2016, "Queue imbalance as a one-tick-ahead price predictor".)
    pub fn pressure(&self, side: Side) -> Option<f64> {
        let (near, far) = (self.near(side)?.1.to_f64(), self.far(side)?.1.to_f64());
        (near + far > 0.0).then(|| (near - far) / (near + far))
    }
}

/// `MarketState::depth` by the levels of one side, best first: what a half spread beyond the best price would hold if the book
/// were as dense as it is within a basis point. Where the spread is one tick, the best level alone says little.
pub fn depth(levels: impl Iterator<Item = Level>, half_spread: f64, middle: f64) -> f64 {
    let reach = half_spread.max(middle * 1e-4);
    let mut levels = levels.peekable();
    let best = levels.peek().map_or(0.0, |(price, _)| price.to_f64());
    let near = levels.take_while(|(price, _)| (price.to_f64() - best).abs() <= reach);
    near.map(|(_, quantity)| quantity.to_f64()).sum::<f64>() * half_spread / reach
}
