//! `data fills`: the recorded sessions with every knob, gaps that are told, and bad sessions.

use std::path::Path;

use serde_json::Value;

use super::{fails, kestrel, told};
use crate::support;

/// 2024-01-31 23:50 UTC.
const START_MS: i64 = 1_706_745_000_000;

/// A session of 60 s: a diff every 100 ms, a trade every second, the snapshot as third line; plain text.
fn session() -> Vec<String> {
    let received = |ms: i64| (START_MS + ms) * 1_000_000;
    let mut lines = Vec::new();
    for at in 0..600 {
        let ms = at * 100;
        let rests = 3 + at % 4;
        lines.push(format!(
            r#"{} {{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{},"s":"BTCUSDT","U":{},"u":{},"b":[["99.00","{rests}.0"]],"a":[["101.00","{rests}.5"]]}}}}"#,
            received(ms),
            START_MS + ms,
            at * 2,
            at * 2 + 1
        ));
        if at == 1 {
            let book = r#"{"lastUpdateId":1,"bids":[["99.00","3.0"],["98.00","9.0"]],"asks":[["101.00","3.5"],["103.00","9.0"]]}"#;
            lines.push(format!("{} {book}", received(ms)));
        }
        if at % 10 == 5 {
            lines.push(format!(
                r#"{} {{"e":"trade","E":{},"s":"BTCUSDT","t":{},"p":"99.00","q":"2.5","T":{},"m":true,"M":true}}"#,
                received(ms + 20),
                START_MS + ms + 20,
                at / 10,
                START_MS + ms + 20
            ));
        }
    }
    lines
}

fn write(folder: &Path, name: &str, lines: &[String]) {
    std::fs::write(folder.join(name), lines.join("\n") + "\n").expect("write");
}

fn share(report: &Value) -> f64 {
    report["passive"]["both"]["share_filled"].as_f64().expect("a share")
}

fn count(report: &Value, fate: &str) -> u64 {
    report["passive"]["both"][fate].as_u64().expect("a count")
}

#[test]
fn the_recorded_session_gives_the_figures_of_an_independent_program() {
    let Some(file) = support::data_file("ticks/ws-spot-btcusdt-20240808T2354.gz") else {
        return support::skip_without_data();
    };
    let folder = tempfile::tempdir().expect("a folder");
    let ask = |queue: &str, latency: &str, wait: &str| {
        let file = file.to_str().expect("text");
        let options = ["--queue", queue, "--latency-ms", latency, "--wait", wait];
        told(folder.path(), &[&["data", "fills", file], options.as_slice()].concat())
    };
    // The same rules written down once more, in another language: filled, refused, unfinished, median in ms.
    let known = [
        ("risk-averse", "0", "60", [448, 0, 120], 2_704.0),
        ("log", "0", "60", [495, 0, 120], 2_598.0),
        ("power:3", "100", "5", [387, 12, 10], 1_540.0),
        ("risk-averse", "500", "5", [271, 73, 12], 1_926.0),
    ];
    for (queue, latency, wait, fates, median) in known {
        let found = ask(queue, latency, wait);
        assert_eq!(
            ["filled", "refused", "unfinished"].map(|fate| count(&found, fate)),
            fates,
            "{queue} {latency} {wait}"
        );
        assert_eq!(found["passive"]["both"]["median_ms_to_fill"], median, "{queue} {latency} {wait}");
        assert_eq!((&found["symbol"], count(&found, "sent"), &found["gaps"]), (&"BTCUSDT".into(), 692, &0.into()));
        assert_eq!((&found["changes"], &found["trades"]), (&3_448.into(), &9_757.into()));
    }
}

