//! Contract only: by the widgets helper.
//!
//! Invariant: .
//! Absent on purpose: .
