//! The desk of a symbol: carries entries, protection and exits through, whatever order things happen in.
//!
//! Invariant: `advance` looks only at the desk's state and the live orders, so calling it twice does nothing twice.
//! Absent on purpose: what a parent order sends and when (`execution`, joined by `work`).

use super::Engine;
use super::effect::{Effect, Effects};
use super::instrument::Desk;
use super::notice::{ExitBy, Notice, TradeRecord};
use super::orders::{Order, OrderEvent, OrderState, Purpose, transition};
use super::risk::{Approved, EntryGate, OrderRequest, Payload, Refused, RiskView, check, judge};
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
            // Whether it is wanted is decided as for any position.
            (instrument.desk, instrument.aim) = (Desk::Holding, 1.0);
        }
        // One that sells goes on in `leave`, once the protection has freed the base.
        let buys = self.instruments[at].work.as_ref().is_some_and(|work| work.purpose() == Purpose::Entry);
        if buys && self.instruments[at].desk != Desk::Leaving {
            self.work(symbol, effects);
        }
        // Whoever leaves buys no more.
        if self.instruments[at].desk == Desk::Entering && self.instruments[at].leave.is_some() {
            self.cancel_all(symbol, effects, |purpose| purpose == Purpose::Entry);
        }
        let is_bought = self.instruments[at].work.is_none() && !self.has_live(symbol, |p| p == Purpose::Entry);
        if self.instruments[at].desk == Desk::Entering && is_bought {
            if !self.instruments[at].is_adding {
                self.instruments[at].bars_held = 0;
            }
            self.instruments[at].desk =
                if self.instruments[at].sellable().is_zero() { Desk::Flat } else { Desk::Holding };
        }
        // What takes fills at once; between slices and while one rests, what is held is protected.
        let takes = self.orders.of(symbol).any(|order| matches!(order.kind, OrderKind::Market { .. }));
        if self.instruments[at].desk == Desk::Entering && self.instruments[at].work.is_some() && !takes {
            self.tend_entry(symbol, effects);
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
        self.arm(symbol, effects);
    }

    /// On the way out: first the protection goes (it locks the base), then the rest is sold.
    fn leave(&mut self, symbol: SymbolId, effects: &mut Effects) {
        if self.instruments[symbol.index()].work.is_some() && !self.leave_by_work(symbol, effects) {
            return;
        }
        if self.has_live(symbol, |p| p == Purpose::Exit) {
            return;
        }
        if self.has_live(symbol, Purpose::protects) {
            self.cancel_protection(symbol, effects);
            return;
        }
        let instrument = &mut self.instruments[symbol.index()];
        if instrument.leave.is_some() {
            instrument.keep = Quantity::ZERO;
        }
        let quantity = instrument.saleable_beyond(instrument.keep).min(instrument.largest_sale());
        if quantity.is_zero() {
            instrument.desk = if instrument.keep.is_zero() { Desk::Flat } else { Desk::Holding };
            instrument.keep = Quantity::ZERO;
            if instrument.desk == Desk::Holding {
                self.hold(symbol, effects);
            }
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

    /// A parent order on the way out: one that buys is stopped, one that sells goes on unless there is no time for it. True
    /// when it is over. Between its children what is held stays protected; before each, the protection frees the base.
    fn leave_by_work(&mut self, symbol: SymbolId, effects: &mut Effects) -> bool {
        let now = self.now;
        self.tell_children(symbol);
        let instrument = &mut self.instruments[symbol.index()];
        let is_urgent = instrument.leave.is_some_and(ExitBy::is_urgent);
        let Some(work) = &mut instrument.work else { return true };
        let is_sale = work.purpose() == Purpose::Exit;
        if is_urgent || !is_sale {
            work.parent.stop(now);
        } else if work.waits(now) {
            self.arm_between(symbol, effects);
            return false;
        } else if self.has_live(symbol, Purpose::protects) {
            self.cancel_protection(symbol, effects);
            return false;
        }
        self.work(symbol, effects);
        let Some(work) = &self.instruments[symbol.index()].work else { return true };
        if work.waits(now) {
            self.arm_between(symbol, effects);
        }
        false
    }

    /// Between two children of a sale: what is still held is protected.
    fn arm_between(&mut self, symbol: SymbolId, effects: &mut Effects) {
        if !self.has_live(symbol, Purpose::protects) && !self.has_live(symbol, |p| p == Purpose::Exit) {
            self.arm(symbol, effects);
        }
    }

    /// Stop and target for what is held, unless a person took them away. What cannot be protected is not held.
    fn arm(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let instrument = &self.instruments[symbol.index()];
        if instrument.unprotected || instrument.sellable().is_zero() {
            return;
        }
        match self.protect(symbol) {
            Ok(Some(effect)) => effects.push(effect),
            Ok(None) => {}
            Err(reason) => {
                effects.notice(Notice::Refused { symbol, reason });
                self.instruments[symbol.index()].leave = Some(ExitBy::Stop);
                self.instruments[symbol.index()].desk = Desk::Leaving;
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
        let client_id = self.session.client_order_id(sequence);
        if let Some(symbol) = self.mark_cancelling(sequence) {
            effects.push(Effect::Cancel { symbol, client_id });
        }
    }

    /// Sends an order in the place of one that rests: the venue cancels that one first, and without its cancel places
    /// nothing. `false` when it rests no longer or is no order of this symbol: then nothing is sent.
    pub fn replace(&mut self, sequence: u64, approved: Approved, effects: &mut Effects) -> bool {
        let symbol = approved.payload().symbol();
        let rests = |order: &Order| order.symbol == symbol && order.state.can_be_cancelled();
        let is_single = matches!(approved.payload(), Payload::Order(_));
        if !is_single || !self.orders.find_mut(sequence).is_some_and(|order| rests(order)) {
            return false;
        }
        self.mark_cancelling(sequence);
        self.register(approved.request());
        let client_id = self.session.client_order_id(sequence);
        effects.push(Effect::Replace { symbol, client_id, order: approved });
        true
    }

    /// The order, and its list if it is a leg, waits from now on for the end that was asked for.
    fn mark_cancelling(&mut self, sequence: u64) -> Option<SymbolId> {
        let now = self.now;
        let (symbol, list) = self.orders.find_mut(sequence).map(|order| (order.symbol, order.list))?;
        let is_meant = |order: &Order| order.sequence == sequence || (list.is_some() && order.list == list);
        let mut rested = false;
        for order in self.orders.live_mut().iter_mut().filter(|order| is_meant(order)) {
            // The other states wait for the answer that is on its way.
            if order.state.can_be_cancelled() {
                order.state = transition(order.state, OrderEvent::CancelSent);
                (order.sent, rested) = (now, true);
            }
        }
        rested.then_some(symbol)
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
        let approved = check(&self.risk_view(symbol, None), request)?;
        self.register(approved.request());
        Ok(Effect::Submit(approved))
    }

    /// What risk would say of an order.
    pub(super) fn judge(&self, symbol: SymbolId, request: &OrderRequest) -> Result<(), Refused> {
        judge(&self.risk_view(symbol, None), request)
    }

    /// What risk sees of a symbol. The order that a new one is sent instead of binds neither cash nor position, but it counts
    /// among the open ones: the venue counts before it cancels.
    pub fn risk_view(&self, symbol: SymbolId, instead_of: Option<u64>) -> RiskView<'_> {
        let instrument = &self.instruments[symbol.index()];
        let open = || self.orders.of(symbol);
        RiskView {
            settings: &self.settings,
            rules: &instrument.rules,
            gate: self.entry_gate(symbol),
            free_cash: self.free_cash_for(symbol, instead_of),
            held: instrument.position.quantity.saturating_sub(self.on_sale_without(symbol, instead_of)),
            mark: instrument.mark,
            open_orders: open().count() as u32,
            open_trigger_orders: open().filter(|order| order.kind.stop_price().is_some()).count() as u32,
            is_slice: instrument.work.is_some(),
            bought: instrument.position.quantity,
            distances: self.distances(symbol),
            room: self.room(symbol),
        }
    }

    /// Whether anything may be bought now.
    pub(super) fn may_enter(&self, symbol: SymbolId) -> bool {
        self.entry_gate(symbol).check().is_ok()
    }

    pub(super) fn submit(&mut self, approved: Approved, effects: &mut Effects) {
        self.register(approved.request());
        effects.push(Effect::Submit(approved));
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

    /// Cash less what live entries and the rest of parent orders may still cost.
    pub(super) fn free_cash(&self) -> Money {
        self.free_cash_for(SymbolId(u16::MAX), None)
    }

    /// The same for an order of this symbol: its parent's rest is what the order is a part of.
    fn free_cash_for(&self, symbol: SymbolId, instead_of: Option<u64>) -> Money {
        let cost = |at: usize, quantity: Quantity| {
            let mark = self.instruments[at].mark.unwrap_or_default();
            Money::notional(mark, quantity).unwrap_or(Money::MAX)
        };
        let entries = self.orders.live().iter().filter(|order| order.purpose == Purpose::Entry);
        let entries = entries.filter(|order| Some(order.sequence) != instead_of);
        // One with a limit binds what it would pay there, wherever the price went since.
        let bound = |order: &Order| match order.kind.limit_price() {
            Some(limit) => Money::notional(limit, order.open()).unwrap_or(Money::MAX),
            None => cost(order.symbol.index(), order.open()),
        };
        let spent = entries.fold(self.portfolio.cash(), |free, order| free.saturating_sub(bound(order)));
        let works = self.instruments.iter().enumerate().filter(|(at, _)| *at != symbol.index());
        works.fold(spent, |free, (at, instrument)| match &instrument.work {
            Some(work) if work.purpose() == Purpose::Entry => free.saturating_sub(cost(at, work.unsent())),
            Some(_) | None => free,
        })
    }

    /// What live orders may still sell; of a stop and a target only one fills.
    pub(super) fn on_sale(&self, symbol: SymbolId) -> Quantity {
        self.on_sale_without(symbol, None)
    }

    fn on_sale_without(&self, symbol: SymbolId, replaced: Option<u64>) -> Quantity {
        let open = |purpose: Purpose| {
            let binds = move |order: &&Order| order.purpose == purpose && Some(order.sequence) != replaced;
            let orders = self.orders.of(symbol).filter(binds);
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
        (instrument.aim, instrument.keep) = (0.0, Quantity::ZERO);
        (instrument.trail, instrument.raised, instrument.distances) = (None, None, None);
        let Some(trade) = instrument.trade.take() else { return };
        let (Some(entry), Some(exit)) = (trade.average(Side::Buy), trade.average(Side::Sell)) else { return };
        let exit_by = by.unwrap_or(ExitBy::Signal);
        // Taken out by its stop, its target, its time or by hand: wait until the strategy starts anew.
        instrument.awaiting_fresh_signal = match exit_by {
            ExitBy::Stop | ExitBy::Target | ExitBy::Time | ExitBy::Command => true,
            ExitBy::Signal | ExitBy::Regime => false,
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
