//! Answers to order requests, as what the engine may conclude from them.
//!
//! Invariant: only the venue's certain refusal is `Rejected`; an unreadable answer, a 5xx and a doubled id are `Unknown`.
//! Absent on purpose: what to do then (`engine::orders`).
//! Source: web-socket-api.md, "Response format"; rest-api.md, "HTTP Return Codes"; errors.md.

use serde::Deserialize;

use crate::domain::{OrderId, OrderStatus, Quantity};
use crate::engine::Outcome;
use crate::protocol::Reaction;
use crate::protocol::errors::code::{self, CANCEL_REPLACE_FAILED, CANCEL_REPLACE_PARTLY_FAILED};
use crate::protocol::messages::order::{CancelAnswer, ListedOrder, OrderAck, OrderAnswer, OrderRow};
use crate::protocol::messages::replace::{Half, HalfResult, ReplaceAnswer};
use crate::protocol::messages::ws_api::ErrorBody;
use crate::protocol::parse::{Answer, Response};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Order,
    Oco,
    Cancel,
    /// About the new order.
    Replace,
    Query,
}

/// The code of a refusal that is ours: the request was never written.
pub(super) const NOT_SENT: i64 = 0;

/// Answer to a placed list. Its `orderReports` differ by `newOrderRespType`; the ids stand here in every form.
#[derive(Debug, Deserialize)]
struct PlacedList {
    orders: Vec<ListedOrder>,
}

/// The outcome, and the refusal if it is one. `client_id` is the order that was asked about.
pub(super) fn outcome(question: Question, client_id: &str, response: &Response<'_>) -> (Outcome, Option<ErrorBody>) {
    let read = match question {
        Question::Order => response.read().map(|ack: OrderAck| Outcome::Accepted { order_id: OrderId(ack.order_id) }),
        Question::Oco => response.read().map(|list: PlacedList| match list.orders.first() {
            Some(leg) => Outcome::Accepted { order_id: OrderId(leg.order_id) },
            None => unknown("the answer to the OCO names no order"),
        }),
        Question::Cancel => response.read().map(|answer: CancelAnswer| canceled(client_id, &answer)),
        Question::Replace => response.read().map(|answer: ReplaceAnswer| placed_half(answer.new_order_response)),
        Question::Query => {
            response.read().map(|row: OrderRow| found(row.status.known(), row.status.as_str(), row.executed_qty))
        }
    };
    match read {
        Ok(outcome) => (outcome, None),
        Err(Answer::Unreadable(error)) => (unknown(error), None),
        Err(Answer::Refused { status, error }) => (refused(question, status, &error), Some(error)),
    }
}

/// The outcome of a request that never left.
pub(super) fn not_sent(question: Question, why: &str) -> Outcome {
    let message = format!("not sent: {why}");
    match question {
        Question::Order | Question::Oco | Question::Replace => Outcome::Rejected { code: NOT_SENT, message },
        Question::Cancel => Outcome::CancelRefused { code: NOT_SENT, message },
        Question::Query => Outcome::Unknown { why: message },
    }
}

fn canceled(client_id: &str, answer: &CancelAnswer) -> Outcome {
    let own = match answer {
        CancelAnswer::Order(order) => Some(&**order),
        CancelAnswer::List(list) => list.order_reports.iter().find(|report| report.own_client_id() == client_id),
    };
    match own {
        Some(own) => found(own.status.known(), own.status.as_str(), own.executed_qty),
        None => unknown("the list was cancelled, but the answer does not name the order"),
    }
}

fn found(status: Option<OrderStatus>, text: &str, filled: Quantity) -> Outcome {
    match status {
        Some(status) => Outcome::Found { status, filled },
        None => unknown(format_args!("the order has the status {text:?}, which is not known here")),
    }
}

/// A cancelReplace that failed says in its halves what became of the new order.
fn refused(question: Question, status: u16, error: &ErrorBody) -> Outcome {
    if question != Question::Replace || ![CANCEL_REPLACE_FAILED, CANCEL_REPLACE_PARTLY_FAILED].contains(&error.code) {
        return refusal(question, status, error);
    }
    let halves = error.data.clone().map(serde_json::from_value::<ReplaceAnswer>);
    let Some(Ok(ReplaceAnswer { new_order_result, cancel_response, new_order_response, .. })) = halves else {
        return unknown("the answer to cancelReplace does not say what failed");
    };
    match (new_order_result.known(), cancel_response) {
        (Some(HalfResult::NotAttempted), Half::Refused(cancel)) => {
            Outcome::Rejected { code: error.code, message: cancel.msg }
        }
        (Some(HalfResult::NotAttempted), Half::Done(_)) => {
            unknown("the order was cancelled, and the new one not tried")
        }
        (Some(HalfResult::Success | HalfResult::Failure) | None, _) => placed_half(new_order_response),
    }
}

