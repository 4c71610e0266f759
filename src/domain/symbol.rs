//! Names of traded pairs and assets, and the small index by which the floors below 3 know a pair.
//!
//! Invariant: a `SymbolId` is the place of the symbol in the run's symbol list, in config order.
//! Absent on purpose: the assumption that names are ASCII; Binance lists others.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};

/// A pair as the venue writes it, such as `BTCUSDT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(pub Arc<str>);

/// An asset, such as `USDT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Asset(pub Arc<str>);

/// Place of a symbol in the run's list.
///
/// Aligned so that an `Input` with a bar has no gap before the bar: with one it is built by copies that overlap, and each
/// bar waits for them (a tenth of a quiet bar).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(align(4))]
pub struct SymbolId(pub u16);

impl SymbolId {
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Symbol {
    pub fn new(name: &str) -> Symbol {
        Symbol(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Asset {
    pub fn new(name: &str) -> Asset {
        Asset(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl StateHash for Asset {
    fn state_hash(&self, digest: &mut Digest) {
        digest.text(&self.0);
    }
}

impl StateHash for SymbolId {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u64(u64::from(self.0));
    }
}
