//! `TensorAgent`: the same update by automatic differentiation, on any device of burn's: a graphics card, or the
//! processor as a second opinion on the kernel.
//!
//! Invariant: given the same weights, batch and noise it finds the same losses and weights as the kernel, to the
//! precision of single numbers.
//! Absent on purpose: acting, for which the weights go back to the agent; promises to the last bit, which cards do not
//! give.

use burn::tensor::{Device, Gradients, Tensor, TensorData, activation};

use super::adam::{Adam, BETA_1, BETA_2, EPSILON};
use super::gaussian::LOG_STD;
use super::network::{Layout, Part};
use super::{Agent, Batch, Losses, Net, SacSettings, TWINS, Temperature};

type Numbers = Tensor<2>;

const NORM_EPSILON: f64 = 1e-5;

/// State of an agent on a device.
#[derive(Debug, Clone)]
pub struct TensorAgent {
    device: Device,
    settings: SacSettings,
    actor: TensorNet,
    critics: TensorNet,
    targets: Vec<Numbers>,
    temperature: Temperature,
}

/// A network, a tensor for each part of its layout.
#[derive(Debug, Clone)]
struct TensorNet {
    layout: Layout,
    weights: Vec<Numbers>,
    at_first: Vec<Numbers>,
    first: Vec<Numbers>,
    second: Vec<Numbers>,
    steps: u64,
}

impl TensorAgent {
    /// The agent's state, copied to a device.
    pub fn new(agent: &Agent, device: Device) -> TensorAgent {
        TensorAgent {
            settings: agent.settings.clone(),
            actor: TensorNet::new(&agent.actor, &device),
            critics: TensorNet::new(&agent.critics, &device),
            targets: on_device(&agent.critics.layout, &agent.targets, &device),
            temperature: agent.temperature,
            device,
        }
    }

    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Copies everything back.
    pub fn write_back(&self, agent: &mut Agent) {
        self.actor.write_back(&mut agent.actor);
        self.critics.write_back(&mut agent.critics);
        from_device(&self.critics.layout, &self.targets, &mut agent.targets);
        agent.temperature = self.temperature;
    }

    /// Copies back what acting needs.
    pub fn write_actor_back(&self, agent: &mut Agent) {
        from_device(&self.actor.layout, &self.actor.weights, &mut agent.actor.weights);
    }

    /// One step of every network; noise as in `Agent::update_with_noise`.
    pub fn update_with_noise(&mut self, batch: &Batch, noise: &[f64]) -> Losses {
        let rows = batch.rows;
        let table = |numbers: &[f32]| numbers_of(numbers, [rows, numbers.len() / rows], &self.device);
        let (next_noise, noise) = noise.split_at(noise.len() / 2);
        let [next_noise, noise] = [next_noise, noise].map(|noise| {
            let single: Vec<f32> = noise.iter().map(|number| *number as f32).collect();
            table(&single)
        });
        let observations = table(&batch.observations);
        let mut losses = Losses::default();
        // y = r + gamma (min Q_target(s', a') - alpha log pi(a'|s')), in equation 6.
        let alpha = self.temperature.alpha();
        let next = table(&batch.next_observations);
        let (next_actions, log_probabilities) = draw(self.actor.forward(&self.actor.weights, next.clone()), next_noise);
        let next_values = self.critics.forward(&self.targets, Tensor::cat(vec![next, next_actions], 1));
        let soft = next_values.min_dim(1) - log_probabilities * alpha;
        let wanted = table(&batch.rewards) + table(&batch.discounts) * soft;
        losses.target_q = mean(&wanted);
        // Equation 5.
        let theta = self.critics.tracked();
        let inputs = Tensor::cat(vec![observations.clone(), table(&batch.actions)], 1);
        let values = self.critics.forward(&theta, inputs);
        losses.mean_q = mean(&values.clone().inner());
        let loss = (values - wanted.repeat_dim(1, TWINS)).square().sum() * (0.5 / rows as f64);
        losses.critic = f64::from(loss.clone().into_scalar::<f32>());
        let rates = (self.settings.critic_rate, self.settings.critic_decay);
        losses.critic_gradient = self.critics.step(&self.settings, (&theta, loss.backward()), rates);
        let tau = f64::from(self.settings.tau);
        for (target, weight) in self.targets.iter_mut().zip(&self.critics.weights) {
            *target = target.clone() + (weight.clone() - target.clone()) * tau;
        }
        // Equation 9.
        let phi = self.actor.tracked();
        let (actions, log_probabilities) = draw(self.actor.forward(&phi, observations.clone()), noise);
        losses.entropy = -mean(&log_probabilities.clone().inner());
        let values = self.critics.forward(&self.critics.weights, Tensor::cat(vec![observations, actions], 1));
        let loss = (log_probabilities * alpha - values.min_dim(1)).mean();
        losses.actor = f64::from(loss.clone().into_scalar::<f32>());
        let rates = (self.settings.actor_rate, self.settings.actor_decay);
        losses.actor_gradient = self.actor.step(&self.settings, (&phi, loss.backward()), rates);
        self.temperature.step(-losses.entropy, self.settings.temperature_rate);
        losses.temperature = self.temperature.alpha();
        losses
    }
}

