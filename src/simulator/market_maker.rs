//! The market maker: a plausible order book around a price, for those who look at depth.
//!
//! Invariant: a book is a pure function of (symbol, price, update number), which is one of time, its sides never cross, and its best
//! prices are those takers meet.
//! Absent on purpose: any influence on fills; takers meet the path, which has unlimited depth.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::fixed::SCALE;
use crate::domain::{BookTop, Price, Quantity, Ratio, Side, Span, SymbolRules, Time, Trade};

use super::book::tick_of;
use super::{PathPoint, Quote};

/// One level of a book: at this price so much. In a difference a quantity of zero removes the level.
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
pub struct MarketMaker {
    /// Of the symbol's name: a recording has one book, whatever the seed of the run.
    key: u64,
    tick: Price,
    step: Quantity,
    smallest: Quantity,
    half_spread: Ratio,
    levels: usize,
}

/// Quote currency on the best level; each further level holds a little more.
const BEST_NOTIONAL: i128 = 20_000 * SCALE as i128;
/// Levels stand about this share of the price apart: a tenth of a basis point.
const SPACING: i64 = 100_000;

impl MarketMaker {
    /// Levels on each side unless told otherwise.
    pub const LEVELS: usize = 20;

    pub fn new(rules: &SymbolRules, half_spread: Ratio, levels: usize) -> MarketMaker {
        let step = rules.lot.step.max(Quantity::from_raw(1));
        MarketMaker {
            key: xxh3_64_with_seed(rules.symbol.as_str().as_bytes(), 0),
            tick: tick_of(rules),
            step,
            smallest: rules.lot.min.max(step),
            half_spread: half_spread.clamp(Ratio::ZERO, Ratio::ONE),
            levels,
        }
    }

    /// The book around a positive `price` at this update: successive numbers change a part of the quantities. There
    /// are fewer levels where the range of prices ends.
    pub fn depth(&self, price: Price, update: u64) -> Depth {
        let quote = Quote::around(price, self.half_spread, self.tick);
        let spacing = self.spacing(price);
        let next_bid = |bid: &Price| {
            let below = bid.saturating_sub(self.tick).floor_to(spacing);
            Some(below).filter(|price| price.is_positive())
        };
        let next_ask = |ask: &Price| ask.checked_add(self.tick)?.ceil_to(spacing);
        let level = |(index, price): (usize, Price)| Level { price, quantity: self.quantity(index, price, update) };
        let side = |best: Price, next: &dyn Fn(&Price) -> Option<Price>| {
            std::iter::successors(Some(best), next).take(self.levels).enumerate().map(level).collect()
        };
        Depth { bids: side(quote.bid, &next_bid), asks: side(quote.ask, &next_ask) }
    }

    /// The best prices around a positive `price` at this time, as the book of that time shows them.
    pub fn top(&self, price: Price, time: Time) -> BookTop {
        let Quote { bid, ask } = Quote::around(price, self.half_spread, self.tick);
        let update = update_at(time);
        BookTop { bid, bid_quantity: self.quantity(0, bid, update), ask, ask_quantity: self.quantity(0, ask, update) }
    }

    /// Distance of the levels: 1, 2 or 5 times a power of ten in ticks, so that levels stay while the price moves.
    fn spacing(&self, price: Price) -> Price {
        let wanted = price.raw() / SPACING;
        let mut spacing = self.tick.raw();
        let mut decade = Some(spacing);
        while let Some(unit) = decade.filter(|unit| *unit <= wanted) {
            let allowed = |factor: i64| unit.checked_mul(factor).filter(|wider| *wider <= wanted);
            spacing = [5, 2].into_iter().find_map(allowed).unwrap_or(unit);
            decade = unit.checked_mul(10);
        }
        Price::from_raw(spacing)
    }

    /// What stands at a level: it keeps its quantity for one to eight updates.
    fn quantity(&self, index: usize, price: Price, update: u64) -> Quantity {
        let own = xxh3_64_with_seed(&price.raw().to_le_bytes(), self.key);
        let period = 1 + own % 8;
        let epoch = update.wrapping_add(own >> 32) / period;
        let draw = xxh3_64_with_seed(&epoch.to_le_bytes(), own);
        // Between a quarter and seven quarters of the level's share.
        let share = i128::from(25 + draw % 151) * (4 + index as i128) / 4;
        let notional = BEST_NOTIONAL * share / 100;
        let raw = notional * i128::from(SCALE) / i128::from(price.raw().max(1));
        let quantity = Quantity::from_raw(i64::try_from(raw).unwrap_or(i64::MAX / 2));
        quantity.floor_to_step(self.step).max(self.smallest)
    }
}

/// The number of the book at a time: the points of a bar's path stand about a third of a minute apart.
pub fn update_at(time: Time) -> u64 {
    time.0.div_euclid(QUARTER.0).unsigned_abs()
}

const QUARTER: Span = Span::from_seconds(15);

/// The public trade by which a move to a point is told: the volume in steps, at least one, taken by the side that the move
/// suggests.
pub fn trade_of(rules: &SymbolRules, before: Option<Price>, point: PathPoint, volume: f64) -> Trade {
    let step = rules.lot.step.max(Quantity::from_raw(1));
    let quantity = Quantity::from_f64(volume).unwrap_or(Quantity::MAX).floor_to_step(step).max(step);
    let aggressor = if before.is_some_and(|before| point.price < before) { Side::Sell } else { Side::Buy };
    Trade { time: point.time, price: point.price, quantity, aggressor }
}

/// The levels that changed, with their new absolute quantities; zero where a level is gone. Applied to `old` it
/// gives `new`.
pub fn diff(old: &Depth, new: &Depth) -> Depth {
    Depth {
        bids: changed(&old.bids, &new.bids, |a, b| b.cmp(&a)),
        asks: changed(&old.asks, &new.asks, |a, b| a.cmp(&b)),
    }
}

/// Merges two sides that are sorted by `order`.
fn changed(old: &[Level], new: &[Level], order: impl Fn(Price, Price) -> Ordering) -> Vec<Level> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut levels = Vec::new();
    loop {
        let first = match (old.peek(), new.peek()) {
            (None, None) => return levels,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => order(old.price, new.price),
        };
        match first {
            Ordering::Less => levels.extend(old.next().map(|gone| Level { quantity: Quantity::ZERO, ..*gone })),
            Ordering::Greater => levels.extend(new.next()),
            Ordering::Equal => {
                let was = old.next();
                levels.extend(new.next().filter(|level| was != Some(level)));
            }
        }
    }
}
