//! The simulator in the situations that fill a day: a quiet bar, a walked bar, an order placed and cancelled.
//!
//! Invariant: a hundred orders rest far from the price before anything is measured, and none of them is reached.
//! Absent on purpose: sockets.

use kestrel::domain::{
    Asset, Balance, Bar, ClientOrderId, Money, NewOrder, OrderKind, Price, Quantity, Side, TimeInForce,
};
use kestrel::simulator::{AccountId, Extreme, OrderRef, Simulator, path};

use super::market::{BTC, bars, money, simulator};

/// Half of what Binance lets an account have open on a symbol.
const RESTING: i64 = 100;

pub struct Venue {
    simulator: Simulator,
    account: AccountId,
    bars: Vec<Bar>,
    at: usize,
}

impl Venue {
    pub fn new() -> Venue {
        let mut simulator = simulator();
        let free =
            |asset: &str, amount: &str| Balance { asset: Asset::new(asset), free: money(amount), locked: Money::ZERO };
        let account = simulator.open_account(vec![free("USDT", "1000000"), free("BTC", "100")]);
        let maker = simulator.open_account(vec![free("USDT", "1000000000")]);
        let bars = bars(1_000);
        simulator.settle_quiet_bar(BTC, &bars[0]);
        for n in 0..RESTING {
            let order = limit(&format!("resting-{n}"), 1_000_000 + n);
            simulator.place(maker, bars[0].close_time(), &order).expect("a resting bid far below");
        }
        let mut venue = Venue { simulator, account, bars, at: 0 };
        venue.drain();
        venue
    }

    /// A bar that reaches no order.
    pub fn quiet_bar(&mut self) -> bool {
        let bar = self.next();
        let reached = self.simulator.reaches(BTC, &bar);
        self.simulator.settle_quiet_bar(BTC, &bar);
        reached
    }

    /// The four points of a bar.
    pub fn walked_bar(&mut self) {
        let bar = self.next();
        for point in path(&bar, Extreme::Low).expect("a generated bar") {
            self.simulator.move_to(BTC, point);
        }
    }

    /// An order that rests, and its cancel.
    pub fn place_and_cancel(&mut self) {
        let now = self.bars[self.at].close_time();
        let order = limit("there-and-back", 2_000_000);
        self.simulator.place(self.account, now, &order).expect("an order that rests");
        self.simulator
            .cancel(self.account, now, BTC, &OrderRef::Client(order.client_id))
            .expect("an order that is open");
        self.drain();
    }

    fn next(&mut self) -> Bar {
        self.at = (self.at + 1) % self.bars.len();
        self.bars[self.at]
    }

    fn drain(&mut self) {
        while self.simulator.next_event().is_some() {}
    }
}

/// A bid.
fn limit(name: &str, cents: i64) -> NewOrder {
    let (quantity, price) = (Quantity::from_raw(1_000_000), Price::from_raw(cents * 1_000_000));
    let kind = OrderKind::Limit { quantity, price, time_in_force: TimeInForce::Gtc };
    NewOrder { symbol: BTC, client_id: ClientOrderId::from(name), side: Side::Buy, kind }
}
