//! Every key of the table does what its text says.

use std::sync::Arc;

use kestrel::domain::{ClientOrderId, Command};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Notice, Snapshot};
use kestrel::tui::action::Action;
use kestrel::tui::backtest::{Ground, Page, PaidIn, Stage};
use kestrel::tui::editor::Setting;
use kestrel::tui::keymap::{Binding, Key, Place, TABLE, digit};
use kestrel::tui::message::{Ask, Change, Message, Reply};
use kestrel::tui::model::{Model, Panel, Popup};
use kestrel::tui::text::ENGLISH;
use kestrel::tui::update::update;
use kestrel::tui::vitals::{Market, RunState};

use super::fixture::{finished, model, press, running, snapshot, text_of, type_in, vitals};

const WIDE: (u16, u16) = (120, 40);

/// A model in which the keys of a place count, and every action has something to act on.
fn at(place: Place) -> Model {
    let mut model = model(WIDE.0, WIDE.1);
    let mut state = snapshot();
    // Two symbols with candles, enough rows to scroll.
    let history = Arc::make_mut(&mut state.history);
    history.candles[1] = Arc::clone(&history.candles[0]);
    let row = history.fills.back().cloned().expect("a fill");
    history.fills.extend(std::iter::repeat_n(row, 40));
    update(&mut model, Message::Snapshot(Arc::new(state)));
    match place {
        Place::Panels => model.focus = Panel::Fills,
        Place::Question => model.popup = Some(Popup::Quit),
        Place::List => model.popup = Some(Popup::Strategies { selected: 2 }),
        Place::Help => model.popup = Some(Popup::Help { scroll: 5 }),
        Place::Editor => _ = press(&mut model, &[Key::Char('i')]),
        Place::Backtest => _ = press(&mut model, &[Key::Char('b')]),
        Place::Ended => end(&mut model),
    }
    model
}

/// The backtest goes on to this stage.
fn stage(model: &mut Model, stage: Stage) {
    let mut state = vitals();
    state.backtest.stage = stage;
    update(model, Message::Vitals(Arc::new(state)));
}

fn end(model: &mut Model) {
    let mut state = vitals();
    state.run = RunState::Finished;
    update(model, Message::Vitals(Arc::new(state)));
}

#[test]
fn every_key_does_what_its_text_says() {
    for binding in TABLE {
        for key in binding.keys {
            let mut model = at(binding.place);
            if binding.place == Place::Panels
                && matches!(binding.action, Action::Right | Action::Down | Action::PageDown | Action::Last)
            {
                model.scroll = [20; Panel::ALL.len()];
            }
            if matches!(binding.action, Action::PreviousSymbol) {
                model.symbol = 1;
            }
            if matches!(binding.action, Action::ShorterCandles) {
                model.candle = 1;
            }
            if matches!(binding.action, Action::Left | Action::Right) {
                model.focus = Panel::Chart;
            }
            match binding.action {
                Action::CancelBacktest => stage(&mut model, running()),
                Action::Report => stage(&mut model, finished(Page::None)),
                _ => {}
            }
            let before = model.clone();
            let ask = press(&mut model, &[*key]);
            check(binding, *key, &before, &model, ask.as_ref());
        }
    }
}

