//! `History`: the past of a run as charts and lists show it.
//!
//! Invariant: bounded, however long the run; it decides nothing and takes no part in the state hash.
//! Absent on purpose: a record that is complete (`runtime::record`, the journal).

use std::collections::VecDeque;
use std::sync::Arc;

use super::decision::Decision;
use super::execution::Progress;
use super::notice::{FillRecord, Notice, TradeRecord};
use super::share_curve::ShareCurve;
use super::{Engine, Input};
use crate::domain::{Bar, MarketEvent, SymbolId, Time, Trade, Value};
use crate::performance::Curve;

/// Candles kept for each symbol: a day.
pub const CANDLES: usize = 1_440;
/// Days of PnL kept.
pub const DAYS: usize = 400;
/// Fills, trades and decisions kept, each.
pub const ROWS: usize = 500;
/// Answers to the person kept.
pub const REPLIES: usize = 32;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Equity and drawdown at closed bars.
    pub equity: Curve,
    /// Oldest first; the last one is still running.
    pub days: VecDeque<DayPnl>,
    /// By symbol id.
    pub candles: Vec<Arc<Candles>>,
    /// Oldest first, as are all lists here.
    pub fills: VecDeque<FillRecord>,
    pub trades: VecDeque<TradeRecord>,
    /// Decisions that changed a position or were refused.
    pub decisions: VecDeque<(Time, Notice)>,
    /// Parent orders that are over.
    pub executions: VecDeque<(Time, Box<Progress>)>,
    /// Events of the market, changes of its regime and what they did.
    pub events: VecDeque<(Time, Notice)>,
    /// The newest decision of each symbol with its reasons, also where nothing was done. By symbol id.
    pub considered: Vec<Option<Arc<Decision>>>,
    /// Parts of the blend over time, where strategies are chosen automatically. By symbol id.
    pub shares: Vec<Arc<ShareCurve>>,
    /// What the engine answered to commands and settings.
    pub replies: VecDeque<(Time, Notice)>,
    /// How many replies there ever were, so that a new one is seen.
    pub replied: u64,
}

/// Profit or loss of one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayPnl {
    /// Days since 1970-01-01.
    pub day: i64,
    pub pnl: Value,
}

/// Closed bars, and the one that is forming as public trades tell it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candles {
    pub closed: VecDeque<Bar>,
    pub forming: Option<Bar>,
}

impl History {
    /// The engine's warm-up bars as the first candles; the equity curve begins with the starting equity.
    pub fn new(engine: &Engine) -> History {
        let candles = engine.instruments.iter().map(|instrument| {
            let closed = instrument.window.iter().map(|(bar, _)| *bar).collect();
            Arc::new(Candles { closed, forming: None })
        });
        let shares = engine.instruments.iter().map(|_| Arc::default()).collect();
        let mut history = History { candles: candles.collect(), shares, ..History::default() };
        history.equity.sample(engine.now, engine.performance.start().to_f64(), 0.0);
        history
    }

    /// Whether an input of this kind can change what is kept: asked before a shared history is copied.
    pub fn concerns(input: &Input) -> bool {
        match input {
            Input::Market(MarketEvent::BarClosed { .. } | MarketEvent::Trade { .. }) | Input::Report(_) => true,
            Input::Market(MarketEvent::BookTop { .. })
            | Input::Start(_)
            | Input::Answer(_)
            | Input::Balances(_)
            | Input::Command(_)
            | Input::Settings(_)
            | Input::Mood(_)
            | Input::Inferred(_)
            | Input::Timer => false,
        }
    }

    /// Sees an input after the engine took it.
    pub fn observe(&mut self, input: &Input, engine: &Engine) {
        match input {
            Input::Market(MarketEvent::BarClosed { symbol, bar }) => self.close(*symbol, bar, engine),
            Input::Market(MarketEvent::Trade { symbol, trade }) => {
                if let Some(candles) = self.candles.get_mut(symbol.index()) {
                    Arc::make_mut(candles).trade(trade);
                }
            }
            // A fill may begin a new day before its first bar closes.
            Input::Report(_) => self.day(engine),
            Input::Market(MarketEvent::BookTop { .. })
            | Input::Start(_)
            | Input::Answer(_)
            | Input::Balances(_)
            | Input::Command(_)
            | Input::Settings(_)
            | Input::Mood(_)
            | Input::Inferred(_)
            | Input::Timer => {}
        }
    }

