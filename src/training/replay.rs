//! `Replay`: what an agent lived through, bounded, to learn from again.
//!
//! A ring of transitions, each with the sum of up to n rewards (Sutton and Barto 2018, section 7.1) and the observation after
//! them. The actions of every episode that has a transition here are kept too, so the same actions can be acted again where
//! costs have changed (`resimulate`).
//! Invariant: a discount is gamma to the number of summed rewards, or 0 where a terminal state was reached; an end that only
//! cuts an episode shortens the sum and never sets 0.
//! Absent on purpose: priorities by error; who acts (`trainer`).

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::draw;
use super::environment::{End, Environment, Outcome};
use super::sac::Batch;

/// Shapes and rules of a memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplaySettings {
    /// Transitions kept, at least 1; the oldest leave first.
    pub capacity: usize,
    /// Discount of a step, in 0..=1.
    pub gamma: f64,
    /// What rewards are multiplied by on the way in, above 0.
    pub reward_scale: f32,
    /// Rewards summed at most, at least 1.
    pub n_step: usize,
    /// Part of a batch drawn from the `recent` newest transitions, in 0..=1.
    pub recent_share: f64,
    pub recent: usize,
}

/// The memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    settings: ReplaySettings,
    observation_len: usize,
    action_len: usize,
    /// Where the oldest transition stands; 0 until the ring is full.
    oldest: usize,
    observations: Vec<f32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    next_observations: Vec<f32>,
    discounts: Vec<f32>,
    origins: Vec<Origin>,
    /// Places by stratum, oldest first.
    strata: BTreeMap<u8, VecDeque<usize>>,
    episodes: BTreeMap<u64, Episode>,
}

/// Which moment a transition begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    episode: u64,
    step: u32,
    stratum: u8,
}

/// Actions since the reset, and what of the episode is still needed.
#[derive(Debug, Clone, PartialEq, Default)]
struct Episode {
    actions: Vec<f32>,
    /// Steps whose transition is not made yet.
    pending: VecDeque<Moment>,
    /// Transitions in the ring.
    kept: usize,
    is_over: bool,
}

/// A step whose n rewards are not complete yet.
#[derive(Debug, Clone, PartialEq)]
struct Moment {
    origin: Origin,
    observation: Vec<f32>,
    action: Vec<f32>,
    /// Discounted to this moment.
    reward: f32,
    rewards: usize,
}

/// A finished transition.
struct Transition {
    moment: Moment,
    next_observation: Vec<f32>,
    discount: f32,
}

/// What was before a step and what the step did.
#[derive(Debug, Clone, Copy)]
pub struct Lived<'a> {
    pub episode: u64,
    /// Of the moment before the step.
    pub stratum: u8,
    pub observation: &'a [f32],
    pub action: &'a [f32],
    pub outcome: Outcome,
    /// After the step, also at an end.
    pub next_observation: &'a [f32],
}

impl Replay {
    /// Empty. Memory is taken as transitions come.
    pub fn new(settings: ReplaySettings, observation_len: usize, action_len: usize) -> Replay {
        Replay {
            settings,
            observation_len,
            action_len,
            oldest: 0,
            observations: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            next_observations: Vec::new(),
            discounts: Vec::new(),
            origins: Vec::new(),
            strata: BTreeMap::new(),
            episodes: BTreeMap::new(),
        }
    }

    /// Bytes of a full ring of this capacity, places by stratum and the action of each step included.
    pub fn bytes(capacity: usize, observation_len: usize, action_len: usize) -> u64 {
        let numbers = 2 * observation_len + 2 * action_len + 2;
        let each = numbers * size_of::<f32>() + size_of::<Origin>() + size_of::<usize>();
        capacity as u64 * each as u64
    }

    /// Transitions that can be drawn.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// Actions of an episode since its reset, `action_len` each; empty for one that is forgotten.
    pub fn actions(&self, episode: u64) -> &[f32] {
        self.episodes.get(&episode).map_or(&[], |episode| &episode.actions)
    }

    /// Takes one step. Steps of an episode come in their order; those of several episodes may alternate.
    pub fn push(&mut self, lived: Lived<'_>) {
        let settings = self.settings;
        let episode = self.episodes.entry(lived.episode).or_default();
        let made = episode.step(&settings, lived);
        for transition in made {
            self.insert(transition);
        }
        self.forget(lived.episode);
    }

