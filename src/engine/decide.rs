//! A bar has closed: measure, ask the strategy, act on the answer. Also commands, settings and timers.
//!
//! Invariant: a decision sees closed bars only; what it orders fills at the next open at the earliest.
//! Absent on purpose: how an entry or exit is carried through (`desk`).

use super::decision::{Decision, Rest, SizeLine, Verdict};
use super::effect::{Effect, Effects};
use super::ensemble::Band;
use super::instrument::Desk;
use super::model::{Meaning, ModelSlot};
use super::notice::{ExitBy, HaltReason, Notice};
use super::orders::{OrderEvent, OrderState, transition};
use super::risk::{OrderRequest, Refused};
use super::settings::{ExecutionStyle, Settings, StrategyName};
use super::strategy::Strategy;
use super::{ANSWER_DEADLINE, Engine, QUERY_INTERVAL, STALE_AFTER};
use crate::domain::{Bar, ClientOrderId, Command, Quantity, Ratio, Side, SymbolId, Value};

impl Engine {
    #[inline]
    pub(super) fn on_bar(&mut self, symbol: SymbolId, bar: &Bar, effects: &mut Effects) {
        let Some(instrument) = self.instruments.get_mut(symbol.index()) else { return };
        if !instrument.take(bar) {
            return;
        }
        instrument.last_close = Some(bar.close_time());
        instrument.bars_held = instrument.bars_held.saturating_add(1);
        instrument.exit_waits = false;
        if instrument.stale {
            instrument.stale = false;
            effects.notice(Notice::Fresh { symbol });
        }
        let exposed = self.exposed();
        let equity = self.equity();
        self.performance.on_bar(bar.close_time(), equity, exposed);
        self.compare_books(effects);
        self.guard_equity(equity, effects);
        if self.instruments[symbol.index()].watch.is_some() {
            self.watch_bar(symbol, bar, effects);
        }
        if !self.guard.shock.is_calm() {
            self.look_again(effects);
        }
        self.measure_sizes(symbol, bar);
        self.tend(symbol, bar, effects);
        self.counts.decisions += 1;
        self.counts.span = Some((self.counts.span.map_or(bar.open_time, |(first, _)| first), bar.open_time));
        if self.wants_tops() {
            self.measure_volume(symbol, bar);
        }
        if self.instruments[symbol.index()].made.is_some() {
            self.mark_passive_fill(symbol);
        }
        if self.instruments[symbol.index()].work.is_some() {
            self.revise_work(symbol, bar.volume, effects);
        }
        if self.instruments[symbol.index()].eyes.is_some() && self.ask_models(symbol, bar.open_time, effects) {
            return;
        }
        self.decide(symbol, effects);
    }

    /// Sum of the absolute values of all positions.
    #[inline]
    pub fn exposed(&self) -> Value {
        self.instruments
            .iter()
            .fold(Value::ZERO, |sum, instrument| Value(sum.0.saturating_add(instrument.value().0.saturating_abs())))
    }

    /// The venue's cash and ours must agree whenever no trade is on its way.
    #[inline]
    fn compare_books(&mut self, effects: &mut Effects) {
        let Some(venue) = self.venue_cash else { return };
        if venue != self.portfolio.cash() {
            self.halt(HaltReason::BooksDiffer, effects);
        }
    }

    #[inline]
    pub(super) fn decide(&mut self, symbol: SymbolId, effects: &mut Effects) {
        let instrument = &mut self.instruments[symbol.index()];
        if instrument.duty.waiting().is_some() {
            self.hand_over(symbol, effects);
        }
        let instrument = &mut self.instruments[symbol.index()];
        let target = instrument.strategy.target().clamp(0.0, 1.0);
        if target == 0.0 {
            instrument.awaiting_fresh_signal = false;
        }
        let held = instrument.aim;
        if target == held && instrument.desk != Desk::Leaving && !self.explains {
            return;
        }
        let settled = Band(self.settings.no_trade_band.to_f64()).settle(held, target);
        let verdict = self.act(symbol, held, target, settled, effects);
        if self.explains {
            self.consider(symbol, held, settled, verdict, effects);
        }
    }

