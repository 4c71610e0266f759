//! `Price`: quote currency for one whole unit of the base.
//!
//! Invariant: a price on an order is a multiple of the symbol's tick, counted from zero.
//! Absent on purpose: price times quantity, which is `Value::of`.

use super::fixed::Fixed;

/// Unit tag of [`Price`].
#[derive(Debug)]
pub enum PriceUnit {}

/// Quote per base at 1e-8.
pub type Price = Fixed<PriceUnit>;

impl Price {
    /// The nearest tick at or below.
    pub fn floor_to_tick(self, tick: Price) -> Price {
        self.floor_to(tick)
    }

    /// The nearest tick at or above; the highest tick that fits where none does.
    pub fn ceil_to_tick(self, tick: Price) -> Price {
        self.ceil_to(tick).unwrap_or_else(|| Price::MAX.floor_to(tick))
    }
}
