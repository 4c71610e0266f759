//! Binance's catalogues by data: filters and exchangeInfo, error codes and texts, weights and limits.
//!
//! Invariant: every refusal that we can answer stands in Binance's catalogue, word for word.
//! Absent on purpose: the check of an order against the rules (`domain::rules`).

use kestrel::domain::rules::{LotFilter, NotionalFilter, PercentPriceBySide, PriceFilter, SymbolStatus};
use kestrel::domain::{Asset, FilterFailure, Fixed, OrderType, Span, Symbol, SymbolRules, Time};
use kestrel::protocol::errors::Refusal;
use kestrel::protocol::filters::{ExchangeInfo, Filter, RulesError, SymbolInfo};
use kestrel::protocol::weights::{ALL_CALLS, Call, Interval, RateLimit, RateLimitType, UsedCount, retry_after};
use kestrel::protocol::{Params, Reaction, VenueError};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::protocol_rules::{manifest_cases, text};

fn read<T: DeserializeOwned>(id: &str, value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{id}: {error}"))
}

// ---------------------------------------------------------------- filters

#[test]
fn documented_filters_and_limits_are_read_and_printed_without_loss() {
    let Some(cases) = manifest_cases("filters") else { return };
    for (id, case, expect) in &cases {
        let keys: Vec<_> = case.as_object().expect("an object").keys().collect();
        assert_eq!(json!(keys), expect["keys"], "{id}");
        let printed = if case["filterType"].is_string() {
            let filter: Filter = read(id, case);
            assert_eq!(filter.name(), text(&case["filterType"]), "{id}");
            serde_json::to_value(filter)
        } else {
            serde_json::to_value(read::<RateLimit>(id, case))
        };
        assert_eq!(&printed.expect("prints"), case, "{id}");
    }
    println!("filters: {} documented rows hold", cases.len());
    assert_eq!(cases.len(), 23);
}

/// Compares a number of ours with the manifest's text, where null means "no such limit".
fn same<U>(id: &str, field: &str, ours: Fixed<U>, expected: &Value) {
    let expected: Fixed<U> = expected.as_str().map_or(Fixed::ZERO, |text| text.parse().expect("a number"));
    assert_eq!(ours, expected, "{id}: {field}");
}

#[test]
fn recorded_exchange_info_becomes_rules() {
    let Some(cases) = manifest_cases("exchange_info") else { return };
    for (id, case, expect) in &cases {
        let info: ExchangeInfo = read(id, case);
        let limits: Vec<_> = info
            .rate_limits
            .iter()
            .map(|row| json!([row.rate_limit_type, row.interval, row.interval_num, row.limit]))
            .collect();
        assert_eq!(json!(limits), expect["rate_limits"], "{id}");
        for want in expect["exchange_info"].as_array().expect("rows") {
            let row = info.symbol(text(&want["symbol"])).expect("the row");
            let names: Vec<_> = row.filters.iter().map(Filter::name).collect();
            assert_eq!(json!(names), want["filter_types"], "{id}");
            if want["tick"].is_null() {
                // The recording lacks the first two filters: a row without a tick must not become rules.
                let missing = RulesError::Missing { symbol: row.symbol.clone(), filter: "PRICE_FILTER" };
                assert_eq!(SymbolRules::try_from(row), Err(missing), "{id}");
                let mut row = row.clone();
                let full = SymbolInfo::from(&SymbolRules::default_for(&Symbol::new("BTCUSDT")));
                let first_two = full.filters.into_iter().take(2);
                row.filters.extend(first_two);
                compare_limits(id, &SymbolRules::try_from(&row).expect("rules"), want);
                continue;
            }
            let rules = SymbolRules::try_from(row).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(json!(row.permission_sets), want["permission_sets"], "{id}");
            assert_eq!(json!(rules.base), want["base"], "{id}");
            assert_eq!(json!(rules.quote), want["quote"], "{id}");
            assert_eq!(json!(rules.status), want["status"], "{id}");
            same(id, "tick", rules.price.tick, &want["tick"]);
            same(id, "min_price", rules.price.min, &want["min_price"]);
            same(id, "max_price", rules.price.max, &want["max_price"]);
            same(id, "step", rules.lot.step, &want["step"]);
            same(id, "min_qty", rules.lot.min, &want["min_qty"]);
            same(id, "max_qty", rules.lot.max, &want["max_qty"]);
            compare_limits(id, &rules, want);
            // Printing what was read loses nothing.
            assert_eq!(serde_json::to_value(&info).expect("prints"), *case, "{id}");
        }
    }
    println!("exchange_info: {} recordings hold", cases.len());
    assert_eq!(cases.len(), 3);
}

