//! `Trainer`: acts in environments, remembers, learns; and goes on after an interruption as if there had been none.
//!
//! Invariant: the same settings, environments and seed give the same bits after as many steps, whether or not they were saved
//! and loaded between; looking (`window`) changes nothing that is learnt.
//! Absent on purpose: the update itself (`sac`), when to stop, files and curves (`app`).

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::draw;
use super::environment::{End, Environment};
use super::replay::{Lived, Replay, ReplaySettings};
use super::sac::{Agent, Batch, Losses, SacSettings};
use super::window::{Finished, Tally, Window};
use crate::domain::Seed;
use crate::domain::digest::Digest;

/// Episodes to judge by have numbers from here on, those to learn from lie below.
pub const FIRST_EVALUATION_EPISODE: u64 = 1 << 40;
/// Most bytes of the memory: with networks and logs a checkpoint stays below what it may have.
const MOST_REPLAY_BYTES: u64 = 384 << 20;

/// Everything that a training follows from besides its environments and seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainerSettings {
    pub sac: SacSettings,
    /// First steps, of all environments together, with uniform random actions and without learning.
    pub start_steps: u64,
    /// Updates for each step after that, 0 to 64; 1 is usual.
    pub updates_per_step: f64,
    /// Transitions remembered, at least as many as a batch has.
    pub capacity: usize,
    /// Rewards summed in a transition, 1 to 100.
    pub n_step: usize,
    /// Part of a batch drawn from the `recent` newest transitions, 0 to 1.
    pub recent_share: f64,
    /// At least 1.
    pub recent: usize,
    /// What rewards are multiplied by before they are learnt from, above 0 to 1,000,000: what makes a typical one of the order
    /// of one. Values and losses of a window are in these units, returns are not.
    pub reward_scale: f32,
    /// Updates between two soft shrink-and-perturbs; 0 for never.
    pub shrink_every: u64,
    /// What of the weights stays then, 0 to 1; near 1.
    pub shrink_keep: f32,
}

/// A training under way.
pub struct Trainer<E> {
    settings: TrainerSettings,
    seed: Seed,
    purpose: u64,
    agent: Agent,
    replay: Replay,
    seats: Vec<Seat<E>>,
    next_episode: u64,
    steps: u64,
    updates: u64,
    chance: Chance,
    tally: Tally,
    /// Of the newest update.
    newest: Option<Losses>,
    batch: Batch,
    /// Present observations of all environments, a row each.
    observations: Vec<f32>,
    actions: Vec<f32>,
}

/// An environment and the episode in it.
struct Seat<E> {
    environment: E,
    episode: u64,
    steps: u32,
    /// Sum of rewards.
    total: f64,
    /// Sum of rewards, each times gamma to the steps before it.
    discounted: f64,
    first_observation: Vec<f32>,
    first_action: Vec<f32>,
}

/// Streams of one seed, a purpose each.
struct Chance {
    explore: ChaCha8Rng,
    act: ChaCha8Rng,
    draw: ChaCha8Rng,
    learn: ChaCha8Rng,
}

const STREAMS: [&str; 4] = ["explore", "act", "draw", "learn"];

/// What a policy got in episodes of its own, without exploring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Sum of rewards of each episode.
    pub returns: Vec<f64>,
    /// Of all episodes.
    pub steps: u64,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    steps: u64,
    updates: u64,
    next_episode: u64,
    episodes: Vec<u64>,
    tally: Tally,
    newest: Option<Losses>,
}

impl Default for TrainerSettings {
    fn default() -> TrainerSettings {
        TrainerSettings {
            sac: SacSettings::default(),
            start_steps: 1_000,
            updates_per_step: 1.0,
            capacity: 200_000,
            n_step: 1,
            recent_share: 0.0,
            recent: 10_000,
            reward_scale: 1.0,
            shrink_every: 0,
            shrink_keep: 0.999,
        }
    }
}

impl TrainerSettings {
    /// Whether every number is in its range, for environments of these lengths.
    pub fn check(&self, observation_len: usize, action_len: usize) -> Result<(), TrainingError> {
        self.sac.check()?;
        let refuse = |name: &str, found: String, allowed: &str| {
            Err(TrainingError::Settings(format!("{name} is {found}: {allowed} is allowed, change it there")))
        };
        if !(0.0..=64.0).contains(&self.updates_per_step) {
            return refuse("updates_per_step", self.updates_per_step.to_string(), "0 to 64");
        }
        if !(1..=100).contains(&self.n_step) {
            return refuse("n_step", self.n_step.to_string(), "1 to 100");
        }
        if !(0.0..=1.0).contains(&self.recent_share) {
            return refuse("recent_share", self.recent_share.to_string(), "0 to 1");
        }
        if self.recent == 0 {
            return refuse("recent", "0".to_owned(), "1 and more");
        }
        if !(self.reward_scale > 0.0 && self.reward_scale <= 1e6) {
            return refuse("reward_scale", self.reward_scale.to_string(), "above 0 to 1000000");
        }
        if !(0.0..=1.0).contains(&self.shrink_keep) {
            return refuse("shrink_keep", self.shrink_keep.to_string(), "0 to 1");
        }
        let most = (MOST_REPLAY_BYTES / Replay::bytes(1, observation_len, action_len)) as usize;
        if !(self.sac.batch..=most).contains(&self.capacity) {
            let allowed = format!("{} (a batch) to {most} (in {} MiB)", self.sac.batch, MOST_REPLAY_BYTES >> 20);
            return refuse("capacity", self.capacity.to_string(), &allowed);
        }
        Ok(())
    }

