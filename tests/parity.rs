//! Parity: the demo over real sockets and the backtest end with the same fills, the same equity and the same state.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kestrel::app::demo::{self, Demo, Ended, ModelRun};
use kestrel::app::market::MarketPlan;
use kestrel::app::{backtest, market, venue_settings};
use kestrel::config::{Config, FeePolicy, Rest, RiskKeys, Speed};
use kestrel::domain::{Command as Order, Ratio, Seed, Span, Symbol, Time};
use kestrel::engine::model::ModelSlot;
use kestrel::engine::regime::{EXPERTS, Mandate, Mandates};
use kestrel::engine::risk::settings::StopKind;
use kestrel::engine::settings::{ExecutionStyle, StrategyName};
use kestrel::engine::{Input, Stamped};
use kestrel::journal::{JournalReader, JournalWriter};
use kestrel::runtime::Finished;
use kestrel::runtime::backtest as direct;
use kestrel::runtime::live::EndReason;
use kestrel::runtime::replay::replay;
use kestrel::runtime::run::JournalRecord;
use kestrel::simulator::Simulator;
use kestrel::store::{ParquetBars, symbols_of};
use tempfile::tempdir;

use crate::support::{self, Memory, data_file, skip_without_data};

/// A market and how much of it.
struct Case {
    files: Vec<PathBuf>,
    bars: u64,
    seed: u64,
}

fn config() -> Config {
    let mut config = Config::embedded().expect("the shipped settings");
    config.speed = Speed::Max;
    // Short averages and near stops: many orders of every kind in few bars.
    (config.trend_fast, config.trend_slow, config.min_hold_minutes) = (5, 13, 3);
    (config.stop_loss_percent, config.take_profit_percent) = (0.3, 0.5);
    config
}

/// Strategies by regime, adaptive execution and every guard.
fn everything() -> Config {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/everything.json");
    let (mut config, _) = Config::load(Some(&file)).expect("settings");
    config.speed = Speed::Max;
    config
}

/// A home without models of its own: there are the shipped ones.
fn home() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Shipped models that trade wherever they expect anything at all, before costs: they lose, but they trade.
fn with_models(strategy: StrategyName) -> Config {
    let mut config = config();
    (config.strategy, config.edge_multiple, config.inference.onnxruntime_fetch) = (strategy, 0.0, false);
    config.regimes = Mandates([Mandate([Ratio::ONE; EXPERTS]); 5]);
    for slot in ModelSlot::ALL {
        config.models.0.insert(slot, format!("kestrel-{slot}"));
    }
    config
}

fn plan(case: &Case, config: &mut Config) -> MarketPlan {
    let data = (!case.files.is_empty()).then(|| {
        config.symbols = symbols_of(&case.files, &config.symbols).expect("symbols");
        ParquetBars::open(&case.files, &config.symbols).expect("a readable file")
    });
    MarketPlan { data, seed: Seed(case.seed), warmup_bars: config.warmup_bars, anchor: None, bars: Some(case.bars) }
}

fn through_sockets(case: &Case, config: &Config, commands: Vec<(Time, Order)>) -> Ended {
    let mut config = config.clone();
    let market = plan(case, &mut config);
    let ended = demo::finish(Demo {
        config: &config,
        market,
        venue: None,
        journal: None,
        feeds: None,
        models: ModelRun::if_asked(&config, home()).expect("models"),
        trades_file: None,
        commands,
        on_notice: None,
        on_status: None,
        hand: None,
    });
    ended.unwrap_or_else(|error| panic!("the demo failed: {error}"))
}

fn directly(case: &Case, config: &Config) -> Finished {
    let mut config = config.clone();
    let market = plan(case, &mut config);
    backtest::finish(&config, market, home()).unwrap_or_else(|error| panic!("the backtest failed: {error}"))
}

