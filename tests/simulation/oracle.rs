//! The fast venue against the naive one, and quiet bars against walked ones, over random order flow.
//!
//! Invariant: both venues see the same calls, and every answer, event and balance is compared after each.
//! Absent on purpose: expected numbers; `rules` has them.

use std::collections::BTreeSet;

use kestrel::domain::{
    Bar, Money, NewOco, NewOrder, OcoLeg, OrderId, OrderKind, Price, Quantity, Side, Span, SymbolId, Time, TimeInForce,
};
use kestrel::simulator::impact::Day;
use kestrel::simulator::naive::Naive;
use kestrel::simulator::{
    AccountId, Extreme, FeePolicy, Frictions, Latency, Markout, OrderRef, Participation, PathPoint, PointKind,
    Replaced, Rest, Settings, Simulator, SquareRootImpact, VenueEvent, path,
};
use proptest::prelude::*;

use super::{held, id, money, price, quantity, ratio, rules_of, settings};

/// What may happen, as small numbers, so that orders meet often and a failure shrinks.
#[derive(Debug, Clone)]
enum Step {
    Move {
        symbol: u16,
        ticks: i64,
        kind: PointKind,
        volume: i64,
    },
    Place {
        account: u16,
        symbol: u16,
        side: Side,
        kind: OrderKind,
        name: u8,
    },
    Oco {
        account: u16,
        symbol: u16,
        side: Side,
        steps: i64,
        above: i64,
        below: i64,
        is_limit: bool,
        name: u8,
    },
    /// The order of the first name by one of the second.
    Replace {
        account: u16,
        symbol: u16,
        side: Side,
        kind: OrderKind,
        gone: u8,
        name: u8,
    },
    Cancel {
        account: u16,
        symbol: u16,
        back: i64,
    },
    CancelByName {
        account: u16,
        symbol: u16,
        name: u8,
    },
}

fn at(ticks: i64) -> Price {
    Price::from_raw(ticks * 10_000_000)
}