fn check(binding: &Binding, key: Key, before: &Model, after: &Model, ask: Option<&Ask>) {
    let told = format!("{:?} {key:?} {:?}: {ask:?}", binding.place, binding.action);
    let panel = before.focus;
    let (was, is) = (before.scrolled(panel), after.scrolled(panel));
    let held = match (binding.place, binding.action) {
        (Place::Panels, Action::Pause) => ask == Some(&Ask::Command(Command::Pause)),
        (Place::Panels, Action::Strategies) => {
            matches!(after.popup, Some(Popup::Strategies { selected }) if StrategyName::ALL[selected] == StrategyName::Trend)
        }
        (Place::Panels, Action::EditSettings) => {
            matches!(&after.popup, Some(Popup::Editor(editor)) if editor.setting == Setting::Invest)
        }
        (Place::Panels, Action::Undo) => {
            after.toast.as_ref().is_some_and(|toast| toast.text.contains("nothing to undo"))
        }
        (Place::Panels, Action::Flatten) => matches!(after.popup, Some(Popup::Flatten)),
        (Place::Panels, Action::CancelOrder) => {
            matches!(&after.popup, Some(Popup::Cancel(order)) if order.client_id.text() == "k-1-4")
        }
        (Place::Panels, Action::Pin) => ask == Some(&Ask::Command(Command::SwitchStrategy("auto".to_owned()))),
        (Place::Panels, Action::Halt) => ask == Some(&Ask::Command(Command::Halt)),
        (Place::Panels, Action::Rearm) => {
            ask.is_none() && after.toast.as_ref().is_some_and(|toast| toast.text.contains("nothing is halted"))
        }
        (Place::Panels, Action::Models) => matches!(after.popup, Some(Popup::Models { scroll: 0 })),
        (Place::Panels, Action::Help) => matches!(after.popup, Some(Popup::Help { scroll: 0 })),
        (Place::Panels, Action::Zoom) => after.zoomed && !before.zoomed,
        (Place::Panels, Action::NextPanel) => after.focus == Panel::Strategies,
        (Place::Panels, Action::PreviousPanel) => after.focus == Panel::Orders,
        (Place::Panels, Action::GoTo) => digit(key).map(|at| Panel::ALL[at]) == Some(after.focus),
        // Fills scroll back from the newest.
        (Place::Panels, Action::Up) => is == was + 1,
        (Place::Panels, Action::Down) => is == was - 1,
        (Place::Panels, Action::Left) => is == was + 1,
        (Place::Panels, Action::Right) => is == was - 1,
        (Place::Panels, Action::PageUp) => is > was + 1,
        (Place::Panels, Action::PageDown) => is + 1 < was,
        (Place::Panels, Action::First) => is == 42,
        (Place::Panels, Action::Last) => is == 0,
        (Place::Panels, Action::LongerCandles) => after.candle == before.candle + 1,
        (Place::Panels, Action::ShorterCandles) => after.candle + 1 == before.candle,
        (Place::Panels, Action::NextSymbol) => after.symbol == 1,
        (Place::Panels, Action::PreviousSymbol) => after.symbol == 0,
        // Means something after the end only.
        (Place::Panels, Action::Confirm) => ask.is_none() && after.popup.is_none(),
        (Place::Panels, Action::Quit) => matches!(after.popup, Some(Popup::Quit)) && ask.is_none(),
        (Place::Panels, Action::Backtest) => matches!(after.popup, Some(Popup::Backtest)),
        (Place::Backtest, Action::Confirm) => ask == Some(&Ask::Backtest { minutes: 44_640 }),
        (Place::Backtest, Action::CancelBacktest) => ask == Some(&Ask::CancelBacktest),
        (Place::Backtest, Action::Report) => ask == Some(&Ask::BacktestReport),
        (Place::Backtest, Action::Up) => after.backtest_length == before.backtest_length + 1,
        (Place::Backtest, Action::Down) => after.backtest_length + 1 == before.backtest_length,
        (Place::Question, Action::Confirm) => ask == Some(&Ask::Quit) && after.popup.is_none(),
        (Place::Question, Action::Close) => ask.is_none() && after.popup.is_none(),
        (Place::List, Action::Up) => matches!(after.popup, Some(Popup::Strategies { selected: 1 })),
        (Place::List, Action::Down) => matches!(after.popup, Some(Popup::Strategies { selected: 3 })),
        (Place::List, Action::Confirm) => ask == Some(&Ask::Command(Command::SwitchStrategy("reversal".to_owned()))),
        // From row 5.
        (Place::Help, Action::Up) => matches!(after.popup, Some(Popup::Help { scroll: 4 })),
        (Place::Help, Action::Down) => matches!(after.popup, Some(Popup::Help { scroll: 6 })),
        (Place::Help, Action::PageUp) => matches!(after.popup, Some(Popup::Help { scroll: 0 })),
        (Place::Help, Action::PageDown) => matches!(after.popup, Some(Popup::Help { scroll: 37 })),
        (Place::List | Place::Help | Place::Editor | Place::Backtest | Place::Ended, Action::Close) => {
            ask.is_none() && after.popup.is_none()
        }
        (Place::Editor, Action::Up) => {
            matches!(&after.popup, Some(Popup::Editor(e)) if e.setting == Setting::ExecutionMinutes)
        }
        (Place::Editor, Action::Down) => {
            matches!(&after.popup, Some(Popup::Editor(e)) if e.setting == Setting::StopLoss)
        }
        // Nothing was changed, so nothing is written.
        (Place::Editor, Action::Confirm) => ask.is_none() && after.popup.is_none(),
        (Place::Ended, Action::Confirm) => ask == Some(&Ask::Again),
        (Place::Ended, Action::GoOn) => ask == Some(&Ask::GoOn),
        (Place::Ended, Action::Quit) => ask == Some(&Ask::Quit),
        (_, _) => panic!("no check for {told}"),
    };
    assert!(held, "{told}");
}