/// The new order's half of a cancelReplace, judged as if it had been placed alone.
fn placed_half(half: Option<Half<OrderAnswer>>) -> Outcome {
    match half {
        Some(Half::Done(OrderAnswer::Ack(ack))) => Outcome::Accepted { order_id: OrderId(ack.order_id) },
        Some(Half::Done(OrderAnswer::Result(result))) => Outcome::Accepted { order_id: OrderId(result.order_id) },
        Some(Half::Refused(error)) => refusal(Question::Order, error.http_status(), &ErrorBody::from(error)),
        None => unknown("the answer to cancelReplace does not speak of the new order"),
    }
}

fn refusal(question: Question, status: u16, error: &ErrorBody) -> Outcome {
    let venue_error = error.to_venue_error();
    let reaction = venue_error.reaction();
    let certain = match reaction {
        Reaction::OutcomeUnknown | Reaction::Reconnect => false,
        // The venue has an order of this id, or not the one it should have: only a query tells.
        Reaction::Reconcile => matches!(question, Question::Cancel | Question::Query),
        // Only the few texts that promise it make a 5xx certain, and those read as Retry.
        Reaction::Retry { .. } => true,
        Reaction::PauseOrders { .. }
        | Reaction::Rejected
        | Reaction::ResyncClock
        | Reaction::RefreshRules
        | Reaction::StopTrading
        | Reaction::Fatal => status < 500,
    };
    let (code, message) = (error.code, error.msg.clone());
    match question {
        Question::Order | Question::Oco | Question::Cancel | Question::Replace if !certain => unknown(venue_error),
        Question::Order | Question::Oco | Question::Replace => Outcome::Rejected { code, message },
        Question::Cancel => Outcome::CancelRefused { code, message },
        Question::Query if code == code::NO_SUCH_ORDER => Outcome::NotFound,
        Question::Query => unknown(venue_error),
    }
}

