//! What several test modules share: bar sources from memory, settings, runs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use kestrel::domain::{Bar, Command, Money, Price, Ratio, Seed, Session, Span, Symbol, SymbolId, SymbolRules, Time};
use kestrel::engine::model::{InferOutcome, InferRequest, Inferred, Meaning, ModelSpec, Models, Payoffs};
use kestrel::engine::ports::{BarSource, Inference, Journal, JournalError, SourceError};
use kestrel::engine::risk::settings::{RiskSettings, StopKind};
use kestrel::engine::settings::{Sizing, StrategyName, TrendLengths};
use kestrel::engine::{Engine, Settings, Start};
use kestrel::market::barriers::Barriers;
use kestrel::market::features::Schema;
use kestrel::market::regime::RegimeModel;
use kestrel::runtime::Finished;
use kestrel::runtime::backtest::{Backtest, Detail, backtest, start_balances};
use kestrel::simulator::generator::Generator;
use kestrel::simulator::{self, FeePolicy, FeeSchedule, Frictions, Simulator};

/// Bars from memory, already merged by (time, symbol).
pub struct MemorySource {
    pub history: Vec<Vec<Bar>>,
    pub bars: VecDeque<(SymbolId, Bar)>,
}

impl BarSource for MemorySource {
    fn history(&mut self, symbol: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(self.history.get(symbol.index()).cloned().unwrap_or_default())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        Ok(self.bars.pop_front())
    }
}

/// 2023-07-01 00:00 UTC.
pub const START: Time = Time(1_688_169_600_000_000);

/// A market of generated bars for each symbol, with some minutes missing.
pub fn generated(seed: u64, rules: &[SymbolRules], bars: usize, gaps: &[(usize, usize)]) -> MemorySource {
    let mut merged: Vec<(SymbolId, Bar)> = Vec::new();
    for (at, rules) in rules.iter().enumerate() {
        let price = 100.0 * (at + 1) as f64;
        let generator = Generator::new(Seed(seed), &rules.symbol, rules, START, price);
        merged.extend(generator.take(bars).map(|bar| (SymbolId(at as u16), bar)));
    }
    let is_missing = |time: Time| {
        let minute = (time.since(START).0 / Span::MINUTE.0) as usize;
        gaps.iter().any(|(from, length)| (*from..from + length).contains(&minute))
    };
    merged.retain(|(_, bar)| !is_missing(bar.open_time));
    merged.sort_by_key(|(symbol, bar)| (bar.open_time, *symbol));
    MemorySource { history: vec![Vec::new(); rules.len()], bars: merged.into() }
}

pub fn rules(names: &[&str]) -> Vec<SymbolRules> {
    names
        .iter()
        .map(|name| {
            let mut rules = SymbolRules::default_for(&Symbol::new(name));
            rules.price.tick = "0.01".parse().expect("a tick");
            rules.lot.step = "0.00001".parse().expect("a step");
            rules
        })
        .collect()
}

pub fn settings(strategy: StrategyName) -> Settings {
    Settings {
        strategy,
        invest: ratio("0.5"),
        sizing: Sizing::Invest,
        min_trade_size: money("10"),
        stop_loss: ratio("0.004"),
        take_profit: ratio("0.006"),
        trend: TrendLengths { fast: 5, slow: 13 },
        min_hold_bars: 3,
        no_trade_band: ratio("0.1"),
        bnb_price: "600".parse().expect("a price"),
        side_cost: Ratio::from_raw(105_000),
        mandates: kestrel::engine::regime::Mandates::default(),
        execution: kestrel::engine::settings::ExecutionSettings::default(),
        risk: Default::default(),
        sentiment_weight: Ratio::ZERO,
        models: Default::default(),
        edge_multiple: Ratio::ZERO,
    }
}

/// All slots filled: models that are asked each minute and each five minutes, an agent each fifteen.
pub fn models() -> Models {
    let spec = |name: &str, every_minutes, rows| ModelSpec {
        name: name.to_owned(),
        digest: u64::from(every_minutes),
        schema: Schema::ohlcv().hash(),
        rows,
        every_minutes,
        meaning: Meaning::Probability {
            barriers: Barriers { horizon_minutes: 30, deviations: 1.0, least_width: 0.006 },
            payoffs: Payoffs { win: 1.0, loss: -1.0 },
        },
    };
    let agent = ModelSpec { meaning: Meaning::Exposure { sharpe_rate: 0.01 }, ..spec("agent-of-tests", 15, 1) };
    Models {
        trees: Some(Box::new(spec("trees-of-tests", 1, 1))),
        temporal: Some(Box::new(spec("net-of-tests", 5, 4))),
        sac: Some(Box::new(agent)),
    }
}

/// Answers by a number that follows from the question alone.
pub struct ByInput;

impl Inference for ByInput {
    fn infer(&mut self, request: &InferRequest) -> Inferred {
        let bits = request.input.iter().fold(request.model, |sum, x| sum.rotate_left(7) ^ u64::from(x.to_bits()));
        request.answer(InferOutcome::Value((bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1 << 24) as f32))
    }
}

/// Every rule of risk on, near enough to be met in a short market.
pub fn guarded() -> RiskSettings {
    RiskSettings {
        shock_halt: true,
        shock_stop: ratio("0.01"),
        volatility_target: ratio("0.4"),
        drawdown_floor: ratio("0.7"),
        stops: StopKind::Atr,
        stop_multiple: ratio("2"),
        target_multiple: ratio("3"),
        trailing_multiple: ratio("3"),
        max_hold_bars: 90,
        daily_loss: ratio("0.02"),
        halt_drawdown: ratio("0.3"),
        losing_streak: 4,
        losing_streak_pause: 30,
        cool_down: 3,
        low_profit: ratio("0.1"),
        max_exposure: ratio("0.6"),
        max_correlated: ratio("0.5"),
    }
}

