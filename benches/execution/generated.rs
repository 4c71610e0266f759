//! Generated tapes: an hour of a book around a generated market, second by second.
//!
//! Each minute's return and volume are the generator's. Within it the price is a bridge (steps whose variance is that of the
//! minute's regime, tied to its close), and volume falls on the seconds unevenly. In a second, buyers and sellers trade at the
//! best prices that stood at its start, more on the side to which the price will have moved at its end: that is the adverse
//! selection of whoever rests. The book is the market maker's, deeper when a minute trades more (by the root). What an order
//! takes from it returns with a half-life of half a minute.
//! Invariant: nothing in the book says where the price goes; the same seed gives the same tape.
//! Absent on purpose: an answer of the market to the order, other than the missing liquidity.

use kestrel::domain::{Bar, Price, Quantity, Seed, Side, Span, Symbol, SymbolRules, Time, Trade};
use kestrel::engine::execution::VolumeCurve;
use kestrel::simulator::generator::Generator;
use kestrel::simulator::market_maker::{Depth, MarketMaker, diff};
use kestrel::simulator::recorded_book::{BookInput, BookLevel};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::tape::Tape;

/// Half the spread, as the shipped settings have it.
const HALF_SPREAD: i64 = 5_000;
const LEVELS: usize = 150;
/// Minutes before the order, by which it knows the market, and after its horizon.
pub const BEFORE: usize = 10;
const AFTER: usize = 1;
/// Days by which the volume curve is known.
const DAYS: usize = 8;
/// Of the volume, beyond a half, on the side that the price takes in a second, where it moves by its deviation.
const LEAN: f64 = 0.5;

/// A tape of so many minutes with the curve of the days before it; the order starts at the third.
pub fn generated(seed: Seed, minutes: usize) -> (Tape, VolumeCurve, Time) {
    let rules = rules();
    let mut dice = Dice(seed.stream("race tape"));
    // Any hour of the week.
    let start = Time((dice.unit() * 7.0 * 1_440.0) as i64 * Span::MINUTE.0 + 1_700_000_040_000_000).minute();
    let mut bars = Generator::new(seed, &rules.symbol, &rules, start, 60_000.0);
    let mut curve = VolumeCurve::new(8);
    let mut last = None;
    for bar in bars.by_ref().take(DAYS * 1_440) {
        curve.observe(&bar);
        last = Some(bar);
    }
    let usual = 900_000.0 / 60_000.0;
    let mut writer = Writer {
        maker: MarketMaker::new(&rules, kestrel::domain::Ratio::from_raw(HALF_SPREAD), LEVELS),
        price: last.map_or(60_000.0, |bar| bar.close),
        book: Depth::default(),
        update: 0,
        inputs: Vec::new(),
        step: rules.lot.step,
    };
    let from = last.map_or(start, |bar| bar.open_time.plus(Span::MINUTE));
    writer.snapshot(from, 1.0);
    for bar in bars.take(BEFORE + minutes + AFTER) {
        writer.minute(&bar, (bar.volume / usual).sqrt().clamp(0.3, 3.0), &mut dice);
    }
    let begin = from.plus(Span(BEFORE as i64 * Span::MINUTE.0));
    (Tape::new(rules, writer.inputs, Span(5 * Span::MINUTE.0)), curve, begin)
}

/// A tick of 0.01, a step of 0.00001, as BTCUSDT.
pub fn rules() -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.price.tick = Price::from_raw(1_000_000);
    (rules.lot.step, rules.lot.min, rules.lot.max) =
        (Quantity::from_raw(1_000), Quantity::from_raw(1_000), Quantity::from_raw(9_000 * Quantity::ONE.raw()));
    rules
}

struct Writer {
    maker: MarketMaker,
    price: f64,
    book: Depth,
    update: u64,
    inputs: Vec<(Time, BookInput)>,
    step: Quantity,
}

impl Writer {
    fn minute(&mut self, bar: &Bar, depth: f64, dice: &mut Dice) {
        let range = ((bar.high - bar.low) / bar.low).max(0.000_1);
        // The mean range of a walk is 1.6 of its deviation.
        let sigma = range / 1.6 / 60.0_f64.sqrt();
        let steps: Vec<f64> = (0..60).map(|_| sigma * dice.normal()).collect();
        let total = (bar.close / self.price).ln();
        let away = (total - steps.iter().sum::<f64>()) / 60.0;
        let weights: Vec<f64> = (0..60).map(|_| -dice.unit().max(1e-9).ln()).collect();
        let sum: f64 = weights.iter().sum();
        for (second, (step, weight)) in steps.iter().zip(&weights).enumerate() {
            let time = bar.open_time.plus(Span::from_seconds(second as i64));
            let step = step + away;
            let volume = bar.volume * weight / sum;
            let buys = 0.5 + LEAN * (step / sigma).tanh();
            self.trades(time, volume * buys, Side::Buy, dice);
            self.trades(time, volume * (1.0 - buys), Side::Sell, dice);
            self.price *= step.exp();
            self.change(time.plus(Span::from_millis(990)), depth);
        }
        // Trades of both sides are mixed in time.
        self.inputs.sort_by_key(|(time, _)| *time);
        self.price = bar.close;
    }

    fn trades(&mut self, time: Time, volume: f64, aggressor: Side, dice: &mut Dice) {
        let best = match aggressor {
            Side::Buy => self.book.asks.first(),
            Side::Sell => self.book.bids.first(),
        };
        let Some(price) = best.map(|level| level.price) else { return };
        for _ in 0..2 {
            let quantity = Quantity::from_f64(volume / 2.0).unwrap_or(Quantity::ZERO).floor_to_step(self.step);
            let time = time.plus(Span((dice.unit() * 980_000.0) as i64));
            if quantity.is_positive() {
                self.inputs.push((time, BookInput::Trade(Trade { time, price, quantity, aggressor })));
            }
        }
    }

    fn change(&mut self, time: Time, depth: f64) {
        self.update += 1;
        let book = self.depth(depth);
        let changes = diff(&self.book, &book);
        self.book = book;
        self.inputs.push((time, BookInput::Changes(levels(&changes))));
    }

    fn snapshot(&mut self, time: Time, depth: f64) {
        self.book = self.depth(depth);
        self.inputs.push((time, BookInput::Snapshot(levels(&self.book))));
    }

    fn depth(&self, scale: f64) -> Depth {
        let price = Price::from_f64(self.price).unwrap_or(Price::ONE).floor_to_tick(Price::from_raw(1_000_000));
        let mut depth = self.maker.depth(price, self.update);
        for level in depth.bids.iter_mut().chain(&mut depth.asks) {
            let scaled = Quantity::from_f64(level.quantity.to_f64() * scale).unwrap_or(level.quantity);
            level.quantity = scaled.floor_to_step(self.step).max(self.step);
        }
        depth
    }
}

fn levels(depth: &Depth) -> Vec<BookLevel> {
    let bids = depth.bids.iter().map(|level| (Side::Buy, level));
    let asks = depth.asks.iter().map(|level| (Side::Sell, level));
    bids.chain(asks).map(|(side, level)| BookLevel { side, price: level.price, quantity: level.quantity }).collect()
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Twelve uniforms less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}
