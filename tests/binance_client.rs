//! The client of Binance's venue against a scripted one: what it sends, and what it makes of every answer and silence.

#[path = "binance_client/replacing.rs"]
mod replacing;
#[path = "binance_client/venue.rs"]
mod venue;

use std::time::{Duration, Instant};

use serde_json::json;

use kestrel::binance::{Error, Pace, connect};
use kestrel::domain::{MarketEvent, OrderId, OrderStatus, Span, Symbol, SymbolId, Time};
use kestrel::engine::ports::{Event, LinkState, Socket};
use kestrel::engine::{Input, Outcome};

use venue::{Driver, KEY, Peer, Venue, buy, cancel, id, oco, query, signed_query, wall_ms};

const ACK: &str = r#"{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"k-1-1","transactTime":1}"#;

fn ack() -> serde_json::Value {
    serde_json::from_str(ACK).expect("JSON")
}

fn now() -> Time {
    Time::from_millis(wall_ms())
}

#[tokio::test]
async fn an_order_is_signed_with_its_time_and_asks_for_the_short_answer() {
    let venue = Venue::open().await;
    let (mut api, market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    assert_eq!(api.path, "/ws-api/v3");
    let streams =
        "btcusdt@kline_1m/btcusdt@aggTrade/btcusdt@bookTicker/ethusdt@kline_1m/ethusdt@aggTrade/ethusdt@bookTicker";
    assert_eq!(market.path, format!("/stream?streams={streams}"));

    let now = now();
    driver.ask(now, buy("k-1-1")).await;
    let request = api.signed("order.place").await;
    let params = &request["params"];
    assert_eq!(params["timestamp"], now.millis());
    let sent = ["symbol", "side", "type", "quantity", "newClientOrderId", "newOrderRespType"].map(|name| &params[name]);
    assert_eq!(sent, ["BTCUSDT", "BUY", "MARKET", "0.5", "k-1-1", "ACK"]);
    api.answer(&request, ack()).await;
    let answer = driver.answer().await;
    assert_eq!((answer.client_id, answer.outcome), (id("k-1-1"), Outcome::Accepted { order_id: OrderId(28) }));

    driver.ask(now, oco("k-1-list")).await;
    let request = api.signed("orderList.place.oco").await;
    let params = &request["params"];
    let sent =
        ["listClientOrderId", "aboveType", "abovePrice", "belowType", "belowStopPrice"].map(|name| &params[name]);
    assert_eq!(sent, ["k-1-list", "LIMIT_MAKER", "110", "STOP_LOSS", "90"]);
    let legs = json!([{"symbol": "BTCUSDT", "orderId": 30, "clientOrderId": "a"}]);
    api.answer(&request, json!({"orderListId": 1, "orders": legs, "orderReports": [ack()]})).await;
    let answer = driver.answer().await;
    assert_eq!((answer.client_id, answer.outcome), (id("k-1-list"), Outcome::Accepted { order_id: OrderId(30) }));
}

#[tokio::test]
async fn answers_in_any_order_find_their_requests() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    driver.ask(now(), buy("k-1-1")).await;
    driver.ask(now(), query("k-1-2")).await;
    driver.ask(now(), cancel("k-1-3")).await;
    let place = api.signed("order.place").await;
    let status = api.signed("order.status").await;
    let cancel = api.signed("order.cancel").await;
    assert_eq!([&cancel["params"]["symbol"], &cancel["params"]["origClientOrderId"]], ["ETHUSDT", "k-1-3"]);

    api.refuse(&cancel, 400, -2011, "Unknown order sent.").await;
    api.refuse(&status, 400, -2013, "Order does not exist.").await;
    api.refuse(&place, 400, -2010, "Account has insufficient balance for requested action.").await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        let answer = driver.answer().await;
        heard.push((answer.client_id.to_string(), answer.outcome));
    }
    let text = |text: &str| text.to_owned();
    let balance = text("Account has insufficient balance for requested action.");
    let expected = [
        (text("k-1-3"), Outcome::CancelRefused { code: -2011, message: text("Unknown order sent.") }),
        (text("k-1-2"), Outcome::NotFound),
        (text("k-1-1"), Outcome::Rejected { code: -2010, message: balance }),
    ];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn a_dropped_socket_leaves_unknown_orders_and_is_opened_and_subscribed_again() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    driver.ask(now(), buy("k-1-1")).await;
    api.signed("order.place").await;
    drop(api);
    let answer = driver.answer().await;
    assert_eq!(answer.client_id, id("k-1-1"));
    assert!(matches!(answer.outcome, Outcome::Unknown { .. }), "{:?}", answer.outcome);
    let down = driver.event().await;
    assert!(
        matches!(down, Event::Link { socket: Socket::Account, state: LinkState::Down { .. } }),
        "nothing may stand between the loss and its news: {down:?}"
    );

    // What is asked meanwhile certainly never leaves.
    driver.ask(now(), buy("k-1-2")).await;
    let answer = driver.answer().await;
    assert_eq!(answer.client_id, id("k-1-2"));
    assert!(matches!(answer.outcome, Outcome::Rejected { code: 0, .. }), "{:?}", answer.outcome);

    let mut api = venue.accept_account().await;
    let up = driver.event().await;
    assert!(matches!(up, Event::Link { socket: Socket::Account, state: LinkState::Up }), "{up:?}");
    // Neither the lost order nor the refused one is sent by itself.
    assert!(api.is_quiet().await);
    driver.ask(now(), query("k-1-1")).await;
    let request = api.signed("order.status").await;
    assert_eq!(request["params"]["origClientOrderId"], "k-1-1");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_after_its_deadline_and_a_late_one_changes_nothing() {
    let venue = Venue::open().await;
    let mut plan = venue.plan(Pace::Wall);
    plan.timing.answer = Duration::from_millis(80);
    let (mut api, _market, mut driver) = venue.connected(plan).await;
    driver.ask(now(), buy("k-1-1")).await;
    let lost = api.signed("order.place").await;
    let answer = driver.answer().await;
    assert!(matches!(answer.outcome, Outcome::Unknown { .. }), "{:?}", answer.outcome);
    api.answer(&lost, ack()).await;
    driver.ask(now(), buy("k-1-2")).await;
    let request = api.signed("order.place").await;
    api.refuse(&request, 504, -1007, "Timeout waiting for response from backend server.").await;
    let answer = driver.answer().await;
    assert_eq!(answer.client_id, id("k-1-2"));
    assert!(matches!(answer.outcome, Outcome::Unknown { .. }), "{:?}", answer.outcome);
}

