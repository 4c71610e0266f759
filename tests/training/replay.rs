//! What is remembered of episodes: sums of rewards, ends, bounds, draws, and the same actions acted again.

use std::collections::BTreeMap;
use std::path::Path;

use kestrel::domain::Seed;
use kestrel::training::checkpoint::Checkpoint;
use kestrel::training::environment::markov::Law;
use kestrel::training::environment::{End, Environment, Markov, Outcome};
use kestrel::training::replay::{Lived, Replay, ReplaySettings};
use kestrel::training::sac::Batch;

const SETTINGS: ReplaySettings =
    ReplaySettings { capacity: 100, gamma: 0.5, reward_scale: 1.0, n_step: 3, recent_share: 0.0, recent: 10 };
const LAW: Law = Law { stay: 0.8, size: 0.001, cost: 0.000_4 };

/// Steps whose observation is `base` and the number of the step, rewards 1, 2, 3...
fn live(replay: &mut Replay, episode: u64, base: f32, steps: u16, end: End) {
    for step in 0..steps {
        let at = base + f32::from(step);
        let end = if step + 1 == steps { end } else { End::Goes };
        let outcome = Outcome { reward: f32::from(step + 1), end };
        let (observation, next_observation, action) = ([at], [at + 1.0], [0.1 * f32::from(step)]);
        let stratum = u8::from(episode == 7);
        replay.push(Lived {
            episode,
            stratum,
            observation: &observation,
            action: &action,
            outcome,
            next_observation: &next_observation,
        });
    }
}

fn drawn(replay: &Replay, rows: usize) -> Batch {
    let mut batch = Batch::default();
    replay.sample(rows, &mut Seed(1).stream("draw"), &mut batch);
    batch
}

/// What is remembered, by observation: reward, next observation, discount.
fn remembered(replay: &Replay) -> BTreeMap<i32, (f32, f32, f32)> {
    let batch = drawn(replay, 5_000);
    let row = |at: usize| (batch.rewards[at], batch.next_observations[at], batch.discounts[at]);
    (0..batch.rows).map(|at| (batch.observations[at] as i32, row(at))).collect()
}

#[test]
fn rewards_are_summed_over_n_steps_and_an_end_cuts_the_sum() {
    let mut cut = Replay::new(SETTINGS, 1, 1);
    live(&mut cut, 0, 0.0, 4, End::Truncated);
    let expected = [
        (0, (1.0 + 0.5 * 2.0 + 0.25 * 3.0, 3.0, 0.125)),
        (1, (2.0 + 0.5 * 3.0 + 0.25 * 4.0, 4.0, 0.125)),
        (2, (3.0 + 0.5 * 4.0, 4.0, 0.25)),
        (3, (4.0, 4.0, 0.5)),
    ];
    assert_eq!(
        remembered(&cut),
        BTreeMap::from(expected),
        "a cut episode goes on in the value of its last observation"
    );
    let mut dead = Replay::new(SETTINGS, 1, 1);
    live(&mut dead, 0, 0.0, 4, End::Terminated);
    let discounts: Vec<f32> = remembered(&dead).values().map(|found| found.2).collect();
    assert_eq!(discounts, [0.125, 0.0, 0.0, 0.0], "nothing follows a terminal state");
    let mut goes = Replay::new(SETTINGS, 1, 1);
    live(&mut goes, 0, 0.0, 4, End::Goes);
    assert_eq!(remembered(&goes).keys().copied().collect::<Vec<_>>(), [0, 1], "two still wait for their rewards");
    goes.cut(0, &[4.0]);
    assert_eq!(remembered(&goes), BTreeMap::from(expected));
}

#[test]
fn a_memory_is_bounded_and_forgets_the_oldest_with_its_actions() {
    let settings = ReplaySettings { capacity: 6, n_step: 2, ..SETTINGS };
    let mut replay = Replay::new(settings, 1, 1);
    for episode in 0..5 {
        live(&mut replay, episode, 10.0 * episode as f32, 4, End::Terminated);
    }
    assert_eq!(replay.len(), 6);
    assert_eq!(remembered(&replay).keys().copied().collect::<Vec<_>>(), [32, 33, 40, 41, 42, 43]);
    let logs: Vec<usize> = (0..5).map(|episode| replay.actions(episode).len()).collect();
    assert_eq!(logs, [0, 0, 0, 4, 4], "all actions of an episode that is needed, none of another");
    let mut tiny = Replay::new(ReplaySettings { capacity: 1, ..settings }, 1, 1);
    live(&mut tiny, 0, 0.0, 4, End::Terminated);
    assert_eq!((tiny.len(), tiny.actions(0).len()), (1, 4), "shorter than an episode");
    live(&mut tiny, 1, 10.0, 1, End::Terminated);
    assert_eq!((tiny.actions(0).len(), tiny.actions(1).len()), (0, 1));
    assert_eq!(Replay::bytes(1_000_000, 49, 1) / 1_000_000, 2 * 50 * 4 + 8 + 16 + 8);
}

