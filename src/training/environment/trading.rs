//! `TradingEnvironment`: the engine itself, on recorded bars, as a problem to learn.
//!
//! A step answers the engine's question for the wanted exposure and walks the bars to the next question, through the same
//! `Engine::step`, venue, fees, filters, sizes, band and stops as a backtest. On spot an action below 0 means nothing held.
//! Observation: the normalised row of the market at the decision, then the engine's standing (`engine::standing`).
//! Invariant: with the same actions the engine ends as in a backtest whose model gave them.
//! Absent on purpose: several symbols in one account, impact on the recorded prices (bars are as they were).

use std::sync::Arc;

use rand_chacha::rand_core::Rng;

use super::tape::{HISTORY, Tape};
use super::{End, Environment, Outcome};
use crate::domain::{Money, Ratio, Seed, Session, SymbolId, Time};
use crate::engine::model::{InferOutcome, InferRequest, Meaning, ModelSlot, ModelSpec, Models};
use crate::engine::settings::{Settings, Sizing, StrategyName};
use crate::engine::standing::{COLUMNS, Interval};
use crate::engine::{Engine, Start};
use crate::market::regime::RegimeModel;
use crate::runtime::backtest::{BacktestError, start_balances};
use crate::runtime::paced::Paced;
use crate::simulator::{self, Simulator};
use crate::training::TrainingError;

/// What a step is worth.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardWeights {
    /// Of the growth of capital after costs in deviations of the market, which counts within plus and minus 10.
    pub growth: f64,
    /// Of the differential Sharpe ratio, which counts within plus and minus 5.
    pub sharpe: f64,
    /// Taken off for a change of exposure by 1, besides what it cost.
    pub turnover: f64,
}

/// What is the same in all episodes.
#[derive(Debug, Clone)]
pub struct Terms {
    /// As in a run. Three things are set otherwise: the strategy; what is invested, which is everything, so that an exposure
    /// is a share of the account; and the guards of the account, which are off, for who explores would be locked out of
    /// the market that is to be learnt.
    pub settings: Settings,
    pub venue: simulator::Settings,
    pub balance: Money,
    pub regimes: RegimeModel,
    pub reward: RewardWeights,
    /// Rate at which the standing forgets, a decision.
    pub sharpe_rate: f64,
    /// Decisions in an episode.
    pub decisions: usize,
    /// Decision bars open from the first until before the second.
    pub range: (Time, Time),
}

pub struct TradingEnvironment {
    tape: Arc<Tape>,
    terms: Arc<Terms>,
    seed: Seed,
    lane: usize,
    /// The bar that is walked next.
    next: usize,
    /// Decision at which it stands, and the last one of the episode.
    decision: usize,
    last: usize,
    paced: Option<Paced>,
    question: Option<InferRequest>,
    bars: u64,
}

const GROWTH_CLIP: f64 = 10.0;
const SHARPE_CLIP: f64 = 5.0;

impl RewardWeights {
    /// Returns, a little of how steady they are, nothing for turnover, which costs already.
    pub const DEFAULT: RewardWeights = RewardWeights { growth: 1.0, sharpe: 0.1, turnover: 0.0 };

    pub fn of(self, interval: &Interval) -> f64 {
        let growth = (interval.growth / interval.deviation).clamp(-GROWTH_CLIP, GROWTH_CLIP);
        let sharpe = interval.sharpe.clamp(-SHARPE_CLIP, SHARPE_CLIP);
        self.growth * growth + self.sharpe * sharpe - self.turnover * interval.turnover
    }
}

impl Terms {
    /// The settings of an engine that asks for exposures and sees no market: the environment shows it.
    fn engine(&self, tape: &Tape) -> Settings {
        let spec = ModelSpec {
            name: "learner".into(),
            digest: 0,
            schema: tape.schema().hash(),
            rows: 0,
            every_minutes: tape.every_minutes(),
            meaning: Meaning::Exposure { sharpe_rate: self.sharpe_rate },
        };
        let mut models = Models::default();
        models.set(ModelSlot::Sac, Some(spec));
        let risk = self.settings.risk.without_guards();
        let (strategy, sizing) = (StrategyName::Sac, Sizing::Invest);
        Settings { strategy, invest: Ratio::ONE, sizing, risk, models, ..self.settings.clone() }
    }
}

impl TradingEnvironment {
    pub fn new(tape: Arc<Tape>, terms: Arc<Terms>, seed: Seed) -> TradingEnvironment {
        let (paced, question) = (None, None);
        TradingEnvironment { tape, terms, seed, lane: 0, next: 0, decision: 0, last: 0, paced, question, bars: 0 }
    }

    /// Begins at a decision of a lane and ends at another, both places in the tape.
    pub fn begin(&mut self, lane: usize, decisions: std::ops::Range<usize>) -> Result<(), TrainingError> {
        if decisions.len() < 2 {
            let what = "decisions in the range";
            return Err(TrainingError::TooFew { what, found: decisions.len(), wanted: 2 });
        }
        let recorded = &self.tape.lanes()[lane];
        let first = self.tape.bar_of(lane, decisions.start);
        let rules = vec![recorded.rules.clone()];
        let start = Start {
            session: Session(self.seed.0),
            settings: self.terms.engine(&self.tape),
            balances: start_balances(&rules, self.terms.balance),
            history: vec![recorded.bars[first - HISTORY..first].to_vec()],
            rules: rules.clone(),
            regimes: self.terms.regimes.clone(),
            has_books: false,
        };
        let paced = Paced::begin(Simulator::new(rules, self.terms.venue), start).map_err(failed)?;
        self.paced = Some(paced);
        (self.lane, self.next, self.last) = (lane, first, decisions.end - 1);
        self.walk()
    }