    /// Does what the wanted exposure asks for.
    fn act(&mut self, symbol: SymbolId, held: f64, target: f64, settled: f64, effects: &mut Effects) -> Verdict {
        let (now, least) = (self.now, self.settings.min_hold_bars);
        let instrument = &mut self.instruments[symbol.index()];
        let bars = instrument.bars_held;
        let nothing = |because| Verdict::Nothing { because };
        match instrument.desk {
            Desk::Flat if target == 0.0 => nothing(Rest::NothingWanted),
            Desk::Flat if instrument.awaiting_fresh_signal => nothing(Rest::AwaitingFreshSignal),
            Desk::Flat if settled == 0.0 => nothing(Rest::InsideBand),
            Desk::Flat => self.enter(symbol, 0.0, settled, effects),
            Desk::Holding if target == held => nothing(Rest::AsWanted),
            Desk::Holding if settled == held => nothing(Rest::InsideBand),
            Desk::Holding if settled > held => self.enter(symbol, held, settled, effects),
            Desk::Holding if bars < least => nothing(Rest::HeldTooShort { bars, least }),
            Desk::Holding if settled == 0.0 => {
                instrument.leave = Some(ExitBy::Signal);
                instrument.keep = Quantity::ZERO;
                let (signal, quantity) = (instrument.strategy.signal(), instrument.position.quantity);
                let price = instrument.mark.unwrap_or_default();
                effects.notice(Notice::Decided { symbol, signal, quantity, price });
                self.begin_sale(symbol);
                self.advance(symbol, effects);
                Verdict::Leave { by: ExitBy::Signal }
            }
            Desk::Holding => self.reduce(symbol, held, settled, effects),
            // A failed exit is tried again at each bar.
            Desk::Leaving => {
                self.advance(symbol, effects);
                nothing(Rest::Working)
            }
            Desk::Entering => {
                // Nobody wants the rest of it any more.
                if settled == 0.0
                    && let Some(work) = &mut instrument.work
                {
                    work.parent.stop(now);
                    self.advance(symbol, effects);
                }
                nothing(Rest::Working)
            }
        }
    }

    /// Buys what the exposure `settled` has more than `held`.
    fn enter(&mut self, symbol: SymbolId, held: f64, settled: f64, effects: &mut Effects) -> Verdict {
        let signal = self.instruments[symbol.index()].strategy.signal();
        // A mood that is good makes more of the step, never more than the whole.
        let step = ((settled - held) * signal.confidence * self.mood_factor(symbol)).min(1.0 - held);
        match self.try_enter(symbol, step, effects) {
            Ok(quantity) => {
                let instrument = &mut self.instruments[symbol.index()];
                instrument.desk = Desk::Entering;
                (instrument.aim, instrument.is_adding) = (settled, held > 0.0);
                instrument.last_refusal = None;
                let price = instrument.mark.unwrap_or_default();
                effects.notice(Notice::Decided { symbol, signal, quantity, price });
                self.advance(symbol, effects);
                if held > 0.0 { Verdict::Add { quantity } } else { Verdict::Enter { quantity } }
            }
            Err(reason) => {
                self.refuse(symbol, reason, effects);
                Verdict::Refused { reason }
            }
        }
    }

    /// Sells the part of the position that the exposure `settled` does not want; what is too small to be sold stays.
    fn reduce(&mut self, symbol: SymbolId, held: f64, settled: f64, effects: &mut Effects) -> Verdict {
        let instrument = &mut self.instruments[symbol.index()];
        let position = instrument.position.quantity;
        let keep = Ratio::from_f64(settled / held).and_then(|share| position.as_money().fraction(share));
        let keep = keep.map_or(position, |keep| keep.as_quantity());
        let quantity = instrument.saleable_beyond(keep);
        if quantity.is_zero() {
            return Verdict::Nothing { because: Rest::InsideBand };
        }
        (instrument.keep, instrument.aim, instrument.desk) = (keep, settled, Desk::Leaving);
        let (signal, price) = (instrument.strategy.signal(), instrument.mark.unwrap_or_default());
        effects.notice(Notice::Decided { symbol, signal, quantity, price });
        self.begin_sale(symbol);
        self.advance(symbol, effects);
        Verdict::Reduce { quantity }
    }

    /// Tells the decision with its reasons.
    #[cold]
    fn consider(&mut self, symbol: SymbolId, held: f64, settled: f64, verdict: Verdict, effects: &mut Effects) {
        let instrument = &self.instruments[symbol.index()];
        let decision = Decision {
            time: self.now,
            number: self.counts.decisions,
            symbol,
            price: instrument.mark,
            regime: instrument.duty.in_force,
            signal: instrument.strategy.signal(),
            votes: instrument.strategy.votes(),
            held,
            settled,
            quantity_held: instrument.position.quantity,
            verdict,
            sizing: self.size_lines(symbol, &verdict),
        };
        effects.notice(Notice::Considered { decision: Box::new(decision) });
    }

