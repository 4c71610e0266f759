//! Reversal: after a crash, buys exhaustion and leaves on the rebound ("reverse trading" on spot).
//!
//! Invariant: it enters only on a bar that closes above the high of the bar before it, after a fall of at least
//! `FALL` over the look-back; it leaves when half of the fall is regained or after `HOLD` bars.
//! Absent on purpose: its stop; the protective order at the venue is the engine's.

use super::Reason;
use crate::domain::{Digest, StateHash};
use crate::market::BarWindow;

/// Bars over which the fall is measured.
const LOOK_BACK: usize = 60;
/// Smallest fall, as a fraction, that counts as a crash.
const FALL: f64 = 0.03;
/// Longest holding in bars.
const HOLD: u32 = 240;
/// Share of the fall after whose recovery the position is left.
const REBOUND: f64 = 0.5;

#[derive(Debug, Clone, Default)]
pub struct Reversal {
    seen: u32,
    fall: f64,
    holding: Option<Holding>,
}

#[derive(Debug, Clone, Copy)]
struct Holding {
    fall: f64,
    exit: f64,
    bars_left: u32,
}

impl Reversal {
    #[inline]
    pub fn update(&mut self, window: &BarWindow) {
        self.seen = self.seen.saturating_add(1);
        let (Some(bar), Some(before), Some(reference)) = (window.back(0), window.back(1), window.back(LOOK_BACK))
        else {
            return;
        };
        self.fall = bar.close / reference.close - 1.0;
        self.holding = match self.holding {
            Some(held) if bar.close >= held.exit || held.bars_left == 0 => None,
            Some(held) => Some(Holding { bars_left: held.bars_left - 1, ..held }),
            None if self.fall <= -FALL && bar.close > before.high => Some(Holding {
                fall: self.fall,
                exit: bar.close + (reference.close - bar.close) * REBOUND,
                bars_left: HOLD,
            }),
            None => None,
        };
    }

    #[inline]
    pub fn target(&self) -> f64 {
        if self.holding.is_some() { 1.0 } else { 0.0 }
    }

    pub fn reason(&self) -> Reason {
        match self.holding {
            Some(held) => Reason::Rebound { fall: held.fall, exit: held.exit, bars: held.bars_left },
            None if (self.seen as usize) <= LOOK_BACK => {
                Reason::WarmingUp { seen: self.seen, needed: LOOK_BACK as u32 + 1 }
            }
            None => Reason::NoExhaustion { fall: self.fall, threshold: -FALL },
        }
    }
}

impl StateHash for Reversal {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(u64::from(self.seen));
        digest.f64(self.fall);
        digest.bool(self.holding.is_some());
        if let Some(held) = self.holding {
            digest.f64(held.fall);
            digest.f64(held.exit);
            digest.u64(u64::from(held.bars_left));
        }
    }
}
