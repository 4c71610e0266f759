//! Is this a graph that may run here?
//!
//! Invariant: what passes has one input and one output of the contract (`build`), only operators of the list (`operators`),
//! all its data inside the file and finite, and every value made before it is used.
//! Absent on purpose: whether shapes fit between nodes, which ONNX Runtime finds out before it runs anything.

use std::collections::BTreeSet;

use super::build::{Answer, BATCH, Element, INPUT, TREES};
use super::messages::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use super::operators;
use super::read::read;
use super::refusal::OnnxError;
use super::trees;

/// What an output may be.
const OUTPUT: &str = "`probability` or `exposure` [batch, 1]";
const LEAST_IR: i64 = 4;
const MOST_IR: i64 = 10;
/// Numbers in one question.
const MOST_INPUTS: i64 = 1 << 20;
/// The largest tensor has fewer numbers than the largest file bytes.
const MOST_NUMBERS: u64 = super::read::MOST_BYTES as u64;

/// What is known of a graph that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Numbers in one question: rows * columns.
    pub inputs: usize,
    pub answer: Answer,
    pub nodes: usize,
    /// Numbers in weights and trees.
    pub parameters: u64,
}

/// Reads a file and checks it.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, OnnxError> {
    check(&read(bytes)?)
}

pub fn check(model: &ModelProto) -> Result<Inspected, OnnxError> {
    if !(LEAST_IR..=MOST_IR).contains(&model.ir_version) {
        return Err(OnnxError::Format { found: model.ir_version, least: LEAST_IR, most: MOST_IR });
    }
    if !model.functions.is_empty() {
        return Err(OnnxError::LocalFunctions);
    }
    opsets(model)?;
    let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
    let (_, inputs) = interface("input", &graph.input, &[INPUT], "`observations` [batch, rows * columns]")?;
    let (answer, outputs) = interface("output", &graph.output, &Answer::ALL.map(Answer::as_str), OUTPUT)?;
    if outputs != 1 {
        let found = format!("has {outputs} numbers for each question");
        return Err(OnnxError::Interface { side: "output", found, wanted: OUTPUT });
    }
    let answer = Answer::ALL[answer];
    let mut parameters = 0u64;
    for tensor in &graph.initializer {
        parameters = parameters.saturating_add(weights(tensor)?);
    }
    for node in &graph.node {
        parameters = parameters.saturating_add(operation(node, inputs)?);
    }
    wiring(graph, answer)?;
    Ok(Inspected { inputs, answer, nodes: graph.node.len(), parameters })
}

fn opsets(model: &ModelProto) -> Result<(), OnnxError> {
    let mut seen = BTreeSet::new();
    for set in &model.opset_import {
        let domain = if set.domain == "ai.onnx" { "" } else { set.domain.as_str() };
        let is_allowed = match domain {
            "" => (13..=21).contains(&set.version),
            TREES => (1..=4).contains(&set.version),
            _ => false,
        };
        if !is_allowed || !seen.insert(domain) {
            return Err(OnnxError::Opset { domain: set.domain.clone(), found: set.version });
        }
    }
    if seen.contains("") { Ok(()) } else { Err(OnnxError::Opset { domain: String::new(), found: 0 }) }
}

/// Which of the names the one value on this side has, and its width.
fn interface(
    side: &'static str,
    values: &[ValueInfoProto],
    names: &[&str],
    wanted: &'static str,
) -> Result<(usize, usize), OnnxError> {
    let refuse = |found: String| Err(OnnxError::Interface { side, found, wanted });
    let [value] = values else { return refuse(format!("has {} values", values.len())) };
    let Some(name) = names.iter().position(|name| value.name == *name) else {
        return refuse(format!("is called {:?}", value.name));
    };
    let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let Some(tensor) = tensor else { return refuse("is no tensor".into()) };
    if tensor.elem_type != Element::Float as i32 {
        return refuse(format!("is of ONNX type {}", tensor.elem_type));
    }
    let dims = tensor.shape.as_ref().map_or(&[][..], |shape| shape.dim.as_slice());
    let [batch, width] = dims else { return refuse(format!("has {} dimensions", dims.len())) };
    if batch.dim_value.is_some() || batch.dim_param.as_deref() != Some(BATCH) {
        return refuse("does not have the free first dimension `batch`".into());
    }
    match width.dim_value {
        Some(width @ 1..=MOST_INPUTS) => Ok((name, width as usize)),
        other => refuse(format!("has the second dimension {other:?}")),
    }
}

