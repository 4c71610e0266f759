//! Arbitrary inputs: no panic, no order that breaks a rule; and a set of reports means the same in any order.
//!
//! Invariant: the checks on orders are made here anew, from snapshots, not by the engine's own risk check.
//! Absent on purpose: a well-behaved market; `determinism` and `parity` have it.

use std::collections::BTreeSet;
use std::sync::Arc;

use kestrel::domain::rules::OrderContext;
use kestrel::domain::{
    Asset, Balance, BalanceUpdate, Bar, ClientOrderId, Command, Commission, ExecutionReport, ExecutionType,
    MarketEvent, Money, OrderId, OrderStatus, OrderType, Price, Quantity, Ratio, Side, Span, SymbolId, SymbolRules,
    Time, TradeId, Value,
};
use kestrel::engine::instrument::Desk;
use kestrel::engine::orders::Purpose;
use kestrel::engine::risk::settings::{RiskSettings, StopKind};
use kestrel::engine::settings::{Settings, Sizing, StrategyName, TrendLengths};
use kestrel::engine::{Answer, Effect, Input, Outcome, Snapshot};
use proptest::prelude::*;

use super::table::{A, Leg, SESSION, Table, commission, legs, quick};
use crate::support::rules;

/// What happens next: nonsense, or a venue that does its work on the `which`-th order sent.
#[derive(Debug, Clone)]
pub enum Turn {
    Any(Box<Input>),
    Later(i64),
    Close { symbol: u16, rises: bool },
    Accept { which: usize },
    Fill { which: usize, in_part: bool },
    State { which: usize, status: OrderStatus },
    Found { which: usize, status: OrderStatus, filled: i64 },
}

const STATUSES: [OrderStatus; 9] = [
    OrderStatus::New,
    OrderStatus::PendingNew,
    OrderStatus::PartiallyFilled,
    OrderStatus::Filled,
    OrderStatus::Canceled,
    OrderStatus::PendingCancel,
    OrderStatus::Rejected,
    OrderStatus::Expired,
    OrderStatus::ExpiredInMatch,
];

fn raw() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(-1),
        Just(i64::MAX),
        Just(i64::MIN),
        any::<i64>(),
        1i64..1_000_000_000_000,
        (1i64..1_000).prop_map(|n| n * 100_000_000),
    ]
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(0.0),
        Just(-1.0),
        Just(1e300),
        Just(9e10),
        any::<f64>(),
        1.0..200.0
    ]
}

fn client_id() -> impl Strategy<Value = ClientOrderId> {
    prop_oneof![
        9 => (0u64..14).prop_map(|sequence| SESSION.client_order_id(sequence)),
        1 => prop::sample::select(vec!["k-7-+1", "k-7-01", "k-8-1", "web", "k-7-3w5e11264sgsf", "k--", ""])
            .prop_map(ClientOrderId::from),
    ]
}

fn symbol() -> impl Strategy<Value = SymbolId> {
    prop_oneof![6 => (0u16..3).prop_map(SymbolId), 1 => any::<u16>().prop_map(SymbolId)]
}

fn status() -> impl Strategy<Value = OrderStatus> {
    prop::sample::select(STATUSES.to_vec())
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        any::<i64>().prop_map(Time),
        (0i64..1_000_000).prop_map(|s| crate::support::START.plus(Span(s * 1_000_000)))
    ]
}