fn compare_limits(id: &str, rules: &SymbolRules, want: &Value) {
    same(id, "market_step", rules.market_lot.step, &want["market_step"]);
    same(id, "market_min_qty", rules.market_lot.min, &want["market_min_qty"]);
    same(id, "market_max_qty", rules.market_lot.max, &want["market_max_qty"]);
    same(id, "min_notional", rules.notional.min, &want["min_notional"]);
    same(id, "max_notional", rules.notional.max, &want["max_notional"]);
    for (ours, key) in [
        (rules.notional.min_applies_to_market, "min_to_market"),
        (rules.notional.max_applies_to_market, "max_to_market"),
    ] {
        if let Some(expected) = want[key].as_bool() {
            assert_eq!(ours, expected, "{id}: {key}");
        }
    }
    let bands = rules.percent_price.expect("bands");
    same(id, "bid down", bands.bid_down, &want["bid_band"][0]);
    same(id, "bid up", bands.bid_up, &want["bid_band"][1]);
    same(id, "ask down", bands.ask_down, &want["ask_band"][0]);
    same(id, "ask up", bands.ask_up, &want["ask_band"][1]);
    assert_eq!((rules.max_orders, rules.max_trigger_orders), (200, 5), "{id}");
}

fn row_with(filters: Value) -> SymbolInfo {
    let row = json!({"symbol": "AB", "status": "NEVER_SEEN", "baseAsset": "A", "quoteAsset": "B",
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MOONSHOT"], "filters": filters, "brandNew": {"x": [1]}});
    serde_json::from_value(row).expect("a row with unknown fields")
}

#[test]
fn unknown_filters_fields_types_and_statuses_are_ignored() {
    let row = row_with(json!([
        {"filterType": "T_PLUS_SELL", "days": {"deep": [1]}},
        {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "1000000000000", "tickSize": "0.1", "more": 1},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "900000000000.5", "stepSize": "1"},
    ]));
    let rules = SymbolRules::try_from(&row).expect("rules");
    assert_eq!(rules.status, SymbolStatus::Other);
    assert_eq!(rules.order_types, [OrderType::Limit, OrderType::LimitMaker]);
    assert_eq!((rules.price.max, rules.lot.max), (Fixed::MAX, Fixed::MAX), "caps beyond our range saturate");
    let printed = serde_json::to_value(&row).expect("prints");
    assert_eq!(printed["filters"].as_array().map(Vec::len), Some(2), "an unknown filter is never printed");
}

#[test]
fn a_bad_number_names_symbol_filter_field_and_what_was_found() {
    let row = row_with(json!([
        {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.000000001"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1", "stepSize": "1"},
    ]));
    let error = SymbolRules::try_from(&row).expect_err("nine places").to_string();
    for part in ["AB", "PRICE_FILTER", "tickSize", "0.000000001", "8 decimal places"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}

#[test]
fn of_two_filters_on_one_matter_the_stricter_holds() {
    let row = row_with(json!([
        {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0"},
        {"filterType": "LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0"},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
         "askMultiplierUp": "0", "askMultiplierDown": "0.9", "avgPriceMins": 5},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "3", "multiplierDown": "0.5", "avgPriceMins": 5},
        {"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": true, "avgPriceMins": 5},
        {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": false, "maxNotional": "90",
         "applyMaxToMarket": true, "avgPriceMins": 5},
    ]));
    let rules = SymbolRules::try_from(&row).expect("rules");
    let bands = rules.percent_price.expect("bands");
    let printed = [bands.bid_down, bands.bid_up, bands.ask_down, bands.ask_up].map(|ratio| ratio.to_string());
    assert_eq!(printed, ["0.5", "3", "0.9", "3"]);
    assert_eq!((rules.notional.min.to_string().as_str(), rules.notional.max.to_string().as_str()), ("10", "90"));
    assert!(rules.notional.min_applies_to_market && rules.notional.max_applies_to_market);
}

fn any_fixed<U: 'static>() -> impl Strategy<Value = Fixed<U>> {
    prop_oneof![Just(0), 0..=i64::MAX].prop_map(|raw| Fixed::from_raw(raw))
}

