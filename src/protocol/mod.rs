//! Binance's protocol without a socket: messages, their parsing and printing, signatures, filters, weights and errors.
//!
//! Invariant: client and local exchange build and read each message through the same struct.
//! Absent on purpose: sockets, clocks, retries and keys (`binance`, `exchange`), and any decision.
//! Source: Binance spot API docs (rest-api.md, web-socket-api.md, web-socket-streams.md, user-data-stream.md).

pub mod answers;
pub mod book_sync;
pub mod convert;
pub mod errors;
pub mod filters;
pub mod messages;
pub mod params;
pub mod parse;
pub mod replacement;
pub mod requests;
pub mod sign;
pub mod weights;

pub use errors::{Reaction, VenueError};
pub use params::Params;