pub fn ratio(text: &str) -> Ratio {
    text.parse().expect("a ratio")
}

pub fn money(text: &str) -> Money {
    text.parse().expect("money")
}

pub fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

pub fn venue(policy: FeePolicy) -> simulator::Settings {
    let rate = ratio("0.001");
    simulator::Settings {
        fees: FeeSchedule { maker: rate, taker: rate, policy },
        frictions: Frictions::spread(ratio("0.00005")),
    }
}

/// A backtest over bars from memory.
pub struct Scenario {
    pub rules: Vec<SymbolRules>,
    pub settings: Settings,
    pub venue: simulator::Settings,
    pub commands: Vec<(Time, Command)>,
}

impl Scenario {
    pub fn new(names: &[&str], strategy: StrategyName) -> Scenario {
        Scenario {
            rules: rules(names),
            settings: settings(strategy),
            venue: venue(FeePolicy::Received),
            commands: Vec::new(),
        }
    }

    pub fn start(&self) -> Start {
        Start {
            session: Session(7),
            rules: self.rules.clone(),
            settings: self.settings.clone(),
            balances: start_balances(&self.rules, money("10000")),
            history: Vec::new(),
            regimes: RegimeModel::default(),
            has_books: false,
        }
    }

    /// Runs and calls `on_close` after each closed bar.
    pub fn run(&self, source: &mut MemorySource, detail: Detail, on_close: impl FnMut(&Engine) -> bool) -> Finished {
        backtest(Backtest {
            source,
            simulator: Simulator::new(self.rules.clone(), self.venue),
            start: self.start(),
            detail,
            commands: self.commands.clone(),
            journal: None,
            inference: None,
            on_close: Some(Box::new(on_close)),
            on_notice: None,
        })
        .expect("bars from memory are valid")
    }
}

/// State hash after each closed bar.
pub fn hashes(scenario: &Scenario, source: &mut MemorySource, detail: Detail) -> (Vec<u64>, Finished) {
    let mut hashes = Vec::new();
    let finished = scenario.run(source, detail, |engine| {
        hashes.push(engine.state_hash());
        true
    });
    (hashes, finished)
}

/// A journal in memory.
#[derive(Clone, Default)]
pub struct Memory(pub Rc<RefCell<Vec<String>>>);

impl Journal for Memory {
    fn append(&mut self, record: &str) -> Result<(), JournalError> {
        self.0.borrow_mut().push(record.to_owned());
        Ok(())
    }

    fn close(&mut self) -> Result<(), JournalError> {
        Ok(())
    }
}

/// The journal of a backtest, a line a record.
pub fn journalled(scenario: &Scenario, source: &mut MemorySource) -> Vec<String> {
    let journal = Memory::default();
    backtest(Backtest {
        source,
        simulator: Simulator::new(scenario.rules.clone(), scenario.venue),
        start: scenario.start(),
        detail: Detail::Skip,
        commands: scenario.commands.clone(),
        journal: Some(Box::new(journal.clone())),
        inference: None,
        on_close: None,
        on_notice: None,
    })
    .expect("bars from memory are valid");
    journal.0.take()
}

/// A file under KESTREL_DATA; `None` when the variable is not set. With CI=true it must be there.
pub fn data_file(name: &str) -> Option<std::path::PathBuf> {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    match std::env::var_os("KESTREL_DATA") {
        Some(folder) => {
            let path = std::path::Path::new(&folder).join(name);
            assert!(path.exists(), "KESTREL_DATA has no {name}");
            Some(path)
        }
        None if in_ci => panic!("KESTREL_DATA is not set, and with CI=true recorded data must be there"),
        None => None,
    }
}

/// Says that a test was skipped.
pub fn skip_without_data() {
    println!("skipped: KESTREL_DATA is not set");
}

/// The same JSON with decimals as short as they go, so that tests compare numbers and not zeros.
pub fn short(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => {
            let is_decimal = text.contains('.') && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
            let trimmed = text.trim_end_matches('0').trim_end_matches('.');
            Value::String(if is_decimal { trimmed.to_owned() } else { text })
        }
        Value::Array(items) => items.into_iter().map(short).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, short(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// A tool that a variable names; without it the test is skipped, but with CI=true it must be there.
fn tool(variable: &str) -> Option<std::path::PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty()).map(std::path::PathBuf::from);
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(named.is_some() || !in_ci, "{variable} is not set, and with CI=true it must be");
    if named.is_none() {
        println!("skipped: {variable} is not set");
    }
    named
}

/// The native library that runs models.
pub fn onnxruntime() -> Option<std::path::PathBuf> {
    tool("ORT_DYLIB_PATH")
}

/// What the Python binding says to the same model and rows, one output a row.
pub fn python_outputs(onnx: &[u8], rows: &[f32]) -> Option<Vec<f32>> {
    let python = tool("KESTREL_PYTHON")?;
    let folder = tempfile::tempdir().expect("a folder");
    let [model, input, output] = ["model.onnx", "rows.f32", "outputs.f32"].map(|name| folder.path().join(name));
    std::fs::write(&model, onnx).expect("write");
    std::fs::write(&input, rows.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()).expect("write");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/rows.py");
    let ran = std::process::Command::new(python).arg(script).args([&model, &input, &output]).output();
    let ran = ran.expect("Python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let bytes = std::fs::read(&output).expect("outputs");
    Some(bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
}
