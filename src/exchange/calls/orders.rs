//! Calls about single orders: place, test, query, cancel, lists of them.
//!
//! Invariant: an order is answered as the simulator holds it after the call, with the fills that it had by then.
//! Absent on purpose: order lists (`lists`), and the count of unfilled orders (the caller's).
//! Source: rest-api.md, "Trading endpoints".

use super::paging::{self, Window};
use super::{Ask, account, fresh_id, json, refusals, rows};
use crate::domain::rules::OrderContext;
use crate::domain::{ClientOrderId, NewOrder, OrderId};
use crate::exchange::venue::Venue;
use crate::protocol::VenueError;
use crate::protocol::errors::Refusal as Word;
use crate::protocol::messages::order::{CancelAnswer, OrderAnswer, ResponseType};
use crate::protocol::messages::rest::Empty;
use crate::protocol::requests::{self, Form, OrderReference};
use crate::protocol::weights::Call;
use crate::simulator::{AccountId, ListRef, OrderRecord, OrderRef, Refusal};

pub(super) fn place(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let (order, form) = read_order(venue, ask)?;
    enter(venue, ask, account, &order, form).map(|answer| json(&answer))
}

/// Places an order that was read, and answers in the form that was asked for.
pub(super) fn enter(
    venue: &mut Venue,
    ask: &Ask<'_>,
    account: AccountId,
    order: &NewOrder,
    form: ResponseType,
) -> Result<OrderAnswer, VenueError> {
    let refusal = |refusal| refusals::of_order(refusal, order.kind);
    let placed = venue.simulator.place(account, ask.now, order).map_err(refusal)?;
    let which = OrderRef::Id(placed.order_id);
    let record = venue.simulator.order(account, order.symbol, &which).ok_or_else(VenueError::unknown)?;
    let mut result = rows::result(ask.unit, venue, record, placed.time);
    Ok(match form {
        ResponseType::Ack => OrderAnswer::Ack(result.to_ack()),
        ResponseType::Result => OrderAnswer::Result(Box::new(result)),
        ResponseType::Full => {
            result.fills = Some(rows::fills(venue, account, record));
            OrderAnswer::Result(Box::new(result))
        }
    })
}

/// Checks parameters and filters; balances are the matching engine's.
pub(super) fn test(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let with_commission = super::flag(&mut Form::of(ask.params), "computeCommissionRates")?;
    let (order, _) = read_order(venue, ask)?;
    let NewOrder { symbol, side, kind, .. } = order;
    let rules = &venue.rules[symbol.index()];
    if !rules.order_types.contains(&kind.order_type()) {
        return Err(refusals::of_order(Refusal::NotSupported, kind));
    }
    let reference = venue.simulator.price(symbol).ok_or_else(VenueError::no_reference_price)?;
    let (mut open_orders, mut open_trigger_orders) = (0, 0);
    for record in venue.simulator.open_orders(account, Some(symbol)) {
        open_orders += 1;
        open_trigger_orders += u32::from(record.kind.stop_price().is_some());
    }
    rules.check(side, kind, OrderContext { reference, open_orders, open_trigger_orders })?;
    match (ask.call, with_commission) {
        (Call::TestOrder { .. }, Some(true)) => Ok(account::commission_of_order(venue)),
        (_, Some(_) | None) => Ok(json(&Empty {})),
    }
}

pub(super) fn query(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let reference = requests::parse_reference(ask.params, |name| venue.symbol_id(name))?;
    let record = find(venue, account, &reference).ok_or_else(VenueError::no_such_order)?;
    if !is_named(record, &reference) {
        return Err(VenueError::client_order_id_mismatch());
    }
    Ok(json(&rows::row(ask.unit, venue, record)))
}

pub(super) fn cancel(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let reference = requests::parse_reference(ask.params, |name| venue.symbol_id(name))?;
    cancel_named(venue, ask, account, reference).map(|answer| json(&answer))
}

/// Cancels the order that a reference means, if it is open and as the reference wants it.
pub(super) fn cancel_named(
    venue: &mut Venue,
    ask: &Ask<'_>,
    account: AccountId,
    reference: OrderReference,
) -> Result<CancelAnswer, VenueError> {
    let unknown = || VenueError::cancel_rejected(Word::UnknownOrder);
    let record = find(venue, account, &reference).filter(|record| is_named(record, &reference)).ok_or_else(unknown)?;
    if record.status.is_terminal() {
        return Err(unknown());
    }
    if reference.only_if.is_some_and(|status| record.status != status) {
        return Err(VenueError::cancel_rejected(Word::CancelRestrictions));
    }
    let record = record.clone();
    let name = reference.cancel_id.unwrap_or_else(|| fresh_id(&mut venue.named));
    withdraw(venue, ask, account, &record, &name)
}

