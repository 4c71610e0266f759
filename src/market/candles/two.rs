//! Patterns of two candles: `a` the one before, `b` the newest.
//!
//! Invariant: at most the two newest bars and the averages before them are asked.
//! Absent on purpose: a trend before the pattern; TA-Lib asks for none.

use super::{Shape, when};

/// Dark cloud cover reaches this far into the body before.
const PENETRATION: f64 = 0.5;

/// A short body above a long lower shadow, near the low before.
pub(super) fn hammer([a, b]: [Shape; 2]) -> i16 {
    let hanging = b.is_short() && b.lower_shadow() > b.long_shadow() && b.no_upper_shadow();
    when(hanging && b.bottom() <= a.low + a.near(), 100)
}

/// The hammer's shape, near the high before.
pub(super) fn hanging_man([a, b]: [Shape; 2]) -> i16 {
    let hanging = b.is_short() && b.lower_shadow() > b.long_shadow() && b.no_upper_shadow();
    when(hanging && b.bottom() >= a.high - a.near(), -100)
}

/// A short body below a long upper shadow, under the body before.
pub(super) fn inverted_hammer([a, b]: [Shape; 2]) -> i16 {
    let standing = b.is_short() && b.upper_shadow() > b.long_shadow() && b.no_lower_shadow();
    when(standing && b.gaps_below(&a), 100)
}

/// The inverted hammer's shape, over the body before.
pub(super) fn shooting_star([a, b]: [Shape; 2]) -> i16 {
    let standing = b.is_short() && b.upper_shadow() > b.long_shadow() && b.no_lower_shadow();
    when(standing && b.gaps_above(&a), -100)
}

/// A body around the opposite one before; 80 when an end touches.
pub(super) fn engulfing([a, b]: [Shape; 2]) -> i16 {
    let around = b.top() >= a.top() && b.bottom() <= a.bottom();
    let strictly = b.top() > a.top() && b.bottom() < a.bottom();
    let equal = b.top() == a.top() && b.bottom() == a.bottom();
    let size = if strictly { 100 } else { 80 };
    when(a.color() != b.color() && around && !equal, b.color() * size)
}

/// A short body inside the long one before; 80 when an end touches.
pub(super) fn harami([a, b]: [Shape; 2]) -> i16 {
    when(a.is_long() && !b.is_long(), inside(&a, &b))
}

/// A doji inside the long body before; 80 when an end touches.
pub(super) fn harami_cross([a, b]: [Shape; 2]) -> i16 {
    when(a.is_long() && b.is_doji(), inside(&a, &b))
}

fn inside(a: &Shape, b: &Shape) -> i16 {
    if b.top() < a.top() && b.bottom() > a.bottom() {
        -a.color() * 100
    } else {
        when(b.top() <= a.top() && b.bottom() >= a.bottom(), -a.color() * 80)
    }
}

/// A long rise that opens below a long fall's low and closes in its upper half.
pub(super) fn piercing([a, b]: [Shape; 2]) -> i16 {
    let long = a.falls() && a.is_long() && b.rises() && b.is_long();
    when(long && b.open < a.low && b.close < a.open && b.close > a.close + a.body() * 0.5, 100)
}

/// A fall that opens above a long rise's high and closes in its lower half.
pub(super) fn dark_cloud_cover([a, b]: [Shape; 2]) -> i16 {
    let turn = a.rises() && a.is_long() && b.falls();
    when(turn && b.open > a.high && b.close > a.open && b.close < a.close - a.body() * PENETRATION, -100)
}

/// A rise that opens below a long fall's low and stays in its lower half.
pub(super) fn thrusting([a, b]: [Shape; 2]) -> i16 {
    let turn = a.falls() && a.is_long() && b.rises() && b.open < a.low;
    when(turn && b.close > a.close + a.equal() && b.close <= a.close + a.body() * 0.5, -100)
}

/// Two falls with equal closes.
pub(super) fn matching_low([a, b]: [Shape; 2]) -> i16 {
    let equal = b.close <= a.close + a.equal() && b.close >= a.close - a.equal();
    when(a.falls() && b.falls() && equal, 100)
}

/// A belt hold that opens where the opposite candle before opened.
pub(super) fn separating_lines([a, b]: [Shape; 2]) -> i16 {
    let equal = b.open <= a.open + a.equal() && b.open >= a.open - a.equal();
    let bare = if b.rises() { b.no_lower_shadow() } else { b.no_upper_shadow() };
    when(a.color() != b.color() && equal && b.is_long() && bare, b.color() * 100)
}
