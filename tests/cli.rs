//! The command line as a script sees it: status, one sentence on stderr, silence on stdout.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kestrel::domain::{Bar, Symbol, Time};
use kestrel::store::write_bars;

fn kestrel(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(arguments)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .env_remove("KESTREL_LOG")
        .output()
        .expect("the program starts")
}

/// Asserts the whole contract of a failure and that the sentence holds every given part.
fn fails(folder: &Path, arguments: &[&str], status: i32, parts: &[&str]) {
    let output = kestrel(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed to stdout");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {said:?} lacks {part:?}");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn settings(text: &str) -> tempfile::TempDir {
    let folder = folder();
    std::fs::write(folder.path().join("config.json"), text).expect("write");
    folder
}

fn whole_file(folder: &Path) -> PathBuf {
    minutes(folder.join("BTCUSDT-1m.parquet"), 0..1_000)
}

/// These minutes of one history as a file.
fn minutes(path: PathBuf, minutes: std::ops::Range<i64>) -> PathBuf {
    let bar = |i: i64| Bar {
        open_time: Time::from_millis(1_700_000_040_000 + i * 60_000),
        open: 100.0,
        high: 101.0,
        low: 99.0,
        close: 100.5,
        volume: 1.0,
    };
    let bars: Vec<Bar> = minutes.map(bar).collect();
    write_bars(&path, &Symbol::new("BTCUSDT"), &bars).expect("write");
    path
}

#[test]
fn settings_that_are_wrong_are_explained() {
    let cases = [
        (r#"{"invest_precent": 10}"#, "did you mean `invest_percent`?"),
        (r#"{"invest_percent": 250}"#, "`invest_percent` is 250, allowed is a number from 0 to 100"),
        ("{\n  \"speed\": 60,\n}", "config.json: line 3, column"),
        ("", "config.json: line 1"),
    ];
    for (text, part) in cases {
        let folder = settings(text);
        for verb in [&["run", "--headless"][..], &["exchange"], &["backtest", "--data", "x.parquet"]] {
            fails(folder.path(), verb, 2, &["config.json", part]);
        }
    }
}

#[test]
fn a_settings_file_that_was_named_must_exist() {
    fails(folder().path(), &["--config", "mine.json", "run", "--headless"], 2, &["mine.json", "--config"]);
}

#[test]
fn data_that_cannot_be_read_is_explained() {
    let folder = folder();
    let path = whole_file(folder.path());
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(folder.path().join("cut.parquet"), &whole[..whole.len() / 2]).expect("write");
    std::fs::write(folder.path().join("empty.parquet"), b"").expect("write");
    std::fs::write(folder.path().join("notes.parquet"), b"not klines").expect("write");
    let cases = [
        ("absent.parquet", "there is no such file"),
        ("empty.parquet", "empty (0 bytes)"),
        ("cut.parquet", "cut off"),
        ("notes.parquet", "not a Parquet file"),
    ];
    for (name, part) in cases {
        for verb in [&["backtest", "--data"][..], &["run", "--headless", "--data"], &["--headless", "--data"]] {
            let arguments: Vec<&str> = verb.iter().copied().chain([name]).collect();
            fails(folder.path(), &arguments, 3, &[name, part]);
        }
    }
    fails(folder.path(), &["replay", "absent.journal"], 3, &["absent.journal"]);
}

/// Overwrites the first page, behind the magic: a column that every verb reads.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[4..68].fill(0xff);
    std::fs::write(path, bytes).expect("write");
}

#[test]
fn damage_inside_a_file_is_told_without_the_words_of_a_library_panic() {
    let folder = folder();
    let path = whole_file(folder.path());
    damage(&path);
    fails(folder.path(), &["backtest", "--data", "BTCUSDT-1m.parquet"], 3, &["BTCUSDT-1m.parquet"]);
}

#[test]
fn a_run_whose_market_breaks_off_is_no_success() {
    let folder = folder();
    let whole = whole_file(folder.path());
    let later = minutes(folder.path().join("BTCUSDT-1m-later.parquet"), 1_000..10_000);
    damage(&later);
    let data = ["--data", whole.to_str().expect("text"), later.to_str().expect("text")];
    let output = kestrel(folder.path(), &[&["run", "--headless", "--speed", "max", "--json"][..], &data].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(3), true), "{said}");
    assert!(said.lines().last().is_some_and(|last| last.contains("BTCUSDT-1m-later.parquet")), "{said}");
}

#[test]
fn words_the_program_does_not_know_get_a_suggestion() {
    let folder = folder();
    fails(folder.path(), &["bactest"], 2, &["bactest", "did you mean 'backtest'?"]);
    fails(folder.path(), &["run", "--headles"], 2, &["--headles", "did you mean '--headless'?"]);
    fails(folder.path(), &["xyzzy"], 2, &["xyzzy", "--help"]);
    fails(folder.path(), &["run", "--speed", "-3"], 2, &["--speed", "above 0"]);
    fails(folder.path(), &["run", "--bars", "0"], 2, &["--bars"]);
    fails(folder.path(), &["run", "--mode", "dmeo"], 2, &["--mode", "demo"]);
    fails(folder.path(), &["backtest"], 2, &["--data"]);
    fails(folder.path(), &["replay"], 2, &["JOURNAL"]);
}

#[test]
fn modes_with_real_markets_are_refused() {
    for mode in ["paper", "testnet", "live"] {
        fails(folder().path(), &["run", "--mode", mode], 5, &[mode, "kill switch"]);
        fails(folder().path(), &["--json", "--mode", mode], 5, &[mode]);
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    let folder = folder();
    for (arguments, part) in [
        (&["--help"][..], "backtest"),
        (&["--version"], "kestrel "),
        (&["run", "-h"], "--seed"),
        (&["backtest", "--help"], r#"{"grid": {"trend_fast""#),
    ] {
        let output = kestrel(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(part), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
    assert!(!folder.path().join("home").exists(), "asking for help leaves no trace");
}

#[test]
fn without_a_terminal_there_is_no_screen() {
    let folder = folder();
    for arguments in [&[][..], &["run"], &["run", "--bars", "5"]] {
        fails(folder.path(), arguments, 2, &["stdout is not a terminal", "--headless"]);
    }
    fails(folder.path(), &["run", "--json"], 2, &["--headless"]);
    // Nothing was begun.
    assert!(!folder.path().join("home").exists());
}

#[test]
fn a_picture_of_the_screen_is_made_without_a_terminal() {
    let folder = folder();
    let make = |name: &str| {
        let output = kestrel(folder.path(), &["run", "--screenshot", name, "--size", "100x30", "--bars", "300"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(folder.path().join(name)).expect("a picture")
    };
    let picture = make("one.svg");
    for part in ["<svg", "DEMO", "Balances", "Win rate", "BTCUSDT"] {
        assert!(picture.contains(part), "{part}");
    }
    assert_eq!(picture, make("two.svg"), "the same seed gives the same picture");
    for (arguments, part) in [
        (&["run", "--screenshot", "x.svg"][..], "--bars"),
        (&["run", "--screenshot", "x.svg", "--bars", "5", "--size", "79x24"], "80x24"),
        (&["run", "--screenshot", "x.svg", "--bars", "5", "--size", "wide"], "WIDTHxHEIGHT"),
    ] {
        fails(folder.path(), arguments, 2, &[part]);
    }
    fails(folder.path(), &["run", "--screenshot", "no/such/folder/x.svg", "--bars", "5"], 3, &["cannot be written"]);
}
