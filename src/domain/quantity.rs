//! `Quantity`: an amount of a base asset.
//!
//! Invariant: a quantity on an order is a multiple of the symbol's step and is only ever rounded down to it.
//! Absent on purpose: volumes of bars, which are f64 (a minute of a cheap coin exceeds this range).

use super::fixed::Fixed;

/// Unit tag of [`Quantity`].
#[derive(Debug)]
pub enum QuantityUnit {}

/// Base asset at 1e-8.
pub type Quantity = Fixed<QuantityUnit>;

impl Quantity {
    /// The largest number of whole steps at or below: sizing never rounds up.
    pub fn floor_to_step(self, step: Quantity) -> Quantity {
        self.floor_to(step)
    }
}
