//! Installs and rollbacks: whole or not at all, wherever they stop.

use std::path::Path;

use kestrel::inference::registry::install::Step;
use kestrel::inference::registry::shipped::Shipped;
use kestrel::inference::registry::{ModelCard, Origin, Registry, RegistryError, open_folder, write_into};

use super::fixture::{self, NAME, model};

fn registry(folder: &Path) -> Registry {
    Registry::new(folder.join("models"), &[])
}

fn names_of(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a text")).collect();
    names.sort();
    names
}

/// Carries out the first steps, and half of the write after them.
fn cut_off(steps: &[Step], after: usize) {
    steps[..after].iter().for_each(|step| step.carry_out().expect("a step"));
    if let Some(Step::Write { file, content }) = steps.get(after) {
        std::fs::write(file, &content[..content.len() / 2]).expect("half a file");
    }
}

fn seal_of(registry: &Registry) -> String {
    registry.open(NAME).expect("a model that opens").card.sha256
}

#[test]
fn a_model_comes_and_the_one_before_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let models: Vec<(ModelCard, Vec<u8>)> = (1..=3).map(|n| model(NAME, n)).collect();
    for (card, onnx) in &models {
        let installed = registry.install(card, onnx).expect("an install");
        assert_eq!((&installed.card, installed.bytes.as_ref()), (card, onnx.as_slice()));
        assert_eq!(installed.spec.name, NAME);
        assert_eq!(format!("{:016x}", installed.spec.digest), card.sha256[..16]);
    }
    let (second, third) = (&models[1].0, &models[2].0);
    let mut expected =
        vec!["card.json".to_string(), "card.previous.json".into(), second.file.clone(), third.file.clone()];
    expected.sort();
    assert_eq!(names_of(&folder.path().join("models").join(NAME)), expected, "the first one is gone");
    assert_eq!(registry.previous(NAME).expect("readable").expect("a model").card, *second);
    // The same again pushes nothing out.
    registry.install(third, &models[2].1).expect("an install");
    assert_eq!(registry.previous(NAME).expect("readable").expect("a model").card, *second);

    let done = registry.rollback(NAME).expect("a rollback");
    assert_eq!((&done.now.card, done.before.as_ref()), (second, Some(third)));
    assert_eq!(registry.rollback(NAME).expect("and back").now.card, *third);
}

#[test]
fn a_power_cut_at_any_step_leaves_a_model_that_opens() {
    let (old, old_onnx) = model(NAME, 1);
    let (current, current_onnx) = model(NAME, 2);
    let (new, new_onnx) = model(NAME, 3);
    let mut after = 0;
    loop {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = registry(folder.path());
        registry.install(&old, &old_onnx).expect("an install");
        registry.install(&current, &current_onnx).expect("an install");
        let steps = registry.plan(&new, &new_onnx).expect("a plan");
        let commit = steps.iter().position(|step| matches!(step, Step::Rename { to, .. } if to.ends_with("card.json")));
        let commit = commit.expect("one rename puts it in force");
        cut_off(&steps, after);
        let expected = if after > commit { &new.sha256 } else { &current.sha256 };
        assert_eq!(&seal_of(&registry), expected, "cut off after {after} of {} steps", steps.len());
        // The next start tidies up, and the install goes through.
        registry.install(&new, &new_onnx).expect("an install after the cut");
        assert_eq!(seal_of(&registry), new.sha256);
        assert!(registry.previous(NAME).expect("readable").is_some(), "after {after} there is nothing to go back to");
        let left = names_of(&folder.path().join("models").join(NAME));
        assert_eq!(left.len(), 4, "after {after}: {left:?}");
        after += 1;
        if after > steps.len() {
            break;
        }
    }
}

#[test]
fn a_power_cut_in_a_rollback_leaves_a_model_that_opens() {
    let models: Vec<_> = (1..=2).map(|n| model(NAME, n)).collect();
    for after in 0..=6 {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = registry(folder.path());
        models.iter().for_each(|(card, onnx)| drop(registry.install(card, onnx).expect("an install")));
        let steps = registry.plan_rollback(NAME).expect("a plan");
        assert_eq!(steps.len(), 6);
        cut_off(&steps, after);
        let expected = &models[usize::from(after < 2)].0.sha256;
        assert_eq!(&seal_of(&registry), expected, "cut off after {after}");
    }
}

