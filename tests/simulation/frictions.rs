//! Frictions: each one by hand, and each knob over generated markets.
//!
//! Invariant: what a knob must do is stated as an order of results, never as a number that came out.
//! Absent on purpose: fast against naive (`oracle`) and the books (`conservation`).

use kestrel::domain::{Bar, Seed, Span, Symbol, Value};
use kestrel::engine::settings::{Sizing, StrategyName};
use kestrel::runtime::Finished;
use kestrel::runtime::backtest::Detail;
use kestrel::simulator::generator::Generator;
use kestrel::simulator::impact::Day;
use kestrel::simulator::{Extreme, Frictions, Latency, Markout, Participation, Rest, Slippage, SquareRootImpact, path};

use super::*;
use crate::support::{self, Scenario};

/// Every knob turned on, at plausible values.
pub fn all_on() -> Frictions {
    Frictions {
        half_spread: ratio("0.0002"),
        impact: Some(SquareRootImpact { coefficient: ratio("1"), day: Day::Trailing { minutes: 60 } }),
        participation: Some(Participation { share: ratio("0.05"), rest: Rest::Waits }),
        markout: Markout(ratio("0.0003")),
        latency: Latency(Span::from_millis(150)),
    }
}

fn venue(frictions: Frictions) -> Venue {
    Venue::new(Settings { frictions, ..settings("0", "0", "0", FeePolicy::Received) })
}

fn part(share: &str, rest: Rest) -> Frictions {
    Frictions { participation: Some(Participation { share: ratio(share), rest }), ..Frictions::NONE }
}

#[test]
fn a_market_order_takes_its_share_of_the_minute_and_the_rest_waits_for_the_next_opens() {
    let mut venue = venue(part("0.1", Rest::Waits));
    let account = venue.account();
    venue.close("20");
    venue.place(account, "m", Side::Buy, market("5")).unwrap();
    venue.events();
    for (volume, at, expected) in [(25.0, "20", Some("2.5")), (0.5, "21", None), (70.0, "22", Some("2.5"))] {
        venue.simulator.open_minute(BTC, volume);
        venue.open(at);
        let fills: Vec<_> = venue.reports().iter().map(|fill| (fill.last_quantity, fill.last_price)).collect();
        assert_eq!(fills, expected.map(|of| (quantity(of), price(at))).into_iter().collect::<Vec<_>>());
        venue.inner(at);
        venue.close(at);
        assert_eq!(venue.events(), Vec::<String>::new(), "only an open brings a new share");
    }
    assert_eq!(venue.balance(account, "USDT"), ("895".into(), "0".into()));
}

#[test]
fn the_rest_of_a_market_order_may_expire_instead() {
    let mut venue = venue(part("0.1", Rest::Expires));
    let account = venue.account();
    venue.simulator.open_minute(BTC, 25.0);
    venue.open("20");
    venue.place(account, "m", Side::Sell, market("5")).unwrap();
    let last = venue.reports().pop().unwrap();
    assert_eq!((last.filled, last.reason.as_deref()), (quantity("2.5"), Some("INSUFFICIENT_LIQUIDITY")));
    venue.place(account, "n", Side::Sell, market("1")).unwrap();
    assert_eq!(venue.reports().pop().unwrap().filled, quantity("0"), "the minute has nothing left");
    venue.place(account, "k", Side::Buy, limit_until("1", "22", TimeInForce::Fok)).unwrap();
    assert_eq!(venue.reports().pop().unwrap().reason.as_deref(), Some("UNFILLED_FOK_ORDER_EXPIRED"));
    venue.place(account, "i", Side::Buy, limit_until("1", "22", TimeInForce::Ioc)).unwrap();
    assert_eq!(venue.reports().pop().unwrap().reason.as_deref(), Some("UNFILLED_IOC_QUANTITY_EXPIRED"));
    assert_eq!(venue.balance(account, "BTC"), ("7.5".into(), "0".into()));
}

#[test]
fn a_stop_that_triggers_in_a_thin_minute_sells_on_at_the_next_open() {
    let mut venue = venue(part("0.1", Rest::Waits));
    let account = venue.account();
    venue.simulator.open_minute(BTC, 10.0);
    venue.open("20");
    venue.place(account, "s", Side::Sell, stop_loss("3", "19")).unwrap();
    venue.inner("18");
    venue.close("18.5");
    venue.simulator.open_minute(BTC, 100.0);
    venue.open("17");
    let fills: Vec<_> = venue.reports().into_iter().filter(|report| report.trade_id.is_some()).collect();
    let fills: Vec<_> = fills.iter().map(|fill| (fill.last_quantity, fill.last_price)).collect();
    assert_eq!(fills, [(quantity("1"), price("19")), (quantity("2"), price("17"))]);
}

