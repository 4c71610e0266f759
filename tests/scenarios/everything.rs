//! The whole engine with everything on, against an honest venue whose words come late, twice, torn, or not at all.
//!
//! Invariant: limits are counted here anew, from what was decided, sent and filled; once every word has arrived the engine's
//! position, cash and orders are the venue's, and what is held is protected there.
//! Absent on purpose: nonsense from the venue (`properties`), and what a strategy should do.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use kestrel::domain::rules::OrderContext;
use kestrel::domain::{
    Balance, Bar, BookTop, ClientOrderId, Command, MarketEvent, Money, OrderKind, Price, Quantity, Side, Span,
    SymbolId, SymbolRules, Time, Value,
};
use kestrel::engine::instrument::{Desk, sellable};
use kestrel::engine::model::InferOutcome;
use kestrel::engine::orders::{OrderState, Purpose};
use kestrel::engine::settings::{Settings, Sizing};
use kestrel::engine::snapshot::{OrderView, SymbolView};
use kestrel::engine::{
    Answer, Effect, Effects, Engine, Input, MoodSource, Notice, Observation, Outcome, Snapshot, Start,
};
use kestrel::market::regime::RegimeModel;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::flows::{Fate, Turn, settings, turn};
use super::table::{Leg, SESSION, bar_at, legs};
use super::venue::{Venue, Way};
use crate::support::{START, money, price, rules};

const NAMES: [&str; 2] = ["AAAUSDT", "BBBUSDT"];
/// Bars of history: enough for ranges and deviations.
const HISTORY: i64 = 300;

enum Request {
    Place(Vec<Leg>),
    Replace { old: ClientOrderId, new: Leg },
    Cancel(ClientOrderId),
    Query(ClientOrderId),
}

pub struct Floor {
    pub engine: Engine,
    pub venue: Venue,
    rules: Vec<SymbolRules>,
    now: Time,
    minutes: Vec<i64>,
    requests: VecDeque<Request>,
    answers: Vec<Input>,
    reports: VecDeque<Input>,
    /// The stream of reports is torn: they come in any order, and balances not at all.
    is_torn: bool,
    ids: BTreeSet<ClientOrderId>,
    /// Requests that nobody will ever hear of: refused, and the answer was lost.
    lost: BTreeSet<ClientOrderId>,
    /// How much of each symbol may have been bought at most, by what was decided.
    allowed: Vec<Quantity>,
    /// Children that bought, that sold, protections, and round trips.
    seen: [u32; 4],
}

impl Floor {
    pub fn new(settings: Settings, is_torn: bool, has_fees: bool) -> Floor {
        let rules = rules(&NAMES);
        let close = |minute: i64| if (HISTORY - minute) % 2 == 0 { 100.0 } else { 99.9 };
        let history: Vec<Bar> = (0..HISTORY).map(|minute| bar_at(minute, close(minute))).collect();
        let start = Start {
            session: SESSION,
            settings,
            balances: vec![Balance { asset: rules[0].quote.clone(), free: money("10000"), locked: Money::ZERO }],
            history: vec![history; rules.len()],
            rules: rules.clone(),
            regimes: RegimeModel::default(),
            has_books: false,
        };
        let now = START.plus(Span(HISTORY * Span::MINUTE.0));
        Floor {
            engine: Engine::new(now, &start, &mut Effects::default()),
            venue: Venue::new(rules.clone(), money("10000"), price("99.9"), has_fees),
            minutes: vec![HISTORY; rules.len()],
            allowed: vec![Quantity::ZERO; rules.len()],
            rules,
            now,
            requests: VecDeque::new(),
            answers: Vec::new(),
            reports: VecDeque::new(),
            is_torn,
            ids: BTreeSet::new(),
            lost: BTreeSet::new(),
            seen: [0; 4],
        }
    }

