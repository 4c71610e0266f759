//! The race: `benches/race.json` against the few lines that say what it means, directly and through the loopback exchange.

use std::path::Path;

use kestrel::app::demo::{self, Demo};
use kestrel::app::market::{self, MarketPlan};
use kestrel::app::{backtest, rules, sweep};
use kestrel::config::{Config, Speed};
use kestrel::domain::{Bar, Price, Seed, Value};
use kestrel::engine::TradeRecord;
use kestrel::engine::ports::BarSource;
use kestrel::runtime::Finished;

const BARS: u64 = 5_000;
/// No stops, the wide ones of the reference, and near ones; in percent.
const STOPS: [(f64, f64); 3] = [(0.0, 0.0), (2.0, 4.0), (0.2, 0.4)];

fn config((stop, target): (f64, f64)) -> Config {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/race.json");
    let (mut config, _) = Config::load(Some(&file)).expect("the settings of the race");
    config.speed = Speed::Max;
    (config.stop_loss_percent, config.take_profit_percent) = (stop, target);
    config
}

fn plan() -> MarketPlan {
    MarketPlan { data: None, seed: Seed(4), warmup_bars: 0, anchor: None, bars: Some(BARS) }
}

fn bars(config: &Config) -> Vec<Bar> {
    let mut source = market::open(plan(), &rules(config).expect("rules"));
    std::iter::from_fn(|| source.next_bar().expect("a bar")).map(|(_, bar)| bar).collect()
}

fn directly(config: &Config) -> Finished {
    backtest::finish(config, plan(), Path::new("")).expect("a backtest")
}

/// In units of 1e-8, as the venue counts: of one whole unit the price is the notional.
fn raw(price: f64) -> i64 {
    Price::from_f64(price).expect("a price").raw()
}

/// A thousandth, cut.
fn fee(price: i64) -> i64 {
    price / 1_000
}

/// Entry and exit price of each closed trade, and cash with what is held at the last close.
///
/// One unit is bought at the open after the fast average crossed above the slow one, and sold at the open after it crossed
/// below, or at stop or target, which count from the entry on; where a bar holds both, the stop comes first, and beyond
/// either a bar fills at its open.
fn oracle(bars: &[Bar], (stop, target): (f64, f64)) -> (Vec<(i64, i64)>, i64) {
    let closes: Vec<i128> = bars.iter().map(|bar| i128::from(raw(bar.close))).collect();
    let above = |at: usize| {
        let sum = |length: usize| closes[at + 1 - length..=at].iter().sum::<i128>() * (1_000 / length as i128);
        sum(20).cmp(&sum(50))
    };
    let away = |entry: i64, percent: f64| (i128::from(entry) * i128::from(raw(percent / 100.0)) / 100_000_000) as i64;
    let (mut cash, mut held, mut wanted) = (raw(10_000_000.0), None, None);
    let mut trades = Vec::new();
    for (at, bar) in bars.iter().enumerate() {
        let open = raw(bar.open);
        let mut fresh = false;
        match (wanted.take(), held) {
            (Some(true), None) => {
                cash -= open + fee(open);
                held = Some(open);
                fresh = true;
            }
            (Some(false), Some(entry)) => {
                cash += open - fee(open);
                held = None;
                trades.push((entry, open));
            }
            (Some(true | false) | None, Some(_) | None) => {}
        }
        if let (Some(entry), true) = (held, stop > 0.0) {
            let (low, high) = (entry - away(entry, stop), entry + away(entry, target));
            let exit = if raw(bar.low) <= low {
                Some(if fresh { low } else { low.min(open) })
            } else {
                (raw(bar.high) >= high).then(|| if fresh { high } else { high.max(open) })
            };
            if let Some(exit) = exit {
                cash += exit - fee(exit);
                held = None;
                trades.push((entry, exit));
            }
        }
        if at >= 50 {
            wanted = match (above(at - 1), above(at)) {
                (before, now) if before.is_le() && now.is_gt() => Some(true),
                (before, now) if before.is_ge() && now.is_lt() => Some(false),
                _ => None,
            };
        }
    }
    let worth = held.map_or(0, |_| raw(bars.last().expect("bars").close));
    (trades, cash + worth)
}

fn prices(trades: &[TradeRecord]) -> Vec<(i64, i64)> {
    trades.iter().map(|trade| (trade.entry.raw(), trade.exit.raw())).collect()
}

#[test]
fn the_race_trades_as_the_plain_loop_says_to_the_last_digit() {
    for stops in STOPS {
        let config = config(stops);
        let (trades, equity) = oracle(&bars(&config), stops);
        assert!(trades.len() > 20, "{} trades show little", trades.len());
        let raced = directly(&config);
        assert_eq!(prices(&raced.record.trades), trades, "{stops:?}");
        assert_eq!(raced.engine.equity(), Value(i128::from(equity) * 100_000_000), "{stops:?}");
    }
}

#[test]
fn the_race_trades_the_same_through_the_loopback_exchange() {
    let config = config((0.2, 0.4));
    let live = demo::finish(Demo {
        config: &config,
        market: plan(),
        venue: None,
        journal: None,
        feeds: None,
        models: None,
        trades_file: None,
        commands: Vec::new(),
        on_notice: None,
        on_status: None,
        hand: None,
    });
    let live = live.expect("a demo on loopback").finished;
    let direct = directly(&config);
    assert_eq!(live.record.first_difference(&direct.record), None);
    assert_eq!(live.record.trades, direct.record.trades);
    assert_eq!(live.engine.state_hash(), direct.engine.state_hash());
}

#[test]
fn each_set_of_a_sweep_ends_as_its_own_backtest() {
    let base = config((0.0, 0.0));
    let mut sets: Vec<Config> = STOPS.into_iter().map(config).collect();
    sets.extend([(5, 60), (19, 20)].map(|(fast, slow)| Config { trend_fast: fast, trend_slow: slow, ..base.clone() }));
    sets.push(Config { start_balance: 50.0, taker_fee_percent: 0.5, ..base.clone() });
    let swept = sweep::run(&base, plan(), &sets, Path::new("")).expect("a sweep");
    assert_eq!((swept.bars, swept.results.len()), (BARS, sets.len()));
    for (set, result) in sets.iter().zip(&swept.results) {
        let alone = directly(set);
        assert_eq!(result.state_hash, alone.engine.state_hash());
        assert_eq!((result.equity, result.fills), (alone.engine.equity(), alone.engine.counts().fills));
        assert_eq!(result.trades, alone.record.trades.len() as u64);
    }
    let hashes: std::collections::BTreeSet<u64> = swept.results.iter().map(|result| result.state_hash).collect();
    assert_eq!(hashes.len(), sets.len(), "sets that differ end differently");
}
