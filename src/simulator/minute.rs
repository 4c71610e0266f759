//! One minute of the market as a canonical sequence of steps, over all symbols that have a bar in it.
//!
//! Invariant: the local exchange and the backtest walk these steps in this order, so their runs agree.
//! Absent on purpose: what is told to whom at each step.

use super::path::{Extreme, PathPoint, path};
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
/// point and its closed bar. Spot positions are never short, so the low comes first.
pub fn minute_steps(bars: &[(SymbolId, Bar)]) -> Result<Vec<MinuteStep>, UnfitBar> {
    let mut paths = Vec::with_capacity(bars.len());
    for (symbol, bar) in bars {
        let points = path(bar, Extreme::Low).ok_or(UnfitBar { symbol: *symbol, bar: *bar })?;
        paths.push((*symbol, *bar, points));
    }
    let mut steps = Vec::with_capacity(bars.len() * 5);
    for at in 0..3 {
        let moved = |(symbol, bar, points): &(SymbolId, Bar, [PathPoint; 4])| MinuteStep::Move {
            symbol: *symbol,
            point: points[at],
            volume: bar.volume / 4.0,
        };
        steps.extend(paths.iter().map(moved));
    }
    for (symbol, bar, points) in paths {
        steps.push(MinuteStep::Move { symbol, point: points[3], volume: bar.volume / 4.0 });
        steps.push(MinuteStep::Close { symbol, bar });
    }
    Ok(steps)
}