    /// How the size came about that this decision asked for, if it asked for one.
    fn size_lines(&self, symbol: SymbolId, verdict: &Verdict) -> Vec<SizeLine> {
        let is_sized = match verdict {
            Verdict::Enter { .. } | Verdict::Add { .. } => true,
            Verdict::Refused { reason: Refused::NoPrice | Refused::VolatilityUnknown | Refused::Overflow } => false,
            Verdict::Refused { .. } => true,
            Verdict::Reduce { .. } | Verdict::Leave { .. } | Verdict::Nothing { .. } => false,
        };
        let sized = self.instruments[symbol.index()].sized.as_ref().filter(|_| is_sized);
        let steps = sized.map(|sized| sized.steps).into_iter().flatten();
        steps
            .map(|step| SizeLine { name: step.name.to_owned(), factor: step.factor, notional: step.notional })
            .collect()
    }

    /// Orders the entry, or begins the parent order that will.
    fn try_enter(&mut self, symbol: SymbolId, exposure: f64, effects: &mut Effects) -> Result<Quantity, Refused> {
        let distances = self.instruments[symbol.index()].distances;
        self.measure_distances(symbol);
        let ordered = self.order_entry(symbol, exposure, effects);
        if ordered.is_err() {
            // What is held keeps the distances of its own entry.
            self.instruments[symbol.index()].distances = distances;
        }
        ordered
    }

    fn order_entry(&mut self, symbol: SymbolId, exposure: f64, effects: &mut Effects) -> Result<Quantity, Refused> {
        let sized = self.entry_size(symbol, exposure)?;
        **self.instruments[symbol.index()].sized.get_or_insert_with(|| Box::new(sized)) = sized;
        let quantity = sized.quantity;
        if self.settings.execution.style == ExecutionStyle::Market {
            let request = OrderRequest::entry(symbol, self.next_client_id(), quantity);
            let effect = self.approve(symbol, request)?;
            effects.push(effect);
        } else {
            // The whole is judged before its parts are, but for the largest order; its id never leaves.
            let judged = quantity.min(self.instruments[symbol.index()].largest_sale());
            self.judge(symbol, &OrderRequest::entry(symbol, ClientOrderId::from("parent"), judged))?;
            self.begin_work(symbol, Side::Buy, quantity)?;
        }
        Ok(quantity)
    }

    /// Says why, once for each new reason.
    fn refuse(&mut self, symbol: SymbolId, reason: Refused, effects: &mut Effects) {
        self.counts.refused += 1;
        let instrument = &mut self.instruments[symbol.index()];
        if !instrument.last_refusal.is_some_and(|last| last.is_like(&reason)) {
            instrument.last_refusal = Some(reason);
            effects.notice(Notice::Refused { symbol, reason });
        }
    }

    pub(super) fn on_command(&mut self, command: &Command, effects: &mut Effects) {
        let done = match command {
            Command::Pause => {
                self.paused = true;
                self.stop_entries(effects);
                Ok(())
            }
            Command::Resume => {
                self.paused = false;
                Ok(())
            }
            Command::Halt => self.halt_by_hand(effects),
            Command::Rearm => self.rearm(effects),
            Command::SwitchStrategy(name) => self.switch_strategy(name, effects),
            Command::SetInvest(share) if share.is_negative() || *share > Ratio::ONE => {
                Err("invest_percent is 0 to 100".to_owned())
            }
            Command::SetInvest(share) => {
                self.settings.invest = *share;
                Ok(())
            }
            Command::Flatten => {
                self.paused = true;
                self.leave_everything(effects);
                Ok(())
            }
            Command::Cancel(client_id) => self.cancel_by_hand(client_id, effects),
        };
        effects.notice(match done {
            Ok(()) => Notice::CommandAccepted { command: command.clone() },
            Err(reason) => Notice::CommandRefused { command: command.clone(), reason },
        });
    }

    fn switch_strategy(&mut self, name: &str, effects: &mut Effects) -> Result<(), String> {
        let names = StrategyName::ALL.map(StrategyName::as_str).join(", ");
        let name = StrategyName::parse(name).ok_or_else(|| format!("unknown strategy {name:?}; known: {names}"))?;
        self.settings.strategy = name;
        self.rebuild_strategies();
        self.set_watches(effects);
        self.commission_all();
        Ok(())
    }

    /// An order that rests goes; a position whose protection goes so stays without one until it is closed.
    fn cancel_by_hand(&mut self, client_id: &ClientOrderId, effects: &mut Effects) -> Result<(), String> {
        let order = self.session.sequence_of(client_id).and_then(|sequence| self.orders.find_mut(sequence));
        let order = order.ok_or_else(|| {
            format!("no order {client_id} is known in this session; only an order that rests can be cancelled")
        })?;
        let (sequence, symbol, purpose) = (order.sequence, order.symbol, order.purpose);
        let why = match order.state {
            OrderState::Open | OrderState::PartiallyFilled => {
                self.instruments[symbol.index()].unprotected |= purpose.protects();
                self.cancel(sequence, effects);
                return Ok(());
            }
            OrderState::Submitted => "is not answered by the venue yet; cancel it when it is open",
            OrderState::Cancelling => "is being cancelled already",
            OrderState::Unknown => "has an unknown outcome; the venue is being asked, cancel it when it is open",
            OrderState::Filled => "is filled",
            OrderState::Canceled => "is cancelled already",
            OrderState::Expired => "has expired",
            OrderState::Rejected => "was rejected by the venue",
        };
        Err(format!("order {client_id} {why}"))
    }

