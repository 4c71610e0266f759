//! Sizes: what the market, past losses and other positions leave of an entry.
//!
//! Invariant: what is switched off costs nothing at a bar and takes nothing from a size.
//! Absent on purpose: the arithmetic (`risk::sizing`, `risk::volatility_target`, `risk::drawdown`, `risk::comovement`).

use super::Engine;
use super::orders::Purpose;
use super::risk::comovement::Comovement;
use super::risk::sizing::{self, Shares, SizingView};
use super::risk::{DrawdownThrottle, Refused, Room, SizedEntry, SteadyRisk};
use super::settings::Settings;
use crate::domain::{Bar, Money, Quantity, Ratio, SymbolId};
use crate::performance::baselines::VolatilityTarget;

/// Exposure per unit of the cushion above the drawdown floor.
const CUSHION_MULTIPLIER: f64 = 3.0;

impl Engine {
    /// What an entry at this exposure would buy now, step by step.
    pub(super) fn entry_size(&self, symbol: SymbolId, exposure: f64) -> Result<SizedEntry, Refused> {
        let instrument = &self.instruments[symbol.index()];
        let view = SizingView {
            settings: &self.settings,
            rules: &instrument.rules,
            equity: self.equity(),
            free_cash: self.free_cash(),
            price: instrument.mark.ok_or(Refused::NoPrice)?,
            symbols: self.instruments.len(),
            exposure,
            shares: self.shares(symbol).ok_or(Refused::VolatilityUnknown)?,
        };
        sizing::entry_size(&view).ok_or(Refused::Overflow)
    }

    /// Shares of full size; `None` while volatility is aimed at and not known.
    pub(super) fn shares(&self, symbol: SymbolId) -> Option<Shares> {
        let volatility = match &self.instruments[symbol.index()].steady {
            Some(steady) => steady.share()?,
            None => 1.0,
        };
        let floor = self.settings.risk.drawdown_floor;
        let drawdown = if floor.is_positive() {
            let throttle = DrawdownThrottle { floor: floor.to_f64(), multiplier: CUSHION_MULTIPLIER, cap: 1.0 };
            throttle.factor(1.0 + self.performance.drawdown.current(), 1.0)
        } else {
            1.0
        };
        // What the regime says of strategies stands in their blend already.
        let regime = self.guard.shock.factor();
        Some(Shares { volatility, regime, drawdown })
    }

    /// What all positions, and those that move with this symbol, may still grow by.
    pub(super) fn room(&self, symbol: SymbolId) -> Room {
        let risk = &self.settings.risk;
        if !risk.has_caps() {
            return Room::default();
        }
        let equity = self.equity().to_money().unwrap_or(Money::MAX);
        let left = |share: Ratio, counts: &dyn Fn(SymbolId) -> bool| {
            let most = share.is_positive().then(|| equity.fraction(share).unwrap_or(Money::MAX))?;
            let symbols = (0..self.instruments.len()).map(|at| SymbolId(at as u16)).filter(|other| counts(*other));
            Some(symbols.fold(most, |left, other| left.saturating_sub(self.committed(other, symbol))))
        };
        let is_together = |other: SymbolId| match &self.guard.comovement {
            Some(comovement) => comovement.is_together(symbol, other),
            None => true,
        };
        Room { all: left(risk.max_exposure, &|_| true), correlated: left(risk.max_correlated, &is_together) }
    }

    /// Worth of a position and of what is on its way to it; of `own` itself without what its parent order has yet to send,
    /// which the order in question is a part of.
    fn committed(&self, symbol: SymbolId, own: SymbolId) -> Money {
        let instrument = &self.instruments[symbol.index()];
        let mark = instrument.mark.unwrap_or_default();
        let held = instrument.value().to_money().unwrap_or(Money::MAX);
        let entries = self.orders.of(symbol).filter(|order| order.purpose == Purpose::Entry);
        let unsent = instrument.work.as_ref().filter(|work| symbol != own && work.purpose() == Purpose::Entry);
        let quantity = entries
            .fold(unsent.map_or(Quantity::ZERO, |work| work.unsent()), |sum, order| sum.saturating_add(order.open()));
        held.saturating_add(Money::notional(mark, quantity).unwrap_or(Money::MAX))
    }

    /// A closed bar, for what sizes are made from.
    #[inline]
    pub(super) fn measure_sizes(&mut self, symbol: SymbolId, bar: &Bar) {
        if let Some(comovement) = &mut self.guard.comovement {
            comovement.observe(symbol, bar);
        }
    }

    /// Forecasts and correlations that the settings ask for, warmed by the kept bars; none else. `old` are the settings
    /// before, or `None` at the start.
    pub(super) fn set_gauges(&mut self, old: Option<&Settings>) {
        let risk = self.settings.risk;
        if old.is_none_or(|old| old.risk.volatility_target != risk.volatility_target) {
            let annual = risk.volatility_target.to_f64();
            for instrument in &mut self.instruments {
                instrument.steady = (annual > 0.0).then(|| {
                    let mut steady = SteadyRisk::new(VolatilityTarget { annual, ..VolatilityTarget::default() });
                    for (bar, _) in instrument.window.iter() {
                        steady.observe(bar.close_time(), bar.close);
                    }
                    Box::new(steady)
                });
            }
        }
        let is_compared = risk.max_correlated.is_positive() && self.instruments.len() > 1;
        if !is_compared {
            self.guard.comovement = None;
        } else if self.guard.comovement.is_none() {
            let mut comovement = Comovement::new(self.instruments.len());
            for (at, instrument) in self.instruments.iter().enumerate() {
                instrument.window.iter().for_each(|(bar, _)| comovement.observe(SymbolId(at as u16), bar));
            }
            self.guard.comovement = Some(Box::new(comovement));
        }
    }
}
