//! Regimes at work: who may trade in which, and how one regime's strategies hand over to the next one's.
//!
//! Invariant: a position that is held under one mandate is never left without anybody who decides about it.
//! Absent on purpose: telling regimes and events (`market::regime`).

pub mod duty;
pub mod mandates;

pub use duty::{Duty, HandOver};
pub use mandates::{EXPERTS, Mandate, Mandates};

use super::Engine;
use super::effect::Effects;
use super::instrument::Desk;
use super::notice::{ExitBy, Notice};
use super::settings::StrategyName;
use crate::domain::SymbolId;
use crate::market::regime::RegimeSwitch;

impl Engine {
    /// The regime of a symbol changed: says so and, where strategies are chosen automatically, plans the hand-over.
    pub(super) fn on_regime(&mut self, symbol: SymbolId, switch: &RegimeSwitch, effects: &mut Effects) {
        effects.notice(Notice::Regime { symbol, switch: *switch });
        if self.settings.strategy != StrategyName::Auto {
            return;
        }
        let now = self.now;
        let instrument = &mut self.instruments[symbol.index()];
        let is_flat = instrument.desk == Desk::Flat;
        let from = instrument.duty.in_force;
        let plan = instrument.duty.plan(now, switch.to, is_flat);
        effects.notice(Notice::Switched { symbol, from, to: switch.to, plan });
        if plan == HandOver::LeaveNow {
            // Whatever has time goes at the market now.
            instrument.leave = instrument.leave.filter(|by| by.is_urgent()).or(Some(ExitBy::Regime));
        }
        self.hand_over(symbol, effects);
        self.advance(symbol, effects);
    }

    /// Strategies that are chosen automatically begin under the mandate of the regime that the watches see.
    pub(super) fn commission_all(&mut self) {
        for instrument in &mut self.instruments {
            let regime = instrument.watch.as_ref().and_then(|watch| watch.regime());
            instrument.duty = Duty::of(regime);
            instrument.strategy.commission(regime.map_or(Mandate::FLAT, |regime| self.settings.mandates.of(regime)));
        }
    }

    /// The mandate that waits takes over where its time has come.
    pub(super) fn hand_over(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let now = self.now;
        let instrument = &mut self.instruments[symbol.index()];
        let is_flat = instrument.desk == Desk::Flat;
        let Some(regime) = instrument.duty.due(now, is_flat) else { return };
        let mandate = self.settings.mandates.of(regime);
        instrument.strategy.commission(mandate);
        effects.notice(Notice::TookOver { symbol, regime, mandate });
    }
}
