//! The granary: Binance klines in Parquet, read as a stream of bars and written whole.
//!
//! Invariant: nothing a file holds can make this room panic; a file is either read to its last row or refused with a
//! sentence.
//! Absent on purpose: downloading (`binance::history`), and any memory of bars beyond one batch a symbol.

mod error;
mod guard;
mod kline_file;
mod reader;
mod writer;

pub use error::StoreError;
pub use guard::is_decoding;
pub use kline_file::{symbol_of, symbols_of};
pub use reader::ParquetBars;
pub use writer::write_bars;
