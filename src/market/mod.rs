//! Instruments that read the market: the window of closed bars, indicators, candle patterns, volatility, pivots and
//! levels, order flow, the profile of volume, change detectors, the law of impact, events and regimes, and the features
//! that models see.
//!
//! Invariant: everything here sees closed bars (or best prices) of the past only and is O(1) per bar, amortised.
//! Absent on purpose: the decision what to do about it (`engine::strategy`).

pub mod barriers;
pub mod bars;
pub mod candles;
pub mod changes;
pub mod detectors;
pub mod features;
pub mod impact;
pub mod indicators;
pub mod levels;
pub mod order_flow;
pub mod pivots;
pub mod regime;
pub mod volatility;
pub mod volume_profile;

pub use bars::BarWindow;
