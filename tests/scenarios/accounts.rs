//! Sums: fees in base, quote and BNB, dust, shares of equity, overflow.
//!
//! Invariant: every amount is written as decimal text and computed by hand.
//! Absent on purpose: the fee rates; the venue says what it took.

use kestrel::domain::{OrderStatus, Price, Quantity, Value};
use kestrel::engine::risk::Refused;
use kestrel::engine::settings::Sizing;
use kestrel::engine::{HaltReason, Notice, Settings};

use super::table::{A, B, Table, commission, half, legs, quantity, quick, says};
use crate::support::{money, ratio, rules};

/// A table whose entries buy exactly this much.
fn fixed(amount: &str) -> Table {
    Table::new(&["AAAUSDT"], Settings { sizing: Sizing::Fixed(quantity(amount)), ..quick() })
}

#[test]
fn bnb_fee_counts_in_equity() {
    let mut table = fixed("10");
    let entry = legs(&table.close(A, 101.0)).remove(0);
    let report = table.fill_report(&entry, quantity("10"), "101");
    table.report(kestrel::domain::ExecutionReport { commission: commission("BNB", "0.001"), ..report });
    assert_eq!(table.engine.cash(), money("8990"), "BNB is not taken from the quote currency");
    assert_eq!(table.engine.fees(), money("0.6").to_value());
    assert_eq!(table.engine.equity(), money("9999.4").to_value());
    assert_eq!(table.engine.unrealised(), Value(-money("0.6").to_value().0));
}

#[test]
fn quote_fee_is_part_of_cost_and_of_proceeds() {
    let mut table = fixed("10");
    let entry = legs(&table.close(A, 101.0)).remove(0);
    let report = table.fill_report(&entry, quantity("10"), "101");
    let sent =
        legs(&table.report(kestrel::domain::ExecutionReport { commission: commission("USDT", "1.01"), ..report }));
    assert_eq!(table.engine.cash(), money("8988.99"));
    table.tell(&sent[1], OrderStatus::Expired);
    let report = table.fill_report(&sent[0], quantity("10"), "105.04");
    table.report(kestrel::domain::ExecutionReport { commission: commission("USDT", "1.0504"), ..report });
    assert_eq!(table.engine.realised(), money("38.3396").to_value());
    assert_eq!(table.engine.equity(), money("10038.3396").to_value());
}

#[test]
fn base_fee_leaves_dust_that_is_never_sold() {
    let mut table = fixed("1.00001");
    let entry = legs(&table.close(A, 101.0)).remove(0);
    let report = table.fill_report(&entry, entry.quantity(), "101");
    let fee = commission("AAA", "0.00100001");
    let sent = legs(&table.report(kestrel::domain::ExecutionReport { commission: fee, ..report }));
    assert_eq!(table.held(), quantity("0.99900999"));
    assert_eq!(sent[0].quantity(), quantity("0.999"), "floored to the step");
    table.tell(&sent[0], OrderStatus::Expired);
    let effects = table.fill(&sent[1], quantity("0.999"), "98.98");
    assert!(says(&effects, |notice| matches!(notice, Notice::TradeClosed { .. })), "dust does not keep a trade open");
    assert_eq!(table.held(), quantity("0.00000999"));
    for close in [90.0, 80.0, 70.0] {
        assert_eq!(legs(&table.close(A, close)), []);
    }
    let again = legs(&table.close(A, 71.0)).remove(0);
    let sent = legs(&table.fill(&again, again.quantity(), "71"));
    assert_eq!(sent[0].quantity(), quantity("1.00001"), "dust under the step stays");
}

#[test]
fn two_symbols_share_invest_percent() {
    let mut table = Table::new(&["AAAUSDT", "BBBUSDT"], quick());
    let first = legs(&table.close(A, 100.0)).remove(0);
    let second = legs(&table.close(B, 200.0)).remove(0);
    assert_eq!(first.quantity(), quantity("25"), "a quarter of 10,000 at 100");
    assert_eq!(second.quantity(), quantity("12.5"), "a quarter at 200, also while the first is on its way");
}

#[test]
fn live_entries_take_from_the_free_cash() {
    let mut table = Table::new(&["AAAUSDT", "BBBUSDT"], Settings { sizing: Sizing::Fixed(quantity("60")), ..quick() });
    assert_eq!(legs(&table.close(A, 100.0)).len(), 1);
    let effects = table.close(B, 100.0);
    assert_eq!(legs(&effects), []);
    let poor = |notice: &Notice| matches!(notice, Notice::Refused { reason: Refused::InsufficientCash { .. }, .. });
    assert!(says(&effects, poor));
}

