//! The local exchange's answers, call by call: good and bad parameters, exact codes and words, documented keys.
//!
//! Invariant: every amount is written as decimal text and computed by hand.
//! Absent on purpose: sockets, envelopes and rate limits.

mod replacing;

use std::collections::BTreeSet;

use kestrel::domain::{Bar, Span, Symbol, SymbolId, SymbolRules, Time};
use kestrel::exchange::calls::{self, Ask};
use kestrel::exchange::market_source::{Market, time_of};
use kestrel::exchange::venue::Venue;
use kestrel::exchange::{auth, reports};
use kestrel::protocol::messages::TimeUnit;
use kestrel::protocol::sign::{Secret, sign_ws, signed_query};
use kestrel::protocol::weights::{ALL_CALLS, Call, RateLimit};
use kestrel::protocol::{Params, VenueError};
use kestrel::simulator::{AccountId, FeePolicy, MinuteStep, VenueEvent};
use serde_json::{Value, json};

use crate::support::{MemorySource, START, money, price, short, venue as fees};

const KEY: &str = "a key";
const SECRET: &str = "its secret";
const UNIT: TimeUnit = TimeUnit::Millisecond;
const ACCOUNT: AccountId = AccountId(0);

/// Two symbols with twenty minutes of history at 100 (low 99, high 101, volume 2) and three minutes to come.
struct Desk {
    venue: Venue,
}

fn bar(minute: i64) -> Bar {
    let open_time = START.plus(Span(minute * Span::MINUTE.0));
    Bar { open_time, open: 100.0, high: 101.0, low: 99.0, close: 100.0, volume: 2.0 }
}

fn rules(name: &str) -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new(name));
    (rules.price.tick, rules.price.min) = (price("0.01"), price("0.01"));
    rules.lot.step = "0.001".parse().unwrap();
    rules.max_orders = 4;
    rules
}

fn desk() -> Desk {
    let history: Vec<Bar> = (0..20).map(bar).collect();
    let coming = (20..23).flat_map(|minute| [(SymbolId(0), bar(minute)), (SymbolId(1), bar(minute))]);
    let source = MemorySource { history: vec![history.clone(), history], bars: coming.collect() };
    let market = Market::open(Box::new(source), 2).unwrap();
    let rules = vec![rules("BTCUSDT"), rules("ETHUSDT")];
    let mut venue = Venue::new(rules, market, fees(FeePolicy::Received));
    venue.open_account(KEY, SECRET, money("10000"));
    Desk { venue }
}

impl Desk {
    /// The next step of the market, and what the user stream says of it.
    fn step(&mut self) -> Vec<Value> {
        let step = self.venue.market.take().unwrap().unwrap();
        self.venue.now = time_of(&step);
        if let MinuteStep::Move { symbol, point, .. } = step {
            self.venue.simulator.move_to(symbol, point);
        }
        self.events()
    }

    fn events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some((account, event)) = self.venue.simulator.next_event() {
            let text = match &event {
                VenueEvent::Report(report) => {
                    let numbered = reports::number(&mut self.venue, report);
                    reports::report_event(&self.venue, account, report, &numbered, UNIT)
                }
                VenueEvent::Balances(update) => reports::balances_event(update, UNIT),
                VenueEvent::List(list) => reports::list_event(&self.venue, list, UNIT),
            };
            events.push(short(serde_json::from_str(&text).unwrap()));
        }
        events
    }

    fn ask(&mut self, call: &str, query: &str) -> Result<Value, VenueError> {
        let params = Params::parse_form(query).unwrap();
        let (method, path) = call.split_once(' ').unwrap();
        let path = if path == "order/oco" { "orderList/oco" } else { path };
        let call = Call::of_rest(method, &format!("/api/v3/{path}"), &params).unwrap();
        let account = calls::is_signed(call).then_some(ACCOUNT);
        let ask = Ask { call, params: &params, account, now: self.venue.now, unit: UNIT, orders_full: None };
        calls::answer(&mut self.venue, &ask).map(|text| short(serde_json::from_str(&text).unwrap()))
    }

    fn good(&mut self, call: &str, query: &str) -> Value {
        self.ask(call, query).unwrap_or_else(|error| panic!("{call}?{query}: {error}"))
    }

    fn buy(&mut self) -> Value {
        self.good("POST order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=2")
    }
}

