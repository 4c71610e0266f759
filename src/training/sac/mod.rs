//! `Agent`: soft actor-critic, one update as the paper writes it, over the hand-written kernel.
//!
//! Source: Haarnoja et al. 2018b, Soft Actor-Critic Algorithms and Applications (arXiv 1812.05905), algorithm 1; its
//! equations are named where they stand. `network` and `kernel` are the arithmetic, `gaussian` the policy's
//! distribution, `adam` the optimiser, `temperature` alpha, `plasticity` whether the networks can still learn.
//! Invariant: the same settings, seed, batches and noise give the same agent, to the last bit on one machine.
//! Absent on purpose: experience (`replay`), steps in an environment (`trainer`), the file of an actor.

mod actor;
pub mod adam;
mod batch;
pub mod gaussian;
mod hardware;
pub mod kernel;
pub mod network;
mod persistence;
pub mod plasticity;
pub mod settings;
pub mod temperature;
#[cfg(all(feature = "learn", any(test, feature = "cuda")))]
mod tensor_agent;

use rand_chacha::ChaCha8Rng;

use super::TrainingError;
use crate::domain::Seed;
use adam::{Adam, Pace};
use gaussian::{LOG_STD, SquashedGaussian, fill_noise};
use network::{Layout, Rows, Tape};
#[cfg(feature = "cuda")]
use tensor_agent::TensorAgent;

pub use actor::Actor;
pub use batch::{Batch, Losses};
pub use hardware::{CardProof, Proof, Wish, settle};
pub use network::Dense;
pub use plasticity::Plasticity;
pub use settings::SacSettings;
pub use temperature::{Temperature, TemperatureSettings};

/// The two critics, whose smaller value counts.
const TWINS: usize = 2;

/// Actor, critics, targets, temperature, and their optimisers.
#[derive(Debug, Clone)]
pub struct Agent {
    settings: SacSettings,
    observation_len: usize,
    action_len: usize,
    /// phi. Its outputs: `action_len` means, then as many log deviations.
    actor: Net,
    /// theta_1 and theta_2.
    critics: Net,
    /// The targets' weights, in the critics' layout.
    targets: Vec<f32>,
    temperature: Temperature,
    room: Room,
    /// Where it learns when it does not learn here; the weights there are newer.
    #[cfg(feature = "cuda")]
    card: Option<TensorAgent>,
}

/// A network with what its learning needs.
#[derive(Debug, Clone)]
struct Net {
    layout: Layout,
    weights: Vec<f32>,
    /// As they were drawn, for the pull to them.
    first: Vec<f32>,
    adam: Adam,
    gradients: Vec<f32>,
}

/// Room for one update or for acting, used again and again.
#[derive(Debug, Clone, Default)]
struct Room {
    /// Twice [rows][observation_len + action_len]: next observations with actions drawn there, then observations with
    /// actions.
    inputs: Vec<f32>,
    /// [2 * rows][2 * action_len]
    policy: Vec<f32>,
    policy_gradients: Vec<f32>,
    noise: Vec<f64>,
    /// Log-probabilities of the actions drawn, next observations first.
    log_probabilities: Vec<f64>,
    /// [rows][2]
    values: Vec<f32>,
    value_gradients: Vec<f32>,
    /// y of each row.
    wanted: Vec<f32>,
    /// Which critic has the smaller value, for each row.
    chosen: Vec<usize>,
    /// [rows][action_len]: dQ/da.
    slopes: Vec<f32>,
    actor_tape: Tape,
    critic_tape: Tape,
}

impl Agent {
    /// Draws first weights from the seed. Lengths are those of the environment, at least 1.
    pub fn new(
        settings: &SacSettings,
        observation_len: usize,
        action_len: usize,
        seed: Seed,
    ) -> Result<Agent, TrainingError> {
        settings.check()?;
        let hidden = &settings.hidden;
        let actor = Layout::new(observation_len, hidden, 2 * action_len, 1, false);
        let critics = Layout::new(observation_len + action_len, hidden, 1, TWINS, settings.layer_norm);
        let actor = Net::new(actor, &mut seed.stream("sac actor"));
        let critics = Net::new(critics, &mut seed.stream("sac critics"));
        Ok(Agent {
            settings: settings.clone(),
            observation_len,
            action_len,
            targets: critics.weights.clone(),
            actor,
            critics,
            temperature: Temperature::new(settings.temperature, action_len),
            room: Room::default(),
            #[cfg(feature = "cuda")]
            card: None,
        })
    }