    pub fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Bar { symbol, points, volume, way } => self.close(SymbolId(symbol), points, volume, way),
            Turn::Top { symbol, points, way } => self.top(SymbolId(symbol), points, way),
            Turn::Request { way, fate } => self.carry_out(way, fate),
            Turn::Answer { which } => self.hear_answer(which),
            Turn::Report { which, twice } => self.hear_report(which, twice),
            Turn::Fill { which, way } => {
                if let Some(id) = self.venue.resting().get(which).cloned() {
                    self.venue.fill(&id, way);
                    self.collect();
                }
            }
            Turn::Later { seconds } => self.pass(Span::from_seconds(seconds)),
            Turn::Calm { words } => (0..words).for_each(|_| {
                self.carry_out(Way::Whole, Fate::Answered);
                self.hear_report(0, false);
                self.hear_answer(0);
            }),
            Turn::Tell(command) => self.step(&Input::Command(command)),
            Turn::Cancel { which } => {
                if let Some(id) = self.venue.resting().get(which).cloned() {
                    self.step(&Input::Command(Command::Cancel(id)));
                }
            }
            Turn::Mood(value) => self.step(&Input::Mood(Observation {
                source: MoodSource::FearGreed,
                symbol: None,
                value: f64::from(value) / 2.55,
                id: u64::try_from(self.now.millis()).expect("after 1970"),
                backlog: false,
            })),
        }
    }

    fn moved(&self, symbol: SymbolId, points: i64) -> Price {
        let old = self.venue.prices[symbol.index()].to_f64();
        let new = (old * (1.0 + points as f64 / 10_000.0)).clamp(20.0, 500.0);
        Price::from_f64(new).expect("a price").floor_to_tick(self.rules[symbol.index()].price.tick)
    }

    fn close(&mut self, symbol: SymbolId, points: i64, volume: u32, way: Way) {
        let at = symbol.index();
        let old = self.venue.prices[at];
        let new = self.moved(symbol, points);
        let mut bar = bar_at(self.minutes[at], new.to_f64());
        (bar.open, bar.volume) = (old.to_f64(), f64::from(volume));
        (bar.high, bar.low) = (bar.open.max(bar.close), bar.open.min(bar.close));
        self.minutes[at] += 1;
        if bar.close_time() > self.now {
            self.pass(bar.close_time().since(self.now));
        }
        self.venue.go(symbol, new, way);
        self.collect();
        self.step(&Input::Market(MarketEvent::BarClosed { symbol, bar }));
    }

    fn top(&mut self, symbol: SymbolId, points: i64, way: Way) {
        let new = self.moved(symbol, points);
        self.venue.go(symbol, new, way);
        self.collect();
        let quantity = Quantity::from_raw(500_000_000);
        let bid = new.saturating_sub(price("0.01"));
        let top = BookTop { bid, bid_quantity: quantity, ask: new, ask_quantity: quantity };
        self.step(&Input::Market(MarketEvent::BookTop { symbol, top }));
    }

    /// Time passes, with the timers that the engine asks for.
    fn pass(&mut self, span: Span) {
        let until = self.now.plus(span);
        while let Some(due) = self.engine.next_timer().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.step(&Input::Timer);
        }
        self.now = until;
    }

    fn carry_out(&mut self, way: Way, fate: Fate) {
        let Some(request) = self.requests.pop_front() else { return };
        self.venue.now = self.now;
        let refused = || Outcome::Rejected { code: -2010, message: "not today".to_owned() };
        let is_refused = fate == Fate::Refused;
        let (client_id, outcome) = match request {
            Request::Place(legs) => {
                let id = legs[0].list.clone().unwrap_or(legs[0].id.clone());
                let outcome = if is_refused { refused() } else { self.venue.place(&legs, way) };
                self.note_lost(&legs, &outcome, fate);
                (id, outcome)
            }
            Request::Replace { old, new } => {
                let outcome = if is_refused { refused() } else { self.venue.replace(&old, &new, way) };
                self.note_lost(std::slice::from_ref(&new), &outcome, fate);
                (new.id, outcome)
            }
            Request::Cancel(id) => {
                let too_many = || Outcome::CancelRefused { code: -1003, message: "Too many requests.".to_owned() };
                let outcome = if is_refused { too_many() } else { self.venue.cancel(&id) };
                (id, outcome)
            }
            Request::Query(id) => {
                let outcome = self.venue.query(&id);
                (id, outcome)
            }
        };
        let outcome = match fate {
            Fate::Answered | Fate::Refused => outcome,
            Fate::Unclear => Outcome::Unknown { why: "503".to_owned() },
            Fate::Silent => return self.collect(),
        };
        self.answers.push(Input::Answer(Answer { client_id, outcome }));
        self.collect();
    }

    fn note_lost(&mut self, legs: &[Leg], outcome: &Outcome, fate: Fate) {
        let is_heard = matches!(fate, Fate::Answered | Fate::Refused);
        if matches!(outcome, Outcome::Rejected { .. }) && !is_heard {
            self.lost.extend(legs.iter().map(|leg| leg.id.clone()));
        }
    }

    fn collect(&mut self) {
        let is_torn = self.is_torn;
        let said = self.venue.said().into_iter().filter(|input| !is_torn || matches!(input, Input::Report(_)));
        self.reports.extend(said);
        for (at, rules) in self.rules.iter().enumerate() {
            let symbol = SymbolId(at as u16);
            let bought = self.venue.bought[at].saturating_add(self.venue.wanted(symbol));
            assert!(bought <= self.allowed[at], "{bought} {} bought or wanted of {}", rules.symbol, self.allowed[at]);
        }
    }

    fn hear_answer(&mut self, which: usize) {
        if which < self.answers.len() {
            let answer = self.answers.remove(which);
            self.step(&answer);
        }
    }

    fn hear_report(&mut self, which: usize, twice: bool) {
        let which = if self.is_torn { which } else { 0 };
        let Some(report) = self.reports.remove(which) else { return };
        self.step(&report);
        if twice && matches!(report, Input::Report(_)) {
            self.step(&report);
        }
    }

    pub fn shown(&self) -> Snapshot {
        self.engine.snapshot(Arc::default())
    }

    fn step(&mut self, input: &Input) {
        let before = self.shown();
        let mut effects = Effects::default();
        self.engine.step(self.now, input, &mut effects);
        let effects: Vec<Effect> = effects.drain().collect();
        let after = self.shown();
        self.judge(&before, &after, &effects);
        for effect in effects {
            let fresh = legs(std::slice::from_ref(&effect));
            match effect {
                Effect::Submit(_) => self.requests.push_back(Request::Place(fresh)),
                Effect::Replace { client_id, .. } => {
                    self.requests.push_back(Request::Replace { old: client_id, new: fresh[0].clone() });
                }
                Effect::Cancel { client_id, .. } => self.requests.push_back(Request::Cancel(client_id)),
                Effect::Query { client_id, .. } => self.requests.push_back(Request::Query(client_id)),
                // A model may be sure, unsure, late or broken; some of its answers never come.
                Effect::Infer(request) => {
                    let outcome = match request.number % 5 {
                        0 => InferOutcome::Value(f32::NAN),
                        1 => InferOutcome::NotFinite,
                        2 => InferOutcome::Value(0.01),
                        _ => InferOutcome::Value(0.99),
                    };
                    self.answers.push(Input::Inferred(request.answer(outcome)));
                }
                Effect::Notice(_) => {}
            }
        }
    }

    fn judge(&mut self, before: &Snapshot, after: &Snapshot, effects: &[Effect]) {
        self.note_decisions(after, effects);
        self.seen[3] += u32::from(after.trades > before.trades);
        assert_eq!(
            after.realised.0 + after.unrealised.0,
            after.equity.0 - after.equity_start.0,
            "realised and unrealised are the change of equity"
        );
        for leg in legs(effects) {
            assert!(self.ids.insert(leg.id.clone()), "{} was sent twice", leg.id);
            let view = &after.symbols[leg.symbol.index()];
            let reference = view.mark.expect("an order needs a price");
            let context = OrderContext { reference, open_orders: 0, open_trigger_orders: 0 };
            assert_eq!(self.rules[leg.symbol.index()].check(leg.side, leg.kind, context), Ok(()), "{leg:?}");
            match leg.side {
                Side::Buy => {
                    self.seen[0] += 1;
                    assert_may_enter(before, after, leg.symbol);
                    assert_affordable(after);
                }
                Side::Sell => {
                    self.seen[if leg.kind.stop_price().is_some() { 2 } else { 1 }] += 1;
                    assert!(selling(after, leg.symbol) <= view.position, "{leg:?} of {}", view.position);
                }
            }
        }
        for (at, view) in after.symbols.iter().enumerate() {
            self.assert_armed(after, SymbolId(at as u16), view);
        }
    }

    /// A decision to buy stands for so much and no more.
    fn note_decisions(&mut self, after: &Snapshot, effects: &[Effect]) {
        for effect in effects {
            let Effect::Notice(Notice::Decided { symbol, quantity, price, .. }) = effect else { continue };
            let at = symbol.index();
            // Others sell.
            if after.symbols[at].desk != Desk::Entering {
                continue;
            }
            self.allowed[at] = self.venue.bought[at].saturating_add(*quantity);
            let worth = Value::of(*price, *quantity).to_f64();
            let settings = &after.settings;
            if settings.sizing == Sizing::Invest {
                let most = after.equity.to_f64() * settings.invest.to_f64() / self.rules.len() as f64;
                // A mood may add a quarter.
                assert!(worth <= most * 1.25 + 1e-6, "{worth} of {most}");
            }
        }
    }

    /// What the desk holds is protected as far as it can be sold, unless somebody took that off or it is on its way.
    fn assert_armed(&self, after: &Snapshot, symbol: SymbolId, view: &SymbolView) {
        let orders = || after.orders.iter().filter(|order| order.symbol == symbol);
        let protects = |order: &&OrderView| order.purpose.protects();
        let is_quiet = |order: &OrderView| matches!(order.state, OrderState::Open | OrderState::PartiallyFilled);
        let can_sell = sellable(&view.rules, view.position, view.mark);
        let must_be = match view.desk {
            Desk::Holding => true,
            // An entry that is stopped ends first; what is too small for a stop waits for more.
            Desk::Entering => {
                // What takes fills at once.
                let takes = |order: &OrderView| matches!(order.kind, OrderKind::Market { .. });
                let mut entries = orders().filter(|order| order.purpose == Purpose::Entry);
                let entries_are_quiet = entries.all(|order| is_quiet(order) && !takes(order));
                let worth = Value::of(view.mark.unwrap_or_default(), view.position).to_f64();
                entries_are_quiet && worth * 0.5 > view.rules.notional.min.to_f64()
            }
            Desk::Flat | Desk::Leaving => false,
        };
        if !must_be || view.unprotected || can_sell.is_zero() || orders().filter(protects).any(|order| !is_quiet(order))
        {
            return;
        }
        let cover = selling(after, symbol);
        assert!(cover >= can_sell && cover <= view.position, "{cover} of {can_sell} is armed: {view:?}");
    }

    /// Everything that is on its way arrives, until there is nothing more to say.
    pub fn settle(&mut self) {
        for _ in 0..200 {
            while !(self.requests.is_empty() && self.answers.is_empty() && self.reports.is_empty()) {
                self.carry_out(Way::Whole, Fate::Answered);
                self.hear_report(0, false);
                self.hear_answer(0);
            }
            let is_open = |order: &OrderView| match order.state {
                OrderState::Submitted | OrderState::Cancelling | OrderState::Unknown => true,
                OrderState::Open
                | OrderState::PartiallyFilled
                | OrderState::Filled
                | OrderState::Canceled
                | OrderState::Expired
                | OrderState::Rejected => false,
            };
            let waits = |order: &OrderView| is_open(order) && !self.lost.contains(&order.client_id);
            if !self.shown().orders.iter().any(waits) && self.requests.is_empty() {
                return self.compare();
            }
            self.pass(Span::from_seconds(10));
        }
        panic!("it does not come to rest: {:?}", self.shown().orders);
    }

    fn compare(&self) {
        let after = self.shown();
        assert_eq!(self.engine.cash(), self.venue.cash);
        assert_eq!(after.halted, None);
        let ours: BTreeSet<_> = after.orders.iter().map(|order| (order.client_id.clone(), order.filled)).collect();
        let ours: BTreeSet<_> = ours.into_iter().filter(|(id, _)| !self.lost.contains(id)).collect();
        let theirs: BTreeSet<_> = self.venue.open().map(|kept| (kept.leg.id.clone(), kept.filled)).collect();
        assert_eq!(ours, theirs, "open orders");
        for (at, view) in after.symbols.iter().enumerate() {
            let symbol = SymbolId(at as u16);
            assert_eq!(view.position, self.venue.base[at], "{}", view.symbol);
            let is_lost =
                after.orders.iter().any(|order| order.symbol == symbol && self.lost.contains(&order.client_id));
            let can_sell = sellable(&view.rules, view.position, view.mark);
            let locked = self.venue.locked(symbol);
            if view.desk == Desk::Holding && !view.unprotected && !is_lost {
                assert!(locked >= can_sell, "{locked} of {can_sell} is armed at the venue: {view:?}");
            }
            if after.paused || after.guard.halt().is_some() {
                assert_eq!(self.venue.wanted(symbol), Quantity::ZERO, "an entry rests: {view:?}");
            }
        }
    }
}

