//! A parent against a venue that does what it likes: fills in parts, refuses, cancels late, answers in any order.

use kestrel::domain::{
    BookTop, Digest, OrderKind, Price, Quantity, Seed, Side, Span, Symbol, SymbolId, SymbolRules, Time,
};
use kestrel::engine::execution::{
    Action, ChildOrder, Choice, Ending, Fill, Known, MarketState, Parent, ParentError, ParentSpec, Style, Tactics, View,
};
use proptest::prelude::*;

const MARKET: MarketState = MarketState {
    half_spread: 0.000_1,
    daily_volatility: 0.03,
    daily_volume: 20_000.0,
    depth: 5.0,
    maker_fee: 0.001,
    taker_fee: 0.001,
    coefficient: 1.0,
    markout: 0.000_05,
    fill_chance: 0.3,
    unevenness: 1.1,
};

fn price(x: f64) -> Price {
    Price::from_f64(x).expect("a price").floor_to_tick(Price::from_raw(1_000_000))
}

fn size(x: f64) -> Quantity {
    Quantity::from_f64(x).expect("a quantity")
}

/// A tick of 0.01, a step of 0.001, 5 at least.
fn rules() -> SymbolRules {
    let mut rules = SymbolRules::default_for(&Symbol::new("BTCUSDT"));
    rules.price.tick = Price::from_raw(1_000_000);
    (rules.lot.step, rules.lot.min, rules.lot.max) = (size(0.001), size(0.001), size(3.0));
    rules
}

fn spec(side: Side, quantity: f64) -> ParentSpec {
    ParentSpec {
        symbol: SymbolId(0),
        side,
        quantity: size(quantity),
        arrival: price(100.0),
        started: Time(0),
        horizon: Span(10 * Span::MINUTE.0),
        urgency: 0.0,
        drift: 0.0,
        worth: None,
        seed: Seed(7),
        name: "parent 1".into(),
    }
}

fn parent(spec: ParentSpec, choice: Choice, has_touch: bool) -> Result<Parent, ParentError> {
    let rules = rules();
    let known = Known { market: &MARKET, rules: &rules, curve: None, has_touch };
    Parent::new(spec, choice, Tactics::default(), &known)
}

fn top(bid: f64, bids: f64, asks: f64) -> BookTop {
    BookTop { bid: price(bid), bid_quantity: size(bids), ask: price(bid + 0.02), ask_quantity: size(asks) }
}

fn book(top: BookTop) -> View<'static> {
    View { touch: Some(top), bids: &[], asks: &[], mark: top.bid, volume: 0.0 }
}

fn placed(action: Action) -> ChildOrder {
    match action {
        Action::Place(order) => order,
        Action::Wait | Action::Replace { .. } | Action::Cancel { .. } | Action::Done(_) => {
            panic!("{action:?} is no order")
        }
    }
}

#[test]
fn a_market_order_is_sent_at_once_and_again_for_what_is_left() {
    let mut parent = parent(spec(Side::Buy, 1.0), Choice::Fixed(Style::Market), false).expect("legal");
    let view = View::of_bars(price(100.0), 0.0);
    let first = placed(parent.next(Time(0), &view));
    assert_eq!(first.kind, OrderKind::Market { quantity: size(1.0) });
    assert_eq!(parent.next(Time(1), &view), Action::Wait, "a child is under way");
    parent.opened(1);
    parent.filled(1, Fill { price: price(101.0), quantity: size(0.6), is_maker: false });
    parent.closed(1, Time(2));
    assert_eq!(parent.next(Time(3), &view), Action::Wait, "a pause between two takers");
    let wake = parent.wake().expect("a moment");
    assert_eq!(placed(parent.next(wake, &view)).kind, OrderKind::Market { quantity: size(0.4) });
    parent.filled(2, Fill { price: price(102.0), quantity: size(0.4), is_maker: false });
    parent.closed(1, Time(4));
    assert!(parent.child().is_some(), "the first is long closed");
    parent.closed(2, Time(5));
    assert_eq!(parent.next(Time(6), &view), Action::Done(Ending::Filled));
    let progress = parent.progress();
    assert_eq!(progress.average, Some(101.4));
    assert!((progress.against_arrival.expect("fills") - 140.0).abs() < 1e-9);
}

