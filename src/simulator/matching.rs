//! Matching: what the path and incoming takers do to the orders.
//!
//! Invariant: price, then time; every change is reported once, in order.
//! Absent on purpose: whether an order may stand (`admission`).

use crate::domain::SymbolId;

use super::Simulator;
use super::path::PathPoint;

impl Simulator {
    /// Moves the price of a symbol, the only way in which it moves, and fills what the move reaches.
    pub fn move_to(&mut self, symbol: SymbolId, point: PathPoint) {
        let _ = (symbol, point);
        todo!()
    }
}
