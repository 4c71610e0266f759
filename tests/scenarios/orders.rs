//! The way of one order: reports before answers, fills in pieces, silence, refusals, cancels that come too late.
//!
//! Invariant: whatever comes in whatever order, what is held is booked once, protected whole and sold once.
//! Absent on purpose: sums and fees (`accounts`).

use kestrel::domain::{ClientOrderId, OrderStatus, Quantity, Span};
use kestrel::engine::{Effect, Notice, Outcome};

use super::table::{A, Table, cancels, half, legs, quantity, queries, says};

#[test]
fn fill_before_answer() {
    let (mut table, entry) = Table::entering();
    assert_eq!(legs(&table.fill(&entry, entry.quantity(), "101")).len(), 2);
    assert!(table.accept(&entry.id).is_empty(), "the late answer changes nothing");
    assert_eq!(table.held(), entry.quantity());
}

#[test]
fn answer_after_fill_of_a_part_keeps_the_order_alive() {
    let (mut table, entry) = Table::entering();
    table.fill(&entry, half(entry.quantity()), "101");
    assert_eq!(legs(&table.accept(&entry.id)), []);
    let rest = entry.quantity().saturating_sub(half(entry.quantity()));
    assert_eq!(legs(&table.fill(&entry, rest, "101")).len(), 2);
}

#[test]
fn duplicated_reports_book_once() {
    let (mut table, entry) = Table::entering();
    let report = table.fill_report(&entry, entry.quantity(), "101");
    table.report(report.clone());
    let (held, cash, hash) = (table.held(), table.engine.cash(), table.engine.state_hash());
    assert!(table.report(report).is_empty());
    assert_eq!((table.held(), table.engine.cash(), table.engine.state_hash()), (held, cash, hash));
}

#[test]
fn partial_fills_then_filled_protects_the_whole() {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let part = half(entry.quantity());
    assert_eq!(legs(&table.fill(&entry, part, "101")), [], "a part waits for the rest");
    let sent = legs(&table.fill(&entry, entry.quantity().saturating_sub(part), "102"));
    assert_eq!(sent.iter().map(|leg| leg.quantity()).collect::<Vec<_>>(), [entry.quantity(); 2]);
}

#[test]
fn a_last_fill_that_overtakes_an_earlier_one_protects_the_whole() {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let part = half(entry.quantity());
    let first = table.fill_report(&entry, part, "101");
    let last = table.fill_report(&entry, entry.quantity().saturating_sub(part), "101");
    assert_eq!(legs(&table.report(last)), [], "the venue says that more was filled than is booked");
    let sent = legs(&table.report(first));
    assert_eq!(sent.iter().map(|leg| leg.quantity()).collect::<Vec<_>>(), [entry.quantity(); 2]);
}

#[test]
fn a_query_that_finds_it_filled_before_the_report_protects_the_fill_when_it_comes() {
    let (mut table, entry) = Table::entering();
    table.answer(&entry.id, Outcome::Unknown { why: "lost".to_owned() });
    table.found(&entry.id, OrderStatus::Filled, entry.quantity());
    assert_eq!(legs(&table.rise(A)), [], "nothing is bought twice while the fill is on its way");
    let sent = legs(&table.fill(&entry, entry.quantity(), "101"));
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].quantity(), table.held());
}

#[test]
fn a_late_fill_of_a_rejected_entry_is_held_and_protected() {
    let (mut table, entry) = Table::entering();
    table.reject(&entry.id);
    let effects = table.fill(&entry, entry.quantity(), "101");
    assert!(says(&effects, |notice| matches!(notice, Notice::LateFill { .. })));
    assert_eq!(legs(&effects).len(), 2, "what is held is protected");
}

#[test]
fn fill_during_cancel() {
    let (mut table, target, stop) = Table::holding();
    let effects = table.fall(A);
    assert_eq!(cancels(&effects).len(), 1, "the protection goes before the exit");
    assert_eq!(legs(&effects), []);
    table.tell(&target, OrderStatus::Expired);
    let effects = table.fill(&stop, stop.quantity(), "98");
    assert_eq!(legs(&effects), [], "nothing is left to sell");
    assert!(says(&effects, |notice| matches!(notice, Notice::TradeClosed { .. })));
    let refused = Outcome::CancelRefused { code: -2011, message: "Unknown order sent.".to_owned() };
    assert!(table.answer(&target.id, refused).is_empty());
    assert_eq!(table.held(), Quantity::ZERO);
}

