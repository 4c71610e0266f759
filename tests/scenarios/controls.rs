//! What a person and the clock do: pause, flatten, settings, stale bars, halts.
//!
//! Invariant: everything that blocks blocks entries only; the way out stays open.
//! Absent on purpose: the life of an order (`orders`).

use kestrel::domain::{Command, MarketEvent, Money, OrderStatus, Quantity, Span};
use kestrel::engine::risk::Refused;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{HaltReason, Input, Notice, Settings};

use super::table::{A, B, Table, bar_at, cancels, legs, quick, says};
use crate::support::{money, ratio};

fn refused(effects: &[kestrel::engine::Effect], why: Refused) -> bool {
    says(effects, |notice| matches!(notice, Notice::Refused { reason, .. } if *reason == why))
}

/// Falls, cancels the protection and returns the exit's legs.
fn sold_after_a_fall(table: &mut Table, target: &super::table::Leg, stop: &super::table::Leg) -> usize {
    assert_eq!(cancels(&table.fall(A)).len(), 1);
    table.tell(target, OrderStatus::Canceled);
    legs(&table.tell(stop, OrderStatus::Canceled)).len()
}

#[test]
fn pause_blocks_entries_not_exits() {
    let (mut table, target, stop) = Table::holding();
    table.command(Command::Pause);
    assert_eq!(sold_after_a_fall(&mut table, &target, &stop), 1);
    let mut table = Table::one();
    table.command(Command::Pause);
    let effects = table.rise(A);
    assert_eq!(legs(&effects), []);
    assert!(refused(&effects, Refused::Paused));
    table.command(Command::Resume);
    assert_eq!(legs(&table.rise(A)).len(), 1);
}

#[test]
fn stop_fill_waits_for_fresh_signal() {
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Expired);
    let effects = table.fill(&stop, stop.quantity(), "98.98");
    assert!(says(&effects, |notice| matches!(notice, Notice::TradeClosed { .. })));
    assert_eq!(legs(&table.rise(A)), [], "the signal that was stopped out does not count again");
    table.fall(A);
    assert_eq!(legs(&table.rise(A)).len(), 1);
}

#[test]
fn flatten_while_entering() {
    let (mut table, entry) = Table::entering();
    let effects = table.command(Command::Flatten);
    assert_eq!((legs(&effects), cancels(&effects)), (Vec::new(), Vec::new()));
    let exit = legs(&table.fill(&entry, entry.quantity(), "101"));
    assert!(exit.len() == 1 && exit[0].is_market(), "what comes in goes out at once");
    table.fill(&exit[0], exit[0].quantity(), "101");
    assert_eq!(table.held(), Quantity::ZERO);
    table.fall(A);
    assert_eq!(legs(&table.rise(A)), [], "entries stay paused");
}

#[test]
fn flatten_while_holding_and_while_flat() {
    let (mut table, target, stop) = Table::holding();
    assert_eq!(cancels(&table.command(Command::Flatten)).len(), 1);
    table.tell(&target, OrderStatus::Canceled);
    assert_eq!(legs(&table.tell(&stop, OrderStatus::Canceled)).len(), 1);
    let mut flat = Table::one();
    let effects = flat.command(Command::Flatten);
    assert_eq!(effects.len(), 1, "only said to be done: {effects:?}");
}

#[test]
fn stale_blocks_entries_and_fresh_bar_allows() {
    let mut table = Table::one();
    table.fall(A);
    assert!(says(&table.wait(Span::from_seconds(150)), |notice| matches!(notice, Notice::Stale { .. })));
    assert_eq!(table.engine.next_timer(), None, "a stale symbol is told once");
    let effects = table.rise(A);
    assert!(says(&effects, |notice| matches!(notice, Notice::Fresh { .. })));
    assert_eq!(legs(&effects).len(), 1, "the fresh bar decides");
}

#[test]
fn one_stale_symbol_does_not_block_the_other() {
    let mut table = Table::new(&["AAAUSDT", "BBBUSDT"], quick());
    table.fall(A);
    for _ in 0..4 {
        table.fall(B);
    }
    assert!(says(&table.step(Input::Timer), |notice| matches!(notice, Notice::Stale { symbol } if *symbol == A)));
    assert_eq!(legs(&table.rise(B)).len(), 1);
}

