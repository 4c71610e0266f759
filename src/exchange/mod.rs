//! The local exchange on loopback: Binance's REST, streams and WebSocket API around the simulator.
//!
//! Invariant: a Binance client cannot tell it from Binance on the paths that it serves.
//! Absent on purpose: any knowledge of who trades and why.

pub mod auth;
pub mod calls;
pub mod limits;
pub mod market_source;
pub mod pacing;
pub mod reports;
pub mod venue;