#[test]
fn a_cancel_that_reports_a_fill_waits_for_it() {
    let (mut table, target, stop) = Table::holding();
    let cancelled = cancels(&table.fall(A));
    assert_eq!(cancelled, std::slice::from_ref(&target.id));
    table.tell(&target, OrderStatus::Expired);
    let part = half(stop.quantity());
    let effects = table.found(&stop.id, OrderStatus::Canceled, part);
    assert_eq!(legs(&effects), [], "the venue's total counts: a fill is missing");
    let sent = legs(&table.fill(&stop, part, "98"));
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].quantity(), table.held());
}

#[test]
fn a_cancel_without_an_answer_is_asked_about() {
    let (mut table, target, stop) = Table::holding();
    table.fall(A);
    let asked = queries(&table.wait(Span::from_seconds(10)));
    assert_eq!(asked, [target.id.clone(), stop.id.clone()]);
    table.found(&target.id, OrderStatus::Canceled, Quantity::ZERO);
    let sent = legs(&table.found(&stop.id, OrderStatus::Canceled, Quantity::ZERO));
    assert!(sent.len() == 1 && sent[0].is_market(), "then the position is sold");
}

#[test]
fn a_stop_that_fills_in_part_and_expires_leaves_the_rest_to_an_exit() {
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Expired);
    table.fill(&stop, half(stop.quantity()), "98");
    let sent = legs(&table.tell(&stop, OrderStatus::Expired));
    assert!(sent.len() == 1 && sent[0].is_market());
    assert_eq!(sent[0].quantity(), table.held());
}

#[test]
fn entry_rejected_leaves_flat() {
    let (mut table, entry) = Table::entering();
    let effects = table.reject(&entry.id);
    assert!(says(&effects, |notice| matches!(notice, Notice::Rejected { .. })));
    assert_eq!(legs(&effects), []);
    assert_eq!(table.held(), Quantity::ZERO);
    table.fall(A);
    assert_eq!(legs(&table.rise(A)).len(), 1, "a later signal may enter again, under a new id");
}

#[test]
fn protection_rejected_leaves_the_position() {
    let (mut table, entry) = Table::entering();
    let sent = legs(&table.fill(&entry, entry.quantity(), "101"));
    let list = sent[0].list.clone().expect("a list");
    let exit = legs(&table.reject(&list));
    assert!(exit.len() == 1 && exit[0].is_market());
    assert_eq!(exit[0].quantity(), entry.quantity());
}

#[test]
fn protection_rejected_by_report_leaves_the_position() {
    let (mut table, entry) = Table::entering();
    let sent = legs(&table.fill(&entry, entry.quantity(), "101"));
    table.tell(&sent[0], OrderStatus::Rejected);
    let exit = legs(&table.tell(&sent[1], OrderStatus::Rejected));
    assert!(exit.len() == 1 && exit[0].is_market(), "it is not tried again: {exit:?}");
}

#[test]
fn protection_cancelled_by_hand_is_armed_again() {
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Canceled);
    let sent = legs(&table.tell(&stop, OrderStatus::Canceled));
    assert_eq!(sent.len(), 2, "held means protected");
}

#[test]
fn a_second_rejection_of_protection_that_stands_changes_nothing() {
    let (mut table, _, stop) = Table::holding();
    let list = stop.list.clone().expect("a list");
    let effects = table.reject(&list);
    assert_eq!((legs(&effects), cancels(&effects)), (Vec::new(), Vec::new()));
    assert_eq!(queries(&effects).len(), 2, "the venue contradicts itself: ask");
    for leg in queries(&effects) {
        assert_eq!(cancels(&table.found(&leg, OrderStatus::New, Quantity::ZERO)), []);
    }
}

/// The desk at which an exit was just sent.
fn leaving() -> (Table, super::table::Leg) {
    let (mut table, target, stop) = Table::holding();
    table.fall(A);
    table.tell(&target, OrderStatus::Canceled);
    let exit = legs(&table.tell(&stop, OrderStatus::Canceled));
    (table, exit[0].clone())
}

#[test]
fn exit_rejected_is_tried_at_the_next_bar_only() {
    for by_report in [false, true] {
        let (mut table, exit) = leaving();
        let effects = if by_report { table.tell(&exit, OrderStatus::Rejected) } else { table.reject(&exit.id) };
        assert_eq!(legs(&effects), [], "not in the same bar");
        let again = legs(&table.fall(A));
        assert!(again.len() == 1 && again[0].id != exit.id);
        assert_eq!(again[0].quantity(), exit.quantity());
    }
}

