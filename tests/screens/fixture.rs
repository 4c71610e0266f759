//! A fixed state of everything that the screen shows.

use std::sync::Arc;
use std::time::Duration;

use kestrel::domain::{
    Asset, Bar, BookTop, ClientOrderId, Money, OrderKind, Quantity, Seed, Side, Span, Symbol, SymbolId, Time, Value,
};
use kestrel::engine::execution::{ChildState, Ending, Progress, Style, tally::ChildShown};
use kestrel::engine::guard::GuardView;
use kestrel::engine::history::{Candles, DayPnl, History};
use kestrel::engine::instrument::Desk;
use kestrel::engine::model::ModelSlot;
use kestrel::engine::mood::SourceView;
use kestrel::engine::notice::ExitBy;
use kestrel::engine::orders::{OrderState, Purpose};
use kestrel::engine::regime::{Duty, Mandate, Mandates};
use kestrel::engine::risk::shock::{Check, Condition, ShockCause, ShockChange, ShockState};
use kestrel::engine::risk::sizing::Shares;
use kestrel::engine::risk::stops::Distances;
use kestrel::engine::risk::{Lock, LockReason, Refused, Room};
use kestrel::engine::settings::StrategyName;
use kestrel::engine::share_curve::ShareCurve;
use kestrel::engine::snapshot::{ModelView, OrderView, Said, SymbolView};
use kestrel::engine::strategy::council::Vote;
use kestrel::engine::strategy::member::Forecast;
use kestrel::engine::strategy::{Reason, Signal};
use kestrel::engine::{FillRecord, MoodSource, MoodState, MoodView, Notice, Snapshot, TradeRecord};
use kestrel::market::regime::event::{Event, Phase, Reading, Signal as MarketSignal};
use kestrel::market::regime::{Regime, RegimeSwitch};
use kestrel::performance::{Figure, Hidden};
use kestrel::telemetry::{LogLevel, LogLine};
use kestrel::tui::backtest::{Backtest, Charges, Figures, Ground, Pace, Page, PaidIn, Plan, Stage, Tested};
use kestrel::tui::editor::Setting;
use kestrel::tui::keymap::Key;
use kestrel::tui::message::{Ask, Message};
use kestrel::tui::model::Model;
use kestrel::tui::models::{Library, Models, Running, Seat};
use kestrel::tui::text::ENGLISH;
use kestrel::tui::theme::{Palette, Theme, UpColor};
use kestrel::tui::update::update;
use kestrel::tui::vitals::{Field, Link, Market, Mode, RunState, Vitals};

use crate::support::{money, price, ratio, rules, settings};

/// 2024-03-01 12:00 UTC.
pub const NOW: Time = Time(1_709_294_400_000_000);
pub const THEME: Theme = Theme { palette: Palette::Dark, up: UpColor::Green };

/// A model that has seen the fixed state.
pub fn model(width: u16, height: u16) -> Model {
    let mut model = Model::new(&ENGLISH, Arc::new(vitals()), (width, height));
    update(&mut model, Message::Snapshot(Arc::new(snapshot())));
    for line in log() {
        update(&mut model, Message::Log(line));
    }
    model
}

/// Presses keys one after the other; the last ask.
pub fn press(model: &mut Model, keys: &[Key]) -> Option<Ask> {
    keys.iter().fold(None, |_, key| update(model, Message::Key(*key)))
}

pub fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        update(model, Message::Key(Key::Char(c)));
    }
}

