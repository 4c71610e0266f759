//! Previews say what the engine then does: the size of the next entry, why there would be none, the cost of a flatten.
//!
//! Invariant: a preview is taken from the state just before the decision, never from its result.
//! Absent on purpose: how a screen shows it.

use std::sync::Arc;

use kestrel::domain::rules::PercentPriceBySide;
use kestrel::domain::{BookTop, Command, MarketEvent, Money, OrderStatus, Side, SymbolId, Time, Value};
use kestrel::engine::instrument::Desk;
use kestrel::engine::preview::{self, EntryPreview};
use kestrel::engine::risk::Refused;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::snapshot::Snapshot;
use kestrel::engine::{Effect, Effects, Engine, HaltReason, Input, Notice, Settings};
use kestrel::runtime::run::JournalRecord;
use proptest::prelude::*;

use super::table::{A, Table, legs, quantity, quick};
use crate::support::{Scenario, generated, journalled, money, price, ratio};

/// All inputs of a backtest.
fn inputs(scenario: &Scenario, seed: u64, bars: usize) -> Vec<(Time, Input)> {
    let lines = journalled(scenario, &mut generated(seed, &scenario.rules, bars, &[]));
    let records = lines.iter().map(|line| serde_json::from_str(line).expect("a record"));
    let inputs = records.filter_map(|record| match record {
        JournalRecord::Input(stamped) => Some((stamped.now, stamped.input)),
        JournalRecord::End(_) | JournalRecord::Told { .. } => None,
    });
    inputs.collect()
}

fn started(first: &(Time, Input)) -> Engine {
    let (now, Input::Start(start)) = first else { panic!("a run begins with its start") };
    Engine::new(*now, start, &mut Effects::default())
}

/// What is shown just before the engine acts on the last of these inputs: it has measured, but entries are paused.
fn before_the_decision(inputs: &[(Time, Input)]) -> Snapshot {
    let mut engine = started(&inputs[0]);
    let mut effects = Effects::default();
    let (last, earlier) = inputs[1..].split_last().expect("an input");
    for (now, input) in earlier {
        engine.step(*now, input, &mut effects);
        effects.drain();
    }
    engine.step(last.0, &Input::Command(Command::Pause), &mut effects);
    engine.step(last.0, &last.1, &mut effects);
    engine.snapshot(Arc::default())
}

/// What the engine decided on one closed bar: an entry, or a refusal of one.
fn decision(effects: &[Effect]) -> Option<Result<kestrel::domain::Quantity, Refused>> {
    let refused = effects.iter().find_map(|effect| match effect {
        Effect::Notice(Notice::Refused { reason, .. }) => Some(Err(*reason)),
        Effect::Submit(_)
        | Effect::Cancel { .. }
        | Effect::Replace { .. }
        | Effect::Query { .. }
        | Effect::Infer(_)
        | Effect::Notice(_) => None,
    });
    let entry = legs(effects).into_iter().find(|leg| leg.side == Side::Buy).map(|leg| Ok(leg.quantity()));
    entry.or(refused)
}

/// Compares every decision of a run with its preview; how many entries and refusals there were.
fn compare(inputs: &[(Time, Input)]) -> (usize, usize) {
    let mut engine = started(&inputs[0]);
    let (mut entries, mut refusals) = (0, 0);
    for (at, (now, input)) in inputs.iter().enumerate().skip(1) {
        let mut effects = Effects::default();
        engine.step(*now, input, &mut effects);
        let Input::Market(MarketEvent::BarClosed { symbol, .. }) = input else { continue };
        let effects: Vec<Effect> = effects.drain().collect();
        let Some(decided) = decision(&effects) else { continue };
        let shown = before_the_decision(&inputs[..=at]);
        if shown.symbols[symbol.index()].desk != Desk::Flat {
            continue;
        }
        let preview = preview::entry(&shown, *symbol, &shown.settings).expect("a known symbol");
        match decided {
            Ok(quantity) => {
                entries += 1;
                assert_eq!((preview.quantity, preview.refused), (quantity, None));
            }
            Err(reason) => {
                refusals += 1;
                assert_eq!(preview.refused, Some(reason));
            }
        }
    }
    (entries, refusals)
}

fn variants() -> impl Strategy<Value = (Settings, bool)> {
    let least = prop::sample::select(vec!["10", "10", "2505", "9000"]);
    let invest = prop::sample::select(vec!["0", "0.0004", "0.5", "1"]);
    let stop = prop::sample::select(vec!["0", "0.004", "0.03"]);
    (least, invest, stop, any::<bool>()).prop_map(|(least, invest, stop, bands)| {
        let settings = crate::support::settings(StrategyName::Trend);
        let settings = Settings { invest: ratio(invest), stop_loss: ratio(stop), ..settings };
        (Settings { min_trade_size: money(least), ..settings }, bands)
    })
}

fn scenario(settings: Settings, bands: bool) -> Scenario {
    let mut scenario = Scenario::new(&["AAAUSDT", "BBBUSDT"], StrategyName::Trend);
    scenario.settings = settings;
    for rules in scenario.rules.iter_mut().filter(|_| bands) {
        let (up, down) = (ratio("1.02"), ratio("0.98"));
        rules.percent_price = Some(PercentPriceBySide { bid_up: up, bid_down: down, ask_up: up, ask_down: down });
    }
    scenario
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_entry_and_every_refusal_is_what_its_preview_said(seed in any::<u64>(), (settings, bands) in variants()) {
        let scenario = scenario(settings, bands);
        let (entries, refusals) = compare(&inputs(&scenario, seed, 250));
        prop_assert!(entries + refusals > 0, "a market without decisions shows nothing");
    }
}

