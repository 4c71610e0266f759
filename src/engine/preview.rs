//! Previews: what a setting or a command would do, before it is done.
//!
//! Invariant: pure, and the same arithmetic as the engine's own; what is shown is what would be sent at this price.
//! Absent on purpose: anything that changes state.

use super::risk::Refused;
use super::settings::Settings;
use super::snapshot::Snapshot;
use crate::domain::{Money, Price, Quantity, Ratio, SymbolId, Value};

/// The next entry of a symbol at full exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPreview {
    pub quantity: Quantity,
    /// What it would cost at the mark.
    pub notional: Money,
    /// The stop's price, and what is lost there before fees.
    pub stop: Option<(Price, Money)>,
    /// The target's price, and what is gained there before fees.
    pub target: Option<(Price, Money)>,
    /// Why it would not be sent now; pausing is no reason here.
    pub refused: Option<Refused>,
}

/// Leaving every position at the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlattenPreview {
    pub positions: usize,
    /// Resting orders that would be cancelled.
    pub orders: usize,
    /// Worth of the positions at their marks.
    pub worth: Value,
    /// Distance from the marks to the best bids.
    pub spread: Value,
    /// Taker fees.
    pub fees: Value,
    /// What the positions would realise, costs taken off.
    pub pnl: Value,
}

/// What the next entry of `symbol` would be under `settings`. `None` for an unknown symbol.
pub fn entry(snapshot: &Snapshot, symbol: SymbolId, settings: &Settings) -> Option<EntryPreview> {
    let _ = (snapshot, symbol, settings);
    todo!("contract: by the engine helper")
}

/// What a flatten would cost now.
pub fn flatten(snapshot: &Snapshot, taker_fee: Ratio) -> FlattenPreview {
    let _ = (snapshot, taker_fee);
    todo!("contract: by the engine helper")
}
