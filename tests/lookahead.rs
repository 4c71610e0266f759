//! Look-ahead: no strategy knows what comes after its decision, and a strategy that does is caught.

use std::convert::Infallible;

use kestrel::domain::{Bar, SymbolId};
use kestrel::engine::settings::StrategyName;
use kestrel::runtime::lookahead::{Future, Leak, engine_lookahead, lookahead};
use kestrel::simulator::{FeePolicy, Simulator};

use crate::support::{Scenario, generated, rules};

const BARS: usize = 1_200;
const CUTS: [usize; 5] = [0, 1, 40, 701, 1_150];

fn bars(seed: u64, names: &[&str]) -> Vec<(SymbolId, Bar)> {
    generated(seed, &rules(names), BARS, &[(100, 7)]).bars.into()
}

#[test]
fn no_strategy_decides_by_what_comes_after() {
    for strategy in StrategyName::ALL {
        for (seed, names) in [(2, &["BTCUSDT"][..]), (9, &["BTCUSDT", "ETHUSDT"][..])] {
            for frictions in [crate::support::venue(FeePolicy::Quote).frictions, crate::simulation::all_frictions()] {
                let mut scenario = Scenario::new(names, strategy);
                scenario.venue.frictions = frictions;
                let simulator = Simulator::new(scenario.rules.clone(), scenario.venue);
                let leak = engine_lookahead(&scenario.start(), &simulator, &bars(seed, names), CUTS, &|_| None);
                assert_eq!(leak.expect("bars from memory are valid"), None, "{strategy:?}");
            }
        }
    }
}

/// What a strategy decides at each bar, given all bars.
type Decide = fn(&[f64]) -> Vec<bool>;

fn first_leak(decide: Decide) -> Option<Leak<bool>> {
    let found = lookahead(&bars(4, &["BTCUSDT"]), CUTS, |bars| {
        let closes: Vec<f64> = bars.iter().map(|(_, bar)| bar.close).collect();
        Ok::<_, Infallible>(decide(&closes))
    });
    let Ok(leak) = found;
    leak
}

/// Above the mean of the last ten closes.
fn honest(closes: &[f64]) -> Vec<bool> {
    let mean = |to: usize| {
        let last = &closes[to.saturating_sub(9)..=to];
        last.iter().sum::<f64>() / last.len() as f64
    };
    (0..closes.len()).map(|at| closes[at] > mean(at)).collect()
}

/// Buys before the price rises.
fn prophet(closes: &[f64]) -> Vec<bool> {
    (0..closes.len()).map(|at| closes.get(at + 1).is_some_and(|next| *next > closes[at])).collect()
}

/// Above the mean of the whole sample: the usual mistake of normalising before splitting.
fn normalised_by_all(closes: &[f64]) -> Vec<bool> {
    let mean = closes.iter().sum::<f64>() / closes.len() as f64;
    closes.iter().map(|close| *close > mean).collect()
}

/// Says nothing about its last bar until it knows the next one.
fn late(closes: &[f64]) -> Vec<bool> {
    honest(closes).into_iter().take(closes.len().saturating_sub(1)).collect()
}

#[test]
fn strategies_that_know_the_future_are_caught_and_an_honest_one_is_not() {
    assert_eq!(first_leak(honest), None);
    let leak = first_leak(prophet).expect("a leak");
    assert_eq!(leak.bar, leak.kept - 1, "the last decision before the cut");
    assert!(first_leak(normalised_by_all).is_some());
    let leak = first_leak(late).expect("a leak");
    assert_eq!((leak.future, leak.instead), (Future::Removed, None));
}

#[test]
fn a_cut_inside_a_minute_counts_from_its_begin() {
    let bars = bars(4, &["BTCUSDT", "ETHUSDT"]);
    let mut lengths = Vec::new();
    let found = lookahead(&bars, [101], |bars| {
        lengths.push(bars.len());
        Ok::<_, Infallible>(vec![0; bars.len()])
    });
    assert_eq!((found, lengths), (Ok(None), vec![bars.len(), 100, bars.len()]));
}