    /// Ends an episode that will not go on, as if it had been cut after its newest step, which led to this observation.
    pub fn cut(&mut self, episode: u64, observation: &[f32]) {
        let gamma = self.settings.gamma;
        let Some(found) = self.episodes.get_mut(&episode) else { return };
        found.is_over = true;
        let made: Vec<Transition> =
            found.pending.drain(..).map(|moment| moment.reached(observation, gamma, false)).collect();
        made.into_iter().for_each(|transition| self.insert(transition));
        self.forget(episode);
    }

    /// Draws `rows` transitions with replacement: a share from the newest, the rest evenly over the strata. Nothing is written
    /// while the memory is empty.
    pub fn sample(&self, rows: usize, random: &mut ChaCha8Rng, batch: &mut Batch) {
        batch.observations.clear();
        batch.actions.clear();
        batch.rewards.clear();
        batch.next_observations.clear();
        batch.discounts.clear();
        batch.rows = if self.is_empty() { 0 } else { rows };
        let recent = (self.settings.recent_share * rows as f64).round() as usize;
        for row in 0..batch.rows {
            let place = if row < recent { self.recent(random) } else { self.stratified(random) };
            let (observation, action) = (self.observation_len, self.action_len);
            batch.observations.extend(&self.observations[place * observation..][..observation]);
            batch.actions.extend(&self.actions[place * action..][..action]);
            batch.rewards.push(self.rewards[place]);
            batch.next_observations.extend(&self.next_observations[place * observation..][..observation]);
            batch.discounts.push(self.discounts[place]);
        }
    }

    fn recent(&self, random: &mut ChaCha8Rng) -> usize {
        let age = draw::below(random, self.settings.recent.clamp(1, self.len()));
        (self.oldest + self.len() - 1 - age) % self.len()
    }

    fn stratified(&self, random: &mut ChaCha8Rng) -> usize {
        let stratum = if self.strata.len() == 1 { 0 } else { draw::below(random, self.strata.len()) };
        // A stratum leaves the map with its last place, so none is empty.
        self.strata.values().nth(stratum).map_or(0, |places| places[draw::below(random, places.len())])
    }

    fn insert(&mut self, transition: Transition) {
        let place = if self.len() < self.settings.capacity { self.len() } else { self.oldest };
        let origin = transition.moment.origin;
        // Before the oldest leaves: it may be the last one of the same episode.
        self.episodes.entry(origin.episode).or_default().kept += 1;
        if place == self.len() {
            self.append(&transition);
        } else {
            let left = self.origins[place];
            self.leave(left);
            self.write(place, &transition);
            self.oldest = (self.oldest + 1) % self.settings.capacity;
        }
        self.strata.entry(origin.stratum).or_default().push_back(place);
    }

    fn append(&mut self, transition: &Transition) {
        self.observations.extend(&transition.moment.observation);
        self.actions.extend(&transition.moment.action);
        self.rewards.push(transition.moment.reward);
        self.next_observations.extend(&transition.next_observation);
        self.discounts.push(transition.discount);
        self.origins.push(transition.moment.origin);
    }

    fn write(&mut self, place: usize, transition: &Transition) {
        let (observation, action) = (self.observation_len, self.action_len);
        self.observations[place * observation..][..observation].copy_from_slice(&transition.moment.observation);
        self.actions[place * action..][..action].copy_from_slice(&transition.moment.action);
        self.rewards[place] = transition.moment.reward;
        self.next_observations[place * observation..][..observation].copy_from_slice(&transition.next_observation);
        self.discounts[place] = transition.discount;
        self.origins[place] = transition.moment.origin;
    }

    /// The oldest transition leaves its stratum and its episode.
    fn leave(&mut self, origin: Origin) {
        if let Some(places) = self.strata.get_mut(&origin.stratum) {
            places.pop_front();
            if places.is_empty() {
                self.strata.remove(&origin.stratum);
            }
        }
        if let Some(episode) = self.episodes.get_mut(&origin.episode) {
            episode.kept -= 1;
        }
        self.forget(origin.episode);
    }

    /// Actions that no transition needs any more.
    fn forget(&mut self, episode: u64) {
        if self.episodes.get(&episode).is_some_and(|found| found.is_over && found.kept == 0) {
            self.episodes.remove(&episode);
        }
    }

