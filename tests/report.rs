//! The report: what stands on the page, and how it looks to a browser.

use std::path::Path;
use std::process::{Command, Output};

use kestrel::domain::{Price, Quantity, Seed, Span, SymbolId, Value};
use kestrel::engine::TradeRecord;
use kestrel::engine::notice::ExitBy;
use kestrel::performance::baselines::{Close, VolatilityTarget};
use kestrel::performance::{CostRates, Costs, Inputs, RoundTrip, Sample, Summary};
use kestrel::report::{Report, TradeLine, html};

use crate::support::START;

const SECTIONS: [&str; 11] = [
    "Against the baselines",
    "Equity",
    "Drawdown",
    "Months",
    "Costs",
    "Daily returns",
    "Rolling Sharpe, 90 days",
    "All figures",
    "Trades",
    "Assumptions",
    "Again",
];

fn kestrel(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(arguments)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .env_remove("KESTREL_LOG")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn page(folder: &Path, arguments: &[&str], name: &str) -> String {
    kestrel(folder, arguments);
    std::fs::read_to_string(folder.join(name)).expect("a page")
}

fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let from = page.find(&format!("<h2>{name}</h2>")).unwrap_or_else(|| panic!("no section {name}"));
    page[from..].split("</section>").next().unwrap_or_default()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A page of `days` days with two samples a day; every text from outside is `text`.
fn made(days: i64, text: &str) -> String {
    let time = |at: i64| START.plus(Span(at * Span::DAY.0 / 2));
    let equity = |at: i64| 1_000.0 + 7.0 * (at as f64 * 0.9).sin() - at as f64 * 0.5;
    let samples: Vec<Sample> =
        (1..2 * days).map(|at| Sample { time: time(at), equity: equity(at), exposed: 100.0 }).collect();
    let closes: Vec<Close> =
        (1..2 * days).map(|at| Close { symbol: SymbolId(0), time: time(at), price: 50.0 + at as f64 }).collect();
    let trade = TradeRecord {
        symbol: SymbolId(0),
        opened: time(1),
        closed: time(2),
        entry: Price::ONE,
        exit: Price::ONE,
        quantity: Quantity::ONE,
        pnl: Value(-1),
        fees: Value(1),
        exit_by: ExitBy::Stop,
    };
    let trip = RoundTrip {
        symbol: SymbolId(0),
        opened: trade.opened,
        closed: trade.closed,
        invested: Value::of(Price::ONE, Quantity::ONE),
        pnl: trade.pnl,
    };
    let summary = Summary::of(&Inputs {
        start: START,
        capital: 1_000.0,
        samples: &samples,
        closes: &closes,
        trades: &[trip],
        costs: Costs::default(),
        rates: CostRates::default(),
        target: VolatilityTarget::default(),
        seed: Seed(1),
    });
    html(&Report {
        strategy: text,
        symbols: vec![text.to_owned()],
        quote: text,
        mode: text,
        span: Some((START, time(2 * days))),
        bars: 1,
        orders: 1,
        fills: 1,
        summary: &summary,
        trades: vec![TradeLine {
            trade: &trade,
            entered_because: Some(text.to_owned()),
            left_because: text.to_owned(),
        }],
        assumptions: vec![(text.to_owned(), text.to_owned())],
        remarks: vec![text.to_owned()],
        caveats: vec![text.to_owned()],
        command: text.to_owned(),
        state_hash: text.to_owned(),
    })
}

/// Tags that were opened and not closed, in order.
fn open_tags(page: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let void = ["meta", "link", "!doctype", "line", "path", "circle"];
    for piece in page.split('<').skip(1) {
        let inside = piece.split('>').next().unwrap_or_default();
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        if let Some(closed) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "tags close in order");
        } else if !inside.ends_with('/') && !void.contains(&name.as_str()) {
            open.push(name);
        }
    }
    open
}

#[test]
fn every_text_from_outside_is_escaped_and_all_tags_close() {
    let hostile = "<img src=x onerror='alert(1)'>\"&</style></title>";
    for days in [1, 40, 400] {
        let page = made(days, hostile);
        assert!(!page.contains("<img") && !page.contains("onerror='"), "{days} days");
        assert!(page.contains("&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&quot;&amp;"));
        assert_eq!(open_tags(&page), Vec::<String>::new(), "{days} days");
        assert!(!page.contains("NaN") && !page.contains("inf "), "{days} days");
        for name in SECTIONS {
            section(&page, name);
        }
    }
}

