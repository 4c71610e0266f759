//! `Ratio`: a pure number such as a fee rate, a share of equity or a filter's multiplier.
//!
//! Invariant: 1.0 means the whole; percent exists only at the edges (config, screen).
//! Absent on purpose: a range; each user states and checks its own.

use super::fixed::Fixed;
use super::price::Price;

/// Unit tag of [`Ratio`].
#[derive(Debug)]
pub enum RatioUnit {}

/// A pure number at 1e-8.
pub type Ratio = Fixed<RatioUnit>;

impl Ratio {
    /// From percent: 25.0 is a quarter. `None` when not finite or out of range.
    pub fn from_percent(percent: f64) -> Option<Ratio> {
        Ratio::from_f64(percent / 100.0)
    }

    /// `price x self`, truncated towards zero; `None` on overflow.
    pub fn of_price(self, price: Price) -> Option<Price> {
        Price::from_product(i128::from(self.raw()) * i128::from(price.raw()))
    }
}
