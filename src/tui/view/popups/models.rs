//! The models: what runs them, how fast, what each is worth and what it said last of each symbol.
//!
//! Invariant: the library's state stands first, for without it nothing below can happen.
//! Absent on purpose: figures of a card; `kestrel models show` has them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{keys, window};
use crate::domain::{Span as Length, Time};
use crate::engine::Snapshot;
use crate::engine::snapshot::{ModelView, Said, SymbolView};
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::models::{Running, Seat};
use crate::tui::text::fill;
use crate::tui::view::flow::Flow;
use crate::tui::view::put;

const WIDTH: u16 = 96;
/// Border and padding.
const FRAME: u16 = 4;

pub fn draw(model: &Model, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let width = WIDTH.min(area.width);
    let lines = lines(model, width - FRAME);
    // A blank row and the keys below, between two borders.
    let height = (lines.len() as u16).saturating_add(4).min(area.height.saturating_sub(2));
    let inside = window(model, model.texts.models_title, (width, height), area, buffer);
    let room = usize::from(inside.height.saturating_sub(2));
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

/// Rows of the text, for scrolling.
pub fn rows(model: &Model) -> usize {
    lines(model, WIDTH.min(model.width).saturating_sub(FRAME)).len()
}

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let (texts, theme, models) = (model.texts, model.theme, &model.vitals.models);
    let mut lines = Vec::new();
    if let Some(library) = &models.library {
        let style = if library.works { theme.text() } else { theme.warning() };
        lines.extend(Flow::new(width).words(&library.sentence, style).lines());
    }
    if models.seats.is_empty() {
        lines.extend(Flow::new(width).words(texts.models_none, theme.dim()).lines());
    }
    for seat in &models.seats {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(about(model, seat, width));
        if let Some(snapshot) = &model.snapshot {
            let said = snapshot.symbols.iter().filter_map(|symbol| said(model, snapshot, symbol, seat, width));
            lines.extend(said.flatten());
        }
        for trouble in &seat.troubles {
            lines.extend(Flow::new(width).words(trouble, theme.warning()).lines());
        }
    }
    lines
}

/// Its name and badge, what it is worth, what runs it.
fn about(model: &Model, seat: &Seat, width: u16) -> Vec<Line<'static>> {
    let (texts, theme) = (model.texts, model.theme);
    let trained = seat.trained.map(|time| fill(texts.model_trained, &[&format::day(time)]));
    let mut head = vec![
        Span::styled(seat.name.clone(), theme.title()),
        Span::styled(format!("  {}", seat.badge(texts)), theme.accent()),
        Span::styled(format!("  {}", seat.slot), theme.text()),
    ];
    head.extend(trained.map(|trained| Span::styled(format!("  {trained}"), theme.dim())));
    let runs = match &seat.running {
        None => Line::styled(texts.model_rests, theme.warning()),
        Some(Running { provider, latency: None }) => Line::styled(provider.clone(), theme.value()),
        Some(Running { provider, latency: Some([last, median, most]) }) => {
            let times = [last, median, most].map(|time| format::latency(*time));
            let times = fill(texts.model_runs, &[&times[0], &times[1], &times[2]]);
            Line::from(vec![Span::styled(format!("{provider}  "), theme.value()), Span::styled(times, theme.text())])
        }
    };
    let verdict = Flow::new(width).words(&seat.verdict, theme.dim()).lines();
    [Line::from(head)].into_iter().chain(verdict).chain([runs]).collect()
}

/// What it said of a symbol, when, and whether that is worth a trade.
fn said(
    model: &Model,
    snapshot: &Snapshot,
    symbol: &SymbolView,
    seat: &Seat,
    width: u16,
) -> Option<Vec<Line<'static>>> {
    let (texts, theme) = (model.texts, model.theme);
    let view = symbol.models.iter().find(|view| view.slot == seat.slot)?;
    let flow = Flow::new(width).words(&format!("{:<9}", symbol.symbol.as_str()), theme.label());
    let when = |bar: Time| {
        let after = bar.plus(Length::MINUTE);
        let age = format::age(snapshot.now.since(after));
        fill(texts.model_said, &[&format::day_minute(after), &age])
    };
    let flow = match view {
        ModelView { is_asked: false, .. } => flow.words(texts.model_not_asked, theme.dim()),
        ModelView { said: None, .. } => flow.words(texts.model_silent, theme.dim()),
        ModelView { said: Some(Said::Wants(wanted)), .. } => {
            let share = fill(texts.model_wants, &[&format!("{:+.0}", 100.0 * wanted.exposure)]);
            flow.words(&share, theme.value()).words(&when(wanted.bar), theme.dim())
        }
        ModelView { said: Some(Said::Forecast(forecast)), needed, .. } => {
            let edge =
                fill(texts.model_edge, &[&format::signed_percent(forecast.edge), &format::signed_percent(*needed)]);
            let style = if forecast.edge > *needed { theme.good() } else { theme.text() };
            let probability = format!("{:.3}", forecast.probability);
            flow.words(&probability, theme.value()).words(&when(forecast.bar), theme.dim()).words(&edge, style)
        }
    };
    let trouble = view.trouble.as_ref().map(|why| Flow::new(width).words(why, theme.warning()).lines());
    Some(flow.lines().into_iter().chain(trouble.unwrap_or_default()).collect())
}
