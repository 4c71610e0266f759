//! The house stays in order: each rule of the plan, checked on every file, and each checked on a bad example too.
//!
//! A rule is a function from (path, text) to complaints; a complaint says what to do instead.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/source.rs"]
mod source;

use std::path::{Path, PathBuf};

use floors::{CRATES, FILE_LINES, FORBIDDEN_BELOW_3, FUNCTION_LINES, Home, RATCHET, ROOMS, Room};
use source::{functions, is_word, line_of, paths, strip, without_tests};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with this ending, as (path from the root with `/`, text).
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push((shown(&path), std::fs::read_to_string(&path).expect("UTF-8 text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no {ending} file below {folder}");
    found
}

fn shown(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// `src/store/reader.rs` and `src/store.rs` belong to `store`.
fn room_name(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

fn room(path: &str) -> Result<&'static Room, String> {
    let name = room_name(path);
    ROOMS.iter().find(|room| room.name == name).ok_or_else(|| {
        format!("{path}: room `{name}` stands on no floor; put the file into a room of the plan or add it to the table")
    })
}

fn check_each(rule: impl Fn(&str, &str) -> Vec<String>) {
    let complaints: Vec<String> = files("src", "rs").iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

// ---- the rules

/// Names of the room a path leads to, if it leaves for another one.
fn target(path: &str, depth: usize) -> Option<&str> {
    let mut parts: Vec<&str> = path.split("::").collect();
    let supers = parts.iter().take_while(|part| **part == "super").count();
    match parts.first() {
        Some(&("crate" | "kestrel")) => parts.get(1).copied(),
        // As many `super` as the file is deep lead to the crate's root.
        Some(&"super") if supers >= depth => parts.drain(supers..).next(),
        _ => None,
    }
}

fn imports(path: &str, text: &str) -> Vec<String> {
    let here = match room(path) {
        Ok(here) => here,
        Err(complaint) => return vec![complaint],
    };
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = inside.split('/').count();
    let known = |name: &str| ROOMS.iter().any(|room| room.name == name);
    let mut complaints = Vec::new();
    for (line, used) in paths(&strip(text)) {
        let Some(name) = target(&used, depth).filter(|name| *name != here.name && known(name)) else { continue };
        if !here.imports.contains(&name) {
            complaints.push(format!(
                "{path}:{line}: `{}` on floor {} must not import `{name}`; move the thing to a lower floor, or state the \
                 need as a trait in engine::ports and join it in app",
                here.name, here.floor
            ));
        }
    }
    complaints
}

fn forbidden(path: &str, text: &str) -> Vec<String> {
    let Ok(here) = room(path) else { return Vec::new() };
    if here.floor >= 3 {
        return Vec::new();
    }
    // A test may use what it likes; it is not part of the engine.
    let code = without_tests(&strip(text));
    let mut complaints = Vec::new();
    for (line, used) in paths(&code) {
        let parts: Vec<&str> = used.split("::").collect();
        for (name, instead) in FORBIDDEN_BELOW_3 {
            let wanted: Vec<&str> = name.split("::").collect();
            if parts.windows(wanted.len()).any(|window| window == wanted) {
                complaints.push(format!("{path}:{line}: `{name}` is forbidden below floor 3; {instead}"));
            }
        }
    }
    complaints
}

fn crates(path: &str, text: &str) -> Vec<String> {
    let Ok(here) = room(path) else { return Vec::new() };
    let code = without_tests(&strip(text));
    let mut complaints = Vec::new();
    for (line, used) in paths(&code) {
        // A path of one word is a name in scope, not a crate; `use name;` imports a crate as a whole.
        let Some((first, _)) = used.split_once("::") else { continue };
        let Some((_, home)) = CRATES.iter().find(|(name, _)| *name == first) else { continue };
        let (right, allowed) = match home {
            Home::Everywhere => (true, String::new()),
            Home::FromFloor(floor, rooms) => {
                (here.floor >= *floor || rooms.contains(&here.name), format!("floor {floor} and up {rooms:?}"))
            }
            Home::Rooms(rooms) => (rooms.contains(&here.name), rooms.join(" and ")),
            Home::Tests => (false, "tests".into()),
        };
        if !right {
            complaints
                .push(format!("{path}:{line}: crate `{first}` belongs to {allowed}; ask that room for the result"));
        }
    }
    complaints
}

fn lengths(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES && !RATCHET.contains(&path) {
        complaints.push(format!("{path}: {lines} lines, allowed are {FILE_LINES}; split it by the things in it"));
    }
    for (name, line, length) in functions(&strip(text)) {
        if length > FUNCTION_LINES && !RATCHET.contains(&format!("{path}::{name}").as_str()) {
            complaints.push(format!(
                "{path}:{line}: function `{name}` has {length} lines, allowed are {FUNCTION_LINES}; let it branch and move \
                 the computing into leaves"
            ));
        }
    }
    complaints
}

fn heads(path: &str, text: &str) -> Vec<String> {
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let has = |mark: &str| head.iter().any(|line| line.contains(mark));
    // lib.rs is the table of contents.
    if head.is_empty() || (path != "src/lib.rs" && !(has("Invariant: ") && has("Absent on purpose: "))) {
        let text = "open it with `//!` lines: what it holds, `Invariant: ...`, `Absent on purpose: ...`";
        return vec![format!("{path}: the head is missing or incomplete; {text}")];
    }
    Vec::new()
}

fn macros(path: &str, text: &str) -> Vec<String> {
    let code = strip(text);
    let found = code.match_indices("macro_rules!");
    found.map(|(at, _)| format!("{path}:{}: no macros of our own; write a function", line_of(&code, at))).collect()
}

/// Paths in backticks that do not exist, and rooms that are not described (as `**name**`).
fn architecture(text: &str, rooms: &[String], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for named in text.split('`').skip(1).step_by(2) {
        let is_path = [".rs", ".md", ".json", "/"].iter().any(|ending| named.ends_with(ending));
        if is_path && !named.contains([' ', '\n']) && !exists(named) {
            complaints.push(format!("ARCHITECTURE.md names `{named}`, which does not exist; correct or remove it"));
        }
    }
    for room in rooms.iter().filter(|room| !text.contains(&format!("**{room}**"))) {
        complaints.push(format!("ARCHITECTURE.md does not describe the room `{room}`; add a line with **{room}**"));
    }
    complaints
}

/// Places on somebody's machine, and words that do not belong into the source.
fn traces(path: &str, text: &str) -> Vec<String> {
    let folder = |name: &str| format!("/{name}/");
    let mut needles: Vec<String> = ["work", "root", "home"].map(folder).to_vec();
    if !path.starts_with("tests/") {
        needles.push(folder("tmp"));
    }
    needles.extend(["clau-de", "chat-gpt", "anthro-pic", "open-ai"].map(|word| word.replace('-', "")));
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let lower = line.to_lowercase();
        for needle in &needles {
            // `x/home/y` inside a longer path is somebody's folder of that name, not the root's.
            let at_root = |at: usize| !lower[..at].ends_with(|c: char| is_word(c) || c == '.' || c == '}');
            if lower.match_indices(needle.as_str()).any(|(at, _)| at_root(at)) {
                let number = number + 1;
                complaints.push(format!("{path}:{number}: {needle:?} has no place here; name data through variables"));
            }
        }
    }
    complaints
}

// ---- the house under the rules

#[test]
fn rooms_import_only_from_lower_floors() {
    check_each(imports);
}

#[test]
fn below_floor_three_there_is_no_clock_no_chance_and_no_world() {
    check_each(forbidden);
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    check_each(crates);
}

#[test]
fn files_and_functions_are_short() {
    check_each(lengths);
    for entry in RATCHET {
        let path = entry.split("::").next().unwrap_or(entry);
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
        let name = entry.strip_prefix(path).unwrap_or_default().trim_start_matches("::");
        let long = match name {
            "" => text.lines().count() > FILE_LINES,
            name => functions(&strip(&text)).iter().any(|(found, _, length)| found == name && *length > FUNCTION_LINES),
        };
        assert!(long, "{entry} is short now; take it off the ratchet list");
    }
}

#[test]
fn every_file_says_what_it_holds() {
    check_each(heads);
}

#[test]
fn there_are_no_macros_of_our_own() {
    check_each(macros);
}

#[test]
fn every_dependency_has_a_home() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let mut section = "";
    let mut count = 0;
    for line in manifest.lines() {
        section = if line.starts_with('[') { line } else { section };
        let Some((name, _)) = line.split_once('=').filter(|_| section.contains("dependencies")) else { continue };
        let name = name.trim().replace('-', "_");
        count += 1;
        assert!(CRATES.iter().any(|(known, _)| *known == name), "crate `{name}` has no home; add it to the table");
    }
    assert!(count > 20, "only {count} dependencies were found");
}

#[test]
fn the_plan_names_what_exists_and_describes_every_room() {
    let text = std::fs::read_to_string(root().join("src/ARCHITECTURE.md")).expect("src/ARCHITECTURE.md");
    let mut rooms: Vec<String> = files("src", "rs").iter().map(|(path, _)| room_name(path).to_string()).collect();
    rooms.retain(|room| room != "lib" && room != "main");
    rooms.dedup();
    let exists = |path: &str| root().join("src").join(path).exists() || root().join(path).exists();
    let complaints = architecture(&text, &rooms, exists);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let listed = std::process::Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let tracked: Vec<PathBuf> = match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .collect(),
        // A source archive has no git: the sources are what matters most.
        _ => files("src", "rs").into_iter().chain(files("tests", "rs")).map(|(path, _)| path.into()).collect(),
    };
    let mut complaints = Vec::new();
    for path in tracked.iter().filter(|path| !path.starts_with(".ci")) {
        // What is not text, or was deleted just now, has no words.
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        complaints.extend(traces(&shown(path), &text));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

// ---- the rules under test: each must see a bad example and leave a good one alone

#[test]
fn the_import_rule_sees_upward_and_sideways_imports() {
    let bad = [
        ("src/domain/price.rs", "use crate::engine::Input;"),
        ("src/market/bars.rs", "fn f() -> crate::performance::Equity {}"),
        ("src/store/reader.rs", "use crate::{domain::Bar, journal::JournalReader};"),
        ("src/engine/step.rs", "use crate::{\n    domain::Bar,\n    simulator,\n};"),
        ("src/engine/risk/check.rs", "use super::super::super::runtime::live;"),
        ("src/domain/mod.rs", "use super::engine::Input;"),
        ("src/domain/price.rs", "use kestrel::store;"),
        ("src/simulator/ledger.rs", "use crate :: protocol :: sign;"),
        ("src/attic/old.rs", ""),
    ];
    for (path, text) in bad {
        assert_eq!(imports(path, text).len(), 1, "{path}: {text}");
    }
    let good = [
        ("src/engine/step.rs", "use crate::{domain::Bar, market::bars};\nuse super::risk;"),
        ("src/domain/price.rs", "// use crate::engine;\nlet x = \"crate::engine\";\nuse crate::domain::fixed;"),
        ("src/app.rs", "use crate::cli::Summary; use crate::tui::model;"),
        ("src/main.rs", "kestrel::cli::start()"),
        ("src/engine/risk/check.rs", "use super::super::market_view;"),
    ];
    for (path, text) in good {
        assert_eq!(imports(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn the_purity_rule_sees_every_forbidden_thing() {
    for (name, _) in FORBIDDEN_BELOW_3 {
        let text = format!("fn f() {{\n    {name} (x)\n}}");
        let found = forbidden("src/engine/mod.rs", &text);
        assert!(found.iter().any(|line| line.contains(&format!(":2: `{name}`"))), "{name}: {found:?}");
        assert_eq!(forbidden("src/runtime/live.rs", &text), Vec::<String>::new(), "{name}");
    }
    for text in ["use std::{fmt, fs::File};", "use std::collections::{BTreeMap, HashMap};", "use std::{io, net};"] {
        assert_eq!(forbidden("src/domain/mod.rs", text).len(), 1, "{text}");
    }
    for text in ["// HashMap", "let asyncs = 1;", "#[cfg(test)]\nmod tests {\n use std::fs;\n}", "r#\"println!(\"#;"] {
        assert_eq!(forbidden("src/domain/mod.rs", text), Vec::<String>::new(), "{text}");
    }
    let after_tests = "#[cfg(test)]\nmod tests { fn a() {} }\nfn b() { dbg!(1); }";
    assert_eq!(forbidden("src/domain/mod.rs", after_tests).len(), 1);
}

#[test]
fn the_crate_rule_knows_the_home_of_each() {
    let bad = [
        ("src/runtime/live.rs", "use parquet::file;"),
        ("src/engine/mod.rs", "use serde_json::Value;"),
        ("src/exchange/rest.rs", "reqwest::get(url)"),
        ("src/app.rs", "#[derive(clap::Parser)]"),
        ("src/domain/mod.rs", "use {tokio::sync, serde::Serialize};"),
        ("src/store/reader.rs", "tempfile::tempdir()"),
    ];
    for (path, text) in bad {
        assert_eq!(crates(path, text).len(), 1, "{path}: {text}");
    }
    let good = [
        ("src/protocol/parse.rs", "serde_json::from_str(x)"),
        ("src/store/reader.rs", "use arrow::array; use crate::domain;"),
        ("src/engine/mod.rs", "let x = path.arrow::<u8>(); my::arrow::f()"),
        ("src/store/reader.rs", "#[cfg(test)]\nmod tests { fn a() { tempfile::tempdir() } }"),
    ];
    for (path, text) in good {
        assert_eq!(crates(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn the_length_rule_counts_lines_and_is_not_fooled_by_braces_in_texts() {
    let body =
        |lines: usize| format!("fn long() {{\n{}}}\nfn next() {{}}\n", "    let x = \"}\"; // }\n".repeat(lines));
    assert_eq!(lengths("src/a.rs", &body(FUNCTION_LINES - 2)), Vec::<String>::new());
    assert_eq!(lengths("src/a.rs", &body(FUNCTION_LINES - 1)).len(), 1);
    assert_eq!(lengths("src/a.rs", &"\n".repeat(FILE_LINES)), Vec::<String>::new());
    assert_eq!(lengths("src/a.rs", &"\n".repeat(FILE_LINES + 1)).len(), 1);
    let found = functions(&strip(
        "trait T { fn a(&self, x: [u8; 4]); fn b() -> fn(u8) -> u8 { '{' } }\nfn c<'a>(x: &'a str) {}",
    ));
    assert_eq!(found.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn the_head_rule_wants_all_three_lines() {
    let whole = "//! Things.\n//!\n//! Invariant: one.\n//! Absent on purpose: two.\n";
    assert_eq!(heads("src/a.rs", whole), Vec::<String>::new());
    for bad in
        ["use x;\n", "// Things.\n", "//! Things.\n", "//! Things.\n//! Invariant: one.\n", &format!("\n{whole}")]
    {
        assert_eq!(heads("src/a.rs", bad).len(), 1, "{bad:?}");
    }
}

#[test]
fn the_macro_rule_sees_macros_and_not_the_talk_of_them() {
    assert_eq!(macros("src/a.rs", "\nmacro_rules! x { () => {} }").len(), 1);
    assert_eq!(macros("src/a.rs", "// no macro_rules! here\n\"macro_rules!\""), Vec::<String>::new());
}

#[test]
fn the_plan_rule_sees_lost_paths_and_forgotten_rooms() {
    let rooms = ["domain".to_string(), "store".to_string()];
    let exists = |path: &str| path == "store/reader.rs";
    assert_eq!(architecture("**domain** **store** `store/reader.rs` `Bar`", &rooms, exists), Vec::<String>::new());
    assert_eq!(architecture("**domain** **store** `store/gone.rs`", &rooms, exists).len(), 1);
    assert_eq!(architecture("**domain** store", &rooms, exists).len(), 1);
}

#[test]
fn the_trace_rule_sees_absolute_places() {
    for name in ["work", "root", "home", "tmp"] {
        assert_eq!(traces("src/a.rs", &format!("let x = \"/{name}/x\";")).len(), 1, "{name}");
        assert_eq!(traces("src/a.rs", &format!("my/{name}/x")), Vec::<String>::new(), "{name}");
    }
    assert_eq!(traces("tests/a.rs", &format!("\"/{}/x\"", "tmp")), Vec::<String>::new());
}

#[test]
fn the_table_names_only_rooms_below() {
    for room in ROOMS.iter().filter(|room| room.floor < 6) {
        for name in room.imports {
            let other = ROOMS.iter().find(|other| other.name == *name).unwrap_or_else(|| panic!("{name} is no room"));
            // The simulator alone looks sideways, to the market's bars.
            let exception = room.name == "simulator" && *name == "market";
            assert!(other.floor < room.floor || exception, "{} imports {name}", room.name);
        }
    }
}
