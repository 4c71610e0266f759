//! Rows: the simulator's records of orders, lists and fills as Binance's answers print them.
//!
//! Invariant: one record prints the same numbers in a placement, a cancel, a query and a report.
//! Absent on purpose: who may see them (`orders`, `lists`).

use crate::domain::{ClientOrderId, Money, OrderKind, OrderType, Time};
use crate::exchange::venue::Venue;
use crate::protocol::messages::order::{ListedOrder, MyTrade, OrderFill, OrderListAnswer, OrderResult, OrderRow};
use crate::protocol::messages::{Open, TimeUnit};
use crate::simulator::{AccountId, ExpiryReason, ListRecord, OrderRecord, OrderRef, TradeRecord};

/// Every order's, as exchangeInfo states it.
const SELF_TRADE_PREVENTION: &str = "NONE";

/// RESULT: FULL without its fills.
pub(super) fn result(unit: TimeUnit, venue: &Venue, record: &OrderRecord, time: Time) -> OrderResult {
    OrderResult {
        symbol: venue.symbol(record.symbol).to_string(),
        orig_client_order_id: None,
        order_id: record.order_id.0,
        order_list_id: record.list_id.map_or(-1, |id| id.0),
        client_order_id: record.client_id.to_string(),
        transact_time: unit.write(time),
        price: record.kind.limit_price().unwrap_or_default(),
        orig_qty: record.quantity,
        executed_qty: record.filled,
        orig_quote_order_qty: quote_amount(record.kind),
        cummulative_quote_qty: record.filled_quote,
        status: record.status.into(),
        time_in_force: record.kind.time_in_force().into(),
        order_type: order_type(record),
        side: record.side.into(),
        stop_price: record.kind.stop_price(),
        working_time: Some(working_time(unit, record)),
        self_trade_prevention_mode: Some(SELF_TRADE_PREVENTION.to_owned()),
        expiry_reason: expiry_reason(record),
        fills: None,
    }
}

/// The answer to a cancel, which has a name of its own.
pub(super) fn cancelled(
    unit: TimeUnit,
    venue: &Venue,
    record: &OrderRecord,
    cancel: &ClientOrderId,
    time: Time,
) -> OrderResult {
    let result = result(unit, venue, record, time);
    OrderResult {
        orig_client_order_id: Some(record.client_id.to_string()),
        client_order_id: cancel.to_string(),
        // Documented for placements only.
        working_time: None,
        ..result
    }
}

/// What an order has executed so far.
pub(super) fn fills(venue: &Venue, account: AccountId, record: &OrderRecord) -> Vec<OrderFill> {
    if record.filled.is_zero() {
        return Vec::new();
    }
    let trades = venue.simulator.trades(account, record.symbol).filter(|trade| trade.order_id == record.order_id);
    let fill = |trade: &TradeRecord| OrderFill {
        price: trade.price,
        qty: trade.quantity,
        commission: trade.commission.amount,
        commission_asset: trade.commission.asset.to_string(),
        trade_id: trade.trade_id.0,
    };
    trades.map(fill).collect()
}

/// A row of a query.
pub(super) fn row(unit: TimeUnit, venue: &Venue, record: &OrderRecord) -> OrderRow {
    OrderRow {
        symbol: venue.symbol(record.symbol).to_string(),
        order_id: record.order_id.0,
        order_list_id: record.list_id.map_or(-1, |id| id.0),
        client_order_id: record.client_id.to_string(),
        price: record.kind.limit_price().unwrap_or_default(),
        orig_qty: record.quantity,
        executed_qty: record.filled,
        cummulative_quote_qty: record.filled_quote,
        status: record.status.into(),
        time_in_force: record.kind.time_in_force().into(),
        order_type: order_type(record),
        side: record.side.into(),
        stop_price: record.kind.stop_price().unwrap_or_default(),
        iceberg_qty: Default::default(),
        time: unit.write(record.created),
        update_time: unit.write(record.updated),
        is_working: record.is_working,
        working_time: working_time(unit, record),
        orig_quote_order_qty: quote_amount(record.kind),
        self_trade_prevention_mode: Some(SELF_TRADE_PREVENTION.to_owned()),
        expiry_reason: expiry_reason(record),
    }
}