#[test]
fn impact_is_two_thirds_of_the_peak_against_the_taker_rounded_to_the_tick() {
    let day = Day::Stated { volatility: ratio("0.03"), volume: quantity("2000") };
    let impact = Some(SquareRootImpact { coefficient: ratio("1"), day });
    let mut venue = venue(Frictions { impact, ..Frictions::NONE });
    let account = venue.account();
    venue.open("200");
    // 3 % x sqrt(5 / 2000) = 15 basis points at the peak, 10 on average: 0.2.
    venue.place(account, "s", Side::Sell, market("5")).unwrap();
    venue.place(account, "b", Side::Buy, market("5")).unwrap();
    let prices = venue.reports().into_iter().filter(|report| report.trade_id.is_some()).map(|fill| fill.last_price);
    assert_eq!(prices.collect::<Vec<_>>(), [price("199.8"), price("200.2")]);
    let quote = venue.simulator.quote(BTC).unwrap();
    assert!(quote.ask <= price("200.1"), "the book that all see is not moved: {quote:?}");
    venue.place(account, "l", Side::Buy, limit("3", "200.1")).unwrap();
    assert!(venue.reports().iter().all(|report| report.trade_id.is_none()), "a limit does not pay beyond its price");
}

#[test]
fn what_takers_paid_beyond_the_path_is_told_apart_by_cause() {
    let day = Day::Stated { volatility: ratio("0.03"), volume: quantity("2000") };
    let impact = SquareRootImpact { coefficient: ratio("1"), day };
    for (impact, cost) in [(None, "0"), (Some(impact), "2")] {
        let mut venue = venue(Frictions { impact, ..Frictions::spread(ratio("0.0005")) });
        let account = venue.account();
        venue.open("200");
        venue.place(account, "s", Side::Sell, market("5")).unwrap();
        venue.place(account, "b", Side::Buy, market("5")).unwrap();
        venue.place(account, "l", Side::Buy, limit("1", "190")).unwrap();
        venue.inner("189");
        // Half of 0.1 % of 200 is 0.1, times ten; ten basis points of it are 0.2, times ten; the resting limit pays nothing.
        let (spread, paid) = (Value::of(price("1"), quantity("1")), Value::of(price(cost), quantity("1")));
        assert_eq!(venue.simulator.slippage(), Slippage { spread, impact: paid });
        let fills = venue.reports().into_iter().filter(|report| report.trade_id.is_some() && !report.is_maker);
        let away = fills.map(|fill| fill.last_price.raw().abs_diff(price("200").raw())).sum::<u64>();
        assert_eq!(i128::from(away) * i128::from(quantity("5").raw()), spread.0 + paid.0);
    }
}

#[test]
fn a_passive_limit_fills_only_when_the_path_passes_it_by_the_markout() {
    let mut venue = venue(Frictions { markout: Markout(ratio("0.01")), ..Frictions::NONE });
    let account = venue.account();
    venue.open("110");
    venue.place(account, "b", Side::Buy, limit("1", "100")).unwrap();
    venue.place(account, "s", Side::Sell, limit("1", "120")).unwrap();
    venue.events();
    for at in ["99.1", "121.1"] {
        venue.inner(at);
        assert_eq!(venue.events(), Vec::<String>::new());
    }
    venue.inner("99");
    venue.inner("121.2");
    let fills: Vec<_> = venue.reports().iter().map(|fill| (fill.last_price, fill.is_maker)).collect();
    assert_eq!(fills, [(price("100"), true), (price("120"), true)]);
}

#[test]
fn a_delayed_order_misses_the_open_and_trades_at_the_worse_of_the_prices_around_its_arrival() {
    let mut venue = venue(Frictions { latency: Latency(Span(2)), ..Frictions::NONE });
    let account = venue.account();
    venue.close("100");
    venue.place(account, "b", Side::Buy, market("1")).unwrap();
    venue.place(account, "s", Side::Sell, market("1")).unwrap();
    venue.events();
    // Sent at 2 and 3; the open is at 4, so the first arrives with it.
    venue.open("101");
    let fill = venue.reports().remove(0);
    assert_eq!((fill.client_id, fill.last_price), (id("b"), price("101")));
    venue.inner("99");
    let fill = venue.reports().remove(0);
    assert_eq!((fill.client_id, fill.last_price), (id("s"), price("99")));
}

