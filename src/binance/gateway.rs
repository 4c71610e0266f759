//! The gateway: one WebSocket-API connection for orders, their answers, the account's events and lockstep's acks.
//!
//! Invariant: a request is written at most once and answered exactly once; what is in flight when the connection is lost
//! becomes `Outcome::Unknown`, and what was not written is refused as not sent.
//! Absent on purpose: a queue of orders for later. An order that cannot go out now is refused now.
//! Source: web-socket-api.md; user-data-stream.md.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::backoff::Backoff;
use super::error::Error;
use super::in_flight::{InFlight, Waiting, WaitingOrder};
use super::limiter::{Limiter, wall_now};
use super::line::{AccountDoor, FIRST_FREE_ID, Line};
use super::outcome::{Question, not_sent, outcome};
use super::socket::{Heard, Outlet, Reading};
use super::symbols::SymbolTable;
use super::user_stream;
use crate::domain::{ClientOrderId, Span, Time};
use crate::engine::ports::{Event, LinkState, Outgoing, Request, Socket};
use crate::engine::risk::Payload;
use crate::engine::{Answer, Outcome};
use crate::protocol::messages::lockstep::ACK;
use crate::protocol::messages::rest::ServerTime;
use crate::protocol::messages::ws_api::{ErrorBody, RequestId, method};
use crate::protocol::parse::{ApiContent, Response, api_frame};
use crate::protocol::replacement::replace_params;
use crate::protocol::requests::{oco_params, order_params, reference_params};
use crate::protocol::weights::Call;
use crate::protocol::{Params, Reaction};

pub(super) struct Gateway {
    line: Line,
    door: AccountDoor,
    backoff: Backoff,
    outlet: Outlet,
    symbols: Arc<SymbolTable>,
    in_flight: InFlight,
    limiter: Limiter,
    heard_at: Instant,
    opened_at: Instant,
    /// The market's end was told; what the sockets do then is no failure.
    ended: bool,
}

/// Why serving ended.
enum End {
    Lost(String),
    /// The driver is gone.
    Closed,
}

/// Deadlines are looked at so many times in their length.
const TICKS_PER_ANSWER: u32 = 20;

impl Gateway {
    pub fn new(line: Line, door: AccountDoor, backoff: Backoff, outlet: Outlet) -> Gateway {
        Gateway {
            line,
            symbols: Arc::clone(&door.symbols),
            door,
            backoff,
            outlet,
            in_flight: InFlight::new(FIRST_FREE_ID),
            limiter: Limiter::default(),
            heard_at: Instant::now(),
            opened_at: Instant::now(),
            ended: false,
        }
    }

    /// Serves until the driver is gone; in lockstep until the socket is lost, which is the end.
    pub async fn run(mut self, mut outgoing: mpsc::Receiver<Outgoing>) {
        self.outlet.deliver(Event::Link { socket: Socket::Account, state: LinkState::Up });
        if self.line.granted.is_some() && self.write(ack_text(0)).await.is_err() {
            tracing::warn!("the first ack was not written; reading tells why");
        }
        loop {
            let why = match self.serve(&mut outgoing).await {
                End::Closed => break,
                End::Lost(_) if self.ended => break,
                End::Lost(why) => why,
            };
            for order in self.in_flight.lost() {
                self.answer_unknown(order, format!("the connection was lost before the answer came: {why}"));
            }
            if self.line.granted.is_some() {
                self.outlet.deliver(Event::Failed(format!("the connection for orders is lost: {why}")));
                self.empty_backlog().await;
                return;
            }
            tracing::warn!(%why, "the connection for orders is lost");
            self.outlet.deliver(Event::Link { socket: Socket::Account, state: LinkState::Down { why } });
            if !self.reopen(&mut outgoing).await {
                self.empty_backlog().await;
                return;
            }
            self.outlet.deliver(Event::Link { socket: Socket::Account, state: LinkState::Up });
        }
        self.line.close().await;
    }

