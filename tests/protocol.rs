//! The documented payloads of Binance, each against what the manifest says it means.
//!
//! Invariant: a payload on our path is read into its struct, written back without loss, and means what the manifest says.
//! Absent on purpose: signing, filters, error catalogue and book synchronisation (`protocol_rules`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kestrel::domain::{ExecutionType, OrderStatus, SymbolId};
use kestrel::protocol::convert::report_of_event;
use kestrel::protocol::errors::VenueError;
use kestrel::protocol::messages::market::{ControlReply, ControlRequest};
use kestrel::protocol::messages::order::{CancelAnswer, MyTrade, OrderAnswer, OrderListAnswer, OrderRow};
use kestrel::protocol::messages::replace::ReplaceAnswer;
use kestrel::protocol::messages::rest::{
    Account, AccountCommission, AggTradeRow, AveragePrice, BookTickerRow, Empty, KlineRow, OneOrMany, PriceTicker,
    RateLimitRow, ServerTime, TradeRow,
};
use kestrel::protocol::messages::ws_api::{RequestId, Subscription};
use kestrel::protocol::messages::{TimeUnit, market::Depth, user::UserEvent};
use kestrel::protocol::parse::{self, ApiContent, StreamEvent};
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Calls and events of Binance that Kestrel does not use. This list may only shrink.
const NOT_ON_OUR_PATH: [&str; 25] = [
    "1hTicker",
    "24hrMiniTicker",
    "24hrTicker",
    "avgPrice (stream)",
    "blockTrade",
    "blockTrades.historical",
    "exchangeInfo", // read by `protocol::filters`, tested in `protocol_rules`
    "executionRules",
    "myAllocations",
    "myFilters",
    "myPreventedMatches",
    "order.amend.keepPriority",
    "order.amendments",
    "order.test (commission)",
    "referencePrice",
    "referencePrice (stream)",
    "referencePrice.calculation",
    "session.logon",
    "session.logout",
    "session.status",
    "sor.order.test",
    "ticker",
    "ticker.24hr",
    "ticker.tradingDay",
    "all-market streams",
];

/// Keys of payloads on our path that Kestrel does not read: features it does not use.
const IGNORED_KEYS: [&str; 14] = [
    "allocId",
    "icebergQty",
    "matchType",
    "preventedMatchId",
    "preventedQuantity",
    "strategyId",
    "strategyType",
    "tradeGroupId",
    "trailingDelta",
    "trailingTime",
    "usedSor",
    "workingFloor",
    "buyerOrderId",
    "sellerOrderId",
];

type Reader = fn(&str) -> Result<Value, parse::ParseError>;

/// What became of one case.
enum Outcome {
    Covered,
    NotOnOurPath(String),
}

