//! Parent orders at the desk: what stands between their children, what stops them, what they bind.
//!
//! Invariant: the venue is the honest one of `venue`; a scenario says only what the market and people do.
//! Absent on purpose: when a child is sent (`execution::parents`).

use kestrel::domain::{Command, Money, Quantity};
use kestrel::engine::Settings;
use kestrel::engine::instrument::{Desk, sellable};
use kestrel::engine::settings::{ExecutionSettings, ExecutionStyle};

use super::everything::Floor;
use super::flows::Turn;
use super::table::{A, quick};
use super::venue::Way;

fn floor(style: ExecutionStyle) -> Floor {
    let execution = ExecutionSettings { style, horizon_minutes: 5, ..ExecutionSettings::default() };
    Floor::new(Settings { execution, ..quick() }, false, false)
}

fn bar(floor: &mut Floor, points: i64) {
    floor.take(Turn::Bar { symbol: 0, points, volume: 100, way: Way::Whole });
    floor.take(Turn::Calm { words: 10 });
}

/// Most of a minute in which nothing is shown.
fn wait(floor: &mut Floor) {
    for _ in 0..5 {
        floor.take(Turn::Later { seconds: 10 });
        floor.take(Turn::Calm { words: 10 });
    }
}

/// A rise decides on an entry; some of its slices are filled.
fn buying() -> Floor {
    let mut floor = floor(ExecutionStyle::Twap);
    bar(&mut floor, 20);
    assert_eq!(floor.shown().symbols[0].desk, Desk::Entering);
    wait(&mut floor);
    assert!(floor.venue.base[0].is_positive());
    floor
}

fn is_covered(floor: &Floor) -> bool {
    let view = &floor.shown().symbols[0];
    floor.venue.locked(A) == sellable(&view.rules, view.position, view.mark)
}

#[test]
fn a_sliced_entry_goes_on_by_the_clock_and_is_protected_as_it_grows() {
    let mut floor = buying();
    let mut sizes = vec![floor.venue.base[0]];
    for _ in 0..3 {
        assert!(is_covered(&floor), "{:?}", floor.shown().orders);
        bar(&mut floor, 1);
        wait(&mut floor);
        sizes.push(floor.venue.base[0]);
    }
    assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
    (0..3).for_each(|_| bar(&mut floor, 1));
    assert_eq!(floor.shown().symbols[0].desk, Desk::Holding);
    assert!(is_covered(&floor));
    floor.settle();
}

#[test]
fn a_pause_stops_a_sliced_entry_and_what_is_held_stays_protected() {
    let mut floor = buying();
    floor.take(Turn::Tell(Command::Pause));
    floor.take(Turn::Calm { words: 10 });
    let held = floor.venue.base[0];
    for _ in 0..3 {
        bar(&mut floor, 1);
        wait(&mut floor);
        assert_eq!((floor.venue.base[0], floor.shown().symbols[0].desk), (held, Desk::Holding));
        assert!(is_covered(&floor));
    }
    floor.settle();
}

#[test]
fn a_stop_in_the_midst_of_a_sliced_entry_ends_it() {
    let mut floor = buying();
    floor.take(Turn::Top { symbol: 0, points: -300, way: Way::Whole });
    floor.take(Turn::Calm { words: 20 });
    for _ in 0..2 {
        assert_eq!((floor.venue.base[0], floor.shown().symbols[0].desk), (Quantity::ZERO, Desk::Flat));
        wait(&mut floor);
        bar(&mut floor, 1);
    }
    assert!(!floor.engine.is_working());
    floor.settle();
}

#[test]
fn a_sliced_exit_is_protected_between_its_slices() {
    let mut floor = buying();
    (0..6).for_each(|_| bar(&mut floor, 1));
    let held = floor.venue.base[0];
    bar(&mut floor, -20);
    let mut sizes = Vec::new();
    while floor.shown().symbols[0].desk == Desk::Leaving && sizes.len() < 60 {
        floor.take(Turn::Later { seconds: 10 });
        floor.take(Turn::Calm { words: 300 });
        assert!(is_covered(&floor), "{:?}", floor.shown().orders);
        sizes.push(floor.venue.base[0]);
    }
    sizes.dedup();
    assert!(sizes.len() > 4 && sizes[0] < held, "{held}: {sizes:?}");
    assert_eq!(floor.venue.base[0], Quantity::ZERO);
    floor.settle();
}

/// Found by `everything`: it was counted at the price of now.
#[test]
fn an_entry_with_a_limit_binds_what_it_would_pay_there() {
    let mut floor = floor(ExecutionStyle::Passive);
    bar(&mut floor, 20);
    floor.take(Turn::Top { symbol: 0, points: 30, way: Way::Whole });
    floor.take(Turn::Calm { words: 10 });
    let shown = floor.shown();
    let order = shown.orders.first().expect("it rests");
    let limit = order.kind.limit_price().expect("a limit");
    assert!(limit > shown.symbols[0].mark.expect("a mark"), "{order:?}");
    let bound = Money::notional(limit, order.kind.quantity()).expect("in range");
    assert_eq!(shown.free_cash, shown.cash.saturating_sub(bound));
}
