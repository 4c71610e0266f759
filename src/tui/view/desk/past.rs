//! What was refused, what was carried out, and what outside sources say.
//!
//! Invariant: the newest stands first; a source that is on says how old its word is.
//! Absent on purpose: decisions that were taken (`strategies`).

use super::work::{headed, shortfall};
use super::{Desk, Entry, Urgency};
use crate::engine::mood::SourceView;
use crate::engine::{MoodState, Notice};
use crate::tui::format;
use crate::tui::text::fill;
use crate::tui::view::flow::Flow;

/// Rows that are listed, of each kind.
const REFUSALS: usize = 6;
const EXECUTIONS: usize = 4;

pub fn refusals(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme, snapshot) = (desk.model.texts, desk.model.theme, desk.snapshot);
    let is_refusal = |notice: &Notice| matches!(notice, Notice::Refused { .. } | Notice::Rejected { .. });
    let newest = snapshot.history.decisions.iter().rev().filter(|(_, notice)| is_refusal(notice)).take(REFUSALS);
    let mut entries: Vec<Entry> = newest
        .map(|(time, notice)| {
            let flow = desk.entry(texts.label_refused).item(format::clock(*time), theme.dim());
            (Urgency::Quiet, flow.words(&texts.notice(notice, snapshot), theme.text()).lines())
        })
        .collect();
    if entries.is_empty() {
        let flow = desk.entry(texts.label_refused).words(texts.no_refusal, theme.dim());
        entries.push((Urgency::Quiet, flow.lines()));
    }
    entries
}

/// Parent orders that are over.
pub fn executions(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let newest = desk.snapshot.history.executions.iter().rev().take(EXECUTIONS);
    let entries = newest.map(|(time, work)| {
        let flow = desk.entry(texts.label_ended).item(format::clock(*time), theme.dim());
        let done = [format::quantity(work.filled), format::quantity(work.total)];
        let flow = headed(desk, flow, work).item(fill(texts.work_done, &[&done[0], &done[1]]), theme.text());
        let flow = shortfall(desk, flow, work);
        let ending = work.ending.map(|ending| ending.to_string()).unwrap_or_default();
        (Urgency::Quiet, flow.item(ending, theme.dim()).lines())
    });
    entries.collect()
}

pub fn moods(desk: &Desk<'_>) -> Vec<Entry> {
    let (texts, theme, mood) = (desk.model.texts, desk.model.theme, &desk.snapshot.mood);
    let is_off = |source: &&SourceView| source.state == MoodState::Off;
    let mut flow = desk.entry(texts.label_mood);
    let on = mood.sources.iter().filter(|source| !is_off(source));
    let off: Vec<&str> = mood.sources.iter().filter(is_off).map(|source| source.source.as_str()).collect();
    if off.len() == mood.sources.len() {
        return vec![(Urgency::Quiet, flow.words(texts.no_mood, theme.dim()).lines())];
    }
    for source in on {
        flow = told(desk, flow, source);
    }
    for (view, score) in desk.snapshot.symbols.iter().zip(&mood.scores) {
        if let Some(score) = score {
            let text = fill(texts.mood_together, &[&format!("{score:+.2}"), view.symbol.as_str()]);
            flow = flow.item(text, theme.signed(*score));
        }
    }
    if !off.is_empty() {
        flow = flow.words(&fill(texts.mood_off, &[&off.join(", ")]), theme.dim());
    }
    if mood.lost > 0 {
        flow = flow.item(fill(texts.mood_lost, &[&mood.lost.to_string()]), theme.warning());
    }
    vec![(Urgency::Quiet, flow.lines())]
}

/// "funding fresh 12 s +0.32"
fn told(desk: &Desk<'_>, flow: Flow, source: &SourceView) -> Flow {
    let (texts, theme) = (desk.model.texts, desk.model.theme);
    let (state, style) = match &source.state {
        MoodState::Off | MoodState::Waiting => (texts.mood_waiting.to_owned(), theme.dim()),
        MoodState::Fresh => (texts.mood_fresh.to_owned(), theme.text()),
        MoodState::Stale => (texts.mood_stale.to_owned(), theme.warning()),
        MoodState::Failing(why) => (fill(texts.mood_failing, &[why]), theme.warning()),
    };
    let age = source.age.map(|age| format!(" {}", format::age(age))).unwrap_or_default();
    let score = source.score.map(|score| format!(" {score:+.2}")).unwrap_or_default();
    flow.item(format!("{} {state}{age}{score}", source.source.as_str()), style)
}
