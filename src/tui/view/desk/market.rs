//! What the market does: the shock guard, locks, regimes with who may trade in them, events with their age.
//!
//! Invariant: whatever keeps entries away says why, since when, and what a person can do about it.
//! Absent on purpose: detection and evidence in full (`explain`).

use super::{Desk, Entry, Urgency};
use crate::engine::Notice;
use crate::engine::risk::Refused;
use crate::engine::risk::shock::{Check, Failing, ShockCause, ShockState};
use crate::engine::settings::StrategyName;
use crate::engine::snapshot::SymbolView;
use crate::tui::action::Action;
use crate::tui::format;
use crate::tui::keymap::key_of;
use crate::tui::text::fill;

/// Events that are listed.
const EVENTS: usize = 6;
/// Below this width sentences with all their numbers leave no room for anything else.
const NARROW: u16 = 60;

pub fn shock(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let now = desk.snapshot.now;
    let rearm = fill(texts.shock_rearm, &[&key_of(Action::Rearm)]);
    let entry = desk.entry(texts.label_shock);
    let age = |since| format::age(now.since(since));
    let (urgency, flow) = match desk.snapshot.guard.shock {
        ShockState::Calm => {
            let text = fill(texts.shock_none, &[&key_of(Action::Halt)]);
            (Urgency::Quiet, entry.words(&text, theme.dim()))
        }
        ShockState::Halted { since, cause, held } => {
            let halted = fill(texts.shock_halted, &[&age(since), &cause.to_string()]);
            let waits = match (cause, held) {
                (ShockCause::Command, _) => texts.shock_hand.to_owned(),
                (_, Some(held)) => fill(texts.shock_holds, &[&age(held)]),
                (_, None) => failing(desk),
            };
            let flow = entry.words(&halted, theme.error()).words(&waits, theme.warning());
            (Urgency::Person, flow.words(&rearm, theme.accent()))
        }
        ShockState::HalfSize { since, held } => {
            let waits = match held {
                Some(held) => fill(texts.shock_holds, &[&age(held)]),
                None => failing(desk),
            };
            let half = fill(texts.shock_half, &[&age(since)]);
            let flow = entry.words(&half, theme.warning()).words(&waits, theme.text());
            (Urgency::Person, flow.words(&rearm, theme.accent()))
        }
    };
    vec![(urgency, flow.lines())]
}

/// The conditions that do not hold, as sentences; in a narrow panel their names alone.
fn failing(desk: &Desk<'_>) -> String {
    if desk.width < NARROW {
        let failing = Failing::of(&desk.snapshot.guard.checks);
        let names: Vec<&str> = failing.iter().map(|condition| condition.name()).collect();
        return fill(desk.model.texts.shock_waits, &[&names.join(", ")]);
    }
    let failing = desk.snapshot.guard.checks.iter().filter(|check| !check.holds).map(Check::to_string);
    failing.map(|sentence| format!("{sentence};")).collect::<Vec<_>>().join(" ")
}

pub fn locks(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let locks = desk.snapshot.guard.locks.iter().map(|lock| {
        let symbol = lock.symbol.and_then(|symbol| desk.snapshot.symbols.get(symbol.index()));
        let whose = symbol.map_or(texts.lock_all, |view| view.symbol.as_str()).to_owned();
        let flow = desk.entry(texts.label_lock).item(whose, theme.text());
        let why = Refused::from(*lock).to_string();
        let flow = match lock.until {
            Some(_) => flow.words(&why, theme.warning()),
            None => {
                let rearm = fill(texts.shock_rearm, &[&key_of(Action::Rearm)]);
                flow.words(&format!("{why};"), theme.warning()).words(&rearm, theme.accent())
            }
        };
        (Urgency::Person, flow.lines())
    });
    locks.collect()
}

pub fn regimes(desk: &Desk<'_>) -> Vec<Entry> {
    desk.symbols().filter_map(|at| desk.snapshot.symbols.get(at)).map(|view| regime(desk, view)).collect()
}

/// The regime, who may trade in it, and who waits.
fn regime(desk: &Desk<'_>, view: &SymbolView) -> Entry {
    let (texts, theme, snapshot) = (desk.model.texts, desk.model.theme, desk.snapshot);
    let flow = desk.entry(texts.label_regime).item(view.symbol.as_str(), theme.text());
    let Some(regime) = view.regime else {
        let text = if snapshot.settings.needs_watch() { texts.regime_unknown } else { texts.regime_unwatched };
        return (Urgency::Quiet, flow.words(text, theme.dim()).lines());
    };
    let text = match view.regime_since {
        Some(since) => {
            let age = format::age(snapshot.now.since(since));
            fill(texts.regime_since, &[regime.name(), &format::day_minute(since), &age])
        }
        None => regime.name().to_owned(),
    };
    let flow = flow.item(text, theme.accent());
    let pinned = snapshot.settings.strategy;
    if pinned != StrategyName::Auto {
        let text = fill(texts.regime_pinned, &[pinned.as_str()]);
        return (Urgency::Quiet, flow.words(&text, theme.dim()).lines());
    }
    let Some(decides) = view.duty.in_force else { return (Urgency::Quiet, flow.lines()) };
    let other = (decides != regime).then(|| fill(texts.regime_decides, &[decides.name()]));
    let mandate = snapshot.settings.mandates.of(decides).to_string();
    let waits = view.duty.waiting().map(|(to, until)| {
        let until = format::clock(until);
        fill(texts.regime_waits, &[to.name(), &until])
    });
    let style = if waits.is_some() { theme.warning() } else { theme.text() };
    let parts: Vec<String> = other.into_iter().chain([mandate]).chain(waits).collect();
    (Urgency::Quiet, flow.words(&parts.join("; "), style).lines())
}

/// The newest first: what happened in the market, and what was done about it.
pub fn events(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme, snapshot) = (desk.model.texts, desk.model.theme, desk.snapshot);
    let newest = snapshot.history.events.iter().rev().take(EVENTS);
    let mut entries: Vec<Entry> = newest
        .map(|(time, notice)| {
            let ago = fill(texts.event_ago, &[&format::age(snapshot.now.since(*time))]);
            let alarms = matches!(notice, Notice::Event { signal, .. } if signal.is_alarm());
            let style = if alarms { theme.warning() } else { theme.text() };
            let flow = desk.entry(texts.label_event).item(ago, theme.dim());
            (Urgency::Quiet, flow.words(&texts.notice(notice, snapshot), style).lines())
        })
        .collect();
    if entries.is_empty() {
        entries.push((Urgency::Quiet, desk.entry(texts.label_event).words(texts.no_event, theme.dim()).lines()));
    }
    entries
}
