//! What the venue says about our orders and balances, booked.
//!
//! Invariant: a fill is booked once, by (symbol, trade id), whatever state its order is in.
//! Absent on purpose: resolving unknown orders beyond asking again; that needs a crash-safe journal.

use super::Engine;
use super::effect::{Effect, Effects};
use super::input::{Answer, Outcome};
use super::instrument::OpenTrade;
use super::notice::{ExitBy, FillRecord, HaltReason, Notice};
use super::orders::{Order, OrderEvent, OrderState, Purpose, transition};
use super::portfolio::position::BookingError;
use crate::domain::{BalanceUpdate, ExecutionReport, ExecutionType, Money, Quantity, Side, SymbolId, Value};

impl Engine {
    pub(super) fn on_answer(&mut self, answer: &Answer, effects: &mut Effects) {
        let Some(sequence) = self.session.sequence_of(&answer.client_id) else { return };
        let named = self.named_by(sequence);
        let Some(symbol) = named.first().and_then(|first| self.orders.find_mut(*first)).map(|order| order.symbol)
        else {
            return;
        };
        let event = match &answer.outcome {
            Outcome::Accepted { .. } => OrderEvent::Acknowledged,
            Outcome::Rejected { .. } => OrderEvent::Refused,
            Outcome::Unknown { .. } => OrderEvent::NoAnswer,
            Outcome::CancelRefused { .. } => OrderEvent::CancelRefused,
            Outcome::Found { status } => OrderEvent::Status(*status),
            Outcome::NotFound => OrderEvent::NotFound,
        };
        for sequence in named {
            self.apply_event(sequence, event, &answer.outcome, effects);
        }
        self.orders.sweep();
        self.advance(symbol, effects);
    }

    /// The orders that an answer speaks of: one, or the two legs of the list whose id was the number before theirs.
    fn named_by(&mut self, sequence: u64) -> Vec<u64> {
        match self.orders.find_mut(sequence) {
            Some(_) => vec![sequence],
            None => [sequence + 1, sequence + 2].into_iter().filter(|s| self.orders.find_mut(*s).is_some()).collect(),
        }
    }

    fn apply_event(&mut self, sequence: u64, event: OrderEvent, outcome: &Outcome, effects: &mut Effects) {
        let (now, session) = (self.now, self.session);
        let Some(order) = self.orders.find_mut(sequence) else { return };
        let before = order.state;
        order.state = transition(before, event);
        let (symbol, purpose) = (order.symbol, order.purpose);
        let client_id = session.client_order_id(sequence);
        if let Outcome::Rejected { code, message } = outcome {
            effects.notice(Notice::Rejected { symbol, client_id, code: *code, message: message.clone() });
            self.on_rejection(symbol, purpose);
        } else if order.state == OrderState::Unknown && before != OrderState::Unknown {
            order.sent = now;
            effects.notice(Notice::OutcomeUnknown { symbol, client_id: client_id.clone() });
            effects.push(Effect::Query { symbol, client_id });
        }
    }

    fn on_rejection(&mut self, symbol: SymbolId, purpose: Purpose) {
        let instrument = &mut self.instruments[symbol.index()];
        match purpose {
            Purpose::Entry => {}
            // Not again in this bar.
            Purpose::Exit => instrument.exit_waits = true,
            // What cannot be protected is not held.
            Purpose::Stop | Purpose::Target => instrument.leave = instrument.leave.or(Some(ExitBy::Stop)),
        }
    }

    pub(super) fn on_report(&mut self, report: &ExecutionReport, effects: &mut Effects) {
        let symbol = report.symbol;
        let order = self.session.sequence_of(&report.client_id).and_then(|sequence| self.orders.find_mut(sequence));
        let Some(order) = order else {
            effects.notice(Notice::Foreign { symbol, client_id: report.client_id.clone() });
            return;
        };
        let was_closed = order.state.is_closed();
        order.state = transition(order.state, OrderEvent::Status(report.status));
        let order = order.clone();
        let is_fill = report.execution == ExecutionType::Trade && report.last_quantity.is_positive();
        if is_fill && self.first_time(report) {
            if was_closed {
                effects.notice(Notice::LateFill { symbol, client_id: report.client_id.clone() });
            }
            self.book(&order, report, effects);
        }
        self.orders.sweep();
        self.advance(symbol, effects);
    }

    fn first_time(&mut self, report: &ExecutionReport) -> bool {
        let instrument = self.instruments.get_mut(report.symbol.index());
        instrument.zip(report.trade_id).is_some_and(|(instrument, id)| instrument.remember_trade(id))
    }

    fn book(&mut self, order: &Order, report: &ExecutionReport, effects: &mut Effects) {
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
        instrument.leave = match order.purpose {
            Purpose::Stop => Some(ExitBy::Stop),
            Purpose::Target => Some(ExitBy::Target),
            Purpose::Entry | Purpose::Exit => instrument.leave,
        };
        if let Some(order) = self.orders.find_mut(order.sequence) {
            order.filled = report.filled;
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
