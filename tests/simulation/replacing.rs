//! Replacing an order at the venue: filters first, then the cancel, then the new order.
//!
//! Invariant: without the cancel nothing is placed; what the cancel frees pays for the new order.
//! Absent on purpose: the wire's halves (`exchange_calls`).

use kestrel::domain::{NewOrder, Side, Time};
use kestrel::simulator::{AccountId, Refusal, Replaced};

use super::*;

fn replace(venue: &mut Venue, account: AccountId, gone: &str, kind: OrderKind) -> Replaced {
    let order = NewOrder { symbol: BTC, client_id: id("new"), side: Side::Buy, kind };
    venue.simulator.replace(account, Time(venue.now), &id(gone), &order)
}

/// In mid-bar at 20, with all cash but 10 locked in `old`.
fn full() -> (Venue, AccountId) {
    let mut venue = Venue::free();
    let account = venue.account();
    venue.open("20");
    venue.place(account, "old", Side::Buy, limit("66", "15")).unwrap();
    venue.events();
    (venue, account)
}

#[test]
fn what_the_cancel_frees_pays_for_the_new_order() {
    let (mut venue, account) = full();
    assert!(matches!(replace(&mut venue, account, "old", limit_maker("60", "16")), Replaced::Cancelled(Ok(_))));
    let expected = ["old CANCELED CANCELED", "USDT 1000+0", "new NEW NEW", "USDT 40+960"];
    assert_eq!(venue.events(), expected);
}

#[test]
fn a_new_order_that_is_refused_leaves_neither() {
    let (mut venue, account) = full();
    let refused = replace(&mut venue, account, "old", limit_maker("1", "20"));
    assert_eq!(refused, Replaced::Cancelled(Err(Refusal::WouldMatchImmediately)));
    assert_eq!(venue.events(), ["old CANCELED CANCELED", "USDT 1000+0"]);
}

#[test]
fn without_the_cancel_and_beyond_the_filters_nothing_is_done() {
    let (mut venue, account) = full();
    let unknown = replace(&mut venue, account, "none", limit_maker("0.1", "16"));
    assert_eq!(unknown, Replaced::NotCancelled(Refusal::UnknownOrder));
    let unfit = replace(&mut venue, account, "old", limit_maker("0.15", "16"));
    assert_eq!(unfit, Replaced::Refused(Refusal::Filter(kestrel::domain::FilterFailure::LotSize)));
    assert_eq!(venue.events(), [""; 0]);
    assert_eq!(venue.balance(account, "USDT"), ("10".into(), "990".into()));
}
