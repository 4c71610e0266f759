//! What is decided, executed and protected stands on the screen, whole, at every size; and its keys.

use std::sync::Arc;

use kestrel::domain::Command;
use kestrel::engine::Snapshot;
use kestrel::engine::instrument::Desk;
use kestrel::engine::risk::shock::{ShockCause, ShockState};
use kestrel::engine::settings::StrategyName;
use kestrel::tui::keymap::Key;
use kestrel::tui::message::{Ask, Message};
use kestrel::tui::model::{Model, Popup};
use kestrel::tui::update::update;

use super::fixture::{crash, model, press, snapshot, text_of};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn with(state: Snapshot, (width, height): (u16, u16)) -> Model {
    let mut model = model(width, height);
    update(&mut model, Message::Snapshot(Arc::new(state)));
    model
}

/// All that the desk says, page by page, without borders and breaks.
fn read(model: &mut Model) -> String {
    let mut pages = Vec::new();
    loop {
        let text = text_of(model);
        let last = text.contains(" more ");
        let inside = |line: &str| line.trim_start_matches('┃').trim_end_matches('┃').trim().to_owned();
        pages.push(text.lines().filter(|line| line.starts_with('┃')).map(inside).collect::<Vec<_>>().join(" "));
        if !last {
            return pages.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        }
        press(model, &[Key::Down]);
        assert!(pages.len() < 100, "{text}");
    }
}

#[test]
fn everything_is_there_at_every_size_and_what_is_below_is_counted() {
    for size in SIZES {
        let mut model = with(crash(), size);
        press(&mut model, &[Key::Char('0'), Key::Char('e')]);
        let text = read(&mut model);
        for words in [
            "NO ENTRIES for 4 min, halted by a crash; the spread is 3.25 times the usual",
            "r rearms",
            "all: locked until a person rearms: equity fell too far from its peak",
            "ETHUSDT locked until 12:01 UTC: the symbol rests after a trade",
            "BTCUSDT sell passive █████░░░░░░░ 40 % 0.00831 of 0.02079 3 of 8 slices sent",
            "arrival +0.8 bps TWAP -0.4 bps VWAP -1.3 bps",
            "next 12:01:15",
            "BTCUSDT stop 60,044.69 -3.97 % follows the price target 63,720.91 +1.90 %",
            "BTCUSDT crash since 03-01 11:56 (4 min): strategies of downtrend still decide; may trade: reversal (0.50)",
            "crash takes over when nothing is held, at the latest at 12:56:00",
            "crash: down 6.2 % within 15 minutes",
            "less than min_trade_size",
            "funding fresh 15 min -0.21",
            "fear_greed STALE 2 d 5 h",
            "headlines FAILING (the host does not answer) 40 min",
            "off: open_interest, long_short, top_long_short, taker_ratio",
        ] {
            // Items are two blanks apart on a line, and one where it broke; the same page may be cut elsewhere.
            assert!(text.contains(words), "{size:?}: {words}: {text}");
        }
    }
}

#[test]
fn what_needs_a_person_stands_first_also_in_the_smallest_window() {
    let mut model = with(crash(), (80, 24));
    press(&mut model, &[Key::Char('0')]);
    let text = text_of(&model);
    assert!(text.contains("┃shock    NO ENTRIES for 4 min, halted by a crash"), "{text}");
    assert!(text.contains(" more "), "what is below is counted: {text}");
    assert!(text.lines().next().is_some_and(|line| line.contains("NO ENTRIES") && line.contains("LOCKED")), "{text}");
    let mut state = snapshot();
    let held = &mut state.symbols[0];
    (held.unprotected, held.stop, held.target) = (true, None, None);
    let mut model = with(state, (80, 24));
    press(&mut model, &[Key::Char('0')]);
    assert!(text_of(&model).contains("┃stop     BTCUSDT TAKEN OFF BY HAND"), "{}", text_of(&model));
}

