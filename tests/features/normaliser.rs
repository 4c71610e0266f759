//! Normalisers: causal statistics, saved with a model, refused for another schema.

use kestrel::market::features::{
    Columns, Feature, Kind, Normaliser, NormaliserError, NormaliserSettings, SavedNormaliser, Schema,
};
use proptest::prelude::*;

use super::{bits, histories, quick};

fn normalised(normaliser: &mut Normaliser, rows: &Columns) -> Columns {
    let mut rows = rows.clone();
    normaliser.take_all(&mut rows).expect("the same schema");
    rows
}

fn reloaded(normaliser: &Normaliser, schema: &Schema) -> Normaliser {
    let text = serde_json::to_string(&normaliser.save()).expect("numbers that JSON can hold");
    let saved = serde_json::from_str(&text).expect("what was written");
    Normaliser::load(saved, schema).expect("the same schema")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn saved_and_loaded_it_gives_the_same_bits(history in histories(250..400), cut in 0usize..600) {
        let schema = Schema::full();
        let rows = history.observed(&schema);
        let cut = cut.min(rows.rows());
        let mut here = Normaliser::new(&schema, quick());
        let (mut from_here, mut from_there) = (vec![0.0; schema.width()], vec![0.0; schema.width()]);
        (0..cut).for_each(|at| here.take(rows.row(at), &mut from_here));
        let mut there = reloaded(&here, &schema);
        prop_assert_eq!(&here, &there);
        for at in cut..rows.rows() {
            here.take(rows.row(at), &mut from_here);
            there.take(rows.row(at), &mut from_there);
            prop_assert_eq!(bits(&from_here), bits(&from_there));
        }
        prop_assert_eq!(reloaded(&here.frozen(), &schema), there.frozen());
    }

    #[test]
    fn statistics_are_those_of_the_rows_before(history in histories(260..330), half_life in prop::option::of(5.0f64..400.0)) {
        let schema = Schema::full();
        let rows = history.observed(&schema);
        let settings = NormaliserSettings { half_life, least_rows: 5, clip: 5.0 };
        let mut normaliser = Normaliser::new(&schema, settings);
        let all = normalised(&mut normaliser, &rows);
        let mut by_hand = Normaliser::new(&schema, settings);
        let mut out = vec![0.0; schema.width()];
        for at in 0..rows.rows() {
            by_hand.take(rows.row(at), &mut out);
            prop_assert_eq!(bits(&out), bits(all.row(at)));
        }
        for (place, column) in schema.columns().iter().enumerate() {
            for at in (0..rows.rows()).step_by(23) {
                let (ours, x) = (all.row(at)[place], rows.row(at)[place]);
                let Some(mask) = column.mask else {
                    prop_assert_eq!(ours, x, "{} passes as it is", &column.name);
                    continue;
                };
                let known: Vec<f64> =
                    (0..at).map(|at| rows.row(at)).filter(|row| row[mask] == 0.0).map(|row| f64::from(row[place])).collect();
                let wanted = match rows.row(at)[mask] == 0.0 && known.len() >= 5 {
                    true => score(f64::from(x), &known, half_life),
                    false => 0.0,
                };
                let near = 1e-3 * wanted.abs().max(1.0);
                prop_assert!((f64::from(ours) - wanted).abs() <= near, "{} at {at}: {ours}, wanted {wanted}", column.name);
            }
        }
    }

    #[test]
    fn a_frozen_one_learns_nothing_and_a_fitted_one_is_frozen(history in histories(260..330)) {
        let schema = Schema::ohlcv();
        let rows = history.observed(&schema);
        let fitted = Normaliser::fitted(&schema, &rows, quick()).expect("the same schema");
        prop_assert!(fitted.is_frozen());
        let mut used = fitted.clone();
        let first = normalised(&mut used, &rows);
        prop_assert_eq!(&used, &fitted);
        prop_assert_eq!(bits(normalised(&mut used, &rows).values()), bits(first.values()));
        let known: Vec<f64> = rows.column(0).skip(rows.first_ready()).map(f64::from).collect();
        for at in rows.first_ready()..rows.rows() {
            let wanted = if known.len() < 20 { 0.0 } else { score(f64::from(rows.row(at)[0]), &known, None) };
            prop_assert!((f64::from(first.row(at)[0]) - wanted).abs() < 1e-3, "at {at}");
        }
    }
}