#[test]
fn what_cannot_be_sold_again_is_not_bought() {
    let least = |side, quantity| parent(spec(side, quantity), Choice::Adaptive, true).map(|_| ());
    assert!(matches!(least(Side::Sell, 0.05), Err(ParentError::TooSmall { .. })), "at a fall of 1 % it is below 5");
    assert!(matches!(least(Side::Buy, 0.051), Err(ParentError::NotSellable { .. })));
    assert_eq!((least(Side::Sell, 0.051), least(Side::Buy, 0.052)), (Ok(()), Ok(())));
}

#[test]
fn an_order_at_the_touch_follows_it_and_takes_in_the_end() {
    let mut parent = parent(spec(Side::Buy, 1.0), Choice::Fixed(Style::Passive), true).expect("legal");
    let first = placed(parent.next(Time(0), &book(top(100.0, 1.0, 1.0))));
    assert!(first.resting() == Some(price(100.0)));
    parent.opened(1);
    let away = book(top(100.5, 1.0, 1.0));
    assert_eq!(parent.next(Time(1), &away), Action::Wait);
    let wake = parent.wake().expect("the stale one has a deadline");
    assert_eq!(wake, Time(1).plus(Span::SECOND));
    assert_eq!(parent.next(wake, &away), Action::Cancel { number: 1 });
    assert_eq!((parent.next(wake, &away), parent.wake()), (Action::Wait, None), "the venue has the word");
    parent.filled(1, Fill { price: price(100.0), quantity: size(0.3), is_maker: true });
    parent.closed(1, wake);
    let second = placed(parent.next(wake, &away));
    assert_eq!((second.number, second.kind.quantity()), (2, size(0.7)), "the fill that raced the cancel counts");
    parent.opened(2);
    assert_eq!(parent.next(parent.end(), &away), Action::Cancel { number: 2 });
    parent.closed(2, parent.end());
    let last = placed(parent.next(parent.end(), &away));
    assert_eq!(last.kind, OrderKind::Market { quantity: size(0.7) });
}

#[test]
fn what_is_not_worth_taking_is_left_but_never_too_little_to_sell() {
    let unworthy = ParentSpec { worth: Some(0.000_5), ..spec(Side::Buy, 1.0) };
    let view = book(top(100.0, 1.0, 1.0));
    for (filled, ends) in [(0.0, true), (0.5, true), (0.02, false)] {
        let mut parent = parent(unworthy.clone(), Choice::Fixed(Style::Passive), true).expect("legal");
        placed(parent.next(Time(0), &view));
        parent.opened(1);
        if filled > 0.0 {
            parent.filled(1, Fill { price: price(100.0), quantity: size(filled), is_maker: true });
        }
        assert_eq!(parent.next(parent.end(), &view), Action::Cancel { number: 1 });
        parent.closed(1, parent.end());
        let last = parent.next(parent.end(), &view);
        if ends {
            assert_eq!(last, Action::Done(Ending::Expired));
        } else {
            assert_eq!(placed(last).kind, OrderKind::Market { quantity: size(0.052) });
        }
    }
}

#[test]
fn stopped_it_cancels_and_sends_nothing_more() {
    let mut parent = parent(spec(Side::Sell, 1.0), Choice::Fixed(Style::Passive), true).expect("legal");
    let view = book(top(100.0, 1.0, 1.0));
    placed(parent.next(Time(0), &view));
    parent.opened(1);
    parent.stop(Time(1));
    assert_eq!(parent.next(Time(1), &view), Action::Cancel { number: 1 });
    parent.cancel_refused(Time(2));
    assert_eq!(parent.next(Time(3), &view), Action::Cancel { number: 1 }, "it is asked again");
    parent.closed(1, Time(4));
    assert_eq!(parent.next(Time(4), &view), Action::Done(Ending::Stopped));
}

/// What a venue may do next.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Open,
    Fill(f64),
    Close,
    Reject,
    Look,
    Late(f64),
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        2 => Just(Turn::Open),
        2 => (0.0f64..1.2).prop_map(Turn::Fill),
        2 => Just(Turn::Close),
        1 => Just(Turn::Reject),
        4 => Just(Turn::Look),
        1 => (0.0f64..1.0).prop_map(Turn::Late),
    ]
}

/// A child at the venue, which knows more than the parent was told.
#[derive(Debug, Clone, Copy)]
struct Live {
    order: ChildOrder,
    filled: Quantity,
    must_go: bool,
    /// Sent with a cancel of this one.
    next: Option<ChildOrder>,
}

