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
        let scaled = (x * SCALE as f64).round();
        // 2^63 is exactly representable; NaN fails both comparisons.
        (scaled > -9.223_372_036_854_776e18 && scaled < 9.223_372_036_854_776e18).then(|| Self::from_raw(scaled as i64))
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
        let whole = magnitude / SCALE as u64;
        let fraction = format!("{:08}", magnitude % SCALE as u64);
        let places = match f.precision() {
            Some(places) => &fraction[..places.min(PLACES)],
            None => fraction.trim_end_matches('0'),
        };
        let dot = if places.is_empty() { "" } else { "." };
        f.pad_integral_text(self.raw >= 0, &format!("{whole}{dot}{places}"))
    }
}

/// Width and alignment for a number that was already turned into text.
trait PadNumber {
    fn pad_integral_text(&mut self, positive: bool, text: &str) -> fmt::Result;
}

impl PadNumber for fmt::Formatter<'_> {
    fn pad_integral_text(&mut self, positive: bool, text: &str) -> fmt::Result {
        let sign = match (positive, self.sign_plus()) {
            (false, _) => "-",
            (true, true) => "+",
            (true, false) => "",
        };
        let body = format!("{sign}{text}");
        match self.width() {
            Some(width) => write!(self, "{body:>width$}"),
            None => self.write_str(&body),
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
        if let Some(magnitude) = small_decimal(whole, fraction) {
            return Ok(Self::from_raw(if negative { -magnitude } else { magnitude }));
        }
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

/// The common case in one pass over i64: at most ten digits before the point and eight after it, which always fits.
/// `None` sends the text to the general rule.
fn small_decimal(whole: &str, fraction: &str) -> Option<i64> {
    const SHIFT: [i64; PLACES + 1] = [SCALE, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    if whole.len() > 10 || fraction.len() > PLACES || whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut magnitude = 0_i64;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + i64::from(digit);
    }
    Some(magnitude * SHIFT[fraction.len()])
}

/// Decimal text as [`fmt::Display`] prints it, in a buffer on the stack: frames are full of these.
struct DecimalText {
    bytes: [u8; Self::LENGTH],
    start: usize,
}

impl DecimalText {
    /// `-92233720368.54775808` has 21 characters.
    const LENGTH: usize = 24;

    fn of(raw: i64) -> Self {
        let mut text = Self { bytes: [0; Self::LENGTH], start: Self::LENGTH };
        let magnitude = raw.unsigned_abs();
        let (mut whole, mut fraction) = (magnitude / SCALE as u64, magnitude % SCALE as u64);
        if fraction != 0 {
            let mut places = PLACES;
            while fraction.is_multiple_of(10) {
                fraction /= 10;
                places -= 1;
            }
            for _ in 0..places {
                text.put((fraction % 10) as u8 + b'0');
                fraction /= 10;
            }
            text.put(b'.');
        }
        loop {
            text.put((whole % 10) as u8 + b'0');
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if raw < 0 {
            text.put(b'-');
        }
        text
    }

    fn put(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).expect("digits, point and sign are ASCII")
    }
}

impl<U> Serialize for Fixed<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(DecimalText::of(self.raw).as_str())
    }
}

/// Reads the number from the text where it lies, without copying it.
struct DecimalVisitor<U>(PhantomData<U>);

impl<U> serde::de::Visitor<'_> for DecimalVisitor<U> {
    type Value = Fixed<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number in a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fixed<U>, E> {
        text.parse().map_err(|error| E::custom(format!("{text:?} {error}")))
    }
}

impl<'de, U> Deserialize<'de> for Fixed<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DecimalVisitor(PhantomData))
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

    #[test]
    fn every_number_serialises_to_the_text_it_prints_and_reads_back() {
        for raw in [0, 1, -1, 10, SCALE, -SCALE, 12_345_678_900, i64::MAX, i64::MIN, 100, 99_999_999, 1_000_000_001] {
            let number: Fixed<()> = Fixed::from_raw(raw);
            assert_eq!(DecimalText::of(raw).as_str(), number.to_string());
            assert_eq!(serde_json::from_str::<Fixed<()>>(&serde_json::to_string(&number).unwrap()).unwrap(), number);
        }
    }

    #[test]
    fn short_and_long_texts_follow_one_rule() {
        let cases =
            [("4.00000200", 400_000_200), ("-.5", -50_000_000), ("7.", 700_000_000), ("0.1000000000", 10_000_000)];
        for (text, raw) in cases {
            assert_eq!(text.parse::<Fixed<()>>().map(Fixed::raw), Ok(raw), "{text}");
        }
        let errors = [
            ("", FixedError::NotADecimal),
            (".", FixedError::NotADecimal),
            ("1e5", FixedError::NotADecimal),
            ("1.2.3", FixedError::NotADecimal),
            ("0.000000001", FixedError::TooPrecise),
            ("92233720369", FixedError::OutOfRange),
        ];
        for (text, error) in errors {
            assert_eq!(text.parse::<Fixed<()>>(), Err(error), "{text}");
        }
    }
}