#[test]
fn each_knob_moves_the_recorded_result_in_its_direction() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["ws-spot-btcusdt-20240808T2354.gz", "ws-spot-ethusdt-20240808T2354.gz"] {
        let Some(file) = support::data_file(&format!("ticks/{name}")) else { return support::skip_without_data() };
        let ask = |options: &[&str]| {
            told(folder.path(), &[&["data", "fills", file.to_str().expect("text")], options].concat())
        };
        let plain = ask(&[]);
        let late = ask(&["--latency-ms", "500"]);
        assert!(share(&late) < share(&plain), "{name}: latency");
        let median = |report: &Value| report["passive"]["both"]["median_ms_to_fill"].as_f64();
        assert!(median(&late) > median(&plain), "{name}: latency");
        let by_chance = [ask(&["--queue", "power:3"]), ask(&["--queue", "log"])].map(|report| share(&report));
        assert!(by_chance.iter().all(|share_of| *share_of > share(&plain)), "{name}: queue");
        assert!(share(&ask(&["--wait", "5"])) < share(&plain), "{name}: wait");
        let large = ask(&["--size", "200000"]);
        assert!(share(&large) <= share(&plain), "{name}: size");
        let cost = |report: &Value, size: usize| report["takers"][size]["cost"]["bps"].as_f64().expect("a cost");
        assert!(cost(&plain, 0) < cost(&plain, 1) && cost(&plain, 1) < cost(&plain, 2), "{name}: size of takers");
        assert!(plain["takers"][0]["delay_harm"] == 0.0 && late["takers"][0]["delay_harm"].as_f64() > Some(0.0));
        let rare = ask(&["--every", "5"]);
        assert!(count(&rare, "sent") * 4 < count(&plain, "sent"), "{name}: every");
        assert_eq!(ask(&[]), plain, "{name}: twice the same");
    }
}

#[test]
fn sessions_that_follow_each_other_are_one_and_the_text_ends_by_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for name in ["ws-spot-btcusdt-20240808T2354.gz", "ws-spot-btcusdt-20240809T0000.gz"] {
        let Some(file) = support::data_file(&format!("ticks/{name}")) else { return support::skip_without_data() };
        files.push(file.to_str().expect("text").to_owned());
    }
    let both = told(folder.path(), &["data", "fills", &files[0], &files[1]]);
    assert_eq!((&both["gaps"], &both["trades"], &both["whole_minutes"]), (&0.into(), &19_904.into(), &10.into()));
    fails(folder.path(), &["data", "fills", &files[1]], 3, &["20240809T0000.gz", "lastUpdateId"]);
    fails(
        folder.path(),
        &["data", "fills", &files[1], &files[0]],
        3,
        &["20240808T2354.gz: line", "order of their time"],
    );
    let output = kestrel(folder.path(), &["data", "fills", &files[0]]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().unwrap_or_default();
    for key in ["half_spread_percent", "impact_coefficient", "markout_percent", "latency_ms"] {
        assert!(last.contains(key), "{text}");
    }
    // Cut off in the middle, as a recorder that was killed leaves it.
    let bytes = std::fs::read(&files[0]).expect("read");
    std::fs::write(folder.path().join("cut.gz"), &bytes[..bytes.len() / 2]).expect("write");
    fails(folder.path(), &["data", "fills", "cut.gz"], 3, &["cut.gz: line", "cut off or damaged"]);
}

