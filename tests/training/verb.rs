//! `kestrel train` as a script sees it.

use std::path::Path;
use std::process::{Command, Output};

use kestrel::domain::Symbol;
use kestrel::inference::registry::{Registry, open_folder};
use kestrel::store::write_bars;
use serde_json::Value;

use super::dataset::bars;
use crate::support;

fn train(folder: &Path, library: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kestrel"));
    command.args(["train", "trees", "--json", "--data", "BTCUSDT-1m.parquet"]).args(arguments).current_dir(folder);
    command.env("KESTREL_HOME", folder.join("home")).env("ORT_DYLIB_PATH", library);
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_model_is_made_and_installed_and_too_little_or_no_library_is_refused() {
    let Some(library) = support::onnxruntime() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("BTCUSDT-1m.parquet");
    write_bars(&file, &Symbol::new("BTCUSDT"), &bars(3_000)).expect("write");
    let few = train(folder.path(), &library, &["--out", "waves"]);
    assert_eq!(few.status.code(), Some(3), "{}", said(&few));
    assert!(said(&few).contains("are too few"), "{}", said(&few));
    let none = train(folder.path(), &folder.path().join("none.so"), &["--out", "waves"]);
    assert_eq!(none.status.code(), Some(5), "{}", said(&none));

    write_bars(&file, &Symbol::new("BTCUSDT"), &bars(30_000)).expect("write");
    let made = train(folder.path(), &library, &["--out", "waves", "--seed", "3"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told: Value = serde_json::from_slice(&made.stdout).expect("one object");
    let model = Registry::of_home(&folder.path().join("home")).open("waves").expect("an installed model");
    assert_eq!(told["card"]["sha256"], model.card.sha256.as_str());
    assert!(model.card.training.command.contains("--seed 3"), "{}", model.card.training.command);
    assert!(folder.path().join("home/training/waves/curves.html").exists());
    let again = train(folder.path(), &library, &["--out", "./copy/waves", "--seed", "3"]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(open_folder(&folder.path().join("copy/waves")).expect("a model").card.sha256, model.card.sha256);
}
