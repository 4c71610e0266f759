//! Answers about orders, to and from the domain's reports: placement, query, own trades.
//!
//! Invariant: each fill of an answer becomes one TRADE report with its trade id, so that it merges with the user stream's.
//! Absent on purpose: the user stream's own reports (`protocol::convert`).

use super::convert::{ConvertError, ReportExtras, execution_of, known, list_id, order_type, wire_type};
use super::messages::TimeUnit;
use super::messages::order::{ListedOrder, MyTrade, OrderFill, OrderListAnswer, OrderResult, OrderRow};
use crate::domain::{
    Asset, ClientOrderId, Commission, ExecutionReport, ExecutionType, Money, OrderId, OrderStatus, OrderType, Price,
    Quantity, SymbolId, TradeId,
};

/// What a placement or cancel answer says, in order: without fills one report with the totals; with fills first NEW, then
/// one TRADE for each fill, then the end if the rest expired or was cancelled.
pub fn reports_of_result(
    result: &OrderResult,
    symbol: SymbolId,
    unit: TimeUnit,
) -> Result<Vec<ExecutionReport>, ConvertError> {
    let status = known("order status", &result.status)?;
    let last = ExecutionReport {
        symbol,
        client_id: ClientOrderId(result.own_client_id().into()),
        order_id: OrderId(result.order_id),
        list_id: list_id(result.order_list_id),
        side: known("side", &result.side)?,
        order_type: order_type(&result.order_type)?,
        execution: execution_of(status),
        status,
        quantity: result.orig_qty,
        price: result.price,
        stop_price: result.stop_price.unwrap_or(Price::ZERO),
        last_quantity: Quantity::ZERO,
        last_price: Price::ZERO,
        filled: result.executed_qty,
        filled_quote: result.cummulative_quote_qty,
        commission: None,
        trade_id: None,
        is_maker: false,
        time: unit.read(result.transact_time),
        reason: result.expiry_reason.clone(),
    };
    let fills = result.fills.as_deref().unwrap_or_default();
    if fills.is_empty() {
        return Ok(vec![last]);
    }
    let accepted = ExecutionReport {
        execution: ExecutionType::New,
        status: OrderStatus::New,
        filled: Quantity::ZERO,
        filled_quote: Money::ZERO,
        reason: None,
        ..last.clone()
    };
    let mut reports = vec![accepted];
    reports.extend(trades_of_fills(fills, &last));
    if status.is_terminal() && status != OrderStatus::Filled {
        reports.push(last);
    }
    Ok(reports)
}

fn trades_of_fills(fills: &[OrderFill], last: &ExecutionReport) -> Vec<ExecutionReport> {
    let (mut filled, mut filled_quote) = (Quantity::ZERO, Money::ZERO);
    let trades = fills.iter().map(|fill| {
        filled = filled.saturating_add(fill.qty);
        filled_quote = filled_quote.saturating_add(Money::notional(fill.price, fill.qty).unwrap_or(Money::MAX));
        let complete = filled >= last.quantity;
        ExecutionReport {
            execution: ExecutionType::Trade,
            status: if complete { OrderStatus::Filled } else { OrderStatus::PartiallyFilled },
            last_quantity: fill.qty,
            last_price: fill.price,
            filled,
            // The venue's own total where the fills are all in.
            filled_quote: if filled == last.filled { last.filled_quote } else { filled_quote },
            commission: Some(Commission { asset: Asset::new(&fill.commission_asset), amount: fill.commission }),
            trade_id: (fill.trade_id >= 0).then_some(TradeId(fill.trade_id)),
            reason: None,
            ..last.clone()
        }
    });
    trades.collect()
}

/// What a query says: status and totals, no fill.
pub fn report_of_row(row: &OrderRow, symbol: SymbolId, unit: TimeUnit) -> Result<ExecutionReport, ConvertError> {
    let status = known("order status", &row.status)?;
    Ok(ExecutionReport {
        symbol,
        client_id: ClientOrderId(row.client_order_id.as_str().into()),
        order_id: OrderId(row.order_id),
        list_id: list_id(row.order_list_id),
        side: known("side", &row.side)?,
        order_type: order_type(&row.order_type)?,
        execution: execution_of(status),
        status,
        quantity: row.orig_qty,
        price: row.price,
        stop_price: row.stop_price,
        last_quantity: Quantity::ZERO,
        last_price: Price::ZERO,
        filled: row.executed_qty,
        filled_quote: row.cummulative_quote_qty,
        commission: None,
        trade_id: None,
        is_maker: false,
        time: unit.read(row.update_time),
        reason: row.expiry_reason.clone(),
    })
}

/// The fills of an order from `myTrades`, oldest first, as the reports that the user stream would have sent.
/// Trades of other orders are left out. `order` is what the query said of the order.
pub fn reports_of_trades(order: &ExecutionReport, trades: &[MyTrade], unit: TimeUnit) -> Vec<ExecutionReport> {
    let mut own: Vec<&MyTrade> = trades.iter().filter(|trade| trade.order_id == order.order_id.0).collect();
    own.sort_by_key(|trade| trade.id);
    let (mut filled, mut filled_quote) = (Quantity::ZERO, Money::ZERO);
    let reports = own.into_iter().map(|trade| {
        filled = filled.saturating_add(trade.qty);
        filled_quote = filled_quote.saturating_add(trade.quote_qty);
        ExecutionReport {
            execution: ExecutionType::Trade,
            status: if filled >= order.quantity { OrderStatus::Filled } else { OrderStatus::PartiallyFilled },
            last_quantity: trade.qty,
            last_price: trade.price,
            filled,
            filled_quote,
            commission: Some(Commission { asset: Asset::new(&trade.commission_asset), amount: trade.commission }),
            trade_id: Some(TradeId(trade.id)),
            is_maker: trade.is_maker,
            time: unit.read(trade.time),
            reason: None,
            ..order.clone()
        }
    });
    reports.collect()
}