#[tokio::test]
async fn after_a_429_orders_are_refused_here_until_the_named_time() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    let asked = now();
    driver.ask(asked, buy("k-1-1")).await;
    let request = api.signed("order.place").await;
    let until = asked.plus(Span::from_seconds(2)).millis();
    let error = json!({"code": -1003, "msg": "Too much request weight used.", "data": {"retryAfter": until}});
    api.send(&json!({"id": request["id"], "status": 429, "error": error})).await;
    assert!(matches!(driver.answer().await.outcome, Outcome::Rejected { code: -1003, .. }));
    driver.ask(asked.plus(Span::SECOND), buy("k-1-2")).await;
    assert!(matches!(driver.answer().await.outcome, Outcome::Rejected { code: 0, .. }));
    assert!(api.is_quiet().await);
    driver.ask(asked.plus(Span::from_seconds(2)), buy("k-1-3")).await;
    assert_eq!(api.signed("order.place").await["params"]["newClientOrderId"], "k-1-3");
}

#[tokio::test]
async fn a_wrong_clock_is_measured_and_a_refused_timestamp_measures_it_again() {
    let venue = Venue::open().await;
    let ahead = 3_600_000;
    let (client, (mut api, _market)) = tokio::join!(connect(venue.plan(Pace::Wall)), async {
        let mut api = venue.accept_api().await;
        let clock = api.request("time").await;
        api.answer(&clock, json!({"serverTime": wall_ms() + ahead})).await;
        let subscribe = api.signed("userDataStream.subscribe.signature").await;
        let timestamp = subscribe["params"]["timestamp"].as_i64().expect("a number");
        assert!((timestamp - wall_ms() - ahead).abs() < 2_000, "{timestamp}");
        api.answer(&subscribe, json!({"subscriptionId": 0})).await;
        (api, venue.accept_market().await)
    });
    let mut driver = Driver::start(client.expect("connected"), 64);
    driver.ask(now(), buy("k-1-1")).await;
    let request = api.signed("order.place").await;
    api.refuse(&request, 400, -1021, "Timestamp for this request is outside of the recvWindow.").await;
    assert!(matches!(driver.answer().await.outcome, Outcome::Rejected { code: -1021, .. }));
    let clock = api.request("time").await;
    api.answer(&clock, json!({"serverTime": wall_ms()})).await;
    // The answer to a query shows that the clock's was read before.
    driver.ask(now(), query("k-1-1")).await;
    let request = api.signed("order.status").await;
    api.refuse(&request, 400, -2013, "Order does not exist.").await;
    driver.answer().await;
    let asked = now();
    driver.ask(asked, buy("k-1-2")).await;
    assert_eq!(api.signed("order.place").await["params"]["timestamp"], asked.millis());
}