#[test]
fn a_short_run_says_why_figures_are_hidden_and_a_long_one_shows_them() {
    let (short, long) = (made(5, "x"), made(200, "x"));
    assert!(section(&short, "Rolling Sharpe, 90 days").contains("5 observations, 90 are needed"));
    assert!(section(&short, "All figures").contains("5 observations, 30 are needed"));
    assert!(section(&short, "Daily returns").contains("5 observations, 10 are needed"));
    for name in ["Rolling Sharpe, 90 days", "Daily returns", "Equity", "Drawdown"] {
        assert!(section(&long, name).contains("<svg"), "{name}");
    }
    let figures = section(&long, "All figures");
    assert!(figures.contains("200 days") && figures.contains(" to "), "{figures}");
    let months = section(&long, "Months");
    assert!(months.contains(">2023<") && months.contains(">2024<") && months.contains("title=\"31 days\""));
}

#[test]
fn a_backtest_writes_a_page_that_needs_nothing_else_and_the_same_one_again() {
    let folder = folder();
    let arguments = ["backtest", "--bars", "20000", "--seed", "4", "--report", "page.html"];
    let first = page(folder.path(), &arguments, "page.html");
    for outside in ["http", "<script", "url(", "@import", "src=", "<iframe"] {
        assert!(!first.contains(outside), "{outside}");
    }
    let said = section(&first, "Again");
    assert!(said.contains("kestrel backtest --bars 20000 --seed 4 --report page.html"), "{said}");
    let standing = section(&first, "Against the baselines");
    for name in ["flat", "buy and hold", "hold at steady risk", "random traders"] {
        assert!(standing.contains(name), "{name}");
    }
    let trades = section(&first, "Trades");
    assert!(trades.contains("in: the fast average") && trades.contains("out: "), "reasons");
    assert!(section(&first, "Assumptions").contains("the seed: no real prices"));
    assert_eq!(open_tags(&first), Vec::<String>::new());
    assert_eq!(page(folder.path(), &arguments, "page.html"), first);
}

#[test]
fn the_page_states_every_friction_and_splits_what_was_paid_by_cause() {
    let folder = folder();
    let config =
        r#"{"half_spread_percent": 0.02, "impact_coefficient": 1, "participation_percent": 5, "latency_ms": 150}"#;
    std::fs::write(folder.path().join("rough.json"), config).expect("write");
    let arguments = ["backtest", "--config", "rough.json", "--bars", "20000", "--seed", "4", "--report", "page.html"];
    let page = page(folder.path(), &arguments, "page.html");
    let assumptions = section(&page, "Assumptions");
    for said in ["0.02 % of the price", "2/3 x 1 x sigma", "at most 5 % of the minute", "150 ms to the book", "Almgren"]
    {
        assert!(assumptions.contains(said), "{said}: {assumptions}");
    }
    assert!(!page.contains("large orders look better"), "what is modelled is not called missing");
    let costs = section(&page, "Costs");
    for cause in ["fees", "spread", "impact"] {
        let row = costs.split("<tr>").find(|row| row.contains(cause)).unwrap_or_else(|| panic!("no {cause}: {costs}"));
        assert!(row.contains(|digit: char| ('1'..='9').contains(&digit)), "{cause} costs something: {row}");
    }
}

#[test]
fn a_page_of_bars_with_gaps_says_how_much_of_the_time_is_missing() {
    let name = "klines/BTCUSDT-spot-1m-2021-04-24_2021-04-26-gap.parquet";
    let Some(data) = crate::support::data_file(name) else { return crate::support::skip_without_data() };
    let folder = folder();
    let data = data.to_str().expect("text");
    let with_gap = page(folder.path(), &["backtest", "--data", data, "--report", "gap.html"], "gap.html");
    assert!(
        with_gap.contains("6.6 % of the time between the first and the last bar has no bars"),
        "284 of 4,320 minutes"
    );
    let whole = page(folder.path(), &["backtest", "--bars", "3000", "--report", "whole.html"], "whole.html");
    assert!(!whole.contains("has no bars"));
}

