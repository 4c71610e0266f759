//! An agent from files to an installed model: seeds side by side, the best on validation judged once on what nobody has seen,
//! the graph compared with the trainer in ONNX Runtime, the card written. Or a problem without a market, and its figures.
//!
//! Invariant: a seed's agent is the same whether it was trained alone, beside others, or after an interruption.
//! Absent on purpose: what an agent does (`training`), the command line (`cli`).

mod card;
mod market;

use std::path::{Path, PathBuf};

use super::Stopwatch;
use super::parallel::{self, Report, Work};
use super::train::MakeError;
use crate::domain::Seed;
use crate::inference::registry::Installed;
use crate::training::agent_curves::{AgentCurve, AgentPage, Point, html};
use crate::training::course::{self, CoursePlan, Judge, Progress};
use crate::training::environment::Environment;
use crate::training::environment::pendulum::{self, Pendulum};
use crate::training::sac::{Wish, settle};
use crate::training::trainer::{Trainer, evaluate};
use crate::training::walk_table::WalkTable;
use crate::training::{Flow, recipes};
pub use market::MarketPlan;

/// Points of a curve.
const POINTS: u64 = 100;
/// Steps between two looks are at least as many, so that looking costs nothing beside learning.
const LEAST_LOOK: u64 = 100;
/// And at most as many: a person's stop is heard then.
const MOST_LOOK: u64 = 1_000;
/// Looks between two checkpoints.
const KEEP_EVERY: u64 = 20;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct SacPlan {
    /// What the page of curves is called after.
    pub name: String,
    pub problem: Problem,
    /// Of each seed's environments, all together.
    pub steps: u64,
    pub seeds: Vec<Seed>,
    /// Units of both hidden layers.
    pub hidden: usize,
    /// Where it learns.
    pub wish: Wish,
    /// For checkpoints and the page of curves.
    pub folder: PathBuf,
    /// Checkpoints stay when all is done.
    pub is_kept: bool,
    pub command: String,
}

/// What is learnt.
#[derive(Debug, Clone)]
pub enum Problem {
    /// To swing a pendulum up; judged by so many episodes.
    Pendulum { episodes: u32 },
    /// To trade.
    Trading(Box<MarketPlan>),
}

/// Trainings that are done.
#[derive(Debug, Clone)]
pub struct SacMade {
    /// In the order of the seeds.
    pub runs: Vec<SeedRun>,
    /// The place of the one that was kept.
    pub chosen: usize,
    /// Of a walk forward: the return over all folds, and how many there are.
    pub whole: Option<(f64, u64)>,
    /// Nothing is installed of a problem without a market, nor of a walk forward.
    pub model: Option<Installed>,
    pub tables: Vec<WalkTable>,
    pub page: PathBuf,
    /// What a person should know besides.
    pub remarks: Vec<String>,
    pub wall_seconds: f64,
}

/// What became of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedRun {
    pub seed: Seed,
    pub steps: u64,
    pub updates: u64,
    /// Mean sum of rewards of the episodes that judged it; of a market the net return on held-out bars, as a fraction, and the
    /// number of symbols. `None` where it was not chosen, so that nobody looked.
    pub eval_return: Option<f64>,
    pub eval_episodes: u64,
    /// Best return on the bars that choose; `None` where there are none.
    pub validation: Option<f64>,
    /// By processor seconds of learning.
    pub updates_per_second: f64,
    /// Of its thread, judgement included.
    pub cpu_seconds: f64,
    pub curve: AgentCurve,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub enum SacStep {
    Reading {
        /// Of all rows.
        rows: u64,
        of: u64,
    },
    Learning {
        /// `seed 15`, ...
        name: String,
        point: Point,
        /// By processor seconds.
        updates_per_second: f64,
        /// Steps of all trainings.
        steps: u64,
        of: u64,
    },
    /// What is walked through beside the agent.
    Judging { done: u64, of: u64 },
}

/// Someone who watches and may stop it; `None`: nothing since the last time.
pub type Watch<'a> = &'a mut dyn FnMut(Option<SacStep>) -> Flow;

/// What a thread tells.
struct Told {
    point: Point,
    updates_per_second: f64,
}

/// Trains all seeds. When `watch` stops it, what was learnt is kept in `plan.folder`.
pub fn make(plan: &SacPlan, watch: Watch<'_>) -> Result<SacMade, MakeError> {
    match &plan.problem {
        Problem::Pendulum { episodes } => swing(plan, *episodes, watch),
        Problem::Trading(market) => market::make(plan, market, watch),
    }
}

