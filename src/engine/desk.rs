//! The desk of a symbol: carries entries, protection and exits through, whatever order things happen in.
//!
//! Invariant: `advance` looks only at the desk's state and the live orders, so calling it twice does nothing twice.
//! Absent on purpose: slicing and passive orders.

use super::Engine;
use super::effect::{Effect, Effects};
use super::instrument::Desk;
use super::notice::{ExitBy, Notice, TradeRecord};
use super::orders::{Order, OrderEvent, OrderState, Purpose, transition};
use super::risk::{EntryGate, OrderRequest, Payload, Refused, RiskView, Room, check};
use crate::domain::{
    ClientOrderId, Money, NewOco, NewOrder, OcoLeg, OrderKind, Price, Quantity, Side, SymbolId, Value,
};

impl Engine {
    /// Does the next thing that the desk's state asks for.
    pub(super) fn advance(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let at = symbol.index();
        let instrument = &mut self.instruments[at];
        // A fill of an order that was thought closed: held after all.
        if instrument.desk == Desk::Flat && instrument.trade.is_some() && !instrument.sellable().is_zero() {
            instrument.desk = Desk::Holding;
        }
        // Whoever leaves buys no more.
        if self.instruments[at].desk == Desk::Entering && self.instruments[at].leave.is_some() {
            self.cancel_all(symbol, effects, |purpose| purpose == Purpose::Entry);
        }
        if self.instruments[at].desk == Desk::Entering && !self.has_live(symbol, |p| p == Purpose::Entry) {
            self.instruments[at].bars_held = 0;
            self.instruments[at].desk =
                if self.instruments[at].sellable().is_zero() { Desk::Flat } else { Desk::Holding };
        }
        if self.instruments[at].desk == Desk::Holding {
            self.hold(symbol, effects);
        }
        if self.instruments[at].desk == Desk::Leaving {
            self.leave(symbol, effects);
        }
        if self.instruments[at].desk == Desk::Flat {
            self.close_trade(symbol, effects);
        }
    }

    /// Held: see that the protection rests at the venue, unless a person took it away, or that there is nothing left to
    /// protect.
    fn hold(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let instrument = &mut self.instruments[symbol.index()];
        if instrument.leave.is_some() {
            instrument.desk = Desk::Leaving;
            return;
        }
        let unprotected = instrument.unprotected;
        if self.has_live(symbol, Purpose::protects) {
            // A late fill made the position another than its protection is for.
            if !unprotected {
                self.rearm_if_wrong(symbol, effects);
            }
            return;
        }
        if self.instruments[symbol.index()].sellable().is_zero() {
            self.instruments[symbol.index()].desk = Desk::Flat;
            return;
        }
        if unprotected {
            return;
        }
        match self.protect(symbol) {
            Ok(Some(effect)) => effects.push(effect),
            Ok(None) => {}
            // What cannot be protected is not held.
            Err(reason) => {
                effects.notice(Notice::Refused { symbol, reason });
                self.instruments[symbol.index()].leave = Some(ExitBy::Stop);
                self.instruments[symbol.index()].desk = Desk::Leaving;
            }
        }
    }

    /// On the way out: first the protection goes (it locks the base), then the rest is sold.
    fn leave(&mut self, symbol: SymbolId, effects: &mut Effects) {
        if self.has_live(symbol, |p| p == Purpose::Exit) {
            return;
        }
        if self.has_live(symbol, Purpose::protects) {
            self.cancel_protection(symbol, effects);
            return;
        }
        let instrument = &self.instruments[symbol.index()];
        let quantity = instrument.sellable().min(instrument.largest_sale());
        if quantity.is_zero() {
            self.instruments[symbol.index()].desk = Desk::Flat;
        } else if !instrument.exit_waits {
            let client_id = self.next_client_id();
            let order = NewOrder { symbol, client_id, side: Side::Sell, kind: OrderKind::Market { quantity } };
            let request = OrderRequest { purpose: Purpose::Exit, payload: Payload::Order(order) };
            match self.approve(symbol, request) {
                Ok(effect) => effects.push(effect),
                Err(reason) => {
                    self.instruments[symbol.index()].exit_waits = true;
                    effects.notice(Notice::Refused { symbol, reason });
                }
            }
        }
    }

