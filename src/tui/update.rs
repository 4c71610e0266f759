//! `update`: a message changes the model and may ask something of others. Pure.
//!
//! Invariant: less risk takes one key; more risk and what cannot be taken back ask first.
//! Absent on purpose: time, terminals and channels.

use super::action::Action;
use super::backtest::{LENGTHS, Stage};
use super::editor::{Editor, Setting};
use super::format;
use super::keymap::{self, Key, Place};
use super::message::{Ask, Change, Message, Reply};
use super::model::{CANDLE_MINUTES, LOG_LINES, Model, Panel, Popup, Tone};
use super::text::fill;
use super::view;
use super::vitals::Market;
use crate::domain::{Command, Span};
use crate::engine::orders::Purpose;
use crate::engine::settings::StrategyName;
use crate::engine::{Notice, Snapshot};

/// Changes of settings that can be undone.
const UNDO_DEPTH: usize = 64;
/// Rows that a page is, where the height is not known.
const PAGE: usize = 10;

pub fn update(model: &mut Model, message: Message) -> Option<Ask> {
    match message {
        Message::Key(key) => return press(model, key),
        Message::Resize { width, height } => (model.width, model.height) = (width, height),
        Message::Snapshot(snapshot) => {
            keep_reading(model, &snapshot);
            model.snapshot = Some(snapshot);
            answer(model);
            keep_in_bounds(model);
        }
        Message::Vitals(vitals) => {
            let had_ended = model.has_ended() && vitals.runs == model.vitals.runs;
            // What is wrong is not hidden by what passes.
            if vitals.settings_problem.is_some() && vitals.settings_problem != model.vitals.settings_problem {
                model.toast = None;
            }
            model.theme = vitals.theme;
            tell_backtest(model, &vitals.backtest.stage);
            model.vitals = vitals;
            match (had_ended, model.has_ended()) {
                // What is open stays open: a key must act on what it was pressed for.
                (false, true) => model.popup = model.popup.take().or(Some(Popup::Ended)),
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
        Message::Continued => {}
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
    if !view::fits(model.width, model.height) {
        return press_unseen(model, key);
    }
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
        Place::List | Place::Help => on_list(model, action),
        Place::Editor => on_editor(model, action),
        Place::Backtest => on_backtest(model, action),
        Place::Ended => on_end(model, action),
    }
}

/// In a window too small to be drawn in: nothing that would have to be read first.
fn press_unseen(model: &mut Model, key: Key) -> Option<Ask> {
    let pauses = key == Key::Char('p') && model.snapshot.as_ref().is_some_and(|snapshot| !snapshot.paused);
    if key == Key::Char('!') && !model.has_ended() {
        return Some(Ask::Command(Command::Halt));
    }
    if key == Key::Esc {
        model.popup = None;
    }
    match (key == Key::Ctrl('c'), pauses) {
        (true, _) => Some(Ask::Quit),
        (false, true) => Some(Ask::Command(Command::Pause)),
        (false, false) => None,
    }
}

fn on_panels(model: &mut Model, action: Action, key: Key) -> Option<Ask> {
    let trades = matches!(
        action,
        Action::Pause
            | Action::Strategies
            | Action::Flatten
            | Action::CancelOrder
            | Action::Pin
            | Action::Halt
            | Action::Rearm
    );
    if trades && model.has_ended() {
        model.say(Tone::Plain, model.texts.ended_short.to_owned());
        return None;
    }
    match action {
        Action::Pause => return pause(model),
        Action::Strategies => {
            let now = model.snapshot.as_ref().map(|snapshot| snapshot.settings.strategy);
            let selected = StrategyName::ALL.iter().position(|name| Some(*name) == now).unwrap_or(0);
            model.popup = Some(Popup::Strategies { selected });
        }
        Action::Pin => return pin(model),
        Action::Halt => return Some(Ask::Command(Command::Halt)),
        Action::Rearm => match model.can_rearm() {
            true => model.popup = Some(Popup::Rearm),
            false => model.say(Tone::Plain, model.texts.nothing_to_rearm.to_owned()),
        },
        Action::EditSettings => {
            model.popup = Some(Popup::Editor(Box::new(Editor::open(Setting::Invest, &model.vitals.fields))))
        }
        Action::Undo => return undo(model),
        Action::Flatten => match model.is_exposed() {
            true => model.popup = Some(Popup::Flatten),
            false => model.say(Tone::Plain, model.texts.nothing_held.to_owned()),
        },
        Action::CancelOrder => return cancel(model),
        Action::Backtest => model.popup = Some(Popup::Backtest),
        Action::Models => model.popup = Some(Popup::Models { scroll: 0 }),
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
        Action::Confirm if model.has_ended() => model.popup = Some(Popup::Ended),
        Action::Confirm | Action::Close | Action::GoOn | Action::CancelBacktest | Action::Report => {}
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

/// The strategy that leads decides alone from now on; when one does, all are weighed again.
fn pin(model: &mut Model) -> Option<Ask> {
    let pinned = model.snapshot.as_ref()?.settings.strategy;
    let name = match pinned {
        StrategyName::Auto => model.leader().unwrap_or(StrategyName::Flat),
        StrategyName::Trend
        | StrategyName::Reversal
        | StrategyName::Breakout
        | StrategyName::Trees
        | StrategyName::Temporal
        | StrategyName::Sac
        | StrategyName::Flat => StrategyName::Auto,
    };
    Some(Ask::Command(Command::SwitchStrategy(name.as_str().to_owned())))
}

fn undo(model: &mut Model) -> Option<Ask> {
    // Taken off at once, so that the next press undoes the changes before; a save that fails puts them back.
    match model.undo.pop() {
        Some(last) => {
            let back = |change: Change| Change { before: change.after, after: change.before, ..change };
            Some(Ask::Save { changes: last.into_iter().map(back).collect(), undo: true })
        }
        None => {
            model.say(Tone::Plain, model.texts.nothing_to_undo.to_owned());
            None
        }
    }
}

/// An entry is withdrawn by one key; what protects a position or leaves it is asked about first, by name.
fn cancel(model: &mut Model) -> Option<Ask> {
    let Some(order) = model.selected_order().cloned() else {
        model.say(Tone::Plain, model.texts.no_orders.to_owned());
        return None;
    };
    match order.purpose {
        Purpose::Entry => Some(Ask::Command(Command::Cancel(order.client_id))),
        Purpose::Exit | Purpose::Stop | Purpose::Target => {
            model.popup = Some(Popup::Cancel(order));
            None
        }
    }
}

fn on_question(model: &mut Model, action: Action) -> Option<Ask> {
    let asked = model.popup.take();
    if action != Action::Confirm {
        return None;
    }
    match asked? {
        Popup::Resume => Some(Ask::Command(Command::Resume)),
        Popup::Rearm => Some(Ask::Command(Command::Rearm)),
        Popup::Flatten => Some(Ask::Command(Command::Flatten)),
        Popup::Cancel(order) => Some(Ask::Command(Command::Cancel(order.client_id))),
        Popup::Quit => Some(Ask::Quit),
        Popup::Strategies { .. }
        | Popup::Editor(_)
        | Popup::Help { .. }
        | Popup::Models { .. }
        | Popup::Backtest
        | Popup::Ended => None,
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
        (Popup::Help { scroll }, Action::Up | Action::Down | Action::PageUp | Action::PageDown) => {
            let scroll = scrolled(model, scroll, view::help_rows(model), action);
            model.popup = Some(Popup::Help { scroll });
            None
        }
        (Popup::Models { scroll }, Action::Up | Action::Down | Action::PageUp | Action::PageDown) => {
            let scroll = scrolled(model, scroll, view::models_rows(model), action);
            model.popup = Some(Popup::Models { scroll });
            None
        }
        // Enter and Esc close.
        (
            Popup::Strategies { .. }
            | Popup::Help { .. }
            | Popup::Models { .. }
            | Popup::Resume
            | Popup::Rearm
            | Popup::Flatten
            | Popup::Cancel(_)
            | Popup::Quit
            | Popup::Editor(_)
            | Popup::Backtest
            | Popup::Ended,
            _,
        ) => None,
    }
}

/// The first row of a text of so many rows after a step or a page.
fn scrolled(model: &Model, scroll: usize, rows: usize, action: Action) -> usize {
    let page = usize::from(model.height).saturating_sub(8).max(1);
    let step = if matches!(action, Action::PageUp | Action::PageDown) { page } else { 1 };
    let up = matches!(action, Action::Up | Action::PageUp);
    if up { scroll.saturating_sub(step) } else { (scroll + step).min(rows.saturating_sub(1)) }
}

fn on_editor(model: &mut Model, action: Action) -> Option<Ask> {
    let Some(Popup::Editor(editor)) = &mut model.popup else { return None };
    let fields = &model.vitals.fields;
    match action {
        Action::Up => editor.previous(),
        Action::Down => editor.next(),
        Action::Close => model.popup = None,
        Action::Confirm => match editor.changes(fields, model.texts) {
            Ok(changes) if changes.is_empty() => model.popup = None,
            // The popup goes when the file has it.
            Ok(changes) if !editor.saving => {
                editor.saving = true;
                return Some(Ask::Save { changes, undo: false });
            }
            Ok(_) => {}
            Err(sentence) => editor.error = Some(sentence),
        },
        Action::Pause
        | Action::Strategies
        | Action::Pin
        | Action::Halt
        | Action::Rearm
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
        | Action::Backtest
        | Action::CancelBacktest
        | Action::Models
        | Action::Report
        | Action::GoOn => {}
    }
    None
}

fn on_backtest(model: &mut Model, action: Action) -> Option<Ask> {
    // What the hints do not offer now does nothing.
    if !view::counts(model, action) {
        return None;
    }
    let length = model.backtest_length;
    let moves = [(Action::Up, (length + 1).min(LENGTHS.len() - 1)), (Action::Down, length.saturating_sub(1))];
    if let Some((_, moved)) = moves.into_iter().find(|(moved, _)| *moved == action) {
        model.backtest_length = moved;
    }
    if action == Action::Close {
        model.popup = None;
    }
    let asks = [
        (Action::Confirm, Ask::Backtest { minutes: LENGTHS.get(length).copied().unwrap_or_default() }),
        (Action::CancelBacktest, Ask::CancelBacktest),
        (Action::Report, Ask::BacktestReport),
    ];
    asks.into_iter().find(|(asked, _)| *asked == action).map(|(_, ask)| ask)
}

/// The end of a backtest that nobody is looking at becomes a passing sentence.
fn tell_backtest(model: &mut Model, newer: &Stage) {
    if model.vitals.backtest.stage.pace().is_none() || matches!(model.popup, Some(Popup::Backtest)) {
        return;
    }
    match newer {
        Stage::Finished { .. } => model.say(Tone::Good, model.texts.backtest_done.to_owned()),
        Stage::Failed(_) => model.say(Tone::Warning, model.texts.backtest_went_wrong.to_owned()),
        Stage::Idle | Stage::Running(_) | Stage::Cancelled => {}
    }
}

fn on_end(model: &mut Model, action: Action) -> Option<Ask> {
    // Another exchange has its own market.
    if action == Action::GoOn && model.vitals.market == Market::Elsewhere {
        return None;
    }
    model.popup = None;
    // Esc looks around.
    let asks = [(Action::Confirm, Ask::Again), (Action::GoOn, Ask::GoOn), (Action::Quit, Ask::Quit)];
    asks.into_iter().find(|(asked, _)| *asked == action).map(|(_, ask)| ask)
}

fn hear(model: &mut Model, reply: Reply) {
    let texts = model.texts;
    match reply {
        Reply::Saved { changes, undo: true, file } => {
            let parts = told(&changes, |change| format::setting(change.after));
            model.say(Tone::Good, fill(texts.undone, &[&file, &parts]));
        }
        Reply::Saved { changes, undo: false, file } => {
            let arrow =
                |change: &Change| format!("{} -> {}", format::setting(change.before), format::setting(change.after));
            let parts = told(&changes, arrow);
            model.popup.take_if(|popup| matches!(popup, Popup::Editor(_)));
            remember(model, changes);
            model.say(Tone::Good, fill(texts.saved, &[&file, &parts]));
        }
        Reply::NotSaved { changes, undo, sentence } => {
            let sentence = fill(texts.not_saved, &[&sentence]);
            match &mut model.popup {
                // What was typed is still there.
                Some(Popup::Editor(editor)) if !undo => (editor.error, editor.saving) = (Some(sentence), false),
                _ => model.say(Tone::Warning, sentence),
            }
            if undo {
                let back = |change: Change| Change { before: change.after, after: change.before, ..change };
                remember(model, changes.into_iter().map(back).collect());
            }
        }
        Reply::Busy => model.say(Tone::Warning, texts.busy.to_owned()),
        Reply::NoRun { pauses: true } => model.say(Tone::Plain, texts.pauses_at_once.to_owned()),
        Reply::NoRun { pauses: false } => model.say(Tone::Warning, texts.no_run.to_owned()),
        Reply::PickedUp { now, later } => {
            let now = (!now.is_empty()).then(|| fill(texts.settings_picked_up, &[&now]));
            let later = (!later.is_empty()).then(|| fill(texts.settings_later, &[&later]));
            let parts: Vec<String> = now.into_iter().chain(later).collect();
            model.say(Tone::Good, parts.join("; "));
        }
    }
}

/// "invest_percent 30, stop_loss_percent 1"
fn told(changes: &[Change], value: impl Fn(&Change) -> String) -> String {
    let parts = changes.iter().map(|change| format!("{} {}", change.setting.key(), value(change)));
    parts.collect::<Vec<_>>().join(", ")
}

fn remember(model: &mut Model, changes: Vec<Change>) {
    if model.undo.len() == UNDO_DEPTH {
        model.undo.remove(0);
    }
    model.undo.push(changes);
}

/// What the engine answered to a command becomes a passing sentence.
fn answer(model: &mut Model) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let history = &snapshot.history;
    if history.replied > model.replied
        && let Some((_, notice)) = history.replies.back()
    {
        match notice {
            Notice::CommandAccepted { .. } => model.say(Tone::Good, model.texts.notice(notice, &snapshot)),
            Notice::CommandRefused { .. } => model.say(Tone::Warning, model.texts.notice(notice, &snapshot)),
            // The sentence of the settings file says more; other notices are no replies.
            Notice::SettingsChanged
            | Notice::Started { .. }
            | Notice::Decided { .. }
            | Notice::Refused { .. }
            | Notice::Rejected { .. }
            | Notice::OutcomeUnknown { .. }
            | Notice::Filled { .. }
            | Notice::TradeClosed { .. }
            | Notice::Stale { .. }
            | Notice::Fresh { .. }
            | Notice::Foreign { .. }
            | Notice::LateFill { .. }
            | Notice::Regime { .. }
            | Notice::Switched { .. }
            | Notice::TookOver { .. }
            | Notice::Executed { .. }
            | Notice::Considered { .. }
            | Notice::Halted { .. }
            | Notice::Event { .. }
            | Notice::Shock { .. }
            | Notice::Locked { .. }
            | Notice::Model { .. } => {}
        }
    }
    model.replied = history.replied;
}

/// A chart that is read back in time stays where it is while candles close; the cursor stays on its order.
fn keep_reading(model: &mut Model, newer: &Snapshot) {
    let span = Span::MINUTE.0 * i64::from(CANDLE_MINUTES[model.candle]);
    let newest = |snapshot: &Snapshot| {
        let candles = snapshot.history.candles.get(model.symbol)?;
        candles.closed.back().map(|bar| bar.open_time.0.div_euclid(span))
    };
    let before = model.snapshot.as_ref().and_then(|snapshot| newest(snapshot));
    let closed = newest(newer).zip(before).map_or(0, |(now, before)| now - before);
    let scroll = &mut model.scroll[Panel::Chart.place()];
    if *scroll > 0 {
        *scroll = scroll.saturating_add(usize::try_from(closed).unwrap_or(0));
    }
    let chosen = model.selected_order().map(|order| &order.client_id);
    let place = chosen.and_then(|chosen| newer.orders.iter().position(|order| order.client_id == *chosen));
    if let Some(place) = place {
        model.scroll[Panel::Orders.place()] = place;
    }
}

fn scroll(model: &mut Model, action: Action) {
    let panel = model.focus;
    let rows = rows(model, panel);
    let now = model.scroll[panel.place()];
    let page = usize::from(model.height).saturating_sub(6).max(PAGE);
    // Orders have a cursor that goes down, balances and the desk go on below; the others scroll back from the newest.
    let downward = matches!(panel, Panel::Orders | Panel::Balances | Panel::Desk);
    let in_time = panel == Panel::Chart;
    let moves = [
        (Action::Up, usize::from(!in_time), 0),
        (Action::Down, 0, usize::from(!in_time)),
        (Action::Left, usize::from(in_time), 0),
        (Action::Right, 0, usize::from(in_time)),
        (Action::PageUp, page, 0),
        (Action::PageDown, 0, page),
        (Action::First, rows, 0),
        (Action::Last, 0, rows),
    ];
    let (_, back, forth) = moves.into_iter().find(|(moved, ..)| *moved == action).unwrap_or((action, 0, 0));
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
        // So many that the last page is full.
        Panel::Desk => 1 + view::desk_rows_below(model),
        // The quote asset and what is held.
        Panel::Balances => 1 + snapshot.symbols.iter().filter(|symbol| !symbol.position.is_zero()).count(),
        Panel::Pnl | Panel::WinRate | Panel::Drawdown => 0,
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
