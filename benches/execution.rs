//! The execution race: adaptive parents against always-market, plain TWAP and plain VWAP.
//!
//! `cargo bench --bench execution [-- recorded|generated] [SEEDS]`; `KESTREL_DATA` leads to the recorded books.
//! Invariant: the same seeds and recordings print the same table.
//! Absent on purpose: timing.

#[path = "execution/contest.rs"]
mod contest;
#[path = "execution/generated.rs"]
mod generated;
#[path = "execution/heats.rs"]
mod heats;
#[path = "execution/tape.rs"]
mod tape;
#[path = "execution/verdict.rs"]
mod verdict;

use std::path::PathBuf;

use kestrel::config::rules_for;
use kestrel::domain::Span;
use kestrel::store::session::Session;
use rayon::prelude::*;

use tape::Tape;
use verdict::{Race, print};

/// Seeds of each kind: half of them choose, half judge.
const SEEDS: u64 = 400;
const RECORDINGS: [&[&str]; 2] =
    [&["ws-spot-btcusdt-20240808T2354.gz", "ws-spot-btcusdt-20240809T0000.gz"], &["ws-spot-ethusdt-20240808T2354.gz"]];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let seeds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SEEDS);
    let is_wanted = |kind: &str| words.iter().all(|word| word.parse::<u64>().is_ok() || word == kind);
    if is_wanted("recorded") {
        match std::env::var_os("KESTREL_DATA") {
            Some(folder) => recorded(&PathBuf::from(folder).join("ticks"), seeds),
            None => println!("recorded books are left out: KESTREL_DATA is not set"),
        }
    }
    if is_wanted("generated") {
        let all: Vec<_> = (0..seeds).into_par_iter().map(|seed| (seed, heats::hour(seed))).collect();
        let mut race = Race::default();
        all.iter().for_each(|(seed, outcomes)| race.add(*seed, outcomes));
        print("Generated books, 60 minutes, basis points with fees of 10 a side", &race);
    }
}

fn recorded(folder: &std::path::Path, seeds: u64) {
    let tapes: Vec<Tape> = RECORDINGS.iter().map(|files| tape(folder, files)).collect();
    let one = |seed: u64| -> Vec<_> { tapes.iter().map(|tape| heats::recorded(seed, tape)).collect() };
    let all: Vec<_> = (0..seeds).into_par_iter().map(|seed| (seed, one(seed))).collect();
    let mut race = Race::default();
    all.iter().for_each(|(seed, tapes)| tapes.iter().for_each(|outcomes| race.add(*seed, outcomes)));
    print("Recorded books of BTCUSDT and ETHUSDT, 3 minutes, basis points with fees of 10 a side", &race);
}

fn tape(folder: &std::path::Path, files: &[&str]) -> Tape {
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let mut session = Session::open(&paths).expect("a recorded session");
    let mut inputs = Vec::new();
    while let Some(input) = session.next_input().expect("a whole session") {
        inputs.push(input);
    }
    let symbol = session.symbol().expect("a session has a symbol").clone();
    Tape::new(rules_for(&symbol), inputs, Span::from_seconds(10))
}