#[test]
fn a_delayed_stop_is_blind_on_its_way_and_a_cancel_finds_it_there() {
    let mut venue = venue(Frictions { latency: Latency(Span(3)), ..Frictions::NONE });
    let account = venue.account();
    venue.open("100");
    let sent = [stop_loss("1", "95"), stop_loss("1", "80")];
    let list = oco(Side::Sell, "1", take_profit("1", "130"), stop_loss("1", "95"));
    venue.place(account, "near", Side::Sell, sent[0]).unwrap();
    venue.place(account, "far", Side::Sell, sent[1]).unwrap();
    venue.now += 1;
    venue.simulator.place_oco(account, Time(venue.now), &list).unwrap();
    venue.events();
    venue.now -= 1;
    venue.inner("90");
    assert_eq!(venue.events(), Vec::<String>::new(), "none has arrived");
    let cancelled = venue.simulator.cancel(account, Time(venue.now), BTC, &OrderRef::Client(id("far"))).unwrap();
    assert_eq!(cancelled.status, kestrel::domain::OrderStatus::Canceled);
    venue.events();
    venue.now += 3;
    venue.inner("93");
    // They arrive where the price stands beyond them already: sold at the worse of 90 and 93.
    let fills = venue.reports().into_iter().filter(|report| report.trade_id.is_some());
    let fills: Vec<_> = fills.map(|fill| (fill.client_id, fill.last_price)).collect();
    assert_eq!(fills, [(id("near"), price("90")), (id("below"), price("90"))]);
    assert!(venue.simulator.open_orders(account, None).next().is_none());
    assert_eq!(venue.balance(account, "BTC").1, "0");
}

#[test]
fn every_friction_is_described_with_its_parameters() {
    let off = Frictions::NONE.describe();
    assert!(off.iter().all(|friction| friction.parameters == "none"), "{off:?}");
    let on = all_on().describe();
    let text = |name: &str| on.iter().find(|friction| friction.name == name).unwrap().parameters.clone();
    assert_eq!(text("half spread"), "0.02 % of the price");
    assert_eq!(text("participation"), "at most 5 % of the minute's volume; the rest waits");
    assert_eq!(text("markout"), "the path must pass a limit by 0.03 % of the price");
    assert_eq!(text("latency"), "150 ms to the book");
    assert!(text("square-root impact").contains("last 60 minutes"));
    assert!(on.iter().all(|friction| !friction.source.is_empty()));
}

/// A run over a generated market whose signals cannot depend on its fills: fixed size, no stop, no target.
fn run(seed: u64, strategy: StrategyName, size: &str, frictions: Frictions) -> Finished {
    let mut scenario = Scenario::new(&["BTCUSDT"], strategy);
    scenario.settings.sizing = Sizing::Fixed(quantity(size));
    (scenario.settings.stop_loss, scenario.settings.take_profit) = (ratio("0"), ratio("0"));
    scenario.venue.frictions = frictions;
    let mut source = support::generated(seed, &scenario.rules, 1_500, &[]);
    scenario.run(&mut source, Detail::Skip, |_| true)
}

const SEEDS: std::ops::Range<u64> = 0..12;

#[test]
fn spread_impact_and_latency_each_cost_more_the_more_there_is_of_them() {
    let spread = |share: &str| Frictions::spread(ratio(share));
    let impact = |coefficient: &str| {
        let model = SquareRootImpact { coefficient: ratio(coefficient), ..SquareRootImpact::TRAILING };
        Frictions { impact: Some(model), ..Frictions::NONE }
    };
    let latency = |ms: i64| Frictions { latency: Latency(Span::from_millis(ms)), ..Frictions::NONE };
    let knobs: [(&str, Vec<Frictions>); 3] = [
        ("spread", ["0", "0.0001", "0.001"].map(spread).into()),
        ("impact", vec![Frictions::NONE, impact("1"), impact("20")]),
        ("latency", vec![Frictions::NONE, latency(100)]),
    ];
    for seed in SEEDS {
        for (name, settings) in &knobs {
            let ends = settings.iter().map(|frictions| run(seed, StrategyName::Trend, "50", *frictions));
            let ends: Vec<_> = ends.map(|end| (end.engine.equity(), end.record.fills.len())).collect();
            for pair in ends.windows(2) {
                assert_eq!(pair[0].1, pair[1].1, "{name}, seed {seed}: the same trades");
                assert!(pair[0].1 > 20 && pair[1].0 < pair[0].0, "{name}, seed {seed}: {ends:?}");
            }
        }
    }
}

