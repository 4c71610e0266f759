//! Patterns of one candle.
//!
//! Invariant: each is a condition on the shape of the newest bar against the ten before it.
//! Absent on purpose: the neighbours' places (`two`).

use super::{Shape, when};

/// Hardly a body.
pub(super) fn doji([a]: [Shape; 1]) -> i16 {
    when(a.is_doji(), 100)
}

/// A doji at the top of its range.
pub(super) fn dragonfly_doji([a]: [Shape; 1]) -> i16 {
    when(a.is_doji() && a.no_upper_shadow() && a.lower_shadow() > a.very_short_shadow(), 100)
}

/// A doji at the bottom of its range.
pub(super) fn gravestone_doji([a]: [Shape; 1]) -> i16 {
    when(a.is_doji() && a.no_lower_shadow() && a.upper_shadow() > a.very_short_shadow(), 100)
}

/// A doji with a long shadow.
pub(super) fn long_legged_doji([a]: [Shape; 1]) -> i16 {
    let long = a.lower_shadow() > a.long_shadow() || a.upper_shadow() > a.long_shadow();
    when(a.is_doji() && long, 100)
}

/// A long body without shadows.
pub(super) fn marubozu([a]: [Shape; 1]) -> i16 {
    when(a.is_long() && a.no_upper_shadow() && a.no_lower_shadow(), a.color() * 100)
}

/// A long body that closes at its extreme.
pub(super) fn closing_marubozu([a]: [Shape; 1]) -> i16 {
    let bare = if a.rises() { a.no_upper_shadow() } else { a.no_lower_shadow() };
    when(a.is_long() && bare, a.color() * 100)
}

/// A long body that opens at its extreme.
pub(super) fn belt_hold([a]: [Shape; 1]) -> i16 {
    let bare = if a.rises() { a.no_lower_shadow() } else { a.no_upper_shadow() };
    when(a.is_long() && bare, a.color() * 100)
}

/// A short body between longer shadows.
pub(super) fn spinning_top([a]: [Shape; 1]) -> i16 {
    when(a.is_short() && a.upper_shadow() > a.body() && a.lower_shadow() > a.body(), a.color() * 100)
}
