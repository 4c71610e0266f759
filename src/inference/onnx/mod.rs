//! ONNX files as values: the part of the format that Kestrel's models use.
//!
//! Invariant: what is written here is accepted by ONNX's own checker: opset 17 (ai.onnx) and 3 (ai.onnx.ml), ir 8.
//! Absent on purpose: running a graph (ONNX Runtime does).

pub mod arithmetic;
pub mod build;
pub mod check;
pub mod messages;
pub mod operators;
pub mod read;
mod refusal;
mod trees;

pub use arithmetic::{normalise, platt, stacked};
pub use build::{Answer, Attribute, Element, GraphBuilder, Value};
pub use check::{Inspected, inspect};
pub use refusal::OnnxError;