#[test]
fn the_compared_runs_hold_entries_and_refusals_of_several_kinds() {
    let plain = crate::support::settings(StrategyName::Trend);
    let (entries, _) = compare(&inputs(&scenario(plain.clone(), false), 1, 400));
    assert!(entries > 5, "{entries}");
    let refused = [
        (Settings { min_trade_size: money("9000"), ..plain.clone() }, false),
        (Settings { invest: ratio("0"), ..plain.clone() }, false),
        (Settings { stop_loss: ratio("0.03"), ..plain }, true),
    ];
    for (settings, bands) in refused {
        let (entries, refusals) = compare(&inputs(&scenario(settings, bands), 1, 400));
        assert!(entries == 0 && refusals > 0, "{entries} {refusals}");
    }
}

fn shown(table: &Table) -> Snapshot {
    table.engine.snapshot(Arc::default())
}

fn entry(snapshot: &Snapshot, settings: &Settings) -> EntryPreview {
    preview::entry(snapshot, A, settings).expect("a known symbol")
}

#[test]
fn the_preview_moves_with_the_settings_and_shows_the_risk() {
    let mut table = Table::one();
    table.close(A, 80.0);
    let snapshot = shown(&table);
    let at = |invest: &str| entry(&snapshot, &Settings { invest: ratio(invest), ..quick() });
    let half = at("0.5");
    assert_eq!((half.quantity, half.notional), (quantity("62.5"), money("5000")));
    assert_eq!(half.stop, Some((price("78.4"), money("100"))));
    assert_eq!(half.target, Some((price("83.2"), money("200"))));
    assert_eq!(half.refused, None);
    assert_eq!(at("0.25").quantity, quantity("31.25"));
    assert_eq!(at("1").quantity, quantity("124.375"), "a reserve stays for the next open");
    assert!(matches!(at("0").refused, Some(Refused::TooSmall { .. })));
    let bare = entry(&snapshot, &Settings { stop_loss: ratio("0"), take_profit: ratio("0"), ..quick() });
    assert_eq!((bare.stop, bare.target), (None, None));
    assert_eq!(preview::entry(&snapshot, SymbolId(1), &quick()), None);
}

#[test]
fn pausing_refuses_no_preview_but_a_halt_and_a_stale_symbol_do() {
    let mut table = Table::one();
    table.fall(A);
    table.command(Command::Pause);
    assert_eq!(entry(&shown(&table), &quick()).refused, None);
    table.now = table.now.plus(kestrel::domain::Span::from_seconds(150));
    table.step(Input::Timer);
    assert_eq!(entry(&shown(&table), &quick()).refused, Some(Refused::Stale));
    table.balance("USDT", Money::ZERO);
    table.fall(A);
    assert_eq!(entry(&shown(&table), &quick()).refused, Some(Refused::Halted(HaltReason::BooksDiffer)));
}

fn value(text: &str) -> Value {
    money(text).to_value()
}

#[test]
fn a_flatten_costs_the_way_to_the_bid_and_the_fee_there() {
    let (mut table, _, _) = Table::holding();
    let held = table.held();
    assert_eq!(held, quantity("49.50495"), "half of 10,000 at 101");
    table.close(A, 102.0);
    let without = preview::flatten(&shown(&table), ratio("0.001"));
    assert_eq!((without.positions, without.orders, without.spread), (1, 2, Value::ZERO));
    let top = BookTop { bid: price("101.9"), bid_quantity: held, ask: price("102.1"), ask_quantity: held };
    table.step(Input::Market(MarketEvent::BookTop { symbol: A, top }));
    let cost = preview::flatten(&shown(&table), ratio("0.001"));
    assert_eq!(cost.worth, value("5049.5049"));
    assert_eq!(cost.spread, value("4.950495"));
    assert_eq!(cost.fees, value("5.0445544"), "a thousandth of 5044.554405, cut at eight places: {}", cost.fees);
    let cash = table.engine.cash();
    // The same, carried out: no fee was paid on the way in.
    table.command(Command::Flatten);
    let snapshot = shown(&table);
    let protection: Vec<_> = snapshot.orders.iter().map(|order| order.client_id.clone()).collect();
    for id in &protection {
        table.found(id, OrderStatus::Canceled, quantity("0"));
    }
    let exit = shown(&table).orders[0].clone();
    let leg = super::table::Leg { symbol: A, id: exit.client_id.clone(), list: None, side: exit.side, kind: exit.kind };
    table.fill(&leg, leg.quantity(), "101.9");
    let received = table.engine.cash().saturating_sub(cash).to_value();
    assert_eq!(received, Value(cost.worth.0 - cost.spread.0));
    assert_eq!(Value(table.engine.realised().0 - cost.fees.0), cost.pnl);
    assert_eq!(preview::flatten(&shown(&table), ratio("0.001")), preview::FlattenPreview::default());
}
