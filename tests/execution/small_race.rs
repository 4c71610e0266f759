//! The race in small: its arithmetic by hand, no look ahead, and who wins on a few seeds.

use kestrel::domain::{Price, Quantity, Seed, Side, Span, Time, Trade};
use kestrel::engine::execution::{Choice, Style, Tactics};
use kestrel::performance::shortfall::{Benchmarks, Shortfall};
use kestrel::simulator::book_venue::Refill;
use kestrel::simulator::recorded_book::{BookInput, BookLevel};

use super::contest::{Entry, Outcome, Terms, contest};
use super::generated::{generated, rules};
use super::tape::{FEE, Tape};
use super::verdict::{CHOICES, Race, entries};

fn level(side: Side, price: f64, quantity: f64) -> BookLevel {
    let price = Price::from_f64(price).expect("a price");
    BookLevel { side, price, quantity: Quantity::from_f64(quantity).expect("a quantity") }
}

fn terms(tape: &Tape, start: Time, horizon: Span) -> Terms<'_> {
    Terms {
        tape,
        start,
        horizon,
        refill: Refill::Restated,
        curve: None,
        urgency: 0.0,
        tactics: Tactics::default(),
        seed: Seed(3),
    }
}

/// A book that stands still: 100 x 2 against 101 x 1 and 103 x 3, told anew each second with one batch of nothing.
fn still(seconds: i64) -> Tape {
    let levels = vec![level(Side::Buy, 100.0, 2.0), level(Side::Sell, 101.0, 1.0), level(Side::Sell, 103.0, 3.0)];
    let mut inputs = vec![(Time(0), BookInput::Snapshot(levels))];
    for second in 1..seconds {
        inputs.push((Time(0).plus(Span::from_seconds(second)), BookInput::Changes(Vec::new())));
    }
    Tape::new(rules(), inputs, Span::MINUTE)
}

#[test]
fn a_cost_is_what_a_hand_reckons() {
    let tape = still(90);
    let terms = terms(&tape, Time(10_000_000), Span::MINUTE);
    let market = Choice::Fixed(Style::Market);
    let entry =
        |side, quantity: i64| Entry { choice: market, side, quantity: Quantity::from_raw(quantity * 100_000_000) };
    let outcomes = contest(&terms, &[entry(Side::Buy, 2), entry(Side::Buy, 8), entry(Side::Sell, 1)]);
    let [Some(two), Some(eight), Some(sold)] = outcomes.as_slice() else { panic!("all are legal") };
    // 101 and 103 against 100.5, with a thousandth of 204.
    let paid = 204.0;
    assert!((two.cost - ((paid * 1.001) / 201.0 - 1.0) * 1e4).abs() < 1e-9, "{two:?}");
    // 101 + 3 x 103 were to be had; what is left is charged at the last price that traded or stood: no level is left.
    assert_eq!(
        eight.fills.iter().map(|(_, fill)| fill.quantity).fold(Quantity::ZERO, Quantity::saturating_add).raw(),
        400_000_000
    );
    assert!((eight.unfilled - 0.5).abs() < 1e-12 && (eight.charged - 4.0 * 100.5).abs() < 1e-9, "{eight:?}");
    assert!((sold.cost - ((100.5 - 100.0) / 100.5 * 1e4 + 100.0 / 100.5 * 10.0)).abs() < 1e-9, "{sold:?}");
}

/// An hour's tape cut to eight minutes, its start, and all that is ordered on it.
fn short(seed: u64) -> (Tape, Time, Vec<Entry>) {
    let (tape, _, start) = generated(Seed(seed), 8);
    let traded = tape.traded(start, Span(8 * Span::MINUTE.0));
    (tape, start, entries(traded))
}

#[test]
fn costs_are_shortfalls_of_the_fills_and_nothing_is_lost() {
    let (tape, start, entries) = short(5);
    let terms = terms(&tape, start, Span(8 * Span::MINUTE.0));
    let (_, book, _) = tape.at(start);
    let arrival = book.middle().expect("a book");
    for (entry, outcome) in entries.iter().zip(contest(&terms, &entries)) {
        let Some(Outcome { cost, fills, charged, unfilled, .. }) = outcome else { continue };
        let total = entry.quantity.floor_to_step(tape.rules.lot.step).to_f64();
        let done: f64 = fills.iter().map(|(_, fill)| fill.quantity.to_f64()).sum();
        assert!((done / total + unfilled - 1.0).abs() < 1e-9, "{entry:?}");
        let mut pairs: Vec<(f64, f64)> =
            fills.iter().map(|(_, fill)| (fill.price.to_f64(), fill.quantity.to_f64())).collect();
        if unfilled > 0.0 {
            pairs.push((charged / (unfilled * total), unfilled * total));
        }
        let at = Benchmarks { decision: arrival, arrival, last: arrival };
        let shortfall = Shortfall::of(entry.side, total, &pairs, at, FEE).total() / (arrival * total) * 1e4;
        assert!((shortfall - cost).abs() < 1e-6, "{shortfall} {cost}");
    }
}

#[test]
fn fills_do_not_know_what_comes_after_them() {
    let (tape, start, entries) = short(8);
    let cut = start.plus(Span(4 * Span::MINUTE.0));
    let higher = |input: &BookInput| match input {
        BookInput::Changes(levels) => {
            let moved = |level: &BookLevel| BookLevel { quantity: Quantity::ZERO, ..*level };
            BookInput::Changes(levels.iter().map(moved).collect())
        }
        BookInput::Trade(trade) => {
            let price = trade.price.saturating_add(Price::from_raw(100_000_000_000));
            BookInput::Trade(Trade { price, quantity: Quantity::ONE, ..*trade })
        }
        BookInput::Snapshot(_) | BookInput::Lost(_) => input.clone(),
    };
    let changed = tape.inputs.iter().map(|(time, input)| {
        let input = if *time >= cut { higher(input) } else { input.clone() };
        (*time, input)
    });
    let other = Tape::new(tape.rules.clone(), changed.collect(), Span::MINUTE);
    let horizon = Span(8 * Span::MINUTE.0);
    let one = contest(&terms(&tape, start, horizon), &entries);
    let two = contest(&terms(&other, start, horizon), &entries);
    let before = |outcome: &Outcome| -> Vec<_> {
        outcome.fills.iter().filter(|(time, _)| *time < cut).map(|(time, fill)| (*time, *fill)).collect()
    };
    let mut fills = 0;
    for (one, two) in one.iter().zip(&two) {
        let (Some(one), Some(two)) = (one, two) else { panic!("both are legal or none") };
        assert_eq!(before(one), before(two));
        fills += before(one).len();
    }
    assert!(fills > 100, "{fills}");
    assert_ne!(one, two, "what came after differs");
}

#[test]
fn on_a_few_generated_hours_the_adaptive_parent_costs_less_than_the_market_order() {
    let mut race = Race::default();
    for seed in 0..6 {
        let (tape, start, entries) = short(seed);
        let outcomes = contest(&terms(&tape, start, Span(8 * Span::MINUTE.0)), &entries);
        assert_eq!(outcomes, contest(&terms(&tape, start, Span(8 * Span::MINUTE.0)), &entries), "the same again");
        race.add(seed, &outcomes);
    }
    let rows = race.rows();
    let all = rows.last().expect("a row of all");
    assert_eq!((rows.len(), all.judged, CHOICES.len()), (6, 3, 4));
    assert!(all.costs[0] < all.costs[1] && all.difference < 0.0, "{all:?}");
}