    fn replay(&self) -> ReplaySettings {
        ReplaySettings {
            capacity: self.capacity,
            gamma: self.sac.gamma,
            reward_scale: self.reward_scale,
            n_step: self.n_step,
            recent_share: self.recent_share,
            recent: self.recent,
        }
    }
}

impl<E: Environment> Trainer<E> {
    /// At least one environment, all of the same lengths. Each begins an episode of its own.
    pub fn new(settings: TrainerSettings, environments: Vec<E>, seed: Seed) -> Result<Trainer<E>, TrainingError> {
        let (observation_len, action_len) = lengths(&environments)?;
        settings.check(observation_len, action_len)?;
        let mut trainer = Trainer {
            purpose: purpose(&settings, &environments, seed)?,
            agent: Agent::new(&settings.sac, observation_len, action_len, seed)?,
            replay: Replay::new(settings.replay(), observation_len, action_len),
            chance: Chance::new(seed),
            next_episode: 0,
            steps: 0,
            updates: 0,
            tally: Tally::default(),
            newest: None,
            batch: Batch::default(),
            observations: vec![0.0; environments.len() * observation_len],
            actions: vec![0.0; environments.len() * action_len],
            seats: environments.into_iter().map(Seat::new).collect(),
            settings,
            seed,
        };
        trainer.begin_all()?;
        Ok(trainer)
    }

    /// One step in every environment, then the updates that are due.
    pub fn step(&mut self) -> Result<(), TrainingError> {
        if self.steps < self.settings.start_steps {
            let explore = &mut self.chance.explore;
            self.actions.fill_with(|| draw::between(explore, -1.0, 1.0) as f32);
        } else {
            self.agent.sample(&self.observations, &mut self.chance.act, &mut self.actions);
        }
        for seat in 0..self.seats.len() {
            self.live(seat)?;
        }
        let due = self.steps.saturating_sub(self.settings.start_steps) as f64 * self.settings.updates_per_step;
        while (self.updates as f64) < due.floor() && !self.replay.is_empty() {
            self.update();
        }
        Ok(())
    }

    fn live(&mut self, at: usize) -> Result<(), TrainingError> {
        let (width, action_len) = (self.observations.len() / self.seats.len(), self.actions.len() / self.seats.len());
        let seat = &mut self.seats[at];
        let action = &self.actions[at * action_len..][..action_len];
        let observation = &mut self.observations[at * width..][..width];
        let stratum = seat.environment.stratum();
        let outcome = seat.environment.step(action)?;
        let mut next_observation = vec![0.0; width];
        seat.environment.observe(&mut next_observation);
        let before = &*observation;
        seat.take(before, action, outcome.reward, self.settings.sac.gamma);
        let episode = seat.episode;
        let next = &next_observation;
        self.replay.push(Lived { episode, stratum, observation: before, action, outcome, next_observation: next });
        observation.copy_from_slice(&next_observation);
        self.steps += 1;
        if outcome.end != End::Goes {
            let finished = self.finished(at, outcome.end);
            self.tally.finished(finished);
            self.begin(at)?;
        }
        Ok(())
    }

    fn update(&mut self) {
        self.replay.sample(self.settings.sac.batch, &mut self.chance.draw, &mut self.batch);
        let losses = self.agent.update(&self.batch, &mut self.chance.learn);
        self.tally.updated(&losses);
        self.newest = Some(losses);
        self.updates += 1;
        let every = self.settings.shrink_every;
        if every > 0 && self.updates.is_multiple_of(every) {
            self.agent.shrink_and_perturb(self.settings.shrink_keep, &mut self.chance.learn);
        }
    }

