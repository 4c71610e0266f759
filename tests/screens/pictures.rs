//! Pictures of the whole screen and of every popup. A difference is shown; `INSTA_UPDATE=always` takes it over.

use std::sync::Arc;

use kestrel::domain::Value;
use kestrel::engine::Snapshot;
use kestrel::engine::notice::HaltReason;
use kestrel::tui::backtest::{Pace, Page, Stage};
use kestrel::tui::keymap::Key;
use kestrel::tui::message::Message;
use kestrel::tui::model::{Model, Panel};
use kestrel::tui::models::Library;
use kestrel::tui::text::ENGLISH;
use kestrel::tui::update::update;
use kestrel::tui::vitals::{Link, RunState, Vitals};

use super::fixture::{crash, finished, model, models, press, running, snapshot, text_of, type_in, vitals, with_models};

fn assert_picture(name: &str, model: &Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("pictures");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text_of(model)));
}

#[test]
fn the_whole_screen_at_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut model = model(width, height);
        assert_picture(&format!("screen_{width}x{height}"), &model);
        // The first key takes the hint away.
        press(&mut model, &[Key::Tab]);
        assert!(!text_of(&model).contains("no real money"));
    }
}

#[test]
fn every_panel_zoomed() {
    for (at, panel) in Panel::ALL.into_iter().enumerate() {
        let mut model = model(80, 24);
        press(&mut model, &[Key::Char(char::from(b'0' + ((at + 1) % 10) as u8)), Key::Char('e')]);
        assert_eq!(model.focus, panel);
        assert_picture(&format!("zoom_{panel:?}"), &model);
    }
}

#[test]
fn models_at_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut model = model(width, height);
        press(&mut model, &[Key::Char('m')]);
        assert_picture(&format!("models_none_{width}x{height}"), &model);
        update(&mut model, Message::Vitals(Arc::new(Vitals { models: models(), ..vitals() })));
        update(&mut model, Message::Snapshot(Arc::new(with_models())));
        assert_picture(&format!("models_{width}x{height}"), &model);
        press(&mut model, &[Key::Esc, Key::Char('s')]);
        assert!(text_of(&model).contains("challenger; "), "the list of strategies knows them");
    }
}

#[test]
fn the_text_about_models_scrolls_to_its_end_and_no_further() {
    let mut model = model(80, 24);
    let mut many = models();
    many.seats[0].verdict = "a long verdict that fills its line, ".repeat(40);
    many.library = Some(Library { sentence: "ONNX Runtime is missing.".into(), works: false });
    update(&mut model, Message::Vitals(Arc::new(Vitals { models: many, ..vitals() })));
    press(&mut model, &[Key::Char('m')]);
    assert!(!text_of(&model).contains("GRU"), "the end is out of sight");
    press(&mut model, &[Key::PageDown; 9]);
    assert!(text_of(&model).contains("GRU"), "{}", text_of(&model));
    press(&mut model, &[Key::PageUp; 9]);
    assert!(text_of(&model).contains("ONNX Runtime is missing."));
    press(&mut model, &[Key::Esc]);
    assert!(model.popup.is_none());
}

#[test]
fn a_crash_at_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut model = model(width, height);
        update(&mut model, Message::Snapshot(Arc::new(crash())));
        press(&mut model, &[Key::Char('0')]);
        assert_picture(&format!("crash_{width}x{height}"), &model);
        press(&mut model, &[Key::Char('8')]);
        assert_picture(&format!("crash_strategy_{width}x{height}"), &model);
        press(&mut model, &[Key::Char('e')]);
        assert_picture(&format!("crash_strategy_zoomed_{width}x{height}"), &model);
        press(&mut model, &[Key::Char('0')]);
        assert_picture(&format!("crash_zoomed_{width}x{height}"), &model);
        press(&mut model, &[Key::Char('r')]);
        assert_picture(&format!("popup_rearm_{width}x{height}"), &model);
    }
}