#[test]
fn a_share_is_recent_and_the_rest_is_even_over_kinds_of_moments() {
    let settings = ReplaySettings { n_step: 1, recent_share: 0.25, recent: 5, ..SETTINGS };
    let mut replay = Replay::new(settings, 1, 1);
    live(&mut replay, 7, 1_000.0, 5, End::Terminated);
    live(&mut replay, 8, 0.0, 80, End::Terminated);
    let batch = drawn(&replay, 4_000);
    assert!(batch.observations[..1_000].iter().all(|at| (75.0..80.0).contains(at)), "the newest five");
    let rare = batch.observations[1_000..].iter().filter(|at| **at >= 1_000.0).count();
    assert!((1_350..1_650).contains(&rare), "five of 85 are half of what is drawn by kind: {rare}");
    assert_eq!(drawn(&replay, 64).actions, drawn(&replay, 64).actions);
    // The rare kind leaves with its last transition.
    live(&mut replay, 9, 100.0, 100, End::Terminated);
    assert!(drawn(&replay, 4_000).observations.iter().all(|at| (100.0..200.0).contains(at)));
    assert_eq!(drawn(&Replay::new(settings, 1, 1), 64).rows, 0, "nothing is remembered yet");
}

/// Lives in Markov environments in turns, with actions that follow from a stream.
fn traded(replay: &mut Replay, law: Law, steps: usize) {
    let mut environments = [0, 1].map(|_| Markov::new(law, 37, Seed(3)));
    let (mut numbers, mut next) = ([0, 1], 2);
    environments.iter_mut().zip(numbers).for_each(|(environment, number)| environment.reset(number).unwrap());
    for step in 0..steps {
        let seat = step % 2;
        let environment = &mut environments[seat];
        let (mut observation, mut next_observation) = ([0.0; 2], [0.0; 2]);
        environment.observe(&mut observation);
        let (stratum, action) = (environment.stratum(), [(step as f32).sin()]);
        let outcome = environment.step(&action).unwrap();
        environment.observe(&mut next_observation);
        let episode = numbers[seat];
        replay.push(Lived {
            episode,
            stratum,
            observation: &observation,
            action: &action,
            outcome,
            next_observation: &next_observation,
        });
        if outcome.end != End::Goes {
            environment.reset(next).unwrap();
            (numbers[seat], next) = (next, next + 1);
        }
    }
}

#[test]
fn the_same_actions_at_another_cost_are_what_would_have_been_lived() {
    let dear = Law { cost: 0.002, ..LAW };
    // 8 whole episodes in each seat, so that none goes on.
    let (mut cheap_life, mut dear_life) = (Replay::new(SETTINGS, 2, 1), Replay::new(SETTINGS, 2, 1));
    traded(&mut cheap_life, LAW, 2 * 37 * 8);
    traded(&mut dear_life, dear, 2 * 37 * 8);
    assert_ne!(drawn(&cheap_life, 500).rewards, drawn(&dear_life, 500).rewards);
    let dropped = cheap_life.resimulate(&mut Markov::new(dear, 37, Seed(3))).unwrap();
    assert_eq!((dropped, cheap_life.len()), (0, 100));
    let (found, lived) = (drawn(&cheap_life, 500), drawn(&dear_life, 500));
    assert_eq!((found.rewards, found.observations), (lived.rewards, lived.observations));
    assert_eq!((found.next_observations, found.discounts), (lived.next_observations, lived.discounts));
    // An environment that ends its episodes earlier has nothing to say about what came after.
    let dropped = cheap_life.resimulate(&mut Markov::new(dear, 30, Seed(3))).unwrap();
    assert!((10..40).contains(&dropped) && cheap_life.len() == 100 - dropped, "{dropped}");
}

#[test]
fn a_memory_comes_back_bit_for_bit_and_goes_on_the_same() {
    for steps in [0, 5, 90, 1_001] {
        let mut replay = Replay::new(SETTINGS, 2, 1);
        traded(&mut replay, LAW, steps);
        let mut checkpoint = Checkpoint::new(1);
        replay.save(&mut checkpoint).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replay.checkpoint");
        checkpoint.save(&path).unwrap();
        let checkpoint = Checkpoint::load(Path::new(&path), 1).unwrap().unwrap();
        let mut loaded = Replay::load(SETTINGS, 2, 1, &checkpoint).unwrap();
        assert_eq!(loaded, replay, "{steps}");
        for replay in [&mut replay, &mut loaded] {
            live_pair(replay);
        }
        assert_eq!(loaded, replay, "{steps}, then more");
        assert!(Replay::load(SETTINGS, 3, 1, &checkpoint).is_err() || steps == 0, "another shape is refused");
    }
}

fn live_pair(replay: &mut Replay) {
    for step in 0..150_u16 {
        let at = f32::from(step);
        let outcome = Outcome { reward: at, end: if step % 50 == 49 { End::Terminated } else { End::Goes } };
        let episode = 1_000 + u64::from(step / 50);
        let (observation, next_observation) = ([at, 0.5], [at + 1.0, 0.5]);
        let stratum = (step % 3) as u8;
        replay.push(Lived {
            episode,
            stratum,
            observation: &observation,
            action: &[at],
            outcome,
            next_observation: &next_observation,
        });
    }
}
