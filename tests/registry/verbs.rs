//! `kestrel models` as people and scripts see it.

use std::path::Path;
use std::process::{Command, Output};

use kestrel::inference::registry::write_into;
use serde_json::Value;

use super::fixture::{NAME, model};

fn kestrel(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(arguments)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .env_remove("KESTREL_LOG")
        .output()
        .expect("the program starts")
}

fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = kestrel(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let said = text(folder, &[arguments, &["--json"]].concat());
    assert_eq!(said.lines().count(), 1, "{said}");
    serde_json::from_str(&said).expect("JSON")
}

fn fails(folder: &Path, arguments: &[&str], status: i32, part: &str) {
    let output = kestrel(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty() && said.lines().count() == 1 && said.contains(part), "{arguments:?}: {said:?}");
}

/// A folder with two trained models in it.
fn trained() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 1..=2 {
        let (card, onnx) = model(NAME, n);
        write_into(&folder.path().join(format!("out{n}")), &card, &onnx).expect("a model");
    }
    folder
}

#[test]
fn models_are_installed_shown_and_rolled_back() {
    let folder = trained();
    let folder = folder.path();
    let seals: Vec<String> = (1..=2).map(|n| model(NAME, n).0.sha256).collect();
    assert_eq!(json(folder, &["models", "install", "out1"])["installed"]["sha256"], *seals[0]);
    let second = json(folder, &["models", "install", "out2/card.json"]);
    assert_eq!(
        (&second["installed"]["sha256"], &second["before"]["sha256"]),
        (&seals[1].clone().into(), &seals[0].clone().into())
    );

    let listed = json(folder, &["models", "list"]);
    assert_eq!(listed["champion"], "flat");
    let entry = listed["models"].as_array().and_then(|all| all.iter().find(|entry| entry["name"] == NAME)).expect("it");
    assert_eq!((&entry["badge"], &entry["origin"]), (&"challenger".into(), &"installed".into()));
    let people = text(folder, &["models", "list"]);
    assert!(
        people.contains(NAME) && people.contains("does not beat flat") && people.contains("Champion is flat"),
        "{people}"
    );

    let shown = json(folder, &["models", "show", NAME]);
    assert_eq!(shown["card"]["sha256"], *seals[1]);
    assert_eq!(shown["previous"]["sha256"], *seals[0]);
    let people = text(folder, &["models", "show", NAME]);
    let verdict = people.find("It does not beat flat").expect("the verdict");
    let figure = people.find("net_return").expect("a figure");
    assert!(verdict < figure, "the verdict comes first: {people}");
    for part in
        ["-0.0300 to 0.0100", "120", "flat 0.0000", "held out, seen once", "kestrel train trees --seed 1", "ohlcv"]
    {
        assert!(people.contains(part), "{part:?} is missing: {people}");
    }

    let verified = json(folder, &["models", "verify", NAME]);
    assert_eq!(verified["verified"][0]["sha256"], *seals[1]);
    assert!(text(folder, &["models", "verify", "out1"]).contains("sound"));
    let back = json(folder, &["models", "rollback", NAME]);
    assert_eq!(
        (&back["now"]["sha256"], &back["before"]["sha256"]),
        (&seals[0].clone().into(), &seals[1].clone().into())
    );
    assert!(text(folder, &["models", "rollback", NAME]).contains("is back in place of"));
}

#[test]
fn what_is_wrong_has_its_status_and_what_was_there_stays() {
    let folder = trained();
    let folder = folder.path();
    fails(folder, &["models", "show", "nobody"], 2, "there is no model of this name");
    fails(folder, &["models", "show", "../../etc/passwd"], 2, "is no name of a model");
    fails(folder, &["models", "rollback", "nobody"], 2, "there is no model");
    fails(folder, &["models", "install", "nowhere"], 2, "no such folder");
    fails(folder, &["models", "install", "."], 5, "there is no card.json in it");
    text(folder, &["models", "install", "out1"]);
    fails(folder, &["models", "rollback", NAME], 2, "no earlier model");

    let file = folder.join("out2").join(model(NAME, 2).0.file);
    let mut bytes = std::fs::read(&file).expect("a read");
    bytes[100] ^= 4;
    std::fs::write(&file, bytes).expect("a write");
    fails(folder, &["models", "verify", "out2"], 5, "its SHA-256 is");
    fails(folder, &["models", "install", "out2"], 5, "its SHA-256 is");
    assert_eq!(json(folder, &["models", "show", NAME])["sha256"], model(NAME, 1).0.sha256);

    let installed = folder.join("home/models").join(NAME).join("card.json");
    std::fs::write(&installed, "{}").expect("a write");
    fails(folder, &["models", "verify"], 5, "the card's format is none");
    let listed = json(folder, &["models", "list"]);
    assert!(listed["models"].to_string().contains("\"refused\""), "{listed}");
}
