//! Execution: how an order is cut into slices, when they are sent, which style costs least, and the parent order that does it.
//!
//! Invariant: quantities are whole lots, slices sum to what was asked, exactly, and none is below what the venue takes.
//! Absent on purpose: the states of orders at the venue (`engine::orders`); a parent says what to send and is told what came.

pub mod almgren_chriss;
pub mod child;
pub mod cost;
pub mod curve;
pub mod merge;
pub mod parent;
pub mod plan;
pub mod randomise;
pub mod refit;
pub mod schedule;
pub mod tactics;
pub mod tally;
pub mod view;
mod working;

pub use almgren_chriss::{LinearImpact, Trajectory};
pub use child::{ChildOrder, ChildState};
pub use cost::{ExpectedCost, MarketState, Style};
pub use curve::VolumeCurve;
pub use merge::LegalSize;
pub use parent::{Action, Choice, Ending, Known, Parent, ParentError, ParentSpec};
pub use randomise::{Jitter, Slice};
pub use refit::{Refit, Taken};
pub use schedule::{Participation, twap, vwap};
pub use tactics::Tactics;
pub use tally::{Fill, Progress};
pub use view::View;
