//! Detectors with a model: against plain versions of themselves, and over 200 seeds with a planted shift.

use kestrel::domain::Seed;
use kestrel::market::detectors::segments::{Cost, best_breaks, penalised_breaks};
use kestrel::market::detectors::{
    Adwin, AdwinSettings, Bocpd, BocpdSettings, GaussianHmm, HmmFilter, JumpModel, JumpTracker, RunLengthAlarm,
};
use proptest::prelude::*;

use super::planted::Normals;

/// When a detector first fires before the shift and after it.
struct Judged {
    false_alarms: usize,
    delays: Vec<usize>,
}

const SEEDS: u64 = 200;
const SHIFT: usize = 500;
const LENGTH: usize = 800;

/// Values of unit deviation whose mean rises by `shift` at `SHIFT` or up to 31 values later: some detectors look seldom.
fn judged(name: &str, shift: f64, mut detector: impl FnMut() -> Box<dyn FnMut(f64) -> bool>) -> Judged {
    let mut judged = Judged { false_alarms: 0, delays: Vec::new() };
    for seed in 0..SEEDS {
        let mut normals = Normals::new(Seed(seed), "detectors");
        let mut update = detector();
        let mut delay = None;
        let place = SHIFT + seed as usize % 32;
        for at in 0..LENGTH {
            let fires = update(normals.draw() + if at >= place { shift } else { 0.0 });
            judged.false_alarms += usize::from(fires && at < place);
            if fires && at >= place && delay.is_none() {
                delay = Some(at - place);
            }
        }
        judged.delays.extend(delay);
    }
    judged.delays.sort_unstable();
    let Judged { false_alarms, delays } = &judged;
    let rate = *false_alarms as f64 * 1_000.0 / (SEEDS as usize * SHIFT) as f64;
    let median = delays.get(delays.len() / 2);
    println!(
        "{name}, shift {shift}: {rate:.2} false alarms per 1,000 values, {} of {SEEDS} told, median delay {median:?}",
        delays.len()
    );
    judged
}

#[test]
fn planted_shifts_are_told_soon_and_seldom_without_one() {
    let adwin = || -> Box<dyn FnMut(f64) -> bool> {
        let mut adwin = Adwin::new(AdwinSettings::default());
        Box::new(move |x| adwin.update(x))
    };
    let bocpd = || -> Box<dyn FnMut(f64) -> bool> {
        let mut detector = Bocpd::new(BocpdSettings::default());
        let mut alarm = RunLengthAlarm::new(30, 10, 0.9);
        Box::new(move |x| {
            let value = detector.update(x);
            alarm.update(&detector, &value)
        })
    };
    for (shift, most_delay) in [(1.0, 64), (2.0, 40)] {
        let found = judged("ADWIN", shift, adwin);
        assert!(found.false_alarms <= 10, "{}", found.false_alarms);
        assert!(found.delays.len() >= 195 && found.delays[found.delays.len() / 2] <= most_delay, "{:?}", found.delays);
    }
    for (shift, most_delay) in [(2.0, 12), (3.0, 6)] {
        let found = judged("BOCPD", shift, bocpd);
        assert!(found.false_alarms <= 100, "{}", found.false_alarms);
        assert!(found.delays.len() >= 195 && found.delays[found.delays.len() / 2] <= most_delay, "{:?}", found.delays);
    }
}

#[test]
fn pruning_moves_probabilities_by_less_than_the_stated_bound() {
    let exact = BocpdSettings { least_mass: 0.0, ..BocpdSettings::default() };
    let (mut pruned, mut whole) = (Bocpd::new(BocpdSettings::default()), Bocpd::new(exact));
    let mut normals = Normals::new(Seed(5), "pruning");
    let mut removed = 0.0;
    for at in 0..1_500 {
        let x = normals.draw() + if at / 400 % 2 == 1 { 4.0 } else { 0.0 };
        let (one, two) = (pruned.update(x), whole.update(x));
        removed += pruned.open_runs() as f64 * 1e-8;
        assert_eq!(one.likeliest, two.likeliest, "at {at}");
        for k in [2, 10, 50, 300] {
            let difference = (pruned.shorter_than(k) - whole.shorter_than(k)).abs();
            assert!(difference <= removed, "P(r < {k}) at {at} differs by {difference}, bound {removed}");
        }
    }
    assert!(pruned.open_runs() < whole.open_runs() / 2, "{} of {}", pruned.open_runs(), whole.open_runs());
}

#[test]
fn expectation_maximisation_raises_the_likelihood_and_finds_planted_states() {
    let mut normals = Normals::new(Seed(3), "states");
    let rows: Vec<[f64; 2]> = (0..3_000)
        .map(|at| {
            if at / 200 % 2 == 0 {
                [normals.draw(), normals.draw()]
            } else {
                [3.0 * normals.draw(), 1.0 + normals.draw()]
            }
        })
        .collect();
    let start = GaussianHmm {
        start: [0.5, 0.5],
        transitions: [[0.9, 0.1], [0.1, 0.9]],
        means: [[0.1, 0.1], [-0.1, 0.5]],
        variances: [[0.5, 1.0], [4.0, 2.0]],
    };
    let mut before = start.filtered(&rows).1;
    for rounds in 1..8 {
        let (_, likelihood) = start.fitted(&rows, rounds, 0.0);
        assert!(likelihood >= before, "{rounds}: {likelihood} after {before}");
        before = likelihood;
    }
    let (model, _) = start.fitted(&rows, 100, 1e-6);
    assert!((model.variances[0][0] - 1.0).abs() < 0.15 && (model.variances[1][0] - 9.0).abs() < 1.2, "{model:?}");
    assert!(model.means[0][1].abs() < 0.1 && (model.means[1][1] - 1.0).abs() < 0.1, "{model:?}");
    assert!(model.transitions[0][0] > 0.985 && model.transitions[1][1] > 0.985, "{model:?}");
    let (filtered, _) = model.filtered(&rows);
    let right = filtered.iter().enumerate().filter(|(at, p)| (p[1] > 0.5) == (at / 200 % 2 == 1)).count();
    assert!(right > 2_900, "{right} of 3000 filtered states are right");
}

