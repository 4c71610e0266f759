//! Ten symbols whose minutes close together with everything on, and the way from a frame's bytes to an order's.
//!
//! Invariant: the venue is plain: what takes is filled at the bar's close at once, what rests is accepted and taken away when
//! asked; so that decisions, entries, protections and exits all happen while time is taken of what the engine does.
//! Absent on purpose: sockets, journals and drivers.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Instant;

use kestrel::domain::{
    Asset, Balance, BalanceUpdate, Bar, BookTop, ClientOrderId, Commission, ExecutionReport, ExecutionType,
    MarketEvent, Money, OrderId, OrderKind, OrderStatus, Price, Quantity, Ratio, Seed, Session, Side, Span, Symbol,
    SymbolId, SymbolRules, Time, TradeId,
};
use kestrel::engine::regime::{Mandate, Mandates};
use kestrel::engine::risk::Payload;
use kestrel::engine::risk::settings::{RiskSettings, StopKind};
use kestrel::engine::settings::{ExecutionSettings, ExecutionStyle, StrategyName};
use kestrel::engine::{Answer, Effect, Effects, Engine, Input, Outcome, Settings, Start};
use kestrel::protocol::convert::{BarTotals, kline_event, market_event};
use kestrel::protocol::messages::TimeUnit;
use kestrel::protocol::messages::lockstep::frame_text;
use kestrel::protocol::messages::market::Combined;
use kestrel::protocol::messages::ws_api::{RequestId, WsParams, WsRequest, method};
use kestrel::protocol::parse::stream_frame;
use kestrel::protocol::requests::{oco_params, order_params};
use kestrel::protocol::sign::{Secret, sign_ws};
use kestrel::runtime::backtest::start_balances;
use kestrel::simulator::generator::Generator;

use super::market::{money, ratio, settings};

const SYMBOLS: usize = 10;
/// Bars that gauges see before anything is measured.
const WARMUP: usize = 1_000;
const UNIT: TimeUnit = TimeUnit::Millisecond;

pub struct Batch {
    engine: Engine,
    effects: Effects,
    names: Vec<String>,
    sources: Vec<Generator>,
    /// Of each symbol's newest bar.
    closes: Vec<Option<Price>>,
    now: Time,
    trades: i64,
    secret: Secret,
    /// Microseconds: of the bars of a minute together, of one of them, and from a frame to an order.
    pub minutes: Vec<f64>,
    pub bars: Vec<f64>,
    pub orders: Vec<f64>,
}

/// Strategies by regime, ensemble weights, sliced orders, measured stops that follow, and every lock and cap.
fn everything() -> Settings {
    Settings {
        strategy: StrategyName::Auto,
        mandates: Mandates(
            [Mandate([Ratio::ONE, ratio("0.5"), ratio("0.5"), Ratio::ZERO, Ratio::ZERO, Ratio::ZERO, ratio("0.1")]); 5],
        ),
        min_hold_bars: 5,
        sentiment_weight: ratio("0.25"),
        execution: ExecutionSettings {
            style: ExecutionStyle::Adaptive,
            maker_fee: ratio("0.001"),
            taker_fee: ratio("0.001"),
            half_spread: ratio("0.00005"),
            ..ExecutionSettings::default()
        },
        risk: RiskSettings {
            shock_halt: true,
            shock_stop: ratio("0.01"),
            volatility_target: ratio("1"),
            drawdown_floor: ratio("0.3"),
            stops: StopKind::Atr,
            stop_multiple: ratio("2"),
            target_multiple: ratio("3"),
            trailing_multiple: ratio("3"),
            max_hold_bars: 120,
            daily_loss: ratio("0.5"),
            halt_drawdown: ratio("0.9"),
            losing_streak: 30,
            losing_streak_pause: 1,
            cool_down: 1,
            low_profit: ratio("0.5"),
            max_exposure: ratio("0.9"),
            max_correlated: ratio("0.9"),
        },
        ..settings(StrategyName::Auto)
    }
}