const OCO: &str = "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=110\
    &aboveClientOrderId=up&belowType=STOP_LOSS&belowStopPrice=90&belowClientOrderId=down&listClientOrderId=both";
const LIMIT: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=90&newClientOrderId=low";

#[test]
fn a_bad_request_is_refused_in_binances_words() {
    let missing = |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    let unread =
        |read, sent| format!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.");
    let not_valid = |name: &str| format!("Data sent for parameter '{name}' is not valid.");
    let words = |text: &str| text.to_owned();
    let integer = r"Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.";
    let combination = "Combination of optional parameters invalid.";
    let day = "More than 24 hours between startTime and endTime.";
    let market = "symbol=BTCUSDT&side=BUY&type=MARKET";
    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC";
    let cases = [
        ("GET ping", "a=1".to_owned(), -1101, words("Too many parameters; expected '0' and received '1'.")),
        ("GET time", words("a=1&b=2"), -1101, words("Too many parameters; expected '0' and received '2'.")),
        ("GET exchangeInfo", words("symbol=NOUSDT"), -1121, words("Invalid symbol.")),
        ("GET exchangeInfo", words("symbol=btcusdt"), -1121, words("Invalid symbol.")),
        ("GET exchangeInfo", words("symbols=[\"BTCUSDT\",\"NO\"]"), -1121, words("Invalid symbol.")),
        ("GET exchangeInfo", words("symbols=BTCUSDT"), -1135, words("JSON sent for parameter 'symbols' is not valid")),
        (
            "GET exchangeInfo",
            words("symbols=[\"BTCUSDT\",\"BTCUSDT\"]"),
            -1151,
            words("Symbol is present multiple times in the list."),
        ),
        ("GET exchangeInfo", words("symbol=BTCUSDT&symbols=[\"BTCUSDT\"]"), -1128, words(combination)),
        ("GET exchangeInfo", words("symbol=BTCUSDT&symbolStatus=TRADING"), -1128, words(combination)),
        ("GET exchangeInfo", words("symbolStatus=OPEN"), -1122, words("Invalid symbolStatus.")),
        ("GET depth", words(""), -1102, missing("symbol")),
        ("GET depth", words("symbol=BTCUSDT&limit=x"), -1100, words(integer)),
        ("GET depth", words("symbol=BTCUSDT&limit=0"), -1130, not_valid("limit")),
        (
            "GET depth",
            words("symbol=BTCUSDT&symbolStatus=HALT"),
            -1220,
            words("The symbol's status does not match the requested symbolStatus."),
        ),
        ("GET trades", words("symbol=BTCUSDT&x=1"), -1104, unread(1, 2)),
        ("GET aggTrades", words("symbol=BTCUSDT&fromId=1&startTime=1"), -1128, words(combination)),
        ("GET klines", words("symbol=BTCUSDT"), -1102, missing("interval")),
        ("GET klines", words("symbol=BTCUSDT&interval=1M"), -1120, words("Invalid interval.")),
        ("GET klines", words("symbol=BTCUSDT&interval=1m&timeZone=15"), -1130, not_valid("timeZone")),
        ("GET avgPrice", words("symbol="), -1102, missing("symbol")),
        ("GET ticker/price", words("symbol=X"), -1121, words("Invalid symbol.")),
        ("GET ticker/bookTicker", words("symbols=[]"), -1105, words("Parameter 'symbols' was empty.")),
        (
            "GET account",
            words("omitZeroBalances=1"),
            -1100,
            words("Illegal characters found in parameter 'omitZeroBalances'; legal range is '^(true|false)$'."),
        ),
        ("GET account/commission", words(""), -1102, missing("symbol")),
        ("GET myTrades", words("symbol=BTCUSDT&orderId=1&startTime=1"), -1128, words(combination)),
        ("GET myTrades", words("symbol=BTCUSDT&startTime=0&endTime=86400001"), -1127, words(day)),
        ("GET allOrders", words("symbol=BTCUSDT&startTime=0&endTime=86400001"), -1127, words(day)),
        ("GET rateLimit/order", words("symbol=BTCUSDT"), -1104, unread(0, 1)),
        (
            "GET order",
            words("symbol=BTCUSDT"),
            -1102,
            words("Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"),
        ),
        ("GET order", words("symbol=BTCUSDT&orderId=77"), -2013, words("Order does not exist.")),
        (
            "GET order",
            words("symbol=BTCUSDT&orderId=1&origClientOrderId=other"),
            -2039,
            words("Client order ID is not correct for this order ID."),
        ),
        ("GET order", words("symbol=ETHUSDT&orderId=1"), -2013, words("Order does not exist.")),
        ("DELETE order", words("symbol=BTCUSDT&orderId=77"), -2011, words("Unknown order sent.")),
        (
            "DELETE order",
            words("symbol=BTCUSDT&orderId=1&cancelRestrictions=ONLY_PARTIALLY_FILLED"),
            -2011,
            words("Order was not canceled due to cancel restrictions."),
        ),
        ("DELETE openOrders", words("symbol=ETHUSDT"), -2011, words("Unknown order sent.")),
        ("GET openOrders", words("symbol="), -1105, words("Parameter 'symbol' was empty.")),
        ("GET orderList", words("orderListId=9"), -2013, words("Order does not exist.")),
        ("DELETE orderList", words("orderListId=9"), -1102, missing("symbol")),
        ("DELETE orderList", words("symbol=BTCUSDT&orderListId=9"), -2011, words("Unknown order sent.")),
        ("POST order", words("symbol=BTCUSDT&type=MARKET&quantity=1"), -1102, missing("side")),
        ("POST order", format!("{market}&quantity=1&newOrderRespType=ALL"), -1130, not_valid("newOrderRespType")),
        ("POST order", format!("{market}&quantity=1.0001"), -1013, words("Filter failure: LOT_SIZE")),
        ("POST order", format!("{market}&quantity=0.01"), -1013, words("Filter failure: NOTIONAL")),
        ("POST order", format!("{limit}&quantity=1&price=90.001"), -1013, words("Filter failure: PRICE_FILTER")),
        (
            "POST order",
            format!("{market}&quantity=1000"),
            -2010,
            words("Account has insufficient balance for requested action."),
        ),
        ("POST order", words(LIMIT), -2010, words("Duplicate order sent.")),
        (
            "POST order",
            words("symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1&stopPrice=101"),
            -2010,
            words("Order would trigger immediately."),
        ),
        (
            "POST order",
            format!("{market}&quantity=1&price=1"),
            -1106,
            words("Parameter 'price' sent when not required."),
        ),
        ("POST order/test", format!("{limit}&quantity=1&price=90.001"), -1013, words("Filter failure: PRICE_FILTER")),
        (
            "POST orderList/oco",
            OCO.replace("abovePrice=110", "abovePrice=95"),
            -2010,
            words("The relationship of the prices for the orders is not correct."),
        ),
        (
            "POST orderList/oco",
            OCO.replace("STOP_LOSS", "TAKE_PROFIT"),
            -1199,
            words("A take profit order in a sell OCO must be above."),
        ),
        ("POST orderList/oco", words(OCO), -2010, words("Account has insufficient balance for requested action.")),
    ];
    let mut desk = desk();
    desk.good("POST order", LIMIT);
    let state = |desk: &Desk| format!("{:?}", desk.venue.simulator);
    let before = state(&desk);
    for (call, query, code, msg) in cases {
        let refusal = desk.ask(call, &query).expect_err(&format!("{call}?{query}"));
        assert_eq!((refusal.code, refusal.msg), (code, msg), "{call}?{query}");
        assert_eq!(state(&desk), before, "{call}?{query} changed the venue");
    }
    let named = format!("{LIMIT}&symbolStatus=TRADING").replace("low", "more");
    assert_eq!(desk.ask("POST order", &named).map_err(|error| error.code), Err(-1104));
    for name in ["b", "c", "d"] {
        desk.good("POST order", &LIMIT.replace("low", name));
    }
    let refusal = desk.ask("POST order", &LIMIT.replace("low", "e")).expect_err("a fifth order");
    assert_eq!((refusal.code, refusal.msg.as_str()), (-1013, "Filter failure: MAX_NUM_ORDERS"));
}