fn any_lot() -> impl Strategy<Value = LotFilter> {
    (any_fixed(), any_fixed(), any_fixed()).prop_map(|(min, max, step)| LotFilter { min, max, step })
}

prop_compose! {
    fn any_rules()(
        status in prop::sample::select(vec![
            SymbolStatus::Trading, SymbolStatus::EndOfDay, SymbolStatus::Halt, SymbolStatus::Break,
            SymbolStatus::CancelOnly, SymbolStatus::Other,
        ]),
        price in (any_fixed(), any_fixed(), any_fixed()),
        (lot, market_lot) in (any_lot(), any_lot()),
        notional in (any_fixed(), any::<bool>(), any_fixed(), any::<bool>()),
        bands in prop::option::of((any_fixed(), any_fixed(), any_fixed(), any_fixed())),
        (max_orders, max_trigger_orders) in any::<(u32, u32)>(),
        order_types in prop::sample::subsequence(
            vec![OrderType::StopLoss, OrderType::Market, OrderType::TakeProfit, OrderType::Limit], 0..=4),
        oco_allowed in any::<bool>(),
        names in ("\\PC{1,10}", "\\PC{1,6}", "\\PC{1,6}"),
    ) -> SymbolRules {
        SymbolRules {
            symbol: Symbol::new(&names.0), base: Asset::new(&names.1), quote: Asset::new(&names.2),
            status,
            price: PriceFilter { min: price.0, max: price.1, tick: price.2 },
            lot, market_lot,
            notional: NotionalFilter {
                min: notional.0, min_applies_to_market: notional.1,
                max: notional.2, max_applies_to_market: notional.3,
            },
            percent_price: bands.map(|(bid_up, bid_down, ask_up, ask_down)| {
                PercentPriceBySide { bid_up, bid_down, ask_up, ask_down }
            }),
            max_orders, max_trigger_orders, order_types, oco_allowed,
        }
    }
}

proptest! {
    #[test]
    fn rules_survive_exchange_info(rules in prop::collection::vec(any_rules(), 0..3)) {
        let info = ExchangeInfo::of(&rules, RateLimit::LIVE.to_vec(), Time::from_millis(17));
        let text = serde_json::to_string(&info).expect("prints");
        let read: ExchangeInfo = serde_json::from_str(&text).expect("our own JSON");
        prop_assert_eq!(&read, &info);
        let back: Result<Vec<_>, _> = read.symbols.iter().map(SymbolRules::try_from).collect();
        prop_assert_eq!(back, Ok(rules));
    }
}

// ---------------------------------------------------------------- errors

/// What each of our constructors answers, but for cancelReplace's: the catalogue has no texts of those (`exchange_calls`).
fn our_answers() -> Vec<VenueError> {
    let mut answers = vec![
        VenueError::unknown(),
        VenueError::too_much_weight(6_000, "1 MINUTE"),
        VenueError::banned(Time::from_millis(1_700_000_000_000)),
        VenueError::timeout(),
        VenueError::server_busy(),
        VenueError::too_many_orders(100, "10 SECOND"),
        VenueError::shutting_down(),
        VenueError::outside_recv_window(),
        VenueError::ahead_of_server(),
        VenueError::invalid_signature(),
        VenueError::bad_key_format(),
        VenueError::rejected_key(),
        VenueError::unsupported_operation(),
        VenueError::unsupported_combination(),
        VenueError::illegal_characters(),
        VenueError::illegal_characters_in("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$"),
        VenueError::too_many_parameters(1, 2),
        VenueError::duplicate_parameter(),
        VenueError::missing_parameter("symbol"),
        VenueError::missing_either("orderId", "origClientOrderId"),
        VenueError::unread_parameters(3, 4),
        VenueError::empty_parameter("symbol"),
        VenueError::not_required("price"),
        VenueError::overflowed("quantity"),
        VenueError::too_precise("price"),
        VenueError::tif_not_required(),
        VenueError::invalid_tif(),
        VenueError::invalid_order_type(),
        VenueError::invalid_side(),
        VenueError::empty_new_client_order_id(),
        VenueError::empty_original_client_order_id(),
        VenueError::bad_interval(),
        VenueError::invalid_symbol(),
        VenueError::invalid_symbol_status(),
        VenueError::symbol_status_mismatch(),
        VenueError::interval_too_long(24),
        VenueError::bad_combination(),
        VenueError::invalid_parameter("limit"),
        VenueError::invalid_json(),
        VenueError::invalid_json_in("symbols"),
        VenueError::invalid_cancel_restrictions(),
        VenueError::duplicate_symbols(),
        VenueError::invalid_time_unit(),
        VenueError::oco_type_not_supported(),
        VenueError::buy_oco_limit_must_be_below(),
        VenueError::sell_oco_limit_must_be_above(),
        VenueError::oco_needs_a_contingent_leg(),
        VenueError::buy_oco_stop_loss_must_be_above(),
        VenueError::sell_oco_stop_loss_must_be_below(),
        VenueError::buy_oco_take_profit_must_be_below(),
        VenueError::sell_oco_take_profit_must_be_above(),
        VenueError::no_such_order(),
        VenueError::client_order_id_mismatch(),
        VenueError::subscription_active(),
        VenueError::subscription_inactive(),
        VenueError::no_reference_price(),
    ];
    answers.extend(Refusal::ALL.map(VenueError::order_rejected));
    answers.extend(Refusal::ALL.map(VenueError::cancel_rejected));
    answers
}

