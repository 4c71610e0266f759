//! Environment steps without learning: closed bars a second through the engine, its venue and its questions.
//!
//! `cargo bench --bench environment`. A step is a closed bar; every fifteen bars the engine asks and a random exposure
//! answers, with fees, band and stops. Two environments on two threads, each with episodes of a week, over one shared tape.
//! Invariant: the bars that are counted went through `Engine::step`.
//! Absent on purpose: learning (`sac`), several machines.

use std::sync::Arc;
use std::time::Instant;

use kestrel::app::{Stopwatch, engine_settings, venue_settings};
use kestrel::config::Config;
use kestrel::domain::{Seed, Symbol, SymbolRules, Time};
use kestrel::engine::model::Models;
use kestrel::market::features::Schema;
use kestrel::market::regime::RegimeModel;
use kestrel::training::environment::tape::{Recorded, Tape};
use kestrel::training::environment::trading::{RewardWeights, Terms, TradingEnvironment};
use kestrel::training::environment::{End, Environment};
use kestrel::training::synthetic::{Edge, SyntheticMarket};
use rand_chacha::rand_core::Rng;

const BARS: usize = 200_000;
const EVERY: u16 = 15;
const ROUNDS: usize = 5;

fn main() {
    let config = Config::embedded().expect("the built-in config");
    let rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    let bars = SyntheticMarket::new(Seed(1), "bench", Edge::None).bars(BARS);
    let started = Instant::now();
    let tape = Arc::new(Tape::new(Schema::ohlcv(), EVERY, vec![Recorded { rules, bars }], Time(i64::MAX), None));
    println!("tape of {BARS} bars: {:.0} ns a bar", 1e9 * started.elapsed().as_secs_f64() / BARS as f64);
    let terms = Arc::new(Terms {
        settings: engine_settings(&config, &Models::default()),
        venue: venue_settings(&config),
        balance: config.start(),
        regimes: RegimeModel::default(),
        reward: RewardWeights::DEFAULT,
        sharpe_rate: 0.01,
        decisions: 7 * 1_440 / usize::from(EVERY),
        range: (Time(0), Time(i64::MAX)),
    });
    println!(
        "| policy | threads | bars a second (wall) | bars a CPU second | fills a decision |\n|---|--:|--:|--:|--:|"
    );
    for (name, hold) in [("flat", true), ("random exposure at each decision", false)] {
        for threads in [1, 2] {
            let best = (0..ROUNDS).map(|round| measure(&tape, &terms, threads, hold, round as u64));
            let best = best.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or_default();
            println!("| {name} | {threads} | {:.0} | {:.0} | {:.2} |", best.0, best.1, best.2);
        }
    }
}

/// Bars a second by wall and by CPU, fills a decision.
fn measure(tape: &Arc<Tape>, terms: &Arc<Terms>, threads: u64, flat: bool, round: u64) -> (f64, f64, f64) {
    let watch = Stopwatch::start();
    let counted: Vec<(u64, u64, u64)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || play(tape, terms, Seed(thread + 10 * round), flat)))
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let spent = watch.read();
    let bars: u64 = counted.iter().map(|counted| counted.0).sum();
    let (fills, decisions) = counted.iter().fold((0, 0), |sum, counted| (sum.0 + counted.1, sum.1 + counted.2));
    (bars as f64 / spent.wall_seconds, bars as f64 / spent.cpu_seconds, fills as f64 / decisions as f64)
}

/// Bars, fills and decisions of some episodes.
fn play(tape: &Arc<Tape>, terms: &Arc<Terms>, seed: Seed, flat: bool) -> (u64, u64, u64) {
    let mut environment = TradingEnvironment::new(tape.clone(), terms.clone(), seed);
    let mut random = seed.stream("actions");
    let mut row = vec![0.0; environment.observation_len()];
    let (mut fills, mut decisions) = (0, 0);
    for episode in 0..60 {
        environment.reset(episode).expect("an episode");
        loop {
            environment.observe(&mut row);
            let action = (random.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
            let outcome = environment.step(&[if flat { -1.0 } else { action }]).expect("a step");
            decisions += 1;
            if outcome.end != End::Goes {
                break;
            }
        }
        fills += environment.engine().map_or(0, |engine| engine.counts().fills);
    }
    (environment.bars(), fills, decisions)
}
