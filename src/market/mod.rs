//! Instruments that read the market: the window of closed bars and indicators over it.
//!
//! Invariant: everything here sees closed bars only and is O(1) per bar.
//! Absent on purpose: the decision what to do about it (`engine::strategy`).

pub mod bars;
pub mod indicators;

pub use bars::BarWindow;