    /// Acts every kept episode again, in an environment with other costs or rules: rewards, observations and discounts become
    /// its own, and a transition that it ends before is dropped. Episodes that go on are cut here; begin new ones. Answers how
    /// many transitions were dropped.
    pub fn resimulate<E: Environment>(&mut self, environment: &mut E) -> Result<usize, TrainingError> {
        let before = self.len();
        let mut made: BTreeMap<(u64, u32), Transition> = BTreeMap::new();
        let mut again = Replay::new(self.settings, self.observation_len, self.action_len);
        for (number, episode) in &self.episodes {
            let transitions = self.acted(*number, &episode.actions, environment)?;
            made.extend(transitions.into_iter().map(|found| ((*number, found.moment.origin.step), found)));
            // Marked as going on, so that the actions stay while the ring is filled again.
            again.episodes.insert(*number, Episode { actions: episode.actions.clone(), ..Episode::default() });
        }
        for age in 0..before {
            let origin = self.origins[(self.oldest + age) % before];
            if let Some(transition) = made.remove(&(origin.episode, origin.step)) {
                again.insert(transition);
            }
        }
        again.episodes.retain(|_, episode| {
            episode.is_over = true;
            episode.kept > 0
        });
        *self = again;
        Ok(before - self.len())
    }

    /// All transitions of an episode with these actions.
    fn acted<E: Environment>(
        &self,
        number: u64,
        actions: &[f32],
        environment: &mut E,
    ) -> Result<Vec<Transition>, TrainingError> {
        let mut episode = Episode::default();
        let (mut observation, mut next) = (vec![0.0; self.observation_len], vec![0.0; self.observation_len]);
        let mut made = Vec::new();
        environment.reset(number)?;
        environment.observe(&mut observation);
        for action in actions.chunks_exact(self.action_len) {
            let stratum = environment.stratum();
            let outcome = environment.step(action)?;
            environment.observe(&mut next);
            let (observation_now, next_observation) = (&observation, &next);
            made.extend(episode.step(
                &self.settings,
                Lived { episode: number, stratum, observation: observation_now, action, outcome, next_observation },
            ));
            std::mem::swap(&mut observation, &mut next);
            if outcome.end != End::Goes {
                break;
            }
        }
        let gamma = self.settings.gamma;
        made.extend(episode.pending.drain(..).map(|moment| moment.reached(&observation, gamma, false)));
        Ok(made)
    }
}

impl Episode {
    /// Adds a step; answers the transitions that it completes.
    fn step(&mut self, settings: &ReplaySettings, lived: Lived<'_>) -> Vec<Transition> {
        let step = (self.actions.len() / lived.action.len()) as u32;
        let origin = Origin { episode: lived.episode, step, stratum: lived.stratum };
        self.actions.extend(lived.action);
        let (observation, action) = (lived.observation.to_vec(), lived.action.to_vec());
        self.pending.push_back(Moment { origin, observation, action, reward: 0.0, rewards: 0 });
        for moment in &mut self.pending {
            moment.reward +=
                settings.gamma.powi(moment.rewards as i32) as f32 * settings.reward_scale * lived.outcome.reward;
            moment.rewards += 1;
        }
        let full = self.pending.front().is_some_and(|moment| moment.rewards == settings.n_step);
        let (count, is_terminal) = match lived.outcome.end {
            End::Goes => (usize::from(full), false),
            End::Terminated => (self.pending.len(), true),
            End::Truncated => (self.pending.len(), false),
        };
        self.is_over |= lived.outcome.end != End::Goes;
        let done = self.pending.drain(..count);
        done.map(|moment| moment.reached(lived.next_observation, settings.gamma, is_terminal)).collect()
    }
}

impl Moment {
    fn reached(self, observation: &[f32], gamma: f64, is_terminal: bool) -> Transition {
        let discount = if is_terminal { 0.0 } else { gamma.powi(self.rewards as i32) as f32 };
        Transition { moment: self, next_observation: observation.to_vec(), discount }
    }
}

/// What of the memory is no plain row of numbers.
#[derive(Serialize, Deserialize)]
struct Saved {
    oldest: usize,
    origins: Vec<(u64, u32, u8)>,
    /// Number, transitions in the ring, whether over.
    episodes: Vec<(u64, usize, bool)>,
    /// Episode, step, stratum and summed rewards of moments that wait.
    pending: Vec<(u64, u32, u8, usize)>,
}