/// All paths, one by one.
fn cheapest(model: &JumpModel<3, 1>, rows: &[[f64; 1]]) -> f64 {
    (0..3usize.pow(rows.len() as u32))
        .map(|code| {
            let state = |at: usize| code / 3usize.pow(at as u32) % 3;
            let loss = |at: usize| 0.5 * (rows[at][0] - model.centres[state(at)][0]).powi(2);
            let jumps = (1..rows.len()).filter(|at| state(*at) != state(at - 1)).count();
            (0..rows.len()).map(loss).sum::<f64>() + model.penalty * jumps as f64
        })
        .fold(f64::INFINITY, f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_jump_path_is_the_cheapest_of_all(values in prop::collection::vec(-3.0..3.0f64, 1..8), penalty in 0.0..4.0f64) {
        let model = JumpModel { centres: [[-1.5], [0.2], [1.5]], penalty };
        let rows: Vec<[f64; 1]> = values.into_iter().map(|x| [x]).collect();
        let (objective, path) = model.best_path(&rows);
        prop_assert!((objective - cheapest(&model, &rows)).abs() < 1e-9);
        let cost = (0..rows.len()).map(|at| {
            let jump = if at > 0 && path[at] != path[at - 1] { penalty } else { 0.0 };
            0.5 * (rows[at][0] - model.centres[usize::from(path[at])][0]).powi(2) + jump
        }).sum::<f64>();
        prop_assert!((objective - cost).abs() < 1e-9);
        let mut tracker = JumpTracker::new(model);
        let last = rows.iter().fold(0, |_, x| tracker.update(x));
        // Of equals another may be taken, but never a dearer one.
        prop_assert!(last == usize::from(path[path.len() - 1]) || tracker.costs()[usize::from(path[path.len() - 1])] < 1e-9);
    }

    #[test]
    fn filtered_probabilities_sum_to_one_and_know_no_later_value(values in prop::collection::vec(-1e3..1e3f64, 2..40)) {
        let model = GaussianHmm {
            start: [0.2, 0.3, 0.5],
            transitions: [[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]],
            means: [[-1.0], [0.0], [1.0]],
            variances: [[1e-4], [1.0], [30.0]],
        };
        let rows: Vec<[f64; 1]> = values.into_iter().map(|x| [x]).collect();
        let mut filter = HmmFilter::new(model);
        let cut = rows.len() / 2;
        let (whole, _) = model.filtered(&rows);
        for (at, x) in rows.iter().enumerate() {
            let p = filter.update(x);
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{p:?} at {at}");
            prop_assert!(at >= cut || p == whole[at]);
        }
        let smoothed = model.smoothed(&rows);
        let last = (smoothed[rows.len() - 1], whole[rows.len() - 1]);
        prop_assert_eq!(last.0, last.1);
        for p in smoothed {
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{:?}", p);
        }
    }

    #[test]
    fn penalised_breaks_are_no_dearer_than_any_number_of_exact_ones(values in prop::collection::vec(-3.0..3.0f64, 8..40), penalty in 0.5..20.0f64, least in 1usize..5) {
        let cost = |ends: &[usize]| {
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let squares = starts.zip(ends).map(|(start, end)| {
                let part = &values[start..*end];
                let mean = part.iter().sum::<f64>() / part.len() as f64;
                part.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
            });
            squares.sum::<f64>() + penalty * (ends.len() - 1) as f64
        };
        let found = penalised_breaks(&values, Cost::Squares, penalty, least);
        let exact = (0..8).filter_map(|breaks| best_breaks(&values, Cost::Squares, breaks, least));
        for ends in exact {
            prop_assert!(cost(&found) <= cost(&ends) + 1e-9, "{found:?} against {ends:?}");
        }
    }

    #[test]
    fn the_adaptive_window_holds_the_newest_values(values in prop::collection::vec(-3.0..3.0f64, 1..400)) {
        let mut adwin = Adwin::new(AdwinSettings::default());
        let mut begun = 0;
        for (at, x) in values.iter().enumerate() {
            let alarm = adwin.update(*x);
            prop_assert!(adwin.len() as usize <= at + 1 - begun && !adwin.is_empty());
            if alarm {
                begun = at + 1;
            } else if adwin.len() as usize == at + 1 - begun {
                let mean = values[begun..=at].iter().sum::<f64>() / (at + 1 - begun) as f64;
                prop_assert!((adwin.mean() - mean).abs() < 1e-9);
            }
        }
    }
}