fn assert_same(case: &Case, config: &Config) -> Ended {
    let live = through_sockets(case, config, Vec::new());
    let direct = directly(case, config);
    assert_eq!(live.reason, EndReason::MarketEnded);
    assert!(!direct.record.fills.is_empty(), "a market without fills shows nothing");
    if let Some(difference) = live.finished.record.first_difference(&direct.record) {
        panic!("{:?}: {difference}", case.files);
    }
    assert_eq!(live.finished.record.trades, direct.record.trades);
    assert_eq!(live.finished.engine.equity(), direct.engine.equity());
    assert_eq!(live.finished.engine.state_hash(), direct.engine.state_hash());
    assert_eq!(live.finished.effect_hash, direct.effect_hash);
    assert_eq!(live.finished.engine.halted(), None);
    live
}

fn recorded(name: &str, bars: u64) -> Option<Case> {
    let file = data_file(&format!("klines/{name}"))?;
    Some(Case { files: vec![file], bars, seed: 1 })
}

#[test]
fn ten_bars_over_sockets_end_as_the_backtest_does() {
    let mut config = config();
    (config.trend_fast, config.trend_slow) = (1, 2);
    assert_same(&Case { files: Vec::new(), bars: 10, seed: 3 }, &config);
}

#[test]
fn models_trade_over_sockets_as_they_do_in_the_backtest() {
    if support::onnxruntime().is_none() {
        return;
    }
    use StrategyName::{Auto, Sac, Temporal, Trees};
    for (strategy, bars) in [(Trees, 6_000), (Temporal, 6_000), (Sac, 19_000), (Auto, 9_000)] {
        let Some(case) = recorded("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet", bars) else {
            return skip_without_data();
        };
        assert_same(&case, &with_models(strategy));
    }
}

/// Evidence: a month with models that trade. Some minutes long.
#[test]
#[ignore = "minutes long: a whole recorded month through the loopback exchange with models"]
fn a_whole_recorded_month_with_models_agrees() {
    let name = "BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet";
    let Some(case) = recorded(name, 44_640) else { return skip_without_data() };
    for strategy in [StrategyName::Trees, StrategyName::Temporal, StrategyName::Sac, StrategyName::Auto] {
        let live = assert_same(&case, &with_models(strategy));
        let (fills, seconds) = (live.finished.record.fills.len(), live.stopwatch.read().wall_seconds);
        println!("{}: {fills} fills, {seconds:.1} s", strategy.as_str());
    }
}

#[test]
fn a_calm_month_a_crash_an_outage_and_a_cheap_coin_agree() {
    let cases = [
        ("BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet", 6_000),
        ("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet", 19_000),
        ("BTCUSDT-spot-1m-2021-04-24_2021-04-26-gap.parquet", 4_036),
        ("SUIUSDT-spot-1m-2024-01-01_2024-08-31.parquet", 6_000),
        ("NEARUSDT-um-1m-2023-08_2023-10.parquet", 6_000),
    ];
    for (name, bars) in cases {
        let Some(case) = recorded(name, bars) else { return skip_without_data() };
        assert_same(&case, &config());
    }
}

/// Evidence: months of minutes through the sockets, with the shipped settings. Some minutes long.
#[test]
#[ignore = "minutes long: whole recorded months through the loopback exchange"]
fn whole_recorded_months_agree() {
    let months = [
        ("BTCUSDT-spot-1m-2023-07-01_2023-07-31-calm.parquet", 44_640),
        ("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet", 44_512),
        ("ETHUSDT-spot-1m-2022-11-01_2022-11-30-ftx.parquet", 43_200),
        ("NEARUSDT-um-1m-2024-06.parquet", 43_200),
    ];
    for (name, bars) in months {
        let Some(case) = recorded(name, bars) else { return skip_without_data() };
        let mut shipped = Config::embedded().expect("the shipped settings");
        shipped.speed = Speed::Max;
        for config in [shipped, config(), everything()] {
            let live = assert_same(&case, &config);
            let (bars, fills) = (live.finished.engine.performance().bars(), live.finished.record.fills.len());
            let elapsed = live.stopwatch.read();
            println!("{name}: {bars} bars, {fills} fills, {:.1} s", elapsed.wall_seconds);
        }
    }
}

