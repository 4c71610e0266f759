//! One test for each rule of the venue, with amounts computed by hand.
//!
//! Invariant: every expected line is what the user data stream of the venue carries, in order.
//! Absent on purpose: wire formats and error codes; `exchange` maps them.

use kestrel::domain::rules::{FilterFailure, SymbolStatus};
use kestrel::domain::{Bar, Money, NewOrder, OrderKind, OrderStatus, Side, SymbolId, Time, TimeInForce};
use kestrel::simulator::{
    AccountId, Extreme, FeePolicy, ListRef, ListStatus, OrderRef, PointKind, Quote, Refusal, Simulator, path,
};

use super::*;

/// A venue in mid-bar at 20 with one account, its events drained.
fn at_twenty(settings: Settings) -> (Venue, AccountId) {
    let mut venue = Venue::new(settings);
    let account = venue.account();
    venue.open("20");
    (venue, account)
}

fn free_at_twenty() -> (Venue, AccountId) {
    at_twenty(settings("0", "0", "0", FeePolicy::Received))
}

#[test]
fn a_bar_is_walked_open_low_high_close_or_high_first() {
    let bar = Bar { open_time: Time(60_000_000), open: 20.0, high: 22.0, low: 19.0, close: 21.0, volume: 1.0 };
    let shown = |first| path(&bar, first).unwrap().map(|p| (p.time.0, p.price.to_string(), p.kind));
    let expected = |near: &str, far: &str| {
        [
            (60_000_000, "20".to_string(), PointKind::Open),
            (80_000_000, near.to_string(), PointKind::Inner),
            (100_000_000, far.to_string(), PointKind::Inner),
            (119_999_000, "21".to_string(), PointKind::Close),
        ]
    };
    assert_eq!(shown(Extreme::Low), expected("19", "22"));
    assert_eq!(shown(Extreme::High), expected("22", "19"));
    assert_eq!(path(&Bar { high: 1e12, ..bar }, Extreme::Low), None);
    assert_eq!(path(&Bar { low: 1e-10, ..bar }, Extreme::Low), None);
    assert_eq!(path(&Bar { close: f64::NAN, ..bar }, Extreme::Low), None);
}