#[test]
fn no_key_stands_twice_in_a_place_and_no_help_is_cut() {
    for (at, binding) in TABLE.iter().enumerate() {
        for other in &TABLE[at + 1..] {
            let same = binding.place == other.place && binding.keys.iter().any(|key| other.keys.contains(key));
            assert!(!same, "{binding:?} and {other:?}");
        }
        // The help takes the whole smallest window: nothing is cut there.
        let help = (binding.help)(&ENGLISH).len();
        assert!(help <= 55 && binding.names().chars().count() < 21, "{binding:?}");
    }
}

#[test]
fn pausing_takes_one_key_and_resuming_two() {
    let mut model = changed(|snapshot| snapshot.paused = true);
    assert_eq!(press(&mut model, &[Key::Char('p')]), None);
    assert_eq!(press(&mut model, &[Key::Esc]), None);
    assert_eq!(press(&mut model, &[Key::Char('p'), Key::Enter]), Some(Ask::Command(Command::Resume)));
}

#[test]
fn flatten_and_the_cancel_of_a_protection_ask_first() {
    let mut model = model(WIDE.0, WIDE.1);
    assert_eq!(press(&mut model, &[Key::Char('x')]), None);
    assert_eq!(press(&mut model, &[Key::Enter]), Some(Ask::Command(Command::Flatten)));
    assert_eq!(press(&mut model, &[Key::Char('6'), Key::Down, Key::Char('c')]), None);
    let stop = ClientOrderId::from("k-1-5");
    assert_eq!(press(&mut model, &[Key::Enter]), Some(Ask::Command(Command::Cancel(stop))));
}

#[test]
fn the_cursor_stays_on_its_order_while_others_go() {
    let mut model = model(WIDE.0, WIDE.1);
    press(&mut model, &[Key::Char('6'), Key::Down]);
    let mut state = snapshot();
    state.orders.remove(0);
    update(&mut model, Message::Snapshot(Arc::new(state)));
    assert_eq!(model.selected_order().map(|order| order.client_id.to_string()), Some("k-1-5".to_owned()));
}

#[test]
fn after_the_end_enter_offers_again_how_to_go_on() {
    let mut model = model(WIDE.0, WIDE.1);
    press(&mut model, &[Key::Char('i')]);
    end(&mut model);
    assert!(matches!(model.popup, Some(Popup::Editor(_))), "what is open stays open");
    press(&mut model, &[Key::Esc]);
    assert_eq!(press(&mut model, &[Key::Enter]), None);
    assert!(matches!(model.popup, Some(Popup::Ended)));
}

