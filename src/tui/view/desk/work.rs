//! Orders that are worked off in parts: how far, how, and what they cost so far.
//!
//! Invariant: a shortfall is shown where there is a fill to measure it by, and positive is dearer.
//! Absent on purpose: the slices to come.

use super::{Desk, Entry, Urgency};
use crate::domain::Side;
use crate::engine::execution::{ChildState, Progress};
use crate::tui::format;
use crate::tui::text::fill;
use crate::tui::view::flow::Flow;
use crate::tui::view::orders;
use crate::tui::widgets::meter;

/// Columns of the bar that says how much is done.
const METER: usize = 12;

pub fn active(desk: &Desk<'_>) -> Vec<Entry> {
    let works = desk.symbols().filter_map(|at| desk.snapshot.symbols.get(at)?.work.as_deref());
    let entries: Vec<Entry> = works.map(|work| (Urgency::Active, one(desk, work))).collect();
    if entries.is_empty() {
        let (texts, theme) = (desk.model.texts, desk.model.theme);
        return vec![(Urgency::Quiet, desk.entry(texts.label_work).words(texts.no_work, theme.dim()).lines())];
    }
    entries
}

fn one(desk: &Desk<'_>, work: &Progress) -> Vec<ratatui::text::Line<'static>> {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let part = if work.total.is_zero() { 0.0 } else { work.filled.to_f64() / work.total.to_f64() };
    let bar = format!("{} {}", meter(part, METER), format::whole_percent(part));
    let tick = desk.snapshot.symbols.get(work.symbol.index()).map(|view| view.rules.price.tick).unwrap_or_default();
    let mut flow = headed(desk, desk.entry(texts.label_work), work).item(bar, theme.value());
    let done = [format::quantity(work.filled), format::quantity(work.total)];
    flow = flow.item(fill(texts.work_done, &[&done[0], &done[1]]), theme.text());
    let slices = [work.sent.to_string(), work.planned.max(work.sent).to_string()];
    flow = flow.item(fill(texts.work_slices, &[&slices[0], &slices[1]]), theme.text());
    if let Some(child) = &work.child {
        let quantity = format::quantity(child.quantity.saturating_sub(child.filled));
        let mut text = fill(texts.work_child, &[child.state.as_str(), &quantity]);
        if let Some(price) = child.price {
            text = format!("{text} {}", fill(texts.work_at, &[&format::price(price, tick)]));
        }
        let style = match child.state {
            ChildState::Stale { .. } | ChildState::Cancelled => theme.warning(),
            ChildState::Sent | ChildState::New | ChildState::Partial | ChildState::Repriced | ChildState::Crossed => {
                theme.text()
            }
        };
        flow = flow.item(text, style);
    }
    if work.reprices > 0 {
        flow = flow.item(fill(texts.work_reprices, &[&work.reprices.to_string()]), theme.dim());
    }
    flow = shortfall(desk, flow, work);
    let expected = format::basis_points(work.expected);
    flow = flow.item(fill(texts.work_expected, &[&expected]), theme.dim());
    if let Some(wake) = work.wake {
        flow = flow.item(fill(texts.work_next, &[&format::clock(wake)]), theme.text());
    }
    let end = format::clock(work.started.plus(work.horizon));
    flow.item(fill(texts.work_until, &[&end]), theme.dim()).lines()
}

/// Whose, which way, in which style.
pub(super) fn headed(desk: &Desk<'_>, flow: Flow, work: &Progress) -> Flow {
    let theme = desk.model.theme;
    let symbol = desk.snapshot.symbols.get(work.symbol.index());
    let style = if work.side == Side::Buy { theme.buy() } else { theme.sell() };
    flow.item(symbol.map(|view| view.symbol.as_str()).unwrap_or_default(), theme.text())
        .item(orders::side(desk.model, work.side), style)
        .item(work.style.as_str(), theme.accent())
}

/// Against what it cost then: the price at its arrival, and what the market paid since.
pub(super) fn shortfall(desk: &Desk<'_>, mut flow: Flow, work: &Progress) -> Flow {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let benchmarks = [
        (texts.work_arrival, work.against_arrival),
        (texts.work_twap, work.against_twap),
        (texts.work_vwap, work.against_vwap),
    ];
    for (name, points) in benchmarks {
        if let Some(points) = points {
            let bps = fill(texts.work_bps, &[&format::basis_points(points)]);
            flow = flow.item(fill(name, &[&bps]), theme.signed(-points));
        }
    }
    flow
}
