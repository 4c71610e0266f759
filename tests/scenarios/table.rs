//! The table at which engine and scripted venue sit: bars in, effects out, reports made from what was ordered.
//!
//! Invariant: every report carries a fresh trade id and the order's running total unless a scenario changes it.
//! Absent on purpose: matching; the scenario says what fills.

use std::collections::BTreeMap;

use kestrel::domain::{
    Asset, Balance, BalanceUpdate, Bar, ClientOrderId, Command, Commission, ExecutionReport, ExecutionType,
    MarketEvent, Money, OrderId, OrderKind, OrderStatus, Price, Quantity, Session, Side, Span, SymbolId, SymbolRules,
    Time, TradeId,
};
use kestrel::engine::risk::Payload;
use kestrel::engine::settings::{Settings, StrategyName, TrendLengths};
use kestrel::engine::{Answer, Effect, Effects, Engine, Input, Notice, Outcome, Start};
use kestrel::market::regime::RegimeModel;

use crate::support::{START, money, ratio, rules, settings};

pub const A: SymbolId = SymbolId(0);
pub const B: SymbolId = SymbolId(1);
pub const SESSION: Session = Session(7);

/// One order as it was sent, a leg of an OCO included.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    pub symbol: SymbolId,
    pub id: ClientOrderId,
    pub list: Option<ClientOrderId>,
    pub side: Side,
    pub kind: OrderKind,
}

impl Leg {
    pub fn quantity(&self) -> Quantity {
        self.kind.quantity()
    }

    pub fn is_stop(&self) -> bool {
        matches!(self.kind, OrderKind::StopLoss { .. })
    }

    pub fn is_market(&self) -> bool {
        matches!(self.kind, OrderKind::Market { .. })
    }
}

pub struct Table {
    pub engine: Engine,
    pub now: Time,
    closes: Vec<f64>,
    minutes: Vec<i64>,
    trades: i64,
    totals: BTreeMap<ClientOrderId, Quantity>,
}

/// Trend over one and two bars: a rise after a fall wants to be long, a fall wants to be flat.
pub fn quick() -> Settings {
    Settings {
        trend: TrendLengths { fast: 1, slow: 2 },
        min_hold_bars: 0,
        stop_loss: ratio("0.02"),
        take_profit: ratio("0.04"),
        ..settings(StrategyName::Trend)
    }
}

pub fn bar_at(minute: i64, close: f64) -> Bar {
    let open_time = START.plus(Span(minute * Span::MINUTE.0));
    Bar { open_time, open: close, high: close, low: close, close, volume: 1.0 }
}

impl Table {
    pub fn new(names: &[&str], settings: Settings) -> Table {
        Table::with_rules(rules(names), settings)
    }

    /// 10,000 of the quote currency, and two bars of history (100, 99) for each symbol.
    pub fn with_rules(rules: Vec<SymbolRules>, settings: Settings) -> Table {
        Table::with_history(rules, settings, 2)
    }

    /// The same with a history of this many bars that go to and fro between 100 and 99, the last at 99.
    pub fn warmed(names: &[&str], settings: Settings, bars: i64) -> Table {
        Table::with_history(rules(names), settings, bars)
    }

    fn with_history(rules: Vec<SymbolRules>, settings: Settings, bars: i64) -> Table {
        let count = rules.len();
        let close = |minute: i64| if (bars - minute) % 2 == 0 { 100.0 } else { 99.0 };
        let to_and_fro: Vec<Bar> = (0..bars).map(|minute| bar_at(minute, close(minute))).collect();
        let start = Start {
            session: SESSION,
            settings,
            balances: vec![Balance { asset: rules[0].quote.clone(), free: money("10000"), locked: Money::ZERO }],
            history: vec![to_and_fro; count],
            rules,
            regimes: RegimeModel::default(),
            has_books: false,
        };
        let now = START.plus(Span(bars * Span::MINUTE.0));
        Table {
            engine: Engine::new(now, &start, &mut Effects::default()),
            now,
            closes: vec![99.0; count],
            minutes: vec![bars; count],
            trades: 0,
            totals: BTreeMap::new(),
        }
    }

    pub fn one() -> Table {
        Table::new(&["AAAUSDT"], quick())
    }

    /// One symbol whose entry has just been sent.
    pub fn entering() -> (Table, Leg) {
        let mut table = Table::one();
        let sent = legs(&table.close(A, 101.0));
        assert_eq!(sent.len(), 1, "the crossing sends one entry");
        (table, sent[0].clone())
    }

