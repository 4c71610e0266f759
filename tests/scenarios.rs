//! The engine stepped directly with scripted inputs: one scenario for each thing that can go wrong on the way of an order.
//!
//! Invariant: a scenario is named by what the engine must do, and says each of the venue's words itself.
//! Absent on purpose: the simulator; here the venue may lie, repeat itself, come late or fall silent.

mod accounts;
mod cancels;
mod controls;
mod everything;
mod flows;
mod guarded;
mod histories;
mod orders;
mod parents;
mod previews;
mod properties;
mod replaces;
mod table;
mod venue;
