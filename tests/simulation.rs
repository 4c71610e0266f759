//! The simulated venue: one test for each rule, and the large properties.
//!
//! Invariant: every amount is written as decimal text and computed by hand.
//! Absent on purpose: sockets; the local exchange has its own tests.

mod conservation;
mod frictions;
mod generated;
mod limit_maker;
mod oracle;
mod recorded_book;
mod replacing;
mod rules;

pub use frictions::all_on as all_frictions;
use kestrel::domain::{
    Asset, Balance, ClientOrderId, ExecutionReport, Money, NewOco, NewOrder, OcoLeg, OrderKind, Price, Quantity, Ratio,
    Side, Symbol, SymbolId, SymbolRules, Time, TimeInForce,
};
use kestrel::simulator::{
    AccountId, FeePolicy, FeeSchedule, Frictions, OrderRef, PathPoint, PointKind, Settings, Simulator, VenueEvent,
};

const BTC: SymbolId = SymbolId(0);

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

fn id(text: &str) -> ClientOrderId {
    ClientOrderId::from(text)
}

/// Tick and step 0.1, notional from 1.
fn rules_of(name: &str) -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new(name));
    rules.price.tick = price("0.1");
    rules.price.min = price("0.1");
    rules.lot.step = quantity("0.1");
    rules.lot.min = quantity("0.1");
    rules.notional.min = money("1");
    rules
}

fn settings(half_spread: &str, maker: &str, taker: &str, policy: FeePolicy) -> Settings {
    Settings {
        fees: FeeSchedule { maker: ratio(maker), taker: ratio(taker), policy },
        frictions: Frictions::spread(ratio(half_spread)),
    }
}

fn held(asset: &str, free: &str) -> Balance {
    Balance { asset: Asset::new(asset), free: money(free), locked: Money::ZERO }
}

/// A venue with one symbol and accounts that hold 1000 USDT and 10 BTC each.
struct Venue {
    simulator: Simulator,
    now: i64,
}

impl Venue {
    fn new(settings: Settings) -> Venue {
        Venue { simulator: Simulator::new(vec![rules_of("BTCUSDT")], settings), now: 0 }
    }

    fn free() -> Venue {
        Venue::new(settings("0", "0", "0", FeePolicy::Received))
    }

    fn account(&mut self) -> AccountId {
        self.simulator.open_account(vec![held("USDT", "1000"), held("BTC", "10")])
    }

    fn open(&mut self, at: &str) {
        self.point(at, PointKind::Open);
    }

    fn inner(&mut self, at: &str) {
        self.point(at, PointKind::Inner);
    }

    fn close(&mut self, at: &str) {
        self.point(at, PointKind::Close);
    }

    fn point(&mut self, at: &str, kind: PointKind) {
        self.now += 1;
        self.simulator.move_to(BTC, PathPoint { time: Time(self.now), price: price(at), kind });
    }

    fn place(
        &mut self,
        account: AccountId,
        name: &str,
        side: Side,
        kind: OrderKind,
    ) -> Result<kestrel::simulator::Placed, kestrel::simulator::Refusal> {
        self.now += 1;
        let order = NewOrder { symbol: BTC, client_id: id(name), side, kind };
        self.simulator.place(account, Time(self.now), &order)
    }

    /// One line for each event: what a person would read in a log.
    fn events(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((_, event)) = self.simulator.next_event() {
            lines.push(line(&event));
        }
        lines
    }

    fn reports(&mut self) -> Vec<ExecutionReport> {
        let mut reports = Vec::new();
        while let Some((_, event)) = self.simulator.next_event() {
            if let VenueEvent::Report(report) = event {
                reports.push(*report);
            }
        }
        reports
    }

    /// Free and locked, as text.
    fn balance(&self, account: AccountId, asset: &str) -> (String, String) {
        let balances = self.simulator.balances(account);
        let held = balances.iter().find(|held| held.asset.as_str() == asset).unwrap();
        (held.free.to_string(), held.locked.to_string())
    }
}

fn line(event: &VenueEvent) -> String {
    match event {
        VenueEvent::Report(report) => {
            let mut text = format!("{} {} {}", report.client_id, report.execution.as_str(), report.status.as_str());
            if report.trade_id.is_some() {
                text += &format!(" {} at {}", report.last_quantity, report.last_price);
            }
            if let Some(reason) = &report.reason {
                text += &format!(" {reason}");
            }
            text
        }
        VenueEvent::Balances(update) => {
            let shown = |held: &Balance| format!("{} {}+{}", held.asset, held.free, held.locked);
            update.balances.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        VenueEvent::List(list) => format!("{} {}", list.client_id, list.status.as_str()),
    }
}

fn market(of: &str) -> OrderKind {
    OrderKind::Market { quantity: quantity(of) }
}

fn limit(of: &str, at: &str) -> OrderKind {
    OrderKind::Limit { quantity: quantity(of), price: price(at), time_in_force: TimeInForce::Gtc }
}

fn limit_maker(of: &str, at: &str) -> OrderKind {
    OrderKind::LimitMaker { quantity: quantity(of), price: price(at) }
}

fn limit_until(of: &str, at: &str, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit { quantity: quantity(of), price: price(at), time_in_force }
}

fn stop_loss(of: &str, at: &str) -> OrderKind {
    OrderKind::StopLoss { quantity: quantity(of), stop: price(at) }
}

fn take_profit(of: &str, at: &str) -> OrderKind {
    OrderKind::TakeProfit { quantity: quantity(of), stop: price(at) }
}

fn oco(side: Side, of: &str, above: OrderKind, below: OrderKind) -> NewOco {
    NewOco {
        symbol: BTC,
        list_client_id: id("list"),
        side,
        quantity: quantity(of),
        above: OcoLeg { client_id: id("above"), kind: above },
        below: OcoLeg { client_id: id("below"), kind: below },
    }
}