#[test]
fn a_gap_is_told_and_the_fate_of_orders_in_it_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let options = ["--wait", "2", "--size", "50"];
    let ask = |name: &str| told(folder, &[&["data", "fills", name], options.as_slice()].concat());
    let lines = session();
    write(folder, "whole", &lines);
    let whole = ask("whole");
    assert_eq!((&whole["gaps"], count(&whole, "unknown")), (&0.into(), 0));
    assert!(count(&whole, "sent") > 100 && count(&whole, "filled") > 0);

    // A diff is missing in the middle: there is no snapshot after it, so nothing is sent any more.
    let diff = lines.iter().position(|line| line.contains("\"U\":600,")).expect("a diff");
    let mut without = lines.clone();
    without.remove(diff);
    write(folder, "gap", &without);
    let found = ask("gap");
    assert_eq!((&found["gaps"], &found["gap_places"][0]["lost"]), (&1.into(), &"changes".into()));
    assert_eq!(found["gap_places"][0]["line"], diff as u64 + 1, "the line that shows it");
    // Sent within the last two seconds, one a second on each side.
    assert_eq!(count(&found, "unknown"), 4, "{found}");
    assert!(count(&found, "sent") < count(&whole, "sent") / 2 + 4);
    let said =
        String::from_utf8_lossy(&kestrel(folder, &[&["data", "fills", "gap"], options.as_slice()].concat()).stdout)
            .into_owned();
    assert!(
        said.contains("gap at 2024-01-31 23:50:30 UTC (gap, line") && said.contains("4 passive orders is unknown"),
        "{said}"
    );

    // A trade is missing: the book goes on.
    let mut without = lines.clone();
    without.retain(|line| !line.contains("\"t\":30,"));
    write(folder, "trade", &without);
    let found = ask("trade");
    assert_eq!((&found["gaps"], &found["gap_places"][0]["lost"]), (&1.into(), &"trades".into()));
    assert!(count(&found, "unknown") == 4 && count(&found, "sent") > 100, "{found}");
}

#[test]
fn bad_sessions_are_refused_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let good = session();
    let changed = |at: usize, change: &dyn Fn(&str) -> String| {
        let mut lines = good.clone();
        lines[at] = change(&good[at]);
        lines
    };
    let with_line = |line: &str| changed(6, &|_| line.to_owned());
    let depth = |change: &dyn Fn(&str) -> String| changed(6, change);
    // What comes in the first second may come in any order.
    let early =
        changed(200, &|line| line.replace("\"E\":1706745", "\"E\":1706744").replace("\"T\":1706745", "\"T\":1706744"));
    let cases: [(&str, Vec<String>, &[&str]); 9] = [
        ("words", with_line("hello there"), &["line 7", "\"hello there\"", "<receive time> <JSON>"]),
        ("torn", depth(&|line| line[..line.len() / 2].to_owned()), &["line 7", "Binance's spot streams"]),
        ("negative", depth(&|line| line.replace("99.00", "-99.00")), &["line 7", "-99", "above zero"]),
        ("other", depth(&|line| line.replace("BTCUSDT", "ETHUSDT")), &["line 7", "ETHUSDT", "one symbol"]),
        ("futures", depth(&|line| line.replace("\"u\":", "\"pu\":1,\"u\":")), &["line 7", "futures", "spot market"]),
        ("late", depth(&|line| line.replace("\"E\":17", "\"E\":18")), &["line 7", "at most a day"]),
        ("early", early, &["line 201", "order of their time"]),
        ("long", with_line(&"1".repeat(5 << 20)), &["line 7", "4194304 bytes"]),
        ("bookless", good.iter().filter(|line| !line.contains("lastUpdateId")).cloned().collect(), &["lastUpdateId"]),
    ];
    for (name, lines, parts) in cases {
        write(folder, name, &lines);
        fails(folder, &["data", "fills", name], 3, &[&[name], parts].concat());
    }
    std::fs::write(folder.join("empty"), "").expect("write");
    fails(folder, &["data", "fills", "empty"], 3, &["empty", "0 bytes"]);
    fails(folder, &["data", "fills", "nowhere"], 3, &["nowhere", "no such file"]);
    let usage: [(&str, &str, &str); 6] = [
        ("--queue", "fifo", "risk-averse"),
        ("--queue", "power:0", "power:3"),
        ("--every", "0", "0.1 to 3600"),
        ("--wait", "nan", "0.1 to 3600"),
        ("--latency-ms", "90000", "60000"),
        ("--takers", "-1", "above 0"),
    ];
    for (option, value, part) in usage {
        fails(folder, &["data", "fills", "whole", &format!("{option}={value}")], 2, &[option, value, part]);
    }
}