#[test]
fn participation_bounds_what_is_taken_of_every_minute_and_takes_longer() {
    for seed in SEEDS {
        let free = run(seed, StrategyName::Trend, "5", Frictions::NONE);
        let mut scenario_bars = support::generated(seed, &support::rules(&["BTCUSDT"]), 1_500, &[]).bars;
        let volumes: Vec<(Time, f64)> = scenario_bars.drain(..).map(|(_, bar)| (bar.open_time, bar.volume)).collect();
        let mean = volumes.iter().map(|(_, volume)| volume).sum::<f64>() / volumes.len() as f64;
        // An order of five takes about four minutes.
        let share = ratio(&format!("{:.8}", 1.3 / mean));
        for rest in [Rest::Waits, Rest::Expires] {
            let frictions = Frictions { participation: Some(Participation { share, rest }), ..Frictions::NONE };
            let thin = run(seed, StrategyName::Trend, "5", frictions);
            assert!(thin.record.fills.len() > free.record.fills.len(), "seed {seed} {rest:?}");
            assert_eq!(thin.engine.halted(), None);
            for (minute, volume) in &volumes {
                let taken = thin.record.fills.iter().filter(|fill| fill.time.minute() == *minute);
                let taken: f64 = taken.map(|fill| fill.quantity.to_f64()).sum();
                assert!(taken <= share.to_f64() * volume + 1e-8, "seed {seed}: {taken} of {volume}");
            }
        }
    }
}

/// Resting limits below or above a generated path; which of them fill.
fn filled(seed: u64, side: Side, markout: &str) -> Vec<String> {
    let mut venue = venue(Frictions { markout: Markout(ratio(markout)), ..Frictions::NONE });
    let account = venue.simulator.open_account(vec![held("USDT", "1000000"), held("BTC", "1000")]);
    let symbol = Symbol::new("BTCUSDT");
    let bars: Vec<Bar> = Generator::new(Seed(seed), &symbol, &rules_of("BTCUSDT"), Time(0), 1000.0).take(150).collect();
    let ticks = if side == Side::Buy { -9 } else { 9 };
    let mut fills = Vec::new();
    for (minute, bar) in bars.iter().enumerate() {
        for point in path(bar, Extreme::Low).unwrap() {
            venue.simulator.move_to(BTC, point);
        }
        let fill = venue.reports().into_iter().filter(|report| report.trade_id.is_some());
        fills.extend(fill.map(|report| report.client_id.to_string()));
        venue.now = bar.close_time().0;
        let price = Price::from_f64(bar.close).unwrap().saturating_add(Price::from_raw(ticks * 10_000_000));
        let kind = OrderKind::Limit { quantity: quantity("1"), price, time_in_force: TimeInForce::Gtc };
        venue.place(account, &format!("n{minute}"), side, kind).unwrap();
    }
    fills
}

#[test]
fn the_larger_the_markout_the_fewer_passive_limits_fill_and_never_another_one() {
    for (seed, side) in SEEDS.flat_map(|seed| [(seed, Side::Buy), (seed, Side::Sell)]) {
        let all = ["0", "0.0005", "0.002", "0.01"].map(|markout| filled(seed, side, markout));
        assert!(all[3].len() < all[0].len() && all[0].len() > 30, "seed {seed} {side:?}: {} fills", all[0].len());
        for pair in all.windows(2) {
            assert!(pair[1].len() <= pair[0].len(), "seed {seed} {side:?}");
            assert!(pair[1].iter().all(|fill| pair[0].contains(fill)), "seed {seed} {side:?}");
        }
    }
}

#[test]
fn with_every_friction_on_skipping_quiet_bars_changes_no_state() {
    for (seed, strategy) in (0..6).flat_map(|seed| [(seed, StrategyName::Trend), (seed, StrategyName::Reversal)]) {
        let mut scenario = Scenario::new(&["BTCUSDT", "ETHUSDT"], strategy);
        scenario.venue.frictions = all_on();
        let hashes = |detail| {
            let mut source = support::generated(seed, &scenario.rules, 2_000, &[(300, 5)]);
            let (hashes, finished) = support::hashes(&scenario, &mut source, detail);
            assert_eq!(finished.engine.halted(), None);
            (hashes, finished.record.fills.len())
        };
        let (full, skip) = (hashes(Detail::Full), hashes(Detail::Skip));
        assert!(full == skip && (strategy == StrategyName::Reversal || skip.1 > 20), "seed {seed} {strategy:?}");
    }
}