    /// Sees what the engine said.
    pub fn take(&mut self, now: Time, notice: &Notice) {
        match notice {
            Notice::Filled { fill } => keep(&mut self.fills, fill.clone(), ROWS),
            Notice::TradeClosed { trade } => keep(&mut self.trades, trade.clone(), ROWS),
            Notice::Decided { .. } | Notice::Refused { .. } | Notice::Rejected { .. } => {
                keep(&mut self.decisions, (now, notice.clone()), ROWS);
            }
            Notice::Executed { execution } => keep(&mut self.executions, (now, execution.clone()), ROWS),
            Notice::Event { .. }
            | Notice::Shock { .. }
            | Notice::Locked { .. }
            | Notice::Model { .. }
            | Notice::Regime { .. }
            | Notice::Switched { .. }
            | Notice::TookOver { .. } => {
                keep(&mut self.events, (now, notice.clone()), ROWS);
            }
            Notice::CommandAccepted { .. } | Notice::CommandRefused { .. } | Notice::SettingsChanged => {
                keep(&mut self.replies, (now, notice.clone()), REPLIES);
                self.replied += 1;
            }
            Notice::Considered { decision } => {
                let at = decision.symbol.index();
                if self.considered.len() <= at {
                    self.considered.resize(at + 1, None);
                }
                self.considered[at] = Some(Arc::new(decision.as_ref().clone()));
            }
            Notice::Started { .. }
            | Notice::OutcomeUnknown { .. }
            | Notice::Stale { .. }
            | Notice::Fresh { .. }
            | Notice::Foreign { .. }
            | Notice::LateFill { .. }
            | Notice::Halted { .. } => {}
        }
    }

    fn close(&mut self, symbol: SymbolId, bar: &Bar, engine: &Engine) {
        let taken = engine.instruments.get(symbol.index()).and_then(|instrument| instrument.window.back(0));
        let Some(candles) = self.candles.get_mut(symbol.index()) else { return };
        let is_new = candles.closed.back().is_none_or(|newest| newest.open_time < bar.open_time);
        // Streams repeat bars after a reconnect, and some bars are none: what the engine did not take is not shown.
        if !is_new || taken != Some(bar) {
            return;
        }
        Arc::make_mut(candles).close(bar);
        let shares = engine.instruments.get(symbol.index()).and_then(|instrument| instrument.strategy.shares());
        if let Some((shares, curve)) = shares.zip(self.shares.get_mut(symbol.index()))
            && curve.is_due(bar.close_time(), &shares)
        {
            Arc::make_mut(curve).sample(bar.close_time(), shares);
        }
        let performance = &engine.performance;
        self.equity.sample(bar.close_time(), performance.equity().to_f64(), performance.drawdown.current());
        self.day(engine);
    }

    /// The running day as the engine's daily figures have it.
    fn day(&mut self, engine: &Engine) {
        let sharpe = &engine.performance.sharpe;
        let Some(day) = sharpe.day() else { return };
        let running = DayPnl { day, pnl: sharpe.day_pnl() };
        match self.days.back_mut() {
            Some(last) if last.day == day => *last = running,
            Some(_) | None => keep(&mut self.days, running, DAYS),
        }
    }
}

impl Candles {
    fn close(&mut self, bar: &Bar) {
        keep(&mut self.closed, *bar, CANDLES);
        // A trade of the next minute may come before this minute's close.
        self.forming = self.forming.filter(|forming| forming.open_time > bar.open_time);
    }

    /// Folds a trade into the candle of its minute; a trade of a minute that is over changes nothing.
    fn trade(&mut self, trade: &Trade) {
        let (open_time, price) = (trade.time.minute(), trade.price.to_f64());
        let over = self.closed.back().is_some_and(|newest| open_time <= newest.open_time);
        let late = self.forming.is_some_and(|forming| open_time < forming.open_time);
        if over || late {
            return;
        }
        let empty = Bar { open_time, open: price, high: price, low: price, close: price, volume: 0.0 };
        let forming = self.forming.filter(|forming| forming.open_time == open_time).unwrap_or(empty);
        self.forming = Some(Bar {
            high: forming.high.max(price),
            low: forming.low.min(price),
            close: price,
            volume: forming.volume + trade.quantity.to_f64(),
            ..forming
        });
    }
}

/// Adds the newest and drops the oldest beyond `most`.
fn keep<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}