#[test]
fn a_market_order_in_mid_bar_fills_at_once_at_the_price() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "m", Side::Buy, market("3")).unwrap();
    let expected = ["m NEW NEW", "USDT 940+60", "m TRADE FILLED 3 at 20", "BTC 13+0, USDT 940+0"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_taker_pays_the_half_spread_rounded_to_the_tick_against_him() {
    let (mut venue, account) = at_twenty(settings("0.0126", "0", "0", FeePolicy::Received));
    venue.place(account, "b", Side::Buy, market("1")).unwrap();
    venue.place(account, "s", Side::Sell, market("1")).unwrap();
    let prices: Vec<String> = venue.reports().iter().map(|report| report.last_price.to_string()).collect();
    // 20.252 up to 20.3, 19.748 down to 19.7.
    assert_eq!(prices, ["0", "20.3", "0", "19.7"]);
    assert_eq!(venue.simulator.quote(BTC), Some(Quote { bid: price("19.7"), ask: price("20.3") }));
}

#[test]
fn the_quote_always_has_a_spread_and_prices_stay_at_a_tick() {
    let tick = price("0.1");
    let around = |at: &str, half: &str| {
        let quote = Quote::around(price(at), ratio(half), tick);
        (quote.bid.to_string(), quote.ask.to_string())
    };
    assert_eq!(around("20", "0"), ("19.9".into(), "20".into()));
    assert_eq!(around("20.05", "0"), ("20".into(), "20.1".into()));
    assert_eq!(around("0.1", "0"), ("0.1".into(), "0.2".into()));
    assert_eq!(around("0.01", "0.5"), ("0.1".into(), "0.2".into()));
}

#[test]
fn a_market_order_between_bars_locks_its_cost_and_fills_at_the_next_open() {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.open("20");
    venue.close("21");
    venue.place(account, "m", Side::Buy, market("2")).unwrap();
    assert_eq!(venue.events(), ["m NEW NEW", "USDT 958+42"]);
    venue.open("22");
    assert_eq!(venue.events(), ["m TRADE FILLED 2 at 22", "BTC 12+0, USDT 956+0"]);
}

#[test]
fn what_the_balance_no_longer_covers_at_the_open_expires() {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.close("20");
    assert_eq!(venue.place(account, "m", Side::Buy, market("50.1")), Err(Refusal::InsufficientBalance));
    venue.place(account, "m", Side::Buy, market("50")).unwrap();
    venue.events();
    venue.open("21");
    // 1000 / 21 = 47.61..., cut to the step.
    let expected = [
        "m TRADE PARTIALLY_FILLED 47.6 at 21",
        "BTC 57.6+0, USDT 0+0.4",
        "m EXPIRED EXPIRED INSUFFICIENT_LIQUIDITY",
        "USDT 0.4+0",
    ];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_market_order_that_can_buy_nothing_at_the_open_expires_whole() {
    let mut venue = Venue::free();
    let account = venue.simulator.open_account(vec![held("USDT", "2")]);
    venue.close("20");
    venue.place(account, "m", Side::Buy, market("0.1")).unwrap();
    venue.events();
    venue.open("21");
    assert_eq!(venue.events(), ["m EXPIRED EXPIRED INSUFFICIENT_LIQUIDITY", "USDT 2+0"]);
}

#[test]
fn a_market_order_by_amount_never_spends_more_than_the_amount() {
    let (mut venue, account) = at_twenty(settings("0", "0", "0.001", FeePolicy::Quote));
    let kind = OrderKind::MarketQuote { amount: money("100") };
    venue.place(account, "b", Side::Buy, kind).unwrap();
    // 100 / 20.02 = 4.995..., cut to 4.9, which costs 98 and a fee of 0.098.
    let expected = ["b NEW NEW", "USDT 900+100", "b TRADE FILLED 4.9 at 20", "BTC 14.9+0, USDT 901.902+0"];
    assert_eq!(venue.events(), expected);
    venue.place(account, "s", Side::Sell, kind).unwrap();
    let expected = ["s NEW NEW", "BTC 9.9+5", "s TRADE FILLED 5 at 20", "BTC 9.9+0, USDT 1001.802+0"];
    assert_eq!(venue.events(), expected);
    let too_small = OrderKind::MarketQuote { amount: money("1.9") };
    let refusal = venue.place(account, "t", Side::Buy, too_small);
    assert_eq!(refusal, Err(Refusal::Filter(FilterFailure::LotSize)));
}

#[test]
fn a_stop_triggers_at_its_price_inside_the_bar_and_at_the_open_beyond_it() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "a", Side::Sell, stop_loss("1", "19")).unwrap();
    venue.place(account, "b", Side::Sell, stop_loss("1", "18")).unwrap();
    venue.events();
    venue.inner("18.5");
    assert_eq!(venue.events(), ["a TRADE FILLED 1 at 19", "BTC 8+1, USDT 1019+0"]);
    venue.close("18.5");
    venue.open("17");
    assert_eq!(venue.events(), ["b TRADE FILLED 1 at 17", "BTC 8+0, USDT 1036+0"]);
}

#[test]
fn a_stop_touched_exactly_triggers() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "up", Side::Sell, take_profit("1", "21")).unwrap();
    venue.place(account, "down", Side::Buy, take_profit("1", "19")).unwrap();
    venue.events();
    venue.inner("20.9");
    venue.inner("19.1");
    assert!(venue.events().is_empty());
    venue.inner("21");
    venue.inner("19");
    let fills: Vec<String> = venue.events().into_iter().filter(|line| line.contains("TRADE")).collect();
    assert_eq!(fills, ["up TRADE FILLED 1 at 21", "down TRADE FILLED 1 at 19"]);
}

#[test]
fn the_half_spread_comes_on_top_of_a_stop() {
    let (mut venue, account) = at_twenty(settings("0.01", "0", "0", FeePolicy::Received));
    venue.place(account, "a", Side::Sell, stop_loss("1", "19")).unwrap();
    venue.inner("19");
    // 19 less 0.19 is 18.81, down to 18.8.
    assert_eq!(venue.reports().last().unwrap().last_price, price("18.8"));
}

