//! Breakout: long from a close above the highest high of the bars before it, until a close below their lowest low.
//!
//! Invariant: a bar is compared with the channel of the bars before it, never with itself; the break must be worth a round
//! trip's cost.
//! Absent on purpose: volume; many recordings have none that can be compared.
//! Source: Donchian's channel, as the Turtle rules use it.

use super::Reason;
use crate::domain::{Digest, StateHash};
use crate::market::BarWindow;
use crate::market::indicators::{Max, Min};

/// Bars whose highest high is to be broken.
const ENTRY: usize = 240;
/// Bars whose lowest low ends it.
const EXIT: usize = 120;

#[derive(Debug, Clone)]
pub struct Breakout {
    highest: Max,
    lowest: Min,
    /// Channel of the bars seen so far.
    upper: Option<f64>,
    lower: Option<f64>,
    seen: u32,
    /// A close above the upper line by this share is a break.
    margin: f64,
    long: bool,
}

impl Breakout {
    /// `side_cost` is what a taker pays a side, as a fraction.
    pub fn new(side_cost: f64) -> Breakout {
        Breakout {
            highest: Max::new(ENTRY),
            lowest: Min::new(EXIT),
            upper: None,
            lower: None,
            seen: 0,
            margin: 2.0 * side_cost,
            long: false,
        }
    }

    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        let Some(bar) = window.back(0) else { return };
        self.seen = self.seen.saturating_add(1);
        if let (Some(upper), Some(lower)) = (self.upper, self.lower) {
            self.long = if self.long { bar.close >= lower } else { bar.close > upper * (1.0 + self.margin) };
        }
        self.upper = self.highest.update(bar.high);
        self.lower = self.lowest.update(bar.low);
    }

    #[inline]
    pub fn target(&self) -> f64 {
        if self.long { 1.0 } else { 0.0 }
    }

    pub fn reason(&self) -> Reason {
        match (self.upper, self.lower) {
            (Some(upper), Some(exit)) if !self.long => Reason::Channel { upper: upper * (1.0 + self.margin), exit },
            (Some(_), Some(exit)) => Reason::Broken { exit },
            (_, _) => Reason::WarmingUp { seen: self.seen, needed: ENTRY as u32 },
        }
    }
}

impl StateHash for Breakout {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(u64::from(self.seen));
        for line in [self.upper, self.lower] {
            digest.f64(line.unwrap_or(0.0));
        }
        digest.f64(self.margin);
        digest.bool(self.long);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Bar, Price, Time};

    fn closes(closes: &[f64]) -> Vec<f64> {
        let mut breakout = Breakout::new(0.001);
        let mut window = BarWindow::default();
        let mut targets = Vec::new();
        for (minute, close) in (0..).zip(closes) {
            let bar = Bar {
                open_time: Time(minute * 60_000_000),
                open: *close,
                high: *close,
                low: *close,
                close: *close,
                volume: 1.0,
            };
            window.push(bar, Price::from_f64(*close).expect("a price"));
            breakout.update(&window);
            targets.push(breakout.target());
        }
        targets
    }

    #[test]
    fn it_buys_a_break_that_is_worth_its_cost_and_leaves_below_the_lower_line() {
        let quiet: Vec<f64> = (0..ENTRY).map(|at| if at % 2 == 0 { 100.0 } else { 99.0 }).collect();
        let small = closes(&[quiet.clone(), vec![100.19]].concat());
        assert_eq!(small.last(), Some(&0.0), "less than a round trip's cost above the line");
        let broken = closes(&[quiet.clone(), vec![100.21, 105.0, 99.0, 98.9]].concat());
        assert_eq!(broken[ENTRY..], [1.0, 1.0, 1.0, 0.0]);
        assert!(broken[..ENTRY].iter().all(|target| *target == 0.0), "nothing before the channel stands");
    }
}
