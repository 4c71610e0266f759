//! A scripted venue: sockets on loopback that the test reads and answers by hand, frame by frame.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request as Upgrade, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use kestrel::binance::{Connected, Credentials, Endpoints, Pace, Plan, Rest, Running, Timing, connect};
use kestrel::domain::order::TimeInForce;
use kestrel::domain::{ClientOrderId, NewOco, NewOrder, OcoLeg, OrderKind, Seed, Side, Span, Symbol, SymbolId, Time};
use kestrel::engine::Answer;
use kestrel::engine::orders::Purpose;
use kestrel::engine::ports::{Event, Outgoing, Request};
use kestrel::engine::risk::stops::Distances;
use kestrel::engine::risk::{Approved, EntryGate, OrderRequest, Payload, RiskView, Room, check};
use kestrel::engine::settings::StrategyName;
use kestrel::protocol::Params;
use kestrel::protocol::sign::{Secret, verify_rest, verify_ws};

use crate::support::{money, price, rules, settings};

pub const KEY: &str = "the-key";
pub const SECRET: &str = "the-secret";
/// Nothing on loopback takes longer.
const LIMIT: Duration = Duration::from_secs(10);

pub struct Venue {
    rest: TcpListener,
    streams: TcpListener,
    ws_api: TcpListener,
}

/// One accepted WebSocket and the path of its request.
pub struct Peer {
    pub socket: WebSocketStream<TcpStream>,
    pub path: String,
}

/// The driver's ends, with the client's own types.
pub struct Driver {
    pub events: mpsc::Receiver<Event>,
    pub outgoing: mpsc::Sender<Outgoing>,
    _running: Running,
}

impl Venue {
    pub async fn open() -> Venue {
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("a port") };
        Venue { rest: listen().await, streams: listen().await, ws_api: listen().await }
    }

    pub fn endpoints(&self) -> Endpoints {
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let url = |scheme: &str, listener| format!("{scheme}://127.0.0.1:{}", port(listener));
        let [rest, streams] = [url("http", &self.rest), url("ws", &self.streams)];
        Endpoints::loopback(&rest, &streams, &url("ws", &self.ws_api)).expect("loopback")
    }

    pub fn rest_client(&self) -> Rest {
        Rest::new(&self.endpoints(), Credentials::new(KEY, SECRET)).expect("a client")
    }

    pub fn plan(&self, pace: Pace) -> Plan {
        Plan {
            endpoints: self.endpoints(),
            credentials: Credentials::new(KEY, SECRET),
            symbols: vec![Symbol::new("BTCUSDT"), Symbol::new("ETHUSDT")],
            pace,
            timing: Timing {
                first_pause: Span::from_millis(20),
                last_words: Duration::from_millis(20),
                ..Timing::default()
            },
            seed: Seed(1),
        }
    }

    /// Connects a client in wall time: (both peers, the driver's ends).
    pub async fn connected(&self, plan: Plan) -> (Peer, Peer, Driver) {
        let (client, (api, market)) = tokio::join!(connect(plan), async {
            let api = self.accept_account().await;
            (api, self.accept_market().await)
        });
        (api, market, Driver::start(client.expect("connected"), 64))
    }

    /// Accepts the account's socket and answers its opening in wall time.
    pub async fn accept_account(&self) -> Peer {
        let mut api = accept(&self.ws_api).await;
        let clock = api.request("time").await;
        api.answer(&clock, json!({"serverTime": wall_ms()})).await;
        let subscribe = api.signed("userDataStream.subscribe.signature").await;
        api.answer(&subscribe, json!({"subscriptionId": 0})).await;
        api
    }

    pub async fn accept_api(&self) -> Peer {
        accept(&self.ws_api).await
    }

    pub async fn accept_market(&self) -> Peer {
        accept(&self.streams).await
    }

    /// Reads one HTTP request and answers it: (request line, whole head).
    pub async fn serve_rest(&self, status: &str, headers: &str, body: &str) -> (String, String) {
        let (mut stream, _) = within(self.rest.accept()).await.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(stream.read_u8()).await.expect("a head"));
        }
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
        stream.write_all(answer.as_bytes()).await.expect("written");
        stream.shutdown().await.expect("closed");
        let head = String::from_utf8(head).expect("text");
        (head.lines().next().unwrap_or_default().to_owned(), head)
    }
}

async fn accept(listener: &TcpListener) -> Peer {
    let (stream, _) = within(listener.accept()).await.expect("a connection");
    let mut path = String::new();
    #[allow(clippy::result_large_err)]
    let note = |request: &Upgrade, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().to_string();
        Ok(response)
    };
    let socket = accept_hdr_async(stream, note).await.expect("a handshake");
    Peer { socket, path }
}

