//! Stops and targets of held positions: where they stand, how they follow the price, and when time is up.
//!
//! Invariant: a stop is moved up, never down, and not before it moved by a share of its distance, so that the venue is asked
//! at most once a bar; between the cancel of the old and the new one lies one answer of the venue.
//! Absent on purpose: placing and cancelling (`desk`), and targets that move.

use super::Engine;
use super::effect::Effects;
use super::instrument::Desk;
use super::notice::ExitBy;
use super::orders::Purpose;
use super::risk::barriers::Distance;
use super::risk::reach::average_range;
use super::risk::stops::{Distances, Protection, least_distance};
use super::risk::{Refused, TrailingStop};
use crate::domain::{Bar, Price, Side, SymbolId};

/// A stop is moved when the new one lies this share of its distance above the old.
const WORTH_MOVING: f64 = 0.2;

impl Engine {
    /// After each closed bar, before anything is decided: time, stops that follow, and what has been filled of an entry that
    /// goes on.
    #[inline]
    pub(super) fn tend(&mut self, symbol: SymbolId, bar: &Bar, effects: &mut Effects) {
        let risk = &self.settings.risk;
        match self.instruments[symbol.index()].desk {
            Desk::Flat | Desk::Leaving => {}
            Desk::Entering => self.tend_entry(symbol, effects),
            Desk::Holding => {
                let most = risk.max_hold_bars;
                let shocked = risk.shock_stop.is_positive() && self.guard.shock.factor() == 0.0;
                if most > 0 && self.instruments[symbol.index()].bars_held >= most {
                    self.instruments[symbol.index()].leave = Some(ExitBy::Time);
                    self.advance(symbol, effects);
                } else if risk.trailing_multiple.is_positive() || shocked {
                    self.follow(symbol, bar, effects);
                }
            }
        }
    }

    /// An entry that takes more than a bar is protected as far as it went.
    pub(super) fn tend_entry(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let instrument = &self.instruments[symbol.index()];
        if instrument.sellable().is_zero() || instrument.unprotected || instrument.leave.is_some() {
            return;
        }
        if self.has_live(symbol, Purpose::protects) {
            self.rearm_if_wrong(symbol, effects);
        } else if let Ok(Some(effect)) = self.protect(symbol) {
            // What cannot be protected yet is looked at again when the entry has ended.
            effects.push(effect);
        }
    }

    /// Takes a protection off the venue that is not for what is held; the desk places the right one.
    pub(super) fn rearm_if_wrong(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let (on_sale, instrument) = (self.on_sale(symbol), &self.instruments[symbol.index()]);
        if on_sale < instrument.sellable() || on_sale > instrument.position.quantity {
            self.cancel_protection(symbol, effects);
        }
    }

    /// Raises the stop behind the price, and nearer to it while a shock lasts.
    fn follow(&mut self, symbol: SymbolId, bar: &Bar, effects: &mut Effects) {
        let Some(wanted) = self.raised_stop(symbol, bar) else { return };
        let instrument = &mut self.instruments[symbol.index()];
        let mark = instrument.mark.unwrap_or_default();
        if instrument.unprotected || instrument.leave.is_some() {
            return;
        }
        if wanted >= mark {
            // The price has left the new stop behind already.
            instrument.leave = Some(ExitBy::Stop);
            self.advance(symbol, effects);
            return;
        }
        let (armed, _) = self.armed(symbol);
        let moved = armed.map_or(f64::INFINITY, |armed| wanted.saturating_sub(armed).to_f64());
        let distance = mark.saturating_sub(wanted).to_f64();
        if moved > 0.0 && moved >= WORTH_MOVING * distance {
            self.instruments[symbol.index()].raised = Some(wanted);
            self.cancel_protection(symbol, effects);
            // Where nothing rests there is nothing to wait for.
            self.advance(symbol, effects);
        }
    }

    /// Where the stop should stand after this bar, on the tick grid; `None` while that cannot be told.
    fn raised_stop(&mut self, symbol: SymbolId, bar: &Bar) -> Option<Price> {
        let risk = self.settings.risk;
        let least = least_distance(&self.settings);
        let shocked = risk.shock_stop.is_positive() && self.guard.shock.factor() == 0.0;
        let instrument = &mut self.instruments[symbol.index()];
        let multiple = risk.trailing_multiple.to_f64();
        if multiple > 0.0
            && let Some(range) = average_range(&instrument.window)
        {
            let range = range.max(least * bar.close / multiple);
            match &mut instrument.trail {
                Some(trail) => trail.follow(bar.high, range),
                None => instrument.trail = Some(TrailingStop::new(multiple, bar.high, range)),
            }
        }
        let trailing = instrument.trail.filter(|_| multiple > 0.0).map(|trail| trail.stop());
        let shock = shocked.then(|| bar.close * (1.0 - risk.shock_stop.to_f64().max(least)));
        let stop = trailing.into_iter().chain(shock).reduce(f64::max)?;
        let stop = Price::from_f64(stop).filter(|stop| stop.is_positive())?;
        Some(stop.floor_to_tick(instrument.rules.price.tick))
    }

    /// What an entry now would be protected by.
    pub(super) fn distances(&self, symbol: SymbolId) -> Distances {
        let instrument = &self.instruments[symbol.index()];
        let measured = instrument.distances.or_else(|| Distances::measured(&self.settings, &instrument.window));
        measured.unwrap_or(Distances::percent(&self.settings))
    }

    /// Measured stops are those of the moment of the entry, however long it is held.
    pub(super) fn measure_distances(&mut self, symbol: SymbolId) {
        let instrument = &mut self.instruments[symbol.index()];
        instrument.distances = Distances::measured(&self.settings, &instrument.window);
    }

    /// Stop and target of what is held, the stop as high as it was raised.
    pub(super) fn protection(&self, symbol: SymbolId) -> Result<Protection, Refused> {
        let instrument = &self.instruments[symbol.index()];
        let entry = instrument.trade.and_then(|trade| trade.average(Side::Buy)).or(instrument.mark);
        let entry = entry.ok_or(Refused::NoPrice)?;
        let at = Protection::at(self.distances(symbol), &instrument.rules, entry);
        let stop = at.stop.max(instrument.raised).or_else(|| self.first_trailing_stop(symbol, entry));
        Ok(Protection { stop, ..at })
    }

    /// Where a stop that follows begins when there is no other, so that none has to wait for the next bar.
    fn first_trailing_stop(&self, symbol: SymbolId, entry: Price) -> Option<Price> {
        let instrument = &self.instruments[symbol.index()];
        let multiple = Some(self.settings.risk.trailing_multiple.to_f64()).filter(|multiple| *multiple > 0.0)?;
        let distance = Distance::Ranges { multiple, range: average_range(&instrument.window)? };
        let entry = entry.to_f64();
        let stop = Price::from_f64(entry * (1.0 - distance.fraction(entry, least_distance(&self.settings))))?;
        Some(stop.floor_to_tick(instrument.rules.price.tick)).filter(|stop| stop.is_positive())
    }

    /// Stop and target as they rest, or are on their way.
    pub fn armed(&self, symbol: SymbolId) -> (Option<Price>, Option<Price>) {
        let at = |purpose: Purpose| {
            let order = self.orders.of(symbol).find(|order| order.purpose == purpose);
            order.and_then(|order| order.kind.stop_price())
        };
        (at(Purpose::Stop), at(Purpose::Target))
    }
}
