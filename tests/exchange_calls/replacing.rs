//! LIMIT_MAKER and cancelReplace as the local exchange answers them.
//!
//! Invariant: every amount is written as decimal text and computed by hand.
//! Absent on purpose: sockets; weights and order counts of both calls (`exchange_server`).

use super::*;

const MAKER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&newClientOrderId=make";

#[test]
fn a_limit_maker_is_placed_told_and_refused_as_binance_does() {
    let mut desk = desk();
    let info = desk.good("GET exchangeInfo", "symbol=BTCUSDT");
    let types = json!(["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "TAKE_PROFIT"]);
    assert_eq!(info["symbols"][0]["orderTypes"], types);
    desk.step();
    let refused = desk.ask("POST order", &format!("{MAKER}&price=101")).unwrap_err();
    assert_eq!((refused.code, refused.msg.as_str()), (-2010, "Order would immediately match and take."));
    assert_eq!(desk.events(), [Value::Null; 0]);
    let refused = desk.ask("POST order", &format!("{MAKER}&price=90&timeInForce=GTC")).unwrap_err();
    assert_eq!((refused.code, refused.msg.as_str()), (-1106, "Parameter 'timeInForce' sent when not required."));

    let placed = desk.good("POST order", &format!("{MAKER}&price=90"));
    assert_eq!(keys(&placed).len(), 5, "ACK unless asked otherwise: {placed}");
    let row = desk.good("GET order", "symbol=BTCUSDT&origClientOrderId=make");
    assert_eq!(
        (&row["type"], &row["timeInForce"], &row["price"], &row["isWorking"]),
        (&json!("LIMIT_MAKER"), &json!("GTC"), &json!("90"), &json!(true))
    );
    let events = desk.events();
    assert_eq!(
        (&events[0]["x"], &events[0]["o"], &events[0]["f"]),
        (&json!("NEW"), &json!("LIMIT_MAKER"), &json!("GTC"))
    );
}

const REPLACE: &str = "POST order/cancelReplace";

/// The new order of a replacement, at this price, and what is to go.
fn replacing(mode: &str, gone: &str, price: &str) -> String {
    format!("{MAKER}&price={price}&cancelReplaceMode={mode}&cancelOrigClientOrderId={gone}")
}

fn halves(error: &VenueError) -> [Value; 4] {
    let data = error.data.as_deref().expect("what became of both halves");
    let code = |half: &str| data[half]["code"].clone();
    [data["cancelResult"].clone(), data["newOrderResult"].clone(), code("cancelResponse"), code("newOrderResponse")]
}

/// A desk after an open, with an order `low` at 90.
fn with_an_order() -> Desk {
    let mut desk = desk();
    desk.step();
    desk.good("POST order", LIMIT);
    desk.events();
    desk
}

#[test]
fn an_order_is_cancelled_and_replaced_in_one_call() {
    let mut desk = with_an_order();
    let query = replacing("STOP_ON_FAILURE", "low", "91") + "&cancelNewClientOrderId=gone&newOrderRespType=RESULT";
    let answer = desk.good(REPLACE, &query);
    assert_eq!((&answer["cancelResult"], &answer["newOrderResult"]), (&json!("SUCCESS"), &json!("SUCCESS")));
    let canceled = &answer["cancelResponse"];
    assert_eq!(
        (&canceled["origClientOrderId"], &canceled["clientOrderId"], &canceled["status"]),
        (&json!("low"), &json!("gone"), &json!("CANCELED"))
    );
    let placed = &answer["newOrderResponse"];
    assert_eq!(
        (&placed["clientOrderId"], &placed["type"], &placed["price"], &placed["status"]),
        (&json!("make"), &json!("LIMIT_MAKER"), &json!("91"), &json!("NEW"))
    );
    let told: Vec<[Value; 3]> = desk
        .events()
        .iter()
        .filter(|event| event["e"] == "executionReport")
        .map(|event| [event["x"].clone(), event["c"].clone(), event["C"].clone()])
        .collect();
    let expected = [["CANCELED", "gone", "low"], ["NEW", "make", ""]].map(|row| row.map(|text| json!(text)));
    assert_eq!(told, expected);
    let short = desk.good(REPLACE, &replacing("ALLOW_FAILURE", "make", "92").replace("=make&price", "=next&price"));
    assert_eq!(keys(&short["newOrderResponse"]).len(), 5, "ACK unless asked otherwise");
}

#[test]
fn each_half_that_fails_says_why() {
    let cases = [
        // Not cancelled, not tried.
        ("STOP_ON_FAILURE", "none", "91", -2022, json!(["FAILURE", "NOT_ATTEMPTED", -2011, null])),
        // Cancelled, and refused as one that would take.
        ("STOP_ON_FAILURE", "low", "101", -2021, json!(["SUCCESS", "FAILURE", null, -2010])),
        ("ALLOW_FAILURE", "low", "101", -2021, json!(["SUCCESS", "FAILURE", null, -2010])),
        ("ALLOW_FAILURE", "none", "91", -2021, json!(["FAILURE", "SUCCESS", -2011, null])),
        ("ALLOW_FAILURE", "none", "101", -2022, json!(["FAILURE", "FAILURE", -2011, -2010])),
    ];
    for (mode, gone, price, code, expected) in cases {
        let mut desk = with_an_order();
        let error = desk.ask(REPLACE, &replacing(mode, gone, price)).expect_err("a half fails");
        assert_eq!((error.code, json!(halves(&error))), (code, expected), "{mode} {gone} {price}");
        let (status, msg) = match code {
            -2021 => (409, "Order cancel-replace partially failed."),
            _ => (400, "Order cancel-replace failed."),
        };
        assert_eq!((error.http_status(), error.msg.as_str()), (status, msg), "as in the documented answers");
        let open = desk.good("GET openOrders", "symbol=BTCUSDT");
        let names: Vec<&str> =
            open.as_array().unwrap().iter().filter_map(|row| row["clientOrderId"].as_str()).collect();
        let stands = [(gone != "low").then_some("low"), (price == "91" && code == -2021).then_some("make")];
        assert_eq!(names, stands.into_iter().flatten().collect::<Vec<_>>());
    }
    let mut desk = with_an_order();
    let query = replacing("STOP_ON_FAILURE", "low", "91") + "&cancelRestrictions=ONLY_PARTIALLY_FILLED";
    let error = desk.ask(REPLACE, &query).expect_err("the order has no fill");
    assert_eq!(json!(halves(&error)), json!(["FAILURE", "NOT_ATTEMPTED", -2011, null]));
    let why = &error.data.as_deref().unwrap()["cancelResponse"]["msg"];
    assert_eq!(why, "Order was not canceled due to cancel restrictions.");
}

#[test]
fn what_can_be_judged_before_the_cancel_is_judged_before_it() {
    let mut desk = with_an_order();
    let good = replacing("STOP_ON_FAILURE", "low", "91");
    let cases = [
        (good.replace("cancelReplaceMode=STOP_ON_FAILURE&", ""), -1102),
        (good.replace("STOP_ON_FAILURE", "PERHAPS"), -1130),
        (good.replace("&cancelOrigClientOrderId=low", ""), -1102),
        (good.clone() + "&orderRateLimitExceededMode=ALWAYS", -1130),
        (good.clone() + "&cancelRestrictions=NEVER", -1145),
        (good.clone() + "&origClientOrderId=low", -1104),
        (good.clone() + "&newOrderRespType=LONG", -1130),
        (good.replace("quantity=1", "quantity=1.0001"), -1013),
    ];
    for (query, code) in cases {
        let error = desk.ask(REPLACE, &query).expect_err("refused");
        assert_eq!((error.code, &error.data), (code, &None), "{query}");
    }
    // The count of open orders, too: the venue looks at it while the old one still stands.
    for name in ["a", "b", "c"] {
        desk.good("POST order", &LIMIT.replace("=low", &format!("={name}")));
    }
    let error = desk.ask(REPLACE, &good).expect_err("refused");
    assert_eq!((error.code, error.msg.as_str()), (-1013, "Filter failure: MAX_NUM_ORDERS"));
    assert_eq!(desk.good("GET openOrders", "symbol=BTCUSDT").as_array().map(Vec::len), Some(4));
}

#[test]
fn over_the_order_count_a_caller_may_still_have_his_cancel() {
    let mut desk = with_an_order();
    let query = replacing("STOP_ON_FAILURE", "low", "91") + "&orderRateLimitExceededMode=CANCEL_ONLY";
    let params = Params::parse_form(&query).unwrap();
    let full = VenueError::too_many_orders(100, "10 SECOND");
    let (call, now) = (Call::ReplaceOrder, desk.venue.now);
    let ask = Ask { call, params: &params, account: Some(ACCOUNT), now, unit: UNIT, orders_full: Some(&full) };
    let error = calls::answer(&mut desk.venue, &ask).expect_err("only the cancel works");
    assert_eq!((error.code, json!(halves(&error))), (-2021, json!(["SUCCESS", "FAILURE", null, -1015])));
}