#[test]
fn the_first_install_leaves_nothing_or_a_whole_model() {
    let (card, onnx) = model(NAME, 1);
    for after in 0.. {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = registry(folder.path());
        let steps = registry.plan(&card, &onnx).expect("a plan");
        if after > steps.len() {
            break;
        }
        cut_off(&steps, after);
        match registry.open(NAME) {
            Ok(installed) => assert_eq!(installed.card, card),
            Err(error) => assert!(matches!(error, RegistryError::Unknown(_)), "{error}"),
        }
    }
}

#[test]
fn what_does_not_fit_its_card_is_not_installed_and_what_was_there_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let (card, onnx) = model(NAME, 1);
    registry.install(&card, &onnx).expect("an install");
    let (next, mut torn) = model(NAME, 2);
    torn.truncate(torn.len() / 2);
    let said = registry.install(&next, &torn).expect_err("half a file").to_string();
    assert!(said.contains("its card says"), "{said}");
    assert_eq!(seal_of(&registry), card.sha256);
    let hostile = ModelCard { name: "../../etc".into(), ..next };
    assert!(matches!(registry.install(&hostile, &torn), Err(RegistryError::Unknown(_))));
}

#[test]
fn damaged_files_are_refused_in_one_sentence_and_can_be_rolled_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let (before, before_onnx) = model(NAME, 1);
    let (card, onnx) = model(NAME, 2);
    registry.install(&before, &before_onnx).expect("an install");
    registry.install(&card, &onnx).expect("an install");
    let file = folder.path().join("models").join(NAME).join(&card.file);
    let refused = |part: &str| {
        let error = registry.open(NAME).expect_err(part);
        assert!(matches!(error, RegistryError::Refused { .. }), "{error}");
        let said = error.to_string();
        assert!(
            said.contains(part) && said.contains(&card.file) && said.lines().count() == 1,
            "{said:?} lacks {part:?}"
        );
    };
    let mut flipped = onnx.clone();
    flipped[onnx.len() / 2] ^= 1;
    std::fs::write(&file, &flipped).expect("a write");
    refused("its SHA-256 is");
    std::fs::write(&file, &onnx[..onnx.len() - 1]).expect("a write");
    refused("bytes, its card says");
    std::fs::remove_file(&file).expect("a removal");
    refused("the file is missing");
    #[cfg(unix)]
    {
        let elsewhere = folder.path().join("elsewhere.onnx");
        std::fs::write(&elsewhere, &onnx).expect("a write");
        std::os::unix::fs::symlink(&elsewhere, &file).expect("a link");
        refused("links are not followed");
    }
    assert_eq!(registry.rollback(NAME).expect("a rollback").now.card, before);
}