#[test]
fn a_stop_that_the_price_already_reaches_is_refused() {
    let (mut venue, account) = free_at_twenty();
    for (side, kind) in [
        (Side::Sell, stop_loss("1", "20")),
        (Side::Buy, stop_loss("1", "20")),
        (Side::Sell, take_profit("1", "19.9")),
        (Side::Buy, take_profit("1", "20.1")),
    ] {
        assert_eq!(venue.place(account, "x", side, kind), Err(Refusal::WouldTriggerImmediately));
    }
    assert!(venue.events().is_empty());
}

#[test]
fn a_limit_fills_only_when_the_path_passes_it_by_a_tick() {
    let (mut venue, account) = at_twenty(settings("0", "0.001", "0.002", FeePolicy::Received));
    venue.place(account, "b", Side::Buy, limit("1", "19")).unwrap();
    assert_eq!(venue.events(), ["b NEW NEW", "USDT 981+19"]);
    venue.inner("19");
    assert!(venue.events().is_empty());
    venue.inner("18.9");
    assert_eq!(venue.events(), ["b TRADE FILLED 1 at 19", "BTC 10.999+0, USDT 981+0"]);
    venue.place(account, "s", Side::Sell, limit("1", "19")).unwrap();
    venue.events();
    venue.inner("19");
    assert!(venue.events().is_empty());
    venue.close("19");
    venue.open("25");
    // Also on a gap its own price, as maker: 19 less 0.019.
    assert_eq!(venue.events(), ["s TRADE FILLED 1 at 19", "BTC 9.999+0, USDT 999.981+0"]);
    let trades: Vec<bool> = venue.simulator.trades(account, BTC).map(|trade| trade.is_maker).collect();
    assert_eq!(trades, [true, true]);
}

