//! Replacing an order, against the scripted venue and against the local exchange.

use kestrel::binance::{Credentials, Endpoints, Pace, connect};
use kestrel::domain::{Bar, NewOrder, OrderKind, OrderStatus, Seed, Side, Span, SymbolId};
use kestrel::engine::Input;
use kestrel::engine::Outcome;
use kestrel::engine::orders::Purpose;
use kestrel::engine::ports::{Event, Request};
use kestrel::engine::risk::{OrderRequest, Payload};
use kestrel::exchange::{Exchange, KeyPair, Settings, Speed};
use kestrel::simulator::FeePolicy;

use super::venue::{Driver, Venue, approved, id};
use super::{ack, now};
use crate::support::{MemorySource, START, money, price, rules, venue as charges};

/// A passive order to buy in the place of `gone`.
fn replace(gone: &str, name: &str, at: &str) -> Request {
    let order = passive(name, at);
    Request::Replace { symbol: SymbolId(0), client_id: id(gone), order: approved(order) }
}

fn passive(name: &str, at: &str) -> OrderRequest {
    let kind = OrderKind::LimitMaker { quantity: "0.5".parse().expect("a quantity"), price: price(at) };
    let order = NewOrder { symbol: SymbolId(0), client_id: id(name), side: Side::Buy, kind };
    OrderRequest { purpose: Purpose::Entry, payload: Payload::Order(order) }
}

#[tokio::test]
async fn a_replacement_names_the_old_order_and_is_answered_for_the_new_one() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    driver.ask(now(), replace("k-1-1", "k-1-2", "99")).await;
    let request = api.signed("order.cancelReplace").await;
    let names = [
        "symbol",
        "side",
        "type",
        "quantity",
        "price",
        "newClientOrderId",
        "cancelReplaceMode",
        "cancelOrigClientOrderId",
        "newOrderRespType",
    ];
    let sent = names.map(|name| &request["params"][name]);
    assert_eq!(sent, ["BTCUSDT", "BUY", "LIMIT_MAKER", "0.5", "99", "k-1-2", "STOP_ON_FAILURE", "k-1-1", "ACK"]);
    assert!(request["params"].get("timeInForce").is_none());
    let canceled = serde_json::json!({"symbol": "BTCUSDT", "origClientOrderId": "k-1-1", "orderId": 9,
        "orderListId": -1, "clientOrderId": "c", "transactTime": 1, "price": "98", "origQty": "0.5", "executedQty": "0",
        "cummulativeQuoteQty": "0", "status": "CANCELED", "timeInForce": "GTC", "type": "LIMIT_MAKER", "side": "BUY"});
    let halves = serde_json::json!({"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
        "cancelResponse": canceled, "newOrderResponse": ack()});
    api.answer(&request, halves).await;
    let answer = driver.answer().await;
    assert_eq!(answer.client_id, id("k-1-2"));
    assert!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);

    driver.ask(now(), replace("k-1-2", "k-1-3", "99")).await;
    api.signed("order.cancelReplace").await;
    drop(api);
    let answer = driver.answer().await;
    assert_eq!(answer.client_id, id("k-1-3"));
    assert!(matches!(answer.outcome, Outcome::Unknown { .. }), "{:?}", answer.outcome);
}

/// Twenty minutes at 100, and one that has just opened and does not go on.
fn exchange() -> (Exchange, KeyPair) {
    let bar = |minute: i64| {
        let open_time = START.plus(Span(minute * Span::MINUTE.0));
        Bar { open_time, open: 100.0, high: 101.0, low: 99.0, close: 100.0, volume: 2.0 }
    };
    let source = MemorySource { history: vec![(0..20).map(bar).collect()], bars: [(SymbolId(0), bar(20))].into() };
    let key = KeyPair::of(Seed(1));
    let settings = Settings {
        port: 0,
        rules: rules(&["BTCUSDT"]),
        source: Box::new(source),
        venue: charges(FeePolicy::Received),
        speed: Speed::Times(0.001),
        hold: false,
        key: key.clone(),
        balance: money("10000"),
    };
    (Exchange::start(settings).expect("an exchange"), key)
}

#[tokio::test]
async fn the_local_exchange_replaces_an_order_or_says_why_not() {
    let (exchange, key) = exchange();
    let urls = (exchange.rest_url(), exchange.stream_url(), exchange.ws_api_url());
    let endpoints = Endpoints::loopback(&urls.0, &urls.1, &urls.2).expect("loopback");
    let mut plan = Venue::open().await.plan(Pace::Wall);
    (plan.endpoints, plan.credentials) = (endpoints, Credentials::new(&key.key, &key.secret));
    plan.symbols.truncate(1);
    let mut driver = Driver::start(connect(plan).await.expect("connected"), 64);

    driver.ask(now(), Request::Submit(approved(passive("k-1-1", "98")))).await;
    assert!(matches!(outcome_of(&mut driver, "k-1-1").await, Outcome::Accepted { .. }));
    driver.ask(now(), replace("k-1-1", "k-1-2", "99")).await;
    let (mut answered, mut told) = (false, Vec::new());
    while !answered || told.len() < 3 {
        match driver.news().await {
            Event::Answer { answer, .. } => {
                assert_eq!(answer.client_id, id("k-1-2"));
                assert!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
                answered = true;
            }
            Event::Input { input: Input::Report(report), .. } => told.push((report.client_id.clone(), report.status)),
            _ => {}
        }
    }
    let expected = [("k-1-1", OrderStatus::New), ("k-1-1", OrderStatus::Canceled), ("k-1-2", OrderStatus::New)];
    assert_eq!(told, expected.map(|(name, status)| (id(name), status)), "the old order is told by its own report");

    driver.ask(now(), replace("k-1-1", "k-1-3", "99")).await;
    let gone = outcome_of(&mut driver, "k-1-3").await;
    assert_eq!(gone, Outcome::Rejected { code: -2022, message: "Unknown order sent.".to_owned() });
    driver.ask(now(), replace("k-1-2", "k-1-4", "101")).await;
    let takes = outcome_of(&mut driver, "k-1-4").await;
    let message = "Order would immediately match and take.".to_owned();
    assert_eq!(takes, Outcome::Rejected { code: -2010, message });
}

async fn outcome_of(driver: &mut Driver, name: &str) -> Outcome {
    loop {
        if let Event::Answer { answer, .. } = driver.news().await {
            assert_eq!(answer.client_id, id(name));
            return answer.outcome;
        }
    }
}