    pub fn settings(&self) -> &SacSettings {
        &self.settings
    }

    pub fn observation_len(&self) -> usize {
        self.observation_len
    }

    pub fn action_len(&self) -> usize {
        self.action_len
    }

    pub fn alpha(&self) -> f64 {
        self.temperature.alpha()
    }

    /// The policy without chance, tanh(mean): [n][action_len] for [n][observation_len].
    pub fn act(&mut self, observations: &[f32], out: &mut [f32]) {
        self.see(observations);
        let policy = self.room.policy.chunks_exact(2 * self.action_len);
        for (out, policy) in out.chunks_exact_mut(self.action_len).zip(policy) {
            out.iter_mut().zip(policy).for_each(|(out, mean)| *out = mean.tanh());
        }
    }

    /// An action drawn from the policy for each observation: [n][action_len] for [n][observation_len].
    pub fn sample(&mut self, observations: &[f32], random: &mut ChaCha8Rng, out: &mut [f32]) {
        self.see(observations);
        let Room { noise, policy, .. } = &mut self.room;
        noise.resize(out.len(), 0.0);
        fill_noise(random, noise);
        let policy = policy.chunks_exact(2 * self.action_len);
        let rows = out.chunks_exact_mut(self.action_len).zip(policy).zip(noise.chunks_exact(self.action_len));
        for ((out, policy), noise) in rows {
            for (at, out) in out.iter_mut().enumerate() {
                *out = dimension(policy, at).draw(noise[at]).action as f32;
            }
        }
    }

    /// The smaller of both critics' values of each row, for judging them: [n].
    pub fn values(&mut self, observations: &[f32], actions: &[f32], out: &mut [f32]) {
        self.fetch();
        let (seen, acted) = (self.observation_len, self.action_len);
        let Room { inputs, values, critic_tape, .. } = &mut self.room;
        grow(inputs, out.len() * (seen + acted));
        grow(values, out.len() * TWINS);
        lay_side_by_side(inputs, (observations, seen), (actions, acted));
        let rows = Rows { numbers: inputs, rows: out.len(), stride: seen + acted };
        self.critics.layout.forward(&self.critics.weights, rows, critic_tape, values);
        for (out, values) in out.iter_mut().zip(values.chunks_exact(TWINS)) {
            *out = values[0].min(values[1]);
        }
    }

    /// One step of every network: critics, actor, temperature, targets (the body of algorithm 1).
    pub fn update(&mut self, batch: &Batch, random: &mut ChaCha8Rng) -> Losses {
        self.room.noise.resize(2 * batch.rows * self.action_len, 0.0);
        fill_noise(random, &mut self.room.noise);
        self.learn(batch)
    }

    /// As `update` with standard normal noise of one's own: [rows][action_len] for the next observations, then as much
    /// for the present ones.
    pub fn update_with_noise(&mut self, batch: &Batch, noise: &[f64]) -> Losses {
        assert_eq!(noise.len(), 2 * batch.rows * self.action_len, "noise of an update");
        self.room.noise.clear();
        self.room.noise.extend_from_slice(noise);
        self.learn(batch)
    }

    fn learn(&mut self, batch: &Batch) -> Losses {
        batch.check(self.observation_len, self.action_len);
        #[cfg(feature = "cuda")]
        if let Some(mut card) = self.card.take() {
            let losses = card.update_with_noise(batch, &self.room.noise);
            card.write_actor_back(self);
            self.card = Some(card);
            return losses;
        }
        self.room.lay_in(batch, self.observation_len, self.action_len);
        let mut losses = Losses::default();
        self.draw_actions(batch.rows);
        self.value_targets(batch, &mut losses);
        self.step_critics(batch.rows, &mut losses);
        self.step_actor(batch.rows, &mut losses);
        self.temperature.step(-losses.entropy, self.settings.temperature_rate);
        losses.temperature = self.temperature.alpha();
        losses
    }

