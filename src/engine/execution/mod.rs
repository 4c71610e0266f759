//! Execution: how an order is cut into slices, when they are sent, and which style costs least.
//!
//! Invariant: quantities are whole lots, slices sum to what was asked, exactly, and none is below what the venue takes.
//! Absent on purpose: orders and their states (`engine::orders`); here are plans only.

pub mod almgren_chriss;
pub mod cost;
pub mod curve;
pub mod merge;
pub mod randomise;
pub mod schedule;

pub use almgren_chriss::{LinearImpact, Trajectory};
pub use cost::{ExpectedCost, Style};
pub use curve::VolumeCurve;
pub use merge::LegalSize;
pub use randomise::{Jitter, Slice};
pub use schedule::{Participation, twap, vwap};
