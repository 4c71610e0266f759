//! Round trips between domain and wire, the forgiving parser, and the venue's refusals.
//!
//! Invariant: what one side writes the other reads back unchanged; no text makes the parser panic.
//! Absent on purpose: Binance's documented payloads (`protocol`).

use kestrel::domain::{
    Asset, Balance, BalanceUpdate, Bar, BookTop, ClientOrderId, Commission, ExecutionReport, ExecutionType,
    MarketEvent, Money, NewOco, NewOrder, OcoLeg, OrderId, OrderKind, OrderListId, OrderStatus, OrderType, Price,
    Quantity, Side, SymbolId, Time, TimeInForce, Trade, TradeId,
};
use kestrel::protocol::convert::{
    BarTotals, ReportExtras, agg_trade, balances_of_event, book_ticker, event_of_balances, event_of_report,
    kline_event, market_event, report_of_event,
};
use kestrel::protocol::errors::VenueError;
use kestrel::protocol::messages::lockstep::{Ack, LockstepGranted, frame_text};
use kestrel::protocol::messages::market::Combined;
use kestrel::protocol::messages::user::UserEvent;
use kestrel::protocol::messages::ws_api::{RequestId, UserFrame, WsRequest, WsResponse};
use kestrel::protocol::messages::{Open, TimeUnit, WireName};
use kestrel::protocol::params::Params;
use kestrel::protocol::parse::{self, Answer, ApiContent, StreamEvent, StreamFrame};
use kestrel::protocol::requests::{
    oco_params, order_params, parse_list_reference, parse_oco, parse_old_oco, parse_order, parse_reference,
};
use proptest::prelude::*;

const NAME: &str = "１２３BTC";

fn lookup(name: &str) -> Option<SymbolId> {
    (name == NAME || name == "BTCUSDT").then_some(SymbolId(3))
}

fn one_of<T: WireName + std::fmt::Debug>() -> impl Strategy<Value = T> {
    proptest::sample::select(T::ALL)
}

fn client_id() -> impl Strategy<Value = ClientOrderId> {
    "[a-zA-Z0-9_-]{1,36}".prop_map(|text| ClientOrderId::parse(&text).expect("legal by construction"))
}

prop_compose! {
    fn numbers()(
        quantity in any::<i64>(), price in any::<i64>(), stop in any::<i64>(), last_quantity in any::<i64>(),
        last_price in any::<i64>(), filled in any::<i64>(), quote in any::<i64>(), fee in any::<i64>(),
        has_fee in any::<bool>(), maker in any::<bool>(),
    ) -> ([i64; 8], bool, bool) {
        ([quantity, price, stop, last_quantity, last_price, filled, quote, fee], has_fee, maker)
    }
}

prop_compose! {
    fn report()(
        (n, has_fee, is_maker) in numbers(), client_id in client_id(), order_id in 0..i64::MAX,
        list_id in proptest::option::of(0..i64::MAX), trade_id in proptest::option::of(0..i64::MAX),
        side in one_of::<Side>(), order_type in one_of::<OrderType>(), execution in one_of::<ExecutionType>(),
        status in one_of::<OrderStatus>(), ms in 0..4_000_000_000_000_i64,
        reason in proptest::option::of("[A-Z_\"\\\\é]{5,12}"),
    ) -> ExecutionReport {
        ExecutionReport {
            symbol: SymbolId(3), client_id, order_id: OrderId(order_id), list_id: list_id.map(OrderListId), side,
            order_type: leg_type(order_type, list_id), execution, status, quantity: Quantity::from_raw(n[0]), price: Price::from_raw(n[1]),
            stop_price: Price::from_raw(n[2]), last_quantity: Quantity::from_raw(n[3]),
            last_price: Price::from_raw(n[4]), filled: Quantity::from_raw(n[5]), filled_quote: Money::from_raw(n[6]),
            commission: has_fee.then(|| Commission { asset: Asset::new("BNB"), amount: Money::from_raw(n[7]) }),
            trade_id: trade_id.map(TradeId), is_maker, time: Time::from_millis(ms), reason,
        }
    }
}

