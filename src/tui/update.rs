//! `update`: a message changes the model and may ask something of others. Pure.
//!
//! Invariant: less risk takes one key; more risk and what cannot be taken back ask first.
//! Absent on purpose: time, terminals and channels.

use super::action::Action;
use super::editor::{Editor, Setting};
use super::format;
use super::keymap::{self, Key, Place};
use super::message::{Ask, Change, Message, Reply};
use super::model::{CANDLE_MINUTES, LOG_LINES, Model, Panel, Popup, Tone};
use super::text::fill;
use crate::domain::Command;
use crate::engine::Notice;
use crate::engine::settings::StrategyName;

/// Changes of settings that can be undone.
const UNDO_DEPTH: usize = 64;
/// Rows that a page is, where the height is not known.
const PAGE: usize = 10;

pub fn update(model: &mut Model, message: Message) -> Option<Ask> {
    match message {
        Message::Key(key) => return press(model, key),
        Message::Resize { width, height } => (model.width, model.height) = (width, height),
        Message::Snapshot(snapshot) => {
            model.snapshot = Some(snapshot);
            answer(model);
            keep_in_bounds(model);
        }
        Message::Vitals(vitals) => {
            let had_ended = model.has_ended();
            model.theme = vitals.theme;
            model.vitals = vitals;
            match (had_ended, model.has_ended()) {
                (false, true) => model.popup = Some(Popup::Ended),
                (true, false) if matches!(model.popup, Some(Popup::Ended)) => model.popup = None,
                (false, false) | (true, true) | (true, false) => {}
            }
        }
        Message::Log(line) => {
            if model.log.len() == LOG_LINES {
                model.log.pop_front();
            }
            model.log.push_back(line);
            // What is being read stays where it is.
            let scroll = &mut model.scroll[Panel::Log.place()];
            if *scroll > 0 {
                *scroll = (*scroll + 1).min(LOG_LINES - 1);
            }
        }
        Message::Reply(reply) => hear(model, reply),
        Message::Tick => {
            if let Some(toast) = &mut model.toast {
                toast.seconds = toast.seconds.saturating_sub(1);
            }
            model.toast.take_if(|toast| toast.seconds == 0);
        }
    }
    None
}

fn press(model: &mut Model, key: Key) -> Option<Ask> {
    model.greeted = true;
    let action = keymap::action(model.place(), key);
    if let (None, Some(Popup::Editor(editor))) = (action, &mut model.popup) {
        editor.take(key);
        return None;
    }
    let action = action?;
    match model.place() {
        Place::Panels => on_panels(model, action, key),
        Place::Question => on_question(model, action),
        Place::List => on_list(model, action),
        Place::Editor => on_editor(model, action),
        Place::Ended => on_end(model, action),
    }
}

fn on_panels(model: &mut Model, action: Action, key: Key) -> Option<Ask> {
    match action {
        Action::Pause => return pause(model),
        Action::Strategies => {
            let now = model.snapshot.as_ref().map(|snapshot| snapshot.settings.strategy);
            let selected = StrategyName::ALL.iter().position(|name| Some(*name) == now).unwrap_or(0);
            model.popup = Some(Popup::Strategies { selected });
        }
        Action::EditSettings => model.popup = Some(Popup::Editor(Editor::open(Setting::Invest, &model.vitals.fields))),
        Action::Undo => return undo(model),
        Action::Flatten => match model.is_exposed() {
            true => model.popup = Some(Popup::Flatten),
            false => model.say(Tone::Plain, model.texts.nothing_held.to_owned()),
        },
        Action::CancelOrder => return cancel(model),
        Action::Help => model.popup = Some(Popup::Help { scroll: 0 }),
        Action::Zoom => model.zoomed = !model.zoomed,
        Action::NextPanel => model.focus = model.focus.step(1),
        Action::PreviousPanel => model.focus = model.focus.step(Panel::ALL.len() - 1),
        Action::GoTo => model.focus = keymap::digit(key).map_or(model.focus, |at| Panel::ALL[at]),
        Action::LongerCandles => model.candle = (model.candle + 1).min(CANDLE_MINUTES.len() - 1),
        Action::ShorterCandles => model.candle = model.candle.saturating_sub(1),
        Action::NextSymbol => model.symbol += 1,
        Action::PreviousSymbol => model.symbol = model.symbol.saturating_sub(1),
        Action::Up
        | Action::Down
        | Action::Left
        | Action::Right
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last => scroll(model, action),
        Action::Quit if model.is_exposed() && !model.has_ended() => model.popup = Some(Popup::Quit),
        Action::Quit => return Some(Ask::Quit),
        Action::Confirm | Action::Close | Action::GoOn => {}
    }
    keep_in_bounds(model);
    None
}