#[test]
fn documented_payloads_mean_what_the_manifest_says() {
    let Some(root) = data_folder() else { return };
    let manifest: Value = read_json(&root.join("manifest.json"));
    let (mut covered, mut not_ours, mut failures) = (0, BTreeMap::<String, u32>::new(), Vec::new());
    let mut last_method = BTreeMap::new();
    for case in manifest["cases"].as_array().expect("the manifest lists cases") {
        let kind = case["kind"].as_str().unwrap_or_default();
        if !["rest", "ws_api", "ws_streams", "user_data"].contains(&kind) {
            continue;
        }
        let text = std::fs::read_to_string(root.join(case["file"].as_str().expect("a file"))).expect("readable");
        match check_case(kind, case, &text, &mut last_method) {
            Ok(Outcome::Covered) => covered += 1,
            Ok(Outcome::NotOnOurPath(name)) => *not_ours.entry(name).or_default() += 1,
            Err(reason) => failures.push(format!("{}: {reason}", case["id"])),
        }
    }
    println!("covered {covered}, not on our path {}: {not_ours:?}", not_ours.values().sum::<u32>());
    let unknown: Vec<_> = not_ours.keys().filter(|name| !NOT_ON_OUR_PATH.contains(&name.as_str())).collect();
    let stale: Vec<_> = NOT_ON_OUR_PATH.iter().filter(|name| !not_ours.contains_key(**name)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(unknown.is_empty(), "calls without a reader that the list does not name: {unknown:?}");
    assert!(stale.is_empty(), "names to remove from the list: {stale:?}");
}

fn check_case(
    kind: &str,
    case: &Value,
    text: &str,
    last_method: &mut BTreeMap<String, String>,
) -> Result<Outcome, String> {
    let expect = &case["expect"];
    let heading = case["source"]["heading"].as_str().unwrap_or_default();
    if let Some(code) = expect.get("error").filter(|_| expect.get("ws_api_status").is_none()) {
        let error: VenueError = serde_json::from_str(text).map_err(|error| error.to_string())?;
        check_halves(error.data.as_deref())?;
        return same("error", &json!([code, expect["msg"]]), &json!([error.code, error.msg]))
            .map(|()| Outcome::Covered);
    }
    if let Some(method) = expect.get("ws_request").and_then(Value::as_str) {
        last_method.insert(heading.to_owned(), method.to_owned());
        return check_request(kind, method, expect, text).map(|()| Outcome::Covered);
    }
    if kind == "ws_streams" {
        return check_stream(expect, text);
    }
    if expect.get("envelope").is_some() {
        return check_user_event(expect, text).map(|()| Outcome::Covered);
    }
    if kind == "rest" {
        let endpoint = case["source"]["endpoint"].as_str().unwrap_or_default();
        return check_payload(rest_name(endpoint), expect, text);
    }
    if expect.get("ws_api_status").is_none() {
        let _ = parse::api_frame(text).map_err(|error| error.to_string())?;
        return Ok(Outcome::NotOnOurPath(last_method.get(heading).cloned().unwrap_or_default()));
    }
    let method = last_method.get(heading).map_or_else(|| method_of_example(heading), String::as_str);
    check_response(method, expect, text)
}

/// The `data` of a cancelReplace that failed in halves.
fn check_halves(data: Option<&Value>) -> Result<(), String> {
    let Some(data) = data.filter(|data| data.get("cancelResult").is_some()) else { return Ok(()) };
    let written = typed::<ReplaceAnswer>(&data.to_string()).map_err(|error| error.to_string())?;
    nothing_lost("data", data, &written)
}

/// Examples in general chapters show no request.
fn method_of_example(heading: &str) -> &'static str {
    match heading {
        "Response format" | "Unfilled Order Count" => "order.place",
        "How to interpret rate limits" => "time",
        "IP limits" => "openOrders.status",
        _ => "",
    }
}

fn check_request(kind: &str, method: &str, expect: &Value, text: &str) -> Result<(), String> {
    let id_type = |id: &RequestId| match id {
        RequestId::Null => "null",
        RequestId::Number(_) => "int",
        RequestId::Text(_) => "str",
    };
    let (got_method, id, written) = if kind == "ws_streams" {
        let request: ControlRequest = parse::control_request(text).map_err(|error| format!("{error:?}"))?;
        let written = serde_json::to_value(&request).map_err(|error| error.to_string())?;
        (written["method"].as_str().unwrap_or_default().to_owned(), request.id, written)
    } else {
        let request = parse::request(text).map_err(|error| format!("{error:?}"))?;
        let written = serde_json::to_value(&request).map_err(|error| error.to_string())?;
        (request.method.to_string(), request.id, written)
    };
    same("method", &json!(method), &json!(got_method))?;
    same("id_type", &expect["id_type"], &json!(id_type(&id)))?;
    let mut original: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if original["params"] == json!({}) {
        original.as_object_mut().expect("a request is an object").remove("params");
    }
    nothing_lost("", &signed_text(&original), &signed_text(&written))
}

