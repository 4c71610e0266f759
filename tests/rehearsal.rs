//! A backtest from the screen: the same result as the verb's, one at a time, ended when nobody waits for it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kestrel::app::rehearsal::{Grounds, Rehearsal};
use kestrel::config::Config;
use kestrel::domain::{Money, Seed, SymbolRules, digest};
use kestrel::engine::settings::StrategyName;
use kestrel::store::write_bars;
use kestrel::tui::backtest::{Page, Stage, Tested};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const WEEK: u64 = 10_080;
const FOUR_YEARS: u64 = 2_102_400;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn config() -> Config {
    Config::embedded().expect("the shipped settings")
}

/// A session in this folder with a generated market.
fn grounds(folder: &Path, seed: u64) -> Grounds {
    Grounds {
        journal: folder.join("demo.journal"),
        settings_file: folder.join("config.json"),
        ..Grounds::generated(Seed(seed))
    }
}

/// A recording of so many bars.
fn recording(folder: &Path, bars: usize) -> PathBuf {
    let rules = SymbolRules::default_for(&config().symbols[0]);
    let source = crate::support::generated(3, std::slice::from_ref(&rules), bars, &[]);
    let bars: Vec<_> = source.bars.into_iter().map(|(_, bar)| bar).collect();
    let path = folder.join(format!("{}-1m.parquet", rules.symbol.as_str()));
    write_bars(&path, &rules.symbol, &bars).expect("write");
    path
}

/// Until the thread is done.
fn wait(rehearsal: &mut Rehearsal) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("an event loop");
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, rehearsal.done()).await });
    rehearsal.hear(done.expect("the backtest ends"));
}

fn tested(rehearsal: &mut Rehearsal, config: &Config) -> Arc<Tested> {
    match rehearsal.look(config).stage {
        Stage::Finished { tested, .. } => tested,
        stage => panic!("{stage:?}"),
    }
}

