//! Risk: the only room that can make an `Approved` order.
//!
//! Invariant: `Approved` has a private field and is neither Clone nor Deserialize, so no order reaches the wire round `check`.
//! Absent on purpose: deciding and sizing by strategy; here is only what must hold for every order.

pub mod check;
pub mod sizing;
pub mod stops;

pub use check::{Approved, EntryGate, OrderRequest, Payload, Refused, RiskView, check, judge};