    /// One symbol, filled at 101 and protected; the legs are target and stop.
    pub fn holding() -> (Table, Leg, Leg) {
        let (mut table, entry) = Table::entering();
        table.accept(&entry.id);
        let sent = legs(&table.fill(&entry, entry.quantity(), "101"));
        assert_eq!(sent.len(), 2, "an OCO protects the fill");
        let list = sent[0].list.clone().expect("a list");
        table.accept(&list);
        table.tell(&sent[0], OrderStatus::New);
        table.tell(&sent[1], OrderStatus::New);
        (table, sent[0].clone(), sent[1].clone())
    }

    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Effects::default();
        self.engine.step(self.now, &input, &mut effects);
        let effects: Vec<Effect> = effects.drain().collect();
        let (realised, unrealised) = (self.engine.realised(), self.engine.unrealised());
        let (equity, start) = (self.engine.equity(), self.engine.performance().start());
        // Beyond this a sum of several symbols may be at the end of its range.
        if [realised, unrealised, equity].iter().all(|value| value.0.unsigned_abs() < 1 << 120) {
            assert_eq!(
                realised.0 + unrealised.0,
                equity.0 - start.0,
                "realised and unrealised are the change of equity"
            );
        }
        effects
    }

    /// The next minute of a symbol closes at this price.
    pub fn close(&mut self, symbol: SymbolId, close: f64) -> Vec<Effect> {
        let at = symbol.index();
        let bar = bar_at(self.minutes[at], close);
        self.minutes[at] += 1;
        self.closes[at] = close;
        self.now = self.now.max(bar.close_time());
        self.step(Input::Market(MarketEvent::BarClosed { symbol, bar }))
    }

    /// The next bar closes higher than the last.
    pub fn rise(&mut self, symbol: SymbolId) -> Vec<Effect> {
        self.close(symbol, self.closes[symbol.index()] + 1.0)
    }

    /// The next bar closes lower than the last: the strategy wants to be flat.
    pub fn fall(&mut self, symbol: SymbolId) -> Vec<Effect> {
        self.close(symbol, self.closes[symbol.index()] - 1.0)
    }

    pub fn answer(&mut self, id: &ClientOrderId, outcome: Outcome) -> Vec<Effect> {
        self.step(Input::Answer(Answer { client_id: id.clone(), outcome }))
    }

    pub fn accept(&mut self, id: &ClientOrderId) -> Vec<Effect> {
        self.answer(id, Outcome::Accepted { order_id: OrderId(1) })
    }

    pub fn reject(&mut self, id: &ClientOrderId) -> Vec<Effect> {
        self.answer(id, Outcome::Rejected { code: -2010, message: "no".to_owned() })
    }

    pub fn found(&mut self, id: &ClientOrderId, status: OrderStatus, filled: Quantity) -> Vec<Effect> {
        self.answer(id, Outcome::Found { status, filled })
    }

    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        self.step(Input::Command(command))
    }

    pub fn report(&mut self, report: ExecutionReport) -> Vec<Effect> {
        self.step(Input::Report(Box::new(report)))
    }

    /// A fill of part of an order, or of its rest.
    pub fn fill_report(&mut self, leg: &Leg, quantity: Quantity, at: &str) -> ExecutionReport {
        self.trades += 1;
        let total = self.totals.entry(leg.id.clone()).or_default();
        *total = total.saturating_add(quantity);
        let (total, price): (Quantity, Price) = (*total, at.parse().expect("a price"));
        let status = if total == leg.quantity() { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        ExecutionReport {
            execution: ExecutionType::Trade,
            last_quantity: quantity,
            last_price: price,
            filled: total,
            // A venue that talks nonsense may have filled more than any amount can be.
            filled_quote: Money::notional(price, total).unwrap_or(Money::MAX),
            trade_id: Some(TradeId(self.trades)),
            ..self.state_report(leg, status)
        }
    }

    pub fn fill(&mut self, leg: &Leg, quantity: Quantity, at: &str) -> Vec<Effect> {
        let report = self.fill_report(leg, quantity, at);
        self.report(report)
    }

    /// A report of a new state without a fill.
    pub fn state_report(&self, leg: &Leg, status: OrderStatus) -> ExecutionReport {
        let execution = match status {
            OrderStatus::New | OrderStatus::PendingNew => ExecutionType::New,
            OrderStatus::PartiallyFilled | OrderStatus::Filled => ExecutionType::Trade,
            OrderStatus::Canceled | OrderStatus::PendingCancel => ExecutionType::Canceled,
            OrderStatus::Rejected => ExecutionType::Rejected,
            OrderStatus::Expired | OrderStatus::ExpiredInMatch => ExecutionType::Expired,
        };
        ExecutionReport {
            symbol: leg.symbol,
            client_id: leg.id.clone(),
            order_id: OrderId(1),
            list_id: None,
            side: leg.side,
            order_type: leg.kind.order_type(),
            execution,
            status,
            quantity: leg.quantity(),
            price: Price::ZERO,
            stop_price: leg.kind.stop_price().unwrap_or_default(),
            last_quantity: Quantity::ZERO,
            last_price: Price::ZERO,
            filled: self.totals.get(&leg.id).copied().unwrap_or_default(),
            filled_quote: Money::ZERO,
            commission: None,
            trade_id: None,
            is_maker: false,
            time: self.now,
            reason: None,
        }
    }

    pub fn tell(&mut self, leg: &Leg, status: OrderStatus) -> Vec<Effect> {
        let report = self.state_report(leg, status);
        self.report(report)
    }

    pub fn balance(&mut self, asset: &str, free: Money) -> Vec<Effect> {
        let balances = vec![Balance { asset: Asset::new(asset), free, locked: Money::ZERO }];
        self.step(Input::Balances(BalanceUpdate { time: self.now, balances }))
    }

    /// Time passes without an event, then the timer that the engine asked for fires.
    pub fn wait(&mut self, span: Span) -> Vec<Effect> {
        self.now = self.now.plus(span);
        assert!(self.engine.next_timer().is_some_and(|due| due <= self.now), "no timer is due");
        self.step(Input::Timer)
    }

    pub fn held(&self) -> Quantity {
        self.engine.held(A)
    }
}