#[test]
fn sizing_never_rounds_up() {
    let mut table = Table::one();
    let sent = legs(&table.close(A, 333.33)).remove(0);
    assert_eq!(sent.quantity(), quantity("15.00015"), "5,000 / 333.33 = 15.000150001…");
    let mut table = Table::new(&["AAAUSDT"], Settings { invest: ratio("1"), ..quick() });
    let sent = legs(&table.close(A, 100.0)).remove(0);
    assert_eq!(sent.quantity(), quantity("99.5"), "a reserve stays for a higher open");
}

#[test]
fn an_entry_that_could_not_be_protected_is_not_made() {
    let mut table = Table::new(
        &["AAAUSDT"],
        Settings { sizing: Sizing::Fixed(quantity("0.05")), min_trade_size: money("5"), ..quick() },
    );
    let effects = table.close(A, 101.0);
    assert_eq!(legs(&effects), [], "5.05 may be bought, but a stop at 4.949 is under the venue's minimum of 5");
    assert!(says(&effects, |notice| matches!(notice, Notice::Refused { reason: Refused::Filter { .. }, .. })));
}

#[test]
fn overflow_halts_without_panic() {
    let (mut table, entry) = Table::entering();
    let huge = kestrel::domain::ExecutionReport {
        last_quantity: Quantity::MAX,
        last_price: Price::MAX,
        ..table.fill_report(&entry, entry.quantity(), "101")
    };
    let effects = table.report(huge);
    assert!(says(&effects, |notice| matches!(notice, Notice::Halted { reason: HaltReason::Overflow })));
    assert_eq!(table.held(), Quantity::ZERO, "half a booking is no booking");
}

#[test]
fn an_overflow_of_cash_books_nothing_of_the_fill() {
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Expired);
    let held = table.held();
    let rich = kestrel::domain::ExecutionReport {
        last_quantity: half(held),
        last_price: Price::from_raw(i64::MAX / 40),
        ..table.fill_report(&stop, half(held), "98")
    };
    let before = table.engine.realised();
    for id in 0..40 {
        let trade_id = Some(kestrel::domain::TradeId(1_000 + id));
        table.report(kestrel::domain::ExecutionReport { trade_id, last_quantity: quantity("1.5"), ..rich.clone() });
    }
    assert!(table.engine.halted().is_some());
    assert!(table.held() < held && table.engine.realised() > before);
}

#[test]
fn more_sold_than_held_halts() {
    let (mut table, target, stop) = Table::holding();
    table.tell(&target, OrderStatus::Expired);
    let held = table.held();
    let report = table.fill_report(&stop, stop.quantity(), "98");
    let last_quantity = held.saturating_add(quantity("1"));
    let effects = table.report(kestrel::domain::ExecutionReport { last_quantity, ..report });
    assert!(says(&effects, |notice| matches!(notice, Notice::Halted { reason: HaltReason::SoldMoreThanHeld })));
    assert_eq!(table.held(), held);
}

#[test]
fn a_position_above_the_largest_market_order_is_sold_in_parts() {
    let mut rules = rules(&["AAAUSDT"]);
    rules[0].market_lot.max = quantity("10");
    let mut table = Table::with_rules(rules, Settings { sizing: Sizing::Fixed(quantity("10")), ..quick() });
    let entry = legs(&table.close(A, 101.0)).remove(0);
    table.fill(&entry, quantity("4"), "101");
    let more = kestrel::domain::ExecutionReport {
        last_quantity: quantity("8"),
        ..table.fill_report(&entry, quantity("6"), "101")
    };
    let sent = legs(&table.report(more));
    assert_eq!(table.held(), quantity("12"), "the venue gave more than was asked for");
    table.accept(&sent[0].list.clone().expect("a list"));
    table.fall(A);
    table.tell(&sent[0], OrderStatus::Canceled);
    let exit = legs(&table.tell(&sent[1], OrderStatus::Canceled)).remove(0);
    assert_eq!(exit.quantity(), quantity("10"));
    let rest = legs(&table.fill(&exit, quantity("10"), "100"));
    assert_eq!(rest[0].quantity(), quantity("2"));
}
