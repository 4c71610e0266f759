//! An agent that trades: bars read, seeds and canaries side by side, the best on validation judged once, or a walk forward.
//!
//! Invariant: the bars that judge are looked at once, for the one agent that validation chose.
//! Absent on purpose: the card (`card`), what a lesson is (`training::lesson`).

use std::path::PathBuf;
use std::sync::Arc;

use super::card::{self, Worked};
use super::{SacMade, SacPlan, SacStep, SeedRun, Told, Watch, checkpoint, forget, names, pooled, teller, write_page};
use crate::app::Stopwatch;
use crate::app::parallel::Report;
use crate::app::train::{MakeError, Place};
use crate::config::{regimes, rules_for};
use crate::domain::{Bar, Money, Span, Symbol, SymbolRules, Time};
use crate::inference::{LibraryPlan, library};
use crate::market::features::Schema;
use crate::simulator;
use crate::store::{KlineSource, ParquetBars, symbol_of};
use crate::training::agent_canary::{MOST_STEPS, TRUTHS, Tried, tried};
use crate::training::environment::tape::{Recorded, Tape};
use crate::training::environment::trading::{RewardWeights, Terms};
use crate::training::lesson::{self, EMBARGO, Lesson, Taught};
use crate::training::market_walk::MarketStretch;
use crate::training::walk_table::{WalkTable, percent};
use crate::training::{Flow, TrainingError, recipes};

/// Rate at which the standing forgets, a decision.
pub(super) const SHARPE_RATE: f64 = 0.01;
/// Decisions in an episode: four days of one every quarter of an hour.
const DECISIONS: usize = 384;

/// What is traded, and with whose settings.
#[derive(Debug, Clone)]
pub struct MarketPlan {
    pub place: Place,
    pub data: Vec<PathBuf>,
    /// Files that only judge.
    pub held_out: Vec<PathBuf>,
    /// Newest share of `data` that only judges.
    pub held_out_share: f64,
    pub every_minutes: u16,
    /// As in a run.
    pub settings: crate::engine::Settings,
    pub venue: simulator::Settings,
    pub balance: Money,
    pub reward: RewardWeights,
    pub library: LibraryPlan,
    /// Folds of a walk forward, which installs nothing.
    pub walk_forward: Option<u8>,
}

/// What a job of the pool made.
enum Done {
    Taught(Box<Taught>),
    Tried(Box<Tried>),
}

/// Trains, judges and installs.
pub fn make(plan: &SacPlan, market: &MarketPlan, watch: Watch<'_>) -> Result<SacMade, MakeError> {
    if let Some(folds) = market.walk_forward {
        return walk_forward(plan, market, folds, watch);
    }
    let clock = Stopwatch::start();
    let library = library::find(&market.library)?;
    let recorded = read(&market.data, watch)?;
    let apart = read(&market.held_out, watch)?;
    check_apart(&recorded, &apart)?;
    let (first, end) = span(&recorded)?;
    let length = end.since(first).0 as f64;
    let until = if market.held_out_share > 0.0 {
        first.plus(Span((length * (1.0 - market.held_out_share)) as i64))
    } else {
        end
    };
    let rules = recorded[0].rules.clone();
    let lesson = Lesson::new(
        recorded,
        market.every_minutes,
        until,
        terms(market),
        recipes::trading(plan.hidden, plan.steps),
        plan.wish,
    )?;
    let (taught, canaries) = taught(plan, market, &lesson, &rules, watch)?;
    let chosen = lesson::best(&taught);
    let mut stretches = Vec::new();
    if market.held_out_share > 0.0 {
        stretches.push(("held out".to_owned(), lesson.stretch((until.plus(EMBARGO), end))?));
    }
    if !apart.is_empty() {
        stretches.push(("other files".to_owned(), of_files(&lesson, market, apart)?));
    }
    let symbols = stretches.first().map_or(0, |(_, stretch)| stretch.symbols());
    let tables = judged(&taught[chosen], stretches, watch)?;
    let mut runs: Vec<SeedRun> = taught.iter().map(run).collect();
    // Of what was held out first; the table has the rest.
    runs[chosen].eval_return = tables.first().map(|table| table.agent.worth.net_return);
    runs[chosen].eval_episodes = symbols;
    let worked = Worked {
        plan,
        market,
        lesson: &lesson,
        taught: &taught[chosen],
        tables: &tables,
        canaries: &canaries,
        until,
        cpu_seconds: clock.read().cpu_seconds,
    };
    let (model, mut remarks) = card::installed(&worked, &library)?;
    remarks.push(format!("{}.", taught[chosen].hardware));
    let page = write_page(plan, &runs, &remarks)?;
    forget(plan);
    let wall_seconds = clock.read().wall_seconds;
    Ok(SacMade { runs, chosen, whole: None, model: Some(model), tables, page, remarks, wall_seconds })
}

