//! Our orders: each order this session sent, from the moment before it is sent until it is closed.
//!
//! Invariant: an order is registered before its `Submit` effect exists, so any order of arrival of answer and reports works.
//! Absent on purpose: deciding what to order (`engine::desk`) and whether it may be sent (`engine::risk`).

pub mod state;
pub mod transition;

pub use state::{Order, OrderState, Orders, Purpose};
pub use transition::{OrderEvent, transition};
