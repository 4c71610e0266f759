//! The server: one port on loopback for REST, market streams and the WebSocket API.
//!
//! Invariant: sockets only carry texts between clients and the core; the core decides everything.
//! Absent on purpose: TLS and any address that is not loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::core::{ConnectionId, Knock, Socket};
use super::rest::RestRequest;
use crate::protocol::messages::TimeUnit;
use crate::protocol::{Params, VenueError};

/// What crossed the sockets, and how the market ended.
#[derive(Debug, Default)]
pub struct Counters {
    /// Why the market's source failed.
    failure: OnceLock<String>,
    rest: AtomicU64,
    signed: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// A reading of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub rest_requests: u64,
    /// REST and WebSocket API requests that were signed.
    pub signed_requests: u64,
    pub frames_sent: u64,
    pub frames_received: u64,
}

/// Binance pings each WebSocket this often.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Texts on their way to one client.
const OUTGOING: usize = 1_024;

#[derive(Clone)]
struct Door {
    knocks: mpsc::Sender<Knock>,
    connections: Arc<AtomicU64>,
}

/// Binds the port; zero takes a free one.
pub async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves until the task is dropped.
pub async fn serve(listener: TcpListener, knocks: mpsc::Sender<Knock>) -> std::io::Result<()> {
    let door = Door { knocks, connections: Arc::new(AtomicU64::new(1)) };
    let router = Router::new()
        .route("/ws-api/v3", any(ws_api))
        .route("/ws", any(streams))
        .route("/ws/{*names}", any(streams))
        .route("/stream", any(streams))
        .route("/", get(|| async { "Kestrel's local exchange: a Binance spot venue on loopback.\n" }))
        .fallback(rest)
        .with_state(door);
    // A lockstep client waits for each frame: none may linger in the kernel.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap_or_default());
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn rest(
    State(door): State<Door>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Ok(body) = String::from_utf8(body.into()) else {
        return (StatusCode::BAD_REQUEST, r#"{"code":-1100,"msg":"Illegal characters found in a parameter."}"#)
            .into_response();
    };
    let request = RestRequest {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: query.unwrap_or_default(),
        body,
        api_key: text("x-mbx-apikey"),
        time_unit: text("x-mbx-time-unit"),
    };
    let (reply, answer) = oneshot::channel();
    if door.knocks.send(Knock::Rest { request, reply }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Ok(answer) = answer.await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json;charset=UTF-8"));
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn ws_api(State(door): State<Door>, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade) -> Response {
    let query = Params::parse_form(&query.unwrap_or_default()).unwrap_or_default();
    let with_limits = query.get("returnRateLimits") != Some("false");
    let Some(unit) = unit(&query) else { return invalid_unit() };
    upgrade.on_upgrade(move |socket| converse(door, socket, Socket::WsApi { unit, with_limits }))
}

/// `timeUnit` of a socket's URL.
fn unit(query: &Params) -> Option<TimeUnit> {
    query.get("timeUnit").map_or(Some(TimeUnit::default()), TimeUnit::parse)
}

fn invalid_unit() -> Response {
    let refusal = serde_json::to_string(&VenueError::invalid_time_unit()).unwrap_or_default();
    (StatusCode::BAD_REQUEST, refusal).into_response()
}

/// `/ws/<name>[/<name>...]` is raw, `/stream?streams=<name>/<name>` is combined; both may begin empty.
async fn streams(State(door): State<Door>, uri: Uri, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade) -> Response {
    let query = Params::parse_form(&query.unwrap_or_default()).unwrap_or_default();
    let combined = uri.path() == "/stream";
    let path = Params::parse_form(&format!("p={}", uri.path().trim_start_matches("/ws").trim_start_matches('/')));
    let raw_names = path.unwrap_or_default().get("p").unwrap_or_default().to_owned();
    let listed = if combined { query.get("streams").unwrap_or_default().to_owned() } else { raw_names };
    let names = listed.split('/').filter(|name| name.contains('@')).map(str::to_owned).collect();
    let Some(unit) = unit(&query) else { return invalid_unit() };
    let socket = Socket::Streams { names, combined, unit, token: query.get("token").map(str::to_owned) };
    upgrade.on_upgrade(move |stream| converse(door, stream, socket))
}

/// Carries texts both ways until one side closes.
async fn converse(door: Door, mut socket: WebSocket, kind: Socket) {
    let connection = ConnectionId(door.connections.fetch_add(1, Ordering::Relaxed));
    let (outgoing, mut texts) = mpsc::channel::<String>(OUTGOING);
    if door.knocks.send(Knock::Open { connection, socket: kind, outgoing }).await.is_err() {
        return;
    }
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_INTERVAL, PING_INTERVAL);
    loop {
        let sent = tokio::select! {
            biased;
            text = texts.recv() => match text {
                Some(text) => socket.send(Message::Text(text.into())).await,
                None => break,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let text = text.as_str().to_owned();
                    if door.knocks.send(Knock::Text { connection, text }).await.is_err() { break }
                    Ok(())
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => Ok(()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
            _ = ping.tick() => socket.send(Message::Ping(Bytes::new())).await,
        };
        if sent.is_err() {
            break;
        }
    }
    // At shutdown the core is gone first, and then nobody needs to know.
    door.knocks.send(Knock::Closed { connection }).await.unwrap_or_default();
}

impl Counters {
    pub fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            rest_requests: read(&self.rest),
            signed_requests: read(&self.signed),
            frames_sent: read(&self.sent),
            frames_received: read(&self.received),
        }
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Only the first failure counts: it ends the market.
    pub(super) fn fail(&self, why: String) {
        self.failure.set(why).unwrap_or_default();
    }

    pub(super) fn count_rest(&self) {
        self.rest.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_signed(&self) {
        self.signed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }
}
