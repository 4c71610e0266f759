//! `Snapshot`: the engine's state as people see it, made on demand.
//!
//! Invariant: immutable; a screen that holds an old one shows old numbers, never mixed ones.
//! Absent on purpose: anything the engine does not own (links, latencies, memory).

use super::Engine;
use super::instrument::Desk;
use super::notice::HaltReason;
use super::orders::{OrderState, Purpose};
use super::settings::StrategyName;
use super::strategy::Signal;
use crate::domain::{BookTop, Money, OrderKind, Price, Quantity, Side, Symbol, Time, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub now: Time,
    pub strategy: StrategyName,
    pub paused: bool,
    pub halted: Option<HaltReason>,
    pub cash: Money,
    pub equity_start: Value,
    pub equity: Value,
    pub realised: Value,
    pub unrealised: Value,
    pub fees: Value,
    pub day_pnl: Value,
    pub drawdown: f64,
    pub max_drawdown: f64,
    pub win_rate: Option<f64>,
    pub trades: u64,
    pub fills: u64,
    pub bars: u64,
    pub symbols: Vec<SymbolView>,
    pub orders: Vec<OrderView>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SymbolView {
    pub symbol: Symbol,
    pub desk: Desk,
    pub position: Quantity,
    pub average_cost: Option<f64>,
    pub mark: Option<Price>,
    pub top: Option<BookTop>,
    pub unrealised: Value,
    pub signal: Signal,
    pub stale: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OrderView {
    pub symbol: Symbol,
    pub purpose: Purpose,
    pub side: Side,
    pub kind: OrderKind,
    pub state: OrderState,
    pub filled: Quantity,
}

impl Engine {
    pub fn snapshot(&self) -> Snapshot {
        let symbols = self.instruments.iter().map(|instrument| SymbolView {
            symbol: instrument.rules.symbol.clone(),
            desk: instrument.desk,
            position: instrument.position.quantity,
            average_cost: instrument.position.average_cost(),
            mark: instrument.mark,
            top: instrument.view.top,
            unrealised: instrument.unrealised(),
            signal: instrument.strategy.signal(),
            stale: instrument.stale,
        });
        let orders = self.orders.live().iter().map(|order| OrderView {
            symbol: self.instruments[order.symbol.index()].rules.symbol.clone(),
            purpose: order.purpose,
            side: order.side,
            kind: order.kind,
            state: order.state,
            filled: order.filled,
        });
        Snapshot {
            now: self.now,
            strategy: self.settings.strategy,
            paused: self.paused,
            halted: self.halted,
            cash: self.portfolio.cash(),
            equity_start: self.performance.start(),
            equity: self.equity(),
            realised: self.realised(),
            unrealised: self.unrealised(),
            fees: self.portfolio.fees(),
            day_pnl: self.performance.sharpe.day_pnl(),
            drawdown: self.performance.drawdown.current(),
            max_drawdown: self.performance.drawdown.worst(),
            win_rate: self.performance.trades.rate(),
            trades: self.performance.trades.trades(),
            fills: self.counts.fills,
            bars: self.performance.bars(),
            symbols: symbols.collect(),
            orders: orders.collect(),
        }
    }
}
