//! Orders in a recorded book, by hand: queue, latency, cancel, trade-through, what is missing; and the survey of them.

use kestrel::domain::{Ratio, Side, Span, Time, Trade};
use kestrel::simulator::book_orders::{Fate, PassiveOrder, TakerCost, TakerOrder};
use kestrel::simulator::fill_figures::{BarMarkout, Fates, SurveyFigures};
use kestrel::simulator::fill_survey::{FillSurvey, SurveyPlan};
use kestrel::simulator::queue::QueueModel;
use kestrel::simulator::recorded_book::{BookInput, BookLevel, Lost, RecordedBook};
use kestrel::simulator::{FeeSchedule, Frictions, Latency, Settings, SquareRootImpact};

use super::{price, quantity};

/// Milliseconds.
fn at(ms: i64) -> Time {
    Time::from_millis(ms)
}

fn ms(ms: i64) -> Span {
    Span::from_millis(ms)
}

fn level(side: Side, at: &str, rests: &str) -> BookLevel {
    BookLevel { side, price: price(at), quantity: quantity(rests) }
}

/// 5 at 99, 8 at 98; 4 at 101, 6 at 102.
fn whole() -> BookInput {
    let (bid, ask) = (Side::Buy, Side::Sell);
    BookInput::Snapshot(vec![
        level(bid, "99", "5"),
        level(bid, "98", "8"),
        level(ask, "101", "4"),
        level(ask, "102", "6"),
    ])
}

fn change(side: Side, at: &str, rests: &str) -> BookInput {
    BookInput::Changes(vec![level(side, at, rests)])
}

/// A trade whose taker sells.
fn sold(ms: i64, at_price: &str, size: &str) -> BookInput {
    let (price, quantity) = (price(at_price), quantity(size));
    BookInput::Trade(Trade { time: at(ms), price, quantity, aggressor: Side::Sell })
}

fn bought(ms: i64, at_price: &str, size: &str) -> BookInput {
    let (price, quantity) = (price(at_price), quantity(size));
    BookInput::Trade(Trade { time: at(ms), price, quantity, aggressor: Side::Buy })
}

/// A bid of 2 at 99, sent at 0 over 10 ms and cancelled after 1,000 ms, among these inputs.
fn bid(model: QueueModel, inputs: &[(i64, BookInput)]) -> PassiveOrder {
    let mut book = RecordedBook::default();
    book.take(&whole());
    let what = (Side::Buy, price("99"), quantity("2"));
    let mut order = PassiveOrder::sent(at(0), Latency(ms(10)), ms(1_000), what);
    for (time, input) in inputs {
        order.pass(at(*time), &book);
        book.take(input);
        order.see(at(*time), input, &book, model);
    }
    order
}

fn fate(model: QueueModel, inputs: &[(i64, BookInput)]) -> Fate {
    bid(model, inputs).fate()
}

const AVERSE: QueueModel = QueueModel::RiskAverse;
const CUBE: QueueModel = QueueModel::Power { exponent: 3.0 };

#[test]
fn an_order_waits_for_all_that_stood_before_it_and_then_for_its_own_size() {
    let first = [(20, sold(20, "99", "5")), (30, sold(30, "99", "1.9"))];
    assert!(matches!(fate(AVERSE, &first), Fate::Resting { .. }));
    let all = [first.as_slice(), &[(40, sold(40, "99", "0.1"))]].concat();
    assert_eq!(fate(AVERSE, &all), Fate::Filled { at: at(40) });
}

#[test]
fn trades_before_its_arrival_do_not_advance_it() {
    let early = [(5, sold(5, "99", "5")), (10, sold(10, "99", "5")), (20, sold(20, "99", "5"))];
    assert!(matches!(fate(AVERSE, &early), Fate::Resting { .. }), "seven are needed after 10 ms");
    assert_eq!(fate(AVERSE, &[early.as_slice(), &[(30, sold(30, "99", "2"))]].concat()), Fate::Filled { at: at(30) });
}

#[test]
fn what_leaves_the_level_stood_behind_the_risk_averse_order_and_partly_before_the_others() {
    // 3 join behind, 3 leave: with 5 before and 3 behind the power 3 takes most of them from the front.
    let moves = [(20, change(Side::Buy, "99", "8")), (30, change(Side::Buy, "99", "5")), (40, sold(40, "99", "4.6"))];
    assert!(matches!(fate(AVERSE, &moves), Fate::Resting { .. }));
    assert_eq!(fate(CUBE, &moves), Fate::Filled { at: at(40) });
    // A change that the trade explains does not count twice.
    let explained = [(20, sold(20, "99", "2")), (30, change(Side::Buy, "99", "3")), (40, sold(40, "99", "4.9"))];
    assert!(matches!(fate(CUBE, &explained), Fate::Resting { .. }));
}

