//! Calls about order lists: place an OCO, query, cancel, open lists.
//!
//! Invariant: a list's answer names the order above first.
//! Absent on purpose: OTO, OTOCO and OPO, which exchangeInfo says are not allowed.
//! Source: rest-api.md, "Order lists".

use serde::Serialize;

use super::{Ask, fresh_id, json, orders, refusals, rows};
use crate::domain::{OrderType, SymbolId};
use crate::exchange::venue::Venue;
use crate::protocol::errors::Refusal as Word;
use crate::protocol::messages::order::{OrderAck, OrderListAnswer, ResponseType};
use crate::protocol::requests::{self, Form, ListReference};
use crate::protocol::{Params, VenueError};
use crate::simulator::{AccountId, ListRecord, ListRef, ListStatus};

/// A list's answer with reports of the ACK form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShortAnswer {
    #[serde(flatten)]
    list: OrderListAnswer,
    order_reports: Vec<OrderAck>,
}

/// RESULT unless the client asks for ACK or FULL (with the fills that resting legs do not have).
pub(super) fn place(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let form = match ask.params.get("newOrderRespType") {
        None => ResponseType::Result,
        Some(_) => requests::response_type(ask.params, OrderType::Limit)?,
    };
    let mut named = venue.named;
    let (symbols, fresh) = (|name: &str| venue.symbol_id(name), || fresh_id(&mut named));
    let oco = match is_old(ask.params) {
        true => requests::parse_old_oco(ask.params, symbols, fresh)?,
        false => requests::parse_oco(ask.params, symbols, fresh)?,
    };
    venue.named = named;
    let placed = venue.simulator.place_oco(account, ask.now, &oco).map_err(refusals::of_oco)?;
    let which = ListRef::Id(placed.list_id);
    let record = venue.simulator.list(account, oco.symbol, &which).ok_or_else(VenueError::unknown)?;
    let mut list = rows::list(ask.unit, venue, record);
    let mut reports: Vec<_> =
        rows::legs(venue, account, record).map(|leg| rows::result(ask.unit, venue, leg, placed.time)).collect();
    if form == ResponseType::Ack {
        let order_reports = reports.iter().map(|report| report.to_ack()).collect();
        return Ok(json(&ShortAnswer { list, order_reports }));
    }
    if form == ResponseType::Full {
        reports.iter_mut().for_each(|report| report.fills = Some(Vec::new()));
    }
    list.order_reports = reports;
    Ok(json(&list))
}

pub(super) fn query(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let reference = requests::parse_list_reference(ask.params, |name| venue.symbol_id(name))?;
    let list = find(venue, account, &reference).ok_or_else(VenueError::no_such_order)?;
    Ok(json(&rows::list(ask.unit, venue, list)))
}

pub(super) fn cancel(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let unknown = || VenueError::cancel_rejected(Word::UnknownOrder);
    ask.params.require("symbol")?;
    let reference = requests::parse_list_reference(ask.params, |name| venue.symbol_id(name))?;
    let list = find(venue, account, &reference).filter(|list| list.status == ListStatus::ExecStarted);
    let list = list.ok_or_else(unknown)?;
    let is_open = |leg: &&crate::simulator::OrderRecord| !leg.status.is_terminal();
    let leg = rows::legs(venue, account, list).find(is_open).cloned().ok_or_else(unknown)?;
    let name = reference.cancel_id.unwrap_or_else(|| fresh_id(&mut venue.named));
    orders::withdraw(venue, ask, account, &leg, &name).map(|answer| json(&answer))
}

pub(super) fn open(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    Form::of(ask.params).finish()?;
    let lists = venue.simulator.open_lists(account);
    Ok(json(&lists.map(|list| rows::list(ask.unit, venue, list)).collect::<Vec<_>>()))
}

/// The deprecated call has one `stopPrice` and knows no types of legs.
fn is_old(params: &Params) -> bool {
    params.get("stopPrice").is_some() && params.get("aboveType").is_none() && params.get("belowType").is_none()
}

/// The list of the id, which must have the client id that is sent with it; of any symbol where none is named.
fn find<'a>(venue: &'a Venue, account: AccountId, reference: &ListReference) -> Option<&'a ListRecord> {
    let by_id = reference.list_id.map(ListRef::Id);
    let which = by_id.or_else(|| reference.list_client_id.clone().map(ListRef::Client))?;
    let of = |symbol: SymbolId| venue.simulator.list(account, symbol, &which);
    let list = match reference.symbol {
        Some(symbol) => of(symbol),
        None => (0..venue.rules.len()).find_map(|at| of(SymbolId(at as u16))),
    };
    list.filter(|list| reference.list_client_id.as_ref().is_none_or(|client_id| *client_id == list.client_id))
}
