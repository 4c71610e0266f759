//! Area `rl`: the policy's distribution, one update's formulas, the optimiser.

use kestrel::domain::Seed;
use kestrel::training::sac::adam::ScalarAdam;
use kestrel::training::sac::gaussian::{Draw, SquashedGaussian};
use kestrel::training::sac::temperature::log_alpha_gradient;
use kestrel::training::sac::{Agent, Batch, SacSettings, TemperatureSettings, follow, half_square, soft_target};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde_json::{Value, json};

use super::{Case, Method};

const BANDIT_UPDATES: usize = 3_000;

pub const METHODS: &[Method] =
    &[method("SquashedGaussian", squashed_gaussian), method("SAC", soft_actor_critic), method("Adam", adam)];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "rl", name, answer }
}

/// Two forms: log-probabilities of draws that are given, or the entropy of a policy.
fn squashed_gaussian(case: &Case) -> Value {
    if case.inputs.get("std").is_some() {
        let policy = SquashedGaussian { mean: case.number("mu"), log_std: case.number("std").ln() };
        return json!({ "entropy": policy.entropy(), "mean_action": policy.mean_action() });
    }
    let policies = case.row("mu").into_iter().zip(case.row("log_std"));
    let policies = policies.map(|(mean, log_std)| SquashedGaussian { mean, log_std });
    let draws: Vec<Draw> = policies.zip(case.row("u_pre_tanh")).map(|(policy, u)| policy.at(u)).collect();
    json!({
        "action": draws.iter().map(|draw| draw.action).collect::<Vec<f64>>(),
        "logprob_gauss": draws.iter().map(|draw| draw.log_gauss).sum::<f64>(),
        "log_det": draws.iter().map(|draw| draw.log_slope).sum::<f64>(),
        "logprob": draws.iter().map(Draw::log_probability).sum::<f64>(),
    })
}

/// Two forms: the formulas of one update, or a bandit, which a trained agent answers.
fn soft_actor_critic(case: &Case) -> Value {
    if case.inputs.get("k").is_some() {
        return bandit(case);
    }
    let number = |name: &str| case.number(name);
    let discount = number("gamma") * (1.0 - number("done"));
    let least = number("q1_target").min(number("q2_target"));
    let (alpha, log_probability) = (number("alpha"), number("logp_next"));
    let y = soft_target(number("reward"), discount, least, alpha, log_probability);
    json!({
        "y": y,
        "critic_loss_half_mse": half_square(number("q1_pred"), y),
        "alpha_loss_grad_wrt_log_alpha": log_alpha_gradient(alpha, log_probability, number("target_entropy")),
        "polyak": follow(number("theta_target"), number("theta"), number("tau")),
    })
}

/// What an agent has learned of -k (a - c)^2 in one step: its policy, the mean of the last third of its updates.
fn bandit(case: &Case) -> Value {
    let (k, c) = (case.number("k") as f32, case.number("c") as f32);
    let temperature = match case.inputs.get("alpha") {
        Some(_) => TemperatureSettings::Fixed(case.number("alpha")),
        None => TemperatureSettings::Auto { start: 0.2, target_entropy: Some(case.number("target_entropy")) },
    };
    let hidden = vec![64, 64];
    let settings = SacSettings { hidden, layer_norm: false, temperature, ..SacSettings::default() };
    let settings = SacSettings { actor_rate: 1e-3, critic_rate: 1e-3, temperature_rate: 3e-3, ..settings };
    let mut agent = Agent::new(&settings, 1, 1, Seed(1)).expect("good settings");
    let (mut random, mut batch) = (Seed(1).stream("bandit"), Batch::new(256, 1, 1));
    let (mut means, mut log_stds, mut alphas) = (Vec::new(), Vec::new(), Vec::new());
    for update in 0..BANDIT_UPDATES {
        // Half of the actions are the policy's own, half are anywhere.
        agent.sample(&[1.0; 256], &mut random, &mut batch.actions);
        batch.actions[..128].iter_mut().for_each(|action| *action = 2.0 * uniform(&mut random) - 1.0);
        batch.observations.fill(1.0);
        batch.next_observations.fill(1.0);
        let rewards = batch.rewards.iter_mut().zip(&batch.actions);
        rewards.for_each(|(reward, action)| *reward = -k * (action - c) * (action - c));
        agent.update(&batch, &mut random);
        if update >= BANDIT_UPDATES * 2 / 3 {
            let policy = agent.actor().policy(&[1.0])[0];
            means.push(policy.mean);
            log_stds.push(policy.log_std);
            alphas.push(agent.alpha());
        }
    }
    let mean_of = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let policy = SquashedGaussian { mean: mean_of(&means), log_std: mean_of(&log_stds) };
    let (alpha, entropy) = (mean_of(&alphas), policy.entropy());
    let square = policy.mean_of(|u| u.tanh().powi(2));
    let (k, c) = (f64::from(k), f64::from(c));
    let reward = -k * (square - 2.0 * c * policy.mean_action() + c * c);
    json!({
        "mu": policy.mean,
        "std": policy.log_std.exp(),
        "mean_action": policy.mean_action(),
        "expected_reward": reward,
        "entropy": entropy,
        "soft_objective": reward + alpha * entropy,
        "alpha_star": alpha,
    })
}

/// In [0, 1), in steps of 2^-24.
fn uniform(random: &mut ChaCha8Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1 << 24) as f32
}

fn adam(case: &Case) -> Value {
    let (mut adam, mut theta) = (ScalarAdam::default(), case.number("theta0"));
    let step = |gradient| {
        theta = adam.step(theta, gradient, case.number("lr"));
        theta
    };
    json!({ "theta": case.row("grads").into_iter().map(step).collect::<Vec<f64>>() })
}
