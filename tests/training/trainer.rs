//! A training under way: it goes on from a checkpoint as if it had never stopped, and tells how it goes.

use std::path::Path;

use kestrel::domain::Seed;
use kestrel::training::TrainingError;
use kestrel::training::checkpoint::{Checkpoint, CheckpointError};
use kestrel::training::environment::markov::Law;
use kestrel::training::environment::{Bandit, Environment, Markov, Pendulum};
use kestrel::training::sac::SacSettings;
use kestrel::training::trainer::{FIRST_EVALUATION_EPISODE, Trainer, TrainerSettings, evaluate};

const LAW: Law = Law { stay: 0.9, size: 0.001, cost: 0.000_4 };

/// Small networks, and everything switched on.
fn settings() -> TrainerSettings {
    TrainerSettings {
        sac: SacSettings {
            hidden: vec![16, 16],
            batch: 16,
            critic_decay: 0.01,
            pull_to_first: 1e-4,
            ..Default::default()
        },
        start_steps: 60,
        updates_per_step: 0.5,
        capacity: 150,
        n_step: 3,
        recent_share: 0.5,
        recent: 50,
        reward_scale: 0.5,
        shrink_every: 7,
        shrink_keep: 0.99,
    }
}

fn steps<E: Environment>(trainer: &mut Trainer<E>, rounds: usize) {
    (0..rounds).for_each(|_| trainer.step().unwrap());
}

/// Trains `rounds` in one go, and again with a stop after each of `stops`, where all but a file is lost.
fn goes_on_after_a_stop<E: Environment>(environments: impl Fn() -> Vec<E>, rounds: usize, stops: &[usize]) {
    let mut whole = Trainer::new(settings(), environments(), Seed(5)).unwrap();
    steps(&mut whole, rounds);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sac.checkpoint");
    let mut done = 0;
    for stop in stops.iter().copied().chain([rounds]) {
        let mut part = Trainer::new(settings(), environments(), Seed(5)).unwrap();
        if let Some(checkpoint) = Checkpoint::load(&path, part.purpose()).unwrap() {
            part.load(&checkpoint).unwrap();
        }
        steps(&mut part, stop - done);
        part.save().unwrap().save(&path).unwrap();
        done = stop;
    }
    let stopped = Checkpoint::load(&path, whole.purpose()).unwrap().unwrap();
    assert_eq!(stopped, whole.save().unwrap(), "every part, bit for bit");
    let mut part = Trainer::new(settings(), environments(), Seed(5)).unwrap();
    part.load(&stopped).unwrap();
    assert_eq!((part.steps(), part.updates()), (whole.steps(), whole.updates()));
    assert_eq!(part.window(), whole.window(), "the figures too");
    steps(&mut part, 10);
    steps(&mut whole, 10);
    assert_eq!(part.save().unwrap(), whole.save().unwrap(), "also after a look at the figures");
}

#[test]
fn a_training_in_several_markets_goes_on_bit_for_bit() {
    // Stops within the random start, within episodes, and at an episode's end.
    goes_on_after_a_stop(|| (0..3).map(|_| Markov::new(LAW, 25, Seed(9))).collect(), 150, &[5, 50, 83, 84]);
}

#[test]
fn a_training_with_pendulums_goes_on_bit_for_bit() {
    goes_on_after_a_stop(|| vec![Pendulum::new(Seed(9)), Pendulum::new(Seed(9))], 450, &[225, 410]);
}

#[test]
fn a_look_at_the_figures_changes_nothing_that_is_learnt() {
    let new = || Trainer::new(settings(), vec![Markov::new(LAW, 25, Seed(9))], Seed(5)).unwrap();
    let (mut looked, mut left) = (new(), new());
    for _ in 0..20 {
        steps(&mut looked, 10);
        looked.window();
    }
    steps(&mut left, 200);
    left.window();
    assert_eq!(looked.save().unwrap(), left.save().unwrap());
}

#[test]
fn a_checkpoint_of_another_training_is_refused() {
    let trainer = |settings: TrainerSettings, law: Law, seed: u64, count: usize| {
        Trainer::new(settings, vec![Markov::new(law, 25, Seed(9)); count], Seed(seed)).unwrap()
    };
    let saved = trainer(settings(), LAW, 5, 2).save().unwrap();
    let others = [
        trainer(TrainerSettings { n_step: 2, ..settings() }, LAW, 5, 2),
        trainer(settings(), Law { cost: 0.0, ..LAW }, 5, 2),
        trainer(settings(), LAW, 6, 2),
        trainer(settings(), LAW, 5, 3),
    ];
    for mut other in others {
        let refused = other.load(&saved);
        assert!(
            matches!(refused, Err(TrainingError::Checkpoint(CheckpointError::OtherTraining { .. }))),
            "{refused:?}"
        );
    }
    trainer(settings(), LAW, 5, 2).load(&saved).unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert!(Checkpoint::load(Path::new(&folder.path().join("none")), 1).unwrap().is_none());
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let bad = [
        ("n_step", TrainerSettings { n_step: 0, ..settings() }),
        ("updates_per_step", TrainerSettings { updates_per_step: f64::NAN, ..settings() }),
        ("recent_share", TrainerSettings { recent_share: 1.5, ..settings() }),
        ("recent", TrainerSettings { recent: 0, ..settings() }),
        ("reward_scale", TrainerSettings { reward_scale: 0.0, ..settings() }),
        ("shrink_keep", TrainerSettings { shrink_keep: -0.1, ..settings() }),
        ("capacity", TrainerSettings { capacity: 15, ..settings() }),
        ("capacity", TrainerSettings { capacity: 100_000_000, ..settings() }),
    ];
    for (name, settings) in bad {
        let said = Trainer::new(settings, vec![Pendulum::new(Seed(1))], Seed(1)).map(|_| ()).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{name} is ")), "{said}");
    }
    let none: Vec<Pendulum> = Vec::new();
    assert!(Trainer::new(settings(), none, Seed(1)).is_err());
}