fn unknown(why: impl std::fmt::Display) -> Outcome {
    Outcome::Unknown { why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::parse::{ApiContent, api_frame};

    fn of(question: Question, text: &str) -> Outcome {
        let frame = api_frame(text).expect("a frame");
        let ApiContent::Response(response) = frame.content else { panic!("no response: {text}") };
        outcome(question, "k-1-1", &response).0
    }

    fn refusal_of(question: Question, status: u16, code: i64, msg: &str) -> Outcome {
        of(question, &format!(r#"{{"id":1,"status":{status},"error":{{"code":{code},"msg":"{msg}"}}}}"#))
    }

    #[test]
    fn a_placement_is_accepted_rejected_or_unknown() {
        let ack = r#"{"id":1,"status":200,"result":{"symbol":"BTCUSDT","orderId":12569099453,"orderListId":-1,
            "clientOrderId":"k-1-1","transactTime":1660801715639},"rateLimits":[]}"#;
        assert_eq!(of(Question::Order, ack), Outcome::Accepted { order_id: OrderId(12_569_099_453) });
        let balance = "Account has insufficient balance for requested action.";
        let expected = Outcome::Rejected { code: -2010, message: balance.to_owned() };
        assert_eq!(refusal_of(Question::Order, 400, -2010, balance), expected);
        let filter = refusal_of(Question::Order, 400, -1013, "Filter failure: LOT_SIZE");
        assert!(matches!(filter, Outcome::Rejected { code: -1013, .. }));
        let too_many = refusal_of(Question::Order, 429, -1015, "Too many new orders; current limit is 50.");
        assert!(matches!(too_many, Outcome::Rejected { code: -1015, .. }));
        for (status, code, msg) in [
            (504, -1007, "Timeout waiting for response from backend server."),
            (500, -1000, "An unknown error occurred while processing the request."),
            (503, -1008, "Server is currently overloaded with other requests."),
            (503, -2010, "a new order rejected by a failing server"),
            (400, -2010, "Duplicate order sent."),
            (400, -77777, "a code of the future"),
        ] {
            let outcome = refusal_of(Question::Order, status, code, msg);
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{status} {code}: {outcome:?}");
        }
        assert!(matches!(of(Question::Order, r#"{"id":1,"status":200,"result":{}}"#), Outcome::Unknown { .. }));
    }

    #[test]
    fn a_list_is_accepted_in_every_response_type() {
        for reports in [
            "",
            r#","orderReports":[{"symbol":"BTCUSDT","orderId":4,"orderListId":1,"clientOrderId":"a","transactTime":1}]"#,
        ] {
            let text = format!(
                r#"{{"id":1,"status":200,"result":{{"orderListId":1,"contingencyType":"OCO","listStatusType":
                "EXEC_STARTED","listOrderStatus":"EXECUTING","listClientOrderId":"k-1-1","transactionTime":1,"symbol":
                "BTCUSDT","orders":[{{"symbol":"BTCUSDT","orderId":4,"clientOrderId":"a"}},{{"symbol":"BTCUSDT",
                "orderId":5,"clientOrderId":"b"}}]{reports}}}}}"#
            );
            assert_eq!(of(Question::Oco, &text), Outcome::Accepted { order_id: OrderId(4) });
        }
    }

    #[test]
    fn a_cancel_and_a_query_state_the_venues_status() {
        let row = r#""symbol":"BTCUSDT","orderId":4,"orderListId":-1,"clientOrderId":"c","price":"1","origQty":"1",
            "executedQty":"1","cummulativeQuoteQty":"1","timeInForce":"GTC","type":"LIMIT","side":"BUY""#;
        let cancel = format!(
            r#"{{"id":1,"status":200,"result":{{{row},"origClientOrderId":"k-1-1","transactTime":1,"status":"CANCELED"}}}}"#
        );
        assert_eq!(
            of(Question::Cancel, &cancel),
            Outcome::Found { status: OrderStatus::Canceled, filled: Quantity::ONE }
        );
        let query = |status: &str| {
            format!(
                r#"{{"id":1,"status":200,"result":{{{row},"time":1,"updateTime":1,"isWorking":true,"status":"{status}"}}}}"#
            )
        };
        assert_eq!(
            of(Question::Query, &query("FILLED")),
            Outcome::Found { status: OrderStatus::Filled, filled: Quantity::ONE }
        );
        assert!(matches!(of(Question::Query, &query("DREAMING")), Outcome::Unknown { .. }));
    }

    #[test]
    fn a_replacement_tells_what_is_certain_of_the_new_order() {
        let ack = r#"{"symbol":"BTCUSDT","orderId":11,"orderListId":-1,"clientOrderId":"k-1-2","transactTime":1}"#;
        let unknown_order = r#"{"code":-2011,"msg":"Unknown order sent."}"#;
        let canceled = r#"{"symbol":"BTCUSDT","origClientOrderId":"k-1-1","orderId":9,"orderListId":-1,
            "clientOrderId":"c","transactTime":1,"price":"1","origQty":"1","executedQty":"0","cummulativeQuoteQty":"0",
            "status":"CANCELED","timeInForce":"GTC","type":"LIMIT_MAKER","side":"BUY"}"#;
        let halves = |cancel: (&str, &str), order: (&str, &str)| {
            let ((cancel_result, cancel), (order_result, order)) = (cancel, order);
            format!(
                r#"{{"cancelResult":"{cancel_result}","newOrderResult":"{order_result}","cancelResponse":{cancel},
                "newOrderResponse":{order}}}"#
            )
        };
        let both = halves(("SUCCESS", canceled), ("SUCCESS", ack));
        let text = format!(r#"{{"id":1,"status":200,"result":{both}}}"#);
        assert_eq!(of(Question::Replace, &text), Outcome::Accepted { order_id: OrderId(11) });
        let failed = |status: u16, code: i64, data: &str| {
            let error = format!(r#"{{"code":{code},"msg":"Order cancel-replace failed.","data":{data}}}"#);
            of(Question::Replace, &format!(r#"{{"id":1,"status":{status},"error":{error}}}"#))
        };
        let none = failed(400, -2022, &halves(("FAILURE", unknown_order), ("NOT_ATTEMPTED", "null")));
        assert_eq!(none, Outcome::Rejected { code: -2022, message: "Unknown order sent.".to_owned() });
        let refused = |order: &str| failed(409, -2021, &halves(("SUCCESS", canceled), ("FAILURE", order)));
        let takes = "Order would immediately match and take.";
        let would_take = refused(&format!(r#"{{"code":-2010,"msg":"{takes}"}}"#));
        assert_eq!(would_take, Outcome::Rejected { code: -2010, message: takes.to_owned() });
        for error in [r#"{"code":-2010,"msg":"Duplicate order sent."}"#, r#"{"code":-1007,"msg":"Timeout."}"#, "null"] {
            assert!(matches!(refused(error), Outcome::Unknown { .. }), "{error}");
        }
        assert!(matches!(failed(409, -2021, "{}"), Outcome::Unknown { .. }));
        let timeout = r#"{"id":1,"status":504,"error":{"code":-1007,"msg":"Timeout."}}"#;
        assert!(matches!(of(Question::Replace, timeout), Outcome::Unknown { .. }));
    }

    #[test]
    fn a_refused_cancel_and_a_missing_order_are_told_apart_from_silence() {
        let gone = refusal_of(Question::Cancel, 400, -2011, "Unknown order sent.");
        assert_eq!(gone, Outcome::CancelRefused { code: -2011, message: "Unknown order sent.".to_owned() });
        assert_eq!(refusal_of(Question::Query, 400, -2013, "Order does not exist."), Outcome::NotFound);
        assert!(matches!(refusal_of(Question::Query, 429, -1003, "Too much."), Outcome::Unknown { .. }));
        assert!(matches!(refusal_of(Question::Cancel, 504, -1007, "Timeout."), Outcome::Unknown { .. }));
    }
}
