//! `kestrel data` as a script sees it: real files in and checked, bad input refused with the catalogue as it was, fetching.

mod archive;
mod bad_input;
mod fetch;
mod fills;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::support;

pub fn kestrel(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(arguments)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .env_remove("KESTREL_LOG")
        .output()
        .expect("the program starts")
}

/// The JSON of a verb that ends well and says nothing else.
pub fn told(folder: &Path, arguments: &[&str]) -> Value {
    let output = kestrel(folder, &[arguments, &["--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    serde_json::from_str(&text).expect("one JSON object")
}

/// Asserts the whole contract of a failure; the sentence holds every given part.
pub fn fails(folder: &Path, arguments: &[&str], status: i32, parts: &[&str]) {
    let output = kestrel(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed to stdout");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {said:?} lacks {part:?}");
    }
}

/// Every file below a folder with its bytes, hidden ones included.
pub fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).expect("read"));
            }
        }
    }
    found
}

/// Binance's archive rows without a header: 2024-01-31 23:50 on, in ms, or in us as from 2025 on.
pub fn archive(rows: i64, in_micros: bool) -> String {
    let unit = if in_micros { 1_000 } else { 1 };
    let row = |at: i64| {
        let open = (1_706_745_000_000 + at * 60_000) * unit;
        let close = open + 60_000 * unit - 1;
        let last = 100 + at % 7;
        format!("{open},100.5,110.00000000,99.0,{last}.25,{at}.5,{close},{at}000.125,{at},{at}.25,{at}00.5,0\n")
    };
    (0..rows).map(row).collect()
}

/// The kline files and what their README states: rows, gaps as (after, before, missing), zero-volume bars.
type Known = (&'static str, u64, Option<(i64, i64, u64)>, u64);
const COVID: Option<(i64, i64, u64)> = Some((1_583_313_660_000, 1_583_321_400_000, 128));
const REAL: [Known; 13] = [
    ("BTCUSDT-spot-1m-2023-09-01_2024-08-31", 527_040, None, 0),
    ("ETHUSDT-spot-1m-2023-09-01_2024-08-31", 527_040, None, 0),
    ("SUIUSDT-spot-1m-2024-01-01_2024-08-31", 351_360, None, 37),
    ("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash", 44_512, COVID, 0),
    ("ETHUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash", 44_512, COVID, 0),
    ("BTCUSDT-spot-1m-2022-11-01_2022-11-30-ftx", 43_200, None, 0),
    ("ETHUSDT-spot-1m-2022-11-01_2022-11-30-ftx", 43_200, None, 0),
    ("BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm", 44_640, None, 0),
    ("BTCUSDT-spot-1m-2021-04-24_2021-04-26-gap", 4_036, Some((1_619_323_200_000, 1_619_340_300_000, 284)), 0),
    ("NEARUSDT-um-1m-2023-08_2023-10", 132_480, None, 271),
    ("NEARUSDT-um-1m-2024-06", 43_200, None, 0),
    ("BTCUSDT-spot-1m-2026-02-01_2026-03-31", 84_960, None, 0),
    ("NEARUSDT-um-1m-2026-02", 40_320, None, 0),
];

#[test]
fn real_files_are_checked_imported_and_traded_and_their_gaps_are_those_of_their_readme() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut files = Vec::new();
    for (name, ..) in REAL {
        let Some(path) = support::data_file(&format!("klines/{name}.parquet")) else {
            return support::skip_without_data();
        };
        files.push(path.to_str().expect("text").to_owned());
    }
    let mut listed: Vec<Value> = Vec::new();
    for (file, (name, rows, gap, zero)) in files.iter().zip(REAL) {
        let found = told(folder, &["data", "check", file]);
        let gaps: Vec<Value> = gap
            .iter()
            .map(|(after, before, missing)| json!({"after": after, "before": before, "missing": missing}))
            .collect();
        assert_eq!(found["gaps"], Value::from(gaps.clone()), "{name}");
        assert_eq!(found["rows"], rows, "{name}");
        assert_eq!(found["zero_volume"], zero, "{name}");
        for none in ["duplicates", "ohlc_violations", "unsorted"] {
            assert_eq!(found[none], 0, "{name}: {none}");
        }
        assert_eq!(found["outages"].as_array().map(Vec::len), Some(gaps.len()), "{name}: the outage is named");
        listed.extend(gaps);
    }
    let all: Vec<&str> = files.iter().map(String::as_str).collect();
    let report = told(folder, &[&["data", "import"], all.as_slice()].concat());
    let rows: u64 = REAL.iter().map(|(_, rows, ..)| rows).sum();
    let added = report["files"].as_array().expect("files").iter().map(|file| file["added"].as_u64().unwrap_or(0));
    assert_eq!(added.sum::<u64>(), rows);
    assert_eq!(report["files"][9]["market"], "um");
    let again = told(folder, &["data", "import", &files[8]]);
    assert_eq!((&again["files"][0]["added"], &again["files"][0]["known"]), (&json!(0), &json!(4_036)));
    // The whole catalogue: each gap within a file, and those between files that lie far apart.
    let catalog = told(folder, &["data", "check"]);
    for history in catalog["files"].as_array().expect("four histories") {
        assert_eq!(history["duplicates"], 0);
        let rest = history["gaps"].as_array().expect("gaps").iter().filter(|gap| !listed.contains(gap));
        assert!(rest.clone().all(|gap| gap["missing"].as_u64() > Some(40_000)), "{history}");
    }
    for symbol in ["BTCUSDT", "ETHUSDT", "SUIUSDT", "um/NEARUSDT"] {
        let result = told(folder, &["backtest", "--data", symbol, "--bars", "3000"]);
        assert_eq!((&result["bars"], &result["symbols"]), (&json!(3_000), &json!([symbol.trim_start_matches("um/")])));
    }
    fails(folder, &["data", "check", "--strict", all[8]], 3, &["1 gaps (284 bars missing)", "gap.parquet"]);
    assert_eq!(
        kestrel(folder, &["data", "check", "--strict", all[2]]).status.code(),
        Some(0),
        "a thin market is whole"
    );
}

