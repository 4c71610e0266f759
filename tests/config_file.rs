//! The settings file: one value changed with all else kept, saved whole or not at all, and watched.

use std::path::Path;

use kestrel::config::{Config, ConfigWatch, EMBEDDED, save, set_value};
use proptest::prelude::*;
use serde_json::{Value, json};

fn set(text: &str, key: &str, value: Value) -> String {
    set_value(text, key, &value).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parsed(text: &str) -> Config {
    Config::parse(text, "test.json").unwrap_or_else(|error| panic!("{text}: {error}"))
}

// ---- the text

#[test]
fn only_the_value_changes() {
    let text = "\u{feff}{\r\n\t\"speed\" : 60 ,\r\n\r\n  \"invest_percent\":25.00,\"symbols\": [ \"BTCUSDT\" ]}";
    let expected = text.replace("25.00", "30");
    assert_eq!(set(text, "invest_percent", json!(30.000000001)), expected);
    assert_eq!(
        set(text, "symbols", json!(["ETHUSDT", "BTCUSDT"])),
        text.replace("[ \"BTCUSDT\" ]", r#"["ETHUSDT", "BTCUSDT"]"#)
    );
    assert_eq!(set(EMBEDDED, "up_color", json!("red")), EMBEDDED.replace("\"green\"", "\"red\""));
    // The same key below another is not meant, and a key may be written with escapes.
    let text = r#"{"sizing": {"fixed": 2}, "\u0073peed": 60}"#;
    assert_eq!(set(text, "speed", json!("max")), text.replace("60", "\"max\""));
}

#[test]
fn a_new_key_comes_last_and_looks_like_its_neighbours() {
    let cases = [
        (
            "{\n  \"speed\": 1,\n  \"theme\": \"dark\"\n}\n",
            "{\n  \"speed\": 1,\n  \"theme\": \"dark\",\n  \"bnb_price\": 5\n}\n",
        ),
        ("{\r\n\t\"speed\" : 1\r\n}", "{\r\n\t\"speed\" : 1,\r\n\t\"bnb_price\" : 5\r\n}"),
        ("{\"speed\":1}", "{\"speed\":1,\"bnb_price\":5}"),
        ("{\"speed\": 1, \"theme\": \"dark\"}", "{\"speed\": 1, \"theme\": \"dark\", \"bnb_price\": 5}"),
        ("{}", "{\n  \"bnb_price\": 5\n}"),
        ("\u{feff}{ }\r\n", "\u{feff}{\r\n  \"bnb_price\": 5\r\n }\r\n"),
        ("{\n}\n", "{\n  \"bnb_price\": 5\n}\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(set(text, "bnb_price", json!(5.0)), expected);
    }
}

#[test]
fn a_result_that_could_not_be_read_is_refused_with_the_sentence_of_the_settings() {
    let cases = [
        ("{}", "invest_percent", json!(250), "`invest_percent` is 250, allowed is a number from 0 to 100"),
        ("{}", "trend_slow", json!(30), "`trend_fast` is 60 and `trend_slow` is 30"),
        ("{}", "invest_percents", json!(2), "did you mean `invest_percent`?"),
        ("{\"speed\": 0}", "invest_percent", json!(2), "`speed` is 0"),
        ("{\"speed\": 1, \"speed\": 2}", "speed", json!(3), "`speed` stands there twice"),
        ("{\"speed\": ", "speed", json!(3), "line 1, column"),
        ("", "speed", json!(3), "line 1, column 0"),
        ("[1]", "speed", json!(3), "JSON object"),
    ];
    for (text, key, value, part) in cases {
        let said = set_value(text, key, &value).expect_err(text).to_string();
        assert!(said.contains(part), "{text}: {said}");
    }
    // What is wrong now can be corrected by the same door.
    assert_eq!(set("{\"speed\": 0}", "speed", json!(1)), "{\"speed\": 1}");
}

/// Key, how it may stand in a file, what it is set to.
fn possible() -> Vec<(&'static str, Vec<&'static str>, Value)> {
    vec![
        ("symbols", vec!["[\"BTCUSDT\"]", "[ \"ETHUSDT\",\n \"币安人生USDT\" ]"], json!(["SOLUSDT", "BNBUSDT"])),
        ("strategy", vec!["\"flat\"", "\"tr\\u0065nd\""], json!("reversal")),
        ("invest_percent", vec!["25", "25.0", "2.5e1", "0"], json!(33.25)),
        ("min_trade_size", vec!["10.00", "1e2"], json!(20.0)),
        ("stop_loss_percent", vec!["0", "1.5"], json!(2.75)),
        ("take_profit_percent", vec!["0.0", "4"], json!(9000)),
        ("speed", vec!["60", "\"max\"", "0.5"], json!("max")),
        ("redis_url", vec!["null", "\"redis://localhost:6379\""], json!(null)),
        ("trend_fast", vec!["1", "60"], json!(120.0)),
        ("trend_slow", vec!["201", "500"], json!(300)),
        ("min_hold_minutes", vec!["0", "1440"], json!(30)),
        ("no_trade_band_percent", vec!["10", "100.0"], json!(12.5)),
        ("sizing", vec!["\"invest\"", "{ \"fixed\" : \"0.5\" }"], json!({"fixed": 0.25})),
        ("fee_policy", vec!["\"bnb\"", "\"received\""], json!("quote")),
        ("theme", vec!["\"auto\"", "\"light\""], json!("ansi")),
        ("up_color", vec!["\"green\"", "\"red\""], json!("red")),
    ]
}

prop_compose! {
    /// A file as pieces, the values at the places 3, 7, 11 and so on, and the names of its keys.
    fn document()(
        chosen in proptest::sample::subsequence(possible(), 0..=16).prop_shuffle(),
        picks in proptest::collection::vec(0_usize..100, 16),
        space in proptest::collection::vec(proptest::sample::select(vec!["", " ", "\n", "\r\n", "\t", "\n    "]), 70),
        mark in any::<bool>(),
    ) -> (Vec<String>, Vec<&'static str>) {
        let mut space = space.into_iter();
        let mut gap = || space.next().unwrap_or_default();
        let mut pieces = vec![format!("{}{}{{", if mark { "\u{feff}" } else { "" }, gap())];
        let mut names = Vec::new();
        for (place, (name, values, _)) in chosen.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            pieces.push(format!("{comma}{}\"{name}\"", gap()));
            pieces.push(format!("{}:{}", gap(), gap()));
            pieces.push(values[picks[place] % values.len()].to_string());
            pieces.push(gap().to_string());
            names.push(name);
        }
        pieces.push(format!("{}}}{}", gap(), gap()));
        (pieces, names)
    }
}

proptest! {
    #[test]
    fn setting_a_key_changes_its_bytes_and_its_meaning_and_nothing_else(
        (mut pieces, names) in document(),
        (key, _, value) in proptest::sample::select(possible()),
    ) {
        let before = pieces.concat();
        let after = set(&before, key, value.clone());
        let old = parsed(&before);
        let new = parsed(&after);
        match names.iter().position(|name| *name == key) {
            Some(place) => {
                let whole = value.as_f64().filter(|number| number.fract() == 0.0).map(|number| json!(number as u64));
                let written = whole.unwrap_or(value.clone()).to_string();
                let written = written.replace(':', ": ").replace(',', ", ");
                pieces[4 * place + 3] = written;
                prop_assert_eq!(&after, &pieces.concat());
            }
            None => {
                let end: usize = pieces.iter().take(pieces.len().saturating_sub(2).max(1)).map(String::len).sum();
                let (head, tail) = before.split_at(end);
                prop_assert!(after.starts_with(head) && after.ends_with(tail), "{after:?} from {before:?}");
            }
        }
        prop_assert!(old.changes(&new).iter().all(|change| change.key == key));
        let alone = parsed(&json!({ key: whole(&value) }).to_string());
        prop_assert!(alone.changes(&new).iter().all(|change| change.key != key));
    }
}

/// A whole number has no decimals in a file, as counts of bars must have none.
fn whole(value: &Value) -> Value {
    value.as_f64().filter(|number| number.fract() == 0.0).map_or(value.clone(), |number| json!(number as u64))
}

// ---- the file

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("list");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("read")
}

#[test]
fn saving_edits_the_newest_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    let config = save(&path, "invest_percent", &json!(30.0)).expect("a first file");
    assert_eq!(config.invest_percent, 30.0);
    assert_eq!(read(&path), EMBEDDED.replace("25.0", "30"));
    std::fs::write(&path, "{\"speed\": 5}").expect("somebody else's edit");
    assert_eq!(save(&path, "theme", &json!("light")).expect("saved").speed, parsed("{\"speed\": 5}").speed);
    assert_eq!(read(&path), "{\"speed\": 5,\"theme\": \"light\"}");
    let said = save(&path, "speed", &json!(0)).expect_err("out of bounds").to_string();
    assert!(said.contains("config.json: key `speed` is 0"), "{said}");
    assert_eq!(read(&path), "{\"speed\": 5,\"theme\": \"light\"}");
    assert_eq!(names(folder.path()), ["config.json"]);
}

