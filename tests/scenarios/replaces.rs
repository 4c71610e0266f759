//! An order replaced by another: the answer speaks of the new one, the old one ends by its own report or by a query.
//!
//! Invariant: until the venue says so the old order may still fill, and what fills is booked once.
//! Absent on purpose: when an order is worth replacing (`engine::execution`).

use kestrel::domain::{ClientOrderId, NewOrder, OrderKind, OrderStatus, Quantity, Side, Span};
use kestrel::engine::orders::Purpose;
use kestrel::engine::risk::{OrderRequest, Payload, check};
use kestrel::engine::{Effect, Effects, Notice, Outcome};

use super::table::{A, Leg, SESSION, Table, half, legs, queries, says};

fn sequence(id: &ClientOrderId) -> u64 {
    SESSION.sequence_of(id).expect("an id of this session")
}

/// A passive order for the same quantity; the sequence is far from those the engine gives.
fn passive(entry: &Leg) -> OrderRequest {
    let kind = OrderKind::LimitMaker { quantity: entry.quantity(), price: "100".parse().expect("a price") };
    let order = NewOrder { symbol: A, client_id: SESSION.client_order_id(900), side: Side::Buy, kind };
    OrderRequest { purpose: Purpose::Entry, payload: Payload::Order(order) }
}

fn replace(table: &mut Table, entry: &Leg) -> Option<Vec<Effect>> {
    let replaced = sequence(&entry.id);
    let approved = check(&table.engine.risk_view(A, Some(replaced)), passive(entry)).expect("risk lets it pass");
    let mut effects = Effects::default();
    table.engine.replace(replaced, approved, &mut effects).then(|| effects.drain().collect())
}

/// An accepted entry, replaced; the new order.
fn replaced() -> (Table, Leg, Leg) {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let effects = replace(&mut table, &entry).expect("it rests");
    let [Effect::Replace { symbol, client_id, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((*symbol, client_id), (A, &entry.id), "the old order is the one to go");
    let new = legs(&effects).remove(0);
    (table, entry, new)
}

#[test]
fn the_old_order_ends_by_its_report_and_the_new_one_enters() {
    let (mut table, old, new) = replaced();
    assert_eq!(legs(&table.tell(&old, OrderStatus::Canceled)), [], "nothing is held yet");
    table.accept(&new.id);
    let sent = legs(&table.fill(&new, new.quantity(), "100"));
    assert_eq!((sent.len(), table.held()), (2, new.quantity()), "held and protected");
    assert_eq!(table.engine.next_timer().map(|due| due > table.now.plus(Span::MINUTE)), Some(false), "the OCO waits");
}

#[test]
fn the_new_orders_money_is_that_of_the_old_one() {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let free = |table: &Table, replaced| table.engine.risk_view(A, replaced).free_cash;
    assert!(free(&table, Some(sequence(&entry.id))) > free(&table, None));
}

#[test]
fn only_what_rests_can_be_replaced() {
    let (mut table, entry) = Table::entering();
    let hash = table.engine.state_hash();
    assert_eq!(replace(&mut table, &entry), None, "not answered yet");
    assert_eq!(table.engine.state_hash(), hash);
    let (mut table, old, _) = replaced();
    assert_eq!(replace(&mut table, &old), None, "on its way out already");
}

#[test]
fn a_lost_answer_asks_for_the_new_order_and_after_the_deadline_for_the_old_one() {
    let (mut table, old, new) = replaced();
    let lost = table.answer(&new.id, Outcome::Unknown { why: "lost".to_owned() });
    assert_eq!(queries(&lost), std::slice::from_ref(&new.id));
    let later = table.wait(Span::from_seconds(10));
    assert!(queries(&later).contains(&old.id), "{later:?}");
    // The cancel worked, the new order never came: asked for until the venue knows it.
    table.found(&old.id, OrderStatus::Canceled, Quantity::ZERO);
    let again = table.answer(&new.id, Outcome::NotFound);
    assert!(legs(&again).is_empty(), "not found is no proof");
    let sent = legs(&table.fill(&new, new.quantity(), "100"));
    assert_eq!((sent.len(), table.held()), (2, new.quantity()));
}

#[test]
fn a_refused_cancel_rejects_the_new_order_and_the_old_ones_fill_is_held() {
    let (mut table, old, new) = replaced();
    let effects = table.reject(&new.id);
    assert!(says(&effects, |notice| matches!(notice, Notice::Rejected { .. })));
    let sent = legs(&table.fill(&old, old.quantity(), "101"));
    assert_eq!((sent.len(), table.held()), (2, old.quantity()));
}

#[test]
fn a_fill_before_the_cancel_is_held_with_what_the_new_order_fills() {
    let (mut table, old, new) = replaced();
    let part = half(old.quantity());
    assert_eq!(legs(&table.fill(&old, part, "101")), [], "the new one is on its way");
    table.tell(&old, OrderStatus::Canceled);
    table.accept(&new.id);
    let sent = legs(&table.fill(&new, new.quantity(), "100"));
    let held = part.saturating_add(new.quantity());
    assert_eq!((table.held(), sent.first().map(Leg::quantity)), (held, Some(held)));
}