/// A request with its numbers as text: a client may send either, and both are signed alike.
fn signed_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(items) => items.iter().map(signed_text).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), signed_text(value))).collect(),
        other => other.clone(),
    }
}

fn check_response(method: &str, expect: &Value, text: &str) -> Result<Outcome, String> {
    let frame = parse::api_frame(text).map_err(|error| error.to_string())?;
    let ApiContent::Response(response) = frame.content else { return Err("not a response".to_owned()) };
    same("status", &expect["ws_api_status"], &json!(response.0.status))?;
    let error = response.0.error.as_ref().map(|error| error.code);
    same("error", &expect["error"], &json!(error))?;
    check_halves(response.0.error.as_ref().and_then(|error| error.data.as_ref()))?;
    same("ok", &expect["ok"], &json!(error.is_none()))?;
    same("rate_limits", &expect["rate_limits"], &json!(response.0.rate_limits.as_ref().map_or(0, Vec::len)))?;
    if response.0.status == 418 {
        let retry_after = response.0.error.as_ref().and_then(|error| error.retry_after()).map(|time| time.millis());
        let original: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        same("retryAfter", &original["error"]["data"]["retryAfter"], &json!(retry_after))?;
    }
    match response.0.result {
        Some(result) => check_payload(method, &expect["inner"], result.get()),
        None => Ok(Outcome::Covered),
    }
}

/// The REST calls by the name of the WebSocket-API method with the same payload.
fn rest_name(endpoint: &str) -> &str {
    match endpoint.split_once(" /api/v3/").unwrap_or_default() {
        ("GET", "depth") => "depth",
        ("GET", "trades") => "trades.recent",
        ("GET", "historicalTrades") => "trades.historical",
        ("GET", "historicalBlockTrades") => "blockTrades.historical",
        ("GET", "aggTrades") => "trades.aggregate",
        ("GET", "ticker/24hr") => "ticker.24hr",
        ("GET", "ticker/tradingDay") => "ticker.tradingDay",
        ("GET", "ticker/price") => "ticker.price",
        ("GET", "ticker/bookTicker") => "ticker.book",
        ("GET", "referencePrice/calculation") => "referencePrice.calculation",
        ("POST", "order") => "order.place",
        ("POST", "order/test") => "order.test",
        ("DELETE", "order") => "order.cancel",
        ("GET", "order") => "order.status",
        ("DELETE", "openOrders") => "openOrders.cancelAll",
        ("GET", "openOrders") => "openOrders.status",
        ("POST", "order/cancelReplace") => "order.cancelReplace",
        ("PUT", "order/amend/keepPriority") => "order.amend.keepPriority",
        ("POST", "order/oco") => "orderList.place",
        ("POST", "orderList/oco") => "orderList.place.oco",
        ("POST", "orderList/oto") => "orderList.place.oto",
        ("POST", "orderList/otoco") => "orderList.place.otoco",
        ("POST", "orderList/opo") => "orderList.place.opo",
        ("POST", "orderList/opoco") => "orderList.place.opoco",
        ("DELETE", "orderList") => "orderList.cancel",
        ("GET", "orderList") => "orderList.status",
        ("GET", "allOrderList") => "allOrderLists",
        ("GET", "openOrderList") => "openOrderLists.status",
        ("POST", "sor/order") => "sor.order.place",
        ("POST", "sor/order/test") => "sor.order.test",
        ("GET", "account") => "account.status",
        ("GET", "account/commission") => "account.commission",
        ("GET", "rateLimit/order") => "account.rateLimits.orders",
        ("GET", "order/amendments") => "order.amendments",
        (_, same_name) => same_name,
    }
}

