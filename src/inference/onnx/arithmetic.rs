//! What every model's graph begins and ends with: observations normalised, a score turned into a probability.
//!
//! Invariant: `normalise` gives, bit for bit, what `Normaliser::apply` gives of each row.
//! Absent on purpose: what stands between, which is the model.

use super::build::{Attribute, Element, GraphBuilder, Value};
use crate::market::features::{Normaliser, Scaling};

/// A deviation by which every observation becomes 0 in single precision.
const TO_ZERO: f64 = 1e300;

/// The observations on the normaliser's scale: float32 [batch, columns] of one row, [batch, rows, columns] of more.
/// `input` is float32 [batch, rows * columns], the oldest row first. What the normaliser would still learn is left out.
///
/// The distance to the mean is taken in double precision as `Normaliser::apply` does, so that a tree that was grown on
/// its values sees the same side of every threshold.
pub fn normalise(graph: &mut GraphBuilder, input: &Value, normaliser: &Normaliser, rows: usize) -> Value {
    let scalings: Vec<Scaling> = normaliser.scalings().collect();
    let width = scalings.len();
    let observed = if rows == 1 { input.clone() } else { stacked(graph, input, rows, width) };

    let (means, deviations): (Vec<f64>, Vec<f64>) = scalings.iter().map(mean_and_deviation).unzip();
    let (means, deviations) = (graph.doubles(&[width], &means), graph.doubles(&[width], &deviations));
    let wide = cast(graph, &observed, Element::Double);
    let distance = graph.node("Sub", &[&wide, &means], &[]);
    let scaled = graph.node("Div", &[&distance, &deviations], &[]);
    let scaled = cast(graph, &scaled, Element::Float);
    let (least, most) = (graph.scalar(-normaliser.clip()), graph.scalar(normaliser.clip()));
    let clipped = graph.node("Clip", &[&scaled, &least, &most], &[]);

    let known = known(graph, &observed, &scalings, if rows == 1 { 1 } else { 2 });
    let zero = graph.scalar(0.0);
    let measured = graph.node("Where", &[&known, &clipped, &zero], &[]);
    let passes: Vec<bool> = scalings.iter().map(|scaling| matches!(scaling, Scaling::Pass)).collect();
    let passes = graph.flags(&[width], &passes);
    graph.node("Where", &[&passes, &observed, &measured], &[])
}

/// The probability that a score stands for: sigmoid(a * score + b) (Platt 1999), of the score's shape.
pub fn platt(graph: &mut GraphBuilder, score: &Value, a: f32, b: f32) -> Value {
    let (a, b) = (graph.scalar(a), graph.scalar(b));
    let steep = graph.node("Mul", &[score, &a], &[]);
    let shifted = graph.node("Add", &[&steep, &b], &[]);
    graph.node("Sigmoid", &[&shifted], &[])
}

/// float32 [batch, rows * columns] as [batch, rows, columns].
pub fn stacked(graph: &mut GraphBuilder, input: &Value, rows: usize, columns: usize) -> Value {
    // 0 keeps the batch.
    let shape = graph.integers(&[3], &[0, rows as i64, columns as i64]);
    graph.node("Reshape", &[input, &shape], &[])
}

fn cast(graph: &mut GraphBuilder, value: &Value, to: Element) -> Value {
    graph.node("Cast", &[value], &[("to", Attribute::Integer(to as i64))])
}

/// Where a column's mask is 0; one place that counts for all where they share a mask.
fn known(graph: &mut GraphBuilder, observed: &Value, scalings: &[Scaling], axis: i64) -> Value {
    let own = |(at, scaling): (usize, &Scaling)| match scaling {
        Scaling::Scale { mask, .. } => (Some(*mask), *mask),
        // Neither takes part: any place will do.
        Scaling::Pass | Scaling::Zero => (None, at),
    };
    let masks: Vec<(Option<usize>, usize)> = scalings.iter().enumerate().map(own).collect();
    let mut needed: Vec<usize> = masks.iter().filter_map(|(mask, _)| *mask).collect();
    needed.dedup();
    let places: Vec<i64> = match needed.as_slice() {
        [one] => vec![*one as i64],
        [] | [_, _, ..] => masks.iter().map(|(_, place)| *place as i64).collect(),
    };
    let places = graph.integers(&[places.len()], &places);
    let gathered = graph.node("Gather", &[observed, &places], &[("axis", Attribute::Integer(axis))]);
    let zero = graph.scalar(0.0);
    graph.node("Equal", &[&gathered, &zero], &[])
}

/// What passes is not touched by these: its own value is taken in the end.
fn mean_and_deviation(scaling: &Scaling) -> (f64, f64) {
    match scaling {
        Scaling::Pass => (0.0, 1.0),
        Scaling::Zero => (0.0, TO_ZERO),
        Scaling::Scale { mean, deviation, .. } => (*mean, *deviation),
    }
}