/// RESULT of the order as `report` leaves it, for the local exchange; FULL adds `fills`, ACK is `to_ack`.
/// On a cancel (`extras.cancel_id` given) the order's own id goes to `origClientOrderId`.
pub fn result_of_report(
    report: &ExecutionReport,
    symbol: &str,
    extras: &ReportExtras<'_>,
    unit: TimeUnit,
) -> OrderResult {
    let own_id = report.client_id.to_string();
    let (client_order_id, orig_client_order_id) = match extras.cancel_id {
        Some(cancel_id) => (cancel_id.to_owned(), Some(own_id)),
        None => (own_id, None),
    };
    OrderResult {
        symbol: symbol.to_owned(),
        orig_client_order_id,
        order_id: report.order_id.0,
        order_list_id: report.list_id.map_or(-1, |id| id.0),
        client_order_id,
        transact_time: unit.write(report.time),
        price: report.price,
        orig_qty: report.quantity,
        executed_qty: report.filled,
        orig_quote_order_qty: extras.quote_order_quantity,
        cummulative_quote_qty: report.filled_quote,
        status: report.status.into(),
        time_in_force: extras.time_in_force.into(),
        order_type: wire_type(report.order_type, extras.limit_maker),
        side: report.side.into(),
        stop_price: has_trigger(report.order_type).then_some(report.stop_price),
        working_time: Some(extras.working_since.map_or(-1, |time| unit.write(time))),
        self_trade_prevention_mode: Some("NONE".to_owned()),
        expiry_reason: report.reason.clone(),
        fills: None,
    }
}

/// The fill of a TRADE report, for the `fills` of a FULL answer; `None` for any other report.
pub fn fill_of_report(report: &ExecutionReport) -> Option<OrderFill> {
    let (trade_id, commission) = (report.trade_id?, report.commission.as_ref()?);
    Some(OrderFill {
        price: report.last_price,
        qty: report.last_quantity,
        commission: commission.amount,
        commission_asset: commission.asset.to_string(),
        trade_id: trade_id.0,
    })
}

/// The query row of the order as `report` leaves it, for the local exchange.
pub fn row_of_report(report: &ExecutionReport, symbol: &str, extras: &ReportExtras<'_>, unit: TimeUnit) -> OrderRow {
    OrderRow {
        symbol: symbol.to_owned(),
        order_id: report.order_id.0,
        order_list_id: report.list_id.map_or(-1, |id| id.0),
        client_order_id: report.client_id.to_string(),
        price: report.price,
        orig_qty: report.quantity,
        executed_qty: report.filled,
        cummulative_quote_qty: report.filled_quote,
        status: report.status.into(),
        time_in_force: extras.time_in_force.into(),
        order_type: wire_type(report.order_type, extras.limit_maker),
        side: report.side.into(),
        stop_price: report.stop_price,
        iceberg_qty: Quantity::ZERO,
        time: unit.write(extras.created),
        update_time: unit.write(report.time),
        // A trigger order does not work until it fires.
        is_working: extras.working_since.is_some(),
        working_time: extras.working_since.map_or(-1, |time| unit.write(time)),
        orig_quote_order_qty: extras.quote_order_quantity,
        self_trade_prevention_mode: Some("NONE".to_owned()),
        expiry_reason: report.reason.clone(),
    }
}

/// The `orders` of a list's answer, in the order of its reports.
pub fn listed_orders(reports: &[OrderResult]) -> Vec<ListedOrder> {
    let orders = reports.iter().map(|report| ListedOrder {
        symbol: report.symbol.clone(),
        order_id: report.order_id,
        client_order_id: report.own_client_id().to_owned(),
    });
    orders.collect()
}

/// The answer to the placement of an OCO: both legs accepted.
pub fn oco_answer(list_id: i64, list_client_id: &str, reports: Vec<OrderResult>) -> OrderListAnswer {
    let first = reports.first();
    OrderListAnswer {
        order_list_id: list_id,
        contingency_type: OrderListAnswer::OCO.to_owned(),
        list_status_type: OrderListAnswer::EXEC_STARTED.to_owned(),
        list_order_status: OrderListAnswer::EXECUTING.to_owned(),
        list_client_order_id: list_client_id.to_owned(),
        transaction_time: first.map_or(0, |report| report.transact_time),
        symbol: first.map_or_else(String::new, |report| report.symbol.clone()),
        orders: listed_orders(&reports),
        order_reports: reports,
    }
}

fn has_trigger(order_type: OrderType) -> bool {
    match order_type {
        OrderType::StopLoss | OrderType::TakeProfit => true,
        OrderType::Market | OrderType::Limit => false,
    }
}
