//! Generated bars and backtests over them.
//!
//! Invariant: bars are generated before the clock runs; a backtest measures the driver, the engine and the simulator.
//! Absent on purpose: files; the recorded month is read by `rates` through the same door as a user's backtest.

use kestrel::domain::{Bar, Money, Ratio, Seed, Session, Symbol, SymbolId, SymbolRules, Time};
use kestrel::engine::ports::{BarSource, SourceError};
use kestrel::engine::settings::{Sizing, StrategyName, TrendLengths};
use kestrel::engine::{Settings, Start};
use kestrel::market::regime::RegimeModel;
use kestrel::runtime::Finished;
use kestrel::runtime::backtest::{Backtest, Detail, backtest, start_balances};
use kestrel::simulator::generator::Generator;
use kestrel::simulator::{self, FeePolicy, FeeSchedule, Simulator};

pub const BTC: SymbolId = SymbolId(0);
/// 2023-07-01 00:00 UTC.
const START: Time = Time(1_688_169_600_000_000);

/// Bars from memory.
pub struct Recorded<'a>(pub std::slice::Iter<'a, Bar>);

impl BarSource for Recorded<'_> {
    fn history(&mut self, _: SymbolId) -> Result<Vec<Bar>, SourceError> {
        Ok(Vec::new())
    }

    fn next_bar(&mut self) -> Result<Option<(SymbolId, Bar)>, SourceError> {
        Ok(self.0.next().map(|bar| (BTC, *bar)))
    }
}

pub fn rules() -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.price.tick = "0.01".parse().expect("a tick");
    rules.lot.step = "0.00001".parse().expect("a step");
    rules
}

pub fn bars(count: usize) -> Vec<Bar> {
    let rules = rules();
    Generator::new(Seed(1), &rules.symbol, &rules, START, 30_000.0).take(count).collect()
}

/// The strategy with averages over hours, as one trades a minute market: an order every hundred bars or so.
pub fn settings(strategy: StrategyName) -> Settings {
    Settings {
        strategy,
        invest: ratio("0.5"),
        sizing: Sizing::Invest,
        min_trade_size: money("10"),
        stop_loss: ratio("0.02"),
        take_profit: ratio("0.03"),
        trend: TrendLengths { fast: 60, slow: 240 },
        min_hold_bars: 15,
        no_trade_band: ratio("0.1"),
        bnb_price: "600".parse().expect("a price"),
        side_cost: Ratio::from_raw(105_000),
        mandates: kestrel::engine::regime::Mandates::default(),
        execution: kestrel::engine::settings::ExecutionSettings::default(),
        risk: Default::default(),
        sentiment_weight: Ratio::ZERO,
        edge_multiple: Ratio::ZERO,
        models: Default::default(),
    }
}

pub fn simulator() -> Simulator {
    let fee = ratio("0.001");
    let fees = FeeSchedule { maker: fee, taker: fee, policy: FeePolicy::Received };
    Simulator::new(
        vec![rules()],
        simulator::Settings { fees, frictions: simulator::Frictions::spread(ratio("0.00005")) },
    )
}

pub fn start(settings: Settings) -> Start {
    let rules = vec![rules()];
    let balances = start_balances(&rules, money("10000"));
    Start {
        session: Session(7),
        rules,
        settings,
        balances,
        history: Vec::new(),
        regimes: RegimeModel::default(),
        has_books: false,
    }
}

pub fn run(bars: &[Bar], settings: &Settings, detail: Detail) -> Finished {
    let made = Backtest {
        source: &mut Recorded(bars.iter()),
        simulator: simulator(),
        start: start(settings.clone()),
        detail,
        commands: Vec::new(),
        journal: None,
        inference: None,
        on_close: None,
        on_notice: None,
    };
    backtest(made).expect("generated bars are valid")
}

pub fn ratio(text: &str) -> Ratio {
    text.parse().expect("a ratio")
}

pub fn money(text: &str) -> Money {
    text.parse().expect("money")
}