    async fn serve(&mut self, outgoing: &mut mpsc::Receiver<Outgoing>) -> End {
        while let Some(text) = self.line.early.pop_front() {
            if let Err(why) = self.frame(&text).await {
                return End::Lost(why);
            }
        }
        let mut tick = tokio::time::interval((self.door.timing.answer / TICKS_PER_ANSWER).max(MIN_TICK));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let in_wall_time = self.line.granted.is_none();
        loop {
            let has_backlog = !self.outlet.backlog.is_empty();
            let is_flushed = self.line.is_flushed();
            let done = tokio::select! {
                biased;
                relieved = self.outlet.relieve(), if has_backlog => match relieved {
                    true => Ok(()),
                    false => return End::Closed,
                },
                asked = outgoing.recv(), if is_flushed => match asked {
                    Some(asked) => self.ask(asked).await,
                    None => return End::Closed,
                },
                heard = poll_fn(|cx| self.line.poll(cx, !has_backlog)) => self.heard(heard).await,
                _ = tick.tick(), if in_wall_time => self.look_at_deadlines(!has_backlog),
            };
            if let Err(why) = done {
                return End::Lost(why);
            }
        }
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), String> {
        match heard {
            Heard::Text(text) => {
                self.heard_at = Instant::now();
                self.frame(&text).await
            }
            Heard::Alive => {
                self.heard_at = Instant::now();
                Ok(())
            }
            Heard::Flushed => Ok(()),
            Heard::Lost(why) => Err(why),
        }
    }

    async fn frame(&mut self, text: &str) -> Result<(), String> {
        let frame = api_frame(text).map_err(|error| error.to_string())?;
        let reading = match &frame.content {
            ApiContent::Response(response) => return self.answered(response).await,
            ApiContent::User(user) => user_stream::reading(&user.event, frame.sequence, &self.symbols),
            ApiContent::Other => Reading::silent(frame.sequence),
        };
        match reading {
            Reading::Event(event) => {
                self.ended |= matches!(event, Event::MarketEnded);
                self.outlet.deliver(event);
                Ok(())
            }
            Reading::Nothing => Ok(()),
            Reading::Reopen(why) => Err(why),
        }
    }

    async fn answered(&mut self, response: &Response<'_>) -> Result<(), String> {
        let waiting = match &response.0.id {
            RequestId::Number(id) => self.in_flight.answered(*id),
            RequestId::Null | RequestId::Text(_) => None,
        };
        match waiting {
            Some(Waiting::Order(order)) => {
                let (outcome, refusal) = outcome(order.question, &order.client_id.text(), response);
                if let Some(rows) = &response.0.rate_limits {
                    self.limiter.learn_rows(order.asked, rows);
                }
                self.outlet.deliver(Event::Answer { time: None, answer: answer(order.client_id, outcome) });
                match refusal {
                    Some(refusal) => self.refused(order.call, order.asked, &refusal).await,
                    None => {
                        self.limiter.succeeded(order.asked, order.call);
                        Ok(())
                    }
                }
            }
            Some(Waiting::Clock { asked }) => {
                if let Ok(ServerTime { server_time }) = response.read() {
                    self.line.set_clock(Time::from_millis(server_time), asked, wall_now());
                }
                Ok(())
            }
            None => match (&response.0.error, self.line.granted.is_some()) {
                // Nothing but acks is sent without an id, and without acks the exchange stands still.
                (Some(error), true) => Err(format!("the exchange refused an ack: {} {}", error.code, error.msg)),
                (Some(error), false) => {
                    tracing::warn!(code = error.code, message = %error.msg, "a refusal that nobody waits for");
                    Ok(())
                }
                (None, _) => Ok(()),
            },
        }
    }