#[test]
fn a_symbol_of_the_catalogue_trades_like_the_file_it_came_from() {
    let name = "klines/BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet";
    let Some(path) = support::data_file(name) else { return support::skip_without_data() };
    let folder = tempfile::tempdir().expect("a folder");
    let path = path.to_str().expect("text");
    told(folder.path(), &["data", "import", path]);
    let of_file = told(folder.path(), &["backtest", "--data", path]);
    let of_symbol = told(folder.path(), &["backtest", "--data", "BTCUSDT"]);
    assert_eq!(of_file["state_hash"], of_symbol["state_hash"]);
    assert_eq!(of_file["bars"], 44_512);
    fails(folder.path(), &["backtest", "--data", "ETHUSDT"], 3, &["ETHUSDT", "spot/BTCUSDT"]);
}

#[test]
fn archives_with_and_without_header_in_ms_and_us_are_the_same_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,\
                  taker_buy_quote_volume,ignore\n";
    let zipped = |name: &str, text: &str| {
        let mut zip = zip::ZipWriter::new(std::fs::File::create(folder.join(name)).expect("create"));
        let inside = name.replace(".zip", ".csv");
        zip.start_file(inside, zip::write::SimpleFileOptions::default()).expect("an entry");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("write");
        zip.finish().expect("finish");
    };
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("write");
    write("BTCUSDT-1m-ms.csv", archive(30, false));
    write("BTCUSDT-1m-us.csv", archive(30, true));
    write("BTCUSDT-1m-header.csv", format!("{header}{}", archive(30, false)));
    zipped("BTCUSDT-1m-zip.zip", &archive(30, true));
    let first = told(folder, &["data", "import", "BTCUSDT-1m-ms.csv"]);
    assert_eq!((&first["months"], &first["files"][0]["added"]), (&json!(2), &json!(30)));
    for name in ["BTCUSDT-1m-us.csv", "BTCUSDT-1m-header.csv", "BTCUSDT-1m-zip.zip"] {
        let report = told(folder, &["data", "import", name]);
        assert_eq!((&report["files"][0]["known"], &report["months"]), (&json!(30), &json!(0)), "{name}");
    }
    let bare = folder.join("klines.csv");
    std::fs::write(&bare, archive(5, false)).expect("write");
    fails(folder, &["data", "import", "klines.csv"], 3, &["klines.csv", "symbol"]);
    let report = told(folder, &["data", "import", "klines.csv", "--symbol", "ETHUSDT", "--market", "um"]);
    assert_eq!((&report["files"][0]["market"], &report["files"][0]["symbol"]), (&json!("um"), &json!("ETHUSDT")));
}

