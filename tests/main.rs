//! The one test binary: each topic is a module.

mod cli;
mod config;
mod journal;
mod store;
mod tidy;
