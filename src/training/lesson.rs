//! `Lesson`: bars that teach an agent to trade and bars that tell when it is best, and the way through them with one seed.
//!
//! Invariant: what teaches, what chooses and what judges lie apart by an embargo of a day, in this order of time; the normaliser
//! knows what teaches alone.
//! Absent on purpose: the bars that judge in the end (whoever has them looks once), files and threads (`app`).

use std::sync::Arc;

use super::TrainingError;
use super::agent_curves::AgentCurve;
use super::course::{self, CoursePlan, Judged, Watch};
use super::environment::tape::{Recorded, Tape};
use super::environment::trading::{Terms, TradingEnvironment};
use super::market_walk::MarketStretch;
use super::sac::{Actor, Agent};
use super::sac::{Wish, settle};
use super::trainer::{Trainer, TrainerSettings};
use super::walk_table::{Stretch, Walked};
use crate::domain::{Seed, Span, Time};
use crate::market::features::Schema;

/// Between what teaches, what chooses and what judges.
pub const EMBARGO: Span = Span::DAY;
/// Newest part of the bars before those that judge that chooses among agents.
const VALIDATION: f64 = 0.15;
/// Environments that are acted in by turns.
const SEATS: usize = 4;
/// Points of a curve, and how many of them are judged.
const POINTS: u64 = 100;
const JUDGE_EVERY: u64 = 4;
/// Judgements in a row without a better one after which a training ends.
const PATIENCE: u32 = 10;
const KEEP_EVERY: u64 = 10;

/// What is learnt from.
#[derive(Clone)]
pub struct Lesson {
    pub tape: Arc<Tape>,
    /// `range` is what teaches.
    pub terms: Arc<Terms>,
    /// Decision bars that choose.
    pub validation: (Time, Time),
    pub settings: TrainerSettings,
    /// Where it learns.
    pub wish: Wish,
}

/// An agent that was taught.
#[derive(Debug, Clone)]
pub struct Taught {
    pub seed: Seed,
    pub actor: Actor,
    /// Best lower bound of the growth on validation; `None` where nothing was judged.
    pub score: Option<f64>,
    /// The net return there.
    pub validation: Option<f64>,
    pub updates: u64,
    /// Of a processor, without looks at held-out bars.
    pub seconds: f64,
    /// Which hardware learnt, and why.
    pub hardware: String,
    pub curve: AgentCurve,
}

impl Lesson {
    /// Of bars whose decisions before `until` may be used; the tape may go on after it, for judgement.
    pub fn new(
        recorded: Vec<Recorded>,
        every_minutes: u16,
        until: Time,
        terms: Terms,
        settings: TrainerSettings,
        wish: Wish,
    ) -> Result<Lesson, TrainingError> {
        let first = recorded.iter().filter_map(|lane| lane.bars.first()).map(|bar| bar.open_time).min();
        let Some(first) = first else { return Err(TrainingError::Data("there are no bars to learn from".into())) };
        let span = until.since(first).0.max(0);
        let validation = (until.plus(Span((span as f64 * -VALIDATION) as i64)), until);
        let range = (first, validation.0.plus(Span(-EMBARGO.0)));
        let tape = Arc::new(Tape::new(Schema::ohlcv(), every_minutes, recorded, range.1, None));
        let decisions = |(from, to): (Time, Time)| -> usize {
            (0..tape.lanes().len()).map(|lane| tape.decisions(lane, from, to).len()).sum()
        };
        let wanted = [
            ("decisions to learn from", decisions(range), 2 * terms.decisions),
            ("decisions to choose by", decisions(validation), terms.decisions / 2),
        ];
        for (what, found, wanted) in wanted {
            if found < wanted {
                return Err(TrainingError::TooFew { what, found, wanted });
            }
        }
        Ok(Lesson { tape, terms: Arc::new(Terms { range, ..terms }), validation, settings, wish })
    }