#[test]
fn a_trade_beyond_the_limit_fills_it_and_one_at_the_other_side_of_the_book_does_not() {
    assert_eq!(fate(AVERSE, &[(20, sold(20, "98.99", "0.001"))]), Fate::Filled { at: at(20) });
    let other = [(20, bought(20, "101", "100")), (30, sold(30, "100", "100"))];
    assert!(matches!(fate(AVERSE, &other), Fate::Resting { .. }));
}

#[test]
fn an_offer_at_its_price_would_have_met_the_order() {
    assert_eq!(fate(AVERSE, &[(20, change(Side::Sell, "99", "1"))]), Fate::Filled { at: at(20) });
    assert_eq!(fate(AVERSE, &[(20, bought(20, "99", "1"))]), Fate::Filled { at: at(20) });
}

#[test]
fn an_order_that_would_take_on_arrival_is_refused() {
    assert_eq!(fate(AVERSE, &[(5, change(Side::Sell, "99", "1")), (20, whole())]), Fate::Refused);
}

#[test]
fn the_cancel_travels_as_long_as_the_order_and_keeps_what_was_filled() {
    let enough = |time: i64| [(time, sold(time, "99", "7")), (2_000, whole())];
    assert_eq!(fate(AVERSE, &enough(1_010)), Fate::Filled { at: at(1_010) });
    assert_eq!(fate(AVERSE, &enough(1_011)), Fate::Cancelled { filled: quantity("0") });
    let part = [(20, sold(20, "99", "5.5")), (2_000, whole())];
    assert_eq!(fate(AVERSE, &part), Fate::Cancelled { filled: quantity("0.5") });
    assert_eq!((bid(AVERSE, &part).arrival(), bid(AVERSE, &part).until()), (at(10), at(1_010)));
}

#[test]
fn what_is_missing_leaves_the_fate_of_waiting_orders_unknown_and_of_no_others() {
    for lost in [Lost::Changes, Lost::Trades, Lost::Time].map(BookInput::Lost) {
        assert_eq!(fate(AVERSE, &[(5, lost.clone())]), Fate::Unknown);
        assert_eq!(fate(AVERSE, &[(20, lost.clone()), (30, sold(30, "90", "1"))]), Fate::Unknown);
        let filled = [(20, sold(20, "98", "1")), (30, lost)];
        assert_eq!(fate(AVERSE, &filled), Fate::Filled { at: at(20) });
    }
}

#[test]
fn a_taker_pays_the_levels_and_what_the_middle_moved_on_the_way() {
    let mut book = RecordedBook::default();
    book.take(&whole());
    let middle = book.middle().expect("a book");
    let cost = |side, size: &str, book: &RecordedBook| {
        TakerOrder { side, quantity: quantity(size), sent: at(0), middle }.cost(book)
    };
    // 4 at 101 and 4 at 102 are 101.5 on average; 100 was the middle.
    let close = |found: Option<TakerCost>, whole: f64, delay: f64| {
        found.is_some_and(|cost| (cost.whole - whole).abs() < 1e-12 && (cost.delay - delay).abs() < 1e-12)
    };
    assert!(close(cost(Side::Buy, "8", &book), 0.015, 0.0));
    assert!(close(cost(Side::Sell, "5", &book), 0.01, 0.0));
    assert_eq!(cost(Side::Buy, "10.01", &book), None, "the book shows ten");
    book.take(&BookInput::Changes(vec![level(Side::Sell, "101", "0"), level(Side::Buy, "100", "1")]));
    assert!(close(cost(Side::Buy, "1", &book), 0.02, 0.01), "the middle is 101 now");
    assert!(close(cost(Side::Sell, "1", &book), 0.0, -0.01));
}

fn plan(wait: Span) -> SurveyPlan {
    let impact = Some(SquareRootImpact::TRAILING);
    let half_spread = "0.002".parse().expect("a ratio");
    SurveyPlan {
        every: ms(1_000),
        wait,
        queue: AVERSE,
        size: "198".parse().expect("an amount"),
        takers: vec!["400".parse().expect("an amount")],
        tick: price("0.01"),
        step: quantity("0.001"),
        venue: Settings {
            fees: FeeSchedule { maker: Ratio::from_raw(10_000), ..FeeSchedule::FREE },
            frictions: Frictions { impact, ..Frictions::spread(half_spread) },
        },
    }
}

