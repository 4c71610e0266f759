//! LIMIT_MAKER: a limit that only makes.
//!
//! Invariant: what would take is refused with nothing changed; what stands fills as a maker at its own price.
//! Absent on purpose: its wire form (`exchange_calls`) and its random flows (`oracle`, whose orders include it).

use kestrel::domain::{Side, Span};
use kestrel::simulator::{AccountId, FeePolicy, Frictions, Latency, Refusal};

use super::*;

/// In mid-bar at 20 with a quote of 19.9 to 20.1, and a maker's fee of 1 %, a taker's of 2 %.
fn quoted() -> (Venue, AccountId) {
    let mut venue = Venue::new(settings("0.004", "0.01", "0.02", FeePolicy::Quote));
    let account = venue.account();
    venue.open("20");
    (venue, account)
}

#[test]
fn a_limit_maker_that_meets_the_best_price_is_refused_and_locks_nothing() {
    let (mut venue, account) = quoted();
    for (side, refused, joins) in [(Side::Buy, "20.1", "20"), (Side::Sell, "19.9", "20")] {
        let placed = venue.place(account, "no", side, limit_maker("1", refused));
        assert_eq!(placed, Err(Refusal::WouldMatchImmediately));
        assert_eq!(venue.events(), [""; 0]);
        venue.place(account, "inside", side, limit_maker("1", joins)).unwrap();
        let which = OrderRef::Client(id("inside"));
        venue.simulator.cancel(account, Time(venue.now), BTC, &which).unwrap();
        venue.events();
    }
    assert_eq!(venue.balance(account, "USDT"), ("1000".into(), "0".into()));
}

#[test]
fn a_limit_maker_joins_the_best_price_of_its_side_even_without_a_spread() {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.open("20");
    // The quote is 19.9 to 20.
    venue.place(account, "s", Side::Sell, limit_maker("1", "20")).unwrap();
    assert_eq!(venue.place(account, "b", Side::Buy, limit_maker("1", "20")), Err(Refusal::WouldMatchImmediately));
    venue.events();
    venue.inner("20");
    assert_eq!(venue.events(), [""; 0], "the path has not passed it");
    venue.inner("20.1");
    assert_eq!(venue.events(), ["s TRADE FILLED 1 at 20", "BTC 9+0, USDT 1020+0"]);
}

#[test]
fn a_limit_maker_never_takes_a_resting_order() {
    let (mut venue, account) = quoted();
    let other = venue.account();
    venue.place(other, "ask", Side::Sell, limit("1", "20")).unwrap();
    venue.events();
    assert_eq!(venue.place(account, "b", Side::Buy, limit_maker("1", "20")), Err(Refusal::WouldMatchImmediately));
    venue.simulator.cancel(other, Time(venue.now), BTC, &OrderRef::Client(id("ask"))).unwrap();
    venue.place(account, "b", Side::Buy, limit_maker("1", "20")).unwrap();
    venue.events();
    // A taker of the other account meets it: the maker pays the maker's fee.
    venue.place(other, "t", Side::Sell, limit("1", "20")).unwrap();
    let reports = venue.reports();
    let fill = reports.iter().find(|report| report.client_id == id("b")).unwrap();
    assert!(fill.is_maker);
    assert_eq!(fill.commission.as_ref().map(|fee| fee.amount), Some(money("0.2")));
}

#[test]
fn between_bars_the_last_quote_judges_and_a_gap_fills_at_the_own_price() {
    let (mut venue, account) = quoted();
    venue.close("20");
    assert_eq!(venue.place(account, "b", Side::Buy, limit_maker("1", "20.1")), Err(Refusal::WouldMatchImmediately));
    venue.place(account, "b", Side::Buy, limit_maker("1", "20")).unwrap();
    assert_eq!(venue.events(), ["b NEW NEW", "USDT 979.6+20.4"]);
    venue.open("15");
    // 20 and the maker's 1 %.
    assert_eq!(venue.events(), ["b TRADE FILLED 1 at 20", "BTC 11+0, USDT 979.8+0"]);
}

#[test]
fn a_delayed_limit_maker_that_the_market_has_met_on_its_way_ends() {
    let frictions = Frictions { latency: Latency(Span(5)), ..Frictions::NONE };
    let mut venue = Venue::new(Settings { frictions, ..settings("0", "0", "0", FeePolicy::Received) });
    let account = venue.account();
    venue.open("20");
    venue.place(account, "b", Side::Buy, limit_maker("1", "19")).unwrap();
    venue.place(account, "low", Side::Buy, limit_maker("1", "15")).unwrap();
    venue.inner("18");
    venue.events();
    venue.now += 10;
    venue.inner("18");
    assert_eq!(venue.events(), ["b EXPIRED EXPIRED WOULD_TAKE", "USDT 985+15"]);
    venue.inner("14.9");
    assert_eq!(venue.events(), ["low TRADE FILLED 1 at 15", "BTC 11+0, USDT 985+0"]);
}
