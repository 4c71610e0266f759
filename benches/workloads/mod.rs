//! What is measured: small, equal pieces of work that both benches (`parts`, `rates`) repeat.
//!
//! Invariant: everything is generated from fixed seeds, so two builds are compared on the same work.
//! Absent on purpose: clocks; who measures brings his own.

// Each bench uses its part of the workloads.
#![allow(dead_code)]

pub mod batch;
pub mod desk;
pub mod frames;
pub mod history;
pub mod indicators;
pub mod market;
pub mod screen;
pub mod venue;