/// tanh(mean + std noise) and its log-probability, [rows, action_len] and [rows, 1], of outputs [rows, 2 action_len].
fn draw(policy: Numbers, noise: Numbers) -> (Numbers, Numbers) {
    let acted = noise.dims()[1];
    let mean = policy.clone().narrow(1, 0, acted);
    let log_std = policy.narrow(1, acted, acted).clamp(LOG_STD.0, LOG_STD.1);
    let u = mean + log_std.clone().exp() * noise.clone();
    let turned = u.clone() * -2.0;
    let softplus = activation::relu(turned.clone()) + turned.abs().neg().exp().log1p();
    let log_slope = (u.clone().neg() - softplus + std::f64::consts::LN_2) * 2.0;
    let log_gauss = noise.square() * -0.5 - log_std - 0.5 * std::f64::consts::TAU.ln();
    (u.tanh(), (log_gauss - log_slope).sum_dim(1))
}

impl TensorNet {
    fn new(net: &Net, device: &Device) -> TensorNet {
        let put = |numbers: &[f32]| on_device(&net.layout, numbers, device);
        TensorNet {
            weights: put(&net.weights),
            at_first: put(&net.first),
            first: put(&net.adam.first),
            second: put(&net.adam.second),
            steps: net.adam.steps,
            layout: net.layout.clone(),
        }
    }

    fn write_back(&self, net: &mut Net) {
        let Adam { steps, first, second } = &mut net.adam;
        *steps = self.steps;
        for (tensors, numbers) in [(&self.weights, &mut net.weights), (&self.first, first), (&self.second, second)] {
            from_device(&self.layout, tensors, numbers);
        }
    }

    /// The weights as leaves of a graph.
    fn tracked(&self) -> Vec<Numbers> {
        self.weights.iter().map(|weights| weights.clone().autodiff().require_grad()).collect()
    }

    /// [rows, copies * outputs] of [rows, inputs].
    fn forward(&self, weights: &[Numbers], inputs: Numbers) -> Numbers {
        let (copies, rows) = (self.layout.copies, inputs.dims()[0]);
        let mut parts = weights.iter().cloned();
        let mut next = || parts.next().unwrap_or_else(|| unreachable!("a layout has as many parts as it reads"));
        let mut numbers = inputs;
        for (depth, width) in self.layout.widths().enumerate() {
            numbers = if depth == 0 {
                numbers.matmul(next())
            } else {
                let own = numbers.chunk(copies, 1);
                Tensor::cat(own.into_iter().map(|own| own.matmul(next())).collect(), 1)
            } + next();
            if self.layout.layer_norm {
                let rows_of_copies = numbers.reshape([rows * copies, width]);
                let centred = rows_of_copies.clone() - rows_of_copies.mean_dim(1);
                let deviation = (centred.clone().square().mean_dim(1) + NORM_EPSILON).sqrt();
                numbers = (centred / deviation).reshape([rows, copies * width]) * next() + next();
            }
            numbers = activation::relu(numbers);
        }
        let own = numbers.chunk(copies, 1);
        Tensor::cat(own.into_iter().map(|own| own.matmul(next().transpose())).collect(), 1) + next()
    }

    /// One step of Adam with the gradients of a loss; answers their norm.
    fn step(
        &mut self,
        settings: &SacSettings,
        (tracked, mut gradients): (&[Numbers], Gradients),
        (rate, decay): (f64, f64),
    ) -> f64 {
        let own = tracked.iter().zip(&self.weights).zip(&self.at_first).map(|((leaf, weights), at_first)| {
            // What took no part in the loss has no gradient.
            let gradient = leaf.grad_remove(&mut gradients).unwrap_or_else(|| weights.zeros_like());
            match settings.pull_to_first > 0.0 {
                true => gradient + (weights.clone() - at_first.clone()) * (2.0 * settings.pull_to_first),
                false => gradient,
            }
        });
        let own: Vec<Numbers> = own.collect();
        let squares = own.iter().map(|gradient| gradient.clone().square().sum());
        let norm = Tensor::cat(squares.collect(), 0).sum();
        let norm = f64::from(norm.into_scalar::<f32>()).sqrt();
        let scale = settings.longest_gradient.map_or(1.0, |longest| (longest / norm.max(1e-12)).min(1.0));
        self.steps += 1;
        let steps = self.steps as f64;
        let size = rate / (1.0 - BETA_1.powf(steps));
        let unbiased = 1.0 / (1.0 - BETA_2.powf(steps)).sqrt();
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weights, gradient), (first, second)) in self.weights.iter_mut().zip(own).zip(moments) {
            let gradient = gradient * scale;
            *first = first.clone() + (gradient.clone() - first.clone()) * (1.0 - BETA_1);
            *second = second.clone() * BETA_2 + gradient.square() * (1.0 - BETA_2);
            let direction = first.clone() / (second.clone().sqrt() * unbiased + EPSILON);
            *weights = weights.clone() * (1.0 - rate * decay) - direction * size;
        }
        norm
    }
}

