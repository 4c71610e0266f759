//! The settings editor: its fields, the range of the one that is edited, and what it does to the next order.
//!
//! Invariant: the preview is the engine's own arithmetic (`engine::preview`), at the price of now.
//! Absent on purpose: other settings; the file has them all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::{keys, window};
use crate::domain::{Money, SymbolId};
use crate::engine::preview::{self, EntryPreview};
use crate::tui::editor::{Editor, Setting};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::text::fill;

pub fn draw(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let inside = window(model, model.texts.editor_title, (66, 20), area, buffer);
    let mut lines: Vec<Line<'static>> = Setting::ALL.into_iter().map(|setting| row(model, editor, setting)).collect();
    lines.push(Line::default());
    lines.extend(about(model, editor));
    Paragraph::new(Text::from(lines)).wrap(Wrap { trim: false }).render(inside, buffer);
    let below = Rect { y: inside.bottom().saturating_sub(1), height: 1.min(inside.height), ..inside };
    buffer.set_line(below.x, below.y, &keys(model), below.width);
}

/// Name and value; the edited one with its cursor.
fn row(model: &Model, editor: &Editor, setting: Setting) -> Line<'static> {
    let theme = model.theme;
    let quote = model.snapshot.as_ref().map(|snapshot| snapshot.quote.as_str().to_owned()).unwrap_or_default();
    let unit = Span::styled(format!(" {}", setting.unit(model.texts, &quote)), theme.dim());
    let edited = setting == editor.setting;
    let mark = if edited { "▸ " } else { "  " };
    let name = Span::styled(
        format!("{mark}{:<22}", setting.name(model.texts)),
        if edited { theme.accent() } else { theme.text() },
    );
    if !edited {
        let value = editor.input(setting).value().to_owned();
        let field = model.vitals.field(setting);
        let differs = field.is_some_and(|field| format::setting(field.value) != value);
        let style = if differs { theme.warning() } else { theme.value() };
        return Line::from(vec![name, Span::styled(value, style), unit]);
    }
    let text: Vec<char> = editor.input(setting).value().chars().collect();
    let at = editor.input(setting).cursor().min(text.len());
    let (before, rest) = text.split_at(at);
    let under = rest.first().copied().unwrap_or(' ');
    let after: String = rest.iter().skip(1).collect();
    Line::from(vec![
        name,
        Span::styled(before.iter().collect::<String>(), theme.value()),
        Span::styled(under.to_string(), theme.cursor()),
        Span::styled(after, theme.value()),
        unit,
    ])
}

/// Range and present value, then either what is wrong or what it would do.
fn about(model: &Model, editor: &Editor) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let Some(field) = model.vitals.field(editor.setting) else { return Vec::new() };
    let quote = model.snapshot.as_ref().map(|snapshot| snapshot.quote.as_str().to_owned()).unwrap_or_default();
    let range = [field.range(texts), editor.setting.unit(texts, &quote).to_owned(), format::setting(field.value)];
    let range: Vec<&str> = range.iter().map(String::as_str).collect();
    let mut lines = vec![Line::styled(fill(texts.editor_range, &range), theme.dim())];
    if let Some(error) = &editor.error {
        lines.push(Line::styled(error.clone(), theme.error()));
        return lines;
    }
    match editor.value(field, texts) {
        Ok(value) => lines.extend(effect(model, editor.setting, value)),
        Err(sentence) => lines.push(Line::styled(sentence, theme.warning())),
    }
    lines
}

/// The next order before and after, with its stop and target.
fn effect(model: &Model, setting: Setting, value: f64) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    if let Some(about) = setting.about(texts) {
        return vec![Line::styled(about, theme.text())];
    }
    let symbol = SymbolId(model.symbol as u16);
    let previews = model.snapshot.as_ref().and_then(|snapshot| {
        let settings = setting.applied(&snapshot.settings, value)?;
        let now = preview::entry(snapshot, symbol, &snapshot.settings)?;
        let then = preview::entry(snapshot, symbol, &settings)?;
        let view = snapshot.symbols.get(symbol.index())?;
        Some((now, then, snapshot.quote.as_str(), view))
    });
    let Some((now, then, quote, view)) = previews else {
        return vec![Line::styled(texts.editor_no_market, theme.dim())];
    };
    let money = |money: Money| format::amount(money.to_value());
    let order = match now.notional == then.notional {
        true => fill(texts.editor_next_now, &[&money(then.notional), quote, view.symbol.as_str()]),
        false => fill(texts.editor_next, &[&money(now.notional), &money(then.notional), quote, view.symbol.as_str()]),
    };
    let tick = view.rules.price.tick;
    let mut lines = vec![Line::styled(order, theme.value())];
    let EntryPreview { stop, target, refused, .. } = then;
    if let Some((price, loss)) = stop {
        let loss = format!("-{}", money(loss));
        lines.push(Line::styled(fill(texts.editor_stop, &[&format::price(price, tick), &loss, quote]), theme.down()));
    }
    if let Some((price, gain)) = target {
        let gain = format!("+{}", money(gain));
        lines.push(Line::styled(fill(texts.editor_target, &[&format::price(price, tick), &gain, quote]), theme.up()));
    }
    if let Some(refused) = refused {
        lines.push(Line::styled(fill(texts.editor_refused, &[&refused.to_string()]), theme.warning()));
    }
    if matches!(setting, Setting::StopLoss | Setting::TakeProfit) {
        lines.push(Line::styled(texts.editor_later, theme.dim()));
    }
    lines
}