#[test]
fn a_market_order_between_bars_waits_and_within_a_bar_has_its_fills() {
    let mut desk = desk();
    let waiting = desk.buy();
    assert_eq!((&waiting["status"], &waiting["fills"]), (&json!("NEW"), &json!([])));
    desk.events();
    let events = desk.step();
    assert_eq!((&events[0]["x"], &events[0]["L"], &events[0]["I"]), (&json!("TRADE"), &json!("100.01"), &json!(2)));
    let done = desk.buy();
    // Best ask: 100 x 1.00005, up to the tick.
    let fill = json!({"price": "100.01", "qty": "2", "commission": "0.002", "commissionAsset": "BTC", "tradeId": 2});
    assert_eq!(done["fills"], json!([fill]));
    assert_eq!((&done["status"], &done["cummulativeQuoteQty"]), (&json!("FILLED"), &json!("200.02")));
    let both = desk.good("GET myTrades", "symbol=BTCUSDT");
    assert_eq!((both[0]["orderId"].as_i64(), both[1]["orderId"].as_i64()), (Some(1), Some(2)));
    assert_eq!(desk.good("GET myTrades", "symbol=BTCUSDT&orderId=2"), json!([both[1]]));
    assert_eq!(desk.good("GET myTrades", "symbol=BTCUSDT&fromId=1&limit=1"), json!([both[0]]));
    assert_eq!(desk.good("GET myTrades", "symbol=BTCUSDT&limit=1"), json!([both[1]]));
    let account = desk.good("GET account", "omitZeroBalances=true");
    let balances =
        json!([{"asset": "BTC", "free": "3.996", "locked": "0"}, {"asset": "USDT", "free": "9599.96", "locked": "0"}]);
    assert_eq!(account["balances"], balances);
    assert_eq!((&account["takerCommission"], &account["commissionRates"]["taker"]), (&json!(10), &json!("0.001")));
    let by_amount = desk.good("POST order", "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=150");
    assert_eq!((&by_amount["executedQty"], &by_amount["origQuoteOrderQty"]), (&json!("1.499"), &json!("150")));
}

