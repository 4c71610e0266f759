//! Area `rl`: environments whose truth is known, rewards of a position, and what a trained agent earns there.

use kestrel::domain::Seed;
use kestrel::performance::DifferentialSharpe;
use kestrel::training::environment::markov::Law;
use kestrel::training::environment::{Environment, Markov, Pendulum, reward};
use kestrel::training::sac::{SacSettings, TemperatureSettings};
use kestrel::training::trainer::{FIRST_EVALUATION_EPISODE, Trainer, TrainerSettings};
use serde_json::{Map, Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("Pendulum", pendulum),
    method("DiffSharpe", differential_sharpe),
    method("MarkovEnv", markov),
    method("TradingEnv", position_rewards),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "rl", name, answer }
}

fn pendulum(case: &Case) -> Value {
    let mut pendulum = Pendulum::gymnasium();
    pendulum.place(case.number("theta0"), case.number("omega0"));
    let rows = case.row("actions").into_iter().map(|torque| {
        let reward = pendulum.swing(torque);
        let (angle, speed) = pendulum.state();
        [angle, speed, reward]
    });
    json!({ "theta_omega_reward": rows.collect::<Vec<_>>() })
}

fn differential_sharpe(case: &Case) -> Value {
    let returns = case.row("fixture").into_iter().take(case.length("first_n"));
    let mut sharpe = DifferentialSharpe::raw(case.number("eta"), case.number("A0"), case.number("B0"));
    let found: Vec<f64> = returns.map(|change| sharpe.update(change)).collect();
    let asked = case.expected["D_at"].as_object().into_iter().flat_map(Map::keys);
    let at = |index: &String| json!(index.parse().ok().and_then(|at: usize| found.get(at)));
    json!({
        "D_at": asked.map(|index| (index.clone(), at(index))).collect::<Map<_, _>>(),
        "sum_D": found.iter().sum::<f64>(),
        "A_final": sharpe.mean(),
        "B_final": sharpe.square(),
    })
}

fn position_rewards(case: &Case) -> Value {
    let positions = case.row("position");
    let rewards = reward::log_returns(&positions, &case.row("returns"), case.number("cost"));
    let turnover: f64 = positions.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    json!({ "total_log": rewards.iter().sum::<f64>(), "turnover": turnover, "rewards": rewards })
}

/// The optimum by its formula and by value iteration, and the notes' rule for a trained agent: at least 0.9 of an optimum
/// above 0, a mean position below 0.05 where it is 0.
fn markov(case: &Case) -> Value {
    let law = Law { stay: case.number("p_stay"), size: case.number("r"), cost: case.number("cost_per_unit") };
    let (formula, iterated) = (law.optimum(), law.optimum_by_iteration(5));
    assert!((formula - iterated).abs() < 1e-9, "{}: {formula} by formula, {iterated} by value iteration", case.id);
    let trained = trained(law);
    println!("{}: a trained agent earns {:.6}, position {:.4}", case.id, trained.reward, trained.position);
    let is_good = if formula > 0.0 { trained.reward >= 0.9 * formula } else { trained.position < 0.05 };
    assert!(is_good, "{}: earns {} with a mean position of {}", case.id, trained.reward, trained.position);
    json!({
        "optimal_average_reward": iterated,
        "follow_average_reward": law.following(),
        "optimal_is_flat": iterated < 1e-12,
    })
}

struct Earned {
    /// Mean reward of a step, in the units of the law.
    reward: f64,
    /// Mean size of the position held.
    position: f64,
}

/// An agent trained in short episodes, so that it often sees the flat start, and judged in longer ones. Both have a no-trade
/// band within the process: holding any position for ever costs nothing where trading does not pay, so without a band the
/// mean action is free to creep away from flat at next to no loss.
fn trained(law: Law) -> Earned {
    const NARROW: TemperatureSettings = TemperatureSettings::Auto { start: 0.1, target_entropy: Some(-2.0) };
    let rate = 1e-3;
    let sac = SacSettings {
        hidden: vec![32, 32],
        batch: 128,
        gamma: 0.9,
        actor_rate: rate,
        critic_rate: rate,
        temperature_rate: rate,
        temperature: NARROW,
        ..SacSettings::default()
    };
    let settings = TrainerSettings { sac, start_steps: 500, capacity: 50_000, ..TrainerSettings::default() };
    let market = |length| Markov::new(law, length, Seed(1)).with_band(0.25);
    let mut trainer = Trainer::new(settings, vec![market(20); 4], Seed(1)).expect("good settings");
    while trainer.steps() < 10_000 {
        trainer.step().expect("an environment that never fails");
    }
    judged(law, &mut trainer, &mut market(100))
}

fn judged<E: Environment>(law: Law, trainer: &mut Trainer<E>, market: &mut Markov) -> Earned {
    let (mut observation, mut action) = ([0.0; 2], [0.0]);
    let (mut reward, mut position, mut steps) = (0.0, 0.0, 0.0);
    for episode in FIRST_EVALUATION_EPISODE..FIRST_EVALUATION_EPISODE + 200 {
        market.reset(episode).expect("an environment that never fails");
        for _ in 0..100 {
            market.observe(&mut observation);
            trainer.agent_mut().act(&observation, &mut action);
            reward += f64::from(market.step(&action).expect("an environment that never fails").reward);
            position += market.held().abs();
            steps += 1.0;
        }
    }
    Earned { reward: law.size * reward / steps, position: position / steps }
}