/// A list without reports, which is what queries answer.
pub(super) fn list(unit: TimeUnit, venue: &Venue, list: &ListRecord) -> OrderListAnswer {
    let symbol = venue.symbol(list.symbol);
    let listed = list.orders.iter().map(|(id, client_id)| ListedOrder {
        symbol: symbol.to_string(),
        order_id: id.0,
        client_order_id: client_id.to_string(),
    });
    OrderListAnswer {
        order_list_id: list.list_id.0,
        contingency_type: OrderListAnswer::OCO.to_owned(),
        list_status_type: list.status.as_str().to_owned(),
        list_order_status: list.status.order_status().to_owned(),
        list_client_order_id: list.client_id.to_string(),
        transaction_time: unit.write(list.updated),
        symbol: symbol.to_string(),
        orders: listed.collect(),
        order_reports: Vec::new(),
    }
}

/// Both orders of a list, above first.
pub(super) fn legs<'a>(
    venue: &'a Venue,
    account: AccountId,
    list: &ListRecord,
) -> impl Iterator<Item = &'a OrderRecord> {
    let refs = list.orders.each_ref().map(|(id, _)| OrderRef::Id(*id));
    let symbol = list.symbol;
    refs.into_iter().filter_map(move |id| venue.simulator.order(account, symbol, &id))
}

pub(super) fn trade(unit: TimeUnit, venue: &Venue, trade: &TradeRecord) -> MyTrade {
    MyTrade {
        symbol: venue.symbol(trade.symbol).to_string(),
        id: trade.trade_id.0,
        order_id: trade.order_id.0,
        order_list_id: trade.list_id.map_or(-1, |id| id.0),
        price: trade.price,
        qty: trade.quantity,
        quote_qty: trade.quote,
        commission: trade.commission.amount,
        commission_asset: trade.commission.asset.to_string(),
        time: unit.write(trade.time),
        is_buyer: trade.side == crate::domain::Side::Buy,
        is_maker: trade.is_maker,
        is_best_match: true,
    }
}

/// When the order entered the book; a trigger order only does when it triggers, and then trades at once.
pub(in crate::exchange) fn working_since(record: &OrderRecord) -> Option<Time> {
    let entered = if record.kind.stop_price().is_some() { record.updated } else { record.created };
    record.is_working.then_some(entered)
}

/// The limit leg of an OCO is a LIMIT_MAKER.
pub(in crate::exchange) fn is_limit_maker(record: &OrderRecord) -> bool {
    record.list_id.is_some() && record.kind.order_type() == OrderType::Limit
}

/// `origQuoteOrderQty`: what a MARKET by quote amount was to spend or to bring.
pub(in crate::exchange) fn quote_amount(kind: OrderKind) -> Money {
    match kind {
        OrderKind::MarketQuote { amount } => amount,
        OrderKind::Market { .. }
        | OrderKind::Limit { .. }
        | OrderKind::LimitMaker { .. }
        | OrderKind::StopLoss { .. }
        | OrderKind::TakeProfit { .. } => Money::ZERO,
    }
}

fn working_time(unit: TimeUnit, record: &OrderRecord) -> i64 {
    working_since(record).map_or(-1, |time| unit.write(time))
}

fn order_type(record: &OrderRecord) -> Open<OrderType> {
    if is_limit_maker(record) { OrderType::LimitMaker.into() } else { record.kind.order_type().into() }
}

fn expiry_reason(record: &OrderRecord) -> Option<String> {
    record.reason.map(ExpiryReason::as_str).map(str::to_owned)
}