#[test]
fn gaps_and_refused_entries_are_told_in_the_table_and_on_the_page() {
    let folder = folder();
    let table = |arguments: &[&str]| {
        let output = kestrel(folder.path(), arguments);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for (config, why) in [
        (r#"{"sizing": {"fixed": 10}}"#, "is free"),
        (r#"{"start_balance": 1}"#, "less than min_trade_size"),
        (r#"{"min_trade_size": 50000}"#, "less than min_trade_size 50000"),
    ] {
        std::fs::write(folder.path().join("config.json"), config).expect("write");
        let said = table(&["backtest", "--bars", "3000", "--seed", "4", "--report", "page.html"]);
        let row = said.lines().find(|line| line.starts_with("entries refused")).unwrap_or_else(|| panic!("{said}"));
        assert!(row.contains("times; the last because") && row.contains(why), "{config}: {row}");
        let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
        assert!(page.contains("An entry was wanted and refused") && page.contains(why), "{config}");
    }
    std::fs::remove_file(folder.path().join("config.json")).expect("remove");
    let quiet = table(&["backtest", "--bars", "3000", "--seed", "4"]);
    assert!(!quiet.contains("missing ") && !quiet.contains("refused"), "{quiet}");
    let name = "klines/BTCUSDT-spot-1m-2021-04-24_2021-04-26-gap.parquet";
    let Some(data) = crate::support::data_file(name) else { return crate::support::skip_without_data() };
    let said = table(&["backtest", "--data", data.to_str().expect("text")]);
    assert!(said.contains("missing              6.6 % of the time has no bars"), "{said}");
}

#[test]
fn the_page_says_what_was_really_paid_and_of_queues_only_where_limits_rested() {
    let folder = folder();
    std::fs::write(folder.path().join("config.json"), r#"{"fee_policy": "bnb"}"#).expect("write");
    let arguments = ["backtest", "--bars", "5000", "--seed", "4", "--report", "page.html", "--json"];
    let output = kestrel(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().count() == 1 && said.contains("holds no BNB"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
    let assumptions = section(&page, "Assumptions");
    assert!(
        assumptions.contains("asked for in BNB, but 0 of ") && !assumptions.contains("with the discount"),
        "{assumptions}"
    );
    assert!(!page.contains("resting limit fills as soon"), "no limit rested");
}

#[test]
fn a_journal_that_was_cut_is_told_and_one_without_a_line_says_what_differs() {
    let folder = folder();
    let at = folder.path();
    kestrel(at, &["run", "--headless", "--seed", "4", "--bars", "2500", "--speed", "max", "--journal", "run.journal"]);
    let replay = |arguments: &[&str]| {
        let output = kestrel(at, arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    };
    let (whole, silent) = replay(&["replay", "run.journal"]);
    assert!(whole.contains("journal              compared") && silent.is_empty(), "{whole} {silent}");
    assert!(replay(&["replay", "run.journal", "--json"]).0.contains(r#""complete":true"#));

    let bytes = std::fs::read(at.join("run.journal")).expect("a journal");
    std::fs::write(at.join("cut.journal"), &bytes[..bytes.len() / 2]).expect("write");
    for arguments in [&["replay", "cut.journal"][..], &["report", "cut.journal", "--out", "cut.html"]] {
        let (table, warning) = replay(arguments);
        assert!(table.contains("journal              cut off after"), "{table}");
        assert!(warning.lines().count() == 1 && warning.contains("no end record"), "{warning}");
    }
    assert!(replay(&["replay", "cut.journal", "--json"]).0.contains(r#""complete":false"#));
    assert!(std::fs::read_to_string(at.join("cut.html")).expect("a page").contains("the journal has no end record"));

    let text = String::from_utf8(bytes).expect("text");
    let mut lines: Vec<&str> = text.lines().collect();
    let is_input = |line: &&&str| line.contains("{\"input\":");
    let inputs = lines.iter().filter(is_input).count();
    let middle = lines.len() / 2 + lines[lines.len() / 2..].iter().position(|line| is_input(&line)).expect("an input");
    lines.remove(middle);
    std::fs::write(at.join("less.journal"), lines.join("\n") + "\n").expect("write");
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["replay", "less.journal"])
        .current_dir(at)
        .env("KESTREL_HOME", at.join("home"))
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (found, wanted) = (inputs - 1, inputs);
    assert!(output.status.code() == Some(3) && said.contains(&format!("{found} inputs instead of {wanted}")), "{said}");
}

#[test]
fn every_wide_thing_scrolls_in_its_own_box() {
    let page = made(200, "x");
    for (thing, boxes) in [("<table", "<div class=\"scroll"), ("<svg", "<div class=\"chart\">")] {
        let mut parts = page.split(thing);
        let before = parts.next().unwrap_or_default();
        let mut all = vec![before];
        all.extend(parts);
        assert!(all.len() > 3, "{thing}");
        for before in &all[..all.len() - 1] {
            let last = &before[before.rfind("<div").unwrap_or(0)..];
            assert!(last.starts_with(boxes) && last.ends_with('>') && !last.contains("</div>"), "{thing}: {last}");
        }
    }
    assert!(page.contains(".chart{overflow-x:auto}") && page.contains(".scroll{overflow-x:auto}"));
}

#[test]
fn baselines_stand_beside_the_result_and_change_nothing_of_it() {
    let folder = folder();
    let summary = |more: &[&str]| -> serde_json::Value {
        let arguments = [&["backtest", "--bars", "5000", "--seed", "4", "--json"], more].concat();
        let output = kestrel(folder.path(), &arguments);
        serde_json::from_slice(&output.stdout).expect("a summary")
    };
    let (plain, compared) = (summary(&[]), summary(&["--baselines"]));
    assert!(plain["baselines"].is_null() && plain.as_object().expect("an object").contains_key("baselines"));
    for field in ["state_hash", "equity", "trades", "fees", "max_drawdown"] {
        assert_eq!(plain[field], compared[field], "{field}");
    }
    let baselines = &compared["baselines"];
    assert_eq!((&baselines["flat"]["return"], &baselines["random"]["traders"]), (&0.0.into(), &200.into()));
    assert!(baselines["buy_and_hold"]["return"].as_f64().is_some_and(|value| value != 0.0));
    let percentile = baselines["random"]["percentile"].as_f64().expect("trades");
    assert!((0.0..=1.0).contains(&percentile));
    let table = kestrel(folder.path(), &["backtest", "--bars", "5000", "--seed", "4"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let said = format!("better than {:.1} % of 200", percentile * 100.0);
    assert!(table.contains(&said) && table.contains("buy and hold "), "{table}");
}

#[test]
fn the_page_of_a_journal_has_the_trades_of_the_backtest() {
    let folder = folder();
    let at = folder.path();
    kestrel(
        at,
        &["run", "--headless", "--seed", "4", "--bars", "2500", "--speed", "max", "--journal", "run.journal", "--json"],
    );
    let journal = page(at, &["report", "run.journal", "--out", "journal.html", "--json"], "journal.html");
    let direct =
        page(at, &["backtest", "--seed", "4", "--bars", "2500", "--report", "direct.html", "--json"], "direct.html");
    assert!(section(&direct, "Trades").contains("in: the fast average"));
    assert!(section(&journal, "Trades") == section(&direct, "Trades"), "the trades differ");
    // The lines of the baselines may differ: a journal does not know the spread that they pay.
    let fall = |page| section(page, "Drawdown").rsplit("<p").next().map(str::to_owned);
    assert_eq!(fall(&journal), fall(&direct));
    assert!(section(&journal, "Assumptions").contains("A journal holds fees"));
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_the_run() {
    let folder = folder();
    for target in ["absent/page.html", "."] {
        let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
            .args(["backtest", "--bars", "100", "--report", target])
            .current_dir(folder.path())
            .env("KESTREL_HOME", folder.path().join("home"))
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.lines().count() == 1 && said.contains(target), "{said}");
    }
}

/// The screenshot of a page, and what its console said.
fn seen(folder: &Path, page: &str, name: &str) -> (Vec<u8>, Vec<String>) {
    let (file, picture) = (folder.join(format!("{name}.html")), folder.join(format!("{name}.png")));
    std::fs::write(&file, page).expect("write");
    let mut profile = std::ffi::OsString::from("--user-data-dir=");
    profile.push(folder.join("profile"));
    let mut shot = std::ffi::OsString::from("--screenshot=");
    shot.push(&picture);
    let output = Command::new("timeout")
        .args(["60", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--hide-scrollbars", "--window-size=1100,2400"])
        .args([&profile, &shot])
        .arg(&file)
        .output()
        .expect("the browser starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (std::fs::read(&picture).unwrap_or_else(|error| panic!("no picture ({error}): {said}")), console)
}

#[test]
fn a_browser_shows_the_page_and_its_console_stays_silent() {
    let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    if !is_there("chromium") || !is_there("timeout") {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "chromium is missing, and with CI=true it must be there");
        println!("skipped: there is no chromium");
        return;
    }
    let folder = folder();
    // What must be found is found: an empty page, and one that complains.
    let frame = |inside: &str| format!("<!doctype html><title>x</title><body>{inside}</body>");
    let (blank, silent) = seen(folder.path(), &frame(""), "blank");
    let (_, complaints) = seen(folder.path(), &frame("<script>console.error('broken')</script>"), "broken");
    assert!(silent.is_empty() && complaints.len() == 1, "{silent:?} {complaints:?}");
    let arguments = ["backtest", "--bars", "60000", "--seed", "4", "--report", "page.html"];
    let (picture, console) = seen(folder.path(), &page(folder.path(), &arguments, "page.html"), "seen");
    assert_eq!(console, Vec::<String>::new());
    // A picture without content compresses to almost nothing.
    assert!(picture.len() > 10 * blank.len(), "{} bytes against {} of a blank page", picture.len(), blank.len());
    assert_eq!(picture[16..24], blank[16..24], "both have the same width and height");
}
