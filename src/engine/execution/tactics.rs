//! `Tactics`: how a parent order is carried out: intervals, shares, patience and bounds.
//!
//! Invariant: plain values; what decides by them is a pure function of what was known.
//! Absent on purpose: the market's numbers (`cost::MarketState`).

use crate::domain::{Digest, Ratio, Span, StateHash};

use super::child::Patience;
use super::cost::MarketState;
use super::randomise::Jitter;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tactics {
    /// Longest time between two slices; shorter horizons have at least `least_slices`.
    pub slice: Span,
    pub least_slices: u32,
    /// Share of the market's volume aimed at under `Style::Participation`.
    pub participation: f64,
    /// Largest share of a minute's usual volume that an adaptive child takes before its time is over.
    pub most_participation: f64,
    /// Between two children that take.
    pub pause: Span,
    pub patience: Patience,
    pub jitter: Jitter,
    /// How far the price may fall before a slice is sent and still be legal.
    pub margin: Ratio,
    /// How far beyond the best price a child may take before the end, in half spreads and as a fraction: the larger counts.
    pub bound_spreads: f64,
    pub bound: f64,
    /// Longest wait of a slice for a better moment, where waiting costs nothing.
    pub most_wait: Span,
    /// Pressure, 0 to 1, from which a slice does not wait, and below which (negative) it does.
    pub hurry: f64,
    /// Refusals in a row after which the parent ends.
    pub most_refusals: u32,
    /// After the horizon, for what is left to be taken.
    pub grace: Span,
}

impl Default for Tactics {
    fn default() -> Tactics {
        Tactics {
            slice: Span::MINUTE,
            least_slices: 12,
            participation: 0.1,
            most_participation: 0.25,
            pause: Span::SECOND,
            patience: Patience { ticks: 1, stale_after: Span::SECOND, most_reprices: 8 },
            jitter: Jitter::default(),
            margin: Ratio::from_raw(1_000_000),
            bound_spreads: 10.0,
            bound: 0.001,
            most_wait: Span::from_seconds(10),
            hurry: 0.3,
            most_refusals: 3,
            grace: Span::MINUTE,
        }
    }
}

impl Tactics {
    /// Between the slices of a time, at least a second.
    pub fn interval(&self, left: Span) -> Span {
        let cut = left.0.max(0) / i64::from(self.least_slices.max(1));
        Span(cut.min(self.slice.0).max(Span::SECOND.0))
    }

    /// How long a slice that is due may wait for a better moment.
    pub fn wait(&self, urgency: f64) -> Span {
        let calm = 1.0 - urgency.clamp(0.0, 1.0);
        Span((self.most_wait.0 as f64 * calm * calm) as i64)
    }

    /// How far beyond the best price a child may take, as a fraction.
    pub fn bound(&self, market: &MarketState) -> f64 {
        (self.bound_spreads * market.half_spread).max(self.bound)
    }
}

/// True when resting is expected to cost less than taking: what is saved in spread and fee on a fill outweighs the price that
/// goes on against it. A price that knows of nothing moves by as much for what is not filled as against what is, so the chance
/// of a fill weighs both sides alike, and only the drift and the risk of the wait remain.
pub fn passive_pays(market: &MarketState, minutes: f64, urgency: f64, drift: f64) -> bool {
    let chance = 1.0 - (1.0 - market.fill_chance.clamp(0.0, 1.0)).powf(minutes.max(0.0));
    let saved = 2.0 * market.half_spread + market.taker_fee - market.maker_fee - market.markout;
    let risk = 3.0 * urgency.clamp(0.0, 1.0) * market.daily_volatility * (minutes.max(0.0) / 1_440.0).sqrt();
    chance * saved > (drift * minutes).max(0.0) + risk * (1.0 - chance)
}

impl StateHash for Tactics {
    fn state_hash(&self, digest: &mut Digest) {
        for span in [self.slice, self.pause, self.patience.stale_after, self.most_wait, self.grace] {
            digest.i64(span.0);
        }
        for share in [
            self.participation,
            self.most_participation,
            self.jitter.time,
            self.jitter.size,
            self.bound_spreads,
            self.bound,
            self.hurry,
        ] {
            digest.f64(share);
        }
        for count in [self.least_slices, self.patience.most_reprices, self.most_refusals] {
            digest.u64(u64::from(count));
        }
        digest.i64(self.patience.ticks);
        digest.add(&self.margin);
    }
}