fn reader(method: &str) -> Option<Reader> {
    Some(match method {
        "ping" | "userDataStream.unsubscribe" | "order.test" => typed::<Empty>,
        "time" => typed::<ServerTime>,
        "depth" => typed::<Depth>,
        "trades.recent" | "trades.historical" => typed::<Vec<TradeRow>>,
        "trades.aggregate" => typed::<Vec<AggTradeRow>>,
        "klines" | "uiKlines" => typed::<Vec<KlineRow>>,
        "avgPrice" => typed::<AveragePrice>,
        "ticker.price" => typed::<OneOrMany<PriceTicker>>,
        "ticker.book" => typed::<OneOrMany<BookTickerRow>>,
        "order.place" => typed::<OrderAnswer>,
        "sor.order.place" => typed::<OneOrMany<OrderAnswer>>,
        "order.cancel" => typed::<CancelAnswer>,
        "order.cancelReplace" => typed::<ReplaceAnswer>,
        "openOrders.cancelAll" => typed::<Vec<CancelAnswer>>,
        "order.status" => typed::<OrderRow>,
        "openOrders.status" | "allOrders" => typed::<Vec<OrderRow>>,
        "orderList.place"
        | "orderList.place.oco"
        | "orderList.place.oto"
        | "orderList.place.otoco"
        | "orderList.place.opo"
        | "orderList.place.opoco"
        | "orderList.cancel" => typed::<OrderListAnswer>,
        "orderList.status" | "allOrderLists" | "openOrderLists.status" => typed::<OneOrMany<OrderListAnswer>>,
        "account.status" => typed::<Account>,
        "account.commission" => typed::<AccountCommission>,
        "account.rateLimits.orders" => typed::<Vec<RateLimitRow>>,
        "myTrades" => typed::<Vec<MyTrade>>,
        "userDataStream.subscribe" | "userDataStream.subscribe.signature" => typed::<Subscription>,
        "session.subscriptions" => typed::<Vec<Subscription>>,
        _ => return None,
    })
}

fn typed<T: DeserializeOwned + Serialize>(text: &str) -> Result<Value, parse::ParseError> {
    Ok(serde_json::to_value(parse::answer::<T>(text)?)?)
}

fn check_payload(method: &str, expect: &Value, text: &str) -> Result<Outcome, String> {
    let original: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if method == "order.test" && original != json!({}) {
        return Ok(Outcome::NotOnOurPath("order.test (commission)".to_owned()));
    }
    let Some(read) = reader(method) else { return Ok(Outcome::NotOnOurPath(method.to_owned())) };
    let written = read(text).map_err(|error| format!("{method}: {error}"))?;
    nothing_lost("", &original, &written)?;
    check_meaning(expect, &written).map(|()| Outcome::Covered)
}

/// The manifest's description of a payload, against the payload as our structs write it.
fn check_meaning(expect: &Value, got: &Value) -> Result<(), String> {
    if let Some(length) = expect.get("array_len") {
        same("array_len", length, &json!(got.as_array().map(Vec::len)))?;
        return match &expect["item"] {
            Value::Null => Ok(()),
            item => check_meaning(item, &got[0]),
        };
    }
    if let Some(keys) = expect.get("keys") {
        let got: BTreeSet<_> = got.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
        let wanted: Vec<_> = keys.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let missing: Vec<_> = wanted.iter().filter(|key| !got.contains(**key)).collect();
        return if missing.is_empty() { Ok(()) } else { Err(format!("keys not written: {missing:?}")) };
    }
    if expect.get("klines").is_some() {
        let row = &got[0];
        let first = json!({"open_time": row[0], "ohlc": [row[1], row[2], row[3], row[4]], "volume": row[5],
            "close_time": row[6], "quote_volume": row[7], "trades": row[8], "taker_base": row[9], "taker_quote": row[10]});
        return same("klines", expect, &json!({"klines": got.as_array().map(Vec::len), "first": first}));
    }
    if expect.get("event").is_some() {
        let depth = json!({"event": "partialDepth", "last_update_id": got["lastUpdateId"], "bids": got["bids"],
            "asks": got["asks"]});
        return same("depth", expect, &depth);
    }
    if expect.get("order_list_id").is_some() {
        let orders: Vec<_> = got["orderReports"].as_array().into_iter().flatten().collect();
        let orders: Vec<_> = orders.iter().map(|o| json!([o["orderId"], o["type"], o["status"]])).collect();
        return same(
            "list",
            expect,
            &json!({"order_list_id": got["orderListId"], "contingency": got["contingencyType"],
            "list_status": got["listStatusType"], "orders": orders}),
        );
    }
    check_order(expect, got)
}

