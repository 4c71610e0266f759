//! `Comovement`: which symbols rise and fall together, from a day of quarter-hour returns.
//!
//! Invariant: memory is a day of returns a symbol; what is not known counts as moving together.
//! Absent on purpose: what is done about it (`check`), and lags: minutes of two symbols are compared as they are.

use crate::domain::{Bar, Digest, Span, StateHash, SymbolId};

/// Returns kept: a day.
const KEPT: usize = 96;
/// Quarters in which both moved, before a correlation is one.
const LEAST: usize = 24;
/// From this correlation on two symbols are one risk.
const TOGETHER: f64 = 0.6;
const QUARTER: i64 = 15 * Span::MINUTE.0;

#[derive(Debug, Clone)]
pub struct Comovement {
    rings: Vec<Ring>,
}

/// Log returns by the number of their quarter.
#[derive(Debug, Clone)]
struct Ring {
    returns: Vec<(i64, f64)>,
    last: Option<(i64, f64)>,
}

impl Comovement {
    pub fn new(symbols: usize) -> Comovement {
        Comovement { rings: vec![Ring { returns: vec![(i64::MIN, 0.0); KEPT], last: None }; symbols] }
    }

    /// A closed bar; only those that end a quarter of an hour count.
    #[inline]
    pub fn observe(&mut self, symbol: SymbolId, bar: &Bar) {
        let end = bar.open_time.0 + Span::MINUTE.0;
        if end.rem_euclid(QUARTER) == 0
            && let Some(ring) = self.rings.get_mut(symbol.index())
        {
            ring.take(end / QUARTER, bar.close);
        }
    }

    /// None while too few returns are known, or where one of them stands still.
    pub fn correlation(&self, one: SymbolId, other: SymbolId) -> Option<f64> {
        let (one, other) = (self.rings.get(one.index())?, self.rings.get(other.index())?);
        let newest = one.last?.0.max(other.last?.0);
        let recent = |quarter: i64| quarter > newest - KEPT as i64;
        let pairs = one.returns.iter().zip(&other.returns).filter(|(a, b)| a.0 == b.0 && recent(a.0));
        let (mut count, mut sums) = (0, [0.0; 3]);
        for ((_, a), (_, b)) in pairs {
            count += 1;
            sums = [sums[0] + a * a, sums[1] + b * b, sums[2] + a * b];
        }
        let scale = (sums[0] * sums[1]).sqrt();
        (count >= LEAST && scale > 0.0).then(|| sums[2] / scale)
    }

    /// True for a symbol and itself, and where nothing is known.
    pub fn is_together(&self, one: SymbolId, other: SymbolId) -> bool {
        one == other || self.correlation(one, other).is_none_or(|correlation| correlation >= TOGETHER)
    }
}

impl Ring {
    fn take(&mut self, quarter: i64, close: f64) {
        if let Some((before, last)) = self.last.replace((quarter, close))
            && quarter == before + 1
        {
            self.returns[quarter.rem_euclid(KEPT as i64) as usize] = (quarter, (close / last).ln());
        }
    }
}

impl StateHash for Comovement {
    fn state_hash(&self, digest: &mut Digest) {
        for ring in &self.rings {
            for (quarter, r) in ring.returns.iter().chain(&ring.last) {
                digest.i64(*quarter);
                digest.f64(*r);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    fn bar(quarter: i64, close: f64) -> Bar {
        let open_time = Time((quarter + 1) * QUARTER - Span::MINUTE.0);
        Bar { open_time, open: close, high: close, low: close, close, volume: 1.0 }
    }

    fn moved(quarters: i64, other: impl Fn(i64) -> f64) -> Comovement {
        let mut comovement = Comovement::new(2);
        let mut closes = [100.0_f64, 50.0];
        for quarter in 0..quarters {
            let step = if quarter % 3 == 0 { 0.01 } else { -0.005 };
            closes = [closes[0] * f64::exp(step), closes[1] * f64::exp(other(quarter))];
            for (symbol, close) in [(0, closes[0]), (1, closes[1])] {
                comovement.observe(SymbolId(symbol), &bar(quarter, close));
                // A bar inside the quarter is none of its ends.
                comovement.observe(SymbolId(symbol), &Bar { open_time: Time(quarter * QUARTER), ..bar(quarter, 1.0) });
            }
        }
        comovement
    }

    #[test]
    fn together_apart_and_unknown() {
        let (a, b) = (SymbolId(0), SymbolId(1));
        let same = moved(200, |quarter| if quarter % 3 == 0 { 0.02 } else { -0.01 });
        assert!(same.correlation(a, b).is_some_and(|r| (r - 1.0).abs() < 1e-9) && same.is_together(a, b));
        let against = moved(200, |quarter| if quarter % 3 == 0 { -0.02 } else { 0.01 });
        assert!(!against.is_together(a, b) && against.is_together(a, a));
        let young = moved(20, |_| 0.01);
        assert!(young.correlation(a, b).is_none() && young.is_together(a, b));
        assert!(moved(99, |_| 0.0).is_together(a, b), "what stands still tells nothing");
    }
}
