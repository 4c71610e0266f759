//! `explain`: what a journal holds is told whole, once, and as it was; what it does not hold is refused in one sentence.

use std::ops::ControlFlow;
use std::path::Path;

use kestrel::app;
use kestrel::domain::rules::OrderContext;
use kestrel::domain::{ClientOrderId, Command, OrderKind, Ratio, Side, Span, SymbolId, Time};
use kestrel::engine::ports::Journal;
use kestrel::engine::regime::{EXPERTS, Mandate, Mandates};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Decision, Effect, FillRecord, Input, Notice, TradeRecord, Verdict};
use kestrel::journal::JournalWriter;
use kestrel::runtime::explanation::{Account, Checks, Ending, Explanation, Line, OrderAccount, Question, What};
use kestrel::runtime::replay::replay;
use kestrel::runtime::retelling::retell;
use kestrel::runtime::run::{JournalRecord, Run};
use serde_json::Value;

use super::data_verbs::{fails, kestrel, told};
use super::support::{self, START, Scenario, generated, journalled};

/// Two symbols, a gap, a pause, and strategies that may all speak where they are chosen automatically.
fn scenario(name: StrategyName) -> Scenario {
    let mut scenario = Scenario::new(&["AAAUSDT", "BBBUSDT"], name);
    scenario.settings.mandates = Mandates([Mandate([Ratio::ONE; EXPERTS]); 5]);
    scenario.commands = vec![(minute(400), Command::Pause), (minute(500), Command::Resume)];
    scenario
}

fn minute(minute: i64) -> Time {
    START.plus(Span(minute * Span::MINUTE.0))
}

fn journal(scenario: &Scenario) -> Vec<String> {
    journalled(scenario, &mut generated(11, &scenario.rules, 1_200, &[(700, 30)]))
}

fn asked(journal: &[String], question: Question) -> Explanation {
    let open = || Ok(journal.iter().cloned().map(Ok));
    app::explain::run(open, question, None).expect("an explanation").0
}

fn account(journal: &[String], question: Question) -> Account {
    match asked(journal, question) {
        Explanation::Decisions(mut accounts) if accounts.len() == 1 => accounts.remove(0),
        other => panic!("not one decision: {other:?}"),
    }
}

fn order(journal: &[String], id: &ClientOrderId) -> OrderAccount {
    match asked(journal, Question::Order(id.to_string())) {
        Explanation::Order(told) => *told,
        other => panic!("no order: {other:?}"),
    }
}

/// All decisions and the ids of all orders with the decision before them, from the journal itself.
fn truth(journal: &[String]) -> (Vec<Decision>, Vec<ClientOrderId>) {
    let (mut decisions, mut orders) = (Vec::new(), Vec::new());
    retell(journal.iter().cloned().map(Ok), |step| {
        for effect in step.effects {
            match effect {
                Effect::Notice(Notice::Considered { decision }) => decisions.push(decision.as_ref().clone()),
                Effect::Submit(approved) => orders.push(approved.payload().client_id().clone()),
                Effect::Replace { order, .. } => orders.push(order.payload().client_id().clone()),
                Effect::Notice(_) | Effect::Cancel { .. } | Effect::Query { .. } | Effect::Infer(_) => {}
            }
        }
        ControlFlow::Continue(())
    })
    .expect("a journal");
    (decisions, orders)
}

fn fills(lines: &[Line]) -> Vec<FillRecord> {
    lines.iter().filter_map(|line| if let What::Fill(fill) = &line.what { Some(fill.clone()) } else { None }).collect()
}

fn trades(lines: &[Line]) -> Vec<TradeRecord> {
    let trade = |line: &Line| if let What::Trade(trade) = &line.what { Some(trade.clone()) } else { None };
    lines.iter().filter_map(trade).collect()
}

