//! The naive venue: the oracle of the fast one, every order in one list that is scanned from end to end.
//!
//! Invariant: the same calls give the same answers, events and balances as `Simulator`.
//! Absent on purpose: speed, bounds on memory, and code shared with `matching`.
