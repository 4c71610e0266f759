//! `Fixed<U>`: a decimal number with eight places in an i64, tagged with its unit.
//!
//! Invariant: `parse(print(x)) == x` for every x, and no operation wraps: what does not fit is `None` or an error.
//! Absent on purpose: arithmetic between two units; it lives with the unit that results (`Money::of`).

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of the last place in one whole: 1e8.
pub const SCALE: i64 = 100_000_000;
/// Decimal places.
pub const PLACES: usize = 8;
/// Characters of `-92233720368.54775808`.
const LONGEST: usize = 21;

/// A decimal with eight places. `U` only tags the unit; it holds no value.
pub struct Fixed<U> {
    raw: i64,
    unit: PhantomData<U>,
}

/// Why a text is not a fixed-point number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FixedError {
    #[error("is not a decimal number")]
    NotADecimal,
    #[error("has more than 8 decimal places")]
    TooPrecise,
    #[error("is outside the range of +-92233720368.54775807")]
    OutOfRange,
}

impl<U> Fixed<U> {
    pub const ZERO: Self = Self::from_raw(0);
    pub const ONE: Self = Self::from_raw(SCALE);
    pub const MAX: Self = Self::from_raw(i64::MAX);

    /// From units of 1e-8.
    #[inline]
    pub const fn from_raw(raw: i64) -> Self {
        Self { raw, unit: PhantomData }
    }

    /// In units of 1e-8.
    #[inline]
    pub const fn raw(self) -> i64 {
        self.raw
    }

    /// Nearest value at 1e-8, ties away from zero; `None` for NaN, infinities and what does not fit.
    #[inline]
    pub fn from_f64(x: f64) -> Option<Self> {
        let scaled = x * SCALE as f64;
        // Every closed bar becomes a price twice. Added to 1.5 x 2^52, whose last binary place is one, a number that is not
        // too large rounds to the nearest whole, ties to even; both differences are exact, so a tie shows (a tenth of a
        // quiet bar against the way below).
        const SHIFT: f64 = 6_755_399_441_055_744.0;
        let shifted = scaled + SHIFT;
        if scaled.abs() < SHIFT / 4.0 && (scaled - (shifted - SHIFT)).abs() < 0.5 {
            return Some(Self::from_raw(shifted.to_bits() as i64 - SHIFT.to_bits() as i64));
        }
        // 2^63 is exactly representable; NaN fails both comparisons.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        (scaled > -LIMIT && scaled < LIMIT).then(|| {
            // `f64::round` is a call into the C library on plain x86-64. Both differences here are exact.
            let whole = scaled as i64;
            let rest = scaled - whole as f64;
            Self::from_raw(whole + i64::from(rest >= 0.5) - i64::from(rest <= -0.5))
        })
    }

    /// From units of 1e-16, as a product of two numbers has them: truncated towards zero; `None` when it does not fit.
    #[inline]
    pub fn from_product(units: i128) -> Option<Self> {
        // SCALE is 256 times an odd number. What fits 64 bits without the eight twos is divided in 64 bits: a division of
        // 128 is a call, and every fill and check makes some (a thirtieth of a backtest with many orders).
        const ODD: u64 = SCALE as u64 >> 8;
        let whole = match u64::try_from(units >> 8) {
            Ok(short) => i128::from(short / ODD),
            Err(_) => units / i128::from(SCALE),
        };
        i64::try_from(whole).ok().map(Self::from_raw)
    }

    #[inline]
    pub fn to_f64(self) -> f64 {
        self.raw as f64 / SCALE as f64
    }

    #[inline]
    pub const fn is_zero(self) -> bool {
        self.raw == 0
    }

    #[inline]
    pub const fn is_positive(self) -> bool {
        self.raw > 0
    }

    #[inline]
    pub const fn is_negative(self) -> bool {
        self.raw < 0
    }

    #[inline]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.raw.checked_add(other.raw).map(Self::from_raw)
    }

    #[inline]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.raw.checked_sub(other.raw).map(Self::from_raw)
    }

    #[inline]
    pub fn checked_neg(self) -> Option<Self> {
        self.raw.checked_neg().map(Self::from_raw)
    }

    /// Adds, staying at the end of the range where the sum does not fit (for caps and displays, never for bookings).
    #[inline]
    pub fn saturating_add(self, other: Self) -> Self {
        Self::from_raw(self.raw.saturating_add(other.raw))
    }

    #[inline]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self::from_raw(self.raw.saturating_sub(other.raw))
    }

    /// The largest multiple of `step` that is not above `self`. A step of zero or less leaves the value as it is.
    #[inline]
    pub fn floor_to(self, step: Self) -> Self {
        if step.raw <= 0 {
            return self;
        }
        Self::from_raw(self.raw.saturating_sub(self.raw.rem_euclid(step.raw)))
    }

    /// The smallest multiple of `step` that is not below `self`; `None` when it does not fit.
    #[inline]
    pub fn ceil_to(self, step: Self) -> Option<Self> {
        if step.raw <= 0 {
            return Some(self);
        }
        match self.raw.rem_euclid(step.raw) {
            0 => Some(self),
            rest => self.raw.checked_add(step.raw - rest).map(Self::from_raw),
        }
    }

    /// True when `self` is a whole number of steps, counted from zero. A zero step allows everything.
    #[inline]
    pub fn is_multiple_of(self, step: Self) -> bool {
        step.raw <= 0 || self.raw % step.raw == 0
    }
}