fn check_order(expect: &Value, got: &Value) -> Result<(), String> {
    for (name, wanted) in expect.as_object().ok_or("the manifest describes nothing")? {
        let fills = got["fills"].as_array().cloned().unwrap_or_default();
        let sum = |of: &dyn Fn(&Value) -> Decimal| fills.iter().map(of).sum::<Decimal>();
        let found = match name.as_str() {
            "order_id" => got["orderId"].clone(),
            "status" | "type" | "side" => got[name].clone(),
            "qty" => got["origQty"].clone(),
            "executed" => got["executedQty"].clone(),
            "fills" => json!(fills.len()),
            "fill_qty_sum" => json!(sum(&|fill| decimal(&fill["qty"])).normalize().to_string()),
            "fill_avg_price" => {
                let spent = sum(&|fill| decimal(&fill["price"]) * decimal(&fill["qty"]));
                let average = spent / sum(&|fill| decimal(&fill["qty"]));
                let close = (average - decimal(wanted)).abs() < Decimal::new(1, 15);
                if close { wanted.clone() } else { json!(average.to_string()) }
            }
            "commission" => {
                let mut by_asset = BTreeMap::<String, Decimal>::new();
                for fill in &fills {
                    let asset = fill["commissionAsset"].as_str().unwrap_or_default().to_owned();
                    *by_asset.entry(asset).or_default() += decimal(&fill["commission"]);
                }
                json!(by_asset.iter().map(|(a, x)| (a, x.normalize().to_string())).collect::<BTreeMap<_, _>>())
            }
            unknown => return Err(format!("the test does not know the manifest's {unknown:?}")),
        };
        same(name, wanted, &found)?;
    }
    Ok(())
}

fn check_stream(expect: &Value, text: &str) -> Result<Outcome, String> {
    let frame = parse::stream_frame(text).map_err(|error| error.to_string())?;
    let event = frame.event.clone();
    let written = match &event {
        StreamEvent::AggTrade(event) => serde_json::to_value(event),
        StreamEvent::Trade(event) => serde_json::to_value(event),
        StreamEvent::BookTicker(event) => serde_json::to_value(event),
        StreamEvent::Kline(event) => serde_json::to_value(event),
        StreamEvent::DepthUpdate(event) => serde_json::to_value(event),
        StreamEvent::PartialDepth(event) => serde_json::to_value(event),
        StreamEvent::Shutdown(event) => serde_json::to_value(event),
        StreamEvent::Reply(reply) => {
            assert!(matches!(reply, ControlReply::Granted { .. }), "{reply:?}");
            serde_json::to_value(reply)
        }
        StreamEvent::Other(name) => {
            let name = match name.as_ref() {
                "" => "all-market streams".to_owned(),
                name @ ("avgPrice" | "referencePrice") => format!("{name} (stream)"),
                name => name.to_owned(),
            };
            return Ok(Outcome::NotOnOurPath(name));
        }
    };
    let written = written.map_err(|error| error.to_string())?;
    let original: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let bare = if frame.stream.is_some() { &original["data"] } else { &original };
    nothing_lost("", bare, &written)?;
    if expect.get("keys").is_some() {
        return check_meaning(expect, &written).map(|()| Outcome::Covered);
    }
    let mut got = meaning_of_stream(&event);
    if let Some(stream) = &frame.stream {
        got["envelope"] = json!("combined");
        got["stream"] = json!(stream);
    }
    same("event", expect, &got).map(|()| Outcome::Covered)
}