/// Cards with one thing wrong, by what the refusal must say.
#[test]
fn cards_that_disagree_are_refused() {
    let (card, onnx) = model(NAME, 1);
    let refused = |change: &dyn Fn(&mut serde_json::Value), part: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        write_into(folder.path(), &card, &onnx).expect("a model");
        let place = folder.path().join("card.json");
        let mut value = serde_json::to_value(&card).expect("JSON");
        change(&mut value);
        std::fs::write(&place, value.to_string()).expect("a write");
        let error = open_folder(folder.path()).expect_err(part);
        assert!(matches!(error, RegistryError::Refused { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(part) && said.lines().count() == 1, "{said:?} lacks {part:?}");
    };
    refused(&|card| card["format"] = 2.into(), "format is 2");
    refused(&|card| card["surprise"] = 1.into(), "surprise");
    refused(&|card| card["output"]["surprise"] = 1.into(), "surprise");
    refused(&|card| card["name"] = "../up".into(), "is no name of a model");
    refused(&|card| card["name"] = "".into(), "is no name of a model");
    refused(&|card| card["file"] = "../card.json".into(), "it names the file");
    refused(&|card| card["sha256"] = "abc".into(), "64 lower-case hex digits");
    refused(&|card| card["bytes"] = 1.into(), "its card says 1");
    refused(&|card| card["input"]["schema_hash"] = "0123456789abcdef".into(), "schema \"0123456789abcdef\"");
    refused(&|card| card["input"]["schema"] = "full".into(), "its input is 41 columns of \"full\"");
    refused(&|card| card["input"]["columns"] = 40.into(), "its input is 40 columns");
    refused(&|card| card["input"]["rows"] = 2.into(), "its card says 2 rows of 41 columns");
    refused(&|card| card["input"]["every_minutes"] = 0.into(), "allowed are 1 to");
    refused(&|card| card["normaliser"]["frozen"] = false.into(), "still learns");
    refused(&|card| card["normaliser"]["schema"] = "0123456789abcdef".into(), "the normaliser is of");
    refused(&|card| drop(card["normaliser"]["columns"].as_array_mut().map(Vec::pop)), "no statistics of");
    refused(&|card| card["output"]["barriers"]["horizon_minutes"] = 14.into(), "its trade ends after 14");
    refused(&|card| card["output"]["payoffs"]["win"] = (-2).into(), "which cannot be");
    refused(&|card| card["output"]["side_cost"] = 1.into(), "a side costs 1");
    refused(&|card| card["verdict"] = "a \u{1b}[31m terminal".into(), "printable");
    refused(&|card| card["data"][0]["last"] = 0.into(), "end before they begin");
}

#[test]
fn names_lead_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let (card, onnx) = model(NAME, 1);
    registry.install(&card, &onnx).expect("an install");
    let long = "a".repeat(41);
    for name in ["", ".", "..", "../models/small-trees", "small-trees/", "Small", "a b", "a\0b", "ä", long.as_str()] {
        let error = registry.open(name).expect_err(name);
        assert!(matches!(error, RegistryError::Unknown(_)), "{name:?}: {error}");
    }
    let said = registry.open("small-tree").expect_err("no such model").to_string();
    assert!(said.contains("known are small-trees"), "{said}");
    #[cfg(unix)]
    {
        let models = folder.path().join("models");
        std::os::unix::fs::symlink(models.join(NAME), models.join("linked")).expect("a link");
        let error = registry.open("linked").expect_err("a link");
        assert!(matches!(error, RegistryError::Refused { .. }), "{error}");
    }
    std::fs::rename(folder.path().join("models").join(NAME), folder.path().join("models/other")).expect("a rename");
    let said = registry.open("other").expect_err("a card of another name").to_string();
    assert!(said.contains("it is the card of small-trees"), "{said}");
}

#[test]
fn a_users_model_comes_before_the_shipped_one_and_goes_back_to_it() {
    let (card, onnx) = model(NAME, 1);
    let text: &'static str = serde_json::to_string(&card).expect("JSON").leak();
    let shipped: &'static [Shipped] = vec![Shipped { name: NAME, card: text, onnx: onnx.leak() }].leak();
    let folder = tempfile::tempdir().expect("a folder");
    let registry = Registry::new(folder.path().join("models"), shipped);
    assert_eq!(registry.open(NAME).expect("shipped").origin, Origin::Shipped);
    assert!(registry.previous(NAME).expect("readable").is_none());
    assert!(matches!(registry.rollback(NAME), Err(RegistryError::Unknown(_))));

    let (own, own_onnx) = model(NAME, 2);
    registry.install(&own, &own_onnx).expect("an install");
    assert_eq!(registry.open(NAME).expect("the user's").card, own);
    assert_eq!(registry.previous(NAME).expect("readable").expect("the shipped one").card, card);
    assert_eq!(registry.list().expect("a list").len(), 1);
    assert_eq!(registry.rollback(NAME).expect("a rollback").now.origin, Origin::Shipped);
    assert_eq!(registry.rollback(NAME).expect("and back").now.card, own);
}

#[test]
fn a_list_names_what_is_refused_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    assert!(registry.list().expect("no folder yet").is_empty());
    for name in ["one", "two"] {
        let (card, onnx) = model(name, 1);
        registry.install(&card, &onnx).expect("an install");
    }
    std::fs::write(folder.path().join("models/two/card.json"), "{").expect("a write");
    std::fs::create_dir(folder.path().join("models/notes")).expect("a folder");
    let listed = registry.list().expect("a list");
    let told: Vec<(&str, bool)> = listed.iter().map(|entry| (entry.name.as_str(), entry.model.is_ok())).collect();
    assert_eq!(told, [("one", true), ("two", false)]);
}

#[test]
fn a_training_leaves_its_model_in_any_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let onnx = fixture::onnx(4, 1.0);
    let card = fixture::card(NAME, &onnx, 4, 0);
    let place = folder.path().join("Out Here");
    let installed = write_into(&place, &card, &onnx).expect("a model");
    assert_eq!(installed.origin, Origin::Folder(place.clone()));
    assert_eq!(open_folder(&place).expect("the same").card, card);
}
