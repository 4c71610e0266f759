//! The real program in a real terminal (tmux): what a person sees and what the keys do.

mod tmux;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tmux::Tmux;

const SECOND: Duration = Duration::from_secs(1);
/// For what happens at once, on a busy machine.
const SOON: Duration = Duration::from_secs(15);

#[test]
fn the_first_frame_comes_within_three_seconds_and_moves_and_the_first_fill_within_a_minute() {
    let started = Instant::now();
    let Some(tmux) = Tmux::start((120, 40), "") else { return };
    let first = tmux.wait("equity 10,000.00", SOON);
    let frame = started.elapsed();
    assert!(frame < 3 * SECOND, "the first frame took {frame:?}");
    assert!(first.contains("no real money"), "the hint of the first run:\n{first}");
    tmux.wait_until("the screen moves", 3 * SECOND, |screen| *screen != first);
    tmux.wait_until("the first fill", 60 * SECOND, |screen| !screen.contains("no fills yet"));
    assert!(started.elapsed() < 60 * SECOND);
}

#[test]
fn pause_resume_switch_edit_undo_flatten_help_and_quit() {
    let original = "{\n    \"take_profit_percent\" : 4,\n  \"invest_percent\":25 ,\n\t\"strategy\": \"trend\",\n    \"min_trade_size\": 10\n}";
    let Some(tmux) = Tmux::start_with((120, 40), "--speed 300", original) else { return };
    let file = || std::fs::read_to_string(tmux.folder().join("config.json")).expect("config.json");
    tmux.wait("live", SOON);

    tmux.keys(&["p"]);
    tmux.wait(" PAUSED ", SOON);
    tmux.keys(&["p"]);
    tmux.wait("Resume?", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait_until("resumed", SOON, |screen| !screen.contains(" PAUSED "));

    tmux.keys(&["?"]);
    tmux.wait("pause new entries at once", SOON);
    tmux.keys(&["Escape"]);
    tmux.wait_until("the help is gone", SOON, |screen| !screen.contains("pause new entries at once"));

    tmux.keys(&["i"]);
    tmux.wait("next BTCUSDT order", SOON);
    tmux.keys(&["C-u", "4", "0"]);
    tmux.wait("->", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("invest_percent 25 -> 40", SOON);
    assert_eq!(file(), original.replace(":25 ,", ":40 ,"));
    tmux.keys(&["z"]);
    tmux.wait("invest_percent 25 again", SOON);
    assert_eq!(file(), original);

    std::fs::write(tmux.folder().join("config.json"), original.replace(":25 ,", ":250 ,")).expect("write");
    tmux.wait("`invest_percent` is 250", SOON);
    std::fs::write(tmux.folder().join("config.json"), original.replace(":25 ,", ":30 ,")).expect("write");
    tmux.wait("invest_percent 25 -> 30", SOON);

    tmux.wait_until("something is held", 60 * SECOND, |screen| screen.contains("holding"));
    tmux.keys(&["q"]);
    tmux.wait("A position is open", SOON);
    tmux.keys(&["Escape", "x"]);
    tmux.wait("cost about", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait_until("flat and paused", SOON, |screen| screen.contains(" PAUSED ") && screen.contains("no open orders"));

    tmux.keys(&["s"]);
    tmux.wait("buys exhaustion", SOON);
    tmux.keys(&["Down", "Enter"]);
    tmux.wait("PAUSED   reversal", SOON);

    tmux.keys(&["q"]);
    tmux.wait("STATUS 0", SOON);
    assert_eq!(tmux.stty("before"), tmux.stty("after"));
    replays(tmux.folder());
}

/// What a person did stands in the journal, and the journal gives the same state again.
fn replays(folder: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["replay", "home/journal/demo.journal", "--json"])
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_terminal_is_given_back_after_a_panic_and_after_signals() {
    let Some(tmux) = Tmux::start((80, 24), "--panic-after 1500") else { return };
    tmux.wait("STATUS 1", SOON);
    tmux.wait("this is a bug in kestrel", SOON);
    assert_eq!(tmux.stty("before"), tmux.stty("after"), "after a panic");
    for signal in ["TERM", "HUP", "INT"] {
        let Some(tmux) = Tmux::start((80, 24), "") else { return };
        tmux.wait("live", SOON);
        tmux.signal(signal);
        tmux.wait("STATUS 0", SOON);
        assert_eq!(tmux.stty("before"), tmux.stty("after"), "after SIG{signal}");
        assert!(!tmux.screen().contains(" DEMO "), "the shell's screen is back");
    }
}

#[test]
fn after_a_stop_and_a_continue_the_screen_and_the_keys_are_back() {
    let Some(tmux) = Tmux::start((80, 24), "") else { return };
    tmux.wait("live", SOON);
    tmux.signal("STOP");
    // What a shell does meanwhile.
    tmux.run_in_pane("stty sane; printf '\\033[2J'");
    tmux.signal("CONT");
    tmux.wait("Balances", SOON);
    tmux.keys(&["p"]);
    tmux.wait(" PAUSED ", SOON);
}

#[test]
fn a_second_kestrel_does_not_empty_the_journal_of_the_first() {
    let Some(tmux) = Tmux::start((80, 24), "") else { return };
    tmux.wait("live", SOON);
    let second = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["run", "--headless", "--bars", "3", "--speed", "max"])
        .env("KESTREL_HOME", tmux.folder().join("home"))
        .current_dir(tmux.folder())
        .output()
        .expect("the program starts");
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another kestrel"));
}

/// Equity and time, as the status bar and the balances show them, move on.
fn goes_on(tmux: &Tmux) {
    let first = |screen: &str| screen.lines().next().unwrap_or_default().to_owned();
    let before = first(&tmux.screen());
    tmux.wait_until("the live run goes on", SOON, |screen| first(screen) != before);
}

#[test]
fn a_backtest_runs_beside_the_live_run_and_its_report_lies_beside_the_journal() {
    let Some(tmux) = Tmux::start((80, 24), "--speed 300") else { return };
    tmux.wait("live", SOON);
    tmux.keys(&["b"]);
    tmux.wait("44,640 bars, 31 days", SOON);
    tmux.keys(&["-"]);
    tmux.wait("10,080 bars, 7 days", SOON);
    tmux.keys(&["Enter"]);
    let shown = tmux.wait("state ", SOON);
    assert!(shown.contains("buy and hold") && shown.contains("10,080 bars in"), "{shown}");
    assert!(shown.contains("Sharpe is hidden: 8 observations, 30 are needed"), "{shown}");
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["backtest", "--bars", "10080", "--json"])
        .env("KESTREL_HOME", tmux.folder().join("other"))
        .current_dir(tmux.folder())
        .output()
        .expect("the program starts");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a summary");
    let hash = summary["state_hash"].as_str().expect("a hash");
    assert!(shown.contains(hash), "{hash} is not in:\n{shown}");

    tmux.keys(&["o"]);
    tmux.wait("report: ", SOON);
    let page = std::fs::read_to_string(tmux.folder().join("home/journal/demo.backtest.html")).expect("the report");
    assert!(page.contains("trend") && page.contains(hash));
    tmux.keys(&["Escape"]);
    tmux.wait_until("the popup is gone", SOON, |screen| !screen.contains("buy and hold"));
    goes_on(&tmux);
    quit(&tmux);
    replays(tmux.folder());
}

#[test]
fn a_backtest_is_cancelled_by_a_key_goes_on_unseen_and_ends_with_the_program() {
    let Some(tmux) = Tmux::start((120, 40), "--speed 300") else { return };
    tmux.wait("live", SOON);
    // Four years: a few seconds.
    tmux.keys(&["b", "+", "+", "+"]);
    tmux.wait("2,102,400 bars", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("bars a second", SOON);
    tmux.keys(&["x"]);
    tmux.wait("cancelled; nothing was kept", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("x cancel", SOON);
    tmux.keys(&["b"]);
    tmux.wait_until("told at the bottom", SOON, |screen| {
        screen.lines().last().is_some_and(|keys| keys.contains("b backtest ") && keys.contains(" %"))
    });
    let asked = Instant::now();
    quit(&tmux);
    assert!(asked.elapsed() < 5 * SECOND, "it took {:?}", asked.elapsed());
    assert_eq!(tmux.stty("before"), tmux.stty("after"));
    let left: Vec<String> = std::fs::read_dir(tmux.folder().join("home/journal"))
        .expect("the journal's folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left, ["demo.journal"], "no report was asked for");
}

#[test]
fn a_backtest_that_takes_long_shows_its_progress_on_a_terminal_and_cleans_up() {
    let Some(tmux) = Tmux::start((120, 40), "") else { return };
    tmux.wait("live", SOON);
    quit(&tmux);
    let (program, out) = (env!("CARGO_BIN_EXE_kestrel"), tmux.folder().join("out"));
    let command = format!(
        "KESTREL_HOME={0}/home {program} backtest --bars 6000000 --json 2>&1 >{0}/out",
        tmux.folder().display()
    );
    std::thread::scope(|scope| {
        scope.spawn(|| tmux.run_in_pane(&command));
        tmux.wait_until("a line of progress", SOON, |screen| {
            screen.contains(" of 6,000,000 bars, ") && screen.contains(" bars a second, ")
        });
    });
    assert!(!tmux.screen().contains("6,000,000"), "nothing stays:\n{}", tmux.screen());
    let said = std::fs::read_to_string(out).expect("the result");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said).expect("a summary")["bars"], 6_000_000);
}

fn quit(tmux: &Tmux) {
    tmux.keys(&["q"]);
    tmux.wait_until("it quits", SOON, |screen| {
        if screen.contains("A position is open") {
            tmux.keys(&["Enter"]);
        }
        screen.contains("STATUS 0")
    });
}

#[test]
fn months_of_the_catalogue_are_traded_again_and_tested() {
    let Some(tmux) = Tmux::start_prepared((120, 40), "--data BTCUSDT --bars 300 --speed max", |folder| {
        let file = folder.join("BTCUSDT-1m.parquet");
        let rules = kestrel::domain::SymbolRules::default_for(&kestrel::domain::Symbol::new("BTCUSDT"));
        let source = crate::support::generated(3, std::slice::from_ref(&rules), 1_000, &[]);
        let bars: Vec<_> = source.bars.into_iter().map(|(_, bar)| bar).collect();
        kestrel::store::write_bars(&file, &rules.symbol, &bars).expect("write");
        let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
            .args(["data", "import", "BTCUSDT-1m.parquet"])
            .env("KESTREL_HOME", folder.join("home"))
            .current_dir(folder)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }) else {
        return;
    };
    tmux.wait("The market has ended", SOON);
    tmux.keys(&["Enter"]);
    let journal = tmux.folder().join("home/journal/demo.2.journal");
    tmux.wait_until("the second run ends", SOON, |screen| {
        journal.exists() && screen.contains("The market has ended") && screen.contains("300 bars")
    });
    tmux.keys(&["Escape", "b"]);
    tmux.wait("recorded: BTCUSDT", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("300 bars in", SOON);
    tmux.keys(&["Escape"]);
    quit(&tmux);
}

#[test]
fn a_finished_market_says_so_and_offers_to_go_on() {
    let Some(tmux) = Tmux::start((120, 40), "--bars 40 --speed max") else { return };
    tmux.wait("The market has ended", SOON);
    tmux.wait("40 bars", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("The market has ended", SOON);
    tmux.keys(&["g"]);
    tmux.wait_until("it goes on", SOON, |screen| !screen.contains("The market has ended") && screen.contains("live"));
    quit(&tmux);
}

#[test]
fn a_run_that_cannot_begin_gives_the_terminal_back_and_says_why() {
    let Some(tmux) = Tmux::start((120, 40), "--journal /dev/null/no.journal") else { return };
    let said = tmux.wait("STATUS 3", SOON);
    assert!(said.contains("no.journal"), "{said}");
    assert_eq!(tmux.stty("before"), tmux.stty("after"));
}

#[test]
fn what_was_edited_after_the_end_counts_in_the_next_run() {
    let Some(tmux) = Tmux::start((120, 40), "--bars 400 --speed max") else { return };
    tmux.wait("The market has ended", SOON);
    tmux.keys(&["Escape", "i"]);
    tmux.wait("next BTCUSDT order", SOON);
    tmux.keys(&["C-u", "4", "0", "Enter"]);
    tmux.wait("invest_percent 25 -> 40", SOON);
    tmux.keys(&["Enter"]);
    tmux.wait("The market has ended", SOON);
    tmux.keys(&["Enter"]);
    let journal = tmux.folder().join("home/journal/demo.2.journal");
    tmux.wait_until("the second run begins with the edited settings", SOON, |_| {
        let text = std::fs::read_to_string(&journal).unwrap_or_default();
        text.lines().next().is_some_and(|first| first.contains("Start") && first.contains("\"invest\":\"0.40000000\""))
    });
}

#[test]
fn with_the_screen_on_a_run_ends_in_the_same_state() {
    same_hash("--bars 3000 --seed 5", 60 * SECOND);
}

/// Evidence: a recorded month at full speed with the screen on.
#[test]
#[ignore = "about a minute: a recorded month through the loopback exchange with the screen on"]
fn a_recorded_month_with_the_screen_on_ends_in_the_same_state() {
    let name = "klines/BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet";
    let Some(file) = crate::support::data_file(name) else { return crate::support::skip_without_data() };
    same_hash(&format!("--data {}", file.display()), 300 * SECOND);
}

fn same_hash(market: &str, patience: Duration) {
    let Some(tmux) = Tmux::start((200, 60), &format!("{market} --speed max")) else { return };
    tmux.wait("The market has ended", patience);
    tmux.keys(&["q"]);
    let shown = tmux.wait("STATUS 0", SOON);
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .arg("backtest")
        .args(market.split_whitespace())
        .arg("--json")
        .output()
        .expect("the program starts");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a summary");
    let hash = summary["state_hash"].as_str().expect("a hash");
    assert!(shown.contains(hash), "{hash} is not in:\n{shown}");
}