fn meaning_of_stream(event: &StreamEvent<'_>) -> Value {
    let taker = |buyer_is_maker: bool| if buyer_is_maker { "SELL" } else { "BUY" };
    match event {
        StreamEvent::AggTrade(t) => json!({"event": t.event, "symbol": t.symbol, "agg_id": t.id,
            "first_id": t.first_trade, "last_id": t.last_trade, "price": t.price, "qty": t.quantity, "time": t.time,
            "taker_side": taker(t.buyer_is_maker)}),
        StreamEvent::Trade(t) => json!({"event": t.event, "symbol": t.symbol, "trade_id": t.id, "price": t.price,
            "qty": t.quantity, "time": t.time, "taker_side": taker(t.buyer_is_maker)}),
        StreamEvent::BookTicker(t) => json!({"event": "bookTicker", "symbol": t.symbol, "update_id": t.update_id,
            "bid": [t.bid, t.bid_quantity.to_string()], "ask": [t.ask, t.ask_quantity.to_string()]}),
        StreamEvent::Kline(e) => {
            let k = &e.kline;
            json!({"event": e.event, "symbol": e.symbol, "interval": k.interval, "open_time": k.open_time,
                "close_time": k.close_time, "ohlc": [k.open, k.high, k.low, k.close], "volume": k.volume,
                "quote_volume": k.quote_volume, "trades": k.trades, "closed": k.closed})
        }
        StreamEvent::DepthUpdate(d) => json!({"event": d.event, "symbol": d.symbol, "first_id": d.first_id,
            "final_id": d.final_id, "prev_final_id": null, "bids": d.bids, "asks": d.asks}),
        StreamEvent::PartialDepth(d) => json!({"event": "partialDepth", "last_update_id": d.last_update_id,
            "bids": d.bids, "asks": d.asks}),
        StreamEvent::Shutdown(s) => {
            json!({"event": s.event, "event_time": s.event_time, "action": "reconnect/resubscribe"})
        }
        StreamEvent::Reply(_) | StreamEvent::Other(_) => Value::Null,
    }
}

fn check_user_event(expect: &Value, text: &str) -> Result<(), String> {
    let frame = parse::api_frame(text).map_err(|error| error.to_string())?;
    let ApiContent::User(frame) = frame.content else { return Err("not a user event".to_owned()) };
    let written = serde_json::to_value(&frame).map_err(|error| error.to_string())?;
    nothing_lost("", &serde_json::from_str(text).map_err(|error| error.to_string())?, &written)?;
    let mut got = match &frame.event {
        UserEvent::Execution(_) => meaning_of_execution(&frame.event, &expect["prevented_match_id"])?,
        UserEvent::Position(p) => {
            let balances: BTreeMap<_, _> = p.balances.iter().map(|b| (b.asset.as_ref(), [b.free, b.locked])).collect();
            json!({"event": p.event, "event_time": p.event_time, "last_update": p.last_update, "balances": balances})
        }
        UserEvent::Balance(b) | UserEvent::ExternalLock(b) => json!({"event": b.event, "event_time": b.event_time,
            "asset": b.asset, "delta": b.delta, "time": b.time}),
        UserEvent::List(l) => {
            let orders: Vec<_> = l.orders.iter().map(|o| json!([o.order_id, o.client_id])).collect();
            json!({"event": l.event, "symbol": l.symbol, "order_list_id": l.list_id, "contingency": l.contingency,
                "list_status_type": l.list_status, "list_order_status": l.list_order_status,
                "reject": none_for(&l.reject_reason, "NONE"), "list_client_order_id": l.list_client_id,
                "time": l.time, "orders": orders})
        }
        UserEvent::Terminated(t) => {
            json!({"event": t.event, "event_time": t.event_time, "action": "reconnect/resubscribe"})
        }
        UserEvent::Shutdown(s) => {
            json!({"event": s.event, "event_time": s.event_time, "action": "reconnect/resubscribe"})
        }
        UserEvent::Other(name) => return Err(format!("user event {name:?} is not read")),
    };
    got["envelope"] = json!("user-data");
    got["subscription_id"] = json!(frame.subscription_id);
    same("event", expect, &got)
}

