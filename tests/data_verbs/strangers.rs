//! What a stranger does: other names of files, other lengths of bars, damaged months, Ctrl-C, a typo in an option.

use std::path::Path;

use kestrel::domain::{Bar, Symbol, Time};
use kestrel::store::write_bars;
use serde_json::json;

use super::{archive, content, fails, judged, kestrel, told};

const HEADER: &str = "time,open,high,low,close,volume\n";

/// Rows with a header and no end of a bar, `step` minutes apart.
fn plain(rows: i64, step: i64) -> String {
    let row = |at: i64| format!("{},2,3,1,2.5,{at}\n", 1_706_745_000_000 + at * step * 60_000);
    HEADER.to_owned() + &(0..rows).map(row).collect::<String>()
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), text).expect("write");
}

#[test]
fn an_option_fills_in_what_a_file_does_not_tell_and_contradicts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "BTCUSDT-um-1m.csv", archive(5, false));
    let import = |more: &[&'static str]| [&["data", "import", "BTCUSDT-um-1m.csv"], more].concat();
    fails(folder, &import(&["--symbol", "ETHUSDT"]), 3, &["BTCUSDT-um-1m.csv", "BTCUSDT", "--symbol says ETHUSDT"]);
    fails(folder, &import(&["--market", "spot"]), 3, &["is um", "--market says spot; leave --market out"]);
    assert!(content(&folder.join("home/data")).is_empty());
    let report = told(folder, &import(&["--symbol", "BTCUSDT", "--market", "um"]));
    assert_eq!(report["files"][0]["rows"], 5, "the same once more is no contradiction");
}

#[test]
fn base_and_quote_in_two_words_are_one_symbol() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let names = [
        ("BTC_USDT-1m.csv", "BTCUSDT"),
        ("ETH-BTC-1m.csv", "ETHBTC"),
        ("SOL_USDT_USDT-1m-futures.csv", "SOLUSDT"),
        ("BTCUSDT-1m-2024-01.csv", "BTCUSDT"),
        ("ADA_late.csv", "ADA"),
    ];
    for (name, symbol) in names {
        write(folder, name, archive(5, false));
        assert_eq!(told(folder, &["data", "import", name])["files"][0]["symbol"], symbol, "{name}");
    }
}

#[test]
fn longer_bars_that_say_nothing_of_their_length_are_not_taken_as_minutes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "BTCUSDT.csv", plain(20, 5));
    fails(folder, &["data", "import", "BTCUSDT.csv"], 3, &["BTCUSDT.csv", "5m apart", "allowed is 1m", "state it"]);
    let found = told(folder, &["data", "check", "BTCUSDT.csv"]);
    assert!(found["error"].as_str().is_some_and(|error| error.contains("5m apart")), "{found}");
    write(folder, "BTCUSDT-5m.csv", plain(20, 5));
    assert_eq!(told(folder, &["data", "import", "BTCUSDT-5m.csv"])["files"][0]["interval"], "5m");
    for verb in [["data", "show", "BTCUSDT"], ["backtest", "--data", "BTCUSDT"]] {
        fails(folder, &verb, 3, &["it holds spot/BTCUSDT 5m"]);
    }
    // Two rows prove nothing, and one minute among hours is enough.
    write(folder, "ETHUSDT.csv", plain(2, 5));
    write(folder, "BNBUSDT.csv", plain(2, 1) + "1706749200000,2,3,1,2.5,1\n");
    told(folder, &["data", "import", "ETHUSDT.csv", "BNBUSDT.csv"]);
}

