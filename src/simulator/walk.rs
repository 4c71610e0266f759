//! `Walk`: what a market order gets from the levels of a recorded book.
//!
//! Invariant: levels are taken in their order, the last one in part; nothing is taken twice.
//! Absent on purpose: what the book does afterwards, and the path of bars (`matching`).

/// A level of a recorded book, the quantity in the base asset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    pub price: f64,
    pub quantity: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Walk {
    pub filled: f64,
    /// Price times quantity.
    pub notional: f64,
    /// What the book could not give.
    pub unfilled: f64,
}

impl Walk {
    /// Through the levels of the other side, best first.
    pub fn through(levels: &[Offer], quantity: f64) -> Walk {
        let mut walk = Walk { filled: 0.0, notional: 0.0, unfilled: quantity };
        for level in levels {
            let part = level.quantity.min(walk.unfilled);
            walk.filled += part;
            walk.notional += part * level.price;
            walk.unfilled -= part;
        }
        walk
    }

    /// `None` when nothing was filled.
    pub fn average(&self) -> Option<f64> {
        (self.filled > 0.0).then(|| self.notional / self.filled)
    }
}