fn meaning_of_execution(event: &UserEvent<'_>, prevented: &Value) -> Result<Value, String> {
    let UserEvent::Execution(e) = event else { return Err("not an execution report".to_owned()) };
    let report = report_of_event(e, |_| Some(SymbolId(0)), TimeUnit::Millisecond).map_err(|error| error.to_string())?;
    assert_eq!((report.execution, report.status), (ExecutionType::New, OrderStatus::New));
    same("prevented match", prevented, &json!(e.prevented_match_id))?;
    Ok(json!({"event": e.event, "event_time": e.event_time, "symbol": e.symbol, "client_order_id": e.client_id,
        "orig_client_order_id": none_for(&e.original_client_id, ""), "tracked_client_order_id": report.client_id,
        "side": report.side, "type": report.order_type, "tif": e.time_in_force, "qty": report.quantity,
        "price": report.price, "stop_price": report.stop_price, "iceberg_qty": e.iceberg_quantity,
        "order_list_id": report.list_id, "exec_type": report.execution, "status": report.status,
        "reject_reason": report.reason, "order_id": report.order_id, "last_qty": report.last_quantity,
        "cum_qty": report.filled, "last_price": report.last_price, "commission": e.commission,
        "commission_asset": e.commission_asset, "transact_time": report.time.millis(), "trade_id": report.trade_id,
        "on_book": e.is_on_book, "is_maker": report.is_maker, "created": e.created, "cum_quote": report.filled_quote,
        "last_quote": e.last_quote, "working_time": e.working_time, "stp_mode": e.self_trade_prevention,
        "prevented_match_id": e.prevented_match_id, "avg_price": null, "terminal": report.status.is_terminal()}))
}

fn none_for<'a>(text: &'a str, nothing: &str) -> Option<&'a str> {
    Some(text).filter(|text| *text != nothing)
}

/// Every key of the original is written again with the same value, or is one that we ignore on purpose.
fn nothing_lost(path: &str, original: &Value, written: &Value) -> Result<(), String> {
    match (original, written) {
        (Value::Object(before), Value::Object(after)) => {
            for (key, value) in before {
                match after.get(key) {
                    Some(again) => nothing_lost(&format!("{path}.{key}"), value, again)?,
                    None if IGNORED_KEYS.contains(&key.as_str()) => {}
                    None => return Err(format!("{path}.{key} is lost")),
                }
            }
            Ok(())
        }
        // The twelfth column of a kline is meaningless.
        (Value::Array(before), Value::Array(after)) if before.len() == 12 && after.len() == 12 => {
            before.iter().zip(after).take(11).try_for_each(|(before, after)| nothing_lost(path, before, after))
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).try_for_each(|(before, after)| nothing_lost(path, before, after))
        }
        (before, after) => same(path, before, after),
    }
}

/// Equal, with decimals compared as numbers.
fn same(what: &str, expected: &Value, got: &Value) -> Result<(), String> {
    if plain(expected) == plain(got) { Ok(()) } else { Err(format!("{what}: expected {expected}, got {got}")) }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains(|c: char| c.is_ascii_digit()) => match Decimal::from_str(text) {
            Ok(number) => json!(number.normalize().to_string()),
            Err(_) => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().and_then(|text| Decimal::from_str(text).ok()).unwrap_or_default()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON")
}

/// The folder of Binance's payloads, or `None` with a printed line when the data is not on this machine.
fn data_folder() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("KESTREL_DATA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "KESTREL_DATA must be set when CI=true");
        println!("skipped: KESTREL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(root).join("binance"))
}