#[test]
fn every_popup() {
    let open = |keys: &[Key]| {
        let mut model = model(80, 24);
        press(&mut model, keys);
        assert!(model.popup.is_some());
        model
    };
    assert_picture("popup_flatten", &open(&[Key::Char('x')]));
    assert_picture("popup_cancel", &open(&[Key::Char('c')]));
    assert_picture("popup_quit", &open(&[Key::Char('q')]));
    assert_picture("popup_strategies", &open(&[Key::Char('s'), Key::Down]));
    assert_picture("popup_help", &open(&[Key::Char('?')]));
    assert_picture("popup_editor", &open(&[Key::Char('i')]));
    let mut edited = open(&[Key::Char('i'), Key::Ctrl('u')]);
    type_in(&mut edited, "40");
    assert_picture("popup_editor_40", &edited);
    let mut wrong = open(&[Key::Char('i'), Key::Ctrl('u')]);
    type_in(&mut wrong, "250");
    press(&mut wrong, &[Key::Enter]);
    assert_picture("popup_editor_refused", &wrong);
    assert_picture("popup_editor_urgency", &open(&[Key::Char('i'), Key::Up, Key::Up]));
    assert_picture("popup_editor_stop", &open(&[Key::Char('i'), Key::Down]));

    let mut paused = with(|snapshot| snapshot.paused = true);
    press(&mut paused, &[Key::Char('p')]);
    assert_picture("popup_resume", &paused);
    assert_picture("popup_ended", &with_vitals(|vitals| vitals.run = RunState::Finished));
    let failed = RunState::Failed("the connection to the venue is gone".to_owned());
    assert_picture("popup_failed", &with_vitals(|vitals| vitals.run = failed.clone()));
}

#[test]
fn the_backtest_in_its_stages() {
    let path =
        "/a/folder/that/has/a/rather/long/name/so/that/it/does/not/fit/kestrel/journal/demo.backtest.html".to_owned();
    let gone = "klines/BTCUSDT.parquet: cannot be read (No such file or directory); check the path".to_owned();
    let stages = [
        ("idle", Stage::Idle),
        ("running", running()),
        ("measuring", Stage::Running(Pace::of(89_280, 89_280, 0.05, true))),
        ("finished", finished(Page::None)),
        ("written", finished(Page::Written { path, opened: false })),
        ("failed", Stage::Failed(gone)),
        ("cancelled", Stage::Cancelled),
    ];
    for (name, stage) in stages {
        for (width, height) in [(80, 24), (120, 40)] {
            let mut model = model(width, height);
            let mut state = vitals();
            state.backtest.stage = stage.clone();
            update(&mut model, Message::Vitals(Arc::new(state)));
            press(&mut model, &[Key::Char('b')]);
            assert_picture(&format!("backtest_{name}_{width}x{height}"), &model);
        }
    }
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let cases: [(&str, Model); 5] = [
        ("HALTED", with(|snapshot| snapshot.halted = Some(HaltReason::BooksDiffer))),
        ("PAUSED", with(|snapshot| snapshot.paused = true)),
        ("link down", with_vitals(|vitals| vitals.link = Link::Down { why: "refused".to_owned() })),
        (
            "key `invest_percent` is 250",
            with_vitals(|vitals| {
                vitals.settings_problem = Some("config.json: key `invest_percent` is 250".to_owned());
            }),
        ),
        ("NO STOP AT THE VENUE", with(|snapshot| snapshot.symbols[0].unprotected = true)),
    ];
    for (words, model) in cases {
        assert!(text_of(&model).contains(words), "{words}");
    }
}

#[test]
fn before_the_first_snapshot_every_panel_says_why_it_is_empty() {
    let model = Model::new(&ENGLISH, Arc::new(vitals()), (120, 40));
    assert_picture("waiting_120x40", &model);
}

#[test]
fn a_window_that_is_too_small_gets_one_sentence() {
    assert_picture("small_79x23", &model(79, 23));
    for (width, height) in [(0, 0), (1, 1), (79, 24), (80, 23)] {
        let text = text_of(&model(width, height));
        assert!(!text.contains("Balances"), "{width}x{height}");
    }
}

#[test]
fn numbers_are_dropped_whole_not_cut() {
    // Nine digits before the point: no room beside the other items at 80 columns.
    let large = with(|snapshot| {
        snapshot.equity = Value(snapshot.equity.0 * 12_345);
        snapshot.day_pnl = Value(-snapshot.equity.0 / 3);
    });
    let first = text_of(&large).lines().next().expect("a status bar").to_owned();
    assert!(first.contains("equity 123,602,407.41"), "{first}");
    assert!(!first.contains("memory"), "{first}");
}

/// A model whose snapshot was changed.
fn with(change: impl FnOnce(&mut Snapshot)) -> Model {
    let mut model = model(80, 24);
    let mut state = snapshot();
    change(&mut state);
    update(&mut model, Message::Snapshot(Arc::new(state)));
    model
}

fn with_vitals(change: impl FnOnce(&mut Vitals)) -> Model {
    let mut model = model(80, 24);
    let mut state = vitals();
    change(&mut state);
    update(&mut model, Message::Vitals(Arc::new(state)));
    model
}
