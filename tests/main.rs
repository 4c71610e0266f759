//! The one integration binary; each topic is a module.
//!
//! Invariant: tests reach shared data only through KESTREL_DATA.
//! Absent on purpose: a second test binary; one links faster.

mod protocol_catalogue;
mod protocol_rules;
