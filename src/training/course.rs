//! `Course`: one seed's training from its first step to its last, with looks at how it goes, an early stop and a checkpoint.
//!
//! Whoever judges does it on bars that teach nothing; the actor that was judged best is the one that is kept. Without a judge
//! the last one is.
//! Invariant: a course that was interrupted and goes on ends with the same agent, points and choice as one that was not; what
//! it looks at changes nothing that is learnt.
//! Absent on purpose: threads, clocks and printing (`app::train_sac`), the held-out bars, which nobody sees here.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::agent_curves::{Point, Worth};
use super::checkpoint::{Checkpoint, CheckpointError};
use super::environment::Environment;
use super::learner::{Flow, TrainingError};
use super::sac::Agent;
use super::trainer::Trainer;
use super::window::Window;

const PART: &str = "course";
const BEST: &str = "best agent";

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoursePlan<'a> {
    /// Steps of the environments, all together.
    pub steps: u64,
    /// Steps between two looks, each a point of the curves; a person's stop is heard then too.
    pub look_every: u64,
    /// Looks between two judgements.
    pub judge_every: u64,
    /// Judgements in a row without a better one after which it ends; 0: it never ends early.
    pub patience: u32,
    /// Where an unfinished course is kept.
    pub keep: Option<&'a Path>,
    /// Looks between two checkpoints.
    pub keep_every: u64,
}

/// What a judge says of an agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The larger the better.
    pub score: f64,
    pub worth: Worth,
}

/// Judges agents where nothing is learnt; `None` where nobody judges.
pub type Judge<'a> = &'a mut dyn FnMut(&mut Agent) -> Result<Option<Judged>, TrainingError>;

/// Someone who watches and may stop it.
pub type Watch<'a> = &'a mut dyn FnMut(&Point) -> Flow;

/// How far a course is besides its trainer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    pub points: Vec<Point>,
    /// Of the best judgement: its steps and score.
    pub best: Option<(u64, f64)>,
    /// Judgements since then.
    pub without_better: u32,
    /// It was ended by patience.
    pub has_stopped: bool,
    /// Processor time before the last interruption.
    pub seconds: f64,
    /// Steps, looks and judgements of the plan that it follows.
    pub rhythm: [u64; 3],
}

/// A course under way: what was learnt is in the trainer, the rest here.
struct Course<'a, E> {
    trainer: &'a mut Trainer<E>,
    plan: CoursePlan<'a>,
    progress: Progress,
    best: Option<Checkpoint>,
}

/// Goes the whole way, from the checkpoint where there is one; the trainer's agent is the kept one afterwards. `clock` tells the
/// processor seconds since the call.
pub fn run<E: Environment>(
    trainer: &mut Trainer<E>,
    plan: CoursePlan<'_>,
    judge: Judge<'_>,
    clock: &dyn Fn() -> f64,
    watch: Watch<'_>,
) -> Result<Progress, TrainingError> {
    let rhythm = [plan.steps, plan.look_every, plan.judge_every];
    let mut course = Course { trainer, plan, progress: Progress { rhythm, ..Progress::default() }, best: None };
    course.go_on()?;
    let (before, had) = (course.progress.seconds, course.progress.points.len());
    while course.trainer.steps() < plan.steps && !course.progress.has_stopped {
        let until = (course.trainer.steps() / plan.look_every + 1) * plan.look_every;
        while course.trainer.steps() < until.min(plan.steps) {
            course.trainer.step()?;
        }
        let point = course.look(judge)?;
        course.progress.seconds = before + clock();
        let flow = watch(&point);
        if flow == Flow::Stop || (course.progress.points.len() as u64).is_multiple_of(plan.keep_every) {
            course.keep()?;
        }
        if flow == Flow::Stop {
            return Err(TrainingError::Stopped);
        }
    }
    // A course that had ended before has nothing to add.
    if course.progress.points.len() > had {
        course.progress.seconds = before + clock();
        course.keep()?;
    }
    course.finish()
}

impl<E: Environment> Course<'_, E> {
    /// Takes up what was kept.
    fn go_on(&mut self) -> Result<(), TrainingError> {
        let Some(path) = self.plan.keep else { return Ok(()) };
        let Some(kept) = Checkpoint::load(path, self.trainer.purpose())? else { return Ok(()) };
        let progress: Progress = kept.get(PART)?;
        // Another number of steps has other looks, and its judgements choose otherwise.
        if progress.rhythm != self.progress.rhythm {
            return Err(CheckpointError::OtherTraining { file: path.into() }.into());
        }
        self.trainer.load(&kept)?;
        self.progress = progress;
        self.best = kept.inner(BEST)?;
        Ok(())
    }

    fn keep(&self) -> Result<(), TrainingError> {
        let Some(path) = self.plan.keep else { return Ok(()) };
        let mut kept = self.trainer.save()?;
        kept.put(PART, &self.progress)?;
        if let Some(best) = &self.best {
            kept.put_inner(BEST, best);
        }
        Ok(kept.save(path)?)
    }

    /// A point of the curves, judged where it is due.
    fn look(&mut self, judge: Judge<'_>) -> Result<Point, TrainingError> {
        let mut point = point(&self.trainer.window());
        let number = self.progress.points.len() as u64 + 1;
        let is_due = number.is_multiple_of(self.plan.judge_every.max(1)) || point.steps >= self.plan.steps;
        // An agent that has learnt nothing yet is not worth a look.
        let judged = if is_due && point.updates > 0 { judge(self.trainer.agent_mut())? } else { None };
        if let Some(judged) = judged {
            point.validation = Some(judged.worth);
            self.compare(point.steps, judged.score)?;
        }
        self.progress.points.push(point);
        Ok(point)
    }

    fn compare(&mut self, steps: u64, score: f64) -> Result<(), TrainingError> {
        if self.progress.best.is_none_or(|(_, best)| score > best) {
            let mut best = Checkpoint::new(0);
            self.trainer.agent_mut().save(&mut best)?;
            self.best = Some(best);
            self.progress.best = Some((steps, score));
            self.progress.without_better = 0;
        } else {
            self.progress.without_better += 1;
            self.progress.has_stopped = self.plan.patience > 0 && self.progress.without_better >= self.plan.patience;
        }
        Ok(())
    }

    /// The best agent takes its place again.
    fn finish(self) -> Result<Progress, TrainingError> {
        if let Some(best) = &self.best {
            self.trainer.agent_mut().load(best)?;
        }
        Ok(self.progress)
    }
}

impl Progress {
    /// Steps of the agent that was kept.
    pub fn kept(&self) -> u64 {
        let last = self.points.last().map_or(0, |point| point.steps);
        self.best.map_or(last, |(steps, _)| steps)
    }
}

fn point(window: &Window) -> Point {
    Point {
        steps: window.steps,
        updates: window.updates,
        episode_return: window.episode_return,
        q: window.mean_q,
        temperature: window.alpha,
        entropy: window.entropy,
        critic_loss: window.critic_loss,
        dormant: window.plasticity.map(|state| state.critic_dormant),
        over_estimation: window.over_estimation,
        validation: None,
    }
}