impl Batch {
    pub fn new() -> Batch {
        let names: Vec<String> = (0..SYMBOLS).map(|at| format!("C{at}USDT")).collect();
        let rules: Vec<SymbolRules> = names.iter().map(|name| rules(name)).collect();
        let time = Time(1_688_169_600_000_000);
        let generator = |rules: &SymbolRules| Generator::new(Seed(1), &rules.symbol, rules, time, 100.0);
        let mut sources: Vec<Generator> = rules.iter().map(generator).collect();
        let history: Vec<Vec<Bar>> = sources.iter_mut().map(|source| source.by_ref().take(WARMUP).collect()).collect();
        let now = history[0].last().map_or(time, Bar::close_time);
        let start = Start {
            session: Session(7),
            settings: everything(),
            balances: start_balances(&rules, money("1000000")),
            history,
            rules,
            regimes: kestrel::config::regimes(),
            has_books: false,
        };
        let mut effects = Effects::default();
        let engine = Engine::new(now, &start, &mut effects);
        effects.drain();
        let secret = Secret::new("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j");
        let (minutes, bars, orders) = (Vec::new(), Vec::new(), Vec::new());
        let closes = vec![None; SYMBOLS];
        Batch { engine, effects, names, sources, closes, now, trades: 0, secret, minutes, bars, orders }
    }

    /// Lives through so many minutes and keeps every time.
    pub fn run(&mut self, minutes: usize) {
        for _ in 0..minutes {
            let mut whole = 0.0;
            for at in 0..SYMBOLS {
                whole += self.close(at);
            }
            self.minutes.push(whole);
            for at in 0..SYMBOLS {
                self.show(at);
            }
        }
        assert!(self.orders.len() > 100, "only {} orders in {minutes} minutes", self.orders.len());
    }

    /// A closed bar from its frame to the request that it causes; the time of the step alone.
    fn close(&mut self, at: usize) -> f64 {
        let Some(bar) = self.sources[at].next() else { return 0.0 };
        self.now = self.now.max(bar.close_time());
        self.closes[at] = Price::from_f64(bar.close);
        let event = kline_event(&self.names[at], &bar, BarTotals::default(), bar.close_time(), UNIT);
        let text = frame_text(&Combined { stream: format!("{}@kline_1m", self.names[at]).into(), data: event }, None);
        let began = Instant::now();
        let input = self.read(black_box(&text));
        let stepping = Instant::now();
        self.engine.step(self.now, &input, &mut self.effects);
        let took = stepping.elapsed().as_secs_f64() * 1e6;
        let effects: Vec<Effect> = self.effects.drain().collect();
        let sent = effects.iter().find_map(|effect| self.request(effect));
        if black_box(sent).is_some() {
            self.orders.push(began.elapsed().as_secs_f64() * 1e6);
        }
        self.bars.push(took);
        self.serve(effects, at);
        took
    }

    /// The best prices, as a working engine is shown them.
    fn show(&mut self, at: usize) {
        let Some(mark) = self.price(at) else { return };
        self.now = self.now.plus(Span::from_millis(100));
        let quantity = Quantity::from_raw(100_000_000_000);
        let bid = mark.saturating_sub(Price::from_raw(1_000_000));
        let top = BookTop { bid, bid_quantity: quantity, ask: mark, ask_quantity: quantity };
        let input = Input::Market(MarketEvent::BookTop { symbol: SymbolId(at as u16), top });
        self.engine.step(self.now, &input, &mut self.effects);
        let effects: Vec<Effect> = self.effects.drain().collect();
        self.serve(effects, at);
        if self.engine.next_timer().is_some_and(|due| due <= self.now) {
            self.engine.step(self.now, &Input::Timer, &mut self.effects);
            let effects: Vec<Effect> = self.effects.drain().collect();
            self.serve(effects, at);
        }
    }

    fn price(&self, at: usize) -> Option<Price> {
        self.closes[at]
    }

    fn read(&self, text: &str) -> Input {
        let lookup = |name: &str| self.names.iter().position(|known| known == name).map(|at| SymbolId(at as u16));
        let frame = stream_frame(text).expect("a frame");
        Input::Market(market_event(&frame.event, lookup, UNIT).expect("understood").expect("an event"))
    }