fn assert_may_enter(before: &Snapshot, after: &Snapshot, symbol: SymbolId) {
    assert!(!before.paused && before.halted.is_none());
    assert!(!after.paused && after.halted.is_none() && !after.symbols[symbol.index()].stale);
    assert_eq!((after.guard.halt(), after.guard.lock(symbol)), (None, None));
}

/// Live entries at their worst cost no more than there is, and stay below the cap on all positions.
fn assert_affordable(after: &Snapshot) {
    let mark = |symbol: SymbolId| after.symbols[symbol.index()].mark.unwrap_or_default();
    let entries = || after.orders.iter().filter(|order| order.purpose == Purpose::Entry);
    let open = |order: &OrderView| order.kind.quantity().saturating_sub(order.filled);
    let cost = |order: &OrderView| {
        let price = order.kind.limit_price().unwrap_or(mark(order.symbol));
        Value::of(price, open(order)).to_f64()
    };
    let needed: f64 = entries().map(cost).sum();
    assert!(needed <= after.cash.to_f64() + 1e-6, "{needed} of {} for {:?}", after.cash, after.orders);
    let cap = after.settings.risk.max_exposure.to_f64();
    let held: f64 = after.symbols.iter().map(|view| view.value.to_f64()).sum();
    let worth: f64 = entries().map(|order| Value::of(mark(order.symbol), open(order)).to_f64()).sum();
    assert!(cap == 0.0 || held + worth <= after.equity.to_f64() * cap + 1e-6, "{held} and {worth} of {}", after.equity);
}

