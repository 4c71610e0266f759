//! Popups: questions with their cost, the list of strategies, the settings editor, the backtest, the
//! models, the keys, the end.
//!
//! Invariant: a popup says what Enter will do, and with which numbers, before it is pressed.
//! Absent on purpose: keys other than those of the table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Paragraph, Widget, Wrap};

use super::{counts, orders, put};
use crate::engine::orders::Purpose;
use crate::engine::preview;
use crate::engine::risk::shock::ShockState;
use crate::engine::settings::StrategyName;
use crate::engine::snapshot::OrderView;
use crate::tui::action::Action;
use crate::tui::format;
use crate::tui::keymap;
use crate::tui::model::{Model, Popup};
use crate::tui::text::fill;
use crate::tui::vitals::RunState;

mod backtest;
mod editor;
mod models;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(popup) = &model.popup else { return };
    let texts = model.texts;
    match popup {
        Popup::Resume => ask(model, texts.ask_resume_title, vec![Line::raw(texts.ask_resume)], area, buffer),
        Popup::Rearm => ask(model, texts.ask_rearm_title, rearm(model), area, buffer),
        Popup::Flatten => ask(model, texts.ask_flatten_title, flatten(model), area, buffer),
        Popup::Cancel(order) => ask(model, texts.ask_cancel_title, cancel(model, order), area, buffer),
        Popup::Quit => ask(model, texts.ask_quit_title, vec![Line::raw(texts.ask_quit)], area, buffer),
        Popup::Strategies { selected } => strategies(model, *selected, area, buffer),
        Popup::Editor(state) => editor::draw(model, state, area, buffer),
        Popup::Help { scroll } => help(model, *scroll, area, buffer),
        Popup::Models { scroll } => models::draw(model, *scroll, area, buffer),
        Popup::Backtest => backtest::draw(model, area, buffer),
        Popup::Ended => ended(model, area, buffer),
    }
}

/// A box in the middle, cleared; returns its inside.
fn window(model: &Model, title: &str, (width, height): (u16, u16), area: Rect, buffer: &mut Buffer) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let at = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(at, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Double)
        .border_style(model.theme.focus())
        .title_top(Line::styled(format!(" {title} "), model.theme.title()))
        .padding(Padding::horizontal(1));
    let inside = block.inner(at);
    block.render(at, buffer);
    inside
}

/// A question with its keys below.
fn ask(model: &Model, title: &str, mut lines: Vec<Line<'static>>, area: Rect, buffer: &mut Buffer) {
    const WIDTH: u16 = 66;
    lines.push(Line::default());
    lines.push(keys(model));
    let text = Paragraph::new(Text::from(lines)).wrap(Wrap { trim: true });
    // How tall it is shows when it is drawn.
    let mut draft = Buffer::empty(Rect { x: 0, y: 0, width: WIDTH - 4, height: area.height });
    let whole = draft.area;
    Widget::render(&text, whole, &mut draft);
    let is_empty = |row: &u16| (0..whole.width).all(|x| draft[(x, *row)].symbol() == " ");
    let height = (0..whole.height).rev().find(|row| !is_empty(row)).map_or(0, |row| row + 1);
    let inside = window(model, title, (WIDTH, height + 2), area, buffer);
    text.render(inside, buffer);
}

/// The keys of this popup that count now, from the table.
fn keys(model: &Model) -> Line<'static> {
    let mut spans = Vec::new();
    for binding in keymap::of(model.place()).filter(|binding| counts(model, binding.action)) {
        let Some(hint) = binding.hint else { continue };
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.push(Span::styled(binding.first(), model.theme.key()));
        spans.push(Span::styled(format!(" {}", hint(model.texts)), model.theme.dim()));
    }
    Line::from(spans)
}

/// What begins again, and what does not hold yet.
fn rearm(model: &Model) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let Some(guard) = model.snapshot.as_ref().map(|snapshot| &snapshot.guard) else { return Vec::new() };
    let mut lines = Vec::new();
    match guard.shock {
        ShockState::Calm => {}
        ShockState::Halted { .. } => lines.push(Line::raw(texts.ask_rearm_halted)),
        ShockState::HalfSize { .. } => lines.push(Line::raw(texts.ask_rearm_half)),
    }
    let waiting: Vec<String> =
        guard.locks.iter().filter(|lock| lock.until.is_none()).map(|lock| lock.reason.to_string()).collect();
    if !waiting.is_empty() {
        lines.push(Line::raw(fill(texts.ask_rearm_locks, &[&waiting.join(", ")])));
    }
    let failing: Vec<String> =
        guard.checks.iter().filter(|check| !check.holds).map(|check| check.to_string()).collect();
    if guard.shock != ShockState::Calm && !failing.is_empty() {
        lines.push(Line::styled(format!("{} {}.", texts.ask_rearm_failing, failing.join("; ")), theme.warning()));
    }
    lines
}

/// What leaving everything costs, before it is done.
fn flatten(model: &Model) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let mut lines = vec![Line::raw(texts.ask_flatten)];
    if let Some(snapshot) = &model.snapshot {
        let cost = preview::flatten(snapshot, model.vitals.taker_fee);
        let quote = snapshot.quote.as_str();
        let worth = [cost.positions.to_string(), format::amount(cost.worth), quote.to_owned()];
        lines.push(Line::styled(fill(texts.flatten_worth, &[&worth[0], &worth[1], &worth[2]]), theme.value()));
        let sum = crate::domain::Value(cost.spread.0.saturating_add(cost.fees.0));
        let parts = [format::amount(sum), quote.to_owned(), format::amount(cost.spread), format::amount(cost.fees)];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        lines.push(Line::styled(fill(texts.flatten_cost, &parts), theme.warning()));
        let pnl = fill(texts.flatten_pnl, &[&format::change(cost.pnl), quote]);
        lines.push(Line::styled(pnl, theme.signed(cost.pnl.to_f64())));
        if cost.orders > 0 {
            lines.push(Line::raw(fill(texts.flatten_orders, &[&cost.orders.to_string()])));
        }
    }
    lines.push(Line::styled(texts.flatten_pauses, theme.dim()));
    lines
}

