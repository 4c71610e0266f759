//! The one integration binary.

mod protocol;
mod protocol_wire;
