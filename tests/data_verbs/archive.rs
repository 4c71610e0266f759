//! Fetching from a mirror of the public archive: verified, month by month, days where the month has no file yet.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{fails, kestrel, told};

/// A server of files that answers its first call with 503, and remembers what it was asked for.
struct Mirror {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    fn of(files: BTreeMap<String, Vec<u8>>) -> Mirror {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            let mut is_first = true;
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut line = String::new();
                let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
                if reader.read_line(&mut line).is_err() {
                    continue;
                }
                let mut header = String::new();
                while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
                    header.clear();
                }
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                let mut log = log.lock().expect("the log");
                log.push(path.clone());
                let (status, body) = match files.get(&path) {
                    _ if std::mem::take(&mut is_first) => ("503 Service Unavailable", &b""[..]),
                    Some(body) => ("200 OK", body.as_slice()),
                    None => ("404 Not Found", &b""[..]),
                };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Mirror { url, asked }
    }

    /// Names of the files that were asked for since the last call, without checksums.
    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().expect("the log"));
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        asked.iter().filter(|path| !path.ends_with(".CHECKSUM")).map(name).collect()
    }
}

/// A zip as the archive has it: no header, microseconds from 2025 on.
fn zipped(name: &str, from_ms: i64, minutes: impl Iterator<Item = i64>) -> Vec<u8> {
    let unit = if from_ms >= 1_735_689_600_000 { 1_000 } else { 1 };
    let mut csv = String::new();
    for minute in minutes {
        let open = (from_ms + minute * 60_000) * unit;
        let close = open + 60_000 * unit - 1;
        let _ = writeln!(csv, "{open},10.0,12.0,9.5,11.0,3.5,{close},35.0,7,1.5,15.0,0");
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file(name.replace(".zip", ".csv"), options).expect("an entry");
    zip.write_all(csv.as_bytes()).expect("bytes");
    zip.finish().expect("a zip").into_inner()
}

fn put(files: &mut BTreeMap<String, Vec<u8>>, path: &str, bytes: Vec<u8>) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    files.insert(format!("{path}.CHECKSUM"), format!("{sum}  {name}\n").into_bytes());
    files.insert(path.to_owned(), bytes);
}

const MONTHLY: &str = "/data/spot/monthly/klines/BTCUSDT/1m/";
const DAILY: &str = "/data/spot/daily/klines/BTCUSDT/1m/";
/// 2024-12-01, 2025-01-01, both 00:00 UTC.
const DECEMBER: i64 = 1_733_011_200_000;
const JANUARY: i64 = 1_735_689_600_000;
const DAY: i64 = 1_440;

/// December as a month with an outage of ten minutes, two days of January.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let name = "BTCUSDT-1m-2024-12.zip";
    let december = (0..31 * DAY).filter(|minute| !(500..510).contains(minute));
    put(&mut files, &format!("{MONTHLY}{name}"), zipped(name, DECEMBER, december));
    for day in 1..=2 {
        let name = format!("BTCUSDT-1m-2025-01-0{day}.zip");
        put(&mut files, &format!("{DAILY}{name}"), zipped(&name, JANUARY, (day - 1) * DAY..day * DAY));
    }
    files
}

fn fetch<'a>(url: &'a str, to: &'a str) -> [&'a str; 9] {
    ["data", "fetch", "BTCUSDT", "--from", "2024-12-01", "--to", to, "--archive-url", url]
}

fn is_clean(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder.join("home")).expect("the home");
    entries.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with("incoming"))
}

#[test]
fn months_and_days_of_a_mirror_are_verified_and_asked_for_only_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mirror = Mirror::of(files());
    let first = told(folder, &fetch(&mirror.url, "2025-01-04"));
    assert_eq!((&first["added"], &first["months"]), (&json!(31 * DAY - 10 + 2 * DAY), &json!(2)));
    assert_eq!(first["missing"], 10 + DAY, "the outage, and a day that the archive does not have yet");
    let asked = mirror.asked();
    assert_eq!(
        asked.iter().filter(|name| *name == "BTCUSDT-1m-2024-12.zip").count(),
        2,
        "503 is asked again: {asked:?}"
    );
    let again = told(folder, &fetch(&mirror.url, "2025-01-04"));
    assert_eq!((&again["added"], &again["complete"]), (&json!(0), &json!(1)));
    assert_eq!(mirror.asked(), ["BTCUSDT-1m-2025-01.zip", "BTCUSDT-1m-2025-01-03.zip"], "only what is not there");
    let found = told(folder, &["data", "check", "BTCUSDT"]);
    let outage = json!([{ "after": DECEMBER + 499 * 60_000, "before": DECEMBER + 510 * 60_000, "missing": 10 }]);
    assert_eq!((&found["gaps"], &found["off_grid"]), (&outage, &json!(0)));
    assert!(is_clean(folder));
}

#[test]
fn a_file_whose_checksum_differs_or_is_missing_changes_nothing() {
    let path = format!("{MONTHLY}BTCUSDT-1m-2024-12.zip");
    let mut changed = files();
    changed.get_mut(&path).expect("the file")[100] ^= 1;
    let mut unverified = files();
    unverified.remove(&format!("{path}.CHECKSUM"));
    for (files, part) in [(changed, "sha256"), (unverified, "cannot be verified")] {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let mirror = Mirror::of(files);
        fails(folder, &fetch(&mirror.url, "2025-01-01"), 3, &["BTCUSDT-1m-2024-12.zip", part]);
        assert!(is_clean(folder));
        let output = kestrel(folder, &["data", "check", "BTCUSDT", "--json"]);
        assert_eq!(output.status.code(), Some(3), "the catalogue is as empty as before");
    }
}

#[test]
fn a_market_that_the_archive_lacks_and_two_sources_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let url = "http://127.0.0.1:1";
    fails(folder, &[&fetch(url, "2025-01-01")[..], &["--market", "binanceus"]].concat(), 2, &["binanceus", "spot"]);
    fails(folder, &[&fetch(url, "2025-01-01")[..], &["--rest-url", url]].concat(), 2, &["--archive-url"]);
    fails(folder, &fetch(url, "2025-01-01"), 4, &["archive"]);
    fails(folder, &fetch("https://127.0.0.1", "2025-01-01"), 2, &["archive", "TLS"]);
}
