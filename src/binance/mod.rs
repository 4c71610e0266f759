//! The client of Binance's venue: REST, market stream, and one WebSocket-API connection for orders and account events.
//!
//! Invariant: an order is written to a socket at most once; whatever is not known for certain is `Outcome::Unknown`.
//! Absent on purpose: any trading decision, and TLS: until the feature `venue` is finished, venues are on this machine.
//!
//! The order of use: [`Rest`] for rules and history, [`connect`] for both sockets, then [`Connected::start`] with the
//! queues of the driver.

pub mod archive;
pub mod backoff;
mod connection;
pub mod credentials;
pub mod endpoints;
pub mod error;
mod gateway;
pub mod history;
mod in_flight;
pub mod limiter;
mod line;
mod market_stream;
mod outcome;
pub mod rest;
mod socket;
mod symbols;
mod tls;
mod user_stream;

pub use connection::{Connected, Pace, Plan, Running, Timing, connect};
pub use credentials::Credentials;
pub use endpoints::{EndpointError, Endpoints};
pub use error::Error;
pub use history::History;
pub use limiter::Limiter;
pub use rest::Rest;
