//! ONNX files as values: the part of the format that Kestrel's models use.
//!
//! Invariant: what is written here is accepted by ONNX's own checker: opset 17 (ai.onnx) and 3 (ai.onnx.ml), ir 8.
//! Absent on purpose: running a graph (ONNX Runtime does).

pub mod arithmetic;
pub mod build;
pub mod messages;

pub use arithmetic::{normalise, platt, stacked};
pub use build::{Attribute, Element, GraphBuilder, Value};
