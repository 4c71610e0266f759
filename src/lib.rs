//! Kestrel: a terminal workstation for automated one-minute trading on Binance.
//!
//! The rooms in reading order; each imports only from lower floors (`ARCHITECTURE.md`).

pub mod domain;

pub mod market;
pub mod performance;
pub mod protocol;
pub mod sentiment;
pub mod simulator;

pub mod engine;

pub mod binance;
pub mod exchange;
pub mod feeds;
pub mod inference;
pub mod journal;
pub mod runtime;
pub mod store;
pub mod telemetry;

pub mod report;
pub mod training;

pub mod tui;

pub mod app;
pub mod cli;
pub mod config;
