//! Kestrel: a terminal workstation for automated one-minute trading on Binance.
//!
//! The rooms in reading order; each imports only from lower floors (`ARCHITECTURE.md`).

pub mod domain;
pub mod protocol;