#[test]
fn a_run_that_began_and_ended_unseen_is_told_too() {
    let mut model = model(WIDE.0, WIDE.1);
    end(&mut model);
    press(&mut model, &[Key::Enter]);
    assert!(model.popup.is_none());
    let mut state = vitals();
    (state.run, state.runs) = (RunState::Finished, 2);
    update(&mut model, Message::Vitals(Arc::new(state)));
    assert!(matches!(model.popup, Some(Popup::Ended)));
}

#[test]
fn a_window_too_small_to_read_takes_no_key_that_must_be_read_first() {
    let mut model = model(40, 10);
    for key in [Key::Char('x'), Key::Enter, Key::Char('q'), Key::Enter, Key::Char('c'), Key::Enter] {
        assert_eq!(press(&mut model, &[key]), None, "{key:?}");
    }
    assert_eq!(press(&mut model, &[Key::Char('p')]), Some(Ask::Command(Command::Pause)));
    assert_eq!(press(&mut model, &[Key::Ctrl('c')]), Some(Ask::Quit));
}

#[test]
fn two_quick_undos_undo_two_changes_and_a_failed_one_can_be_tried_again() {
    let mut model = model(WIDE.0, WIDE.1);
    let change = |before, after| vec![Change { setting: Setting::Invest, before, after }];
    for (before, after) in [(25.0, 30.0), (30.0, 35.0)] {
        let file = "config.json".to_owned();
        update(&mut model, Message::Reply(Reply::Saved { changes: change(before, after), undo: false, file }));
    }
    assert_eq!(press(&mut model, &[Key::Char('z')]), Some(Ask::Save { changes: change(35.0, 30.0), undo: true }));
    assert_eq!(press(&mut model, &[Key::Char('z')]), Some(Ask::Save { changes: change(30.0, 25.0), undo: true }));
    let sentence = "the disk is full".to_owned();
    update(&mut model, Message::Reply(Reply::NotSaved { changes: change(30.0, 25.0), undo: true, sentence }));
    assert_eq!(press(&mut model, &[Key::Char('z')]), Some(Ask::Save { changes: change(30.0, 25.0), undo: true }));
}

#[test]
fn quitting_asks_only_while_something_is_held() {
    let mut flat = changed(|snapshot| {
        snapshot.orders.clear();
        snapshot.symbols.remove(0);
    });
    assert_eq!(press(&mut flat, &[Key::Char('x')]), None, "nothing to flatten");
    assert!(flat.popup.is_none());
    assert_eq!(press(&mut flat, &[Key::Char('q')]), Some(Ask::Quit));
    assert_eq!(press(&mut model(WIDE.0, WIDE.1), &[Key::Char('q')]), None);
}

#[test]
fn an_edit_is_checked_saved_and_undone() {
    let mut model = model(WIDE.0, WIDE.1);
    press(&mut model, &[Key::Char('i'), Key::Ctrl('u')]);
    // A comma is read as a point, and what is typed in one field stays while another is edited.
    type_in(&mut model, "40,5");
    press(&mut model, &[Key::Down, Key::Ctrl('u')]);
    type_in(&mut model, "1");
    let changes = vec![
        Change { setting: Setting::Invest, before: 25.0, after: 40.5 },
        Change { setting: Setting::StopLoss, before: 2.0, after: 1.0 },
    ];
    assert_eq!(press(&mut model, &[Key::Enter]), Some(Ask::Save { changes: changes.clone(), undo: false }));
    assert_eq!(press(&mut model, &[Key::Enter]), None, "once is enough");
    // A save that fails leaves what was typed.
    let sentence = "the disk is full".to_owned();
    update(&mut model, Message::Reply(Reply::NotSaved { changes: changes.clone(), undo: false, sentence }));
    let Some(Popup::Editor(editor)) = &model.popup else { panic!("the editor is gone") };
    assert_eq!(editor.error.as_deref(), Some("not saved: the disk is full"));
    assert_eq!(editor.input(Setting::Invest).value(), "40.5");
    let reply = Reply::Saved { changes: changes.clone(), undo: false, file: "config.json".to_owned() };
    update(&mut model, Message::Reply(reply));
    assert!(model.popup.is_none());
    let back: Vec<Change> =
        changes.iter().map(|change| Change { before: change.after, after: change.before, ..*change }).collect();
    assert_eq!(press(&mut model, &[Key::Char('z')]), Some(Ask::Save { changes: back.clone(), undo: true }));
    update(&mut model, Message::Reply(Reply::Saved { changes: back, undo: true, file: "config.json".to_owned() }));
    assert_eq!(press(&mut model, &[Key::Char('z')]), None);

    for (text, setting) in
        [("", 0), ("-", 0), ("ten", 0), ("1.2.3", 0), ("101", 0), ("-1", 0), ("100", 1), ("10001", 2), ("2.5", 8)]
    {
        press(&mut model, &[Key::Char('i')]);
        press(&mut model, &vec![Key::Down; setting]);
        press(&mut model, &[Key::Ctrl('u')]);
        type_in(&mut model, text);
        assert_eq!(press(&mut model, &[Key::Enter]), None, "{text}");
        let Some(Popup::Editor(editor)) = &model.popup else { panic!("{text}: the editor is gone") };
        assert!(editor.error.is_some(), "{text}");
        press(&mut model, &[Key::Esc]);
    }
}