    /// a = tanh(mean + std noise) and log pi(a) for next and present observations. Both have the same policy: it moves
    /// later.
    fn draw_actions(&mut self, rows: usize) {
        let (seen, acted) = (self.observation_len, self.action_len);
        let Room { inputs, policy, noise, log_probabilities, actor_tape, .. } = &mut self.room;
        let observations = Rows { numbers: inputs, rows: 2 * rows, stride: seen + acted };
        self.actor.layout.forward(&self.actor.weights, observations, actor_tape, policy);
        let draws = policy.chunks_exact(2 * acted).zip(noise.chunks_exact(acted));
        let places = inputs.chunks_exact_mut(seen + acted).zip(log_probabilities).take(2 * rows);
        for (row, ((place, log_probability), (policy, noise))) in places.zip(draws).enumerate() {
            *log_probability = 0.0;
            for at in 0..acted {
                let draw = dimension(policy, at).draw(noise[at]);
                *log_probability += draw.log_probability();
                // The critics first learn from the batch's own actions; `step_actor` lays in those drawn for them.
                if row < rows {
                    place[seen + at] = draw.action as f32;
                }
            }
        }
    }

    /// y = r + gamma (min Q_target(s', a') - alpha log pi(a'|s')), in equation 6.
    fn value_targets(&mut self, batch: &Batch, losses: &mut Losses) {
        let alpha = self.temperature.alpha();
        let Room { inputs, values, wanted, log_probabilities, critic_tape, .. } = &mut self.room;
        let stride = self.observation_len + self.action_len;
        let rows = Rows { numbers: inputs, rows: batch.rows, stride };
        self.critics.layout.forward(&self.targets, rows, critic_tape, values);
        let transitions = batch.rewards.iter().zip(&batch.discounts).zip(&*log_probabilities);
        let mut sum = 0.0;
        for ((wanted, values), ((reward, discount), log_probability)) in
            wanted.iter_mut().zip(values.chunks_exact(TWINS)).zip(transitions)
        {
            let least = f64::from(values[0].min(values[1]));
            let y = soft_target(f64::from(*reward), f64::from(*discount), least, alpha, *log_probability);
            *wanted = y as f32;
            sum += y;
        }
        losses.target_q = sum / batch.rows as f64;
    }

    /// theta_i <- theta_i - lambda_Q grad J_Q(theta_i), then the targets follow. They are not asked again in this
    /// update, so they may follow at once.
    fn step_critics(&mut self, rows: usize, losses: &mut Losses) {
        let stride = self.observation_len + self.action_len;
        let Room { inputs, values, value_gradients, wanted, critic_tape, .. } = &mut self.room;
        let inputs = Rows { numbers: &inputs[rows * stride..], rows, stride };
        let Net { layout, weights, gradients, .. } = &mut self.critics;
        layout.forward(weights, inputs, critic_tape, values);
        let (mut loss, mut sum) = (0.0, 0.0);
        let pairs = values.chunks_exact(TWINS).zip(value_gradients.chunks_exact_mut(TWINS));
        for ((values, value_gradients), wanted) in pairs.zip(&*wanted).take(rows) {
            for (value, gradient) in values.iter().zip(value_gradients) {
                *gradient = (value - wanted) / rows as f32;
                loss += half_square(f64::from(*value), f64::from(*wanted));
                sum += f64::from(*value);
            }
        }
        losses.critic = loss / rows as f64;
        losses.mean_q = sum / (TWINS * rows) as f64;
        layout.backward(weights, inputs, (critic_tape, 0), &value_gradients[..TWINS * rows], gradients);
        let rates = (self.settings.critic_rate, self.settings.critic_decay);
        losses.critic_gradient = self.critics.step(&self.settings, rates, Some(&mut self.targets));
    }