#[test]
fn a_marketable_limit_takes_at_the_better_price_and_unlocks_the_rest() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "b", Side::Buy, limit("1", "21")).unwrap();
    let expected = ["b NEW NEW", "USDT 979+21", "b TRADE FILLED 1 at 20", "BTC 11+0, USDT 980+0"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_marketable_limit_between_bars_waits_and_rests_when_the_open_is_worse() {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.close("20");
    venue.place(account, "b", Side::Buy, limit("1", "20.5")).unwrap();
    venue.place(account, "c", Side::Buy, limit("1", "21.5")).unwrap();
    venue.events();
    venue.open("21");
    assert_eq!(venue.events(), ["c TRADE FILLED 1 at 21", "BTC 11+0, USDT 958.5+20.5"]);
    venue.inner("20.4");
    assert_eq!(venue.events(), ["b TRADE FILLED 1 at 20.5", "BTC 12+0, USDT 958.5+0"]);
}

#[test]
fn ioc_and_fok_trade_now_or_expire() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "i", Side::Buy, limit_until("1", "19.9", TimeInForce::Ioc)).unwrap();
    venue.place(account, "f", Side::Buy, limit_until("1", "19.9", TimeInForce::Fok)).unwrap();
    venue.place(account, "t", Side::Buy, limit_until("1", "20", TimeInForce::Fok)).unwrap();
    let lines: Vec<String> = venue.events().into_iter().filter(|line| !line.contains('+')).collect();
    let expected = [
        "i NEW NEW",
        "i EXPIRED EXPIRED UNFILLED_IOC_QUANTITY_EXPIRED",
        "f NEW NEW",
        "f EXPIRED EXPIRED UNFILLED_FOK_ORDER_EXPIRED",
        "t NEW NEW",
        "t TRADE FILLED 1 at 20",
    ];
    assert_eq!(lines, expected);
    venue.close("20");
    venue.place(account, "j", Side::Sell, limit_until("1", "20.5", TimeInForce::Ioc)).unwrap();
    venue.events();
    venue.open("20.4");
    let expected = ["j EXPIRED EXPIRED UNFILLED_IOC_QUANTITY_EXPIRED", "BTC 11+0"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn takers_meet_better_resting_orders_of_others_in_price_time_order() {
    let mut venue = Venue::new(settings("0.05", "0", "0", FeePolicy::Received));
    let (maker, other, taker) = (venue.account(), venue.account(), venue.account());
    venue.open("20");
    venue.place(maker, "first", Side::Sell, limit("1", "20.6")).unwrap();
    venue.place(other, "second", Side::Sell, limit("1", "20.6")).unwrap();
    venue.place(other, "best", Side::Sell, limit("1", "20.5")).unwrap();
    venue.place(maker, "as the path", Side::Sell, limit("1", "21")).unwrap();
    venue.events();
    venue.place(taker, "t", Side::Buy, market("2.5")).unwrap();
    let expected = [
        "t NEW NEW",
        // 20.5 and 20.6 and half of 20.6.
        "USDT 948.6+51.4",
        "t TRADE PARTIALLY_FILLED 1 at 20.5",
        "BTC 11+0, USDT 948.6+30.9",
        "best TRADE FILLED 1 at 20.5",
        "BTC 8+1, USDT 1020.5+0",
        "t TRADE PARTIALLY_FILLED 1 at 20.6",
        "BTC 12+0, USDT 948.6+10.3",
        "first TRADE FILLED 1 at 20.6",
        "BTC 8+1, USDT 1020.6+0",
        "t TRADE FILLED 0.5 at 20.6",
        "BTC 12.5+0, USDT 948.6+0",
        "second TRADE PARTIALLY_FILLED 0.5 at 20.6",
        "BTC 8+0.5, USDT 1030.8+0",
    ];
    assert_eq!(venue.events(), expected);
    venue.place(taker, "u", Side::Buy, market("1")).unwrap();
    let prices: Vec<String> = venue.simulator.trades(taker, BTC).map(|trade| trade.price.to_string()).collect();
    // The rest at 20.6, then the path at 21: a resting order at the price of the path is not better.
    assert_eq!(prices, ["20.5", "20.6", "20.6", "20.6", "21"]);
}

#[test]
fn an_own_resting_order_expires_before_it_would_be_taken() {
    let (mut venue, account) = at_twenty(settings("0.05", "0", "0", FeePolicy::Received));
    venue.place(account, "own", Side::Sell, limit("1", "20.5")).unwrap();
    venue.events();
    venue.place(account, "t", Side::Buy, market("1")).unwrap();
    let expected = [
        "t NEW NEW",
        "USDT 979+21",
        "own TRADE_PREVENTION EXPIRED_IN_MATCH EXPIRE_MAKER",
        "BTC 10+0",
        "t TRADE FILLED 1 at 21",
        "BTC 11+0, USDT 979+0",
    ];
    assert_eq!(venue.events(), expected);
}

#[test]
fn orders_on_one_way_are_reached_nearest_first_then_by_acceptance() {
    let (mut venue, account) = free_at_twenty();
    venue.place(account, "far", Side::Sell, stop_loss("1", "18")).unwrap();
    venue.place(account, "near", Side::Sell, stop_loss("1", "19")).unwrap();
    venue.place(account, "same", Side::Buy, take_profit("1", "19")).unwrap();
    venue.place(account, "later", Side::Sell, stop_loss("1", "19")).unwrap();
    venue.events();
    venue.inner("17");
    let order: Vec<String> = venue.reports().iter().map(|report| report.client_id.to_string()).collect();
    assert_eq!(order, ["near", "same", "later", "far"]);
}

#[test]
fn an_oco_locks_once_and_its_trigger_expires_the_sibling_first() {
    let (mut venue, account) = free_at_twenty();
    let list = oco(Side::Sell, "2", limit("2", "22"), stop_loss("2", "19"));
    let placed = venue.simulator.place_oco(account, Time(9), &list).unwrap();
    assert_eq!(venue.events(), ["above NEW NEW", "below NEW NEW", "list EXEC_STARTED", "BTC 8+2"]);
    venue.inner("18");
    let expected =
        ["above EXPIRED EXPIRED OCO_TRIGGER", "below TRADE FILLED 2 at 19", "BTC 8+0, USDT 1038+0", "list ALL_DONE"];
    assert_eq!(venue.events(), expected);
    let list = venue.simulator.list(account, BTC, &ListRef::Id(placed.list_id)).unwrap();
    assert_eq!(list.status, ListStatus::AllDone);
}

#[test]
fn the_limit_leg_of_an_oco_fills_as_maker_and_expires_the_stop() {
    let (mut venue, account) = free_at_twenty();
    venue.simulator.place_oco(account, Time(9), &oco(Side::Sell, "2", limit("2", "22"), stop_loss("2", "19"))).unwrap();
    venue.events();
    venue.inner("22");
    assert!(venue.events().is_empty());
    venue.inner("22.1");
    let expected =
        ["below EXPIRED EXPIRED OCO_TRIGGER", "above TRADE FILLED 2 at 22", "BTC 8+0, USDT 1044+0", "list ALL_DONE"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_buying_oco_locks_the_dearer_leg_and_unlocks_the_difference() {
    let (mut venue, account) = free_at_twenty();
    let list = oco(Side::Buy, "2", stop_loss("2", "23"), limit("2", "19"));
    venue.simulator.place_oco(account, Time(9), &list).unwrap();
    assert_eq!(venue.balance(account, "USDT"), ("954".into(), "46".into()));
    venue.inner("18.9");
    assert_eq!(venue.balance(account, "USDT"), ("962".into(), "0".into()));
}

#[test]
fn an_oco_with_a_wrong_relation_of_prices_or_wrong_legs_is_refused() {
    let (mut venue, account) = free_at_twenty();
    let mut refusal =
        |side, above, below| venue.simulator.place_oco(account, Time(9), &oco(side, "2", above, below)).unwrap_err();
    assert_eq!(refusal(Side::Sell, limit("2", "20"), stop_loss("2", "19")), Refusal::PricesWrong);
    assert_eq!(refusal(Side::Sell, limit("2", "21"), stop_loss("2", "20")), Refusal::PricesWrong);
    assert_eq!(refusal(Side::Buy, stop_loss("2", "19"), limit("2", "18")), Refusal::PricesWrong);
    assert_eq!(refusal(Side::Sell, stop_loss("2", "21"), limit("2", "19")), Refusal::LegsWrong);
    assert_eq!(refusal(Side::Sell, limit("1", "21"), stop_loss("2", "19")), Refusal::LegsWrong);
    assert_eq!(refusal(Side::Sell, limit("2", "21"), take_profit("2", "19")), Refusal::LegsWrong);
    assert!(venue.events().is_empty());
    assert_eq!(venue.balance(account, "BTC"), ("10".into(), "0".into()));
}

#[test]
fn cancelling_one_leg_cancels_the_list_and_releases_the_lock_once() {
    let (mut venue, account) = free_at_twenty();
    let list = oco(Side::Sell, "2", take_profit("2", "22"), stop_loss("2", "19"));
    venue.simulator.place_oco(account, Time(9), &list).unwrap();
    venue.events();
    let which = OrderRef::Client(id("below"));
    let record = venue.simulator.cancel(account, Time(10), BTC, &which).unwrap();
    assert_eq!((&*record.client_id.text(), record.status), ("below", OrderStatus::Canceled));
    let expected = ["above CANCELED CANCELED", "below CANCELED CANCELED", "list ALL_DONE", "BTC 10+0"];
    assert_eq!(venue.events(), expected);
    assert_eq!(venue.simulator.cancel(account, Time(11), BTC, &which), Err(Refusal::UnknownOrder));
    let by_name = ListRef::Client(id("list"));
    assert_eq!(venue.simulator.cancel_list(account, Time(11), BTC, &by_name), Err(Refusal::UnknownOrder));
    venue.simulator.place_oco(account, Time(12), &list).unwrap();
    let done = venue.simulator.cancel_list(account, Time(13), BTC, &by_name).unwrap();
    assert_eq!(done.status, ListStatus::AllDone);
    assert_eq!(venue.balance(account, "BTC"), ("10".into(), "0".into()));
}

#[test]
fn a_cancelled_waiting_order_does_not_fill_at_the_open() {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.close("20");
    let placed = venue.place(account, "m", Side::Buy, market("1")).unwrap();
    venue.simulator.cancel(account, Time(50), BTC, &OrderRef::Id(placed.order_id)).unwrap();
    assert_eq!(venue.events(), ["m NEW NEW", "USDT 980+20", "m CANCELED CANCELED", "USDT 1000+0"]);
    venue.open("20");
    assert!(venue.events().is_empty());
}

#[test]
fn a_client_id_must_be_unique_among_open_orders_only() {
    let (mut venue, account) = free_at_twenty();
    let other = venue.account();
    venue.place(account, "x", Side::Buy, limit("1", "19")).unwrap();
    let again = venue.place(account, "x", Side::Buy, limit("1", "18"));
    assert_eq!(again, Err(Refusal::DuplicateClientId));
    venue.place(other, "x", Side::Buy, limit("1", "18")).unwrap();
    venue.inner("18.9");
    let second = venue.place(account, "x", Side::Sell, limit("1", "22")).unwrap();
    let found = venue.simulator.order(account, BTC, &OrderRef::Client(id("x"))).unwrap();
    assert_eq!(found.order_id, second.order_id);
}

#[test]
fn a_refused_order_changes_nothing() {
    let mut venue = Venue::free();
    let account = venue.account();
    assert_eq!(venue.place(account, "x", Side::Buy, market("1")), Err(Refusal::NoPrice));
    venue.open("20");
    let before = format!("{:?}", venue.simulator);
    let filter = |failure| Err(Refusal::Filter(failure));
    for (kind, refusal) in [
        (market("0.05"), filter(FilterFailure::LotSize)),
        (limit("1", "19.95"), filter(FilterFailure::PriceFilter)),
        (limit("0.1", "9"), filter(FilterFailure::Notional)),
        (market("50.1"), Err(Refusal::InsufficientBalance)),
        (limit("92233720368", "100"), Err(Refusal::Filter(FilterFailure::LotSize))),
    ] {
        assert_eq!(venue.place(account, "x", Side::Buy, kind), refusal);
    }
    assert_eq!(venue.place(AccountId(7), "x", Side::Buy, market("1")), Err(Refusal::UnknownAccount));
    let elsewhere = NewOrder { symbol: SymbolId(3), client_id: id("x"), side: Side::Buy, kind: market("1") };
    assert_eq!(venue.simulator.place(account, Time(1), &elsewhere), Err(Refusal::UnknownSymbol));
    assert_eq!(format!("{:?}", venue.simulator), before);
}

#[test]
fn what_would_not_fit_the_ledger_is_refused_or_expires() {
    let mut rules = rules_of("BTCUSDT");
    rules.lot.max = quantity("0");
    let free = settings("0", "0", "0", FeePolicy::Received);
    let mut venue = Venue { simulator: Simulator::new(vec![rules], free), now: 0 };
    let rich = venue.simulator.open_account(vec![held("USDT", "92233720368"), held("BTC", "92233720368")]);
    venue.open("1");
    assert_eq!(venue.place(rich, "b", Side::Buy, market("10")), Err(Refusal::Overflow));
    assert_eq!(venue.place(rich, "s", Side::Sell, market("10")), Err(Refusal::Overflow));
    let poor = venue.simulator.open_account(vec![held("USDT", "92233720360"), held("BTC", "10")]);
    // Each fits alone, in the room of 8.54; after the limit only 4.14 is left for the 4.5 of the stop.
    venue.place(poor, "s", Side::Sell, stop_loss("5", "0.9")).unwrap();
    venue.place(poor, "t", Side::Sell, limit("4", "1.1")).unwrap();
    venue.events();
    venue.inner("1.2");
    venue.inner("0.5");
    let expected =
        ["t TRADE FILLED 4 at 1.1", "BTC 1+5, USDT 92233720364.4+0", "s EXPIRED EXPIRED OVERFLOW", "BTC 6+0"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_symbol_that_does_not_trade_refuses_and_an_unsupported_type_too() {
    let mut halted = rules_of("BTCUSDT");
    halted.status = SymbolStatus::Halt;
    let mut plain = rules_of("ETHUSDT");
    plain.oco_allowed = false;
    plain.order_types.retain(|kind| kind.as_str() == "LIMIT");
    let free = settings("0", "0", "0", FeePolicy::Received);
    let mut simulator = Simulator::new(vec![halted, plain], free);
    let account = simulator.open_account(vec![held("USDT", "100"), held("ETH", "5")]);
    let mut place = |symbol, kind| {
        let point = PathPoint { time: Time(1), price: price("20"), kind: PointKind::Open };
        simulator.move_to(SymbolId(symbol), point);
        let order = NewOrder { symbol: SymbolId(symbol), client_id: id("x"), side: Side::Buy, kind };
        simulator.place(account, Time(1), &order)
    };
    assert_eq!(place(0, market("1")), Err(Refusal::MarketClosed));
    assert_eq!(place(1, market("1")), Err(Refusal::NotSupported));
    assert!(place(1, limit("1", "19")).is_ok());
    let list = NewOco { symbol: SymbolId(1), ..oco(Side::Sell, "2", limit("2", "22"), limit("2", "19")) };
    assert_eq!(simulator.place_oco(account, Time(2), &list), Err(Refusal::NotSupported));
}

#[test]
fn open_orders_count_against_the_filters_of_the_account() {
    let (mut venue, account) = free_at_twenty();
    for number in 0..5 {
        venue.place(account, &format!("s{number}"), Side::Sell, stop_loss("0.1", "19")).unwrap();
    }
    let refusal = venue.place(account, "one more", Side::Sell, stop_loss("0.1", "19"));
    assert_eq!(refusal, Err(Refusal::Filter(FilterFailure::MaxNumAlgoOrders)));
    assert_eq!(venue.simulator.open_orders(account, Some(BTC)).count(), 5);
    assert_eq!(venue.simulator.open_orders(account, Some(SymbolId(1))).count(), 0);
}

#[test]
fn fees_come_from_what_is_received_unless_told_otherwise() {
    let bought = |policy, bnb: &str| {
        let mut venue = Venue::new(settings("0", "0.001", "0.001", policy));
        let account = venue.simulator.open_account(vec![held("USDT", "1000"), held("BTC", "10"), held("BNB", bnb)]);
        venue.open("20");
        venue.place(account, "b", Side::Buy, market("3")).unwrap();
        venue.place(account, "s", Side::Sell, market("1")).unwrap();
        ["BTC", "USDT", "BNB"].map(|asset| venue.balance(account, asset).0)
    };
    // Fees of 0.003 BTC and 0.02 USDT.
    assert_eq!(bought(FeePolicy::Received, "0"), ["11.997", "959.98", "0"]);
    // 0.06 and 0.02 USDT.
    assert_eq!(bought(FeePolicy::Quote, "0"), ["12", "959.92", "0"]);
    // 0.06 x 0.75 / 300 = 0.00015 and 0.00005 BNB.
    let bnb = FeePolicy::Bnb { price: price("300"), discount: ratio("0.75") };
    assert_eq!(bought(bnb, "1"), ["12", "960", "0.9998"]);
    // Enough for the second fill only.
    assert_eq!(bought(bnb, "0.0001"), ["11.997", "960", "0.00005"]);
}

#[test]
fn a_fee_is_truncated_never_rounded_up() {
    let mut venue = Venue::new(settings("0", "0.00099999", "0.00099999", FeePolicy::Received));
    let account = venue.account();
    venue.open("0.1");
    venue.place(account, "b", Side::Buy, market("10.1")).unwrap();
    let fee = venue.reports().last().unwrap().commission.clone().unwrap();
    // 10.1 x 0.00099999 = 0.010099899.
    assert_eq!((fee.asset.as_str(), fee.amount), ("BTC", money("0.01009989")));
}

#[test]
fn only_the_newest_terminal_orders_and_trades_are_kept() {
    let (mut venue, account) = free_at_twenty();
    for number in 0..5_050 {
        venue.place(account, &format!("b{number}"), Side::Buy, market("0.1")).unwrap();
        venue.place(account, &format!("s{number}"), Side::Sell, market("0.1")).unwrap();
    }
    assert_eq!(venue.simulator.trades(account, BTC).count(), 10_000);
    assert_eq!(venue.simulator.all_orders(account, BTC).count(), 10_000);
    assert!(venue.simulator.order(account, BTC, &OrderRef::Client(id("b49"))).is_none());
    assert!(venue.simulator.order(account, BTC, &OrderRef::Client(id("b50"))).is_some());
    assert_eq!(venue.balance(account, "USDT"), (Money::from_raw(100_000_000_000).to_string(), "0".into()));
}
