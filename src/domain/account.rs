//! Balances of an account at the venue.
//!
//! Invariant: `free` and `locked` are never negative at a spot venue.
//! Absent on purpose: PnL and positions (`engine::portfolio`).

use serde::{Deserialize, Serialize};

use super::money::Money;
use super::symbol::Asset;
use super::time::Time;

/// What the account holds of one asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub asset: Asset,
    pub free: Money,
    pub locked: Money,
}

/// Balances after a change: only the assets that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceUpdate {
    pub time: Time,
    pub balances: Vec<Balance>,
}

impl Balance {
    pub fn empty(asset: Asset) -> Balance {
        Balance { asset, free: Money::ZERO, locked: Money::ZERO }
    }

    pub fn total(&self) -> Money {
        self.free.saturating_add(self.locked)
    }
}