/// All seeds, and the markets whose truth is known.
fn taught(
    plan: &SacPlan,
    market: &MarketPlan,
    lesson: &Lesson,
    rules: &SymbolRules,
    watch: Watch<'_>,
) -> Result<(Vec<Taught>, Vec<Tried>), MakeError> {
    let mut named = names(plan);
    named.extend(TRUTHS.iter().map(|truth| truth.name.to_owned()));
    let work = |job: usize, report: &Report<'_, Told>| {
        let clock = Stopwatch::of_thread();
        if let Some(seed) = plan.seeds.get(job) {
            let keep = checkpoint(&plan.folder, *seed);
            let seconds = || clock.read().cpu_seconds;
            let taught = lesson.teach(*seed, plan.steps, Some(&keep), &seconds, &mut teller(report, &clock))?;
            return Ok(Done::Taught(Box::new(taught)));
        }
        let truth = TRUTHS[job - plan.seeds.len()];
        let settings = recipes::trading(plan.hidden, plan.steps.min(MOST_STEPS));
        let scale = (plan.seeds[0], plan.steps);
        let watch = &mut teller(report, &clock);
        let tried = tried(truth, rules, market.every_minutes, &terms(market), &settings, scale, watch)?;
        Ok::<_, MakeError>(Done::Tried(Box::new(tried)))
    };
    let of = plan.steps * plan.seeds.len() as u64 + plan.steps.min(MOST_STEPS) * TRUTHS.len() as u64;
    let done = pooled(&named, of, &work, watch)?;
    let (mut all, mut canaries) = (Vec::new(), Vec::new());
    for done in done {
        match done {
            Done::Taught(taught) => all.push(*taught),
            Done::Tried(tried) => canaries.push(*tried),
        }
    }
    Ok((all, canaries))
}

/// Consecutive stretches: the past teaches, what follows judges.
fn walk_forward(plan: &SacPlan, market: &MarketPlan, folds: u8, watch: Watch<'_>) -> Result<SacMade, MakeError> {
    let clock = Stopwatch::start();
    let recorded = read(&market.data, watch)?;
    let (first, end) = span(&recorded)?;
    let edge = |number: u8| {
        let share = f64::from(number) / (f64::from(folds) + 1.0);
        first.plus(Span((end.since(first).0 as f64 * share) as i64))
    };
    let mut lessons = Vec::new();
    for fold in 1..=folds {
        let mut past = recorded.clone();
        past.iter_mut().for_each(|lane| lane.bars.retain(|bar| bar.open_time < edge(fold + 1)));
        lessons.push(Lesson::new(
            past,
            market.every_minutes,
            edge(fold),
            terms(market),
            recipes::trading(plan.hidden, plan.steps),
            plan.wish,
        )?);
    }
    let seeds = plan.seeds.len();
    let named: Vec<String> =
        (1..=folds).flat_map(|fold| names(plan).into_iter().map(move |seed| format!("fold {fold}, {seed}"))).collect();
    let folder = |fold: usize| plan.folder.join(format!("fold-{}-of-{folds}", fold + 1));
    let work = |job: usize, report: &Report<'_, Told>| {
        let (clock, fold, seed) = (Stopwatch::of_thread(), job / seeds, plan.seeds[job % seeds]);
        let keep = checkpoint(&folder(fold), seed);
        let seconds = || clock.read().cpu_seconds;
        let mut taught = lessons[fold].teach(seed, plan.steps, Some(&keep), &seconds, &mut teller(report, &clock))?;
        taught.curve.name.clone_from(&named[job]);
        Ok::<_, MakeError>(taught)
    };
    let taught = pooled(&named, plan.steps * named.len() as u64, &work, watch)?;
    let mut tables = Vec::new();
    for (fold, of_fold) in taught.chunks(seeds).enumerate() {
        let lesson = &lessons[fold];
        let number = fold as u8 + 1;
        let stretch = lesson.stretch((edge(number).plus(EMBARGO), edge(number + 1)))?;
        let best = &of_fold[lesson::best(of_fold)];
        tables.extend(judged(best, vec![(format!("fold {number}"), stretch)], watch)?);
    }
    let growth: f64 = tables.iter().map(|table| table.agent.worth.net_return.ln_1p()).sum();
    let runs: Vec<SeedRun> = taught.iter().map(run).collect();
    let remarks = vec![format!(
        "{folds} times trained on the past and judged on what followed, a day apart; of {seeds} seeds the best on the newest \
         part of the past was judged. All stretches together: {}.",
        percent(growth.exp_m1())
    )];
    let page = write_page(plan, &runs, &remarks)?;
    (0..usize::from(folds)).for_each(|fold| drop(std::fs::remove_dir_all(folder(fold))));
    let wall_seconds = clock.read().wall_seconds;
    let whole = Some((growth.exp_m1(), u64::from(folds)));
    Ok(SacMade { runs, chosen: 0, whole, model: None, tables, page, remarks, wall_seconds })
}