/// The domain has no LIMIT_MAKER in a list.
fn leg_type(order_type: OrderType, list_id: Option<i64>) -> OrderType {
    if list_id.is_some() && order_type == OrderType::LimitMaker { OrderType::Limit } else { order_type }
}

fn positive<U>() -> impl Strategy<Value = kestrel::domain::Fixed<U>> {
    (1..i64::MAX).prop_map(kestrel::domain::Fixed::from_raw)
}

fn order_kind() -> impl Strategy<Value = OrderKind> {
    (positive(), positive(), positive(), one_of::<TimeInForce>(), 0..6).prop_map(
        |(quantity, price, amount, time_in_force, which)| match which {
            0 => OrderKind::Market { quantity },
            1 => OrderKind::MarketQuote { amount },
            2 => OrderKind::Limit { quantity, price, time_in_force },
            3 => OrderKind::LimitMaker { quantity, price },
            4 => OrderKind::StopLoss { quantity, stop: price },
            _ => OrderKind::TakeProfit { quantity, stop: price },
        },
    )
}

fn never() -> ClientOrderId {
    panic!("the client named the order")
}

proptest! {
    #[test]
    fn a_report_survives_the_wire(
        report in report(),
        sequence in proptest::option::of(any::<u64>()),
        cancel_id in proptest::option::of("[a-z]{1,36}"),
        unit in proptest::sample::select(vec![TimeUnit::Millisecond, TimeUnit::Microsecond]),
    ) {
        let extras = ReportExtras { cancel_id: cancel_id.as_deref(), ..ReportExtras::at(report.time) };
        let event = UserEvent::Execution(Box::new(event_of_report(&report, NAME, &extras, unit)));
        let text = frame_text(&UserFrame { subscription_id: Some(0), event }, sequence);
        let frame = parse::api_frame(&text).unwrap();
        prop_assert_eq!(frame.sequence, sequence);
        let ApiContent::User(UserFrame { event: UserEvent::Execution(event), .. }) = frame.content else {
            panic!("not a report: {text}");
        };
        prop_assert_eq!(report_of_event(&event, lookup, unit).unwrap(), report);
    }

    #[test]
    fn balances_survive_the_wire(free in any::<i64>(), locked in any::<i64>(), ms in 0..4_000_000_000_000_i64) {
        let balance = Balance {
            asset: Asset::new("USDT"), free: Money::from_raw(free), locked: Money::from_raw(locked)
        };
        let update = BalanceUpdate { time: Time::from_millis(ms), balances: vec![balance] };
        let text = frame_text(&event_of_balances(&update, update.time, TimeUnit::Millisecond), None);
        let UserEvent::Position(event) = parse::user_event(&text).unwrap() else { panic!("not a position: {text}") };
        prop_assert_eq!(balances_of_event(&event, TimeUnit::Millisecond), update);
    }

    #[test]
    fn bars_survive_both_sockets_bit_for_bit(
        open in 1e-8..1e9_f64, wick in 0.0..1e3_f64, volume in 0.0..1e15_f64, minute in 0..50_000_000_i64,
        sequence in proptest::option::of(any::<u64>()),
    ) {
        let bar = Bar {
            open_time: Time(minute * 60_000_000), open, high: open + wick, low: open, close: open + wick / 3.0, volume
        };
        let event = kline_event(NAME, &bar, BarTotals::default(), bar.close_time(), TimeUnit::Millisecond);
        let expected = Some(MarketEvent::BarClosed { symbol: SymbolId(3), bar });
        let combined = Combined { stream: "１２３btc@kline_1m".into(), data: &event };
        for text in [frame_text(&event, sequence), frame_text(&combined, sequence)] {
            let frame = parse::stream_frame(&text).unwrap();
            prop_assert_eq!(frame.sequence, sequence);
            prop_assert_eq!(market_event(&frame.event, lookup, TimeUnit::Millisecond).unwrap(), expected);
        }
    }

    #[test]
    fn orders_survive_as_parameters(kind in order_kind(), client_id in client_id(), side in one_of::<Side>()) {
        let order = NewOrder { symbol: SymbolId(3), client_id, side, kind };
        let params = order_params(&order, NAME).with("timestamp", 1_700_000_000_000_i64).with("recvWindow", "5000.123");
        prop_assert_eq!(parse_order(&params, lookup, never), Ok(order.clone()));
        let text = frame_text(&WsRequest::new(RequestId::Number(7), "order.place", params.clone()), None);
        let request = parse::request(&text).unwrap();
        prop_assert_eq!(&request.params.0, &params);
        prop_assert_eq!(parse_order(&request.params.0, lookup, never), Ok(order));
    }

    #[test]
    fn lists_survive_as_parameters(
        quantity in positive(), high in positive(), low in positive(), ids in proptest::array::uniform3(client_id()),
        side in one_of::<Side>(), target_is_limit in any::<bool>(),
    ) {
        let [list_client_id, above_id, below_id] = ids;
        let (target, stop) = if side == Side::Sell { (high, low) } else { (low, high) };
        let target = if target_is_limit {
            OrderKind::Limit { quantity, price: target, time_in_force: TimeInForce::Gtc }
        } else {
            OrderKind::TakeProfit { quantity, stop: target }
        };
        let stop = OrderKind::StopLoss { quantity, stop };
        let (above, below) = if side == Side::Sell { (target, stop) } else { (stop, target) };
        let oco = NewOco {
            symbol: SymbolId(3), list_client_id, side, quantity,
            above: OcoLeg { client_id: above_id, kind: above }, below: OcoLeg { client_id: below_id, kind: below },
        };
        prop_assert_eq!(parse_oco(&oco_params(&oco, NAME), lookup, never), Ok(oco));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}", cut in 0..300_usize, at in 0..300_usize, byte in any::<u8>()) {
        let mut texts = vec![text];
        for frame in FRAMES {
            texts.push(frame.chars().take(cut).collect());
            let mut bytes = frame.as_bytes().to_vec();
            let place = at % bytes.len();
            bytes[place] = byte;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        for text in texts {
            let _ = parse::stream_frame(&text);
            let _ = parse::api_frame(&text);
            let _ = parse::user_event(&text);
            let _ = parse::request(&text);
            let _ = parse::control_request(&text);
        }
    }
}