    /// phi <- phi - lambda_pi grad J_pi(phi), equations 9 and 10.
    fn step_actor(&mut self, rows: usize, losses: &mut Losses) {
        let (seen, acted) = (self.observation_len, self.action_len);
        let (stride, alpha) = (seen + acted, self.temperature.alpha());
        let Room { inputs, policy, noise, log_probabilities, values, chosen, slopes, critic_tape, .. } = &mut self.room;
        let (policy, noise) = (&policy[rows * 2 * acted..], &noise[rows * acted..]);
        let own = &mut inputs[rows * stride..2 * rows * stride];
        let draws = policy.chunks_exact(2 * acted).zip(noise.chunks_exact(acted));
        for (place, (policy, noise)) in own.chunks_exact_mut(stride).zip(draws) {
            for at in 0..acted {
                place[seen + at] = dimension(policy, at).draw(noise[at]).action as f32;
            }
        }
        let critics = &self.critics;
        critics.layout.forward(&critics.weights, Rows { numbers: own, rows, stride }, critic_tape, values);
        let log_probabilities = &log_probabilities[rows..2 * rows];
        let mut sum = 0.0;
        chosen.clear();
        for (values, log_probability) in values.chunks_exact(TWINS).zip(log_probabilities) {
            let second = usize::from(values[1] < values[0]);
            chosen.push(second);
            sum += alpha * log_probability - f64::from(values[second]);
        }
        losses.actor = sum / rows as f64;
        losses.entropy = -log_probabilities.iter().sum::<f64>() / rows as f64;
        slopes[..rows * acted].fill(0.0);
        critics.layout.backward_to_inputs(&critics.weights, critic_tape, (chosen, 1.0), (seen, slopes));
        self.actor_gradients(rows, alpha);
        let rates = (self.settings.actor_rate, self.settings.actor_decay);
        losses.actor_gradient = self.actor.step(&self.settings, rates, None);
    }

    /// Equation 10, dimension by dimension: with u = mean + std noise, d log pi / du = 2 tanh(u) and da / du = 1 -
    /// tanh^2 u.
    fn actor_gradients(&mut self, rows: usize, alpha: f64) {
        let (seen, acted) = (self.observation_len, self.action_len);
        let Room { inputs, policy, policy_gradients, noise, slopes, actor_tape, .. } = &mut self.room;
        let policies =
            policy[rows * 2 * acted..].chunks_exact(2 * acted).zip(policy_gradients.chunks_exact_mut(2 * acted));
        let noises = noise[rows * acted..].chunks_exact(acted).zip(slopes.chunks_exact(acted));
        for ((policy, gradients), (noise, slopes)) in policies.zip(noises).take(rows) {
            for at in 0..acted {
                let gaussian = dimension(policy, at);
                let std = gaussian.log_std.exp();
                let action = (gaussian.mean + std * noise[at]).tanh();
                let by_u = alpha * 2.0 * action - f64::from(slopes[at]) * (1.0 - action * action);
                // The clamp passes no gradient outside its range.
                let free = (LOG_STD.0..=LOG_STD.1).contains(&f64::from(policy[acted + at]));
                let by_log_std = if free { by_u * std * noise[at] - alpha } else { 0.0 };
                gradients[at] = (by_u / rows as f64) as f32;
                gradients[acted + at] = (by_log_std / rows as f64) as f32;
            }
        }
        let stride = seen + acted;
        let observations = Rows { numbers: &inputs[rows * stride..], rows, stride };
        let Net { layout, weights, gradients, .. } = &mut self.actor;
        layout.backward(weights, observations, (actor_tape, rows), &policy_gradients[..rows * 2 * acted], gradients);
    }

    /// theta <- keep theta + (1 - keep) theta_fresh for actor and critics (Ash and Adams 2020, soft); the targets
    /// follow by themselves. `keep` is in [0, 1].
    pub fn shrink_and_perturb(&mut self, keep: f32, random: &mut ChaCha8Rng) {
        self.fetch();
        for net in [&mut self.actor, &mut self.critics] {
            let fresh = net.layout.fresh(random);
            net.weights
                .iter_mut()
                .zip(fresh)
                .for_each(|(weight, fresh)| *weight = keep * *weight + (1.0 - keep) * fresh);
        }
        self.hand_over();
    }

    /// Brings the weights here when they are on a card.
    fn fetch(&mut self) {
        #[cfg(feature = "cuda")]
        if let Some(card) = self.card.take() {
            card.write_back(self);
            self.card = Some(card);
        }
    }

    /// Brings changed weights to the card that it learns on.
    fn hand_over(&mut self) {
        #[cfg(feature = "cuda")]
        if let Some(card) = self.card.take() {
            self.card = Some(TensorAgent::new(self, card.device()));
        }
    }

    /// The policy as it is now.
    pub fn actor(&self) -> Actor {
        Actor { layers: self.actor.layout.dense(&self.actor.weights), action_len: self.action_len }
    }

