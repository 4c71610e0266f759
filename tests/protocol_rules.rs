//! Binance's rules by data: parameters, signatures and the order book procedure.
//!
//! Invariant: expectations come from recorded cases or Binance's documentation, never from our own output.
//! Absent on purpose: filters, errors and weights (`protocol_catalogue`).

use std::fs;
use std::path::PathBuf;

use kestrel::domain::{Price, Quantity};
use kestrel::protocol::book_sync::{BookSync, DepthDiff, DepthSnapshot, Level, MAX_BUFFERED, Step};
use kestrel::protocol::sign::{Secret, rest_payload, sign_ws, signed_query, verify_rest, verify_ws};
use kestrel::protocol::weights::{UsedCount, retry_after};
use kestrel::protocol::{Params, VenueError};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The folder of recorded Binance cases; `None` (with a line) where there is none.
fn cases_dir() -> Option<PathBuf> {
    if let Some(data) = std::env::var_os("KESTREL_DATA") {
        return Some(PathBuf::from(data).join("binance"));
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs KESTREL_DATA");
    println!("skipped: KESTREL_DATA is not set");
    None
}

fn read_json(path: PathBuf) -> Value {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The manifest's cases of one kind: (id, file's content, expectation).
pub fn manifest_cases(kind: &str) -> Option<Vec<(String, Value, Value)>> {
    let dir = cases_dir()?;
    let manifest = read_json(dir.join("manifest.json"));
    let all = manifest["cases"].as_array().expect("the manifest lists cases").clone();
    let of_kind = all.into_iter().filter(|case| case["kind"] == kind);
    let read = |case: Value| {
        let file = case["file"].as_str().expect("a case names its file").to_owned();
        (case["id"].as_str().unwrap_or_default().to_owned(), read_json(dir.join(file)), case["expect"].clone())
    };
    Some(of_kind.map(read).collect())
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

// ---------------------------------------------------------------- signatures

#[test]
fn hmac_vectors_are_signed_and_verified() {
    let Some(cases) = manifest_cases("signing") else { return };
    let (hmac, others): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(_, vector, _)| text(&vector["alg"]) == "HMAC-SHA256");
    for (id, vector, expect) in &hmac {
        let secret = Secret::new(text(&vector["secret"]));
        let (payload, signature) = (text(&vector["payload"]), text(&expect["signature"]));
        assert_eq!(secret.sign(payload), signature, "{id}");
        if text(&vector["channel"]) == "ws-api" {
            let pairs = payload.split('&').filter_map(|pair| pair.split_once('='));
            let mut params = pairs.fold(Params::new(), |params, (name, value)| params.with(name, value));
            assert_eq!(params.sorted_raw(), payload, "{id}");
            sign_ws(&secret, &mut params);
            assert_eq!(params.get("signature"), Some(signature), "{id}");
            assert_eq!(verify_ws(&secret, &params), Ok(()), "{id}");
            continue;
        }
        let query = vector["query"].as_str().unwrap_or(payload);
        let body = vector["body"].as_str().unwrap_or_default();
        assert_eq!(rest_payload(query, body), payload, "{id}");
        let in_query = format!("signature={}&{query}", signature.to_uppercase());
        assert_eq!(verify_rest(&secret, &in_query, body), Ok(()), "{id}: signature first, in capitals");
        if !body.is_empty() {
            assert_eq!(verify_rest(&secret, query, &format!("{body}&signature={signature}")), Ok(()), "{id}");
        } else {
            let params = Params::parse_form(query).expect("a vector is a query");
            assert_eq!(signed_query(&secret, &params), format!("{query}&signature={signature}"), "{id}");
        }
    }
    println!("signing: {} HMAC vectors hold, {} of other keys are not on our path", hmac.len(), others.len());
    assert!(hmac.len() >= 7);
}

#[test]
fn a_websocket_signature_over_percent_encoded_values_is_accepted_too() {
    let secret = Secret::new("s");
    let params = Params::new().with("symbol", "币安USDT").with("timestamp", 1).with("newClientOrderId", "a b");
    for payload in [
        "newClientOrderId=a+b&symbol=%E5%B8%81%E5%AE%89USDT&timestamp=1",
        "newClientOrderId=a%20b&symbol=%E5%B8%81%E5%AE%89USDT&timestamp=1",
        "newClientOrderId=a b&symbol=币安USDT&timestamp=1",
    ] {
        let signed = params.clone().with("signature", secret.sign(payload));
        assert_eq!(verify_ws(&secret, &signed), Ok(()), "{payload}");
    }
    let unsorted = params.clone().with("signature", secret.sign("symbol=币安USDT&timestamp=1&newClientOrderId=a b"));
    assert_eq!(verify_ws(&secret, &unsorted), Err(VenueError::invalid_signature()));
    assert_eq!(verify_ws(&secret, &params), Err(VenueError::missing_parameter("signature")));
}

#[test]
fn a_websocket_number_is_signed_by_its_own_digits() {
    let secret = Secret::new("s");
    let payload = "active=true&orderId=17&price=0.10000000&timestamp=1660801715431";
    let sent = format!(
        r#"{{"timestamp":1660801715431,"price":0.10000000,"active":true,"orderId":"17","recvWindow":null,"signature":"{}"}}"#,
        secret.sign(payload)
    );
    let params = Params::from_json_text(&sent).expect("an object");
    assert_eq!(params.sorted_raw(), payload);
    assert_eq!(verify_ws(&secret, &params), Ok(()));
}

#[test]
fn rest_signatures_are_found_anywhere_and_only_once() {
    let secret = Secret::new("s");
    let signature = secret.sign("a=1&b=%2F");
    for query in [
        format!("signature={signature}&a=1&b=%2F"),
        format!("a=1&signature={signature}&b=%2F"),
        format!("a=1&b=%2F&signature={signature}"),
    ] {
        assert_eq!(verify_rest(&secret, &query, ""), Ok(()), "{query}");
        assert_eq!(verify_rest(&secret, "", &query), Ok(()), "{query} as a body");
    }
    let other_bytes = format!("a=1&b=%2f&signature={signature}");
    assert_eq!(verify_rest(&secret, &other_bytes, ""), Err(VenueError::invalid_signature()));
    let twice = format!("a=1&b=%2F&signature={signature}&signature={signature}");
    assert_eq!(verify_rest(&secret, &twice, ""), Err(VenueError::duplicate_parameter()));
    assert_eq!(verify_rest(&secret, "a=1", ""), Err(VenueError::missing_parameter("signature")));
    assert_eq!(verify_rest(&secret, "a=1&signature=zz", ""), Err(VenueError::invalid_signature()));
    assert_eq!(verify_rest(&secret, "a=1&signature=", "").map_err(|error| error.code), Err(-1102));
}

#[test]
fn a_secret_does_not_print_itself() {
    let printed = format!("{:?}", Secret::new("NhqPtmdSJYdKjVHj"));
    assert!(!printed.contains("Nhq"), "{printed}");
}

// ---------------------------------------------------------------- parameters

#[test]
fn forms_are_read_as_clients_send_them() {
    let parsed = Params::parse_form("symbols=%5B%22BTCUSDT%22%5D&a=x+y&&b=&c").expect("a form");
    let pairs: Vec<_> = parsed.iter().collect();
    assert_eq!(pairs, [("symbols", r#"["BTCUSDT"]"#), ("a", "x y"), ("b", ""), ("c", "")]);
    assert_eq!(Params::parse_form(""), Ok(Params::new()));
    assert_eq!(Params::parse_form("a=1&b=2&a=1"), Err(VenueError::duplicate_parameter()));
    for broken in ["a=%", "a=%4", "a=%GG", "a=%FF", "%C3=1"] {
        assert_eq!(Params::parse_form(broken), Err(VenueError::illegal_characters()), "{broken}");
    }
    assert_eq!(parsed.require("b"), Err(VenueError::missing_parameter("b")));
    assert_eq!(parsed.require("a"), Ok("x y"));
}

#[test]
fn where_query_and_body_share_a_name_the_query_wins() {
    let query = Params::new().with("symbol", "A").with("side", "BUY");
    let body = Params::new().with("symbol", "B").with("price", "1");
    assert_eq!(query.or_body(body), Params::new().with("symbol", "A").with("side", "BUY").with("price", "1"));
}

#[test]
fn json_params_have_the_types_of_binances_examples() {
    let params = Params::new()
        .with("symbol", "BTCUSDT")
        .with("price", "52000.00")
        .with("timestamp", 1_645_423_376_532_i64)
        .with("orderId", 12)
        .with("recvWindow", "5000.5")
        .with("omitZeroBalances", true)
        .with("newClientOrderId", "007")
        .with("limit", "007")
        .with("symbols", r#"["BTCUSDT","BNBBTC"]"#);
    let expected = json!({
        "symbol": "BTCUSDT", "price": "52000.00", "timestamp": 1_645_423_376_532_i64, "orderId": 12,
        "recvWindow": 5000.5, "omitZeroBalances": true, "newClientOrderId": "007", "limit": "007",
        "symbols": ["BTCUSDT", "BNBBTC"],
    });
    assert_eq!(Value::Object(params.to_json()), expected);
    assert_eq!(Params::from_json_text(r#"{"a":1,"a":2}"#), Err(VenueError::duplicate_parameter()));
    for broken in ["", "[]", "{", r#"{"a":1} x"#, r#"{"a":"\ud800"}"#] {
        assert_eq!(Params::from_json_text(broken), Err(VenueError::invalid_json()), "{broken}");
    }
}

fn any_params() -> impl Strategy<Value = Params> {
    prop::collection::vec(("[a-zA-Z]{1,8}|\\PC{1,4}", "\\PC{0,12}"), 0..8)
        .prop_map(|pairs| pairs.iter().fold(Params::new(), |params, (name, value)| params.with(name, value)))
}

proptest! {
    #[test]
    fn parameters_survive_percent_encoding(params in any_params()) {
        let query = params.to_query();
        prop_assert!(query.bytes().all(|b| b.is_ascii_graphic()), "{query}");
        prop_assert_eq!(Params::parse_form(&query), Ok(params));
    }

    #[test]
    fn parameters_survive_json(params in any_params()) {
        let map = params.to_json();
        let text = serde_json::to_string(&map).expect("a map prints");
        let mut sorted: Vec<_> = params.iter().collect();
        sorted.sort_unstable();
        for read in [Params::from_json(&map), Params::from_json_text(&text)] {
            let read = read.expect("our own JSON");
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), sorted.clone());
        }
    }

    #[test]
    fn a_signature_fits_its_own_text_only(params in any_params(), key in "\\PC{0,80}", at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let secret = Secret::new(&key);
        let query = params.to_query();
        let signature = secret.sign(&query);
        prop_assert!(secret.verify(&query, &signature));
        prop_assert!(!secret.verify(&query, &signature[..62]));
        let other_key = format!("{key}x");
        prop_assert!(!Secret::new(&other_key).verify(&query, &signature));

        let mut tag = signature.clone().into_bytes();
        let place = at.index(tag.len());
        tag[place] = if tag[place] == b'0' { b'1' } else { b'0' };
        prop_assert!(!secret.verify(&query, std::str::from_utf8(&tag).expect("hex")));
        if !query.is_empty() {
            let mut payload = query.clone().into_bytes();
            let place = at.index(payload.len());
            // The highest bit is left alone: the text must stay UTF-8.
            payload[place] ^= 1 << (bit % 7);
            prop_assert!(!secret.verify(std::str::from_utf8(&payload).expect("ASCII"), &signature));
        }
        prop_assert_eq!(verify_rest(&secret, &signed_query(&secret, &params), ""), Ok(()));
        let mut over_ws = params;
        sign_ws(&secret, &mut over_ws);
        prop_assert_eq!(verify_ws(&secret, &over_ws), Ok(()));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*", status in any::<u16>()) {
        let _ = Params::parse_form(&text);
        let _ = Params::from_json_text(&text);
        let _ = verify_rest(&Secret::new("s"), &text, &text);
        let _ = UsedCount::from_header(&format!("X-MBX-USED-WEIGHT{text}"), "1");
        let _ = retry_after(&text);
        let error = VenueError::from_answer(status, &text);
        let _ = (error.reaction(), error.http_status(), error.banned_until());
    }
}

// ---------------------------------------------------------------- the local book

fn levels(rows: &Value) -> Vec<Level> {
    let level = |row: &Value| Level {
        price: text(&row[0]).parse().expect("a price"),
        quantity: text(&row[1]).parse().expect("a quantity"),
    };
    rows.as_array().expect("rows").iter().map(level).collect()
}

fn diff(event: &Value) -> DepthDiff {
    DepthDiff {
        first: event["U"].as_i64().expect("U"),
        last: event["u"].as_i64().expect("u"),
        bids: levels(&event["b"]),
        asks: levels(&event["a"]),
    }
}

/// The log word of a step; buffering is silent in the cases.
fn word(step: Step) -> Option<&'static str> {
    match step {
        Step::Buffered => None,
        Step::WaitFirstEvent => Some("WAIT_FIRST_EVENT"),
        Step::Refetch => Some("REFETCH"),
        Step::Synced => Some("SYNCED"),
        Step::Applied => Some("APPLIED"),
        Step::Ignored => Some("IGNORED"),
        Step::Resync => Some("RESYNC"),
    }
}

#[test]
fn the_book_follows_all_recorded_procedures() {
    let Some(cases) = manifest_cases("orderbook_sync") else { return };
    for (id, case, _) in &cases {
        let mut book = BookSync::new();
        let mut log = Vec::new();
        for step in case["steps"].as_array().expect("steps") {
            match text(&step["do"]) {
                "event" => log.push(book.event(diff(&step["event"]))),
                "snapshot" => log.extend(book.snapshot(DepthSnapshot {
                    last_update_id: step["snapshot"]["lastUpdateId"].as_i64().expect("an id"),
                    bids: levels(&step["snapshot"]["bids"]),
                    asks: levels(&step["snapshot"]["asks"]),
                })),
                other => panic!("{id}: unknown step {other}"),
            }
        }
        let expect = &case["expect"];
        let words: Vec<_> = log.into_iter().filter_map(word).collect();
        assert_eq!(json!(words), expect["log"], "{id}");
        assert_eq!(json!(book.is_synced()), expect["synced"], "{id}");
        assert_eq!(book.last_update_id(), expect["last_update_id"].as_i64(), "{id}");
        assert_eq!(book.bids().collect::<Vec<_>>(), levels(&expect["bids"]), "{id}");
        assert_eq!(book.asks().collect::<Vec<_>>(), levels(&expect["asks"]), "{id}");
    }
    println!("orderbook_sync: {} cases hold", cases.len());
    assert_eq!(cases.len(), 12);
}

fn empty_diff(first: i64, last: i64) -> DepthDiff {
    DepthDiff { first, last, bids: Vec::new(), asks: Vec::new() }
}

fn one_level(price: i64) -> DepthSnapshot {
    let level = |raw| Level { price: Price::from_raw(raw), quantity: Quantity::ONE };
    DepthSnapshot { last_update_id: 10, bids: vec![level(price)], asks: vec![level(price + 1)] }
}

#[test]
fn a_gap_inside_the_buffer_voids_the_book_and_keeps_what_followed() {
    let mut book = BookSync::new();
    for (first, last) in [(9, 10), (11, 12), (20, 21), (22, 23)] {
        assert_eq!(book.event(empty_diff(first, last)), Step::Buffered);
    }
    assert_eq!(book.snapshot(one_level(5)), [Step::Synced, Step::Applied, Step::Resync]);
    assert_eq!((book.top(), book.last_update_id()), (None, None));
    // The events heard after the gap still count: a snapshot inside them is enough.
    let newer = DepthSnapshot { last_update_id: 21, ..one_level(7) };
    assert_eq!(book.snapshot(newer), [Step::Synced, Step::Applied]);
    assert_eq!(book.last_update_id(), Some(23));
}

#[test]
fn the_wait_for_a_snapshot_is_bounded() {
    let mut book = BookSync::new();
    let full = MAX_BUFFERED as i64;
    for id in 1..=full {
        assert_eq!(book.event(empty_diff(id, id)), Step::Buffered);
    }
    let step = book.event(empty_diff(full + 1, full + 1));
    assert_eq!((step, step.wants_snapshot()), (Step::Resync, true));
    assert_eq!(book.snapshot(one_level(5)), [Step::Refetch]);
}

#[test]
fn the_top_of_the_book_is_best_bid_and_best_ask_and_a_reset_forgets_both() {
    let mut book = BookSync::new();
    book.event(empty_diff(10, 11));
    book.snapshot(one_level(5));
    let top = book.top().expect("both sides");
    assert_eq!((top.bid, top.ask), (Price::from_raw(5), Price::from_raw(6)));
    assert_eq!(book.snapshot(one_level(8)), [Step::Ignored]);
    book.reset();
    assert!(book.top().is_none() && !book.is_synced());
}
