//! What the engine does when the market's regime changes.
//!
//! Invariant: a switch comes from a symbol's watch at a closed bar, once.
//! Absent on purpose: telling the regime (`market::regime`).

use super::Engine;
use super::effect::Effects;
use crate::domain::SymbolId;
use crate::market::regime::RegimeSwitch;

impl Engine {
    /// The regime of a symbol has changed.
    pub(super) fn on_regime(&mut self, _symbol: SymbolId, _switch: &RegimeSwitch, _effects: &mut Effects) {}

    /// Share of full size that the regime allows an entry of this symbol, 0 to 1.
    pub(super) fn regime_share(&self, _symbol: SymbolId) -> f64 {
        1.0
    }
}
