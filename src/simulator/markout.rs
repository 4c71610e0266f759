//! `Markout`: a passive limit fills only when the path passes it by this much.
//!
//! Invariant: the path must pass by at least a tick, and of two limits the better one is never passed later.
//! Absent on purpose: a penalty on the price; a venue reports the limit's own price, so the cost lies in fills not had.
//! Source: passive fills are adversely selected (arXiv 2407.16527, 2409.12721): those that a touch would give are the
//! ones that a real queue often does not.

use crate::domain::{Price, Ratio, Side};

/// As a fraction of the limit, 0 to a half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Markout(pub Ratio);

impl Markout {
    const MOST: Ratio = Ratio::from_raw(50_000_000);

    pub(super) fn clamped(self) -> Markout {
        Markout(self.0.clamp(Ratio::ZERO, Markout::MOST))
    }

    /// The price that the path must reach to fill a limit of this side.
    pub(super) fn passed_at(self, side: Side, limit: Price, tick: Price) -> Price {
        // At most half of the price, so it fits.
        let distance = self.0.of_price(limit).unwrap_or(tick).max(tick);
        match side {
            Side::Buy => limit.saturating_sub(distance),
            Side::Sell => limit.saturating_add(distance),
        }
    }
}
