//! Patterns of three to five candles, oldest first: `a`, `b`, `c` (`d`, `e`).
//!
//! Invariant: at most the five newest bars and the averages before them are asked.
//! Absent on purpose: a trend before the pattern, but for the one candle of the three crows.

use super::{Shape, when};

/// How far the third candle of a star reaches into the first one's body.
const PENETRATION: f64 = 0.3;

/// A long fall, a short body below it, a rise into the first body.
pub(super) fn morning_star([a, b, c]: [Shape; 3]) -> i16 {
    let star = a.is_long() && a.falls() && !b.is_long() && b.gaps_below(&a);
    when(star && c.is_long() && c.rises() && c.close > a.close + a.body() * PENETRATION, 100)
}

/// A long rise, a short body above it, a fall into the first body.
pub(super) fn evening_star([a, b, c]: [Shape; 3]) -> i16 {
    let star = a.is_long() && a.rises() && !b.is_long() && b.gaps_above(&a);
    when(star && c.is_long() && c.falls() && c.close < a.close - a.body() * PENETRATION, -100)
}

/// A harami that is confirmed by a close beyond the first candle's open.
pub(super) fn three_inside([a, b, c]: [Shape; 3]) -> i16 {
    let harami = a.is_long() && !b.is_long() && b.top() < a.top() && b.bottom() > a.bottom();
    let confirmed = if a.rises() { c.falls() && c.close < a.open } else { c.rises() && c.close > a.open };
    when(harami && confirmed, -a.color() * 100)
}

/// An engulfing that is confirmed by a further close.
pub(super) fn three_outside([a, b, c]: [Shape; 3]) -> i16 {
    let engulfing = a.color() != b.color() && b.top() > a.top() && b.bottom() < a.bottom();
    let confirmed = if b.rises() { c.close > b.close } else { c.close < b.close };
    when(engulfing && confirmed, b.color() * 100)
}

/// Three rises that close near their highs, each opening in or near the body before, none far shorter than the last.
pub(super) fn three_white_soldiers([a, b, c]: [Shape; 3]) -> i16 {
    let bare = a.no_upper_shadow() && b.no_upper_shadow() && c.no_upper_shadow();
    let strong = b.body() > a.body() - a.far() && c.body() > b.body() - b.far() && c.is_long();
    when(rising(&[a, b, c]) && bare && strong, 100)
}

/// Three rises that lose strength: shrinking bodies or growing upper shadows.
pub(super) fn advance_block([a, b, c]: [Shape; 3]) -> i16 {
    let start = a.is_long() && a.upper_shadow() < a.short_shadow();
    let (far_shorter, not_longer) = (b.body() < a.body() - a.far(), c.body() < b.body() + b.near());
    let shrinking = c.body() < b.body() && b.body() < a.body();
    let shadowed = c.upper_shadow() > c.short_shadow() || b.upper_shadow() > b.short_shadow();
    let weaker = (far_shorter && not_longer)
        || c.body() < b.body() - b.far()
        || (shrinking && shadowed)
        || (c.body() < b.body() && c.upper_shadow() > c.long_shadow());
    when(rising(&[a, b, c]) && start && weaker, -100)
}

/// Rising candles with higher closes, each opening above the open before and at most near above its close.
fn rising(candles: &[Shape; 3]) -> bool {
    let follows =
        |a: &Shape, b: &Shape| b.close > a.close && b.open > a.open && b.open <= a.close + a.near() && b.rises();
    let [a, b, c] = candles;
    a.rises() && follows(a, b) && follows(b, c)
}

/// After a rise, three falls that close near their lows, each opening inside the body before.
pub(super) fn three_black_crows([z, a, b, c]: [Shape; 4]) -> i16 {
    let bare = |x: &Shape| x.falls() && x.no_lower_shadow();
    let follows = |a: &Shape, b: &Shape| b.open < a.open && b.open > a.close && b.close < a.close;
    let crows = bare(&a) && bare(&b) && bare(&c) && follows(&a, &b) && follows(&b, &c);
    when(z.rises() && z.high > a.close && crows, -100)
}

/// Three dojis, the middle one a star, measured by the first one's average.
pub(super) fn tristar([a, b, c]: [Shape; 3]) -> i16 {
    if [a, b, c].iter().any(|x| x.body() > a.doji()) {
        return 0;
    }
    if b.gaps_above(&a) && c.top() < b.top() {
        return -100;
    }
    when(b.gaps_below(&a) && c.bottom() > b.bottom(), 100)
}

/// A long candle, three short ones against it inside its range, a long one that carries on.
pub(super) fn rise_fall_three_methods([a, b, c, d, e]: [Shape; 5]) -> i16 {
    let pause = [b, c, d];
    let sign = f64::from(a.color());
    let long = a.is_long() && e.is_long() && a.color() == e.color();
    let short = pause.iter().all(|x| x.is_short() && x.color() != a.color());
    let inside = pause.iter().all(|x| x.bottom() < a.high && x.top() > a.low);
    let stepwise = sign * c.close < sign * b.close && sign * d.close < sign * c.close;
    let carries_on = sign * e.open > sign * d.close && sign * e.close > sign * a.close;
    when(long && short && inside && stepwise && carries_on, a.color() * 100)
}
