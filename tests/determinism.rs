//! The same inputs give the same state: twice, with and without skipping, from the journal; and the books balance.

use kestrel::domain::{Command, Ratio, Span, Value};
use kestrel::engine::ports::Journal;
use kestrel::engine::risk::RiskSettings;
use kestrel::engine::settings::{ExecutionStyle, StrategyName};
use kestrel::runtime::backtest::{Backtest, Detail, backtest};
use kestrel::runtime::replay::replay;
use kestrel::simulator::{FeePolicy, Simulator};
use proptest::prelude::*;

use crate::support::{Memory, START, Scenario, generated, hashes, price, ratio};

fn strategies() -> impl Strategy<Value = StrategyName> {
    prop::sample::select(StrategyName::ALL.to_vec())
}

fn styles() -> impl Strategy<Value = ExecutionStyle> {
    prop::sample::select(ExecutionStyle::ALL.to_vec())
}

fn policies() -> impl Strategy<Value = FeePolicy> {
    let bnb = FeePolicy::Bnb { price: price("600"), discount: ratio("0.75") };
    prop::sample::select(vec![FeePolicy::Received, FeePolicy::Quote, bnb])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn skipping_path_points_and_quiet_bars_changes_no_state_at_any_close(
        seed in any::<u64>(), name in strategies(), policy in policies(), two in any::<bool>(), gap in 1usize..400, length in 0usize..90,
        style in styles(), minutes in 1u32..30, urgency in 0i64..=100_000_000,
        is_guarded in any::<bool>(),
    ) {
        let names: &[&str] = if two { &["AAAUSDT", "BBBUSDT"] } else { &["AAAUSDT"] };
        let mut scenario = Scenario::new(names, name);
        scenario.venue = crate::support::venue(policy);
        (scenario.settings.execution.style, scenario.settings.execution.horizon_minutes) = (style, minutes);
        scenario.settings.execution.urgency = Ratio::from_raw(urgency);
        if is_guarded {
            scenario.settings.risk = crate::support::guarded();
        }
        let market = || generated(seed, &scenario.rules, 600, &[(gap, length)]);
        let (full, walked) = hashes(&scenario, &mut market(), Detail::Full);
        let (skip, skipped) = hashes(&scenario, &mut market(), Detail::Skip);
        prop_assert_eq!(walked.record.first_difference(&skipped.record), None);
        prop_assert_eq!(walked.effect_hash, skipped.effect_hash);
        prop_assert_eq!(full, skip);
    }

    #[test]
    fn realised_and_unrealised_profit_are_the_change_of_equity_at_every_close(seed in any::<u64>(), policy in policies()) {
        let mut scenario = Scenario::new(&["AAAUSDT", "BBBUSDT"], StrategyName::Trend);
        scenario.venue = crate::support::venue(policy);
        let mut fills = 0;
        scenario.run(&mut generated(seed, &scenario.rules, 500, &[]), Detail::Skip, |engine| {
            let change = Value(engine.equity().0 - engine.performance().start().0);
            assert_eq!(change, Value(engine.realised().0 + engine.unrealised().0));
            assert_eq!(engine.halted(), None);
            fills = engine.counts().fills;
            true
        });
        prop_assert!(fills > 0, "a market in which nothing trades shows nothing");
    }
}

#[test]
fn a_run_a_second_run_and_the_replay_of_its_journal_end_in_the_same_state() {
    let mut scenario = Scenario::new(&["AAAUSDT", "BBBUSDT"], StrategyName::Trend);
    scenario.settings.risk = RiskSettings { halt_drawdown: ratio("0"), ..crate::support::guarded() };
    let at = |minute: i64| START.plus(Span(minute * Span::MINUTE.0));
    scenario.commands = vec![
        (at(100), Command::Halt),
        (at(150), Command::Rearm),
        (at(200), Command::Pause),
        (at(400), Command::Resume),
        (at(600), Command::SwitchStrategy("reversal".to_owned())),
        (at(900), Command::SwitchStrategy("trend".to_owned())),
        (at(1_500), Command::Flatten),
        (at(1_600), Command::Resume),
    ];
    let run = |journal: Option<Box<dyn Journal>>| {
        backtest(Backtest {
            source: &mut generated(11, &scenario.rules, 2_000, &[(700, 128)]),
            simulator: Simulator::new(scenario.rules.clone(), scenario.venue),
            start: scenario.start(),
            detail: Detail::Full,
            commands: scenario.commands.clone(),
            journal,
            inference: None,
            on_close: None,
            on_notice: None,
        })
        .expect("bars from memory are valid")
    };
    let journal = Memory::default();
    let first = run(Some(Box::new(journal.clone())));
    let second = run(None);
    assert!(first.record.trades.len() > 10, "only {} trades", first.record.trades.len());
    assert_eq!(first.engine.state_hash(), second.engine.state_hash());
    assert_eq!(first.record, second.record);

    let lines = journal.0.borrow().clone();
    let commands = lines.iter().filter(|line| line.contains(r#""Command""#)).count();
    assert_eq!(commands, scenario.commands.len(), "every command is in the journal");
    let replayed = replay(lines.into_iter().map(Ok)).expect("the journal is readable");
    assert_eq!(replayed.agrees(), Some(true));
    assert_eq!(replayed.finished.record, first.record);
    assert_eq!(replayed.finished.engine.state_hash(), first.engine.state_hash());
}

#[test]
fn pause_resume_and_switch_take_effect_at_the_next_decision() {
    let mut scenario = Scenario::new(&["AAAUSDT"], StrategyName::Trend);
    let at = |minute: i64| START.plus(Span(minute * Span::MINUTE.0));
    scenario.commands = vec![
        (at(300), Command::Pause),
        (at(600), Command::Resume),
        (at(900), Command::SwitchStrategy("flat".to_owned())),
    ];
    let finished = scenario.run(&mut generated(5, &scenario.rules, 1_200, &[]), Detail::Skip, |_| true);
    let bought_between = |from: i64, to: i64| {
        let is_buy = |fill: &&kestrel::engine::FillRecord| fill.side == kestrel::domain::Side::Buy;
        finished.record.fills.iter().filter(is_buy).filter(|f| f.time > at(from) && f.time <= at(to)).count()
    };
    assert!(bought_between(0, 300) > 0);
    assert_eq!(bought_between(300, 600), 0, "paused: no entry");
    assert!(bought_between(600, 900) > 0, "resumed: entries again");
    assert_eq!(bought_between(900, 1_200), 0, "flat: no entry");
    assert!(finished.engine.held(kestrel::domain::SymbolId(0)).to_f64() < 0.001, "flat leaves the position");
}