    pub(super) fn on_settings(&mut self, settings: &Settings, effects: &mut Effects) {
        let recast = settings.strategy == StrategyName::Auto && settings.mandates != self.settings.mandates;
        let rebuild = settings.strategy != self.settings.strategy
            || settings.trend != self.settings.trend
            || (recast && self.changes_experts(settings))
            || self.changes_models(settings);
        let recommission = rebuild || settings.mandates != self.settings.mandates;
        let old = std::mem::replace(&mut self.settings, settings.clone());
        if rebuild {
            self.rebuild_strategies();
        }
        self.guard.adopt(&settings.risk);
        self.set_watches(effects);
        if recommission {
            self.commission_all();
        }
        self.set_gauges(Some(&old));
        // A person may have set a stop where there was none.
        (0..self.instruments.len()).for_each(|at| self.advance(SymbolId(at as u16), effects));
        effects.notice(Notice::SettingsChanged);
    }

    /// The new strategy has seen the kept bars and takes over the position as it stands at the next decision.
    fn rebuild_strategies(&mut self) {
        for instrument in &mut self.instruments {
            let mut strategy = Strategy::warmed(&self.settings, &instrument.window);
            strategy.inherit(&instrument.strategy);
            instrument.strategy = strategy;
            instrument.awaiting_fresh_signal = false;
        }
        self.set_eyes();
    }

    /// True when a model that is asked is another one, or is traded by another measure.
    fn changes_models(&self, settings: &Settings) -> bool {
        let other_edge = settings.edge_multiple != self.settings.edge_multiple;
        let is_other = |slot: ModelSlot| {
            let (new, old) = (settings.models.get(slot), self.settings.models.get(slot));
            // Exposures are traded as they are asked for.
            let by_edge = new.is_some_and(|spec| matches!(spec.meaning, Meaning::Probability { .. }));
            new != old || (by_edge && other_edge)
        };
        let is_asked = |slot: &ModelSlot| settings.asks(*slot) || self.settings.asks(*slot);
        ModelSlot::ALL.into_iter().filter(is_asked).any(is_other)
    }

    /// True when other models would be asked.
    fn changes_experts(&self, settings: &Settings) -> bool {
        ModelSlot::ALL.into_iter().any(|slot| settings.asks(slot) != self.settings.asks(slot))
    }

    fn leave_everything(&mut self, effects: &mut Effects) {
        for at in 0..self.instruments.len() {
            if self.instruments[at].desk != Desk::Flat {
                self.instruments[at].leave = Some(ExitBy::Command);
                self.advance(SymbolId(at as u16), effects);
            }
        }
    }

    pub(super) fn on_timer(&mut self, effects: &mut Effects) {
        let now = self.now;
        let mut silent = Vec::new();
        for (at, instrument) in self.instruments.iter_mut().enumerate() {
            let late = instrument.last_close.is_some_and(|close| now >= close.plus(STALE_AFTER));
            if late && !instrument.stale {
                instrument.stale = true;
                effects.notice(Notice::Stale { symbol: SymbolId(at as u16) });
                silent.push(SymbolId(at as u16));
            }
        }
        for symbol in silent {
            self.watch_clock(symbol, effects);
            // What was being bought is bought no further.
            self.advance(symbol, effects);
        }
        let session = self.session;
        for order in self.orders.live_mut() {
            let wait = match order.state {
                OrderState::Submitted | OrderState::Cancelling => ANSWER_DEADLINE,
                OrderState::Unknown => QUERY_INTERVAL,
                OrderState::Open
                | OrderState::PartiallyFilled
                | OrderState::Filled
                | OrderState::Canceled
                | OrderState::Expired
                | OrderState::Rejected => continue,
            };
            if now >= order.sent.plus(wait) {
                let client_id = session.client_order_id(order.sequence);
                if order.state != OrderState::Unknown {
                    effects.notice(Notice::OutcomeUnknown { symbol: order.symbol, client_id: client_id.clone() });
                }
                order.state = transition(order.state, OrderEvent::NoAnswer);
                order.sent = now;
                effects.push(Effect::Query { symbol: order.symbol, client_id });
            }
        }
        self.give_up_questions(effects);
        self.wake_works(effects);
    }
}