#[test]
fn the_form_of_an_answer_follows_the_type_unless_the_client_asks() {
    let mut desk = desk();
    let stop = "symbol=BTCUSDT&side=BUY&type=STOP_LOSS&quantity=1&stopPrice=110";
    let ack = desk.good("POST order", stop);
    assert_eq!(
        keys(&ack),
        keys(&json!({"symbol": 0, "orderId": 0, "orderListId": 0, "clientOrderId": 0, "transactTime": 0}))
    );
    let result = desk.good("POST order", &format!("{stop}&newOrderRespType=RESULT"));
    assert_eq!((&result["stopPrice"], &result["workingTime"], result.get("fills")), (&json!("110"), &json!(-1), None));
    assert_eq!((&ack["clientOrderId"], &result["clientOrderId"]), (&json!("x-local-1"), &json!("x-local-2")));
    let full = desk.good("POST order", LIMIT);
    let now = desk.venue.now.millis();
    assert_eq!((&full["transactTime"], &full["workingTime"], &full["fills"]), (&json!(now), &json!(now), &json!([])));
    assert_eq!(desk.good("POST order/test", stop), json!({}));
    let rates = desk.good("POST order/test", &format!("{stop}&computeCommissionRates=true"));
    assert_eq!(rates["standardCommissionForOrder"], json!({"maker": "0.001", "taker": "0.001"}));
    assert_eq!(desk.good("GET openOrders", "").as_array().map(Vec::len), Some(3));
    assert_eq!(desk.good("GET openOrders", "symbol=ETHUSDT"), json!([]));
}

#[test]
fn a_cancel_has_a_name_of_its_own_in_answer_and_report() {
    let mut desk = desk();
    desk.good("POST order", LIMIT);
    desk.events();
    let answer = desk.good("DELETE order", "symbol=BTCUSDT&origClientOrderId=low&newClientOrderId=stop-it");
    assert_eq!((&answer["origClientOrderId"], &answer["clientOrderId"]), (&json!("low"), &json!("stop-it")));
    assert_eq!(answer["status"], json!("CANCELED"));
    let events = desk.events();
    assert_eq!(
        (&events[0]["x"], &events[0]["C"], &events[0]["c"]),
        (&json!("CANCELED"), &json!("low"), &json!("stop-it"))
    );
    assert_eq!(
        (&events[1]["e"], &events[1]["B"]),
        (&json!("outboundAccountPosition"), &json!([{"a": "USDT", "f": "10000", "l": "0"}]))
    );
    assert!(desk.venue.cancels.is_empty());
    let unknown = desk.ask("DELETE order", "symbol=BTCUSDT&origClientOrderId=low").expect_err("done already");
    assert_eq!(unknown.code, -2011);
    assert_eq!(desk.good("GET order", "symbol=BTCUSDT&orderId=1")["status"], json!("CANCELED"));
    assert_eq!(desk.good("GET allOrders", "symbol=BTCUSDT&orderId=1").as_array().map(Vec::len), Some(1));
    assert_eq!(desk.good("GET allOrders", "symbol=BTCUSDT&orderId=2"), json!([]));
}