#[test]
fn the_courses_of_all_decisions_together_hold_every_fill_and_trade_once() {
    for name in [StrategyName::Trend, StrategyName::Auto] {
        let journal = journal(&scenario(name));
        let record = replay(journal.iter().cloned().map(Ok)).expect("a journal").finished.record;
        let (decisions, _) = truth(&journal);
        let (mut told_fills, mut told_trades) = (Vec::new(), Vec::new());
        for decision in decisions.iter().filter(|decision| decision.verdict.acts()) {
            let account = account(&journal, Question::Decision(decision.number));
            assert_eq!(account.decision, *decision);
            assert!(account.cost().is_some_and(|cost| cost.is_positive()));
            told_fills.extend(fills(&account.lines));
            told_trades.extend(trades(&account.lines));
            match &account.ending {
                Ending::TradeClosed { trade } => assert_eq!(told_trades.last(), Some(trade)),
                Ending::NextDecision { number, .. } => assert!(*number > decision.number),
                Ending::JournalEnds => {}
            }
        }
        let by_time = |fills: &mut Vec<FillRecord>| fills.sort_by_key(|fill| (fill.time, fill.client_id.to_string()));
        let mut expected = record.fills.clone();
        by_time(&mut told_fills);
        by_time(&mut expected);
        assert_eq!(told_fills, expected, "{name:?}");
        assert_eq!(told_trades.len(), record.trades.len(), "{name:?}");
        assert!(record.trades.iter().all(|trade| told_trades.contains(trade)));
        assert!(name == StrategyName::Auto || record.trades.len() > 10, "{} trades", record.trades.len());
    }
}

#[test]
fn an_order_is_told_with_its_decision_and_what_became_of_it() {
    let journal = journal(&scenario(StrategyName::Trend));
    let record = replay(journal.iter().cloned().map(Ok)).expect("a journal").finished.record;
    let (decisions, orders) = truth(&journal);
    let mut protections = 0;
    for id in orders.iter().take(30) {
        let told = order(&journal, id);
        assert_eq!((told.lines[0].what.clone(), told.lines[0].orders.contains(id)), (What::Sent, true), "{told:?}");
        let number = told.order.decision.expect("a decision asked for it");
        assert!(decisions[number as usize - 1].verdict.acts());
        let decision = told.decision.expect("its decision");
        assert_eq!((decision.decision.number, decision.decision.symbol), (number, told.order.sent.symbol));
        let names = told.order.sent.names();
        let own: Vec<_> = record.fills.iter().filter(|fill| names.contains(&fill.client_id)).cloned().collect();
        assert_eq!(fills(&told.lines), own, "{id}");
        // A leg is told with its list, without its sibling's own affairs.
        if let [one, other] = told.order.sent.legs.as_slice() {
            protections += 1;
            let leg = order(&journal, one);
            assert!(leg.lines[0].orders.contains(id));
            assert!(leg.lines.iter().all(|line| line.orders != [other.clone()]), "{leg:?}");
        }
    }
    assert!(protections > 3, "{protections}");
}

#[test]
fn what_was_not_done_has_its_reasons_too() {
    let journal = journal(&scenario(StrategyName::Auto));
    let (decisions, _) = truth(&journal);
    let idle = decisions.iter().rfind(|decision| matches!(decision.verdict, Verdict::Nothing { .. })).expect("a rest");
    let told = account(&journal, Question::Decision(idle.number));
    assert_eq!(told.decision, *idle);
    assert_eq!((told.cost(), told.checks), (None, Checks::NotAsked));
    let names: Vec<_> = told.decision.votes.iter().map(|vote| vote.strategy).collect();
    let rules: Vec<_> = StrategyName::EXPERTS.into_iter().filter(|name| name.slot().is_none()).collect();
    assert_eq!(names, rules, "models that are not asked have no seat");

    // A time asks for the decision at or before it, of each symbol that has one.
    let Explanation::Decisions(accounts) = asked(&journal, Question::At(minute(100))) else { panic!("decisions") };
    let newest = |symbol: u16| {
        let is_before = |decision: &&Decision| decision.symbol == SymbolId(symbol) && decision.time <= minute(100);
        decisions.iter().rfind(is_before).map(|decision| decision.number)
    };
    let numbers: Vec<_> = accounts.iter().map(|account| Some(account.decision.number)).collect();
    assert_eq!(numbers, [newest(0), newest(1)]);
}