pub fn commission(asset: &str, amount: &str) -> Option<Commission> {
    Some(Commission { asset: Asset::new(asset), amount: money(amount) })
}

/// All orders among the effects, OCOs as their two legs (above, below).
pub fn legs(effects: &[Effect]) -> Vec<Leg> {
    let submits = effects.iter().filter_map(|effect| match effect {
        Effect::Submit(approved) | Effect::Replace { order: approved, .. } => Some(approved.payload()),
        Effect::Cancel { .. } | Effect::Query { .. } | Effect::Infer(_) | Effect::Notice(_) => None,
    });
    let legs = submits.flat_map(|payload| match payload {
        Payload::Order(order) => {
            let id = order.client_id.clone();
            vec![Leg { symbol: order.symbol, id, list: None, side: order.side, kind: order.kind }]
        }
        Payload::Oco(oco) => [&oco.above, &oco.below]
            .map(|leg| Leg {
                symbol: oco.symbol,
                id: leg.client_id.clone(),
                list: Some(oco.list_client_id.clone()),
                side: oco.side,
                kind: leg.kind,
            })
            .to_vec(),
    });
    legs.collect()
}

pub fn cancels(effects: &[Effect]) -> Vec<ClientOrderId> {
    let cancel = |effect: &Effect| match effect {
        Effect::Cancel { client_id, .. } => Some(client_id.clone()),
        Effect::Submit(_) | Effect::Replace { .. } | Effect::Query { .. } | Effect::Infer(_) | Effect::Notice(_) => {
            None
        }
    };
    effects.iter().filter_map(cancel).collect()
}

pub fn queries(effects: &[Effect]) -> Vec<ClientOrderId> {
    let query = |effect: &Effect| match effect {
        Effect::Query { client_id, .. } => Some(client_id.clone()),
        Effect::Submit(_) | Effect::Cancel { .. } | Effect::Replace { .. } | Effect::Infer(_) | Effect::Notice(_) => {
            None
        }
    };
    effects.iter().filter_map(query).collect()
}

pub fn says(effects: &[Effect], what: impl Fn(&Notice) -> bool) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Notice(notice) if what(notice)))
}

pub fn quantity(text: &str) -> Quantity {
    text.parse().expect("a quantity")
}

/// Half of a quantity, on the step.
pub fn half(of: Quantity) -> Quantity {
    Quantity::from_raw(of.raw() / 2).floor_to_step(quantity("0.00001"))
}
