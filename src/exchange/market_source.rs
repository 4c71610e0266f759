//! The exchange's market: bars from a source, walked along the canonical path, with the klines that REST serves.
//!
//! Invariant: steps come in the order of `simulator::minute_steps`, minute after minute.
//! Absent on purpose: when a step happens (`pacing`) and who is told (`streams`).

use std::collections::VecDeque;

use crate::domain::{Bar, SymbolId, Time};
use crate::engine::ports::{BarSource, Minutes, SourceError};
use crate::simulator::generator::Generator;
use crate::simulator::{MinuteStep, minute_steps};

/// Closed bars kept for REST klines, per symbol.
const KEPT_BARS: usize = 10_000;

pub struct Market {
    minutes: Minutes<Box<dyn BarSource + Send>>,
    steps: VecDeque<MinuteStep>,
    bars: Vec<VecDeque<Bar>>,
}

impl Market {
    /// Takes the history of each symbol as closed bars.
    pub fn open(mut source: Box<dyn BarSource + Send>, symbols: usize) -> Result<Market, SourceError> {
        let mut bars = Vec::with_capacity(symbols);
        for at in 0..symbols {
            bars.push(source.history(SymbolId(at as u16))?.into());
        }
        Ok(Market { minutes: Minutes::new(source)?, steps: VecDeque::new(), bars })
    }

    /// What happens next, without taking it; `None` at the end of the recording.
    pub fn peek(&mut self) -> Result<Option<&MinuteStep>, SourceError> {
        if self.steps.is_empty()
            && let Some(bars) = self.minutes.next_minute()?
        {
            let steps = minute_steps(bars).collect::<Result<_, _>>();
            self.steps = steps.map_err(|unfit| SourceError(unfit.to_string()))?;
        }
        Ok(self.steps.front())
    }

    /// Takes the next step; a closed bar joins the klines.
    pub fn take(&mut self) -> Result<Option<MinuteStep>, SourceError> {
        self.peek()?;
        let step = self.steps.pop_front();
        if let Some(MinuteStep::Close { symbol, bar }) = &step {
            let bars = &mut self.bars[symbol.index()];
            if bars.len() == KEPT_BARS {
                bars.pop_front();
            }
            bars.push_back(*bar);
        }
        Ok(step)
    }

    /// Closed bars of a symbol, oldest first.
    pub fn bars(&self, symbol: SymbolId) -> &VecDeque<Bar> {
        &self.bars[symbol.index()]
    }

    /// When the newest closed bar of any symbol closed.
    pub fn last_close(&self) -> Option<Time> {
        self.bars.iter().filter_map(|bars| bars.back()).map(Bar::close_time).max()
    }
}

/// When a step happens.
pub fn time_of(step: &MinuteStep) -> Time {
    match step {
        MinuteStep::Move { point, .. } => point.time,
        MinuteStep::Close { bar, .. } => bar.close_time(),
    }
}

/// Generated markets, one generator a symbol, merged by time.
pub struct GeneratedSource {
    generators: Vec<Generator>,
    history: Vec<Vec<Bar>>,
    minute: VecDeque<(SymbolId, Bar)>,
}

impl GeneratedSource {
    /// The first `warmup` bars of each generator are history; the rest has no end.
    pub fn new(mut generators: Vec<Generator>, warmup: usize) -> GeneratedSource {
        let history = generators.iter_mut().map(|generator| generator.take(warmup).collect()).collect();
        GeneratedSource { generators, history, minute: VecDeque::new() }
    }
}

impl BarSource for GeneratedSource {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(self.history.get(symbol.index()).cloned().unwrap_or_default())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        if self.minute.is_empty() {
            let bars = self.generators.iter_mut().enumerate();
            self.minute = bars.filter_map(|(at, bars)| Some((SymbolId(at as u16), bars.next()?))).collect();
        }
        Ok(self.minute.pop_front())
    }
}
