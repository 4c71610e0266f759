//! The granary: Binance klines in Parquet, kept by month, read as a stream of bars or as columns, written whole; recorded
//! sessions of trades and order book, read as they came.
//!
//! Invariant: nothing a file holds can make this room panic; a file is either read to its last row or refused with a
//! sentence.
//! Absent on purpose: downloading (`binance::history`), and any memory of bars beyond one batch a symbol or one month.

mod archive;
pub mod buckets;
mod catalog;
pub mod check;
mod columns;
mod error;
mod guard;
pub mod import;
mod kline;
mod kline_file;
pub mod month;
mod mood_file;
mod outages;
mod parquet_rows;
mod reader;
pub mod scan;
pub mod session;
mod session_lines;
mod source;
mod staging;
mod writer;

pub use catalog::Catalog;
pub use columns::{Column, time_of_text};
pub use error::StoreError;
pub use guard::is_decoding;
pub use kline::{Interval, Kline, Market, Partition};
pub use kline_file::{symbol_of, symbol_of_text, symbols_of};
pub use mood_file::{MoodRow, read_moods};
pub use parquet_rows::Row;
pub use reader::ParquetBars;
pub use source::KlineSource;
pub use staging::Staging;
pub use writer::write_bars;