/// Pausing is safe and takes one key; resuming asks.
fn pause(model: &mut Model) -> Option<Ask> {
    if model.snapshot.as_ref().is_some_and(|snapshot| snapshot.paused) {
        model.popup = Some(Popup::Resume);
        return None;
    }
    Some(Ask::Command(Command::Pause))
}

fn undo(model: &mut Model) -> Option<Ask> {
    match model.undo.last() {
        Some(last) => {
            let change = Change { setting: last.setting, before: last.after, after: last.before };
            Some(Ask::Save { change, undo: true })
        }
        None => {
            model.say(Tone::Plain, model.texts.nothing_to_undo.to_owned());
            None
        }
    }
}

/// An order that protects a position is asked about first.
fn cancel(model: &mut Model) -> Option<Ask> {
    let Some(order) = model.selected_order() else {
        model.say(Tone::Plain, model.texts.no_orders.to_owned());
        return None;
    };
    let client_id = order.client_id.clone();
    if !order.purpose.protects() {
        return Some(Ask::Command(Command::Cancel(client_id)));
    }
    let symbols = model.snapshot.as_ref().map(|snapshot| snapshot.symbols.as_slice()).unwrap_or_default();
    let symbol = symbols.get(order.symbol.index()).map(|symbol| symbol.symbol.as_str().to_owned());
    model.popup = Some(Popup::Cancel { client_id, symbol: symbol.unwrap_or_default() });
    None
}

fn on_question(model: &mut Model, action: Action) -> Option<Ask> {
    let asked = model.popup.take();
    if action != Action::Confirm {
        return None;
    }
    match asked? {
        Popup::Resume => Some(Ask::Command(Command::Resume)),
        Popup::Flatten => Some(Ask::Command(Command::Flatten)),
        Popup::Cancel { client_id, .. } => Some(Ask::Command(Command::Cancel(client_id))),
        Popup::Quit => Some(Ask::Quit),
        Popup::Strategies { .. } | Popup::Editor(_) | Popup::Help { .. } | Popup::Ended => None,
    }
}

fn on_list(model: &mut Model, action: Action) -> Option<Ask> {
    match (model.popup.take()?, action) {
        (Popup::Strategies { selected }, Action::Confirm) => {
            let name = StrategyName::ALL.get(selected)?;
            let now = model.snapshot.as_ref().map(|snapshot| snapshot.settings.strategy);
            (now != Some(*name)).then(|| Ask::Command(Command::SwitchStrategy(name.as_str().to_owned())))
        }
        (Popup::Strategies { selected }, Action::Up) => {
            model.popup = Some(Popup::Strategies { selected: selected.saturating_sub(1) });
            None
        }
        (Popup::Strategies { selected }, Action::Down) => {
            model.popup = Some(Popup::Strategies { selected: (selected + 1).min(StrategyName::ALL.len() - 1) });
            None
        }
        (Popup::Help { scroll }, Action::Up) => {
            model.popup = Some(Popup::Help { scroll: scroll.saturating_sub(1) });
            None
        }
        (Popup::Help { scroll }, Action::Down) => {
            model.popup = Some(Popup::Help { scroll: (scroll + 1).min(keymap::TABLE.len()) });
            None
        }
        // Enter and Esc close.
        (_, _) => None,
    }
}

fn on_editor(model: &mut Model, action: Action) -> Option<Ask> {
    let Some(Popup::Editor(editor)) = &mut model.popup else { return None };
    let fields = &model.vitals.fields;
    match action {
        Action::Up => *editor = editor.previous(fields),
        Action::Down => *editor = editor.next(fields),
        Action::Close => model.popup = None,
        Action::Confirm => {
            let field = fields.iter().find(|field| field.setting == editor.setting)?;
            match editor.value(field, model.texts) {
                Ok(after) => {
                    let change = Change { setting: editor.setting, before: field.value, after };
                    model.popup = None;
                    return (change.before != change.after).then_some(Ask::Save { change, undo: false });
                }
                Err(sentence) => editor.error = Some(sentence),
            }
        }
        Action::Pause
        | Action::Strategies
        | Action::EditSettings
        | Action::Undo
        | Action::Flatten
        | Action::CancelOrder
        | Action::Help
        | Action::Zoom
        | Action::NextPanel
        | Action::PreviousPanel
        | Action::GoTo
        | Action::Left
        | Action::Right
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
        | Action::LongerCandles
        | Action::ShorterCandles
        | Action::NextSymbol
        | Action::PreviousSymbol
        | Action::Quit
        | Action::GoOn => {}
    }
    None
}