fn play(choice: Choice, side: Side, quantity: f64, turns: &[(Turn, i64, f64, f64)], has_touch: bool) -> u64 {
    let rules = rules();
    let Ok(mut parent) = parent(spec(side, quantity), choice, has_touch) else { return 0 };
    let total = parent.spec().quantity;
    let (mut live, mut now, mut done, mut volume): (Option<Live>, Time, Quantity, f64) =
        (None, Time(0), Quantity::ZERO, 0.0);
    for (turn, millis, bid, balance) in turns {
        now = now.plus(Span::from_millis(*millis));
        volume += 0.1;
        let touch = top(*bid, 1.0 + balance, 2.0 - balance);
        let view = View { volume, touch: has_touch.then_some(touch), ..book(touch) };
        match (turn, &mut live) {
            (Turn::Look, _) | (_, None) => {}
            (Turn::Open, Some(child)) => parent.opened(child.order.number),
            (Turn::Fill(share) | Turn::Late(share), Some(child)) => {
                let left = child.order.kind.quantity().checked_sub(child.filled).expect("in range");
                let part = size(left.to_f64() * share.min(1.0)).floor_to_step(rules.lot.step).min(left);
                if part.is_positive() {
                    child.filled = child.filled.saturating_add(part);
                    done = done.saturating_add(part);
                    parent.filled(child.order.number, Fill { price: price(*bid), quantity: part, is_maker: true });
                }
            }
            (Turn::Close, Some(child)) => {
                let is_full = child.filled == child.order.kind.quantity();
                parent.closed(child.order.number, now);
                let next = child.next;
                live = next.map(|order| Live { order, filled: Quantity::ZERO, must_go: false, next: None });
                if is_full && let Some(order) = next {
                    // STOP_ON_FAILURE: what was full could not be cancelled, so the new one is not sent.
                    parent.rejected(order.number, now);
                    live = None;
                }
            }
            (Turn::Reject, Some(child)) if child.must_go => {
                match child.next.take() {
                    Some(order) => parent.rejected(order.number, now),
                    None => parent.cancel_refused(now),
                }
                child.must_go = false;
            }
            (Turn::Reject, Some(child)) if child.filled.is_zero() => {
                parent.rejected(child.order.number, now);
                live = None;
            }
            (Turn::Reject, Some(_)) => {}
        }
        match parent.next(now, &view) {
            Action::Wait => {}
            Action::Place(order) => {
                assert!(live.is_none(), "two live children");
                check(&rules, side, order, price(*bid));
                live = Some(Live { order, filled: Quantity::ZERO, must_go: false, next: None });
            }
            Action::Replace { old, new } => {
                let child = live.as_mut().expect("a child");
                assert!(child.order.number == old && !child.must_go && child.next.is_none());
                check(&rules, side, new, price(*bid));
                (child.must_go, child.next) = (true, Some(new));
            }
            Action::Cancel { number } => {
                let child = live.as_mut().expect("a child");
                assert!(child.order.number == number && !child.must_go, "asked twice");
                child.must_go = true;
            }
            Action::Done(_) => {
                assert!(live.is_none(), "a child lives on");
                break;
            }
        }
        let open = live.map_or(Quantity::ZERO, |child| {
            let next = child.next.map_or(Quantity::ZERO, |order| order.kind.quantity());
            child.order.kind.quantity().saturating_sub(child.filled).saturating_add(next)
        });
        assert_eq!(parent.filled_quantity(), done);
        assert!(done.saturating_add(open) <= total, "{done} and {open} of {total}");
    }
    let mut digest = Digest::new();
    digest.add(&parent);
    digest.finish()
}

fn check(rules: &SymbolRules, side: Side, order: ChildOrder, reference: Price) {
    let context = kestrel::domain::rules::OrderContext { reference, open_orders: 0, open_trigger_orders: 0 };
    assert_eq!(rules.check(side, order.kind, context), Ok(()), "{order:?}");
}

proptest! {
    #[test]
    fn whatever_the_venue_does_there_is_one_child_and_never_too_much(
        turns in prop::collection::vec((turns(), 1i64..20_000, 99.6f64..100.4, 0.0f64..1.0), 1..200),
        quantity in 0.05f64..20.0, choice in 0usize..9, is_buy in any::<bool>(), has_touch in any::<bool>(),
    ) {
        let choice = Style::ALL.get(choice).map_or(Choice::Adaptive, |style| Choice::Fixed(*style));
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let one = play(choice, side, quantity, &turns, has_touch);
        prop_assert_eq!(one, play(choice, side, quantity, &turns, has_touch), "the same turns, the same state");
    }
}