    /// The critics' word on the episode's first action, as they are now, beside what came of it. Both are soft values: they
    /// count the entropy of each later action, alpha times its newest mean. Where the episode was cut, the critics' value of
    /// the mean action there stands for the rest.
    fn finished(&mut self, at: usize, end: End) -> Finished {
        let (width, gamma) = (self.observations.len() / self.seats.len(), self.settings.sac.gamma);
        let Seat { total, discounted, steps, first_observation, first_action, .. } = &self.seats[at];
        let (agent, last) = (&mut self.agent, &self.observations[at * width..][..width]);
        let over_estimation = self.newest.map(|losses| {
            let bonus = losses.temperature * losses.entropy;
            let came = f64::from(self.settings.reward_scale) * discounted;
            let promised = value(agent, first_observation, first_action);
            let after: f64 = (1..*steps).map(|step| gamma.powi(step as i32) * bonus).sum();
            let rest = match end {
                End::Goes | End::Terminated => 0.0,
                End::Truncated => {
                    let mut action = vec![0.0; first_action.len()];
                    agent.act(last, &mut action);
                    gamma.powi(*steps as i32) * (value(agent, last, &action) + bonus)
                }
            };
            promised - (came + after + rest)
        });
        Finished { total: *total, steps: *steps, over_estimation }
    }

    /// The next episode in a seat.
    fn begin(&mut self, at: usize) -> Result<(), TrainingError> {
        let width = self.observations.len() / self.seats.len();
        let seat = &mut self.seats[at];
        seat.begin(self.next_episode)?;
        self.next_episode += 1;
        seat.environment.observe(&mut self.observations[at * width..][..width]);
        Ok(())
    }

    fn begin_all(&mut self) -> Result<(), TrainingError> {
        (0..self.seats.len()).try_for_each(|seat| self.begin(seat))
    }

    /// Environment steps so far, of all environments together.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub fn updates(&self) -> u64 {
        self.updates
    }

    pub fn settings(&self) -> &TrainerSettings {
        &self.settings
    }

    pub fn agent_mut(&mut self) -> &mut Agent {
        &mut self.agent
    }

    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Figures since the last call. Reading them changes nothing that is learnt.
    pub fn window(&mut self) -> Window {
        let mut random = self.seed.stream(&format!("window {}", self.steps));
        let mut batch = Batch::default();
        self.replay.sample(self.settings.sac.batch, &mut random, &mut batch);
        let plasticity = (batch.rows > 0).then(|| self.agent.diagnose(&batch));
        std::mem::take(&mut self.tally).window(self.steps, self.updates, self.replay.len(), plasticity)
    }

    /// Goes over to environments with other costs or rules: what is remembered is acted again in the first of them, running
    /// episodes are cut, new ones begin. Answers how many transitions were dropped.
    pub fn change_environments(&mut self, mut environments: Vec<E>) -> Result<usize, TrainingError> {
        let found = lengths(&environments)?;
        let count = self.seats.len();
        if environments.len() != count || found != (self.observations.len() / count, self.actions.len() / count) {
            let what = "environments of another number or shape cannot take over: give as many of the same lengths";
            return Err(TrainingError::Settings(what.to_owned()));
        }
        self.purpose = purpose(&self.settings, &environments, self.seed)?;
        let dropped = self.replay.resimulate(&mut environments[0])?;
        self.seats = environments.into_iter().map(Seat::new).collect();
        self.begin_all()?;
        Ok(dropped)
    }

    /// A hash of settings, environments and seed: a checkpoint of another one is refused.
    pub fn purpose(&self) -> u64 {
        self.purpose
    }

    /// Everything to go on from.
    pub fn save(&self) -> Result<Checkpoint, TrainingError> {
        let mut checkpoint = Checkpoint::new(self.purpose);
        self.agent.save(&mut checkpoint)?;
        self.replay.save(&mut checkpoint)?;
        let streams = [&self.chance.explore, &self.chance.act, &self.chance.draw, &self.chance.learn];
        streams.into_iter().zip(STREAMS).for_each(|(random, name)| draw::save(random, name, &mut checkpoint));
        let episodes = self.seats.iter().map(|seat| seat.episode).collect();
        let tally = self.tally.clone();
        let (steps, updates, next_episode) = (self.steps, self.updates, self.next_episode);
        checkpoint.put("trainer", &Saved { steps, updates, next_episode, episodes, tally, newest: self.newest })?;
        Ok(checkpoint)
    }

    /// Goes on from a checkpoint of the same purpose: episodes that were under way are acted again to where they were.
    pub fn load(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainingError> {
        if checkpoint.purpose() != self.purpose {
            return Err(CheckpointError::OtherTraining { file: "the checkpoint".into() }.into());
        }
        let saved: Saved = checkpoint.get("trainer")?;
        if saved.episodes.len() != self.seats.len() {
            return Err(CheckpointError::Part { name: "trainer".to_owned() }.into());
        }
        let (width, action_len) = (self.observations.len() / self.seats.len(), self.actions.len() / self.seats.len());
        self.agent.load(checkpoint)?;
        self.replay = Replay::load(self.settings.replay(), width, action_len, checkpoint)?;
        self.chance = Chance::load(self.seed, checkpoint)?;
        (self.steps, self.updates, self.next_episode) = (saved.steps, saved.updates, saved.next_episode);
        (self.tally, self.newest) = (saved.tally, saved.newest);
        for (at, episode) in saved.episodes.into_iter().enumerate() {
            let observation = &mut self.observations[at * width..][..width];
            self.seats[at].act_again(episode, &self.replay, observation, action_len, self.settings.sac.gamma)?;
        }
        Ok(())
    }
}

