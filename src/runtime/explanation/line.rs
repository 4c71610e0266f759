//! `Line`: one thing that happened, in words, with the orders it speaks of.
//!
//! Invariant: a notice that nobody foresaw here becomes a line with its own sentence.
//! Absent on purpose: decisions, which are told apart, and balances, which every fill implies.

use std::collections::VecDeque;

use crate::domain::{ClientOrderId, ExecutionReport, ExecutionType, OrderKind, SymbolId, Time, TimeInForce};
use crate::engine::orders::Purpose;
use crate::engine::risk::{Approved, Payload};
use crate::engine::{Answer, Effect, FillRecord, Input, Notice, Outcome, TradeRecord};
use crate::runtime::retelling::Step;

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub time: Time,
    pub what: What,
    /// None: of the run as a whole.
    pub symbol: Option<SymbolId>,
    pub text: String,
    /// Of an order list its own id and those of its orders.
    pub orders: Vec<ClientOrderId>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An order or a list of orders went out.
    Sent,
    CancelSent,
    QuerySent,
    /// The venue answered a request.
    Answer,
    /// The venue told a change of an order.
    Report,
    Fill(FillRecord),
    Trade(TradeRecord),
    /// Whatever else the engine said.
    Notice,
}

/// An order or a list that was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// By which answers name it.
    pub id: ClientOrderId,
    pub symbol: SymbolId,
    pub purpose: Purpose,
    /// The orders of a list.
    pub legs: Vec<ClientOrderId>,
    /// The venue said that it has it.
    is_known: bool,
}

/// The newest orders that were sent: answers do not say which symbol they are about.
#[derive(Debug, Default)]
pub struct Book(VecDeque<Sent>);

/// Orders remembered.
const KEPT: usize = 512;

impl Sent {
    pub fn of(approved: &Approved) -> Sent {
        let payload = approved.payload();
        let legs = match payload {
            Payload::Order(_) => Vec::new(),
            Payload::Oco(oco) => vec![oco.above.client_id.clone(), oco.below.client_id.clone()],
        };
        Sent {
            id: payload.client_id().clone(),
            symbol: payload.symbol(),
            purpose: approved.request().purpose,
            legs,
            is_known: false,
        }
    }

    /// Its own name and those of its orders.
    pub fn names(&self) -> Vec<ClientOrderId> {
        std::iter::once(&self.id).chain(&self.legs).cloned().collect()
    }
}

impl Book {
    /// What happened in a step, in the order in which it did.
    pub fn lines(&mut self, step: &Step<'_>) -> Vec<Line> {
        let heard = match step.input {
            Input::Answer(answer) => self.answer(step.now, answer),
            Input::Report(report) => self.report(step.now, report),
            // What they led to stands in the effects.
            Input::Start(_)
            | Input::Market(_)
            | Input::Balances(_)
            | Input::Mood(_)
            | Input::Inferred(_)
            | Input::Command(_)
            | Input::Settings(_)
            | Input::Timer => None,
        };
        let mut lines: Vec<Line> = heard.into_iter().collect();
        lines.extend(step.effects.iter().filter_map(|effect| self.effect(step.now, effect)));
        lines
    }

    fn find(&mut self, id: &ClientOrderId) -> Option<&mut Sent> {
        self.0.iter_mut().rfind(|sent| sent.id == *id || sent.legs.contains(id))
    }

    fn answer(&mut self, time: Time, answer: &Answer) -> Option<Line> {
        let id = &answer.client_id;
        let sent = self.find(id)?;
        let text = match &answer.outcome {
            Outcome::Accepted { .. } if sent.is_known => None,
            Outcome::Accepted { .. } => {
                sent.is_known = true;
                let armed = if sent.purpose.protects() { ": the protection is armed" } else { "" };
                Some(format!("{id} accepted by the venue{armed}"))
            }
            // The engine's notices tell them.
            Outcome::Rejected { .. } | Outcome::Unknown { .. } => None,
            Outcome::CancelRefused { code, message } => {
                Some(format!("{id}: its cancel was refused: {message} ({code})"))
            }
            Outcome::Found { status, filled } => {
                Some(format!("{id}: the venue answers {}, {filled} filled", status.as_str()))
            }
            Outcome::NotFound => Some(format!("{id}: the venue does not find it")),
        }?;
        let symbol = Some(sent.symbol);
        let orders = if *id == sent.id { sent.names() } else { vec![id.clone()] };
        Some(Line { time, what: What::Answer, symbol, text, orders })
    }

