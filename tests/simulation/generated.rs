//! The generated market and the generated book.
//!
//! Invariant: statistics are asserted over several seeds with wide bounds, the bars themselves by one hash.
//! Absent on purpose: comparison with recorded markets.

use std::collections::BTreeMap;

use kestrel::domain::seed::Seed;
use kestrel::domain::{Bar, Price, Quantity, Span, Symbol, SymbolRules, Time};
use kestrel::simulator::generator::Generator;
use kestrel::simulator::market_maker::{Depth, Level, MarketMaker, diff};

use super::{price, quantity, ratio};

fn btc() -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.price.tick = price("0.01");
    rules.lot.step = quantity("0.00001");
    rules.lot.min = quantity("0.00001");
    rules
}

const START: Time = Time(1_700_000_040_000_000);

fn bars(seed: u64, symbol: &str, count: usize) -> Vec<Bar> {
    Generator::new(Seed(seed), &Symbol::new(symbol), &btc(), START, 60_000.0).take(count).collect()
}

fn returns(bars: &[Bar]) -> Vec<f64> {
    bars.windows(2).map(|pair| (pair[1].close / pair[0].close).ln()).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn autocorrelation(x: &[f64], lag: usize) -> f64 {
    let centre = mean(x);
    let product = |(a, b): (&f64, &f64)| (a - centre) * (b - centre);
    x.iter().zip(&x[lag..]).map(product).sum::<f64>() / x.iter().map(|a| (a - centre) * (a - centre)).sum::<f64>()
}

#[test]
fn the_same_seed_gives_the_same_bars_and_another_seed_or_symbol_others() {
    assert_eq!(bars(1, "BTCUSDT", 3_000), bars(1, "BTCUSDT", 3_000));
    assert_ne!(bars(1, "BTCUSDT", 10), bars(2, "BTCUSDT", 10));
    assert_ne!(bars(1, "BTCUSDT", 10), bars(1, "ETHUSDT", 10));
}

#[test]
fn generated_bars_are_the_same_on_every_platform() {
    let mut digest = kestrel::domain::Digest::new();
    digest.all(bars(42, "BTCUSDT", 100_000).iter());
    assert_eq!(kestrel::domain::digest::hex(digest.finish()), "0bfcc747d1016ee2");
}

#[test]
fn generated_bars_are_valid_gapless_and_on_the_grid() {
    let rules = btc();
    for (index, bar) in bars(3, "BTCUSDT", 50_000).iter().enumerate() {
        assert_eq!(bar.validate(), Ok(()), "{bar:?}");
        assert_eq!(bar.open_time, START.minute().plus(Span(Span::MINUTE.0 * index as i64)));
        for at in [bar.open, bar.high, bar.low, bar.close] {
            let exact = Price::from_f64(at).unwrap();
            assert!(exact.is_multiple_of(rules.price.tick) && exact.to_f64() == at, "{bar:?}");
        }
        let volume = Quantity::from_f64(bar.volume).unwrap();
        assert!(volume.is_positive() && volume.is_multiple_of(rules.lot.step), "{bar:?}");
    }
}

#[test]
fn cheap_and_dear_coins_stay_inside_the_range_of_prices() {
    let mut rules = btc();
    for (tick, start) in
        [("0.00000001", 1e-8), ("0.00000001", 0.000_01), ("0.01", 1e300), ("0.01", f64::NAN), ("0.1", -5.0)]
    {
        rules.price.tick = price(tick);
        let bars = Generator::new(Seed(5), &rules.symbol, &rules, START, start).take(20_000);
        for bar in bars {
            assert_eq!(bar.validate(), Ok(()), "{start} {bar:?}");
            assert!(Price::from_f64(bar.high).is_some());
        }
    }
}

#[test]
fn generated_returns_cluster_and_have_fat_tails_and_a_plausible_volatility() {
    for seed in [1, 2, 3] {
        let returns = returns(&bars(seed, "BTCUSDT", 300_000));
        let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
        let variance = mean(&returns.iter().map(|r| r * r).collect::<Vec<_>>());
        let fourth = mean(&returns.iter().map(|r| r * r * r * r).collect::<Vec<_>>());
        let kurtosis = fourth / (variance * variance);
        let yearly = (variance * 525_600.0).sqrt();
        let (near, far) = (autocorrelation(&sizes, 1), autocorrelation(&sizes, 60));
        assert!(near > 0.05 && far > 0.05, "seed {seed}: |r| is correlated by {near} and {far}");
        assert!((4.0..100.0).contains(&kurtosis), "seed {seed}: kurtosis {kurtosis}");
        assert!((0.45..0.70).contains(&yearly), "seed {seed}: volatility {yearly}");
        let drift = autocorrelation(&returns, 1);
        assert!(drift.abs() < 0.05, "seed {seed}: returns are correlated by {drift}");
    }
}

#[test]
fn the_generated_market_crashes_and_recovers_now_and_then() {
    let closes: Vec<f64> = bars(1, "BTCUSDT", 60 * 24 * 60).iter().map(|bar| bar.close).collect();
    let falls = closes.windows(31).filter(|window| window[30] < window[0] * 0.985).count();
    assert!(falls > 30, "{falls} half hours in two months fall by 1.5 %");
}

#[test]
fn more_is_traded_at_half_past_two_in_the_afternoon_than_at_night() {
    let mut hours = [0.0; 24];
    for bar in bars(1, "BTCUSDT", 60 * 24 * 60) {
        hours[(bar.open_time.millis() / 3_600_000 % 24) as usize] += bar.volume;
    }
    assert!(hours[14] > 1.5 * hours[2], "{hours:?}");
}

fn maker(half_spread: &str) -> MarketMaker {
    MarketMaker::new(&btc(), ratio(half_spread), MarketMaker::LEVELS)
}

#[test]
fn a_generated_book_is_sorted_uncrossed_and_has_the_best_prices_that_takers_meet() {
    for (at, half_spread) in [("60000", "0.0001"), ("60000.01", "0"), ("0.05", "0.001"), ("0.01", "0"), ("3", "0.01")] {
        let book = maker(half_spread).depth(price(at), 7);
        let quote = kestrel::simulator::Quote::around(price(at), ratio(half_spread), price("0.01"));
        assert_eq!((book.bids[0].price, book.asks[0].price), (quote.bid, quote.ask));
        assert!(book.bids[0].price < book.asks[0].price);
        assert!(book.bids.is_sorted_by(|a, b| a.price > b.price) && book.asks.is_sorted_by(|a, b| a.price < b.price));
        assert_eq!(book.asks.len(), MarketMaker::LEVELS);
        for level in book.bids.iter().chain(&book.asks) {
            assert!(level.price.is_positive() && level.price.is_multiple_of(price("0.01")), "{level:?}");
            assert!(level.quantity.is_positive() && level.quantity.is_multiple_of(quantity("0.00001")), "{level:?}");
        }
    }
}

#[test]
fn a_generated_book_is_a_pure_function_and_changes_in_part() {
    let maker = maker("0.0001");
    let (first, second) = (maker.depth(price("60000"), 1), maker.depth(price("60000"), 2));
    assert_eq!(first, maker.depth(price("60000"), 1));
    let change = diff(&first, &second);
    let changed = change.bids.len() + change.asks.len();
    assert!(changed > 0 && changed < 2 * MarketMaker::LEVELS, "{changed} levels changed");
    assert_eq!(diff(&first, &first), Depth::default());
}

#[test]
fn a_difference_applied_to_the_old_book_gives_the_new_one() {
    let maker = maker("0.0001");
    let mut random = Seed(1).stream("prices");
    let mut old = maker.depth(price("60000"), 0);
    let mut held: [BTreeMap<Price, Quantity>; 2] = [side(&old.bids), side(&old.asks)];
    for update in 1..2_000 {
        use rand_chacha::rand_core::Rng;
        let at = Price::from_raw(5_999_000_000_000 + (random.next_u64() % 2_000_000_000) as i64);
        let new = maker.depth(at, update);
        let change = diff(&old, &new);
        for (held, levels) in held.iter_mut().zip([&change.bids, &change.asks]) {
            for level in levels {
                if level.quantity.is_zero() {
                    assert!(held.remove(&level.price).is_some(), "only what stood is removed");
                } else {
                    assert_ne!(held.insert(level.price, level.quantity), Some(level.quantity));
                }
            }
        }
        assert_eq!(held, [side(&new.bids), side(&new.asks)]);
        old = new;
    }
}

fn side(levels: &[Level]) -> BTreeMap<Price, Quantity> {
    levels.iter().map(|level| (level.price, level.quantity)).collect()
}
