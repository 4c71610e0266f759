//! A person cancels an order: what rests goes, and a position whose protection went so stays without one until it is closed.
//!
//! Invariant: whoever else cancels, the protection is armed again (`orders`); only a person's own word leaves a position bare.
//! Absent on purpose: sockets (`screen_doors`).

use std::sync::Arc;

use kestrel::domain::{ClientOrderId, Command, OrderStatus, Quantity, Span};
use kestrel::engine::notice::{ExitBy, TradeRecord};
use kestrel::engine::orders::OrderState;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::snapshot::Snapshot;
use kestrel::engine::{Effect, Notice};
use kestrel::runtime::backtest::Detail;
use kestrel::runtime::replay::replay;

use super::table::{A, Leg, SESSION, Table, cancels, half, legs, quantity, says};
use crate::support::{Scenario, generated, hashes, journalled};

fn cancel(table: &mut Table, id: &ClientOrderId) -> Vec<Effect> {
    table.command(Command::Cancel(id.clone()))
}

fn snapshot(table: &Table) -> Snapshot {
    table.engine.snapshot(Arc::default())
}

fn is_unprotected(table: &Table) -> bool {
    snapshot(table).symbols[0].unprotected
}

/// The sentence of a refusal; the state must stand.
fn refusal(table: &mut Table, id: &ClientOrderId) -> String {
    let hash = table.engine.state_hash();
    let effects = cancel(table, id);
    assert_eq!(table.engine.state_hash(), hash);
    match effects.as_slice() {
        [Effect::Notice(Notice::CommandRefused { reason, .. })] => reason.clone(),
        other => panic!("{id} was not refused: {other:?}"),
    }
}

/// A position whose stop a person has cancelled, and whose entry.
fn bare() -> (Table, Leg) {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    let sent = legs(&table.fill(&entry, half(entry.quantity()), "101"));
    assert_eq!(sent, []);
    let sent = legs(&table.tell(&entry, OrderStatus::Expired));
    table.accept(&sent[0].list.clone().expect("a list"));
    assert_eq!(cancels(&cancel(&mut table, &sent[1].id)), std::slice::from_ref(&sent[1].id));
    assert_eq!(legs(&table.tell(&sent[0], OrderStatus::Canceled)), []);
    assert_eq!(legs(&table.tell(&sent[1], OrderStatus::Canceled)), []);
    assert!(is_unprotected(&table) && snapshot(&table).orders.is_empty());
    (table, entry)
}

#[test]
fn a_cancelled_leg_takes_the_other_with_it_and_nothing_is_armed_again() {
    for (which, last) in [(0, OrderStatus::Canceled), (1, OrderStatus::Canceled), (1, OrderStatus::Expired)] {
        let (mut table, target, stop) = Table::holding();
        assert!(!is_unprotected(&table));
        let named = if which == 0 { &target.id } else { &stop.id };
        let effects = cancel(&mut table, named);
        assert_eq!(cancels(&effects), std::slice::from_ref(named), "one cancel for both");
        assert!(says(&effects, |notice| matches!(notice, Notice::CommandAccepted { .. })));
        let shown = snapshot(&table);
        assert!(shown.symbols[0].unprotected);
        assert_eq!(shown.orders.iter().map(|order| order.state).collect::<Vec<_>>(), [OrderState::Cancelling; 2]);
        assert_eq!(legs(&table.tell(&target, OrderStatus::Canceled)), []);
        assert_eq!(legs(&table.tell(&stop, last)), [], "{last:?}");
        for _ in 0..5 {
            assert_eq!(table.rise(A).len(), 0, "held, and left alone");
        }
        assert!(is_unprotected(&table));
    }
}

#[test]
fn an_unprotected_position_is_left_by_signal_and_the_next_one_is_protected_again() {
    let (mut table, _) = bare();
    let effects = table.fall(A);
    let exit = legs(&effects);
    assert!(exit.len() == 1 && exit[0].is_market() && cancels(&effects).is_empty(), "nothing is in the way");
    assert!(says(&table.fill(&exit[0], exit[0].quantity(), "100"), |n| matches!(n, Notice::TradeClosed { .. })));
    assert!(!is_unprotected(&table));
    let entry = legs(&table.rise(A));
    assert_eq!(legs(&table.fill(&entry[0], entry[0].quantity(), "101")).len(), 2, "held means protected");
}

#[test]
fn an_unprotected_position_is_left_by_a_flatten() {
    let (mut table, _) = bare();
    let exit = legs(&table.command(Command::Flatten));
    assert!(exit.len() == 1 && exit[0].is_market());
    table.fill(&exit[0], exit[0].quantity(), "100");
    assert_eq!((table.held(), is_unprotected(&table)), (Quantity::ZERO, false));
}