#[test]
fn exit_that_expires_in_part_sells_the_rest_at_the_next_bar() {
    let (mut table, exit) = leaving();
    table.fill(&exit, half(exit.quantity()), "100");
    assert_eq!(legs(&table.tell(&exit, OrderStatus::Expired)), []);
    let again = legs(&table.fall(A));
    assert_eq!(again[0].quantity(), table.held());
}

#[test]
fn lost_answer_becomes_unknown_and_is_queried_and_never_resent() {
    let (mut table, entry) = Table::entering();
    let effects = table.wait(Span::from_seconds(10));
    assert!(says(&effects, |notice| matches!(notice, Notice::OutcomeUnknown { .. })));
    assert_eq!(queries(&effects), std::slice::from_ref(&entry.id));
    for _ in 0..5 {
        let effects = table.wait(Span::from_seconds(5));
        assert_eq!(queries(&effects), std::slice::from_ref(&entry.id));
        assert_eq!(legs(&effects), []);
    }
    assert_eq!(legs(&table.rise(A)), []);
    table.fall(A);
    assert_eq!(legs(&table.rise(A)), [], "a new signal sends nothing while the old order may exist");
}

#[test]
fn not_found_is_never_terminal() {
    let (mut table, entry) = Table::entering();
    table.answer(&entry.id, Outcome::Unknown { why: "timeout".to_owned() });
    for _ in 0..100 {
        table.answer(&entry.id, Outcome::NotFound);
        assert_eq!(queries(&table.wait(Span::from_seconds(5))), std::slice::from_ref(&entry.id));
    }
    table.fall(A);
    assert_eq!(legs(&table.rise(A)), []);
    assert_eq!(legs(&table.fill(&entry, entry.quantity(), "101")).len(), 2, "hours later it fills and is protected");
}

#[test]
fn foreign_report_is_told_and_ignored() {
    let (mut table, entry) = Table::entering();
    let hash = table.engine.state_hash();
    let fill = table.fill_report(&entry, entry.quantity(), "101");
    let mut foreign = vec![fill.clone(); 6];
    foreign[0].client_id = ClientOrderId::from("web_1");
    foreign[1].client_id = ClientOrderId::from("k-8-1");
    foreign[2].client_id = ClientOrderId::from("k-7-zzzzz");
    foreign[3].client_id = ClientOrderId::from("k-7-001");
    foreign[4].symbol = kestrel::domain::SymbolId(9);
    foreign[5].side = kestrel::domain::Side::Sell;
    for report in foreign {
        let effects = table.report(report.clone());
        assert!(matches!(effects[..], [Effect::Notice(Notice::Foreign { .. })]), "{report:?}: {effects:?}");
        assert_eq!(table.engine.state_hash(), hash);
    }
    assert_eq!(table.report(fill).len(), 2, "the true one is booked and protected");
}

#[test]
fn an_answer_for_an_old_order_never_touches_its_neighbours() {
    let (mut table, target, stop) = Table::holding();
    let hash = table.engine.state_hash();
    for sequence in [0, 5, 99, u64::MAX] {
        assert!(table.reject(&super::table::SESSION.client_order_id(sequence)).is_empty());
        assert_eq!(table.engine.state_hash(), hash, "{sequence}: {target:?} {stop:?}");
    }
}

#[test]
fn a_fill_that_comes_after_the_protection_grows_the_protection() {
    let (mut table, entry) = Table::entering();
    let part = half(entry.quantity());
    table.fill(&entry, part, "101");
    let sent = legs(&table.tell(&entry, OrderStatus::Expired));
    assert_eq!(sent[0].quantity(), part);
    table.accept(&sent[0].list.clone().expect("a list"));
    let effects = table.fill(&entry, quantity("1"), "101");
    assert!(says(&effects, |notice| matches!(notice, Notice::LateFill { .. })));
    assert_eq!(cancels(&effects).len(), 1, "too small a protection is replaced");
    table.tell(&sent[0], OrderStatus::Canceled);
    let again = legs(&table.tell(&sent[1], OrderStatus::Canceled));
    assert!(again.len() == 2 && again.iter().any(|leg| leg.is_stop()));
    assert_eq!(again[0].quantity(), table.held());
}
