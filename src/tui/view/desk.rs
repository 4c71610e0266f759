//! The desk: what halts or locks entries, orders that are worked off, stops with their distance, regime and last event,
//! refusals, executions that are over, outside sources.
//!
//! Invariant: what needs a person stands first, then what is being done, then what was; what does not fit is counted at
//! the title and can be scrolled to.
//! Absent on purpose: the strategy's reasons (`strategies`) and orders at the venue one by one (`orders`).

mod market;
mod past;
mod protection;
mod work;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::flow::Flow;
use super::frame::panel;
use super::{put_empty, put_lines};
use crate::engine::Snapshot;
use crate::tui::model::{Model, Panel};
use crate::tui::text::fill;

/// What needs a person; what is going on; what is quiet or over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Person,
    Active,
    Quiet,
}

/// Lines that stand together.
type Entry = (Urgency, Vec<Line<'static>>);

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = lines(model, inside_width(area));
    let room = usize::from(inside_height(area));
    let skip = model.scrolled(Panel::Desk).min(lines.len().saturating_sub(room));
    let below = lines.len().saturating_sub(skip + room);
    let note = match (skip, below) {
        (_, 1..) => format!(" ▾ {} ", fill(model.texts.more, &[&below.to_string()])),
        (1.., 0) => format!(" ▴ {skip} "),
        (0, 0) => String::new(),
    };
    let mut inside = panel(model, Panel::Desk, Line::styled(note, model.theme.accent()), area, buffer);
    if model.snapshot.is_none() {
        return put_empty(model, model.texts.waiting, inside, buffer);
    }
    put_lines(&lines[skip..], &mut inside, buffer);
}

/// Lines that do not fit when it is not scrolled.
pub fn rows_below(model: &Model, area: Rect) -> usize {
    lines(model, inside_width(area)).len().saturating_sub(usize::from(inside_height(area)))
}

/// Within the border.
fn inside_width(area: Rect) -> u16 {
    area.width.saturating_sub(2)
}

fn inside_height(area: Rect) -> u16 {
    area.height.saturating_sub(2)
}

fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let Some(snapshot) = &model.snapshot else { return Vec::new() };
    let desk = Desk { model, snapshot, width };
    let mut entries = market::shock(&desk);
    entries.extend(market::locks(&desk));
    entries.extend(work::active(&desk));
    entries.extend(protection::stops(&desk));
    entries.extend(market::regimes(&desk));
    entries.extend(market::events(&desk));
    entries.extend(past::refusals(&desk));
    entries.extend(past::executions(&desk));
    entries.extend(past::moods(&desk));
    // Equal ones keep their order.
    entries.sort_by_key(|(urgency, _)| *urgency);
    entries.into_iter().flat_map(|(_, lines)| lines).collect()
}

/// What its parts are made from.
struct Desk<'a> {
    model: &'a Model,
    snapshot: &'a Snapshot,
    width: u16,
}

impl Desk<'_> {
    /// A line that begins with what it is about.
    fn entry(&self, label: &str) -> Flow {
        Flow::labelled(label, self.model.theme.label(), self.width)
    }

    /// The shown symbol first, then the others.
    fn symbols(&self) -> impl Iterator<Item = usize> {
        let shown = self.model.symbol.min(self.snapshot.symbols.len().saturating_sub(1));
        let others = (0..self.snapshot.symbols.len()).filter(move |at| *at != shown);
        std::iter::once(shown).filter(|at| *at < self.snapshot.symbols.len()).chain(others)
    }
}