#[test]
fn a_damaged_month_says_how_it_is_mended_and_hides_no_other_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "BTCUSDT-1m.csv", archive(30, false));
    write(folder, "ETHUSDT-1m.csv", archive(30, false));
    told(folder, &["data", "import", "BTCUSDT-1m.csv", "ETHUSDT-1m.csv"]);
    let month = folder.join("home/data/spot/klines/BTCUSDT/1m/2024-02.parquet");
    let whole = std::fs::read(&month).expect("read");
    std::fs::write(&month, &whole[..whole.len() / 2]).expect("write");
    let remedy = "remove the file, then import or fetch its month again";
    for verb in [["data", "import", "BTCUSDT-1m.csv"], ["backtest", "--data", "BTCUSDT"]] {
        fails(folder, &verb, 3, &["2024-02.parquet", remedy]);
    }
    let found = told(folder, &["data", "check"]);
    let [bitcoin, damaged, ether] = found["files"].as_array().expect("a list").as_slice() else { panic!("{found}") };
    assert_eq!((&bitcoin["rows"], &ether["rows"], &ether["duplicates"]), (&json!(10), &json!(30), &json!(0)));
    assert!(damaged["file"].as_str().is_some_and(|file| file.ends_with("2024-02.parquet")), "{damaged}");
    assert!(damaged["error"].as_str().is_some_and(|error| error.contains(remedy)), "{damaged}");
    assert_eq!(judged(folder, &["data", "check", "--strict"], &["2024-02.parquet", "cut off"]), found);
    std::fs::remove_file(&month).expect("remove");
    assert_eq!(told(folder, &["data", "import", "BTCUSDT-1m.csv"])["files"][0]["added"], 20);
    assert_eq!(kestrel(folder, &["data", "check", "--strict"]).status.code(), Some(0));
    // A file from elsewhere; a name that is mistyped is no finding.
    write(folder, "ETHUSDT-cut.zip", b"PK\x03\x04half an archive");
    let found = told(folder, &["data", "check", "ETHUSDT-cut.zip", "BTCUSDT-1m.csv"]);
    assert!(found["files"][0]["error"].as_str().is_some_and(|error| !error.contains("Parquet")), "{found}");
    assert_eq!(found["files"][1]["rows"], 30);
    fails(folder, &["data", "check", "BTCUSDT-1m.csv", "absent.csv"], 3, &["absent.csv", "no such file"]);
}

#[test]
fn a_file_out_of_order_is_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("BTCUSDT-1m.parquet");
    let bar = |at: i64| Bar {
        open_time: Time::from_millis(1_706_745_000_000 + at * 60_000),
        open: 100.0,
        high: 101.0,
        low: 99.0,
        close: 100.5,
        volume: 1.0,
    };
    write_bars(&path, &Symbol::new("BTCUSDT"), &[bar(0), bar(1), bar(2)]).expect("write");
    swap_times(&path);
    fails(
        folder.path(),
        &["data", "show", "BTCUSDT-1m.parquet"],
        3,
        &["BTCUSDT-1m.parquet", "after a later one", "sort"],
    );
}

/// Writes a file again with its rows in the other order.
fn swap_times(path: &Path) {
    let file = std::fs::File::open(path).expect("open");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("a reader");
    let batch = reader.build().expect("a reader").next().expect("a batch").expect("rows");
    let rows = batch.num_rows();
    let parts: Vec<_> = (0..rows).rev().map(|at| batch.slice(at, 1)).collect();
    let file = std::fs::File::create(path).expect("create");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    parts.iter().for_each(|part| writer.write(part).expect("write"));
    writer.close().expect("close");
}

#[cfg(unix)]
#[test]
fn an_interrupted_import_leaves_nothing_and_parts_of_dead_programs_are_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "BTCUSDT-1m.csv", archive(8, false));
    told(folder, &["data", "import", "BTCUSDT-1m.csv"]);
    let before = content(&folder.join("home"));
    // No program has this number: Linux counts to 2^22.
    let kept = folder.join("home/data/spot/klines/BTCUSDT/1m");
    let left = kept.join(".2024-01.parquet.4194999.partial");
    std::fs::write(&left, "half a month").expect("write");
    std::fs::write(kept.join(".2024-01.parquet.4194999.old"), "a month").expect("write");
    write(folder, "BTCUSDT-long.csv", archive(40_000, false));
    let mut arguments = vec!["data", "import"];
    arguments.extend(["BTCUSDT-long.csv"; 300]);
    let mut running = std::process::Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(arguments)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let own = format!(".{}.partial", running.id());
    let begun = std::time::Instant::now();
    while !content(&kept).keys().any(|path| path.to_string_lossy().ends_with(&own)) {
        assert!(begun.elapsed().as_secs() < 60, "no part appears");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill");
    assert!(killed.success() && running.wait().expect("an end").code() == Some(130));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut running.stderr.take().expect("stderr"), &mut said).expect("text");
    assert!(said.lines().count() == 1 && said.contains("nothing was imported"), "{said}");
    assert_eq!(content(&folder.join("home")), before);
}
