//! `Participation`: takers of a minute get at most a share of what the minute traded.
//!
//! Invariant: all takers of a symbol together never take more from the path in a minute than its allowance.
//! Absent on purpose: resting limits, which wait for the path anyway, and trades between two accounts.
//! Source: the volume limit of bar simulators (zipline's `VolumeShareSlippage`; 5 to 10 % are usual).

use crate::domain::{Quantity, Ratio};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participation {
    /// Of the bar's volume, 0 to 1.
    pub share: Ratio,
    pub rest: Rest,
}

/// What becomes of what the minute could not give. The rest of an IOC or FOK limit always expires, that of a GTC limit
/// always waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It takes again at the next opens.
    Waits,
    Expires,
}

impl Participation {
    /// What takers may take of a bar with this volume in the base asset; zero for a volume that is no number.
    pub(super) fn allowance(&self, volume: f64) -> Quantity {
        let share = self.share.to_f64() * volume;
        if share > 0.0 { Quantity::from_f64(share).unwrap_or(Quantity::MAX) } else { Quantity::ZERO }
    }
}

impl Rest {
    pub const fn as_str(self) -> &'static str {
        match self {
            Rest::Waits => "waits",
            Rest::Expires => "expires",
        }
    }
}
