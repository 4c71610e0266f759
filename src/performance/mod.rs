//! Instruments that measure the result: equity, drawdown, win rate, Sharpe ratio, exposure, turnover.
//!
//! Invariant: fed with samples in time order, they never look back.
//! Absent on purpose: where the samples come from (`engine`) and how they are printed (`cli`, `tui`).

pub mod curve;
pub mod drawdown;
pub mod equity;
pub mod sharpe;
pub mod win_rate;

pub use curve::{Curve, CurvePoint};
pub use drawdown::Drawdown;
pub use equity::Performance;
pub use sharpe::DailySharpe;
pub use win_rate::WinRate;