#[test]
fn a_refusal_names_its_check_and_the_nearest_legal_order() {
    let mut scenario = scenario(StrategyName::Trend);
    let paused = journal(&scenario);
    let is_refused = |decision: &&Decision| matches!(decision.verdict, Verdict::Refused { .. });
    let number = truth(&paused).0.iter().find(is_refused).expect("refused while paused").number;
    let told = account(&paused, Question::Decision(number));
    let Checks::Failed { reason, nearest: None } = told.checks else { panic!("{told:?}") };
    assert_eq!(reason.to_string(), "entries are paused");
    assert!(told.lines.iter().all(|line| !line.text.contains("order refused")), "said once: {:?}", told.lines);

    scenario.settings.min_trade_size = support::money("123456.789");
    let small = journal(&scenario);
    let told = account(&small, Question::Last);
    let Checks::Failed { nearest: Some(nearest), .. } = told.checks else { panic!("{told:?}") };
    let price = told.decision.price.expect("a price");
    let context = OrderContext { reference: price, open_orders: 0, open_trigger_orders: 0 };
    let kind = OrderKind::Market { quantity: nearest.quantity };
    let rules = &scenario.rules[told.decision.symbol.index()];
    assert_eq!(rules.check(Side::Buy, kind, context), Ok(()));
    let worth = nearest.worth.expect("a worth").to_f64();
    assert!(worth >= 123_456.789 && worth < 123_456.789 + 2.0 * price.to_f64() * rules.lot.step.to_f64(), "{worth}");
}

#[test]
fn the_log_of_switches_holds_what_stopped_trading_and_what_let_it_go_on() {
    let journal = journal(&scenario(StrategyName::Auto));
    let Explanation::Switches(lines) = asked(&journal, Question::Switches) else { panic!("a log") };
    let at = |part: &str| lines.iter().find(|line| line.text.contains(part)).map(|line| line.time);
    assert_eq!(at("done: pause entries"), Some(minute(400)));
    assert_eq!(at("done: resume entries"), Some(minute(500)));
    let (stale, fresh) = (at("entries are blocked"), at("entries are allowed"));
    assert!(stale > Some(minute(700)) && stale < fresh && fresh > Some(minute(730)), "{stale:?} {fresh:?}");
    assert!(lines.is_sorted_by_key(|line| line.time));
    assert!(lines.iter().all(|line| matches!(line.what, What::Notice)));
}

#[test]
fn a_run_with_a_screen_keeps_the_newest_decision_of_each_symbol_and_decides_the_same() {
    let journal = journal(&scenario(StrategyName::Trend));
    let (decisions, _) = truth(&journal);
    let run = |is_watched: bool| {
        let mut run: Option<Run> = None;
        for line in &journal {
            let JournalRecord::Input(stamped) = serde_json::from_str(line).expect("a record") else { continue };
            match (&mut run, stamped.input) {
                (Some(run), input) => run.step(stamped.now, &input).expect("no journal"),
                (empty @ None, Input::Start(start)) => {
                    let run = empty.insert(Run::begin(stamped.now, *start, None).expect("no journal"));
                    if is_watched {
                        run.keep_history();
                    }
                }
                (None, _) => panic!("no start"),
            }
        }
        run.expect("a start")
    };
    let (watched, unseen) = (run(true), run(false));
    let kept = watched.snapshot().history.considered.clone();
    for (at, kept) in kept.iter().enumerate() {
        let newest = decisions.iter().rfind(|decision| decision.symbol.index() == at);
        assert_eq!(kept.as_deref(), newest);
    }
    assert_eq!(kept.len(), 2);
    assert_eq!(watched.engine().state_hash(), unseen.engine().state_hash());
    assert!(unseen.snapshot().history.considered.is_empty());
}

