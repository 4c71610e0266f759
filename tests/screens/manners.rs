//! Manners: no panic whatever is pressed, colours as asked for, few frames, none when nothing changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kestrel::domain::Seed;
use kestrel::tui::backtest::Page;
use kestrel::tui::keymap::{Key, TABLE};
use kestrel::tui::message::{Ask, Message};
use kestrel::tui::model::{Model, Panel};
use kestrel::tui::picture::cells;
use kestrel::tui::screen::{FRAME, Feeds, show};
use kestrel::tui::terminal::sink;
use kestrel::tui::text::ENGLISH;
use kestrel::tui::theme::{Palette, Theme, UpColor};
use kestrel::tui::update::update;
use kestrel::tui::vitals::{Link, RunState};
use proptest::prelude::*;
use ratatui::style::Color;
use tokio::sync::{mpsc, watch};

use super::fixture::{crash, finished, model, press, running, snapshot, text_of, vitals};

/// Any key of the table, and some that stand in none.
fn any_key() -> impl Strategy<Value = Key> {
    let mut keys: Vec<Key> = TABLE.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
    keys.extend([Key::Backspace, Key::Delete, Key::Char('5'), Key::Char('.'), Key::Char('ㅋ'), Key::Ctrl('z')]);
    prop::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// A hundred cases of ten: a thousand random resizes, each with a key.
    #[test]
    fn random_resizes_and_keys_never_panic(steps in prop::collection::vec((0u16..260, 0u16..90, any_key(), 0u8..8), 10)) {
        let mut model = model(120, 40);
        for (width, height, key, happens) in steps {
            update(&mut model, Message::Resize { width, height });
            update(&mut model, Message::Key(key));
            happen(&mut model, happens);
            text_of(&model);
        }
    }
}

/// What else may change meanwhile.
fn happen(model: &mut Model, what: u8) {
    let mut state = snapshot();
    let mut gauges = vitals();
    match what {
        0 => state.orders.clear(),
        1 => state.symbols.truncate(1),
        2 => state.history = Arc::default(),
        7 => state = crash(),
        3 => gauges.run = RunState::Finished,
        // At any moment, also while the popup is open.
        5 => gauges.backtest.stage = running(),
        6 => gauges.backtest.stage = finished(Page::Writing),
        4 => (gauges.fields, gauges.link) = (Vec::new(), Link::Connecting),
        _ => {}
    }
    update(model, Message::Snapshot(Arc::new(state)));
    update(model, Message::Vitals(Arc::new(gauges)));
    update(model, Message::Tick);
}

#[test]
fn the_root_background_is_never_painted_and_colours_are_those_that_were_asked_for() {
    for palette in [Palette::Dark, Palette::Light, Palette::Ansi, Palette::Mono] {
        for keys in
            [&[][..], &[Key::Char('i')], &[Key::Char('s')], &[Key::Char('x')], &[Key::Char('b')], &[Key::Char('6')]]
        {
            let mut gauges = vitals();
            gauges.theme = Theme { palette, up: UpColor::Red };
            let mut model = model(120, 40);
            update(&mut model, Message::Vitals(Arc::new(gauges)));
            press(&mut model, keys);
            let buffer = cells(&model);
            let painted = buffer.content.iter().filter(|cell| cell.bg != Color::Reset).count();
            // Badges, one selected row, a cursor.
            assert!(painted < 140, "{palette:?} {keys:?}: {painted} cells");
            for cell in &buffer.content {
                for color in [cell.fg, cell.bg] {
                    assert!(allowed(palette, color), "{palette:?}: {color:?} on {:?}", cell.symbol());
                }
            }
        }
    }
}

fn allowed(palette: Palette, color: Color) -> bool {
    match color {
        Color::Reset => true,
        Color::Indexed(_) => matches!(palette, Palette::Dark | Palette::Light),
        Color::Rgb(..) => false,
        _ => palette == Palette::Ansi,
    }
}