/// Shocks, moving stops, caps and sizes by volatility, through a crash.
#[test]
fn every_rule_of_risk_agrees_over_sockets() {
    let name = "BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet";
    let Some(case) = recorded(name, 19_000) else { return skip_without_data() };
    let mut config = config();
    config.risk = RiskKeys {
        shock_stop_percent: 1.0,
        volatility_target_percent: 60.0,
        drawdown_floor_percent: 50.0,
        stops: StopKind::Sigma,
        trailing_multiple: 3.0,
        max_hold_minutes: 120,
        daily_loss_percent: 2.0,
        halt_drawdown_percent: 60.0,
        cool_down_minutes: 2,
        max_exposure_percent: 90.0,
        ..config.risk
    };
    assert_same(&case, &config);
}

#[test]
fn two_symbols_in_one_account_agree() {
    let names =
        ["BTCUSDT", "ETHUSDT"].map(|symbol| format!("klines/{symbol}-spot-1m-2022-11-01_2022-11-30-ftx.parquet"));
    let files: Option<Vec<PathBuf>> = names.iter().map(|name| data_file(name)).collect();
    let Some(files) = files else { return skip_without_data() };
    let mut config = config();
    config.invest_percent = 100.0;
    assert_same(&Case { files, bars: 12_000, seed: 1 }, &config);
}

#[test]
fn generated_markets_agree_under_every_strategy_and_fee_policy() {
    let policies = [FeePolicy::Received, FeePolicy::Bnb, FeePolicy::Quote];
    for (seed, policy) in policies.into_iter().enumerate() {
        for strategy in [StrategyName::Trend, StrategyName::Breakout, StrategyName::Reversal] {
            let mut config = config();
            (config.strategy, config.fee_policy) = (strategy, policy);
            // The reversal waits for crashes; a longer market has some.
            let bars = if strategy == StrategyName::Trend { 1_500 } else { 6_000 };
            let seed = [5, 23, 77][seed];
            let case = Case { files: Vec::new(), bars, seed };
            if strategy != StrategyName::Trend && directly(&case, &config).record.fills.is_empty() {
                continue;
            }
            assert_same(&case, &config);
        }
    }
}

/// Each alone and all together, with the rest of a thin minute both ways.
#[test]
fn every_friction_agrees_over_sockets() {
    let off = config();
    let impact = Config { impact_coefficient: 1.0, ..off.clone() };
    let thin = Config { participation_percent: 0.05, ..off.clone() };
    let markout = Config { markout_percent: 0.05, ..off.clone() };
    let late = Config { latency_ms: 250, ..off.clone() };
    let all = Config {
        impact_coefficient: 1.0,
        participation_percent: 0.05,
        participation_rest: Rest::Expires,
        markout_percent: 0.05,
        latency_ms: 21_000,
        ..off.clone()
    };
    let case = Case { files: Vec::new(), bars: 1_200, seed: 5 };
    let plain = directly(&case, &off).engine.state_hash();
    for (config, moves) in [(impact, true), (thin, true), (markout, false), (late, true), (all, true)] {
        let live = assert_same(&case, &config);
        // The engine sends no passive limits, so a markout alone changes nothing.
        let hash = live.finished.engine.state_hash();
        assert_eq!(hash != plain, moves, "{:?}", kestrel::app::frictions(&config));
    }
}

/// In a minute of this market trade some 20 units, an order is worth some 50: large enough to be sliced.
#[test]
fn every_style_of_execution_agrees_over_sockets() {
    let case = Case { files: Vec::new(), bars: 1_200, seed: 5 };
    let off = Config { execution: ExecutionStyle::Market, ..config() };
    let plain = directly(&case, &off).record.fills.len();
    for style in ExecutionStyle::ALL {
        let config = Config { execution: style, urgency_percent: 5.0, ..config() };
        let live = assert_same(&case, &config);
        let fills = live.finished.record.fills.len();
        let is_sliced = matches!(style, ExecutionStyle::Twap | ExecutionStyle::Vwap | ExecutionStyle::AlmgrenChriss);
        assert!(!is_sliced || fills > plain, "{style:?}: {fills} fills, {plain} without slices");
    }
}

