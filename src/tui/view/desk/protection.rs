//! Stops and targets of what is held, with their distance from the price.
//!
//! Invariant: a position without a stop at the venue says so, and why.
//! Absent on purpose: moving them (`engine::protection`).

use super::{Desk, Entry, Urgency};
use crate::domain::Price;
use crate::engine::instrument::Desk as Stand;
use crate::engine::risk::settings::StopKind;
use crate::engine::snapshot::SymbolView;
use crate::tui::format;
use crate::tui::text::fill;

pub fn stops(desk: &Desk<'_>) -> Vec<Entry> {
    let held = desk.symbols().filter_map(|at| desk.snapshot.symbols.get(at)).filter(|view| is_held(view));
    let entries: Vec<Entry> = held.map(|view| one(desk, view)).collect();
    if entries.is_empty() {
        let (texts, theme) = (desk.model.texts, desk.model.theme);
        return vec![(Urgency::Quiet, desk.entry(texts.label_stop).words(texts.no_stop, theme.dim()).lines())];
    }
    entries
}

fn is_held(view: &SymbolView) -> bool {
    view.stop.is_some() || view.target.is_some() || (view.desk != Stand::Flat && !view.position.is_zero())
}

fn one(desk: &Desk<'_>, view: &SymbolView) -> Entry {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let risk = &desk.snapshot.settings.risk;
    let mut flow = desk.entry(texts.label_stop).item(view.symbol.as_str(), theme.text());
    let mut urgency = Urgency::Active;
    match view.stop {
        Some(stop) => {
            flow = flow.item(placed(view, texts.stop_at, stop), theme.stop());
            let moves = match (risk.trailing_multiple.is_positive(), view.is_raised) {
                (true, _) => texts.stop_trails,
                (false, true) => texts.stop_raised,
                (false, false) => texts.stop_fixed,
            };
            flow = flow.item(moves, theme.dim());
        }
        None if view.unprotected => {
            urgency = Urgency::Person;
            flow = flow.words(texts.stop_taken_off, theme.error());
        }
        None if view.desk != Stand::Holding => {}
        None => {
            let is_set = match risk.stops {
                StopKind::Percent => desk.snapshot.settings.stop_loss.is_positive(),
                StopKind::Atr | StopKind::Sigma => risk.stop_multiple.is_positive(),
            };
            let (text, style) =
                if is_set { (texts.stop_missing, theme.error()) } else { (texts.stop_off, theme.warning()) };
            flow = flow.item(text, style);
        }
    }
    if let Some(target) = view.target {
        flow = flow.item(placed(view, texts.target_at, target), theme.target());
    }
    (urgency, flow.lines())
}

/// "stop 60,044.69 -3.98 %"
fn placed(view: &SymbolView, template: &str, price: Price) -> String {
    let mut text = fill(template, &[&format::price(price, view.rules.price.tick)]);
    if let Some(mark) = view.mark.filter(|mark| mark.is_positive()) {
        text = format!("{text} {}", format::signed_percent(price.to_f64() / mark.to_f64() - 1.0));
    }
    text
}