#[test]
fn a_position_without_a_stop_says_so() {
    let mut state = snapshot();
    (state.symbols[0].stop, state.symbols[0].target) = (None, None);
    let mut model = with(state.clone(), (80, 24));
    press(&mut model, &[Key::Char('0'), Key::Char('e')]);
    assert!(text_of(&model).contains("NO STOP RESTS NOW"));
    state.settings.stop_loss = kestrel::domain::Ratio::ZERO;
    update(&mut model, Message::Snapshot(Arc::new(state.clone())));
    assert!(text_of(&model).contains("no stop is set"));
    state.symbols[0].desk = Desk::Flat;
    state.symbols[0].position = kestrel::domain::Quantity::ZERO;
    update(&mut model, Message::Snapshot(Arc::new(state)));
    assert!(text_of(&model).contains("nothing is held, nothing rests"));
}

#[test]
fn the_leader_is_pinned_by_one_key_and_let_go_by_the_same() {
    let switch = |name: &str| Some(Ask::Command(Command::SwitchStrategy(name.to_owned())));
    let mut model = with(crash(), (120, 40));
    assert!(text_of(&model).contains("AUTO, reversal leads"));
    assert_eq!(press(&mut model, &[Key::Char('a')]), switch("reversal"));
    let mut state = crash();
    state.settings.strategy = StrategyName::Reversal;
    state.symbols.iter_mut().for_each(|symbol| symbol.votes.clear());
    update(&mut model, Message::Snapshot(Arc::new(state)));
    assert!(text_of(&model).contains("reversal PINNED"));
    assert_eq!(press(&mut model, &[Key::Char('a')]), switch("auto"));
}

#[test]
fn halting_takes_one_key_even_unseen_and_rearming_asks() {
    let halt = Some(Ask::Command(Command::Halt));
    for size in [(120, 40), (40, 10)] {
        assert_eq!(press(&mut with(snapshot(), size), &[Key::Char('!')]), halt);
    }
    let mut model = with(crash(), (80, 24));
    assert_eq!(press(&mut model, &[Key::Char('r')]), None);
    assert!(matches!(model.popup, Some(Popup::Rearm)));
    assert_eq!(press(&mut model, &[Key::Esc]), None);
    assert_eq!(press(&mut model, &[Key::Char('r'), Key::Enter]), Some(Ask::Command(Command::Rearm)));
    let mut by_hand = snapshot();
    by_hand.guard.shock = ShockState::Halted { since: by_hand.now, cause: ShockCause::Command, held: None };
    let text = text_of(&with(by_hand, (80, 24)));
    assert!(text.contains("waits until a person rearms; r rearms") && text.contains("r rearm  "), "{text}");
}

#[test]
fn the_weights_are_a_table_with_curves_where_there_is_room_and_words_where_not() {
    let mut model = with(crash(), (80, 24));
    press(&mut model, &[Key::Char('8')]);
    let low = text_of(&model);
    assert!(low.contains("reversal 62 %") && low.contains("flat 38 %"), "{low}");
    press(&mut model, &[Key::Char('e')]);
    let table = text_of(&model);
    let row = table.lines().find(|line| line.contains("┃reversal")).expect("a row");
    assert!(row.contains("██████░░░░") && row.contains("62 %") && row.contains("+100 %"), "{row}");
    assert!(row.contains("41 %") && row.contains("0.50") && row.contains('▆'), "{row}");
    assert!(table.contains("over 20 h"), "{table}");
}

#[test]
fn a_scrolled_desk_ends_at_its_last_line() {
    let mut model = with(crash(), (80, 24));
    press(&mut model, &[Key::Char('0'), Key::End]);
    let last = text_of(&model);
    assert!(last.contains("taker_ratio") && last.contains("▴"), "{last}");
    press(&mut model, &[Key::Down, Key::Down, Key::PageDown]);
    assert_eq!(text_of(&model), last);
    press(&mut model, &[Key::Up]);
    assert_ne!(text_of(&model), last);
    press(&mut model, &[Key::Home]);
    assert!(text_of(&model).contains("┃shock"));
}
