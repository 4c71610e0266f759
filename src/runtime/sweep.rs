//! A sweep: many sets of settings over the same bars, which stand in memory once.
//!
//! Invariant: each set has its own engine and its own venue, so its result is that of a backtest of its own, whatever
//! else runs beside it and on however many cores.
//! Absent on purpose: choosing among the results; the best of many is no evidence.

use rayon::prelude::*;

use super::backtest::{Backtest, BacktestError, Detail, bare_backtest};
use super::run::Finished;
use crate::domain::{Balance, Bar, Session, SymbolId, SymbolRules, Value};
use crate::engine::ports::{BarSource, Inference, SourceError};
use crate::engine::{Settings, Start};
use crate::market::regime::RegimeModel;
use crate::simulator::{self, Simulator};

/// What all sets share.
#[derive(Debug, Clone)]
pub struct Columns {
    pub rules: Vec<SymbolRules>,
    /// Bars before the start for each symbol, oldest first.
    pub history: Vec<Vec<Bar>>,
    /// All bars by (time, symbol order).
    pub bars: Vec<(SymbolId, Bar)>,
    /// What regimes are told by.
    pub regimes: RegimeModel,
}

/// One set of settings.
#[derive(Debug, Clone)]
pub struct SweepCase {
    pub settings: Settings,
    pub venue: simulator::Settings,
    pub balances: Vec<Balance>,
}

/// What a set came to. Ratios as in the summary of a backtest.
#[derive(Debug, Clone, PartialEq)]
pub struct Swept {
    pub orders: u64,
    pub fills: u64,
    /// Closed round trips.
    pub trades: u64,
    pub fees: Value,
    pub equity: Value,
    pub total_return: Option<f64>,
    pub max_drawdown: f64,
    pub win_rate: Option<f64>,
    pub sharpe: Option<f64>,
    pub exposure: Option<f64>,
    pub turnover: Option<f64>,
    pub state_hash: u64,
}

/// Runs every set over all bars, on all cores; the results stand in the order of the sets.
pub fn sweep(
    columns: &Columns,
    session: Session,
    cases: &[SweepCase],
    models: &OpenModels<'_>,
) -> Result<Vec<Swept>, BacktestError> {
    cases.par_iter().map(|case| one(columns, session, case, models).map(|finished| Swept::of(&finished))).collect()
}

/// Opens what runs the models of these settings; `None` where none are asked.
pub type OpenModels<'a> = dyn Fn(&Settings) -> Option<Box<dyn Inference>> + Sync + 'a;

fn one(
    columns: &Columns,
    session: Session,
    case: &SweepCase,
    models: &OpenModels<'_>,
) -> Result<Finished, BacktestError> {
    bare_backtest(Backtest {
        source: &mut Shared { columns, next: 0 },
        simulator: Simulator::new(columns.rules.clone(), case.venue),
        start: Start {
            session,
            rules: columns.rules.clone(),
            settings: case.settings.clone(),
            balances: case.balances.clone(),
            history: columns.history.clone(),
            regimes: columns.regimes.clone(),
            has_books: false,
        },
        detail: Detail::Skip,
        commands: Vec::new(),
        journal: None,
        inference: models(&case.settings),
        on_close: None,
        on_notice: None,
    })
}

impl Columns {
    /// Reads a source to its end.
    pub fn read(
        rules: Vec<SymbolRules>,
        regimes: RegimeModel,
        source: &mut dyn BarSource,
    ) -> Result<Columns, SourceError> {
        const BATCH: usize = 8_192;
        let history = (0..rules.len()).map(|at| source.history(SymbolId(at as u16))).collect::<Result<_, _>>()?;
        let mut bars = Vec::new();
        loop {
            let held = bars.len();
            source.read(&mut bars, BATCH)?;
            if bars.len() - held < BATCH {
                bars.shrink_to_fit();
                return Ok(Columns { rules, history, bars, regimes });
            }
        }
    }
}

impl Swept {
    fn of(finished: &Finished) -> Swept {
        let engine = &finished.engine;
        let (performance, counts) = (engine.performance(), engine.counts());
        Swept {
            orders: counts.orders,
            fills: counts.fills,
            trades: performance.trades.trades(),
            fees: engine.fees(),
            equity: engine.equity(),
            total_return: performance.total_return(),
            max_drawdown: performance.drawdown.worst(),
            win_rate: performance.trades.rate(),
            sharpe: performance.sharpe.ratio(),
            exposure: performance.exposure(),
            turnover: performance.turnover(),
            state_hash: engine.state_hash(),
        }
    }
}

/// The shared bars as a source.
struct Shared<'a> {
    columns: &'a Columns,
    next: usize,
}

impl BarSource for Shared<'_> {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(self.columns.history.get(symbol.index()).cloned().unwrap_or_default())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        let bar = self.columns.bars.get(self.next).copied();
        self.next += usize::from(bar.is_some());
        Ok(bar)
    }

    fn in_memory(&self) -> Option<&[(SymbolId, Bar)]> {
        Some(&self.columns.bars[self.next..])
    }
}