    fn report(&mut self, time: Time, report: &ExecutionReport) -> Option<Line> {
        let id = &report.client_id;
        let sent = self.find(id)?;
        let is_news = match report.execution {
            // Told by the notice of the fill.
            ExecutionType::Trade => false,
            ExecutionType::New => !std::mem::replace(&mut sent.is_known, true),
            ExecutionType::Canceled
            | ExecutionType::Replaced
            | ExecutionType::Rejected
            | ExecutionType::Expired
            | ExecutionType::TradePrevention => true,
        };
        let reason = report.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let text = format!("{id} is {}{reason}", report.status.as_str());
        let symbol = Some(report.symbol);
        is_news.then(|| Line { time, what: What::Report, symbol, text, orders: vec![id.clone()] })
    }

    fn effect(&mut self, time: Time, effect: &Effect) -> Option<Line> {
        let line = |what, symbol: &SymbolId, text, orders| {
            let symbol = Some(*symbol);
            Some(Line { time, what, symbol, text, orders })
        };
        match effect {
            Effect::Submit(approved) => {
                let sent = Sent::of(approved);
                let (symbol, orders) = (sent.symbol, sent.names());
                if self.0.len() == KEPT {
                    self.0.pop_front();
                }
                self.0.push_back(sent);
                line(What::Sent, &symbol, told(approved), orders)
            }
            Effect::Replace { symbol, client_id, order } => {
                let sent = Sent::of(order);
                let mut orders = sent.names();
                orders.push(client_id.clone());
                if self.0.len() == KEPT {
                    self.0.pop_front();
                }
                self.0.push_back(sent);
                line(What::Sent, symbol, format!("cancels {client_id} and {} instead", told(order)), orders)
            }
            Effect::Cancel { symbol, client_id } => {
                line(What::CancelSent, symbol, format!("cancels {client_id}"), vec![client_id.clone()])
            }
            Effect::Query { symbol, client_id } => {
                let text = format!("asks the venue what became of {client_id}");
                line(What::QuerySent, symbol, text, vec![client_id.clone()])
            }
            // What came of it stands in the decision.
            Effect::Infer(_) => None,
            Effect::Notice(notice) => notice_line(time, notice),
        }
    }
}

/// `sends the entry k-1-1: BUY MARKET 0.5`
fn told(approved: &Approved) -> String {
    let (payload, purpose) = (approved.payload(), approved.request().purpose.as_str());
    let (id, side) = (payload.client_id(), payload.side().as_str());
    match payload {
        Payload::Order(order) => format!("sends the {purpose} {id}: {side} {}", kind(order.kind)),
        Payload::Oco(oco) => {
            let leg = |leg: &crate::domain::OcoLeg| format!("{} as {}", kind(leg.kind), leg.client_id);
            format!("sends stop and target {id}: {side} {}, or {}", leg(&oco.above), leg(&oco.below))
        }
    }
}

fn kind(kind: OrderKind) -> String {
    let mut text = kind.order_type().as_str().to_owned();
    match kind {
        OrderKind::MarketQuote { amount } => text += &format!(" for {amount}"),
        kind => text += &format!(" {}", kind.quantity()),
    }
    for price in [kind.limit_price(), kind.stop_price()].into_iter().flatten() {
        text += &format!(" at {price}");
    }
    if kind.time_in_force() != TimeInForce::Gtc {
        text += &format!(" {}", kind.time_in_force().as_str());
    }
    text
}

/// `None` for what is told apart.
pub(super) fn notice_line(time: Time, notice: &Notice) -> Option<Line> {
    // The decision itself says it, with its reasons; the start stands before everything.
    if matches!(notice, Notice::Considered { .. } | Notice::Decided { .. } | Notice::Started { .. }) {
        return None;
    }
    let (what, text) = if let Notice::Filled { fill } = notice {
        (What::Fill(fill.clone()), format!("{} {notice}", fill.client_id))
    } else if let Notice::TradeClosed { trade } = notice {
        (What::Trade(trade.clone()), notice.to_string())
    } else {
        (What::Notice, notice.to_string())
    };
    Some(Line { time, what, symbol: notice.symbol(), text, orders: named(notice).cloned().into_iter().collect() })
}

/// The order that a notice speaks of.
fn named(notice: &Notice) -> Option<&ClientOrderId> {
    if let Notice::Filled { fill } = notice {
        return Some(&fill.client_id);
    }
    let (Notice::Rejected { client_id, .. }
    | Notice::OutcomeUnknown { client_id, .. }
    | Notice::LateFill { client_id, .. }
    | Notice::Foreign { client_id, .. }) = notice
    else {
        return None;
    };
    Some(client_id)
}