impl<U> Clone for Fixed<U> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<U> Copy for Fixed<U> {}
impl<U> PartialEq for Fixed<U> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl<U> Eq for Fixed<U> {}
impl<U> PartialOrd for Fixed<U> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<U> Ord for Fixed<U> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.raw.cmp(&other.raw)
    }
}
impl<U> Default for Fixed<U> {
    fn default() -> Self {
        Self::ZERO
    }
}

/// Prints without trailing zeros: `0.1`, `-3`, `12.00000001`. A precision prints that many places (at most 8), cut towards zero.
impl<U> fmt::Display for Fixed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.raw.unsigned_abs();
        let (mut whole, mut fraction) = (magnitude / SCALE as u64, magnitude % SCALE as u64);
        let mut places = PLACES;
        while f.precision().map_or(places > 0 && fraction % 10 == 0, |wanted| places > wanted) {
            fraction /= 10;
            places -= 1;
        }
        // Every frame and journal line is full of these numbers: written backwards into place, without a `String`.
        let mut text = [0_u8; LONGEST];
        let mut first = LONGEST;
        let mut put = |byte: u8| {
            first -= 1;
            text[first] = byte;
        };
        for _ in 0..places {
            put(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        if places > 0 {
            put(b'.');
        }
        loop {
            put(b'0' + (whole % 10) as u8);
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        match (self.raw < 0, f.sign_plus()) {
            (true, _) => put(b'-'),
            (false, true) => put(b'+'),
            (false, false) => {}
        }
        let text = str::from_utf8(&text[first..]).unwrap_or_default();
        match f.width() {
            Some(width) => write!(f, "{text:>width$}"),
            None => f.write_str(text),
        }
    }
}

impl<U> fmt::Debug for Fixed<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<U> FromStr for Fixed<U> {
    type Err = FixedError;

    /// Decimal text: optional sign, digits, optional point and at most eight further digits (more only when they are zeros).
    fn from_str(text: &str) -> Result<Self, FixedError> {
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(FixedError::NotADecimal);
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(PLACES));
        if rest.bytes().any(|b| b != b'0') {
            return Err(FixedError::TooPrecise);
        }
        let padding = 10_i128.pow((PLACES - kept.len()) as u32);
        let mut magnitude: i128 = 0;
        for byte in whole.bytes().chain(kept.bytes()) {
            magnitude = magnitude * 10 + i128::from(byte - b'0');
            if magnitude > i128::from(i64::MAX) + 1 {
                return Err(FixedError::OutOfRange);
            }
        }
        let signed = if negative { -magnitude * padding } else { magnitude * padding };
        i64::try_from(signed).map(Self::from_raw).map_err(|_| FixedError::OutOfRange)
    }
}

/// As text with all eight places, as Binance writes decimals.
impl<U> Serialize for Fixed<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:.8}"))
    }
}

impl<'de, U> Deserialize<'de> for Fixed<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("{text:?} {error}")))
    }
}

impl<U> crate::domain::StateHash for Fixed<U> {
    fn state_hash(&self, digest: &mut crate::domain::Digest) {
        digest.i64(self.raw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Plain = Fixed<()>;

    proptest! {
        #[test]
        fn printing_cuts_places_and_keeps_every_digit(raw in any::<i64>(), shift in 0u32..63, places in 0usize..12) {
            let x = Plain::from_raw(raw >> shift);
            let magnitude = x.raw().unsigned_abs();
            let sign = if x.raw() < 0 { "-" } else { "" };
            let all = format!("{sign}{}.{:08}", magnitude / 100_000_000, magnitude % 100_000_000);
            prop_assert_eq!(format!("{x:.8}"), all.as_str());
            prop_assert_eq!(x.to_string(), all.trim_end_matches('0').trim_end_matches('.'));
            let kept = &all[..all.len() - 8 + places.min(8)];
            prop_assert_eq!(format!("{x:.places$}"), kept.trim_end_matches('.'));
            prop_assert_eq!(format!("{x:30}"), format!("{:>30}", x.to_string()));
            prop_assert_eq!(format!("{x:+}"), if sign.is_empty() { format!("+{x}") } else { x.to_string() });
            prop_assert_eq!(x.to_string().parse(), Ok(x));
        }

        #[test]
        fn floats_round_to_the_nearest_unit_with_ties_away_from_zero(bits in any::<u64>(), half in -1_000_000i64..1_000_000) {
            for x in [f64::from_bits(bits), half as f64 * 0.5e-8, half as f64 * 0.5e-8 + 1e-17, (bits as f64 - 9e18) / 1e8] {
                let rounded = (x * 1e8).round();
                let fits = rounded > -9_223_372_036_854_775_808.0 && rounded < 9_223_372_036_854_775_808.0;
                prop_assert_eq!(Plain::from_f64(x).map(Plain::raw), fits.then_some(rounded as i64), "{}", x);
            }
        }
    }

    proptest! {
        #[test]
        fn a_product_is_cut_towards_zero(a in any::<i64>(), b in any::<i64>(), shift in 0u32..63) {
            for (a, b) in [(a, b), (a >> shift, b), (a >> shift, b >> shift), (a >> shift, SCALE)] {
                let units = i128::from(a) * i128::from(b);
                let whole = i64::try_from(units / i128::from(SCALE)).ok();
                prop_assert_eq!(Plain::from_product(units).map(Plain::raw), whole, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_print_and_round() {
        assert_eq!(Plain::from_raw(i64::MIN).to_string(), "-92233720368.54775808");
        assert_eq!(Plain::from_raw(0).to_string(), "0");
        assert_eq!(Plain::from_f64(0.499_999_999_999_999_9e-8), Some(Plain::ZERO));
        assert_eq!([f64::NAN, f64::INFINITY, 92_233_720_368.547_76].map(Plain::from_f64), [None; 3]);
    }
}
