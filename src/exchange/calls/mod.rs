//! Calls: the one answer to every REST and WebSocket API call, independent of sockets.
//!
//! Invariant: a refused call has changed nothing but the counter of names; its code and text are Binance's.
//! Absent on purpose: signatures (`auth`), rate limits (`limits`), connections and their subscriptions.
//! Source: Binance spot API docs, rest-api.md; the WebSocket API's results are the same objects.

mod account;
mod day;
mod klines;
mod lists;
mod market;
mod orders;
mod paging;
mod refusals;
mod replace;
pub(super) mod rows;

use serde::Serialize;

use super::venue::Venue;
use crate::domain::{ClientOrderId, Time};
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::rest::Empty;
use crate::protocol::requests::Form;
use crate::protocol::weights::Call;
use crate::protocol::{Params, VenueError};
use crate::simulator::AccountId;

pub use day::{Day, amount};
pub use klines::{Interval, totals};
pub use market::{average, rate_limits};

/// One call as it reaches the venue.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub call: Call,
    pub params: &'a Params,
    /// Who asks, already authenticated; signed calls need it.
    pub account: Option<AccountId>,
    /// The server's time: `time`, transaction times.
    pub now: Time,
    /// Of all times in the answer.
    pub unit: TimeUnit,
    /// The refusal of a new order by the account's order count, where its half of a cancelReplace alone is refused.
    pub orders_full: Option<&'a VenueError>,
}

/// The result as JSON text (of REST's body and of the WebSocket API's `result`), or the refusal.
///
/// Calls about a connection (`userDataStream.*`, `session.*`) belong to the socket and are -1020 here.
pub fn answer(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    match ask.call {
        Call::Ping => without_parameters(ask).map(|()| json(&Empty {})),
        Call::Time => without_parameters(ask).map(|()| market::time(ask)),
        Call::ExchangeInfo => market::exchange_info(venue, ask),
        Call::Depth { .. } => market::depth(venue, ask),
        Call::Trades | Call::HistoricalTrades => market::trades(venue, ask),
        Call::AggTrades => market::agg_trades(venue, ask),
        Call::Klines | Call::UiKlines => klines::klines(venue, ask),
        Call::DayTicker { .. } => day::tickers(venue, ask),
        Call::AvgPrice => market::average_price(venue, ask),
        Call::TickerPrice { .. } => market::price_ticker(venue, ask),
        Call::BookTicker { .. } => market::book_ticker(venue, ask),
        Call::NewOrder => orders::place(venue, ask),
        Call::ReplaceOrder => replace::replace(venue, ask),
        Call::TestOrder { .. } => orders::test(venue, ask),
        Call::QueryOrder => orders::query(venue, ask),
        Call::CancelOrder => orders::cancel(venue, ask),
        Call::OpenOrders { .. } => orders::open(venue, ask),
        Call::CancelOpenOrders => orders::cancel_open(venue, ask),
        Call::AllOrders => orders::all(venue, ask),
        Call::NewOco => lists::place(venue, ask),
        Call::QueryOrderList => lists::query(venue, ask),
        Call::CancelOrderList => lists::cancel(venue, ask),
        Call::OpenOrderLists => lists::open(venue, ask),
        Call::Account => account::account(venue, ask),
        Call::Commission => account::commission(venue, ask),
        Call::MyTrades { .. } => account::trades(venue, ask),
        Call::OrderCounts => account::order_counts(venue, ask),
        Call::SubscribeUserStream
        | Call::UnsubscribeUserStream
        | Call::ListSubscriptions
        | Call::SessionLogon
        | Call::SessionStatus
        | Call::SessionLogout => Err(VenueError::unsupported_operation()),
    }
}

/// True for calls that need a signature.
pub fn is_signed(call: Call) -> bool {
    call.is_signed()
}

/// The constant answer to a path beside `/api/v3` that clients read at their start.
pub fn rest_extra(path: &str) -> Option<&'static str> {
    match path {
        "/sapi/v1/margin/allPairs" | "/sapi/v1/margin/isolated/allPairs" => Some("[]"),
        "/sapi/v1/system/status" => Some(r#"{"status":0,"msg":"normal"}"#),
        _ => None,
    }
}

impl Ask<'_> {
    /// The account of a signed call.
    fn owner(&self) -> Result<AccountId, VenueError> {
        self.account.ok_or_else(VenueError::rejected_key)
    }
}

/// The next id for an order, list or cancel that the client did not name.
fn fresh_id(named: &mut u64) -> ClientOrderId {
    *named += 1;
    ClientOrderId::from(&*format!("x-local-{named}"))
}

fn without_parameters(ask: &Ask<'_>) -> Result<(), VenueError> {
    let refusal = |_| VenueError::too_many_parameters(0, ask.params.len());
    Form::of(ask.params).finish().map_err(refusal)
}

/// Reads `true` or `false`; -1100 for other text.
fn flag(form: &mut Form<'_>, name: &'static str) -> Result<Option<bool>, VenueError> {
    match form.optional(name)? {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(VenueError::illegal_characters_in(name, "^(true|false)$")),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("an answer's keys are strings and its decimals are text")
}