    /// The engine as it stands; `None` before the first episode.
    pub fn engine(&self) -> Option<&Engine> {
        self.paced.as_ref().map(Paced::engine)
    }

    /// When the newest decision bar closed.
    pub fn now(&self) -> Time {
        self.tape.lanes()[self.lane].bars[self.next - 1].close_time()
    }

    /// Closed bars that were walked since it was made.
    pub fn bars(&self) -> u64 {
        self.bars
    }

    /// Walks to the next question.
    fn walk(&mut self) -> Result<(), TrainingError> {
        let Some(paced) = &mut self.paced else { return Err(no_episode()) };
        let bars = &self.tape.lanes()[self.lane].bars;
        while let Some(bar) = bars.get(self.next) {
            let asked = paced.minute(bar).map_err(failed)?;
            self.next += 1;
            self.bars += 1;
            if let Some(question) = asked {
                self.question = Some(question);
                let decision = self.tape.decision_at(self.lane, self.next - 1);
                self.decision = decision.ok_or_else(|| TrainingError::Learner("a question without a row".into()))?;
                return Ok(());
            }
        }
        Err(TrainingError::Data("the bars ended before the last decision of the episode".into()))
    }
}

impl Environment for TradingEnvironment {
    fn fingerprint(&self) -> u64 {
        let mut digest = crate::domain::Digest::new();
        digest.text("trading");
        digest.u64(self.seed.0);
        digest.u64(u64::from(self.tape.every_minutes()));
        digest.text(&format!("{:?} {:?}", self.tape.normaliser(), self.terms));
        for lane in self.tape.lanes() {
            digest.text(&format!("{:?}", lane.rules));
            digest.u64(lane.bars.len() as u64);
            lane.bars.iter().for_each(|bar| digest.f64(bar.close));
        }
        digest.finish()
    }

    fn observation_len(&self) -> usize {
        self.tape.schema().width() + COLUMNS.len()
    }

    fn action_len(&self) -> usize {
        1
    }

    /// A lane and a stretch of it, drawn by the episode's number; a short range is one stretch.
    fn reset(&mut self, episode: u64) -> Result<(), TrainingError> {
        let (from, to) = self.terms.range;
        let ranges: Vec<_> = (0..self.tape.lanes().len()).map(|lane| self.tape.decisions(lane, from, to)).collect();
        let starts = |range: &std::ops::Range<usize>| match range.len() {
            0 | 1 => 0,
            length => (length + 1).saturating_sub(self.terms.decisions).max(1),
        };
        let total: usize = ranges.iter().map(starts).sum();
        let mut random = self.seed.stream(&format!("episode {episode}"));
        let mut drawn = (random.next_u64() % total.max(1) as u64) as usize;
        for (lane, range) in ranges.into_iter().enumerate() {
            let own = starts(&range);
            if drawn < own {
                let first = range.start + drawn;
                return self.begin(lane, first..range.end.min(first + self.terms.decisions));
            }
            drawn -= own;
        }
        Err(TrainingError::TooFew { what: "decisions to learn from", found: 0, wanted: 2 })
    }

    fn observe(&self, out: &mut [f32]) {
        let (market, standing) = out.split_at_mut(self.tape.schema().width());
        market.copy_from_slice(self.tape.row(self.lane, self.decision));
        if let Some(question) = &self.question {
            standing.copy_from_slice(&question.input);
        }
    }

    fn step(&mut self, action: &[f32]) -> Result<Outcome, TrainingError> {
        let (Some(paced), Some(question)) = (&mut self.paced, self.question.take()) else { return Err(no_episode()) };
        let exposure = action.first().copied().unwrap_or(0.0).clamp(-1.0, 1.0);
        let bar = &self.tape.lanes()[self.lane].bars[self.next - 1];
        paced.answer(bar, question.answer(InferOutcome::Value(exposure))).map_err(failed)?;
        self.walk()?;
        let Some(engine) = self.engine() else { return Err(no_episode()) };
        let interval = engine.interval(SymbolId(0), ModelSlot::Sac);
        let reward = interval.map_or(0.0, |interval| self.terms.reward.of(&interval)) as f32;
        let end = if engine.halted().is_some() {
            End::Terminated
        } else if self.decision >= self.last {
            End::Truncated
        } else {
            End::Goes
        };
        Ok(Outcome { reward, end })
    }

    fn stratum(&self) -> u8 {
        self.tape.stratum(self.lane, self.decision)
    }
}

fn failed(error: BacktestError) -> TrainingError {
    TrainingError::Data(error.to_string())
}

fn no_episode() -> TrainingError {
    TrainingError::Learner("a step without an episode; this is a bug in kestrel, please report it".into())
}
