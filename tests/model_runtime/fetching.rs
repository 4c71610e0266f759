//! Getting the library with pip: what a pip may do, and what is left behind.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use kestrel::inference::fetch::{FetchError, fetch};
use kestrel::inference::{Build, FetchPlan};

use crate::support;

const MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.31.1";

/// A program that is called as pip.
fn pip(folder: &Path, script: &str) -> Vec<OsString> {
    let path = folder.join("pip-of-the-test");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("write");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("mode");
    // Through the shell: a program that was just written may still be held open by a child of another test.
    vec!["/bin/sh".into(), path.into()]
}

/// Puts a wheel with this library where it is asked to.
pub fn pip_that_brings(folder: &Path, library: &Path) -> Vec<OsString> {
    let wheel = wheel(folder, library);
    // pip download -d FOLDER ...
    pip(folder, &format!("/bin/cp '{}' \"$3/onnxruntime-1.31.1-cp311.whl\"", wheel.display()))
}

fn wheel(folder: &Path, library: &Path) -> PathBuf {
    let path = folder.join("brought.whl");
    let mut archive = zip::ZipWriter::new(File::create(&path).expect("a file"));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file(MEMBER, options).expect("a member");
    archive.write_all(&std::fs::read(library).expect("the library")).expect("write");
    archive.finish().expect("a wheel");
    path
}

fn plan(home: &Path, pip: Vec<OsString>) -> FetchPlan {
    FetchPlan { pip: Some(pip), limit: Duration::from_secs(60), ..FetchPlan::new(Build::Cpu, home.to_path_buf()) }
}

/// The names in the folder of what was fetched.
fn left(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(home.join("runtime")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn refused(home: &Path, script: &str) -> String {
    let error = fetch(&plan(home, pip(home, script)), &AtomicBool::new(false)).expect_err(script);
    assert!(matches!(error, FetchError::Pip(_)), "{error:?}");
    assert_eq!(left(home), Vec::<String>::new());
    error.to_string()
}

#[test]
fn a_wheel_is_unpacked_proven_and_put_in_place() {
    let Some(library) = support::onnxruntime() else { return };
    let home = tempfile::tempdir().expect("a folder");
    let plan = plan(home.path(), pip_that_brings(home.path(), &library));
    for _ in 0..2 {
        // The second time what is there is replaced.
        let path = fetch(&plan, &AtomicBool::new(false)).expect("a library");
        assert_eq!(path, home.path().join("runtime/onnxruntime-1.31.1/libonnxruntime.so.1.31.1"));
        assert_eq!(std::fs::read(&path).expect("it").len(), std::fs::read(&library).expect("the library").len());
        assert_eq!(left(home.path()), ["onnxruntime-1.31.1"]);
    }
}

#[test]
fn what_pip_says_is_told_in_one_sentence_with_what_to_do() {
    let home = tempfile::tempdir().expect("a folder");
    let said = refused(home.path(), "echo 'WARNING: x' >&2; echo 'ERROR: No matching distribution' >&2; exit 1");
    assert!(said.contains("pip failed: No matching distribution;"), "{said}");
    assert!(said.ends_with("check the network and run `kestrel doctor --install cpu`"), "{said}");
    let said = refused(home.path(), "echo '/usr/bin/python3: No module named pip' >&2; exit 1");
    assert!(said.contains("no pip"), "{said}");
    assert!(refused(home.path(), "exit 0").contains("no wheel"));
    assert!(refused(home.path(), "echo nonsense > \"$3/onnxruntime.whl\"").contains("not fetched"));
}

#[test]
fn a_wheel_with_something_else_inside_leaves_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let other = home.path().join("other");
    std::fs::write(&other, vec![7_u8; 4_096]).expect("write");
    let plan = plan(home.path(), pip_that_brings(home.path(), &other));
    let error = fetch(&plan, &AtomicBool::new(false)).expect_err("no library");
    assert!(error.to_string().contains("not ONNX Runtime"), "{error}");
    assert_eq!(left(home.path()), Vec::<String>::new());
}

#[test]
fn a_pip_that_hangs_is_ended_at_its_limit_or_when_asked() {
    let home = tempfile::tempdir().expect("a folder");
    let mut hanging = plan(home.path(), pip(home.path(), "exec /bin/sleep 60"));
    hanging.limit = Duration::from_secs(1);
    let begin = Instant::now();
    let late = fetch(&hanging, &AtomicBool::new(false)).expect_err("it hangs");
    assert!(late.to_string().contains("not done within 1 s"), "{late}");
    hanging.limit = Duration::from_secs(60);
    let stopped = fetch(&hanging, &AtomicBool::new(true)).expect_err("it was stopped");
    assert!(matches!(stopped, FetchError::Cancelled(_)));
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(left(home.path()), Vec::<String>::new());
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("file");
    std::fs::write(&home, "").expect("write");
    let error = fetch(&plan(&home, vec!["/bin/true".into()]), &AtomicBool::new(false)).expect_err("a file is no home");
    assert!(matches!(&error, FetchError::Disk(said) if said.contains("check the folder")), "{error}");
}