#[test]
fn findings_of_every_kind_are_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let row = |minute: i64, seconds: i64, prices: &str, volume: &str| {
        format!("{},{prices},{volume}\n", 1_704_067_200_000 + minute * 60_000 + seconds * 1_000)
    };
    let good = "2,3,1,2.5";
    let text = ["time,open,high,low,close,volume\n".to_owned()]
        .into_iter()
        .chain([
            row(0, 0, good, "1"),
            row(0, 0, good, "1"),
            row(1, 0, "2,3,2.5,2.5", "0"),
            row(2, 0, good, "0"),
            row(5, 30, good, "1"),
            row(6, 0, "NaN,3,1,2", "0"),
            row(7, 0, good, "-1"),
            row(8, 0, "2,3,1,", "1"),
        ])
        .collect::<String>();
    std::fs::write(folder.path().join("BTCUSDT.csv"), text).expect("write");
    let found = told(folder.path(), &["data", "check", "BTCUSDT.csv"]);
    let minute = |at: i64| 1_704_067_200_000 + at * 60_000;
    assert_eq!(found["rows"], 8);
    assert_eq!((&found["first"], &found["last"]), (&json!(minute(0)), &json!(minute(8))));
    let gap = json!([{"after": minute(2), "before": minute(5) + 30_000, "missing": 2}]);
    assert_eq!(found["gaps"], gap);
    let counts = ["duplicates", "off_grid", "ohlc_violations", "zero_volume", "zero_volume_runs"];
    assert_eq!(counts.map(|name| found[name].as_u64()), [1, 1, 4, 3, 2].map(Some));
    // Out of order: what is missing is missing all the same.
    let shuffled = [3, 0, 1, 6, 4].map(|at| row(at, 0, good, "1")).concat();
    let shuffled = format!("time,open,high,low,close,volume\n{shuffled}");
    std::fs::write(folder.path().join("ETHUSDT.csv"), shuffled).expect("write");
    let found = told(folder.path(), &["data", "check", "ETHUSDT.csv"]);
    assert_eq!(found["unsorted"], 2);
    let gaps = json!([
        {"after": minute(1), "before": minute(3), "missing": 1},
        {"after": minute(4), "before": minute(6), "missing": 1},
    ]);
    assert_eq!(found["gaps"], gaps);
    fails(folder.path(), &["data", "check", "ETHUSDT.csv", "--strict"], 3, &["2 gaps", "2 unsorted"]);
}

#[test]
fn a_history_is_shown_as_a_chart_and_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("BTCUSDT-1m.csv"), archive(300, false)).expect("write");
    told(folder.path(), &["data", "import", "BTCUSDT-1m.csv"]);
    let output = kestrel(folder.path(), &["data", "show", "BTCUSDT"]);
    let text = String::from_utf8_lossy(&output.stdout);
    for part in ["300 bars", "█", "│", "2024-01-31 23:50", "open", "2024-02-01 0"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let hour = ["data", "show", "BTCUSDT", "--from", "2024-02-01", "--to", "2024-02-01T01:00"];
    let shown = told(folder.path(), &hour);
    assert_eq!((&shown["bars"], &shown["candle_minutes"]), (&json!(60), &json!(1)));
    fails(folder.path(), &["data", "show", "BTCUSDT", "--from", "2025-01-01"], 3, &["BTCUSDT", "--from"]);
    fails(folder.path(), &["data", "show", "BTCUSDT", "--from", "soon"], 2, &["soon", "2024-01-31"]);
}