#[test]
fn an_oco_lives_and_ends_as_one_list() {
    let mut desk = desk();
    desk.step();
    desk.buy();
    desk.events();
    let placed = desk.good("POST orderList/oco", OCO);
    let legs = json!([
        {"symbol": "BTCUSDT", "orderId": 2, "clientOrderId": "up"},
        {"symbol": "BTCUSDT", "orderId": 3, "clientOrderId": "down"},
    ]);
    assert_eq!((&placed["listStatusType"], &placed["orders"]), (&json!("EXEC_STARTED"), &legs));
    let reports = &placed["orderReports"];
    assert_eq!(
        (&reports[0]["type"], &reports[0]["price"], reports[0].get("stopPrice")),
        (&json!("LIMIT_MAKER"), &json!("110"), None)
    );
    assert_eq!(
        (&reports[1]["type"], &reports[1]["stopPrice"], &reports[1]["workingTime"]),
        (&json!("STOP_LOSS"), &json!("90"), &json!(-1))
    );
    let event = desk.events().into_iter().find(|event| event["e"] == "listStatus").expect("the list is told");
    assert_eq!(
        (&event["g"], &event["l"], &event["L"], &event["C"]),
        (&json!(1), &json!("EXEC_STARTED"), &json!("EXECUTING"), &json!("both"))
    );

    let queried = desk.good("GET orderList", "origClientOrderId=both");
    assert_eq!((queried.get("orderReports"), &queried["orders"]), (None, &legs));
    assert_eq!(desk.good("GET openOrderList", ""), json!([queried]));

    let ended = desk.good("DELETE order", "symbol=BTCUSDT&orderId=3&newClientOrderId=end");
    assert_eq!(
        (&ended["listOrderStatus"], &ended["orderReports"][0]["origClientOrderId"]),
        (&json!("ALL_DONE"), &json!("up"))
    );
    let names: Vec<&Value> =
        ended["orderReports"].as_array().unwrap().iter().map(|report| &report["clientOrderId"]).collect();
    assert_eq!(names, ["end", "end"]);
    let canceled: Vec<Value> = desk.events().into_iter().filter(|event| event["x"] == "CANCELED").collect();
    assert!(canceled.len() == 2 && canceled.iter().all(|event| event["c"] == "end"), "{canceled:?}");
    assert_eq!(desk.good("GET openOrderList", ""), json!([]));

    let old = "symbol=BTCUSDT&side=SELL&quantity=1&price=110&stopPrice=90&newOrderRespType=ACK";
    let short = desk.good("POST order/oco", old);
    assert_eq!(keys(&short["orderReports"][0]).len(), 5);
    let list = short["orderListId"].as_i64().unwrap();
    let ended = desk.good("DELETE orderList", &format!("symbol=BTCUSDT&orderListId={list}"));
    assert_eq!(ended["listStatusType"], json!("ALL_DONE"));
    desk.good("POST orderList/oco", OCO);
    desk.good("POST order", LIMIT);
    let all = desk.good("DELETE openOrders", "symbol=BTCUSDT");
    assert_eq!(
        (&all[0]["listClientOrderId"], &all[1]["origClientOrderId"], all.get(2)),
        (&json!("both"), &json!("low"), None)
    );
}

