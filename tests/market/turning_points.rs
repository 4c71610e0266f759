//! Pivots and levels: found where they are, known when they are confirmed, never earlier.

use kestrel::domain::{Bar, Span, Time};
use kestrel::market::levels::{LevelSettings, Levels};
use kestrel::market::pivots::{Pivot, PivotKind, Pivots};
use proptest::prelude::*;

fn bars(middles: &[f64]) -> Vec<Bar> {
    let bar = |(at, middle): (usize, &f64)| Bar {
        open_time: Time::from_millis(at as i64 * 60_000),
        open: *middle,
        high: middle + 1.0,
        low: middle - 1.0,
        close: *middle,
        volume: 2.0,
    };
    middles.iter().enumerate().map(bar).collect()
}

fn pivots(bars: &[Bar], side: usize) -> Vec<Pivot> {
    let mut pivots = Pivots::new(side);
    bars.iter().flat_map(|bar| pivots.update(bar).iter().collect::<Vec<_>>()).collect()
}

#[test]
fn a_pivot_is_stamped_with_the_bar_it_is_and_the_bar_that_confirms_it() {
    let bars = bars(&[10.0, 11.0, 15.0, 12.0, 11.0, 9.0, 11.0, 12.0]);
    let found = pivots(&bars, 2);
    let high = Pivot {
        kind: PivotKind::High,
        price: 16.0,
        volume: 2.0,
        at: bars[2].open_time,
        confirmed: bars[4].close_time(),
    };
    let low =
        Pivot { kind: PivotKind::Low, price: 8.0, at: bars[5].open_time, confirmed: bars[7].close_time(), ..high };
    assert_eq!(found, [high, low]);
}

#[test]
fn of_equal_tops_the_first_is_the_pivot() {
    let bars = bars(&[10.0, 11.0, 15.0, 15.0, 15.0, 11.0, 10.0]);
    let found = pivots(&bars, 2);
    assert_eq!(found.iter().map(|pivot| pivot.at).collect::<Vec<_>>(), [bars[2].open_time]);
}

proptest! {
    #[test]
    fn a_pivot_is_known_side_bars_after_it_and_stands_out_on_both_sides(
        middles in prop::collection::vec((100u8..120).prop_map(f64::from), 1..80), side in 1usize..6,
    ) {
        let bars = bars(&middles);
        for pivot in pivots(&bars, side) {
            prop_assert_eq!(pivot.confirmed.since(pivot.at), Span((side as i64 + 1) * Span::MINUTE.0 - 1_000));
            let at = (pivot.at.0 / Span::MINUTE.0) as usize;
            let around = &bars[at - side..=at + side];
            let extreme = match pivot.kind {
                PivotKind::High => around.iter().map(|bar| bar.high).fold(f64::MIN, f64::max),
                PivotKind::Low => around.iter().map(|bar| bar.low).fold(f64::MAX, f64::min),
            };
            prop_assert_eq!(pivot.price, extreme);
        }
    }
}

/// Up and down between 100 and 120, four bars each way.
fn swinging(turns: usize) -> Vec<Bar> {
    let swing = [100.0, 105.0, 110.0, 115.0, 120.0, 115.0, 110.0, 105.0];
    bars(&swing.repeat(turns))
}

#[test]
fn turns_at_the_same_price_are_one_level_with_many_touches() {
    let mut levels = Levels::new(LevelSettings { side: 2, atr: 5, ..LevelSettings::default() });
    for bar in swinging(6) {
        levels.update(&bar);
    }
    let prices: Vec<f64> = levels.all().iter().map(|level| level.price).collect();
    assert_eq!(prices, [99.0, 121.0]);
    assert!(levels.all().iter().all(|level| level.touches >= 4), "{:?}", levels.all());
    assert_eq!(levels.support(110.0).map(|level| level.price), Some(99.0));
    assert_eq!(levels.resistance(110.0).map(|level| level.price), Some(121.0));
    assert_eq!(levels.support(50.0), None);
    assert_eq!(levels.resistance(200.0), None);
}

#[test]
fn a_level_fades_and_the_weakest_goes_when_there_are_too_many() {
    let settings = LevelSettings { side: 2, atr: 5, half_life: 4.0, most: 2, ..LevelSettings::default() };
    let mut levels = Levels::new(settings);
    for bar in swinging(4) {
        levels.update(&bar);
    }
    let before: Vec<f64> = levels.all().iter().map(|level| levels.score(level)).collect();
    for bar in bars(&[100.0; 8]) {
        levels.update(&bar);
    }
    for (level, before) in levels.all().iter().zip(&before).filter(|(level, _)| level.price > 110.0) {
        assert!((levels.score(level) / before - 0.25).abs() < 1e-12);
    }
    let far: Vec<f64> = swinging(3).iter().map(|bar| bar.close * 3.0).collect();
    for bar in bars(&far) {
        levels.update(&bar);
    }
    assert_eq!(levels.all().len(), 2);
    assert!(levels.all().iter().all(|level| level.price > 250.0), "{:?}", levels.all());
}
