//! Protective prices: the stop below and the target above an entry.
//!
//! Invariant: both are on the tick grid; the stop is rounded down, the target up.
//! Absent on purpose: moving stops.

use crate::domain::{Price, Ratio, SymbolRules};
use crate::engine::settings::Settings;

/// Stop and target of a long position; `None` where the setting is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    pub stop: Option<Price>,
    pub target: Option<Price>,
}

impl Protection {
    pub fn of(settings: &Settings, rules: &SymbolRules, entry: Price) -> Protection {
        let tick = rules.price.tick;
        let distance = |ratio: Ratio| ratio.is_positive().then(|| ratio.of_price(entry)).flatten();
        let stop = distance(settings.stop_loss).and_then(|d| entry.checked_sub(d)).map(|p| p.floor_to_tick(tick));
        let target = distance(settings.take_profit).and_then(|d| entry.checked_add(d)).map(|p| p.ceil_to_tick(tick));
        Protection { stop: stop.filter(|p| p.is_positive()), target }
    }

    pub fn is_none(&self) -> bool {
        self.stop.is_none() && self.target.is_none()
    }
}