fn on_end(model: &mut Model, action: Action) -> Option<Ask> {
    model.popup = None;
    match action {
        Action::Confirm => Some(Ask::Again),
        Action::GoOn => Some(Ask::GoOn),
        Action::Quit => Some(Ask::Quit),
        _ => None,
    }
}

fn hear(model: &mut Model, reply: Reply) {
    let texts = model.texts;
    match reply {
        Reply::Saved { change, undo, file } => {
            let (before, after) = (format::setting(change.before), format::setting(change.after));
            let key = change.setting.key();
            if undo {
                model.undo.pop();
                model.say(Tone::Good, fill(texts.undone, &[&file, key, &after]));
            } else {
                if model.undo.len() == UNDO_DEPTH {
                    model.undo.remove(0);
                }
                model.undo.push(change);
                model.say(Tone::Good, fill(texts.saved, &[&file, key, &before, &after]));
            }
        }
        Reply::NotSaved(sentence) => model.say(Tone::Warning, sentence),
        Reply::Busy => model.say(Tone::Warning, texts.busy.to_owned()),
        Reply::PickedUp(what) => model.say(Tone::Good, fill(texts.settings_picked_up, &[&what])),
    }
}

/// What the engine answered to a command becomes a passing sentence.
fn answer(model: &mut Model) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let history = &snapshot.history;
    if history.replied > model.replied
        && let Some((_, notice)) = history.replies.back()
    {
        match notice {
            Notice::CommandAccepted { .. } => model.say(Tone::Good, model.texts.notice(notice)),
            Notice::CommandRefused { .. } => model.say(Tone::Warning, model.texts.notice(notice)),
            // The sentence of the settings file says more.
            _ => {}
        }
    }
    model.replied = history.replied;
}

fn scroll(model: &mut Model, action: Action) {
    let panel = model.focus;
    let rows = rows(model, panel);
    let now = model.scroll[panel.place()];
    let page = usize::from(model.height).saturating_sub(6).max(PAGE);
    // Orders have a cursor that goes down; the others scroll back from the newest.
    let downward = panel == Panel::Orders;
    let (back, forth) = match (panel, action) {
        (Panel::Chart, Action::Left) => (1, 0),
        (Panel::Chart, Action::Right) => (0, 1),
        (Panel::Chart, Action::Up | Action::Down) => (0, 0),
        (_, Action::Up) => (1, 0),
        (_, Action::Down) => (0, 1),
        (_, Action::PageUp) => (page, 0),
        (_, Action::PageDown) => (0, page),
        (_, Action::First) => (rows, 0),
        (_, Action::Last) => (0, rows),
        (_, _) => (0, 0),
    };
    let (less, more) = if downward { (back, forth) } else { (forth, back) };
    model.scroll[panel.place()] = now.saturating_sub(less).saturating_add(more).min(rows.saturating_sub(1));
}

/// Rows that a panel can be scrolled through.
fn rows(model: &Model, panel: Panel) -> usize {
    let Some(snapshot) = &model.snapshot else { return 0 };
    let history = &snapshot.history;
    match panel {
        Panel::Chart => {
            let closed = history.candles.get(model.symbol).map_or(0, |candles| candles.closed.len());
            closed / CANDLE_MINUTES[model.candle] as usize
        }
        Panel::Orders => snapshot.orders.len(),
        Panel::Fills => history.fills.len(),
        Panel::Strategies => history.decisions.len(),
        Panel::Log => model.log.len(),
        Panel::Balances | Panel::Pnl | Panel::WinRate | Panel::Drawdown => 0,
    }
}

/// Lists shrink; cursors follow.
fn keep_in_bounds(model: &mut Model) {
    let symbols = model.snapshot.as_ref().map_or(0, |snapshot| snapshot.symbols.len());
    model.symbol = model.symbol.min(symbols.saturating_sub(1));
    for panel in Panel::ALL {
        let most = rows(model, panel).saturating_sub(1);
        let scroll = &mut model.scroll[panel.place()];
        *scroll = (*scroll).min(most);
    }
}
