//! What people are told of a training of agents: a line while it goes, its figures and curves in the end.
//!
//! Invariant: what was not measured is left out, never shown as 0.
//! Absent on purpose: the object for scripts.

use std::fmt::Write;

use crate::app::train_sac::{SacMade, SacStep, SeedRun};
use crate::cli::train::learn::{figure_line, place};
use crate::training::agent_curves::lines;
use crate::training::walk_table::{self, percent};

/// Letters of a curve.
const CURVE_WIDTH: usize = 60;

/// What is done, how much of how much, and a sentence about it.
pub(super) fn progress(step: &SacStep) -> (&'static str, u64, u64, String) {
    match step {
        SacStep::Reading { rows, of } => ("reading", *rows, *of, "reading bars".into()),
        SacStep::Judging { done, of } => ("judging", *done, *of, "walking flat, holding and random traders".into()),
        SacStep::Learning { name, point, updates_per_second, steps, of } => {
            let mut said = name.clone();
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let parts = [
                ("return", point.episode_return.map(|x| format!("{x:.2}"))),
                ("on validation", point.validation.map(|worth| percent(worth.net_return))),
                ("Q", point.q.map(|x| format!("{x:.2}"))),
                ("alpha", point.temperature.map(|x| format!("{x:.4}"))),
                ("entropy", point.entropy.map(|x| format!("{x:.2}"))),
                ("dormant", point.dormant.map(percent)),
                ("updates/s", (*updates_per_second > 0.0).then(|| format!("{updates_per_second:.0}"))),
            ];
            for (what, value) in parts {
                if let Some(value) = value {
                    // Writing to a string cannot fail.
                    let _ = write!(said, ", {what} {value}");
                }
            }
            ("learning", *steps, *of, said)
        }
    }
}

fn worth(run: &SeedRun) -> String {
    match (run.eval_return, run.validation) {
        (Some(mean), None) => format!("return {mean:.2} over {} episodes", run.eval_episodes),
        (Some(held_out), Some(chosen_by)) => {
            format!("{} on held-out bars, {} on validation", percent(held_out), percent(chosen_by))
        }
        (None, Some(chosen_by)) => format!("{} on validation", percent(chosen_by)),
        (None, None) => "not judged".into(),
    }
}

/// The whole result.
pub(super) fn text(made: &SacMade) -> String {
    let mut text = String::new();
    if let Some(model) = &made.model {
        let card = &model.card;
        let _ = writeln!(text, "{}: {} bytes, {}\n{}", card.name, card.bytes, place(&model.origin), card.verdict);
    }
    for (at, run) in made.runs.iter().enumerate() {
        let kept = if at == made.chosen && made.runs.len() > 1 && made.model.is_some() { ", kept" } else { "" };
        let _ = writeln!(
            text,
            "{}: {}, {} steps, {} updates, {:.0} updates/s, {:.1} s of processor{kept}",
            run.curve.name,
            worth(run),
            run.steps,
            run.updates,
            run.updates_per_second,
            run.cpu_seconds
        );
    }
    for remark in &made.remarks {
        let _ = writeln!(text, "{remark}");
    }
    for run in &made.runs {
        let _ = writeln!(text, "{}", run.curve.name);
        for line in lines(&run.curve, CURVE_WIDTH) {
            let _ = writeln!(text, "{line}");
        }
    }
    if !made.tables.is_empty() {
        text.push_str(&walk_table::text(&made.tables));
    }
    for figure in made.model.iter().flat_map(|model| &model.card.figures) {
        let _ = writeln!(text, "{}", figure_line(figure));
    }
    let _ = writeln!(text, "curves: {}", made.page.display());
    text
}
