//! The engine's own books: cash, positions, realised and unrealised PnL.
//!
//! Invariant: realised + unrealised PnL = change of equity, to the last digit of 1e-16.
//! Absent on purpose: the venue's ledger (`simulator`), against which these books are checked.

pub mod balances;
pub mod position;

pub use balances::Portfolio;
pub use position::Position;