fn report() -> impl Strategy<Value = Input> {
    let names = (symbol(), client_id(), any::<bool>(), status(), 0usize..7, time());
    let numbers = (raw(), raw(), raw(), raw());
    let fee = prop::option::of((prop::sample::select(vec!["USDT", "AAA", "BNB", ""]), raw()));
    (names, numbers, fee, prop::option::of(0i64..40)).prop_map(|(names, numbers, fee, trade)| {
        let (symbol, client_id, buys, status, execution, time) = names;
        let executions = [
            ExecutionType::Trade,
            ExecutionType::New,
            ExecutionType::Canceled,
            ExecutionType::Replaced,
            ExecutionType::Rejected,
            ExecutionType::Expired,
            ExecutionType::TradePrevention,
        ];
        Input::Report(Box::new(ExecutionReport {
            symbol,
            client_id,
            order_id: OrderId(1),
            list_id: None,
            side: if buys { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            execution: executions[execution],
            status,
            quantity: Quantity::from_raw(numbers.0),
            price: Price::ZERO,
            stop_price: Price::ZERO,
            last_quantity: Quantity::from_raw(numbers.1),
            last_price: Price::from_raw(numbers.2),
            filled: Quantity::from_raw(numbers.3),
            filled_quote: Money::ZERO,
            commission: fee
                .map(|(asset, amount)| Commission { asset: Asset::new(asset), amount: Money::from_raw(amount) }),
            trade_id: trade.map(TradeId),
            is_maker: false,
            time,
            reason: None,
        }))
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let text = || "no".to_owned();
    prop_oneof![
        Just(Outcome::Accepted { order_id: OrderId(1) }),
        Just(Outcome::Rejected { code: -2010, message: text() }),
        Just(Outcome::Unknown { why: text() }),
        Just(Outcome::CancelRefused { code: -2011, message: text() }),
        Just(Outcome::NotFound),
        (status(), raw()).prop_map(|(status, filled)| Outcome::Found { status, filled: Quantity::from_raw(filled) }),
    ]
}

fn risk() -> impl Strategy<Value = RiskSettings> {
    let ratio = || prop_oneof![3 => Just(0), 1 => raw(), 1 => 1i64..100_000_000].prop_map(Ratio::from_raw);
    let ratios = prop::collection::vec(ratio(), 11);
    let whole = prop::array::uniform4(prop_oneof![2 => Just(0u32), 1 => 1u32..5, 1 => any::<u32>()]);
    let kind = prop::sample::select(StopKind::ALL.to_vec());
    (ratios, whole, kind, any::<bool>()).prop_map(|(ratios, whole, stops, shock_halt)| RiskSettings {
        shock_halt,
        shock_stop: ratios[0],
        volatility_target: ratios[1],
        drawdown_floor: ratios[2],
        stops,
        stop_multiple: ratios[3],
        target_multiple: ratios[4],
        trailing_multiple: ratios[5],
        max_hold_bars: whole[0],
        daily_loss: ratios[6],
        halt_drawdown: ratios[7],
        losing_streak: whole[1],
        losing_streak_pause: whole[2],
        cool_down: whole[3],
        low_profit: ratios[8],
        max_exposure: ratios[9],
        max_correlated: ratios[10],
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let ratios = (raw(), raw(), raw(), raw());
    let lengths = prop_oneof![Just((1, 2)), any::<(u16, u16)>()];
    let name = prop::sample::select(StrategyName::ALL.to_vec());
    let sizing = prop_oneof![Just(Sizing::Invest), raw().prop_map(|q| Sizing::Fixed(Quantity::from_raw(q)))];
    (ratios, lengths, name, sizing, raw(), raw(), 0u32..3, risk()).prop_map(
        |(ratios, lengths, strategy, sizing, least, bnb, hold, risk)| Settings {
            strategy,
            invest: Ratio::from_raw(ratios.0),
            sizing,
            min_trade_size: Money::from_raw(least),
            stop_loss: Ratio::from_raw(ratios.1),
            take_profit: Ratio::from_raw(ratios.2),
            trend: TrendLengths { fast: lengths.0, slow: lengths.1 },
            min_hold_bars: hold,
            no_trade_band: Ratio::from_raw(ratios.3),
            bnb_price: Price::from_raw(bnb),
            side_cost: Ratio::from_raw(105_000),
            mandates: Default::default(),
            execution: Default::default(),
            sentiment_weight: Ratio::ONE,
            models: Default::default(),
            edge_multiple: Ratio::ZERO,
            risk,
        },
    )
}

fn any_input() -> impl Strategy<Value = Input> {
    let bar = (symbol(), time(), [float(), float(), float(), float(), float()]).prop_map(|(symbol, open_time, x)| {
        let bar = Bar { open_time, open: x[0], high: x[1], low: x[2], close: x[3], volume: x[4] };
        Input::Market(MarketEvent::BarClosed { symbol, bar })
    });
    let huge = (symbol(), 0i64..1_000, 1i64..i64::MAX).prop_map(|(symbol, minute, close)| {
        let bar = super::table::bar_at(minute, Price::from_raw(close).to_f64());
        Input::Market(MarketEvent::BarClosed { symbol, bar })
    });
    let command = prop_oneof![
        1 => Just(Command::Pause),
        4 => Just(Command::Resume),
        1 => Just(Command::Halt),
        4 => Just(Command::Rearm),
        1 => Just(Command::Flatten),
        4 => client_id().prop_map(Command::Cancel),
        1 => raw().prop_map(|share| Command::SetInvest(Ratio::from_raw(share))),
        1 => prop::sample::select(vec!["trend", "reversal", "flat", "?"]).prop_map(|name| Command::SwitchStrategy(name.to_owned())),
    ];
    let balances =
        (prop::sample::select(vec!["USDT", "AAA"]), raw(), raw(), time()).prop_map(|(asset, free, locked, time)| {
            let balance =
                Balance { asset: Asset::new(asset), free: Money::from_raw(free), locked: Money::from_raw(locked) };
            Input::Balances(BalanceUpdate { time, balances: vec![balance] })
        });
    prop_oneof![
        2 => bar,
        1 => huge,
        4 => report(),
        4 => (client_id(), outcome()).prop_map(|(client_id, outcome)| Input::Answer(Answer { client_id, outcome })),
        2 => command.prop_map(Input::Command),
        1 => balances,
        1 => settings().prop_map(|settings| Input::Settings(Box::new(settings))),
        2 => Just(Input::Timer),
    ]
}

/// `nonsense` of ten turns are arbitrary, the rest is a venue at work.
pub fn turn(nonsense: u32) -> impl Strategy<Value = Turn> {
    let which = || 0usize..6;
    prop_oneof![
        nonsense => any_input().prop_map(|input| Turn::Any(Box::new(input))),
        10 - nonsense => prop_oneof![
            1 => (0i64..400).prop_map(Turn::Later),
            6 => (0u16..3, any::<bool>()).prop_map(|(symbol, rises)| Turn::Close { symbol, rises }),
            3 => which().prop_map(|which| Turn::Accept { which }),
            5 => (which(), any::<bool>()).prop_map(|(which, in_part)| Turn::Fill { which, in_part }),
            4 => (which(), status()).prop_map(|(which, status)| Turn::State { which, status }),
            2 => (which(), status(), raw()).prop_map(|(which, status, filled)| Turn::Found { which, status, filled }),
        ],
    ]
}

pub struct Watch {
    table: Table,
    /// Somebody changed the settings: what stood before may stand otherwise.
    is_changed: bool,
    rules: Vec<SymbolRules>,
    sent: Vec<Leg>,
    ids: BTreeSet<ClientOrderId>,
}

impl Watch {
    fn new() -> Watch {
        Watch::with(quick(), 2)
    }

    /// Over a history of this many bars.
    pub fn with(settings: Settings, bars: i64) -> Watch {
        let names = ["AAAUSDT", "BBBUSDT", "CCCUSDT"];
        let table = Table::warmed(&names, settings, bars);
        Watch { table, is_changed: false, rules: rules(&names), sent: Vec::new(), ids: BTreeSet::new() }
    }

    fn newest(&self, which: usize) -> Option<Leg> {
        self.sent.iter().rev().nth(which).cloned()
    }

    pub fn take(&mut self, turn: Turn) {
        let before = self.table.engine.snapshot(Arc::default());
        let effects = match turn {
            Turn::Any(input) => {
                self.is_changed |= matches!(*input, Input::Settings(_));
                self.table.step(*input)
            }
            Turn::Later(seconds) => {
                self.table.now = self.table.now.plus(Span::from_seconds(seconds));
                self.table.step(Input::Timer)
            }
            Turn::Close { symbol, rises: true } => self.table.rise(SymbolId(symbol)),
            Turn::Close { symbol, rises: false } => self.table.fall(SymbolId(symbol)),
            Turn::Accept { which } => match self.newest(which) {
                Some(leg) => self.table.accept(&leg.list.unwrap_or(leg.id)),
                None => return,
            },
            Turn::Fill { which, in_part } => match self.newest(which) {
                Some(leg) => {
                    let quantity = if in_part { super::table::half(leg.quantity()) } else { leg.quantity() };
                    self.table.fill(&leg, quantity, "100")
                }
                None => return,
            },
            Turn::State { which, status } => match self.newest(which) {
                Some(leg) => self.table.tell(&leg, status),
                None => return,
            },
            Turn::Found { which, status, filled } => match self.newest(which) {
                Some(leg) => self.table.found(&leg.id, status, Quantity::from_raw(filled)),
                None => return,
            },
        };
        let after = self.table.engine.snapshot(Arc::default());
        self.judge(&before, &after, &effects);
    }

    fn judge(&mut self, before: &Snapshot, after: &Snapshot, effects: &[Effect]) {
        let fresh = legs(effects);
        for leg in &fresh {
            assert!(self.ids.insert(leg.id.clone()), "{} was sent twice", leg.id);
            let view = &after.symbols[leg.symbol.index()];
            let reference = view.mark.expect("an order needs a price");
            let context = OrderContext { reference, open_orders: 0, open_trigger_orders: 0 };
            assert_eq!(self.rules[leg.symbol.index()].check(leg.side, leg.kind, context), Ok(()), "{leg:?}");
            match leg.side {
                Side::Buy => {
                    assert!(!before.paused && before.halted.is_none());
                    assert!(!after.paused && after.halted.is_none() && !view.stale);
                    assert_eq!((after.guard.halt(), after.guard.lock(leg.symbol)), (None, None));
                    assert!(!after.free_cash.is_negative(), "{leg:?} leaves {}", after.free_cash);
                    assert_below_cap(after);
                }
                Side::Sell => {
                    let live = self.selling(after, leg.symbol);
                    assert!(live <= view.position, "{live} on sale, {} held: {leg:?}", view.position);
                }
            }
        }
        self.sent.extend(fresh);
        if !self.is_changed {
            self.assert_armed(after);
        }
    }

    /// What is held is protected, or somebody took its protection away.
    fn assert_armed(&self, after: &Snapshot) {
        for (at, view) in after.symbols.iter().enumerate() {
            let is_ours = |purpose: Purpose| purpose == Purpose::Stop || purpose == Purpose::Target;
            let mut orders = after.orders.iter().filter(|order| order.symbol.index() == at);
            // One that is closed and still listed waits for its fills.
            let is_armed = orders.any(|order| is_ours(order.purpose));
            assert!(view.desk != Desk::Holding || view.unprotected || is_armed, "{view:?} is not armed");
        }
    }

    /// What all live sell orders of a symbol can sell; of stop and target only one fills.
    fn selling(&self, snapshot: &Snapshot, symbol: SymbolId) -> Quantity {
        let open = |purpose: Purpose| {
            let orders = snapshot.orders.iter().filter(move |order| order.symbol == symbol && order.purpose == purpose);
            orders
                .map(|order| order.kind.quantity().saturating_sub(order.filled))
                .fold(Quantity::ZERO, Quantity::saturating_add)
        };
        open(Purpose::Exit).saturating_add(open(Purpose::Stop).max(open(Purpose::Target)))
    }
}

/// All positions and entries together are worth no more than the settings allow.
fn assert_below_cap(after: &Snapshot) {
    let cap = after.settings.risk.max_exposure;
    let equity = after.equity.to_f64();
    // Nonsense reaches sums beyond what floats tell apart.
    if !cap.is_positive() || equity.abs() > 1e9 {
        return;
    }
    let entries = after.orders.iter().filter(|order| order.purpose == Purpose::Entry);
    let mark = |symbol: SymbolId| after.symbols[symbol.index()].mark.map_or(0.0, Price::to_f64);
    let open = entries.map(|order| order.kind.quantity().saturating_sub(order.filled).to_f64() * mark(order.symbol));
    let held = after.symbols.iter().map(|view| view.value.to_f64());
    let exposed: f64 = held.chain(open).sum();
    assert!(exposed <= equity * cap.to_f64() + 1e-6, "{exposed} of {equity}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn nonsense_never_panics_and_never_makes_a_bad_order(turns in prop::collection::vec(turn(6), 1..80)) {
        let mut watch = Watch::new();
        turns.into_iter().for_each(|turn| watch.take(turn));
    }

    #[test]
    fn a_confused_venue_never_makes_a_bad_order(turns in prop::collection::vec(turn(1), 1..120)) {
        let mut watch = Watch::new();
        turns.into_iter().for_each(|turn| watch.take(turn));
    }

    /// Invariant O7 of the reliability catalogue.
    #[test]
    fn a_set_of_reports_means_the_same_in_any_order_and_however_often(
        parts in prop::collection::vec((1i64..1_000_000, 9_000i64..11_000), 1..8),
        order in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..20),
        seed in any::<u64>(),
    ) {
        let (table, entry) = Table::entering();
        let expected = play(table, &entry, &parts, |_| {});
        let (table, entry) = Table::entering();
        let shuffled = play(table, &entry, &parts, |inputs| {
            for (index, _) in order.iter().filter(|(_, twice)| *twice) {
                let input = inputs[index.index(inputs.len())].clone();
                inputs.push(input);
            }
            let mut state = seed;
            for at in (1..inputs.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                inputs.swap(at, (state >> 33) as usize % (at + 1));
            }
        });
        prop_assert_eq!(expected, shuffled);
    }
}

/// Held, cash, fees and cost; then the quantities of all orders that were sent about it.
type Outcomes = (Quantity, Money, Value, Value, Vec<Quantity>);

/// An entry that fills in parts, with all that the venue says of it in the order that `arrange` makes.
fn play(mut table: Table, entry: &Leg, parts: &[(i64, i64)], arrange: impl FnOnce(&mut Vec<Input>)) -> Outcomes {
    let step = 1_000;
    let mut left = entry.quantity();
    let mut inputs = vec![
        Input::Answer(Answer { client_id: entry.id.clone(), outcome: Outcome::Accepted { order_id: OrderId(1) } }),
        Input::Report(Box::new(table.state_report(entry, OrderStatus::New))),
    ];
    for (at, (share, cents)) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let wanted = Quantity::from_raw(share * step);
        let part = if is_last { left } else { wanted.min(left.saturating_sub(Quantity::from_raw(step))) };
        if !part.is_positive() {
            continue;
        }
        left = left.saturating_sub(part);
        let at = Price::from_raw(cents * 1_000_000).to_string();
        let fill = table.fill_report(entry, part, &at);
        inputs.push(Input::Report(Box::new(ExecutionReport { commission: commission("USDT", "0.01"), ..fill })));
    }
    arrange(&mut inputs);
    let mut sent = Vec::new();
    for input in inputs {
        sent.extend(legs(&table.step(input)).iter().map(Leg::quantity));
    }
    let cost = table.engine.performance().start().0 - table.engine.cash().to_value().0;
    (table.engine.held(A), table.engine.cash(), table.engine.fees(), Value(cost), sent)
}