#[test]
fn strategies_chosen_by_regime_agree_over_sockets() {
    let Some(case) = recorded("BTCUSDT-spot-1m-2020-03-01_2020-03-31-covid-crash.parquet", 19_000) else {
        return skip_without_data();
    };
    let live = assert_same(&case, &Config { strategy: StrategyName::Auto, ..config() });
    assert!(live.finished.record.trades.len() > 10);
    let live = assert_same(&case, &everything());
    let report = &live.finished.record.execution;
    assert!(report.parents > 5 && report.switches > 5 && report.halts > 1 && report.resumptions > 1, "{report:?}");
}

#[test]
fn orders_are_signed_requests_that_cross_the_socket() {
    let live = assert_same(&Case { files: Vec::new(), bars: 1_000, seed: 9 }, &config());
    let counts = live.counts.expect("the exchange was ours");
    let engine = &live.finished.engine;
    let singles = engine.counts().orders;
    // Each entry and exit is a signed request, each OCO one for two orders, and cancels come on top.
    assert!(counts.signed_requests >= singles / 2, "{counts:?} for {singles} orders");
    // Per bar: four trades, four best prices and the closed bar, each a frame that is acked by a frame.
    assert!(counts.frames_sent >= 9 * 1_000, "{counts:?}");
    assert!(counts.frames_received >= counts.frames_sent / 2, "{counts:?}");
    assert!(counts.rest_requests >= 4, "time, rules, balances, klines: {counts:?}");
}