#[test]
fn a_file_in_no_folder_or_of_other_bytes_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let lost = folder.path().join("nowhere").join("config.json");
    let said = save(&lost, "speed", &json!(1)).expect_err("no folder").to_string();
    assert!(said.contains("cannot be written") && said.contains("nothing was changed"), "{said}");
    let odd = folder.path().join("odd.json");
    std::fs::write(&odd, [0xff, 0xfe, 0]).expect("write");
    let said = save(&odd, "speed", &json!(1)).expect_err("no text").to_string();
    assert!(said.contains("UTF-8"), "{said}");
    assert_eq!(names(folder.path()), ["odd.json"]);
}

#[test]
fn a_protected_file_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, "{}").expect("write");
    let mut permissions = std::fs::metadata(&path).expect("metadata").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).expect("protect");
    let said = save(&path, "speed", &json!(1)).expect_err("protected").to_string();
    assert!(said.contains("write-protected"), "{said}");
    assert_eq!((read(&path).as_str(), names(folder.path()).len()), ("{}", 1));
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_lead_to_their_file() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("dotfiles");
    std::fs::create_dir(&real).expect("a folder");
    std::fs::write(real.join("kestrel.json"), "{}").expect("write");
    std::fs::set_permissions(real.join("kestrel.json"), PermissionsExt::from_mode(0o640)).expect("permissions");
    let link = folder.path().join("config.json");
    symlink("dotfiles/kestrel.json", &link).expect("a link");
    save(&link, "speed", &json!(2)).expect("saved");
    assert!(std::fs::symlink_metadata(&link).expect("metadata").file_type().is_symlink());
    assert_eq!(read(&real.join("kestrel.json")), "{\n  \"speed\": 2\n}");
    assert_eq!(std::fs::metadata(&link).expect("metadata").mode() & 0o7777, 0o640);
    // A link to a file that is not there yet makes the file, not a file in the link's place.
    let dangling = folder.path().join("new.json");
    symlink("dotfiles/new.json", &dangling).expect("a link");
    save(&dangling, "speed", &json!(2)).expect("saved");
    assert_eq!(names(&real), ["kestrel.json", "new.json"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_one_sentence() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, "{}").expect("write");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).expect("permissions");
    let saved = save(&path, "speed", &json!(1));
    let free = std::fs::write(folder.path().join("probe"), "").is_ok();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("permissions");
    if free {
        println!("skipped: this user may write everywhere");
        return;
    }
    let said = saved.expect_err("a protected folder").to_string();
    assert!(said.contains("cannot be written"), "{said}");
    assert_eq!((read(&path).as_str(), names(folder.path()).len()), ("{}", 1));
}

