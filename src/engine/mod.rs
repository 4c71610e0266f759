//! The engine room: for now only the ports through which it meets the doors.
//!
//! Invariant: nothing here opens, reads a clock or draws a random number.
//! Absent on purpose: the doors that implement the ports (`store`, `journal`).

pub mod ports;
