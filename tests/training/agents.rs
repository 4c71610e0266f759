//! Agents that trade, where the truth is known.

use kestrel::domain::{Seed, Time};
use kestrel::engine::settings::StrategyName;
use kestrel::market::regime::RegimeModel;
use kestrel::simulator::{self, FeePolicy, FeeSchedule, Frictions};
use kestrel::training::agent_canary::{TRUTHS, Tried, tried};
use kestrel::training::environment::trading::{RewardWeights, Terms};
use kestrel::training::{Flow, recipes};

use crate::support::{self, money, ratio};

pub fn terms() -> Terms {
    let venue = simulator::Settings {
        fees: FeeSchedule { maker: ratio("0.001"), taker: ratio("0.001"), policy: FeePolicy::Received },
        frictions: Frictions::spread(ratio("0.00005")),
    };
    Terms {
        settings: support::settings(StrategyName::Flat),
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
    let begun = std::time::Instant::now();
    let made = tried(TRUTHS[place], &rules, 15, &terms(), &recipes::trading(64), (Seed(seed), steps), &mut |point| {
        if point.validation.is_some() {
            println!("{place} {seed} {:.0?}: {point:?}", begun.elapsed());
        }
        Flow::Continue
    });
    let made = made.expect("a canary");
    println!("{}", kestrel::training::walk_table::text(std::slice::from_ref(&made.table)));
    println!("{place} {seed}: turnover {:.3} a day, right {}", made.turnover_a_day, made.is_right());
    made
}

/// The truth by number, seed and steps: an experiment.
#[test]
#[ignore = "experiment"]
fn experiment() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|x| x.parse().ok()).unwrap_or(default);
    canary(number("TRUTH", 0) as usize, number("SEED", 1), number("STEPS", 10_000));
}
