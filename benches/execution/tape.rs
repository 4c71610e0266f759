//! `Tape`: a stretch of a book and its trades in memory, and what one can know of the market at a moment of it.
//!
//! Invariant: `Estimate` has seen nothing that comes after its moment.
//! Absent on purpose: where a tape comes from.

use kestrel::domain::{Side, Span, SymbolRules, Time};
use kestrel::engine::execution::MarketState;
use kestrel::engine::execution::view::depth;
use kestrel::simulator::recorded_book::{BookInput, RecordedBook};

/// Inputs in the order of their time.
pub struct Tape {
    pub rules: SymbolRules,
    pub inputs: Vec<(Time, BookInput)>,
    /// Every so often, the book and the estimate before the input of this place.
    checkpoints: Vec<(usize, RecordedBook, Estimate)>,
}

/// Running means over what was seen since the tape's start.
#[derive(Debug, Clone, Default)]
pub struct Estimate {
    first: Option<Time>,
    next: Option<Time>,
    pub volume: f64,
    last_middle: f64,
    squares: f64,
    moves: f64,
    spreads: f64,
    depths: f64,
    looks: f64,
}

/// Between two looks at the book.
const LOOK: Span = Span::from_seconds(5);
const DAY: f64 = 86_400e6;

/// What the race assumes of fees, spot VIP 0.
pub const FEE: f64 = 0.001;

impl Tape {
    pub fn new(rules: SymbolRules, inputs: Vec<(Time, BookInput)>, spacing: Span) -> Tape {
        let (mut book, mut estimate) = (RecordedBook::default(), Estimate::default());
        let mut checkpoints = Vec::new();
        let mut next = inputs.first().map_or(Time(0), |(time, _)| *time);
        for (at, (time, input)) in inputs.iter().enumerate() {
            if *time >= next {
                checkpoints.push((at, book.clone(), estimate.clone()));
                next = time.plus(spacing);
            }
            book.take(input);
            estimate.take(*time, input, &book);
        }
        Tape { rules, inputs, checkpoints }
    }

    pub fn first(&self) -> Time {
        self.inputs.first().map_or(Time(0), |(time, _)| *time)
    }

    pub fn last(&self) -> Time {
        self.inputs.last().map_or(Time(0), |(time, _)| *time)
    }

    /// Place of the first input from this moment on, with book and estimate of all before it.
    pub fn at(&self, time: Time) -> (usize, RecordedBook, Estimate) {
        let place = self.inputs.partition_point(|(at, _)| *at < time);
        let checkpoint = self.checkpoints.partition_point(|(at, ..)| *at <= place).saturating_sub(1);
        let (from, mut book, mut estimate) = self.checkpoints[checkpoint].clone();
        for (time, input) in &self.inputs[from..place] {
            book.take(input);
            estimate.take(*time, input, &book);
        }
        (place, book, estimate)
    }

    /// What the market traded from a moment on for so long; only the race knows it, to choose sizes by.
    pub fn traded(&self, from: Time, span: Span) -> f64 {
        let inside = self.inputs.iter().filter(|(time, _)| (from..from.plus(span)).contains(time));
        let trades = inside.filter_map(|(_, input)| match input {
            BookInput::Trade(trade) => Some(trade.quantity.to_f64()),
            BookInput::Snapshot(_) | BookInput::Changes(_) | BookInput::Lost(_) => None,
        });
        trades.sum()
    }
}

impl Estimate {
    pub fn take(&mut self, time: Time, input: &BookInput, book: &RecordedBook) {
        if let BookInput::Trade(trade) = input {
            self.volume += trade.quantity.to_f64();
        }
        self.first.get_or_insert(time);
        if self.next.is_some_and(|next| time < next) {
            return;
        }
        let (Some(top), Some(middle)) = (book.top(), book.middle()) else { return };
        self.next = Some(time.plus(LOOK));
        if self.last_middle > 0.0 {
            self.squares += (middle / self.last_middle - 1.0).powi(2);
            self.moves += 1.0;
        }
        self.last_middle = middle;
        let half = (top.ask.to_f64() - top.bid.to_f64()) / 2.0;
        self.spreads += half / middle;
        let slope = |side: Side| depth(book.levels(side), half, middle);
        self.depths += (slope(Side::Buy) + slope(Side::Sell)) / 2.0;
        self.looks += 1.0;
    }

    /// As a parent is told it at this moment.
    pub fn market(&self, now: Time) -> MarketState {
        let passed = self.first.map_or(1.0, |first| now.since(first).0.max(1) as f64);
        let looks = self.looks.max(1.0);
        let variance = self.squares / self.moves.max(1.0) * DAY / LOOK.0 as f64;
        MarketState {
            half_spread: self.spreads / looks,
            daily_volatility: variance.sqrt().max(0.001),
            daily_volume: self.volume.max(1e-9) * DAY / passed,
            depth: (self.depths / looks).max(1e-9),
            maker_fee: FEE,
            taker_fee: FEE,
            coefficient: 1.0,
            // What the price moves in a second.
            markout: variance.sqrt() * (1.0f64 / 86_400.0).sqrt(),
            fill_chance: 0.8,
            unevenness: 1.0,
        }
    }
}
