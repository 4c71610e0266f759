//! Reports: what happens to orders and balances, as the events of the user data stream.
//!
//! Invariant: execution ids rise by one from report to report, over all accounts.
//! Absent on purpose: the envelope with its subscription, and who receives it.
//! Source: user-data-stream.md.

use std::borrow::Cow;

use super::calls::rows;
use super::venue::Venue;
use crate::domain::{BalanceUpdate, ClientOrderId, ExecutionReport, ExecutionType};
use crate::protocol::convert::{ReportExtras, event_of_balances, event_of_report};
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::order::OrderListAnswer;
use crate::protocol::messages::user::{ExecutionReportEvent, ListStatusEvent, ListedLeg};
use crate::simulator::{AccountId, ListRecord, OrderRef};

/// What a report is given once, however many hear it.
#[derive(Debug, Clone)]
pub struct Numbered {
    execution_id: i64,
    cancel: Option<ClientOrderId>,
}

/// Takes the next execution id, and the name of the cancel that a CANCELED answers.
pub fn number(venue: &mut Venue, report: &ExecutionReport) -> Numbered {
    venue.executions += 1;
    let cancel = match report.execution {
        ExecutionType::Canceled => venue.cancels.remove(&report.order_id),
        ExecutionType::New
        | ExecutionType::Replaced
        | ExecutionType::Rejected
        | ExecutionType::Trade
        | ExecutionType::Expired
        | ExecutionType::TradePrevention => None,
    };
    Numbered { execution_id: venue.executions, cancel }
}

/// `executionReport`. Call it as soon as the report is drained: what the report does not carry is read from the order
/// as it stands.
pub fn report_event(
    venue: &Venue,
    account: AccountId,
    report: &ExecutionReport,
    numbered: &Numbered,
    unit: TimeUnit,
) -> String {
    let Numbered { execution_id, cancel } = numbered;
    let cancel = cancel.as_ref().map(ClientOrderId::text);
    let mut extras = ReportExtras {
        event_time: report.time,
        execution_id: *execution_id,
        cancel_id: cancel.as_deref(),
        ..ReportExtras::at(report.time)
    };
    if let Some(record) = venue.simulator.order(account, report.symbol, &OrderRef::Id(report.order_id)) {
        extras.created = record.created;
        extras.working_since = rows::working_since(record);
        extras.time_in_force = record.kind.time_in_force();
        extras.limit_maker = rows::is_limit_maker(record);
        extras.quote_order_quantity = rows::quote_amount(record.kind);
    }
    let symbol = venue.symbol(report.symbol);
    json(&event_of_report(report, symbol.as_str(), &extras, unit))
}

/// `outboundAccountPosition`.
pub fn balances_event(update: &BalanceUpdate, unit: TimeUnit) -> String {
    json(&event_of_balances(update, update.time, unit))
}

/// `listStatus`.
pub fn list_event(venue: &Venue, list: &ListRecord, unit: TimeUnit) -> String {
    let symbol = venue.symbol(list.symbol).as_str();
    let legs = list.orders.iter().map(|(id, client_id)| ListedLeg {
        symbol: Cow::Borrowed(symbol),
        order_id: id.0,
        client_id: client_id.text(),
    });
    json(&ListStatusEvent {
        event: ListStatusEvent::EVENT,
        event_time: unit.write(list.updated),
        symbol: Cow::Borrowed(symbol),
        list_id: list.list_id.0,
        contingency: Cow::Borrowed(OrderListAnswer::OCO),
        list_status: Cow::Borrowed(list.status.as_str()),
        list_order_status: Cow::Borrowed(list.status.order_status()),
        reject_reason: Cow::Borrowed(ExecutionReportEvent::NO_REASON),
        list_client_id: list.client_id.text(),
        time: unit.write(list.updated),
        orders: legs.collect(),
    })
}

fn json(event: &impl serde::Serialize) -> String {
    serde_json::to_string(event).expect("an event's keys are strings and its decimals are text")
}
