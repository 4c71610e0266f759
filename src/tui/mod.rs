//! The screen: a model, a pure update, a pure drawing, and one table of keys.
//!
//! Invariant: the screen decides nothing about trading; it shows snapshots and asks by commands.
//! Absent on purpose: where snapshots and vitals come from (`app`).

mod rgb;
pub mod svg;
pub mod theme;
pub mod widgets;