/// Numbers in a tensor of weights whose data agrees with its dimensions and is finite.
fn weights(tensor: &TensorProto) -> Result<u64, OnnxError> {
    let name = || tensor.name.clone();
    if !tensor.external_data.is_empty() || tensor.data_location != 0 {
        return Err(OnnxError::ExternalData { tensor: name() });
    }
    let product = tensor.dims.iter().try_fold(1u64, |product, size| {
        u64::try_from(*size).ok().and_then(|size| product.checked_mul(size)).filter(|product| *product <= MOST_NUMBERS)
    });
    let numbers = product
        .ok_or_else(|| OnnxError::Dimensions { tensor: name(), dims: tensor.dims.iter().take(8).copied().collect() })?;
    let (size, typed) = match tensor.data_type {
        kind if kind == Element::Float as i32 => (4, tensor.float_data.len()),
        kind if kind == Element::Integer as i32 => (8, tensor.int64_data.len()),
        kind if kind == Element::Flag as i32 => (1, 0),
        kind if kind == Element::Double as i32 => (8, 0),
        found => return Err(OnnxError::Element { tensor: name(), found }),
    };
    // One place for the data, and only that of its type.
    let all_typed = tensor.float_data.len() + tensor.int64_data.len();
    let found = tensor.raw_data.len() as u64 + all_typed as u64 * size;
    if found != numbers * size || all_typed != typed || (typed > 0 && !tensor.raw_data.is_empty()) {
        return Err(OnnxError::Size { tensor: name(), dims: tensor.dims.clone(), found, needed: numbers * size });
    }
    if is_finite(tensor) {
        Ok(numbers)
    } else {
        Err(OnnxError::NotFinite { place: format!("the weights {:?}", name()) })
    }
}

fn is_finite(tensor: &TensorProto) -> bool {
    let raw = tensor.raw_data.as_slice();
    let raw_is_finite = match tensor.data_type {
        kind if kind == Element::Float as i32 => {
            raw.as_chunks().0.iter().all(|bytes| f32::from_le_bytes(*bytes).is_finite())
        }
        kind if kind == Element::Double as i32 => {
            raw.as_chunks().0.iter().all(|bytes| f64::from_le_bytes(*bytes).is_finite())
        }
        _ => true,
    };
    raw_is_finite && tensor.float_data.iter().all(|value| value.is_finite())
}

/// Numbers in a node's attributes.
fn operation(node: &NodeProto, inputs: usize) -> Result<u64, OnnxError> {
    if !operators::is_allowed(&node.domain, &node.op_type) {
        let operator =
            if node.domain.is_empty() { node.op_type.clone() } else { format!("{}.{}", node.domain, node.op_type) };
        return Err(OnnxError::Operator { node: node.name.clone(), operator });
    }
    let mut parameters = 0u64;
    let mut seen = BTreeSet::new();
    for attribute in &node.attribute {
        if !seen.insert(attribute.name.as_str()) {
            let what = format!("says {:?} twice", attribute.name);
            return Err(OnnxError::Wiring { node: node.name.clone(), what });
        }
        parameters = parameters.saturating_add(parameter(node, attribute)?);
    }
    if node.domain == TREES {
        trees::check(node, inputs)?;
    }
    Ok(parameters)
}

fn parameter(node: &NodeProto, attribute: &AttributeProto) -> Result<u64, OnnxError> {
    const GRAPH: i32 = 5;
    if attribute.g.is_some() || attribute.r#type == GRAPH {
        return Err(OnnxError::NestedGraph { node: node.name.clone() });
    }
    if !attribute.f.is_finite() || !attribute.floats.iter().all(|value| value.is_finite()) {
        return Err(OnnxError::NotFinite { place: format!("{} of node {:?}", attribute.name, node.name) });
    }
    if attribute.t.is_some() {
        let what = format!("holds a tensor in {:?}, allowed are weights beside the nodes", attribute.name);
        return Err(OnnxError::Wiring { node: node.name.clone(), what });
    }
    Ok(attribute.floats.len() as u64)
}

/// Every value is made once and before it is used; the output is one of them.
fn wiring(graph: &GraphProto, answer: Answer) -> Result<(), OnnxError> {
    let refuse = |node: &str, what: String| Err(OnnxError::Wiring { node: node.into(), what });
    let mut known: BTreeSet<&str> = BTreeSet::from([INPUT]);
    for tensor in &graph.initializer {
        if tensor.name.is_empty() || !known.insert(&tensor.name) {
            return refuse(&tensor.name, "is weights without a name of their own".into());
        }
    }
    for node in &graph.node {
        if let Some(missing) = node.input.iter().find(|name| !name.is_empty() && !known.contains(name.as_str())) {
            return refuse(&node.name, format!("uses {missing:?} before it is made"));
        }
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if !known.insert(output) {
                return refuse(&node.name, format!("makes {output:?}, which is made already"));
            }
        }
    }
    let is_made = graph.node.iter().any(|node| node.output.iter().any(|name| name == answer.as_str()));
    if is_made { Ok(()) } else { refuse("the output", format!("`{}` is made by no node", answer.as_str())) }
}