impl Peer {
    pub async fn frame(&mut self) -> Value {
        loop {
            match within(self.socket.next()).await.expect("an open socket").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no text frame: {other:?}"),
            }
        }
    }

    /// The next request, which must have this method.
    pub async fn request(&mut self, method: &str) -> Value {
        let request = self.frame().await;
        assert_eq!(request["method"], method, "{request}");
        request
    }

    /// The next request, which must have this method, our key and a signature that fits.
    pub async fn signed(&mut self, method: &str) -> Value {
        let request = self.request(method).await;
        let params = Params::from_json_text(&request["params"].to_string()).expect("params");
        assert_eq!(params.get("apiKey"), Some(KEY));
        assert_eq!(params.get("recvWindow"), Some("5000"));
        verify_ws(&Secret::new(SECRET), &params).expect("the signature fits");
        request
    }

    pub async fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({"id": request["id"], "status": 200, "result": result, "rateLimits": []})).await;
    }

    pub async fn refuse(&mut self, request: &Value, status: u16, code: i64, msg: &str) {
        self.send(&json!({"id": request["id"], "status": status, "error": {"code": code, "msg": msg}})).await;
    }

    pub async fn send(&mut self, frame: &Value) {
        self.text(&frame.to_string()).await;
    }

    /// Text as it stands: a frame's number must be its last field.
    pub async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("written");
    }

    /// Nothing comes for a moment.
    pub async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(60), self.socket.next()).await.is_err()
    }
}

impl Driver {
    pub fn start(client: Connected, capacity: usize) -> Driver {
        let (event_sender, events) = mpsc::channel(capacity);
        let (outgoing, outgoing_receiver) = mpsc::channel(64);
        Driver { events, outgoing, _running: client.start(event_sender, outgoing_receiver) }
    }

    pub async fn event(&mut self) -> Event {
        within(self.events.recv()).await.expect("a running client")
    }

    /// The next event that is no news of a link.
    pub async fn news(&mut self) -> Event {
        loop {
            match self.event().await {
                Event::Link { .. } => {}
                event => return event,
            }
        }
    }

    pub async fn answer(&mut self) -> Answer {
        match self.news().await {
            Event::Answer { answer, .. } => answer,
            event => panic!("no answer: {event:?}"),
        }
    }

    pub async fn ask(&self, now: Time, request: Request) {
        self.outgoing.send(Outgoing::Request { now, request }).await.expect("a running client");
    }

    pub async fn ack(&self, sequence: u64) {
        self.outgoing.send(Outgoing::Ack { sequence }).await.expect("a running client");
    }
}

/// The query of a request line, whose signature must fit.
pub fn signed_query(line: &str) -> String {
    let query = line.split(['?', ' ']).nth(2).expect("a query");
    verify_rest(&Secret::new(SECRET), query, "").expect("the signature fits");
    query.to_owned()
}

pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("done in time")
}

pub fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    since.as_millis() as i64
}

pub fn id(name: &str) -> ClientOrderId {
    ClientOrderId::from(name)
}

/// A market order to buy that the risk engine let pass.
pub fn buy(name: &str) -> Request {
    let kind = OrderKind::Market { quantity: "0.5".parse().expect("a quantity") };
    submit(Purpose::Entry, Payload::Order(NewOrder { symbol: SymbolId(0), client_id: id(name), side: Side::Buy, kind }))
}

pub fn cancel(name: &str) -> Request {
    Request::Cancel { symbol: SymbolId(1), client_id: id(name) }
}

pub fn query(name: &str) -> Request {
    Request::Query { symbol: SymbolId(0), client_id: id(name) }
}

/// Target above, stop below.
pub fn oco(name: &str) -> Request {
    let quantity = "0.5".parse().expect("a quantity");
    let target = OrderKind::Limit { quantity, price: price("110"), time_in_force: TimeInForce::Gtc };
    let stop = OrderKind::StopLoss { quantity, stop: price("90") };
    let above = OcoLeg { client_id: id("k-1-above"), kind: target };
    let below = OcoLeg { client_id: id("k-1-below"), kind: stop };
    let oco = NewOco { symbol: SymbolId(0), list_client_id: id(name), side: Side::Sell, quantity, above, below };
    submit(Purpose::Target, Payload::Oco(Box::new(oco)))
}

fn submit(purpose: Purpose, payload: Payload) -> Request {
    Request::Submit(approved(OrderRequest { purpose, payload }))
}

pub fn approved(request: OrderRequest) -> Approved {
    let rules = rules(&["BTCUSDT"]).remove(0);
    let settings = settings(StrategyName::Flat);
    let view = RiskView {
        settings: &settings,
        rules: &rules,
        gate: EntryGate { paused: false, halted: None, stale: false, shock: None, lock: None },
        free_cash: money("1000"),
        held: "10".parse().expect("a quantity"),
        mark: Some(price("100")),
        open_orders: 0,
        open_trigger_orders: 0,
        is_slice: false,
        bought: kestrel::domain::Quantity::ZERO,
        distances: Distances::default(),
        room: Room::default(),
    };
    check(&view, request).expect("risk lets it pass")
}
