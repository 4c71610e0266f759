//! What exporters write: the normaliser's arithmetic to the last bit, and files that pass the checks.

use kestrel::inference::onnx::{Answer, Attribute, GraphBuilder, inspect, normalise, platt};
use kestrel::market::features::{Normaliser, NormaliserSettings, Schema, full_columns};
use proptest::prelude::*;

use super::fixture;
use super::interpreter::run;

/// A graph that gives one place of the normalised observations: with all of them it is the normaliser.
fn place_of(normaliser: &Normaliser, rows: usize, width: usize, place: usize) -> Vec<u8> {
    let mut graph = GraphBuilder::new("place", rows * width);
    let input = graph.input();
    let normalised = normalise(&mut graph, &input, normaliser, rows);
    let flat = graph.node("Flatten", &[&normalised], &[("axis", Attribute::Integer(1))]);
    let places = graph.integers(&[1], &[place as i64]);
    let one = graph.node("Gather", &[&flat, &places], &[("axis", Attribute::Integer(1))]);
    graph.finish(Answer::Probability, &one)
}

fn agrees(schema: &Schema, normaliser: &Normaliser, rows: usize, raw: &[f32]) -> Result<(), TestCaseError> {
    let width = schema.width();
    let mut expected = vec![0.0; raw.len()];
    raw.chunks(width).zip(expected.chunks_mut(width)).for_each(|(row, out)| normaliser.apply(row, out));
    for place in 0..rows * width {
        let found = run(&place_of(normaliser, rows, width, place), raw, rows * width);
        let expected: Vec<f32> = expected.iter().skip(place).step_by(rows * width).copied().collect();
        // -0 and 0 are the same number.
        prop_assert_eq!(found, expected, "place {}", place);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_graph_normalises_as_the_normaliser_does(
        seed in 0u64..1_000, rows in 1usize..4, is_full in any::<bool>(), least_rows in prop::sample::select(vec![1u64, 120, 400, 5_000]),
        odd in prop::collection::vec((0usize..10_000, -150.0f32..150.0), 0..40),
    ) {
        let schema = if is_full { Schema::full() } else { Schema::ohlcv() };
        let settings = NormaliserSettings { half_life: None, least_rows, clip: 5.0 };
        let history = fixture::observed(&schema, seed, 500);
        let normaliser = Normaliser::fitted(&schema, &history, settings).expect("the same schema");
        // Masked rows of the warm-up, complete rows, and values that no history shows.
        let mut raw: Vec<f32> = [0, 100, 239, 240, 300, 499].iter().flat_map(|at| history.row(*at).to_vec()).collect();
        raw.extend_from_within(..);
        let count = raw.len() / (rows * schema.width()) * rows * schema.width();
        raw.truncate(count);
        odd.into_iter().for_each(|(at, value)| raw[at % count] = value);
        agrees(&schema, &normaliser, rows, &raw)?;
    }
}

#[test]
fn masks_of_a_column_of_its_own_count_too() {
    let schema = Schema::full();
    let bars: Vec<kestrel::domain::Bar> = {
        let symbol = kestrel::domain::Symbol::new("BTCUSDT");
        let rules = kestrel::domain::SymbolRules::default_for(&symbol);
        let market = kestrel::domain::Seed(5);
        kestrel::simulator::generator::Generator::new(market, &symbol, &rules, crate::support::START, 100.0)
            .take(600)
            .collect()
    };
    let takers: Vec<Option<f64>> =
        bars.iter().enumerate().map(|(at, bar)| (at % 3 != 0).then_some(bar.volume * 0.4)).collect();
    let history = full_columns(&schema, &bars, &takers);
    let normaliser = Normaliser::fitted(&schema, &history, NormaliserSettings::default()).expect("the same schema");
    let raw: Vec<f32> = (560..568).flat_map(|at| history.row(at).to_vec()).collect();
    agrees(&schema, &normaliser, 2, &raw).expect("the same numbers");
}

#[test]
fn scores_become_probabilities_by_platt() {
    let mut graph = GraphBuilder::new("score", 1);
    let input = graph.input();
    let probability = platt(&mut graph, &input, 2.0, -1.0);
    let found = run(&graph.finish(Answer::Probability, &probability), &[-3.0, 0.0, 0.5, 4.0], 1);
    for (score, found) in [-3.0f64, 0.0, 0.5, 4.0].into_iter().zip(found) {
        let expected = 1.0 / (1.0 + (-(2.0 * score - 1.0)).exp());
        assert!((f64::from(found) - expected).abs() < 1e-7, "{score}: {found} against {expected}");
    }
}

#[test]
fn what_exporters_write_passes() {
    let found = inspect(&fixture::onnx(4, 1.0)).expect("a sound graph");
    assert_eq!(found.inputs, 4 * Schema::ohlcv().width());
    assert!(found.parameters > found.inputs as u64, "{found:?}");
    inspect(&fixture::trees(|_| ())).expect("sound trees");
}