fn numbers_of(numbers: &[f32], shape: [usize; 2], device: &Device) -> Numbers {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), device)
}

fn on_device(layout: &Layout, numbers: &[f32], device: &Device) -> Vec<Numbers> {
    let put = |Part { from, shape }| numbers_of(&numbers[from..from + shape[0] * shape[1]], shape, device);
    layout.parts().into_iter().map(put).collect()
}

fn from_device(layout: &Layout, tensors: &[Numbers], numbers: &mut [f32]) {
    for (Part { from, shape }, tensor) in layout.parts().into_iter().zip(tensors) {
        let data = tensor.clone().into_data();
        let found = data.as_slice::<f32>().unwrap_or_default();
        numbers[from..from + shape[0] * shape[1]].copy_from_slice(found);
    }
}

fn mean(numbers: &Numbers) -> f64 {
    f64::from(numbers.clone().mean().into_scalar::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Seed;
    use crate::training::sac::TemperatureSettings;
    use crate::training::sac::gaussian::fill_noise;

    fn numbers(seed: u64, len: usize) -> Vec<f32> {
        let mut noise = vec![0.0; len];
        fill_noise(&mut Seed(seed).stream("numbers"), &mut noise);
        noise.iter().map(|x| *x as f32).collect()
    }

    fn batch(seed: u64, rows: usize, seen: usize, acted: usize) -> Batch {
        Batch {
            rows,
            observations: numbers(5 * seed, rows * seen),
            actions: numbers(5 * seed + 1, rows * acted).iter().map(|x| x.tanh()).collect(),
            rewards: numbers(5 * seed + 2, rows),
            next_observations: numbers(5 * seed + 3, rows * seen),
            discounts: (0..rows).map(|row| if row % 7 == 0 { 0.0 } else { 0.99 }).collect(),
        }
    }

    #[test]
    fn kernel_and_automatic_differentiation_agree_over_twenty_updates() {
        let plain = SacSettings { hidden: vec![32, 24, 16], layer_norm: false, ..SacSettings::default() };
        let all_on = SacSettings {
            layer_norm: true,
            actor_decay: 0.01,
            critic_decay: 0.02,
            pull_to_first: 1e-3,
            longest_gradient: Some(0.3),
            temperature: TemperatureSettings::Auto { start: 0.2, target_entropy: Some(-3.0) },
            ..plain.clone()
        };
        for (name, settings) in [("plain", plain), ("all on", all_on)] {
            let (rows, seen, acted) = (40, 11, 2);
            let mut agent = Agent::new(&settings, seen, acted, Seed(4)).expect("good settings");
            let mut other = TensorAgent::new(&agent, Device::flex());
            for turn in 0..20 {
                let (batch, mut noise) = (batch(turn, rows, seen, acted), vec![0.0; 2 * rows * acted]);
                fill_noise(&mut Seed(turn).stream("noise"), &mut noise);
                let (ours, theirs) = (agent.update_with_noise(&batch, &noise), other.update_with_noise(&batch, &noise));
                let figures = |losses: Losses| {
                    let Losses { critic, actor, temperature, entropy, mean_q, target_q, .. } = losses;
                    let Losses { critic_gradient, actor_gradient, .. } = losses;
                    [critic, actor, temperature, entropy, mean_q, target_q, critic_gradient, actor_gradient]
                };
                for (ours, theirs) in figures(ours).into_iter().zip(figures(theirs)) {
                    assert!((ours - theirs).abs() < 1e-4 * ours.abs().max(1.0), "{name}, {turn}: {ours} {theirs}");
                }
            }
            let mut back = Agent::new(&settings, seen, acted, Seed(9)).expect("good settings");
            other.write_back(&mut back);
            let nets = [(&agent.actor, &back.actor), (&agent.critics, &back.critics)];
            let pairs = nets.map(|(ours, theirs)| (&ours.weights, &theirs.weights));
            for (ours, theirs) in pairs.into_iter().chain([(&agent.targets, &back.targets)]) {
                // Twenty steps of 3e-4; where a gradient is next to nothing, Adam's direction hangs on its last bits.
                let far = ours.iter().zip(theirs).filter(|(ours, theirs)| (*ours - *theirs).abs() > 2e-5).count();
                assert!(far * 1_000 <= ours.len(), "{name}: {far} of {} weights differ", ours.len());
            }
            assert_eq!(agent.critics.adam.steps, back.critics.adam.steps);
        }
    }
}
