//! Fetching from a local exchange: what is missing comes, what the venue lacks is marked, a second run asks for nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use kestrel::app;
use kestrel::app::market::MarketPlan;
use kestrel::config::{Config, Speed};
use kestrel::domain::{Bar, Seed, Symbol, Time};
use kestrel::exchange::Exchange;
use kestrel::store::{Catalog, KlineSource, ParquetBars, write_bars};
use serde_json::json;

use super::{fails, kestrel, told};

/// 2024-01-31 00:00 UTC.
const START_MS: i64 = 1_706_659_200_000;
/// Minutes that the venue has: two days over the end of a month, with an outage.
const MINUTES: i64 = 2_880;
const OUTAGE: std::ops::Range<i64> = 1_000..1_100;

fn bars() -> Vec<Bar> {
    let bar = |at: i64| {
        let open = 100.0 + (at % 50) as f64;
        let open_time = Time::from_millis(START_MS + at * 60_000);
        Bar { open_time, open, high: open + 2.0, low: open - 1.0, close: open + 1.0, volume: 1.5 }
    };
    (0..MINUTES).filter(|at| !OUTAGE.contains(at)).map(bar).collect()
}

/// A plain request, such as any client makes.
fn get(url: &str, path: &str) -> String {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the exchange listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// A venue whose market has run to its end.
fn venue(folder: &Path) -> Exchange {
    let path = folder.join("BTCUSDT-venue.parquet");
    write_bars(&path, &Symbol::new("BTCUSDT"), &bars()).expect("write");
    let mut config = Config::embedded().expect("settings");
    config.symbols = vec![Symbol::new("BTCUSDT")];
    config.speed = Speed::Times(1e6);
    let data = Some(ParquetBars::open(&[path], &config.symbols).expect("open"));
    let plan = MarketPlan { data, seed: Seed(1), warmup_bars: 0, anchor: None, bars: None };
    let exchange = app::exchange::start(&config, plan, 0, false).expect("an exchange").0;
    let last = format!("[[{},", START_MS + (MINUTES - 1) * 60_000);
    let newest = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1";
    let begun = std::time::Instant::now();
    while !get(&exchange.rest_url(), newest).contains(&last) {
        assert!(begun.elapsed().as_secs() < 60, "the market does not come to its end");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    exchange
}

fn kept(folder: &Path) -> Vec<Bar> {
    let catalog = Catalog::of_home(&folder.join("home"));
    let partition = catalog.find("BTCUSDT").expect("a history");
    let mut found = Vec::new();
    for (_, path) in catalog.months(&partition).expect("months") {
        let rows = KlineSource::open(&path).expect("open").visit(&mut |row| {
            found.push(row.kline.bar);
            Ok(())
        });
        rows.expect("rows");
    }
    found
}

#[test]
fn what_is_missing_is_fetched_month_by_month_and_only_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let exchange = venue(folder);
    let url = exchange.rest_url();
    let fetch =
        |to: &str| told(folder, &["data", "fetch", "BTCUSDT", "--from", "2024-01-31", "--to", to, "--rest-url", &url]);
    let first = fetch("2024-01-31T05:00");
    assert_eq!((&first["added"], &first["missing"]), (&json!(300), &json!(0)));
    let second = fetch("2024-02-02");
    assert_eq!(second["added"], bars().len() - 300);
    assert_eq!((&second["months"], &second["missing"]), (&json!(2), &json!(100)));
    assert_eq!(kept(folder), bars());
    let third = fetch("2024-02-01T20:00");
    assert_eq!((&third["months"], &third["complete"], &third["missing"]), (&json!(0), &json!(2), &json!(100)));
    let again = ["data", "fetch", "BTCUSDT", "--from", "2024-01-31", "--to", "2024-02-01", "--rest-url", &url];
    let output = kestrel(folder, &again);
    assert!(String::from_utf8_lossy(&output.stdout).contains("100 bars missing; the source has no bars there"));
    let found = told(folder, &["data", "check", "BTCUSDT"]);
    assert_eq!(found["gaps"].as_array().map(Vec::len), Some(1), "the outage stays a gap");
    // An import of the same bars agrees with what was fetched.
    let plain = told(folder, &["data", "import", "BTCUSDT-venue.parquet"]);
    assert_eq!(plain["files"][0]["known"], bars().len());
}

#[test]
fn addresses_and_times_that_cannot_be_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let fetch = |from: &str, url: &str, status: i32, parts: &[&str]| {
        let arguments = ["data", "fetch", "BTCUSDT", "--from", from, "--to", "2024-02-01", "--rest-url", url];
        fails(folder, &arguments, status, parts);
    };
    fetch("2024-03-01", "http://127.0.0.1:1", 2, &["--from", "2024-03-01"]);
    fetch("2024-01-01", "https://api.binance.com", 2, &["https://api.binance.com", "TLS"]);
    fetch("2024-01-01", "nowhere", 2, &["nowhere", "http://HOST:PORT"]);
    let exchange = venue(folder);
    let url = exchange.rest_url();
    let arguments = ["data", "fetch", "NOSUCH", "--from", "2024-01-31", "--to", "2024-02-01", "--rest-url", &url];
    let output = kestrel(folder, &arguments);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("-1121"));
}
