//! The market maker: a plausible order book around a price, for those who look at depth.
//!
//! Invariant: a book is a pure function of (seed, symbol, price, update number).
//! Absent on purpose: any influence on fills; takers meet the path, which has unlimited depth.

use crate::domain::seed::Seed;
use crate::domain::{Price, Quantity, Ratio, SymbolRules};

/// One level of a book: at this price so much. A quantity of zero in a difference removes the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    pub price: Price,
    pub quantity: Quantity,
}

/// Bids from the highest, asks from the lowest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depth {
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

/// Makes the books of one symbol.
#[derive(Debug, Clone)]
pub struct MarketMaker {}

impl MarketMaker {
    /// Levels on each side unless told otherwise.
    pub const LEVELS: usize = 20;

    pub fn new(seed: Seed, rules: &SymbolRules, half_spread: Ratio, levels: usize) -> MarketMaker {
        let _ = (seed, rules, half_spread, levels);
        todo!()
    }

    /// The book around `price` at this update; successive numbers change some quantities.
    pub fn depth(&self, price: Price, update: u64) -> Depth {
        let _ = (price, update);
        todo!()
    }
}

/// The levels that changed, with their new absolute quantities; zero where a level is gone.
pub fn diff(old: &Depth, new: &Depth) -> Depth {
    let _ = (old, new);
    todo!()
}