    /// The text that goes to the venue, signed.
    fn request(&self, effect: &Effect) -> Option<String> {
        let Effect::Submit(approved) = effect else { return None };
        let symbol = &self.names[approved.payload().symbol().index()];
        let (method, params) = match approved.payload() {
            Payload::Order(order) => (method::ORDER_PLACE, order_params(order, symbol)),
            Payload::Oco(oco) => (method::ORDER_LIST_PLACE_OCO, oco_params(oco, symbol)),
        };
        let mut params = params.with("newOrderRespType", "ACK");
        params.push("apiKey", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A");
        params.push("recvWindow", 5_000);
        params.push("timestamp", self.now.millis());
        sign_ws(&self.secret, &mut params);
        let request = WsRequest { id: RequestId::Number(1), method: Cow::Borrowed(method), params: WsParams(params) };
        Some(serde_json::to_string(&request).expect("a request"))
    }

    /// The plain venue.
    fn serve(&mut self, effects: Vec<Effect>, at: usize) {
        let mut waiting: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Submit(approved) => {
                    self.answer(approved.payload().client_id(), Outcome::Accepted { order_id: OrderId(1) });
                    if let Payload::Order(order) = approved.payload()
                        && matches!(order.kind, OrderKind::Market { .. } | OrderKind::Limit { .. })
                        && let Some(price) = self.price(at)
                    {
                        let report = self.fill(&order.client_id, order.symbol, order.side, order.kind, price);
                        self.engine.step(self.now, &Input::Report(Box::new(report)), &mut self.effects);
                        self.tell_cash();
                    }
                }
                Effect::Cancel { client_id, .. } => {
                    let outcome = Outcome::Found { status: OrderStatus::Canceled, filled: Quantity::ZERO };
                    self.answer(&client_id, outcome);
                }
                Effect::Replace { order, .. } => {
                    let outcome = Outcome::Rejected { code: -2022, message: String::new() };
                    self.answer(order.payload().client_id(), outcome);
                }
                Effect::Query { client_id, .. } => {
                    let outcome = Outcome::Found { status: OrderStatus::Canceled, filled: Quantity::ZERO };
                    self.answer(&client_id, outcome);
                }
                Effect::Infer(_) | Effect::Notice(_) => {}
            }
            waiting.extend(self.effects.drain());
        }
    }

    /// What the venue says of the account after a fill: else nobody would know that the books agree.
    fn tell_cash(&mut self) {
        let quote = self.engine.rules().next().map_or_else(|| Asset::new("USDT"), |rules| rules.quote.clone());
        let balance = Balance { asset: quote, free: self.engine.cash(), locked: Money::ZERO };
        let update = BalanceUpdate { time: self.now, balances: vec![balance] };
        self.engine.step(self.now, &Input::Balances(update), &mut self.effects);
    }

    fn answer(&mut self, client_id: &ClientOrderId, outcome: Outcome) {
        let input = Input::Answer(Answer { client_id: client_id.clone(), outcome });
        self.engine.step(self.now, &input, &mut self.effects);
    }

    fn fill(
        &mut self,
        client_id: &ClientOrderId,
        symbol: SymbolId,
        side: Side,
        kind: OrderKind,
        price: Price,
    ) -> ExecutionReport {
        self.trades += 1;
        ExecutionReport {
            symbol,
            client_id: client_id.clone(),
            order_id: OrderId(1),
            list_id: None,
            side,
            order_type: kind.order_type(),
            execution: ExecutionType::Trade,
            status: OrderStatus::Filled,
            quantity: kind.quantity(),
            price: Price::ZERO,
            stop_price: Price::ZERO,
            last_quantity: kind.quantity(),
            last_price: price,
            filled: kind.quantity(),
            filled_quote: Money::ZERO,
            commission: None::<Commission>,
            trade_id: Some(TradeId(self.trades)),
            is_maker: false,
            time: self.now,
            reason: None,
        }
    }
}

fn rules(name: &str) -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new(name));
    rules.price.tick = "0.01".parse().expect("a tick");
    rules.lot.step = "0.00001".parse().expect("a step");
    rules
}

/// The share of times below which `share` of them lie, of a sorted column.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
