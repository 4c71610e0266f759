//! `FillSurvey`: what passive and taking orders would have got in a recorded book, sent all the time on both sides.
//!
//! Every so often a passive order joins the best bid and another the best ask, and takers of each size buy and sell.
//! Invariant: an order counts only when the recording shows its whole time in the book, filled or not; else quick fills
//! would count and slow ones would not. The same inputs give the same figures.
//! Absent on purpose: strategies; orders here know nothing of where the price will go.

use std::collections::VecDeque;

use super::Settings;
use super::block_mean::BlockMean;
use super::book_orders::{Fate, PassiveOrder, TakerOrder};
use super::fill_figures::{Closed, PassiveTally, SurveyFigures, TakerTally};
use super::frictions;
use super::impact::TrailingDay;
use super::queue::QueueModel;
use super::recorded_book::{BookInput, RecordedBook};
use crate::domain::{Money, OrderKind, Price, Quantity, Side, Span, Time, Trade};

/// After a fill, when the middle is looked at.
pub const HORIZONS: [Span; 3] = [Span::from_seconds(1), Span::from_seconds(5), Span::from_seconds(30)];

/// What is sent, and under which assumptions. Spans are positive.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyPlan {
    pub every: Span,
    /// How long a passive order stays in the book.
    pub wait: Span,
    pub queue: QueueModel,
    /// Of a passive order, and of the takers, in the quote asset; each is at least one step.
    pub size: Money,
    pub takers: Vec<Money>,
    pub tick: Price,
    pub step: Quantity,
    /// Fees, latency, and what the figures are held against.
    pub venue: Settings,
}

pub struct FillSurvey {
    plan: SurveyPlan,
    book: RecordedBook,
    next_send: Option<Time>,
    watched: Vec<Watched>,
    travelling: VecDeque<Sent>,
    bids: PassiveTally,
    asks: PassiveTally,
    takers: Vec<TakerTally>,
    half_spread: BlockMean,
    minute: Option<Minute>,
    day: TrailingDay,
    closed_minutes: u32,
    counted: Counted,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    first: Option<Time>,
    last: Option<Time>,
    changes: u64,
    trades: u64,
}

/// A passive order until all is known of it.
struct Watched {
    order: PassiveOrder,
    /// Of all prices traded during its time in the book, the one furthest beyond it.
    furthest: Option<Price>,
    /// The middle after the fill, as far as its time has come.
    middles: Vec<Option<f64>>,
    is_over: bool,
}

/// A taker on its way, and the place of its size in the plan.
struct Sent {
    order: TakerOrder,
    size: usize,
}

/// Of the trades, for the square-root law.
struct Minute {
    start: Time,
    close: f64,
    volume: f64,
    is_whole: bool,
}

impl FillSurvey {
    pub fn new(plan: SurveyPlan) -> FillSurvey {
        let takers = plan.takers.iter().map(|_| TakerTally::default()).collect();
        FillSurvey {
            plan,
            book: RecordedBook::default(),
            next_send: None,
            watched: Vec::new(),
            travelling: VecDeque::new(),
            bids: PassiveTally::default(),
            asks: PassiveTally::default(),
            takers,
            half_spread: BlockMean::default(),
            minute: None,
            day: TrailingDay::default(),
            closed_minutes: 0,
            counted: Counted::default(),
        }
    }

    /// Takes the next input; times never go back.
    pub fn take(&mut self, time: Time, input: &BookInput) {
        match input {
            BookInput::Lost(_) => self.lose(),
            BookInput::Snapshot(_) | BookInput::Changes(_) | BookInput::Trade(_) => self.pass(time),
        }
        self.book.take(input);
        for watched in &mut self.watched {
            watched.order.see(time, input, &self.book, self.plan.queue);
        }
        match input {
            BookInput::Trade(trade) => self.note(trade),
            BookInput::Changes(_) => self.counted.changes += 1,
            BookInput::Snapshot(_) | BookInput::Lost(_) => {}
        }
        if self.next_send.is_none() && self.book.top().is_some() {
            let every = self.plan.every.0.max(1);
            self.next_send = Some(Time(time.0 - time.0.rem_euclid(every)).plus(Span(every)));
            self.counted.first = self.counted.first.or(Some(time));
        }
        self.counted.last = Some(time);
    }

    /// What was found; orders whose time reaches beyond the end are told as unfinished.
    pub fn finish(mut self) -> SurveyFigures {
        self.close(|tally| tally.fates.unfinished += 1);
        let impact = |tally: &TakerTally| {
            (self.closed_minutes > 2).then(|| tally.impacts(&self.plan.venue.frictions, &self.day)).flatten()
        };
        let takers = self.plan.takers.iter().zip(&self.takers);
        SurveyFigures {
            first: self.counted.first,
            last: self.counted.last,
            changes: self.counted.changes,
            trades: self.counted.trades,
            minutes: self.closed_minutes,
            half_spread: self.half_spread.mean(),
            both: self.bids.clone().with(&self.asks).figures(&self.plan),
            bid: self.bids.figures(&self.plan),
            ask: self.asks.figures(&self.plan),
            takers: takers.map(|(size, tally)| tally.figures(*size, impact(tally), &self.plan)).collect(),
        }
    }

