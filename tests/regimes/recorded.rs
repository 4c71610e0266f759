//! Recorded crashes and a calm month: what must be shown of the alarms.
//!
//! Thresholds were set on 2020-03 and 2023-09 to 2024-06; 2022-11 and 2024-07 to 2024-08 are held out.

use std::path::PathBuf;

use kestrel::app::regimes::{Recording, judge};
use kestrel::config::regimes;
use kestrel::domain::Time;
use kestrel::market::regime::Scorecard;

use crate::support::{data_file, skip_without_data};

/// 2024-07-01 00:00 UTC.
const HELD_OUT: Time = Time(1_719_792_000_000_000);

const CRASHES: [&str; 2] =
    ["BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash", "ETHUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash"];
const HELD_OUT_CRASHES: [&str; 2] =
    ["BTCUSDT-spot-1m-2022-11-01_2022-11-30-ftx", "ETHUSDT-spot-1m-2022-11-01_2022-11-30-ftx"];
const YEARS: [&str; 3] = [
    "BTCUSDT-spot-1m-2023-09-01_2024-08-31",
    "ETHUSDT-spot-1m-2023-09-01_2024-08-31",
    "SUIUSDT-spot-1m-2024-01-01_2024-08-31",
];
const CALM: &str = "BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm";

fn file(name: &str) -> Option<PathBuf> {
    data_file(&format!("klines/{name}.parquet"))
}

fn score(name: &str, from: Option<Time>, to: Option<Time>) -> Option<Scorecard> {
    let recording = Recording { files: vec![file(name)?], to };
    let score = judge(&recording, from.unwrap_or(Time(i64::MIN)), &regimes(), &mut |_| {}).expect("a recorded file");
    println!(
        "{name}: {:.0} days, {} of {} breaks in time, median delay {:?} minutes, {:.3} crash alarms a day",
        score.days(),
        score.in_time(),
        score.breaks.len(),
        score.median_delay(),
        score.crash_alarms.len() as f64 / score.days()
    );
    Some(score)
}

/// At least 95 of 100 breaks, and at least `least` of them in all.
fn assert_in_time(scores: &[Scorecard], least: usize) {
    let breaks: usize = scores.iter().map(|score| score.breaks.len()).sum();
    let in_time: usize = scores.iter().map(Scorecard::in_time).sum();
    assert!(breaks >= least, "only {breaks} breaks were found");
    assert!(in_time * 100 >= breaks * 95, "{in_time} of {breaks} breaks were told in time");
}

#[test]
fn crashes_of_the_fitted_months_are_told_in_time() {
    let mut scores = Vec::new();
    for (name, to) in CRASHES.iter().map(|name| (name, None)).chain(YEARS.iter().map(|name| (name, Some(HELD_OUT)))) {
        let Some(score) = score(name, None, to) else { return skip_without_data() };
        // Counted once by another program: that the figure is about the same question.
        scores.push(score);
    }
    let counts: Vec<usize> = scores.iter().map(|score| score.breaks.len()).collect();
    assert_eq!(counts, [14, 15, 6, 8, 16], "breaks as a plain count over the closes finds them");
    assert_in_time(&scores, 59);
}

#[test]
fn crashes_of_the_held_out_months_are_told_in_time() {
    let mut scores = Vec::new();
    let years = YEARS.iter().map(|name| (name, Some(HELD_OUT)));
    for (name, from) in HELD_OUT_CRASHES.iter().map(|name| (name, None)).chain(years) {
        let Some(score) = score(name, from, None) else { return skip_without_data() };
        scores.push(score);
    }
    let counts: Vec<usize> = scores.iter().map(|score| score.breaks.len()).collect();
    assert_eq!(counts, [3, 4, 1, 3, 3], "breaks as a plain count over the closes finds them");
    assert_in_time(&scores, 14);
}

#[test]
fn a_calm_month_is_calm() {
    let Some(score) = score(CALM, None, None) else { return skip_without_data() };
    assert_eq!(score.breaks.len(), 0);
    let alarms = score.crash_alarms.len() as f64;
    assert!(alarms <= 0.2 * score.days(), "{alarms} crash alarms in {} days", score.days());
    // Regimes and events live: none is always on, none floods.
    assert!((0.5..6.0).contains(&(score.switches as f64 / score.days())), "{} switches", score.switches);
    assert!(score.alarms.iter().all(|count| (*count as f64) < 4.0 * score.days()), "{:?}", score.alarms);
    let calm = score.regimes[0].bars as f64 / score.bars as f64;
    assert!((0.4..0.95).contains(&calm), "calm for {calm}");
}
