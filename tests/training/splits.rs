//! What teaches never reaches into what judges.

use kestrel::domain::{Span, Time};
use kestrel::training::splits::{Reserved, divide, embargo, folds_of, purged_folds, with_validation};
use proptest::prelude::*;

use super::dataset::wavy;

#[test]
fn nothing_that_teaches_reaches_into_what_is_held_out() {
    let data = wavy(30 * 1_440, 5, 1);
    let wait = embargo(&data);
    let middle = Time(data.samples()[3_000].decided.0);
    let reserved = [Reserved { lane: Some(0), from: middle, to: middle.plus(Span::DAY) }];
    let division = divide(&data, &reserved, 0.2, wait);
    let all = division.training.len() + division.held_out.len() + division.dropped;
    assert_eq!(all, data.samples().len());
    assert!(division.dropped > 0);
    for held in &division.held_out {
        let held = &data.samples()[*held as usize];
        for teacher in &division.training {
            let teacher = &data.samples()[*teacher as usize];
            assert!(teacher.ends <= held.decided || teacher.decided >= held.ends.minus(Span(120 * Span::MINUTE.0)));
        }
    }
    let first = data.samples()[division.held_out[0] as usize].decided;
    assert_eq!(first, middle);
    let share = division.held_out.len() as f64 / data.samples().len() as f64;
    assert!((0.2..0.26).contains(&share), "{share}");
}

#[test]
fn what_a_fit_is_stopped_on_is_newer_than_what_it_saw() {
    let data = wavy(10 * 1_440, 5, 1);
    let picks: Vec<u32> = (0..data.samples().len() as u32).collect();
    for fold in folds_of(&data, &picks, 5, embargo(&data)) {
        let (train, validation) = with_validation(&data, &fold.train);
        let opens = data.samples()[validation[0] as usize].decided;
        assert!(train.iter().all(|pick| data.samples()[*pick as usize].ends <= opens));
        assert!(!train.is_empty() && train.iter().all(|pick| !fold.test.contains(pick)));
    }
}

proptest! {
    #[test]
    fn a_fold_is_purged_and_embargoed_whatever_the_spans(
        steps in prop::collection::vec((0i64..5, 1i64..20), 10..80), folds in 2usize..6, embargo in 0i64..10,
    ) {
        let mut begin = 0;
        let spans: Vec<(i64, i64)> = steps.iter().map(|(step, length)| { begin += step; (begin, begin + length) }).collect();
        let made = purged_folds(&spans, folds, embargo);
        let tested: Vec<u32> = made.iter().flat_map(|fold| fold.test.clone()).collect();
        prop_assert_eq!(tested, (0..spans.len() as u32).collect::<Vec<_>>());
        for fold in made {
            let opens = spans[fold.test[0] as usize].0;
            let closes = fold.test.iter().map(|at| spans[*at as usize].1).max().unwrap();
            for (at, span) in spans.iter().enumerate() {
                let teaches = span.1 <= opens || span.0 >= closes + embargo;
                prop_assert_eq!(fold.train.contains(&(at as u32)), teaches);
            }
        }
    }
}
