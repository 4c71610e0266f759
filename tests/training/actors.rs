//! What a trained actor becomes: a graph that says what the trainer says.

use kestrel::inference::library::find;
use kestrel::inference::{Device, LibraryPlan, Provider, Session};
use kestrel::market::features::{Normaliser, NormaliserSettings, Schema, columns};
use kestrel::training::actor_export::MarketActor;

use kestrel::training::sac::{Actor, Dense};

use super::dataset::bars;
use crate::support;

const STANDING: usize = 8;

/// A number in -1..1 that follows from its place.
fn noise(at: usize) -> f32 {
    (at as f64 * 0.754_877_666).fract() as f32 * 2.0 - 1.0
}

fn actor(input: usize, hidden: usize) -> Actor {
    let layer = |number: usize, inputs: usize, outputs: usize| {
        let scale = 2.0 / (inputs as f32).sqrt();
        let weights = (0..inputs * outputs).map(|at| scale * noise(at + 7_919 * number)).collect();
        Dense { inputs, outputs, weights, bias: (0..outputs).map(|at| 0.1 * noise(at + number)).collect() }
    };
    Actor { layers: vec![layer(1, input, hidden), layer(2, hidden, hidden), layer(3, hidden, 2)], action_len: 1 }
}

/// Trainer's arithmetic, our session and the Python binding on ten thousand observations.
fn agree_on_ten_thousand_observations(rows: usize) {
    if support::onnxruntime().is_none() {
        return;
    }
    let observed = columns(&Schema::ohlcv(), &bars(6_000));
    let normaliser =
        Normaliser::fitted(&Schema::ohlcv(), &observed, NormaliserSettings::default()).expect("its schema");
    let width = observed.width();
    let (count, input) = (10_000, rows * width + STANDING);
    let actor = actor(input, 64);
    let actor = MarketActor { actor: &actor, normaliser: &normaliser, rows };
    let onnx = actor.onnx().expect("finite weights");
    let first = observed.first_ready();
    let mut values = Vec::with_capacity(count * input);
    for at in 0..count {
        // Half are real, half random; some numbers lie far outside what was ever seen.
        let from = first + at * 7 % (observed.rows() - first - rows);
        let real = &observed.values()[from * width..(from + rows) * width];
        let far = if at % 5 == 0 { 1e4 } else { 4.0 };
        let market =
            real.iter().enumerate().map(|(column, x)| if at % 2 == 0 { far * noise(at * 41 + column) } else { *x });
        values.extend(market);
        values.extend((0..STANDING).map(|place| noise(at * 11 + place)));
    }
    let plan = LibraryPlan { named: None, home: std::env::temp_dir(), device: Device::Cpu };
    let library = find(&plan).expect("the library that the variable names");
    let mut session = Session::open(&onnx, input, &library, Provider::Cpu).expect("a graph of the contract");
    let mut ours = vec![0.0; count];
    session.run_batch(&values, &mut ours).expect("ten thousand observations");
    let worst =
        values.chunks(input).zip(&ours).map(|(row, ours)| (actor.exposure(row) - ours).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "trainer and session differ by {worst}");
    assert!(ours.iter().any(|e| *e < -0.3) && ours.iter().any(|e| *e > 0.3), "they say different things");
    let Some(theirs) = support::python_outputs(&onnx, &values) else { return };
    let apart = ours.iter().zip(&theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
    assert!(theirs.len() == count && apart < 1e-5, "session and Python differ by {apart}");
}

#[test]
fn an_actor_of_one_row_says_the_same_in_trainer_session_and_python() {
    agree_on_ten_thousand_observations(1);
}

#[test]
fn an_actor_of_several_rows_does_too() {
    agree_on_ten_thousand_observations(3);
}

#[test]
fn weights_that_are_not_finite_or_do_not_fit_are_not_written() {
    let schema = Schema::ohlcv();
    let normaliser = Normaliser::new(&schema, NormaliserSettings::default()).frozen();
    let whole = actor(schema.width() + STANDING, 4);
    let refused = |change: &dyn Fn(&mut Actor)| {
        let mut actor = whole.clone();
        change(&mut actor);
        MarketActor { actor: &actor, normaliser: &normaliser, rows: 1 }.onnx().map_err(|error| error.to_string())
    };
    assert!(refused(&|_| {}).is_ok());
    assert!(refused(&|actor| actor.layers[1].weights[3] = f32::NAN).is_err_and(|why| why.contains("not finite")));
    assert!(refused(&|actor| actor.layers[1].inputs = 5).is_err_and(|why| why.contains("does not fit")));
    assert!(refused(&|actor| actor.layers[0].inputs = 41).is_err_and(|why| why.contains("the market alone has 41")));
}