pub(super) fn cancel_open(venue: &mut Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    form.finish()?;
    let open: Vec<OrderRecord> = venue.simulator.open_orders(account, Some(symbol)).cloned().collect();
    if open.is_empty() {
        return Err(VenueError::cancel_rejected(Word::UnknownOrder));
    }
    let mut answers: Vec<CancelAnswer> = Vec::with_capacity(open.len());
    for record in open {
        // A leg that went with its sibling is in the sibling's answer.
        let now = venue.simulator.order(account, symbol, &OrderRef::Id(record.order_id));
        if now.is_some_and(|now| now.status.is_terminal()) {
            continue;
        }
        let name = fresh_id(&mut venue.named);
        answers.push(withdraw(venue, ask, account, &record, &name)?);
    }
    Ok(json(&answers))
}

pub(super) fn open(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut form = Form::of(ask.params);
    let symbol = match form.optional("symbol")? {
        Some(_) => Some(form.symbol(&|name| venue.symbol_id(name))?),
        None => None,
    };
    form.finish()?;
    let open = venue.simulator.open_orders(account, symbol);
    Ok(json(&open.map(|record| rows::row(ask.unit, venue, record)).collect::<Vec<_>>()))
}

pub(super) fn all(venue: &Venue, ask: &Ask<'_>) -> Result<String, VenueError> {
    let account = ask.owner()?;
    let mut form = Form::of(ask.params);
    let symbol = form.symbol(&|name| venue.symbol_id(name))?;
    let from = form.integer("orderId")?.map(OrderId);
    let window = Window::read(&mut form)?.within_a_day()?;
    let limit = paging::limit(&mut form, 500, 1_000)?;
    form.finish()?;
    let is_meant =
        |record: &&OrderRecord| from.is_none_or(|from| record.order_id >= from) && window.holds(record.created);
    let records = venue.simulator.all_orders(account, symbol).filter(is_meant);
    let page = paging::page(records, limit, from.is_some() || window.start.is_some());
    Ok(json(&page.into_iter().map(|record| rows::row(ask.unit, venue, record)).collect::<Vec<_>>()))
}

/// Cancels an open order, and its whole list where it is a leg. The reports to come carry the cancel's name.
pub(super) fn withdraw(
    venue: &mut Venue,
    ask: &Ask<'_>,
    account: AccountId,
    record: &OrderRecord,
    name: &ClientOrderId,
) -> Result<CancelAnswer, VenueError> {
    let (symbol, which) = (record.symbol, OrderRef::Id(record.order_id));
    let list =
        |venue: &Venue| record.list_id.and_then(|id| venue.simulator.list(account, symbol, &ListRef::Id(id)).cloned());
    let is_open = |record: &&OrderRecord| !record.status.is_terminal();
    let ending: Vec<OrderId> = match list(venue) {
        Some(list) => rows::legs(venue, account, &list).filter(is_open).map(|leg| leg.order_id).collect(),
        None => vec![record.order_id],
    };
    let done = venue.simulator.cancel(account, ask.now, symbol, &which).map_err(refusals::of_cancel)?;
    venue.cancels.extend(ending.into_iter().map(|id| (id, name.clone())));
    let Some(list) = list(venue) else {
        return Ok(CancelAnswer::Order(Box::new(rows::cancelled(ask.unit, venue, &done, name, ask.now))));
    };
    let legs = rows::legs(venue, account, &list);
    let order_reports = legs.map(|leg| rows::cancelled(ask.unit, venue, leg, name, ask.now)).collect();
    let mut answer = rows::list(ask.unit, venue, &list);
    answer.order_reports = order_reports;
    Ok(CancelAnswer::List(answer))
}

fn read_order(venue: &mut Venue, ask: &Ask<'_>) -> Result<(NewOrder, ResponseType), VenueError> {
    let mut named = venue.named;
    let order = requests::parse_order(ask.params, |name| venue.symbol_id(name), || fresh_id(&mut named))?;
    let form = requests::response_type(ask.params, order.kind.order_type())?;
    venue.named = named;
    Ok((order, form))
}

/// The order of the id, or of the client id where there is no id.
fn find<'a>(venue: &'a Venue, account: AccountId, reference: &OrderReference) -> Option<&'a OrderRecord> {
    let by_id = reference.order_id.map(OrderRef::Id);
    let which = by_id.or_else(|| reference.client_id.clone().map(OrderRef::Client))?;
    venue.simulator.order(account, reference.symbol, &which)
}

/// True unless the reference carries the client id of another order.
fn is_named(record: &OrderRecord, reference: &OrderReference) -> bool {
    reference.client_id.as_ref().is_none_or(|client_id| *client_id == record.client_id)
}
