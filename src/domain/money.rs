//! `Money` (an asset amount that balances book, 1e-8) and `Value` (an exact product at 1e-16).
//!
//! Invariant: `price x quantity` is exact as a `Value`; it becomes `Money` by one rule, truncation towards zero.
//! Absent on purpose: currency conversion; each amount belongs to the asset its holder names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};
use super::fixed::{Fixed, SCALE};
use super::price::Price;
use super::quantity::Quantity;
use super::ratio::Ratio;

/// Unit tag of [`Money`].
#[derive(Debug)]
pub enum MoneyUnit {}

/// An amount of any asset in a balance, at 1e-8.
pub type Money = Fixed<MoneyUnit>;

impl Money {
    /// Notional of a fill: price times quantity, truncated towards zero at 1e-8 (exact whenever tick x step >= 1e-8).
    pub fn notional(price: Price, quantity: Quantity) -> Option<Money> {
        Value::of(price, quantity).to_money()
    }

    /// `rate` of this amount, truncated towards zero at 1e-8: the one rule for fees.
    pub fn fraction(self, rate: Ratio) -> Option<Money> {
        Money::from_product(i128::from(self.raw()) * i128::from(rate.raw()))
    }

    /// The same number read as a quantity of the base asset.
    pub fn as_quantity(self) -> Quantity {
        Quantity::from_raw(self.raw())
    }

    pub fn to_value(self) -> Value {
        Value(i128::from(self.raw()) * i128::from(SCALE))
    }
}

impl Quantity {
    /// The same number read as a balance of the base asset.
    pub fn as_money(self) -> Money {
        Money::from_raw(self.raw())
    }
}

/// Quote currency at 1e-16 in an i128: cost basis, PnL and equity, so that sums of them are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Value(pub i128);

impl Value {
    pub const ZERO: Value = Value(0);

    /// Exact: |i64 x i64| < 2^126.
    #[inline]
    pub fn of(price: Price, quantity: Quantity) -> Value {
        Value(i128::from(price.raw()) * i128::from(quantity.raw()))
    }

    #[inline]
    pub fn checked_add(self, other: Value) -> Option<Value> {
        self.0.checked_add(other.0).map(Value)
    }

    #[inline]
    pub fn checked_sub(self, other: Value) -> Option<Value> {
        self.0.checked_sub(other.0).map(Value)
    }

    /// `self x part / whole`, truncated towards zero, for `0 <= part <= whole` and `whole > 0`; no intermediate overflow.
    pub fn portion(self, part: Quantity, whole: Quantity) -> Value {
        let (part, whole) = (i128::from(part.raw()), i128::from(whole.raw()));
        if whole <= 0 {
            return Value::ZERO;
        }
        if part == whole {
            return self;
        }
        Value((self.0 / whole) * part + (self.0 % whole) * part / whole)
    }

    /// Truncated towards zero at 1e-8; `None` when it does not fit.
    pub fn to_money(self) -> Option<Money> {
        Money::from_product(self.0)
    }

    #[inline]
    pub fn to_f64(self) -> f64 {
        self.units() / 1e16
    }

    /// In units of 1e-16, rounded as `as f64` rounds.
    #[inline]
    pub fn units(self) -> f64 {
        // The conversion of 128 bits is a call, and a position that is held needs three a bar (a twentieth of a backtest).
        // Below 2^106 the upper and the lower 53 bits are exact as floats, so that only their sum rounds, and once.
        const LOWER: u32 = 53;
        if self.0.unsigned_abs() >> (2 * LOWER) != 0 {
            return self.0 as f64;
        }
        let (upper, lower) = ((self.0 >> LOWER) as i64, self.0 as i64 & ((1 << LOWER) - 1));
        upper as f64 * (1_u64 << LOWER) as f64 + lower as f64
    }
}

/// Exact decimal without trailing zeros.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ONE: u128 = 10_000_000_000_000_000;
        let magnitude = self.0.unsigned_abs();
        let fraction = format!("{:016}", magnitude % ONE);
        let places = match f.precision() {
            Some(places) => &fraction[..places.min(16)],
            None => fraction.trim_end_matches('0'),
        };
        let sign = match (self.0 < 0, f.sign_plus()) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let dot = if places.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{dot}{places}", magnitude / ONE)
    }
}

impl StateHash for Value {
    fn state_hash(&self, digest: &mut Digest) {
        digest.i128(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_becomes_the_nearest_float(value in any::<i128>(), shift in 0u32..127, near in -2i128..3) {
            for value in [value >> shift, (1 << shift) + near, near - (1 << shift)] {
                prop_assert_eq!(Value(value).units().to_bits(), (value as f64).to_bits(), "{}", value);
            }
        }
    }
}