/// The result of `kestrel backtest` with these words.
fn backtest(folder: &Path, words: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kestrel"))
        .args(["backtest", "--json", "--baselines"])
        .args(words)
        .current_dir(folder)
        .env("KESTREL_HOME", folder.join("home"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a summary")
}

fn same(tested: &Tested, summary: &serde_json::Value) {
    assert_eq!(summary["state_hash"], digest::hex(tested.state_hash));
    assert_eq!(summary["equity"], tested.equity.to_string());
    assert_eq!(summary["fees"], tested.fees.to_string());
    assert_eq!((&summary["bars"], &summary["trades"]), (&tested.bars.into(), &tested.trades.into()));
    assert_eq!(summary["win_rate"].as_f64(), tested.win_rate);
    let near = |name: &str, found: &serde_json::Value, shown: Option<f64>| match (found.as_f64(), shown) {
        (Some(found), Some(shown)) => assert!((found - shown).abs() < 1e-9, "{name}: {found} {shown}"),
        (found, shown) => assert_eq!(found, shown, "{name}"),
    };
    let hold = tested.buy_and_hold.expect("prices");
    for (name, figures, found) in
        [("strategy", &tested.strategy, summary), ("hold", &hold, &summary["baselines"]["buy_and_hold"])]
    {
        let value = |shown: kestrel::performance::Shown| shown.ok().map(|figure| figure.value);
        near(name, &found["return"], value(figures.total_return));
        near(name, &found["max_drawdown"], Some(figures.max_drawdown));
        near(name, &found["sharpe"], value(figures.sharpe));
    }
}

#[test]
fn it_comes_to_what_the_verb_comes_to() {
    let folder = folder();
    let config = config();
    let mut rehearsal = Rehearsal::new(grounds(folder.path(), 9));
    for (minutes, bars) in [(WEEK, "10080"), (44_640, "44640")] {
        rehearsal.start(&config, &config, minutes);
        assert!(rehearsal.is_running());
        wait(&mut rehearsal);
        let tested = tested(&mut rehearsal, &config);
        assert!(tested.trades > 0, "nothing was traded");
        same(&tested, &backtest(folder.path(), &["--bars", bars, "--seed", "9"]));
    }
}

#[test]
fn a_recording_is_tested_whole_or_as_the_run_cuts_it() {
    let folder = folder();
    let config = config();
    let file = recording(folder.path(), 3_000);
    for bars in [None, Some(1_234)] {
        let (files, names) = (vec![file.clone()], vec![file.clone()]);
        let grounds = Grounds { files, names, rows: 3_000, bars, ..grounds(folder.path(), 15) };
        let mut rehearsal = Rehearsal::new(grounds);
        rehearsal.start(&config, &config, WEEK);
        wait(&mut rehearsal);
        let tested = tested(&mut rehearsal, &config);
        assert_eq!(tested.bars, bars.unwrap_or(3_000));
        let (data, bars) = (file.display().to_string(), tested.bars.to_string());
        same(&tested, &backtest(folder.path(), &["--data", &data, "--bars", &bars]));
    }
}

#[test]
fn data_that_are_gone_are_told_in_a_sentence() {
    let folder = folder();
    let config = config();
    let file = folder.path().join("BTCUSDT-gone.parquet");
    let grounds = Grounds { files: vec![file.clone()], names: vec![file], rows: 10, ..grounds(folder.path(), 15) };
    let mut rehearsal = Rehearsal::new(grounds);
    rehearsal.start(&config, &config, WEEK);
    wait(&mut rehearsal);
    let Stage::Failed(sentence) = rehearsal.look(&config).stage else { panic!("it did not fail") };
    assert!(sentence.contains("BTCUSDT-gone.parquet"), "{sentence}");
}

#[test]
fn the_report_s_command_makes_the_same_result_and_names_what_the_file_does_not_hold() {
    let folder = folder();
    let config = config();
    let mut rehearsal = Rehearsal::new(grounds(folder.path(), 4));
    let page = folder.path().join("demo.backtest.html");
    rehearsal.start(&config, &config, WEEK);
    wait(&mut rehearsal);
    rehearsal.write_report();
    assert!(matches!(rehearsal.look(&config).stage, Stage::Finished { page: Page::Writing, .. }));
    wait(&mut rehearsal);
    let Stage::Finished { tested, page: Page::Written { path, .. } } = rehearsal.look(&config).stage else {
        panic!("no report")
    };
    assert_eq!(Path::new(&path), page);
    let html = std::fs::read_to_string(&page).expect("the report");
    let from = html.find("kestrel backtest ").expect("the command");
    let command = html[from..].split('<').next().unwrap_or_default();
    let words: Vec<&str> = command.split_whitespace().skip(2).collect();
    same(&tested, &backtest(folder.path(), &words));
    assert!(!command.contains('#'), "{command}");

    // A strategy that was switched on the screen stands in no file.
    let switched = Config { strategy: StrategyName::Reversal, ..config.clone() };
    rehearsal.start(&switched, &config, WEEK);
    wait(&mut rehearsal);
    rehearsal.write_report();
    wait(&mut rehearsal);
    let html = std::fs::read_to_string(&page).expect("the report");
    assert!(html.contains("# with strategy reversal in the settings"));
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_the_result_stays() {
    let folder = folder();
    let config = config();
    let journal = folder.path().join("no/such/folder/demo.journal");
    let mut rehearsal = Rehearsal::new(Grounds { journal, ..grounds(folder.path(), 4) });
    rehearsal.start(&config, &config, WEEK);
    wait(&mut rehearsal);
    rehearsal.write_report();
    wait(&mut rehearsal);
    let Stage::Finished { page: Page::Failed(sentence), .. } = rehearsal.look(&config).stage else {
        panic!("it was written")
    };
    assert!(sentence.contains("demo.backtest.html") && sentence.contains("cannot be written"), "{sentence}");
}

#[test]
fn one_that_nobody_waits_for_ends_at_once() {
    let folder = folder();
    let mut config = config();
    let mut rehearsal = Rehearsal::new(grounds(folder.path(), 4));
    rehearsal.start(&config, &config, FOUR_YEARS);
    let bars = |rehearsal: &mut Rehearsal| rehearsal.look(&config).stage.pace().expect("it runs").done;
    let started = Instant::now();
    while bars(&mut rehearsal) == 0 {
        assert!(started.elapsed() < PATIENCE);
    }
    // A second start changes nothing.
    rehearsal.start(&config, &config, WEEK);
    assert_eq!(rehearsal.look(&config).stage.pace().map(|pace| pace.total), Some(FOUR_YEARS));
    rehearsal.cancel();
    wait(&mut rehearsal);
    assert_eq!(rehearsal.look(&config).stage, Stage::Cancelled);

    config.start_balance = Money::ONE.to_f64() * 100.0;
    rehearsal.start(&config, &config, FOUR_YEARS);
    let dropped = Instant::now();
    drop(rehearsal);
    assert!(dropped.elapsed() < Duration::from_secs(1), "{:?}", dropped.elapsed());
}
