//! Pivots: bars whose high (low) stands out from the bars on both sides.
//!
//! Invariant: a pivot is given out by the bar that confirms it, `side` bars later, and carries both times; nothing can
//! know it earlier.
//! Absent on purpose: smoothing of the path, which looks both ways (Lo, Mamaysky and Wang 2000).

use std::collections::VecDeque;

use super::indicators::running::checked;
use crate::domain::{Bar, Time};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PivotKind {
    High,
    Low,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pivot {
    pub kind: PivotKind,
    pub price: f64,
    /// Volume of the pivot's bar.
    pub volume: f64,
    /// Open time of the pivot's bar.
    pub at: Time,
    /// Close time of the bar that confirmed it: from here on it is known.
    pub confirmed: Time,
}

/// What the newest bar confirmed; a wide bar can be both.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Confirmed {
    pub high: Option<Pivot>,
    pub low: Option<Pivot>,
}

impl Confirmed {
    pub fn iter(&self) -> impl Iterator<Item = Pivot> + use<> {
        self.high.into_iter().chain(self.low)
    }
}

/// Fractal pivots: strictly beyond the `side` bars before and at least as far as the `side` bars after, so that among
/// equal neighbours the first counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Pivots {
    side: usize,
    bars: VecDeque<Bar>,
}

impl Pivots {
    /// `side` from 1; usual are 3 to 5. An update walks 2 side + 1 bars.
    pub fn new(side: usize) -> Self {
        let side = checked(side, 1);
        Pivots { side, bars: VecDeque::with_capacity(2 * side + 2) }
    }

    pub fn update(&mut self, bar: &Bar) -> Confirmed {
        self.bars.push_back(*bar);
        if self.bars.len() > 2 * self.side + 1 {
            self.bars.pop_front();
        }
        if self.bars.len() < 2 * self.side + 1 {
            return Confirmed::default();
        }
        let middle = self.bars[self.side];
        let pivot = |kind, price| {
            let Bar { volume, open_time: at, .. } = middle;
            Pivot { kind, price, volume, at, confirmed: bar.close_time() }
        };
        let stands_out = |beyond: fn(&Bar, &Bar) -> bool| {
            let before = self.bars.iter().take(self.side).all(|other| beyond(&middle, other));
            before && self.bars.iter().skip(self.side + 1).all(|other| !beyond(other, &middle))
        };
        Confirmed {
            high: stands_out(|a, b| a.high > b.high).then(|| pivot(PivotKind::High, middle.high)),
            low: stands_out(|a, b| a.low < b.low).then(|| pivot(PivotKind::Low, middle.low)),
        }
    }
}
