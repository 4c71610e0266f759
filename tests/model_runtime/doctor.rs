//! `kestrel doctor` as a person and a script see it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support;

/// In a folder that is home, settings and everything, with no Python and no library but those that are named.
fn doctor(folder: &Path, arguments: &[&str], library: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kestrel"));
    command.arg("doctor").args(arguments).current_dir(folder).env("KESTREL_HOME", folder.join("home"));
    command.env("HOME", folder).env("PATH", folder);
    for variable in ["ORT_DYLIB_PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "KESTREL_LOG"] {
        command.env_remove(variable);
    }
    if let Some(library) = library {
        command.env("ORT_DYLIB_PATH", library);
    }
    command.output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one object")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_says_what_runs_models_here() {
    let Some(library) = support::onnxruntime() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let found = json(&doctor(folder.path(), &["--json"], Some(&library)));
    let runtime = &found["onnxruntime"];
    assert_eq!((&runtime["state"], &runtime["version"]), (&"ready".into(), &"1.31.1".into()));
    assert_eq!((&runtime["cuda"], &found["inference_device"]), (&false.into(), &"auto".into()));
    assert_eq!(found["found"][0]["origin"], "variable");
    let text = doctor(folder.path(), &[], Some(&library));
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("ONNX Runtime 1.31.1 for the processor") && text.contains("next "), "{text}");
}

#[test]
fn a_library_that_is_named_and_cannot_be_used_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.so");
    std::fs::write(&file, "no library").expect("write");
    let settings = format!("{{\"onnxruntime\": {file:?}}}");
    std::fs::write(folder.path().join("config.json"), settings).expect("write");
    let found = json(&doctor(folder.path(), &["--json"], None));
    assert_eq!(found["onnxruntime"]["state"], "unusable");
    let sentence = found["onnxruntime"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("text.so") && sentence.contains("the key `onnxruntime`"), "{sentence}");
    assert_eq!(found["found"][0]["refused"], "it is too short for a library");
    assert_eq!(found["next"], Value::Null);
}

#[test]
fn nothing_large_is_loaded_without_a_yes_and_nothing_at_all_without_pip() {
    let folder = tempfile::tempdir().expect("a folder");
    let asked = doctor(folder.path(), &["--install", "cuda"], None);
    assert_eq!((asked.status.code(), asked.stdout.len()), (Some(2), 0));
    assert!(said(&asked).contains("1570 MB") && said(&asked).contains("--yes"), "{}", said(&asked));
    for arguments in [&["--install", "cpu"][..], &["--install", "cuda", "--yes"]] {
        let failed = doctor(folder.path(), arguments, None);
        assert_eq!((failed.status.code(), failed.stdout.len()), (Some(4), 0));
        assert_eq!(said(&failed).lines().count(), 1);
        assert!(said(&failed).contains("no pip"), "{}", said(&failed));
    }
    assert_eq!(doctor(folder.path(), &["--yes"], None).status.code(), Some(2));
}