    /// Teaches an agent; `keep` is where an unfinished one is kept, `clock` tells the processor seconds since the call.
    pub fn teach(
        &self,
        seed: Seed,
        steps: u64,
        keep: Option<&std::path::Path>,
        clock: &dyn Fn() -> f64,
        watch: Watch<'_>,
    ) -> Result<Taught, TrainingError> {
        let seat = |_| TradingEnvironment::new(self.tape.clone(), self.terms.clone(), seed);
        let mut trainer = Trainer::new(self.settings.clone(), (0..SEATS).map(seat).collect(), seed)?;
        let hardware = settle(trainer.agent_mut(), self.wish)?.to_string();
        let mut validation = self.stretch(self.validation)?;
        let look_every = (steps / POINTS).max(1);
        let plan = CoursePlan {
            steps,
            look_every,
            judge_every: JUDGE_EVERY,
            patience: PATIENCE,
            keep,
            keep_every: KEEP_EVERY,
        };
        let mut judge = |agent: &mut Agent| judged(agent, &mut validation).map(Some);
        let progress = course::run(&mut trainer, plan, &mut judge, clock, watch)?;
        let hold = validation.hold(seed).worth;
        let last = progress.points.last().copied().unwrap_or_default();
        let kept = progress.points.iter().find(|point| point.steps == progress.kept());
        Ok(Taught {
            seed,
            actor: trainer.agent_mut().actor(),
            score: progress.best.map(|(_, score)| score),
            validation: kept.and_then(|point| point.validation).map(|worth| worth.net_return),
            updates: last.updates,
            seconds: progress.seconds,
            hardware,
            curve: AgentCurve {
                name: format!("seed {}", seed.0),
                kept: progress.kept(),
                points: progress.points,
                hold: Some(hold),
            },
        })
    }

    /// Other bars of the same tape.
    pub fn stretch(&self, range: (Time, Time)) -> Result<MarketStretch, TrainingError> {
        MarketStretch::new(self.tape.clone(), self.terms.clone(), range)
    }
}

impl Taught {
    /// Steps that were taken.
    pub fn steps(&self) -> u64 {
        self.curve.points.last().map_or(0, |point| point.steps)
    }
}

/// The place of the best on validation; the first of equals.
pub fn best(taught: &[Taught]) -> usize {
    let score = |at: &usize| taught[*at].score.unwrap_or(f64::NEG_INFINITY);
    (0..taught.len()).rev().max_by(|one, other| score(one).total_cmp(&score(other))).unwrap_or(0)
}

/// What an agent does without exploring. Its score is the lower bound of its growth, two standard errors down, so that luck does
/// not beat staying flat, which scores 0: many agents are looked at, and some of them are always lucky.
fn judged(agent: &mut Agent, validation: &mut MarketStretch) -> Result<Judged, TrainingError> {
    let mut action = [0.0];
    let walked = validation.walk(&mut |observation| {
        agent.act(observation, &mut action);
        Ok(action[0])
    })?;
    Ok(Judged { score: lower_bound(&walked), worth: walked.worth() })
}

/// Growth of capital less two standard errors, from one decision to the next.
fn lower_bound(walked: &Walked) -> f64 {
    let mut before = walked.start;
    let mut changes = Vec::with_capacity(walked.equity.len());
    for (_, equity) in &walked.equity {
        changes.push((equity / before).ln());
        before = *equity;
    }
    let growth: f64 = changes.iter().sum();
    let mean = growth / changes.len().max(1) as f64;
    let squares: f64 = changes.iter().map(|change| (change - mean).powi(2)).sum();
    let bound = growth - 2.0 * squares.sqrt();
    if bound.is_finite() { bound } else { f64::NEG_INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luck_does_not_beat_staying_flat() {
        let walked = |changes: &[f64]| {
            let mut equity = 100.0;
            let moments = changes.iter().map(|change| {
                equity *= 1.0 + change;
                (Time(0), equity)
            });
            Walked { start: 100.0, equity: moments.collect(), ..Walked::default() }
        };
        assert_eq!(lower_bound(&walked(&[0.0; 50])), 0.0);
        assert!(lower_bound(&walked(&[0.01, -0.009, 0.02, -0.018, 0.01])) < 0.0, "a gain within its error");
        assert!(lower_bound(&walked(&[0.01, 0.011, 0.009, 0.01, 0.012])) > 0.04);
        assert_eq!(lower_bound(&walked(&[-1.0, 0.0])), f64::NEG_INFINITY, "everything lost");
    }
}