#[test]
fn klines_are_cut_by_times_and_limit_and_longer_ones_are_sums() {
    let mut desk = desk();
    let opens = |rows: Value| -> Vec<i64> {
        rows.as_array().unwrap().iter().map(|row| (row[0].as_i64().unwrap() - START.millis()) / 60_000).collect()
    };
    let at = |minute: i64| START.millis() + minute * 60_000;
    let minute = "symbol=BTCUSDT&interval=1m";
    let row = desk.good("GET klines", &format!("{minute}&limit=1"));
    let open = at(19);
    assert_eq!(row, json!([[open, "100", "101", "99", "100", "2", open + 59_999, "200", 4, "0", "0", "0"]]));
    let five = desk.good("GET klines", "symbol=BTCUSDT&interval=5m&limit=1");
    let open = at(15);
    assert_eq!(five, json!([[open, "100", "101", "99", "100", "10", open + 299_999, "1000", 20, "0", "0", "0"]]));
    let cases = [
        (format!("{minute}&limit=3"), vec![17, 18, 19]),
        (format!("{minute}&startTime={}&limit=2", at(5)), vec![5, 6]),
        (format!("{minute}&startTime={}&limit=2", at(5) + 1), vec![6, 7]),
        (format!("{minute}&startTime={}000", at(18)), vec![18, 19]),
        (format!("{minute}&endTime={}&limit=2", at(5)), vec![4, 5]),
        (format!("{minute}&startTime={}&endTime={}", at(5), at(7) - 1), vec![5, 6]),
        (format!("{minute}&startTime={}&endTime={}", at(7), at(5)), vec![]),
        (format!("{minute}&startTime={}", at(99)), vec![]),
        ("symbol=BTCUSDT&interval=15m".to_owned(), vec![0, 15]),
        (format!("symbol=BTCUSDT&interval=5m&endTime={}&limit=2", at(12)), vec![5, 10]),
        (format!("symbol=BTCUSDT&interval=5m&startTime={}&limit=2", at(1)), vec![5, 10]),
        ("symbol=BTCUSDT&interval=1d&timeZone=1:30".to_owned(), vec![-90]),
    ];
    for (query, expected) in cases {
        assert_eq!(opens(desk.good("GET klines", &query)), expected, "{query}");
    }
    assert_eq!(
        desk.good("GET avgPrice", "symbol=BTCUSDT"),
        json!({"mins": 5, "price": "100", "closeTime": at(20) - 1})
    );
}

