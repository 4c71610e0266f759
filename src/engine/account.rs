//! What the venue says about our orders and balances, booked.
//!
//! Invariant: a fill is booked once, by (symbol, trade id), whatever state its order is in.
//! Absent on purpose: resolving unknown orders beyond asking again; that needs a crash-safe journal.

use super::Engine;
use super::effect::{Effect, Effects};
use super::execution::Fill;
use super::input::{Answer, Outcome};
use super::instrument::OpenTrade;
use super::notice::{ExitBy, FillRecord, HaltReason, Notice};
use super::orders::{Order, OrderEvent, OrderState, Purpose, transition};
use super::portfolio::position::BookingError;
use crate::domain::{
    BalanceUpdate, ExecutionReport, ExecutionType, Money, OrderStatus, Quantity, Side, SymbolId, Value,
};

impl Engine {
    pub(super) fn on_answer(&mut self, answer: &Answer, effects: &mut Effects) {
        let Some(id) = self.session.sequence_of(&answer.client_id) else { return };
        let mut symbol = None;
        let mut closed = Vec::new();
        let mut kept = false;
        let sibling = self.cancelled_sibling(id, &answer.outcome);
        for sequence in self.orders.named(id).chain(sibling) {
            let Some(order) = self.orders.find_mut(sequence) else { continue };
            let before = order.state;
            symbol = Some(order.symbol);
            apply(order, &answer.outcome);
            if order.state.is_closed() && !before.is_closed() {
                closed.push((order.purpose, order.state));
            }
            let (state, purpose) = (order.state, order.purpose);
            let rests = matches!(state, OrderState::Open | OrderState::PartiallyFilled);
            if purpose.protects() && rests && matches!(before, OrderState::Cancelling | OrderState::Unknown) {
                // The cancel did not succeed: it protects after all.
                kept = true;
            }
            self.tell(sequence, before, &answer.outcome, effects);
        }
        self.orders.sweep();
        let Some(symbol) = symbol else { return };
        if kept {
            self.instruments[symbol.index()].unprotected = false;
        }
        for (purpose, state) in closed {
            self.on_closed(symbol, purpose, state);
        }
        self.advance(symbol, effects);
    }

    /// The other leg of a list whose cancel succeeded: one leg's answer speaks for both.
    fn cancelled_sibling(&self, id: u64, outcome: &Outcome) -> Option<u64> {
        let Outcome::Found { status: OrderStatus::Canceled, filled } = outcome else { return None };
        let list = self.orders.find(id).filter(|_| filled.is_zero())?.list?;
        let legs = self.orders.live().iter().filter(|order| order.list == Some(list) && order.sequence != id);
        legs.filter(|order| order.state == OrderState::Cancelling).map(|order| order.sequence).next()
    }

    /// Says what an answer changed, and asks where it left the outcome open.
    fn tell(&mut self, sequence: u64, before: OrderState, outcome: &Outcome, effects: &mut Effects) {
        let (now, session) = (self.now, self.session);
        let Some(order) = self.orders.find_mut(sequence) else { return };
        let symbol = order.symbol;
        let client_id = session.client_order_id(sequence);
        if let (Outcome::Rejected { code, message }, false) = (outcome, before.is_closed()) {
            let client_id = client_id.clone();
            effects.notice(Notice::Rejected { symbol, client_id, code: *code, message: message.clone() });
        }
        if order.state == OrderState::Unknown && before != OrderState::Unknown {
            order.sent = now;
            effects.notice(Notice::OutcomeUnknown { symbol, client_id: client_id.clone() });
            effects.push(Effect::Query { symbol, client_id });
        }
    }

    /// What the end of an order means for its desk, beyond its fills.
    fn on_closed(&mut self, symbol: SymbolId, purpose: Purpose, state: OrderState) {
        let is_last = !self.orders.of(symbol).any(|order| order.purpose.protects());
        let instrument = &mut self.instruments[symbol.index()];
        let failed = match state {
            OrderState::Rejected => true,
            // One leg expires because the other fills; when none is left, the venue could not carry it out, unless a
            // person took the protection away.
            OrderState::Expired => (is_last && !instrument.unprotected) || purpose == Purpose::Exit,
            // A protection that somebody else cancelled is armed again.
            OrderState::Canceled => purpose == Purpose::Exit,
            OrderState::Submitted
            | OrderState::Open
            | OrderState::PartiallyFilled
            | OrderState::Cancelling
            | OrderState::Unknown
            | OrderState::Filled => false,
        };
        match purpose {
            // Not again in this bar.
            Purpose::Exit => instrument.exit_waits |= failed,
            // What cannot be protected is not held.
            Purpose::Stop | Purpose::Target if failed => {
                instrument.leave = instrument.leave.or(Some(ExitBy::Stop));
            }
            Purpose::Entry | Purpose::Stop | Purpose::Target => {}
        }
    }