const FRAMES: [&str; 7] = [
    r#"{"e":"aggTrade","E":2,"s":"BTCUSDT","a":1,"p":"0.001","q":"100","f":1,"l":1,"T":1,"m":true,"M":true}"#,
    r#"{"u":4,"s":"BTCUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}"#,
    r#"{"e":"depthUpdate","E":2,"s":"BTCUSDT","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","999999999999"]]}"#,
    r#"{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":2,"s":"BTCUSDT","a":1,"p":"1","q":"1","f":1,"l":1,"T":1,"m":false}}"#,
    r#"{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}"#,
    r#"{"result":null,"id":"a"}"#,
    r#"{"e":"serverShutdown","E":1770123456789}"#,
];

#[test]
fn the_order_of_keys_does_not_matter() {
    for text in FRAMES {
        // serde_json's map sorts its keys, which is not the order that Binance writes.
        let shuffled = serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
        let (direct, general) = (parse::stream_frame(text).unwrap(), parse::stream_frame(&shuffled).unwrap());
        assert_eq!(direct, general, "{shuffled}");
        assert!(!matches!(direct.event, StreamEvent::Other(_)), "{text}");
        let spaced = text.replace(':', " : ").replace(',', ",\n ");
        assert_eq!(parse::stream_frame(&spaced).unwrap(), direct);
    }
}

