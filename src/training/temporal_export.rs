//! The small net as an ONNX graph: normaliser, two convolutions without overlap, two dense layers, calibration.
//!
//! Invariant: the graph computes what `Shape::logits` computes, node for node.
//! Absent on purpose: dropout, which belongs to training.

use super::learner::LogitScale;
use super::net::PATCH;
use super::temporal_model::TemporalModel;
use crate::inference::onnx::arithmetic::{normalise, platt};
use crate::inference::onnx::build::{Answer, Attribute, GraphBuilder, Value};

pub(super) fn onnx(model: &TemporalModel, calibration: LogitScale) -> Vec<u8> {
    let shape = &model.shape;
    let mut graph = GraphBuilder::new("kestrel-temporal", shape.input());
    let input = graph.input();
    let observed = normalise(&mut graph, &input, &model.normaliser, shape.rows);
    let layers: Vec<Value> = shape
        .parts(&model.weights)
        .into_iter()
        .map(|([from, to], part)| {
            // Gemm adds a bias of one dimension.
            let dims: &[usize] = if from == 1 { &[to] } else { &[from, to] };
            graph.floats(dims, part)
        })
        .collect();
    let newest = graph.integers(&[], &[shape.rows as i64 - 1]);
    let newest = graph.node("Gather", &[&observed, &newest], &[("axis", Attribute::Integer(1))]);
    let near = folded(&mut graph, &observed, PATCH * shape.columns);
    let near = read(&mut graph, &near, &layers, 0);
    let far = folded(&mut graph, &near, PATCH * shape.channels);
    let far = read(&mut graph, &far, &layers, 2);
    let far = folded(&mut graph, &far, shape.seen() - shape.columns);
    let seen = graph.node("Concat", &[&far, &newest], &[("axis", Attribute::Integer(1))]);
    let hidden = read(&mut graph, &seen, &layers, 4);
    let logit = dense(&mut graph, &hidden, &layers, 6);
    let probability = platt(&mut graph, &logit, calibration.scale as f32, calibration.shift as f32);
    graph.finish(Answer::Probability, &probability)
}

/// The same numbers in rows of this width.
fn folded(graph: &mut GraphBuilder, value: &Value, width: usize) -> Value {
    let shape = graph.integers(&[2], &[-1, width as i64]);
    graph.node("Reshape", &[value, &shape], &[])
}

fn dense(graph: &mut GraphBuilder, value: &Value, layers: &[Value], at: usize) -> Value {
    graph.node("Gemm", &[value, &layers[at], &layers[at + 1]], &[])
}

fn read(graph: &mut GraphBuilder, value: &Value, layers: &[Value], at: usize) -> Value {
    let value = dense(graph, value, layers, at);
    graph.node("Relu", &[&value], &[])
}
