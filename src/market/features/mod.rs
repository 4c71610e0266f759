//! Features: the one definition of what a model sees of a symbol, in training, backtest and live alike.
//!
//! A `Feature` is a causal function of closed bars with one to four columns; a `Schema` is an ordered list of them with a
//! hash that is saved with a model; an `Observer` turns bars into rows, one by one; `columns` does so for a whole history;
//! a `Normaliser` brings rows onto the scale of a model and is saved with it.
//! Invariant: the row of bar t depends on bars up to t only, in values and statistics, and is finite.
//! Absent on purpose: position, costs and other state of the trader, which who trains or trades appends; labels, which
//! look ahead.

pub mod columns;
pub mod feature;
mod gauge;
pub mod normaliser;
pub mod observer;
pub mod schema;

pub use columns::{Columns, columns, full_columns};
pub use feature::{Estimator, Feature, Kind};
pub use normaliser::{Normaliser, NormaliserError, NormaliserSettings, SavedNormaliser, Scaling};
pub use observer::Observer;
pub use schema::{Column, Schema};
