//! `lookahead`: finds decisions that knew what came after them.
//!
//! Invariant: a run that decides by closed bars alone passes at every cut; what comes after a cut is once removed and
//! once replaced by another future.
//! Absent on purpose: why a run leaks, and fills, which may know the rest of their own minute (`simulator`).

use super::backtest::{Backtest, BacktestError, Detail, backtest};
use super::sweep::OpenModels;
use crate::domain::{Bar, SymbolId};
use crate::engine::Start;
use crate::engine::ports::{BarSource, SourceError};
use crate::simulator::Simulator;

/// A decision that differs when the bars after it do.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak<D> {
    /// Bars that were left as they are.
    pub kept: usize,
    pub future: Future,
    /// The bar whose decision differs, below `kept`.
    pub bar: usize,
    /// With the bars as they were.
    pub decided: D,
    /// With the other future; `None` when nothing was decided.
    pub instead: Option<D>,
}

/// What was done to the bars after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Future {
    Removed,
    /// By its mirror image, in which every rise is a fall.
    Replaced,
}

/// The first leak of `decide`, which answers one decision for each bar it is given. `bars` are in order of time; a cut
/// inside a minute counts from that minute's begin, since symbols of one minute may know each other's path.
pub fn lookahead<D, E>(
    bars: &[(SymbolId, Bar)],
    cuts: impl IntoIterator<Item = usize>,
    mut decide: impl FnMut(&[(SymbolId, Bar)]) -> Result<Vec<D>, E>,
) -> Result<Option<Leak<D>>, E>
where
    D: PartialEq + Clone,
{
    let whole = decide(bars)?;
    for cut in cuts {
        let kept = minute_begin(bars, cut.min(bars.len()));
        for future in [Future::Removed, Future::Replaced] {
            let other = match future {
                Future::Removed => bars[..kept].to_vec(),
                Future::Replaced => mirrored(bars, kept),
            };
            let others = decide(&other)?;
            let differs = |at: &usize| whole.get(*at) != others.get(*at);
            if let Some(bar) = (0..kept.min(whole.len())).find(differs) {
                let (decided, instead) = (whole[bar].clone(), others.get(bar).cloned());
                return Ok(Some(Leak { kept, future, bar, decided, instead }));
            }
        }
    }
    Ok(None)
}

/// The same for the engine as `start` sets it up: its whole state after each closed bar.
pub fn engine_lookahead(
    start: &Start,
    simulator: &Simulator,
    bars: &[(SymbolId, Bar)],
    cuts: impl IntoIterator<Item = usize>,
    models: &OpenModels<'_>,
) -> Result<Option<Leak<u64>>, BacktestError> {
    lookahead(bars, cuts, |bars| {
        let mut hashes = Vec::with_capacity(bars.len());
        backtest(Backtest {
            source: &mut Recording { bars, next: 0 },
            simulator: simulator.clone(),
            start: start.clone(),
            detail: Detail::Skip,
            commands: Vec::new(),
            journal: None,
            inference: models(&start.settings),
            on_close: Some(Box::new(|engine| {
                hashes.push(engine.state_hash());
                true
            })),
            on_notice: None,
        })?;
        Ok(hashes)
    })
}

/// Bars that lie in memory.
struct Recording<'a> {
    bars: &'a [(SymbolId, Bar)],
    next: usize,
}

impl BarSource for Recording<'_> {
    fn history(&mut self, _: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(Vec::new())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        let bar = self.bars.get(self.next).copied();
        self.next += 1;
        Ok(bar)
    }
}

fn minute_begin(bars: &[(SymbolId, Bar)], cut: usize) -> usize {
    let Some((_, first)) = bars.get(cut) else { return cut };
    bars.partition_point(|(_, bar)| bar.open_time < first.open_time)
}

/// The bars with each symbol's prices from `kept` on mirrored at its last close before (in logarithms), and other volumes.
fn mirrored(bars: &[(SymbolId, Bar)], kept: usize) -> Vec<(SymbolId, Bar)> {
    let (past, future) = bars.split_at(kept);
    let mirror = |(symbol, bar): &(SymbolId, Bar)| {
        let last = past.iter().rfind(|(of, _)| of == symbol).map_or(bar.open, |(_, last)| last.close);
        let at = |price: f64| last * (last / price);
        let other = Bar {
            open: at(bar.open),
            high: at(bar.low),
            low: at(bar.high),
            close: at(bar.close),
            volume: bar.volume * 3.0 + 1.0,
            ..*bar
        };
        (*symbol, other)
    };
    past.iter().copied().chain(future.iter().map(mirror)).collect()
}