fn survey(plan: SurveyPlan, inputs: &[(i64, BookInput)]) -> SurveyFigures {
    let mut survey = FillSurvey::new(plan);
    for (time, input) in inputs {
        survey.take(at(*time), input);
    }
    survey.finish()
}

#[test]
fn the_survey_counts_orders_whose_whole_time_is_seen_and_tells_the_others() {
    // Sent at 1 s: the bid fills at 1.5 s; at 2 s it stands behind 5 again; at 3 s the recording ends within its time.
    let inputs = [
        (500, whole()),
        (1_500, sold(1_500, "99", "7")),
        (1_600, change(Side::Buy, "99", "5")),
        (2_600, change(Side::Sell, "102", "7")),
        (3_200, change(Side::Sell, "102", "6")),
    ];
    let found = survey(plan(ms(1_000)), &inputs);
    let bid = Fates { filled: 1, unfilled: 1, unfinished: 1, ..Fates::default() };
    assert_eq!(found.bid.fates, bid);
    assert_eq!(found.ask.fates, Fates { unfilled: 2, unfinished: 1, ..Fates::default() });
    assert_eq!((found.both.fates.sent(), found.both.share_filled), (6, Some(0.25)));
    assert_eq!(found.both.median_to_fill, Some(ms(500)));
    // The middle stays 100 for the second after the fill at 99.
    let [second, later, _] = found.bid.markouts;
    assert!(second.count == 1 && second.mean.is_some_and(|mean| (mean - 1.0 / 99.0).abs() < 1e-12), "{second:?}");
    assert_eq!((later.count, later.mean), (0, None), "the recording ends before");
    assert_eq!((found.bid.fee, found.bid.bar_markout), (0.0001, BarMarkout::ShorterThanABar));
    // 400 are 4 at the middle: the whole first level of asks, and less than that of bids.
    assert_eq!((found.takers[0].cost.count, found.takers[0].short), (6, 0));
    assert!(found.takers[0].cost.mean.is_some_and(|mean| (mean - 0.01).abs() < 1e-12));
    assert_eq!((found.takers[0].stated, found.takers[0].law), (None, None), "no day to measure impact by");
    assert!(found.half_spread.mean.is_some_and(|mean| (mean - 0.01).abs() < 1e-12));
}

#[test]
fn after_a_gap_orders_are_unknown_filled_or_not_and_none_is_sent_into_it() {
    let inputs = [
        (500, whole()),
        (1_500, sold(1_500, "99", "7")),
        (1_700, BookInput::Lost(Lost::Changes)),
        (60_000, change(Side::Buy, "97", "1")),
        (60_500, whole()),
        (61_500, change(Side::Buy, "97", "2")),
    ];
    let found = survey(plan(ms(1_000)), &inputs).both.fates;
    assert_eq!(found, Fates { unknown: 2, unfinished: 2, ..Fates::default() });
}

#[test]
fn a_minute_of_waiting_tells_by_how_much_bars_must_pass_a_limit() {
    let mut inputs = vec![(500, whole())];
    // The bid of each second fills through the queue; trades go 0.5 beyond it, whatever comes later.
    inputs.extend((1..200).flat_map(|second| {
        let time = second * 1_000 + 300;
        [(time, sold(time, "99", "7")), (time + 50, sold(time + 50, "98.50", "1")), (time + 100, whole())]
    }));
    let found = survey(plan(ms(60_000)), &inputs);
    assert_eq!((found.bid.share_filled, found.bid.share_passed), (Some(1.0), Some(1.0)));
    let BarMarkout::Of(by) = found.bid.bar_markout else { panic!("{:?}", found.bid.bar_markout) };
    assert!((by - 0.5 / 99.0).abs() < 1e-12, "{by}");
    assert_eq!(found.ask.bar_markout, BarMarkout::NothingFilled);
    assert!(found.minutes == 2, "the first minute was not seen whole");
    let touched =
        survey(plan(ms(60_000)), &inputs.into_iter().filter(|(time, _)| time % 1_000 != 350).collect::<Vec<_>>());
    let none = BarMarkout::FewerAtATick { bars: 0.0, book: 1.0 };
    assert_eq!(touched.bid.bar_markout, none, "the queue fills at the limit, bars do not");
}