#[test]
fn prices_and_rules_are_told_of_one_symbol_of_some_or_of_all() {
    let mut desk = desk();
    let ticker = |name: &str| json!({"symbol": name, "price": "100"});
    assert_eq!(desk.good("GET ticker/price", "symbol=BTCUSDT"), ticker("BTCUSDT"));
    assert_eq!(desk.good("GET ticker/price", ""), json!([ticker("BTCUSDT"), ticker("ETHUSDT")]));
    assert_eq!(desk.good("GET ticker/price", "symbols=[\"ETHUSDT\"]"), json!([ticker("ETHUSDT")]));
    assert_eq!(desk.good("GET ticker/price", "symbolStatus=HALT"), json!([]));
    let best = desk.good("GET ticker/bookTicker", "symbol=BTCUSDT");
    assert_eq!((&best["bidPrice"], &best["askPrice"]), (&json!("99.99"), &json!("100.01")));
    let depth = desk.good("GET depth", "symbol=BTCUSDT&limit=2");
    assert_eq!((&depth["bids"][0][0], &depth["asks"][0][0]), (&best["bidPrice"], &best["askPrice"]));
    assert_eq!((depth["bids"].as_array().map(Vec::len), &depth["lastUpdateId"]), (Some(2), &json!(1)));
    let info = desk.good("GET exchangeInfo", "symbol=ETHUSDT&showPermissionSets=false");
    assert_eq!(
        (info["symbols"].as_array().map(Vec::len), &info["symbols"][0]["permissionSets"]),
        (Some(1), &json!([]))
    );
    assert_eq!(desk.good("GET exchangeInfo", "permissions=MARGIN")["symbols"], json!([]));
    assert_eq!(
        desk.good("GET exchangeInfo", "permissions=[\"MARGIN\",\"SPOT\"]")["symbols"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(calls::rate_limits(), RateLimit::LIVE);
    assert_eq!(desk.good("GET time", ""), json!({"serverTime": desk.venue.now.millis()}));
    desk.venue.limits.orders(desk.venue.now, 3).unwrap();
    assert_eq!(desk.good("GET rateLimit/order", "")[0]["count"], json!(3));
    desk.venue.limits.request(desk.venue.now.plus(Span::from_seconds(10)), 1).unwrap();
    let counts = desk.good("GET rateLimit/order", "");
    // The history ends at 00:19:59.999, ten seconds later the shorter window is a new one.
    assert_eq!((&counts[0]["count"], &counts[1]["count"]), (&json!(0), &json!(3)));
    assert_eq!(calls::rest_extra("/sapi/v1/margin/allPairs"), Some("[]"));
    assert_eq!(calls::rest_extra("/sapi/v1/account"), None);
}

#[test]
fn a_signed_call_without_an_account_and_a_call_about_a_connection_are_refused() {
    let mut desk = desk();
    for call in ALL_CALLS {
        let params = Params::new();
        let ask = Ask { call, params: &params, account: None, now: START, unit: UNIT, orders_full: None };
        let answer = calls::answer(&mut desk.venue, &ask);
        if call.names().rest.is_none() {
            assert_eq!(answer, Err(VenueError::unsupported_operation()), "{call:?}");
        } else if calls::is_signed(call) {
            assert_eq!(answer, Err(VenueError::rejected_key()), "{call:?}");
        } else {
            assert_ne!(answer, Err(VenueError::rejected_key()), "{call:?}");
        }
    }
}

#[test]
fn a_request_is_admitted_by_its_key_its_time_and_its_signature() {
    let desk = desk();
    let secret = Secret::new(SECRET);
    let (virtual_time, os_time) = (Time::from_millis(1_700_000_000_000), Time::from_millis(1_790_000_000_000));
    let illegal =
        |name: &str, range: &str| format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.");
    let late = "Timestamp for this request is outside of the recvWindow.";
    let ahead = "Timestamp for this request was 1000ms ahead of the server's time.";
    let large = "recvWindow must be less than 60000";
    let decimal = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
    let cases = [
        ("timestamp=1700000000000", Ok(())),
        ("timestamp=1790000000000", Ok(())),
        ("timestamp=1790000000000000", Ok(())),
        ("timestamp=1699999995000", Ok(())),
        ("timestamp=1699999994999", Err((-1021, late.to_owned()))),
        ("timestamp=1699999994999&recvWindow=5001", Ok(())),
        ("timestamp=1699999994999500&recvWindow=5000.5", Ok(())),
        ("timestamp=1699999994999499&recvWindow=5000.5", Err((-1021, late.to_owned()))),
        ("timestamp=1790000000999", Ok(())),
        ("timestamp=1790000001000", Err((-1021, ahead.to_owned()))),
        ("timestamp=1700000001000", Err((-1021, late.to_owned()))),
        ("timestamp=1700000000000&recvWindow=60000", Ok(())),
        ("timestamp=1700000000000&recvWindow=60000.001", Err((-1131, large.to_owned()))),
        (
            "timestamp=1700000000000&recvWindow=1.0001",
            Err((-1111, "Parameter 'recvWindow' has too much precision.".to_owned())),
        ),
        ("timestamp=1700000000000&recvWindow=-1", Err((-1100, illegal("recvWindow", decimal)))),
        ("timestamp=now", Err((-1100, illegal("timestamp", "^[0-9]{1,20}$")))),
        (
            "recvWindow=1",
            Err((-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.".to_owned())),
        ),
    ];
    let clocks = [virtual_time, os_time];
    let told = |answer: Result<AccountId, VenueError>| answer.map(|_| ()).map_err(|error| (error.code, error.msg));
    for (query, expected) in cases {
        let params = Params::parse_form(query).unwrap();
        let sent = signed_query(&secret, &params);
        let rest = |key, sent: &str| auth::authenticate_rest(&desk.venue, key, sent, "", &params, &clocks);
        assert_eq!(told(rest(Some(KEY), &sent)), expected, "REST {query}");
        let mut signed = params.clone().with("apiKey", KEY);
        sign_ws(&secret, &mut signed);
        assert_eq!(told(auth::authenticate_ws(&desk.venue, &signed, &clocks)), expected, "WS {query}");
        if expected.is_ok() {
            let no_signature = "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.";
            assert_eq!(told(rest(Some(KEY), query)), Err((-1102, no_signature.to_owned())));
            assert_eq!(rest(Some(KEY), &format!("{query}&signature=00")), Err(VenueError::invalid_signature()));
            assert_eq!(rest(None, &sent), Err(VenueError::bad_key_format()));
            assert_eq!(rest(Some("other"), &sent), Err(VenueError::rejected_key()));
            let changed = signed.clone().with("apiKey", "other");
            assert_eq!(auth::authenticate_ws(&desk.venue, &changed, &clocks), Err(VenueError::rejected_key()));
            let changed = signed.clone().with("limit", 1);
            assert_eq!(auth::authenticate_ws(&desk.venue, &changed, &clocks), Err(VenueError::invalid_signature()));
        }
    }
}

#[test]
fn answers_have_the_documented_keys() {
    let Some(data) = std::env::var_os("KESTREL_DATA") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI needs KESTREL_DATA");
        println!("skipped: KESTREL_DATA is not set");
        return;
    };
    let folder = std::path::Path::new(&data).join("binance/docs/rest");
    let mut desk = desk();
    desk.step();
    let full = desk.buy();
    let result = desk.good("POST order", &format!("{LIMIT}&newOrderRespType=RESULT").replace("low", "lower"));
    let oco = desk.good("POST orderList/oco", OCO);
    let symbol = "symbol=BTCUSDT";
    let answers = [
        ("check-server-time__1", desk.good("GET time", "")),
        ("exchange-information__1", desk.good("GET exchangeInfo", "")),
        ("order-book__1", desk.good("GET depth", symbol)),
        ("current-average-price__1", desk.good("GET avgPrice", symbol)),
        ("symbol-price-ticker__1", desk.good("GET ticker/price", symbol)),
        ("symbol-order-book-ticker__2", desk.good("GET ticker/bookTicker", "")),
        ("account-information-user-data__1", desk.good("GET account", "")),
        ("query-commission-rates-user-data__1", desk.good("GET account/commission", symbol)),
        ("query-unfilled-order-count-user-data__1", desk.good("GET rateLimit/order", "")),
        ("account-trade-list-user-data__1", desk.good("GET myTrades", symbol)),
        ("test-new-order-trade__2", desk.good("POST order/test", &format!("{LIMIT}&computeCommissionRates=true"))),
        ("new-order-trade__1", desk.good("POST order", &format!("{LIMIT}&newOrderRespType=ACK"))),
        ("query-order-user-data__1", desk.good("GET order", "symbol=BTCUSDT&orderId=1")),
        ("current-open-orders-user-data__1", desk.good("GET openOrders", "")),
        ("all-orders-user-data__1", desk.good("GET allOrders", symbol)),
        ("query-order-list-user-data__1", desk.good("GET orderList", "orderListId=1")),
        ("query-open-order-lists-user-data__1", desk.good("GET openOrderList", "")),
        ("cancel-order-trade__1", desk.good("DELETE order", "symbol=BTCUSDT&origClientOrderId=low")),
        ("cancel-order-list-trade__1", desk.good("DELETE orderList", "symbol=BTCUSDT&orderListId=1")),
        ("new-order-trade__2", result),
        ("new-order-trade__3", full),
        ("new-order-list-oco-trade__1", oco),
    ];
    // Of orders that we do not take, and of a routing that we do not have.
    let absent = ["icebergQty", "sors"];
    for (page, answer) in answers {
        let path = folder.join(format!("rest-api-md__{page}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let documented: Value = serde_json::from_str(&text).unwrap();
        let mut wanted = keys(first(&documented));
        wanted.retain(|key| !absent.contains(&key.as_str()) || page.starts_with("query-order-user"));
        let missing: Vec<_> = wanted.difference(&keys(first(&answer))).cloned().collect();
        assert!(missing.is_empty(), "{page}: {missing:?} missing in {answer}");
        for inner in ["fills", "orderReports", "orders", "balances", "discount", "commissionRates"] {
            let ours = answer.get(inner).map(|inner| keys(first(inner)));
            let theirs = documented.get(inner).map(|inner| keys(last(inner)));
            if let Some((ours, theirs)) = ours.zip(theirs) {
                let missing: Vec<_> = theirs.difference(&ours).filter(|key| !absent.contains(&key.as_str())).collect();
                assert!(missing.is_empty(), "{page}.{inner}: {missing:?} missing in {answer}");
            }
        }
    }
}

fn first(value: &Value) -> &Value {
    value.as_array().and_then(|rows| rows.first()).unwrap_or(value)
}

fn last(value: &Value) -> &Value {
    value.as_array().and_then(|rows| rows.last()).unwrap_or(value)
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}
