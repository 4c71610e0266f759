//! Events and regimes: what holds for every market, what planted shifts show over many seeds, and recorded crashes.

#[path = "regimes/detectors.rs"]
mod detectors;
#[path = "regimes/planted.rs"]
mod planted;
#[path = "regimes/recorded.rs"]
mod recorded;
#[path = "regimes/sentences.rs"]
mod sentences;

use kestrel::config::regimes;
use kestrel::domain::{Bar, Digest, Span, Time};
use kestrel::market::regime::{
    BookState, EventKind, Flip, Latch, LatchSettings, MarketWatch, RegimeSwitch, Signals, Thresholds,
};
use proptest::prelude::*;

use super::market::markets;

pub fn watch() -> MarketWatch {
    MarketWatch::new(&Thresholds::default(), &regimes())
}

pub fn hash(watch: &MarketWatch) -> u64 {
    let mut digest = Digest::new();
    digest.add(watch);
    digest.finish()
}

/// Bars with gaps, some of them impossible, and a book for some.
fn feeds(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(Bar, Option<BookState>)>> {
    let faults = prop::collection::vec((0u32..100, 0u32..40, 1u32..50), length.clone());
    (markets(length), faults).prop_map(|(bars, faults)| {
        let mut late = 0;
        let feed = |(bar, (fault, spread, depth)): (Bar, (u32, u32, u32))| {
            // One in a hundred comes after missing minutes, one is impossible, one comes twice.
            late += if fault == 0 { i64::from(spread) } else { 0 };
            let time = bar.open_time.plus(Span((late - i64::from(fault == 1)) * Span::MINUTE.0));
            let high = if fault == 2 { 0.0 } else { bar.high };
            let book = BookState { spread: f64::from(spread) * 1e-4, depth: f64::from(depth) };
            (Bar { open_time: time, high, ..bar }, (fault % 2 == 0).then_some(book))
        };
        bars.into_iter().zip(faults.into_iter().cycle()).map(feed).collect()
    })
}

type Told = (Signals, Option<RegimeSwitch>);

fn told(watch: &mut MarketWatch, feed: &[(Bar, Option<BookState>)]) -> Vec<Told> {
    feed.iter().map(|(bar, book)| watch.on_bar(bar, book.as_ref())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_later_bar_changes_nothing_that_was_told(feed in feeds(300..700), other in feeds(50..100), cut in 200usize..600) {
        let cut = cut.min(feed.len());
        let mut changed = feed[..cut].to_vec();
        changed.extend(&other);
        let (mut one, mut two) = (watch(), watch());
        prop_assert_eq!(told(&mut one, &feed)[..cut].to_vec(), told(&mut two, &changed)[..cut].to_vec());
    }

    #[test]
    fn two_runs_end_in_the_same_state_and_a_change_shows_in_its_hash(feed in feeds(300..600)) {
        let (mut one, mut two) = (watch(), watch());
        prop_assert_eq!(told(&mut one, &feed), told(&mut two, &feed));
        prop_assert_eq!(hash(&one), hash(&two));
        // Another close, further on.
        let (last, book) = feed[feed.len() - 1];
        let next = |close: f64| Bar {
            open_time: last.open_time.plus(Span(60 * Span::MINUTE.0)),
            open: close, high: close, low: close, close, volume: 1.0,
        };
        one.on_bar(&next(last.low.abs()), book.as_ref());
        two.on_bar(&next(last.low.abs() * 1.01), book.as_ref());
        prop_assert_ne!(hash(&one), hash(&two));
    }

    #[test]
    fn an_event_stays_for_its_dwell_and_alarms_keep_their_distance(feed in feeds(600..1200)) {
        let thresholds = Thresholds::default();
        let settings = |kind: EventKind| match kind {
            EventKind::DataTrouble => thresholds.data.latch,
            EventKind::Crash => thresholds.crash.latch,
            EventKind::Jump => thresholds.jump.latch,
            EventKind::VolatilitySpike => thresholds.volatility.latch,
            EventKind::LiquidityDrop => thresholds.liquidity.latch,
            EventKind::TrendOnset => thresholds.trend.latch,
        };
        let mut watch = watch();
        let (mut is_on, mut alarms) = ([false; 6], [None::<Time>; 6]);
        for (bar, book) in &feed {
            let (signals, _) = watch.on_bar(bar, book.as_ref());
            for signal in signals.iter() {
                let kind = signal.event.kind();
                let (at, settings) = (kind as usize, settings(kind));
                let passed = alarms[at].map(|alarm| signal.time.since(alarm).0 / Span::MINUTE.0);
                if signal.is_alarm() {
                    prop_assert!(passed.is_none_or(|passed| passed >= i64::from(settings.cool_down)), "{signal}: {passed:?}");
                    alarms[at] = Some(signal.time);
                    is_on[at] = true;
                } else {
                    prop_assert!(is_on[at] && passed.is_some_and(|passed| passed >= i64::from(settings.dwell)), "{signal}: {passed:?}");
                    is_on[at] = false;
                }
            }
            for kind in EventKind::ALL {
                prop_assert_eq!(watch.events().is_on(kind), is_on[kind as usize], "{:?}", kind);
            }
        }
    }

    #[test]
    fn a_latch_between_its_thresholds_stays_as_it_is(
        steps in prop::collection::vec((1i64..20, any::<bool>(), any::<bool>()), 1..200),
        dwell in 0u32..40, cool_down in 0u32..60, again in any::<bool>(),
    ) {
        let mut latch = Latch::new(LatchSettings { dwell, cool_down, again });
        let mut now = Time(0);
        let mut alarm: Option<Time> = None;
        for (minutes, enter, leave) in steps {
            now = now.plus(Span(minutes * Span::MINUTE.0));
            let (before, since) = (latch.is_on(), latch.since());
            let passed = alarm.map_or(i64::MAX, |alarm| now.since(alarm).0 / Span::MINUTE.0);
            match latch.update(now, enter, leave) {
                Some(Flip::Began) => prop_assert!(enter && !before && passed >= i64::from(cool_down)),
                Some(Flip::Again) => prop_assert!(enter && before && again && passed >= i64::from(cool_down)),
                Some(Flip::Ended(length)) => {
                    prop_assert!(leave && !enter && before && passed >= i64::from(dwell));
                    prop_assert_eq!(Some(length), since.map(|since| now.since(since)));
                }
                None => prop_assert_eq!(before, latch.is_on()),
            }
            if enter && latch.is_on() && (!before || again) && passed >= i64::from(cool_down) {
                alarm = Some(now);
            }
            if !enter && !leave {
                prop_assert_eq!(before, latch.is_on(), "between the thresholds");
            }
        }
    }
}