#[test]
fn the_engine_s_answers_are_shown_once() {
    let answer = |notice: Notice, replied| {
        move |snapshot: &mut Snapshot| {
            let history = Arc::make_mut(&mut snapshot.history);
            history.replies.push_back((snapshot.now, notice));
            history.replied = replied;
        }
    };
    let refused = Notice::CommandRefused { command: Command::Resume, reason: "the venue is closed".to_owned() };
    let mut model = changed(answer(refused.clone(), 1));
    assert!(model.toast.as_ref().is_some_and(|toast| toast.text.contains("the venue is closed")));
    model.toast = None;
    let mut same = snapshot();
    answer(refused, 1)(&mut same);
    update(&mut model, Message::Snapshot(Arc::new(same)));
    assert_eq!(model.toast, None);
}

#[test]
fn passing_sentences_pass() {
    let mut model = model(WIDE.0, WIDE.1);
    press(&mut model, &[Key::Char('z')]);
    assert!(model.toast.is_some());
    for _ in 0..kestrel::tui::model::TOAST_SECONDS {
        update(&mut model, Message::Tick);
    }
    assert_eq!(model.toast, None);
}

#[test]
fn one_backtest_at_a_time_and_a_report_only_of_a_result() {
    let mut model = model(WIDE.0, WIDE.1);
    press(&mut model, &[Key::Char('b')]);
    assert_eq!(press(&mut model, &[Key::Char('x')]), None, "nothing runs");
    assert_eq!(press(&mut model, &[Key::Char('o')]), None, "nothing was tested");
    stage(&mut model, running());
    for key in [Key::Enter, Key::Char('o'), Key::Char('+'), Key::Down] {
        assert_eq!(press(&mut model, &[key]), None, "{key:?} while one runs");
    }
    assert_eq!(model.backtest_length, 1);
    stage(&mut model, finished(Page::None));
    press(&mut model, &[Key::Up, Key::Up, Key::Up, Key::Up, Key::Up]);
    assert_eq!(press(&mut model, &[Key::Enter]), Some(Ask::Backtest { minutes: 2_102_400 }));
    press(&mut model, &[Key::Down; 9]);
    assert_eq!(press(&mut model, &[Key::Enter]), Some(Ask::Backtest { minutes: 10_080 }));
}

#[test]
fn a_recording_is_tested_whole() {
    let mut model = model(WIDE.0, WIDE.1);
    let mut state = vitals();
    let market = Market::Files(vec!["july.parquet".to_owned()]);
    state.backtest.plan.ground = Ground::Recorded { market, bars: 44_640 };
    update(&mut model, Message::Vitals(Arc::new(state)));
    press(&mut model, &[Key::Char('b'), Key::Char('+')]);
    assert_eq!(model.backtest_length, 1);
    let text = text_of(&model);
    assert!(text.contains("recorded: july.parquet") && text.contains("44,640 bars, 10,000.00"), "{text}");
    assert!(text.contains("This is the past") && !text.contains("invented"), "{text}");
}

