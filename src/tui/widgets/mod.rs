//! Drawn parts that know numbers and colours, not the model: candles, curves, bars, lines of blocks.
//!
//! Invariant: a widget draws inside its area only, at any size and with any numbers, and never panics.
//! Absent on purpose: borders and titles (the views) and every decision what to show.

pub mod bars;
pub mod candles;
pub mod curve;
mod plot;
mod price_axis;
pub mod scale;
pub mod sparkline;
mod time_axis;

pub use bars::{DayBars, WinBar};
pub use candles::{CandleChart, Level, LevelKind, Mark, aggregate, capacity};
pub use curve::{CurveChart, CurveKind};
pub use sparkline::{meter, sparkline};