fn write(journal: &[String], path: &Path) {
    let mut writer = JournalWriter::create(path).expect("create");
    journal.iter().for_each(|line| writer.append(line).expect("append"));
    writer.close().expect("close");
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = kestrel(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

#[test]
fn people_read_it_at_80_columns_and_scripts_as_one_object() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let journal = journal(&scenario(StrategyName::Trend));
    write(&journal, &folder.join("home/journal/demo.journal"));
    let (decisions, orders) = truth(&journal);
    let enter = decisions.iter().find(|decision| decision.verdict.bought().is_some()).expect("an entry");
    let number = enter.number.to_string();

    let read = text(folder, &["explain", &number]);
    let shown = read.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        format!("#{number} {}", ["AAAUSDT", "BBBUSDT"][enter.symbol.index()]),
        enter.verdict.to_string(),
        enter.signal.reason.to_string(),
        "no-trade band 0.10".to_owned(),
        "10.5 bp a side".to_owned(),
        "BUY MARKET".to_owned(),
        "the protection is armed".to_owned(),
    ] {
        assert!(shown.contains(&part), "{part}: {read}");
    }
    assert_eq!(read, text(folder, &["explain", &format!("#{number}"), "--journal", "home/journal/demo.journal"]));

    let told_json = told(folder, &["explain", &number]);
    let decision = &told_json["decisions"][0];
    assert_eq!(decision["number"], enter.number);
    assert_eq!(decision["time"], enter.time.millis());
    assert_eq!((decision["verdict"].as_str(), told_json["complete"].as_bool()), (Some("enter"), Some(true)));
    let first_fill = decision["timeline"].as_array().expect("lines").iter().find(|line| line["what"] == "fill");
    assert_eq!(first_fill.expect("a fill")["fill"]["side"], "BUY");

    let id = orders[0].to_string();
    assert!(text(folder, &["explain", &id]).starts_with(&format!("Order {id}, ")));
    assert_eq!(told(folder, &["explain", &id])["order"]["id"], id);
    assert!(text(folder, &["explain", "switches"]).contains("done: pause entries"));
    assert!(told(folder, &["explain", "switches"])["switches"].as_array().is_some_and(|log| log.len() > 1));
    let at = told(folder, &["explain", "2023-07-01T02:00", "--symbol", "bbbusdt"]);
    assert_eq!((at["decisions"].as_array().map(Vec::len), &at["decisions"][0]["symbol"]), (Some(1), &"BBBUSDT".into()));
}

#[test]
fn what_cannot_be_explained_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fails(folder, &["explain", "last"], 3, &["there is no journal", "--journal"]);
    fails(folder, &["explain", "last", "--journal", "x.journal"], 3, &["x.journal", "no such journal"]);
    let journal = journal(&scenario(StrategyName::Trend));
    write(&journal, &folder.join("home/journal/demo.journal"));
    let prefix = truth(&journal).1[0].to_string();
    let prefix = prefix.trim_end_matches(|last: char| last != '-');
    for (arguments, status, parts) in [
        (&["k-none"][..], 3, &["no order k-none", prefix][..]),
        (&[prefix], 2, &["begins the names of", "in full"]),
        (&["99999"], 3, &["decision #99999", "#1 to #2340"]),
        (&["2023-06-30"], 3, &["before the first decision", "2023-07-01 00:00:59 UTC"]),
        (&["2023-07-03"], 3, &["after the last decision", "2023-07-01 19:59:59 UTC"]),
        (&["lst"], 2, &["lst", "allowed is"]),
        (&[], 2, &["WHAT"]),
        (&["last", "--symbol", "CCCUSDT"], 3, &["CCCUSDT", "AAAUSDT, BBBUSDT"]),
        (&["1", "--symbol", "BBBUSDT"], 2, &["decision #1 is of AAAUSDT"]),
    ] {
        fails(folder, &[&["explain"], arguments].concat(), status, parts);
    }

    let other_end = journal.last().expect("an end").replace(r#""inputs":"#, r#""inputs":1"#);
    let whole = journal.len() - 1;
    write(&[&journal[..whole], &[other_end]].concat(), &folder.join("other.journal"));
    fails(folder, &["explain", "1", "--journal", "other.journal"], 3, &["other.journal", "the replay differs"]);
    write(&journal[..whole], &folder.join("cut.journal"));
    let output = kestrel(folder, &["explain", "1", "--journal", "cut.journal", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("was cut off"));
    let cut: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(cut["complete"], false);
    write(&journal[..1], &folder.join("empty.journal"));
    let output = kestrel(folder, &["explain", "last", "--journal", "empty.journal"]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(3), true));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no decision yet"));
}

#[test]
fn a_backtest_leaves_a_journal_that_is_explained_and_replayed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let ran = told(folder, &["backtest", "--bars", "1500", "--journal", "b.journal"]);
    let replayed = told(folder, &["replay", "b.journal"]);
    assert_eq!((&ran["state_hash"], &ran["fees"]), (&replayed["state_hash"], &replayed["fees"]));
    let last = told(folder, &["explain", "last", "--journal", "b.journal"]);
    assert_ne!(last["decisions"][0]["verdict"], "nothing");
}