/// What all live sell orders of a symbol can sell; of stop and target only one fills.
fn selling(snapshot: &Snapshot, symbol: SymbolId) -> Quantity {
    let open = |purpose: Purpose| {
        let orders = snapshot.orders.iter().filter(move |order| order.symbol == symbol && order.purpose == purpose);
        let left = |order: &OrderView| order.kind.quantity().saturating_sub(order.filled);
        orders.map(left).fold(Quantity::ZERO, Quantity::saturating_add)
    };
    open(Purpose::Exit).saturating_add(open(Purpose::Stop).max(open(Purpose::Target)))
}

/// What was seen, by the style of execution.
type Seen = BTreeMap<&'static str, [u32; 4]>;

#[test]
fn with_everything_on_no_limit_is_passed_and_the_books_agree_in_the_end() {
    let seen = RefCell::new(Seen::new());
    let flow = (settings(), prop::collection::vec(turn(), 1..400), any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(ProptestConfig::with_cases(3_000));
    let passed = runner.run(&flow, |(settings, turns, is_torn, has_fees)| {
        let style = settings.execution.style.as_str();
        let mut floor = Floor::new(settings, is_torn, has_fees);
        turns.into_iter().for_each(|turn| floor.take(turn));
        floor.settle();
        let mut seen = seen.borrow_mut();
        let sums = seen.entry(style).or_default();
        for (sum, count) in sums.iter_mut().zip(floor.seen) {
            *sum += count;
        }
        Ok(())
    });
    println!("{:?}", seen.borrow());
    passed.expect("no limit is passed");
    // Otherwise it would show nothing.
    for (style, [entries, sales, protections, trades]) in seen.into_inner() {
        let least = entries.min(sales).min(protections).min(trades);
        assert!(least >= 100, "{style}: {entries} {sales} {protections} {trades}");
    }
}