impl<E: Environment> Seat<E> {
    fn new(environment: E) -> Seat<E> {
        let (first_observation, first_action) = (Vec::new(), Vec::new());
        Seat { environment, episode: 0, steps: 0, total: 0.0, discounted: 0.0, first_observation, first_action }
    }

    fn begin(&mut self, episode: u64) -> Result<(), TrainingError> {
        self.environment.reset(episode)?;
        self.episode = episode;
        (self.steps, self.total, self.discounted) = (0, 0.0, 0.0);
        Ok(())
    }

    fn take(&mut self, observation: &[f32], action: &[f32], reward: f32, gamma: f64) {
        if self.steps == 0 {
            self.first_observation.clear();
            self.first_observation.extend(observation);
            self.first_action.clear();
            self.first_action.extend(action);
        }
        self.total += f64::from(reward);
        self.discounted += gamma.powi(self.steps as i32) * f64::from(reward);
        self.steps += 1;
    }

    /// To the moment where the episode was left; `observation` becomes that of the moment.
    fn act_again(
        &mut self,
        episode: u64,
        replay: &Replay,
        observation: &mut [f32],
        action_len: usize,
        gamma: f64,
    ) -> Result<(), TrainingError> {
        self.begin(episode)?;
        self.environment.observe(observation);
        for action in replay.actions(episode).chunks_exact(action_len) {
            let outcome = self.environment.step(action)?;
            self.take(observation, action, outcome.reward, gamma);
            self.environment.observe(observation);
        }
        Ok(())
    }
}

impl Chance {
    fn new(seed: Seed) -> Chance {
        let [explore, act, draw, learn] = STREAMS.map(|name| seed.stream(name));
        Chance { explore, act, draw, learn }
    }

    fn load(seed: Seed, checkpoint: &Checkpoint) -> Result<Chance, CheckpointError> {
        let [explore, act, draw, learn] = STREAMS.map(|name| draw::load(seed, name, checkpoint));
        Ok(Chance { explore: explore?, act: act?, draw: draw?, learn: learn? })
    }
}

impl Evaluation {
    pub fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.returns.len().max(1) as f64
    }
}

/// Episodes of the agent's own choice, tanh of the mean, without exploring.
pub fn evaluate<E: Environment>(
    agent: &mut Agent,
    environment: &mut E,
    episodes: Range<u64>,
) -> Result<Evaluation, TrainingError> {
    let (mut observation, mut action) = (vec![0.0; environment.observation_len()], vec![0.0; environment.action_len()]);
    let mut evaluation = Evaluation { returns: Vec::new(), steps: 0 };
    for episode in episodes {
        environment.reset(episode)?;
        let mut total = 0.0;
        loop {
            environment.observe(&mut observation);
            agent.act(&observation, &mut action);
            let outcome = environment.step(&action)?;
            total += f64::from(outcome.reward);
            evaluation.steps += 1;
            if outcome.end != End::Goes {
                break;
            }
        }
        evaluation.returns.push(total);
    }
    Ok(evaluation)
}

/// Of one action.
fn value(agent: &mut Agent, observation: &[f32], action: &[f32]) -> f64 {
    let mut out = [0.0];
    agent.values(observation, action, &mut out);
    f64::from(out[0])
}

/// Numbers in an observation and in an action of all of them.
fn lengths<E: Environment>(environments: &[E]) -> Result<(usize, usize), TrainingError> {
    let all = |one: &E| (one.observation_len(), one.action_len());
    match environments.first().map(all) {
        Some(lengths) if environments.iter().all(|other| all(other) == lengths) => Ok(lengths),
        Some(_) | None => {
            let what = "a training needs one environment or several of the same lengths: give them";
            Err(TrainingError::Settings(what.to_owned()))
        }
    }
}

fn purpose<E: Environment>(settings: &TrainerSettings, environments: &[E], seed: Seed) -> Result<u64, TrainingError> {
    let text = serde_json::to_string(settings).map_err(|error| TrainingError::Learner(error.to_string()))?;
    let mut digest = Digest::new();
    digest.text("sac");
    digest.text(&text);
    digest.u64(seed.0);
    digest.u64(environments.len() as u64);
    environments.iter().for_each(|environment| digest.u64(environment.fingerprint()));
    Ok(digest.finish())
}
