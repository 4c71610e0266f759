//! One bar, one path: the four points through which the price of a closed bar walks.
//!
//! Invariant: exchange and backtest walk the same points at the same times, so their fills agree.
//! Absent on purpose: randomness between the points; the path is a function of the bar and of which extreme comes first.

use crate::domain::{Bar, Price, Span, Time};

/// One point of the path of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathPoint {
    pub time: Time,
    pub price: Price,
    pub kind: PointKind,
}

/// Where in its bar a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointKind {
    /// First of its bar: the price may have jumped here, so stops beyond it fill here and not at their own price.
    Open,
    Inner,
    /// Last of its bar: orders accepted after it wait for the next point.
    Close,
}

/// Which extreme of the bar the path visits first: the one that is worse for the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// Open, low, high, close: for flat and net long.
    Low,
    /// Open, high, low, close: for net short.
    High,
}

/// When the extremes are visited, counted from the open.
const FIRST: Span = Span::from_seconds(20);
const SECOND: Span = Span::from_seconds(40);

/// The path of a bar that passed `Bar::validate`: open at `open_time`, the extremes 20 and 40 seconds later, close at
/// `close_time()`. Prices round to the nearest 1e-8. `None` when a price does not fit `Price` or rounds to zero.
pub fn path(bar: &Bar, first: Extreme) -> Option<[PathPoint; 4]> {
    Some([point(bar, first, 0)?, point(bar, first, 1)?, point(bar, first, 2)?, point(bar, first, 3)?])
}

/// One point of the path, counted from 0.
pub(super) fn point(bar: &Bar, first: Extreme, at: usize) -> Option<PathPoint> {
    let (near, far) = match first {
        Extreme::Low => (bar.low, bar.high),
        Extreme::High => (bar.high, bar.low),
    };
    let (time, price, kind) = match at {
        0 => (bar.open_time, bar.open, PointKind::Open),
        1 => (bar.open_time.plus(FIRST), near, PointKind::Inner),
        2 => (bar.open_time.plus(SECOND), far, PointKind::Inner),
        _ => (bar.close_time(), bar.close, PointKind::Close),
    };
    let price = Price::from_f64(price).filter(|price| price.is_positive())?;
    Some(PathPoint { time, price, kind })
}
