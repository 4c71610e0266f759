//! Pendulum-v1: the reference problem, with gymnasium's dynamics and starts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kestrel::domain::Seed;
use kestrel::training::environment::{Pendulum, pendulum};
use kestrel::training::recipes;
use kestrel::training::trainer::{Evaluation, Trainer, TrainerSettings, evaluate};

fn trained(settings: TrainerSettings, steps: u64, seed: u64) -> Evaluation {
    let begun = Instant::now();
    let mut trainer = Trainer::new(settings, vec![Pendulum::new(Seed(seed))], Seed(seed)).unwrap();
    while trainer.steps() < steps {
        trainer.step().unwrap();
    }
    let (updates, seconds) = (trainer.updates(), begun.elapsed().as_secs_f64());
    let found = evaluate(trainer.agent_mut(), &mut Pendulum::gymnasium(), pendulum::JUDGED).unwrap();
    println!(
        "seed {seed}: {:.1} over {} starts, {:.1} over the first 20; {steps} steps, {updates} updates, {seconds:.0} s",
        found.mean(),
        found.returns.len(),
        first(&found)
    );
    found
}

/// Mean over the starts that other programs were judged by.
fn first(found: &Evaluation) -> f64 {
    found.returns[..20].iter().sum::<f64>() / 20.0
}

#[test]
fn a_short_training_learns_to_swing_up() {
    let found = trained(recipes::pendulum(32), 2_500, 1);
    assert!(found.mean() > -400.0, "chance gets about -1200: {}", found.mean());
}

/// Minutes: `cargo test --release -- --ignored pendulum --nocapture`.
#[test]
#[ignore = "evidence: three trainings of 10,000 steps"]
fn pendulum_after_10_000_steps_is_near_the_best_there_is() {
    const SEEDS: u64 = 3;
    let next = AtomicU64::new(1);
    let work = || {
        let mut found = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > SEEDS {
                return found;
            }
            let judged = trained(recipes::pendulum(64), 10_000, seed);
            found.push((first(&judged), judged.mean()));
        }
    };
    let found: Vec<(f64, f64)> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let median = |mut numbers: Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len() / 2]
    };
    let (first, all) = (median(found.iter().map(|x| x.0).collect()), median(found.iter().map(|x| x.1).collect()));
    println!("median: {first:.1} over the first 20 starts (best -115.2), {all:.1} over 100 (best -126.2)");
    assert!(first >= -125.0 && all >= -135.0, "{found:?}");
}
