//! Hikkake (Chesler 2003): an inside bar whose break fails, and its confirmation within three bars.
//!
//! Invariant: a newer pattern replaces the one that waits; a pattern is confirmed once.
//! Absent on purpose: the modified Hikkake.

use super::Shape;

/// Bars after the pattern in which it can be confirmed.
const PATIENCE: u8 = 3;

/// The pattern that waits for its confirmation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Waiting {
    /// 1: a false break downwards, -1: upwards.
    direction: i16,
    /// A close beyond this confirms: the inside bar's high or low.
    beyond: f64,
    age: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Hikkake {
    waiting: Option<Waiting>,
    signal: i16,
}

impl Hikkake {
    pub(super) fn update(&mut self, [a, b, c]: [Shape; 3]) {
        let inside = b.high < a.high && b.low > a.low;
        let down = c.high < b.high && c.low < b.low;
        let up = c.high > b.high && c.low > b.low;
        if inside && (down || up) {
            let (direction, beyond) = if down { (1, b.high) } else { (-1, b.low) };
            self.waiting = Some(Waiting { direction, beyond, age: 0 });
            self.signal = direction * 100;
            return;
        }
        self.signal = 0;
        let Some(waiting) = &mut self.waiting else { return };
        waiting.age += 1;
        let confirmed = if waiting.direction > 0 { c.close > waiting.beyond } else { c.close < waiting.beyond };
        if confirmed {
            self.signal = waiting.direction * 200;
        }
        if confirmed || waiting.age == PATIENCE {
            self.waiting = None;
        }
    }

    pub(super) fn signal(&self) -> i16 {
        self.signal
    }
}
