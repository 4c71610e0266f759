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