#[test]
fn a_run_through_an_exchange_in_another_process_ends_as_the_backtest_does() {
    let folder = tempdir().expect("a folder");
    let kestrel = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kestrel"));
        command.current_dir(folder.path()).arg("--home").arg(folder.path()).arg("--json");
        command
    };
    let mut exchange = kestrel()
        .args(["exchange", "--speed", "max", "--seed", "4", "--bars", "2500"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the exchange starts");
    let mut line = String::new();
    let stdout = exchange.stdout.as_mut().expect("its stdout");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("its first line");
    let addresses: serde_json::Value = serde_json::from_str(&line).expect("one JSON line");
    let text = |name: &str| addresses[name].as_str().expect("a text").to_owned();
    let run = kestrel()
        .args(["run", "--headless", "--seed", "4"])
        .args(["--rest-url", &text("rest_url"), "--stream-url", &text("stream_url")])
        .args(["--ws-api-url", &text("ws_api_url")])
        .env("KESTREL_API_KEY", text("api_key"))
        .env("KESTREL_API_SECRET", text("api_secret"))
        .output();
    exchange.kill().expect("the exchange ends");
    exchange.wait().expect("the exchange ended");
    let run = run.expect("the run starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let test = kestrel().args(["backtest", "--seed", "4", "--bars", "2500"]).output().expect("the backtest starts");
    let summary = |output: &[u8]| -> serde_json::Value {
        let text = String::from_utf8_lossy(output).into_owned();
        serde_json::from_str(text.lines().last().unwrap_or_default()).expect("a summary")
    };
    let (run, test) = (summary(&run.stdout), summary(&test.stdout));
    for field in ["state_hash", "equity", "fills", "fees", "orders", "bars", "first_bar", "last_bar"] {
        assert_eq!(run[field], test[field], "{field}");
    }
    assert!(run["fills"].as_u64() > Some(0));
}

#[test]
fn commands_in_a_live_run_stand_in_its_journal_and_its_replay_agrees() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("run.journal");
    let case = Case { files: Vec::new(), bars: 1_200, seed: 12 };
    let mut config = config();
    // The generated market begins on 2024-01-01 and warms up for 500 minutes.
    let at = |minute: i64| Time(1_704_067_200_000_000).plus(Span((500 + minute) * Span::MINUTE.0));
    let commands = vec![
        (at(200), Order::Pause),
        (at(400), Order::Resume),
        (at(600), Order::SwitchStrategy("reversal".to_owned())),
        (at(800), Order::SwitchStrategy("trend".to_owned())),
        (at(1_000), Order::Flatten),
    ];
    let market = plan(&case, &mut config);
    let ended = demo::finish(Demo {
        config: &config,
        market,
        venue: None,
        journal: Some(Box::new(JournalWriter::create(&path).expect("a journal"))),
        feeds: None,
        models: None,
        trades_file: None,
        commands: commands.clone(),
        on_notice: None,
        on_status: None,
        hand: None,
    })
    .expect("the demo runs");
    let lines: Vec<String> = JournalReader::open(&path).expect("the journal").map(|l| l.expect("a line")).collect();
    for (_, command) in &commands {
        let text = serde_json::to_string(command).expect("JSON");
        assert!(lines.iter().any(|line| line.contains(&text)), "{text} is not in the journal");
    }
    let entries = |from: i64, to: i64| {
        let fills = ended.finished.record.fills.iter();
        fills.filter(|f| f.side == kestrel::domain::Side::Buy && f.time > at(from) && f.time <= at(to)).count()
    };
    assert!(entries(0, 200) > 0, "the market trades");
    assert_eq!(entries(200, 400), 0, "paused");
    assert!(entries(400, 600) > 0, "resumed");
    assert_eq!(entries(1_000, 1_200), 0, "flattened and paused");
    let replayed = replay(lines.into_iter().map(Ok)).expect("a readable journal");
    assert_eq!(replayed.agrees(), Some(true));
    assert_eq!(replayed.finished.record, ended.finished.record);
}

/// The steps of a journal after its start, without its end.
fn steps(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().skip(1).filter(|line| line.contains("\"input\"")).collect()
}

#[test]
fn the_backtest_shows_trades_and_best_prices_as_the_exchange_streams_them() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("run.journal");
    let case = Case { files: Vec::new(), bars: 300, seed: 8 };
    let mut config = config();
    config.symbols = ["BTCUSDT", "ETHUSDT"].map(Symbol::new).to_vec();
    config.half_spread_percent = 0.01;
    let market = plan(&case, &mut config);
    demo::finish(Demo {
        config: &config,
        market,
        venue: None,
        journal: Some(Box::new(JournalWriter::create(&path).expect("a journal"))),
        trades_file: None,
        commands: Vec::new(),
        on_notice: None,
        on_status: None,
        hand: None,
        feeds: None,
        models: None,
    })
    .expect("the demo runs");
    let lines: Vec<String> = JournalReader::open(&path).expect("the journal").map(|l| l.expect("a line")).collect();
    let first = serde_json::from_str(&lines[0]).expect("a record");
    let JournalRecord::Input(Stamped { input: Input::Start(start), .. }) = first else { panic!("{}", lines[0]) };

    let journal = Memory::default();
    let plan = plan(&case, &mut config);
    direct::backtest(direct::Backtest {
        source: market::open(plan, &start.rules).as_mut(),
        simulator: Simulator::new(start.rules.clone(), venue_settings(&config)),
        start: *start,
        detail: direct::Detail::Full,
        commands: Vec::new(),
        journal: Some(Box::new(journal.clone())),
        inference: None,
        on_close: None,
        on_notice: None,
    })
    .expect("the backtest runs");
    let (streamed, shown) = (steps(lines), steps(journal.0.take()));
    assert!(streamed.iter().filter(|line| line.contains("BookTop")).count() >= 4 * 300);
    assert!(streamed.iter().any(|line| line.contains("Report")), "orders stand between the prices");
    let differs = streamed.iter().zip(&shown).position(|(one, other)| one != other);
    if let Some(at) = differs {
        panic!("step {at}: over sockets {}\ndirectly {}", streamed[at], shown[at]);
    }
    assert_eq!(streamed.len(), shown.len());
}
