//! `Slippage`: what takers paid beyond the price of the path, by cause.
//!
//! Invariant: what is added is a fill's quantity times the distance from the path to its price, not one unit more or less.
//! Absent on purpose: fees (`ledger` books them), what a delay cost (it stands in the price at which an order arrives), and
//! trades with resting orders, whose price the other side chose.

use super::{Simulator, book};
use crate::domain::{Price, Quantity, Side, SymbolId, Value};

/// In the quote currency, all accounts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slippage {
    /// From the path to the best opposite price, its rounding to the tick included.
    pub spread: Value,
    /// From there to the price of the fill.
    pub impact: Value,
}

/// Where a taker meets the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    pub path: Price,
    pub price: Price,
}

impl Simulator {
    /// What takers paid so far.
    pub fn slippage(&self) -> Slippage {
        self.slippage
    }

    pub(super) fn note_slippage(&mut self, symbol: SymbolId, side: Side, met: Meeting, quantity: Quantity) {
        if met.path == met.price {
            return;
        }
        let frictions = &self.settings.frictions;
        let touch = match frictions.impact {
            Some(_) => {
                let tick = self.markets[symbol.index()].tick();
                book::taker_price(side, met.path, frictions.half_spread, tick)
            }
            None => met.price,
        };
        self.slippage.spread = plus(self.slippage.spread, apart(met.path, touch, quantity));
        self.slippage.impact = plus(self.slippage.impact, apart(touch, met.price, quantity));
    }
}

fn apart(from: Price, to: Price, quantity: Quantity) -> Value {
    Value(i128::from(from.raw().abs_diff(to.raw())) * i128::from(quantity.raw()))
}

fn plus(sum: Value, part: Value) -> Value {
    Value(sum.0.saturating_add(part.0))
}