    /// The policy's outputs for [n][observation_len], into `room.policy`.
    fn see(&mut self, observations: &[f32]) {
        let rows = observations.len() / self.observation_len;
        let Room { policy, actor_tape, .. } = &mut self.room;
        grow(policy, rows * 2 * self.action_len);
        let seen = Rows { numbers: observations, rows, stride: self.observation_len };
        self.actor.layout.forward(&self.actor.weights, seen, actor_tape, policy);
    }
}

impl Net {
    fn new(layout: Layout, random: &mut ChaCha8Rng) -> Net {
        let weights = layout.fresh(random);
        Net {
            first: weights.clone(),
            adam: Adam::new(layout.len()),
            gradients: vec![0.0; layout.len()],
            weights,
            layout,
        }
    }

    /// One step of the optimiser with the gradients at hand; answers their norm.
    fn step(&mut self, settings: &SacSettings, (rate, decay): (f64, f64), targets: Option<&mut [f32]>) -> f64 {
        let Net { weights, first, adam, gradients, .. } = self;
        if settings.pull_to_first > 0.0 {
            let slope = 2.0 * settings.pull_to_first as f32;
            for ((gradient, weight), first) in gradients.iter_mut().zip(&*weights).zip(&*first) {
                *gradient += slope * (weight - first);
            }
        }
        let norm = f64::from(kernel::widest(|| kernel::dot(gradients, gradients))).sqrt();
        let scale = settings.longest_gradient.map_or(1.0, |longest| (longest / norm.max(1e-12)).min(1.0)) as f32;
        let pace = Pace { rate, decay, scale };
        match targets {
            Some(targets) => adam.step_and_follow(weights, gradients, pace, (targets, settings.tau)),
            None => adam.step(weights, gradients, pace),
        }
        norm
    }
}

impl Room {
    fn lay_in(&mut self, batch: &Batch, seen: usize, acted: usize) {
        let rows = batch.rows;
        let stride = seen + acted;
        grow(&mut self.inputs, 2 * rows * stride);
        grow(&mut self.policy, 2 * rows * 2 * acted);
        grow(&mut self.policy_gradients, rows * 2 * acted);
        grow(&mut self.slopes, rows * acted);
        self.log_probabilities.resize(2 * rows, 0.0);
        self.values.resize(rows * TWINS, 0.0);
        self.value_gradients.resize(rows * TWINS, 0.0);
        self.wanted.resize(rows, 0.0);
        let (next, now) = self.inputs.split_at_mut(rows * stride);
        for (place, observation) in next.chunks_exact_mut(stride).zip(batch.next_observations.chunks_exact(seen)) {
            place[..seen].copy_from_slice(observation);
        }
        lay_side_by_side(now, (&batch.observations, seen), (&batch.actions, acted));
    }
}

/// y of equation 6: `discount` is gamma^n, and 0 where the episode terminated.
pub fn soft_target(reward: f64, discount: f64, least_q: f64, alpha: f64, log_probability: f64) -> f64 {
    reward + discount * (least_q - alpha * log_probability)
}

/// One row of J_Q, equation 5.
pub fn half_square(value: f64, wanted: f64) -> f64 {
    0.5 * (value - wanted) * (value - wanted)
}

/// Polyak averaging: what a target weight becomes.
pub fn follow(target: f64, weight: f64, tau: f64) -> f64 {
    target + tau * (weight - target)
}

/// One dimension of the policy, whose outputs are means, then log deviations.
fn dimension(policy: &[f32], at: usize) -> SquashedGaussian {
    SquashedGaussian::clamped(f64::from(policy[at]), f64::from(policy[policy.len() / 2 + at]))
}

fn lay_side_by_side(out: &mut [f32], (left, left_len): (&[f32], usize), (right, right_len): (&[f32], usize)) {
    let pairs = left.chunks_exact(left_len).zip(right.chunks_exact(right_len));
    for (place, (left, right)) in out.chunks_exact_mut(left_len + right_len).zip(pairs) {
        place[..left_len].copy_from_slice(left);
        place[left_len..].copy_from_slice(right);
    }
}

fn grow(numbers: &mut Vec<f32>, wanted: usize) {
    if numbers.len() < wanted {
        numbers.resize(wanted, 0.0);
    }
}
