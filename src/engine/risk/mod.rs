//! Risk: the only room that can make an `Approved` order, and the arithmetic of how much may be risked.
//!
//! Invariant: `Approved` has a private field and is neither Clone nor Deserialize, so no order reaches the wire round `check`.
//! Absent on purpose: deciding and sizing by strategy; here is only what must hold for every order.

pub mod barriers;
pub mod chain;
pub mod check;
pub mod comovement;
pub mod drawdown;
pub mod kelly;
pub mod protections;
pub mod reach;
pub mod settings;
pub mod shock;
pub mod sizing;
pub mod stops;
pub mod volatility_target;

pub use barriers::{TrailingStop, TripleBarrier};
pub use chain::{SizeFactors, SizeLimits, SizedEntry};
pub use check::{Approved, EntryGate, OrderRequest, Payload, Refused, RiskView, Room, check, judge};
pub use drawdown::DrawdownThrottle;
pub use protections::{Lock, LockReason, ProtectionRules, Protections};
pub use settings::RiskSettings;
pub use shock::{ShockGuard, ShockHalt, ShockRules};
pub use volatility_target::SteadyRisk;
