//! Recorded crashes and a calm month: what must be shown of the alarms.
//!
//! Thresholds were set on 2020-03 and 2023-09 to 2024-06; 2022-11 and 2024-07 to 2024-08 are held out.

use std::path::PathBuf;

use kestrel::app::regimes::{Recording, fit_regimes, judge};
use kestrel::config::regimes;
use kestrel::domain::Time;
use kestrel::market::regime::{RegimeModel, Scorecard};

use crate::data_verbs::{fails, told};
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
        scores.push(score);
    }
    let counts: Vec<usize> = scores.iter().map(|score| score.breaks.len()).collect();
    assert_eq!(counts, [14, 15, 6, 8, 16], "as many breaks as another program counted");
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
    assert_eq!(counts, [3, 4, 1, 3, 3], "as many breaks as another program counted");
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

#[test]
fn the_shipped_regimes_are_what_their_command_makes() {
    let mut recordings = Vec::new();
    for name in CRASHES.iter().chain(&YEARS) {
        let Some(file) = file(name) else { return skip_without_data() };
        recordings.push(Recording { files: vec![file], to: Some(HELD_OUT) });
    }
    let shipped = regimes();
    let fit = fit_regimes(&recordings, &shipped.command, &mut |_| {}).expect("recorded files").expect("a fit");
    assert_eq!((&fit.model.data, fit.model.penalty), (&shipped.data, shipped.penalty));
    // Another platform's logarithm may differ in the last bit.
    let numbers = |model: &RegimeModel| {
        let all = model.means.iter().chain(&model.deviations).chain(model.centres.iter().flatten());
        all.copied().collect::<Vec<f64>>()
    };
    for (made, shipped) in numbers(&fit.model).into_iter().zip(numbers(&shipped)) {
        assert!((made - shipped).abs() < 1e-3, "{made} and {shipped}");
    }
}

#[test]
fn the_verbs_fit_and_count_and_refuse_what_is_no_model() {
    let Some(calm) = file(CALM) else { return skip_without_data() };
    let calm = calm.to_str().expect("text");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let fit = ["data", "regimes", "--to", "2023-07-20", "--out", "own.json", "--data", calm];
    let made = told(folder, &fit);
    let text = std::fs::read_to_string(folder.join("own.json")).expect("the model");
    assert_eq!(made["model"], serde_json::from_str::<serde_json::Value>(&text).expect("JSON"));
    assert_eq!(made["model"]["data"][0]["bars"], 19 * 1_440);
    told(folder, &fit);
    assert_eq!(std::fs::read_to_string(folder.join("own.json")).expect("the model"), text, "a second fit is the same");
    let counted = told(folder, &["data", "events", calm, "--from", "2023-07-20", "--regimes", "own.json"]);
    assert_eq!((&counted["days"], &counted["breaks_in_time"]), (&12.0.into(), &0.into()));
    let shares = counted["regimes"].as_array().expect("regimes").iter().map(|regime| regime["share"].as_f64());
    assert!((shares.map(|share| share.expect("a share")).sum::<f64>() - 1.0).abs() < 1e-9);
    std::fs::write(folder.join("bad.json"), text.replace("penalty", "price")).expect("write");
    fails(folder, &["data", "events", calm, "--regimes", "bad.json"], 3, &["bad.json", "kestrel data regimes"]);
    fails(folder, &["data", "events", calm, "--from", "2024-01-01"], 3, &["--from"]);
    fails(folder, &["data", "regimes", "--data", calm, "--to", "2020-01-01", "--out", "no.json"], 3, &["--to"]);
    assert!(!folder.join("no.json").exists());
}