    /// What a refusal means beyond its order.
    async fn refused(&mut self, call: Call, asked: Time, refusal: &ErrorBody) -> Result<(), String> {
        let venue_error = refusal.to_venue_error();
        // An instant of the venue's clock, not a length as over REST.
        let until = refusal.retry_after().or_else(|| venue_error.banned_until());
        let reaction = venue_error.reaction().waiting(until.map(|until| until.since(asked.plus(self.line.offset))));
        self.limiter.refused(asked, call);
        self.limiter.react(asked, reaction);
        match reaction {
            Reaction::ResyncClock if self.line.granted.is_none() && !self.in_flight.asks_clock() => {
                let asked = wall_now();
                let id = self.in_flight.enter(Waiting::Clock { asked }, Instant::now() + self.door.timing.answer);
                self.line.request(id, method::TIME, Params::new()).await
            }
            Reaction::Reconnect => Err(venue_error.to_string()),
            Reaction::StopTrading => {
                tracing::error!(error = %venue_error, "the venue does not accept the key; nothing works until that is mended");
                Ok(())
            }
            Reaction::Fatal => {
                tracing::error!(error = %venue_error, "the venue calls a request malformed");
                Ok(())
            }
            Reaction::Retry { .. }
            | Reaction::PauseOrders { .. }
            | Reaction::Rejected
            | Reaction::OutcomeUnknown
            | Reaction::Reconcile
            | Reaction::ResyncClock
            | Reaction::RefreshRules => Ok(()),
        }
    }

    async fn ask(&mut self, outgoing: Outgoing) -> Result<(), String> {
        let (now, request) = match outgoing {
            Outgoing::Ack { sequence } => return self.write(ack_text(sequence)).await,
            Outgoing::Request { now, request } => (now, request),
        };
        let (question, call) = nature(&request);
        if let Err(wait) = self.limiter.admit(now, call) {
            let why = format!("the venue's rate limit is reached for another {} ms", wait.millis());
            self.answer_not_sent(&request, &why);
            return Ok(());
        }
        let (method, params) = match self.message(&request) {
            Ok(message) => message,
            Err(why) => {
                self.answer_not_sent(&request, why);
                return Ok(());
            }
        };
        let params = self.door.credentials.ws_params(params, now.plus(self.line.offset));
        let order = WaitingOrder { question, client_id: request.client_id().clone(), call, asked: now };
        // Entered before it is written: from the first byte on nobody knows what becomes of it.
        let id = self.in_flight.enter(Waiting::Order(order), Instant::now() + self.door.timing.answer);
        self.line.request(id, method, params).await
    }

