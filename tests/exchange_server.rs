//! The local exchange over real sockets, as a client of Binance that knows nothing of lockstep meets it.
//!
//! Invariant: expectations are Binance's documented behaviour, spelled with raw requests and raw JSON.
//! Absent on purpose: the answers call by call (`exchange_calls`) and lockstep (`parity`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kestrel::domain::{Bar, Price, Quantity, Seed, Span, SymbolId, SymbolRules};
use kestrel::exchange::market_source::GeneratedSource;
use kestrel::exchange::{Exchange, KeyPair, Settings, Speed};
use kestrel::protocol::Params;
use kestrel::protocol::sign::{Secret, sign_ws, signed_query};
use kestrel::runtime::clock::WallClock;
use kestrel::simulator::FeePolicy;
use kestrel::simulator::generator::Generator;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{MemorySource, START, money, rules, short, venue};

/// An exchange and a client's way to it.
struct House {
    exchange: Exchange,
    http: reqwest::Client,
    key: KeyPair,
}

type Ws = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(10);

/// Nothing is encrypted on loopback, but a client wants its TLS named.
fn http() -> reqwest::Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().timeout(PATIENCE).tls_backend_preconfigured(tls).build().unwrap()
}

fn house(source: Box<dyn kestrel::engine::ports::BarSource + Send>, rules: Vec<SymbolRules>, speed: f64) -> House {
    let key = KeyPair::of(Seed(1));
    let settings = Settings {
        port: 0,
        rules,
        source,
        venue: venue(FeePolicy::Received),
        speed: Speed::Times(speed),
        hold: false,
        key: key.clone(),
        balance: money("10000"),
    };
    House { exchange: Exchange::start(settings).unwrap(), http: http(), key }
}

/// A market without an end.
fn moving(speed: f64) -> House {
    let rules = rules(&["BTCUSDT"]);
    let generator = Generator::new(Seed(1), &rules[0].symbol, &rules[0], START, 100.0);
    house(Box::new(GeneratedSource::new(vec![generator], 20)), rules, speed)
}

/// Twenty minutes at 100 (low 99, high 101, volume 2), and one that has just opened with a quarter of its volume of 4.
fn still() -> House {
    let bar = |minute: i64| {
        let open_time = START.plus(Span(minute * Span::MINUTE.0));
        Bar { open_time, open: 100.0, high: 101.0, low: 99.0, close: 100.0, volume: 2.0 }
    };
    let coming = Bar { volume: 4.0, open: 100.5, ..bar(20) };
    let source = MemorySource { history: vec![(0..20).map(bar).collect()], bars: [(SymbolId(0), coming)].into() };
    house(Box::new(source), rules(&["BTCUSDT"]), 0.001)
}

fn now() -> i64 {
    WallClock::start().now().millis()
}

impl House {
    async fn get(&self, path_and_query: &str) -> (u16, Value) {
        self.ask("GET", path_and_query, None).await
    }

    async fn ask(&self, method: &str, path_and_query: &str, unit: Option<&str>) -> (u16, Value) {
        let url = format!("{}/api/v3/{path_and_query}", self.exchange.rest_url());
        let mut request = self.http.request(method.parse().unwrap(), url).header("X-MBX-APIKEY", &self.key.key);
        // As the official clients do: a JSON type, an empty body and everything in the query.
        request = request.header("Content-Type", "application/json");
        if let Some(unit) = unit {
            request = request.header("X-MBX-TIME-UNIT", unit);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), short(response.json().await.unwrap()))
    }

    async fn signed(&self, method: &str, path: &str, query: &str, timestamp: i64) -> (u16, Value) {
        let params = Params::parse_form(query).unwrap().with("timestamp", timestamp);
        let query = signed_query(&Secret::new(&self.key.secret), &params);
        self.ask(method, &format!("{path}?{query}"), None).await
    }

    async fn order(&self, query: &str) -> (u16, Value) {
        self.signed("POST", "order", query, now()).await
    }

    async fn socket(&self, path: &str) -> Ws {
        connect_async(format!("{}{path}", self.exchange.stream_url())).await.unwrap().0
    }

    async fn api(&self, socket: &mut Ws, method: &str, params: Params) {
        let mut params = params.with("apiKey", &self.key.key).with("timestamp", now());
        sign_ws(&Secret::new(&self.key.secret), &mut params);
        send(socket, &json!({"id": method, "method": method, "params": params.to_json()})).await;
    }
}

async fn send(socket: &mut Ws, value: &Value) {
    socket.send(Message::text(value.to_string())).await.unwrap();
}