    /// Takes all protection of a symbol off the venue.
    pub(super) fn cancel_protection(&mut self, symbol: SymbolId, effects: &mut Effects) {
        self.cancel_all(symbol, effects, Purpose::protects);
    }

    fn cancel_all(&mut self, symbol: SymbolId, effects: &mut Effects, meant: fn(Purpose) -> bool) {
        let rests = |order: &&Order| meant(order.purpose) && order.state.can_be_cancelled();
        let next = |engine: &Engine| engine.orders.of(symbol).find(rests).map(|order| order.sequence);
        while let Some(sequence) = next(self) {
            self.cancel(sequence, effects);
        }
    }

    /// Cancels an order that rests. One cancel for a list: cancelling a leg cancels both.
    pub(super) fn cancel(&mut self, sequence: u64, effects: &mut Effects) {
        let (now, session) = (self.now, self.session);
        let Some(Order { symbol, list, .. }) = self.orders.find_mut(sequence).cloned() else { return };
        let is_meant = |order: &Order| order.sequence == sequence || (list.is_some() && order.list == list);
        for order in self.orders.live_mut().iter_mut().filter(|order| is_meant(order)) {
            // The other states wait for the answer that is on its way.
            if order.state.can_be_cancelled() {
                order.state = transition(order.state, OrderEvent::CancelSent);
                order.sent = now;
            }
        }
        effects.push(Effect::Cancel { symbol, client_id: session.client_order_id(sequence) });
    }

    /// Stop and target for what is held; `None` when both are switched off.
    pub(super) fn protect(&mut self, symbol: SymbolId) -> Result<Option<Effect>, Refused> {
        let protection = self.protection(symbol)?;
        let quantity = self.instruments[symbol.index()].sellable();
        let (purpose, payload) = match (protection.stop, protection.target) {
            (None, None) => return Ok(None),
            (Some(stop), None) => (Purpose::Stop, self.single(symbol, OrderKind::StopLoss { quantity, stop })),
            (None, Some(stop)) => (Purpose::Target, self.single(symbol, OrderKind::TakeProfit { quantity, stop })),
            (Some(stop), Some(target)) => (Purpose::Stop, self.bracket(symbol, quantity, stop, target)),
        };
        self.approve(symbol, OrderRequest { purpose, payload }).map(Some)
    }

    fn single(&mut self, symbol: SymbolId, kind: OrderKind) -> Payload {
        Payload::Order(NewOrder { symbol, client_id: self.next_client_id(), side: Side::Sell, kind })
    }

    fn bracket(&mut self, symbol: SymbolId, quantity: Quantity, stop: Price, target: Price) -> Payload {
        Payload::Oco(Box::new(NewOco {
            symbol,
            list_client_id: self.next_client_id(),
            side: Side::Sell,
            quantity,
            above: OcoLeg { client_id: self.next_client_id(), kind: OrderKind::TakeProfit { quantity, stop: target } },
            below: OcoLeg { client_id: self.next_client_id(), kind: OrderKind::StopLoss { quantity, stop } },
        }))
    }

    /// What stands between a symbol and its entry.
    fn entry_gate(&self, symbol: SymbolId) -> EntryGate {
        EntryGate {
            paused: self.paused,
            halted: self.halted,
            stale: self.instruments[symbol.index()].stale,
            shock: self.shock_halt(),
            lock: self.guard.lock(self.now, symbol),
        }
    }

    /// Risk judges; what passes is registered before its effect exists.
    pub(super) fn approve(&mut self, symbol: SymbolId, request: OrderRequest) -> Result<Effect, Refused> {
        let instrument = &self.instruments[symbol.index()];
        let open = self.orders.of(symbol).count() as u32;
        let triggers = self.orders.of(symbol).filter(|order| order.kind.stop_price().is_some()).count() as u32;
        let view = RiskView {
            settings: &self.settings,
            rules: &instrument.rules,
            gate: self.entry_gate(symbol),
            free_cash: self.free_cash(),
            held: instrument.position.quantity.saturating_sub(self.on_sale(symbol)),
            mark: instrument.mark,
            open_orders: open,
            open_trigger_orders: triggers,
            distances: self.distances(symbol),
            room: if request.purpose == Purpose::Entry { self.room(symbol) } else { Room::default() },
        };
        let approved = check(&view, request)?;
        self.register(approved.request());
        Ok(Effect::Submit(approved))
    }

