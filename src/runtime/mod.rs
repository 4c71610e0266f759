//! The drivers: they bring inputs to the engine and carry its effects out.
//!
//! Invariant: a driver decides nothing; live, backtest and replay differ only in where inputs come from.
//! Absent on purpose: sockets (`binance`), files (`store`, `journal`) and the person's terminal.

pub mod backtest;
pub mod clock;
pub mod dispatch;
pub mod execution_report;
pub mod explanation;
pub mod live;
pub mod lookahead;
mod moods;
pub mod paced;
pub mod record;
pub mod recorder;
pub mod replay;
pub mod retelling;
pub mod run;
pub mod sweep;
pub mod wires;

pub use record::Record;
pub use recorder::{Recorder, Recording};
pub use run::{Finished, Run};