/// Deviations from the weighted mean of what is known; a new value weighs as much as the half-life says, and at least as
/// much as if all counted alike.
fn score(x: f64, known: &[f64], half_life: Option<f64>) -> f64 {
    let least = half_life.map_or(0.0, |rows| 1.0 - 0.5f64.powf(1.0 / rows));
    let mut weights = Vec::new();
    for count in 1..=known.len() {
        let gain = least.max(1.0 / count as f64);
        weights.iter_mut().for_each(|weight| *weight *= 1.0 - gain);
        weights.push(gain);
    }
    let mean: f64 = known.iter().zip(&weights).map(|(x, weight)| weight * x).sum();
    let variance: f64 = known.iter().zip(&weights).map(|(x, weight)| weight * (x - mean).powi(2)).sum();
    ((x - mean) / variance.max(1e-6).sqrt()).clamp(-5.0, 5.0)
}

fn small() -> Schema {
    Schema::of(&[Feature::Rsi { bars: 14 }, Feature::Clock])
}

#[test]
fn another_schema_is_refused_in_one_sentence() {
    let (small, ohlcv) = (small(), Schema::ohlcv());
    let normaliser = Normaliser::new(&small, quick());
    let refused = Normaliser::load(normaliser.save(), &ohlcv).expect_err("another schema");
    let sentence = format!(
        "the normaliser is of observation schema {}, but {} is observed: use the model with the version of kestrel that \
         it was trained with, or train it again",
        small.id(),
        ohlcv.id()
    );
    assert_eq!(refused.to_string(), sentence);
    let mut rows = kestrel::market::features::columns(&ohlcv, &[]);
    assert_eq!(normaliser.frozen().take_all(&mut rows), Err(refused.clone()));
    let NormaliserError::OtherSchema { found, .. } = refused else { panic!("{refused}") };
    assert_eq!(found, small.id());
    assert!(Normaliser::fitted(&small, &rows, quick()).is_err());
}

#[test]
fn a_damaged_file_is_refused_and_says_what_is_wrong() {
    let schema = small();
    let saved = serde_json::to_value(Normaliser::new(&schema, quick()).save()).expect("JSON");
    assert_eq!(saved["columns"].as_array().map(Vec::len), Some(1), "the clock passes");
    let damages: [(&str, serde_json::Value, &str); 7] = [
        ("/columns/0/column", "rsi_15".into(), "\"rsi_15\" stands where \"rsi_14\" belongs"),
        ("/columns/0/variance", (-1.0).into(), "mean 0 and variance -1 of rsi_14"),
        ("/columns", serde_json::json!([]), "no statistics of rsi_14"),
        ("/columns", serde_json::json!([saved["columns"][0], saved["columns"][0]]), "which is no column to normalise"),
        ("/settings/clip", 0.0.into(), "a clip at 0"),
        ("/settings/half_life", (-3.0).into(), "a half-life of Some(-3.0) rows"),
        ("/settings/half_life", 0.0.into(), "a half-life of Some(0.0) rows"),
    ];
    for (at, value, what) in damages {
        let mut damaged = saved.clone();
        *damaged.pointer_mut(at).expect("a place") = value;
        let damaged: SavedNormaliser = serde_json::from_value(damaged).expect("the same shape");
        let sentence = Normaliser::load(damaged, &schema).expect_err("damaged").to_string();
        assert!(sentence.starts_with("the saved normaliser is damaged (") && sentence.contains(what), "{sentence}");
    }
    let mut unknown = saved;
    unknown["more"] = 1.into();
    assert!(serde_json::from_value::<SavedNormaliser>(unknown).is_err());
}

#[test]
fn only_measures_are_normalised() {
    let schema = Schema::full();
    for column in schema.columns() {
        assert_eq!(column.mask.is_some(), column.kind == Kind::Measure, "{}", column.name);
    }
    let masked = |name: &str| {
        let mask = schema.columns()[schema.position(name).expect("a column")].mask.expect("a mask");
        schema.columns()[mask].name.clone()
    };
    assert_eq!((masked("taker_15").as_str(), masked("ret_5").as_str()), ("taker_15_absent", "warming"));
}