impl Replay {
    /// Everything, bit for bit.
    pub fn save(&self, checkpoint: &mut Checkpoint) -> Result<(), CheckpointError> {
        checkpoint.put_floats("replay.observations", &self.observations);
        checkpoint.put_floats("replay.actions", &self.actions);
        checkpoint.put_floats("replay.rewards", &self.rewards);
        checkpoint.put_floats("replay.next_observations", &self.next_observations);
        checkpoint.put_floats("replay.discounts", &self.discounts);
        let logs: Vec<f32> = self.episodes.values().flat_map(|episode| &episode.actions).copied().collect();
        checkpoint.put_floats("replay.logs", &logs);
        let lengths: Vec<usize> = self.episodes.values().map(|episode| episode.actions.len()).collect();
        checkpoint.put("replay.lengths", &lengths)?;
        let moments = || self.episodes.values().flat_map(|episode| &episode.pending);
        let numbers = moments().flat_map(|x| [x.observation.as_slice(), &x.action, &[x.reward]].concat());
        checkpoint.put_floats("replay.pending", &numbers.collect::<Vec<f32>>());
        let tuple = |origin: &Origin| (origin.episode, origin.step, origin.stratum);
        let pending = moments().map(|x| (x.origin.episode, x.origin.step, x.origin.stratum, x.rewards)).collect();
        let episodes = self.episodes.iter().map(|(number, x)| (*number, x.kept, x.is_over)).collect();
        let origins = self.origins.iter().map(tuple).collect();
        checkpoint.put("replay", &Saved { oldest: self.oldest, origins, episodes, pending })
    }

    /// What `save` kept, for the same settings and lengths.
    pub fn load(
        settings: ReplaySettings,
        observation_len: usize,
        action_len: usize,
        checkpoint: &Checkpoint,
    ) -> Result<Replay, CheckpointError> {
        let saved: Saved = checkpoint.get("replay")?;
        let mut replay = Replay::new(settings, observation_len, action_len);
        replay.oldest = saved.oldest;
        replay.observations = checkpoint.floats("replay.observations")?;
        replay.actions = checkpoint.floats("replay.actions")?;
        replay.rewards = checkpoint.floats("replay.rewards")?;
        replay.next_observations = checkpoint.floats("replay.next_observations")?;
        replay.discounts = checkpoint.floats("replay.discounts")?;
        let origin = |(episode, step, stratum)| Origin { episode, step, stratum };
        replay.origins = saved.origins.into_iter().map(origin).collect();
        let len = replay.len();
        let fits = len <= settings.capacity
            && saved.oldest < len.max(1)
            && replay.observations.len() == len * observation_len
            && replay.next_observations.len() == len * observation_len
            && replay.actions.len() == len * action_len
            && replay.discounts.len() == len
            && replay.origins.len() == len;
        let (logs, lengths): (Vec<f32>, Vec<usize>) =
            (checkpoint.floats("replay.logs")?, checkpoint.get("replay.lengths")?);
        if !fits || lengths.len() != saved.episodes.len() || lengths.iter().sum::<usize>() != logs.len() {
            return Err(CheckpointError::Part { name: "replay".to_owned() });
        }
        let mut logs = logs.into_iter();
        for ((number, kept, is_over), length) in saved.episodes.into_iter().zip(lengths) {
            let actions = logs.by_ref().take(length).collect();
            replay.episodes.insert(number, Episode { actions, kept, is_over, pending: VecDeque::new() });
        }
        replay.load_pending(saved.pending, &checkpoint.floats("replay.pending")?)?;
        for age in 0..len {
            let place = (replay.oldest + age) % len;
            replay.strata.entry(replay.origins[place].stratum).or_default().push_back(place);
        }
        Ok(replay)
    }

    fn load_pending(&mut self, pending: Vec<(u64, u32, u8, usize)>, numbers: &[f32]) -> Result<(), CheckpointError> {
        let strange = || CheckpointError::Part { name: "replay.pending".to_owned() };
        let width = self.observation_len + self.action_len + 1;
        if numbers.len() != pending.len() * width {
            return Err(strange());
        }
        for ((episode, step, stratum, rewards), row) in pending.into_iter().zip(numbers.chunks_exact(width)) {
            let (observation, rest) = row.split_at(self.observation_len);
            let (action, reward) = rest.split_at(self.action_len);
            let origin = Origin { episode, step, stratum };
            let (observation, action) = (observation.to_vec(), action.to_vec());
            let found = self.episodes.get_mut(&episode).ok_or_else(strange)?;
            found.pending.push_back(Moment { origin, observation, action, reward: reward[0], rewards });
        }
        Ok(())
    }
}
