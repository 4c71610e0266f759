//! `Side`: buy or sell.
//!
//! Invariant: two values, no third.
//! Absent on purpose: long and short, which are positions, not sides.

use serde::{Deserialize, Serialize};

use super::digest::{Digest, StateHash};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// As Binance writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        }
    }
}

impl StateHash for Side {
    fn state_hash(&self, digest: &mut Digest) {
        digest.u8(*self as u8);
    }
}