    /// Method and parameters without the signature, or why there are none.
    fn message(&self, request: &Request) -> Result<(&'static str, Params), &'static str> {
        let symbol = self.symbols.name(request.symbol()).ok_or("the symbol is not one of this run")?;
        Ok(match request {
            Request::Submit(approved) => {
                let (method, params) = match approved.payload() {
                    Payload::Order(order) => (method::ORDER_PLACE, order_params(order, symbol)),
                    Payload::Oco(oco) => (method::ORDER_LIST_PLACE_OCO, oco_params(oco, symbol)),
                };
                // Fills come as reports; a longer answer would say them twice.
                (method, params.with("newOrderRespType", "ACK"))
            }
            Request::Cancel { client_id, .. } => (method::ORDER_CANCEL, reference_params(symbol, client_id, None)),
            Request::Replace { client_id, order, .. } => match order.payload() {
                Payload::Order(order) => {
                    let params = replace_params(order, symbol, client_id).with("newOrderRespType", "ACK");
                    (method::ORDER_CANCEL_REPLACE, params)
                }
                Payload::Oco(_) => return Err("a list replaces no order"),
            },
            Request::Query { client_id, .. } => (method::ORDER_STATUS, reference_params(symbol, client_id, None)),
        })
    }

    async fn write(&mut self, text: String) -> Result<(), String> {
        self.line.write(text).await
    }

    fn answer_unknown(&mut self, order: WaitingOrder, why: String) {
        let outcome = Outcome::Unknown { why };
        self.outlet.deliver(Event::Answer { time: None, answer: answer(order.client_id, outcome) });
    }

    fn answer_not_sent(&mut self, request: &Request, why: &str) {
        let outcome = not_sent(nature(request).0, why);
        self.outlet.deliver(Event::Answer { time: None, answer: answer(request.client_id().clone(), outcome) });
    }

    fn look_at_deadlines(&mut self, reads: bool) -> Result<(), String> {
        let now = Instant::now();
        let limit = self.door.timing.answer;
        for order in self.in_flight.expired(now) {
            self.answer_unknown(order, format!("no answer within {} s", limit.as_secs_f64()));
        }
        // A connection that lived long enough proves that the venue is well.
        if now.duration_since(self.opened_at) >= limit {
            self.backoff.reset();
        }
        let silence = self.door.timing.silence;
        if reads && now.duration_since(self.heard_at) > silence {
            return Err(format!("nothing was heard for {} s", silence.as_secs_f64()));
        }
        Ok(())
    }

    /// False when the driver is gone or nothing can be done. Requests of the meantime are refused as not sent.
    async fn reopen(&mut self, outgoing: &mut mpsc::Receiver<Outgoing>) -> bool {
        let mut least = Span::ZERO;
        loop {
            let pause = self.backoff.pause().max(least).to_duration();
            let door = self.door.clone();
            let attempt = async move {
                tokio::time::sleep(pause).await;
                door.open().await
            };
            match self.meanwhile(attempt, outgoing).await {
                None => return false,
                Some(Ok(line)) => {
                    self.line = line;
                    self.heard_at = Instant::now();
                    self.opened_at = self.heard_at;
                    return true;
                }
                Some(Err(error @ (Error::Fatal(_) | Error::Rejected { .. }))) => {
                    let why = format!("the connection for orders cannot be opened again: {error}");
                    self.outlet.deliver(Event::Failed(why));
                    return false;
                }
                Some(Err(error @ (Error::Retry { .. } | Error::OutcomeUnknown { .. }))) => {
                    tracing::warn!(%error, "the connection for orders cannot be opened");
                    least = if let Error::Retry { after, .. } = error { after } else { Span::ZERO };
                }
            }
        }
    }

    /// Waits for `work`, telling the driver meanwhile that nothing is sent. `None` when the driver is gone.
    async fn meanwhile<T>(
        &mut self,
        work: impl Future<Output = T>,
        outgoing: &mut mpsc::Receiver<Outgoing>,
    ) -> Option<T> {
        let mut work = pin!(work);
        loop {
            let has_backlog = !self.outlet.backlog.is_empty();
            tokio::select! {
                biased;
                relieved = self.outlet.relieve(), if has_backlog => {
                    if !relieved {
                        return None;
                    }
                },
                asked = outgoing.recv() => match asked? {
                    Outgoing::Request { request, .. } => {
                        self.answer_not_sent(&request, "the connection for orders is down");
                    }
                    Outgoing::Ack { .. } => {}
                },
                done = &mut work => return Some(done),
            }
        }
    }

    /// The last words before this task ends.
    async fn empty_backlog(&mut self) {
        while !self.outlet.backlog.is_empty() && self.outlet.relieve().await {}
    }
}

/// Deadlines need no finer clock.
const MIN_TICK: std::time::Duration = std::time::Duration::from_millis(10);

fn answer(client_id: ClientOrderId, outcome: Outcome) -> Answer {
    Answer { client_id, outcome }
}

fn nature(request: &Request) -> (Question, Call) {
    match request {
        Request::Submit(approved) => match approved.payload() {
            Payload::Order(_) => (Question::Order, Call::NewOrder),
            Payload::Oco(_) => (Question::Oco, Call::NewOco),
        },
        Request::Cancel { .. } => (Question::Cancel, Call::CancelOrder),
        Request::Replace { .. } => (Question::Replace, Call::ReplaceOrder),
        Request::Query { .. } => (Question::Query, Call::QueryOrder),
    }
}

fn ack_text(sequence: u64) -> String {
    format!("{{\"method\":\"{ACK}\",\"params\":{{\"sequence\":{sequence}}},\"id\":null}}")
}