#[test]
fn a_backtest_goes_on_when_its_popup_is_closed_and_its_end_is_told() {
    let mut model = model(80, 24);
    press(&mut model, &[Key::Char('b')]);
    stage(&mut model, running());
    assert_eq!(press(&mut model, &[Key::Esc]), None, "it goes on");
    assert!(text_of(&model).contains("b backtest 43 %"), "{}", text_of(&model));
    stage(&mut model, finished(Page::None));
    assert!(model.toast.as_ref().is_some_and(|toast| toast.text.contains("the backtest is done")));
    assert!(!text_of(&model).contains("43 %"));
    model.toast = None;
    stage(&mut model, running());
    stage(&mut model, Stage::Cancelled);
    assert_eq!(model.toast, None, "who cancels knows it");
    press(&mut model, &[Key::Char('b')]);
    stage(&mut model, running());
    stage(&mut model, finished(Page::None));
    assert_eq!(model.toast, None, "the popup shows it");
}

#[test]
fn figures_of_other_settings_are_marked() {
    let mut model = model(80, 24);
    stage(&mut model, finished(Page::None));
    press(&mut model, &[Key::Char('b')]);
    assert!(!text_of(&model).contains("have changed since"));
    let mut state = vitals();
    state.backtest.stage = finished(Page::None);
    state.backtest.plan.settings.invest = kestrel::domain::Ratio::ONE;
    update(&mut model, Message::Vitals(Arc::new(state)));
    assert!(text_of(&model).contains("have changed since"));
}

#[test]
fn figures_of_another_length_are_marked() {
    let mut model = model(80, 24);
    stage(&mut model, finished(Page::None));
    press(&mut model, &[Key::Char('b')]);
    assert!(!text_of(&model).contains("another length"));
    press(&mut model, &[Key::Char('+')]);
    assert!(text_of(&model).contains("of another length: 89,280 bars"), "{}", text_of(&model));
    press(&mut model, &[Key::Char('-')]);
    assert!(!text_of(&model).contains("another length"));
    // A recording has one length.
    let mut state = vitals();
    state.backtest.stage = finished(Page::None);
    let market = Market::Files(vec!["july.parquet".to_owned()]);
    state.backtest.plan.ground = Ground::Recorded { market, bars: 7 };
    update(&mut model, Message::Vitals(Arc::new(state)));
    assert!(!text_of(&model).contains("another length"));
}

#[test]
fn every_cost_that_is_on_stands_in_the_backtest() {
    let mut model = model(80, 24);
    let mut state = vitals();
    let charges = &mut state.backtest.plan.charges;
    let ratio = |text: &str| text.parse::<kestrel::domain::Ratio>().expect("a ratio");
    (charges.impact, charges.participation) = (Some(ratio("1")), Some(ratio("0.05")));
    (charges.markout, charges.latency_ms, charges.paid_in) = (ratio("0.0002"), 150, PaidIn::Bnb);
    update(&mut model, Message::Vitals(Arc::new(state)));
    press(&mut model, &[Key::Char('b')]);
    // Rows are wrapped between words; the popup has a border.
    let text: Vec<String> =
        text_of(&model).lines().filter_map(|line| Some(line.split('║').nth(1)?.trim().to_owned())).collect();
    let text = text.join(" ");
    for part in ["impact 1;", "at most 5 % of a minute's volume", "markout 0.02 %", "latency 150 ms", "fees in BNB"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn changed(change: impl FnOnce(&mut Snapshot)) -> Model {
    let mut model = model(WIDE.0, WIDE.1);
    let mut state = snapshot();
    change(&mut state);
    update(&mut model, Message::Snapshot(Arc::new(state)));
    model
}
