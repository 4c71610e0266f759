//! The same lesson where the truth is known: a planted edge above cost must be found, one below it and none must be left alone.
//!
//! Invariant: settings, terms, choice and judgement are those of the agent that is made; only the bars and the steps differ.
//! Absent on purpose: any claim about real markets.

use super::TrainingError;
use super::course::Watch;
use super::environment::tape::Recorded;
use super::environment::trading::Terms;
use super::evaluation::figure;
use super::lesson::{EMBARGO, Lesson};
use super::sac::Wish;
use super::synthetic::{Edge, SyntheticMarket};
use super::trainer::TrainerSettings;
use super::walk_table::WalkTable;
use crate::domain::{Bar, Seed, SymbolRules};
use crate::inference::registry::card::Figure;

/// Bars of a market: eight months.
pub const BARS: usize = 240 * 1_440;
/// Newest part of them that judges.
const HELD_OUT: f64 = 0.2;
/// Steps are enough to find what is planted.
pub const MOST_STEPS: u64 = 40_000;
/// Turnover a day, in full sizes, that counts as leaving a market alone.
const QUIET: f64 = 0.2;

/// A market whose truth is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    pub name: &'static str,
    pub edge: Edge,
    /// Trading is right.
    pub is_worth_it: bool,
}

pub const TRUTHS: [Truth; 3] = [
    Truth { name: "planted edge", edge: Edge::Momentum { strength: 0.012 }, is_worth_it: true },
    Truth { name: "edge below cost", edge: Edge::Momentum { strength: 0.001 }, is_worth_it: false },
    Truth { name: "martingale", edge: Edge::None, is_worth_it: false },
];

/// What became of an agent there.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    pub truth: Truth,
    pub table: WalkTable,
    /// Full sizes traded a day.
    pub turnover_a_day: f64,
}

/// Teaches and judges on such a market, with as many steps, at most [`MOST_STEPS`].
pub fn tried(
    truth: Truth,
    rules: &SymbolRules,
    every_minutes: u16,
    terms: &Terms,
    settings: &TrainerSettings,
    (seed, steps): (Seed, u64),
    watch: Watch<'_>,
) -> Result<Tried, TrainingError> {
    let bars = SyntheticMarket::new(seed, "canary", truth.edge).bars(BARS);
    let (first, last) = (bars[0].open_time, bars[bars.len() - 1].open_time.plus(Bar::INTERVAL));
    let until = first.plus(crate::domain::Span((last.since(first).0 as f64 * (1.0 - HELD_OUT)) as i64));
    let recorded = vec![Recorded { rules: rules.clone(), bars }];
    let lesson = Lesson::new(recorded, every_minutes, until, terms.clone(), settings.clone(), Wish::Cpu)?;
    let taught = lesson.teach(seed, steps.min(MOST_STEPS), None, &|| 0.0, watch)?;
    let mut stretch = lesson.stretch((until.plus(EMBARGO), last))?;
    let mut policy = |observation: &[f32]| Ok(taught.actor.act(observation)[0]);
    let table = WalkTable::of(truth.name, &mut stretch, &mut policy, seed, &mut |_, _| Ok(()))?;
    let days = (table.last - table.first).max(1) as f64 / 86_400_000.0;
    let turnover_a_day = table.agent.worth.turnover / days;
    Ok(Tried { truth, table, turnover_a_day })
}

impl Tried {
    /// It did what is right there.
    pub fn is_right(&self) -> bool {
        let agent = &self.table.agent.worth;
        if self.truth.is_worth_it {
            agent.net_return > 0.0 && self.table.random.as_ref().is_some_and(|rank| rank.percentile > 0.95)
        } else {
            self.turnover_a_day < QUIET
        }
    }

    /// For the card.
    pub fn figures(&self) -> Vec<Figure> {
        let (on, table) = (self.truth.name, &self.table);
        let note = match (self.truth.is_worth_it, self.is_right()) {
            (true, true) => "the edge was found",
            (true, false) => "the edge is above cost and was not found",
            (false, true) => "left alone, which is right",
            (false, false) => "traded, which is wrong: nothing pays its cost here",
        };
        let agent = &table.agent;
        let mut made = vec![
            figure("net_return", on, Some(agent.worth.net_return), agent.trades, Some(("flat", 0.0)), Some(note)),
            figure("turnover_a_day", on, Some(self.turnover_a_day), table.decisions, Some(("flat", 0.0)), None),
        ];
        made.extend(table.random.as_ref().map(|rank| {
            let sample = rank.traders as u64;
            figure("random_percentile", on, Some(rank.percentile), sample, Some(("chance", 0.5)), None)
        }));
        made
    }
}
