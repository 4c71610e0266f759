//! `train sac`: an agent that learns in the engine what to hold, judged on bars that it has not seen, and installed.
//!
//! Invariant: interrupted, it ends with status 130 and the same command goes on to the same agent.
//! Absent on purpose: the way itself (`app::train_sac`); what is told of it (`words`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::Output;
use crate::cli::failure::Failure;
use crate::cli::globals::Globals;

#[derive(Debug, Clone, Args)]
pub struct SacArgs {
    /// Kline files (Parquet) or symbols of the catalogue to learn from
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Files that only judge, besides the newest part of --data
    #[arg(long, value_name = "FILE", num_args = 1..)]
    held_out: Vec<PathBuf>,
    /// Newest part of --data that only judges, in percent of time
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=80))]
    held_out_percent: u8,
    /// What is learnt: to trade, or to swing a pendulum up, the problem that learners are compared by, without any data
    #[arg(long, value_name = "NAME", default_value = "trading")]
    env: Problem,
    /// Decisions to learn from [default: 100000, with --env pendulum 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    steps: Option<u64>,
    /// Root of every random draw [default: 15]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Agents that are trained, with the next seeds; the one best on validation is kept and the card says how many there were
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    seeds: u16,
    /// A name to install it under, or a folder (with a / in it) to write it to; with --env pendulum a folder for checkpoint
    /// and curves
    #[arg(long, value_name = "NAME|DIR")]
    out: Option<String>,
    /// Width of both hidden layers, 8 to 1024 [default: 64, with --env pendulum 256]
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u16).range(8..=1024))]
    hidden: Option<u16>,
    /// Minutes between two decisions, 1 to 240
    #[arg(long, value_name = "MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=240))]
    every: u16,
    /// Episodes of the pendulum that the finished agent is judged by
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    eval_episodes: u32,
    /// What multiplies: a card is taken only where it was faster in a trial
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: DeviceName,
    /// Train on the past and judge on what follows, so many times, and print the table; nothing is installed
    #[arg(long, value_name = "FOLDS", value_parser = clap::value_parser!(u8).range(1..=24))]
    walk_forward: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Problem {
    Trading,
    Pendulum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DeviceName {
    Auto,
    Cpu,
    Cuda,
}

#[cfg(not(feature = "learn"))]
pub fn execute(_: &SacArgs, _: &Globals) -> Result<Output, Failure> {
    Err(Failure::Usage(super::WITHOUT_TRAINING.into()))
}

#[cfg(feature = "learn")]
pub fn execute(_args: &SacArgs, _globals: &Globals) -> Result<Output, Failure> {
    Err(Failure::Usage("agents are not trained yet".into()))
}
