//! `contest`: parents that carry out the same order on the same tape, each alone at its venue.
//!
//! Invariant: a parent is asked at a moment with what was known then; its requests arrive later by the latency.
//! Absent on purpose: statistics over contests.

use kestrel::domain::{Price, Quantity, Seed, Side, Span, SymbolId, Time, Value};
use kestrel::engine::execution::view::Level;
use kestrel::engine::execution::{
    Action, Choice, Fill, Known, MarketState, Parent, ParentSpec, Style, Tactics, View, VolumeCurve,
};
use kestrel::simulator::book_venue::{BookVenue, Refill, Request, Told};
use kestrel::simulator::queue::QueueModel;
use kestrel::simulator::recorded_book::{BookInput, RecordedBook};

use super::tape::{Estimate, FEE, Tape};

pub const LATENCY: Span = Span::from_millis(25);
/// After the horizon, for what is under way; then the rest is charged.
const AFTER: Span = Span::from_seconds(5);
/// Levels of a side that a parent is shown.
const SHOWN: usize = 10;

/// What all of one contest have in common.
pub struct Terms<'a> {
    pub tape: &'a Tape,
    pub start: Time,
    pub horizon: Span,
    pub refill: Refill,
    pub curve: Option<&'a VolumeCurve>,
    pub urgency: f64,
    pub tactics: Tactics,
    pub seed: Seed,
}

/// One order by one choice.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub choice: Choice,
    pub side: Side,
    pub quantity: Quantity,
}

/// What it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Basis points against the middle at the start, with fees, and with what was not done charged at the market in the end.
    pub cost: f64,
    pub fees: f64,
    /// Shares of the order.
    pub made: f64,
    pub unfilled: f64,
    pub children: u32,
    pub fills: Vec<(Time, Fill)>,
    /// What the rest would have paid at the market at the end, in quote currency.
    pub charged: f64,
    pub style: Style,
}

struct Entrant {
    entry: Entry,
    parent: Parent,
    venue: BookVenue,
    fills: Vec<(Time, Fill)>,
    is_over: bool,
}

/// The market as of now.
struct Now<'a> {
    book: &'a RecordedBook,
    mark: Price,
    volume: f64,
}

/// One outcome for each entry; `None` where the order was not legal or the book was not there.
pub fn contest(terms: &Terms<'_>, entries: &[Entry]) -> Vec<Option<Outcome>> {
    let (place, mut book, mut estimate) = terms.tape.at(terms.start);
    let (Some(arrival), before) = (book.middle(), estimate.volume) else { return vec![None; entries.len()] };
    let market = estimate.market(terms.start);
    let mut entrants: Vec<Option<Entrant>> =
        entries.iter().map(|entry| Entrant::new(terms, *entry, arrival, &market)).collect();
    let until = terms.start.plus(terms.horizon).plus(AFTER);
    let mut minute = terms.start.plus(Span::MINUTE);
    let mut mark = Price::from_f64(arrival).unwrap_or(Price::ONE);
    for (time, input) in terms.tape.inputs[place..].iter().take_while(|(time, _)| *time < until) {
        let now = Now { book: &book, mark, volume: estimate.volume - before };
        for entrant in entrants.iter_mut().flatten() {
            entrant.advance(*time, &now);
        }
        book.take(input);
        estimate.take(*time, input, &book);
        if let BookInput::Trade(trade) = input {
            mark = trade.price;
        }
        let now = Now { book: &book, mark, volume: estimate.volume - before };
        let is_minute = *time >= minute;
        for entrant in entrants.iter_mut().flatten() {
            entrant.see(*time, input, &now, is_minute.then_some((terms, &estimate)));
        }
        if is_minute {
            minute = minute.plus(Span::MINUTE);
        }
    }
    let now = Now { book: &book, mark, volume: estimate.volume - before };
    let end = |entrant: Entrant| entrant.finish(until, arrival, &now);
    entrants.into_iter().map(|entrant| entrant.map(end)).collect()
}

impl Entrant {
    fn new(terms: &Terms<'_>, entry: Entry, arrival: f64, market: &MarketState) -> Option<Entrant> {
        let known = Known { market, rules: &terms.tape.rules, curve: terms.curve, has_touch: true };
        let spec = ParentSpec {
            symbol: SymbolId(0),
            side: entry.side,
            quantity: entry.quantity,
            arrival: Price::from_f64(arrival)?,
            started: terms.start,
            horizon: terms.horizon,
            urgency: terms.urgency,
            drift: 0.0,
            worth: None,
            seed: terms.seed,
            name: "contest".into(),
        };
        let parent = Parent::new(spec, entry.choice, terms.tactics, &known).ok()?;
        let venue = BookVenue::new(QueueModel::RiskAverse, terms.refill, LATENCY);
        Some(Entrant { entry, parent, venue, fills: Vec::new(), is_over: false })
    }