/// True when `text` is `template` with something in the place of each `%s`.
fn fits(template: &str, text: &str) -> bool {
    let mut parts = template.split("%s");
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    for part in parts {
        // The last part must end the text; the others are found in order.
        let at = if part.is_empty() { Some(rest.len()) } else { rest.find(part) };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn every_answer_of_ours_stands_in_the_catalogue() {
    let Some(cases) = manifest_cases("errors") else { return };
    let file = |id: &str| &cases.iter().find(|case| case.0 == id).unwrap_or_else(|| panic!("no case {id}")).1;
    let (codes, engine) = (file("docs:errors:codes"), file("docs:errors:messages"));
    let codes = codes.as_array().expect("codes");
    for answer in our_answers() {
        let row = codes.iter().find(|row| row["code"] == answer.code);
        let row = row.unwrap_or_else(|| panic!("{answer}: no such code"));
        let templates = match answer.code {
            -2010 | -2011 => engine,
            _ => &row["messages"],
        };
        let known = templates.as_array().expect("texts").iter().any(|template| fits(text(template), &answer.msg));
        assert!(known, "{answer}: not a text of {}", row["name"]);
    }
    for failure in [
        FilterFailure::PriceFilter,
        FilterFailure::LotSize,
        FilterFailure::MarketLotSize,
        FilterFailure::Notional,
        FilterFailure::MaxNumOrders,
        FilterFailure::MaxNumAlgoOrders,
    ] {
        let answer = VenueError::from(failure);
        assert_eq!(answer.code, -1013);
        assert!(engine.as_array().is_some_and(|texts| texts.contains(&json!(answer.msg))), "{answer}");
    }
}

#[test]
fn every_code_of_the_catalogue_has_the_documented_reaction() {
    let Some(cases) = manifest_cases("errors") else { return };
    let codes = &cases.iter().find(|case| case.0 == "docs:errors:codes").expect("the catalogue").1;
    let mut with_reaction = 0;
    for row in codes.as_array().expect("codes") {
        let code = row["code"].as_i64().expect("a code");
        let error = VenueError::new(code, row["messages"][0].as_str().unwrap_or_default());
        let reaction = error.reaction();
        let Some(documented) = row["reaction"].as_str() else { continue };
        with_reaction += 1;
        let fits = match documented {
            "retry-unknown" | "UNKNOWN execution: query before retry" | "server busy: back off, then query" => {
                reaction == Reaction::OutcomeUnknown
            }
            "rate-limit: back off for Retry-After" => matches!(reaction, Reaction::Retry { .. }),
            "order-rate limit: stop new orders until interval resets" => {
                matches!(reaction, Reaction::PauseOrders { .. })
            }
            "reject: filter/validation; do not retry unchanged" | "order rejected by engine: surface msg" => {
                reaction == Reaction::Rejected
            }
            "resync clock, then retry once" => reaction == Reaction::ResyncClock,
            "signing bug/wrong secret: stop" | "bad key format: stop" | "key/IP/permission: stop trading" => {
                reaction == Reaction::StopTrading
            }
            "bug" | "id mismatch" => reaction == Reaction::Fatal,
            "bad symbol: drop" => reaction == Reaction::RefreshRules,
            "cancel rejected: reconcile by query"
            | "order not found: reconcile"
            | "archived order"
            | "cancelReplace partial: inspect both legs"
            | "cancelReplace failed both" => reaction == Reaction::Reconcile,
            "no reference price" => reaction == Reaction::Rejected,
            other => panic!("{code}: unknown reaction {other:?}"),
        };
        assert!(fits, "{code}: {documented:?} but {reaction:?}");
    }
    println!("errors: {with_reaction} documented reactions hold");
    assert!(with_reaction > 20);
}

#[test]
fn recorded_http_errors_are_told_apart() {
    let Some(cases) = manifest_cases("errors") else { return };
    let case = cases.iter().find(|case| case.0 == "hummingbot:order-entry-errors").expect("the recording");
    let rows = case.1.as_array().expect("rows");
    for row in rows {
        let status = row["http"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        let error = VenueError::from_answer(status, &row["body"].to_string());
        assert_eq!(json!(error), row["body"]);
        let expected = text(&row["expect"]);
        let fits = match error.reaction() {
            Reaction::OutcomeUnknown => expected.contains("UNKNOWN"),
            Reaction::Retry { .. } => expected == "treat as definite failure",
            Reaction::Reconcile => expected.contains("order unknown") || expected.contains("not found"),
            other => panic!("{error}: {other:?}"),
        };
        assert!(fits, "{error}: {expected}");
        assert_eq!(error.http_status(), status, "{error}");
    }
    assert_eq!(rows.len(), 5);
}

#[test]
fn a_duplicate_order_is_looked_up_and_an_unknown_code_is_never_taken_for_a_refusal_of_the_engine() {
    assert_eq!(VenueError::order_rejected(Refusal::DuplicateOrder).reaction(), Reaction::Reconcile);
    assert_eq!(VenueError::order_rejected(Refusal::InsufficientBalance).reaction(), Reaction::Rejected);
    assert_eq!(VenueError::new(-1099, "new").reaction(), Reaction::OutcomeUnknown);
    assert_eq!(VenueError::new(-1299, "new").reaction(), Reaction::Fatal);
    assert_eq!(VenueError::new(-2099, "new").reaction(), Reaction::Rejected);
    assert_eq!(Refusal::parse("Market is closed."), Some(Refusal::MarketClosed));
    assert_eq!(Refusal::parse("market is closed."), None);
}

#[test]
fn answers_that_are_not_binances_are_judged_by_their_status() {
    let page = VenueError::from_answer(403, "<html>blocked</html>");
    assert_eq!(page.reaction(), Reaction::Retry { after: Span::MINUTE });
    assert!(page.msg.contains("403") && page.msg.contains("blocked"), "{page}");
    for status in [500, 502, 503, 504, 520] {
        assert_eq!(VenueError::from_answer(status, "bad gateway").reaction(), Reaction::OutcomeUnknown, "{status}");
    }
    let busy = VenueError::from_answer(503, "Service Unavailable.\n").reaction();
    assert_eq!(busy, Reaction::Retry { after: Span::SECOND });
    assert_eq!(VenueError::from_answer(401, "").reaction(), Reaction::StopTrading);
    assert_eq!(VenueError::from_answer(404, "").reaction(), Reaction::Rejected);
}

#[test]
fn a_named_wait_replaces_the_usual_one_and_a_ban_says_its_end() {
    let ban = VenueError::banned(Time::from_millis(1_700_000_000_123));
    assert_eq!(ban.banned_until(), Some(Time::from_millis(1_700_000_000_123)));
    assert_eq!(ban.http_status(), 418);
    assert_eq!(VenueError::too_much_weight(1, "1 MINUTE").http_status(), 429);
    let named = Some(Span::from_seconds(7));
    assert_eq!(ban.reaction().waiting(named), Reaction::Retry { after: Span::from_seconds(7) });
    assert_eq!(ban.reaction().waiting(None), Reaction::Retry { after: Span::MINUTE });
    assert_eq!(Reaction::Rejected.waiting(named), Reaction::Rejected);
}

// ---------------------------------------------------------------- weights

#[test]
fn calls_weigh_what_binance_lists() {
    let rest = |method: &str, path: &str, query: &str| {
        let params = Params::parse_form(query).expect("a query");
        Call::of_rest(method, path, &params).unwrap_or_else(|| panic!("{method} {path} is unknown")).weight()
    };
    for (limit, weight) in [(1, 5), (100, 5), (101, 25), (500, 25), (501, 50), (1000, 50), (1001, 250), (5000, 250)] {
        assert_eq!(rest("GET", "/api/v3/depth", &format!("symbol=A&limit={limit}")), weight, "depth {limit}");
    }
    assert_eq!(rest("GET", "/api/v3/depth", "symbol=A"), 5);
    assert_eq!(rest("GET", "/api/v3/exchangeInfo", ""), 20);
    assert_eq!(rest("GET", "/api/v3/aggTrades", "symbol=A"), 4);
    assert_eq!(rest("GET", "/api/v3/ticker/price", "symbol=A"), 2);
    assert_eq!(rest("GET", "/api/v3/ticker/price", ""), 4);
    assert_eq!(rest("GET", "/api/v3/openOrders", "symbol=A"), 6);
    assert_eq!(rest("GET", "/api/v3/openOrders", ""), 80);
    assert_eq!(rest("GET", "/api/v3/myTrades", "symbol=A&orderId=1"), 5);
    assert_eq!(rest("GET", "/api/v3/myTrades", "symbol=A"), 20);
    assert_eq!(rest("POST", "/api/v3/order/test", "computeCommissionRates=true"), 20);
    assert_eq!(rest("POST", "/api/v3/order/test", ""), 1);
    assert_eq!(rest("POST", "/api/v3/order/cancelReplace", ""), 1);
    assert_eq!(Call::of_rest("PATCH", "/api/v3/order", &Params::new()), None);
    assert_eq!(Call::of_ws("v3/order.place", &Params::new()), Some(Call::NewOrder));
}

#[test]
fn successful_order_entry_is_free_and_only_new_orders_count() {
    for call in ALL_CALLS {
        let entry = call.is_order_entry();
        assert_eq!(call.charged(true), if entry { 0 } else { call.weight() }, "{call:?}");
        assert_eq!(call.charged(false), call.weight(), "{call:?}");
        assert!(call.orders() == 0 || entry, "{call:?}");
        assert!(!entry || call.is_signed(), "{call:?}");
    }
    assert_eq!((Call::NewOrder.orders(), Call::NewOco.orders(), Call::CancelOrder.orders()), (1, 2, 0));
    assert_eq!(Call::ReplaceOrder.orders(), 1);
}

#[test]
fn every_call_is_found_by_its_names() {
    for call in ALL_CALLS {
        let names = call.names();
        if let Some((method, path)) = names.rest {
            assert_eq!(Call::of_rest(method, path, &Params::new()), Some(call));
        }
        let method = names.ws.expect("every call exists in the WebSocket API");
        assert_eq!(Call::of_ws(method, &Params::new()), Some(call));
    }
}

#[test]
fn counting_headers_are_printed_and_read_alike() {
    let names: Vec<_> = RateLimit::LIVE.iter().filter_map(RateLimit::header).collect();
    assert_eq!(names, ["X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1D"]);
    for row in RateLimit::LIVE {
        let Some(name) = row.header() else { continue };
        let read = UsedCount::from_header(&name.to_lowercase(), " 42 ").expect("our own header");
        assert_eq!((read.rate_limit_type, read.window), (row.rate_limit_type, Some((row.interval_num, row.interval))));
        assert_eq!(read.count, 42);
    }
    let bare = UsedCount::from_header("X-MBX-USED-WEIGHT", "7").expect("the bare header");
    assert_eq!((bare.rate_limit_type, bare.window), (RateLimitType::RequestWeight, None));
    for (name, value) in [("X-MBX-UUID", "1"), ("X-MBX-USED-WEIGHT-1Y", "1"), ("X-MBX-USED-WEIGHT-1M", "many")] {
        assert_eq!(UsedCount::from_header(name, value), None, "{name}: {value}");
    }
    assert_eq!(retry_after("30"), Some(Span::from_seconds(30)));
    assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
}

#[test]
fn windows_stand_on_the_clock() {
    let orders = RateLimit::LIVE[1];
    assert_eq!((orders.interval, orders.window()), (Interval::Second, Span::from_seconds(10)));
    let at = |seconds: i64| Time::from_millis(1_700_000_000_000 + seconds * 1_000);
    assert_eq!(orders.window_start(at(9)), at(0));
    assert_eq!(orders.window_start(at(10)), at(10));
    let broken = RateLimit { interval_num: 0, ..orders };
    assert_eq!(broken.window_start(at(3)), at(3));
}

#[test]
fn an_unknown_limit_type_does_not_spoil_the_row() {
    let row: RateLimit =
        read("row", &json!({"rateLimitType": "MOON", "interval": "DAY", "intervalNum": 1, "limit": 5}));
    assert_eq!((row.rate_limit_type, row.header()), (RateLimitType::Other, None));
}
