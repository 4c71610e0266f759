//! `Engine::step` in the situations that fill a day: nothing held, a position with its OCO, views, an own report.
//!
//! Invariant: each call is one step; what a step changes is undone or harmless, so that steps can be repeated for ever.
//! Absent on purpose: journals and drivers.

use kestrel::domain::{
    Bar, BookTop, ClientOrderId, Commission, ExecutionReport, ExecutionType, MarketEvent, OrderId, OrderStatus,
    OrderType, Price, Quantity, Side, Span, Time, Trade, TradeId,
};
use kestrel::engine::risk::Payload;
use kestrel::engine::settings::StrategyName;
use kestrel::engine::{Answer, Effect, Effects, Engine, Input, Outcome, Settings};

use super::market::{BTC, bars, money, settings, start};

/// An engine and the next inputs for it.
pub struct Desk {
    engine: Engine,
    effects: Effects,
    bars: Vec<Bar>,
    at: usize,
    now: Time,
    views: [Input; 2],
    report: Input,
}

impl Desk {
    /// Holds nothing and never will.
    pub fn flat() -> Desk {
        let mut desk = Desk::new(settings(StrategyName::Flat));
        // The window is full: every later bar replaces one.
        (0..600).for_each(|_| desk.close_bar());
        desk
    }

    /// Holds a position; stop and target rest at the venue, and no signal ends it.
    pub fn holding() -> Desk {
        let mut desk = Desk::new(Settings { min_hold_bars: u32::MAX, ..settings(StrategyName::Trend) });
        let mut trade = 0;
        while desk.engine.held(BTC).is_zero() {
            desk.close_bar();
            // A venue that accepts everything and fills what is a market order.
            loop {
                let sent = desk.requests();
                if sent.is_empty() {
                    break;
                }
                for (client_id, market) in sent {
                    trade += 1;
                    desk.answer(&client_id);
                    if let Some(quantity) = market {
                        desk.report = Input::Report(Box::new(fill(&desk, client_id, quantity, trade)));
                        desk.engine.step(desk.now, &desk.report, &mut desk.effects);
                    }
                }
            }
        }
        assert_eq!(desk.engine.halted(), None);
        desk
    }

    fn new(settings: Settings) -> Desk {
        let bars = bars(20_000);
        let time = bars[0].open_time;
        let mut effects = Effects::default();
        let engine = Engine::new(time, &start(settings), &mut effects);
        effects.drain();
        let price = Price::from_f64(bars[0].open).unwrap_or(Price::ONE);
        let trade = Trade { time, price, quantity: Quantity::ONE, aggressor: Side::Buy };
        let top = BookTop { bid: price, bid_quantity: Quantity::ONE, ask: price, ask_quantity: Quantity::ONE };
        let views = [MarketEvent::Trade { symbol: BTC, trade }, MarketEvent::BookTop { symbol: BTC, top }];
        Desk { engine, effects, bars, at: 0, now: time, views: views.map(Input::Market), report: Input::Timer }
    }

    /// The next closed bar.
    pub fn close_bar(&mut self) {
        let mut bar = self.bars[self.at];
        self.at = (self.at + 1) % self.bars.len();
        bar.open_time = self.now;
        self.now = self.now.plus(Span::MINUTE);
        let input = Input::Market(MarketEvent::BarClosed { symbol: BTC, bar });
        self.engine.step(self.now, &input, &mut self.effects);
    }

    /// A trade and a best price.
    pub fn view(&mut self) {
        for view in &self.views {
            self.engine.step(self.now, view, &mut self.effects);
        }
    }

    /// The report of the entry's fill once more: found, recognised by its trade id, not booked again.
    pub fn report(&mut self) {
        self.engine.step(self.now, &self.report, &mut self.effects);
        self.effects.drain();
    }

    /// What the engine wants sent: ids, and the quantity where it is a market order.
    fn requests(&mut self) -> Vec<(ClientOrderId, Option<Quantity>)> {
        let sent = self.effects.drain().filter_map(|effect| match effect {
            Effect::Submit(approved) => {
                let payload = approved.payload();
                let market = match payload {
                    Payload::Order(order) => Some(order.kind.quantity()),
                    Payload::Oco(_) => None,
                };
                Some((payload.client_id().clone(), market))
            }
            Effect::Cancel { .. }
            | Effect::Replace { .. }
            | Effect::Query { .. }
            | Effect::Infer(_)
            | Effect::Notice(_) => None,
        });
        sent.collect()
    }

    fn answer(&mut self, client_id: &ClientOrderId) {
        let outcome = Outcome::Accepted { order_id: OrderId(1) };
        let input = Input::Answer(Answer { client_id: client_id.clone(), outcome });
        self.engine.step(self.now, &input, &mut self.effects);
    }
}

/// The report that a market buy was filled at once.
fn fill(desk: &Desk, client_id: ClientOrderId, quantity: Quantity, trade: i64) -> ExecutionReport {
    let price = Price::from_f64(desk.bars[desk.at].open).unwrap_or(Price::ONE);
    ExecutionReport {
        symbol: BTC,
        client_id,
        order_id: OrderId(trade),
        list_id: None,
        side: Side::Buy,
        order_type: OrderType::Market,
        execution: ExecutionType::Trade,
        status: OrderStatus::Filled,
        quantity,
        price: Price::ZERO,
        stop_price: Price::ZERO,
        last_quantity: quantity,
        last_price: price,
        filled: quantity,
        filled_quote: money("5000"),
        commission: Some(Commission { asset: super::market::rules().base, amount: money("0.0001") }),
        trade_id: Some(TradeId(trade)),
        is_maker: false,
        time: desk.now,
        reason: None,
    }
}
