//! One minute of the market as a canonical sequence of steps, over all symbols that have a bar in it.
//!
//! Invariant: the local exchange and the backtest walk these steps in this order, so their runs agree.
//! Absent on purpose: what is told to whom at each step.

use super::path::{Extreme, PathPoint, point};
use crate::domain::{Bar, SymbolId};

/// What happens next to one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MinuteStep {
    /// The price moves to this point, with this much of the bar's volume (its quarter).
    Move { symbol: SymbolId, point: PathPoint, volume: f64 },
    /// After the last point: the bar is closed.
    Close { symbol: SymbolId, bar: Bar },
}

/// A bar whose prices do not fit the number type.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the bar at {} ms has a price outside 0.00000001 to 92233720368", .bar.open_time.millis())]
pub struct UnfitBar {
    pub symbol: SymbolId,
    pub bar: Bar,
}

/// Steps of the minute in order: all opens, all first extremes, all second extremes, then for each symbol its close
/// point and its closed bar. Spot positions are never short, so the low comes first. No step follows an unfit bar's.
pub fn minute_steps(bars: &[(SymbolId, Bar)]) -> impl Iterator<Item = Result<MinuteStep, UnfitBar>> {
    let round = |at: usize| bars.iter().map(move |(symbol, bar)| step_to(at, *symbol, bar));
    let ends = bars.iter().flat_map(|(symbol, bar)| {
        let closed = MinuteStep::Close { symbol: *symbol, bar: *bar };
        [step_to(3, *symbol, bar), Ok(closed)]
    });
    round(0).chain(round(1)).chain(round(2)).chain(ends)
}

/// To a point of the path, counted from 0.
fn step_to(at: usize, symbol: SymbolId, bar: &Bar) -> Result<MinuteStep, UnfitBar> {
    let point = point(bar, Extreme::Low, at).ok_or(UnfitBar { symbol, bar: *bar })?;
    Ok(MinuteStep::Move { symbol, point, volume: bar.volume / 4.0 })
}