/// Walks the agent and all beside it through what nobody has seen.
fn judged(
    taught: &Taught,
    stretches: Vec<(String, MarketStretch)>,
    watch: Watch<'_>,
) -> Result<Vec<WalkTable>, MakeError> {
    let mut tables = Vec::new();
    for (on, mut stretch) in stretches {
        let mut policy = |observation: &[f32]| Ok(taught.actor.act(observation)[0]);
        let mut each = |done: usize, of: usize| match watch(Some(SacStep::Judging { done: done as u64, of: of as u64 }))
        {
            Flow::Continue => Ok(()),
            Flow::Stop => Err(TrainingError::Stopped),
        };
        tables.push(WalkTable::of(&on, &mut stretch, &mut policy, taught.seed, &mut each)?);
    }
    Ok(tables)
}

/// What is told of a seed whose held-out figures nobody looked at.
fn run(taught: &Taught) -> SeedRun {
    SeedRun {
        seed: taught.seed,
        steps: taught.steps(),
        updates: taught.updates,
        eval_return: None,
        eval_episodes: 0,
        validation: taught.validation,
        updates_per_second: taught.updates as f64 / taught.seconds.max(f64::MIN_POSITIVE),
        cpu_seconds: taught.seconds,
        curve: taught.curve.clone(),
    }
}

fn terms(market: &MarketPlan) -> Terms {
    Terms {
        settings: market.settings.clone(),
        venue: market.venue,
        balance: market.balance,
        regimes: regimes(),
        reward: market.reward,
        sharpe_rate: SHARPE_RATE,
        decisions: DECISIONS,
        range: (Time(i64::MIN), Time(i64::MAX)),
    }
}

/// Files that only judge, on the scale of those that taught.
fn of_files(lesson: &Lesson, market: &MarketPlan, recorded: Vec<Recorded>) -> Result<MarketStretch, MakeError> {
    let normaliser = Some(lesson.tape.frozen_normaliser());
    let tape = Tape::new(Schema::ohlcv(), market.every_minutes, recorded, Time(i64::MIN), normaliser);
    Ok(MarketStretch::new(Arc::new(tape), lesson.terms.clone(), (Time(i64::MIN), Time(i64::MAX)))?)
}

/// All files, a lane for each symbol.
fn read(files: &[PathBuf], watch: Watch<'_>) -> Result<Vec<Recorded>, MakeError> {
    let mut lanes: Vec<(Symbol, Vec<PathBuf>)> = Vec::new();
    let mut of = 0;
    for file in files {
        let symbol = symbol_of(file)?;
        of += KlineSource::open(file)?.rows().unwrap_or(0);
        match lanes.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, own)) => own.push(file.clone()),
            None => lanes.push((symbol, vec![file.clone()])),
        }
    }
    let (mut recorded, mut rows) = (Vec::new(), 0);
    for (symbol, files) in lanes {
        let mut source = ParquetBars::open(&files, std::slice::from_ref(&symbol))?;
        let mut bars: Vec<Bar> = Vec::new();
        while let Some((_, bar)) = source.next_merged()? {
            bars.push(bar);
            rows += 1;
            if rows % 65_536 == 0 && watch(Some(SacStep::Reading { rows, of })) == Flow::Stop {
                return Err(TrainingError::Stopped.into());
            }
        }
        recorded.push(Recorded { rules: rules_for(&symbol), bars });
    }
    Ok(recorded)
}

/// From the first bar to the end of the last.
fn span(recorded: &[Recorded]) -> Result<(Time, Time), MakeError> {
    let bars = || recorded.iter().flat_map(|lane| lane.bars.first().into_iter().chain(lane.bars.last()));
    let first = bars().map(|bar| bar.open_time).min();
    let last = bars().map(|bar| bar.open_time).max();
    match first.zip(last) {
        Some((first, last)) => Ok((first, last.plus(Bar::INTERVAL))),
        None => Err(TrainingError::Data("the files of --data hold no bars: give others".into()).into()),
    }
}

/// Files that judge lie a day and more apart from those that teach, of whatever symbol: markets move together.
fn check_apart(recorded: &[Recorded], apart: &[Recorded]) -> Result<(), MakeError> {
    if apart.is_empty() {
        return Ok(());
    }
    let (first, end) = span(recorded)?;
    for lane in apart {
        let other = span(std::slice::from_ref(lane))?;
        if other.0 < end.plus(EMBARGO) && first < other.1.plus(EMBARGO) {
            let text = format!(
                "the files of --held-out hold bars of {} from the time of --data, or within a day of it, which teach: give \
                 other months, or leave --held-out away and let the newest part of --data judge",
                lane.rules.symbol
            );
            return Err(TrainingError::Data(text).into());
        }
    }
    Ok(())
}
