//! The generated market: an endless row of plausible one-minute bars.
//!
//! Invariant: the same seed, symbol, rules, start and price give the same bars on every platform.
//! Absent on purpose: any claim that a profit made here means anything.

use crate::domain::seed::Seed;
use crate::domain::{Bar, Symbol, SymbolRules, Time};

/// Endless bars from hidden regimes.
#[derive(Debug, Clone)]
pub struct Generator {}

impl Generator {
    /// Bars from the minute of `start` on, around `start_price`, on the tick and step of the rules.
    pub fn new(seed: Seed, symbol: &Symbol, rules: &SymbolRules, start: Time, start_price: f64) -> Generator {
        let _ = (seed, symbol, rules, start, start_price);
        Generator {}
    }
}

impl Iterator for Generator {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        todo!()
    }
}