    pub(super) fn on_report(&mut self, report: &ExecutionReport, effects: &mut Effects) {
        let symbol = report.symbol;
        let order = self.session.sequence_of(&report.client_id).and_then(|sequence| self.orders.find_mut(sequence));
        let Some(order) = order.filter(|order| order.symbol == symbol && order.side == report.side) else {
            effects.notice(Notice::Foreign { symbol, client_id: report.client_id.clone() });
            return;
        };
        let (was_done, before) = (order.is_done(), order.state);
        order.state = transition(before, OrderEvent::Status(report.status));
        order.learn_executed(report.filled);
        let (sequence, purpose, state) = (order.sequence, order.purpose, order.state);
        if is_fill(report) && self.first_time(report) {
            if was_done {
                effects.notice(Notice::LateFill { symbol, client_id: report.client_id.clone() });
            }
            self.book(sequence, purpose, report, effects);
        }
        self.orders.sweep();
        if state.is_closed() && !before.is_closed() {
            self.on_closed(symbol, purpose, state);
        }
        self.advance(symbol, effects);
    }

    fn first_time(&mut self, report: &ExecutionReport) -> bool {
        let instrument = self.instruments.get_mut(report.symbol.index());
        instrument.zip(report.trade_id).is_some_and(|(instrument, id)| instrument.remember_trade(id))
    }

    fn book(&mut self, sequence: u64, purpose: Purpose, report: &ExecutionReport, effects: &mut Effects) {
        let instrument = &mut self.instruments[report.symbol.index()];
        let trade = *instrument.trade.get_or_insert(OpenTrade {
            opened: report.time,
            bought: Quantity::ZERO,
            spent: Money::ZERO,
            sold: Quantity::ZERO,
            received: Money::ZERO,
            realised_before: instrument.position.realised,
            fees: Value::ZERO,
        });
        let booked = self.portfolio.book(&mut instrument.position, &instrument.rules, report, self.settings.bnb_price);
        let fee = match booked {
            Ok(fee) => fee,
            Err(BookingError::Overflow) => return self.halt(HaltReason::Overflow, effects),
            Err(BookingError::SoldMoreThanHeld) => return self.halt(HaltReason::SoldMoreThanHeld, effects),
        };
        instrument.trade = Some(grown(trade, report, fee));
        instrument.mark = Some(report.last_price);
        instrument.leave = match purpose {
            Purpose::Stop => Some(ExitBy::Stop),
            Purpose::Target => Some(ExitBy::Target),
            Purpose::Entry | Purpose::Exit => instrument.leave,
        };
        if let Some(order) = self.orders.find_mut(sequence) {
            order.filled = order.filled.saturating_add(report.last_quantity);
        }
        if let Some(work) = &mut self.instruments[report.symbol.index()].work {
            let fill = Fill { price: report.last_price, quantity: report.last_quantity, is_maker: report.is_maker };
            work.filled(sequence, fill);
            if report.is_maker {
                self.instruments[report.symbol.index()].made = Some((report.side, report.last_price));
            }
        }
        self.venue_cash = None;
        self.counts.fills += 1;
        let notional = Value::of(report.last_price, report.last_quantity);
        let equity = self.equity();
        self.performance.on_fill(report.time, equity, notional);
        effects.notice(Notice::Filled { fill: FillRecord::of(report) });
    }

    pub(super) fn on_balances(&mut self, update: &BalanceUpdate) {
        let quote = self.portfolio.quote();
        if let Some(balance) = update.balances.iter().find(|balance| balance.asset == *quote) {
            self.venue_cash = Some(balance.total());
        }
    }
}

/// What an answer says of one order.
fn apply(order: &mut Order, outcome: &Outcome) {
    let event = match outcome {
        Outcome::Accepted { .. } => OrderEvent::Acknowledged,
        Outcome::Rejected { .. } => OrderEvent::Refused,
        Outcome::Unknown { .. } => OrderEvent::NoAnswer,
        Outcome::CancelRefused { .. } => OrderEvent::CancelRefused,
        Outcome::Found { status, filled } => {
            order.learn_executed(*filled);
            OrderEvent::Status(*status)
        }
        Outcome::NotFound => OrderEvent::NotFound,
    };
    order.state = transition(order.state, event);
}

fn is_fill(report: &ExecutionReport) -> bool {
    report.execution == ExecutionType::Trade && report.last_quantity.is_positive() && report.last_price.is_positive()
}

fn grown(trade: OpenTrade, report: &ExecutionReport, fee: Value) -> OpenTrade {
    let trade = OpenTrade { fees: Value(trade.fees.0.saturating_add(fee.0)), ..trade };
    let notional = Money::notional(report.last_price, report.last_quantity).unwrap_or(Money::ZERO);
    match report.side {
        Side::Buy => OpenTrade {
            bought: trade.bought.saturating_add(report.last_quantity),
            spent: trade.spent.saturating_add(notional),
            ..trade
        },
        Side::Sell => OpenTrade {
            sold: trade.sold.saturating_add(report.last_quantity),
            received: trade.received.saturating_add(notional),
            ..trade
        },
    }
}