#[test]
fn red_up_turns_the_colours_round_and_the_signs_stay() {
    let with = |up| {
        let mut gauges = vitals();
        gauges.theme = Theme { palette: Palette::Ansi, up };
        let mut model = model(80, 24);
        update(&mut model, Message::Vitals(Arc::new(gauges)));
        model
    };
    let (green, red) = (with(UpColor::Green), with(UpColor::Red));
    assert_eq!(text_of(&green), text_of(&red));
    assert!(text_of(&green).contains("day +18.75"));
    assert_ne!(cells(&green), cells(&red));
}

struct Rig {
    snapshots: watch::Sender<Option<Arc<kestrel::engine::Snapshot>>>,
    asks: mpsc::Receiver<Ask>,
    feeds: Option<Feeds>,
    _kept: (
        watch::Sender<Arc<kestrel::tui::vitals::Vitals>>,
        mpsc::Sender<kestrel::telemetry::LogLine>,
        mpsc::Sender<kestrel::tui::message::Reply>,
    ),
}

fn rig() -> Rig {
    let (snapshots, seen) = watch::channel(None);
    let (gauges, vitals_seen) = watch::channel(Arc::new(vitals()));
    let (line, log) = mpsc::channel(4);
    let (reply, replies) = mpsc::channel(4);
    let (asked, asks) = mpsc::channel(4);
    let feeds = Feeds { snapshots: seen, vitals: vitals_seen, log, replies, asks: asked };
    Rig { snapshots, asks, feeds: Some(feeds), _kept: (gauges, line, reply) }
}

#[tokio::test]
async fn a_flood_of_snapshots_makes_at_most_thirty_frames_a_second_and_silence_makes_none() {
    let mut rig = rig();
    let mut terminal = sink(120, 40).expect("a terminal into nothing");
    let model = Model::new(&ENGLISH, Arc::new(vitals()), (120, 40));
    let (press, pressed) = futures_channel();
    let feeds = rig.feeds.take().expect("the feeds");
    let started = Instant::now();
    let screen = async { show(&mut terminal, pressed, model, feeds, || true).await.expect("shown") };
    let flood = async {
        let state = Arc::new(snapshot());
        while started.elapsed() < Duration::from_millis(600) {
            rig.snapshots.send_replace(Some(Arc::clone(&state)));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let flooded = started.elapsed();
        // Nothing changes for a while; then somebody quits.
        tokio::time::sleep(Duration::from_millis(400)).await;
        press.send(Message::Key(Key::Char('q'))).await.expect("a key");
        press.send(Message::Key(Key::Enter)).await.expect("a key");
        flooded
    };
    let (frames, flooded) = tokio::join!(screen, flood);
    let most = (flooded.as_secs_f64() / FRAME.as_secs_f64()).ceil() as u64;
    // The first one, one that was due when the flood ended, and the question.
    assert!((3..=most + 3).contains(&frames.drawn), "{} frames in {flooded:?}", frames.drawn);
    assert_eq!(rig.asks.recv().await, Some(Ask::Quit));
}

fn futures_channel() -> (mpsc::Sender<Message>, impl futures_util::Stream<Item = Message>) {
    let (sender, receiver) = mpsc::channel(4);
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|message| (message, receiver))
    });
    (sender, stream)
}

#[test]
fn what_is_read_in_the_log_stays_while_lines_arrive() {
    let mut model = model(120, 40);
    press(&mut model, &[Key::Char('9'), Key::Up, Key::Up]);
    let read = model.log.len() - model.scrolled(Panel::Log);
    let line = model.log.back().cloned().expect("a line");
    update(&mut model, Message::Log(line));
    assert_eq!(model.log.len() - model.scrolled(Panel::Log), read);
}

#[test]
fn a_seed_of_keys_ends_in_the_same_screen() {
    // Drawing is pure: the same keys give the same cells.
    let keys: Vec<Key> = TABLE.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
    let draw = |at: usize| Seed(7).number(&format!("key {at}")) as usize;
    let chosen: Vec<Key> = (0..200).map(|at| keys[draw(at) % keys.len()]).collect();
    let run = || {
        let mut model = model(120, 40);
        press(&mut model, &chosen);
        text_of(&model)
    };
    assert_eq!(run(), run());
}
