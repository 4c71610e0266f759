//! The journal: what was appended comes back, and damage is told apart from a cut.

use std::path::Path;

use kestrel::engine::ports::Journal;
use kestrel::journal::{JournalReader, JournalWriter};

const RECORDS: [&str; 4] = [r#"{"start":true}"#, r#"{"bar":[1,2.5]}"#, "{}", r#"{"text":"Grüße 币"}"#];

fn written(path: &Path) -> Vec<u8> {
    let mut journal = JournalWriter::create(path).expect("create");
    for record in RECORDS {
        journal.append(record).expect("append");
    }
    journal.close().expect("close");
    std::fs::read(path).expect("read")
}

/// The records, whether the end was torn, and the error if there was one.
fn read(path: &Path) -> (Vec<String>, bool, Option<String>) {
    let mut reader = JournalReader::open(path).expect("open");
    let (mut records, mut error) = (Vec::new(), None);
    for item in &mut reader {
        match item {
            Ok(record) => records.push(record),
            Err(found) => error = Some(found.to_string()),
        }
    }
    (records, reader.is_torn(), error)
}

#[test]
fn records_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("deep/er/run.journal");
    written(&path);
    assert_eq!(read(&path), (RECORDS.map(String::from).to_vec(), false, None));
    written(&path);
    assert_eq!(read(&path).0.len(), RECORDS.len(), "a new journal replaces the old one");
}

#[test]
fn a_journal_cut_anywhere_yields_its_whole_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.journal");
    let whole = written(&path);
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("write");
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        let torn = length > 0 && whole[length - 1] != b'\n';
        let expected: Vec<String> = RECORDS[..lines].iter().map(|record| record.to_string()).collect();
        assert_eq!(read(&path), (expected, torn, None), "cut at {length}");
    }
}

#[test]
fn a_changed_line_is_an_error_that_names_file_and_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.journal");
    let whole = written(&path);
    let text = String::from_utf8(whole).expect("text").replace("2.5", "2.6");
    std::fs::write(&path, text).expect("write");
    let (records, torn, error) = read(&path);
    assert_eq!((records.len(), torn), (1, false));
    let error = error.expect("an error");
    assert!(error.contains("run.journal: line 2:") && error.contains("checksum"), "{error}");
}

#[test]
fn what_would_break_the_format_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.journal");
    let mut journal = JournalWriter::create(&path).expect("create");
    assert!(journal.append("{\n}").is_err());
    journal.append("{}").expect("append");
    journal.close().expect("close");
    journal.close().expect("closing twice is harmless");
    assert!(journal.append("{}").is_err());
    assert_eq!(read(&path).0, ["{}"]);
    assert!(JournalWriter::create(&path.join("below-a-file")).is_err());
}

#[test]
fn a_journal_that_is_being_written_is_not_emptied_by_another_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("demo.journal");
    let mut first = JournalWriter::create(&path).expect("create");
    first.append("{}").expect("append");
    let refused = JournalWriter::create(&path).map(|_| ()).expect_err("two writers");
    assert!(refused.to_string().contains("another kestrel"), "{refused}");
    first.close().expect("close");
    assert_eq!(read(&path).0, ["{}"]);
    JournalWriter::create(&path).expect("free again");
}