#[test]
fn trades_and_book_tops_become_domain_events() {
    let unit = TimeUnit::Microsecond;
    let trade = Trade {
        time: Time(1_700_000_000_123_456),
        price: Price::from_raw(5),
        quantity: Quantity::from_raw(7),
        aggressor: Side::Sell,
    };
    let top = BookTop {
        bid: Price::from_raw(10),
        bid_quantity: Quantity::from_raw(1),
        ask: Price::from_raw(11),
        ask_quantity: Quantity::from_raw(2),
    };
    let texts = [
        frame_text(&agg_trade("BTCUSDT", 9, &trade, trade.time, unit), Some(1)),
        frame_text(&book_ticker("BTCUSDT", 4, &top), Some(2)),
    ];
    let symbol = SymbolId(3);
    let expected = [MarketEvent::Trade { symbol, trade }, MarketEvent::BookTop { symbol, top }];
    for (text, expected) in texts.iter().zip(expected) {
        let frame = parse::stream_frame(text).unwrap();
        assert_eq!(market_event(&frame.event, lookup, unit).unwrap(), Some(expected));
    }
    let foreign = frame_text(&book_ticker("ETHUSDT", 4, &top), None);
    assert!(market_event(&parse::stream_frame(&foreign).unwrap().event, lookup, unit).is_err());
}