/// The symbols on the cells, row by row, without blanks at the ends.
pub fn text_of(model: &Model) -> String {
    let buffer = kestrel::tui::picture::cells(model);
    let area = buffer.area;
    let mut out = String::new();
    for y in 0..area.height {
        let row: String = (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

pub fn vitals() -> Vitals {
    let field = |setting, value, most, below_most| Field { setting, value, least: 0.0, most, below_most, whole: false };
    let minutes = field(Setting::ExecutionMinutes, 15.0, 240.0, false);
    Vitals {
        mode: Mode::Demo,
        market: Market::Generated,
        speed: Some(60.0),
        link: Link::Up { age: 0 },
        memory: Some(31),
        first_run: true,
        settings_problem: None,
        fields: vec![
            field(Setting::Invest, 25.0, 100.0, false),
            field(Setting::StopLoss, 2.0, 100.0, true),
            field(Setting::TakeProfit, 4.0, 10_000.0, false),
            field(Setting::MinTrade, 10.0, 1e10, false),
            field(Setting::StopMultiple, 0.0, 100.0, false),
            field(Setting::VolatilityTarget, 0.0, 1_000.0, false),
            field(Setting::DailyLoss, 0.0, 100.0, false),
            field(Setting::Urgency, 50.0, 100.0, false),
            Field { least: 1.0, whole: true, ..minutes },
        ],
        taker_fee: ratio("0.001"),
        run: RunState::Running,
        runs: 1,
        theme: THEME,
        backtest: Backtest { plan: plan(), stage: Stage::Idle },
        models: Models::default(),
    }
}

/// The settings of the snapshot over a generated market.
pub fn plan() -> Plan {
    Plan {
        settings: snapshot().settings,
        symbols: vec![Symbol::new("BTCUSDT"), Symbol::new("ETHUSDT")],
        quote: "USDT".to_owned(),
        capital: money("10000"),
        charges: Charges {
            maker: ratio("0.001"),
            taker: ratio("0.001"),
            half_spread: ratio("0.00005"),
            impact: None,
            participation: None,
            markout: ratio("0"),
            paid_in: PaidIn::Received,
            latency_ms: 0,
        },
        ground: Ground::Generated { seed: Seed(15) },
    }
}

/// A backtest that is half done.
pub fn running() -> Stage {
    Stage::Running(Pace::of(38_400, 89_280, 0.016, false))
}

/// Two models, one of which runs and one of which cannot.
pub fn models() -> Models {
    let micros = Duration::from_micros;
    let trees = Seat {
        slot: ModelSlot::Trees,
        name: "kestrel-trees".into(),
        is_champion: false,
        verdict: "It does not beat flat after costs on the months held out, and is here to be beaten.".into(),
        trained: Some(NOW.minus(Span(40 * Span::DAY.0))),
        running: Some(Running { provider: "CPU".into(), latency: Some([micros(7), micros(6), micros(1_240)]) }),
        troubles: Vec::new(),
    };
    let temporal = Seat {
        slot: ModelSlot::Temporal,
        name: "kestrel-temporal".into(),
        verdict: "It beats flat on BTCUSDT before costs only.".into(),
        running: None,
        troubles: vec!["The model kestrel-temporal does not run: its operator GRU is not in this library.".into()],
        ..trees.clone()
    };
    let sentence = "ONNX Runtime 1.31.1 (home folder, CPU) runs the models.";
    Models { library: Some(Library { sentence: sentence.into(), works: true }), seats: vec![trees, temporal] }
}

/// What the trees said of BTC; ETH waits for a first answer, and the net is not asked.
pub fn with_models() -> Snapshot {
    let mut now = snapshot();
    let view = |slot: ModelSlot, said| ModelView {
        slot,
        name: format!("kestrel-{slot}"),
        is_asked: slot == ModelSlot::Trees,
        said,
        needed: 0.0021,
        trouble: None,
    };
    let forecast = Forecast { probability: 0.5312, edge: 0.000_42, bar: NOW.minus(Span(13 * Span::MINUTE.0)) };
    now.symbols[0].models =
        vec![view(ModelSlot::Trees, Some(Said::Forecast(forecast))), view(ModelSlot::Temporal, None)];
    let late = ModelView { trouble: Some("the answer came too late".into()), ..view(ModelSlot::Trees, None) };
    now.symbols[1].models = vec![late, view(ModelSlot::Temporal, None)];
    now
}

/// A month that lost to doing nothing; too short for a Sharpe ratio of its own.
pub fn finished(page: Page) -> Stage {
    let shown = |value: f64, sample| Ok(Figure { value, sample, interval: None });
    let line = |total_return, max_drawdown, sharpe| Figures {
        total_return: shown(total_return, 89_280),
        max_drawdown,
        sharpe,
    };
    let tested = Tested {
        plan: plan(),
        bars: 89_280,
        first: Some(NOW.minus(Span(44_640 * Span::MINUTE.0))),
        last: Some(NOW.minus(Span::MINUTE)),
        equity: value("9329.4567"),
        strategy: line(-0.067_054, -0.082, Err(Hidden::TooShort { have: 28, need: 30 })),
        flat: Ok(line(0.0, 0.0, Err(Hidden::NoVariance))),
        buy_and_hold: Ok(line(0.041, -0.127, shown(1.234, 31))),
        trades: 122,
        win_rate: Some(38.0 / 122.0),
        fees: value("589.12"),
        state_hash: 0x0123_4567_89ab_cdef,
        seconds: 0.052,
    };
    Stage::Finished { tested: Arc::new(tested), page }
}

/// Long BTC with its stop and target resting; ETH flat after a stop.
pub fn snapshot() -> Snapshot {
    let mut settings = settings(StrategyName::Trend);
    (settings.invest, settings.stop_loss, settings.take_profit) = (ratio("0.25"), ratio("0.02"), ratio("0.04"));
    Snapshot {
        now: NOW.plus(Span::from_seconds(42)),
        settings,
        paused: false,
        halted: None,
        guard: GuardView { shock: ShockState::Calm, checks: Vec::new(), locks: Vec::new() },
        quote: Asset::new("USDT"),
        cash: money("8712.34567890"),
        free_cash: money("8712.34567890"),
        equity_start: value("10000"),
        equity: value("10012.34567890"),
        realised: value("-12.65432110"),
        unrealised: value("25"),
        fees: value("31.2"),
        day_pnl: value("18.75"),
        drawdown: -0.0031,
        max_drawdown: -0.0127,
        win_rate: Some(7.0 / 12.0),
        wins: 7,
        losses: 5,
        trades: 12,
        fills: 25,
        bars: 2_880,
        symbols: symbols(),
        orders: orders(),
        mood: mood(),
        history: Arc::new(history()),
    }
}

fn symbols() -> Vec<SymbolView> {
    let rules = rules(&["BTCUSDT", "ETHUSDT"]);
    let view = |at: usize, mark: &str| SymbolView {
        symbol: rules[at].symbol.clone(),
        rules: rules[at].clone(),
        desk: Desk::Flat,
        position: Quantity::ZERO,
        average_cost: None,
        entry: None,
        mark: Some(price(mark)),
        top: None,
        value: Value::ZERO,
        unrealised: Value::ZERO,
        signal: Signal { target: 0.0, confidence: 1.0, reason: Reason::Averages { fast: 3_381.25, slow: 3_390.5 } },
        bars_held: 0,
        awaiting_fresh_signal: false,
        last_refusal: None,
        unprotected: false,
        stale: false,
        stop: None,
        target: None,
        distances: Distances::default(),
        shares: Some(Shares::default()),
        room: Room::default(),
        sized: None,
        regime: Some(Regime::Calm),
        regime_since: Some(NOW.minus(Span(200 * Span::MINUTE.0))),
        duty: Duty::of(Some(Regime::Calm)),
        votes: Vec::new(),
        models: Vec::new(),
        work: None,
        is_raised: false,
    };
    let top = |bid: &str, ask: &str| BookTop {
        bid: price(bid),
        bid_quantity: Quantity::ZERO,
        ask: price(ask),
        ask_quantity: Quantity::ZERO,
    };
    let held = SymbolView {
        desk: Desk::Holding,
        position: "0.02079".parse().expect("a quantity"),
        average_cost: Some(61_330.5),
        entry: Some(price("61270.10")),
        top: Some(top("62530.00", "62530.20")),
        value: value("1300"),
        unrealised: value("25"),
        signal: Signal { target: 1.0, confidence: 1.0, reason: Reason::Averages { fast: 62_104.5, slow: 61_870.25 } },
        bars_held: 37,
        stop: Some(price("60044.69")),
        target: Some(price("63720.91")),
        ..view(0, "62530.10")
    };
    vec![held, SymbolView { awaiting_fresh_signal: true, ..view(1, "3381.00") }]
}

fn orders() -> Vec<OrderView> {
    let order = |id: &str, purpose, kind| OrderView {
        symbol: SymbolId(0),
        client_id: ClientOrderId::from(id),
        purpose,
        side: Side::Sell,
        kind,
        state: OrderState::Open,
        filled: Quantity::ZERO,
        sent: NOW.minus(Span::from_seconds(2_220)),
    };
    let quantity: Quantity = "0.02079".parse().expect("a quantity");
    vec![
        order("k-1-4", Purpose::Target, OrderKind::TakeProfit { quantity, stop: price("63720.91") }),
        order("k-1-5", Purpose::Stop, OrderKind::StopLoss { quantity, stop: price("60044.69") }),
    ]
}

fn history() -> History {
    let mut history = History::default();
    let wave = |minute: i64| {
        let x = minute as f64;
        62_000.0 + 700.0 * (x / 47.0).sin() + 220.0 * (x / 9.0).sin() - 60.0 * (x / 2.3).cos()
    };
    let bar = |minute: i64| {
        let (open, close) = (wave(minute - 1), wave(minute));
        let reach = 15.0 + 12.0 * (minute as f64 / 3.0).sin().abs();
        Bar {
            open_time: NOW.plus(Span(minute * Span::MINUTE.0)),
            open,
            high: open.max(close) + reach,
            low: open.min(close) - reach,
            close,
            volume: 3.0 + 2.0 * (minute as f64 / 5.0).sin(),
        }
    };
    let closed = (-720..0).map(bar).collect();
    let forming = Some(bar(0));
    history.candles = vec![Arc::new(Candles { closed, forming }), Arc::new(Candles::default())];
    for minute in -600..0 {
        let equity = 10_000.0 + 40.0 * (minute as f64 / 80.0).sin() + 0.02 * (minute + 600) as f64;
        let drawdown = -0.006 - 0.006 * (minute as f64 / 60.0).sin();
        history.equity.sample(NOW.plus(Span(minute * Span::MINUTE.0)), equity, drawdown);
    }
    history.days = [-22.5, 14.0, 31.25, -8.0, 2.5, -36.75, 11.0, 18.75]
        .into_iter()
        .enumerate()
        .map(|(at, pnl)| DayPnl { day: NOW.day() - 7 + at as i64, pnl: value(&pnl.to_string()) })
        .collect();
    for (minutes, side, at) in [(150, Side::Buy, "62410.00"), (95, Side::Sell, "61161.80"), (37, Side::Buy, "61270.10")]
    {
        history.fills.push_back(fill(minutes, side, at));
    }
    history.trades.push_back(TradeRecord {
        symbol: SymbolId(0),
        opened: NOW.minus(Span(150 * Span::MINUTE.0)),
        closed: NOW.minus(Span(95 * Span::MINUTE.0)),
        entry: price("62410.00"),
        exit: price("61161.80"),
        quantity: "0.02".parse().expect("a quantity"),
        pnl: value("-27.4"),
        fees: value("2.47"),
        exit_by: ExitBy::Stop,
    });
    let signal = Signal { target: 1.0, confidence: 1.0, reason: Reason::Averages { fast: 61_280.5, slow: 61_279.25 } };
    history.decisions.push_back((
        NOW.minus(Span(37 * Span::MINUTE.0)),
        Notice::Decided {
            symbol: SymbolId(0),
            signal,
            quantity: "0.02081".parse().expect("a quantity"),
            price: price("61268.00"),
        },
    ));
    let needed = Refused::TooSmall { worth: money("4.2"), minimum: money("10"), nearest: Some(quantity("0.003")) };
    let refused = Notice::Refused { symbol: SymbolId(1), reason: needed };
    history.decisions.push_back((NOW.minus(Span(12 * Span::MINUTE.0)), refused));
    let ended = Progress { child: None, wake: None, ending: Some(Ending::Filled), ..progress(Side::Buy, "0.02079") };
    history.executions.push_back((NOW.minus(Span(36 * Span::MINUTE.0)), Box::new(ended)));
    let signal = MarketSignal {
        time: NOW.minus(Span(95 * Span::MINUTE.0)),
        phase: Phase::Began,
        event: Event::VolatilitySpike { ratio: Reading { value: 3.4, limit: 3.0 } },
    };
    history.events.push_back((signal.time, Notice::Event { symbol: SymbolId(0), signal }));
    history
}

fn quantity(text: &str) -> Quantity {
    text.parse().expect("a quantity")
}

/// A passive order of 0.02079 of which so much is done.
pub fn progress(side: Side, filled: &str) -> Progress {
    let is_begun = quantity(filled).is_positive();
    Progress {
        symbol: SymbolId(0),
        side,
        style: Style::Passive,
        is_adaptive: true,
        total: quantity("0.02079"),
        filled: quantity(filled),
        made: quantity(filled),
        sent: 3,
        planned: 8,
        reprices: 2,
        arrival: price("61265.00"),
        average: is_begun.then_some(61_270.1),
        against_arrival: is_begun.then_some(0.83),
        against_twap: is_begun.then_some(-0.41),
        against_vwap: is_begun.then_some(-1.27),
        expected: 6.4,
        child: Some(ChildShown {
            state: ChildState::Partial,
            price: Some(price("61270.10")),
            quantity: quantity("0.00520"),
            filled: quantity("0.00210"),
            sent: NOW.minus(Span::from_seconds(20)),
        }),
        started: NOW.minus(Span(5 * Span::MINUTE.0)),
        horizon: Span(15 * Span::MINUTE.0),
        wake: Some(NOW.plus(Span::from_seconds(75))),
        ending: None,
    }
}

/// One source fresh, one stale, one failing, one that has not answered; the others off.
fn mood() -> MoodView {
    let source = |source| {
        let (state, seconds, score) = match source {
            MoodSource::Funding => (MoodState::Fresh, Some(912), Some(-0.21)),
            MoodSource::FearGreed => (MoodState::Stale, Some(190_800), None),
            MoodSource::Headlines => (MoodState::Failing("the host does not answer".to_owned()), Some(2_400), None),
            MoodSource::TakerVolume => (MoodState::Waiting, None, None),
            MoodSource::OpenInterest | MoodSource::LongShort | MoodSource::TopLongShort | MoodSource::TakerRatio => {
                (MoodState::Off, None, None)
            }
        };
        SourceView { source, state, age: seconds.map(Span::from_seconds), value: None, score }
    };
    MoodView { sources: MoodSource::ALL.map(source).to_vec(), scores: vec![Some(-0.21), None], lost: 0 }
}

/// In a crash, with strategies weighed automatically: halted and locked, BTC being left in parts, the crash's mandate waiting.
pub fn crash() -> Snapshot {
    let mut state = snapshot();
    state.settings.strategy = StrategyName::Auto;
    state.settings.risk.shock_halt = true;
    state.settings.risk.trailing_multiple = ratio("2.5");
    let mut mandates = Mandates::default();
    mandates.0[Regime::Downtrend as usize] = Mandate::FLAT.with(StrategyName::Reversal, ratio("0.5"));
    state.settings.mandates = mandates;
    let since = NOW.minus(Span(4 * Span::MINUTE.0));
    let check = |condition, holds, found, allowed| Check { condition, holds, found, allowed };
    state.guard = GuardView {
        shock: ShockState::Halted { since, cause: ShockCause::Crash, held: None },
        checks: vec![
            check(Condition::Spread, false, Some(3.25), 2.0),
            check(Condition::Volatility, false, Some(6.1), 2.0),
            check(Condition::Data, true, Some(42.0), 90.0),
        ],
        locks: vec![
            Lock { symbol: None, reason: LockReason::Drawdown, until: None },
            Lock { symbol: Some(SymbolId(1)), reason: LockReason::CoolDown, until: Some(NOW.plus(Span::MINUTE)) },
        ],
    };
    let held = &mut state.symbols[0];
    held.desk = Desk::Leaving;
    (held.regime, held.regime_since) = (Some(Regime::Crash), Some(since));
    held.duty = Duty::of(Some(Regime::Downtrend));
    held.duty.plan(since, Regime::Crash, false);
    held.work = Some(Box::new(progress(Side::Sell, "0.00831")));
    held.signal.reason = Reason::Blend { leader: StrategyName::Reversal, long: 1, of: 2 };
    held.votes = votes();
    state.symbols[1].votes = votes();
    let history = Arc::make_mut(&mut state.history);
    let mut curve = ShareCurve::default();
    for hour in 0..20 {
        let part = 0.5 + 0.4 * (f64::from(hour) / 4.0).sin();
        curve.sample(
            NOW.minus(Span(i64::from(20 - hour) * 60 * Span::MINUTE.0)),
            [0.0, part, 0.0, 0.0, 0.0, 0.0, 1.0 - part],
        );
    }
    history.shares = vec![Arc::new(curve), Arc::default()];
    let readings = |value, limit| Reading { value, limit };
    let event = Event::Crash {
        fifteen: readings(-0.062, -0.04),
        five: readings(-0.048, -0.03),
        minute: readings(-0.004, -0.02),
        deviations: readings(2.0, 8.0),
        jump: readings(1.0, 5.0),
    };
    let signal = MarketSignal { time: since, phase: Phase::Began, event };
    let switch = RegimeSwitch {
        time: since,
        from: Some(Regime::Downtrend),
        to: Regime::Crash,
        drift: Some(-2.1),
        volatility: Some(3.3),
        saved: None,
    };
    history.events.push_back((since, Notice::Event { symbol: SymbolId(0), signal }));
    history.events.push_back((since, Notice::Regime { symbol: SymbolId(0), switch }));
    let checks = state.guard.checks.clone();
    history.events.push_back((since, Notice::Shock { change: ShockChange::Halted(ShockCause::Crash), checks }));
    state
}

fn votes() -> Vec<Vote> {
    let vote = |strategy, target, weight, prior, share| {
        let reason = Reason::Averages { fast: 62_104.5, slow: 61_870.25 };
        Vote { strategy, target, reason, weight, prior, share }
    };
    vec![
        vote(StrategyName::Trend, 0.0, 0.12, 0.0, 0.0),
        vote(StrategyName::Reversal, 1.0, 0.41, 0.5, 0.62),
        vote(StrategyName::Breakout, 0.0, 0.22, 0.0, 0.0),
        vote(StrategyName::Trees, 0.0, 0.0, 0.0, 0.0),
        vote(StrategyName::Temporal, 0.0, 0.0, 0.0, 0.0),
        vote(StrategyName::Flat, 0.0, 0.25, 1.0, 0.38),
    ]
}

fn fill(minutes: i64, side: Side, at: &str) -> FillRecord {
    FillRecord {
        time: NOW.minus(Span(minutes * Span::MINUTE.0)),
        symbol: SymbolId(0),
        side,
        price: price(at),
        quantity: "0.02081".parse().expect("a quantity"),
        fee: if side == Side::Buy { money("0.00002081") } else { money("1.27") },
        fee_asset: Asset::new(if side == Side::Buy { "BTC" } else { "USDT" }),
        client_id: ClientOrderId::from("k-1-3"),
    }
}

fn log() -> Vec<LogLine> {
    let line = |level, at: i64, text: &str| LogLine {
        level,
        time: NOW,
        at_ms: Some(NOW.millis() + at * 1_000),
        text: text.to_owned(),
    };
    vec![
        line(LogLevel::Info, -2_220, "decided: target +1.00, because the fast average is above the slow"),
        line(LogLevel::Info, -2_219, "filled: BUY 0.02081000 at 61270.10000000, fee 0.00002081 BTC"),
        line(LogLevel::Warn, -60, "no closed bar for over two minutes: entries are blocked"),
        line(LogLevel::Info, 0, "bars arrive again: entries are allowed"),
    ]
}

pub fn value(text: &str) -> Value {
    text.parse::<Money>().expect("an amount").to_value()
}
