//! All tests of the house in one binary, a module for each topic.

mod binance_client;
mod cli;
mod config;
mod config_file;
mod determinism;
mod exchange_calls;
mod exchange_server;
mod journal;
mod market;
mod parity;
mod protocol;
mod protocol_catalogue;
mod protocol_rules;
mod protocol_wire;
mod race;
mod reference_cases;
mod scenarios;
mod screen_doors;
mod screens;
mod screens_widgets;
mod simulation;
mod store;
mod support;
mod telemetry;
mod tidy;
mod workstation;
