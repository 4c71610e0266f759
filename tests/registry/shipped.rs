//! Models of the repository: all of them are inside the program, sound and small.

use std::path::Path;

use kestrel::inference::registry::shipped::{MOST_SHIPPED_BYTES, SHIPPED};
use kestrel::inference::registry::{Registry, open_folder};

#[test]
fn every_folder_of_models_is_inside_the_program() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let entries = std::fs::read_dir(&models).expect("the folder of models").map(|entry| entry.expect("an entry"));
    let mut folders: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a text"))
        .collect();
    folders.sort();
    let mut names: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.name).collect();
    names.sort_unstable();
    assert_eq!(folders, names, "enter each folder of models/ in inference/registry/shipped.rs, and no other");

    let registry = Registry::new("no such folder".into(), SHIPPED);
    for name in names {
        let inside = registry.open(name).expect(name);
        let outside = open_folder(&models.join(name)).expect(name);
        assert_eq!((&inside.card, &inside.bytes), (&outside.card, &outside.bytes), "{name}");
        assert_eq!(inside.card.name, name);
        assert!(inside.bytes.len() < MOST_SHIPPED_BYTES, "{name} has {} bytes", inside.bytes.len());
        assert!(!inside.card.verdict.is_empty() && !inside.card.figures.is_empty(), "{name} says nothing of its worth");
    }
}