#[test]
fn what_binance_may_add_later_is_kept_apart_and_not_an_error() {
    let unknown = ["{}", "[]", r#"{"e":"newThing","x":1}"#, r#"{"stream":"a","data":[1]}"#, r#"{"e":null}"#];
    for text in unknown {
        let frame = parse::stream_frame(text).unwrap();
        assert!(matches!(frame.event, StreamEvent::Other(_)), "{text}: {frame:?}");
    }
    assert_eq!(parse::api_frame(r#"{"hello":1}"#).unwrap().content, ApiContent::Other);
    let event = parse::user_event(r#"{"e":"newThing"}"#).unwrap();
    assert_eq!(event, UserEvent::Other("newThing".into()));
    let status: Open<OrderStatus> = serde_json::from_str("\"FROZEN\"").unwrap();
    assert_eq!((status.known(), status.as_str()), (None, "FROZEN"));
    assert_eq!(serde_json::to_string(&status).unwrap(), "\"FROZEN\"");
}

#[test]
fn broken_frames_are_errors() {
    for text in ["", "{", "x", r#"{"e":"aggTrade"}"#, r#"{"e":"kline","E":1,"s":"A","k":null}"#, "[1,"] {
        assert!(parse::stream_frame(text).is_err(), "{text}");
    }
    let cut = FRAMES[3].strip_suffix('}').unwrap();
    assert!(parse::stream_frame(cut).is_err());
    assert!(parse::api_frame(r#"{"subscriptionId":0,"event":{"e":"executionReport"}}"#).is_err());
}

#[test]
fn absurd_market_quantities_saturate_and_do_not_cost_the_frame() {
    let StreamFrame { event: StreamEvent::DepthUpdate(depth), .. } = parse::stream_frame(FRAMES[2]).unwrap() else {
        panic!("not a depth update");
    };
    assert_eq!(depth.asks[0].1, Quantity::MAX);
    let fine = FRAMES[2].replace("\"10\"", "\"0.123456789123\"").replace("\"0.0024\"", "\"0.00240000\"");
    let StreamFrame { event: StreamEvent::DepthUpdate(depth), .. } = parse::stream_frame(&fine).unwrap() else {
        panic!("not a depth update");
    };
    assert_eq!((depth.bids[0].0.to_string(), depth.bids[0].1.to_string()), ("0.0024".into(), "0.12345678".into()));
}

#[test]
fn responses_keep_their_id_and_tell_refusals_from_results() {
    for id in [RequestId::Null, RequestId::Number(-4), RequestId::Text("a-1".to_owned())] {
        let granted = LockstepGranted { stream_token: "t".to_owned(), now: 5 };
        let text = frame_text(&WsResponse::ok(id.clone(), granted.clone()), Some(3));
        let frame = parse::api_frame(&text).unwrap();
        assert_eq!(frame.sequence, Some(3));
        let ApiContent::Response(response) = frame.content else { panic!("not a response: {text}") };
        assert_eq!(response.0.id, id);
        assert_eq!(response.read::<LockstepGranted>().unwrap(), granted);
        assert!(matches!(response.read::<Ack>(), Err(Answer::Unreadable(_))));
    }
    let error = VenueError::new(-2010, "Duplicate order sent.");
    let text = frame_text(&WsResponse::<Ack>::refused(RequestId::Number(1), 400, error.clone()), None);
    let ApiContent::Response(response) = parse::api_frame(&text).unwrap().content else { panic!("not a response") };
    let Err(Answer::Refused { status: 400, error: body }) = response.read::<Ack>() else { panic!("not refused") };
    assert_eq!(body.to_venue_error(), error);
}

#[test]
fn parameters_keep_the_text_that_was_signed() {
    let text = r#"{"id":null,"method":"v3/order.place","params":{"price":40000.10,"quantity":"0.010","timestamp":17,
        "flag":true,"symbols":["A","B"],"symbol":"\uff11\uff12"}}"#;
    let request = parse::request(text).unwrap();
    assert_eq!(request.method, "order.place");
    let params: Vec<_> = request.params.0.iter().collect();
    assert_eq!(
        params,
        [
            ("price", "40000.10"),
            ("quantity", "0.010"),
            ("timestamp", "17"),
            ("flag", "true"),
            ("symbols", r#"["A","B"]"#),
            ("symbol", "１２"),
        ]
    );
    let twice = r#"{"id":1,"method":"time","params":{"a":1,"a":2}}"#;
    assert_eq!(parse::request(twice).unwrap_err().code, -1135);
    let long = format!(r#"{{"id":"{}","method":"SUBSCRIBE"}}"#, "x".repeat(37));
    assert!(parse::request(&long).is_ok());
    assert_eq!(parse::control_request(&long).unwrap_err().code, 2);
    assert_eq!(parse::control_request("{").unwrap_err().code, 3);
    let written = frame_text(&request, None);
    assert_eq!(parse::request(&written).unwrap().params, request.params);
}

fn params(text: &str) -> Params {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .fold(Params::new(), |all, (name, value)| all.with(name, value))
}

#[test]
fn orders_are_refused_with_the_venues_codes() {
    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=2";
    let market = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1";
    assert!(parse_order(&params(&format!("{limit}&newOrderRespType=FULL&timestamp=1")), lookup, fresh).is_ok());
    let cases = [
        (
            limit.replace("&price=2", ""),
            -1102,
            "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
        ),
        (limit.replace("BTCUSDT", "NOPE"), -1121, "Invalid symbol."),
        (limit.replace("BUY", "buy"), -1117, "Invalid side."),
        (limit.replace("LIMIT", "ICEBERG"), -1116, "Invalid orderType."),
        (limit.replace("GTC", "GTX"), -1115, "Invalid timeInForce."),
        (
            limit.replace("price=2", "price=-2"),
            -1100,
            r"Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.",
        ),
        (limit.replace("price=2", "price=2.123456789"), -1111, "Parameter 'price' has too much precision."),
        (limit.replace("price=2", "price=99999999999"), -1108, "Parameter 'price' overflowed."),
        (limit.replace("quantity=1", "quantity=0.0"), -1013, "Invalid quantity."),
        (format!("{limit}&stopPrice=3"), -1106, "Parameter 'stopPrice' sent when not required."),
        (format!("{market}&timeInForce=GTC"), -1106, "Parameter 'timeInForce' sent when not required."),
        (format!("{market}&quoteOrderQty=5"), -1128, "Combination of optional parameters invalid."),
        (
            market.replace("&quantity=1", ""),
            -1102,
            "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
        ),
        (format!("{market}&newClientOrderId="), -1105, "Parameter 'newClientOrderId' was empty."),
        (
            format!("{market}&newClientOrderId=a b"),
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
        ),
        (
            format!("{market}&colour=red"),
            -1104,
            "Not all sent parameters were read; read '4' parameter(s) but was sent '5'.",
        ),
    ];
    for (form, code, msg) in cases {
        let error = parse_order(&params(&form), lookup, fresh).unwrap_err();
        assert_eq!((error.code, error.msg.as_str()), (code, msg), "{form}");
    }
}

#[test]
fn lists_are_refused_with_the_venues_codes() {
    let base = "symbol=BTCUSDT&quantity=1";
    let cases = [
        ("SELL", "LIMIT_MAKER&abovePrice=3", "LIMIT_MAKER&belowPrice=1", -1168),
        ("SELL", "STOP_LOSS&aboveStopPrice=3", "STOP_LOSS&belowStopPrice=1", -1197),
        ("SELL", "TAKE_PROFIT&aboveStopPrice=3", "LIMIT_MAKER&belowPrice=1", -1166),
        ("SELL", "LIMIT_MAKER&abovePrice=3", "TAKE_PROFIT&belowStopPrice=1", -1199),
        ("BUY", "STOP_LOSS&aboveStopPrice=3", "STOP_LOSS&belowStopPrice=1", -1196),
        ("BUY", "LIMIT_MAKER&abovePrice=3", "STOP_LOSS&belowStopPrice=1", -1165),
        ("BUY", "TAKE_PROFIT&aboveStopPrice=3", "LIMIT_MAKER&belowPrice=1", -1198),
        ("BUY", "MARKET", "LIMIT_MAKER&belowPrice=1", -1158),
        ("BUY", "STOP_LOSS&aboveStopPrice=3&abovePrice=3", "LIMIT_MAKER&belowPrice=1", -1106),
        ("BUY", "STOP_LOSS", "LIMIT_MAKER&belowPrice=1", -1102),
    ];
    for (side, above, below, code) in cases {
        let form = format!("{base}&side={side}&aboveType={above}&belowType={below}");
        assert_eq!(parse_oco(&params(&form), lookup, fresh).unwrap_err().code, code, "{form}");
    }
    let old = format!("{base}&side=SELL&price=3&stopPrice=1&stopClientOrderId=s");
    let oco = parse_old_oco(&params(&old), lookup, fresh).unwrap();
    assert_eq!((oco.above.kind.order_type(), oco.below.kind.order_type()), (OrderType::Limit, OrderType::StopLoss));
    assert_eq!((&*oco.above.client_id.text(), &*oco.below.client_id.text()), ("fresh", "s"));
}

#[test]
fn references_need_one_of_their_two_ids() {
    let neither = parse_reference(&params("symbol=BTCUSDT"), lookup).unwrap_err();
    assert_eq!(neither.code, -1102);
    let both = parse_reference(&params("symbol=BTCUSDT&orderId=5&origClientOrderId=a"), lookup).unwrap();
    assert_eq!((both.order_id, both.client_id), (Some(OrderId(5)), Some(ClientOrderId::from("a"))));
    let bad = parse_reference(&params("symbol=BTCUSDT&orderId=5&cancelRestrictions=NEVER"), lookup).unwrap_err();
    assert_eq!(bad.code, -1145);
    let restricted = params("symbol=BTCUSDT&orderId=5&cancelRestrictions=ONLY_NEW");
    assert_eq!(parse_reference(&restricted, lookup).unwrap().only_if, Some(OrderStatus::New));
    let list = parse_list_reference(&params("origClientOrderId=l"), lookup).unwrap();
    assert_eq!(list.list_client_id.unwrap().text(), "l");
    assert_eq!(parse_list_reference(&params("symbol=BTCUSDT"), lookup).unwrap_err().code, -1102);
}

fn fresh() -> ClientOrderId {
    ClientOrderId::from("fresh")
}

#[test]
fn decimals_have_eight_places_as_binance_writes_them() {
    let text = |value: &dyn Fn() -> serde_json::Result<String>| value().expect("JSON");
    assert_eq!(text(&|| serde_json::to_string(&crate::support::price("100"))), r#""100.00000000""#);
    assert_eq!(text(&|| serde_json::to_string(&kestrel::protocol::messages::Amount(0.016_347_9))), r#""0.01634790""#);
    // Eight places would lose this one.
    assert_eq!(text(&|| serde_json::to_string(&kestrel::protocol::messages::Amount(1e-9))), r#""0.000000001""#);
}