#[tokio::test]
async fn a_key_that_the_venue_refuses_ends_the_connection_attempt() {
    let venue = Venue::open().await;
    let (client, ()) = tokio::join!(connect(venue.plan(Pace::Wall)), async {
        let mut api = venue.accept_api().await;
        let clock = api.request("time").await;
        api.answer(&clock, json!({"serverTime": wall_ms()})).await;
        let subscribe = api.signed("userDataStream.subscribe.signature").await;
        api.refuse(&subscribe, 401, -2015, "Invalid API-key, IP, or permissions for action.").await;
    });
    assert!(matches!(client.err(), Some(Error::Fatal(_))));
}

/// A trade of `price` whole units, numbered in lockstep.
fn trade(price: u64, sequence: Option<u64>) -> String {
    let number = sequence.map(|sequence| format!(",\"sequence\":{sequence}")).unwrap_or_default();
    format!(
        r#"{{"stream":"ethusdt@aggTrade","data":{{"e":"aggTrade","E":1672515782136,"s":"ETHUSDT","a":1,"p":"{price}.00",
        "q":"1","f":1,"l":1,"T":1672515782130,"m":true,"M":true}}{number}}}"#
    )
}

fn traded(event: &Event) -> Option<i64> {
    match event {
        Event::Input { input: Input::Market(MarketEvent::Trade { trade, symbol: SymbolId(1) }), .. } => {
            Some(trade.price.raw() / 100_000_000)
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_dropped_market_stream_is_opened_again_and_tells_of_it() {
    let venue = Venue::open().await;
    let (_api, mut market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    market.text(&trade(1, None)).await;
    assert_eq!(traded(&driver.news().await), Some(1));
    drop(market);
    let down = driver.event().await;
    assert!(matches!(down, Event::Link { socket: Socket::Market, state: LinkState::Down { .. } }), "{down:?}");
    let mut market = venue.accept_market().await;
    let up = driver.event().await;
    assert!(matches!(up, Event::Link { socket: Socket::Market, state: LinkState::Up }), "{up:?}");
    market.text(&trade(2, None)).await;
    assert_eq!(traded(&driver.event().await), Some(2));
}

#[tokio::test]
async fn a_silent_market_stream_is_taken_for_lost() {
    let venue = Venue::open().await;
    let mut plan = venue.plan(Pace::Wall);
    plan.timing.silence = Duration::from_millis(50);
    let (_api, _market, mut driver) = venue.connected(plan).await;
    loop {
        if let Event::Link { socket: Socket::Market, state: LinkState::Down { why } } = driver.event().await {
            assert!(why.contains("nothing was heard"), "{why}");
            break;
        }
    }
    venue.accept_market().await;
}

#[tokio::test]
async fn a_slow_driver_holds_both_sockets_back_and_loses_nothing() {
    let venue = Venue::open().await;
    let plan = venue.plan(Pace::Wall);
    let (client, (mut api, mut market)) =
        tokio::join!(connect(plan), async { (venue.accept_account().await, venue.accept_market().await) });
    let mut driver = Driver::start(client.expect("connected"), 2);
    for n in 0..200 {
        market.text(&trade(n, None)).await;
        let position = json!({"e": "outboundAccountPosition", "E": n, "u": n, "B": []});
        api.send(&json!({"subscriptionId": 0, "event": position})).await;
    }
    // With all queues full a request still leaves.
    driver.ask(now(), buy("k-1-1")).await;
    let request = api.signed("order.place").await;
    api.answer(&request, ack()).await;
    let (mut trades, mut balances, mut answers) = (Vec::new(), Vec::new(), 0);
    while answers == 0 || trades.len() < 200 {
        match driver.news().await {
            Event::Input { input: Input::Balances(update), .. } => balances.push(update.time.millis()),
            Event::Answer { .. } => answers += 1,
            event => trades.extend(traded(&event)),
        }
    }
    assert_eq!(trades, (0..200).collect::<Vec<_>>());
    assert_eq!(balances, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn in_lockstep_every_numbered_event_goes_up_and_every_ack_comes_down() {
    let venue = Venue::open().await;
    let start = Time::from_millis(1_672_515_720_000);
    let (client, (mut api, mut market)) = tokio::join!(connect(venue.plan(Pace::Lockstep { now: start })), async {
        let mut api = venue.accept_api().await;
        let lockstep = api.signed("kestrel.lockstep").await;
        assert_eq!(lockstep["params"]["timestamp"], start.millis());
        api.answer(&lockstep, json!({"stream_token": "t0ken", "now": start.millis() + 60_000})).await;
        let subscribe = api.signed("userDataStream.subscribe.signature").await;
        assert_eq!(subscribe["params"]["timestamp"], start.millis() + 60_000);
        api.answer(&subscribe, json!({"subscriptionId": 0})).await;
        (api, venue.accept_market().await)
    });
    assert!(market.path.ends_with("&token=t0ken"), "{}", market.path);
    let client = client.expect("connected");
    assert_eq!(client.now, Some(start.plus(Span::MINUTE)));
    assert!(api.is_quiet().await, "nothing is acked before the start");
    let mut driver = Driver::start(client, 64);
    assert_eq!(api.frame().await, json!({"method": "kestrel.ack", "params": {"sequence": 0}, "id": null}));

    market.text(&trade(7, Some(1))).await;
    let event = driver.news().await;
    assert!(matches!(event, Event::Input { sequence: Some(1), time: Some(_), .. }), "{event:?}");
    // The event's requests are answered before its ack.
    driver.ask(start.plus(Span::MINUTE), buy("k-1-1")).await;
    let request = api.signed("order.place").await;
    assert_eq!(request["params"]["timestamp"], start.millis() + 60_000);
    api.answer(&request, ack()).await;
    assert!(matches!(driver.answer().await.outcome, Outcome::Accepted { .. }));
    driver.ack(1).await;
    assert_eq!(api.frame().await["params"]["sequence"], 1);

    let position = r#"{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":5,"u":4,"B":[]},"sequence":2}"#;
    api.text(position).await;
    let event = driver.news().await;
    let Event::Input { time, input: Input::Balances(_), sequence } = event else { panic!("{event:?}") };
    assert_eq!((time, sequence), (Some(Time::from_millis(4)), Some(2)));
    let unknown = r#"{"subscriptionId":0,"event":{"e":"somethingNew","E":5},"sequence":3}"#;
    api.text(unknown).await;
    assert!(matches!(driver.news().await, Event::Silent { sequence: Some(3) }));
    api.text(r#"{"event":{"e":"kestrelMarketEnded","E":6},"sequence":4}"#).await;
    assert!(matches!(driver.news().await, Event::MarketEnded));
}

/// Both peers and the driver in lockstep, with ack 0 already read.
async fn in_lockstep(venue: &Venue) -> (Peer, Peer, Driver) {
    let (client, (mut api, market)) = tokio::join!(connect(venue.plan(Pace::Lockstep { now: Time(0) })), async {
        let mut api = venue.accept_api().await;
        let lockstep = api.signed("kestrel.lockstep").await;
        api.answer(&lockstep, json!({"stream_token": "t", "now": 0})).await;
        let subscribe = api.signed("userDataStream.subscribe.signature").await;
        api.answer(&subscribe, json!({"subscriptionId": 0})).await;
        (api, venue.accept_market().await)
    });
    let driver = Driver::start(client.expect("connected"), 64);
    assert_eq!(api.frame().await["params"]["sequence"], 0);
    (api, market, driver)
}

#[tokio::test]
async fn in_lockstep_a_lost_socket_is_the_end() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = in_lockstep(&venue).await;
    driver.ask(Time(0), buy("k-1-1")).await;
    api.signed("order.place").await;
    drop(api);
    assert!(matches!(driver.answer().await.outcome, Outcome::Unknown { .. }));
    let event = driver.news().await;
    assert!(matches!(event, Event::Failed(_)), "{event:?}");
}

#[tokio::test]
async fn in_lockstep_a_lost_market_stream_is_the_end_unless_the_market_ended() {
    let venue = Venue::open().await;
    let (_api, market, mut driver) = in_lockstep(&venue).await;
    drop(market);
    let event = driver.news().await;
    assert!(matches!(&event, Event::Failed(why) if why.contains("market stream")), "{event:?}");

    let (mut api, market, mut driver) = in_lockstep(&venue).await;
    drop(market);
    api.text(r#"{"event":{"e":"kestrelMarketEnded","E":6},"sequence":1}"#).await;
    assert!(matches!(driver.news().await, Event::MarketEnded));
}

/// A month is about 450,000 events; at this floor it would take 75 seconds of the sockets' time.
#[tokio::test]
#[ignore = "evidence: cargo test --release -- --ignored lockstep"]
async fn six_thousand_lockstep_events_a_second_come_and_are_acked() {
    let venue = Venue::open().await;
    let (mut api, mut market, mut driver) = in_lockstep(&venue).await;
    let started = Instant::now();
    let events = 60_000;
    for sequence in 1..=events {
        market.text(&trade(7, Some(sequence))).await;
        let event = driver.news().await;
        assert!(matches!(event, Event::Input { sequence: Some(found), .. } if found == sequence), "{event:?}");
        driver.ack(sequence).await;
        api.frame().await;
    }
    let rate = events as f64 / started.elapsed().as_secs_f64();
    println!("lockstep round trips a second: {rate:.0}");
    assert!(rate > 6_000.0, "{rate:.0} a second");
}

#[tokio::test]
async fn a_429_over_rest_waits_as_long_as_the_venue_says() {
    let venue = Venue::open().await;
    let mut rest = venue.rest_client();
    let started = Instant::now();
    let (time, ()) = tokio::join!(rest.time(), async {
        let refusal = r#"{"code":-1003,"msg":"Too much request weight used."}"#;
        let (line, _) = venue.serve_rest("429 Too Many Requests", "Retry-After: 1\r\n", refusal).await;
        assert_eq!(line, "GET /api/v3/time HTTP/1.1");
        venue.serve_rest("200 OK", "", r#"{"serverTime":1499827319559}"#).await;
        assert!(started.elapsed() >= Duration::from_millis(990), "{:?}", started.elapsed());
    });
    assert_eq!(time, Ok(Time::from_millis(1_499_827_319_559)));

    // A ban is longer than anyone waits here.
    let banned = r#"{"code":-1003,"msg":"Way too much request weight used; IP banned until 9999999999999."}"#;
    let (time, _) = tokio::join!(rest.time(), venue.serve_rest("418 I'm a teapot", "Retry-After: 600\r\n", banned));
    assert!(matches!(time, Err(Error::Retry { after, .. }) if after > Span::from_seconds(500)), "{time:?}");
}

#[tokio::test]
async fn the_weight_that_the_venue_counted_holds_the_next_call_back() {
    let venue = Venue::open().await;
    let mut rest = venue.rest_client();
    let used = "X-MBX-USED-WEIGHT-1M: 5990\r\n";
    let (time, _) = tokio::join!(rest.time(), venue.serve_rest("200 OK", used, r#"{"serverTime":1}"#));
    assert!(time.is_ok());
    let waiting = tokio::time::timeout(Duration::from_millis(100), rest.time()).await;
    // Unless the minute turned just now, the call stands at the turnstile.
    assert!(waiting.is_err() || wall_ms() % 60_000 < 1_000);
}

#[tokio::test]
async fn account_calls_are_signed_and_a_failing_server_is_asked_again() {
    let venue = Venue::open().await;
    let mut rest = venue.rest_client();
    let account = r#"{"makerCommission":15,"takerCommission":15,"buyerCommission":0,"sellerCommission":0,
        "commissionRates":{"maker":"0.001","taker":"0.001","buyer":"0","seller":"0"},"canTrade":true,"canWithdraw":true,
        "canDeposit":true,"updateTime":123456789,"accountType":"SPOT","balances":[{"asset":"USDT","free":"4723846.89",
        "locked":"0.5"}],"permissions":["SPOT"]}"#;
    let now = now();
    let (balances, ()) = tokio::join!(rest.balances(now), async {
        let (line, head) = venue.serve_rest("200 OK", "", account).await;
        let query = signed_query(&line);
        assert!(query.starts_with("omitZeroBalances=true&recvWindow=5000&timestamp="), "{query}");
        assert!(query.contains(&format!("timestamp={}", now.millis())));
        assert!(head.to_ascii_lowercase().contains(&format!("x-mbx-apikey: {KEY}")));
    });
    let balances = balances.expect("an account").balances;
    assert_eq!(balances.len(), 1);
    assert_eq!((balances[0].asset.as_str(), balances[0].free.to_string().as_str()), ("USDT", "4723846.89"));

    let eth = Symbol::new("ETHUSDT");
    let (orders, ()) = tokio::join!(rest.open_orders(now, Some(&eth)), async {
        venue.serve_rest("502 Bad Gateway", "", "<html>").await;
        let (line, _) = venue.serve_rest("200 OK", "", "[]").await;
        assert!(signed_query(&line).starts_with("symbol=ETHUSDT&"), "{line}");
    });
    assert_eq!(orders, Ok(Vec::new()));
    let refusal = r#"{"code":-2014,"msg":"API-key format invalid."}"#;
    let (orders, _) =
        tokio::join!(rest.open_orders(now, Some(&eth)), venue.serve_rest("401 Unauthorized", "", refusal));
    assert!(matches!(orders, Err(Error::Fatal(_))), "{orders:?}");
}

#[tokio::test]
async fn rules_come_in_the_order_asked_and_only_closed_bars_count() {
    let venue = Venue::open().await;
    let mut rest = venue.rest_client();
    let row = |name: &str| {
        format!(
            r#"{{"symbol":"{name}","status":"TRADING","baseAsset":"B","quoteAsset":"USDT","orderTypes":["MARKET"],
            "filters":[{{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01"}},
            {{"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"9000","stepSize":"0.001"}}]}}"#
        )
    };
    let info = format!(r#"{{"symbols":[{},{}]}}"#, row("BTCUSDT"), row("ETHUSDT"));
    let symbols = [Symbol::new("ETHUSDT"), Symbol::new("BTCUSDT")];
    let (rules, (line, _)) = tokio::join!(rest.rules(&symbols), venue.serve_rest("200 OK", "", &info));
    assert!(line.contains("?symbols=%5B%22ETHUSDT%22%2C%22BTCUSDT%22%5D "), "{line}");
    let names: Vec<_> = rules.expect("both").iter().map(|rules| rules.symbol.to_string()).collect();
    assert_eq!(names, ["ETHUSDT", "BTCUSDT"]);

    let bar = |minute: i64| {
        let open = 1_672_515_720_000 + minute * 60_000;
        format!(r#"[{open},"1","2","0.5","1.5","3",{},"4",5,"1","1","0"]"#, open + 59_999)
    };
    let page = format!("[{},{},{}]", bar(0), bar(1), bar(2));
    let until = Time::from_millis(1_672_515_720_000 + 2 * 60_000 + 30_000);
    let (bars, (line, _)) = tokio::join!(rest.klines(&symbols[1], until, 3), venue.serve_rest("200 OK", "", &page));
    assert!(line.contains("?symbol=BTCUSDT&interval=1m&endTime=1672515839999&limit=3 "), "{line}");
    let opens: Vec<i64> = bars.expect("bars").iter().map(|bar| bar.open_time.minute().millis()).collect();
    assert_eq!(opens, [1_672_515_720_000, 1_672_515_780_000]);
}

#[tokio::test]
async fn a_query_finds_what_a_cancel_of_a_list_did() {
    let venue = Venue::open().await;
    let (mut api, _market, mut driver) = venue.connected(venue.plan(Pace::Wall)).await;
    driver.ask(now(), cancel("k-1-below")).await;
    let request = api.signed("order.cancel").await;
    let report = |own: &str, status: &str| {
        json!({"symbol": "ETHUSDT", "origClientOrderId": own, "orderId": 1, "orderListId": 2, "clientOrderId": "c",
            "price": "0", "origQty": "1", "executedQty": "0.25", "cummulativeQuoteQty": "0", "status": status,
            "timeInForce": "GTC", "type": "STOP_LOSS", "side": "SELL", "transactTime": 1})
    };
    let list = json!({"orderListId": 2, "contingencyType": "OCO", "listStatusType": "ALL_DONE",
        "listOrderStatus": "ALL_DONE", "listClientOrderId": "k-1-list", "transactionTime": 1, "symbol": "ETHUSDT",
        "orders": [], "orderReports": [report("k-1-above", "EXPIRED"), report("k-1-below", "CANCELED")]});
    api.answer(&request, list).await;
    assert_eq!(
        driver.answer().await.outcome,
        Outcome::Found { status: OrderStatus::Canceled, filled: "0.25".parse().unwrap() }
    );
}
