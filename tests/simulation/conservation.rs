//! A million fills against decimal arithmetic of another make: not one unit of the last place appears or is lost.
//!
//! Invariant: the books know only the reports; they never read a balance before the end.
//! Absent on purpose: the rules of matching.

use kestrel::domain::seed::Seed;
use kestrel::domain::{
    Asset, Balance, ExecutionReport, Money, NewOrder, OrderKind, Price, Quantity, Side, Symbol, SymbolId, SymbolRules,
    Time, TimeInForce,
};
use kestrel::simulator::{
    AccountId, FeePolicy, Frictions, Participation, PathPoint, PointKind, Rest, Settings, Simulator, VenueEvent,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{id, price, ratio, settings};

const FILLS: usize = 1_000_000;
const ASSETS: [&str; 3] = ["BTC", "USDT", "BNB"];

fn decimal(raw: i64) -> Decimal {
    Decimal::new(raw, 8)
}

fn truncated(x: Decimal) -> Decimal {
    x.round_dp_with_strategy(8, RoundingStrategy::ToZero)
}

/// Balances by decimal arithmetic, from the numbers of the reports alone.
struct Books {
    settings: Settings,
    held: Vec<[Decimal; 3]>,
}

impl Books {
    /// Books a fill; how many it was.
    fn take(&mut self, account: AccountId, event: &VenueEvent) -> usize {
        match event {
            VenueEvent::Report(report) if report.trade_id.is_some() => {
                self.book(account, report);
                1
            }
            VenueEvent::Report(_) | VenueEvent::Balances(_) | VenueEvent::List(_) => 0,
        }
    }

    fn book(&mut self, account: AccountId, report: &ExecutionReport) {
        let (price, quantity) = (decimal(report.last_price.raw()), decimal(report.last_quantity.raw()));
        let notional = truncated(price * quantity);
        let fees = &self.settings.fees;
        let rate = decimal(if report.is_maker { fees.maker.raw() } else { fees.taker.raw() });
        let held = &mut self.held[usize::from(account.0)];
        let received = match report.side {
            Side::Buy => {
                held[0] += quantity;
                held[1] -= notional;
                (0, truncated(quantity * rate))
            }
            Side::Sell => {
                held[0] -= quantity;
                held[1] += notional;
                (1, truncated(notional * rate))
            }
        };
        let commission = report.commission.as_ref().unwrap();
        let (asset, fee) = match fees.policy {
            FeePolicy::Received => received,
            FeePolicy::Quote => (1, truncated(notional * rate)),
            FeePolicy::Bnb { price, discount } => {
                let in_bnb = notional * rate * decimal(discount.raw()) / decimal(price.raw());
                if commission.asset.as_str() == "BNB" { (2, truncated(in_bnb)) } else { received }
            }
        };
        assert_eq!((commission.asset.as_str(), decimal(commission.amount.raw())), (ASSETS[asset], fee), "{report:?}");
        held[asset] -= fee;
    }
}

fn next_order(random: &mut ChaCha8Rng, at: Price) -> (Side, OrderKind) {
    let side = if random.next_u64().is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let quantity = Quantity::from_raw(1 + (random.next_u64() % 500_000_000) as i64);
    let kind = match random.next_u64() % 4 {
        0 | 1 => OrderKind::Market { quantity },
        2 => OrderKind::MarketQuote { amount: Money::from_raw(1 + (random.next_u64() % 50_000_000_000) as i64) },
        _ => {
            // A little inside or outside of the price: takes at once, or rests for the next move.
            let off = (random.next_u64() % 40_000_000) as i64 - 20_000_000;
            let price = Price::from_raw((at.raw() + off).max(1));
            OrderKind::Limit { quantity, price, time_in_force: TimeInForce::Gtc }
        }
    };
    (side, kind)
}

fn run(policy: FeePolicy, fills: usize) {
    run_with(settings("0.0003", "0.00071", "0.00103", policy), fills);
}

fn run_with(settings: Settings, fills: usize) {
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.notional.min = Money::ZERO;
    let mut simulator = Simulator::new(vec![rules], settings);
    let start = [5_000_000_000_000_i64, 900_000_000_000_000, 300_000_000];
    let mut books = Books { settings, held: Vec::new() };
    for _ in 0..3 {
        let balance = |(asset, raw): (&str, i64)| Balance {
            asset: Asset::new(asset),
            free: Money::from_raw(raw),
            locked: Money::ZERO,
        };
        simulator.open_account(ASSETS.into_iter().zip(start).map(balance).collect());
        books.held.push(start.map(decimal));
    }
    let mut random = Seed(11).stream("conservation");
    let (mut done, mut now) = (0, 0);
    // An order on its way arrives within the next point of the path.
    let time = |step: i64| Time(step * 20_000);
    while done < fills {
        now += 1;
        let at = Price::from_raw(10_000_000_000 + (random.next_u64() % 1_000_000_000) as i64);
        // Every tenth point opens a minute; the one before it closes the last.
        let kind = match now % 90 {
            1 => PointKind::Open,
            82 => PointKind::Close,
            _ => PointKind::Inner,
        };
        simulator.walk_to(SymbolId(0), PathPoint { time: time(now), price: at, kind }, 1_000.0);
        while let Some((account, event)) = simulator.next_event() {
            done += books.take(account, &event);
        }
        for _ in 0..8 {
            let account = AccountId((random.next_u64() % 3) as u16);
            let (side, kind) = next_order(&mut random, at);
            now += 1;
            let order = NewOrder { symbol: SymbolId(0), client_id: id(&format!("n{now}")), side, kind };
            // What the balance does not cover is refused, which is part of the flow.
            let _ = simulator.place(account, time(now), &order);
            while let Some((account, event)) = simulator.next_event() {
                done += books.take(account, &event);
            }
        }
        assert!(now < 40 * fills as i64, "the flow dried up after {done} fills");
    }
    for (account, held) in books.held.iter().enumerate() {
        let balances = simulator.balances(AccountId(account as u16));
        for (asset, expected) in ASSETS.iter().zip(held) {
            let balance = balances.iter().find(|balance| balance.asset.as_str() == *asset).unwrap();
            assert_eq!(decimal(balance.free.raw()) + decimal(balance.locked.raw()), *expected, "{asset}");
        }
    }
}

#[test]
fn a_million_fills_and_their_fees_are_exactly_the_change_of_balances() {
    run(FeePolicy::Received, FILLS / 2);
    run(FeePolicy::Quote, FILLS / 4);
    run(FeePolicy::Bnb { price: price("612.3"), discount: ratio("0.75") }, FILLS / 4);
}

#[test]
fn frictions_move_fills_and_not_one_unit_of_the_books() {
    let all = super::frictions::all_on();
    for rest in [Rest::Waits, Rest::Expires] {
        let participation = all.participation.map(|part| Participation { rest, ..part });
        let plain = settings("0", "0.00071", "0.00103", FeePolicy::Received);
        run_with(Settings { frictions: Frictions { participation, ..all }, ..plain }, FILLS / 20);
    }
}
