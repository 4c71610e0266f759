//! Area `overfitting`: what is known of one track record alone. Selection among many belongs to `automl`.

use kestrel::performance::{TrackRecord, bootstrap};
use kestrel::training::splits;
use serde_json::{Value, json};

use super::{Case, Method};

pub const METHODS: &[Method] = &[
    method("PSR", published_probability),
    method("PSR/MinTRL", track_record),
    method("OptimalBlockLength", block_length),
    method("PurgedKFold", purged_folds),
];

const fn method(name: &'static str, answer: fn(&Case) -> Value) -> Method {
    Method { area: "overfitting", name, answer }
}

fn published_probability(case: &Case) -> Value {
    let (sharpe, length) = (case.number("sr"), case.number("T"));
    let shapes = case.inputs["cases"].as_array().expect("a list of shapes").iter();
    let probability = |shape: &Value| {
        let number = |name: &str| shape[name].as_f64().expect("a number");
        let record = TrackRecord { sharpe, length, skewness: number("skew"), kurtosis: number("kurtosis_nonexcess") };
        record.probability_above(case.number("benchmark"))
    };
    json!({ "psr": shapes.map(probability).collect::<Vec<_>>() })
}

fn track_record(case: &Case) -> Value {
    let record = TrackRecord {
        sharpe: case.number("sr"),
        length: case.number("T"),
        skewness: case.number("skew"),
        kurtosis: case.number("kurtosis_nonexcess"),
    };
    let benchmark = case.number("benchmark");
    json!({
        "psr": record.probability_above(benchmark),
        "min_track_record_length_95": record.minimum_length(benchmark, 0.95),
    })
}

/// The circular bootstrap's variance is two thirds of the stationary one's, so its blocks are longer by the third root of
/// 3/2 (Politis and White 2004, equations 6 and 9).
fn block_length(case: &Case) -> Value {
    let stationary = bootstrap::block_length(&case.row("fixture"));
    json!({ "stationary": stationary, "circular": stationary * 1.5_f64.cbrt() })
}

/// The outcome of row i is known `h` bars after it.
fn purged_folds(case: &Case) -> Value {
    let (rows, horizon) = (case.number("n") as i64, case.number("h") as i64);
    let spans: Vec<(i64, i64)> = (0..rows).map(|row| (row, row + horizon)).collect();
    let folds = splits::purged_folds(&spans, case.length("k"), case.number("embargo_bars") as i64);
    json!({
        "test": folds.iter().map(|fold| &fold.test).collect::<Vec<_>>(),
        "train": folds.iter().map(|fold| &fold.train).collect::<Vec<_>>(),
    })
}