    /// Lets all happen that is due before `time`, in the book as it stands until then.
    fn pass(&mut self, time: Time) {
        while let Some(now) = self.next_send.filter(|next| *next < time) {
            self.serve(now);
            self.send(now);
            self.next_send = Some(now.plus(Span(self.plan.every.0.max(1))));
        }
        self.serve(time);
    }

    fn serve(&mut self, time: Time) {
        while let Some(Sent { order, size }) = self.travelling.front() {
            if order.sent.plus(Span(self.plan.venue.frictions.latency.0.0.max(0))) >= time {
                break;
            }
            self.takers[*size].add(order, order.cost(&self.book));
            self.travelling.pop_front();
        }
        for watched in &mut self.watched {
            watched.pass(time, &self.book);
        }
        let (done, watched) = std::mem::take(&mut self.watched).into_iter().partition(Watched::is_done);
        self.watched = watched;
        self.tally(done);
    }

    fn send(&mut self, now: Time) {
        let (Some(top), Some(middle)) = (self.book.top(), self.book.middle()) else { return };
        let latency = self.plan.venue.frictions.latency;
        let between = Price::from_raw(i64::midpoint(top.bid.raw(), top.ask.raw()));
        self.half_spread.add(now, (top.ask.to_f64() - top.bid.to_f64()) / 2.0 / middle);
        for (side, price) in [(Side::Buy, top.bid), (Side::Sell, top.ask)] {
            let what = (side, price, self.quantity(self.plan.size, price));
            let order = PassiveOrder::sent(now, latency, self.plan.wait, what);
            self.watched.push(Watched { order, furthest: None, middles: Vec::new(), is_over: false });
            for (size, amount) in self.plan.takers.iter().enumerate() {
                let quantity = self.quantity(*amount, between);
                self.travelling.push_back(Sent { order: TakerOrder { side, quantity, sent: now, middle }, size });
            }
        }
    }

    fn quantity(&self, amount: Money, price: Price) -> Quantity {
        let quantity = frictions::size(OrderKind::MarketQuote { amount }, price);
        quantity.floor_to_step(self.plan.step).max(self.plan.step).max(Quantity::from_raw(1))
    }

    fn note(&mut self, trade: &Trade) {
        self.counted.trades += 1;
        for watched in &mut self.watched {
            watched.note(trade);
        }
        let start = trade.time.minute();
        let minute = self.minute.get_or_insert(Minute { start, close: 0.0, volume: 0.0, is_whole: false });
        if minute.start != start {
            if minute.is_whole {
                self.day.take(u32::MAX, minute.close, minute.volume);
                self.closed_minutes += 1;
            }
            *minute = Minute { start, close: 0.0, volume: 0.0, is_whole: true };
        }
        minute.close = trade.price.to_f64();
        minute.volume += trade.quantity.to_f64();
    }

    /// Something is missing from here on.
    fn lose(&mut self) {
        self.close(|tally| tally.fates.unknown += 1);
        self.travelling.clear();
        self.next_send = None;
        self.minute = None;
    }

    /// Ends the watch; orders whose time is not over are told by `count`.
    fn close(&mut self, count: impl Fn(&mut PassiveTally)) {
        let (over, open): (Vec<Watched>, Vec<Watched>) =
            std::mem::take(&mut self.watched).into_iter().partition(|watched| watched.is_over);
        self.tally(over);
        for watched in open {
            count(self.tally_of(watched.order.side));
        }
    }

    fn tally(&mut self, done: Vec<Watched>) {
        for Watched { order, furthest, middles, .. } in done {
            let tick = self.plan.tick;
            self.tally_of(order.side).add(&Closed { order, furthest, middles, tick });
        }
    }

    fn tally_of(&mut self, side: Side) -> &mut PassiveTally {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

impl Watched {
    fn pass(&mut self, time: Time, book: &RecordedBook) {
        self.order.pass(time, book);
        self.is_over |= self.order.until() < time;
        if let Fate::Filled { at } = self.order.fate() {
            while HORIZONS.get(self.middles.len()).is_some_and(|horizon| at.plus(*horizon) < time) {
                self.middles.push(book.middle());
            }
        }
    }

    fn is_done(&self) -> bool {
        let is_filled = matches!(self.order.fate(), Fate::Filled { .. });
        self.is_over && (!is_filled || self.middles.len() == HORIZONS.len())
    }

    fn note(&mut self, trade: &Trade) {
        if self.is_over || matches!(self.order.fate(), Fate::Travelling) {
            return;
        }
        let furthest = self.furthest.unwrap_or(trade.price);
        self.furthest = Some(match self.order.side {
            Side::Buy => furthest.min(trade.price),
            Side::Sell => furthest.max(trade.price),
        });
    }
}