    /// Lets all happen that is due before `until`, in the book as it stands until then.
    fn advance(&mut self, until: Time, market: &Now<'_>) {
        while !self.is_over {
            let times = [self.parent.wake(), self.venue.next_arrival()];
            let Some(next) = times.into_iter().flatten().min().filter(|next| *next < until) else { return };
            self.venue.pass(next.plus(Span(1)), market.book);
            self.hear();
            self.ask(next, market);
        }
    }

    fn see(&mut self, time: Time, input: &BookInput, now: &Now<'_>, fresh: Option<(&Terms<'_>, &Estimate)>) {
        if self.is_over {
            return;
        }
        self.venue.see(time, input, now.book);
        let is_told = self.hear();
        if let Some((terms, estimate)) = fresh {
            let market = estimate.market(time);
            let known = Known { market: &market, rules: &terms.tape.rules, curve: terms.curve, has_touch: true };
            self.parent.reconsider(time, 0.0, &known);
        }
        let looks = match self.entry.choice {
            Choice::Adaptive => true,
            Choice::Fixed(style) => style == Style::Passive,
        };
        if is_told || looks {
            self.ask(time, now);
        }
    }

    fn hear(&mut self) -> bool {
        let told = self.venue.drain();
        for (time, told) in &told {
            match *told {
                Told::Opened { number } => self.parent.opened(number),
                Told::Closed { number } => self.parent.closed(number, *time),
                Told::Rejected { number } => self.parent.rejected(number, *time),
                Told::CancelRefused { .. } => self.parent.cancel_refused(*time),
                Told::Filled { number, price, quantity, is_maker } => {
                    let fill = Fill { price, quantity, is_maker };
                    self.parent.filled(number, fill);
                    self.fills.push((*time, fill));
                }
            }
        }
        !told.is_empty()
    }

    fn ask(&mut self, now: Time, market: &Now<'_>) {
        let shown = |side: Side| -> Vec<Level> { self.venue.levels(market.book, side).take(SHOWN).collect() };
        let (bids, asks) = match self.entry.choice {
            Choice::Adaptive => (shown(Side::Buy), shown(Side::Sell)),
            Choice::Fixed(_) => (Vec::new(), Vec::new()),
        };
        let touch = self.venue.top(market.book);
        let view = View { touch, bids: &bids, asks: &asks, mark: market.mark, volume: market.volume };
        let side = self.entry.side;
        match self.parent.next(now, &view) {
            Action::Wait => {}
            Action::Place(order) => {
                self.venue.send(now, Request::Place { number: order.number, side, kind: order.kind })
            }
            Action::Replace { old, new } => {
                self.venue.send(now, Request::Replace { old, number: new.number, side, kind: new.kind })
            }
            Action::Cancel { number } => self.venue.send(now, Request::Cancel { number }),
            Action::Done(_) => self.is_over = true,
        }
    }

    fn finish(mut self, until: Time, arrival: f64, now: &Now<'_>) -> Outcome {
        self.advance(until, now);
        let total = self.parent.spec().quantity;
        let done = self.fills.iter().fold(Quantity::ZERO, |sum, (_, fill)| sum.saturating_add(fill.quantity));
        let left = total.saturating_sub(done).max(Quantity::ZERO);
        let charged = self.charge(left, now);
        let paid = self.fills.iter().fold(0, |sum, (_, fill)| sum + Value::of(fill.price, fill.quantity).0);
        let paid = Value(paid).to_f64() + charged;
        let (worth, sign) = (arrival * total.to_f64(), if self.entry.side == Side::Buy { 1.0 } else { -1.0 });
        let fees = paid * FEE / worth * 1e4;
        let made = self.parent.progress().made.to_f64() / total.to_f64();
        Outcome {
            cost: sign * (paid / worth - 1.0) * 1e4 + fees,
            fees,
            made,
            unfilled: left.to_f64() / total.to_f64(),
            children: self.parent.progress().sent,
            fills: self.fills,
            charged,
            style: self.parent.style(),
        }
    }

    /// What the rest costs at the market; beyond the levels that stand, the last of them.
    fn charge(&self, left: Quantity, now: &Now<'_>) -> f64 {
        let (mut left, mut paid, mut last) = (left, 0.0, now.mark);
        for (price, offered) in self.venue.levels(now.book, self.entry.side.opposite()) {
            if !left.is_positive() {
                break;
            }
            let part = offered.min(left);
            left = left.saturating_sub(part);
            (paid, last) = (paid + Value::of(price, part).to_f64(), price);
        }
        paid + Value::of(last, left).to_f64()
    }
}