// ---- the watch

/// A watch and its file, which holds `text`.
fn watched(text: &str) -> (ConfigWatch, std::path::PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, text).expect("write");
    (ConfigWatch::new(&path), path, folder)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("write");
}

#[test]
fn a_change_is_told_once_and_the_same_bytes_are_no_change() {
    let (mut watch, path, _folder) = watched("{\"speed\": 1}");
    assert!(watch.poll().is_none());
    // As long as before, and within the same tick of the file system's clock.
    write(&path, "{\"speed\": 2}");
    assert_eq!(watch.poll(), Some(Ok(parsed("{\"speed\": 2}"))));
    assert_eq!(watch.poll(), None);
    write(&path, "{\"speed\": 2}");
    assert_eq!(watch.poll(), None);
    for _ in 0..20 {
        assert_eq!(watch.poll(), None);
    }
    save(&path, "speed", &json!(3)).expect("saved");
    assert_eq!(watch.poll(), Some(Ok(parsed("{\"speed\": 3}"))));
}

#[test]
fn a_file_half_written_is_no_error() {
    let (mut watch, path, _folder) = watched("{\"speed\": 1}");
    for half in ["", "{\"spe", "{\"speed\": 7"] {
        write(&path, half);
        assert_eq!(watch.poll(), None, "{half}");
    }
    write(&path, "{\"speed\": 7}");
    assert_eq!(watch.poll(), Some(Ok(parsed("{\"speed\": 7}"))));
    // The same for an editor that moves the file away for a moment.
    std::fs::remove_file(&path).expect("remove");
    assert_eq!(watch.poll(), None);
    write(&path, "{\"speed\": 7}");
    assert_eq!(watch.poll(), None);
}

#[test]
fn what_stays_wrong_is_told_once_and_the_return_of_the_old_bytes_too() {
    let (mut watch, path, _folder) = watched("{\"speed\": 1}");
    write(&path, "{\"speed\": 0}");
    assert_eq!(watch.poll(), None);
    let said = watch.poll().expect("news").expect_err("out of bounds").to_string();
    assert!(said.contains("config.json: key `speed` is 0"), "{said}");
    assert_eq!(watch.poll(), None);
    write(&path, "{\"speed\": 1}");
    assert_eq!(watch.poll(), Some(Ok(parsed("{\"speed\": 1}"))));
    // A fault seen at the last look before the watch rests is not forgotten.
    for _ in 0..20 {
        assert_eq!(watch.poll(), None);
    }
    write(&path, "{\"speed\": }");
    assert_eq!(watch.poll(), None);
    assert!(matches!(watch.poll(), Some(Err(_))));
}

#[test]
fn a_deleted_file_is_told_once_and_its_return_is_read() {
    let (mut watch, path, _folder) = watched("{\"speed\": 1}");
    std::fs::remove_file(&path).expect("remove");
    assert_eq!(watch.poll(), None);
    let said = watch.poll().expect("news").expect_err("no file").to_string();
    assert!(said.contains("is gone") && said.contains("stays in force"), "{said}");
    for _ in 0..20 {
        assert_eq!(watch.poll(), None);
    }
    write(&path, "{\"speed\": 1}");
    assert_eq!(watch.poll(), Some(Ok(parsed("{\"speed\": 1}"))));
}

#[test]
fn a_file_that_appears_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    let mut watch = ConfigWatch::new(&path);
    assert_eq!(watch.poll(), None);
    assert_eq!(watch.poll(), None);
    write(&path, "{}");
    assert_eq!(watch.poll(), Some(Config::embedded()));
}
