//! Binance's protocol without a socket: what is sent and answered, how it is signed, weighed and refused.
//!
//! Invariant: client and local exchange build and read every message with the same types.
//! Absent on purpose: sockets, clocks and retries; `binance` and `exchange` own those.

pub mod answers;
pub mod book_sync;
pub mod errors;
pub mod filters;
pub mod params;
pub mod sign;
pub mod weights;

pub use errors::{Reaction, VenueError};
pub use params::Params;