async fn next(socket: &mut Ws) -> Value {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("a frame in time").unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn the_streams_that_clients_ask_for_are_told_listed_and_left() {
    let house = moving(600.0);
    let names = [
        "aggTrade",
        "trade",
        "bookTicker",
        "depth@100ms",
        "depth5",
        "depth20@100ms",
        "avgPrice",
        "miniTicker",
        "ticker",
        "kline_1m",
        "kline_5m",
        "kline_1h",
    ];
    let names = names.map(|name| format!("btcusdt@{name}"));
    let mut socket = house.socket("/stream?streams=").await;
    send(&mut socket, &json!({"method": "SUBSCRIBE", "params": names, "id": "a-1"})).await;
    assert_eq!(next(&mut socket).await, json!({"result": null, "id": "a-1"}));
    let mut heard: BTreeMap<String, Value> = BTreeMap::new();
    while heard.len() < names.len() {
        let frame = next(&mut socket).await;
        heard.insert(frame["stream"].as_str().unwrap().to_owned(), frame["data"].clone());
    }
    let events = ["aggTrade", "trade", "-", "depthUpdate", "-", "-", "avgPrice", "24hrMiniTicker", "24hrTicker"];
    for (name, event) in names.iter().zip(events.into_iter().chain(["kline"; 3])) {
        let data = &heard[name];
        assert_eq!(data["e"].as_str().unwrap_or("-"), event, "{name}: {data}");
    }
    assert_eq!(heard["btcusdt@depth5"]["bids"].as_array().map(Vec::len), Some(5));
    assert_eq!(heard["btcusdt@depth20@100ms"]["asks"].as_array().map(Vec::len), Some(20));

    send(&mut socket, &json!({"method": "LIST_SUBSCRIPTIONS", "id": 2})).await;
    let listed = reply(&mut socket, &json!(2)).await;
    let listed: BTreeSet<&str> = listed["result"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect());
    send(&mut socket, &json!({"method": "UNSUBSCRIBE", "params": names, "id": 3})).await;
    assert_eq!(reply(&mut socket, &json!(3)).await["result"], Value::Null);
    send(&mut socket, &json!({"method": "LIST_SUBSCRIPTIONS", "id": 4})).await;
    assert_eq!(reply(&mut socket, &json!(4)).await["result"], json!([]));
}

async fn reply(socket: &mut Ws, id: &Value) -> Value {
    loop {
        let frame = next(socket).await;
        if frame["id"] == *id {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_longer_bar_is_made_of_its_minutes_and_closes_once() {
    let house = moving(3_000.0);
    let mut socket = house.socket("/ws/btcusdt@kline_1m/btcusdt@kline_5m").await;
    let (mut minutes, mut last_end): (Vec<Value>, i64) = (Vec::new(), 0);
    for _ in 0..3 {
        let five = loop {
            let kline = next(&mut socket).await["k"].clone();
            match (kline["i"].as_str().unwrap(), kline["x"].as_bool().unwrap()) {
                ("1m", true) => minutes.push(kline),
                ("5m", true) => break kline,
                _ => {}
            }
        };
        let (open, end) = (five["t"].as_i64().unwrap(), five["T"].as_i64().unwrap());
        assert_eq!((open % 300_000, end - open), (0, 299_999));
        assert!(end > last_end, "the bar until {end} closed twice");
        last_end = end;
        let inside: Vec<&Value> = minutes.iter().filter(|minute| minute["t"].as_i64() >= Some(open)).collect();
        if inside.len() == 5 {
            let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
            assert_eq!((&five["o"], &five["c"]), (&inside[0]["o"], &inside[4]["c"]));
            assert_eq!(number(&five["h"]), inside.iter().map(|bar| number(&bar["h"])).fold(0.0, f64::max));
            let volume: f64 = inside.iter().map(|bar| number(&bar["v"])).sum();
            assert!((number(&five["v"]) - volume).abs() < 1e-6);
        }
    }
    assert!(minutes.len() >= 10, "only {} minutes closed", minutes.len());
}

#[tokio::test]
async fn a_signature_covers_every_parameter_also_return_rate_limits() {
    let house = still();
    let mut socket = house.socket("/ws-api/v3").await;
    house.api(&mut socket, "account.status", Params::new().with("returnRateLimits", false)).await;
    let reply = next(&mut socket).await;
    assert_eq!(reply["status"], 200, "{reply}");
    assert!(reply.get("rateLimits").is_none());
    house.api(&mut socket, "account.status", Params::new()).await;
    assert_eq!(next(&mut socket).await["rateLimits"].as_array().map(Vec::len), Some(3));
    let mut quiet = house.socket("/ws-api/v3?returnRateLimits=false").await;
    house.api(&mut quiet, "account.status", Params::new()).await;
    assert!(next(&mut quiet).await.get("rateLimits").is_none());
}

#[tokio::test]
async fn times_are_in_the_unit_that_was_asked_for() {
    let house = moving(600.0);
    let micros = 1_000_000_000_000_000..10_000_000_000_000_000;
    let is_micros = |value: &Value| micros.contains(&value.as_i64().unwrap());
    let (_, time) = house.ask("GET", "time", Some("MICROSECOND")).await;
    assert!(is_micros(&time["serverTime"]), "{time}");
    let (_, rows) = house.ask("GET", "klines?symbol=BTCUSDT&interval=1m&limit=1", Some("microsecond")).await;
    assert!(is_micros(&rows[0][0]), "{rows}");
    assert_eq!(rows[0][6].as_i64().unwrap() - rows[0][0].as_i64().unwrap(), 59_999_999);
    let wrong = json!({
        "code": -1194, "msg": "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    });
    assert_eq!(house.ask("GET", "time", Some("SECOND")).await, (400, wrong));

    let mut stream = house.socket("/stream?streams=btcusdt@trade&timeUnit=MICROSECOND").await;
    assert!(is_micros(&next(&mut stream).await["data"]["T"]));
    let mut api = house.socket("/ws-api/v3?timeUnit=MICROSECOND").await;
    house.api(&mut api, "userDataStream.subscribe.signature", Params::new()).await;
    assert_eq!(next(&mut api).await["result"], json!({"subscriptionId": 0}));
    assert_eq!(house.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1").await.0, 200);
    assert!(is_micros(&next(&mut api).await["event"]["T"]));
    let refused = connect_async(format!("{}/ws/btcusdt@trade?timeUnit=SECOND", house.exchange.stream_url())).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn outside_lockstep_no_market_order_waits_for_the_next_open() {
    // So fast that every request meets another step.
    let house = moving(1e7);
    for at in 0..150 {
        let (status, order) = house.order("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=10").await;
        assert_eq!((status, &order["status"]), (200, &json!("FILLED")), "{at}: {order}");
        assert!(!order["fills"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn outside_lockstep_clocks_are_those_of_the_operating_system() {
    let house = still();
    let (_, info) = house.get("exchangeInfo").await;
    let (_, time) = house.get("time?").await;
    for told in [&info["serverTime"], &time["serverTime"]] {
        assert!((told.as_i64().unwrap() - now()).abs() < 5_000, "{told}");
    }
    assert_eq!(house.signed("GET", "account", "", now()).await.0, 200);
    let market = START.plus(Span(20 * Span::MINUTE.0)).millis();
    let late = json!({"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."});
    assert_eq!(house.signed("GET", "account", "", market).await, (400, late));
}

#[tokio::test]
async fn a_day_ticker_sums_the_closed_minutes_and_the_forming_one() {
    let house = still();
    let (_, day) = house.get("ticker/24hr?symbol=BTCUSDT").await;
    let expected = json!({
        "symbol": "BTCUSDT", "openPrice": "100", "highPrice": "101", "lowPrice": "99", "lastPrice": "100.5",
        "priceChange": "0.5", "priceChangePercent": "0.5", "prevClosePrice": "100", "volume": "41",
        "quoteVolume": "4100.5", "weightedAvgPrice": "100.01219512", "lastQty": "1", "count": 84,
        "firstId": 1, "lastId": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&day[name], value, "{name} of {day}");
    }
    let close_time = START.plus(Span(20 * Span::MINUTE.0)).millis();
    assert_eq!((&day["openTime"], &day["closeTime"]), (&json!(close_time - 86_400_000), &json!(close_time)));
    let (_, all) = house.get("ticker/24hr?type=MINI").await;
    assert_eq!((all.as_array().map(Vec::len), all[0].get("bidPrice")), (Some(1), None));
    assert_eq!(house.get("ticker/24hr?type=TINY").await.1["code"], -1130);
    let (_, trades) = house.get("historicalTrades?symbol=BTCUSDT&fromId=1").await;
    assert_eq!(trades[0]["price"], "100.5");
    assert_eq!(
        house.get("uiKlines?symbol=BTCUSDT&interval=1m").await,
        house.get("klines?symbol=BTCUSDT&interval=1m").await
    );
}

#[tokio::test]
async fn no_filter_tells_clients_a_maximum_of_zero() {
    let (_, info) = still().get("exchangeInfo?symbol=BTCUSDT").await;
    let filters = info["symbols"][0]["filters"].as_array().unwrap();
    for filter in filters {
        for name in ["maxPrice", "maxQty", "maxNotional"] {
            let Some(max) = filter.get(name) else { continue };
            assert!(max.as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{filter}");
        }
    }
    assert!(filters.iter().any(|filter| filter["filterType"] == "NOTIONAL"));
}

#[tokio::test]
async fn a_book_kept_from_the_stream_equals_later_snapshots() {
    let house = moving(1_200.0);
    let mut socket = house.socket("/ws/btcusdt@depth@100ms").await;
    let first = next(&mut socket).await;
    let (_, snapshot) = house.get("depth?symbol=BTCUSDT&limit=5000").await;
    let mut id = snapshot["lastUpdateId"].as_i64().unwrap();
    assert!(id >= first["U"].as_i64().unwrap());
    let mut book = (sides(&snapshot, "bids"), sides(&snapshot, "asks"));
    let mut compared = 0;
    while compared < 3 {
        let (_, later) = house.get("depth?symbol=BTCUSDT&limit=5000").await;
        let target = later["lastUpdateId"].as_i64().unwrap();
        while id < target {
            let event = next(&mut socket).await;
            let (from, to) = (event["U"].as_i64().unwrap(), event["u"].as_i64().unwrap());
            if to <= id {
                continue;
            }
            assert!(from <= id + 1, "updates {} to {from} are missing", id + 1);
            for (side, name) in [(&mut book.0, "b"), (&mut book.1, "a")] {
                side.extend(sides(&event, name));
                side.retain(|_, quantity| !quantity.is_zero());
            }
            id = to;
        }
        if id == target {
            assert_eq!(book, (sides(&later, "bids"), sides(&later, "asks")));
            compared += 1;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

fn sides(frame: &Value, name: &str) -> BTreeMap<Price, Quantity> {
    let level = |level: &Value| {
        let [price, quantity] = [&level[0], &level[1]].map(|text| text.as_str().unwrap());
        (price.parse().unwrap(), quantity.parse().unwrap())
    };
    frame[name].as_array().unwrap().iter().map(level).collect()
}

#[tokio::test]
async fn the_life_of_an_order_is_told_to_its_owner() {
    let house = still();
    let mut api = house.socket("/ws-api/v3").await;
    house.api(&mut api, "userDataStream.subscribe.signature", Params::new()).await;
    assert_eq!(next(&mut api).await["result"], json!({"subscriptionId": 0}));
    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=90";
    assert_eq!(house.order(&format!("{limit}&timeInForce=GTC&newClientOrderId=rests")).await.1["status"], "NEW");
    let cancel = "symbol=BTCUSDT&origClientOrderId=rests&newClientOrderId=away";
    assert_eq!(house.signed("DELETE", "order", cancel, now()).await.1["status"], "CANCELED");
    assert_eq!(house.order(&format!("{limit}&timeInForce=IOC&newClientOrderId=brief")).await.1["status"], "EXPIRED");
    let quote = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100&newClientOrderId=takes";
    assert_eq!(house.order(quote).await.1["status"], "FILLED");
    let mut told = Vec::new();
    while told.last() != Some(&("takes TRADE FILLED".to_owned())) {
        let event = next(&mut api).await["event"].clone();
        if event["e"] == "executionReport" {
            let [id, execution, status] = ["c", "x", "X"].map(|name| event[name].as_str().unwrap());
            told.push(format!("{id} {execution} {status}"));
        }
    }
    let expected = [
        "rests NEW NEW",
        "away CANCELED CANCELED",
        "brief NEW NEW",
        "brief EXPIRED EXPIRED",
        "takes NEW NEW",
        "takes TRADE FILLED",
    ];
    assert_eq!(told, expected);
}

/// `kestrel exchange` as a program, with the line it prints.
fn program(home: &std::path::Path, arguments: &[&str]) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .arg("exchange")
        .args(arguments)
        .current_dir(home)
        .env("KESTREL_HOME", home)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

#[test]
fn a_port_in_use_is_status_4_and_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["exchange", "--port", &port])
        .current_dir(folder.path())
        .env("KESTREL_HOME", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(4), 0, 1), "{said}");
    assert!(said.contains(&port) && said.contains("--port"), "{said}");
}

#[tokio::test]
async fn signals_end_the_program_cleanly_and_a_paced_market_is_of_today() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["TERM", "INT"] {
        let (mut child, line) = program(folder.path(), &["--speed", "1"]);
        let rest = line["rest_url"].as_str().unwrap();
        let url = format!("{rest}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1");
        let rows: Value = http().get(url).send().await.unwrap().json().await.unwrap();
        let behind = now() - rows[0][6].as_i64().unwrap();
        assert!((0..125_000).contains(&behind), "the last bar closed {behind} ms ago");
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        let address: std::net::SocketAddr = rest.trim_start_matches("http://").parse().unwrap();
        assert!(std::net::TcpStream::connect(address).is_err(), "the port is still open after {signal}");
    }
}