#[test]
fn books_that_differ_halt() {
    let (mut table, entry) = Table::entering();
    table.fill(&entry, entry.quantity(), "101");
    let cash = table.engine.cash();
    table.balance("USDT", cash);
    table.rise(A);
    assert_eq!(table.engine.halted(), None);
    table.balance("USDT", cash.saturating_sub(money("0.00000001")));
    assert!(says(&table.rise(A), |notice| matches!(notice, Notice::Halted { reason: HaltReason::BooksDiffer })));
}

#[test]
fn halted_blocks_entries_not_exits() {
    let (mut table, target, stop) = Table::holding();
    table.balance("USDT", Money::ZERO);
    table.rise(A);
    assert_eq!(table.engine.halted(), Some(HaltReason::BooksDiffer));
    assert_eq!(sold_after_a_fall(&mut table, &target, &stop), 1);
    let mut table = Table::one();
    table.balance("USDT", Money::ZERO);
    let effects = table.rise(A);
    assert_eq!(legs(&effects), []);
    assert!(refused(&effects, Refused::Halted(HaltReason::BooksDiffer)));
}

#[test]
fn set_invest_out_of_range_refused() {
    let mut table = Table::one();
    let before = table.engine.settings().clone();
    for share in ["1.00000001", "-0.00000001"] {
        let effects = table.command(Command::SetInvest(ratio(share)));
        assert!(says(&effects, |notice| matches!(notice, Notice::CommandRefused { .. })), "{share}");
        assert_eq!(*table.engine.settings(), before);
    }
    assert!(says(&table.command(Command::SetInvest(ratio("1"))), |n| matches!(n, Notice::CommandAccepted { .. })));
    assert_eq!(table.engine.settings().invest, ratio("1"));
}

#[test]
fn unknown_strategy_refused() {
    let mut table = Table::one();
    let effects = table.command(Command::SwitchStrategy("trand".to_owned()));
    let tells = |notice: &Notice| matches!(notice, Notice::CommandRefused { reason, .. } if reason.contains("trend"));
    assert!(says(&effects, tells), "the known names are said: {effects:?}");
    assert_eq!(table.engine.settings().strategy, StrategyName::Trend);
}

#[test]
fn a_switched_strategy_takes_the_position_over() {
    let (mut table, _, _) = Table::holding();
    let effects = table.command(Command::SwitchStrategy("flat".to_owned()));
    assert_eq!((legs(&effects), cancels(&effects)), (Vec::new(), Vec::new()), "not before the next decision");
    assert_eq!(cancels(&table.rise(A)).len(), 1, "flat holds nothing");
}

#[test]
fn settings_input_takes_effect_at_next_decision() {
    let mut table = Table::one();
    let settings = Settings { invest: ratio("0.1"), ..quick() };
    let effects = table.step(Input::Settings(Box::new(settings)));
    assert!(says(&effects, |notice| matches!(notice, Notice::SettingsChanged)) && effects.len() == 1);
    let sent = legs(&table.close(A, 100.0));
    assert_eq!(sent[0].quantity(), "10".parse().unwrap(), "a tenth of 10,000 at 100");
}

#[test]
fn a_bar_that_is_none_or_was_seen_changes_nothing() {
    let (mut table, _, _) = Table::holding();
    let hash = table.engine.state_hash();
    let whole = bar_at(50, 120.0);
    let bad = [f64::NAN, f64::INFINITY, 0.0, -1.0, 1e300].map(|close| bar_at(50, close));
    let torn = [
        kestrel::domain::Bar { high: f64::NAN, ..whole },
        kestrel::domain::Bar { low: 121.0, ..whole },
        kestrel::domain::Bar { volume: -1.0, ..whole },
        bar_at(2, 120.0),
        bar_at(1, 120.0),
    ];
    for bar in bad.into_iter().chain(torn) {
        let effects = table.step(Input::Market(MarketEvent::BarClosed { symbol: A, bar }));
        assert!(effects.is_empty(), "{bar:?}: {effects:?}");
        assert_eq!(table.engine.state_hash(), hash, "{bar:?}");
    }
}