#[test]
fn a_window_tells_of_its_stretch_alone() {
    let mut trainer = Trainer::new(settings(), vec![Pendulum::new(Seed(9)), Pendulum::new(Seed(9))], Seed(5)).unwrap();
    steps(&mut trainer, 30);
    let early = trainer.window();
    assert_eq!((early.steps, early.updates, early.episodes), (60, 0, 0));
    assert!(early.episode_return.is_none() && early.mean_q.is_none() && early.over_estimation.is_none());
    assert_eq!(early.remembered, 2 * (30 - 2), "two steps wait for their rewards in each");
    steps(&mut trainer, 370);
    let late = trainer.window();
    assert_eq!((late.steps, late.updates, late.episodes, late.remembered), (800, 370, 4, 150));
    assert!((-1_900.0..-600.0).contains(&late.episode_return.unwrap()), "{late:?}");
    assert_eq!(late.episode_steps, Some(200.0));
    assert!(late.alpha.unwrap() > 0.0 && late.critic_loss.unwrap() > 0.0 && late.entropy.unwrap() < 0.7);
    assert!(late.over_estimation.unwrap() > 50.0, "after so few updates critics know nothing of the fall: {late:?}");
    assert!(late.plasticity.unwrap().critic_norm > 0.0);
    let nothing = trainer.window();
    assert!(nothing.episodes == 0 && nothing.critic_loss.is_none());
}

#[test]
fn critics_promise_what_comes_once_they_have_learnt() {
    let sac = SacSettings { hidden: vec![32], batch: 32, critic_rate: 3e-3, actor_rate: 3e-3, ..Default::default() };
    let settings = TrainerSettings { sac, start_steps: 50, capacity: 5_000, ..Default::default() };
    let mut trainer = Trainer::new(settings, vec![Bandit { steepness: 4.0, best: 0.3 }], Seed(2)).unwrap();
    steps(&mut trainer, 1_500);
    trainer.window();
    steps(&mut trainer, 500);
    let window = trainer.window();
    assert!(window.over_estimation.unwrap().abs() < 0.05, "{window:?}");
    assert!((window.mean_q.unwrap() - window.target_q.unwrap()).abs() < 0.05, "{window:?}");
}

#[test]
fn at_other_costs_a_training_goes_on_with_what_it_would_have_lived() {
    let markets = |cost| (0..2).map(|_| Markov::new(Law { cost, ..LAW }, 25, Seed(9))).collect::<Vec<_>>();
    let mut trainer = Trainer::new(settings(), markets(0.0), Seed(5)).unwrap();
    steps(&mut trainer, 60);
    let purpose = trainer.purpose();
    assert_eq!(trainer.change_environments(markets(0.01)).unwrap(), 0);
    assert_ne!(trainer.purpose(), purpose);
    let dear = trainer.replay().clone();
    let mut again = trainer.replay().clone();
    assert_eq!(again.resimulate(&mut markets(0.01)[0]).unwrap(), 0);
    assert_eq!(again, dear, "all that is remembered was acted at the new cost");
    again.resimulate(&mut markets(0.0)[0]).unwrap();
    assert_ne!(again, dear);
    steps(&mut trainer, 60);
    let saved = trainer.save().unwrap();
    let mut on = Trainer::new(settings(), markets(0.01), Seed(5)).unwrap();
    on.load(&saved).unwrap();
    steps(&mut on, 20);
    steps(&mut trainer, 20);
    assert_eq!(on.save().unwrap(), trainer.save().unwrap());
    assert!(trainer.change_environments(markets(0.0)[..1].to_vec()).is_err());
}

#[test]
fn judging_asks_for_the_mean_action_and_repeats_itself() {
    let mut trainer = Trainer::new(settings(), vec![Markov::new(LAW, 25, Seed(9))], Seed(5)).unwrap();
    steps(&mut trainer, 200);
    let mut market = Markov::new(LAW, 25, Seed(9));
    let episodes = FIRST_EVALUATION_EPISODE..FIRST_EVALUATION_EPISODE + 8;
    let one = evaluate(trainer.agent_mut(), &mut market, episodes.clone()).unwrap();
    assert_eq!((one.returns.len(), one.steps), (8, 200));
    assert_eq!(one, evaluate(trainer.agent_mut(), &mut market, episodes).unwrap());
    assert!((one.mean() - one.returns.iter().sum::<f64>() / 8.0).abs() < 1e-12);
}
