//! A stand-in for other people's hosts, on loopback.
//!
//! Invariant: it answers by path and by how often it was asked before, so that tests are scripts.
//! Absent on purpose: anything that a real host checks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};

pub enum Answer {
    Whole {
        status: u16,
        retry_after: Option<String>,
        body: String,
    },
    /// After so long.
    Late(Duration),
    /// A body without a length and without an end.
    Endless,
    /// A redirect.
    To(String),
}

impl Answer {
    pub fn ok(body: impl Into<String>) -> Answer {
        Answer::Whole { status: 200, retry_after: None, body: body.into() }
    }

    pub fn status(status: u16, retry_after: Option<&str>) -> Answer {
        Answer::Whole { status, retry_after: retry_after.map(str::to_owned), body: "<html>no</html>".to_owned() }
    }
}

pub struct Host {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// `script` sees the path and how often it was asked before.
    pub async fn start(script: impl Fn(&str, u64) -> Answer + Send + Sync + 'static) -> Host {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let counts: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let script = Arc::new(script);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let path = request.uri().path().to_owned();
            seen.lock().expect("a list").push(request.uri().to_string());
            let mut counts = counts.lock().expect("counts");
            let count = counts.entry(path.clone()).or_default();
            let answer = script(&path, *count);
            *count += 1;
            respond(answer)
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Host { port, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was asked, with its query.
    pub fn paths(&self) -> Vec<String> {
        self.asked.lock().expect("a list").clone()
    }
}

async fn respond(answer: Answer) -> Response<Body> {
    let response = Response::builder();
    let built = match answer {
        Answer::Whole { status, retry_after, body } => {
            let response = response.status(status);
            let response = match retry_after {
                Some(seconds) => response.header("retry-after", seconds),
                None => response,
            };
            response.body(Body::from(body))
        }
        Answer::Late(wait) => {
            tokio::time::sleep(wait).await;
            response.body(Body::empty())
        }
        Answer::Endless => {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 4_096]));
            response.body(Body::from_stream(chunks))
        }
        Answer::To(place) => response.status(302).header("location", place).body(Body::empty()),
    };
    built.expect("a response")
}

/// A port on which nobody listens.
pub fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A host with a certificate of its own making; it takes connections and says nothing.
pub async fn self_signed() -> u16 {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a server");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(settings));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(socket).await.map(drop) });
        }
    });
    port
}

pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

/// Payments each eight hours from `start` on.
pub fn funding_rows(start: i64, count: i64) -> String {
    let row = |at: i64| {
        let rate = 0.0001 + 0.000_01 * (at % 5) as f64;
        format!(r#"{{"symbol":"BTCUSDT","fundingRate":"{rate}","fundingTime":{}}}"#, start + at * 8 * 3_600_000)
    };
    format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","))
}