/// Which order, and what goes with it.
fn cancel(model: &Model, order: &OrderView) -> Vec<Line<'static>> {
    let texts = model.texts;
    let symbols = model.snapshot.as_ref().map(|snapshot| snapshot.symbols.as_slice()).unwrap_or_default();
    let symbol = symbols.get(order.symbol.index());
    let name = symbol.map(|symbol| symbol.symbol.as_str().to_owned()).unwrap_or_default();
    let tick = symbol.map(|symbol| symbol.rules.price.tick).unwrap_or_default();
    let price = order.kind.stop_price().or(order.kind.limit_price()).map(|price| format::price(price, tick));
    let parts = [
        name,
        orders::purpose(model, order.purpose).to_owned(),
        orders::side(model, order.side).to_owned(),
        format::quantity(order.kind.quantity()),
        price.unwrap_or_default(),
    ];
    let mut lines = vec![Line::styled(parts.join(" "), model.theme.value())];
    lines.push(Line::raw(match order.purpose {
        Purpose::Stop | Purpose::Target => texts.ask_cancel_protection,
        Purpose::Exit => texts.ask_cancel_exit,
        Purpose::Entry => "",
    }));
    lines
}

fn strategies(model: &Model, selected: usize, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let height = StrategyName::ALL.len() as u16 + 5;
    let inside = window(model, texts.ask_strategy_title, (76, height), area, buffer);
    let now = model.snapshot.as_ref().map(|snapshot| snapshot.settings.strategy);
    for (at, name) in StrategyName::ALL.into_iter().enumerate() {
        let active = if now == Some(name) { "●" } else { " " };
        let badge = model.vitals.models.badge(name, texts).map(|badge| format!("{badge}; "));
        let spans = vec![
            Span::styled(format!("{active} {:<9}", name.as_str()), theme.value()),
            Span::styled(badge.unwrap_or_default(), theme.accent()),
            Span::styled(texts.about(name), theme.text()),
        ];
        put(&Line::from(spans), inside, at as u16, buffer);
        if at == selected {
            buffer.set_style(Rect { y: inside.y + at as u16, height: 1, ..inside }, theme.selected());
        }
    }
    let below = StrategyName::ALL.len() as u16 + 1;
    let note = fill(texts.strategy_note, &[&keymap::key_of(Action::Models)]);
    put(&Line::styled(format!("● {}; {note}", texts.active), theme.dim()), inside, below, buffer);
    put(&keys(model), inside, below + 1, buffer);
}

/// Every place with its keys.
fn help_lines(model: &Model) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let mut lines = Vec::new();
    for (place, name) in keymap::places(texts) {
        if !lines.is_empty() {
            lines.push(Line::styled(name, theme.title()));
        }
        lines.extend(keymap::of(place).map(|binding| {
            let keys = Span::styled(format!("{:<21}", binding.names()), theme.key());
            Line::from(vec![keys, Span::styled((binding.help)(texts), Style::new())])
        }));
    }
    lines
}

/// Rows of the help, for scrolling.
pub(super) fn help_rows(model: &Model) -> usize {
    help_lines(model).len()
}

/// Rows of the text about models, for scrolling.
pub(super) fn models_rows(model: &Model) -> usize {
    models::rows(model)
}

fn help(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = help_lines(model);
    let height = (lines.len() as u16 + 3).min(area.height.saturating_sub(2));
    let inside = window(model, model.texts.help_title, (80, height), area, buffer);
    let room = usize::from(inside.height.saturating_sub(1));
    let skip = scroll.min(lines.len().saturating_sub(room));
    for (row, line) in lines.iter().skip(skip).take(room).enumerate() {
        put(line, inside, row as u16, buffer);
    }
    let mut below = keys(model);
    let more = lines.len().saturating_sub(skip + room);
    if more > 0 {
        let more = fill(model.texts.more, &[&more.to_string()]);
        below.spans.push(Span::styled(format!("   ▾ {more}"), model.theme.accent()));
    }
    put(&below, inside, inside.height.saturating_sub(1), buffer);
}

/// How it went, and how to go on.
fn ended(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (texts, theme) = (model.texts, model.theme);
    let mut lines = vec![match &model.vitals.run {
        RunState::Failed(why) => Line::styled(fill(texts.ended_failed, &[why]), theme.error()),
        RunState::Finished | RunState::Running => Line::raw(texts.ended_finished),
    }];
    if let Some(snapshot) = &model.snapshot {
        let gained = super::balances::total_return(snapshot);
        let parts = [
            snapshot.bars.to_string(),
            format::amount(snapshot.equity),
            snapshot.quote.as_str().to_owned(),
            format::signed_percent(gained),
            format::signed_percent(snapshot.max_drawdown),
        ];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        lines.push(Line::styled(fill(texts.ended_result, &parts), theme.value()));
    }
    ask(model, texts.ended_title, lines, area, buffer);
}