    fn register(&mut self, request: &OrderRequest) {
        match &request.payload {
            Payload::Order(order) => self.enlist(request, None, request.purpose, &order.client_id, order.kind),
            Payload::Oco(oco) => {
                let list = self.session.sequence_of(&oco.list_client_id);
                for (purpose, leg) in [(Purpose::Target, &oco.above), (Purpose::Stop, &oco.below)] {
                    self.enlist(request, list, purpose, &leg.client_id, leg.kind);
                }
            }
        }
    }

    fn enlist(
        &mut self,
        request: &OrderRequest,
        list: Option<u64>,
        purpose: Purpose,
        client_id: &ClientOrderId,
        kind: OrderKind,
    ) {
        let Some(sequence) = self.session.sequence_of(client_id) else { return };
        self.counts.orders += 1;
        self.orders.register(Order {
            sequence,
            symbol: request.payload.symbol(),
            purpose,
            side: request.payload.side(),
            kind,
            state: OrderState::Submitted,
            filled: Quantity::ZERO,
            executed: Quantity::ZERO,
            list,
            sent: self.now,
        });
    }

    pub(super) fn next_client_id(&mut self) -> ClientOrderId {
        self.sequence += 1;
        self.session.client_order_id(self.sequence)
    }

    /// Cash less what live entries may still cost.
    pub(super) fn free_cash(&self) -> Money {
        let entries = self.orders.live().iter().filter(|order| order.purpose == Purpose::Entry);
        entries.fold(self.portfolio.cash(), |free, order| {
            let mark = self.instruments[order.symbol.index()].mark.unwrap_or_default();
            free.saturating_sub(Money::notional(mark, order.open()).unwrap_or(Money::MAX))
        })
    }

    /// What live orders may still sell; of a stop and a target only one fills.
    pub(super) fn on_sale(&self, symbol: SymbolId) -> Quantity {
        let open = |purpose: Purpose| {
            let orders = self.orders.of(symbol).filter(move |order| order.purpose == purpose);
            orders.fold(Quantity::ZERO, |sum, order| sum.saturating_add(order.open()))
        };
        open(Purpose::Exit).saturating_add(open(Purpose::Stop).max(open(Purpose::Target)))
    }

    pub(super) fn has_live(&self, symbol: SymbolId, purpose: impl Fn(Purpose) -> bool) -> bool {
        self.orders.of(symbol).any(|order| purpose(order.purpose))
    }

    /// Flat again: the round trip, if there was one, is over.
    fn close_trade(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let closed = self.now;
        let instrument = &mut self.instruments[symbol.index()];
        let by = instrument.leave.take();
        instrument.unprotected = false;
        (instrument.trail, instrument.raised, instrument.distances) = (None, None, None);
        let Some(trade) = instrument.trade.take() else { return };
        let (Some(entry), Some(exit)) = (trade.average(Side::Buy), trade.average(Side::Sell)) else { return };
        let exit_by = by.unwrap_or(ExitBy::Signal);
        // Taken out by its stop, its target, its time or by hand: wait until the strategy starts anew.
        instrument.awaiting_fresh_signal = match exit_by {
            ExitBy::Stop | ExitBy::Target | ExitBy::Time | ExitBy::Command => true,
            ExitBy::Signal => false,
        };
        let pnl = Value(instrument.position.realised.0.saturating_sub(trade.realised_before.0));
        let record = TradeRecord {
            symbol,
            opened: trade.opened,
            closed,
            entry,
            exit,
            quantity: trade.sold,
            pnl,
            fees: trade.fees,
            exit_by,
        };
        self.performance.trades.record(pnl);
        self.guard_trade(&record, trade.spent.to_f64(), effects);
        effects.notice(Notice::TradeClosed { trade: record });
    }
}