fn swing(plan: &SacPlan, episodes: u32, watch: Watch<'_>) -> Result<SacMade, MakeError> {
    let clock = Stopwatch::start();
    let work = |job: usize, report: &Report<'_, Told>| {
        let (clock, seed) = (Stopwatch::of_thread(), plan.seeds[job]);
        let mut trainer = Trainer::new(recipes::pendulum(plan.hidden), vec![Pendulum::new(seed)], seed)?;
        settle(trainer.agent_mut(), plan.wish)?;
        let keep = checkpoint(&plan.folder, seed);
        let learnt = learnt(&mut trainer, plan, &keep, &clock, &mut |_| Ok(None), report)?;
        // The very starts that other programs are judged by.
        let first = pendulum::JUDGED.start;
        let judged = evaluate(trainer.agent_mut(), &mut Pendulum::gymnasium(), first..first + u64::from(episodes))?;
        Ok::<_, MakeError>(learnt.run(seed, judged.mean(), u64::from(episodes), &clock))
    };
    let runs = pooled(&names(plan), plan.steps * plan.seeds.len() as u64, &work, watch)?;
    let score = |at: usize| runs[at].eval_return.unwrap_or(f64::NEG_INFINITY);
    // The middle one speaks for all: the best would be chosen by what judges it.
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by(|one, other| score(*one).total_cmp(&score(*other)));
    let chosen = order.get((runs.len().max(1) - 1) / 2).copied().unwrap_or(0);
    let remarks = vec![format!(
        "The pendulum was judged by {episodes} episodes of gymnasium's starts without exploring; who acts by chance gets about \
         -1200, the best there is of the first hundred -126. Of several seeds the middle one is told."
    )];
    let page = write_page(plan, &runs, &remarks)?;
    forget(plan);
    let wall_seconds = clock.read().wall_seconds;
    Ok(SacMade { runs, chosen, whole: None, model: None, tables: Vec::new(), page, remarks, wall_seconds })
}

/// A course that has ended.
struct Learnt {
    progress: Progress,
    /// On the thread's clock.
    ended: f64,
}

/// One seed's course on the calling thread.
fn learnt<E: Environment>(
    trainer: &mut Trainer<E>,
    plan: &SacPlan,
    keep: &Path,
    clock: &Stopwatch,
    judge: Judge<'_>,
    report: &Report<'_, Told>,
) -> Result<Learnt, MakeError> {
    let look_every = (plan.steps / POINTS).clamp(LEAST_LOOK, MOST_LOOK);
    let course_plan = CoursePlan {
        steps: plan.steps,
        look_every,
        judge_every: (plan.steps / POINTS / look_every).max(1) * 2,
        patience: 0,
        keep: Some(keep),
        keep_every: KEEP_EVERY,
    };
    let seconds = || clock.read().cpu_seconds;
    let progress = course::run(trainer, course_plan, judge, &seconds, &mut teller(report, clock))?;
    Ok(Learnt { progress, ended: seconds() })
}

/// Jobs in the pool, told of as steps of so many in all.
fn pooled<M: Send>(
    named: &[String],
    of: u64,
    work: Work<'_, Told, M, MakeError>,
    watch: Watch<'_>,
) -> Result<Vec<M>, MakeError> {
    let mut steps = vec![0; named.len()];
    parallel::all(named.len(), work, &mut |told| {
        let step = told.map(|(job, Told { point, updates_per_second })| {
            steps[job] = point.steps;
            let (name, steps) = (named[job].clone(), steps.iter().sum());
            SacStep::Learning { name, point, updates_per_second, steps, of }
        });
        watch(step)
    })
}

/// Tells each point with its pace.
fn teller<'a>(report: &'a Report<'_, Told>, clock: &'a Stopwatch) -> impl FnMut(&Point) -> Flow + 'a {
    let mut first: Option<(u64, f64)> = None;
    move |point| {
        let now = clock.read().cpu_seconds;
        // What was learnt before an interruption took its time then.
        let (updates, since) = *first.get_or_insert((point.updates, now));
        let updates_per_second = if now > since { (point.updates - updates) as f64 / (now - since) } else { 0.0 };
        report.tell(Told { point: *point, updates_per_second })
    }
}

fn names(plan: &SacPlan) -> Vec<String> {
    plan.seeds.iter().map(|seed| format!("seed {}", seed.0)).collect()
}

/// The file of a seed's unfinished training.
fn checkpoint(folder: &Path, seed: Seed) -> PathBuf {
    folder.join(format!("seed-{}.checkpoint", seed.0))
}

impl Learnt {
    fn run(self, seed: Seed, eval_return: f64, eval_episodes: u64, clock: &Stopwatch) -> SeedRun {
        let Learnt { progress, ended } = self;
        let last = progress.points.last().copied().unwrap_or_default();
        SeedRun {
            seed,
            steps: last.steps,
            updates: last.updates,
            eval_return: Some(eval_return),
            eval_episodes,
            validation: None,
            updates_per_second: last.updates as f64 / progress.seconds.max(f64::MIN_POSITIVE),
            cpu_seconds: progress.seconds + clock.read().cpu_seconds - ended,
            curve: AgentCurve {
                name: format!("seed {}", seed.0),
                kept: progress.kept(),
                points: progress.points,
                hold: None,
            },
        }
    }
}

fn write_page(plan: &SacPlan, runs: &[SeedRun], remarks: &[String]) -> Result<PathBuf, MakeError> {
    let file = plan.folder.join("curves.html");
    let title = format!("Training of {}", plan.name);
    let curves: Vec<AgentCurve> = runs.iter().map(|run| run.curve.clone()).collect();
    let text = html(&AgentPage { title: &title, remarks, curves: &curves, command: &plan.command });
    let written = std::fs::create_dir_all(&plan.folder).and_then(|()| std::fs::write(&file, text));
    written.map_err(|error| MakeError::Page { file: file.clone(), why: error.to_string() })?;
    Ok(file)
}

/// Checkpoints of a training that is done are needed no more.
fn forget(plan: &SacPlan) {
    for seed in plan.seeds.iter().filter(|_| !plan.is_kept) {
        // One that cannot be removed would only be gone on from.
        let _ = std::fs::remove_file(checkpoint(&plan.folder, *seed));
    }
}
