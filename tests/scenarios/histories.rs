//! The history that screens draw: what is kept of bars, trades and notices, and that it stays bounded.
//!
//! Invariant: a history sees what the engine took, in the order in which it took it.
//! Absent on purpose: the arithmetic of the equity curve (`performance::curve`).

use kestrel::domain::{Bar, Command, MarketEvent, Price, Quantity, Side, Span, SymbolId, Time, Trade, Value};
use kestrel::engine::history::{CANDLES, REPLIES};
use kestrel::engine::{Effect, Engine, History, Input, Notice};

use super::table::{A, Table, bar_at, quantity, quick};

/// A table and what is kept of it.
struct Kept {
    table: Table,
    history: History,
}

impl Kept {
    fn new(names: &[&str]) -> Kept {
        let table = Table::new(names, quick());
        let history = History::new(&table.engine);
        Kept { table, history }
    }

    fn step(&mut self, now: Time, input: Input) {
        self.table.now = self.table.now.max(now);
        for effect in self.table.step(input.clone()) {
            if let Effect::Notice(notice) = effect {
                self.history.take(self.table.now, &notice);
            }
        }
        self.history.observe(&input, &self.table.engine);
    }

    fn close(&mut self, symbol: SymbolId, bar: Bar) {
        self.step(bar.close_time(), Input::Market(MarketEvent::BarClosed { symbol, bar }));
    }

    fn trade(&mut self, minute: i64, second: i64, price: &str) {
        let time = bar_at(minute, 1.0).open_time.plus(Span::from_seconds(second));
        let price: Price = price.parse().expect("a price");
        let trade = Trade { time, price, quantity: quantity("2"), aggressor: Side::Buy };
        self.step(time, Input::Market(MarketEvent::Trade { symbol: A, trade }));
    }

    fn minutes(&self) -> Vec<f64> {
        self.history.candles[0].closed.iter().map(|bar| bar.close).collect()
    }
}

#[test]
fn it_begins_with_the_warm_up_bars_and_the_starting_equity() {
    let kept = Kept::new(&["AAAUSDT", "BBBUSDT"]);
    assert_eq!(kept.history.candles.len(), 2);
    assert_eq!(kept.minutes(), [100.0, 99.0]);
    let points: Vec<f64> = kept.history.equity.points().map(|point| point.last).collect();
    assert_eq!(points, [10_000.0]);
    assert!(kept.history.days.is_empty() && kept.history.replies.is_empty());
}

#[test]
fn a_bar_that_the_engine_did_not_take_is_not_shown() {
    let mut kept = Kept::new(&["AAAUSDT"]);
    kept.close(A, bar_at(2, 98.0));
    let before = kept.history.clone();
    let torn = Bar { low: 200.0, ..bar_at(3, 97.0) };
    for bar in [bar_at(2, 98.0), bar_at(2, 50.0), bar_at(1, 99.0), torn, bar_at(3, f64::NAN)] {
        kept.close(A, bar);
        assert_eq!(kept.history, before, "{bar:?}");
    }
    kept.close(SymbolId(7), bar_at(3, 97.0));
    assert_eq!(kept.history, before, "a symbol that is none");
    kept.close(A, bar_at(3, 97.0));
    assert_eq!(kept.minutes(), [100.0, 99.0, 98.0, 97.0]);
}

#[test]
fn trades_form_the_candle_of_their_minute_until_it_closes() {
    let mut kept = Kept::new(&["AAAUSDT"]);
    for (second, price) in [(0, "98"), (20, "97.5"), (40, "98.5"), (59, "98.25")] {
        kept.trade(2, second, price);
    }
    let open_time = bar_at(2, 1.0).open_time;
    let forming = Bar { open_time, open: 98.0, high: 98.5, low: 97.5, close: 98.25, volume: 8.0 };
    assert_eq!(kept.history.candles[0].forming, Some(forming));
    kept.trade(3, 0, "99");
    let next = kept.history.candles[0].forming;
    assert_eq!(next.map(|bar| (bar.open, bar.volume)), Some((99.0, 2.0)), "a new minute begins anew");
    kept.trade(2, 59, "50");
    assert_eq!(kept.history.candles[0].forming, next, "a late trade changes nothing");
    kept.close(A, bar_at(2, 98.25));
    assert_eq!(kept.history.candles[0].forming, next, "the close of the minute before leaves it");
    kept.close(A, bar_at(3, 99.0));
    assert_eq!(kept.history.candles[0].forming, None);
    kept.trade(3, 30, "98");
    assert_eq!(kept.history.candles[0].forming, None, "that minute is over");
}

fn day_sum(history: &History) -> i128 {
    history.days.iter().map(|day| day.pnl.0).sum()
}

#[test]
fn days_add_up_to_the_change_of_equity_and_lists_stay_bounded() {
    let mut kept = Kept::new(&["AAAUSDT"]);
    let minutes = 2..(2 * 1_440 + 30);
    for minute in minutes.clone() {
        let close = 100.0 + ((minute * 7) % 13) as f64 / 10.0;
        kept.close(A, bar_at(minute, close));
        // The venue fills entries at once and nothing else.
        let entry = kept.table.engine.snapshot(Default::default()).orders.into_iter().find(|o| o.side == Side::Buy);
        if let Some(order) = entry {
            let leg = super::table::Leg {
                symbol: A,
                id: order.client_id.clone(),
                list: None,
                side: order.side,
                kind: order.kind,
            };
            let report = kept.table.fill_report(&leg, leg.quantity(), "100");
            let now = kept.table.now;
            kept.step(now, Input::Report(Box::new(report)));
        }
    }
    let engine: &Engine = &kept.table.engine;
    assert!(engine.held(A) > Quantity::ZERO && engine.equity() != engine.performance().start());
    assert_eq!(
        kept.history.days.iter().map(|day| day.day - bar_at(0, 1.0).open_time.day()).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(Value(day_sum(&kept.history)), Value(engine.equity().0 - engine.performance().start().0));
    assert_eq!(kept.minutes().len(), CANDLES);
    assert_eq!(
        kept.history.candles[0].closed.back().map(|bar| bar.open_time),
        Some(bar_at(minutes.end - 1, 1.0).open_time)
    );
    assert!(!kept.history.fills.is_empty() && !kept.history.decisions.is_empty());
}

#[test]
fn answers_to_the_person_are_counted_beyond_those_kept() {
    let mut kept = Kept::new(&["AAAUSDT"]);
    let now = kept.table.now;
    for _ in 0..REPLIES {
        kept.step(now, Input::Command(Command::Pause));
    }
    kept.step(now, Input::Command(Command::SwitchStrategy("?".to_owned())));
    kept.step(now, Input::Settings(Box::new(quick())));
    assert_eq!((kept.history.replies.len(), kept.history.replied), (REPLIES, REPLIES as u64 + 2));
    let newest: Vec<&Notice> = kept.history.replies.iter().rev().take(2).map(|(_, notice)| notice).collect();
    assert!(matches!(newest[..], [Notice::SettingsChanged, Notice::CommandRefused { .. }]));
}