fn of(steps: i64) -> Quantity {
    Quantity::from_raw(steps * 10_000_000)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let time_in_force =
        prop_oneof![4 => Just(TimeInForce::Gtc), 1 => Just(TimeInForce::Ioc), 1 => Just(TimeInForce::Fok)];
    prop_oneof![
        2 => (1..40_i64).prop_map(|steps| OrderKind::Market { quantity: of(steps) }),
        1 => (1..400_i64).prop_map(|amount| OrderKind::MarketQuote { amount: Money::from_raw(amount * 123_456_789) }),
        5 => (1..40_i64, 180..221_i64, time_in_force).prop_map(|(steps, ticks, time_in_force)| OrderKind::Limit {
            quantity: of(steps),
            price: at(ticks),
            time_in_force
        }),
        3 => (1..40_i64, 180..221_i64).prop_map(|(steps, ticks)| OrderKind::LimitMaker {
            quantity: of(steps),
            price: at(ticks)
        }),
        2 => (1..40_i64, 180..221_i64).prop_map(|(steps, ticks)| OrderKind::StopLoss {
            quantity: of(steps),
            stop: at(ticks)
        }),
        2 => (1..40_i64, 180..221_i64).prop_map(|(steps, ticks)| OrderKind::TakeProfit {
            quantity: of(steps),
            stop: at(ticks)
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let point = prop_oneof![1 => Just(PointKind::Open), 3 => Just(PointKind::Inner), 1 => Just(PointKind::Close)];
    let (who, which) = (0..3_u16, 0..2_u16);
    prop_oneof![
        6 => (which.clone(), 185..216_i64, point, 0..400_i64)
            .prop_map(|(symbol, ticks, kind, volume)| Step::Move { symbol, ticks, kind, volume }),
        8 => (who.clone(), which.clone(), side(), kind(), any::<u8>())
            .prop_map(|(account, symbol, side, kind, name)| Step::Place { account, symbol, side, kind, name }),
        3 => (who.clone(), which.clone(), side(), 1..40_i64, 195..221_i64, 180..206_i64, any::<bool>(), any::<u8>())
            .prop_map(|(account, symbol, side, steps, above, below, is_limit, name)| Step::Oco {
                account, symbol, side, steps, above, below, is_limit, name,
            }),
        3 => (who.clone(), which.clone(), side(), kind(), any::<u8>(), any::<u8>()).prop_map(
            |(account, symbol, side, kind, gone, name)| Step::Replace { account, symbol, side, kind, gone, name },
        ),
        1 => (who.clone(), which.clone(), 0..12_i64)
            .prop_map(|(account, symbol, back)| Step::Cancel { account, symbol, back }),
        1 => (who, which, any::<u8>())
            .prop_map(|(account, symbol, name)| Step::CancelByName { account, symbol, name }),
    ]
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let policy = prop_oneof![
        Just(FeePolicy::Received),
        Just(FeePolicy::Quote),
        Just(FeePolicy::Bnb { price: price("20"), discount: ratio("0.75") }),
    ];
    let half_spread = prop_oneof![Just("0"), Just("0.0004"), Just("0.02"), Just("0.1")];
    (policy, half_spread, any_frictions()).prop_map(|(policy, half_spread, frictions)| {
        let plain = settings(half_spread, "0.0007", "0.001", policy);
        Settings { frictions: Frictions { half_spread: plain.frictions.half_spread, ..frictions }, ..plain }
    })
}

/// Each friction is off in half of the cases.
fn any_frictions() -> impl Strategy<Value = Frictions> {
    let stated = Day::Stated { volatility: ratio("0.3"), volume: quantity("200") };
    let day = prop_oneof![Just(stated), Just(Day::Trailing { minutes: 5 })];
    let impact = day.prop_map(|day| SquareRootImpact { coefficient: ratio("0.7"), day });
    let share = prop_oneof![Just("0.02"), Just("0.1"), Just("1")];
    let rest = prop_oneof![Just(Rest::Waits), Just(Rest::Expires)];
    let participation = (share, rest).prop_map(|(share, rest)| Participation { share: ratio(share), rest });
    let markout = prop_oneof![3 => Just("0"), 1 => Just("0.007"), 1 => Just("0.05"), 1 => Just("2")];
    let latency = prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(4), 1 => Just(15)];
    let (impact, participation) = (prop::option::of(impact), prop::option::of(participation));
    (impact, participation, markout, latency).prop_map(|(impact, participation, markout, latency)| Frictions {
        half_spread: ratio("0"),
        impact,
        participation,
        markout: Markout(ratio(markout)),
        latency: Latency(Span(latency)),
    })
}

struct Pair {
    fast: Simulator,
    naive: Naive,
    orders: i64,
    now: i64,
    fills: usize,
    /// Kinds of fills and reasons of expiry met.
    seen: BTreeSet<String>,
}

impl Pair {
    fn new(settings: Settings) -> Pair {
        let rules = || {
            let mut rules = vec![rules_of("BTCUSDT"), rules_of("BNBUSDT")];
            rules[1].market_lot.step = quantity("0.3");
            rules
        };
        let mut pair = Pair {
            fast: Simulator::new(rules(), settings),
            naive: Naive::new(rules(), settings),
            orders: 0,
            now: 0,
            fills: 0,
            seen: BTreeSet::new(),
        };
        for (usdt, btc, bnb) in [("3000", "90", "40"), ("90.12345678", "1.23456789", "0.00012"), ("1000", "0", "0")] {
            let balances = vec![held("USDT", usdt), held("BTC", btc), held("BNB", bnb)];
            pair.fast.open_account(balances.clone());
            pair.naive.open_account(balances);
        }
        for symbol in 0..2 {
            pair.apply(&Step::Move { symbol, ticks: 200, kind: PointKind::Open, volume: 100 });
        }
        pair
    }

    fn apply(&mut self, step: &Step) {
        self.now += 1;
        let now = Time(self.now);
        match step.clone() {
            Step::Move { symbol, ticks, kind, volume } => {
                if kind == PointKind::Open {
                    self.fast.open_minute(SymbolId(symbol), volume as f64);
                    self.naive.open_minute(SymbolId(symbol), volume as f64);
                }
                let point = PathPoint { time: now, price: at(ticks), kind };
                self.fast.move_to(SymbolId(symbol), point);
                self.naive.move_to(SymbolId(symbol), point);
            }
            Step::Place { account, symbol, side, kind, name } => {
                let client_id = id(&format!("n{}", name % 40));
                let order = NewOrder { symbol: SymbolId(symbol), client_id, side, kind };
                let answer = self.fast.place(AccountId(account), now, &order);
                assert_eq!(answer, self.naive.place(AccountId(account), now, &order), "{step:?}");
                self.orders += i64::from(answer.is_ok());
            }
            Step::Oco { account, symbol, side, steps, above, below, is_limit, name } => {
                let target = |ticks| match is_limit {
                    true => OrderKind::Limit { quantity: of(steps), price: at(ticks), time_in_force: TimeInForce::Gtc },
                    false => OrderKind::TakeProfit { quantity: of(steps), stop: at(ticks) },
                };
                let stop = |ticks| OrderKind::StopLoss { quantity: of(steps), stop: at(ticks) };
                let (above, below) = match side {
                    Side::Sell => (target(above), stop(below)),
                    Side::Buy => (stop(above), target(below)),
                };
                let oco = NewOco {
                    symbol: SymbolId(symbol),
                    list_client_id: id(&format!("list{}", name % 40)),
                    side,
                    quantity: of(steps),
                    above: OcoLeg { client_id: id(&format!("a{}", name % 40)), kind: above },
                    below: OcoLeg { client_id: id(&format!("b{}", name % 40)), kind: below },
                };
                let answer = self.fast.place_oco(AccountId(account), now, &oco);
                assert_eq!(answer, self.naive.place_oco(AccountId(account), now, &oco), "{step:?}");
                self.orders += 2 * i64::from(answer.is_ok());
            }
            Step::Replace { account, symbol, side, kind, gone, name } => {
                let [gone, client_id] = [gone, name].map(|name| id(&format!("n{}", name % 40)));
                let order = NewOrder { symbol: SymbolId(symbol), client_id, side, kind };
                let answer = self.fast.replace(AccountId(account), now, &gone, &order);
                assert_eq!(answer, self.naive.replace(AccountId(account), now, &gone, &order), "{step:?}");
                if let Replaced::Cancelled(Ok(_)) = answer {
                    self.orders += 1;
                    self.seen.insert("replaced".to_owned());
                }
            }
            Step::Cancel { account, symbol, back } => {
                self.cancel(account, symbol, &OrderRef::Id(OrderId(self.orders - back)), now);
            }
            Step::CancelByName { account, symbol, name } => {
                self.cancel(account, symbol, &OrderRef::Client(id(&format!("n{}", name % 40))), now);
            }
        }
        self.compare(step);
    }

    fn cancel(&mut self, account: u16, symbol: u16, which: &OrderRef, now: Time) {
        let (account, symbol) = (AccountId(account), SymbolId(symbol));
        let answer = self.fast.cancel(account, now, symbol, which);
        assert_eq!(answer, self.naive.cancel(account, now, symbol, which), "{which:?}");
    }

    fn compare(&mut self, step: &Step) {
        loop {
            let (fast, naive) = (self.fast.next_event(), self.naive.next_event());
            assert_eq!(fast, naive, "{step:?}");
            match fast {
                Some((_, VenueEvent::Report(report))) => {
                    self.fills += usize::from(report.trade_id.is_some());
                    let role = if report.is_maker { "maker" } else { "taker" };
                    let what = report.trade_id.map(|_| format!("{} {role}", report.order_type.as_str()));
                    self.seen.extend(what.into_iter().chain(report.reason));
                }
                Some((_, VenueEvent::Balances(_) | VenueEvent::List(_))) => {}
                None => break,
            }
        }
        for account in (0..3).map(AccountId) {
            for balance in self.fast.balances(account) {
                assert_eq!(*balance, self.naive.balance(account, &balance.asset), "{step:?}");
                assert!(balance.free >= money("0") && balance.locked >= money("0"), "{balance:?} {step:?}");
            }
            let is_idle = self.fast.open_orders(account, None).next().is_none();
            let nothing_locked = self.fast.balances(account).iter().all(|held| held.locked.is_zero());
            assert!(!is_idle || nothing_locked, "an account without open orders locks nothing: {step:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_venue_and_the_naive_one_agree_on_every_event_and_balance(
        settings in any_settings(),
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let mut pair = Pair::new(settings);
        for step in &steps {
            pair.apply(step);
        }
    }

    #[test]
    fn a_bar_that_reaches_nothing_may_be_settled_without_walking_it(
        settings in any_settings(),
        steps in prop::collection::vec(step(), 1..40),
        offsets in prop::collection::vec((-12..12_i64, 0..6_i64, 0..6_i64, -5..5_i64, any::<bool>(), -60..60_i64), 1..12),
    ) {
        let mut pair = Pair::new(settings);
        for step in &steps {
            pair.apply(step);
        }
        pair.apply(&Step::Move { symbol: 0, ticks: 200, kind: PointKind::Close, volume: 100 });
        let mut walked = pair.fast;
        let mut skipped = walked.clone();
        for (minute, (open, up, down, close, low_first, dust)) in offsets.into_iter().enumerate() {
            let open = 200 + open;
            let close = (open + close).clamp(open - down, open + up);
            // Some bars touch a price by less than the last place.
            let exact = |ticks: i64| ticks as f64 / 10.0 + dust as f64 * 1e-10;
            let bar = Bar {
                open_time: Time(minute as i64 * 60_000_000),
                open: exact(open),
                high: exact(open + up),
                low: exact(open - down),
                close: exact(close),
                volume: 1.0,
            };
            let symbol = SymbolId(0);
            let is_reached = skipped.reaches(symbol, &bar);
            for point in path(&bar, if low_first { Extreme::Low } else { Extreme::High }).unwrap() {
                walked.walk_to(symbol, point, bar.volume / 4.0);
            }
            if is_reached {
                skipped = walked.clone();
            } else {
                prop_assert!(walked.next_event().is_none(), "{bar:?}");
                skipped.settle_quiet_bar(symbol, &bar);
            }
            while walked.next_event().is_some() {}
            while skipped.next_event().is_some() {}
            prop_assert_eq!(format!("{walked:?}"), format!("{skipped:?}"));
        }
    }
}

/// Guards the property above against a flow in which nothing happens.
#[test]
fn the_random_flow_trades_between_accounts_and_by_every_kind_of_order() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut fills, mut steps, mut seen) = (0, 0, BTreeSet::new());
    for _ in 0..40 {
        let settings = any_settings().new_tree(&mut runner).unwrap().current();
        let flow = prop::collection::vec(step(), 100..150).new_tree(&mut runner).unwrap().current();
        let mut pair = Pair::new(settings);
        flow.iter().for_each(|step| pair.apply(step));
        steps += flow.len();
        fills += pair.fills;
        seen.append(&mut pair.seen);
    }
    assert!(steps > 4_000 && fills > 600, "{steps} steps, {fills} fills");
    let expected = [
        "EXPIRE_MAKER",
        "INSUFFICIENT_LIQUIDITY",
        "LIMIT maker",
        "LIMIT taker",
        "LIMIT_MAKER maker",
        "MARKET taker",
        "OCO_TRIGGER",
        "STOP_LOSS taker",
        "TAKE_PROFIT taker",
        "UNFILLED_FOK_ORDER_EXPIRED",
        "UNFILLED_IOC_QUANTITY_EXPIRED",
        "WOULD_TAKE",
        "replaced",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
