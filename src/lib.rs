//! Kestrel: a terminal workstation for automated one-minute trading on Binance.
//!
//! The rooms in reading order; each imports only from lower floors (`ARCHITECTURE.md`).

pub mod domain;

pub mod market;
pub mod performance;
pub mod simulator;

pub mod engine;

pub mod exchange;
pub mod runtime;
