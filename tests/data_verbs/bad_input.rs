//! Bad input is refused with one sentence that names file and row, and the catalogue stays as it was, to the byte.

use std::path::Path;

use kestrel::domain::{Bar, Symbol, Time};
use kestrel::store::write_bars;

use super::{archive, content, fails, told};

/// The line of the rows that are spoilt, counted from 1.
const LINE: usize = 7;

/// The archive rows with one line changed.
fn with_line(change: impl Fn(&str) -> String) -> String {
    let text = archive(20, false);
    text.lines()
        .enumerate()
        .map(|(at, line)| if at + 1 == LINE { change(line) } else { line.to_owned() } + "\n")
        .collect()
}

fn with_cell(cell: usize, value: &str) -> String {
    with_line(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[cell] = value;
        cells.join(",")
    })
}

fn refused(folder: &Path, name: &str, text: impl AsRef<[u8]>, parts: &[&str]) {
    std::fs::write(folder.join(name), text).expect("write");
    let before = content(&folder.join("home").join("data"));
    fails(folder, &["data", "import", name], 3, &[&[name], parts].concat());
    // Not even beside a good file.
    fails(folder, &["data", "import", "good/ETHUSDT-1m.csv", name], 3, &[&[name], parts].concat());
    assert_eq!(content(&folder.join("home").join("data")), before, "{name}");
}

#[test]
fn bad_files_are_refused_and_the_catalogue_stays_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("good")).expect("a folder");
    std::fs::write(folder.join("good/ETHUSDT-1m.csv"), archive(20, false)).expect("write");
    std::fs::write(folder.join("BTCUSDT-1m.csv"), archive(8, false)).expect("write");
    told(folder, &["data", "import", "BTCUSDT-1m.csv"]);
    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,ignore";
    let time = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
    let before = time(archive(20, false).lines().nth(LINE - 2).expect("a line"));
    let cut: String = archive(20, false).split_inclusive(',').take((LINE - 1) * 11 + 5).collect();
    let cases: [(&str, String, &[&str]); 14] = [
        ("cut", cut, &["row 7", "cells, the rows before have 12"]),
        ("typed", with_cell(4, "high"), &["row 7", "`close`", "\"high\"", "a decimal number"]),
        ("unsorted", with_cell(0, "1706745000000"), &["row 7", "`open_time`", "later than"]),
        ("duplicate", with_cell(0, &before), &["row 7", "`open_time`", "later than"]),
        ("nan", with_cell(2, "NaN"), &["row 7", "`high`", "NaN"]),
        ("infinite", with_cell(5, "inf"), &["row 7", "`volume`"]),
        ("negative", with_cell(1, "-1"), &["row 7", "`open`"]),
        ("huge", with_cell(2, "92233720368.6"), &["row 7", "`high`", "92233720368"]),
        ("tiny", with_cell(3, "0.000000004"), &["row 7", "`low`", "0.00000001"]),
        ("crossed", with_cell(3, "107"), &["row 7", "low"]),
        ("seconds", with_cell(0, "1706745300"), &["row 7", "`open_time`", "milliseconds or microseconds"]),
        ("empty_cell", with_cell(4, ""), &["row 7", "`close`"]),
        ("header_inside", with_line(|_| header.to_owned()), &["row 7", "`open_time`"]),
        ("header_strange", format!("a,b,c\n{}", archive(20, false)), &["header", "\"a,b,c\""]),
    ];
    for (name, text, parts) in cases {
        refused(folder, &format!("BTCUSDT-{name}.csv"), text, parts);
    }
    refused(folder, "BTCUSDT-none.csv", "", &["empty"]);
    refused(folder, "BTCUSDT-header_only.csv", format!("{header}\n"), &["no rows"]);
    refused(folder, "BTCUSDT-cut.zip", b"PK\x03\x04half an archive", &["the content is damaged"]);
    refused(folder, "BTCUSDT-1s-2024-01.csv", archive(20, false), &["1s", "1m"]);
    refused(folder, "BTCUSDT.json", "{}", &["neither Parquet, CSV nor zip"]);
    refused(folder, "BTCUSDT-conflict.csv", with_cell(4, "109.75"), &["row 7", "contradicts", "--replace"]);
    fails(folder, &["data", "import", "BTCUSDT-absent.csv"], 3, &["BTCUSDT-absent.csv", "no such file"]);
}

#[test]
fn bad_parquet_is_refused_with_its_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("good")).expect("a folder");
    std::fs::write(folder.join("good/ETHUSDT-1m.csv"), archive(20, false)).expect("write");
    let bar = |at: i64| Bar {
        open_time: Time::from_millis(1_706_745_000_000 + at * 60_000),
        open: 100.0,
        high: 101.0,
        low: 99.0,
        close: 100.5,
        volume: 1.0,
    };
    let path = folder.join("BTCUSDT-1m.parquet");
    write_bars(&path, &Symbol::new("BTCUSDT"), &(0..2_000).map(bar).collect::<Vec<_>>()).expect("write");
    let whole = std::fs::read(&path).expect("read");
    refused(folder, "BTCUSDT-cut.parquet", &whole[..whole.len() - 400], &["cut off"]);
    refused(folder, "BTCUSDT-head.parquet", &whole[4..], &["not a Parquet file"]);
    let mut bent = whole;
    let from = bent.len() / 8;
    bent[from..from + 64].fill(0xff);
    refused(folder, "BTCUSDT-bent.parquet", bent, &["BTCUSDT-bent.parquet"]);
}

#[test]
fn a_checksum_that_differs_is_refused_and_a_right_one_is_taken() {
    use sha2::Digest;
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir(folder.join("good")).expect("a folder");
    std::fs::write(folder.join("good/ETHUSDT-1m.csv"), archive(20, false)).expect("write");
    let name = "BTCUSDT-1m-2024-01.csv";
    let beside = folder.join(format!("{name}.CHECKSUM"));
    for (stated, part) in [("0".repeat(64), "its sha256 is"), ("no digest".into(), "64 hexadecimal digits")] {
        std::fs::write(&beside, format!("{stated}  {name}\n")).expect("write");
        refused(folder, name, archive(20, false), &[part]);
    }
    let digest: String = sha2::Sha256::digest(archive(20, false)).iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(&beside, format!("{digest}  {name}\n")).expect("write");
    assert_eq!(told(folder, &["data", "import", name])["files"][0]["added"], 20);
}

#[test]
fn a_catalogue_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("BTCUSDT-1m.csv"), archive(20, false)).expect("write");
    std::fs::create_dir(folder.path().join("home")).expect("a folder");
    std::fs::write(folder.path().join("home/data"), "not a folder").expect("write");
    fails(folder.path(), &["data", "import", "BTCUSDT-1m.csv"], 3, &["home/data", "cannot be written"]);
}

/// A limit on the size of files ends a write as a full disk does.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("BTCUSDT-1m.csv"), archive(8, false)).expect("write");
    told(folder, &["data", "import", "BTCUSDT-1m.csv"]);
    let before = content(&folder.join("home"));
    std::fs::write(folder.join("BTCUSDT-more.csv"), archive(2_000, false)).expect("write");
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" data import BTCUSDT-more.csv";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_kestrel")])
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(output.stdout.is_empty() && said.lines().count() == 1 && said.contains("cannot be written"), "{said}");
    assert_eq!(content(&folder.join("home")), before);
}
