//! Agents that trade, where the truth is known.

use std::sync::atomic::{AtomicUsize, Ordering};

use kestrel::domain::{Seed, Time};
use kestrel::engine::Settings;
use kestrel::engine::settings::StrategyName;
use kestrel::market::regime::RegimeModel;
use kestrel::simulator::{self, FeePolicy, FeeSchedule, Frictions};
use kestrel::training::agent_canary::{TRUTHS, Tried, tried};
use kestrel::training::environment::trading::{RewardWeights, Terms};
use kestrel::training::walk_table::text;
use kestrel::training::{Flow, recipes};

use crate::support::{self, money, ratio};

pub fn terms() -> Terms {
    let venue = simulator::Settings {
        fees: FeeSchedule { maker: ratio("0.001"), taker: ratio("0.001"), policy: FeePolicy::Received },
        frictions: Frictions::spread(ratio("0.00005")),
    };
    Terms {
        // The shipped stops, holding and band.
        settings: Settings {
            stop_loss: ratio("0.02"),
            take_profit: ratio("0.04"),
            min_hold_bars: 15,
            ..support::settings(StrategyName::Flat)
        },
        venue,
        balance: money("10000"),
        regimes: RegimeModel::default(),
        reward: RewardWeights::DEFAULT,
        sharpe_rate: 0.01,
        decisions: 384,
        range: (Time(0), Time(i64::MAX)),
    }
}

fn canary(place: usize, seed: u64, steps: u64) -> Tried {
    let rules = support::rules(&["BTCUSDT"]).remove(0);
    let settings = recipes::trading(64, steps);
    let made = tried(TRUTHS[place], &rules, 15, &terms(), &settings, (Seed(seed), steps), &mut |_| Flow::Continue);
    let made = made.expect("a canary");
    println!("{}", text(std::slice::from_ref(&made.table)));
    println!("seed {seed}: turnover {:.3} a day, right: {}", made.turnover_a_day, made.is_right());
    made
}

#[test]
fn an_agent_leaves_a_martingale_alone_and_finds_what_is_planted_above_cost() {
    std::thread::scope(|scope| {
        let martingale = scope.spawn(|| canary(2, 1, 6_000));
        let planted = canary(0, 1, 16_000);
        assert!(planted.is_right(), "{:?}", planted.table.agent);
        let martingale = martingale.join().expect("a canary");
        assert!(martingale.is_right(), "{} a day", martingale.turnover_a_day);
    });
}

/// Minutes: `cargo test --release -- --ignored five_seeds --nocapture`.
#[test]
#[ignore = "evidence: fifteen trainings of 40,000 steps"]
fn five_seeds_find_what_is_planted_above_cost_and_leave_the_rest_alone() {
    const SEEDS: usize = 5;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(truth) = TRUTHS.get(at / SEEDS) else { return wrong };
            let seed = (at % SEEDS + 1) as u64;
            if !canary(at / SEEDS, seed, 40_000).is_right() {
                wrong.push(format!("{}, seed {seed}", truth.name));
            }
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().expect("canaries")).collect()
    });
    assert!(wrong.is_empty(), "{wrong:?}");
}