#[test]
fn a_late_fill_of_an_unprotected_position_is_booked_and_not_protected() {
    let (mut table, entry) = bare();
    let before = table.held();
    let effects = table.fill(&entry, quantity("1"), "101");
    assert!(says(&effects, |notice| matches!(notice, Notice::LateFill { .. })));
    assert_eq!((legs(&effects), cancels(&effects)), (Vec::new(), Vec::new()));
    assert_eq!(table.held(), before.saturating_add(quantity("1")));
}

#[test]
fn a_signal_while_the_cancel_is_on_its_way_sells_when_it_is_answered() {
    let (mut table, target, stop) = Table::holding();
    cancel(&mut table, &stop.id);
    let effects = table.fall(A);
    assert_eq!((legs(&effects), cancels(&effects)), (Vec::new(), Vec::new()), "it waits and does not cancel twice");
    table.tell(&target, OrderStatus::Canceled);
    let exit = legs(&table.tell(&stop, OrderStatus::Canceled));
    assert!(exit.len() == 1 && exit[0].is_market());
}

#[test]
fn a_stop_that_fills_before_the_cancel_closes_the_trade() {
    let (mut table, target, stop) = Table::holding();
    cancel(&mut table, &target.id);
    table.tell(&target, OrderStatus::Expired);
    let effects = table.fill(&stop, stop.quantity(), "98.98");
    assert!(says(&effects, |notice| matches!(notice, Notice::TradeClosed { .. })));
    assert!(!is_unprotected(&table));
}

#[test]
fn an_entry_that_rests_is_cancelled_like_any_order() {
    let (mut table, entry) = Table::entering();
    table.accept(&entry.id);
    assert_eq!(cancels(&cancel(&mut table, &entry.id)), std::slice::from_ref(&entry.id));
    assert!(!is_unprotected(&table));
    assert_eq!(legs(&table.tell(&entry, OrderStatus::Canceled)), []);
    assert_eq!(table.held(), Quantity::ZERO);
}

#[test]
fn what_is_unknown_or_cannot_be_cancelled_is_refused_with_the_reason() {
    let (mut table, entry) = Table::entering();
    assert!(refusal(&mut table, &entry.id).contains("not answered"));
    for foreign in [SESSION.client_order_id(99), ClientOrderId::from("web_1"), ClientOrderId::from("")] {
        assert!(refusal(&mut table, &foreign).contains("no order"), "{foreign}");
    }
    table.wait(Span::from_seconds(10));
    assert!(refusal(&mut table, &entry.id).contains("unknown outcome"));
    let (mut table, _, stop) = Table::holding();
    cancel(&mut table, &stop.id);
    assert!(refusal(&mut table, &stop.id).contains("already"));
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Expired);
    table.fill(&stop, stop.quantity(), "98.98");
    assert!(refusal(&mut table, &stop.id).contains("is filled"));
    assert!(refusal(&mut table, &target.id).contains("expired"));
}

/// A backtest in which a stop closed a trade after more than a minute, and the same with that stop cancelled before.
#[test]
fn a_stop_cancelled_in_a_backtest_never_fills_and_the_run_stays_reproducible() {
    let mut scenario = Scenario::new(&["AAAUSDT"], StrategyName::Trend);
    let market = |scenario: &Scenario, seed: u64| generated(seed, &scenario.rules, 1_500, &[]);
    let stopped = (0..20).find_map(|seed| {
        let run = scenario.run(&mut market(&scenario, seed), Detail::Skip, |_| true);
        let is_meant =
            |trade: &&TradeRecord| trade.exit_by == ExitBy::Stop && trade.closed.since(trade.opened) > Span::MINUTE;
        let trade = run.record.trades.iter().find(is_meant)?.clone();
        let stop = run.record.fills.iter().find(|fill| fill.time == trade.closed)?.client_id.clone();
        Some((seed, trade, stop))
    });
    let (seed, trade, stop) = stopped.expect("a market with a stop that fills");
    let market = |scenario: &Scenario| market(scenario, seed);
    scenario.commands = vec![(trade.opened.plus(Span::from_seconds(30)), Command::Cancel(stop.clone()))];
    let (full, walked) = hashes(&scenario, &mut market(&scenario), Detail::Full);
    let (skip, skipped) = hashes(&scenario, &mut market(&scenario), Detail::Skip);
    assert_eq!((full, walked.effect_hash), (skip, skipped.effect_hash));
    assert!(skipped.record.fills.iter().all(|fill| fill.client_id != stop), "the cancelled stop fills never");
    let same = skipped.record.trades.iter().find(|other| other.opened == trade.opened).expect("the same entry");
    assert_ne!(same.closed, trade.closed);
    let lines = journalled(&scenario, &mut market(&scenario));
    assert!(lines.iter().any(|line| line.contains(r#""Cancel""#)));
    let replayed = replay(lines.into_iter().map(Ok)).expect("a readable journal");
    assert_eq!(replayed.agrees(), Some(true));
    assert_eq!(replayed.finished.engine.state_hash(), skipped.engine.state_hash());
}
